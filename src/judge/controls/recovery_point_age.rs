//! `recovery-point-age`: the exposure of the asset now is within its RPO.
//!
//! Judges the present moment; the whole period is `rpo-attainment`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::{CopyState, Standing};
use crate::judge::exposure::{Basis, Exposure};
use crate::model::time::{Instant, human, human_length};
use crate::model::{ControlId, Timespan, Verdict};

/// The control.
pub(super) struct RecoveryPointAge;

static ABOUT: About = About {
    id: ControlId::RecoveryPointAge,
    asks: "The oldest change that no usable recovery point holds is no older than the RPO.",
    why: "It is what would be lost if the primary were gone this minute. A backup that stopped is noticed here first.",
    remedy: "Make a copy now, then find out why the last one is so old; if the RPO is tighter than anyone needs, change the objective.",
    asked: "Of every asset, unless its RPO is unknown: then the answer is unknown.",
    standards: &[
        "NIST SP 800-53 CP-9",
        "NIST CSF 2.0 PR.DS-11",
        "CIS v8 11.2",
        "ISO/IEC 27001:2022 A.8.13",
        "SOC 2 A1.2",
    ],
};

impl Control for RecoveryPointAge {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let at = asset.objective.rpo.span.clone();
        let evidence = asset.copy_evidence();
        let Some(rpo) = asset.rpo() else {
            out.asset(Verdict::Unknown, "nobody has said how much may be lost: the RPO is unknown", at).evidence =
                evidence;
            return;
        };
        let evidence = match &asset.feed {
            Some(feed) if !feed.digests.is_empty() => evidence.iter().chain(&feed.digests).copied().collect(),
            _ => evidence,
        };
        let exposure = &asset.exposure;
        let Some(length) = exposure.exposure else {
            let (verdict, because) = without_points(asset, rpo);
            out.asset(verdict, because, at).evidence = evidence;
            return;
        };
        let age =
            exposure.age.map_or_else(String::new, |age| format!("newest recovery point is {} old", human_length(age)));
        let measured = match exposure.basis {
            Basis::ChangeFeed if exposure.since.is_none() => "nothing changed since".to_owned(),
            Basis::ChangeFeed => format!("oldest unprotected change may be {} old", human_length(length)),
            Basis::Elapsed | Basis::None => "changes since are not known".to_owned(),
        };
        let is_within = |exposure: &Exposure| {
            exposure.exposure.is_some() && exposure.since.is_none_or(|since| rpo.after(since) >= asset.as_of())
        };
        let mut because = format!("{age}, {measured}; RPO {rpo}");
        let fresher = asset.states.iter().find(|state| state.may_be_newer());
        let verdict = match (is_within(&asset.usable_exposure), fresher) {
            (true, _) if is_within(&asset.sure_exposure) => Verdict::Met,
            (true, _) => {
                because.push_str(&format!("; within it only by evidence below {}: {}", asset.floor(), asset.reasons()));
                Verdict::Unknown
            }
            (false, Some(state)) => {
                because.push_str(&format!("; copy `{}` may be newer: {}", state.copy.id(), state.because));
                Verdict::Unknown
            }
            (false, None) => match stale_look(asset, rpo) {
                Some(looked) => {
                    because.push_str(&format!("; nobody has looked since {}", human(looked)));
                    Verdict::Unknown
                }
                None => Verdict::Gap,
            },
        };
        let draft = out.asset(verdict, because, at);
        draft.evidence = evidence;
        if verdict == Verdict::Gap {
            draft.since = exposure.since.map(|since| rpo.after(since));
        }
    }
}

/// Returns when somebody last looked, where that is so long ago that a point made since would be
/// within the RPO: then the age tells of the audit, not of the backup.
fn stale_look(asset: &AssetContext<'_, '_>, rpo: Timespan) -> Option<Instant> {
    let looked = asset.states.iter().filter_map(CopyState::last_look).max()?;
    (rpo.after(looked) < asset.as_of()).then_some(looked)
}

/// No recovery point is known: never, or nobody can tell.
fn without_points(asset: &AssetContext<'_, '_>, rpo: Timespan) -> (Verdict, String) {
    let future = asset.states.iter().find(|state| state.future);
    if let Some(state) = future {
        return (Verdict::Unknown, format!("future: copy `{}` {}", state.copy.id(), state.because));
    }
    let is_absent = |state: &CopyState<'_>| state.standing == Standing::Absent;
    if !asset.copies_unknown() && asset.states.iter().all(is_absent) {
        return (Verdict::Gap, format!("never: {}", asset.reasons()));
    }
    // What was listed since the RPO began, and is not there, is beyond it however old the rest is.
    let began = rpo.before(asset.as_of());
    let is_beyond = |state: &CopyState<'_>| {
        let listed = state.listed_at.is_some_and(|listed| rpo.after(listed) >= asset.as_of());
        let since = state.whole_since.is_some_and(|since| since <= began);
        is_absent(state) || listed && since && state.points.is_empty() && !state.stale && !state.newer_elsewhere
    };
    if !asset.copies_unknown() && asset.states.iter().all(is_beyond) {
        return (Verdict::Gap, format!("none since {}: {}", human(began), asset.reasons()));
    }
    let dated =
        asset.states.iter().filter_map(|state| Some((state.copy.id(), state.captured_at()?))).max_by_key(|(_, at)| *at);
    let because = match dated {
        Some((copy, at)) => format!(
            "the newest state is {} in copy `{copy}`, which cannot be relied on: {}",
            human(at),
            asset.reasons()
        ),
        None => format!("no recovery point is known: {}", asset.reasons()),
    };
    (Verdict::Unknown, because)
}
