//! Facts: what an observation can say.
//!
//! Typed, so that the compiler finds every control a new fact concerns. Fields stand in
//! alphabetical order because digests are taken over them; judging facts is left to `judge`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::time::{self, Instant};
use crate::model::{Count, Facet, Grade, ItemKind, UnseenReason};
use crate::policy::values::DefinedIn;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fact {
    /// When the asset changed (about an asset).
    Changes(Changes),
    /// How far a system's clock is off (about a system).
    Clock(ClockOffset),
    /// A copy compared with its primary (about a copy).
    Comparison(Box<Comparison>),
    /// A listing of a system ended (about a system).
    Inventory(Inventory),
    /// One thing that a system holds (about a system).
    Item(Box<Item>),
    /// Recovery points of a copy (about a copy).
    RecoveryPoints(RecoveryPoints),
    /// Runs of the job that makes a copy (about a copy).
    Runs(Runs),
    /// The schedule of the job that makes a copy (about a copy).
    Schedule(Schedule),
    /// Settings of the place that holds a copy (about a copy).
    Settings(Settings),
    /// A statement that the policy quotes (about a copy).
    Statement(Statement),
    /// Something that was asked for and not seen (about a system, an asset or a copy).
    Unseen(Unseen),
}

crate::model::word::words! {
    /// The kinds of facts that can be asked for.
    pub enum Question {
        /// When the asset changed.
        Changes = "changes",
        /// How a copy compares with its primary.
        Comparison = "comparison",
        /// What a system holds.
        Inventory = "inventory",
        /// The recovery points of a copy.
        RecoveryPoints = "recovery-points",
        /// The runs of a job.
        Runs = "runs",
        /// The schedule of a job.
        Schedule = "schedule",
        /// The settings of a place.
        Settings = "settings",
    }
}

impl Fact {
    /// Returns the question to which the fact is the whole answer; `None` for a fact that answers
    /// none, or only in part.
    pub const fn answers(&self) -> Option<Question> {
        match self {
            Self::Changes(_) => Some(Question::Changes),
            Self::Comparison(comparison) if comparison.complete => Some(Question::Comparison),
            Self::Inventory(inventory) if inventory.complete => Some(Question::Inventory),
            Self::RecoveryPoints(listing) if listing.complete => Some(Question::RecoveryPoints),
            Self::Runs(runs) if runs.complete => Some(Question::Runs),
            Self::Schedule(_) => Some(Question::Schedule),
            Self::Settings(_) => Some(Question::Settings),
            Self::Clock(_)
            | Self::Comparison(_)
            | Self::Inventory(_)
            | Self::Item(_)
            | Self::RecoveryPoints(_)
            | Self::Runs(_)
            | Self::Statement(_)
            | Self::Unseen(_) => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A change feed: when the asset changed, as far as the source tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// The times of the changes. Where not `exact`, only the newest counts.
    #[schemars(with = "Vec<String>")]
    pub at: Vec<Instant>,
    /// Whether every change between `from` and the time of observation is listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// Since when the list is exact; without it, `exact` says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Instant>,
}

/// How far a system's clock is off, as its answers tell the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockOffset {
    /// By how many seconds it is ahead of the clock of whoever looked; negative where it is behind.
    pub ahead_seconds: i64,
}

/// The outcome of comparing a copy with its primary, in items (refs, objects, artifacts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// By what items were compared: of several the weakest, besides sizes, which `by_size` counts; sizes
    /// where nothing else was there.
    pub basis: Basis,
    /// Items that are there but older in the copy (refs behind).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub behind: u64,
    /// How many of the `equal` items are equal in size alone, for want of a checksum that both sides have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub by_size: u64,
    /// How many bytes the items have; absent where items have no size (refs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ComparedBytes>,
    /// Whether both sides were listed whole.
    pub complete: bool,
    /// Items that differ (other content, diverged refs).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub different: u64,
    /// Items that are equal.
    pub equal: u64,
    /// Items that only the copy has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extra: u64,
    /// Items that only the primary has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing: u64,
    /// The first names that are missing, different or behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Box<str>>,
    /// The oldest change that the copy does not hold; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub oldest_unprotected: Option<Instant>,
    /// The share that was compared, in parts per million; absent where all was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_ppm: Option<u32>,
}

impl Comparison {
    /// Returns how many items the copy lacks or holds with other content.
    pub const fn lacking(&self) -> u64 {
        self.missing.saturating_add(self.different)
    }

    /// Returns how many items are there in some state.
    pub const fn present(&self) -> u64 {
        self.equal.saturating_add(self.behind).saturating_add(self.different)
    }

    /// Returns how many items the copy should have.
    pub const fn total(&self) -> u64 {
        self.present().saturating_add(self.missing)
    }

    /// Returns whether every item of both sides was compared.
    pub const fn is_full(&self) -> bool {
        self.complete && self.sampled_ppm.is_none()
    }
}

/// The bytes of compared items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparedBytes {
    /// Of items that differ, as the primary has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub different: u64,
    /// Of items that are equal.
    pub equal: u64,
    /// Of items that only the copy has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extra: u64,
    /// Of items that only the primary has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing: u64,
}

crate::model::word::words! {
    /// By what a comparison compared.
    pub enum Basis {
        /// Object ids of git refs, tags peeled.
        Refs = "refs",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-1.
        Sha1 = "sha1",
        /// MD5, or an `ETag` that is one.
        Md5 = "md5",
        /// Size alone, which proves little.
        Size = "size",
    }
}

/// The end of a listing: how many items there were. The items come as lines of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Whether the listing is whole: read to its end, nothing filtered by rights.
    pub complete: bool,
    /// How many items the listing had; where fewer lines are there, the inventory is not whole.
    pub count: u64,
    /// When the listing began; its items were observed between then and its end.
    #[schemars(with = "String")]
    pub from: Instant,
    /// What was listed.
    pub kind: ItemKind,
    /// Whether what is private may be missing from the list, because whoever looked may not see it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public_only: bool,
}

/// One thing that a system holds. What is absent is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Whether it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Its class: a job's class, a repository's package type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Box<str>>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Instant>,
    /// Where a job is defined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defined_in: Option<DefinedIn>,
    /// Whether it is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Whether it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<bool>,
    /// The facets that it has; absent where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facets: Option<Vec<Facet>>,
    /// The folder it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<Box<str>>,
    /// Whether it is a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<bool>,
    /// Names that it had before and that still lead to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<Box<str>>,
    /// Its id in the system, which stays the same when it is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// What it is.
    pub kind: ItemKind,
    /// Its name in the system.
    pub name: Box<str>,
    /// Whether it is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Whether it is a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<bool>,
}

impl Item {
    /// Returns an item of which nothing is known but its kind and name.
    pub fn named(kind: ItemKind, name: &str) -> Self {
        Self {
            archived: None,
            class: None,
            created_at: None,
            defined_in: None,
            disabled: None,
            empty: None,
            facets: None,
            folder: None,
            fork: None,
            former_names: Vec::new(),
            id: None,
            kind,
            name: name.into(),
            private: None,
            template: None,
        }
    }
}

/// Recovery points of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryPoints {
    /// Whether every recovery point that is there and was captured since `from` is listed.
    pub complete: bool,
    /// Since when the list is whole; absent where it holds all that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Instant>,
    /// How the recovery points are known: `observed`, `reported` or weaker.
    pub grade: Grade,
    /// Since when no recovery point was removed, so that the list tells of the past too; absent where
    /// that is not known, and then the oldest one listed is taken for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kept_from: Option<Instant>,
    /// The recovery points.
    pub points: Vec<Point>,
}

/// One restorable state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// When it became usable; absent where that is when it was captured.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "time::deserialize_some",
        serialize_with = "time::serialize_some"
    )]
    #[schemars(with = "Option<String>")]
    pub available_at: Option<Instant>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Count>,
    /// The state of the source that it holds.
    #[serde(deserialize_with = "time::deserialize", serialize_with = "time::serialize")]
    #[schemars(with = "String")]
    pub captured_at: Instant,
    /// The digest of its content. Boxed twice, as `location` is: both are rare and points are many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Box<Box<str>>>,
    /// How many items it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Count>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Box<Box<str>>>,
}

impl Point {
    /// Returns when it became usable, never before it was captured.
    pub fn available(&self) -> Instant {
        self.available_at.map_or(self.captured_at, |at| at.max(self.captured_at))
    }

    /// Returns whether it is known to hold nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes == Count::new(0) || self.items == Count::new(0)
    }
}

/// Runs of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runs {
    /// Whether every run that started since `from` is listed.
    pub complete: bool,
    /// Since when the list is whole.
    #[schemars(with = "String")]
    pub from: Instant,
    /// The runs.
    pub runs: Vec<Run>,
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// How it ended.
    pub outcome: RunOutcome,
    /// When it started.
    #[schemars(with = "String")]
    pub started_at: Instant,
}

crate::model::word::words! {
    /// How a run ended.
    pub enum RunOutcome {
        /// It succeeded.
        Success = "success",
        /// It ended with warnings (Jenkins UNSTABLE), which is no success.
        Unstable = "unstable",
        /// It failed, was cancelled or timed out.
        Failure = "failure",
        /// It has not ended.
        Running = "running",
    }
}

/// The schedule of a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// How to read the expression.
    pub dialect: Dialect,
    /// Why the job does not run, in the system's words; absent where it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Box<str>>,
    /// The expressions; several where a job has several triggers, none where nothing triggers it.
    pub expressions: Vec<Box<str>>,
    /// Why the expressions are not told although the job is there, such as by a plugin without anything to
    /// read; absent where they are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Box<str>>,
}

impl Schedule {
    /// Returns whether anything starts the job without a person.
    pub fn runs_by_itself(&self) -> bool {
        self.disabled.is_none() && self.hidden.is_none() && !self.expressions.is_empty()
    }
}

crate::model::word::words! {
    /// The dialects of schedules. Times are UTC.
    pub enum Dialect {
        /// Five fields: minute, hour, day of month, month, day of week.
        Cron = "cron",
        /// Jenkins: five fields with `H`, or `@daily` and the like.
        Jenkins = "jenkins",
        /// Quartz: six or seven fields, seconds first, year last.
        Quartz = "quartz",
    }
}

/// Settings of the place that holds a copy. What is absent is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// After how many days a clean-up deletes current content; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_days: Option<u64>,
    /// For how many days deletion is locked for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_days: Option<u64>,
    /// For how many days replaced or deleted content is kept; 0 for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_days: Option<u64>,
    /// Whether deletions in the primary are repeated in the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_deletes: Option<bool>,
    /// How many hours it takes at most until content can be read at all, as archive classes do; 0 where it
    /// can be read at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thaw_hours: Option<u64>,
    /// Uploads that began more than a day before the look and never ended: what they carried is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// Whether replaced and deleted content is kept as versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioning: Option<bool>,
}

/// Uploads that never ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// How many there are.
    pub count: u64,
    /// When the newest of them began; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub newest: Option<Instant>,
}

impl Settings {
    /// Returns these settings and, where they are silent, what `earlier` ones told.
    #[must_use]
    pub const fn or(self, earlier: Self) -> Self {
        const fn either<T: Copy>(one: Option<T>, other: Option<T>) -> Option<T> {
            match one {
                Some(_) => one,
                None => other,
            }
        }
        Self {
            expires_days: either(self.expires_days, earlier.expires_days),
            locked_days: either(self.locked_days, earlier.locked_days),
            noncurrent_days: either(self.noncurrent_days, earlier.noncurrent_days),
            sync_deletes: either(self.sync_deletes, earlier.sync_deletes),
            thaw_hours: either(self.thaw_hours, earlier.thaw_hours),
            unfinished: either(self.unfinished, earlier.unfinished),
            versioning: either(self.versioning, earlier.versioning),
        }
    }

    /// Returns what can be relied on where `other` ones were told of the same time: of two values the
    /// one that protects less.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        fn of<T>(one: Option<T>, other: Option<T>, weaker: impl Fn(T, T) -> T) -> Option<T> {
            match (one, other) {
                (Some(one), Some(other)) => Some(weaker(one, other)),
                (known, None) | (None, known) => known,
            }
        }
        // 0 is for ever.
        let shorter = |one: u64, other: u64| if one == 0 || other == 0 { one.max(other) } else { one.min(other) };
        Self {
            expires_days: of(self.expires_days, other.expires_days, shorter),
            locked_days: of(self.locked_days, other.locked_days, u64::min),
            noncurrent_days: of(self.noncurrent_days, other.noncurrent_days, shorter),
            sync_deletes: of(self.sync_deletes, other.sync_deletes, |one, other| one || other),
            thaw_hours: of(self.thaw_hours, other.thaw_hours, u64::max),
            unfinished: of(self.unfinished, other.unfinished, |one, other| Unfinished {
                count: one.count.max(other.count),
                newest: one.newest.max(other.newest),
            }),
            versioning: of(self.versioning, other.versioning, |one, other| one && other),
        }
    }
}

/// A statement that the policy quotes, kept as evidence so that a report can point at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Who said it.
    pub by: Box<str>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Box<str>>,
    /// What was said.
    pub text: Box<str>,
}

/// Something that was asked for and not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// What kind of fact was asked for: a later one answers. Absent where there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<Question>,
    /// Why.
    pub reason: UnseenReason,
    /// What was asked for.
    pub what: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_settings_told_of_one_time_each_value_is_the_one_that_protects_less() {
        let told = |json: &str| serde_json::from_str::<Settings>(json).unwrap();
        let one = told(r#"{"expires_days":0,"locked_days":30,"noncurrent_days":9,"versioning":true}"#);
        let other =
            told(r#"{"expires_days":7,"locked_days":0,"noncurrent_days":0,"sync_deletes":true,"versioning":false}"#);
        let both =
            told(r#"{"expires_days":7,"locked_days":0,"noncurrent_days":9,"sync_deletes":true,"versioning":false}"#);
        assert_eq!((one.weaker(other), other.weaker(one)), (both, both));
        let days = |days| Settings { noncurrent_days: Some(days), ..Settings::default() };
        assert_eq!(days(3).weaker(days(5)), days(3));
        assert_eq!(days(0).weaker(days(0)), days(0));
    }
}
