//! The controls: one yes/no question a file, and the list of them all.
//!
//! Each looks at a context and says findings; waivers, grace and rollup are left to the judge.

mod attestation_current;
mod audit_complete;
mod claim_supported;
mod copies;
mod copy_complete;
mod coverage_acyclic;
mod declared;
mod evidence_grade;
mod facets_covered;
mod immutable;
mod independent_copy;
mod owned;
mod rebuildable;
mod recovery_point_age;
mod restore_tested;
mod retention;
mod rpo_attainment;
mod runs_on_schedule;
mod size_plausible;
mod survives_loss;
mod waivers_sound;

use super::context::{AssetContext, Context, Drafts};
use crate::model::ControlId;

pub use claim_supported::{ClaimStatus, status as claim_status};
pub use waivers_sound::counts as waiver_counts;

/// What is to be said of a control, whatever it finds.
#[derive(Debug)]
pub struct About {
    /// Its id.
    pub id: ControlId,
    /// The question it asks, as a sentence about the wanted state.
    pub asks: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about a gap.
    pub remedy: &'static str,
    /// When the question is asked.
    pub asked: &'static str,
    /// Its place in the standards: standard and section.
    pub standards: &'static [&'static str],
}

/// One yes/no question, named for the wanted state.
pub trait Control: Sync {
    /// Returns what is to be said of it.
    fn about(&self) -> &'static About;

    /// Says what is found of one asset.
    fn asset(&self, _asset: &AssetContext<'_, '_>, _out: &mut Drafts) {}

    /// Says what is found of the audit as a whole.
    fn whole(&self, _audit: &Context<'_>, _out: &mut Drafts) {}
}

/// Every control, in the order of reports.
pub static CONTROLS: &[&dyn Control] = &[
    &recovery_point_age::RecoveryPointAge,
    &rpo_attainment::RpoAttainment,
    &evidence_grade::EvidenceGrade,
    &copies::Copies,
    &independent_copy::IndependentCopy,
    &copy_complete::CopyComplete,
    &facets_covered::FacetsCovered,
    &size_plausible::SizePlausible,
    &runs_on_schedule::RunsOnSchedule,
    &retention::Retention,
    &immutable::Immutable,
    &restore_tested::RestoreTested,
    &rebuildable::Rebuildable,
    &attestation_current::AttestationCurrent,
    &coverage_acyclic::CoverageAcyclic,
    &survives_loss::SurvivesLoss,
    &declared::Declared,
    &owned::Owned,
    &claim_supported::ClaimSupported,
    &waivers_sound::WaiversSound,
    &audit_complete::AuditComplete,
];

/// Returns the control with this id; `None` only if the list lacks one, which a test forbids.
pub fn find(id: ControlId) -> Option<&'static dyn Control> {
    CONTROLS.iter().copied().find(|control| control.about().id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_control_once_in_the_order_of_the_ids() {
        let listed: Vec<ControlId> = CONTROLS.iter().map(|control| control.about().id).collect();
        assert_eq!(listed, ControlId::ALL);
    }

    #[test]
    fn every_control_says_why_what_to_do_and_where_it_stands() {
        for control in CONTROLS {
            let about = control.about();
            for text in [about.asks, about.why, about.remedy, about.asked] {
                assert!(text.ends_with('.') && text.len() > 20, "{}: {text}", about.id);
            }
            assert!(!about.standards.is_empty(), "{}", about.id);
        }
    }
}
