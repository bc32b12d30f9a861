//! Attainment: the share of a period in which the exposure was within the RPO.
//!
//! Exact: exposure is piecewise linear, so each piece is measured, nothing is sampled. Whether the
//! share is enough is left to its control.

use std::collections::BinaryHeap;

use chrono::TimeDelta;

use super::exposure::{Feed, Held, merged};
use crate::model::time::Instant;
use crate::model::{Period, Timespan};

/// The period, divided into what is known to be within the RPO, beyond it, and not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attainment {
    /// How long the exposure was within the RPO.
    pub within: TimeDelta,
    /// How long it was beyond.
    pub beyond: TimeDelta,
    /// How long nobody can tell.
    pub uncovered: TimeDelta,
    /// The worst exposure of the covered part; `None` where there was no recovery point in some of it.
    pub worst: Option<TimeDelta>,
}

impl Attainment {
    fn total(&self) -> TimeDelta {
        self.within + self.beyond + self.uncovered
    }

    /// Returns the same, but beyond no longer than `other` says.
    #[must_use]
    pub fn beyond_at_most(self, other: &Self) -> Self {
        let beyond = self.beyond.min(other.beyond);
        Self { beyond, uncovered: self.uncovered + self.beyond - beyond, ..self }
    }

    /// Returns the share of the covered part within the RPO, 0 to 1; `None` where nothing is covered.
    pub fn share(&self) -> Option<f64> {
        ratio(self.within, self.within + self.beyond)
    }

    /// Returns the share of the period that is covered, 0 to 1; `None` for an empty period.
    pub fn covered(&self) -> Option<f64> {
        ratio(self.within + self.beyond, self.total())
    }

    /// Returns whether at least `ppm` parts per million of the whole period are within the RPO.
    pub fn reaches(&self, ppm: u32) -> bool {
        at_least(self.within, self.total(), ppm)
    }

    /// Returns whether that could be so if all that is not known were within.
    pub fn could_reach(&self, ppm: u32) -> bool {
        at_least(self.within + self.uncovered, self.total(), ppm)
    }
}

fn ratio(part: TimeDelta, whole: TimeDelta) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years are exact in f64")]
    (whole > TimeDelta::zero()).then(|| part.num_milliseconds() as f64 / whole.num_milliseconds() as f64)
}

fn at_least(part: TimeDelta, whole: TimeDelta, ppm: u32) -> bool {
    i128::from(part.num_milliseconds()) * 1_000_000 >= i128::from(whole.num_milliseconds()) * i128::from(ppm)
}

/// What is known of an asset's history.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// The usable recovery points, each for as long as somebody can tell that it was there.
    pub points: &'a [Held],
    /// When the asset changed.
    pub feed: Option<&'a Feed>,
    /// Stretches for which every recovery point of every copy is listed, from and to; a stretch from
    /// the beginning of time holds all there ever were.
    pub whole: &'a [(Instant, Instant)],
}

/// Returns the attainment of `rpo` over `period`.
pub fn attainment(history: &History<'_>, period: Period, rpo: Timespan) -> Attainment {
    let mut result = Attainment {
        within: TimeDelta::zero(),
        beyond: TimeDelta::zero(),
        uncovered: TimeDelta::zero(),
        worst: Some(TimeDelta::zero()),
    };
    for piece in pieces(history, period, rpo) {
        result.within += piece.within_until - piece.start;
        result.uncovered += piece.beyond_from - piece.within_until;
        result.beyond += piece.end - piece.beyond_from;
        if piece.within_until > piece.start || piece.beyond_from < piece.end {
            let last = if piece.beyond_from < piece.end { piece.end } else { piece.within_until };
            result.worst = result.worst.zip(piece.most.at(last)).map(|(worst, exposed)| worst.max(exposed));
        }
    }
    if result.within + result.beyond == TimeDelta::zero() {
        result.worst = None;
    }
    result
}

/// A piece of the period in which nothing changes but the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Its beginning.
    pub(super) start: Instant,
    /// Until then the exposure is within the RPO.
    pub(super) within_until: Instant,
    /// From then on it is beyond; what lies between, nobody can tell.
    pub(super) beyond_from: Instant,
    /// Its end.
    pub(super) end: Instant,
    /// From when the exposure runs at most, as far as points are known.
    pub(super) most: Exposed,
}

/// From when something is exposed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exposed {
    /// For ever, as far as is known: no point is.
    Ever,
    /// Since then.
    Since(Instant),
    /// Not at all.
    Nothing,
}

impl Exposed {
    /// Returns for how long, at `at`; `None` for ever.
    pub(super) fn at(self, at: Instant) -> Option<TimeDelta> {
        match self {
            Self::Ever => None,
            Self::Since(since) => Some(at - since),
            Self::Nothing => Some(TimeDelta::zero()),
        }
    }
}

/// Returns the pieces of `period`, in order.
pub(super) fn pieces(history: &History<'_>, period: Period, rpo: Timespan) -> Vec<Piece> {
    let whole = merged(history.whole.to_vec());
    let mut cuts: Vec<Instant> = history
        .points
        .iter()
        .flat_map(|point| [point.available, point.until])
        .chain(history.feed.into_iter().flat_map(Feed::cuts))
        .chain(whole.iter().flat_map(|(from, to)| [*from, *to]))
        .filter(|cut| *cut > period.from && *cut < period.to)
        .chain([period.from, period.to])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut arriving = history.points.to_vec();
    arriving.sort_unstable_by_key(|point| point.available);
    let mut arriving = arriving.into_iter().peekable();
    // By the state that they hold, the newest on top.
    let mut there: BinaryHeap<(Instant, Instant)> = BinaryHeap::new();
    let mut pieces = Vec::with_capacity(cuts.len());
    for piece in cuts.windows(2) {
        let &[start, end] = piece else { continue };
        while let Some(point) = arriving.next_if(|point| point.available <= start) {
            there.push((point.captured, point.until));
        }
        // A point that was there until the piece begins is not there in it.
        while there.peek().is_some_and(|(_, until)| *until <= start) {
            there.pop();
        }
        let newest = there.peek().map(|(captured, _)| *captured);
        let since = stretch_of(&whole, start).map(|(since, _)| since);
        pieces.push(divide(history.feed, newest, since, (start, end), rpo));
    }
    pieces
}

/// Returns the stretch that holds the time right after `at`; `None` where none does.
fn stretch_of(stretches: &[(Instant, Instant)], at: Instant) -> Option<(Instant, Instant)> {
    let after = stretches.partition_point(|(from, _)| *from <= at);
    stretches.get(after.checked_sub(1)?).copied().filter(|(_, to)| at < *to)
}

/// Returns a piece in which the newest state is that of `newest` and nothing changes. All recovery
/// points captured after `since` are known; of `None`, more may have been there at any time.
fn divide(
    feed: Option<&Feed>,
    newest: Option<Instant>,
    since: Option<Instant>,
    (start, end): (Instant, Instant),
    rpo: Timespan,
) -> Piece {
    // The exposure is at most what the known points say. It is at least what it would be if a
    // point had been captured just before the list begins.
    let most = newest.map(|captured| anchor(feed, captured, start));
    let within_until = most.map_or(start, |anchor| limit(anchor, rpo, start, end));
    let beyond_from = match since {
        None => end,
        Some(since) => limit(anchor(feed, newest.map_or(since, |newest| newest.max(since)), start), rpo, start, end),
    }
    .max(within_until);
    let most = match most {
        None => Exposed::Ever,
        Some(None) => Exposed::Nothing,
        Some(Some(anchor)) => Exposed::Since(anchor),
    };
    Piece { start, within_until, beyond_from, end, most }
}

fn anchor(feed: Option<&Feed>, captured: Instant, start: Instant) -> Option<Instant> {
    feed.map_or(Some(captured), |feed| feed.anchor_from(captured, start))
}

/// Returns until when, inside `start` to `end`, an exposure that runs from `anchor` is within `rpo`.
fn limit(anchor: Option<Instant>, rpo: Timespan, start: Instant, end: Instant) -> Instant {
    anchor.map_or(end, |anchor| rpo.after(anchor).clamp(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_instant;

    fn at(hour: i64) -> Instant {
        parse_instant("2026-01-01").unwrap() + TimeDelta::hours(hour)
    }

    fn period(from: i64, to: i64) -> Period {
        Period { from: at(from), to: at(to) }
    }

    fn held(captured: i64, available: i64) -> Held {
        Held { captured: at(captured), available: at(available), until: Instant::MAX_UTC }
    }

    fn daily(delay: i64) -> Vec<Held> {
        (-2..11).map(|day| held(day * 24, day * 24 + delay)).collect()
    }

    fn over(points: &[Held], whole: &[(Instant, Instant)], rpo: &str) -> Attainment {
        let history = History { points, feed: None, whole };
        attainment(&history, period(0, 240), rpo.parse().unwrap())
    }

    #[test]
    fn a_daily_point_usable_after_two_hours_attains_22_of_24() {
        let result = over(&daily(2), &[(Instant::MIN_UTC, at(240))], "24h");
        assert_eq!(format!("{:.4}", result.share().unwrap()), "0.9167");
        assert_eq!(result.worst, Some(TimeDelta::hours(26)));
        assert_eq!(result.covered(), Some(1.0));
        assert!(result.reaches(916_666) && !result.reaches(916_667));
    }

    #[test]
    fn the_worst_exposure_of_time_within_the_rpo_is_measured_too() {
        assert_eq!(over(&daily(0), &[(Instant::MIN_UTC, at(240))], "48h").worst, Some(TimeDelta::hours(24)));
    }

    #[test]
    fn what_was_seen_without_the_rest_is_within_and_never_beyond() {
        let result = over(&[held(0, 0)], &[], "24h");
        assert_eq!((result.within, result.beyond), (TimeDelta::hours(24), TimeDelta::zero()));
        assert_eq!((result.uncovered, result.worst), (TimeDelta::hours(216), Some(TimeDelta::hours(24))));
    }

    #[test]
    fn ten_points_on_the_first_day_do_not_cover_ten_days() {
        let points: Vec<Held> = (0..10).map(|hour| held(hour, hour)).collect();
        let result = over(&points, &[(Instant::MIN_UTC, at(240))], "24h");
        assert_eq!(result.within, TimeDelta::hours(9 + 24));
    }

    #[test]
    fn what_no_history_covers_is_never_within() {
        let lately: Vec<Held> = (5..11).map(|day| held(day * 24, day * 24)).collect();
        let result = over(&lately, &[(at(120), at(240))], "24h");
        assert_eq!((result.uncovered, result.within), (TimeDelta::hours(120), TimeDelta::hours(120)));
        assert_eq!(result.covered(), Some(0.5));
        assert!(!result.reaches(990_000) && result.could_reach(990_000));
        let nothing = over(&[], &[], "24h");
        assert_eq!((nothing.share(), nothing.covered(), nothing.worst), (None, Some(0.0), None));
    }

    #[test]
    fn an_empty_list_is_beyond_for_ever_or_as_far_back_as_it_reaches() {
        let ever = over(&[], &[(Instant::MIN_UTC, at(240))], "24h");
        assert_eq!((ever.beyond, ever.worst), (TimeDelta::hours(240), None));
        // A point just before the list begins would have been good for one day.
        let since = over(&[], &[(at(0), at(240))], "24h");
        assert_eq!((since.uncovered, since.beyond), (TimeDelta::hours(24), TimeDelta::hours(216)));
    }

    #[test]
    fn a_point_that_is_gone_counts_as_long_as_it_was_seen() {
        let points = [Held { until: at(10), ..held(0, 0) }];
        let result = over(&points, &[(Instant::MIN_UTC, at(240))], "24h");
        assert_eq!((result.within, result.beyond), (TimeDelta::hours(10), TimeDelta::hours(230)));
    }

    #[test]
    fn the_worst_exposure_is_that_of_the_covered_time_alone() {
        // Nobody can tell of the first twenty hours; then half of the time is within, half beyond.
        let points = [held(-100, -100), held(100, 100)];
        let result = over(&points, &[(at(0), at(20)), (at(100), at(148))], "24h");
        assert_eq!((result.within, result.beyond), (TimeDelta::hours(24), TimeDelta::hours(24)));
        assert_eq!(result.worst, Some(TimeDelta::hours(48)));
    }

    #[test]
    fn unchanged_is_within_until_the_feed_ends() {
        let points = [held(0, 0)];
        let feed = Feed::new(vec![(at(-10), at(100))], vec![at(-5)]);
        let history = History { points: &points, feed: Some(&feed), whole: &[(Instant::MIN_UTC, at(240))] };
        let result = attainment(&history, period(0, 240), "24h".parse().unwrap());
        assert_eq!(result.within, TimeDelta::hours(124));
    }
}
