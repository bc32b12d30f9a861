//! What had been seen by the time of the audit: evidence without anything observed later.
//!
//! Picks and orders observations; what they prove is left to `copy_state` and `estate`.

use std::collections::BTreeMap;

use crate::evidence::{Digest, Evidence, Fact, Inventory, Item, Observation, Unseen};
use crate::model::Method;
use crate::model::time::{FUTURE_TOLERANCE, Instant};

/// Evidence as it stood at one time.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    evidence: &'a Evidence,
    /// The time of the audit.
    pub as_of: Instant,
}

/// A fact and the observation that tells it.
#[derive(Debug)]
pub struct Noted<'a, T> {
    /// The fact.
    pub fact: &'a T,
    observation: &'a Observation,
}

impl<'a, T> Noted<'a, T> {
    /// Returns the fact of `observation`.
    pub const fn new(fact: &'a T, observation: &'a Observation) -> Self {
        Self { fact, observation }
    }

    /// Returns when it was observed.
    pub const fn at(&self) -> Instant {
        self.observation.observed_at
    }

    /// Returns which observation it is.
    pub const fn digest(&self) -> Option<Digest> {
        self.observation.digest
    }
}

impl<T> Clone for Noted<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Noted<'_, T> {}

impl<'a> Seen<'a> {
    /// Returns the evidence as it stood at `as_of`.
    pub const fn new(evidence: &'a Evidence, as_of: Instant) -> Self {
        Self { evidence, as_of }
    }

    /// Returns whether `time` is later than any clock difference explains.
    pub fn is_future(&self, time: Instant) -> bool {
        time > self.as_of + FUTURE_TOLERANCE
    }

    /// Returns what had been observed of an asset and its copies.
    pub fn of_asset(&self, asset: &str) -> impl Iterator<Item = &'a Observation> {
        let as_of = self.as_of;
        self.evidence.of_asset(asset).filter(move |observation| observation.observed_at <= as_of)
    }

    /// Returns what had been observed of a system as a whole.
    pub fn of_system(&self, system: &str) -> impl Iterator<Item = &'a Observation> {
        let as_of = self.as_of;
        self.evidence.of_system(system).filter(move |observation| observation.observed_at <= as_of)
    }

    /// Returns the newest inventory of a system and its items, by name.
    pub fn inventory(&self, system: &str) -> Listing<'a> {
        let mut newest: Option<Noted<'a, Inventory>> = None;
        for observation in self.of_system(system) {
            if let Fact::Inventory(inventory) = &observation.fact {
                let noted = Noted::new(inventory, observation);
                if newest.is_none_or(|newest| newest.at() <= noted.at()) {
                    newest = Some(noted);
                }
            }
        }
        let mut items: BTreeMap<&'a str, Noted<'a, Item>> = BTreeMap::new();
        for observation in self.of_system(system) {
            let Fact::Item(item) = &observation.fact else { continue };
            let superseded = newest.is_some_and(|newest| observation.observed_at < newest.fact.from);
            let noted = Noted::new(&**item, observation);
            let older = items.get(&*item.name).is_some_and(|known| known.at() > noted.at());
            if !superseded && !older {
                items.insert(&item.name, noted);
            }
        }
        Listing { inventory: newest, items }
    }

    /// Returns why something about a system was not seen, newest first to be said.
    pub fn unseen_of_system(&self, system: &str) -> Vec<Noted<'a, Unseen>> {
        self.of_system(system).filter_map(unseen).collect()
    }
}

/// Returns the observation as a note of what was not seen, where it is one.
pub fn unseen(observation: &Observation) -> Option<Noted<'_, Unseen>> {
    match &observation.fact {
        Fact::Unseen(fact) => Some(Noted::new(fact, observation)),
        Fact::Changes(_)
        | Fact::Comparison(_)
        | Fact::Inventory(_)
        | Fact::Item(_)
        | Fact::RecoveryPoints(_)
        | Fact::Runs(_)
        | Fact::Schedule(_)
        | Fact::Settings(_)
        | Fact::Statement(_) => None,
    }
}

/// A system's newest inventory.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The end of the listing; `None` where the system was never listed.
    pub inventory: Option<Noted<'a, Inventory>>,
    /// Its items by name, with those observed since.
    pub items: BTreeMap<&'a str, Noted<'a, Item>>,
}

impl Listing<'_> {
    /// Returns whether everything that the system holds is known: listed whole, no line lost.
    pub fn is_whole(&self) -> bool {
        self.inventory.is_some_and(|noted| noted.fact.complete && noted.fact.count <= self.items.len() as u64)
    }

    /// Returns what is wrong with the listing, in words; `None` when it is whole.
    pub fn shortfall(&self) -> Option<String> {
        match self.inventory {
            _ if self.is_whole() => None,
            None if self.items.is_empty() => Some("it was not listed".to_owned()),
            None => Some(format!("its listing did not end ({} seen)", self.items.len())),
            Some(noted) if !noted.fact.complete => {
                Some(format!("its listing was cut short ({} seen)", self.items.len()))
            }
            Some(noted) => Some(format!("{} of {} listed are in the evidence", self.items.len(), noted.fact.count)),
        }
    }
}

/// Returns whether proof by `method` needs a system to be asked.
pub const fn needs_a_look(method: Method) -> bool {
    !matches!(method, Method::Attestation | Method::Included | Method::Rebuild)
}
