//! The baseline: an earlier report, and where each finding stands beside it.
//!
//! Reads what it needs of `lastgood/report/1` and compares by id; where the file lies is left to the command
//! line, and how the difference looks to the renderers.

use std::collections::{HashMap, HashSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AssetCounts, Place, Report, SCHEMA};
use crate::model::time::Instant;
use crate::model::word::words;
use crate::model::{ControlId, Severity, Verdict};
use crate::policy::values::NamePattern;

words! {
    /// Where an open or accepted finding stands beside the baseline.
    pub enum Change {
        /// It was neither open nor accepted then.
        New = "new",
        /// It had the same verdict and severity.
        Unchanged = "unchanged",
        /// It had another verdict or severity.
        Updated = "updated",
    }
}

/// An earlier report, as far as it is compared.
#[derive(Debug, Deserialize)]
pub struct Baseline {
    as_of: Instant,
    policy: BaselinePolicy,
    summary: BaselineSummary,
    assets: Vec<BaselineAsset>,
    findings: Vec<BaselineFinding>,
}

#[derive(Debug, Deserialize)]
struct BaselinePolicy {
    title: String,
    file: String,
}

#[derive(Debug, Deserialize)]
struct BaselineSummary {
    assets: AssetCounts,
}

#[derive(Debug, Deserialize)]
struct BaselineAsset {
    id: Box<str>,
    declared_as: Box<str>,
    system: Box<str>,
}

#[derive(Debug, Deserialize)]
struct BaselineFinding {
    id: String,
    control: Box<str>,
    asset: Option<Box<str>>,
    verdict: Verdict,
    severity: Severity,
    policy: Place,
    since: Option<Instant>,
}

/// What of any JSON says which format it is of.
#[derive(Deserialize)]
struct Named {
    schema: Option<serde_json::Value>,
}

/// Why an earlier report cannot be compared with.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file is no JSON.
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// The file is JSON of another format.
    #[error("it is not a report: its `schema` is {0}, and has to be \"{SCHEMA}\"")]
    OtherFormat(String),
    /// The file calls itself a report, and has not what a report has.
    #[error("it is not a whole report: {0}")]
    NotWhole(serde_json::Error),
    /// The report is of a later time.
    #[error("it is of {0}, which is later than this audit; a baseline is an earlier report")]
    Later(Instant),
    /// The report has no entry of its policy in common with this one.
    #[error("it is the report of another policy, \"{0}\": nothing that it declares is in this one")]
    OtherPolicy(String),
}

/// How a report differs from an earlier one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Comparison {
    /// The time of the earlier audit.
    #[schemars(with = "String")]
    pub as_of: Instant,
    /// The title of the policy that was judged then.
    pub title: String,
    /// The file of the policy that was judged then.
    pub file: String,
    /// Open or accepted findings that were neither then.
    pub new: u64,
    /// Open or accepted findings with the verdict and severity of then.
    pub unchanged: u64,
    /// Open or accepted findings with another verdict or severity than then.
    pub updated: u64,
    /// What was open or accepted then and is neither now.
    pub absent: Vec<Absent>,
    /// What was open or accepted then, and of which nobody can tell now: the asset was not seen, and what its
    /// system holds was not seen whole.
    pub not_seen: Vec<Absent>,
    /// The assets of then by verdict; null where this report does not show all of its own.
    pub assets: Option<AssetCounts>,
}

/// A finding of the baseline that was open or accepted then, and that this report does not have as either.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Absent {
    /// Its id.
    pub id: String,
    /// The question. It may be one that is no longer asked.
    pub control: String,
    /// The asset; null for findings about a system or a waiver.
    pub asset: Option<String>,
    /// The verdict then.
    pub verdict: Verdict,
    /// How much it would have hurt.
    pub severity: Severity,
    /// The place in the policy of then.
    pub policy: Place,
    /// The verdict now; null where the question is no longer asked of it.
    pub now: Option<Verdict>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (absent, not_seen) = (self.absent.len(), self.not_seen.len());
        write!(f, "{} new, {} updated, {} unchanged, {absent} no longer open", self.new, self.updated, self.unchanged)?;
        match not_seen {
            0 => Ok(()),
            count => write!(f, ", {count} of which nobody can tell, because their assets were not seen"),
        }
    }
}

impl Baseline {
    /// Reads an earlier report.
    ///
    /// # Errors
    ///
    /// Where `bytes` are no report of this format.
    pub fn parse(bytes: &[u8]) -> Result<Self, BaselineError> {
        let named: Named = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => BaselineError::OtherFormat("not there".to_owned()),
            _ => BaselineError::NotJson(error),
        })?;
        match named.schema {
            Some(serde_json::Value::String(schema)) if schema == SCHEMA => {
                serde_json::from_slice(bytes).map_err(BaselineError::NotWhole)
            }
            Some(other) => Err(BaselineError::OtherFormat(other.to_string())),
            None => Err(BaselineError::OtherFormat("not there".to_owned())),
        }
    }
}

/// Returns whether a finding is one that somebody has to act on, find out more about, or has accepted.
const fn stands(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Gap | Verdict::Unknown | Verdict::Accepted => true,
        Verdict::New | Verdict::Met | Verdict::NotApplicable => false,
    }
}

/// Compares `report`, which shows the assets whose ids match `only`, with an earlier one: says of each open or
/// accepted finding whether it is new, and of each finding with the verdict of then since when it is known
/// to be so, where the evidence itself does not tell.
///
/// # Errors
///
/// Where the baseline is later, or of another policy.
pub fn compare(report: &mut Report, baseline: Baseline, only: &[NamePattern]) -> Result<(), BaselineError> {
    if baseline.as_of > report.as_of {
        return Err(BaselineError::Later(baseline.as_of));
    }
    let entries: HashSet<&str> = baseline.assets.iter().map(|asset| &*asset.declared_as).collect();
    if !report.assets.is_empty()
        && !baseline.assets.is_empty()
        && !report.assets.iter().any(|asset| entries.contains(&*asset.declared_as))
    {
        return Err(BaselineError::OtherPolicy(baseline.policy.title));
    }
    drop(entries);
    let mut then: HashMap<&str, &BaselineFinding> =
        baseline.findings.iter().map(|finding| (&*finding.id, finding)).collect();
    let (mut new, mut unchanged, mut updated) = (0, 0, 0);
    let mut ended: HashMap<&str, Verdict> = HashMap::new();
    for finding in &mut report.findings {
        let before = then.remove(&*finding.id());
        if let Some(before) = before.filter(|before| before.verdict == finding.verdict) {
            finding.since = finding.since.or(Some(before.since.unwrap_or(baseline.as_of)));
        }
        let before = before.filter(|before| stands(before.verdict));
        if !stands(finding.verdict) {
            if let Some(before) = before {
                ended.insert(&before.id, finding.verdict);
            }
            continue;
        }
        let (change, count) = match before {
            None => (Change::New, &mut new),
            Some(before) if (before.verdict, before.severity) == (finding.verdict, finding.severity) => {
                (Change::Unchanged, &mut unchanged)
            }
            Some(_) => (Change::Updated, &mut updated),
        };
        finding.change = Some(change);
        *count += 1;
    }
    // Of what `--only` leaves out nothing was judged, so nothing can be said to be over.
    let is_shown = |finding: &BaselineFinding| {
        only.is_empty() || finding.asset.as_deref().is_some_and(|asset| NamePattern::select(only, asset))
    };
    let gone = baseline.findings.iter().filter(|finding| {
        let is_gone = ended.contains_key(&*finding.id) || then.contains_key(&*finding.id);
        stands(finding.verdict) && is_gone && is_shown(finding)
    });
    let hidden = hidden(report, &baseline.assets);
    let (not_seen, absent): (Vec<Absent>, Vec<Absent>) = gone
        .map(|finding| Absent {
            id: finding.id.clone(),
            control: finding.control.to_string(),
            asset: finding.asset.as_deref().map(str::to_owned),
            verdict: finding.verdict,
            severity: finding.severity,
            policy: finding.policy,
            now: ended.get(&*finding.id).copied(),
        })
        .partition(|gone| gone.asset.as_deref().is_some_and(|asset| hidden.contains(asset)));
    report.baseline = Some(Comparison {
        as_of: baseline.as_of,
        title: baseline.policy.title,
        file: baseline.policy.file,
        new,
        unchanged,
        updated,
        absent,
        not_seen,
        assets: only.is_empty().then_some(baseline.summary.assets),
    });
    Ok(())
}

/// Returns the ids of assets of then that this report has not, although the policy has their entry still, and
/// of whose system something was not seen. They may be gone, or only out of sight.
fn hidden<'b>(report: &Report, then: &'b [BaselineAsset]) -> HashSet<&'b str> {
    let shown: HashSet<&str> = report.assets.iter().map(|asset| &*asset.id).collect();
    let entries: HashSet<&str> = report.assets.iter().map(|asset| &*asset.declared_as).collect();
    let doubtful = |control| matches!(control, ControlId::Declared | ControlId::AuditComplete);
    let doubts = report.findings.iter().filter(|finding| finding.verdict != Verdict::Met && doubtful(finding.control));
    let (mut systems, mut unexpanded): (HashSet<&str>, HashSet<&str>) =
        (report.unseen.iter().map(|unseen| unseen.system.as_str()).collect(), HashSet::new());
    for finding in doubts {
        systems.extend(finding.system());
        unexpanded.extend(finding.asset().filter(|_| finding.verdict == Verdict::Unknown));
    }
    let is_hidden = |asset: &&BaselineAsset| {
        entries.contains(&*asset.declared_as)
            && !shown.contains(&*asset.id)
            && (systems.contains(&*asset.system) || unexpanded.contains(&*asset.declared_as))
    };
    then.iter().filter(is_hidden).map(|asset| &*asset.id).collect()
}
