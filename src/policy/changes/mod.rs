//! What a change of a policy asks less of, asks more of, or asks otherwise: two policies compared.
//!
//! What the change does to verdicts is left to `report::changes`; words for readers, to the renderers.

mod assets;
mod elsewhere;
mod keys;
mod waivers;

use std::collections::{HashMap, HashSet};
use std::mem::{Discriminant, discriminant};

pub use elsewhere::{Elsewhere, elsewhere};

use super::values::Owner;
use super::{At, OrUnknown, Policy};
use crate::model::time::Instant;

/// What a change does to what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Less is asked, or less is looked at: a gap may disappear without a backup being better.
    Weaker,
    /// It is asked or looked for otherwise; which way that works, nobody can tell from the policy alone.
    Different,
    /// More is asked.
    Stronger,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The policy as a whole.
    Policy,
    /// An asset entry, by id.
    Asset(String),
    /// A copy of an asset: the asset, then the copy.
    Copy(String, String),
    /// A waiver, by its controls and assets.
    Waiver(String),
    /// An exclusion, by its system and name.
    Exclusion(String),
    /// A system, by id.
    System(String),
    /// A restore test, by asset, copy and day.
    RestoreTest(String),
}

/// One change, of one thing or of several that changed alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it does.
    pub effect: Effect,
    /// The key of the policy language; `None` where the thing itself came or went.
    pub key: Option<String>,
    /// What stood in the old policy; `None` where there was nothing.
    pub before: Option<String>,
    /// What stands in the new one; `None` where there is nothing.
    pub after: Option<String>,
    /// What it is about, in the order of the policy; at least one.
    pub about: Vec<Subject>,
}

/// Returns what the change from `base` to `head` does: what asks less first, and what changed alike as
/// one. Lengths of calendar months and years are compared as they are before `as_of`. Objectives are
/// compared as they hold for each asset, defaults filled in; titles, sections and notes are not compared.
pub fn between(base: &Policy, head: &Policy, as_of: Instant) -> Vec<Change> {
    let mut found = Found::default();
    whole(base, head, as_of, &mut found);
    assets::compare(base, head, as_of, &mut found);
    waivers::compare(base, head, &mut found);
    waivers::exclusions(base, head, &mut found);
    keys::systems(base, head, &mut found);
    keys::restore_tests(base, head, &mut found);
    found.sorted()
}

fn whole(base: &Policy, head: &Policy, as_of: Instant, found: &mut Found) {
    let (before, after) = (base.review_every(), head.review_every());
    let longer = |span: crate::model::Timespan| Some(-span.seconds_before(as_of));
    found.ranked(
        &Subject::Policy,
        "review_every",
        &(longer(before), before.to_string()),
        &(longer(after), after.to_string()),
    );
    found.owner(&Subject::Policy, base.document().owner.as_ref(), head.document().owner.as_ref());
}

/// What makes two changes alike: all but what they are about, of which the kind is the same.
type Likeness = (Effect, Discriminant<Subject>, Option<String>, Option<String>, Option<String>);

/// How much is asked, the greater the more and `None` for nothing, and in words.
type Demand = (Option<i64>, String);

/// The changes found so far.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    /// The position of each that others may be like.
    alike: HashMap<Likeness, usize>,
}

impl Found {
    /// Adds a change, to one that is alike where there is one.
    fn add(&mut self, effect: Effect, subject: &Subject, key: Option<&str>, before: Option<&str>, after: Option<&str>) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (key, before, after) = (owned(key), owned(before), owned(after));
        let next = self.changes.len();
        if key.is_some() {
            let likeness = (effect, discriminant(subject), key.clone(), before.clone(), after.clone());
            let at = *self.alike.entry(likeness).or_insert(next);
            if let Some(change) = self.changes.get_mut(at) {
                change.about.push(subject.clone());
                return;
            }
        }
        self.changes.push(Change { effect, key, before, after, about: vec![subject.clone()] });
    }

    /// Compares two demands by rank, each with its words: the greater asks more, `None` asks nothing.
    fn ranked(&mut self, subject: &Subject, key: &str, before: &Demand, after: &Demand) {
        if before.0 != after.0 {
            let effect = if after.0 < before.0 { Effect::Weaker } else { Effect::Stronger };
            self.add(effect, subject, Some(key), Some(&before.1), Some(&after.1));
        }
    }

    /// Compares two sets of words, of which each asks for something.
    fn sets(&mut self, subject: &Subject, key: &str, before: &[String], after: &[String]) {
        let only = |of: &[String], other: &[String]| -> Vec<String> {
            let other: HashSet<&String> = other.iter().collect();
            of.iter().filter(|word| !other.contains(word)).cloned().collect()
        };
        let (dropped, added) = (only(before, after), only(after, before));
        if !dropped.is_empty() {
            self.add(Effect::Weaker, subject, Some(key), Some(&dropped.join(", ")), None);
        }
        if !added.is_empty() {
            self.add(Effect::Stronger, subject, Some(key), None, Some(&added.join(", ")));
        }
    }

    /// Compares two owners: a person, a person with a deputy and a group of one name are three, and so are
    /// none that is named and one that nobody knows.
    fn owner(
        &mut self,
        subject: &Subject,
        before: Option<&At<OrUnknown<Owner>>>,
        after: Option<&At<OrUnknown<Owner>>>,
    ) {
        fn known(owner: Option<&At<OrUnknown<Owner>>>) -> Option<&Owner> {
            owner?.value.known()
        }
        let words = |owner: Option<&At<OrUnknown<Owner>>>| match owner.map(|owner| &owner.value) {
            None => "not named".to_owned(),
            Some(OrUnknown::Unknown) => "unknown".to_owned(),
            Some(OrUnknown::Known(owner @ Owner::Group(_))) => format!("{owner} (a group)"),
            Some(OrUnknown::Known(owner @ Owner::Person { deputy: None, .. })) => format!("{owner} (one person)"),
            Some(OrUnknown::Known(owner @ Owner::Person { deputy: Some(_), .. })) => owner.to_string(),
        };
        let effect = match (known(before), known(after)) {
            (None, None) if before.is_none() == after.is_none() => return,
            (Some(before), Some(after)) if before == after => return,
            (Some(_), None) => Effect::Weaker,
            (None, Some(_)) => Effect::Stronger,
            (None, None) | (Some(_), Some(_)) => Effect::Different,
        };
        self.add(effect, subject, Some("owner"), Some(&words(before)), Some(&words(after)));
    }

    fn sorted(mut self) -> Vec<Change> {
        // What went away stands above what is asked more softly; the rest keeps the order of the policy.
        self.changes.sort_by_key(|change| (change.effect, change.key.is_some()));
        self.changes
    }
}

#[cfg(test)]
mod every_key;
#[cfg(test)]
mod tests;
