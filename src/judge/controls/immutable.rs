//! `immutable`: one identity or clean-up job cannot delete the copy.
//!
//! Judges settings; how far back history reaches is `retention`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::evidence::Settings;
use crate::model::{ControlId, Timespan, Verdict};

/// The control.
pub(super) struct Immutable;

static ABOUT: About = About {
    id: ControlId::Immutable,
    asks: "Some copy is beyond the reach of one identity or one clean-up job: locked, or kept as versions that do not expire early.",
    why: "Whoever holds the one key deletes primary and copies in one evening; a clean-up script does it by mistake.",
    remedy: "Turn on object lock, or versions with a long life, and do not repeat deletions in the copy.",
    asked: "Of assets whose objective says `immutable: true`.",
    standards: &["NIST SP 800-53 CP-9(8)", "CIS v8 11.3", "CIS v8 11.4", "ISO/IEC 27001:2022 A.8.13"],
};

impl Control for Immutable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let Some(wanted) = asset.objective.immutable.as_ref().filter(|wanted| wanted.value) else { return };
        let at = wanted.span.clone();
        let needed = asset.objective.retention.as_ref().map(|retention| retention.value);
        let (verdict, because) = asset.best_copy(|state| match state.settings.as_deref() {
            _ if !state.may_count() => (Verdict::Gap, state.because.clone()),
            None => (Verdict::Unknown, "the settings of its place were not seen".to_owned()),
            Some(settings) => {
                let (verdict, because) = judge(settings, needed, asset);
                let sure = state.is_sure(asset.floor());
                (if verdict == Verdict::Met && !sure { Verdict::Unknown } else { verdict }, because)
            }
        });
        out.asset(verdict, because, at).evidence = asset.copy_evidence();
    }
}

fn judge(settings: &Settings, needed: Option<Timespan>, asset: &AssetContext<'_, '_>) -> (Verdict, String) {
    let as_of = asset.as_of();
    // Without a retention, any lock is one.
    let long_enough =
        |days: u64| days > 0 && needed.is_none_or(|needed| Timespan::days(days).before(as_of) <= needed.before(as_of));
    if settings.sync_deletes == Some(true) {
        return (Verdict::Gap, "deletions in the primary are repeated in the copy".to_owned());
    }
    let locked = match settings.locked_days {
        Some(days) if long_enough(days) => (Verdict::Met, format!("deletion is locked for {days} d")),
        Some(0) => (Verdict::Gap, "nothing locks it".to_owned()),
        Some(days) => (Verdict::Gap, format!("deletion is locked for {days} d only")),
        None => (Verdict::Unknown, "whether deletion is locked was not seen".to_owned()),
    };
    let kept = match (settings.versioning, settings.noncurrent_days) {
        (Some(true), Some(0)) => (Verdict::Met, "deleted content is kept as versions for ever".to_owned()),
        (Some(true), Some(days)) if long_enough(days) => {
            (Verdict::Met, format!("deleted content is kept as versions for {days} d"))
        }
        (Some(true), Some(days)) => (Verdict::Gap, format!("deleted content is kept for {days} d only")),
        (Some(true), None) => (Verdict::Unknown, "for how long versions are kept was not seen".to_owned()),
        (Some(false), _) => (Verdict::Gap, "no versions are kept".to_owned()),
        (None, _) => (Verdict::Unknown, "whether versions are kept was not seen".to_owned()),
    };
    // Either protects it; that neither does has to be seen of both.
    match (locked, kept) {
        ((Verdict::Met, because), _) | (_, (Verdict::Met, because)) => (Verdict::Met, because),
        ((Verdict::Gap, locked), (Verdict::Gap, kept)) => (Verdict::Gap, format!("{locked}, and {kept}")),
        ((_, locked), (_, kept)) => (Verdict::Unknown, format!("{locked}, and {kept}")),
    }
}
