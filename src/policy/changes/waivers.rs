//! Waivers and exclusions compared: what is accepted or left out besides what was before.
//!
//! What a waiver does to verdicts is left to the judge.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Effect, Found, Subject};
use crate::policy::Policy;
use crate::policy::document::{Exclude, Waiver};
use crate::policy::values::{Day, NamePattern};

/// How many comparisons of words are made to find what is most like; more are not worth the wait.
const MAX_WORK: usize = 4_000_000;

/// A waiver with what it is compared by.
struct Told<'p> {
    waiver: &'p Waiver,
    controls: Vec<String>,
    assets: Vec<String>,
    name: String,
}

impl<'p> Told<'p> {
    fn new(waiver: &'p Waiver) -> Self {
        let controls: Vec<String> = waiver.control.value.0.iter().map(|control| control.value.to_string()).collect();
        let assets: Vec<String> = waiver.assets.value.0.iter().map(|pattern| pattern.value.text.clone()).collect();
        let name = format!("{} of {}", controls.join(", "), assets.join(", "));
        Self { waiver, controls, assets, name }
    }

    fn subject(&self) -> Subject {
        Subject::Waiver(self.name.clone())
    }

    fn words(&self) -> String {
        let waiver = self.waiver;
        format!("until {}, approved by {}: {}", waiver.expires.value, waiver.approved_by.value, waiver.reason.value)
    }
}

/// Compares the waivers. They have no ids: each is matched with one that is the same, else with one of the
/// same controls and assets, else with the one that it is most like.
pub(super) fn compare(base: &Policy, head: &Policy, found: &mut Found) {
    let (old, new) = (told(base), told(head));
    let mut pairs = Pairs { old: (0..old.len()).collect(), new: (0..new.len()).collect(), found: BTreeMap::new() };
    let days = |told: &Told<'_>| {
        let first = told.waiver.first_approved_on.as_ref().map(|first| first.value.0);
        format!("{} {:?} {}", told.waiver.approved_on.value, first, told.words())
    };
    pairs.by(|at| (old[at].name.clone(), days(&old[at])), |at| (new[at].name.clone(), days(&new[at])));
    let reason = |told: &Told<'_>| (told.name.clone(), told.waiver.reason.value.clone());
    pairs.by(|at| reason(&old[at]), |at| reason(&new[at]));
    pairs.by(|at| old[at].name.clone(), |at| new[at].name.clone());
    alike(&old, &new, &mut pairs);
    for (at, successor) in new.iter().enumerate() {
        match pairs.found.get(&at) {
            Some(before) => changed(&old[*before], successor, found),
            None => found.add(Effect::Weaker, &successor.subject(), None, None, Some(&successor.words())),
        }
    }
    for at in pairs.old {
        found.add(Effect::Stronger, &old[at].subject(), None, Some(&old[at].words()), None);
    }
}

fn told(policy: &Policy) -> Vec<Told<'_>> {
    policy.document().waivers.iter().map(Told::new).collect()
}

/// Which of the new ones is which of the old ones, by position.
struct Pairs {
    /// The old ones that are left.
    old: Vec<usize>,
    /// The new ones that are left.
    new: Vec<usize>,
    /// The old one of each new one that was found.
    found: BTreeMap<usize, usize>,
}

impl Pairs {
    /// Matches those of the same key, in order.
    fn by<K: std::hash::Hash + Eq>(&mut self, old: impl Fn(usize) -> K, new: impl Fn(usize) -> K) {
        let mut left: HashMap<K, Vec<usize>> = HashMap::new();
        for at in self.old.iter().rev() {
            left.entry(old(*at)).or_default().push(*at);
        }
        let mut pairs = Vec::new();
        self.new.retain(|at| match left.get_mut(&new(*at)).and_then(Vec::pop) {
            Some(before) => {
                pairs.push((*at, before));
                false
            }
            None => true,
        });
        self.take(pairs);
    }

    fn take(&mut self, pairs: Vec<(usize, usize)>) {
        self.found.extend(pairs);
        let (new, old): (HashSet<&usize>, HashSet<&usize>) = self.found.iter().unzip();
        self.new.retain(|at| !new.contains(at));
        self.old.retain(|at| !old.contains(at));
    }
}

/// Matches what is left by likeness, unless there is too much of it: then all of it went and came.
fn alike(old: &[Told<'_>], new: &[Told<'_>], pairs: &mut Pairs) {
    let words = |told: &Told<'_>| told.controls.len() + told.assets.len();
    let work: usize = pairs.new.iter().map(|at| words(&new[*at])).sum();
    if work.saturating_mul(pairs.old.len()) > MAX_WORK {
        return;
    }
    let mut likely: Vec<(usize, usize, usize)> = Vec::new();
    for at in &pairs.old {
        let before = &old[*at];
        let controls: HashSet<&str> = before.controls.iter().map(String::as_str).collect();
        let assets: HashSet<&str> = before.assets.iter().map(String::as_str).collect();
        for other in &pairs.new {
            let after = &new[*other];
            let shared =
                |words: &[String], of: &HashSet<&str>| words.iter().filter(|word| of.contains(&***word)).count();
            let (controls, assets) = (shared(&after.controls, &controls), shared(&after.assets, &assets));
            let same_reason = before.waiver.reason.value == after.waiver.reason.value;
            let says_the_same = same_reason || before.waiver.approved_on.value == after.waiver.approved_on.value;
            if controls > 0 && (assets > 0 || says_the_same) {
                likely.push((controls + 2 * assets + usize::from(same_reason), *at, *other));
            }
        }
    }
    likely.sort_by_key(|(likeness, at, other)| (std::cmp::Reverse(*likeness), *at, *other));
    let (mut taken, mut chosen) = (HashSet::new(), BTreeMap::new());
    for (_, at, other) in likely {
        if !taken.contains(&at) && !chosen.contains_key(&other) {
            taken.insert(at);
            chosen.insert(other, at);
        }
    }
    pairs.take(chosen.into_iter().collect());
}

/// Compares the exclusions, by system, name and whether they speak of what is private. Several may agree in
/// all of that: then the one that lasts longest is compared with the one that lasted longest.
pub(super) fn exclusions(base: &Policy, head: &Policy, found: &mut Found) {
    let name = |exclude: &Exclude| {
        let private = match exclude.private.as_ref().map(|private| private.value) {
            None => "",
            Some(true) => " (private)",
            Some(false) => " (public)",
        };
        format!("{}/{}{private}", exclude.r#in.value, exclude.name.text)
    };
    let words = |exclude: &Exclude| {
        format!("by {} until {}: {}", exclude.owner.value, exclude.review_by.value, exclude.reason.value)
    };
    let (old, new) = (&base.document().exclude, &head.document().exclude);
    let by_end = |all: &[Exclude]| {
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(all[*at].review_by.value));
        order
    };
    let mut pairs = Pairs { old: by_end(old), new: by_end(new), found: BTreeMap::new() };
    pairs.by(|at| (name(&old[at]), words(&old[at])), |at| (name(&new[at]), words(&new[at])));
    pairs.by(|at| name(&old[at]), |at| name(&new[at]));
    for (at, successor) in new.iter().enumerate() {
        let subject = Subject::Exclusion(name(successor));
        let Some(exclude) = pairs.found.get(&at).map(|before| &old[*before]) else {
            found.add(Effect::Weaker, &subject, None, None, Some(&words(successor)));
            continue;
        };
        day(found, &subject, "review_by", exclude.review_by.value, successor.review_by.value, Effect::Weaker);
        for (key, before, after) in
            [("reason", &exclude.reason, &successor.reason), ("owner", &exclude.owner, &successor.owner)]
        {
            text(found, &subject, key, &before.value, &after.value);
        }
    }
    pairs.old.sort_unstable();
    for at in pairs.old {
        found.add(Effect::Stronger, &Subject::Exclusion(name(&old[at])), None, Some(&words(&old[at])), None);
    }
}

fn changed(old: &Told<'_>, new: &Told<'_>, found: &mut Found) {
    let subject = new.subject();
    let only = |of: &[String], other: &[String]| -> Vec<String> {
        let other: HashSet<&String> = other.iter().collect();
        of.iter().filter(|word| !other.contains(word)).cloned().collect()
    };
    let mut list = |key: &str, dropped: &[String], added: &[String]| {
        if !added.is_empty() {
            found.add(Effect::Weaker, &subject, Some(key), None, Some(&added.join(", ")));
        }
        if !dropped.is_empty() {
            found.add(Effect::Stronger, &subject, Some(key), Some(&dropped.join(", ")), None);
        }
    };
    list("control", &only(&old.controls, &new.controls), &only(&new.controls, &old.controls));
    // What the other side's patterns take in already is nothing new, and nothing less.
    let dropped = not_taken_in(only(&old.assets, &new.assets), new.waiver);
    let added = not_taken_in(only(&new.assets, &old.assets), old.waiver);
    list("assets", &dropped, &added);
    let (old, new) = (old.waiver, new.waiver);
    day(found, &subject, "expires", old.expires.value, new.expires.value, Effect::Weaker);
    text(found, &subject, "reason", &old.reason.value, &new.reason.value);
    text(found, &subject, "approved_by", &old.approved_by.value, &new.approved_by.value);
    // It counts from the one day on, and may stand for so long after the other.
    day(found, &subject, "approved_on", old.approved_on.value, new.approved_on.value, Effect::Stronger);
    let first =
        |waiver: &Waiver| waiver.first_approved_on.as_ref().map_or(waiver.approved_on.value, |first| first.value);
    day(found, &subject, "first_approved_on", first(old), first(new), Effect::Weaker);
}

/// Returns those patterns of which the patterns of the waiver do not surely take in all that they name.
fn not_taken_in(mut patterns: Vec<String>, by: &Waiver) -> Vec<String> {
    let others = &by.assets.value.0;
    if patterns.len().saturating_mul(others.len()) > MAX_WORK {
        return patterns;
    }
    let takes_in = |text: &str| {
        // An id is also all `id/item` to which its entry expands; an `id/item` is that one.
        let entry = text.split_once('/').map(|(entry, _)| entry);
        others.iter().any(|other| {
            let other = &other.value;
            let to_the_end = other.text.ends_with('*') && !other.text.ends_with("\\*");
            match entry {
                None => to_the_end && other.matches(text),
                Some(entry) => other.matches(text) || other.is_literal() && other.text == entry,
            }
        })
    };
    patterns.retain(|text| !(NamePattern::new(text).is_ok_and(|pattern| pattern.is_literal()) && takes_in(text)));
    patterns
}

/// Compares two days, of which the later one does what `later` says.
fn day(found: &mut Found, subject: &Subject, key: &str, before: Day, after: Day, later: Effect) {
    if before != after {
        let effect = match later {
            _ if after > before => later,
            Effect::Weaker => Effect::Stronger,
            Effect::Stronger => Effect::Weaker,
            Effect::Different => Effect::Different,
        };
        found.add(effect, subject, Some(key), Some(&before.to_string()), Some(&after.to_string()));
    }
}

fn text(found: &mut Found, subject: &Subject, key: &str, before: &str, after: &str) {
    if before != after {
        found.add(Effect::Different, subject, Some(key), Some(before), Some(after));
    }
}
