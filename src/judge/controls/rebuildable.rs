//! `rebuildable`: a rebuild is dated, and its inputs survive what takes the asset.
//!
//! Judges claims that an asset can be derived; how often to try is `restore-tested`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::Standing;
use crate::judge::loss::Survival;
use crate::model::{ControlId, Verdict};
use crate::policy::Copy;

/// The control.
pub(super) struct Rebuildable;

static ABOUT: About = About {
    id: ControlId::Rebuildable,
    asks: "A rebuild that is counted on was made on a known day, and what it needs survives whatever takes the asset.",
    why: "\"Recreatable from source\" leans on inputs that are purged, versions that float and hosts that are gone; only an actual rebuild shows which.",
    remedy: "Rebuild an old release from pinned inputs, date it in `rebuilt_on`, and keep a copy of the inputs in another domain.",
    asked: "Of each copy by `rebuild`.",
    standards: &["NIST SP 800-53 CP-10", "CIS v8 11.5", "SOC 2 A1.3"],
};

impl Control for Rebuildable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        for state in asset.states {
            let Copy::Rebuild(rebuild) = state.copy else { continue };
            let mut problems = Vec::new();
            let mut worst = Verdict::Met;
            if state.standing == Standing::Lapsed {
                problems.push(state.because.clone());
                worst = Verdict::Gap;
            }
            for loss in &asset.audit.losses {
                let takes = asset.primary_domain(&loss.domain.key) == Some(loss.domain.value.as_str());
                if !takes {
                    continue;
                }
                for from in &rebuild.from.0 {
                    let inputs = asset.audit.estate.named(from);
                    let survival = inputs.into_iter().map(|input| loss.outcomes[input].survival).min();
                    let (verdict, word) = match survival {
                        Some(Survival::Survives) => continue,
                        Some(Survival::Unknown) => (Verdict::Unknown, "may not survive"),
                        Some(Survival::Lost) => (Verdict::Gap, "does not survive"),
                        None => (Verdict::Unknown, "was not seen and may not survive"),
                    };
                    worst = worst.max(verdict);
                    problems.push(format!("`{}` {word} the loss of {}", from.value, loss.domain));
                }
            }
            problems.dedup();
            let because = if problems.is_empty() { state.because.clone() } else { problems.join("; ") };
            out.copy(state, worst, because, state.copy.at());
        }
    }
}
