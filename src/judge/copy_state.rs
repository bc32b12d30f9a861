//! What the evidence says of one copy: its standing, its grade, its recovery points.
//!
//! Looks at one copy alone; copies that rest on other assets are left to `derived`, questions about
//! the asset as a whole to the controls.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::TimeDelta;

use super::estate::Subject;
use super::exposure::Held;
use super::seen::{Noted, Seen, unseen};
use crate::evidence::{Basis, Comparison, Digest, Fact, Point, RecoveryPoints, Runs, Schedule, Settings};
use crate::model::time::{Instant, human};
use crate::model::{Count, Grade, Method, Timespan};
use crate::policy::document::{Attestation, RestoreTest};
use crate::policy::values::Outcome;
use crate::policy::{Copy, Day, Objective, OrUnknown, Policy};

/// How long a migration's archive can be downloaded; after that only a copy elsewhere helps.
const MIGRATION_ARCHIVE_DAYS: i64 = 7;

/// How long a passed restore test lifts the grade of its copy where the objective names no interval.
const RESTORE_TEST_COUNTS: Timespan = Timespan::days(365);

/// Whether a copy can be relied on, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It was looked for, and it is not there.
    Absent,
    /// What spoke for it no longer counts, or never did.
    Lapsed,
    /// Nobody can tell: not seen, not whole, or in an unknown place.
    Doubtful,
    /// Valid evidence speaks for it.
    Usable,
}

/// Where a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// In a system of the policy.
    System(&'a str),
    /// The policy says `unknown`.
    Unknown,
    /// Wherever the assets are on which it rests.
    Derived,
}

/// What the evidence says of one copy.
#[derive(Debug, Clone)]
pub struct CopyState<'a> {
    /// The copy as declared.
    pub copy: &'a Copy,
    /// Whether it can be relied on.
    pub standing: Standing,
    /// The strength of what speaks for it, whatever its standing.
    pub grade: Grade,
    /// Why, in words.
    pub because: String,
    /// Where it is.
    pub place: Place<'a>,
    /// Usable recovery points, by `captured_at`. Empty where none is known.
    pub points: Cow<'a, [Point]>,
    /// Recovery points that hold nothing, or less than they must.
    pub bad_points: Vec<&'a Point>,
    /// Since when the list of recovery points is whole; `None` where it is not, the beginning of
    /// time where it holds all there ever were.
    pub whole_since: Option<Instant>,
    /// When its recovery points were last listed.
    pub listed_at: Option<Instant>,
    /// Stretches for which every recovery point is listed, from and to.
    pub whole: Vec<(Instant, Instant)>,
    /// Recovery points that were there and that a later look did not find.
    pub gone: Vec<Held>,
    /// Whether a look at it failed, which is told by an observation of its own.
    pub missed: bool,
    /// Whether some time lies in the future and was not believed.
    pub future: bool,
    /// The newest comparison with the primary.
    pub comparison: Option<Noted<'a, Comparison>>,
    /// The newest settings of its place.
    pub settings: Option<Noted<'a, Settings>>,
    /// The newest schedule of its job.
    pub schedule: Option<Noted<'a, Schedule>>,
    /// The newest list of its job's runs.
    pub runs: Option<Noted<'a, Runs>>,
    /// The observations that were looked at, sorted.
    pub evidence: Arc<[Digest]>,
}

impl<'a> CopyState<'a> {
    /// Returns the state of a copy of which nothing is known yet.
    pub(super) fn blank(copy: &'a Copy) -> Self {
        let place = match copy.system().map(|system| &system.value) {
            None => Place::Derived,
            Some(OrUnknown::Unknown) => Place::Unknown,
            Some(OrUnknown::Known(system)) => Place::System(system),
        };
        Self {
            copy,
            standing: Standing::Doubtful,
            grade: Grade::None,
            because: String::new(),
            place,
            points: Cow::Borrowed(&[]),
            bad_points: Vec::new(),
            whole_since: None,
            listed_at: None,
            whole: Vec::new(),
            gone: Vec::new(),
            missed: false,
            future: false,
            comparison: None,
            settings: None,
            schedule: None,
            runs: None,
            evidence: Arc::default(),
        }
    }

    /// Returns how it is proven.
    pub fn method(&self) -> Method {
        self.copy.method()
    }

    /// Returns the newest state of the source that it holds; `None` where none is known.
    pub fn captured_at(&self) -> Option<Instant> {
        self.points.last().map(|point| point.captured_at)
    }

    /// Returns its usable recovery points as the arithmetic needs them. A time that is after `as_of` by
    /// no more than clocks differ is `as_of`.
    pub fn held(&self, as_of: Instant) -> impl Iterator<Item = Held> {
        self.points.iter().map(Held::from).map(move |point| Held {
            captured: point.captured.min(as_of),
            available: point.available.min(as_of),
            ..point
        })
    }

    /// Returns when somebody last looked at what it holds; `None` where nobody did.
    pub fn last_look(&self) -> Option<Instant> {
        self.listed_at.max(self.comparison.map(|noted| noted.at()))
    }

    /// Returns whether it counts without any doubt as evidence of at least `floor`.
    pub fn is_sure(&self, floor: Grade) -> bool {
        self.standing == Standing::Usable && self.grade >= floor
    }

    /// Returns whether it may yet turn out to count: it is in doubt, or its evidence is too weak.
    pub fn may_count(&self) -> bool {
        self.standing >= Standing::Doubtful
    }

    /// Returns the best grade that a better look could find.
    pub fn possible_grade(&self) -> Grade {
        match self.standing {
            Standing::Doubtful => self.grade.max(self.method().best_grade()),
            Standing::Absent | Standing::Lapsed | Standing::Usable => self.grade,
        }
    }

    fn set(&mut self, standing: Standing, because: impl Into<String>) {
        self.standing = standing;
        self.because = because.into();
    }

    /// Lowers the standing to at most `standing`, adding why.
    fn lower(&mut self, standing: Standing, because: &str) {
        if self.standing >= standing && !because.is_empty() {
            self.standing = standing;
            if !self.because.is_empty() {
                self.because.push_str("; ");
            }
            self.because.push_str(because);
        }
    }
}

/// Returns the state of every copy of `subject` that stands on its own; derived copies stay blank.
pub fn assess<'a>(policy: &'a Policy, seen: Seen<'a>, subject: &Subject<'a>) -> Vec<CopyState<'a>> {
    let copies = subject.asset.copies.known().map_or(&[][..], Vec::as_slice);
    if copies.is_empty() {
        return Vec::new();
    }
    let mut states: Vec<CopyState<'a>> = copies.iter().map(CopyState::blank).collect();
    let mut listings: Vec<Vec<Noted<'a, RecoveryPoints>>> = vec![Vec::new(); copies.len()];
    let mut misses: Vec<Option<String>> = vec![None; copies.len()];
    for observation in seen.of_asset(&subject.id) {
        let Some(copy) = observation.copy.as_deref() else { continue };
        let Some(index) = copies.iter().position(|known| known.id() == copy) else { continue };
        let state = &mut states[index];
        match &observation.fact {
            Fact::RecoveryPoints(fact) => listings[index].push(Noted::new(fact, observation)),
            Fact::Comparison(fact) => newest(&mut state.comparison, Noted::new(&**fact, observation)),
            Fact::Settings(fact) => newest(&mut state.settings, Noted::new(fact, observation)),
            Fact::Schedule(fact) => newest(&mut state.schedule, Noted::new(fact, observation)),
            Fact::Runs(fact) => newest(&mut state.runs, Noted::new(fact, observation)),
            Fact::Statement(_) => state.evidence = observation.digest.into_iter().collect(),
            Fact::Unseen(_) => {
                misses[index] = unseen(observation).map(|miss| format!("{} ({})", miss.fact.what, miss.fact.reason));
            }
            Fact::Changes(_) | Fact::Inventory(_) | Fact::Item(_) => {}
        }
    }
    let objective = policy.objective(subject.asset);
    for ((state, listings), miss) in states.iter_mut().zip(listings).zip(misses) {
        state.missed = miss.is_some();
        match state.copy {
            Copy::Attestation(statement) => attested(state, statement, seen),
            copy if copy.method().is_derived() => continue,
            _ => looked_at(state, &listings, miss, seen),
        }
        if state.place == Place::Unknown {
            state.lower(Standing::Doubtful, "where it is, is unknown");
        }
        restore_tests(state, policy, objective, subject, seen);
    }
    states
}

fn newest<'a, T>(slot: &mut Option<Noted<'a, T>>, noted: Noted<'a, T>) {
    if slot.as_ref().is_none_or(|known| known.at() <= noted.at()) {
        *slot = Some(noted);
    }
}

/// A statement: it counts from the day it was made to the day it expires.
fn attested(state: &mut CopyState<'_>, statement: &Attestation, seen: Seen<'_>) {
    let (by, on) = (&statement.attested_by.value, statement.attested_on.value);
    if on.start() > seen.as_of {
        state.set(Standing::Lapsed, format!("{by} states it only on {on}, after this audit"));
        return;
    }
    if statement.expires.is_over_at(seen.as_of) {
        state.set(Standing::Lapsed, format!("the statement of {by} expired on {}", statement.expires.value));
        return;
    }
    state.grade = Grade::Attested;
    match statement.captured_at.as_ref().map(|captured| captured.0) {
        Some(captured) if seen.is_future(captured) => {
            state.future = true;
            state.set(Standing::Doubtful, format!("{by} states a time in the future ({})", human(captured)));
        }
        Some(captured) => {
            state.points = Cow::Owned(vec![point(captured)]);
            state.set(Standing::Usable, format!("{by} stated on {on} that it holds the state of {}", human(captured)));
        }
        None => state.set(Standing::Usable, format!("{by} stated it on {on}, without a time")),
    }
}

fn point(captured_at: Instant) -> Point {
    Point { available_at: None, bytes: None, captured_at, digest: None, items: None, location: None }
}

/// A copy that somebody looked at, or did not.
fn looked_at<'a>(
    state: &mut CopyState<'a>,
    listings: &[Noted<'a, RecoveryPoints>],
    miss: Option<String>,
    seen: Seen<'a>,
) {
    let looks = [
        state.comparison.map(|noted| noted.digest()),
        state.settings.map(|noted| noted.digest()),
        state.schedule.map(|noted| noted.digest()),
        state.runs.map(|noted| noted.digest()),
    ];
    state.evidence = looks.into_iter().flatten().chain(listings.iter().map(Noted::digest)).flatten().collect();
    let listed = !listings.is_empty();
    recovery_points(state, listings, seen);
    if listed {
        by_points(state);
    }
    if let Some(comparison) = state.comparison {
        by_comparison(state, comparison, listed);
    }
    if !listed && state.comparison.is_none() {
        match state.schedule {
            Some(schedule) if state.method() == Method::BackupConfig && schedule.fact.disabled.is_none() => {
                state.grade = Grade::Configured;
                state.set(Standing::Usable, "a schedule exists; no recovery point can be seen");
            }
            Some(_) => {
                state.grade = Grade::Configured.min(state.method().best_grade());
                state.set(Standing::Doubtful, "a schedule was seen, but no recovery point");
            }
            None => state.set(
                Standing::Doubtful,
                miss.unwrap_or_else(|| "it was not looked at: there is no evidence of it".to_owned()),
            ),
        }
    }
    if state.method() == Method::Migrations {
        state.lower(
            Standing::Doubtful,
            "GitHub keeps the archive for days only, and nothing shows that it was downloaded",
        );
    }
}

/// Sorts the recovery points of all listings into usable, bad and not to be believed.
fn recovery_points<'a>(state: &mut CopyState<'a>, listings: &[Noted<'a, RecoveryPoints>], seen: Seen<'a>) {
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
    let is_future = |point: &Point| seen.is_future(point.captured_at) || seen.is_future(point.available());
    let is_good = |point: &Point| !is_bad(point) && !is_future(point);
    state.listed_at = Some(latest);
    state.whole = listings
        .iter()
        .filter(|noted| noted.fact.complete)
        .map(|noted| (noted.fact.from.unwrap_or(Instant::MIN_UTC), noted.at()))
        .collect();
    // The newest whole listing replaces what earlier ones said of the time that it covers: what it
    // does not have is gone. A listing that is not whole leaves open what lies between its points.
    let newest_whole = listings.iter().filter(|noted| noted.fact.complete).max_by_key(|noted| noted.at());
    state.whole_since =
        newest_whole.filter(|noted| noted.at() == latest).map(|noted| noted.fact.from.unwrap_or(Instant::MIN_UTC));
    let is_gone = |listing: &Noted<'a, RecoveryPoints>, point: &Point| {
        newest_whole.is_some_and(|whole| {
            listing.at() < whole.at()
                && whole.fact.from.is_none_or(|from| from <= point.captured_at)
                && !whole.fact.points.iter().any(|kept| kept.captured_at == point.captured_at)
        })
    };
    let mut best: Option<(Instant, Grade)> = None;
    for listing in listings {
        for point in &listing.fact.points {
            if is_future(point) {
                state.future = true;
            } else if is_gone(listing, point) {
                if !is_bad(point) {
                    state.gone.push(Held { until: listing.at(), ..Held::from(point) });
                }
            } else if is_bad(point) {
                state.bad_points.push(point);
            } else {
                best = best.max(Some((point.captured_at, listing.fact.grade)));
            }
        }
    }
    // The newest state counts, so the evidence is as strong as what tells of it.
    state.grade = best.map_or(Grade::None, |(_, grade)| grade).min(state.method().best_grade());
    if let [only] = listings
        && only.fact.points.iter().all(is_good)
        && only.fact.points.is_sorted_by_key(|point| point.captured_at)
    {
        state.points = Cow::Borrowed(&only.fact.points);
        return;
    }
    let mut points: Vec<Point> = listings
        .iter()
        .flat_map(|listing| listing.fact.points.iter().filter(|point| is_good(point) && !is_gone(listing, point)))
        .cloned()
        .collect();
    points.sort_by(|a, b| order(a).cmp(&order(b)));
    points.dedup();
    state.points = Cow::Owned(points);
    state.bad_points.sort_by(|a, b| order(a).cmp(&order(b)));
    state.bad_points.dedup();
    state.gone.sort_unstable();
}

type PointOrder<'p> = (Instant, Instant, Option<Count>, Option<Count>, Option<&'p str>, Option<&'p str>);

/// Orders points by time first and then by everything else, so that the order of lines never matters.
fn order(point: &Point) -> PointOrder<'_> {
    (
        point.captured_at,
        point.available(),
        point.bytes,
        point.items,
        point.digest.as_ref().map(|digest| &***digest),
        point.location.as_ref().map(|location| &***location),
    )
}

fn by_points(state: &mut CopyState<'_>) {
    match state.captured_at() {
        Some(captured) => {
            let word = if state.grade >= Grade::Observed { "seen" } else { "reported" };
            state.set(Standing::Usable, format!("newest good recovery point {word}: {}", human(captured)));
        }
        None if state.future => {
            state.set(Standing::Doubtful, "its only time lies in the future, which is not believed");
        }
        None if !state.bad_points.is_empty() => {
            let count = state.bad_points.len();
            state.set(
                Standing::Absent,
                format!("none of its {count} recovery points is good: empty, too small or gone"),
            );
        }
        None if state.whole_since.is_some() => {
            state.set(Standing::Absent, "it was listed, and there is no recovery point");
        }
        None => state.set(Standing::Doubtful, "no recovery point was seen, but the listing was not whole"),
    }
    if state.points.is_empty() {
        state.grade = Grade::None;
    }
}

/// A comparison: what it proves and which state of the source it shows the copy to hold.
fn by_comparison<'a>(state: &mut CopyState<'a>, noted: Noted<'a, Comparison>, listed: bool) {
    let comparison = noted.fact;
    let lacking = comparison.missing + comparison.different;
    let on = human(noted.at());
    let grade = match comparison.basis {
        Basis::Size => Grade::Observed,
        Basis::Refs | Basis::Sha256 | Basis::Sha1 | Basis::Md5 => Grade::Verified,
    };
    let present = comparison.equal + comparison.behind + comparison.different;
    if present == 0 && comparison.missing > 0 {
        state.grade = Grade::None;
        state.points = Cow::Borrowed(&[]);
        state.set(Standing::Absent, format!("compared on {on}: none of {} items is there", comparison.missing));
        return;
    }
    let counts = describe(comparison);
    if present == 0 {
        state.grade = Grade::None;
        state.set(Standing::Doubtful, format!("compared on {on}, but there was nothing to compare"));
        return;
    }
    let captured = if lacking == 0 && comparison.behind == 0 && comparison.complete && comparison.sampled_ppm.is_none()
    {
        Some(noted.at())
    } else {
        // Everything before the oldest unprotected change is held.
        comparison.oldest_unprotected.filter(|oldest| *oldest <= noted.at())
    };
    if let Some(captured) = captured {
        let mut points = std::mem::take(&mut state.points).into_owned();
        points.push(point(captured));
        points.sort_by(|a, b| order(a).cmp(&order(b)));
        state.points = Cow::Owned(points);
    }
    let grade = grade.min(state.method().best_grade());
    state.grade = if listed { state.grade.max(grade) } else { grade };
    let standing = if lacking > 0 || !comparison.complete { Standing::Doubtful } else { Standing::Usable };
    state.set(standing, format!("compared on {on}: {counts}"));
}

/// Returns a comparison's counts in words, those that are not zero.
pub fn describe(comparison: &Comparison) -> String {
    let noun = match comparison.basis {
        Basis::Refs => "refs",
        Basis::Sha256 | Basis::Sha1 | Basis::Md5 | Basis::Size => "items",
    };
    let total = comparison.equal + comparison.behind + comparison.different + comparison.missing;
    let mut parts = vec![format!("{} of {total} {noun} equal by {}", comparison.equal, comparison.basis)];
    let counts = [
        (comparison.missing, "missing"),
        (comparison.different, "different"),
        (comparison.behind, "behind"),
        (comparison.extra, "only in the copy"),
    ];
    parts.extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    if let Some(ppm) = comparison.sampled_ppm {
        parts.push(format!("a sample of {} % only", f64::from(ppm) / 10_000.0));
    }
    if !comparison.complete {
        parts.push("the listing was cut short".to_owned());
    }
    parts.join(", ")
}

/// Lifts the grade by a passed restore test of this copy, or doubts the copy for a failed one.
fn restore_tests(
    state: &mut CopyState<'_>,
    policy: &Policy,
    objective: Option<&Objective>,
    subject: &Subject<'_>,
    seen: Seen<'_>,
) {
    let counts_for = objective
        .and_then(|objective| objective.restore_test_every.as_ref())
        .map_or(RESTORE_TEST_COUNTS, |every| every.value);
    let newest = tests_of(policy, subject, seen.as_of)
        .filter(|test| test.copy.as_ref().is_some_and(|copy| copy.value == state.copy.id()))
        .max_by_key(|test| (test.on.value, test.result.value == Outcome::Failed));
    let Some(test) = newest else { return };
    match test.result.value {
        Outcome::Failed => state.lower(Standing::Doubtful, &format!("its restore test of {} failed", test.on.value)),
        Outcome::Passed if counts_for.after(test.on.start()) >= seen.as_of && state.standing == Standing::Usable => {
            state.grade = Grade::Restored;
            state.because.push_str(&format!("; restored in the test of {}", test.on.value));
        }
        Outcome::Passed => {}
    }
}

/// Returns the restore tests that speak for `subject`: of the asset itself or of its whole entry,
/// made by `as_of`.
pub fn tests_of<'p>(
    policy: &'p Policy,
    subject: &Subject<'_>,
    as_of: Instant,
) -> impl Iterator<Item = &'p RestoreTest> {
    let (id, entry) = (subject.id.to_string(), subject.asset.id.0.clone());
    policy
        .document()
        .restore_tests
        .iter()
        .filter(move |test| (test.asset.value == id || test.asset.value == entry) && began(test.on.value, as_of))
}

fn began(day: Day, as_of: Instant) -> bool {
    day.start() <= as_of
}
