//! What had been seen by the time of the audit: evidence without anything observed later.
//!
//! Picks and orders observations; what they prove is left to `copy_state` and `estate`.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

use super::estate::{Membership, Subject};
use crate::evidence::{Digest, Evidence, Fact, Inventory, Item, Observation, Unseen};
use crate::model::time::{FUTURE_TOLERANCE, Instant};
use crate::model::{Facet, ItemKind, Method, Timespan, UnseenReason};

/// Evidence as it stood at one time.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    evidence: &'a Evidence,
    /// The time of the audit.
    pub as_of: Instant,
    /// The last review: what was looked at before it tells of another time.
    fresh_from: Instant,
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
    /// Returns the evidence as it stood at `as_of`, in a review that comes around each `review_every`.
    pub fn new(evidence: &'a Evidence, as_of: Instant, review_every: Timespan) -> Self {
        Self { evidence, as_of, fresh_from: review_every.before(as_of) }
    }

    /// Returns whether a look at `time` lies so far back that it says nothing of today: before the
    /// last review was due.
    pub fn is_stale(&self, time: Instant) -> bool {
        time < self.fresh_from
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

    /// Returns what had been observed of one asset of the estate, oldest first for each copy: its own
    /// observations, and for one of many what the policy or a failed look says of all of them. Nothing
    /// that was seen speaks for assets that nobody has seen.
    pub fn of_subject(&self, subject: &Subject<'a>) -> impl Iterator<Item = &'a Observation> {
        let entry = subject.asset.id.0.as_str();
        let is_member = subject.membership == Membership::Member;
        let is_group = matches!(subject.membership, Membership::Unexpanded(_));
        let of_all = |observation: &&'a Observation| matches!(observation.fact, Fact::Statement(_) | Fact::Unseen(_));
        let shared = is_member.then(|| self.of_asset(entry).filter(of_all)).into_iter().flatten();
        shared.chain(self.of_asset(&subject.id).filter(move |observation| !is_group || of_all(observation)))
    }

    /// Returns whether a later look answers what stayed open then, about one copy of the asset or, for
    /// `None`, about the asset itself. Where nobody noted what kind of fact was asked for, a later
    /// look answers only a question that was never put, or one from before the last review.
    pub fn is_answered(&self, open: Noted<'a, Unseen>, subject: &Subject<'a>, copy: Option<&str>) -> bool {
        let of_it = self.of_subject(subject).filter(|observation| observation.copy.as_deref() == copy);
        self.is_answered_by(open, of_it)
    }

    /// Returns whether one of `later` answers what stayed open.
    pub fn is_answered_by(&self, open: Noted<'a, Unseen>, mut later: impl Iterator<Item = &'a Observation>) -> bool {
        let forgives = open.fact.reason == UnseenReason::Offline || self.is_stale(open.at());
        later.any(|observation| {
            observation.observed_at > open.at()
                && match (open.fact.fact, observation.fact.answers()) {
                    (Some(asked), answers) => answers == Some(asked),
                    (None, answers) => forgives && answers.is_some(),
                }
        })
    }

    /// Returns what had been observed of a system as a whole.
    pub fn of_system(&self, system: &str) -> impl Iterator<Item = &'a Observation> {
        let as_of = self.as_of;
        self.evidence.of_system(system).filter(move |observation| observation.observed_at <= as_of)
    }

    /// Returns the newest inventory of `kind` in a system and its items, by name.
    pub fn inventory(&self, system: &str, kind: ItemKind) -> Listing<'a> {
        let mut newest: Option<Noted<'a, Inventory>> = None;
        for observation in self.of_system(system) {
            if let Fact::Inventory(inventory) = &observation.fact
                && inventory.kind == kind
            {
                let noted = Noted::new(inventory, observation);
                // Of two at one time the one that claims less counts, and supersedes less.
                let order = |noted: &Noted<'_, Inventory>| {
                    (
                        noted.at(),
                        !noted.fact.complete,
                        noted.fact.public_only,
                        noted.fact.count,
                        Reverse(noted.fact.from),
                    )
                };
                if newest.is_none_or(|newest| order(&newest) <= order(&noted)) {
                    newest = Some(noted);
                }
            }
        }
        let mut items: BTreeMap<&'a str, Told<'a>> = BTreeMap::new();
        let mut listed: BTreeSet<&'a str> = BTreeSet::new();
        for observation in self.of_system(system) {
            let Fact::Item(item) = &observation.fact else { continue };
            if item.kind != kind || newest.is_some_and(|newest| observation.observed_at < newest.fact.from) {
                continue;
            }
            if newest.is_some_and(|newest| observation.observed_at <= newest.at()) {
                listed.insert(&item.name);
            }
            let noted = Noted::new(&**item, observation);
            match items.entry(&item.name) {
                Entry::Vacant(entry) => drop(entry.insert(Told::new(noted))),
                Entry::Occupied(mut entry) => entry.get_mut().add(noted),
            }
        }
        let stale = newest.is_some_and(|newest| self.is_stale(newest.at()));
        Listing { inventory: newest, items, needs_private: true, listed: listed.len() as u64, stale }
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
        | Fact::Clock(_)
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

/// What was last told of one item: as a rule in one line, else in all lines of that time.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    first: Noted<'a, Item>,
    /// Other lines of the same time.
    others: Option<Arc<[Noted<'a, Item>]>>,
}

impl<'a> Told<'a> {
    const fn new(first: Noted<'a, Item>) -> Self {
        Self { first, others: None }
    }

    /// Takes a line in: a later one replaces what was told before, one of the same time adds to it.
    fn add(&mut self, noted: Noted<'a, Item>) {
        match noted.at().cmp(&self.first.at()) {
            Ordering::Greater => *self = Self::new(noted),
            Ordering::Equal => {
                let others = self.others.iter().flat_map(|others| others.iter().copied());
                self.others = Some(others.chain([noted]).collect());
            }
            Ordering::Less => {}
        }
    }

    /// Returns the line that is as good as any other for what all of them say: kind and name.
    pub const fn first(&self) -> &'a Item {
        self.first.fact
    }

    /// Returns which observation the first line is.
    pub const fn digest(&self) -> Option<Digest> {
        self.first.digest()
    }

    /// Returns what each line says.
    pub fn lines(&self) -> impl Iterator<Item = &'a Item> {
        let others = self.others.iter().flat_map(|others| others.iter());
        std::iter::once(&self.first).chain(others).map(|noted| noted.fact)
    }

    /// Returns the facets that it has by any line, for a facet too many is asked for and one too few is
    /// not; `None` where nobody looked.
    pub fn facets(&self) -> Option<Vec<Facet>> {
        let told = self.lines().filter_map(|item| item.facets.as_ref());
        told.cloned().reduce(|mut all, more| {
            all.extend(more);
            all
        })
    }
}

/// A system's newest inventory.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The end of the listing; `None` where the system was never listed.
    pub inventory: Option<Noted<'a, Inventory>>,
    /// Its items by name, with those observed since.
    pub items: BTreeMap<&'a str, Told<'a>>,
    /// Whether what is private in it is under audit.
    pub needs_private: bool,
    /// How many of them were seen in the listing itself.
    listed: u64,
    /// Whether it was made before the last review was due.
    stale: bool,
}

impl<'a> Listing<'a> {
    /// Returns the item of that name, present or former; `None` where none was seen.
    pub fn named(&self, name: &str) -> Option<Told<'a>> {
        let former =
            |told: &&Told<'a>| told.lines().flat_map(|item| &item.former_names).any(|former| **former == *name);
        self.items.get(name).or_else(|| self.items.values().find(former)).cloned()
    }

    /// Returns whether everything that the system holds is known: listed whole and recently, no line
    /// lost.
    pub fn is_whole(&self) -> bool {
        self.shortfall().is_none()
    }

    /// Returns what is wrong with the listing, in words; `None` when it is whole.
    pub fn shortfall(&self) -> Option<String> {
        self.shortfall_of_public().or_else(|| {
            let hides = self.needs_private && self.inventory.is_some_and(|noted| noted.fact.public_only);
            hides.then(|| format!("whoever listed it may not see all that is private ({} seen)", self.items.len()))
        })
    }

    /// As `shortfall`, where what is private does not matter.
    pub fn shortfall_of_public(&self) -> Option<String> {
        match self.inventory {
            None if self.items.is_empty() => Some("it was not listed".to_owned()),
            None => Some(format!("its listing did not end ({} seen)", self.items.len())),
            Some(noted) if !noted.fact.complete => {
                Some(format!("its listing was cut short ({} seen)", self.items.len()))
            }
            Some(noted) if self.listed < noted.fact.count => {
                Some(format!("{} of {} listed are in the evidence", self.listed, noted.fact.count))
            }
            Some(noted) if self.stale => Some(format!(
                "it was last listed on {}, before the last review was due",
                crate::model::time::human(noted.at())
            )),
            Some(_) => None,
        }
    }
}

/// Returns whether proof by `method` needs a system to be asked.
pub const fn needs_a_look(method: Method) -> bool {
    !matches!(method, Method::Attestation | Method::Included | Method::Rebuild)
}
