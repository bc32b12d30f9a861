//! `survives-loss`: no single domain value takes the asset and all its copies.
//!
//! Reads the loss analysis for what takes the asset itself; the whole table is in the report.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::estate::Membership;
use crate::judge::loss::{Loss, Survival};
use crate::model::{ControlId, Verdict};

/// The control.
pub(super) struct SurvivesLoss;

static ABOUT: About = About {
    id: ControlId::SurvivesLoss,
    asks: "The loss of any one domain value that takes the asset leaves a usable copy of it.",
    why: "Every post-mortem is a scenario that nobody had put in a table: an account deleted, a provider gone, a site burnt.",
    remedy: "Keep a copy, with evidence good enough, outside the domain named.",
    asked: "Of assets whose objective has `independent`, for each of those keys.",
    standards: &["NIST SP 800-53 CP-6", "NIST SP 800-53 CP-10", "CIS v8 11.4", "SOC 2 A1.2"],
};

impl Control for SurvivesLoss {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let Some(keys) = asset.objective.independent.as_ref().filter(|keys| !keys.is_empty()) else { return };
        let mut taken = Vec::new();
        let mut doubtful = Vec::new();
        let mut survived = Vec::new();
        for key in &keys.value {
            if asset.primary_domain(key).is_none() {
                doubtful.push(format!("{}=unknown", key.value));
            }
        }
        // Whatever takes the asset counts, not only what the objective names.
        let takes = |loss: &&Loss| asset.primary_domain(&loss.domain.key) == Some(loss.domain.value.as_str());
        for loss in asset.audit.losses.iter().filter(takes) {
            match loss.outcomes[asset.index].survival {
                Survival::Lost => taken.push(loss.domain.to_string()),
                Survival::Unknown => doubtful.push(loss.domain.to_string()),
                Survival::Survives => survived.push(loss.domain.to_string()),
            }
        }
        let (verdict, because) = if !taken.is_empty() {
            let each = if taken.len() > 1 { "each of " } else { "" };
            (Verdict::Gap, format!("{each}{} takes it and every usable copy", taken.join(", ")))
        } else if !doubtful.is_empty() {
            let whom = match &asset.subject.membership {
                Membership::Unexpanded(why) => {
                    format!("whom this concerns is, for `{}`: {why}; ", asset.subject.asset.lives_in.value)
                }
                _ => String::new(),
            };
            let after = doubtful.join(" and ");
            let because = format!("whether anything is left after {after} is unknown: {whom}{}", asset.reasons());
            (Verdict::Unknown, because)
        } else {
            (Verdict::Met, format!("a usable copy is left after {}", survived.join(" and ")))
        };
        out.asset(verdict, because, keys.span.clone()).evidence = asset.copy_evidence();
    }
}
