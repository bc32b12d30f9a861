//! What a collector tells: facts, each with when it was seen and where it came from.
//!
//! Which asset and copy a fact speaks of is set by whoever asked; sealing is left to `gather`.

use super::http::Answer;
use super::miss::Miss;
use crate::evidence::{Fact, Question, Source, Unseen};
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
    /// Returns a miss as something that was asked for and not seen.
    pub fn unseen(miss: Miss, question: Question, at: Instant) -> Self {
        let fact = Unseen { fact: Some(question), reason: miss.reason, what: miss.what.into() };
        let source = miss.provenance.map(|source| *source).unwrap_or_default();
        Self { fact: Fact::Unseen(fact), observed_at: at, source }
    }

    /// Returns a fact that one answer told.
    pub fn by(fact: Fact, answer: &Answer) -> Self {
        Self { fact, observed_at: answer.asked_at, source: answer.source.clone() }
    }
}
