//! Exposure: the age of the oldest change that no usable recovery point holds.
//!
//! The arithmetic of ages and change feeds (design, section 5); whether an exposure is acceptable is
//! left to the controls, the share of a period to `attainment`.

use chrono::TimeDelta;

use super::seen::{Noted, Seen};
use crate::evidence::{Changes, Digest, Fact, Point};
use crate::model::time::Instant;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Since when every change is known.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
    /// The changes in between, in order.
    pub changes: Vec<Instant>,
    /// The observation that told.
    pub digest: Option<Digest>,
}

impl Feed {
    /// Returns the newest feed of `asset`; `None` where there is none, or none to be believed.
    pub fn of(seen: Seen<'_>, asset: &str) -> Option<Self> {
        let mut newest: Option<Noted<'_, Changes>> = None;
        for observation in seen.of_asset(asset).filter(|observation| observation.copy.is_none()) {
            if let Fact::Changes(fact) = &observation.fact
                && newest.is_none_or(|known| known.at() <= observation.observed_at)
            {
                newest = Some(Noted::new(fact, observation));
            }
        }
        let noted = newest?;
        let mut changes = noted.fact.at.clone();
        changes.sort_unstable();
        let last = changes.last().copied();
        // A change later than its own observation: the clock that dated it cannot be believed.
        if last.is_some_and(|last| last > noted.at() + crate::model::time::FUTURE_TOLERANCE) {
            return None;
        }
        if noted.fact.exact {
            let from = noted.fact.from.unwrap_or(Instant::MIN_UTC);
            changes.retain(|change| *change >= from);
            return Some(Self { from, to: noted.at(), changes, digest: noted.digest() });
        }
        // Only the newest change is known: from it on, the feed is exact.
        last.map(|last| Self { from: last, to: noted.at(), changes: vec![last], digest: noted.digest() })
    }

    /// Returns the instant from which the exposure at `at` runs, when the newest recovery point holds
    /// the state of `captured`; `None` where nothing is exposed.
    pub fn anchor(&self, captured: Instant, at: Instant) -> Option<Instant> {
        if captured < self.from {
            return Some(captured);
        }
        let first = self.changes.partition_point(|change| *change <= captured);
        match self.changes.get(first) {
            Some(change) if *change <= at => Some(*change),
            _ if at <= self.to => None,
            // After the feed ends, a change may have come at any moment.
            _ => Some(captured.max(self.to)),
        }
    }
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
        Some(feed) if captured >= feed.from => {
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
        Feed { from: at(from), to: at(to), changes: changes.iter().map(|hour| at(*hour)).collect(), digest: None }
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
    fn a_change_after_the_time_asked_about_is_not_yet_exposed() {
        let points = [held(10, 10)];
        let feed = feed(0, 100, &[50]);
        let then = exposure(&points, Some(&feed), at(40));
        assert_eq!((then.exposure, then.since), (Some(TimeDelta::zero()), None));
    }
}
