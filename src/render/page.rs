//! What the templates of reports see: the frozen view as text for people, in the order of the design's
//! section 8.
//!
//! Chooses, words and counts; nothing is escaped here, which is left to each format, as is how it looks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::{matrix, phrases, register, sort};
use crate::model::time::{human, human_length, rfc3339};
use crate::model::{ControlId, Verdict};
use crate::report::{Asset, AssetCounts, Claim, Finding, Loss, Report, baseline, rank};

/// How many decisions stand on top.
const MAX_DECISIONS: usize = 3;
/// How many findings are told in full.
const MAX_TOP: usize = 10;
/// How many names one cell lists.
const MAX_NAMES: usize = 12;

/// How much of a report a format shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How many rows any table but the register shows.
    pub rows: usize,
    /// How the register is shown.
    pub register: register::Shape,
}

/// What the templates see: text for people, unescaped.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page<'r> {
    title: &'r str,
    owner: &'r str,
    verdict: &'static str,
    /// The verdict as the report format writes it.
    state: &'static str,
    verdict_line: String,
    as_of: String,
    period: String,
    decisions: Vec<Decision<'r>>,
    /// What stands where there is no decision.
    no_decision: String,
    counts: [Count; 6],
    last_review: Option<LastReview>,
    only: Option<String>,
    losses: Vec<LossRow<'r>>,
    losses_left: usize,
    top: Vec<Top<'r>>,
    more_findings: usize,
    claims: Vec<ClaimRow<'r>>,
    claims_left: usize,
    sections: Vec<register::Section<'r>>,
    /// How many assets the register leaves out.
    register_left: u64,
    total: u64,
    domain_keys: Vec<&'r str>,
    matrix: Vec<matrix::Row<'r>>,
    matrix_left: usize,
    restore_tests: Vec<TestRow<'r>>,
    restore_tests_left: usize,
    untested: String,
    untested_count: usize,
    jobs: Vec<Row<'r>>,
    jobs_left: usize,
    waivers: Vec<WaiverRow<'r>>,
    exclusions: Vec<ExclusionRow<'r>>,
    unknowns: Vec<Row<'r>>,
    unknowns_left: usize,
    /// How many findings are unknown, shown or not.
    unknown_findings: usize,
    unseen: Vec<UnseenRow<'r>>,
    unseen_left: usize,
    policy_file: &'r str,
    policy_sha256: &'r str,
    tool: String,
    clocks: String,
    evidence: EvidenceView<'r>,
}

/// A count, and that of the last review.
#[derive(Debug, Serialize, JsonSchema)]
struct Count {
    name: &'static str,
    now: u64,
    then: Option<u64>,
}

/// The earlier report, and how this one differs.
#[derive(Debug, Serialize, JsonSchema)]
struct LastReview {
    on: String,
    said: String,
    /// Whether its counts are of the same assets.
    counted: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Decision<'r> {
    control: &'static str,
    severity: &'static str,
    count: usize,
    assets: String,
    owners: String,
    action: &'r str,
    unless: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LossRow<'r> {
    domain: &'r str,
    lost: String,
    lost_count: usize,
    unknown: String,
    unknown_count: usize,
    survive_count: usize,
    by_copy: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Top<'r> {
    id: String,
    verdict: &'static str,
    state: &'static str,
    severity: &'static str,
    criteria: &'static str,
    demanded: String,
    condition: &'r str,
    cause: String,
    consequence: String,
    action: &'r str,
    since: String,
    evidence: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ClaimRow<'r> {
    asset: &'r str,
    claim: &'r str,
    said: String,
    status: &'static str,
    grade: &'static str,
    because: &'r str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TestRow<'r> {
    on: &'r str,
    asset: &'r str,
    copy: &'r str,
    result: &'static str,
    took: &'r str,
    by: String,
    reference: &'r str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row<'r> {
    id: String,
    verdict: &'static str,
    state: &'static str,
    /// What the verdict is sorted by: worse is more.
    rank: u8,
    because: &'r str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct WaiverRow<'r> {
    controls: String,
    assets: String,
    reason: &'r str,
    approved: String,
    expires: &'r str,
    status: &'static str,
    accepts: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExclusionRow<'r> {
    what: String,
    reason: &'r str,
    owner: &'r str,
    review_by: &'r str,
    items: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct UnseenRow<'r> {
    system: &'r str,
    reason: &'static str,
    what: &'r str,
    identity: &'r str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct EvidenceView<'r> {
    observations: u64,
    ignored: u64,
    unmatched: u64,
    oldest: String,
    newest: String,
    digest: String,
    items: Vec<EvidenceRow<'r>>,
    left: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct EvidenceRow<'r> {
    digest: String,
    observed_at: String,
    subject: &'r str,
    source: &'r str,
}

impl<'r> Page<'r> {
    /// Returns the sections of the register.
    pub(super) fn sections(&self) -> &[register::Section<'r>] {
        &self.sections
    }
}

/// Returns what the templates see of `report`.
pub(super) fn page<'r>(report: &'r Report, shape: &Shape) -> Page<'r> {
    let findings = phrases::by_asset(report);
    let ranked = rank::by_consequence(report);
    let counts = &report.summary.assets;
    let then = report.baseline.as_ref().and_then(|baseline| baseline.assets);
    let count = |name, of: fn(&AssetCounts) -> u64| Count { name, now: of(counts), then: then.as_ref().map(of) };
    let assets: BTreeMap<&str, &Asset> = report.assets.iter().map(|asset| (&*asset.id, asset)).collect();
    let unknowns: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.verdict == Verdict::Unknown).collect();
    let is_job =
        |control| matches!(control, ControlId::RunsOnSchedule | ControlId::SizePlausible | ControlId::RpoAttainment);
    let mut jobs: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| is_job(finding.control) && finding.verdict != Verdict::NotApplicable)
        .collect();
    if jobs.len() > shape.rows {
        jobs.sort_by_key(|finding| Reverse(finding.verdict));
    }
    let domain_keys = matrix::keys(report);
    let matrix = matrix::rows(report, &domain_keys, &shape.register);
    let sections = register::sections(report, &findings, &shape.register);
    let untested = untested(report);
    Page {
        title: &report.policy.title,
        owner: report.policy.owner.as_deref().unwrap_or("unknown"),
        verdict: phrases::verdict(report.verdict),
        state: report.verdict.word(),
        verdict_line: phrases::verdict_line(report),
        as_of: human(report.as_of),
        period: format!("{} to {}", human(report.period.from), human(report.period.to)),
        decisions: rank::decisions(report, MAX_DECISIONS).iter().map(|one| decision(report, one, &assets)).collect(),
        no_decision: phrases::no_decision(report),
        counts: [
            count("assets", |counts| counts.total),
            count("met", |counts| counts.met),
            count("gap", |counts| counts.gap),
            count("unknown", |counts| counts.unknown),
            count("accepted", |counts| counts.accepted),
            count("new", |counts| counts.new),
        ],
        last_review: report.baseline.as_ref().map(last_review),
        only: phrases::only(report),
        losses: losses(report, shape),
        losses_left: report.losses.len().saturating_sub(shape.rows),
        top: ranked.iter().take(MAX_TOP).map(|finding| top(report, finding, &assets)).collect(),
        more_findings: ranked.len().saturating_sub(MAX_TOP),
        claims: claims(report, shape),
        claims_left: report.claims.len().saturating_sub(shape.rows),
        register_left: sections.iter().map(register::Section::left).sum(),
        sections,
        total: counts.total,
        matrix_left: report.assets.len().saturating_sub(matrix.len()),
        domain_keys,
        matrix,
        restore_tests: restore_tests(report, shape),
        restore_tests_left: report.restore_tests.len().saturating_sub(shape.rows),
        untested: phrases::names(untested.iter().copied(), MAX_NAMES * 2),
        untested_count: untested.len(),
        jobs_left: jobs.len().saturating_sub(shape.rows),
        jobs: jobs.into_iter().take(shape.rows).map(row).collect(),
        waivers: waivers(report),
        exclusions: exclusions(report),
        unknown_findings: unknowns.len(),
        unknowns_left: unknowns.len().saturating_sub(shape.rows),
        unknowns: unknowns.into_iter().take(shape.rows).map(row).collect(),
        unseen: unseen(report, shape),
        unseen_left: report.unseen.len().saturating_sub(shape.rows),
        policy_file: &report.policy.file,
        policy_sha256: &report.policy.sha256,
        tool: format!("{} {}", report.tool.name, report.tool.version),
        clocks: clocks(report),
        evidence: evidence(report, shape),
    }
}

/// Returns the systems whose clocks are off, and by how much.
fn clocks(report: &Report) -> String {
    let off = report.systems.iter().filter_map(|system| {
        let ahead = system.clock_ahead_seconds?;
        let length = human_length(TimeDelta::try_seconds(ahead.checked_abs()?)?);
        Some(format!("{} {length} {}", system.id, if ahead > 0 { "ahead" } else { "behind" }))
    });
    let off: Vec<String> = off.collect();
    phrases::names(off.iter().map(String::as_str), MAX_NAMES)
}

fn last_review(compared: &baseline::Comparison) -> LastReview {
    let on = human(compared.as_of);
    let said = format!("Findings since the last review, {on}: {compared}.");
    LastReview { on, said, counted: compared.assets.is_some() }
}

fn row(finding: &Finding) -> Row<'_> {
    Row {
        id: finding.id(),
        verdict: phrases::verdict(finding.verdict),
        state: finding.verdict.word(),
        rank: sort::rank(finding.verdict),
        because: &finding.because,
    }
}

fn decision<'r>(report: &'r Report, decision: &rank::Decision<'r>, assets: &BTreeMap<&str, &'r Asset>) -> Decision<'r> {
    let mut by_owner: BTreeMap<&str, usize> = BTreeMap::new();
    for asset in decision.assets.iter().filter_map(|name| assets.get(name)) {
        *by_owner.entry(asset.owner.as_deref().unwrap_or("nobody known")).or_default() += 1;
    }
    // Who has most to do comes first.
    let mut owners: Vec<&str> = by_owner.keys().copied().collect();
    owners.sort_by_key(|owner| Reverse(by_owner.get(owner)));
    Decision {
        control: decision.finding.control.word(),
        severity: decision.finding.severity.word(),
        count: decision.count,
        assets: phrases::names(decision.assets.iter().copied(), MAX_NAMES),
        owners: phrases::names(owners.iter().copied(), MAX_NAMES),
        action: decision.finding.remedy(),
        unless: if_undecided(report, decision),
    }
}

/// Returns what the loss table says of the assets that a decision is about.
fn if_undecided(report: &Report, decision: &rank::Decision<'_>) -> String {
    let named: HashSet<&str> = decision.assets.iter().copied().collect();
    let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
    for loss in &report.losses {
        let lost = loss.lost.iter().filter(|lost| named.contains(&***lost)).count();
        if lost > 0 {
            gone.insert(&loss.domain, lost);
        }
    }
    let mut worst: Vec<(&str, usize)> = gone.into_iter().collect();
    worst.sort_by_key(|(_, lost)| Reverse(*lost));
    match worst.first() {
        Some((domain, lost)) if decision.assets.len() > 1 => {
            let more = match worst.len() - 1 {
                0 => String::new(),
                1 => "; that of 1 other domain takes some".to_owned(),
                more => format!("; those of {more} other domains take some"),
            };
            format!("the loss of {domain} takes {lost} of these {}{more}.", decision.assets.len())
        }
        _ => consequence(report, decision.finding),
    }
}

/// Returns what the loss table says of the finding's asset.
fn consequence(report: &Report, finding: &Finding) -> String {
    let Some(asset) = finding.asset() else {
        let what = match finding.control {
            ControlId::Declared => "What is not listed here, nobody backs up.",
            ControlId::WaiversSound => "A risk is carried that nobody stands for.",
            _ => "What was not seen may be lost already.",
        };
        return what.to_owned();
    };
    if report.losses.is_empty() {
        return format!("Nobody has said what would be lost together with {asset}.");
    }
    let lost: Vec<&str> = report
        .losses
        .iter()
        .filter(|loss| loss.lost.iter().any(|lost| **lost == *asset))
        .map(|loss| loss.domain.as_str())
        .collect();
    let unknown: Vec<&str> = report
        .losses
        .iter()
        .filter(|loss| loss.unknown.iter().any(|unknown| **unknown == *asset))
        .map(|loss| loss.domain.as_str())
        .collect();
    if !lost.is_empty() {
        format!("{asset} is gone with {}.", phrases::names(lost.iter().copied(), MAX_NAMES))
    } else if !unknown.is_empty() {
        format!("Nobody can tell whether {asset} is left after {}.", phrases::names(unknown.iter().copied(), MAX_NAMES))
    } else {
        format!("{asset} is left after any single loss in the table, but not as the objective asks.")
    }
}

fn top<'r>(report: &'r Report, finding: &'r Finding, assets: &BTreeMap<&str, &'r Asset>) -> Top<'r> {
    let copies = finding.asset().and_then(|asset| assets.get(asset)).map(|asset| &asset.copies);
    let cause = match copies {
        None => "See the condition.".to_owned(),
        Some(None) => "The policy says that its copies are unknown.".to_owned(),
        Some(Some(copies)) if copies.is_empty() => "The policy declares no copy.".to_owned(),
        Some(Some(copies)) => {
            let wanted = copies.iter().filter(|copy| finding.copy().is_none_or(|id| *id == *copy.id));
            let wanted: Vec<_> = wanted.collect();
            let causes: Vec<String> =
                wanted.iter().take(MAX_NAMES).map(|copy| format!("{}: {}", copy.id, copy.because)).collect();
            // Reasons are long: what is left out is said before them, where it is not cut.
            if wanted.len() > MAX_NAMES {
                format!("of {} copies the first {MAX_NAMES}: {}", wanted.len(), causes.join("; "))
            } else {
                causes.join("; ")
            }
        }
    };
    Top {
        id: finding.id(),
        verdict: phrases::verdict(finding.verdict),
        state: finding.verdict.word(),
        severity: finding.severity.word(),
        criteria: report
            .controls
            .iter()
            .find(|control| control.id == finding.control)
            .map_or("", |control| control.asks),
        demanded: format!("{}:{}:{}", report.policy.file, finding.policy.line, finding.policy.column),
        condition: &finding.because,
        cause,
        consequence: consequence(report, finding),
        action: finding.remedy(),
        since: finding.since.map(human).unwrap_or_default(),
        evidence: short_digests(finding),
    }
}

fn short_digests(finding: &Finding) -> String {
    let short: Vec<String> =
        finding.evidence.iter().take(MAX_NAMES).map(|digest| digest.to_string().chars().take(19).collect()).collect();
    phrases::names_of(short.iter().map(String::as_str), finding.evidence.len(), MAX_NAMES)
}

fn losses<'r>(report: &'r Report, shape: &Shape) -> Vec<LossRow<'r>> {
    let mut worst: Vec<&Loss> = report.losses.iter().collect();
    worst.sort_by_key(|loss| Reverse((loss.lost.len(), loss.unknown.len())));
    let rows = worst.into_iter().map(|loss| {
        let left_as_copy = || loss.survive.iter().filter_map(|left| left.copy.as_ref().map(|copy| (left, copy)));
        let by_copy: Vec<String> = left_as_copy()
            .take(MAX_NAMES)
            .map(|(left, copy)| {
                let age = phrases::length(left.exposure_seconds, "unknown age");
                format!("{} from {copy} ({age})", left.asset)
            })
            .collect();
        let by_copy = phrases::names_of(by_copy.iter().map(String::as_str), left_as_copy().count(), MAX_NAMES);
        LossRow {
            domain: &loss.domain,
            lost: phrases::names(loss.lost.iter().map(AsRef::as_ref), MAX_NAMES),
            lost_count: loss.lost.len(),
            unknown: phrases::names(loss.unknown.iter().map(AsRef::as_ref), MAX_NAMES),
            unknown_count: loss.unknown.len(),
            survive_count: loss.survive.len(),
            by_copy,
        }
    });
    rows.take(shape.rows).collect()
}

fn claims<'r>(report: &'r Report, shape: &Shape) -> Vec<ClaimRow<'r>> {
    let mut all: Vec<&Claim> = report.claims.iter().collect();
    if all.len() > shape.rows {
        // What is supported can wait.
        all.sort_by_key(|claim| (claim.status == "supported", claim.status != "contradicted"));
    }
    let rows = all.into_iter().map(|claim| ClaimRow {
        asset: &claim.asset,
        claim: &claim.claim,
        said: [claim.said_on.as_deref(), claim.said_in.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", "),
        status: claim.status,
        grade: claim.grade.word(),
        because: &claim.because,
    });
    rows.take(shape.rows).collect()
}

fn restore_tests<'r>(report: &'r Report, shape: &Shape) -> Vec<TestRow<'r>> {
    let rows = report.restore_tests.iter().rev().take(shape.rows).map(|test| TestRow {
        on: &test.on,
        asset: &test.asset,
        copy: test.copy.as_deref().unwrap_or("any"),
        result: test.result,
        took: test.took.as_deref().unwrap_or("not recorded"),
        by: [test.tested_by.as_deref(), test.reviewed_by.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", reviewed by "),
        reference: test.reference.as_deref().unwrap_or("none"),
    });
    rows.collect()
}

/// Returns the assets whose restore was asked for and not shown, each once.
fn untested(report: &Report) -> Vec<&str> {
    let mut never: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.control == ControlId::RestoreTested && finding.verdict.is_open())
        .filter_map(|finding| finding.asset())
        .collect();
    never.dedup();
    never
}

fn waivers(report: &Report) -> Vec<WaiverRow<'_>> {
    let rows = report.waivers.iter().map(|waiver| WaiverRow {
        controls: phrases::names(waiver.controls.iter().map(|control| control.word()), waiver.controls.len()),
        assets: phrases::names(waiver.assets.iter().map(String::as_str), MAX_NAMES),
        reason: &waiver.reason,
        approved: format!("{}, {}", waiver.approved_by, waiver.approved_on),
        expires: &waiver.expires,
        status: waiver.status,
        accepts: waiver.accepts,
    });
    rows.collect()
}

fn exclusions(report: &Report) -> Vec<ExclusionRow<'_>> {
    let rows = report.exclusions.iter().map(|exclusion| ExclusionRow {
        what: format!("{} in {}", exclusion.name, exclusion.system),
        reason: &exclusion.reason,
        owner: &exclusion.owner,
        review_by: &exclusion.review_by,
        items: exclusion.items,
    });
    rows.collect()
}

fn unseen<'r>(report: &'r Report, shape: &Shape) -> Vec<UnseenRow<'r>> {
    let rows = report.unseen.iter().take(shape.rows).map(|entry| UnseenRow {
        system: &entry.system,
        reason: entry.reason.word(),
        what: &entry.what,
        identity: entry.identity.as_deref().unwrap_or("nobody"),
    });
    rows.collect()
}

fn evidence<'r>(report: &'r Report, shape: &Shape) -> EvidenceView<'r> {
    let manifest = &report.evidence;
    let items: Vec<EvidenceRow<'_>> = manifest
        .items
        .iter()
        .take(shape.rows)
        .map(|item| EvidenceRow {
            digest: item.digest.to_string(),
            observed_at: rfc3339(item.observed_at),
            subject: &item.subject,
            source: item.source.as_deref().unwrap_or("not recorded"),
        })
        .collect();
    EvidenceView {
        observations: manifest.observations,
        ignored: manifest.ignored,
        unmatched: manifest.unmatched,
        oldest: manifest.oldest.map(human).unwrap_or_default(),
        newest: manifest.newest.map(human).unwrap_or_default(),
        digest: manifest.digest.to_string(),
        left: manifest.observations.saturating_sub(items.len() as u64),
        items,
    }
}
