//! The estate: policy entries expanded by what the systems hold.
//!
//! Decides which assets there are, which are missing and what nobody declared. How well an asset is
//! protected is left to the controls.

use std::collections::{BTreeMap, HashMap};

use super::seen::{Listing, Seen, Told};
use crate::evidence::Item;
use crate::evidence::selection::{leaves_out, leaves_out_private, selects};
use crate::model::SystemKind;
use crate::model::time::Instant;
use crate::policy::document::Exclude;
use crate::policy::{Asset, OrUnknown, Policy, System};

/// One asset under audit.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its id: the entry's, or `entry/item`.
    pub id: Box<str>,
    /// The entry of the policy that declares it.
    pub asset: &'a Asset,
    /// The position of that entry in the policy.
    pub entry: usize,
    /// How it stands to its entry.
    pub membership: Membership,
    /// What its system says of it; `None` where that was not seen.
    pub item: Option<Told<'a>>,
}

/// How an asset stands to the entry that declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// The entry is this one asset.
    Single,
    /// One of the items that the entry expands to.
    Member,
    /// The entry names one item, and the system does not have it.
    Vanished,
    /// All items that the entry may expand to and that were not seen; with the reason.
    Unexpanded(String),
    /// The entry expands to nothing at all.
    Hollow,
}

impl Subject<'_> {
    /// Returns when the asset was created; `None` where that is not known, or in the future and so not
    /// believed. Of two times the earlier, for a younger asset is asked less.
    pub fn created_at(&self, seen: Seen<'_>) -> Option<Instant> {
        self.created(seen).min()
    }

    /// As `created_at`, but of two times the later, for what was said or tested before it says nothing
    /// of the asset.
    pub fn created_last(&self, seen: Seen<'_>) -> Option<Instant> {
        self.created(seen).max()
    }

    fn created(&self, seen: Seen<'_>) -> impl Iterator<Item = Instant> {
        let told = self.item.iter().flat_map(Told::lines).filter_map(|item| item.created_at);
        told.filter(move |created| !seen.is_future(*created))
    }
}

/// Everything under audit.
#[derive(Debug)]
pub struct Estate<'a> {
    /// The assets, in the order of the policy and by name within an entry.
    pub subjects: Vec<Subject<'a>>,
    /// What each system holds, by system id.
    pub listings: BTreeMap<&'a str, Listing<'a>>,
    /// What a system shows that the policy does not name, by system id.
    pub undeclared: BTreeMap<&'a str, Vec<&'a str>>,
    /// How many items each exclusion leaves out, in the policy's order.
    pub excluded: Vec<u64>,
    by_entry: Vec<std::ops::Range<usize>>,
    /// The position of each entry in the policy, by id.
    entries: HashMap<&'a str, usize>,
}

impl<'a> Estate<'a> {
    /// Returns the estate of `policy` as `seen`.
    pub fn expand(policy: &'a Policy, seen: Seen<'a>) -> Self {
        let document = policy.document();
        let listings: BTreeMap<&str, Listing<'a>> = document
            .systems
            .0
            .iter()
            .filter_map(|(id, system)| {
                let kind = system.kind().lists()?;
                let mut listing = seen.inventory(id, kind);
                listing.needs_private = !leaves_out_private(&document.exclude, id, seen.as_of);
                Some((id.value.as_str(), listing))
            })
            .collect();
        let mut subjects = Vec::new();
        let mut by_entry = Vec::new();
        for (entry, asset) in document.assets.iter().enumerate() {
            let start = subjects.len();
            expand_entry(
                asset,
                entry,
                listings.get(asset.lives_in.value.as_str()),
                &document.exclude,
                seen.as_of,
                &mut subjects,
            );
            by_entry.push(start..subjects.len());
        }
        let mut excluded = vec![0; document.exclude.len()];
        let undeclared = document
            .systems
            .0
            .iter()
            .filter(|(_, system)| system.kind().must_be_declared())
            .filter_map(|(id, system)| {
                let listing = listings.get(id.value.as_str())?;
                let names = undeclared(policy, id, system, listing, seen.as_of, &mut excluded);
                Some((id.value.as_str(), names))
            })
            .collect();
        let entries = document.assets.iter().enumerate().map(|(entry, asset)| (asset.id.0.as_str(), entry)).collect();
        Self { subjects, listings, undeclared, excluded, by_entry, entries }
    }

    /// Returns the positions of the subjects that `reference` (`id` or `id/item`) names; none where
    /// the item was not seen.
    pub fn named(&self, reference: &str) -> std::ops::Range<usize> {
        let id = reference.split('/').next().unwrap_or_default();
        let all = self.entries.get(id).and_then(|entry| self.by_entry.get(*entry)).cloned().unwrap_or(0..0);
        if id == reference {
            return all;
        }
        // Members stand in the order of their names.
        let members = all.start
            + self.subjects[all.clone()]
                .partition_point(|subject| subject.membership == Membership::Member && *subject.id < *reference);
        let found = all.contains(&members) && *self.subjects[members].id == *reference;
        if found { members..members + 1 } else { 0..0 }
    }
}

fn expand_entry<'a>(
    asset: &'a Asset,
    entry: usize,
    listing: Option<&Listing<'a>>,
    excludes: &'a [Exclude],
    as_of: Instant,
    subjects: &mut Vec<Subject<'a>>,
) {
    let id = asset.id.0.as_str();
    let mut push = |id: Box<str>, membership, item| subjects.push(Subject { id, asset, entry, membership, item });
    if asset.each.is_none() {
        let item = asset.name.as_ref().zip(listing).and_then(|(name, listing)| listing.named(name.as_str()));
        let gone = asset.name.is_some() && item.is_none() && listing.is_some_and(Listing::is_whole);
        push(id.into(), if gone { Membership::Vanished } else { Membership::Single }, item);
        return;
    }
    let members: Vec<&Told<'a>> = listing
        .into_iter()
        .flat_map(|listing| listing.items.values())
        .filter(|item| asset.each.as_ref().is_some_and(|each| each.value == item.first().kind))
        // An asset too many is seen, an asset too few is not: one line that is selected is enough.
        .filter(|item| asset.select.as_ref().is_none_or(|select| item.lines().any(|item| selects(select, item))))
        .filter(|item| !excludes.iter().any(|exclude| is_left_out(exclude, &asset.lives_in, item, as_of)))
        .collect();
    let none = members.is_empty();
    for item in members {
        push(format!("{id}/{}", item.first().name).into(), Membership::Member, Some(item.clone()));
    }
    // Of public items alone, a list of public items is whole.
    let public_alone =
        asset.select.as_ref().is_some_and(|select| select.private.as_ref().is_some_and(|key| !key.value));
    match listing.map(|listing| if public_alone { listing.shortfall_of_public() } else { listing.shortfall() }) {
        Some(None) if none => push(id.into(), Membership::Hollow, None),
        Some(None) => {}
        Some(Some(why)) => push(id.into(), Membership::Unexpanded(why), None),
        None => push(id.into(), Membership::Unexpanded("it cannot be listed".to_owned()), None),
    }
}

/// Returns whether an exclusion leaves the item out by all that was told of it.
fn is_left_out(exclude: &Exclude, system: &str, told: &Told<'_>, as_of: Instant) -> bool {
    told.lines().all(|item| leaves_out(exclude, system, item, as_of))
}

/// Returns the names that the system shows and that neither an asset nor an exclusion matches.
fn undeclared<'a>(
    policy: &'a Policy,
    system_id: &str,
    system: &System,
    listing: &Listing<'a>,
    as_of: Instant,
    excluded: &mut [u64],
) -> Vec<&'a str> {
    let document = policy.document();
    let entries: Vec<&Asset> = document.assets.iter().filter(|asset| asset.lives_in.value == system_id).collect();
    let mut names = Vec::new();
    for (name, item) in &listing.items {
        let exclusion = document.exclude.iter().position(|exclude| is_left_out(exclude, system_id, item, as_of));
        if let Some(position) = exclusion {
            excluded[position] += 1;
        } else if !entries.iter().any(|asset| item.lines().any(|item| declares(asset, system.kind(), item))) {
            names.push(*name);
        }
    }
    names
}

/// Returns whether the entry speaks of the item.
///
/// An entry without `each`, `name` or `path` stands for the whole of a Jenkins controller or an
/// Artifactory, which are backed up as one, but never for a whole GitHub organisation.
fn declares(asset: &Asset, kind: SystemKind, item: &Item) -> bool {
    if let Some(each) = &asset.each {
        return each.value == item.kind && asset.select.as_ref().is_none_or(|select| selects(select, item));
    }
    if let Some(name) = &asset.name {
        return *name.value == *item.name || item.former_names.iter().any(|former| **former == *name.value);
    }
    if let Some(path) = &asset.path {
        return path.trim_start_matches('/').split('/').next() == Some(&*item.name);
    }
    matches!(kind, SystemKind::Jenkins | SystemKind::Artifactory)
        && !matches!(&asset.copies.value, OrUnknown::Known(copies) if !copies.is_empty() && copies.iter().all(|copy| copy.method().is_derived()))
}
