//! The failure-domain matrix: of each asset, where it lives and where its copies lie.
//!
//! For the formats that show it as a table; what survives a loss is the judge's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::register;
use crate::model::Method;
use crate::report::{Asset, Copy, Report};

/// What stands for a place that nobody knows.
pub(super) const UNKNOWN: &str = "?";
/// How many assets a copy may rest on, one on the other, until its place is taken for unknown.
const DEEPEST: usize = 8;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Row<'r> {
    asset: &'r str,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Cell {
    /// Where the asset lives → where its copies lie.
    text: String,
    /// Whether no usable copy is known to lie anywhere else.
    alone: bool,
}

/// Where things are.
struct Places<'r> {
    /// The domains of each system.
    systems: BTreeMap<&'r str, &'r BTreeMap<String, Option<String>>>,
    /// The first asset of each entry of the policy.
    entries: BTreeMap<&'r str, &'r Asset>,
}

/// Returns the domain keys of all systems, in order.
pub(super) fn keys(report: &Report) -> Vec<&str> {
    let domains = report.systems.iter().filter_map(|system| system.domains.as_ref());
    let mut keys: Vec<&str> = domains.flat_map(BTreeMap::keys).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Returns a row for each asset, or for as many as a section of the register shows where there are many, and
/// then for the worst.
pub(super) fn rows<'r>(report: &'r Report, keys: &[&str], shape: &register::Shape) -> Vec<Row<'r>> {
    let shown = if report.assets.len() > shape.full { shape.rows } else { report.assets.len() };
    let places = Places::of(report);
    let row =
        |asset: &'r Asset| Row { asset: &asset.id, cells: keys.iter().map(|key| places.cell(asset, key)).collect() };
    let mut assets: Vec<&Asset> = report.assets.iter().collect();
    if shown < assets.len() {
        assets.sort_by_key(|asset| std::cmp::Reverse(asset.verdict.counted()));
    }
    assets.into_iter().take(shown).map(row).collect()
}

impl<'r> Places<'r> {
    fn of(report: &'r Report) -> Self {
        let domains = |system: &'r crate::report::System| Some((system.id.as_str(), system.domains.as_ref()?));
        let mut entries: BTreeMap<&str, &Asset> = BTreeMap::new();
        for asset in &report.assets {
            entries.entry(&asset.declared_as).or_insert(asset);
        }
        Self { systems: report.systems.iter().filter_map(domains).collect(), entries }
    }

    /// Returns the value of a system's domain key.
    fn value(&self, system: &str, key: &str) -> &'r str {
        let value = self.systems.get(system).and_then(|domains| domains.get(key));
        value.and_then(Option::as_deref).unwrap_or(UNKNOWN)
    }

    fn cell(&self, asset: &Asset, key: &str) -> Cell {
        let lives = self.value(&asset.system, key);
        let mut places: Vec<String> = asset
            .copies
            .iter()
            .flatten()
            .map(|copy| match (&copy.system, copy.rests_on.is_empty()) {
                (Some(system), _) => self.value(system, key).to_owned(),
                (None, false) => format!("as {}", copy.rests_on.join(", ")),
                (None, true) => UNKNOWN.to_owned(),
            })
            .collect();
        places.sort_unstable();
        places.dedup();
        let copies = match (&asset.copies, places.is_empty()) {
            (None, _) => UNKNOWN.to_owned(),
            (Some(_), true) => "none".to_owned(),
            (Some(_), false) => places.join(", "),
        };
        let mut known = BTreeMap::new();
        let elsewhere =
            asset.copies.iter().flatten().any(|copy| self.is_elsewhere(copy, key, lives, DEEPEST, &mut known));
        Cell { text: format!("{lives} → {copies}"), alone: !elsewhere }
    }

    /// Returns whether a usable copy is known to lie elsewhere than `lives`; one that rests on other assets does
    /// where all of them do, or have a copy that does. What was found out of an entry is `known`, for many
    /// copies may rest on the same.
    fn is_elsewhere(
        &self,
        copy: &Copy,
        key: &str,
        lives: &str,
        deep: usize,
        known: &mut BTreeMap<&'r str, bool>,
    ) -> bool {
        let differs = |system: &str| {
            let value = self.value(system, key);
            value != lives && value != UNKNOWN && lives != UNKNOWN
        };
        if !copy.usable {
            return false;
        }
        if let Some(system) = &copy.system {
            return differs(system);
        }
        let rests_elsewhere = |id: &String| {
            let Some((name, asset)) = self.entries.get_key_value(id.as_str()) else { return false };
            // What is rebuilt needs its parts; what travels in another asset needs that one's copies.
            if copy.by == Method::Rebuild && differs(&asset.system) {
                return true;
            }
            if let Some(found) = known.get(name) {
                return *found;
            }
            // What rests on itself lies nowhere.
            known.insert(name, false);
            let found =
                asset.copies.iter().flatten().any(|inner| self.is_elsewhere(inner, key, lives, deep - 1, known));
            known.insert(name, found);
            found
        };
        deep > 0 && !copy.rests_on.is_empty() && copy.rests_on.iter().all(rests_elsewhere)
    }
}
