//! What the evidence says of one copy: its standing, its grade, its recovery points.
//!
//! Looks at one copy alone; copies that rest on other assets are left to `derived`, questions about
//! the asset as a whole to the controls.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compared::{by_comparison, governing};
use super::estate::Subject;
use super::exposure::Held;
use super::listed::{by_points, recovery_points};
use super::points::{Known, Points, restored};
use super::seen::{Noted, Seen};
use crate::evidence::{
    Comparison, Digest, Fact, Point, Question, RecoveryPoints, Runs, Schedule, Settings, Statement, Unseen,
};
use crate::model::time::{Instant, human};
use crate::model::{Grade, Method, Timespan, UnseenReason};
use crate::policy::document::{Attestation, RestoreTest};
use crate::policy::values::Outcome;
use crate::policy::{Copy, Day, Objective, OrUnknown, Policy};

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

/// A copy of another asset, in which an asset travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// The position of the entry whose copy it is, and of the copy in the entry.
    pub declared: (usize, usize),
    /// The position of the asset whose copy it is; `None` where the asset travels in those of several.
    pub subject: Option<usize>,
    /// Whether it can be relied on.
    pub standing: Standing,
    /// The strength of what speaks for it.
    pub grade: Grade,
}

/// What the evidence says of one copy.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else that was or was not seen")]
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
    pub points: Points<'a>,
    /// Recovery points that hold nothing, or less than they must, and how strong the evidence is.
    pub bad_points: Vec<(&'a Point, Grade)>,
    /// Since when the newest list of recovery points is whole; `None` where it is not, the beginning
    /// of time where it holds all that are there.
    pub whole_since: Option<Instant>,
    /// When its recovery points were last listed.
    pub listed_at: Option<Instant>,
    /// Stretches for which every recovery point that ever was is listed, from and to.
    pub whole: Vec<(Instant, Instant)>,
    /// What it held once and need not hold any more, and how strong the evidence is.
    pub past: Vec<(Held, Grade)>,
    /// Whether a look at it failed, which is told by an observation of its own.
    pub missed: bool,
    /// Whether the last look lies before the last review.
    pub stale: bool,
    /// Whether some time lies in the future and was not believed.
    pub future: bool,
    /// Whether what it rides on has another copy that may hold a newer state.
    pub newer_elsewhere: bool,
    /// The copies of other assets in which it travels and that may count; none for a copy that stands on
    /// its own.
    pub carriers: Vec<Carrier>,
    /// The comparison with the primary that counts: the newest whole one, or a later one that found
    /// something lacking.
    pub comparison: Option<Noted<'a, Comparison>>,
    /// The settings of its place, each as it was last told.
    pub settings: Option<Box<Settings>>,
    /// The newest schedule of its job; several where lines of one time differ.
    pub schedules: Vec<Noted<'a, Schedule>>,
    /// The lists of its job's runs.
    pub runs: Vec<Noted<'a, Runs>>,
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
            points: Points::none(),
            bad_points: Vec::new(),
            whole_since: None,
            listed_at: None,
            whole: Vec::new(),
            past: Vec::new(),
            missed: false,
            stale: false,
            future: false,
            newer_elsewhere: false,
            carriers: Vec::new(),
            comparison: None,
            settings: None,
            schedules: Vec::new(),
            runs: Vec::new(),
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

    /// Returns what it held at any time up to `as_of`, by evidence of at least `grade`, each for as long
    /// as somebody saw it.
    pub fn history(&self, as_of: Instant, grade: Grade) -> impl Iterator<Item = Held> {
        let past = self.past.iter().filter(move |(_, known)| *known >= grade).map(|(held, _)| *held);
        self.points.seen(as_of, grade).chain(past)
    }

    /// Returns when somebody last looked at what it holds; `None` where nobody did.
    pub fn last_look(&self) -> Option<Instant> {
        self.listed_at.max(self.comparison.map(|noted| noted.at()))
    }

    /// Returns whether it may hold a newer state than is known: it was not seen, or not all of it.
    pub fn may_be_newer(&self) -> bool {
        let unlisted =
            || self.comparison.is_none() && self.whole_since.is_none_or(|since| Some(since) > self.captured_at());
        match self.standing {
            Standing::Doubtful | Standing::Usable if self.newer_elsewhere => true,
            Standing::Doubtful => self.points.is_empty() || self.listed_at.is_some() && unlisted(),
            Standing::Usable => self.listed_at.is_some() && unlisted(),
            Standing::Absent | Standing::Lapsed => false,
        }
    }

    /// Returns whether a look at it failed to see all of it.
    pub fn is_partly_seen(&self) -> bool {
        let comparison = self.comparison.is_some_and(|noted| !noted.fact.complete);
        comparison || self.comparison.is_none() && self.listed_at.is_some() && self.whole_since.is_none()
    }

    /// Returns whether what proves it was looked at, if only in part.
    pub fn was_looked_at(&self) -> bool {
        self.last_look().is_some() || self.method() == Method::BackupConfig && !self.schedules.is_empty()
    }

    /// Returns whether it counts without any doubt as evidence of at least `floor`.
    pub fn is_sure(&self, floor: Grade) -> bool {
        self.standing == Standing::Usable && self.grade >= floor
    }

    /// Returns whether what was seen of its past is to be relied on: it counts, or is known to have nothing now.
    pub fn tells_of_its_past(&self, floor: Grade) -> bool {
        self.is_sure(floor) || self.standing == Standing::Absent
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

    /// Sets the standing and why.
    pub(super) fn set(&mut self, standing: Standing, because: impl Into<String>) {
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

/// What was seen of one copy, by what it tells.
#[derive(Debug, Default)]
struct Looks<'a> {
    listings: Vec<Noted<'a, RecoveryPoints>>,
    comparisons: Vec<Noted<'a, Comparison>>,
    misses: Vec<Noted<'a, Unseen>>,
    settings: Vec<Noted<'a, Settings>>,
}

impl Looks<'_> {
    /// Puts them in order of time; at one time, in an order that does not depend on that of lines.
    fn in_order(&mut self) {
        self.comparisons.sort_by_key(|noted| (noted.at(), noted.digest()));
        self.misses.sort_by_key(|noted| (noted.at(), noted.digest()));
        self.settings.sort_by_key(|noted| (noted.at(), noted.digest()));
    }
}

/// Returns the state of every copy of `subject` that stands on its own; derived copies stay blank.
/// `gone` are the systems that were looked for and not found, by id.
pub fn assess<'a>(policy: &'a Policy, seen: Seen<'a>, gone: &Gone<'a>, subject: &Subject<'a>) -> Vec<CopyState<'a>> {
    let copies = subject.asset.copies.known().map_or(&[][..], Vec::as_slice);
    if copies.is_empty() {
        return Vec::new();
    }
    let mut states: Vec<CopyState<'a>> = copies.iter().map(CopyState::blank).collect();
    let mut looks: Vec<Looks<'a>> = copies.iter().map(|_| Looks::default()).collect();
    for observation in seen.of_subject(subject) {
        let Some(copy) = observation.copy.as_deref() else { continue };
        let Some(index) = copies.iter().position(|known| known.id() == copy) else { continue };
        let (state, looks) = (&mut states[index], &mut looks[index]);
        match &observation.fact {
            Fact::RecoveryPoints(fact) => looks.listings.push(Noted::new(fact, observation)),
            Fact::Comparison(fact) => looks.comparisons.push(Noted::new(&**fact, observation)),
            Fact::Settings(fact) if !seen.is_stale(observation.observed_at) => {
                looks.settings.push(Noted::new(fact, observation));
            }
            Fact::Schedule(fact) if !seen.is_stale(observation.observed_at) => {
                state.schedules.push(Noted::new(fact, observation));
            }
            Fact::Runs(fact) if !seen.is_stale(observation.observed_at) => {
                state.runs.push(Noted::new(fact, observation));
            }
            Fact::Statement(fact) if is_quoted(fact, state.copy) => {
                state.evidence = observation.digest.into_iter().collect();
            }
            Fact::Unseen(fact) => looks.misses.push(Noted::new(fact, observation)),
            Fact::Changes(_)
            | Fact::Clock(_)
            | Fact::Inventory(_)
            | Fact::Item(_)
            | Fact::Runs(_)
            | Fact::Schedule(_)
            | Fact::Settings(_)
            | Fact::Statement(_) => {}
        }
    }
    let objective = policy.objective(subject.asset);
    for (state, mut looks) in states.iter_mut().zip(looks) {
        looks.in_order();
        state.settings = settings(&looks.settings).map(Box::new);
        let scheduled_at = state.schedules.iter().map(Noted::at).max();
        state.schedules.retain(|noted| Some(noted.at()) == scheduled_at);
        match state.copy {
            Copy::Attestation(statement) => attested(state, statement, subject, seen),
            copy if copy.method().is_derived() => continue,
            _ => {
                looked_at(state, &looks, subject, seen);
                failed_since(state, &looks.misses, gone);
            }
        }
        if state.place == Place::Unknown {
            state.lower(Standing::Doubtful, "where it is, is unknown");
        }
        restore_tests(state, policy, objective, subject, seen);
    }
    states
}

/// Returns what lines in order of time tell together: where they differ the later counts, and of one
/// time what protects less.
fn settings(lines: &[Noted<'_, Settings>]) -> Option<Settings> {
    let of_one_time = lines.chunk_by(|a, b| a.at() == b.at());
    let told = of_one_time.filter_map(|lines| lines.iter().map(|noted| *noted.fact).reduce(Settings::weaker));
    told.reduce(|earlier, later| later.or(earlier))
}

/// Returns in words which uploads to a copy's place began and never ended; `None` where there are none, or
/// nobody looked.
pub fn unfinished_uploads(settings: &Settings) -> Option<String> {
    let unfinished = settings.unfinished.filter(|unfinished| unfinished.count > 0)?;
    let uploads = if unfinished.count == 1 { "upload has" } else { "uploads have" };
    let newest = unfinished.newest.map(|at| format!(", the newest begun on {}", human(at))).unwrap_or_default();
    Some(format!("{} {uploads} not ended for more than a day{newest}", unfinished.count))
}

/// Returns whether the observed statement is the one that the policy quotes.
fn is_quoted(seen: &Statement, copy: &Copy) -> bool {
    matches!(copy, Copy::Attestation(quoted)
        if *seen.text == *quoted.statement.value && *seen.by == *quoted.attested_by.value)
}

/// A statement: it counts from the day it was made to the day it expires.
fn attested(state: &mut CopyState<'_>, statement: &Attestation, subject: &Subject<'_>, seen: Seen<'_>) {
    let (by, on) = (&statement.attested_by.value, statement.attested_on.value);
    if on.start() > seen.as_of {
        state.set(Standing::Lapsed, format!("{by} states it only on {on}, after this audit"));
        return;
    }
    if statement.expires.is_over_at(seen.as_of) {
        state.set(Standing::Lapsed, format!("the statement of {by} expired on {}", statement.expires.value));
        return;
    }
    if let Some(why) = statement_precedes(statement, subject, seen) {
        state.set(Standing::Lapsed, format!("the statement of {by} of {on} {why}"));
        return;
    }
    state.grade = Grade::Attested;
    match statement.captured_at.as_ref().map(|captured| captured.0) {
        Some(captured) if seen.is_future(captured) => {
            state.future = true;
            state.set(Standing::Doubtful, format!("{by} states a time in the future ({})", human(captured)));
        }
        Some(captured) => {
            state.points = Points::new(vec![(point(captured), Known { grade: state.grade, seen_until: None })]);
            state.set(Standing::Usable, format!("{by} stated on {on} that it holds the state of {}", human(captured)));
        }
        None => state.set(Standing::Usable, format!("{by} stated it on {on}, without a time")),
    }
}

pub(super) fn point(captured_at: Instant) -> Point {
    Point { available_at: None, bytes: None, captured_at, digest: None, items: None, location: None }
}

/// Returns in what the statement is older than the thing that it speaks of; `None` where it is not.
pub fn statement_precedes(statement: &Attestation, subject: &Subject<'_>, seen: Seen<'_>) -> Option<String> {
    let on = &statement.attested_on;
    let captured = statement.captured_at.as_ref().map(|captured| captured.0).filter(|at| !seen.is_future(*at));
    if let Some(captured) = captured.filter(|captured| on.is_over_at(*captured)) {
        return Some(format!("speaks of {}, which came after it", human(captured)));
    }
    let created = subject.created_last(seen).filter(|created| on.is_over_at(*created))?;
    Some(format!("is older than what it speaks of, which was created on {}", human(created)))
}

/// A copy that somebody looked at, or did not.
fn looked_at<'a>(state: &mut CopyState<'a>, looks: &Looks<'a>, subject: &Subject<'a>, seen: Seen<'a>) {
    state.comparison = governing(&looks.comparisons);
    let compared = state.comparison.iter().map(Noted::digest);
    let of_job = state.schedules.iter().map(Noted::digest).chain(state.runs.iter().map(Noted::digest));
    let listings = looks.listings.iter().map(Noted::digest);
    let settings = looks.settings.iter().map(Noted::digest);
    let mut evidence: Vec<Digest> = compared.chain(of_job).chain(listings).chain(settings).flatten().collect();
    evidence.sort_unstable();
    state.evidence = evidence.into();
    let open = looks.misses.iter().rfind(|miss| !seen.is_answered(**miss, subject, Some(state.copy.id())));
    state.missed = open.is_some();
    let listed = !looks.listings.is_empty();
    recovery_points(state, &looks.listings, seen);
    if listed {
        by_points(state);
    }
    if let Some(comparison) = state.comparison {
        by_comparison(state, comparison, &looks.comparisons, listed);
    }
    state.points = std::mem::replace(&mut state.points, Points::none()).seen_until(state.last_look());
    if !listed && state.comparison.is_none() {
        let runs_by_itself = state.schedules.iter().all(|schedule| schedule.fact.runs_by_itself());
        match state.schedules.first() {
            Some(_) if state.method() == Method::BackupConfig && runs_by_itself => {
                state.grade = Grade::Configured;
                state.set(Standing::Usable, "a schedule exists; no recovery point can be seen");
            }
            Some(schedule) => {
                let hidden = schedule.fact.hidden.as_deref();
                state.grade = Grade::Configured.min(state.method().best_grade());
                state.set(Standing::Doubtful, hidden.unwrap_or("a schedule was seen, but no recovery point"));
            }
            None => {
                let why = open.map(|miss| format!("{} ({})", miss.fact.what, miss.fact.reason));
                state.set(
                    Standing::Doubtful,
                    why.unwrap_or_else(|| "it was not looked at: there is no evidence of it".to_owned()),
                );
            }
        }
    }
    if let Some(looked) = state.last_look().filter(|looked| seen.is_stale(*looked)) {
        state.stale = true;
        let why = format!("nobody has looked since {}, before the last review was due", human(looked));
        state.lower(Standing::Doubtful, &why);
    }
    if state.method() == Method::Migrations {
        state.lower(
            Standing::Doubtful,
            "GitHub keeps the archive for days only, and nothing shows that it was downloaded",
        );
    }
}

/// The last time that each system was looked for and not found, by its id.
pub type Gone<'a> = BTreeMap<&'a str, Noted<'a, Unseen>>;

/// Returns the systems of the policy that were looked for and not found.
pub fn gone<'a>(policy: &'a Policy, seen: Seen<'a>) -> Gone<'a> {
    let systems = policy.document().systems.0.iter();
    let last = systems.filter_map(|(id, _)| {
        let misses = seen.unseen_of_system(id).into_iter();
        let misses = misses.filter(|miss| miss.fact.reason == UnseenReason::NotFound && is_of_content(miss.fact));
        Some((id.value.as_str(), misses.max_by_key(|miss| (miss.at(), miss.digest()))?))
    });
    last.collect()
}

/// Returns whether what a copy holds was asked for.
fn is_of_content(miss: &Unseen) -> bool {
    matches!(miss.fact, None | Some(Question::RecoveryPoints | Question::Comparison))
}

/// Doubts a copy that was seen, and of which a later look found that it is not there or cannot be read.
/// A look that did not get as far as the copy says nothing of it.
fn failed_since(state: &mut CopyState<'_>, misses: &[Noted<'_, Unseen>], gone: &Gone<'_>) {
    let by_schedule = state.method() == Method::BackupConfig;
    let proven = state.schedules.first().filter(|_| by_schedule).map(Noted::at);
    let Some(looked) = state.last_look().max(proven) else { return };
    let counts = |miss: &&Noted<'_, Unseen>| {
        let is_of_it = is_of_content(miss.fact) || by_schedule && miss.fact.fact == Some(Question::Schedule);
        is_of_it
            && match miss.fact.reason {
                UnseenReason::NotFound | UnseenReason::Unreadable => miss.at() >= looked,
                // What was cut short at that time may be the very look that is known.
                UnseenReason::Truncated => miss.at() > looked,
                UnseenReason::NotAuthorized
                | UnseenReason::RateLimited
                | UnseenReason::Unreachable
                | UnseenReason::Offline => false,
            }
    };
    let of_system = match state.place {
        Place::System(system) => gone.get(system),
        Place::Unknown | Place::Derived => None,
    };
    if let Some(miss) = misses.iter().chain(of_system).filter(counts).max_by_key(|miss| (miss.at(), miss.digest())) {
        let why = format!("but on {}: {} ({})", human(miss.at()), miss.fact.what, miss.fact.reason);
        state.lower(Standing::Doubtful, &why);
    }
}

/// Lifts the grade by a passed restore test of this copy, or doubts the copy for a failed one.
pub(super) fn restore_tests(
    state: &mut CopyState<'_>,
    policy: &Policy,
    objective: Option<&Objective>,
    subject: &Subject<'_>,
    seen: Seen<'_>,
) {
    let counts_for = objective
        .and_then(|objective| objective.restore_test_every.as_ref())
        .map_or(RESTORE_TEST_COUNTS, |every| every.value);
    let newest = tests_of(policy, subject, seen)
        .filter(|test| test.copy.as_ref().is_some_and(|copy| copy.value == state.copy.id()))
        .max_by_key(|test| (test.on.value, test.result.value == Outcome::Failed));
    let Some(test) = newest else { return };
    match test.result.value {
        Outcome::Failed => state.lower(Standing::Doubtful, &format!("its restore test of {} failed", test.on.value)),
        Outcome::Passed if counts_for.after(test.on.start()) >= seen.as_of && state.standing == Standing::Usable => {
            state.points = std::mem::replace(&mut state.points, Points::none()).restored();
            state.past.iter_mut().for_each(|(_, grade)| *grade = restored(*grade));
            state.carriers.iter_mut().for_each(|carrier| carrier.grade = restored(carrier.grade));
            state.grade = Grade::Restored;
            state.because.push_str(&format!("; restored in the test of {}", test.on.value));
        }
        Outcome::Passed => {}
    }
}

/// Returns the restore tests that speak for `subject`: of the asset itself or of its whole entry,
/// made by the time of the audit and not before it was created.
pub fn tests_of<'p>(
    policy: &'p Policy,
    subject: &Subject<'_>,
    seen: Seen<'_>,
) -> impl Iterator<Item = &'p RestoreTest> {
    let (id, entry) = (subject.id.to_string(), subject.asset.id.0.clone());
    let created = subject.created_last(seen);
    policy
        .document()
        .restore_tests
        .iter()
        .filter(move |test| test.asset.value == id || test.asset.value == entry)
        .filter(move |test| began(test.on.value, seen.as_of))
        .filter(move |test| !created.is_some_and(|created| test.on.is_over_at(created)))
}

/// Returns the newest restore test that speaks for `subject`; of one day, one that failed. `None` where none is
/// recorded.
pub fn newest_test<'p>(policy: &'p Policy, subject: &Subject<'_>, seen: Seen<'_>) -> Option<&'p RestoreTest> {
    tests_of(policy, subject, seen).max_by_key(|test| (test.on.value, test.result.value == Outcome::Failed))
}

fn began(day: Day, as_of: Instant) -> bool {
    day.start() <= as_of
}
