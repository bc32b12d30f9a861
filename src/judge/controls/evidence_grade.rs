//! `evidence-grade`: the best valid evidence reaches the objective's floor.
//!
//! Judges how a copy is known, not how old or how whole it is.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::{CopyState, Standing};
use crate::model::{ControlId, Grade, Verdict};

/// The control.
pub(super) struct EvidenceGrade;

static ABOUT: About = About {
    id: ControlId::EvidenceGrade,
    asks: "The best valid evidence for a copy is at least as strong as the objective's floor.",
    why: "A statement is not a recovery point, and a job that says it succeeded may have written nothing.",
    remedy: "Let the audit see the recovery point, or compare it with its source, instead of relying on a job's or a person's word.",
    asked: "Of assets whose objective has an `evidence` floor.",
    standards: &["NIST SP 800-53 CP-9(1)", "CIS v8 11.5", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.3"],
};

impl Control for EvidenceGrade {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let Some(floor) = &asset.objective.evidence else { return };
        let at = floor.span.clone();
        let best =
            asset.states.iter().filter(|state| state.standing == Standing::Usable).max_by_key(|state| state.grade);
        let hopeful = asset.states.iter().find(|state| state.may_count() && state.possible_grade() >= floor.value);
        let grade = best.map_or(Grade::None, |state| state.grade);
        let (verdict, because) = match (best, hopeful) {
            (Some(state), _) if state.grade >= floor.value => {
                (Verdict::Met, format!("copy `{}` is {}; {}", state.copy.id(), state.grade, state.because))
            }
            _ if asset.copies_unknown() => (Verdict::Unknown, asset.reasons()),
            (_, Some(state)) => (
                Verdict::Unknown,
                format!("copy `{}` may be {} or better, but {}", state.copy.id(), floor.value, state.because),
            ),
            _ => (Verdict::Gap, weak(asset.states, grade, floor.value, &asset.reasons())),
        };
        out.asset(verdict, because, at).evidence = asset.copy_evidence();
    }
}

fn weak(states: &[CopyState<'_>], best: Grade, floor: Grade, reasons: &str) -> String {
    let claimed = states.iter().map(|state| state.grade).max().unwrap_or(best).max(best);
    format!("{claimed} is below {floor}: {reasons}")
}
