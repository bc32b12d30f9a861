//! Listings: what a system was found to hold.
//!
//! Reading them is left to the collectors, what they mean for the policy to the judge.

use super::miss::Miss;
use super::told::Told;

/// What listing a system told.
#[derive(Debug, Default)]
pub struct Listing {
    /// An `item` for each thing that the system holds and then one `inventory`, which says whether the list
    /// is whole; empty where not even a first page came.
    pub told: Vec<Told>,
    /// By the item's name: `changes` with the time of the last change.
    pub changes: Vec<(Box<str>, Told)>,
    /// What was not seen of it. A miss does not make the list less than whole; the `inventory` says that.
    pub misses: Vec<Miss>,
}
