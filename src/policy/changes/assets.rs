//! Assets and their copies compared: what is asked of each, and what is claimed.
//!
//! Keys without a direction are left to `keys`.

use std::collections::BTreeMap;

use super::keys::{self, Keys, Written};
use super::{Effect, Found, Subject};
use crate::model::time::Instant;
use crate::model::{Facet, Severity, Timespan};
use crate::policy::{Asset, At, OrUnknown, Policy};

/// The words for a demand that is not made.
const NOT_ASKED: &str = "not asked";

/// Keys of an asset that are compared here, or that change nothing but words.
const TREATED: [&str; 8] = ["id", "section", "title", "notes", "objective", "owner", "grace", "facets"];

/// Compares all assets.
pub(super) fn compare(base: &Policy, head: &Policy, as_of: Instant, found: &mut Found) {
    let (old_keys, new_keys) = (keys::of_assets(base), keys::of_assets(head));
    let new: BTreeMap<&str, &Asset> = by_id(head);
    for asset in &base.document().assets {
        let id = asset.id.value.0.as_str();
        let subject = Subject::Asset(id.to_owned());
        let Some(successor) = new.get(id) else {
            found.add(Effect::Weaker, &subject, None, Some(&objective_words(base, asset)), None);
            continue;
        };
        objectives((base, asset), (head, successor), as_of, &subject, found);
        found.sets(&subject, "facets", &facets(asset), &facets(successor));
        // Without a grace, newcomers are asked at once.
        let grace = |asset: &Asset| match &asset.grace {
            None => (Some(0), "none".to_owned()),
            Some(grace) => (Some(-grace.seconds_before(as_of)), grace.to_string()),
        };
        found.ranked(&subject, "grace", &grace(asset), &grace(successor));
        found.owner(&subject, asset.owner.as_ref(), successor.owner.as_ref());
        let (Some(old), Some(new)) = (old_keys.get(id), new_keys.get(id)) else { continue };
        keys::compare(&old.own, &new.own, &subject, |key| !TREATED.contains(&key), found);
        copies(id, old, new, (asset, successor), found);
    }
    let old: BTreeMap<&str, &Asset> = by_id(base);
    for asset in head.document().assets.iter().filter(|asset| !old.contains_key(asset.id.value.0.as_str())) {
        let subject = Subject::Asset(asset.id.value.0.clone());
        // What a system shows is a gap until it is an asset, with whatever objective.
        let takes_in = (asset.each.is_some() || asset.name.is_some())
            && head.system(&asset.lives_in.value).is_some_and(|system| system.kind().must_be_declared());
        let effect = if takes_in { Effect::Different } else { Effect::Stronger };
        found.add(effect, &subject, None, None, Some(&objective_words(head, asset)));
    }
}

fn by_id(policy: &Policy) -> BTreeMap<&str, &Asset> {
    policy.document().assets.iter().map(|asset| (asset.id.value.0.as_str(), asset)).collect()
}

fn facets(asset: &Asset) -> Vec<String> {
    asset.facets.iter().map(|facet: &At<Facet>| facet.value.to_string()).collect()
}

/// Returns what is asked of an asset in one line, for one that comes or goes.
fn objective_words(policy: &Policy, asset: &Asset) -> String {
    let rpo = policy.objective(asset).map(|objective| match &objective.rpo.value {
        OrUnknown::Unknown => "unknown".to_owned(),
        OrUnknown::Known(rpo) => rpo.to_string(),
    });
    format!("in {}, rpo {}", asset.lives_in.value, rpo.unwrap_or_default())
}

/// Compares what is asked of one asset, whatever the objectives are called.
fn objectives(
    (base, asset): (&Policy, &Asset),
    (head, successor): (&Policy, &Asset),
    as_of: Instant,
    subject: &Subject,
    found: &mut Found,
) {
    let (Some(old), Some(new)) = (base.objective(asset), head.objective(successor)) else { return };
    let seconds = |span: &Timespan| span.seconds_before(as_of);
    let shortest = |span: Option<&At<Timespan>>| match span {
        None => (None, NOT_ASKED.to_owned()),
        Some(span) => (Some(-seconds(span)), span.to_string()),
    };
    let longest = |span: Option<&At<Timespan>>| match span {
        None => (None, NOT_ASKED.to_owned()),
        Some(span) => (Some(seconds(span)), span.to_string()),
    };
    let rpo = |rpo: &OrUnknown<Timespan>| match rpo {
        OrUnknown::Unknown => (None, "unknown".to_owned()),
        OrUnknown::Known(span) => (Some(-seconds(span)), span.to_string()),
    };
    found.ranked(subject, "rpo", &rpo(&old.rpo), &rpo(&new.rpo));
    found.ranked(subject, "rto", &shortest(old.rto.as_ref()), &shortest(new.rto.as_ref()));
    let attainment = |objective: &crate::policy::Objective| match &objective.attainment {
        None => (None, NOT_ASKED.to_owned()),
        Some(share) => (Some(i64::from(share.value.0)), share.to_string()),
    };
    found.ranked(subject, "attainment", &attainment(old), &attainment(new));
    let evidence = |objective: &crate::policy::Objective| match &objective.evidence {
        None => (None, NOT_ASKED.to_owned()),
        Some(grade) => (Some(i64::from(grade.value as u8)), grade.to_string()),
    };
    found.ranked(subject, "evidence", &evidence(old), &evidence(new));
    let copies = |objective: &crate::policy::Objective| {
        let count = objective.copies.as_ref().map_or(1, |copies| copies.value);
        (Some(i64::try_from(count).unwrap_or(i64::MAX)), count.to_string())
    };
    found.ranked(subject, "copies", &copies(old), &copies(new));
    let independent = |objective: &crate::policy::Objective| -> Vec<String> {
        objective.independent.iter().flat_map(|keys| keys.value.iter().map(|key| key.value.clone())).collect()
    };
    found.sets(subject, "independent", &independent(old), &independent(new));
    found.ranked(subject, "retention", &longest(old.retention.as_ref()), &longest(new.retention.as_ref()));
    let tests = |objective: &crate::policy::Objective| shortest(objective.restore_test_every.as_ref());
    found.ranked(subject, "restore_test_every", &tests(old), &tests(new));
    let immutable = |objective: &crate::policy::Objective| {
        let asked = objective.immutable.as_ref().is_some_and(|asked| asked.value);
        (Some(i64::from(asked)), asked.to_string())
    };
    found.ranked(subject, "immutable", &immutable(old), &immutable(new));
    let severity = |objective: &crate::policy::Objective| {
        let severity = objective.severity.as_ref().map_or(Severity::Medium, |severity| severity.value);
        (Some(i64::from(severity as u8)), severity.to_string())
    };
    found.ranked(subject, "severity", &severity(old), &severity(new));
}

/// Compares the copies of one asset.
fn copies(id: &str, old: &Keys, new: &Keys, assets: (&Asset, &Asset), found: &mut Found) {
    let subject = Subject::Asset(id.to_owned());
    let words = |asset: &Asset| match asset.copies.value.known() {
        None => "unknown",
        Some(copies) if copies.is_empty() => "none",
        Some(_) => "listed",
    };
    let (before, after) = (words(assets.0), words(assets.1));
    if before != after {
        found.add(Effect::Different, &subject, Some("copies"), Some(before), Some(after));
    }
    let copy = |name: &str| Subject::Copy(id.to_owned(), name.to_owned());
    for (name, keys) in &old.copies {
        match new.copies.get(name) {
            None => found.add(Effect::Weaker, &copy(name), None, Some(&method(keys)), None),
            Some(successor) => keys::compare(keys, successor, &copy(name), |key| key != "id", found),
        }
    }
    for (name, keys) in new.copies.iter().filter(|(name, _)| !old.copies.contains_key(*name)) {
        found.add(Effect::Different, &copy(name), None, None, Some(&method(keys)));
    }
}

fn method(keys: &Written) -> String {
    let of = |key: &str| keys.get(key).map(String::as_str);
    let place = of("in").map(|place| format!(" in {place}")).unwrap_or_default();
    format!("by {}{place}", of("by").unwrap_or("unknown"))
}
