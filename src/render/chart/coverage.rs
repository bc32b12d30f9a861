//! The coverage strip: of each section one cell an asset, with its verdict's letter, the worst first.
//!
//! Where a section has too many for cells, one bar a verdict.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Serialize;

use super::{percent, share};
use crate::model::Verdict;
use crate::render::register::Section;
use crate::report::{AssetCounts, Report};

/// Up to so many assets of a section have a cell each.
const MAX_CELLS: u64 = 40;
/// A strip has room for at least so many cells, so that one asset does not fill it.
const FEWEST_CELLS: u64 = 16;
/// How many sections are shown.
const MAX_SECTIONS: usize = 10;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chart<'r> {
    strips: Vec<Strip<'r>>,
    left: usize,
    all: Strip<'r>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Strip<'r> {
    section: &'r str,
    counts: AssetCounts,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Cell {
    x: String,
    /// Its middle, where the letter stands.
    middle: String,
    width: String,
    state: &'static str,
    /// The letter, or how many assets it stands for; empty where there is no room.
    label: String,
}

/// Returns the chart of the sections with the most open assets.
pub(super) fn chart<'r>(report: &'r Report, sections: &[Section<'r>]) -> Chart<'r> {
    let mut worst: Vec<usize> = (0..sections.len()).collect();
    let left = worst.len().saturating_sub(MAX_SECTIONS);
    if left > 0 {
        worst.sort_by_key(|index| Reverse((sections[*index].counts().gap, sections[*index].counts().unknown)));
        worst.truncate(MAX_SECTIONS);
        worst.sort_unstable();
    }
    // Cells are equally wide in every strip.
    let most = worst.iter().map(|index| sections[*index].counts().total).filter(|total| *total <= MAX_CELLS).max();
    let room = most.unwrap_or_default().max(FEWEST_CELLS);
    let strip = |section: &'r str, counts: AssetCounts| Strip { section, counts, cells: cells(counts, room) };
    let strips = worst.iter().map(|index| strip(sections[*index].name(), *sections[*index].counts()));
    Chart {
        strips: strips.collect(),
        left,
        all: Strip { section: "All assets", counts: report.summary.assets, cells: bars(report.summary.assets) },
    }
}

/// Returns the verdicts with their counts, the worst first.
fn by_verdict(counts: AssetCounts) -> [(Verdict, &'static str, u64); 5] {
    [
        (Verdict::Gap, "G", counts.gap),
        (Verdict::Unknown, "U", counts.unknown),
        (Verdict::Accepted, "A", counts.accepted),
        (Verdict::New, "N", counts.new),
        (Verdict::Met, "M", counts.met),
    ]
}

fn cells(counts: AssetCounts, room: u64) -> Vec<Cell> {
    if counts.total > MAX_CELLS {
        return bars(counts);
    }
    let letters =
        by_verdict(counts).into_iter().flat_map(|(verdict, letter, count)| (0..count).map(move |_| (verdict, letter)));
    let width = share(1, room);
    let cell = |(position, (verdict, letter)): (u64, (Verdict, &str))| Cell {
        x: percent(share(position, room)),
        middle: percent(share(position, room) + width / 2.0),
        width: percent(width),
        state: verdict.word(),
        label: letter.to_owned(),
    };
    (0..).zip(letters).map(cell).collect()
}

fn bars(counts: AssetCounts) -> Vec<Cell> {
    let mut before = 0;
    let mut cells = Vec::new();
    for (verdict, letter, count) in by_verdict(counts).into_iter().filter(|(.., count)| *count > 0) {
        let (x, width) = (share(before, counts.total), share(count, counts.total));
        let label = format!("{letter} {count}");
        #[expect(clippy::cast_precision_loss, reason = "a label has a few characters")]
        let needed = label.len() as f64 * 2.5;
        cells.push(Cell {
            x: percent(x),
            middle: percent(x + width / 2.0),
            width: percent(width),
            state: verdict.word(),
            label: if width >= needed { label } else { String::new() },
        });
        before += count;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(gap: u64, unknown: u64, met: u64) -> AssetCounts {
        AssetCounts { total: gap + unknown + met, gap, unknown, met, ..AssetCounts::default() }
    }

    #[test]
    fn a_small_section_has_a_letter_for_every_asset_and_the_worst_come_first() {
        let letters: String = cells(counts(2, 1, 3), 16).into_iter().map(|cell| cell.label).collect();
        assert_eq!(letters, "GGUMMM");
    }

    #[test]
    fn bars_of_a_large_section_fill_the_strip() {
        let cells = cells(counts(10, 40, 50), 16);
        let states: Vec<&str> = cells.iter().map(|cell| cell.state).collect();
        assert_eq!(states, ["gap", "unknown", "met"]);
        let end: f64 = cells.iter().map(|cell| cell.width.parse::<f64>().unwrap()).sum();
        assert!((end - 100.0).abs() < 0.1, "{end}");
        assert!(super::cells(counts(1, 0, 9_999), 16)[0].label.is_empty(), "no room for a label");
    }
}
