//! `facets-covered`: every facet of the asset is covered by a valid copy.
//!
//! Judges which parts are copied; whether a part is whole is `copy-complete`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::{CopyState, Standing};
use crate::judge::seen::Told;
use crate::model::{ControlId, Facet, Method, SystemKind, Verdict};
use crate::policy::Copy;

/// The control.
pub(super) struct FacetsCovered;

static ABOUT: About = About {
    id: ControlId::FacetsCovered,
    asks: "Every facet of the asset is covered by a valid copy.",
    why: "A mirror of the commits holds no issues, no wiki, no releases and, for large files, only pointers.",
    remedy: "Copy the facets named, or take those that may be lost out of the asset's `facets`.",
    asked: "Of assets with `facets`; a facet that an item does not have is not asked for.",
    standards: &["NIST SP 800-53 CP-9", "CIS v8 11.1", "ISO/IEC 27001:2022 A.8.13"],
};

impl Control for FacetsCovered {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let facets = &asset.subject.asset.facets;
        let Some(first) = facets.first() else { return };
        let present = asset.subject.item.as_ref().and_then(Told::facets);
        let wanted: Vec<Facet> = facets
            .iter()
            .map(|facet| facet.value)
            .filter(|facet| present.as_ref().is_none_or(|present| present.contains(facet)))
            .collect();
        let covered = |facet: &Facet, sure: bool| {
            asset.states.iter().any(|state| match covers(asset, state, *facet) {
                Cover::No => false,
                Cover::Perhaps => !sure && state.may_count(),
                Cover::Shown => {
                    if sure {
                        state.is_sure(asset.floor())
                    } else {
                        state.may_count()
                    }
                }
            })
        };
        let open: Vec<Facet> = wanted.iter().copied().filter(|facet| !covered(facet, true)).collect();
        let bare: Vec<Facet> = open.iter().copied().filter(|facet| !covered(facet, false)).collect();
        let names = |facets: &[Facet]| facets.iter().map(|facet| facet.word()).collect::<Vec<_>>().join(", ");
        let (verdict, because) = if open.is_empty() {
            let which = if wanted.is_empty() {
                "the item has none of the facets".to_owned()
            } else {
                format!("covered: {}", names(&wanted))
            };
            (Verdict::Met, which)
        } else if asset.copies_unknown() {
            (Verdict::Unknown, asset.reasons())
        } else if bare.is_empty() {
            (Verdict::Unknown, format!("covered only by copies in doubt: {}", names(&open)))
        } else {
            (Verdict::Gap, format!("{} of {} not covered: {}", bare.len(), wanted.len(), names(&bare)))
        };
        out.asset(verdict, because, first.span.clone()).evidence = asset.copy_evidence();
    }
}

/// Whether a copy holds a facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cover {
    No,
    /// The policy says so, but what proves the copy shows nothing of this facet.
    Perhaps,
    Shown,
}

/// Returns whether the copy holds the facet, as the policy says and as its proof can show. What travels
/// inside others is held by any of them.
fn covers(asset: &AssetContext<'_, '_>, state: &CopyState<'_>, facet: Facet) -> Cover {
    let said = says(asset, state.copy, facet);
    if state.method() != Method::Included || said == Cover::No {
        return said;
    }
    let carriers = state.carriers.iter().filter_map(|carrier| Some((carrier, asset.declared(carrier)?)));
    let shown = carriers.map(|(carrier, copy)| {
        let is_sure = carrier.standing == Standing::Usable && carrier.grade >= asset.floor();
        says(asset, copy, facet).min(if is_sure { Cover::Shown } else { Cover::Perhaps })
    });
    // Where nobody knows in what it travels, it may be there.
    shown.max().unwrap_or(Cover::Perhaps).min(said)
}

/// Returns whether the copy is made by a plugin of a Jenkins controller.
fn is_plugin(asset: &AssetContext<'_, '_>, copy: &Copy) -> bool {
    let system = copy.asked().and_then(|id| asset.audit.policy.system(id));
    system.is_some_and(|system| system.kind() == SystemKind::Jenkins)
}

/// Returns whether a copy by itself holds the facet. A method that can show only one facet covers no
/// other unless the policy says so, and then it does not prove it.
fn says(asset: &AssetContext<'_, '_>, copy: &Copy, facet: Facet) -> Cover {
    let said = copy.covers();
    let alone = said.is_some_and(|covers| *covers == [facet]);
    let shows = match copy.method() {
        // The wiki is a repository of its own, with a URL of its own.
        Method::GitMirror => facet == Facet::Git || facet == Facet::Wiki && alone,
        Method::Releases => facet == Facet::Releases,
        // thinBackup leaves the keys out that unlock the credentials (plugins.jenkins.io/thinBackup), and
        // of no plugin it can be seen that it takes them.
        Method::BackupConfig => facet != Facet::Secrets || !is_plugin(asset, copy),
        _ => true,
    };
    match said {
        Some(covers) if !covers.contains(&facet) => Cover::No,
        None if !shows => Cover::No,
        _ if shows => Cover::Shown,
        _ => Cover::Perhaps,
    }
}
