//! Exposure and attainment against an oracle that walks every minute.
//!
//! The oracle is written from the definitions (design, section 5) and shares no code with the judge.

use chrono::TimeDelta;
use lastgood::judge::attainment::{History, attainment};
use lastgood::judge::exposure::{Feed, Held, exposure};
use lastgood::model::time::{Instant, parse_instant};
use lastgood::model::{Period, Timespan};
use proptest::prelude::*;

/// How many minutes the period has.
const LENGTH: i64 = 1_500;

fn at(minute: i64) -> Instant {
    parse_instant("2026-01-01").expect("a time") + TimeDelta::minutes(minute)
}

/// A history in minutes.
#[derive(Debug, Clone)]
struct Minutes {
    /// Captured, available, gone from.
    points: Vec<(i64, i64, i64)>,
    /// Since when changes are known, until when, and the changes.
    feed: Option<(i64, i64, Vec<i64>)>,
    /// Whole stretches; a beginning of `None` is the beginning of time.
    whole: Vec<(Option<i64>, i64)>,
    rpo: i64,
}

impl Minutes {
    /// Returns the exposure at `minute` for a newest state captured then: `None` for zero.
    fn since(&self, captured: i64, minute: i64) -> Option<i64> {
        match &self.feed {
            Some((from, to, changes)) if captured >= *from => {
                let change = changes.iter().copied().filter(|change| *change > captured && *change <= minute).min();
                match change {
                    Some(change) => Some(change),
                    None if minute < *to => None,
                    None => Some(captured.max(*to)),
                }
            }
            _ => Some(captured),
        }
    }

    /// Returns -1, 0 or 1: not known, beyond the RPO, within it, for the minute that begins then.
    fn minute(&self, minute: i64) -> i8 {
        // Stretches that touch are one.
        let mut stretches: Vec<(i64, i64)> =
            self.whole.iter().map(|(from, to)| (from.unwrap_or(i64::MIN), *to)).collect();
        stretches.sort_unstable();
        let mut covering = None;
        let mut current: Option<(i64, i64)> = None;
        for (from, to) in stretches {
            current = match current {
                Some((start, end)) if from <= end => Some((start, end.max(to))),
                _ => Some((from, to)),
            };
            if let Some((start, end)) = current
                && start <= minute
                && minute < end
            {
                covering = Some(start);
            }
        }
        let newest = self
            .points
            .iter()
            .filter(|(_, available, gone)| *available <= minute && minute < *gone)
            .map(|(captured, ..)| *captured)
            .max();
        let within = |captured: i64| self.since(captured, minute).is_none_or(|since| minute < since + self.rpo);
        if newest.is_some_and(within) {
            return 1;
        }
        let Some(start) = covering else { return -1 };
        // A point captured just before the list begins might be there.
        if start != i64::MIN && within(newest.unwrap_or(start).max(start)) {
            return -1;
        }
        0
    }
}

fn minutes() -> impl Strategy<Value = Minutes> {
    let point = (-500..LENGTH, 0..300_i64, prop_oneof![3 => Just(None), 1 => (0..1_000_i64).prop_map(Some)]).prop_map(
        |(captured, delay, life)| (captured, captured + delay, life.map_or(i64::MAX, |life| captured + delay + life)),
    );
    let feed =
        (-400..LENGTH, 0..LENGTH, prop::collection::vec(-400..LENGTH, 0..8)).prop_map(|(from, length, changes)| {
            let to = from + length;
            let mut changes: Vec<i64> = changes.into_iter().filter(|change| *change >= from && *change <= to).collect();
            changes.sort_unstable();
            (from, to, changes)
        });
    let stretch = (prop::option::weighted(0.7, -200..LENGTH), 0..LENGTH);
    (prop::collection::vec(point, 0..12), prop::option::of(feed), prop::collection::vec(stretch, 0..3), 1..40_i64)
        .prop_map(|(points, feed, whole, hours)| Minutes {
            points,
            feed,
            whole: whole.into_iter().map(|(from, length)| (from, from.unwrap_or(0) + length)).collect(),
            rpo: hours * 60,
        })
}

impl Minutes {
    fn held(&self) -> Vec<Held> {
        let held = |(captured, available, gone): &(i64, i64, i64)| Held {
            captured: at(*captured),
            available: at(*available),
            until: if *gone == i64::MAX { Instant::MAX_UTC } else { at(*gone) },
        };
        self.points.iter().map(held).collect()
    }

    fn feed(&self) -> Option<Feed> {
        self.feed.as_ref().map(|(from, to, changes)| {
            Feed::new(vec![(at(*from), at(*to))], changes.iter().map(|change| at(*change)).collect())
        })
    }
}

proptest! {
    #![proptest_config(super::config(300))]

    #[test]
    fn attainment_equals_a_walk_over_every_minute(history in minutes()) {
        let (points, feed) = (history.held(), history.feed());
        let whole: Vec<(Instant, Instant)> =
            history.whole.iter().map(|(from, to)| (from.map_or(Instant::MIN_UTC, at), at(*to))).collect();
        let rpo: Timespan = format!("{}h", history.rpo / 60).parse().expect("a duration");
        let known = History { points: &points, feed: feed.as_ref(), whole: &whole };
        let result = attainment(&known, Period { from: at(0), to: at(LENGTH) }, rpo);
        let mut counted = [0_i64; 3];
        for minute in 0..LENGTH {
            counted[usize::try_from(history.minute(minute) + 1).expect("0 to 2")] += 1;
        }
        let walked = (counted[0], counted[1], counted[2]);
        let exact = (result.uncovered.num_minutes(), result.beyond.num_minutes(), result.within.num_minutes());
        prop_assert_eq!(exact, walked, "uncovered, beyond, within");
        prop_assert_eq!((result.uncovered + result.beyond + result.within).num_minutes(), LENGTH);
    }

    #[test]
    fn exposure_equals_its_definition_at_any_minute(history in minutes(), minute in 0..LENGTH) {
        let (points, feed) = (history.held(), history.feed());
        let result = exposure(&points, feed.as_ref(), at(minute));
        let newest = history
            .points
            .iter()
            .filter(|(_, available, gone)| *available <= minute && minute <= *gone)
            .map(|(captured, ..)| *captured)
            .max();
        let expected = newest.map(|captured| match &history.feed {
            // At the very end of a feed, all changes up to then are known.
            Some((from, to, changes)) if captured >= *from && minute <= *to => {
                let change = changes.iter().copied().filter(|change| *change > captured && *change <= minute).min();
                change.map_or(0, |change| minute - change)
            }
            _ => history.since(captured, minute).map_or(0, |since| minute - since),
        });
        prop_assert_eq!(result.exposure.map(|length| length.num_minutes()), expected);
        prop_assert_eq!(result.age.map(|age| age.num_minutes()), newest.map(|captured| minute - captured));
    }
}
