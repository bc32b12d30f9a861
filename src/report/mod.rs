//! The report: a frozen view of an audit, which is all that renderers and other programs see.
//!
//! Names and shapes here are a promise (`lastgood/report/1`); judging is left to `judge`, looks to
//! `render`. All times are RFC 3339 in UTC, all lengths of time are seconds.

pub mod baseline;
mod build;
pub mod changes;
mod courses;
mod finding;
pub mod rank;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Digest;
use crate::model::time::Instant;
use crate::model::{ControlId, Facet, Grade, Method, Pieces, Severity, SystemKind, UnseenReason, Verdict};

pub use build::build;
pub use finding::{About, Finding};

/// The name of the format.
pub const SCHEMA: &str = "lastgood/report/1";

/// A whole report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// `lastgood/report/1`.
    pub schema: &'static str,
    /// The time of the audit.
    #[schemars(with = "String")]
    pub as_of: Instant,
    /// The period that attainment is measured over.
    pub period: Period,
    /// The worst verdict of all findings.
    pub verdict: Verdict,
    /// The policy that was judged.
    pub policy: PolicyView,
    /// Which assets are shown and counted; absent where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Counts, never blended into one score.
    pub summary: Summary,
    /// Every asset, in the order of the policy.
    pub assets: Vec<Asset>,
    /// Every answer to every question, those that are met too.
    pub findings: Pieces<Finding>,
    /// Recovery points and exposure over the period.
    pub courses: Courses,
    /// What the loss of each domain would take.
    pub losses: Vec<Loss>,
    /// Every quoted claim and what the evidence says of it.
    pub claims: Vec<Claim>,
    /// What the audit could not see.
    pub unseen: Vec<Unseen>,
    /// The systems of the policy and the domains they are lost with.
    pub systems: Vec<System>,
    /// Accepted risks.
    pub waivers: Vec<Waiver>,
    /// What is seen in a system and is deliberately no asset.
    pub exclusions: Vec<Exclusion>,
    /// Restore tests that were made by the time of the audit.
    pub restore_tests: Vec<RestoreTest>,
    /// The controls: what each asks and why.
    pub controls: Vec<Control>,
    /// The evidence that was judged.
    pub evidence: Manifest,
    /// The program that judged it.
    pub tool: Tool,
    /// How it differs from an earlier report; absent where it was compared with none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<baseline::Comparison>,
}

/// A stretch of time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Period {
    /// Its beginning.
    #[schemars(with = "String")]
    pub from: Instant,
    /// Its end.
    #[schemars(with = "String")]
    pub to: Instant,
}

/// The policy that was judged.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PolicyView {
    /// Its title.
    pub title: String,
    /// The file, as the command line named it.
    pub file: String,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Who answers for it; null where it does not say or says `unknown`.
    pub owner: Option<String>,
}

/// Counts of assets and findings by verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// Assets by their worst finding.
    pub assets: AssetCounts,
    /// Findings by verdict.
    pub findings: BTreeMap<&'static str, u64>,
}

/// A part of the policy's assets.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Only {
    /// The globs that ids match; a leading ! excludes.
    pub ids: Vec<String>,
    /// How many assets are neither shown nor counted.
    pub left_out: u64,
}

/// Assets by verdict.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct AssetCounts {
    /// All of them.
    pub total: u64,
    /// Everything asked is met.
    pub met: u64,
    /// At least one gap.
    pub gap: u64,
    /// No gap, but something unknown.
    pub unknown: u64,
    /// All that is open is accepted.
    pub accepted: u64,
    /// All that is open is inside its grace.
    pub new: u64,
}

impl AssetCounts {
    /// Returns the counts of assets with these verdicts.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            counts.total += 1;
            *match verdict.counted() {
                Verdict::Met => &mut counts.met,
                Verdict::Gap => &mut counts.gap,
                Verdict::Unknown | Verdict::NotApplicable => &mut counts.unknown,
                Verdict::Accepted => &mut counts.accepted,
                Verdict::New => &mut counts.new,
            } += 1;
        }
        counts
    }
}

impl fmt::Display for AssetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, met, gap, unknown, accepted, new } = self;
        let assets = if *total == 1 { "asset" } else { "assets" };
        write!(f, "{total} {assets}: {met} met, {gap} gap, {unknown} unknown, {accepted} accepted, {new} new")
    }
}

/// One asset.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Asset {
    /// Its id, stable for ever.
    #[schemars(with = "String")]
    pub id: Arc<str>,
    /// The id of the policy entry that declares it.
    #[schemars(with = "String")]
    pub declared_as: Arc<str>,
    /// The name for people; null where the policy gives none.
    pub title: Option<String>,
    /// The section of the register; null where the policy gives none.
    #[schemars(with = "Option<String>")]
    pub section: Option<Arc<str>>,
    /// The system it lives in.
    #[schemars(with = "String")]
    pub system: Arc<str>,
    /// Who answers for it; null where nobody is known to.
    #[schemars(with = "Option<String>")]
    pub owner: Option<Arc<str>>,
    /// The worst verdict of its findings.
    pub verdict: Verdict,
    /// Whether it stands for items that were not seen.
    pub unexpanded: bool,
    /// How much a gap would hurt.
    pub severity: Severity,
    /// Its recovery point objective and how it stands to it.
    pub rpo: Rpo,
    /// How far back its recovery points must reach; null where that is not asked. A calendar length is that before
    /// `as_of`.
    pub retention_seconds: Option<i64>,
    /// How long a restore may take, and the newest test of one.
    pub restore: Restore,
    /// Its copies, in the order of the policy; null where the policy says `unknown`.
    pub copies: Option<Vec<Copy>>,
    /// The facets that must be copied.
    pub facets: Vec<Facet>,
    /// Notes of the policy, as Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// How an asset stands to its recovery point objective.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rpo {
    /// The objective; null where nobody knows it. A calendar length is that before `as_of`.
    pub target_seconds: Option<i64>,
    /// The age of the newest usable recovery point; null for never.
    pub age_seconds: Option<i64>,
    /// The age of the oldest unprotected change; null for never.
    pub exposure_seconds: Option<i64>,
    /// `change-feed`, `elapsed` or `none`.
    pub basis: &'static str,
    /// The share of the covered time within the objective, 0 to 1; null where nothing is covered.
    pub attainment: Option<f64>,
    /// The share of the period that history covers, 0 to 1; null where it cannot be measured.
    pub covered: Option<f64>,
    /// The worst exposure of the covered time; null where there was none or never a point.
    pub worst_seconds: Option<i64>,
}

/// How long a restore of an asset may take, and what is known of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Restore {
    /// The recovery time objective; null where none is set. A calendar length is that before `as_of`.
    pub rto_seconds: Option<i64>,
    /// The newest restore test; null where none is recorded.
    pub newest_test: Option<NewestTest>,
}

/// The newest restore test of an asset.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewestTest {
    /// The day.
    pub on: String,
    /// `passed` or `failed`.
    pub result: &'static str,
    /// How long it took; null where that is not recorded.
    pub took_seconds: Option<i64>,
}

/// One copy of an asset.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Copy {
    /// Its id, unique within the asset.
    #[schemars(with = "String")]
    pub id: Arc<str>,
    /// The system that holds it; null where that is unknown or it rests on other assets.
    #[schemars(with = "Option<String>")]
    pub system: Option<Arc<str>>,
    /// How it is proven.
    pub by: Method,
    /// The strength of the evidence.
    pub grade: Grade,
    /// Whether valid evidence speaks for it without doubt.
    pub usable: bool,
    /// `usable`, `doubtful`, `lapsed` or `absent`.
    pub standing: &'static str,
    /// The newest state of the source that it holds; null where none is known.
    #[schemars(with = "Option<String>")]
    pub captured_at: Option<Instant>,
    /// The assets it rests on.
    pub rests_on: Vec<String>,
    /// Why.
    pub because: String,
}

/// Recovery points and exposure over the period, of those assets that stood worst.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Courses {
    /// At most fifty, those first that were known to be within the RPO for the smallest share of the period.
    pub items: Vec<Course>,
    /// How many more assets have an RPO, or a recovery point in the period.
    pub left: u64,
}

/// Recovery points and exposure of one asset over the period.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Course {
    /// The asset.
    #[schemars(with = "String")]
    pub asset: Arc<str>,
    /// The part of the period in which it was there.
    pub period: Period,
    /// The recovery points captured in it, by time; the newest few hundred.
    pub points: Vec<CoursePoint>,
    /// How many older points of the period are left out.
    pub points_left: u64,
    /// The exposure, in order and without holes; empty without an RPO. Where there were many stretches,
    /// neighbours that stand alike are one, with the worst exposure of each.
    pub exposure: Vec<CourseStretch>,
}

/// A recovery point of a course.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CoursePoint {
    /// The copy that has it.
    #[schemars(with = "String")]
    pub copy: Arc<str>,
    /// The state of the source that it holds.
    #[schemars(with = "String")]
    pub captured_at: Instant,
    /// When it became usable.
    #[schemars(with = "String")]
    pub available_at: Instant,
    /// Whether the evidence for it is good enough to count.
    pub counts: bool,
    /// Until when it was seen, where it is no longer there; null where it is.
    #[schemars(with = "Option<String>")]
    pub gone_at: Option<Instant>,
}

/// A stretch of a course.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CourseStretch {
    /// Its beginning.
    #[schemars(with = "String")]
    pub from: Instant,
    /// Its end.
    #[schemars(with = "String")]
    pub to: Instant,
    /// How the exposure stood to the RPO: `within`, `beyond` or `unknown`.
    pub stood: &'static str,
    /// The exposure at its beginning, at most; null where no point is known.
    pub from_seconds: Option<i64>,
    /// The exposure at its end, at most; null where no point is known.
    pub to_seconds: Option<i64>,
}

/// A place in the policy file, 1-based.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// What the loss of one domain would take.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Loss {
    /// The domain, `key=value`.
    pub domain: String,
    /// Assets that would be gone.
    #[schemars(with = "Vec<String>")]
    pub lost: Vec<Arc<str>>,
    /// Assets of which nobody can tell.
    #[schemars(with = "Vec<String>")]
    pub unknown: Vec<Arc<str>>,
    /// Assets that would be left.
    pub survive: Vec<Survivor>,
}

/// An asset that a loss would leave.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Survivor {
    /// The asset.
    #[schemars(with = "String")]
    pub asset: Arc<str>,
    /// The copy that is left; null where the asset itself is.
    #[schemars(with = "Option<String>")]
    pub copy: Option<Arc<str>>,
    /// The loss, as time; null where the copy's age is not known.
    pub exposure_seconds: Option<i64>,
}

/// A quoted claim.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Claim {
    /// The asset.
    #[schemars(with = "String")]
    pub asset: Arc<str>,
    /// The copy.
    #[schemars(with = "String")]
    pub copy: Arc<str>,
    /// The sentence.
    pub claim: String,
    /// What the evidence says of it: supported, unproven, contradicted, stale or unknown.
    #[schemars(with = "String")]
    pub status: &'static str,
    /// The strength of the evidence.
    pub grade: Grade,
    /// Why.
    pub because: String,
    /// Where it was said; null where the policy does not say.
    pub said_in: Option<String>,
    /// When it was said, a day; null where the policy does not say.
    pub said_on: Option<String>,
}

/// Something that the audit could not see.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unseen {
    /// The system.
    pub system: String,
    /// Why.
    pub reason: UnseenReason,
    /// What was asked for.
    pub what: String,
    /// As whom; null where nobody asked.
    #[serde(rename = "as")]
    pub identity: Option<String>,
}

/// A system and what it is lost with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct System {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: SystemKind,
    /// Its domains, a value null where it is unknown; null where the policy knows none.
    pub domains: Option<BTreeMap<String, Option<String>>>,
    /// By how many seconds its clock is ahead of the clock of whoever looked, negative where it is behind;
    /// null where it is right within two minutes, or nobody looked.
    pub clock_ahead_seconds: Option<i64>,
}

/// An accepted risk.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Waiver {
    /// The controls.
    pub controls: Vec<ControlId>,
    /// The assets: ids or globs.
    pub assets: Vec<String>,
    /// Why the risk is acceptable.
    pub reason: String,
    /// Who accepted it.
    pub approved_by: String,
    /// When, a day.
    pub approved_on: String,
    /// The last day on which it counts.
    pub expires: String,
    /// `valid`, `expired` or `not-yet`.
    pub status: &'static str,
    /// How many findings it accepts.
    pub accepts: u64,
}

/// Something seen that is deliberately no asset.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Exclusion {
    /// The system.
    pub system: String,
    /// The glob over names.
    pub name: String,
    /// Why it may be lost.
    pub reason: String,
    /// Who decided.
    pub owner: String,
    /// When it is looked at again, a day.
    pub review_by: String,
    /// How many items it leaves out.
    pub items: u64,
}

/// A restore test.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RestoreTest {
    /// The asset.
    pub asset: String,
    /// The copy; null where the test speaks for the asset as a whole.
    pub copy: Option<String>,
    /// The day.
    pub on: String,
    /// `passed` or `failed`.
    pub result: &'static str,
    /// How long it took, as the policy writes it; null where it is not recorded.
    pub took: Option<String>,
    /// Who made it.
    pub tested_by: Option<String>,
    /// Who looked at the result.
    pub reviewed_by: Option<String>,
    /// Where its record is.
    pub reference: Option<String>,
}

/// A control: one question that the audit asks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Control {
    /// Its id.
    pub id: ControlId,
    /// The question, as a sentence about the wanted state.
    pub asks: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about a gap.
    pub remedy: &'static str,
    /// Its place in the standards: standard and section.
    pub standards: &'static [&'static str],
}

/// The evidence that was judged.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Manifest {
    /// How many observations were judged.
    pub observations: u64,
    /// How many were ignored because they were made after `as_of`.
    pub ignored: u64,
    /// How many speak of assets that the policy does not have.
    pub unmatched: u64,
    /// When the oldest was made; null where there is none.
    #[schemars(with = "Option<String>")]
    pub oldest: Option<Instant>,
    /// When the newest was made; null where there is none.
    #[schemars(with = "Option<String>")]
    pub newest: Option<Instant>,
    /// The SHA-256 over the digests of all of them, in order, one a line.
    pub digest: Digest,
    /// The first few hundred of them.
    pub items: Vec<ManifestItem>,
}

/// One observation of the manifest.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManifestItem {
    /// Its digest.
    pub digest: Digest,
    /// When it was made.
    #[schemars(with = "String")]
    pub observed_at: Instant,
    /// What it speaks of: an asset with its copy, or a system.
    pub subject: String,
    /// Where it comes from; null where that is not recorded.
    pub source: Option<String>,
}

/// The program that made the report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `lastgood`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}
