//! Comparing two places that hold files: every item of the original looked for in the copy.
//!
//! The way through it: each `Side` lists what it holds as `row`s -> `table` keeps the copy's, small ->
//! `engine` looks every row of the original up in it. Listing is left to the collectors of the systems, git
//! refs to `git`, what the counts mean to the judge.

mod engine;
pub mod row;
mod sample;
mod table;
mod tally;
mod verdict;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc};

use crate::collect::clock::Clock;
use crate::collect::miss::Miss;
use crate::evidence::{Comparison, Source};
use crate::model::time::Instant;

pub use row::{Kind, Row, Sums};

/// A place whose files can be listed and compared.
pub trait Side: Send + Sync {
    /// Returns what it is, for messages: `s3://bucket/prefix`, `https://host/artifactory/repo/path`.
    fn name(&self) -> String;

    /// Returns the kinds of checksum that the rows of its list may have.
    fn kinds(&self) -> &'static [Kind];

    /// Returns the kinds of checksum that only `closer` may tell.
    fn closer_kinds(&self) -> &'static [Kind] {
        &[]
    }

    /// Sends every item, in pages and in any order, each once. Ends early where nobody takes them any more.
    ///
    /// # Errors
    ///
    /// Where the list did not even begin, or came to an end that cannot be believed. A list that is known
    /// to lack something is no error: `Listed` says so.
    fn list(&self, out: mpsc::Sender<Vec<Row>>) -> BoxFuture<'_, Result<Listed, Miss>>;

    /// Returns which server it is on, as that says itself, and the path there; `None` where none says so. It is
    /// asked after the list.
    fn server(&self) -> Option<(Box<str>, String)> {
        None
    }

    /// Looks at one item, by its name, for checksums that the list did not tell; a sum that the list told
    /// and that turns out to be none is left out.
    ///
    /// # Errors
    ///
    /// Where it could not be looked at.
    fn closer<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Sums, Miss>>;
}

/// How a list ended.
#[derive(Debug, Clone)]
pub struct Listed {
    /// When its first page was asked for, UTC.
    pub began: Instant,
    /// Why it is known to lack something; `None` where it is whole.
    pub lacks: Option<Miss>,
    /// Where it came from: the first request, a digest over the digests of all bodies.
    pub source: Source,
}

/// What a comparison found.
#[derive(Debug)]
pub struct Compared {
    /// The counts.
    pub comparison: Comparison,
    /// What either list is known to lack; empty where both are whole.
    pub lacks: Vec<Miss>,
    /// When the first of both lists began, UTC: what is told was so then.
    pub observed_at: Instant,
    /// What was listed, and a digest over both lists.
    pub source: Source,
}

/// How two sides are compared.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'w> {
    /// Which share of the items is compared, in parts per million; `None` for all of them.
    pub sampled_ppm: Option<u32>,
    /// Whose turn it is to keep a large list in memory, of more than 250,000 items; one at a time.
    pub large: &'w Semaphore,
}

/// Compares every item of the original with what the copy has under its name, or a sample of them.
///
/// The strongest checksum that both sides have decides; else, and where one is none, a closer look at up to
/// 10,000 items; else the size, which `by_size` counts. What looks different by a checksum that may be none,
/// and could not be looked at closer, counts as equal in size alone. What came to the original after the copy's list
/// began is left out where it is missing or differs. Memory: 46 to 131 bytes for each item of the copy.
///
/// # Errors
///
/// Where either side could not be listed; which one, the miss says.
pub async fn files(
    original: Arc<dyn Side>,
    copy: Arc<dyn Side>,
    ways: Ways<'_>,
    clock: &Clock,
) -> Result<Compared, Miss> {
    engine::compare(original, copy, ways, clock).await
}

#[cfg(test)]
mod tests;
