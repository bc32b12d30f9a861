//! Waivers and exclusions compared: what is accepted or left out besides what was before.
//!
//! What a waiver does to verdicts is left to the judge.

use super::{Effect, Found, Subject};
use crate::policy::Policy;
use crate::policy::document::{Exclude, Waiver};
use crate::policy::values::{Day, NamePattern};

/// Compares the waivers. They have no ids, so each is matched with the one that it is most like.
pub(super) fn compare(base: &Policy, head: &Policy, found: &mut Found) {
    let (old, new) = (&base.document().waivers, &head.document().waivers);
    let mut pairs: Vec<(u32, usize, usize)> = Vec::new();
    for (at, waiver) in old.iter().enumerate() {
        for (other, successor) in new.iter().enumerate() {
            pairs.extend(Some((likeness(waiver, successor), at, other)).filter(|(likeness, ..)| *likeness > 0));
        }
    }
    pairs.sort_by_key(|(likeness, at, other)| (std::cmp::Reverse(*likeness), *at, *other));
    let mut partner_of_new = vec![None; new.len()];
    let mut is_matched = vec![false; old.len()];
    for (_, at, other) in pairs {
        if !is_matched[at] && partner_of_new[other].is_none() {
            is_matched[at] = true;
            partner_of_new[other] = Some(at);
        }
    }
    for (waiver, partner) in new.iter().zip(partner_of_new) {
        match partner {
            Some(at) => changed(&old[at], waiver, found),
            None => found.add(Effect::Weaker, &name(waiver), None, None, Some(&words(waiver))),
        }
    }
    for (waiver, _) in old.iter().zip(is_matched).filter(|(_, is_matched)| !is_matched) {
        found.add(Effect::Stronger, &name(waiver), None, Some(&words(waiver)), None);
    }
}

/// Compares the exclusions, by system, name and whether they speak of what is private.
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
    for exclude in old {
        let subject = Subject::Exclusion(name(exclude));
        let Some(successor) = new.iter().find(|other| name(other) == name(exclude)) else {
            found.add(Effect::Stronger, &subject, None, Some(&words(exclude)), None);
            continue;
        };
        day(found, &subject, "review_by", exclude.review_by.value, successor.review_by.value);
        for (key, before, after) in
            [("reason", &exclude.reason, &successor.reason), ("owner", &exclude.owner, &successor.owner)]
        {
            text(found, &subject, key, &before.value, &after.value);
        }
    }
    for exclude in new.iter().filter(|exclude| old.iter().all(|other| name(other) != name(exclude))) {
        found.add(Effect::Weaker, &Subject::Exclusion(name(exclude)), None, None, Some(&words(exclude)));
    }
}

fn name(waiver: &Waiver) -> Subject {
    Subject::Waiver(format!("{} of {}", controls(waiver).join(", "), patterns(waiver).join(", ")))
}

fn words(waiver: &Waiver) -> String {
    format!("until {}, approved by {}: {}", waiver.expires.value, waiver.approved_by.value, waiver.reason.value)
}

fn controls(waiver: &Waiver) -> Vec<String> {
    waiver.control.value.0.iter().map(|control| control.value.to_string()).collect()
}

fn patterns(waiver: &Waiver) -> Vec<String> {
    waiver.assets.value.0.iter().map(|pattern| pattern.value.text.clone()).collect()
}

/// Returns how much two waivers are one and the same; 0 for not at all.
fn likeness(old: &Waiver, new: &Waiver) -> u32 {
    let shared = |a: &[String], b: &[String]| a.iter().filter(|word| b.contains(word)).count();
    let (controls, assets) = (shared(&controls(old), &controls(new)), shared(&patterns(old), &patterns(new)));
    let says_the_same = old.reason.value == new.reason.value || old.approved_on.value == new.approved_on.value;
    if controls == 0 || assets == 0 && !says_the_same {
        return 0;
    }
    let count = controls + 2 * assets + usize::from(old.reason.value == new.reason.value);
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn changed(old: &Waiver, new: &Waiver, found: &mut Found) {
    let subject = name(new);
    more_or_less(found, &subject, "control", &controls(old), &controls(new));
    // What an old pattern takes in already is nothing new.
    let before = patterns(old);
    let takes_in = |text: &str| {
        let literal = NamePattern::new(text).is_ok_and(|pattern| pattern.is_literal());
        literal && old.assets.value.0.iter().any(|pattern| pattern.value.matches(text))
    };
    let after: Vec<String> =
        patterns(new).into_iter().filter(|text| before.contains(text) || !takes_in(text)).collect();
    more_or_less(found, &subject, "assets", &before, &after);
    day(found, &subject, "expires", old.expires.value, new.expires.value);
    text(found, &subject, "reason", &old.reason.value, &new.reason.value);
    text(found, &subject, "approved_by", &old.approved_by.value, &new.approved_by.value);
    let (before, after) = (old.approved_on.value.to_string(), new.approved_on.value.to_string());
    text(found, &subject, "approved_on", &before, &after);
    let first = |waiver: &Waiver| {
        waiver.first_approved_on.as_ref().map_or(waiver.approved_on.value, |first| first.value).to_string()
    };
    text(found, &subject, "first_approved_on", &first(old), &first(new));
}

/// Compares what a waiver lists: each accepts something.
fn more_or_less(found: &mut Found, subject: &Subject, key: &str, before: &[String], after: &[String]) {
    let only = |of: &[String], other: &[String]| -> String {
        of.iter().filter(|word| !other.contains(word)).map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let (dropped, added) = (only(before, after), only(after, before));
    if !added.is_empty() {
        found.add(Effect::Weaker, subject, Some(key), None, Some(&added));
    }
    if !dropped.is_empty() {
        found.add(Effect::Stronger, subject, Some(key), Some(&dropped), None);
    }
}

/// Compares the last day on which something is accepted or left out.
fn day(found: &mut Found, subject: &Subject, key: &str, before: Day, after: Day) {
    if before != after {
        let effect = if after > before { Effect::Weaker } else { Effect::Stronger };
        found.add(effect, subject, Some(key), Some(&before.to_string()), Some(&after.to_string()));
    }
}

fn text(found: &mut Found, subject: &Subject, key: &str, before: &str, after: &str) {
    if before != after {
        found.add(Effect::Different, subject, Some(key), Some(before), Some(after));
    }
}
