//! The state of copies that rest on other assets: `included` and `rebuild`.
//!
//! Follows references between assets and never goes in circles; what survives the loss of a domain
//! is left to `loss`.

use std::collections::{BTreeSet, HashMap};

use super::copy_state::{Carrier, CopyState, Standing, restore_tests};
use super::cover::Cover;
use super::estate::{Estate, Membership, Subject};
use super::exposure::intersection;
use super::points::Points;
use super::seen::{Seen, Told};
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
    /// The copies in which it travels and that may count.
    carriers: Vec<Carrier>,
}

/// Fills in the state of every derived copy.
pub fn resolve<'a>(
    policy: &'a Policy,
    cover: &Cover,
    seen: Seen<'a>,
    estate: &Estate<'a>,
    states: &mut [Vec<CopyState<'a>>],
) {
    let tested = |mut state: CopyState<'a>, subject: usize| {
        let subject = &estate.subjects[subject];
        restore_tests(&mut state, policy, policy.objective(subject.asset), subject, seen);
        state
    };
    // Rebuilds first: an asset may travel inside one that is rebuilt.
    each(states, |subject, copy, _| match copy {
        Copy::Rebuild(rebuild) => Some(tested(rebuild_state(copy, rebuild, estate, seen), subject)),
        _ => None,
    });
    let mut rides = Rides { policy, cover, estate, without: HashMap::new() };
    each(states, |subject, copy, states| match copy {
        Copy::Included(included) => {
            let ride = rides.of(&included.of.value, estate.subjects[subject].entry, states);
            Some(tested(included_state(copy, &included.of.value, ride), subject))
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
            carriers: ride.carriers,
            bad_points: Vec::new(),
            comparison: None,
            schedules: Vec::new(),
            runs: Vec::new(),
            ..from
        },
        None => CopyState { standing: ride.standing, grade: ride.grade, because, carriers: ride.carriers, ..blank },
    }
}

fn rebuild_state<'a>(copy: &'a Copy, rebuild: &Rebuild, estate: &Estate<'_>, seen: Seen<'_>) -> CopyState<'a> {
    let blank = CopyState::blank(copy);
    let dated = rebuild.rebuilt_on.as_ref().map(|on| on.value).filter(|on| on.start() <= seen.as_of);
    let Some(on) = dated else {
        let because = "no dated rebuild shows that it can be derived".to_owned();
        return CopyState { standing: Standing::Lapsed, because, ..blank };
    };
    let from: Vec<&str> = rebuild.from.0.iter().map(|from| from.value.as_str()).collect();
    let because = format!("rebuilt on {on} from {}", from.join(", "));
    // A clean-up that was here first leaves nothing to rebuild from.
    let is_emptied =
        |input: usize| estate.subjects[input].item.iter().flat_map(Told::lines).any(|item| item.empty == Some(true));
    if let Some(emptied) = from.iter().find(|from| estate.named(from).any(is_emptied)) {
        return CopyState {
            standing: Standing::Lapsed,
            because: format!("{because}, but `{emptied}` is empty"),
            ..blank
        };
    }
    let missing = from.into_iter().find(|from| {
        let inputs = estate.named(from);
        // An entry without a name is there because the policy says so: no system could show it.
        let is_there = |input: &Subject<'_>| match input.membership {
            Membership::Single => input.asset.name.is_none() || input.item.is_some(),
            Membership::Member => true,
            Membership::Vanished | Membership::Hollow | Membership::Unexpanded(_) => false,
        };
        inputs.is_empty() || !inputs.into_iter().all(|input| is_there(&estate.subjects[input]))
    });
    let (standing, because) = match missing {
        Some(from) => (Standing::Doubtful, format!("{because}, but whether all of `{from}` is there was not seen")),
        None => (Standing::Usable, because),
    };
    CopyState { standing, grade: Grade::Attested, because, ..blank }
}

/// What travelling inside each asset is worth. Least fixed points, so that circles prove nothing.
struct Rides<'a, 'e> {
    policy: &'a Policy,
    cover: &'e Cover,
    estate: &'e Estate<'a>,
    /// The worth of travelling inside what a reference names, for an entry that lies in a circle:
    /// without what it covers itself; under `None` for entries that lie in none.
    without: HashMap<Option<usize>, HashMap<&'a str, Ride<'a>>>,
}

impl<'a> Rides<'a, '_> {
    /// Returns what travelling inside `of` is worth to `entry`: what all its members have, each by all
    /// its copies.
    fn of(&mut self, of: &str, entry: usize, states: &[Vec<CopyState<'a>>]) -> Ride<'a> {
        let without = self.cover.is_circular(entry).then_some(entry);
        if !self.without.contains_key(&without) {
            let rides = self.all(without, states);
            self.without.insert(without, rides);
        }
        let rides = self.without.get(&without);
        rides.and_then(|rides| rides.get(of)).cloned().unwrap_or_else(circular)
    }

    /// Returns the worth of travelling inside each asset that some copy names, copies that lead to the
    /// entry `without` counting nothing.
    fn all(&self, without: Option<usize>, states: &[Vec<CopyState<'a>>]) -> HashMap<&'a str, Ride<'a>> {
        let assets = &self.policy.document().assets;
        let mut named: Vec<BTreeSet<&'a str>> = vec![BTreeSet::new(); assets.len()];
        for copy in assets.iter().filter_map(|asset| asset.copies.known()).flatten() {
            if let Copy::Included(included) = copy
                && let Some(entry) = self.cover.entry(&included.of.value)
            {
                named[entry].insert(&included.of.value);
            }
        }
        let mut rides: HashMap<&'a str, Ride<'a>> = HashMap::new();
        // Outside circles what others rest on comes first, so that one round is enough.
        let circular = (0..assets.len()).any(|entry| Some(entry) != without && self.cover.is_circular(entry));
        let rounds = if circular { assets.len() + 1 } else { 1 };
        for _ in 0..rounds {
            let mut better = false;
            for entry in self.cover.order().iter().copied().filter(|entry| Some(*entry) != without) {
                for of in &named[entry] {
                    let members = self.estate.named(of).map(|member| self.best(member, states, &rides));
                    let ride = members
                        .reduce(both)
                        .unwrap_or_else(|| nothing(Standing::Doubtful, "of which nothing was seen"));
                    let known = rides.insert(of, ride);
                    better |= known.is_none_or(|known| rides.get(of).is_some_and(|ride| !is_same(&known, ride)));
                }
            }
            if !better {
                break;
            }
        }
        rides
    }

    fn best(&self, member: usize, states: &[Vec<CopyState<'a>>], rides: &HashMap<&'a str, Ride<'a>>) -> Ride<'a> {
        let subject = &self.estate.subjects[member];
        let doubt = match &subject.membership {
            Membership::Hollow => return nothing(Standing::Absent, "which expands to nothing"),
            Membership::Unexpanded(why) => Some(format!("what that stands for is unknown: {why}")),
            Membership::Vanished => Some(format!("`{}` does not have it any more", subject.asset.lives_in.value)),
            Membership::Single | Membership::Member => None,
        };
        if matches!(subject.asset.copies.value, OrUnknown::Unknown) {
            return nothing(Standing::Doubtful, "whose copies are unknown");
        }
        let each = states[member].iter().enumerate().map(|(position, state)| {
            if let Copy::Included(included) = state.copy {
                return rides.get(included.of.value.as_str()).cloned().unwrap_or_else(circular);
            }
            let (standing, grade) = (state.standing, state.grade);
            let carrier = Carrier { declared: (subject.entry, position), subject: Some(member), standing, grade };
            Ride {
                standing,
                grade,
                because: format!("`{}`: {}", state.copy.id(), state.because),
                from: Some(state.clone()),
                carriers: state.may_count().then_some(carrier).into_iter().collect(),
            }
        });
        let mut best = each.reduce(either).unwrap_or_else(|| nothing(Standing::Absent, "which has no copy"));
        if let Some(why) = doubt.filter(|_| best.standing >= Standing::Doubtful) {
            best.standing = Standing::Doubtful;
            best.carriers.iter_mut().for_each(|carrier| carrier.standing = carrier.standing.min(Standing::Doubtful));
            best.because = format!("{}; but {why}", best.because);
        }
        best
    }
}

fn circular<'a>() -> Ride<'a> {
    nothing(Standing::Absent, "which is covered only by what it covers itself")
}

/// Returns what either of two copies of one asset gives: the better one, with the recovery points of
/// both where both are usable. Else the other one may hold a newer state.
fn either<'a>(a: Ride<'a>, b: Ride<'a>) -> Ride<'a> {
    let (worse, mut better) = if rank(&a) < rank(&b) { (a, b) } else { (b, a) };
    if worse.standing < Standing::Doubtful {
        return better;
    }
    for carrier in worse.carriers {
        let same = |known: &&mut Carrier| (known.declared, known.subject) == (carrier.declared, carrier.subject);
        match better.carriers.iter_mut().find(same) {
            Some(known) => *known = if strength(known) < strength(&carrier) { carrier } else { *known },
            None => better.carriers.push(carrier),
        }
    }
    better.carriers.sort_by_key(|carrier| (carrier.declared, carrier.subject));
    match (&mut better.from, worse.from) {
        (Some(from), Some(more)) if worse.standing == Standing::Usable => {
            let points = std::mem::replace(&mut from.points, Points::none());
            from.points = points.with(more.points.iter().map(|(point, known)| (point.clone(), known)));
            from.whole = intersection(&from.whole, &more.whole);
            from.past.extend(more.past);
            from.past.sort_unstable();
            from.past.dedup();
            from.whole_since = from.whole_since.zip(more.whole_since).map(|(a, b)| a.max(b));
            from.listed_at = from.listed_at.max(more.listed_at);
            from.future |= more.future;
            from.newer_elsewhere |= more.newer_elsewhere;
        }
        (Some(from), _) => from.newer_elsewhere = true,
        (None, _) => {}
    }
    better
}

/// Returns what two assets both have: the worse standing, the weaker evidence, the older state. Their
/// histories differ, so nothing of them is kept.
fn both<'a>(a: Ride<'a>, b: Ride<'a>) -> Ride<'a> {
    let (mut worse, better) = if rank(&b) < rank(&a) { (b, a) } else { (a, b) };
    worse.grade = worse.grade.min(better.grade);
    // Only what carries each of them carries both.
    let carriers = std::mem::take(&mut worse.carriers).into_iter().filter_map(|carrier| {
        let other = better.carriers.iter().find(|other| other.declared == carrier.declared)?;
        let weaker = if strength(other) < strength(&carrier) { *other } else { carrier };
        Some(Carrier { subject: carrier.subject.filter(|_| carrier.subject == other.subject), ..weaker })
    });
    worse.carriers = carriers.collect();
    let newest = |ride: &Ride<'_>| {
        let (point, known) = ride.from.as_ref()?.points.iter().next_back()?;
        Some((point.clone(), known))
    };
    let both = newest(&worse).zip(newest(&better)).map(|((a, known_a), (b, known_b))| {
        let older = if a.captured_at <= b.captured_at { a } else { b };
        (older, known_a.and(known_b))
    });
    if let Some(from) = &mut worse.from {
        from.points = Points::new(both.into_iter().collect());
        from.whole = Vec::new();
        from.past = Vec::new();
        from.whole_since = None;
        from.settings = None;
    }
    worse
}

fn nothing<'a>(standing: Standing, because: &str) -> Ride<'a> {
    Ride { standing, grade: Grade::None, because: because.to_owned(), from: None, carriers: Vec::new() }
}

/// Returns whether nothing has grown on the way to a fixed point.
fn is_same(one: &Ride<'_>, other: &Ride<'_>) -> bool {
    let size = |ride: &Ride<'_>| (ride.standing, ride.grade, ride.from.as_ref().map_or(0, |from| from.points.len()));
    size(one) == size(other) && one.carriers == other.carriers
}

const fn strength(carrier: &Carrier) -> (Standing, Grade) {
    (carrier.standing, carrier.grade)
}

fn rank(ride: &Ride<'_>) -> (Standing, Grade, Option<Instant>) {
    (ride.standing, ride.grade, ride.from.as_ref().and_then(CopyState::captured_at))
}
