//! Where the two policies look at different places, so that what was seen for one says nothing of the other.
//!
//! What the difference does to what is asked is left to the files beside; dropping evidence, to the command line.

use std::collections::{BTreeMap, HashSet};

use super::keys::{self, Written};
use crate::model::Method;
use crate::policy::{Asset, Copy, Policy};

/// Keys of a system that do not change what is seen in it.
const SYSTEM: [&str; 2] = ["title", "domains"];

/// Keys of an asset by which its original is found.
const ASSET: [&str; 4] = ["lives_in", "name", "path", "each"];

/// Keys of a copy that are judged and by which nothing is looked for.
const COPY: [&str; 5] = ["claim", "said_in", "said_on", "min_bytes", "min_items"];

/// What of the old policy lies elsewhere in the new one, under the same ids.
#[derive(Debug, Default)]
pub struct Elsewhere {
    systems: HashSet<String>,
    assets: HashSet<String>,
    copies: HashSet<(String, String)>,
    /// Copies of the old policy that it takes looking to know.
    unlooked: Vec<(String, String)>,
    /// Those of them that each policy imports from a file of its own.
    imported: Vec<(String, String)>,
    /// The systems that it takes asking for those.
    asked: HashSet<String>,
    /// Entries of the old policy that have one of those, or rest on an asset that has.
    touched: HashSet<String>,
}

/// Returns what lies elsewhere: what was seen by `head` is no evidence of it as `base` has it.
pub fn elsewhere(base: &Policy, head: &Policy) -> Elsewhere {
    let mut found = Elsewhere::default();
    let (old, new) = (keys::of_systems(base), keys::of_systems(head));
    for (id, system) in &old {
        if new.get(id).is_some_and(|other| differ(system, other, |key| !SYSTEM.contains(&key))) {
            found.systems.insert(id.clone());
        }
    }
    let (old, new) = (keys::of_assets(base), keys::of_assets(head));
    let heads: BTreeMap<&str, &Asset> =
        head.document().assets.iter().map(|asset| (asset.id.value.0.as_str(), asset)).collect();
    for asset in &base.document().assets {
        let id = asset.id.value.0.as_str();
        if found.systems.contains(asset.lives_in.value.as_str()) {
            found.touched.insert(id.to_owned());
        }
        let (Some(keys), Some(others), Some(other)) = (old.get(id), new.get(id), heads.get(id)) else { continue };
        let original = found.systems.contains(asset.lives_in.value.as_str())
            || differ(&keys.own, &others.own, |key| ASSET.contains(&key));
        if original {
            found.assets.insert(id.to_owned());
            found.touched.insert(id.to_owned());
        }
        for copy in asset.copies.known().into_iter().flatten() {
            let name = copy.id();
            let (Some(keys), Some(others)) = (keys.copies.get(name), others.copies.get(name)) else { continue };
            let successor = other.copies.known().into_iter().flatten().find(|other| other.id() == name);
            let by_address = matches!(copy.method(), Method::Http | Method::Import);
            let holder = copy.system().and_then(|system| system.value.known()).map(String::as_str);
            let mut systems = [copy.asked(), holder].into_iter().flatten().filter(|_| !by_address);
            let is_elsewhere = original
                || systems.any(|system| found.systems.contains(system))
                || successor.is_none_or(|other| other.method() != copy.method())
                || differ(keys, others, |key| finds(copy, key));
            if is_elsewhere {
                found.copies.insert((id.to_owned(), name.to_owned()));
                if !matches!(copy.method(), Method::Attestation | Method::Included | Method::Rebuild) {
                    found.unlooked.push((id.to_owned(), name.to_owned()));
                    if copy.method() == Method::Import
                        && successor.is_some_and(|other| other.method() == Method::Import)
                    {
                        found.imported.push((id.to_owned(), name.to_owned()));
                    }
                    found.asked.extend(copy.asked().map(str::to_owned));
                    found.touched.insert(id.to_owned());
                }
            }
        }
    }
    found.spread(base);
    // What is no longer in the policy is told as that.
    found.touched.retain(|id| heads.contains_key(id.as_str()));
    found
}

/// Returns whether something is looked for by that key of a copy.
fn finds(copy: &Copy, key: &str) -> bool {
    match (copy.method(), key) {
        // The wiki is another repository.
        (Method::GitMirror, "covers") => true,
        // The address tells where to look; `in` tells with what it is lost.
        (Method::Http | Method::Import, "in") | (_, "covers" | "id") => false,
        (_, key) => !COPY.contains(&key),
    }
}

fn differ(old: &Written, new: &Written, counts: impl Fn(&str) -> bool) -> bool {
    let mut keys = old.keys().chain(new.keys());
    keys.any(|key| counts(key) && old.get(key) != new.get(key))
}

impl Elsewhere {
    /// Returns what is left of it where nothing is looked at and the files that each policy imports are read:
    /// nothing is dropped.
    #[must_use]
    pub fn with_files_of_each(self) -> Self {
        Self { imported: self.imported, ..Self::default() }
    }

    /// Returns the copies that were judged by a file of its own for each policy: `asset:copy`. Empty unless
    /// those were read.
    pub fn own_files(&self) -> Vec<String> {
        if !self.unlooked.is_empty() {
            return Vec::new();
        }
        self.imported.iter().map(|(asset, copy)| format!("{asset}:{copy}")).collect()
    }

    /// Adds the entries that travel in, or are derived from, one whose copies lie elsewhere.
    fn spread(&mut self, base: &Policy) {
        let entry = |named: &str| named.split_once('/').map_or(named, |(entry, _)| entry).to_owned();
        let rests: Vec<(&str, Vec<String>)> = base
            .document()
            .assets
            .iter()
            .map(|asset| {
                let copies = asset.copies.known().into_iter().flatten();
                let on = copies.flat_map(|copy| match copy {
                    Copy::Included(copy) => vec![entry(&copy.of.value)],
                    Copy::Rebuild(copy) => copy.from.value.0.iter().map(|from| entry(&from.value)).collect(),
                    _ => Vec::new(),
                });
                (asset.id.value.0.as_str(), on.collect())
            })
            .filter(|(_, on): &(_, Vec<String>)| !on.is_empty())
            .collect();
        loop {
            let before = self.touched.len();
            for (id, on) in &rests {
                if on.iter().any(|other| self.touched.contains(other)) {
                    self.touched.insert((*id).to_owned());
                }
            }
            if self.touched.len() == before {
                return;
            }
        }
    }

    /// Returns whether what was seen of this asset, copy or system by the new policy says nothing of it as
    /// the old one has it. An asset may be named by `id/item`.
    pub fn drops(&self, asset: Option<&str>, copy: Option<&str>, system: Option<&str>) -> bool {
        let asset = asset.map(|asset| asset.split_once('/').map_or(asset, |(entry, _)| entry));
        match (asset, copy) {
            (Some(asset), Some(copy)) => self.copies.contains(&(asset.to_owned(), copy.to_owned())),
            (Some(asset), None) => self.assets.contains(asset),
            (None, _) => system.is_some_and(|system| self.systems.contains(system)),
        }
    }

    /// Returns whether nobody looked at all of the places that a finding of the old policy speaks of.
    pub fn is_unlooked(&self, asset: Option<&str>, system: Option<&str>) -> bool {
        let asset = asset.map(|asset| asset.split_once('/').map_or(asset, |(entry, _)| entry));
        asset.is_some_and(|asset| self.touched.contains(asset))
            || system.is_some_and(|system| self.systems.contains(system) || self.asked.contains(system))
    }

    /// Returns what was not looked at as the old policy has it, systems first: `hub`, `asset:copy`.
    pub fn names(&self) -> Vec<String> {
        let mut systems: Vec<String> = self.systems.iter().cloned().collect();
        systems.sort();
        let copies = self.unlooked.iter().map(|(asset, copy)| format!("{asset}:{copy}"));
        let held: HashSet<&str> = self.unlooked.iter().map(|(asset, _)| asset.as_str()).collect();
        let mut assets: Vec<String> =
            self.assets.iter().filter(|asset| !held.contains(asset.as_str())).cloned().collect();
        assets.sort();
        systems.into_iter().chain(assets).chain(copies).collect()
    }
}
