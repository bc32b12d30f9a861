//! What a whole list shows of the objects that were kept, besides themselves: how long it takes until they
//! can be read, and which is the newest.
//!
//! What follows for the settings of their place is left to `settings`.

use super::class::Thaw;
use super::listing::Object;
use crate::model::time::Instant;

/// What was seen of several objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// How long it takes until all of them can be read.
    pub(super) thaw: Thaw,
    /// When the newest was written, and its key; `None` without any.
    pub(super) newest: Option<(Instant, Box<str>)>,
}

impl Kept {
    /// Adds an object.
    pub(super) fn add(&mut self, object: &Object<'_>) {
        self.thaw = self.thaw.and(Thaw::of(object.class));
        if self.newest.as_ref().is_none_or(|(newest, _)| object.modified > *newest) {
            self.newest = Some((object.modified, object.key.into()));
        }
    }

    /// Returns what was seen of these and of others.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self { thaw: self.thaw.and(other.thaw), newest: self.newest.max(other.newest) }
    }
}
