//! What listings of recovery points say of a copy: which are usable, which are not, which are gone.
//!
//! Several listings of one copy become one picture here; comparisons are left to `compared`, the copy
//! as a whole to `copy_state`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::copy_state::{CopyState, Standing};
use super::exposure::Held;
use super::points::{Known, Points};
use super::seen::{Noted, Seen};
use crate::evidence::{Point, RecoveryPoints};
use crate::model::time::{FUTURE_TOLERANCE, Instant, human};
use crate::model::{Count, Grade, Method};
use crate::policy::Copy;

/// How long a migration's archive can be downloaded; after that only a copy elsewhere helps.
const MIGRATION_ARCHIVE_DAYS: i64 = 7;

/// What lines of one time tell of one recovery point, of which the worse counts.
#[derive(Debug, Clone, Copy)]
struct Told {
    bad: bool,
    grade: Grade,
    available: Instant,
}

impl Told {
    fn and(self, other: Self) -> Self {
        Self {
            bad: self.bad || other.bad,
            grade: self.grade.min(other.grade),
            available: self.available.max(other.available),
        }
    }
}

/// Sorts the recovery points of all listings into usable, bad and not to be believed.
pub(super) fn recovery_points<'a>(state: &mut CopyState<'a>, listings: &[Noted<'a, RecoveryPoints>], seen: Seen<'a>) {
    let Some(latest) = listings.iter().map(Noted::at).max() else { return };
    let (min_bytes, min_items) = match state.copy {
        Copy::Objects(objects) => (
            objects.min_bytes.as_ref().map_or(0, |floor| floor.value),
            objects.min_items.as_ref().map_or(0, |floor| floor.value),
        ),
        _ => (0, 0),
    };
    let migration_end =
        (state.method() == Method::Migrations).then(|| seen.as_of - TimeDelta::days(MIGRATION_ARCHIVE_DAYS));
    let is_bad = |point: &Point| {
        point.is_empty()
            || point.bytes.is_some_and(|bytes| bytes.get() < min_bytes)
            || point.items.is_some_and(|items| items.get() < min_items)
            || migration_end.is_some_and(|end| point.captured_at < end)
    };
    // Later than the audit, or than the look that tells of it.
    let is_future = |listing: &Noted<'a, RecoveryPoints>, point: &Point| {
        seen.is_future(point.available()) || point.available() > listing.at() + FUTURE_TOLERANCE
    };
    state.listed_at = Some(latest);
    // The newest whole listing replaces what earlier ones said of the time that it covers: what it
    // does not have is gone. A listing that is not whole leaves open what lies between its points.
    let whole_at = listings.iter().filter(|noted| noted.fact.complete).map(Noted::at).max();
    let newest_whole = || listings.iter().filter(|noted| noted.fact.complete && Some(noted.at()) == whole_at);
    let begins = |noted: &Noted<'a, RecoveryPoints>| noted.fact.from.unwrap_or(Instant::MIN_UTC);
    state.whole_since = newest_whole().filter(|noted| noted.at() == latest).map(begins).min();
    state.whole = listings.iter().filter(|noted| noted.fact.complete).filter_map(whole_stretch).collect();
    let best_grade = state.method().best_grade();
    if let [only] = listings
        && only.fact.points.iter().all(|point| !is_bad(point) && !is_future(only, point))
        && only.fact.points.is_sorted_by_key(|point| point.captured_at)
    {
        state.points = Points::listed(&only.fact.points, only.fact.grade.min(best_grade));
        state.grade = state.points.newest_grade();
        return;
    }
    let rivals = Rivals::of(listings);
    let kept: BTreeSet<PointOrder<'a>> = newest_whole()
        .flat_map(|whole| whole.fact.points.iter().filter(|point| !rivals.deny(whole, point)).map(order))
        .collect();
    let is_replaced = |listing: &Noted<'a, RecoveryPoints>, point: &Point| {
        newest_whole().any(|whole| listing.at() < whole.at() && begins(whole) <= point.captured_at)
    };
    // By what makes a recovery point the same one, and by the time at which it was told of.
    let mut told: BTreeMap<(Identity<'a>, Instant), Told> = BTreeMap::new();
    let mut believed: Vec<(&Noted<'a, RecoveryPoints>, &'a Point)> = Vec::new();
    for listing in listings {
        for point in &listing.fact.points {
            if is_future(listing, point) {
                state.future = true;
                continue;
            }
            let grade = listing.fact.grade.min(best_grade);
            let this = Told { bad: is_bad(point), grade, available: point.available() };
            told.entry((identity(point), listing.at())).and_modify(|told| *told = told.and(this)).or_insert(this);
            believed.push((listing, point));
        }
    }
    let mut good: Vec<(Point, Known)> = Vec::new();
    for (listing, point) in believed {
        let this = identity(point);
        let Some(worst) = told.get(&(this, listing.at())).copied() else { continue };
        if rivals.deny(listing, point) {
            continue;
        }
        if is_replaced(listing, point) {
            if !worst.bad && !kept.contains(&order(point)) {
                let held = Held { until: listing.at(), available: worst.available, ..Held::from(point) };
                state.past.push((held, worst.grade));
            }
            continue;
        }
        // Of what is told of one recovery point the newest counts, and at one time the worse.
        let newest = told.range((this, listing.at())..).take_while(|((other, _), _)| *other == this).count() == 1;
        if newest && worst.bad && is_bad(point) {
            state.bad_points.push((point, worst.grade));
        } else if newest && !worst.bad {
            let available_at =
                if worst.available == point.available() { point.available_at } else { Some(worst.available) };
            good.push((Point { available_at, ..point.clone() }, Known { grade: worst.grade, seen_until: None }));
        }
    }
    state.points = Points::new(good);
    // The newest state counts, so the evidence is as strong as what tells of it.
    state.grade = state.points.newest_grade();
    state.bad_points.sort_by(|(a, grade_a), (b, grade_b)| (order(a), grade_a).cmp(&(order(b), grade_b)));
    state.bad_points.dedup();
    state.past.sort_unstable();
}

/// The whole listings of a time of which there are others: what one of them does not have, the others
/// cannot vouch for.
struct Rivals<'l, 'a>(Vec<(&'l Noted<'a, RecoveryPoints>, BTreeSet<Identity<'a>>)>);

impl<'l, 'a> Rivals<'l, 'a> {
    fn of(listings: &'l [Noted<'a, RecoveryPoints>]) -> Self {
        let mut times: Vec<Instant> = listings.iter().map(Noted::at).collect();
        times.sort_unstable();
        let has_others = |at: Instant| {
            let first = times.partition_point(|time| *time < at);
            times.get(first + 1) == Some(&at)
        };
        let rivals = listings.iter().filter(|noted| noted.fact.complete && has_others(noted.at()));
        Self(rivals.map(|noted| (noted, noted.fact.points.iter().map(identity).collect())).collect())
    }

    /// Returns whether another whole listing of the same time shows that the point is not there.
    fn deny(&self, listing: &Noted<'a, RecoveryPoints>, point: &'a Point) -> bool {
        self.0.iter().any(|(rival, points)| {
            rival.at() == listing.at()
                && !std::ptr::eq(rival.fact, listing.fact)
                && rival.fact.from.is_none_or(|from| from <= point.captured_at)
                && !points.contains(&identity(point))
        })
    }
}

/// Returns the stretch for which a whole listing holds every recovery point that ever was; `None`
/// where it tells nothing of the past. What is older than the oldest may have been removed.
fn whole_stretch(noted: &Noted<'_, RecoveryPoints>) -> Option<(Instant, Instant)> {
    let oldest = || noted.fact.points.iter().map(|point| point.captured_at).min();
    let since = noted.fact.kept_from.or_else(oldest)?;
    Some((noted.fact.from.map_or(since, |from| from.max(since)), noted.at()))
}

/// What makes two listed recovery points the same one: its time and its place.
type Identity<'p> = (Instant, Option<&'p str>);

fn identity(point: &Point) -> Identity<'_> {
    (point.captured_at, point.location.as_ref().map(|location| &***location))
}

pub(super) type PointOrder<'p> = (Instant, Instant, Option<Count>, Option<Count>, Option<&'p str>, Option<&'p str>);

/// Orders points by time first and then by everything else, so that the order of lines never matters.
pub(super) fn order(point: &Point) -> PointOrder<'_> {
    (
        point.captured_at,
        point.available(),
        point.bytes,
        point.items,
        point.digest.as_ref().map(|digest| &***digest),
        point.location.as_ref().map(|location| &***location),
    )
}

/// Says what the recovery points make of the copy.
pub(super) fn by_points(state: &mut CopyState<'_>) {
    let beginning = Some(Instant::MIN_UTC);
    match (state.captured_at(), state.whole_since) {
        (Some(captured), _) if state.grade == Grade::None => {
            state.set(
                Standing::Doubtful,
                format!("nothing says how its recovery point of {} is known", human(captured)),
            );
        }
        (Some(captured), _) => {
            let word = if state.grade >= Grade::Observed { "seen" } else { "reported" };
            state.set(Standing::Usable, format!("newest good recovery point {word}: {}", human(captured)));
        }
        (None, _) if state.future => {
            state.set(Standing::Doubtful, "its only time lies in the future, which is not believed");
        }
        (None, whole) if whole == beginning && !state.bad_points.is_empty() => {
            let count = state.bad_points.len();
            state.set(
                Standing::Absent,
                format!("none of its {count} recovery points is good: empty, too small or gone"),
            );
        }
        (None, whole) if whole == beginning => {
            state.set(Standing::Absent, "it was listed, and there is no recovery point");
        }
        (None, Some(since)) => state.set(
            Standing::Doubtful,
            format!("there is no good recovery point since {}; older ones were not listed", human(since)),
        ),
        (None, None) => state.set(Standing::Doubtful, "no good recovery point was seen, but the listing was not whole"),
    }
    if state.points.is_empty() {
        state.grade = Grade::None;
    }
}
