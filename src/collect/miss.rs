//! Misses: why a question stayed without an answer that can be used.
//!
//! A miss becomes an `unseen` observation; what follows from it is left to the judge.

use crate::evidence::Source;
use crate::model::UnseenReason;

/// Why a question stayed without a usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Miss {
    /// The kind of reason, one of the words that reports know.
    pub reason: UnseenReason,
    /// What happened, in words, without secrets.
    pub what: String,
    /// Where the answer came from; `None` where there was none.
    pub provenance: Option<Box<Source>>,
}

impl Miss {
    /// Returns a miss without an answer to point at.
    pub fn new(reason: UnseenReason, what: impl Into<String>) -> Self {
        Self { reason, what: what.into(), provenance: None }
    }

    /// Returns a miss for an answer that came and cannot be trusted.
    pub fn unreadable(what: impl Into<String>) -> Self {
        Self::new(UnseenReason::Unreadable, what)
    }

    /// Returns the miss as one of one side of a comparison.
    #[must_use]
    pub fn of_side(self, side: &str) -> Self {
        Self { what: format!("{side}: {}", self.what), ..self }
    }

    /// Returns the miss with the answer that it speaks of.
    #[must_use]
    pub fn from(mut self, source: &Source) -> Self {
        self.provenance = Some(Box::new(source.clone()));
        self
    }
}
