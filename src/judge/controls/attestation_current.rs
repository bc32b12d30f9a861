//! `attestation-current`: statements are unexpired and already made.
//!
//! Judges a statement's dates; how weak a statement is, is `evidence-grade`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::statement_precedes;
use crate::model::{ControlId, Verdict};
use crate::policy::Copy;

/// The control.
pub(super) struct AttestationCurrent;

static ABOUT: About = About {
    id: ControlId::AttestationCurrent,
    asks: "A statement that is counted on has been made and has not expired.",
    why: "A sentence that was true once is copied from report to report until somebody needs it.",
    remedy: "Ask again, and write down who said what when, and until when it counts; or replace the statement by evidence.",
    asked: "Of each copy by `attestation`.",
    standards: &["NIST SP 800-53 CP-9", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.2"],
};

impl Control for AttestationCurrent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        for state in asset.states {
            let Copy::Attestation(statement) = state.copy else { continue };
            let (by, on, expires) =
                (&statement.attested_by.value, statement.attested_on.value, statement.expires.value);
            let at = statement.expires.span.clone();
            if on.start() > asset.as_of() {
                out.copy(state, Verdict::Gap, format!("{by} states it only on {on}, after this audit"), at);
            } else if expires.is_over_at(asset.as_of()) {
                let because = format!("the statement of {by} of {on} expired on {expires}");
                out.copy(state, Verdict::Gap, because, at).since =
                    expires.0.succ_opt().map(crate::model::time::start_of);
            } else if let Some(why) = statement_precedes(statement, asset.subject, asset.audit.seen) {
                out.copy(state, Verdict::Gap, format!("the statement of {by} of {on} {why}"), at);
            } else {
                out.copy(state, Verdict::Met, format!("stated by {by} on {on}, counts until {expires}"), at);
            }
        }
    }
}
