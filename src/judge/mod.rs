//! The judge: policy and evidence at one time, in; an audit, out.
//!
//! Pure: no clock, no files, no environment, and the order of observations never matters. Seeing is
//! left to `collect`, the frozen view to `report`, pictures of it to `render`.

pub mod attainment;
pub mod compared;
pub mod context;
pub mod controls;
pub mod copy_state;
pub mod course;
pub mod cover;
pub mod derived;
pub mod estate;
pub mod exposure;
pub mod listed;
pub mod loss;
pub mod points;
pub mod runs;
pub mod schedule;
pub mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::evidence::{Digest, Evidence, Question};
use crate::model::time::Instant;
use crate::model::{ControlId, Period, Pieces, Severity, UnseenReason, Verdict};
use crate::policy::{Place, Policy};
use attainment::Attainment;
use context::{About, AssetContext, Context, Draft, Drafts, UnseenEntry};
use controls::{CONTROLS, ClaimStatus};
use copy_state::CopyState;
use cover::Cover;
use estate::{Estate, Membership, Subject};
use exposure::Exposure;
use loss::Loss;
use schedule::Timetables;
use seen::{Seen, needs_a_look};

/// How many assets are judged in one go, whose findings make one piece of the list.
const PIECE: usize = 32;

/// When an audit is made and which period it reports on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The time of the audit, UTC.
    pub as_of: Instant,
    /// The period of the report.
    pub period: Period,
}

/// Everything that an audit found.
#[derive(Debug)]
pub struct Audit<'a> {
    /// The policy that was judged.
    pub policy: &'a Policy,
    /// When.
    pub when: When,
    /// The assets, their copies and what is lost with which domain.
    pub estate: Estate<'a>,
    /// The state of each asset's copies, by position of the asset.
    pub states: Vec<Vec<CopyState<'a>>>,
    /// What was measured of each asset, by position.
    pub measures: Vec<Measure>,
    /// Every finding, by asset in the order of the policy, then by control; at the end, those about
    /// systems and waivers.
    pub findings: Pieces<Finding>,
    /// What becomes of every asset for the loss of each domain.
    pub losses: Vec<Loss>,
    /// The quoted claims and what the evidence says of them.
    pub claims: Vec<Claim>,
    /// What the audit could not see.
    pub unseen: Vec<UnseenEntry>,
}

/// What was measured of one asset.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// The worst verdict of its findings.
    pub verdict: Verdict,
    /// Its exposure now.
    pub exposure: Exposure,
    /// The exposure of each copy is in `copies`; this is the RPO in seconds before the audit, `None`
    /// where nobody knows it.
    pub rpo_seconds: Option<i64>,
    /// Its attainment; `None` where it cannot be measured.
    pub attainment: Option<Attainment>,
}

/// One answer to one question.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The question.
    pub control: ControlId,
    /// The position of the asset it speaks of; `None` for systems and waivers.
    pub subject: Option<usize>,
    /// What of it.
    pub about: About,
    /// The answer.
    pub verdict: Verdict,
    /// How much it would hurt.
    pub severity: Severity,
    /// Why.
    pub because: Box<str>,
    /// The observations it rests on.
    pub evidence: Arc<[Digest]>,
    /// The place in the policy that demands it.
    pub place: Place,
    /// The position of the waiver under which it is accepted.
    pub waiver: Option<u32>,
    /// Since when it is so; `None` where that is not known.
    pub since: Option<Instant>,
}

/// A quoted claim.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The position of the asset.
    pub subject: usize,
    /// The position of the copy.
    pub copy: usize,
    /// What the evidence says.
    pub status: ClaimStatus,
}

/// Judges `policy` by `evidence`.
pub fn judge<'a>(policy: &'a Policy, evidence: &'a Evidence, when: When) -> Audit<'a> {
    let seen = Seen::new(evidence, when.as_of, policy.review_every());
    let cover = Cover::new(policy);
    let estate = Estate::expand(policy, seen);
    let gone = copy_state::gone(policy, seen);
    let mut states: Vec<Vec<CopyState<'a>>> =
        estate.subjects.par_iter().map(|subject| copy_state::assess(policy, seen, &gone, subject)).collect();
    derived::resolve(policy, &cover, seen, &estate, &mut states);
    let losses = loss::losses(policy, &estate, &states);
    let unseen = unseen(policy, seen, &estate, &states);
    let schedules = states.iter().flatten().flat_map(|state| &state.schedules).map(|noted| noted.fact);
    let timetables = Timetables::new(schedules, when.period.from, when.as_of);
    let context = Context { policy, seen, period: when.period, estate, cover, timetables, states, losses, unseen };

    let count = context.estate.subjects.len();
    let pieces: Vec<Judged> = (0..count.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| judge_assets(&context, piece * PIECE..count.min((piece + 1) * PIECE)))
        .collect();
    let mut findings = Vec::with_capacity(pieces.len() + 1);
    let mut measures = Vec::with_capacity(count);
    let mut claims = Vec::new();
    for piece in pieces {
        findings.push(piece.findings);
        measures.extend(piece.measures);
        claims.extend(piece.claims);
    }
    let mut whole = Vec::new();
    for control in CONTROLS {
        let mut drafts = Drafts::default();
        control.whole(&context, &mut drafts);
        let id = control.about().id;
        whole.extend(drafts.0.into_iter().map(|draft| finish(&context, id, None, Severity::Medium, draft)));
    }
    findings.push(whole);
    let Context { estate, states, losses, unseen, .. } = context;
    let findings = Pieces::new(findings);
    Audit { policy, when, estate, states, measures, findings, losses, claims, unseen }
}

/// What was found of some assets, in their order.
#[derive(Default)]
struct Judged {
    findings: Vec<Finding>,
    measures: Vec<Measure>,
    claims: Vec<Claim>,
}

fn judge_assets(context: &Context<'_>, assets: Range<usize>) -> Judged {
    // Some controls ask each copy, most ask some assets only: rarely are there more.
    let room = assets.len() * CONTROLS.len();
    let mut judged = Judged { findings: Vec::with_capacity(room), ..Judged::default() };
    for index in assets {
        let measure = judge_asset(context, index, &mut judged);
        judged.measures.push(measure);
    }
    // There are many of them, and what one has to spare no other can use.
    judged.findings.shrink_to_fit();
    judged
}

/// Adds the findings and claims of one asset, and returns what was measured of it.
fn judge_asset(context: &Context<'_>, index: usize, judged: &mut Judged) -> Measure {
    let Some(asset) = AssetContext::of(context, index) else {
        return Measure {
            verdict: Verdict::Unknown,
            exposure: Exposure { age: None, exposure: None, since: None, basis: exposure::Basis::None },
            rpo_seconds: None,
            attainment: None,
        };
    };
    let severity = asset.objective.severity.as_ref().map_or(Severity::Medium, |severity| severity.value);
    let first = judged.findings.len();
    for control in CONTROLS {
        let id = control.about().id;
        if asset.subject.membership == Membership::Hollow && !asked_of_nothing(id) {
            continue;
        }
        let mut drafts = Drafts::default();
        control.asset(&asset, &mut drafts);
        judged.findings.extend(drafts.0.into_iter().map(|draft| finish(context, id, Some(&asset), severity, draft)));
    }
    let claimed = asset.states.iter().enumerate().filter(|(_, state)| state.copy.claim().is_some());
    judged.claims.extend(claimed.map(|(copy, state)| Claim {
        subject: index,
        copy,
        status: controls::claim_status(&asset, state),
    }));
    Measure {
        verdict: Verdict::worst(judged.findings[first..].iter().map(|finding| finding.verdict)),
        exposure: asset.exposure,
        rpo_seconds: asset.rpo().map(|rpo| rpo.seconds_before(context.seen.as_of)),
        attainment: asset.attainment,
    }
}

/// Returns whether the control is asked of an entry that expands to nothing.
const fn asked_of_nothing(id: ControlId) -> bool {
    matches!(id, ControlId::Declared | ControlId::Owned | ControlId::WaiversSound)
}

/// Returns whether the policy alone answers the control, so that what is met is met by every item. An
/// item may be younger than a statement or a restore test, which then says nothing of it.
const fn told_by_the_policy(id: ControlId) -> bool {
    matches!(id, ControlId::CoverageAcyclic)
}

/// Turns what a control says into a finding: groups that were not seen, waivers, grace.
fn finish(
    context: &Context<'_>,
    control: ControlId,
    asset: Option<&AssetContext<'_, '_>>,
    severity: Severity,
    draft: Draft,
) -> Finding {
    let mut finding = Finding {
        control,
        subject: asset.map(|asset| asset.index),
        about: draft.about,
        verdict: draft.verdict,
        severity: draft.severity.unwrap_or(severity),
        because: draft.because.into(),
        evidence: draft.evidence,
        place: context.policy.place(&draft.at),
        waiver: None,
        since: draft.since,
    };
    if let Some(asset) = asset {
        if let Membership::Unexpanded(why) = &asset.subject.membership
            && matches!(finding.verdict, Verdict::Gap | Verdict::Met)
            && !asset.states.is_empty()
            && !asked_of_nothing(control)
            && !(finding.verdict == Verdict::Met && told_by_the_policy(control))
        {
            finding.verdict = Verdict::Unknown;
            finding.since = None;
            finding.because = format!(
                "whom this concerns is unknown, for `{}`: {why}; as declared: {}",
                asset.subject.asset.lives_in.value, finding.because
            )
            .into();
        }
        if finding.verdict.is_open() && control != ControlId::WaiversSound {
            let waivers = &context.policy.document().waivers;
            let waiver = waivers
                .iter()
                .position(|waiver| controls::waiver_counts(waiver, control, asset.subject, context.seen.as_of));
            if waiver.is_some() {
                finding.waiver = waiver.and_then(|waiver| u32::try_from(waiver).ok());
                finding.verdict = Verdict::Accepted;
            } else if in_grace(asset.subject, context.seen) {
                finding.verdict = Verdict::New;
            }
        }
    }
    finding
}

/// Returns whether the asset is so young that it may still be without copies.
fn in_grace(subject: &Subject<'_>, seen: Seen<'_>) -> bool {
    let grace = subject.asset.grace.as_ref();
    let born = subject.created_at(seen);
    grace.zip(born).is_some_and(|(grace, created)| grace.after(created) >= seen.as_of)
}

/// Returns what could not be seen, by system: what systems refused, and what nobody asked.
fn unseen(policy: &Policy, seen: Seen<'_>, estate: &Estate<'_>, states: &[Vec<CopyState<'_>>]) -> Vec<UnseenEntry> {
    let document = policy.document();
    let mut entries: BTreeSet<UnseenEntry> = BTreeSet::new();
    let mut by_system: BTreeMap<&str, Vec<&CopyState<'_>>> = BTreeMap::new();
    for state in states.iter().flatten().filter(|state| needs_a_look(state.method())) {
        if let Some(id) = state.copy.asked() {
            by_system.entry(id).or_default().push(state);
        }
    }
    for (id, system) in &document.systems.0 {
        let id = id.value.as_str();
        let listing = estate.listings.get(id);
        let copies = by_system.get(id).map_or(&[][..], Vec::as_slice);
        let last_look = copies.iter().filter_map(|state| state.last_look()).max();
        let (mut told, mut told_of_list) = (false, false);
        for noted in seen.unseen_of_system(id) {
            // That nobody asked is old news once somebody did; what is still open is told below.
            let asked = listing.and_then(|listing| listing.inventory).map(|listed| listed.at()).max(last_look);
            let asked_since = noted.fact.reason == UnseenReason::Offline && asked.is_some_and(|at| at > noted.at());
            if asked_since || seen.is_answered_by(noted, seen.of_system(id)) {
                continue;
            }
            told |= noted.fact.reason == UnseenReason::Offline;
            told_of_list |= noted.fact.fact.is_none_or(|asked| asked == Question::Inventory);
            entries.insert(UnseenEntry {
                system: id.to_owned(),
                reason: noted.fact.reason,
                what: noted.fact.what.to_string(),
                identity: identity(seen, id, noted.digest()),
            });
        }
        let listed_for = document.assets.iter().any(|asset| asset.lives_in.value == id && asset.each.is_some());
        if let (Some(listing), Some(kind)) = (listing, system.kind().lists())
            && (listed_for || system.kind().must_be_declared())
            && let Some(why) = listing.shortfall()
            && !told_of_list
        {
            let reason = match (listing.inventory, listing.shortfall_of_public()) {
                (None, _) => UnseenReason::Offline,
                (Some(_), Some(_)) => UnseenReason::Truncated,
                (Some(_), None) => UnseenReason::NotAuthorized,
            };
            entries.insert(entry(id, reason, format!("its list, each {kind}: {why}")));
        }
        let mut count = |reason, what: &str, of: &dyn Fn(&&&CopyState<'_>) -> bool| {
            let count = copies.iter().filter(of).count();
            if count > 0 {
                let noun = if count == 1 { "copy was" } else { "copies were" };
                entries.insert(entry(id, reason, format!("{count} {noun} {what}")));
            }
        };
        count(UnseenReason::Truncated, "seen only in part", &|state| state.is_partly_seen());
        count(UnseenReason::Offline, "not looked at since the last review was due", &|state| state.stale);
        if !told {
            count(UnseenReason::Offline, "not looked at", &|state| !state.was_looked_at() && !state.missed);
        }
    }
    // What was refused for single copies or assets, by the system in question.
    for (subject, states) in estate.subjects.iter().zip(states) {
        for observation in seen.of_subject(subject) {
            let Some(noted) = seen::unseen(observation) else { continue };
            let copy = observation.copy.as_deref();
            let state = copy.and_then(|copy| states.iter().find(|state| state.copy.id() == copy));
            // Of copies that rest on others, the others tell.
            let rests = state.is_some_and(|state| !needs_a_look(state.method()));
            if rests || seen.is_answered(noted, subject, copy) {
                continue;
            }
            let asked = state.and_then(|state| state.copy.asked());
            let system = asked.unwrap_or(&subject.asset.lives_in.value);
            entries.insert(UnseenEntry {
                system: system.to_owned(),
                reason: noted.fact.reason,
                what: format!("{}: {}", subject.id, noted.fact.what),
                identity: observation.source().identity.as_deref().map(str::to_owned),
            });
        }
    }
    entries.into_iter().collect()
}

fn entry(system: &str, reason: UnseenReason, what: String) -> UnseenEntry {
    UnseenEntry { system: system.to_owned(), reason, what, identity: None }
}

fn identity(seen: Seen<'_>, system: &str, digest: Option<Digest>) -> Option<String> {
    let observation = seen.of_system(system).find(|observation| observation.digest == digest)?;
    observation.source().identity.as_deref().map(str::to_owned)
}
