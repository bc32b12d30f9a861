//! What listings of recovery points say of a copy: which are usable, which are not, which are gone.
//!
//! Several listings of one copy become one picture here; comparisons are left to `compared`, the copy
//! as a whole to `copy_state`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::copy_state::{CopyState, Standing};
use super::exposure::Held;
use super::seen::{Noted, Seen};
use crate::evidence::{Point, RecoveryPoints};
use crate::model::time::{FUTURE_TOLERANCE, Instant, human};
use crate::model::{Count, Grade, Method};
use crate::policy::Copy;

/// How long a migration's archive can be downloaded; after that only a copy elsewhere helps.
const MIGRATION_ARCHIVE_DAYS: i64 = 7;

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
    let newest_whole = listings.iter().filter(|noted| noted.fact.complete).max_by_key(|noted| noted.at());
    state.whole_since =
        newest_whole.filter(|noted| noted.at() == latest).map(|noted| noted.fact.from.unwrap_or(Instant::MIN_UTC));
    state.whole = listings.iter().filter(|noted| noted.fact.complete).filter_map(whole_stretch).collect();
    if let [only] = listings
        && only.fact.points.iter().all(|point| !is_bad(point) && !is_future(only, point))
        && only.fact.points.is_sorted_by_key(|point| point.captured_at)
    {
        state.points = Cow::Borrowed(&only.fact.points);
        state.grade = only.fact.points.last().map_or(Grade::None, |_| only.fact.grade).min(state.method().best_grade());
        return;
    }
    let kept: BTreeSet<PointOrder<'a>> =
        newest_whole.into_iter().flat_map(|whole| whole.fact.points.iter().map(order)).collect();
    let is_replaced = |listing: &Noted<'a, RecoveryPoints>, point: &Point| {
        newest_whole.is_some_and(|whole| {
            listing.at() < whole.at() && whole.fact.from.is_none_or(|from| from <= point.captured_at)
        })
    };
    // By what makes a recovery point the same one: when it was last told of, and whether it was bad.
    let mut told: BTreeMap<(Instant, Option<&str>), (Instant, bool)> = BTreeMap::new();
    let mut candidates: Vec<(&'a Point, Instant, Grade)> = Vec::new();
    for listing in listings {
        for point in &listing.fact.points {
            if is_future(listing, point) {
                state.future = true;
            } else if is_replaced(listing, point) {
                if !is_bad(point) && !kept.contains(&order(point)) {
                    state.past.push(Held { until: listing.at(), ..Held::from(point) });
                }
            } else {
                let (at, bad) = told.entry(identity(point)).or_insert((listing.at(), false));
                (*at, *bad) = match listing.at().cmp(at) {
                    std::cmp::Ordering::Greater => (listing.at(), is_bad(point)),
                    std::cmp::Ordering::Equal => (*at, *bad || is_bad(point)),
                    std::cmp::Ordering::Less => (*at, *bad),
                };
                candidates.push((point, listing.at(), listing.fact.grade));
            }
        }
    }
    // Of what is told of one recovery point the newest counts, and at one time the worse.
    candidates.retain(|(point, at, _)| {
        told.get(&identity(point)).is_some_and(|(newest, bad)| at == newest && is_bad(point) == *bad)
    });
    let (bad, good): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|(point, ..)| is_bad(point));
    // The newest state counts, so the evidence is as strong as what tells of it.
    let best = good.iter().map(|(point, _, grade)| (point.captured_at, *grade)).max();
    state.grade = best.map_or(Grade::None, |(_, grade)| grade).min(state.method().best_grade());
    let mut points: Vec<Point> = good.into_iter().map(|(point, ..)| point.clone()).collect();
    points.sort_by(|a, b| order(a).cmp(&order(b)));
    points.dedup();
    state.points = Cow::Owned(points);
    state.bad_points = bad.into_iter().map(|(point, ..)| point).collect();
    state.bad_points.sort_by(|a, b| order(a).cmp(&order(b)));
    state.bad_points.dedup();
    state.past.sort_unstable();
}

/// Returns the stretch for which a whole listing holds every recovery point that ever was; `None`
/// where it tells nothing of the past. What is older than the oldest may have been removed.
fn whole_stretch(noted: &Noted<'_, RecoveryPoints>) -> Option<(Instant, Instant)> {
    let oldest = || noted.fact.points.iter().map(|point| point.captured_at).min();
    let since = noted.fact.kept_from.or_else(oldest)?;
    Some((noted.fact.from.map_or(since, |from| from.max(since)), noted.at()))
}

/// Returns what makes two listed recovery points the same one.
fn identity(point: &Point) -> (Instant, Option<&str>) {
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
