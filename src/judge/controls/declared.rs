//! `declared`: nothing is undeclared, nothing vanished.
//!
//! Compares the policy with what systems show, both ways; what a system did not show is
//! `audit-complete`'s question.

use super::{About as ControlAbout, AssetContext, Control, Drafts};
use crate::judge::context::{About, Context};
use crate::judge::estate::Membership;
use crate::model::{ControlId, Verdict};

/// How many names a finding lists.
const NAMES_SHOWN: usize = 10;

/// The control.
pub(super) struct Declared;

static ABOUT: ControlAbout = ControlAbout {
    id: ControlId::Declared,
    asks: "Everything that a system shows is an asset or an exclusion, and everything that the policy names is there.",
    why: "What nobody listed, nobody backs up. What has vanished is either lost or renamed, and its copies are no longer made.",
    remedy: "Add what is undeclared to an asset's selection or to `exclude` with an owner and a date; correct or retire what has vanished.",
    asked: "Of every github, artifactory and jenkins system, and of assets that name or expand to items.",
    standards: &["NIST SP 800-53 CP-9", "NIST CSF 2.0 PR.DS-11", "CIS v8 11.1"],
};

impl Control for Declared {
    fn about(&self) -> &'static ControlAbout {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let entry = asset.subject.asset;
        let lives_in = &entry.lives_in.value;
        let at = entry.each.as_ref().map_or_else(|| entry.id.span.clone(), |each| each.span.clone());
        match &asset.subject.membership {
            Membership::Unexpanded(why) => {
                let each = entry.each.as_ref().map_or("item", |each| each.value.word());
                out.asset(
                    Verdict::Unknown,
                    format!("which {each} of `{lives_in}` it stands for is unknown: {why}"),
                    at,
                );
            }
            Membership::Hollow => {
                out.asset(
                    Verdict::Gap,
                    format!("it expands to nothing: `{lives_in}` holds no item that it selects"),
                    at,
                );
            }
            Membership::Vanished => {
                out.asset(Verdict::Gap, format!("vanished: `{lives_in}` does not have it"), at);
            }
            Membership::Single if entry.name.is_some() && asset.subject.item.is_none() => {
                out.asset(Verdict::Unknown, format!("whether `{lives_in}` has it was not seen"), at);
            }
            Membership::Single | Membership::Member => renamed(asset, out),
        }
    }

    fn whole(&self, audit: &Context<'_>, out: &mut Drafts) {
        let exclusions = &audit.policy.document().exclude;
        for (system, names) in &audit.estate.undeclared {
            let listing = audit.estate.listings.get(system);
            let at = audit.policy.system(system).map_or(0..0, crate::policy::System::at);
            let overdue: Vec<String> = exclusions
                .iter()
                .filter(|exclude| exclude.r#in.value == *system && exclude.review_by.is_over_at(audit.seen.as_of))
                .map(|exclude| {
                    format!(
                        "the exclusion of `{}` was due for review by {}",
                        exclude.name.text, exclude.review_by.value
                    )
                })
                .collect();
            let shortfall = listing.and_then(crate::judge::seen::Listing::shortfall);
            let mut reasons = overdue;
            if !names.is_empty() {
                let shown: Vec<&str> = names.iter().copied().take(NAMES_SHOWN).collect();
                let more = names.len() - shown.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                reasons.insert(0, format!("{} undeclared: {}{more}", names.len(), shown.join(", ")));
            }
            let (verdict, because) = match (reasons.is_empty(), shortfall) {
                (false, _) => (Verdict::Gap, reasons.join("; ")),
                (true, Some(why)) => (Verdict::Unknown, format!("what it holds is not fully known: {why}")),
                (true, None) => {
                    let held = listing.map_or(0, |listing| listing.items.len());
                    (Verdict::Met, format!("all {held} items are declared or excluded"))
                }
            };
            let evidence = listing.and_then(|listing| listing.inventory).and_then(|noted| noted.digest());
            out.add(About::System((*system).into()), verdict, because, at).evidence = evidence.into_iter().collect();
        }
    }
}

/// Says of an asset that its system has it under another name than the policy.
fn renamed(asset: &AssetContext<'_, '_>, out: &mut Drafts) {
    let (Some(name), Some(item)) = (&asset.subject.asset.name, &asset.subject.item) else { return };
    if *item.first().name != *name.value {
        let lives_in = &asset.subject.asset.lives_in.value;
        let because =
            format!("renamed: `{lives_in}` has it as `{}`; the policy still says `{}`", item.first().name, name.value);
        out.asset(Verdict::Met, because, name.span.clone()).evidence = item.digest().into_iter().collect();
    }
}
