//! `coverage-acyclic`: no asset is covered only by something that it covers itself.
//!
//! Judges the policy's references alone; what survives a loss is `survives-loss`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::Standing;
use crate::judge::cover::references;
use crate::model::{ControlId, Verdict};

/// How many assets of a circle are named.
const MAX_STEPS: usize = 12;

/// The control.
pub(super) struct CoverageAcyclic;

static ABOUT: About = About {
    id: ControlId::CoverageAcyclic,
    asks: "No asset is covered only by something that it covers itself.",
    why: "\"The sites are backed up by Jenkins, and Jenkins by GitHub, which the sites live in\" reads well in prose and protects nothing.",
    remedy: "Give one asset of the circle a copy that rests on none of the others.",
    asked: "Of assets with a copy by `included` or `rebuild`.",
    standards: &["NIST SP 800-53 CP-9", "NIST SP 800-53 CP-6"],
};

impl Control for CoverageAcyclic {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let entry = asset.subject.asset;
        let copies = entry.copies.known().map_or(&[][..], Vec::as_slice);
        if !copies.iter().any(|copy| copy.method().is_derived()) {
            return;
        }
        let (cover, entry) = (&asset.audit.cover, asset.subject.entry);
        let circles: Vec<Option<&str>> = copies
            .iter()
            .map(|copy| references(copy).into_iter().find(|reference| cover.leads_back(entry, reference)))
            .collect();
        // A copy that is not there covers nothing, circle or not.
        let others = asset.states.iter().zip(&circles).filter(|(_, circle)| circle.is_none());
        let other = others.map(|(state, _)| state).filter(|state| state.may_count()).max_by_key(|state| state.standing);
        let (verdict, because) = match (circles.iter().flatten().next(), other) {
            (Some(reference), None) => (Verdict::Gap, format!("covered only in a circle: {}", way(asset, reference))),
            (Some(_), Some(state)) if state.standing == Standing::Usable => {
                (Verdict::Met, format!("one of its copies runs in a circle, `{}` does not", state.copy.id()))
            }
            (Some(reference), Some(state)) => (
                Verdict::Unknown,
                format!(
                    "covered in a circle ({}), unless `{}` counts: {}",
                    way(asset, reference),
                    state.copy.id(),
                    state.because
                ),
            ),
            (None, _) => (Verdict::Met, "what it rests on does not rest on it".to_owned()),
        };
        out.asset(verdict, because, asset.at_copies());
    }
}

/// Returns the way from the asset over `reference` back to it, in words.
fn way(asset: &AssetContext<'_, '_>, reference: &str) -> String {
    let assets = &asset.audit.policy.document().assets;
    let way = asset.audit.cover.way_back(asset.subject.entry, reference).unwrap_or_default();
    let names = |way: &[usize]| {
        let names: Vec<&str> = way.iter().filter_map(|entry| Some(assets.get(*entry)?.id.0.as_str())).collect();
        names.join(" → ")
    };
    match way.len().checked_sub(MAX_STEPS) {
        Some(more) if more > 0 => format!("{} → … ({more} more)", names(&way[..MAX_STEPS])),
        _ => names(&way),
    }
}
