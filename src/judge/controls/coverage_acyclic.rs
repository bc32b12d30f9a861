//! `coverage-acyclic`: no asset is covered only by something that it covers itself.
//!
//! Judges the policy's references alone; what survives a loss is `survives-loss`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::model::{ControlId, Verdict};
use crate::policy::{Asset, Copy, Policy};

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
        let circles: Vec<Option<Vec<String>>> =
            copies.iter().map(|copy| circle(asset.audit.policy, &entry.id.0, copy)).collect();
        let (verdict, because) = match circles.iter().flatten().next() {
            Some(path) if circles.iter().all(Option::is_some) => {
                (Verdict::Gap, format!("covered only in a circle: {}", path.join(" → ")))
            }
            Some(_) => (Verdict::Met, "one of its copies runs in a circle, another does not".to_owned()),
            None => (Verdict::Met, "what it rests on does not rest on it".to_owned()),
        };
        out.asset(verdict, because, asset.at_copies());
    }
}

/// Returns the names of the assets that `copy` rests on.
fn rests_on(copy: &Copy) -> Vec<&str> {
    let references = match copy {
        Copy::Included(included) => vec![included.of.value.as_str()],
        Copy::Rebuild(rebuild) => rebuild.from.0.iter().map(|from| from.value.as_str()).collect(),
        _ => Vec::new(),
    };
    references.into_iter().map(|reference| reference.split('/').next().unwrap_or_default()).collect()
}

/// Returns the way from `asset` over `copy` back to `asset`; `None` where there is none.
fn circle(policy: &Policy, asset: &str, copy: &Copy) -> Option<Vec<String>> {
    let entry = |id: &str| -> Option<&Asset> { policy.document().assets.iter().find(|asset| asset.id.0 == id) };
    let mut open: Vec<Vec<String>> =
        rests_on(copy).into_iter().map(|next| vec![asset.to_owned(), next.to_owned()]).collect();
    let mut seen: Vec<String> = Vec::new();
    while let Some(path) = open.pop() {
        let Some(last) = path.last() else { continue };
        if last == asset {
            return Some(path);
        }
        if seen.contains(last) {
            continue;
        }
        seen.push(last.clone());
        for copy in entry(last).and_then(|asset| asset.copies.known()).into_iter().flatten() {
            for next in rests_on(copy) {
                let mut longer = path.clone();
                longer.push(next.to_owned());
                open.push(longer);
            }
        }
    }
    None
}
