//! `waivers-sound`: each waiver is unexpired, matches something and is not simply renewed.
//!
//! Watches over the waivers; applying them is left to the judge.

use super::{About as ControlAbout, AssetContext, Control, Drafts};
use crate::judge::context::{About, Context};
use crate::judge::estate::{Membership, Subject};
use crate::model::time::{Instant, start_of};
use crate::model::{ControlId, Verdict};
use crate::policy::Policy;
use crate::policy::document::Waiver;
use crate::policy::values::NamePattern;

/// For how many periods in a row a risk may stay accepted before it is raised again.
const MAX_PERIODS: usize = 2;

/// The control.
pub(super) struct WaiversSound;

static ABOUT: ControlAbout = ControlAbout {
    id: ControlId::WaiversSound,
    asks: "Each waiver is unexpired, matches an asset, and has not stood for more than two review periods.",
    why: "An accepted risk without an end is a gap with a signature.",
    remedy: "Close the gap, or decide again with today's facts; remove waivers that match nothing.",
    asked: "Of assets that a waiver names, and of waivers that name no asset that was seen.",
    standards: &["NIST SP 800-53 CA-5", "ISO/IEC 27001:2022 6.1.3", "SOC 2 CC3.2"],
};

impl Control for WaiversSound {
    fn about(&self) -> &'static ControlAbout {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let policy = asset.audit.policy;
        let matching: Vec<&Waiver> =
            policy.document().waivers.iter().filter(|waiver| matches(waiver, asset.subject)).collect();
        let Some(first) = matching.first() else { return };
        let mut at = first.control.span.clone();
        let mut problems = Vec::new();
        let mut since = None;
        for waiver in &matching {
            if let Some((why, when)) = unsound(policy, waiver, asset.as_of()) {
                if problems.is_empty() {
                    at = waiver.expires.span.clone();
                    since = when;
                }
                problems.push(why);
            }
        }
        if problems.is_empty() {
            let until: Vec<String> = matching.iter().map(|waiver| waiver.expires.value.to_string()).collect();
            out.asset(Verdict::Met, format!("accepted until {}", until.join(", ")), at);
        } else {
            out.asset(Verdict::Gap, problems.join("; "), at).since = since;
        }
    }

    fn whole(&self, audit: &Context<'_>, out: &mut Drafts) {
        let mut said: Vec<&str> = Vec::new();
        for waiver in &audit.policy.document().waivers {
            for pattern in &waiver.assets.0 {
                let hits = audit.estate.subjects.iter().any(|subject| names(pattern, subject));
                if !hits && !said.contains(&pattern.text.as_str()) {
                    said.push(&pattern.text);
                    let because = format!("the waiver for `{}` matches no asset", pattern.text);
                    out.add(About::Pattern(pattern.text.as_str().into()), Verdict::Gap, because, pattern.span.clone());
                }
            }
        }
    }
}

fn matches(waiver: &Waiver, subject: &Subject<'_>) -> bool {
    waiver.assets.0.iter().any(|pattern| names(pattern, subject))
}

/// Returns whether the pattern names the asset: by its id, by the id of the entry that expands to
/// it, or, for a group whose items were not seen, by all of them (`id/*`).
fn names(pattern: &NamePattern, subject: &Subject<'_>) -> bool {
    let entry = subject.asset.id.0.as_str();
    pattern.matches(&subject.id)
        || pattern.is_literal() && pattern.text == entry
        || matches!(subject.membership, Membership::Unexpanded(_)) && pattern.text.strip_suffix("/*") == Some(entry)
}

/// Returns why the waiver is not sound and since when; `None` where it is.
fn unsound(policy: &Policy, waiver: &Waiver, as_of: Instant) -> Option<(String, Option<Instant>)> {
    let controls: Vec<&str> = waiver.control.0.iter().map(|control| control.value.word()).collect();
    let controls = controls.join(", ");
    if waiver.expires.is_over_at(as_of) {
        let since = waiver.expires.value.0.succ_opt().map(start_of);
        return Some((format!("the waiver of {controls} expired on {}", waiver.expires.value), since));
    }
    if waiver.approved_on.start() > as_of {
        return Some((
            format!("the waiver of {controls} is approved only on {}, after this audit", waiver.approved_on.value),
            None,
        ));
    }
    let first = waiver.first_approved_on.as_ref().map_or(waiver.approved_on.value, |first| first.value);
    let limit = (0..MAX_PERIODS).fold(first.start(), |at, _| policy.review_every().after(at));
    (limit < as_of).then(|| {
        let because = format!(
            "the risk of {controls} has stood accepted since {first}, more than {MAX_PERIODS} periods of {}",
            policy.review_every()
        );
        (because, Some(limit))
    })
}

/// Returns whether the waiver counts at `as_of` for this control and this asset.
pub fn counts(waiver: &Waiver, control: ControlId, subject: &Subject<'_>, as_of: Instant) -> bool {
    waiver.control.0.iter().any(|waived| waived.value == control)
        && matches(waiver, subject)
        && waiver.approved_on.start() <= as_of
        && !waiver.expires.is_over_at(as_of)
}
