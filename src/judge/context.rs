//! What a control may look at, and what it says.
//!
//! Pure data handed to every control; judging is left to the controls, collecting their findings to
//! the judge.

use std::ops::Range;
use std::sync::Arc;

use chrono::TimeDelta;

use super::attainment::{Attainment, History};
use super::copy_state::{Carrier, CopyState};
use super::cover::Cover;
use super::estate::{Estate, Subject};
use super::exposure::{Exposure, Feed, Held};
use super::loss::Loss;
use super::schedule::Timetables;
use super::seen::Seen;
use crate::evidence::Digest;
use crate::model::time::Instant;
use crate::model::{Grade, Period, Severity, Timespan, Verdict};
use crate::policy::values::OrUnknown;
use crate::policy::{Copy, Objective, Policy};

/// What an audit as a whole looks at.
#[derive(Debug)]
pub struct Context<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The evidence, as of the time of the audit.
    pub seen: Seen<'a>,
    /// The period of the report.
    pub period: Period,
    /// The assets.
    pub estate: Estate<'a>,
    /// Which entries rest on which.
    pub cover: Cover,
    /// The schedules that were seen, read.
    pub timetables: Timetables<'a>,
    /// The state of each asset's copies, by position of the asset.
    pub states: Vec<Vec<CopyState<'a>>>,
    /// What is left after the loss of each domain.
    pub losses: Vec<Loss>,
    /// What could not be seen.
    pub unseen: Vec<UnseenEntry>,
}

/// Something that the audit could not see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnseenEntry {
    /// The system.
    pub system: String,
    /// Why.
    pub reason: crate::model::UnseenReason,
    /// What was asked for.
    pub what: String,
    /// As whom; `None` where nobody asked.
    pub identity: Option<String>,
}

/// What a control looks at for one asset.
#[derive(Debug)]
pub struct AssetContext<'c, 'a> {
    /// The audit as a whole.
    pub audit: &'c Context<'a>,
    /// The asset's position.
    pub index: usize,
    /// The asset.
    pub subject: &'c Subject<'a>,
    /// The state of its copies.
    pub states: &'c [CopyState<'a>],
    /// What it must satisfy.
    pub objective: &'a Objective,
    /// Its change feed.
    pub feed: Option<Feed>,
    /// Its exposure now: by the usable copies whose evidence is good enough, or, where none has a
    /// recovery point, by all usable copies.
    pub exposure: Exposure,
    /// Its exposure now by the usable copies alone whose evidence is good enough.
    pub sure_exposure: Exposure,
    /// Its exposure now by all usable copies.
    pub usable_exposure: Exposure,
    /// Its attainment over the period; `None` without an RPO.
    pub attainment: Option<Attainment>,
    /// The digests of every observation about its copies, sorted.
    evidence: Arc<[Digest]>,
}

impl AssetContext<'_, '_> {
    /// Returns the time of the audit.
    pub fn as_of(&self) -> Instant {
        self.audit.seen.as_of
    }

    /// Returns whether the policy says that its copies are unknown.
    pub fn copies_unknown(&self) -> bool {
        matches!(self.subject.asset.copies.value, OrUnknown::Unknown)
    }

    /// Returns the RPO; `None` where the policy says that nobody knows it.
    pub fn rpo(&self) -> Option<Timespan> {
        self.objective.rpo.known().copied()
    }

    /// Returns the weakest evidence that is good enough; a statement where the objective asks nothing.
    pub fn floor(&self) -> Grade {
        floor_of(self.objective)
    }

    /// Returns the digests of every observation about its copies.
    pub fn copy_evidence(&self) -> Arc<[Digest]> {
        Arc::clone(&self.evidence)
    }

    /// Returns the values of the asset's own system for a domain key; `None` where they are unknown.
    pub fn primary_domain(&self, key: &str) -> Option<&str> {
        domain(self.audit.policy, &self.subject.asset.lives_in, key)
    }

    /// Returns the place in the policy of its copies.
    pub fn at_copies(&self) -> Range<usize> {
        self.subject.asset.copies.span.clone()
    }

    /// Returns why no copy proves anything, one reason a copy.
    pub fn reasons(&self) -> String {
        if self.copies_unknown() {
            return "the policy says that its copies are unknown".to_owned();
        }
        if self.states.is_empty() {
            return "no copy is declared".to_owned();
        }
        let reasons = self.states.iter().map(|state| format!("`{}`: {}", state.copy.id(), state.because));
        reasons.collect::<Vec<_>>().join("; ")
    }
}

/// Returns the best of verdicts before waivers and grace; `None` without any.
fn best_of(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    // The worst is the greatest.
    verdicts.min()
}

/// Returns the value of a system's domain key; `None` where it is unknown or not said.
pub fn domain<'p>(policy: &'p Policy, system: &str, key: &str) -> Option<&'p str> {
    let mut domains = policy.system(system)?.domains()?;
    domains.find(|(name, _)| *name == key).and_then(|(_, value)| value)
}

/// What a control says of one asset, one copy or one system.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it speaks of.
    pub about: About,
    /// The verdict, before waivers and grace.
    pub verdict: Verdict,
    /// Why, in words.
    pub because: String,
    /// The observations it rests on, sorted.
    pub evidence: Arc<[Digest]>,
    /// The place in the policy that demands it.
    pub at: Range<usize>,
    /// A severity other than the objective's.
    pub severity: Option<Severity>,
    /// Since when it is so; `None` where that is not known.
    pub since: Option<Instant>,
}

/// What a finding speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The asset itself.
    Asset,
    /// One of its copies.
    Copy(Box<str>),
    /// A system.
    System(Box<str>),
    /// A pattern of assets that matched none.
    Pattern(Box<str>),
}

/// The findings of one control.
#[derive(Debug, Default)]
pub struct Drafts(pub Vec<Draft>);

impl Drafts {
    /// Adds a finding about the asset.
    pub fn asset(&mut self, verdict: Verdict, because: impl Into<String>, at: Range<usize>) -> &mut Draft {
        self.add(About::Asset, verdict, because, at)
    }

    /// Adds a finding about one of its copies.
    pub fn copy(
        &mut self,
        state: &CopyState<'_>,
        verdict: Verdict,
        because: impl Into<String>,
        at: Range<usize>,
    ) -> &mut Draft {
        let draft = self.add(About::Copy(state.copy.id().into()), verdict, because, at);
        draft.evidence = Arc::clone(&state.evidence);
        draft
    }

    /// Adds a finding.
    pub fn add(&mut self, about: About, verdict: Verdict, because: impl Into<String>, at: Range<usize>) -> &mut Draft {
        let draft = Draft {
            about,
            verdict,
            because: because.into(),
            evidence: Arc::default(),
            at,
            severity: None,
            since: None,
        };
        self.0.push(draft);
        let last = self.0.len() - 1;
        &mut self.0[last]
    }
}

/// Returns when the asset changed, by its feeds and by what comparisons found in none of its copies;
/// `None` where nothing tells.
pub fn feed_of(seen: Seen<'_>, asset: &str, states: &[CopyState<'_>]) -> Option<Feed> {
    let exposed = states.iter().filter_map(|state| {
        let noted = state.comparison?;
        noted.fact.oldest_unprotected.filter(|oldest| *oldest <= noted.at())
    });
    Feed::of(seen, asset, exposed)
}

/// Returns the weakest evidence that is good enough.
pub fn floor_of(objective: &Objective) -> Grade {
    objective.evidence.as_ref().map_or(Grade::Attested, |floor| floor.value)
}

/// What is known of the recovery points that an asset had at any time: those that are there now, as far
/// as their own copies were looked at, and those that were there once.
#[derive(Debug)]
pub struct Past {
    /// Those whose evidence is good enough.
    pub sure: Vec<Held>,
    /// All of them.
    pub all: Vec<Held>,
    /// Stretches for which every recovery point of every copy is listed.
    pub whole: Vec<(Instant, Instant)>,
}

impl Past {
    /// Returns the past of an asset by the states of its copies.
    pub fn of(subject: &Subject<'_>, states: &[CopyState<'_>], floor: Grade, as_of: Instant) -> Self {
        let points = |grade| -> Vec<Held> {
            let telling = states.iter().filter(|state| state.tells_of_its_past(floor));
            telling.flat_map(|state| state.history(as_of, grade)).collect()
        };
        // How long it was beyond the RPO is known only while every copy is known.
        let all = match subject.asset.copies.value {
            OrUnknown::Unknown => Vec::new(),
            OrUnknown::Known(_) => vec![(Instant::MIN_UTC, Instant::MAX_UTC)],
        };
        let whole = states.iter().fold(all, |whole, state| {
            if state.tells_of_its_past(floor) {
                super::exposure::intersection(&whole, &state.whole)
            } else {
                Vec::new()
            }
        });
        Self { sure: points(floor), all: points(Grade::None), whole }
    }

    /// Returns whether it has points whose evidence is not good enough.
    pub fn has_doubtful(&self) -> bool {
        self.sure.len() < self.all.len()
    }

    /// Returns the attainment of `rpo` over `period`.
    fn attained(&self, feed: Option<&Feed>, period: Period, rpo: Timespan) -> Attainment {
        let by =
            |points: &[Held]| super::attainment::attainment(&History { points, feed, whole: &self.whole }, period, rpo);
        let attained = by(&self.sure);
        // Where a point below the floor would be within, nobody can tell that it was beyond.
        if self.has_doubtful() { attained.beyond_at_most(&by(&self.all)) } else { attained }
    }
}

/// Returns the part of `period` that has passed and in which the asset was there.
pub fn lived(subject: &Subject<'_>, seen: Seen<'_>, period: Period) -> Period {
    Period {
        from: subject.created_at(seen).map_or(period.from, |created| created.max(period.from)),
        to: period.to.min(seen.as_of),
    }
}

impl<'c, 'a> AssetContext<'c, 'a> {
    /// Returns the best of what was found of each copy, and which copies it was found of. Unknown
    /// while the copies are; a gap without any.
    pub fn best_copy(&self, found: impl Fn(&CopyState<'_>) -> (Verdict, String)) -> (Verdict, String) {
        if self.copies_unknown() {
            return (Verdict::Unknown, self.reasons());
        }
        let found: Vec<(&str, Verdict, String)> = self
            .states
            .iter()
            .map(|state| (state, self.best_carrier(state, &found)))
            .map(|(state, (verdict, because))| (state.copy.id(), verdict, because))
            .collect();
        let Some(best) = best_of(found.iter().map(|(_, verdict, _)| *verdict)) else {
            return (Verdict::Gap, self.reasons());
        };
        let named = found.iter().filter(|(_, verdict, _)| *verdict == best);
        let because: Vec<String> = named.map(|(copy, _, because)| format!("copy `{copy}`: {because}")).collect();
        (best, because.join("; "))
    }

    /// Returns the copy that the policy declares and in which something travels.
    pub fn declared(&self, carrier: &Carrier) -> Option<&'a Copy> {
        let (entry, copy) = carrier.declared;
        self.audit.policy.document().assets.get(entry)?.copies.known()?.get(copy)
    }

    /// Returns what was found of a copy, or the best of what was found of those in which it travels.
    fn best_carrier(
        &self,
        state: &CopyState<'a>,
        found: &impl Fn(&CopyState<'_>) -> (Verdict, String),
    ) -> (Verdict, String) {
        let each = state.carriers.iter().map(|carrier| match carrier.subject {
            Some(subject) => found(&self.carried(state, carrier, subject)),
            None => (Verdict::Unknown, "it travels inside several assets".to_owned()),
        });
        let each: Vec<(Verdict, String)> = each.collect();
        let Some(best) = best_of(each.iter().map(|(verdict, _)| *verdict)) else { return found(state) };
        let because = each.into_iter().filter(|(verdict, _)| *verdict == best).map(|(_, because)| because);
        (best, because.collect::<Vec<_>>().join("; "))
    }

    /// Returns the state of a carrier as far as it speaks for what travels in it.
    fn carried(&self, state: &CopyState<'a>, carrier: &Carrier, subject: usize) -> CopyState<'a> {
        let mut own = self.audit.states[subject][carrier.declared.1].clone();
        if own.grade < carrier.grade {
            // A restore test of what travels in it.
            own.points = own.points.restored();
        }
        CopyState { standing: carrier.standing.min(state.standing), grade: carrier.grade, ..own }
    }

    /// Returns the context of the asset at `index`; `None` where the policy has no objective for it.
    pub fn of(audit: &'c Context<'a>, index: usize) -> Option<Self> {
        let subject = audit.estate.subjects.get(index)?;
        let states = audit.states.get(index)?;
        let objective = audit.policy.objective(subject.asset)?;
        let as_of = audit.seen.as_of;
        let floor = floor_of(objective);
        let feed = feed_of(audit.seen, &subject.id, states);
        // Points below the floor count for nothing in a copy that reaches it.
        let exposure_by = |floor: Grade| {
            let sure = states.iter().filter(|state| state.is_sure(floor));
            let points: Vec<Held> = sure.flat_map(|state| state.points.held(as_of, floor)).collect();
            super::exposure::exposure(&points, feed.as_ref(), as_of)
        };
        let sure_exposure = exposure_by(floor);
        let usable_exposure = exposure_by(Grade::None);
        let exposure = if sure_exposure.exposure.is_some() { sure_exposure } else { usable_exposure };
        let period = lived(subject, audit.seen, audit.period);
        let attainment = objective
            .rpo
            .known()
            .filter(|_| period.from < period.to)
            .map(|rpo| Past::of(subject, states, floor, as_of).attained(feed.as_ref(), period, *rpo));
        let mut evidence: Vec<Digest> = states.iter().flat_map(|state| state.evidence.iter().copied()).collect();
        evidence.sort_unstable();
        evidence.dedup();
        Some(Self {
            audit,
            index,
            subject,
            states,
            objective,
            feed,
            exposure,
            sure_exposure,
            usable_exposure,
            attainment,
            evidence: evidence.into(),
        })
    }

    /// Returns the exposure at the time of the audit of what one copy holds by evidence of at least
    /// `grade`; `None` where no such recovery point of it is known.
    pub fn copy_exposure(&self, state: &CopyState<'_>, grade: Grade) -> Option<TimeDelta> {
        let points: Vec<Held> = state.points.held(self.as_of(), grade).collect();
        super::exposure::exposure(&points, self.feed.as_ref(), self.as_of()).exposure
    }
}
