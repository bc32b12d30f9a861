//! `claim-supported`: each quoted claim is supported by evidence.
//!
//! Sets a sentence that somebody wrote against what was seen; how good the copy is otherwise is the
//! other controls' question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::compared::is_lacking;
use crate::judge::copy_state::{CopyState, Standing};
use crate::model::{ControlId, Grade, Verdict};
use crate::policy::Copy;

crate::model::word::words! {
    /// What evidence says of a sentence. The words are fixed by the report format.
    pub enum ClaimStatus {
        /// Evidence shows it.
        Supported = "supported",
        /// Nothing but words speaks for it.
        Unproven = "unproven",
        /// Evidence shows the opposite.
        Contradicted = "contradicted",
        /// It was so once; what is known since then does not show it.
        Stale = "stale",
        /// It was not looked at.
        Unknown = "unknown",
    }
}

/// The control.
pub(super) struct ClaimSupported;

static ABOUT: About = About {
    id: ControlId::ClaimSupported,
    asks: "Each sentence that the policy quotes is supported by evidence.",
    why: "Reports are believed because they are written. Three sentences of the model document were false within a year.",
    remedy: "Correct the sentence where it was said, or bring the evidence that makes it true.",
    asked: "Of each copy with a `claim`.",
    standards: &["NIST SP 800-53 CP-9(1)", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.3"],
};

impl Control for ClaimSupported {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        for state in asset.states {
            let Some(claim) = state.copy.claim() else { continue };
            let status = status(asset, state);
            let verdict = match status {
                ClaimStatus::Supported => Verdict::Met,
                ClaimStatus::Contradicted | ClaimStatus::Stale => Verdict::Gap,
                ClaimStatus::Unproven | ClaimStatus::Unknown => Verdict::Unknown,
            };
            out.copy(state, verdict, format!("{status}: {}", state.because), claim.span.clone());
        }
    }
}

/// Returns what the evidence says of the claim of a copy.
pub fn status(asset: &AssetContext<'_, '_>, state: &CopyState<'_>) -> ClaimStatus {
    let compared_short = state.comparison.is_some_and(|noted| noted.fact.lacking() > 0 && is_lacking(noted.fact));
    match state.standing {
        Standing::Absent => ClaimStatus::Contradicted,
        Standing::Doubtful if compared_short => ClaimStatus::Contradicted,
        Standing::Lapsed if matches!(state.copy, Copy::Attestation(_)) => ClaimStatus::Stale,
        Standing::Lapsed => ClaimStatus::Unproven,
        Standing::Doubtful if state.grade == Grade::Attested => ClaimStatus::Unproven,
        Standing::Doubtful => ClaimStatus::Unknown,
        Standing::Usable if state.grade <= Grade::Configured => ClaimStatus::Unproven,
        Standing::Usable => fresh(asset, state),
    }
}

/// Evidence speaks for the claim; it is stale once what it shows is beyond the RPO.
fn fresh(asset: &AssetContext<'_, '_>, state: &CopyState<'_>) -> ClaimStatus {
    match (asset.rpo(), asset.copy_exposure(state, Grade::Reported)) {
        (Some(rpo), Some(exposure)) if rpo.after(asset.as_of() - exposure) < asset.as_of() => ClaimStatus::Stale,
        (Some(_), Some(_)) => ClaimStatus::Supported,
        (None, _) | (_, None) => ClaimStatus::Unproven,
    }
}
