//! The asset register: every asset as a row of text, in the policy's sections.
//!
//! For the formats that show it as tables; how a table looks is left to them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{notes, phrases};
use crate::model::Verdict;
use crate::report::{Asset, Finding, Report};

/// Above this many assets the register shows, of each section, those that are open first.
pub(super) const FULL_REGISTER: usize = 500;
/// How many rows a section of a long register shows.
pub(super) const ROWS_OF_LONG_REGISTER: usize = 50;
/// How many copies one cell lists.
const MAX_COPIES: usize = 12;
/// What stands between the names of nested sections.
const NESTS: &str = " / ";
/// The deepest heading of the register that Markdown knows below "Asset register", and its level.
const TOP_LEVEL: usize = 3;
const DEEPEST_LEVEL: usize = 6;

#[derive(Debug, Serialize)]
pub(super) struct Section<'r> {
    headings: Vec<Heading<'r>>,
    rows: Vec<AssetRow<'r>>,
    left: usize,
    /// The notes of its assets, each as Markdown that is safe to show.
    notes: Vec<String>,
}

/// The heading of a section, or of one that it lies in and that has no heading yet.
#[derive(Debug, Serialize)]
pub(super) struct Heading<'r> {
    level: String,
    name: &'r str,
}

#[derive(Debug, Serialize)]
pub(super) struct AssetRow<'r> {
    id: &'r str,
    title: &'r str,
    verdict: &'static str,
    owner: &'r str,
    system: &'r str,
    copies: String,
    exposure: String,
    rpo: String,
    attainment: String,
    open: String,
}

/// Returns the sections in the order in which they first come up, each after the one that it lies in.
pub(super) fn sections<'r>(report: &'r Report, findings: &[Vec<&'r Finding>]) -> Vec<Section<'r>> {
    let long = report.assets.len() > FULL_REGISTER;
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    // When each section, or a section that it lies in, first came up.
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, asset) in report.assets.iter().enumerate() {
        let name = asset.section.as_deref().unwrap_or("Other assets");
        members.entry(name).or_default().push(index);
        for within in lineage(name) {
            first.entry(within).or_insert(index);
        }
    }
    let mut order: Vec<&str> = members.keys().copied().collect();
    order.sort_by_cached_key(|name| lineage(name).map(|within| first.get(within).copied()).collect::<Vec<_>>());
    let mut written: BTreeSet<&str> = BTreeSet::new();
    let mut section = |name: &'r str| {
        let mut indices = members.remove(name).unwrap_or_default();
        let total = indices.len();
        if long {
            indices.sort_by_key(|index| std::cmp::Reverse(report.assets[*index].verdict));
            indices.truncate(ROWS_OF_LONG_REGISTER);
        }
        let notes = indices
            .iter()
            .filter_map(|index| {
                let asset = &report.assets[*index];
                asset.notes.as_ref().map(|text| notes::quote(&asset.id, text))
            })
            .collect();
        let headings = lineage(name)
            .enumerate()
            .filter(|(_, within)| written.insert(*within))
            .map(|(depth, within)| Heading {
                level: "#".repeat((TOP_LEVEL + depth).min(DEEPEST_LEVEL)),
                name: within.rsplit(NESTS).next().unwrap_or(within),
            })
            .collect();
        Section {
            headings,
            left: total - indices.len(),
            rows: indices.iter().map(|index| asset_row(&report.assets[*index], &findings[*index])).collect(),
            notes,
        }
    };
    order.into_iter().map(&mut section).collect()
}

/// Returns the sections that the section lies in, outermost first, and the section itself.
fn lineage(section: &str) -> impl Iterator<Item = &str> {
    let ends = section.match_indices(NESTS).map(|(end, _)| end).chain([section.len()]);
    ends.map(move |end| &section[..end])
}

fn asset_row<'r>(asset: &'r Asset, findings: &[&'r Finding]) -> AssetRow<'r> {
    let copies = asset.copies.as_ref().map_or_else(
        || "unknown".to_owned(),
        |copies| {
            if copies.is_empty() {
                return "none".to_owned();
            }
            let described: Vec<String> = copies
                .iter()
                .take(MAX_COPIES)
                .map(|copy| {
                    let place = match (&copy.system, copy.rests_on.is_empty()) {
                        (Some(system), _) => format!(" in {system}"),
                        (None, false) => format!(" of {}", copy.rests_on.join(", ")),
                        (None, true) => " in an unknown place".to_owned(),
                    };
                    format!("{} ({}{place}; {}, {})", copy.id, copy.by, copy.grade, copy.standing)
                })
                .collect();
            described.join("; ")
        },
    );
    let gaps = phrases::controls(findings, Verdict::Gap);
    let unknown = phrases::controls(findings, Verdict::Unknown);
    let accepted = phrases::controls(findings, Verdict::Accepted);
    let new = phrases::controls(findings, Verdict::New);
    let open: Vec<String> = [("gap", gaps), ("unknown", unknown), ("accepted", accepted), ("new", new)]
        .into_iter()
        .filter(|(_, controls)| !controls.is_empty())
        .map(|(word, controls)| format!("{word}: {}", controls.join(", ")))
        .collect();
    AssetRow {
        id: &asset.id,
        title: asset.title.as_deref().unwrap_or_default(),
        verdict: phrases::verdict(asset.verdict),
        owner: asset.owner.as_deref().unwrap_or("unknown"),
        system: &asset.system,
        copies,
        exposure: phrases::exposure(asset),
        rpo: phrases::length(asset.rpo.target_seconds, "unknown"),
        attainment: match (asset.rpo.attainment, asset.rpo.covered) {
            (Some(share), Some(covered)) => format!("{:.2} % of {:.0} % covered", share * 100.0, covered * 100.0),
            _ => "not known".to_owned(),
        },
        open: open.join("; "),
    }
}
