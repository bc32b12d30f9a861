//! What a whole list shows of the objects that were kept, besides themselves: how long it takes until they
//! can be read, and which of them show whether a lock holds.
//!
//! What follows for the settings of their place is left to `settings`.

use super::class::Thaw;
use super::listing::Object;
use crate::model::time::Instant;

/// One object that can be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// When it was written.
    pub(super) at: Instant,
    /// Its key.
    pub(super) key: Box<str>,
    /// Its version; `None` for the current one.
    pub(super) version: Option<Box<str>>,
}

/// What was seen of several objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Since when the lock of the bucket should hold what was written; `None` without one.
    since: Option<Instant>,
    /// How long it takes until all of them can be read.
    pub(super) thaw: Thaw,
    /// The newest; `None` without any.
    pub(super) newest: Option<Mark>,
    /// The oldest; `None` without any.
    pub(super) oldest: Option<Mark>,
    /// The oldest that was written since the lock should hold it; `None` without any.
    pub(super) recent: Option<Mark>,
}

impl Kept {
    /// Returns what was seen of none, where the lock of the bucket should hold what was written since then.
    pub(super) fn since(since: Option<Instant>) -> Self {
        Self { since, ..Self::default() }
    }

    /// Adds an object, and which of its versions it is; `None` for the current one.
    pub(super) fn add(&mut self, object: &Object<'_>, version: Option<&str>) {
        self.thaw = self.thaw.and(Thaw::of(object.class));
        let at = object.modified;
        let mark = || Some(Mark { at, key: object.key.into(), version: version.map(Into::into) });
        if self.newest.as_ref().is_none_or(|newest| at > newest.at) {
            self.newest = mark();
        }
        if self.oldest.as_ref().is_none_or(|oldest| at < oldest.at) {
            self.oldest = mark();
        }
        if self.since.is_some_and(|since| at >= since) && self.recent.as_ref().is_none_or(|recent| at < recent.at) {
            self.recent = mark();
        }
    }

    /// Returns what was seen of these and of others.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        let older = |one: Option<Mark>, other: Option<Mark>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            since: self.since.max(other.since),
            thaw: self.thaw.and(other.thaw),
            newest: self.newest.max(other.newest),
            oldest: older(self.oldest, other.oldest),
            recent: older(self.recent, other.recent),
        }
    }
}
