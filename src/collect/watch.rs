//! Watching: what a collection tells while it runs.
//!
//! Showing it is left to the command line, which knows whether a terminal is there.

use super::miss::Miss;

/// Somebody who watches a collection.
pub trait Watch: Send + Sync {
    /// A stage of so many questions begins.
    fn begins(&self, stage: &str, questions: usize);

    /// One question of the stage was answered, or missed.
    fn answered(&self, question: &str, missed: Option<&Miss>);

    /// A question that takes many of its own came so far.
    fn nears(&self, question: &str, done: usize, of: usize) {
        let _ = (question, done, of);
    }

    /// The stage is over.
    fn ends(&self);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Watch for Nobody {
    fn begins(&self, _stage: &str, _questions: usize) {}
    fn answered(&self, _question: &str, _missed: Option<&Miss>) {}
    fn ends(&self) {}
}
