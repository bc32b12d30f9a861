//! `copy-complete`: a compared copy holds everything, unchanged.
//!
//! Judges content; how old the held state is, is `recovery-point-age`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::evidence::Basis;
use crate::judge::compared::{describe, is_lacking};
use crate::judge::copy_state::unfinished_uploads;
use crate::model::time::human;
use crate::model::{ControlId, Verdict};

/// The control.
pub(super) struct CopyComplete;

static ABOUT: About = About {
    id: ControlId::CopyComplete,
    asks: "A copy that can be compared holds everything that the primary holds, unchanged.",
    why: "A mirror that exists is not proof. The one that the model document relied on was abandoned while the page was written.",
    remedy: "Copy what is missing or different, then find out why the copying job left it out.",
    asked: "Of each copy by `git-mirror`, `object-mirror` or `artifact-mirror`.",
    standards: &["NIST SP 800-53 CP-9(1)", "CIS v8 11.5", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.3"],
};

impl Control for CopyComplete {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        for state in asset.states.iter().filter(|state| state.method().compares()) {
            let at = state.copy.at();
            let Some(noted) = state.comparison else {
                out.copy(state, Verdict::Unknown, format!("it was not compared: {}", state.because), at);
                continue;
            };
            let comparison = noted.fact;
            let mut because = format!("compared on {}: {}", human(noted.at()), describe(comparison));
            if !comparison.names.is_empty() {
                let first: Vec<&str> = comparison.names.iter().take(3).map(AsRef::as_ref).collect();
                because.push_str(&format!("; first: {}", first.join(", ")));
            }
            if let Some(unfinished) = state.settings.as_deref().and_then(unfinished_uploads) {
                because.push_str(&format!("; {unfinished}"));
            }
            let review = asset.audit.policy.review_every();
            let verdict = if is_lacking(comparison) {
                Verdict::Gap
            } else if comparison.equal == 0 || !comparison.complete || comparison.sampled_ppm.is_some() {
                Verdict::Unknown
            } else if comparison.basis == Basis::Size || comparison.by_size > 0 {
                because.push_str("; equal sizes do not show equal content");
                Verdict::Unknown
            } else if review.after(noted.at()) < asset.as_of() {
                because.push_str(&format!("; older than the review period of {review}"));
                Verdict::Unknown
            } else {
                Verdict::Met
            };
            out.copy(state, verdict, because, at);
        }
    }
}
