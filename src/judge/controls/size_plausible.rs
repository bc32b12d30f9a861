//! `size-plausible`: the newest recovery point has a plausible size.
//!
//! Compares with the copy's own past; what is in it is `copy-complete`'s and `restore-tested`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::evidence::Point;
use crate::judge::copy_state::{CopyState, unfinished_uploads};
use crate::model::time::human;
use crate::model::{ControlId, Count, Grade, Severity, Verdict};
use crate::policy::Copy;

/// How many earlier recovery points the newest is compared with.
const COMPARED_WITH: usize = 5;
/// Off the median by more than this, in percent, is a gap.
const GAP_PERCENT: u128 = 15;
/// Off the median by more than this, in percent, is a critical gap.
const CRITICAL_PERCENT: u128 = 50;

/// The control.
pub(super) struct SizePlausible;

static ABOUT: About = About {
    id: ControlId::SizePlausible,
    asks: "The newest recovery point is not empty, not below its floor and not far off the ones before it.",
    why: "Jobs succeed and write nothing: dumps of 0 bytes behind green jobs are a classic of post-mortems, and a mirror that shrinks is about to lose what it still has.",
    remedy: "Look into the newest recovery point before the next clean-up deletes the good ones.",
    asked: "Of each copy whose recovery points come with a size. More than 15 % off the median of the last five is a gap, more than 50 % a critical one; so is an upload that began after the newest recovery point and has not ended for more than a day.",
    standards: &["NIST SP 800-53 CP-9(1)", "CIS v8 11.5", "SOC 2 A1.3"],
};

impl Control for SizePlausible {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        for state in asset.states {
            if state.method().is_derived() {
                continue;
            }
            let points = all_points(state, Grade::None);
            let sized = points.iter().any(|point| point.bytes.is_some() || point.items.is_some());
            if points.is_empty() || !(sized || state.method().has_sizes()) {
                continue;
            }
            let mut found = judge_newest(state, &points);
            // Sizes that nobody vouches for may make others implausible, but not plausible.
            let vouched = all_points(state, Grade::Attested);
            if vouched.len() < points.len() {
                let other =
                    if vouched.last().map(|point| point.captured_at) < points.last().map(|point| point.captured_at) {
                        (Verdict::Unknown, None, "nothing says how its newest recovery point is known".to_owned())
                    } else {
                        judge_newest(state, &vouched)
                    };
                found = worse(found, other);
            }
            let (verdict, severity, because) = with_unfinished(state, &points, found);
            out.copy(state, verdict, because, state.copy.at()).severity = severity;
        }
    }
}

/// Adds uploads that began and never ended: where one began after the newest recovery point was captured,
/// that one is not the newest that was meant to be there.
fn with_unfinished(state: &CopyState<'_>, points: &[&Point], found: Found) -> Found {
    let Some(settings) = state.settings.as_deref() else { return found };
    let Some(unfinished) = unfinished_uploads(settings) else { return found };
    let (verdict, severity, because) = found;
    let newest = points.last().map(|point| point.captured_at);
    let is_newer = settings.unfinished.is_some_and(|unfinished| unfinished.newest > newest);
    let verdict = if is_newer { verdict.max(Verdict::Gap) } else { verdict };
    (verdict, severity, format!("{because}; {unfinished}"))
}

/// Returns every recovery point that is there by evidence of at least `grade`, good or bad, in order of
/// time.
fn all_points<'s>(state: &'s CopyState<'_>, grade: Grade) -> Vec<&'s Point> {
    let good = state.points.known_by(grade).map(|(point, _)| point);
    let bad = state.bad_points.iter().filter(|(_, known)| *known >= grade).map(|(point, _)| *point);
    let mut points: Vec<&Point> = good.chain(bad).collect();
    points.sort_by_key(|point| (point.captured_at, point.bytes, point.items));
    points
}

type Found = (Verdict, Option<Severity>, String);

fn worse(a: Found, b: Found) -> Found {
    if (b.0, b.1) > (a.0, a.1) { b } else { a }
}

/// Judges the newest recovery point; of several captured at one time, the worst.
fn judge_newest(state: &CopyState<'_>, points: &[&Point]) -> Found {
    let newest = points.last().map(|point| point.captured_at);
    let first = points.partition_point(|point| Some(point.captured_at) < newest);
    let (earlier, same) = points.split_at(first);
    let judged = same.iter().map(|point| {
        let mut history = earlier.to_vec();
        history.push(point);
        judge(state, &history)
    });
    judged.reduce(worse).unwrap_or_else(|| judge(state, points))
}

fn judge(state: &CopyState<'_>, points: &[&Point]) -> Found {
    let Some((newest, earlier)) = points.split_last() else {
        return (Verdict::Unknown, None, "no recovery point is known".to_owned());
    };
    let on = human(newest.captured_at);
    if newest.is_empty() {
        return (Verdict::Gap, Some(Severity::Critical), format!("the newest recovery point ({on}) is empty"));
    }
    let (min_bytes, min_items) = match state.copy {
        Copy::Objects(objects) => (objects.min_bytes.as_ref(), objects.min_items.as_ref()),
        _ => (None, None),
    };
    let measures = [
        ("bytes", newest.bytes.map(Count::get), min_bytes, sizes(earlier, |point| point.bytes.map(Count::get))),
        ("items", newest.items.map(Count::get), min_items, sizes(earlier, |point| point.items.map(Count::get))),
    ];
    let mut worst = (Verdict::NotApplicable, None, format!("the newest recovery point ({on}) has no known size"));
    for (unit, size, floor, before) in measures {
        if size.is_none() && floor.is_none() {
            continue;
        }
        let result = measure(unit, size, floor.map(|floor| floor.value), before, &on);
        if (result.0, result.1) > (worst.0, worst.1) {
            worst = result;
        }
    }
    if worst.0 == Verdict::NotApplicable {
        worst.0 = Verdict::Unknown;
    }
    worst
}

fn measure(unit: &str, size: Option<u64>, floor: Option<u64>, mut before: Vec<u64>, on: &str) -> Found {
    let Some(size) = size else {
        return (Verdict::Unknown, None, format!("the newest recovery point ({on}) does not tell its {unit}"));
    };
    if let Some(floor) = floor
        && size < floor
    {
        return (
            Verdict::Gap,
            None,
            format!("the newest recovery point ({on}) has {size} {unit}, below the floor of {floor}"),
        );
    }
    before.sort_unstable();
    let Some(twice_median) = twice_median(&before) else {
        let verdict = if floor.is_some() { Verdict::Met } else { Verdict::Unknown };
        return (
            verdict,
            None,
            format!("the newest recovery point ({on}) has {size} {unit}; there is none before it to compare with"),
        );
    };
    let off = (u128::from(size) * 2).abs_diff(twice_median);
    let beyond = |percent: u128| off * 100 > twice_median * percent;
    let share = (off * 100).checked_div(twice_median).unwrap_or(100);
    let direction = if u128::from(size) * 2 < twice_median { "below" } else { "above" };
    let because = format!(
        "the newest recovery point ({on}) has {size} {unit}, {share} % {direction} the median of {} before it",
        before.len()
    );
    if beyond(CRITICAL_PERCENT) {
        (Verdict::Gap, Some(Severity::Critical), because)
    } else if beyond(GAP_PERCENT) {
        (Verdict::Gap, None, because)
    } else {
        (Verdict::Met, None, because)
    }
}

/// Returns the known sizes of the last few of `earlier`.
fn sizes(earlier: &[&Point], size: impl Fn(&Point) -> Option<u64>) -> Vec<u64> {
    let newest_first = earlier.iter().rev().filter(|point| !point.is_empty());
    newest_first.filter_map(|point| size(point)).take(COMPARED_WITH).collect()
}

/// Returns twice the median of sorted sizes, so that it stays whole; `None` without any.
fn twice_median(sorted: &[u64]) -> Option<u128> {
    let middle = sorted.len() / 2;
    let upper = u128::from(*sorted.get(middle)?);
    if sorted.len() % 2 == 1 {
        return Some(upper * 2);
    }
    Some(upper + u128::from(*sorted.get(middle.checked_sub(1)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(size: u64, before: &[u64]) -> (Verdict, Option<Severity>) {
        let (verdict, severity, _) = measure("bytes", Some(size), None, before.to_vec(), "today");
        (verdict, severity)
    }

    #[test]
    fn fifteen_percent_off_is_met_and_more_is_a_gap() {
        let before = [100; 5];
        assert_eq!(verdict(85, &before), (Verdict::Met, None));
        assert_eq!(verdict(115, &before), (Verdict::Met, None));
        assert_eq!(verdict(84, &before), (Verdict::Gap, None));
        assert_eq!(verdict(116, &before), (Verdict::Gap, None));
    }

    #[test]
    fn the_reason_tells_how_far_off_and_in_which_direction() {
        let because = |size| measure("bytes", Some(size), None, vec![100, 200, 200], "today").2;
        assert!(because(220).contains("220 bytes, 10 % above the median of 3"), "{}", because(220));
        assert!(because(150).contains("150 bytes, 25 % below the median of 3"), "{}", because(150));
    }

    #[test]
    fn fifty_percent_off_is_a_gap_and_more_is_critical() {
        assert_eq!(verdict(50, &[100; 5]), (Verdict::Gap, None));
        assert_eq!(verdict(49, &[100; 5]), (Verdict::Gap, Some(Severity::Critical)));
        assert_eq!(verdict(151, &[100; 5]), (Verdict::Gap, Some(Severity::Critical)));
    }

    #[test]
    fn one_alone_is_unknown_unless_a_floor_was_given() {
        assert_eq!(verdict(100, &[]).0, Verdict::Unknown);
        assert_eq!(measure("bytes", Some(100), Some(100), Vec::new(), "").0, Verdict::Met);
        assert_eq!(measure("bytes", Some(99), Some(100), Vec::new(), "").0, Verdict::Gap);
        assert_eq!(measure("bytes", None, Some(100), vec![100], "").0, Verdict::Unknown);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(twice_median(&[10, 20]), Some(30));
        assert_eq!(twice_median(&[10, 20, 40]), Some(40));
        assert_eq!(twice_median(&[7]), Some(14));
        assert_eq!(twice_median(&[]), None);
    }
}
