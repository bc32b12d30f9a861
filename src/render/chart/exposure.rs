//! Exposure against RPO: one bar an asset on a logarithmic axis of time, with a tick at the target.
//!
//! Chooses the worst and places them; looks are left to the template.

use schemars::JsonSchema;
use serde::Serialize;

use super::percent;
use crate::model::{ControlId, Verdict};
use crate::render::{phrases, sort};
use crate::report::{Asset, Finding, Report};

/// How many assets are shown.
const MAX_BARS: usize = 25;
/// The part of the width that the axis takes, in percent; what lies right of it is "never".
const AXIS: f64 = 94.0;
/// The ticks that an axis may have, in seconds.
const TICKS: [(i64, &str); 8] = [
    (60, "1 min"),
    (3_600, "1 h"),
    (86_400, "1 d"),
    (7 * 86_400, "1 wk"),
    (30 * 86_400, "1 mo"),
    (365 * 86_400, "1 y"),
    (3_650 * 86_400, "10 y"),
    (36_500 * 86_400, "100 y"),
];
/// The fewest ticks of an axis.
const FEWEST_TICKS: usize = 4;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chart<'r> {
    ticks: Vec<Tick>,
    bars: Vec<Bar<'r>>,
    left: usize,
    /// Of how many of those left out nobody can tell how they stand.
    left_unknown: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Tick {
    x: String,
    label: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Bar<'r> {
    asset: &'r str,
    verdict: &'static str,
    state: &'static str,
    exposure: String,
    rpo: String,
    /// `known`, `never` or `unknown`.
    kind: &'static str,
    /// The length of the bar.
    width: String,
    /// Where the target is; empty where nobody knows it.
    target: String,
    /// How it stands to the target: `met`, `unknown` or `gap`.
    stands: &'static str,
    /// What the columns are sorted by: worse is more.
    sort: sort::Keys,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Known,
    Unknown,
    Never,
}

/// How an exposure stands to its target; the worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    Met,
    Unknown,
    Gap,
}

impl Stands {
    const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unknown => "unknown",
            Self::Gap => "gap",
        }
    }
}

/// Returns the chart of the assets that are furthest beyond their RPO.
pub(super) fn chart(report: &Report) -> Chart<'_> {
    let findings = phrases::by_asset(report);
    let mut worst: Vec<(&Asset, Kind, Stands, f64)> = report
        .assets
        .iter()
        .zip(&findings)
        .map(|(asset, findings)| {
            let kind = match (asset.rpo.exposure_seconds, phrases::is_without_any_point(asset)) {
                (Some(_), _) => Kind::Known,
                (None, true) => Kind::Never,
                (None, false) => Kind::Unknown,
            };
            (asset, kind, stands(asset, findings), ratio(asset))
        })
        .collect();
    // Never is worse than any ratio; unknown is worse than all that is met, and not known to be worse than
    // what is a gap.
    let rank = |kind: Kind, stands: Stands, ratio: f64| match (kind, stands) {
        (Kind::Never, _) => f64::INFINITY,
        (Kind::Unknown, _) | (Kind::Known, Stands::Unknown) => 1.0,
        (Kind::Known, Stands::Gap) => ratio.max(1.0),
        (Kind::Known, Stands::Met) => ratio.min(1.0),
    };
    worst.sort_by(|(_, kind_a, stands_a, ratio_a), (_, kind_b, stands_b, ratio_b)| {
        rank(*kind_b, *stands_b, *ratio_b)
            .total_cmp(&rank(*kind_a, *stands_a, *ratio_a))
            .then_with(|| (stands_b, kind_b).cmp(&(stands_a, kind_a)))
    });
    let left = worst.split_off(worst.len().min(MAX_BARS));
    let left_unknown = left.iter().filter(|(_, kind, stands, _)| *kind != Kind::Never && *stands == Stands::Unknown);
    let lengths = worst.iter().flat_map(|(asset, ..)| [asset.rpo.exposure_seconds, asset.rpo.target_seconds]);
    let (low, high) = span(lengths.flatten());
    let place = |seconds: i64| percent(place(seconds, low, high));
    let bars = worst.iter().map(|(asset, kind, stands, _)| Bar {
        asset: &asset.id,
        verdict: phrases::verdict(asset.verdict),
        state: asset.verdict.word(),
        exposure: phrases::exposure(asset),
        rpo: phrases::length(asset.rpo.target_seconds, "unknown"),
        kind: match kind {
            Kind::Known => "known",
            Kind::Never => "never",
            Kind::Unknown => "unknown",
        },
        width: asset.rpo.exposure_seconds.map_or_else(|| "100".to_owned(), place),
        target: asset.rpo.target_seconds.map(place).unwrap_or_default(),
        stands: stands.word(),
        sort: sort::Keys::of(asset),
    });
    let ticks = TICKS.iter().filter(|(seconds, _)| (low..=high).contains(seconds));
    Chart {
        bars: bars.collect(),
        ticks: ticks.map(|(seconds, label)| Tick { x: place(*seconds), label }).collect(),
        left_unknown: left_unknown.count(),
        left: left.len(),
    }
}

/// Returns how an asset's exposure stands to its RPO. It is met only where the judge found it so: a length
/// within the target may rest on evidence that the objective does not take.
fn stands(asset: &Asset, findings: &[&Finding]) -> Stands {
    let found = findings.iter().find(|finding| finding.control == ControlId::RecoveryPointAge);
    let known = asset.rpo.exposure_seconds.zip(asset.rpo.target_seconds);
    match (found.map(|finding| finding.verdict), known) {
        (Some(Verdict::Gap), _) => Stands::Gap,
        (Some(Verdict::Met), Some((is, most))) if is <= most => Stands::Met,
        // What somebody accepted, or what is new, is beyond all the same.
        (Some(Verdict::Accepted | Verdict::New), Some((is, most))) if is > most => Stands::Gap,
        _ => Stands::Unknown,
    }
}

/// Returns how many times its RPO an asset's exposure is; 1 where nobody knows the RPO.
#[expect(clippy::cast_precision_loss, reason = "seconds of centuries are exact in f64")]
fn ratio(asset: &Asset) -> f64 {
    match (asset.rpo.exposure_seconds, asset.rpo.target_seconds) {
        (Some(is), Some(most)) => is as f64 / most.max(1) as f64,
        _ => 1.0,
    }
}

/// Returns the first and the last tick of an axis on which all `lengths` have a place, right of the first.
fn span(lengths: impl Iterator<Item = i64> + Clone) -> (i64, i64) {
    let (least, most) = (lengths.clone().min().unwrap_or(86_400), lengths.max().unwrap_or(86_400));
    let mut first = TICKS.iter().rposition(|(seconds, _)| *seconds < least).unwrap_or(0);
    let mut last = TICKS.iter().position(|(seconds, _)| *seconds >= most).unwrap_or(TICKS.len() - 1).max(first);
    while last - first + 1 < FEWEST_TICKS {
        if last + 1 < TICKS.len() {
            last += 1;
        } else {
            first -= 1;
        }
    }
    (TICKS[first].0, TICKS[last].0)
}

/// Returns where a length lies on the axis from `low` to `high`, in percent of the whole width.
#[expect(clippy::cast_precision_loss, reason = "seconds of centuries are exact in f64")]
fn place(seconds: i64, low: i64, high: i64) -> f64 {
    let ln = |seconds: i64| (seconds.max(1) as f64).ln();
    ((ln(seconds) - ln(low)) / (ln(high) - ln(low))).clamp(0.0, 1.0) * AXIS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_a_place_and_longer_lies_further_right() {
        let (low, high) = span([7_200, 90 * 86_400].into_iter());
        assert_eq!((low, high), (3_600, 365 * 86_400));
        let places: Vec<f64> = [3_600, 7_200, 86_400, 90 * 86_400, 365 * 86_400]
            .into_iter()
            .map(|seconds| place(seconds, low, high))
            .collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert!((places[0] - 0.0).abs() < 1e-9 && (places[4] - AXIS).abs() < 1e-9, "{places:?}");
        assert!((place(0, low, high) - 0.0).abs() < 1e-9);
    }

    #[test]
    fn an_axis_has_at_least_four_ticks_even_at_the_ends() {
        assert_eq!(span([86_400].into_iter()), (3_600, 30 * 86_400));
        assert_eq!(span([40_000 * 86_400].into_iter()).1, 36_500 * 86_400);
        assert_eq!(span([0].into_iter()).0, 60);
    }
}
