//! SARIF 2.1.0: what is open or accepted as results at their lines of the policy, for code scanning.
//!
//! What is met, new or not applicable is no result and is counted in the properties of the run; the shape of the
//! file is left to `log`. Why each verdict has the kind and level that it has is told in `docs/formats.md`.

mod log;
mod uri;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Look, RenderError, Renderer, escape, json, phrases};
use crate::model::time::rfc3339;
use crate::model::{ControlId, Severity, UnseenReason, Verdict};
use crate::report::baseline::{Absent, Change};
use crate::report::{About, Control, Finding, Place, Report, Unseen, rank};
use log::{
    Artifact, ArtifactLocation, AutomationDetails, BaselineState, Descriptor, Driver, Help, Invocation, Kind, Level,
    Location, Log, LogicalLocation, Notification, PhysicalLocation, Region, Rule, Run, Suppression, Tags, Text, Tool,
};

/// How many results a run may have. GitHub refuses a file with more
/// (docs.github.com, "SARIF results exceed limits").
pub const MAX_RESULTS: usize = 25_000;
/// How many notifications are written; nobody reads more.
const MAX_NOTIFICATIONS: usize = 1_000;
/// How many tags of a rule GitHub shows.
const MAX_TAGS: usize = 10;
/// What the policy's name is relative to. SARIF leaves the name free (§3.14.14); GitHub resolves this one.
const SOURCE_ROOT: &str = "%SRCROOT%";
/// The notification that results were left out.
const CUT: &str = "results-left-out";
/// The notification that assets were left out.
const ONLY: &str = "assets-left-out";

/// The renderer.
pub(super) struct Sarif;

impl Renderer for Sarif {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let mut out = io::BufWriter::with_capacity(1 << 16, out);
        json::write_readable(&sarif(report), &mut out)?;
        io::Write::flush(&mut out)?;
        Ok(())
    }

    fn caution(&self, report: &Report) -> Option<String> {
        let all = count(report);
        (all > MAX_RESULTS).then(|| {
            format!(
                "{} of {all} results are left out, the least severe, because GitHub takes {MAX_RESULTS}; `--format json` has all",
                all - MAX_RESULTS
            )
        })
    }
}

/// Returns the kind and level of a finding as a result; `None` where it is none.
///
/// What is unknown would be of kind `open` and then had to have the level `none` (§3.27.9, §3.27.10), at which
/// readers show it last or not at all. No answer is not a pass, so it is a failure of its own level instead.
/// GitHub ignores suppressions, so what is accepted is a note at most.
const fn kind_of(verdict: Verdict, severity: Severity) -> Option<(Kind, Level)> {
    let level = match (verdict, severity) {
        (Verdict::Gap, Severity::Critical | Severity::High) => Level::Error,
        (Verdict::Gap, Severity::Medium)
        | (Verdict::Unknown, Severity::Critical | Severity::High | Severity::Medium) => Level::Warning,
        (Verdict::Gap | Verdict::Unknown, Severity::Low) | (Verdict::Accepted, _) => Level::Note,
        (Verdict::New | Verdict::Met | Verdict::NotApplicable, _) => return None,
    };
    Some((Kind::Fail, level))
}

/// Returns how many results there would be without a limit.
fn count(report: &Report) -> usize {
    let shown = report.findings.iter().filter(|finding| kind_of(finding.verdict, finding.severity).is_some());
    shown.count() + report.baseline.as_ref().map_or(0, |baseline| baseline.absent.len() + baseline.not_seen.len())
}

fn sarif(report: &Report) -> Log<'_> {
    let policy = place_of(&report.policy.file);
    let all = count(report);
    let mut results: Vec<log::Finding<'_>> = Vec::with_capacity(all.min(MAX_RESULTS));
    let open = rank::by_consequence(report);
    let mut accepted: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.verdict == Verdict::Accepted).collect();
    accepted.sort_by_key(|finding| Reverse(finding.severity));
    let worst_first = open.into_iter().chain(accepted);
    results.extend(worst_first.filter_map(|finding| result(report, finding, &policy)).take(MAX_RESULTS));
    let absent = report.baseline.iter().flat_map(|baseline| {
        let then = place_of(&baseline.file);
        let not_seen = baseline.not_seen.iter().map(|gone| (gone, BaselineState::Updated));
        let absent = baseline.absent.iter().map(|gone| (gone, BaselineState::Absent));
        not_seen.chain(absent).map(move |(gone, state)| absence(gone, state, baseline.as_of, &then))
    });
    results.extend(absent.take(MAX_RESULTS - results.len()));
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: report.tool.name,
                    semantic_version: report.tool.version,
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: report.controls.iter().map(rule).collect(),
                    notifications: UnseenReason::ALL
                        .iter()
                        .map(|reason| Descriptor { id: unseen_id(*reason) })
                        .chain([CUT, ONLY].map(|id| Descriptor { id: id.to_owned() }))
                        .collect(),
                },
            },
            automation_details: AutomationDetails { id: run_id(report) },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications(report, all.saturating_sub(results.len())),
            }],
            original_uri_base_ids: BTreeMap::from([(
                SOURCE_ROOT,
                ArtifactLocation {
                    uri: None,
                    uri_base_id: None,
                    description: Some(Text { text: "The folder in which lastgood ran.".into() }),
                },
            )]),
            artifacts: [Artifact {
                location: policy,
                roles: ["analysisTarget"],
                hashes: BTreeMap::from([("sha-256", report.policy.sha256.as_str())]),
            }],
            column_kind: "unicodeCodePoints",
            results,
            properties: json!({
                "asOf": rfc3339(report.as_of),
                "verdict": report.verdict,
                "policy": report.policy.title,
                "assets": report.summary.assets,
                "only": report.only,
                "findings": report.summary.findings,
                "unseen": report.unseen.len(),
                "baselineAsOf": report.baseline.as_ref().map(|baseline| rfc3339(baseline.as_of)),
            }),
        }],
    }
}

/// Returns what GitHub tells uploads of several policies apart by: all before the last slash. A part of a policy is
/// one of its own: else all alerts of what it leaves out would be closed as fixed.
fn run_id(report: &Report) -> String {
    let part = report.only.as_ref().map_or_else(String::new, |only| {
        let ids: Vec<String> = only.ids.iter().map(|id| uri::segment(id)).collect();
        format!("only/{}/", ids.join(","))
    });
    format!("lastgood/{}/{part}", uri::uri(&report.policy.file))
}

/// Returns where a policy is: relative to the root, or absolute and then to nothing (§3.4.4).
fn place_of(file: &str) -> ArtifactLocation {
    let uri = uri::uri(file);
    let uri_base_id = (!uri.starts_with("file:")).then_some(SOURCE_ROOT);
    ArtifactLocation { uri: Some(uri), uri_base_id, description: None }
}

fn rule(control: &Control) -> Rule {
    let standards = control.standards.join("; ");
    let id = control.id.word();
    let mut tags = vec!["backup"];
    tags.extend(control.standards.iter().take(MAX_TAGS - 1));
    Rule {
        id,
        name: id.split('-').map(capitalized).collect(),
        short_description: Text { text: control.asks.into() },
        full_description: Text { text: control.why.into() },
        help: Help {
            text: format!(
                "{}\n\nWhy: {}\n\nWhat to do: {}\n\nStandards: {standards}",
                control.asks, control.why, control.remedy
            ),
            markdown: format!(
                "{}\n\n**Why:** {}\n\n**What to do:** {}\n\n**Standards:** {standards}",
                control.asks, control.why, control.remedy
            ),
        },
        properties: Tags { tags },
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + characters.as_str())
}

fn result<'r>(report: &'r Report, finding: &'r Finding, policy: &ArtifactLocation) -> Option<log::Finding<'r>> {
    let (kind, level) = kind_of(finding.verdict, finding.severity)?;
    let id = finding.id();
    let name = match &finding.about {
        About::Asset(asset) => asset.to_string(),
        About::Copy(asset, copy) => format!("{asset}:{copy}"),
        About::System(system) => format!("@{system}"),
        About::Pattern(pattern) => pattern.to_string(),
    };
    let name = escape::visible(&name).into_owned();
    let waiver = finding.waiver.and_then(|waiver| report.waivers.get(waiver as usize));
    let suppression = waiver.filter(|_| finding.verdict == Verdict::Accepted).map(|waiver| Suppression {
        kind: "external",
        status: "accepted",
        justification: escape::line(&waiver.reason),
        // The standard has no word for them.
        properties: json!({
            "approvedBy": escape::line(&waiver.approved_by), "approvedOn": waiver.approved_on, "expires": waiver.expires
        }),
    });
    Some(log::Finding {
        rule_id: finding.control.word().into(),
        rule_index: index_of(report, finding.control),
        kind,
        level,
        message: Text { text: message(&format!("{name}: {}: {}", finding.verdict, finding.because)).into() },
        locations: [location(policy.clone(), finding.policy, name)],
        partial_fingerprints: fingerprints(&id),
        baseline_state: finding.change.map(|change| match change {
            Change::New => BaselineState::New,
            Change::Unchanged => BaselineState::Unchanged,
            Change::Updated => BaselineState::Updated,
        }),
        suppressions: suppression.into_iter().collect(),
        properties: json!({
            "id": escape::visible(&id),
            "verdict": finding.verdict,
            "severity": finding.severity,
            "asset": finding.asset().map(escape::visible),
            "copy": finding.copy().map(escape::visible),
            "system": finding.system().map(escape::visible),
            "since": finding.since.map(rfc3339),
            "evidence": finding.evidence,
        }),
    })
}

/// Returns the result of a finding that was open or accepted and is neither now. What was not seen is as open
/// as what is unknown.
fn absence<'r>(
    absent: &'r Absent,
    state: BaselineState,
    then: crate::model::Instant,
    policy: &ArtifactLocation,
) -> log::Finding<'r> {
    let (kind, level, now) = match (state, absent.now) {
        (BaselineState::Absent, Some(Verdict::Met)) => (Kind::Pass, Level::None, Verdict::Met.word()),
        (BaselineState::Absent, Some(other)) => (Kind::NotApplicable, Level::None, other.word()),
        (BaselineState::Absent, None) => (Kind::NotApplicable, Level::None, "not asked any more"),
        (BaselineState::New | BaselineState::Unchanged | BaselineState::Updated, _) => {
            (Kind::Fail, Level::Warning, "unknown: the asset was not seen")
        }
    };
    log::Finding {
        rule_id: Cow::Borrowed(&absent.control),
        rule_index: None,
        kind,
        level,
        message: Text {
            text: message(&format!("{}: was {} on {}, is {now}", absent.id, absent.verdict, rfc3339(then))).into(),
        },
        locations: [location(
            policy.clone(),
            absent.policy,
            absent.asset.as_deref().map(escape::visible).unwrap_or_default().into_owned(),
        )],
        partial_fingerprints: fingerprints(&absent.id),
        baseline_state: Some(state),
        suppressions: Vec::new(),
        properties: json!({ "id": escape::visible(&absent.id), "was": absent.verdict, "severity": absent.severity, "now": absent.now }),
    }
}

fn index_of(report: &Report, control: ControlId) -> Option<usize> {
    report.controls.iter().position(|known| known.id == control)
}

fn location(policy: ArtifactLocation, place: Place, name: String) -> Location {
    let logical = LogicalLocation { fully_qualified_name: name, kind: "resource" };
    Location {
        physical_location: PhysicalLocation {
            artifact_location: policy,
            region: Region { start_line: place.line.max(1), start_column: place.column.max(1) },
        },
        logical_locations: Some(logical)
            .filter(|logical| !logical.fully_qualified_name.is_empty())
            .into_iter()
            .collect(),
    }
}

/// Returns what makes results of two runs the same. GitHub looks at the first alone; left out, its upload would
/// make one of the line, and all assets of one entry of the policy would be one alert.
fn fingerprints(id: &str) -> BTreeMap<&'static str, String> {
    let digest = Sha256::digest(id.as_bytes())
        .iter()
        .take(16)
        .fold(String::new(), |digest, byte| digest + &format!("{byte:02x}"));
    BTreeMap::from([("primaryLocationLineHash", format!("{digest}:1")), ("lastgoodFindingId/v1", id.to_owned())])
}

/// Returns text as a message that shows it and nothing else: no link (§3.11.6), no placeholder, since braces
/// stand doubled (§3.11.5).
fn message(text: &str) -> String {
    escape::line(text).replace("](", "] (").replace('{', "{{").replace('}', "}}")
}

fn unseen_id(reason: UnseenReason) -> String {
    format!("unseen-{reason}")
}

fn notifications(report: &Report, left_out: usize) -> Vec<Notification> {
    let warning = |id: String, text: String| Notification {
        descriptor: Descriptor { id },
        level: Level::Warning,
        message: Text { text: message(&text).into() },
    };
    let unseen = |unseen: &Unseen| {
        let identity = unseen.identity.as_ref().map(|identity| format!(", as {identity}")).unwrap_or_default();
        let text = format!("not seen: {}: {} ({}{identity})", unseen.system, unseen.what, unseen.reason);
        warning(unseen_id(unseen.reason), text)
    };
    let mut all = Vec::new();
    all.extend(phrases::only(report).map(|only| warning(ONLY.to_owned(), only)));
    if left_out > 0 {
        let text = format!("{left_out} results are left out, the least severe: at most {MAX_RESULTS} fit");
        all.push(warning(CUT.to_owned(), text));
    }
    all.extend(report.unseen.iter().take(MAX_NOTIFICATIONS).map(unseen));
    if let Some(next) = report.unseen.get(MAX_NOTIFICATIONS) {
        let more = report.unseen.len() - MAX_NOTIFICATIONS;
        all.push(warning(unseen_id(next.reason), format!("{more} more things were not seen")));
    }
    all
}
