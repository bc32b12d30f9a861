//! The state of copies that rest on other assets: `included` and `rebuild`.
//!
//! Follows references between assets and never goes in circles; what survives the loss of a domain
//! is left to `loss`.

use std::borrow::Cow;
use std::collections::HashMap;

use super::copy_state::{CopyState, Standing};
use super::estate::Estate;
use crate::model::Grade;
use crate::model::time::Instant;
use crate::policy::document::Rebuild;
use crate::policy::values::OrUnknown;
use crate::policy::{Copy, Policy};

/// What an asset that travels inside another can count on.
#[derive(Debug, Clone)]
struct Ride<'a> {
    standing: Standing,
    grade: Grade,
    because: String,
    from: Option<CopyState<'a>>,
}

/// Fills in the state of every derived copy.
pub fn resolve<'a>(policy: &'a Policy, estate: &Estate<'a>, states: &mut [Vec<CopyState<'a>>], as_of: Instant) {
    // Rebuilds first: an asset may travel inside one that is rebuilt.
    each(states, |subject, copy, _| match copy {
        Copy::Rebuild(rebuild) => Some(rebuild_state(copy, rebuild, &estate.subjects[subject].id, policy, as_of)),
        _ => None,
    });
    let mut rides = Rides { policy, estate, known: HashMap::new(), circles: 0 };
    each(states, |subject, copy, states| match copy {
        Copy::Included(included) => {
            let own = estate.subjects[subject].asset.id.0.clone();
            let ride = rides.of(&included.of.value, states, &mut vec![own]);
            Some(included_state(copy, &included.of.value, ride))
        }
        _ => None,
    });
}

/// Replaces each state for which `resolve` returns one.
fn each<'a>(
    states: &mut [Vec<CopyState<'a>>],
    mut resolve: impl FnMut(usize, &'a Copy, &[Vec<CopyState<'a>>]) -> Option<CopyState<'a>>,
) {
    for subject in 0..states.len() {
        for position in 0..states[subject].len() {
            let copy = states[subject][position].copy;
            if let Some(resolved) = resolve(subject, copy, states) {
                states[subject][position] = resolved;
            }
        }
    }
}

fn included_state<'a>(copy: &'a Copy, of: &str, ride: Ride<'a>) -> CopyState<'a> {
    let blank = CopyState::blank(copy);
    let because = match ride.standing {
        Standing::Absent => format!("it travels inside `{of}`, {}", ride.because),
        Standing::Lapsed | Standing::Doubtful | Standing::Usable => {
            format!("it travels inside `{of}`: {}", ride.because)
        }
    };
    match ride.from {
        Some(from) => CopyState {
            copy,
            standing: ride.standing,
            grade: ride.grade,
            because,
            place: blank.place,
            bad_points: Vec::new(),
            comparison: None,
            settings: None,
            schedule: None,
            runs: None,
            ..from
        },
        None => CopyState { standing: ride.standing, grade: ride.grade, because, ..blank },
    }
}

fn rebuild_state<'a>(
    copy: &'a Copy,
    rebuild: &Rebuild,
    subject: &str,
    policy: &Policy,
    as_of: Instant,
) -> CopyState<'a> {
    let blank = CopyState::blank(copy);
    let dated = rebuild.rebuilt_on.as_ref().map(|on| on.value).filter(|on| on.start() <= as_of);
    let Some(on) = dated else {
        let because = "no dated rebuild shows that it can be derived".to_owned();
        return CopyState { standing: Standing::Lapsed, because, ..blank };
    };
    let tested = policy.document().restore_tests.iter().any(|test| {
        test.result.value == crate::policy::values::Outcome::Passed
            && test.copy.as_ref().is_some_and(|tested| tested.value == copy.id())
            && (*test.asset.value == *subject || subject.split('/').next() == Some(&test.asset.value))
            && test.on.start() <= as_of
    });
    let grade = if tested { Grade::Restored } else { Grade::Attested };
    let from: Vec<&str> = rebuild.from.0.iter().map(|from| from.value.as_str()).collect();
    let because = format!("rebuilt on {on} from {}", from.join(", "));
    CopyState { standing: Standing::Usable, grade, because, ..blank }
}

struct Rides<'a, 'e> {
    policy: &'a Policy,
    estate: &'e Estate<'a>,
    known: HashMap<String, Ride<'a>>,
    circles: usize,
}

impl<'a> Rides<'a, '_> {
    /// Returns what travelling inside `of` is worth: what all its members have, each by all its copies.
    fn of(&mut self, of: &str, states: &[Vec<CopyState<'a>>], path: &mut Vec<String>) -> Ride<'a> {
        if let Some(known) = self.known.get(of) {
            return known.clone();
        }
        let entry = of.split('/').next().unwrap_or_default().to_owned();
        if path.contains(&entry) {
            self.circles += 1;
            return nothing(Standing::Absent, "which is covered only by what it covers itself");
        }
        path.push(entry);
        let circles = self.circles;
        let members: Vec<Ride<'a>> =
            self.estate.named(self.policy, of).map(|member| self.best(member, states, path)).collect();
        path.pop();
        let ride = members
            .into_iter()
            .reduce(both)
            .unwrap_or_else(|| nothing(Standing::Doubtful, "of which nothing was seen"));
        // Where the walk met a circle, the answer depends on where it began, so it is not kept.
        if self.circles == circles {
            self.known.insert(of.to_owned(), ride.clone());
        }
        ride
    }

    fn best(&mut self, member: usize, states: &[Vec<CopyState<'a>>], path: &mut Vec<String>) -> Ride<'a> {
        if matches!(self.estate.subjects[member].asset.copies.value, OrUnknown::Unknown) {
            return nothing(Standing::Doubtful, "whose copies are unknown");
        }
        let rides: Vec<Ride<'a>> = states[member]
            .iter()
            .map(|state| match state.copy {
                Copy::Included(included) => self.of(&included.of.value, states, path),
                _ => Ride {
                    standing: state.standing,
                    grade: state.grade,
                    because: format!("`{}`: {}", state.copy.id(), state.because),
                    from: Some(state.clone()),
                },
            })
            .collect();
        rides.into_iter().reduce(either).unwrap_or_else(|| nothing(Standing::Absent, "which has no copy"))
    }
}

/// Returns what either of two copies of one asset gives: the better one, with the recovery points of
/// both where both are usable.
fn either<'a>(a: Ride<'a>, b: Ride<'a>) -> Ride<'a> {
    let (worse, mut better) = if rank(&a) < rank(&b) { (a, b) } else { (b, a) };
    if worse.standing == Standing::Usable
        && let (Some(from), Some(more)) = (&mut better.from, worse.from)
    {
        let mut points = std::mem::take(&mut from.points).into_owned();
        points.extend(more.points.into_owned());
        points.sort_by_key(|point| (point.captured_at, point.available()));
        from.points = Cow::Owned(points);
        from.whole.extend(more.whole);
        from.gone.extend(more.gone);
        from.whole_since = from.whole_since.min(more.whole_since);
        from.listed_at = from.listed_at.max(more.listed_at);
        from.future |= more.future;
    }
    better
}

/// Returns what two assets both have: the worse standing, the weaker evidence, the older state. Their
/// histories differ, so nothing of them is kept.
fn both<'a>(a: Ride<'a>, b: Ride<'a>) -> Ride<'a> {
    let (mut worse, better) = if rank(&b) < rank(&a) { (b, a) } else { (a, b) };
    worse.grade = worse.grade.min(better.grade);
    let captured = |ride: &Ride<'_>| ride.from.as_ref().and_then(CopyState::captured_at);
    let oldest = captured(&worse).zip(captured(&better)).map(|(a, b)| a.min(b));
    if let Some(from) = &mut worse.from {
        let point = from.points.iter().find(|point| Some(point.captured_at) == oldest).cloned();
        let point = point.or_else(|| {
            better
                .from
                .and_then(|other| other.points.into_owned().into_iter().find(|point| Some(point.captured_at) == oldest))
        });
        from.points = Cow::Owned(point.into_iter().collect());
        from.whole = Vec::new();
        from.gone = Vec::new();
        from.whole_since = None;
    }
    worse
}

fn nothing<'a>(standing: Standing, because: &str) -> Ride<'a> {
    Ride { standing, grade: Grade::None, because: because.to_owned(), from: None }
}

fn rank(ride: &Ride<'_>) -> (Standing, Grade, Option<Instant>) {
    (ride.standing, ride.grade, ride.from.as_ref().and_then(CopyState::captured_at))
}
