//! Attainment: the share of a period in which the exposure was within the RPO.
//!
//! Exact: exposure is piecewise linear, so each piece is measured, nothing is sampled. Whether the
//! share is enough is left to its control.

use chrono::TimeDelta;

use super::exposure::{Feed, Held};
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
    /// The usable recovery points.
    pub points: &'a [Held],
    /// When the asset changed.
    pub feed: Option<&'a Feed>,
    /// Stretches for which every recovery point is listed, from and to; a stretch from the beginning
    /// of time holds all there ever were.
    pub whole: &'a [(Instant, Instant)],
}

/// Returns the attainment of `rpo` over `period`.
pub fn attainment(history: &History<'_>, period: Period, rpo: Timespan) -> Attainment {
    let stretches = merged(history.whole);
    let mut result = Attainment {
        within: TimeDelta::zero(),
        beyond: TimeDelta::zero(),
        uncovered: TimeDelta::zero(),
        worst: Some(TimeDelta::zero()),
    };
    let mut covered_until = period.from;
    for (since, until) in stretches {
        let (from, to) = (since.max(period.from), until.min(period.to));
        if from >= to {
            continue;
        }
        result.uncovered += from - covered_until;
        covered_until = to;
        measure(history, since, from, to, rpo, &mut result);
    }
    result.uncovered += period.to - covered_until;
    if result.within + result.beyond == TimeDelta::zero() {
        result.worst = None;
    }
    result
}

/// Returns overlapping stretches as one, in order.
fn merged(stretches: &[(Instant, Instant)]) -> Vec<(Instant, Instant)> {
    let mut sorted = stretches.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<(Instant, Instant)> = Vec::new();
    for (from, to) in sorted {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// Measures `from` to `to`, all of it inside a stretch that is whole since `since`.
fn measure(history: &History<'_>, since: Instant, from: Instant, to: Instant, rpo: Timespan, result: &mut Attainment) {
    let mut cuts: Vec<Instant> = history
        .points
        .iter()
        .flat_map(|point| [point.available, point.until])
        .chain(history.feed.into_iter().flat_map(|feed| feed.changes.iter().copied().chain([feed.to])))
        .filter(|cut| *cut > from && *cut < to)
        .chain([from, to])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut by_availability: Vec<Held> = history.points.to_vec();
    by_availability.sort_unstable_by_key(|point| point.available);
    let lasting = by_availability.iter().all(|point| point.until >= to);
    let mut arriving = by_availability.iter().peekable();
    let mut newest: Option<Instant> = None;
    for piece in cuts.windows(2) {
        let &[start, end] = piece else { continue };
        if lasting {
            while let Some(point) = arriving.next_if(|point| point.available <= start) {
                newest = newest.max(Some(point.captured));
            }
        } else {
            // A point that was there until the piece begins is not there in it.
            let there = by_availability.iter().filter(|point| point.available <= start && start < point.until);
            newest = there.map(|point| point.captured).max();
        }
        // The exposure is at most what the known points say. It is at least what it would be if a
        // point had been captured just before the list begins.
        let ever = since == Instant::MIN_UTC;
        let most = newest.map(|captured| anchor(history.feed, captured, start));
        let least = if ever {
            most
        } else {
            Some(anchor(history.feed, newest.map_or(since, |newest| newest.max(since)), start))
        };
        let within_until = most.map_or(start, |anchor| limit(anchor, rpo, start, end));
        let beyond_from = least.map_or(start, |anchor| limit(anchor, rpo, start, end)).max(within_until);
        result.within += within_until - start;
        result.uncovered += beyond_from - within_until;
        result.beyond += end - beyond_from;
        if within_until > start || beyond_from < end {
            let last = if beyond_from < end { end } else { within_until };
            result.worst = match (result.worst, most) {
                (Some(worst), Some(anchor)) => {
                    Some(worst.max(anchor.map_or(TimeDelta::zero(), |anchor| last - anchor)))
                }
                _ => None,
            };
        }
    }
}

fn anchor(feed: Option<&Feed>, captured: Instant, at: Instant) -> Option<Instant> {
    match feed {
        // Inside a piece no change comes, so a piece that ends where the feed does is still known.
        Some(feed) if at >= feed.to => feed.anchor(captured, at.max(feed.to + TimeDelta::milliseconds(1))),
        Some(feed) => feed.anchor(captured, at),
        None => Some(captured),
    }
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
    fn ten_points_on_the_first_day_do_not_cover_ten_days() {
        let points: Vec<Held> = (0..10).map(|hour| held(hour, hour)).collect();
        let result = over(&points, &[(Instant::MIN_UTC, at(240))], "24h");
        assert_eq!(result.within, TimeDelta::hours(9 + 24));
    }

    #[test]
    fn what_no_history_covers_is_never_within() {
        let result = over(&daily(0), &[(at(120), at(240))], "24h");
        assert_eq!((result.uncovered, result.within), (TimeDelta::hours(120), TimeDelta::hours(120)));
        assert_eq!(result.covered(), Some(0.5));
        assert!(!result.reaches(990_000) && result.could_reach(990_000));
        let nothing = over(&daily(0), &[], "24h");
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
        let feed = Feed { from: at(-10), to: at(100), changes: vec![at(-5)], digest: None };
        let history = History { points: &points, feed: Some(&feed), whole: &[(Instant::MIN_UTC, at(240))] };
        let result = attainment(&history, period(0, 240), "24h".parse().unwrap());
        assert_eq!(result.within, TimeDelta::hours(124));
    }
}
