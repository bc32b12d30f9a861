//! Checks of copies of files: in a bucket, in an Artifactory.
//!
//! Knows one asset and one copy of it. Whether two copies are one, and whether a copy is the original itself,
//! is left to `places`.

use super::decode::{At, Draft};
use super::document::{ArtifactMirror, Asset, BackupConfig, Copy, ObjectMirror, Objects};
use super::fault::{Fault, Faults};
use super::node::Node;
use super::places::{joined, segments};
use super::values::Prefix;
use crate::model::Method;

/// What stands for the item's name.
const NAME: &str = "{name}";

/// Checks that recovery points, of an entry that expands to many items, are looked for per item: else one
/// dump would be the backup of everything, also of what was made after it.
pub(super) fn of_one_item(asset: Draft<'_, Asset>, copy: Draft<'_, Copy>, key: &str, faults: &mut Faults) {
    let Some(each) = asset.each() else { return };
    let place = copy.node.get(key);
    let is_told = place.and_then(Node::text).is_some_and(|text| text.contains(NAME));
    if each.is_some() && !is_told {
        faults.push(
            Fault::new(place.unwrap_or(copy.node).head(), "every item of this asset would have the same recovery points")
                .help(format!(
                    "put `{NAME}` where the item's name stands in `{key}`; or declare what holds them all as an asset of its own, and write `by: included`"
                )),
        );
    }
    names(asset, copy, faults);
}

/// Checks a copy that is compared with its original, item by item.
pub(super) fn mirror(asset: Draft<'_, Asset>, copy: Draft<'_, Copy>, faults: &mut Faults) {
    names(asset, copy, faults);
    let Some(of) = of(copy) else { return };
    let (Some(each), Some(name), Some(path)) = (asset.each(), asset.name(), asset.path()) else { return };
    let name = if each.is_some() { NAME.to_owned() } else { name.map(|name| name.value).unwrap_or_default() };
    let own = joined(&[&name, path.as_ref().map_or("", |path| path.value.as_str())]);
    let part = segments(&of.value);
    if !own.is_empty() && !part.is_empty() && part != own {
        faults.push(
            Fault::new(of.span, "this is a copy of a part of the asset, and would count as one of all of it")
                .help("leave `of` out and give the asset the `path`, or make the part an asset of its own"),
        );
    }
}

/// Checks that the mirrors of one asset are of the same: two halves are not two copies.
pub(super) fn same_part(copies: &[Node], faults: &mut Faults) {
    let mut first: Option<At<String>> = None;
    for of in copies.iter().filter_map(|copy| of(Draft::new(copy))) {
        match &first {
            None => first = Some(of),
            Some(known) if segments(&known.value) != segments(&of.value) => faults.push(
                Fault::new(of.span, "this copy is of another part of the asset than an earlier one")
                    .related(known.span.clone(), "the earlier one")
                    .help("make each part an asset of its own"),
            ),
            Some(_) => {}
        }
    }
}

/// Checks that a backup configuration is that of the system in which the asset lives.
pub(super) fn own_configuration(asset: Draft<'_, Asset>, copy: Draft<'_, Copy>, faults: &mut Faults) {
    let (Some(lives_in), Some(place)) = (asset.lives_in(), copy.place()) else { return };
    if Draft::<BackupConfig>::new(copy.node).key().is_some()
        && place.known().is_some_and(|place| *place != lives_in.value)
    {
        faults.push(
            Fault::new(place.span, "a system's backup configuration speaks of that system alone")
                .related(lives_in.span, "the asset lives here")
                .help("write the system in which the asset lives"),
        );
    }
}

/// Returns what a mirror says it is a copy of; `None` where it says nothing, and for other copies.
fn of<'n>(copy: Draft<'n, Copy>) -> Option<At<String>> {
    match copy.method()? {
        Method::ObjectMirror => Draft::<'n, ObjectMirror>::new(copy.node).of()?,
        Method::ArtifactMirror => Draft::<'n, ArtifactMirror>::new(copy.node).of()?,
        _ => None,
    }
}

/// Checks where the name of an item stands: a prefix is how keys begin, and `{name}` alone would also be how
/// the keys of an item with a longer name begin.
fn names(asset: Draft<'_, Asset>, copy: Draft<'_, Copy>, faults: &mut Faults) {
    let (Some(each), Some(name)) = (asset.each(), asset.name()) else { return };
    for key in ["prefix", "repository", "path", "of"] {
        let Some(value) = copy.node.get(key) else { continue };
        if each.is_none() && name.is_none() && value.text().is_some_and(|text| text.contains(NAME)) {
            faults.push(
                Fault::new(
                    value.span.clone(),
                    format!("`{NAME}` stands for an item's name, and this asset names none"),
                )
                .help("give the asset an `each` or a `name`, or write the name itself"),
            );
        }
    }
    let is_objects = copy.method() == Some(Method::Objects);
    let prefix: Option<Option<At<Prefix>>> = if is_objects {
        Draft::<Objects>::new(copy.node).prefix()
    } else {
        Draft::<ObjectMirror>::new(copy.node).prefix()
    };
    let Some(Some(prefix)) = prefix.filter(|_| is_objects || copy.method() == Some(Method::ObjectMirror)) else {
        return;
    };
    let is_open = |(at, _): (usize, &str)| !prefix.value.0[at + NAME.len()..].starts_with('/');
    if prefix.value.0.match_indices(NAME).any(is_open) {
        faults.push(
            Fault::new(prefix.span.clone(), "the keys of every item whose name only begins so would count too")
                .help(format!("write a `/` after `{NAME}`")),
        );
    }
    if prefix.value.0.starts_with('/') {
        faults.push(Fault::new(prefix.span, "keys of a bucket do not begin with a slash").help("leave it out"));
    }
}
