//! `audit-complete`: the audit itself could see everything it asked for.
//!
//! Says what was not seen, by system; what follows from that for an asset is the other controls'
//! question.

use super::{About as ControlAbout, Control, Drafts};
use crate::judge::context::{About, Context};
use crate::model::{ControlId, Verdict};
use crate::policy::System;

/// The control.
pub(super) struct AuditComplete;

static ABOUT: ControlAbout = ControlAbout {
    id: ControlId::AuditComplete,
    asks: "Every system that the policy makes the audit ask has answered every question.",
    why: "No data must never read as no problem.",
    remedy: "Give the audit the rights named, or run it where it can reach the system, and evaluate the evidence again.",
    asked: "Of every system that has to be asked.",
    standards: &["NIST SP 800-53 CA-7", "SOC 2 CC4.1"],
};

impl Control for AuditComplete {
    fn about(&self) -> &'static ControlAbout {
        &ABOUT
    }

    fn whole(&self, audit: &Context<'_>, out: &mut Drafts) {
        for (id, system) in &audit.policy.document().systems.0 {
            let missing: Vec<String> = audit
                .unseen
                .iter()
                .filter(|entry| entry.system == id.value)
                .map(|entry| format!("{} ({})", entry.what, entry.reason))
                .collect();
            let at = id.span.clone();
            if !missing.is_empty() {
                out.add(About::System(id.value.as_str().into()), Verdict::Unknown, missing.join("; "), at);
            } else if is_asked(audit, id, system) {
                out.add(About::System(id.value.as_str().into()), Verdict::Met, "every question was answered", at);
            }
        }
    }
}

/// Returns whether the policy makes the audit ask the system anything.
fn is_asked(audit: &Context<'_>, id: &str, system: &System) -> bool {
    let document = audit.policy.document();
    system.kind().must_be_declared()
        || document.assets.iter().any(|asset| {
            asset.lives_in.value == id && asset.each.is_some()
                || asset
                    .copies
                    .known()
                    .into_iter()
                    .flatten()
                    .any(|copy| crate::judge::seen::needs_a_look(copy.method()) && copy.asked() == Some(id))
        })
}
