//! `copies`: there are enough copies with valid evidence besides the primary.
//!
//! Counts; where the copies lie is `independent-copy`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::model::{ControlId, Verdict};

/// The control.
pub(super) struct Copies;

static ABOUT: About = About {
    id: ControlId::Copies,
    asks: "At least so many copies as the objective asks for are known by valid evidence, besides the primary.",
    why: "A provider's redundancy is not a copy: it repeats deletion and corruption faithfully.",
    remedy: "Make another copy, or bring evidence of one that exists.",
    asked: "Of every asset; an objective without `copies` asks for one.",
    standards: &[
        "NIST SP 800-53 CP-9",
        "NIST CSF 2.0 PR.DS-11",
        "CIS v8 11.2",
        "ISO/IEC 27001:2022 A.8.13",
        "SOC 2 A1.2",
    ],
};

impl Control for Copies {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let wanted = asset.objective.copies.as_ref().map_or(1, |copies| copies.value);
        let at = match &asset.objective.copies {
            Some(copies) if !asset.states.is_empty() => copies.span.clone(),
            _ => asset.at_copies(),
        };
        let count = |sure: bool| {
            let counted =
                asset.states.iter().filter(|state| if sure { state.is_sure(asset.floor()) } else { state.may_count() });
            counted.count() as u64
        };
        let (sure, possible) = (count(true), count(false));
        let counted = format!("{sure} of {wanted} with valid evidence");
        let (verdict, because) = if sure >= wanted {
            (Verdict::Met, counted)
        } else if asset.copies_unknown() {
            (Verdict::Unknown, asset.reasons())
        } else if possible >= wanted {
            (Verdict::Unknown, format!("{counted}, {} more in doubt: {}", possible - sure, asset.reasons()))
        } else if asset.states.is_empty() {
            (Verdict::Gap, asset.reasons())
        } else {
            (Verdict::Gap, format!("{counted}: {}", asset.reasons()))
        };
        out.asset(verdict, because, at).evidence = asset.copy_evidence();
    }
}
