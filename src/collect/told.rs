//! What a collector tells: facts, each with when it was seen and where it came from.
//!
//! Which asset and copy a fact speaks of is set by whoever asked; sealing is left to `gather`.

use super::http::Answer;
use crate::evidence::{Fact, Source};
use crate::model::time::Instant;

/// One fact and its provenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The fact.
    pub fact: Fact,
    /// When the question was put, UTC: what is told was so then.
    pub observed_at: Instant,
    /// What was asked and answered.
    pub source: Source,
}

impl Told {
    /// Returns a fact that one answer told.
    pub fn by(fact: Fact, answer: &Answer) -> Self {
        Self { fact, observed_at: answer.asked_at, source: answer.source.clone() }
    }
}
