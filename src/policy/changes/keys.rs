//! Keys compared as they are written: copies, systems and restore tests.
//!
//! What an asset is asked for is left to `assets`: there defaults count.

use std::collections::{BTreeMap, HashMap};

use super::{Effect, Found, Subject};
use crate::policy::Policy;
use crate::policy::document::RestoreTest;
use crate::policy::node::{self, Node, Value};
use crate::policy::values::Outcome;

/// The keys of a mapping with their values in one line, nested mappings in the order of their keys.
pub(super) type Written = BTreeMap<String, String>;

/// An asset as it is written.
pub(super) struct Keys {
    /// Its own keys but for `copies`.
    pub(super) own: Written,
    /// Its copies, by id.
    pub(super) copies: BTreeMap<String, Written>,
}

/// Returns the assets of a policy as they are written, by id.
pub(super) fn of_assets(policy: &Policy) -> BTreeMap<String, Keys> {
    let root = root(policy);
    let assets = root.as_ref().and_then(|root| root.get("assets")?.list()).unwrap_or_default();
    let keys = |asset: &Node| {
        let id = asset.get("id")?.text()?.to_owned();
        let mut own = written(asset);
        own.remove("copies");
        let copies = asset.get("copies").and_then(Node::list).unwrap_or_default();
        let copies = copies.iter().filter_map(|copy| Some((copy.get("id")?.text()?.to_owned(), written(copy))));
        Some((id, Keys { own, copies: copies.collect() }))
    };
    assets.iter().filter_map(keys).collect()
}

/// Returns the systems of a policy as they are written, by id.
pub(super) fn of_systems(policy: &Policy) -> BTreeMap<String, Written> {
    let root = root(policy);
    let Some(Value::Map(systems)) = root.as_ref().and_then(|root| root.get("systems")).map(|node| &node.value) else {
        return BTreeMap::new();
    };
    systems.iter().map(|(id, system)| (line(id), written(system))).collect()
}

/// Compares the systems.
pub(super) fn systems(base: &Policy, head: &Policy, found: &mut Found) {
    let (old, new) = (of_systems(base), of_systems(head));
    let kind = |system: &Written| system.get("kind").cloned().unwrap_or_default();
    for (id, system) in &old {
        let subject = Subject::System(id.clone());
        match new.get(id) {
            None => found.add(Effect::Different, &subject, None, Some(&kind(system)), None),
            Some(successor) => compare(system, successor, &subject, |key| key != "title", found),
        }
    }
    for (id, system) in new.iter().filter(|(id, _)| !old.contains_key(*id)) {
        found.add(Effect::Different, &Subject::System(id.clone()), None, None, Some(&kind(system)));
    }
}

/// Compares the restore tests: a passed one is evidence that a policy itself brings, and a failed one
/// that goes away hides a failure.
pub(super) fn restore_tests(base: &Policy, head: &Policy, found: &mut Found) {
    let name = |test: &RestoreTest| {
        let copy = test.copy.as_ref().map(|copy| format!(":{}", copy.value)).unwrap_or_default();
        format!("{}{copy} on {}", test.asset.value, test.on.value)
    };
    let words = |test: &RestoreTest| {
        let by = test.tested_by.as_ref().map(|by| format!(" by {}", by.value)).unwrap_or_default();
        let took = test.took.as_ref().map(|took| format!(" in {}", took.value)).unwrap_or_default();
        let reviewed = test.reviewed_by.as_ref().map(|by| format!(", reviewed by {}", by.value)).unwrap_or_default();
        let reference = test.reference.as_ref().map(|place| format!(", see {}", place.value)).unwrap_or_default();
        format!("{}{took}{by}{reviewed}{reference}", test.result.value)
    };
    // Two tests of one day are told apart by what they say.
    let all = |policy: &Policy| -> Vec<(String, String, Outcome)> {
        policy.document().restore_tests.iter().map(|test| (name(test), words(test), test.result.value)).collect()
    };
    let (old, new) = (all(base), all(head));
    let unmatched = |of: &[(String, String, Outcome)], others: &[(String, String, Outcome)]| {
        let mut left: HashMap<(&str, &str), usize> = HashMap::new();
        for (name, words, _) in others {
            *left.entry((name, words)).or_default() += 1;
        }
        let mut unmatched = Vec::new();
        for test in of {
            match left.get_mut(&(test.0.as_str(), test.1.as_str())) {
                Some(count) if *count > 0 => *count -= 1,
                _ => unmatched.push(test.clone()),
            }
        }
        unmatched
    };
    for (name, words, result) in unmatched(&old, &new) {
        let effect = if result == Outcome::Failed { Effect::Weaker } else { Effect::Different };
        found.add(effect, &Subject::RestoreTest(name), None, Some(&words), None);
    }
    for (name, words, _) in unmatched(&new, &old) {
        found.add(Effect::Different, &Subject::RestoreTest(name), None, None, Some(&words));
    }
}

/// Compares two mappings key by key, those keys that `counts` names.
pub(super) fn compare(
    old: &Written,
    new: &Written,
    subject: &Subject,
    counts: impl Fn(&str) -> bool,
    found: &mut Found,
) {
    // What a number or a day asks for depends on how the copy is proven.
    let is_other_method = old.get("by") != new.get("by");
    let mut keys: Vec<&String> = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))).collect();
    keys.retain(|key| counts(key));
    for key in keys {
        let (before, after) = (old.get(key).map(String::as_str), new.get(key).map(String::as_str));
        if before != after {
            let effect = match effect(key, before, after) {
                _ if is_other_method && key != "claim" => Effect::Different,
                effect => effect,
            };
            found.add(effect, subject, Some(key), before, after);
        }
    }
}

/// Returns what the change of one key of a copy does, where its name alone tells.
fn effect(key: &str, before: Option<&str>, after: Option<&str>) -> Effect {
    let direction = |asks_less: bool| if asks_less { Effect::Weaker } else { Effect::Stronger };
    let number = |text: Option<&str>| text.map_or(Some(0.0), |text| text.trim_end_matches('%').parse::<f64>().ok());
    match key {
        // A sentence that is no longer quoted is no longer under audit.
        "claim" if after.is_none() => Effect::Weaker,
        "claim" if before.is_none() => Effect::Stronger,
        "min_bytes" | "min_items" => match (number(before), number(after)) {
            (Some(before), Some(after)) => direction(after < before),
            _ => Effect::Different,
        },
        // All is compared where no share is named.
        "sample" => match (before, after) {
            (None, _) => Effect::Weaker,
            (_, None) => Effect::Stronger,
            (before, after) => match (number(before), number(after)) {
                (Some(before), Some(after)) => direction(after < before),
                _ => Effect::Different,
            },
        },
        // A statement counts through that day; days sort as text.
        "expires" => direction(after > before),
        _ => Effect::Different,
    }
}

/// Returns the tree of a policy; `None` for none, which a policy that was read has.
fn root(policy: &Policy) -> Option<Node> {
    node::parse(&policy.source).ok()
}

/// Returns the keys of a mapping; a key without a value is as one that is not there.
fn written(node: &Node) -> Written {
    let Value::Map(entries) = &node.value else { return Written::new() };
    let entries = entries.iter().filter(|(_, value)| !matches!(value.value, Value::Null));
    entries.map(|(key, value)| (line(key), line(value))).collect()
}

/// Returns a value in one line, no two values the same: text that could be taken for a list or a mapping,
/// or for more than one value of one, stands in quotes.
fn line(node: &Node) -> String {
    match &node.value {
        Value::Text(text) if text.starts_with(['[', '{', '"']) => format!("{text:?}"),
        Value::Text(text) => text.clone(),
        _ => nested(node),
    }
}

/// Returns a value inside a list or a mapping, which commas and colons divide.
fn nested(node: &Node) -> String {
    let quoted = |text: &str| {
        if text.contains([',', ':', '[', ']', '{', '}', '"']) { format!("{text:?}") } else { text.to_owned() }
    };
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(nested).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries = entries.iter().filter(|(_, value)| !matches!(value.value, Value::Null));
            let pairs: BTreeMap<String, String> = entries.map(|(key, value)| (nested(key), nested(value))).collect();
            let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}
