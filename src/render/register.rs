//! The asset register: every asset as a row of text, in the policy's sections.
//!
//! For the formats that show it as tables; how a table looks is left to them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{phrases, sort};
use crate::model::Verdict;
use crate::report::{Asset, AssetCounts, Finding, Report};

/// How the register is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Up to this many assets all are shown; above it, gaps first and then what nobody can tell, of all sections.
    pub full: usize,
    /// How many rows a section of a long register shows.
    pub rows: usize,
    /// How many rows all sections of a long register show together.
    pub all: usize,
    /// Whether each asset's open findings are told one by one.
    pub findings: bool,
    /// Makes of an asset's id and its notes, which are Markdown, what is safe to show as it is.
    pub notes: fn(&str, &str) -> String,
}

/// How many copies one cell lists.
const MAX_COPIES: usize = 12;
/// What stands between the names of nested sections.
const NESTS: &str = " / ";
/// The deepest heading of the register that Markdown knows below "Asset register", and its level.
const TOP_LEVEL: usize = 3;
const DEEPEST_LEVEL: usize = 6;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Section<'r> {
    /// Its whole name.
    name: &'r str,
    headings: Vec<Heading<'r>>,
    /// How many of its assets have each verdict.
    counts: AssetCounts,
    rows: Vec<AssetRow<'r>>,
    left: u64,
    /// The notes of its assets, each as the format shows it.
    notes: Vec<String>,
}

impl<'r> Section<'r> {
    /// Returns its whole name.
    pub(super) const fn name(&self) -> &'r str {
        self.name
    }

    /// Returns how many of its assets have each verdict.
    pub(super) const fn counts(&self) -> &AssetCounts {
        &self.counts
    }

    /// Returns how many of its assets are not shown.
    pub(super) const fn left(&self) -> u64 {
        self.left
    }
}

/// The heading of a section, or of one that it lies in and that has no heading yet.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Heading<'r> {
    /// Its level in Markdown.
    level: String,
    /// How deep it nests, from 0.
    depth: usize,
    name: &'r str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AssetRow<'r> {
    id: &'r str,
    title: &'r str,
    verdict: &'static str,
    state: &'static str,
    /// The verdict that it is counted under.
    counted: &'static str,
    owner: &'r str,
    system: &'r str,
    copies: String,
    /// The same, one by one; empty where there is none or nobody knows.
    copy_list: Vec<CopyCell<'r>>,
    copies_left: usize,
    exposure: String,
    rpo: String,
    attainment: String,
    /// What is asked of its recovery besides the RPO, and its newest restore test.
    recovery: Vec<String>,
    severity: &'static str,
    open: String,
    /// Its open findings, where they are told one by one.
    findings: Vec<OpenFinding<'r>>,
    /// What a column is sorted by where its text does not tell: worse is more.
    sort: sort::Keys,
}

/// A copy of an asset.
#[derive(Debug, Serialize, JsonSchema)]
struct CopyCell<'r> {
    id: &'r str,
    /// By which method, and where.
    how: String,
    grade: &'static str,
    standing: &'static str,
}

/// An open finding of an asset.
#[derive(Debug, Serialize, JsonSchema)]
struct OpenFinding<'r> {
    id: String,
    verdict: &'static str,
    state: &'static str,
    because: &'r str,
    line: u32,
}

/// Returns the sections in the order in which they first come up, each after the one that it lies in.
pub(super) fn sections<'r>(report: &'r Report, findings: &[Vec<&'r Finding>], shape: &Shape) -> Vec<Section<'r>> {
    let long = report.assets.len() > shape.full;
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
    let mut counts: BTreeMap<&str, AssetCounts> = members
        .iter()
        .map(|(name, indices)| (*name, AssetCounts::of(indices.iter().map(|index| report.assets[*index].verdict))))
        .collect();
    if long {
        keep_worst(report, &mut members, shape);
    }
    let mut order: Vec<&str> = members.keys().copied().collect();
    order.sort_by_cached_key(|name| lineage(name).map(|within| first.get(within).copied()).collect::<Vec<_>>());
    let mut written: BTreeSet<&str> = BTreeSet::new();
    let mut section = |name: &'r str| {
        let indices = members.remove(name).unwrap_or_default();
        let counts = counts.remove(name).unwrap_or_default();
        let notes = indices
            .iter()
            .filter_map(|index| {
                let asset = &report.assets[*index];
                asset.notes.as_ref().map(|text| (shape.notes)(&asset.id, text))
            })
            .collect();
        let headings = lineage(name)
            .enumerate()
            .filter(|(_, within)| written.insert(*within))
            .map(|(depth, within)| Heading {
                level: "#".repeat((TOP_LEVEL + depth).min(DEEPEST_LEVEL)),
                depth,
                name: within.rsplit(NESTS).next().unwrap_or(within),
            })
            .collect();
        Section {
            name,
            headings,
            counts,
            left: counts.total - indices.len() as u64,
            rows: indices
                .iter()
                .map(|index| asset_row(&report.assets[*index], &findings[*index], shape.findings))
                .collect(),
            notes,
        }
    };
    order.into_iter().map(&mut section).collect()
}

/// Keeps of each section the worst assets, so many of one, and so many of all: those of every section before
/// the next best of any.
fn keep_worst(report: &Report, members: &mut BTreeMap<&str, Vec<usize>>, shape: &Shape) {
    let verdict = |index: usize| std::cmp::Reverse(report.assets[index].verdict.counted());
    for indices in members.values_mut() {
        indices.sort_by_key(|index| verdict(*index));
        indices.truncate(shape.rows);
    }
    let mut all: Vec<usize> = members.values().flatten().copied().collect();
    all.sort_by_key(|index| (verdict(*index), *index));
    let kept: BTreeSet<usize> = all.into_iter().take(shape.all).collect();
    for indices in members.values_mut() {
        indices.retain(|index| kept.contains(index));
    }
}

/// Returns the sections that the section lies in, outermost first, and the section itself.
fn lineage(section: &str) -> impl Iterator<Item = &str> {
    let ends = section.match_indices(NESTS).map(|(end, _)| end).chain([section.len()]);
    ends.map(move |end| &section[..end])
}

fn asset_row<'r>(asset: &'r Asset, findings: &[&'r Finding], told: bool) -> AssetRow<'r> {
    let copy_list: Vec<CopyCell<'_>> = asset
        .copies
        .iter()
        .flatten()
        .take(MAX_COPIES)
        .map(|copy| {
            let place = match (&copy.system, copy.rests_on.is_empty()) {
                (Some(system), _) => format!(" in {system}"),
                (None, false) => format!(" of {}", copy.rests_on.join(", ")),
                (None, true) => " in an unknown place".to_owned(),
            };
            CopyCell {
                id: &copy.id,
                how: format!("{}{place}", copy.by),
                grade: copy.grade.word(),
                standing: copy.standing,
            }
        })
        .collect();
    let copies = match &asset.copies {
        None => "unknown".to_owned(),
        Some(copies) if copies.is_empty() => "none".to_owned(),
        Some(_) => {
            let described =
                copy_list.iter().map(|copy| format!("{} ({}; {}, {})", copy.id, copy.how, copy.grade, copy.standing));
            described.collect::<Vec<_>>().join("; ")
        }
    };
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
        state: asset.verdict.word(),
        counted: asset.verdict.counted().word(),
        owner: asset.owner.as_deref().unwrap_or("unknown"),
        system: &asset.system,
        copies,
        copies_left: asset.copies.as_ref().map_or(0, Vec::len) - copy_list.len(),
        copy_list,
        exposure: phrases::exposure(asset),
        rpo: phrases::length(asset.rpo.target_seconds, "unknown"),
        attainment: phrases::attainment(asset),
        recovery: phrases::recovery(asset),
        severity: asset.severity.word(),
        open: open.join("; "),
        findings: if told { open_findings(findings) } else { Vec::new() },
        sort: sort::Keys::of(asset),
    }
}

/// Returns what is not met of an asset, the worst first.
fn open_findings<'r>(findings: &[&'r Finding]) -> Vec<OpenFinding<'r>> {
    let mut open: Vec<&Finding> = findings
        .iter()
        .copied()
        .filter(|finding| !matches!(finding.verdict, Verdict::Met | Verdict::NotApplicable))
        .collect();
    open.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    open.into_iter()
        .map(|finding| OpenFinding {
            id: finding.id(),
            verdict: phrases::verdict(finding.verdict),
            state: finding.verdict.word(),
            because: &finding.because,
            line: finding.policy.line,
        })
        .collect()
}
