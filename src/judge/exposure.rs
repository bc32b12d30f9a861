//! Exposure: the age of the oldest change that no usable recovery point holds.
//!
//! The arithmetic of ages and change feeds (design, section 5); whether an exposure is acceptable is
//! left to the controls, the share of a period to `attainment`.

use chrono::TimeDelta;

use super::seen::Seen;
use crate::evidence::{Digest, Fact, Point};
use crate::model::time::{FUTURE_TOLERANCE, Instant};

/// What an exposure was measured by. The words are fixed by the report format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// By known changes.
    ChangeFeed,
    /// By the time since the newest recovery point, which is never less than the exposure.
    Elapsed,
    /// There is no recovery point to measure from.
    None,
}

impl Basis {
    /// Returns the word of the report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ChangeFeed => "change-feed",
            Self::Elapsed => "elapsed",
            Self::None => "none",
        }
    }
}

/// When an asset changed, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    /// Stretches in which every change is known, from and to, in order and apart from each other.
    known: Vec<(Instant, Instant)>,
    /// The changes, in order: those of the stretches, and any others that are known.
    changes: Vec<Instant>,
    /// The observations that told.
    pub digests: Vec<Digest>,
}

impl Feed {
    /// Returns a feed that knows every change of the stretches `known`, and `changes` at least.
    pub fn new(known: Vec<(Instant, Instant)>, mut changes: Vec<Instant>) -> Self {
        changes.sort_unstable();
        changes.dedup();
        Self { known: merged(known), changes, digests: Vec::new() }
    }

    /// Returns what all feeds of `asset` tell together; `None` where there is none to be believed.
    ///
    /// What one feed knows of a change, another cannot deny. `exposed` are the changes that
    /// comparisons found in no copy.
    pub fn of(seen: Seen<'_>, asset: &str, exposed: impl Iterator<Item = Instant>) -> Option<Self> {
        let mut known = Vec::new();
        let mut changes: Vec<Instant> = Vec::new();
        let mut digests = Vec::new();
        for observation in seen.of_asset(asset).filter(|observation| observation.copy.is_none()) {
            let Fact::Changes(fact) = &observation.fact else { continue };
            digests.extend(observation.digest);
            let believed = observation.observed_at + FUTURE_TOLERANCE;
            let newest = fact.at.iter().copied().max();
            changes.extend(fact.at.iter().copied().filter(|at| *at <= believed));
            if newest.is_some_and(|newest| newest > believed) {
                // A change later than its own observation: the clock that dated it cannot be
                // believed, so no time without a change can be either.
                continue;
            }
            let from = match fact.from {
                Some(from) if fact.exact => Some(from),
                // Only the newest change is known: from it on, there was none.
                _ => newest,
            };
            known.extend(from.map(|from| (from, observation.observed_at)).filter(|(from, to)| from <= to));
        }
        for change in exposed {
            changes.push(change);
            known.push((just_before(change), change));
        }
        (!known.is_empty()).then(|| Self { digests, ..Self::new(known, changes) })
    }

    /// Returns the instant from which the exposure at `at` runs, when the newest recovery point holds
    /// the state of `captured`; `None` where nothing is exposed.
    pub fn anchor(&self, captured: Instant, at: Instant) -> Option<Instant> {
        self.anchor_while(captured, at, |end| at <= end)
    }

    /// As `anchor`, for a stretch of time that begins at `start`, holds no change and no end of what
    /// is known, and goes on for a while.
    pub fn anchor_from(&self, captured: Instant, start: Instant) -> Option<Instant> {
        self.anchor_while(captured, start, |end| start < end)
    }

    fn anchor_while(&self, captured: Instant, at: Instant, lasts: impl Fn(Instant) -> bool) -> Option<Instant> {
        let Some((_, end)) = self.stretch(captured) else { return Some(captured) };
        let first = self.changes.partition_point(|change| *change <= captured);
        match self.changes.get(first) {
            Some(change) if *change <= at && *change <= end => Some(*change),
            _ if lasts(end) => None,
            // After the feed ends, a change may have come at any moment.
            _ => Some(captured.max(end)),
        }
    }

    /// Returns whether it tells what happened right after `at`.
    pub fn tells_of(&self, at: Instant) -> bool {
        self.stretch(at).is_some()
    }

    /// Returns the instants at which what is known changes.
    pub fn cuts(&self) -> impl Iterator<Item = Instant> {
        self.changes.iter().copied().chain(self.known.iter().map(|(_, end)| *end))
    }

    fn stretch(&self, at: Instant) -> Option<(Instant, Instant)> {
        let after = self.known.partition_point(|(from, _)| *from <= at);
        self.known.get(after.checked_sub(1)?).copied().filter(|(_, to)| at <= *to)
    }
}

/// Returns the last instant before `at` that this program tells apart from it.
pub fn just_before(at: Instant) -> Instant {
    at.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(at)
}

/// Returns overlapping stretches as one, in order.
pub fn merged(mut stretches: Vec<(Instant, Instant)>) -> Vec<(Instant, Instant)> {
    stretches.sort_unstable();
    let mut merged: Vec<(Instant, Instant)> = Vec::new();
    for (from, to) in stretches {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// Returns the stretches that lie in both lists, in order.
pub fn intersection(a: &[(Instant, Instant)], b: &[(Instant, Instant)]) -> Vec<(Instant, Instant)> {
    let (a, b) = (merged(a.to_vec()), merged(b.to_vec()));
    let mut both = Vec::new();
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(&&(a_from, a_to)), Some(&&(b_from, b_to))) = (left.peek(), right.peek()) {
        let (from, to) = (a_from.max(b_from), a_to.min(b_to));
        if from < to {
            both.push((from, to));
        }
        if a_to < b_to {
            left.next()
        } else {
            right.next()
        };
    }
    both
}

/// A usable recovery point: what it holds and since when it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The state of the source that it holds.
    pub captured: Instant,
    /// When it became usable.
    pub available: Instant,
    /// Until when it is known to be there: for ever, unless a later look found it gone.
    pub until: Instant,
}

impl From<&Point> for Held {
    fn from(point: &Point) -> Self {
        Self { captured: point.captured_at, available: point.available(), until: Instant::MAX_UTC }
    }
}

/// Returns the newest state held at `at` by recovery points that were there by then.
pub fn newest(points: &[Held], at: Instant) -> Option<Instant> {
    points.iter().filter(|point| point.available <= at && at <= point.until).map(|point| point.captured).max()
}

/// The exposure of an asset at the time of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// The age of the newest usable recovery point; `None` for "never".
    pub age: Option<TimeDelta>,
    /// The age of the oldest unprotected change, zero where nothing is exposed; `None` for "never".
    pub exposure: Option<TimeDelta>,
    /// The instant from which it runs; `None` where nothing is exposed or no point is known.
    pub since: Option<Instant>,
    /// What it was measured by.
    pub basis: Basis,
}

/// Returns the exposure at `at` of an asset whose usable recovery points are `points`.
pub fn exposure(points: &[Held], feed: Option<&Feed>, at: Instant) -> Exposure {
    let Some(captured) = newest(points, at) else {
        return Exposure { age: None, exposure: None, since: None, basis: Basis::None };
    };
    let age = (at - captured).max(TimeDelta::zero());
    match feed {
        Some(feed) if feed.tells_of(captured) => {
            let since = feed.anchor(captured, at);
            let exposure = since.map_or(TimeDelta::zero(), |since| (at - since).max(TimeDelta::zero()));
            Exposure { age: Some(age), exposure: Some(exposure), since, basis: Basis::ChangeFeed }
        }
        _ => Exposure { age: Some(age), exposure: Some(age), since: Some(captured), basis: Basis::Elapsed },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_instant;

    fn at(hour: i64) -> Instant {
        parse_instant("2026-01-01").unwrap() + TimeDelta::hours(hour)
    }

    fn held(captured: i64, available: i64) -> Held {
        Held { captured: at(captured), available: at(available), until: Instant::MAX_UTC }
    }

    fn feed(from: i64, to: i64, changes: &[i64]) -> Feed {
        Feed::new(vec![(at(from), at(to))], changes.iter().map(|hour| at(*hour)).collect())
    }

    #[test]
    fn age_runs_from_the_data_and_only_once_the_point_is_there() {
        let points = [held(0, 2), held(24, 26)];
        let age = |hour| exposure(&points, None, at(hour)).exposure.map(|age| age.num_hours());
        assert_eq!(age(1), None, "nothing is usable yet");
        assert_eq!(age(25), Some(25), "the second point is not there yet");
        assert_eq!(age(26), Some(2));
    }

    #[test]
    fn never_backed_up_is_never_and_not_zero() {
        let never = exposure(&[], None, at(5));
        assert_eq!((never.age, never.exposure, never.basis), (None, None, Basis::None));
    }

    #[test]
    fn nothing_is_exposed_while_nothing_changed() {
        let points = [held(10, 10)];
        let hours = |feed: Feed, hour| exposure(&points, Some(&feed), at(hour)).exposure.map(|age| age.num_hours());
        assert_eq!(hours(feed(0, 100, &[5, 10]), 100), Some(0), "a change at the capture is held");
        assert_eq!(hours(feed(0, 100, &[5, 30, 60]), 100), Some(70), "the oldest change counts");
        assert_eq!(hours(feed(0, 90, &[5]), 100), Some(10), "after the feed ends, anything may have changed");
        assert_eq!(hours(feed(20, 100, &[]), 100), Some(90), "a feed that begins after the point tells nothing");
        assert_eq!(hours(feed(10, 100, &[]), 100), Some(0), "a feed that begins with the point tells all");
        assert_eq!(exposure(&points, Some(&feed(20, 100, &[])), at(100)).basis, Basis::Elapsed);
        assert_eq!(exposure(&points, Some(&feed(10, 100, &[])), at(100)).basis, Basis::ChangeFeed);
    }

    #[test]
    fn two_lists_of_stretches_have_in_common_what_lies_in_both() {
        let stretches = |list: &[(i64, i64)]| list.iter().map(|(from, to)| (at(*from), at(*to))).collect::<Vec<_>>();
        let both = |a: &[(i64, i64)], b: &[(i64, i64)]| {
            assert_eq!(intersection(&stretches(a), &stretches(b)), intersection(&stretches(b), &stretches(a)));
            intersection(&stretches(a), &stretches(b))
        };
        assert_eq!(
            both(&[(0, 10), (20, 30), (40, 50)], &[(5, 25), (28, 60)]),
            stretches(&[(5, 10), (20, 25), (28, 30), (40, 50)])
        );
        assert_eq!(both(&[(0, 10)], &[(10, 20)]), []);
        assert_eq!(both(&[(0, 4), (3, 10)], &[(1, 2), (8, 9)]), stretches(&[(1, 2), (8, 9)]));
        assert_eq!(both(&[(0, 10)], &[]), []);
    }

    #[test]
    fn feeds_with_holes_tell_nothing_of_them() {
        let feed = Feed::new(vec![(at(0), at(10)), (at(20), at(30))], vec![at(15), at(25)]);
        let since = |captured, hour| feed.anchor(at(captured), at(hour));
        assert_eq!(since(5, 8), None);
        assert_eq!(since(5, 12), Some(at(10)), "after the first stretch, anything may have changed");
        assert_eq!(since(12, 18), Some(at(12)), "in the hole, too");
        assert_eq!(since(22, 24), None);
        assert_eq!(since(22, 28), Some(at(25)));
        assert_eq!((feed.tells_of(at(10)), feed.tells_of(at(12)), feed.tells_of(at(20))), (true, false, true));
    }

    #[test]
    fn a_change_after_the_time_asked_about_is_not_yet_exposed() {
        let points = [held(10, 10)];
        let feed = feed(0, 100, &[50]);
        let then = exposure(&points, Some(&feed), at(40));
        assert_eq!((then.exposure, then.since), (Some(TimeDelta::zero()), None));
    }
}
