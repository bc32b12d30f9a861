//! `retention`: recovery points reach back far enough.
//!
//! Judges how far back one could go; whether history can be deleted is `immutable`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::{CopyState, Standing};
use crate::model::time::{Instant, human};
use crate::model::{ControlId, Grade, Method, Timespan, Verdict};
use crate::policy::Copy;
use crate::policy::values::Keeps;

/// The control.
pub(super) struct Retention;

static ABOUT: About = About {
    id: ControlId::Retention,
    asks: "Recovery points of some copy reach back at least as far as the objective's retention.",
    why: "Damage is often noticed late. A mirror, or the latest copy only, holds the damage by then.",
    remedy: "Keep more recovery points, or turn on versions where the mirror lies.",
    asked: "Of assets whose objective has a `retention`. Mirrors and \"latest only\" do not meet it.",
    standards: &["NIST SP 800-53 CP-9", "CIS v8 11.1", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.2"],
};

impl Control for Retention {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let Some(retention) = &asset.objective.retention else { return };
        let at = retention.span.clone();
        let (verdict, because) = asset.best_copy(|state| reach(asset, state, retention.value));
        out.asset(verdict, because, at).evidence = asset.copy_evidence();
    }
}

fn reach(asset: &AssetContext<'_, '_>, state: &CopyState<'_>, retention: Timespan) -> (Verdict, String) {
    match state.standing {
        Standing::Absent | Standing::Lapsed => return (Verdict::Gap, state.because.clone()),
        Standing::Doubtful | Standing::Usable => {}
    }
    let sure = state.is_sure(asset.floor());
    let copy = state.copy;
    if let Copy::Attestation(statement) = copy {
        return match statement.keeps.as_ref().map(|keeps| keeps.value) {
            Some(Keeps::Points(0 | 1)) => (Verdict::Gap, "only the latest recovery point is kept (keeps 1)".to_owned()),
            Some(Keeps::For(kept)) if kept.before(asset.as_of()) <= retention.before(asset.as_of()) => {
                let verdict = if sure { Verdict::Met } else { Verdict::Unknown };
                (verdict, format!("{kept} are stated to be kept, of {retention}"))
            }
            Some(Keeps::For(kept)) => (Verdict::Gap, format!("only {kept} are stated to be kept, of {retention}")),
            Some(Keeps::Points(points)) => (
                Verdict::Unknown,
                format!("{points} recovery points are stated to be kept; how far they reach back is not said"),
            ),
            None => (Verdict::Unknown, "how much history is kept is not stated".to_owned()),
        };
    }
    if matches!(copy, Copy::Rebuild(_)) {
        return (Verdict::Unknown, "how far back it can be rebuilt is not known".to_owned());
    }
    if let Some(settings) = state.settings.as_deref()
        && let Some(days) = settings.expires_days
        && days > 0
        && Timespan::days(days).before(asset.as_of()) > retention.before(asset.as_of())
    {
        let deleted = format!("a clean-up deletes what is older than {days} d, before {retention}");
        // What it deletes may be kept as a version for a while.
        match (settings.versioning, settings.noncurrent_days) {
            (Some(true), Some(0)) => {}
            (Some(true), Some(more))
                if Timespan::days(days.saturating_add(more)).before(asset.as_of())
                    <= retention.before(asset.as_of()) => {}
            (Some(true), Some(more)) => return (Verdict::Gap, format!("{deleted}, and its versions {more} d later")),
            (Some(true), None) => {
                return (Verdict::Unknown, format!("{deleted}; for how long its versions are kept was not seen"));
            }
            (Some(false) | None, _) => return (Verdict::Gap, deleted),
        }
    }
    if copy.method() == Method::BackupConfig
        && state.settings.as_deref().is_some_and(|settings| settings.versioning == Some(false))
    {
        return (Verdict::Gap, "each backup replaces the one before it: no history is kept".to_owned());
    }
    if copy.method().mirrors() {
        let (verdict, because) = mirror(asset, state, copy, retention);
        // Versions of a copy that nobody saw are versions of nothing.
        let seen = sure || verdict != Verdict::Met;
        return if seen { (verdict, because) } else { (Verdict::Unknown, format!("{because}, but {}", state.because)) };
    }
    let needed = needed_from(asset, retention);
    let Some(reached) = Reached::by(state, Grade::None) else {
        return (Verdict::Unknown, format!("no recovery point is known: {}", state.because));
    };
    let oldest = reached.oldest;
    let because = format!("oldest recovery point of {}, {} needed", human(oldest), human(needed));
    let reaches = |reached: Reached| reached.oldest <= needed && (reached.several || is_young(asset));
    if !reached.several && !is_young(asset) {
        let verdict = if state.whole_since == Some(Instant::MIN_UTC) { Verdict::Gap } else { Verdict::Unknown };
        (verdict, format!("only the latest recovery point was seen, of {}", human(oldest)))
    } else if reaches(reached) && !sure {
        (Verdict::Unknown, because)
    } else if reaches(reached) && Reached::by(state, asset.floor()).is_some_and(reaches) {
        (Verdict::Met, because)
    } else if reaches(reached) {
        (Verdict::Unknown, format!("{because}; but as far back only by evidence below {}", asset.floor()))
    } else if state.whole_since.is_some_and(|since| since <= needed) {
        (Verdict::Gap, because)
    } else {
        (Verdict::Unknown, format!("{because}; older ones were not listed"))
    }
}

/// How far back the recovery points of a copy reach.
#[derive(Debug, Clone, Copy)]
struct Reached {
    oldest: Instant,
    /// Whether they hold more than one state.
    several: bool,
}

impl Reached {
    /// Returns how far back those known by evidence of at least `grade` reach; `None` without any.
    fn by(state: &CopyState<'_>, grade: Grade) -> Option<Self> {
        let mut times = state.points.known_by(grade).map(|(point, _)| point.captured_at);
        let oldest = times.next()?;
        Some(Self { oldest, several: times.any(|time| time > oldest) })
    }
}

/// Returns whether the asset is too young to have had more than one state to keep.
fn is_young(asset: &AssetContext<'_, '_>) -> bool {
    let created = asset.subject.created_at(asset.audit.seen).zip(asset.rpo());
    created.is_some_and(|(created, rpo)| rpo.after(rpo.after(created)) >= asset.as_of())
}

/// Returns how old the oldest recovery point has to be: a young asset needs one from its first RPO.
fn needed_from(asset: &AssetContext<'_, '_>, retention: Timespan) -> Instant {
    let needed = retention.before(asset.as_of());
    match (asset.subject.created_at(asset.audit.seen), asset.rpo()) {
        (Some(created), Some(rpo)) => needed.max(rpo.after(created)).min(asset.as_of()),
        _ => needed,
    }
}

fn mirror(asset: &AssetContext<'_, '_>, state: &CopyState<'_>, copy: &Copy, retention: Timespan) -> (Verdict, String) {
    let Some(settings) = state.settings.as_deref() else {
        let because = "a mirror holds only the latest state";
        return match copy {
            Copy::GitMirror(_) => (Verdict::Gap, because.to_owned()),
            _ => (Verdict::Unknown, format!("{because}, unless its place keeps versions, which was not seen")),
        };
    };
    let fact = settings;
    match (fact.versioning, fact.noncurrent_days) {
        (Some(true), Some(0)) => (Verdict::Met, "its place keeps every version for ever".to_owned()),
        (Some(true), Some(days)) => {
            let kept = format!("its place keeps versions for {days} d, of {retention}");
            if Timespan::days(days).before(asset.as_of()) <= retention.before(asset.as_of()) {
                (Verdict::Met, kept)
            } else {
                (Verdict::Gap, kept)
            }
        }
        (Some(true), None) => (Verdict::Unknown, "its place keeps versions; for how long was not seen".to_owned()),
        (Some(false), _) => {
            (Verdict::Gap, "a mirror holds only the latest state, and its place keeps no versions".to_owned())
        }
        (None, _) => (Verdict::Unknown, "whether its place keeps versions was not seen".to_owned()),
    }
}
