//! Copies by domain: where originals and copies lie, and what would be gone with each place.
//!
//! Counts and places; what survives was found by the judge.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{percent, share};
use crate::render::matrix::{self, UNKNOWN};
use crate::report::Report;

/// How many domains are shown.
const MAX_BARS: usize = 20;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chart {
    bars: Vec<Bar>,
    left: usize,
    /// Of how many assets nobody knows what copies there are.
    copies_unknown: usize,
}

#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
struct Bar {
    domain: String,
    originals: u64,
    usable: u64,
    other: u64,
    gone: u64,
    /// Of how many nobody can tell whether they would be gone.
    gone_unknown: u64,
    unknown: bool,
    /// Widths of the three, in percent of the widest bar.
    widths: [String; 3],
    /// Where the second and the third begin.
    starts: [String; 2],
}

/// Returns the chart of the domains in which most lies, by key and value.
pub(super) fn chart(report: &Report) -> Chart {
    let keys = matrix::keys(report);
    let places: BTreeMap<&str, Vec<(&str, &str)>> = report
        .systems
        .iter()
        .map(|system| {
            let value = |key: &str| {
                let value = system.domains.as_ref().and_then(|domains| domains.get(key));
                value.and_then(Option::as_deref).unwrap_or(UNKNOWN)
            };
            (system.id.as_str(), keys.iter().map(|key| (*key, value(key))).collect())
        })
        .collect();
    let nowhere: Vec<(&str, &str)> = keys.iter().map(|key| (*key, UNKNOWN)).collect();
    let of = |system: &str| places.get(system).map_or(&nowhere, |places| places);
    let mut counted: BTreeMap<(&str, &str), Bar> = BTreeMap::new();
    for asset in &report.assets {
        for place in of(&asset.system) {
            counted.entry(*place).or_default().originals += 1;
        }
        // What travels in another asset lies where that asset's copies do, and is counted there.
        for copy in asset.copies.iter().flatten().filter(|copy| copy.rests_on.is_empty()) {
            for place in copy.system.as_deref().map_or(&nowhere, &of) {
                let bar = counted.entry(*place).or_default();
                *(if copy.usable { &mut bar.usable } else { &mut bar.other }) += 1;
            }
        }
    }
    let gone: BTreeMap<&str, (u64, u64)> = report
        .losses
        .iter()
        .map(|loss| (loss.domain.as_str(), (loss.lost.len() as u64, loss.unknown.len() as u64)))
        .collect();
    let mut bars: Vec<Bar> = counted
        .into_iter()
        .map(|((key, value), bar)| {
            let domain = format!("{key}={value}");
            let (gone, gone_unknown) = gone.get(&*domain).copied().unwrap_or_default();
            Bar { gone, gone_unknown, domain, unknown: value == UNKNOWN, ..bar }
        })
        .collect();
    let left = bars.len().saturating_sub(MAX_BARS);
    if left > 0 {
        bars.sort_by_key(|bar| std::cmp::Reverse((bar.gone + bar.gone_unknown).max(bar.total())));
        bars.truncate(MAX_BARS);
        bars.sort_by(|a, b| a.domain.cmp(&b.domain));
    }
    let widest = bars.iter().map(Bar::total).max().unwrap_or_default();
    for bar in &mut bars {
        bar.widths = [bar.originals, bar.usable, bar.other].map(|count| percent(share(count, widest)));
        bar.starts = [bar.originals, bar.originals + bar.usable].map(|count| percent(share(count, widest)));
    }
    let copies_unknown = report.assets.iter().filter(|asset| asset.copies.is_none()).count();
    Chart { bars, left, copies_unknown }
}

impl Bar {
    const fn total(&self) -> u64 {
        self.originals + self.usable + self.other
    }
}
