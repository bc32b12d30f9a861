//! `rpo-attainment`: over the period, the exposure was within the RPO for long enough.
//!
//! Judges the share of time; the present moment is `recovery-point-age`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::model::time::human_length;
use crate::model::{ControlId, Verdict};

/// The control.
pub(super) struct RpoAttainment;

static ABOUT: About = About {
    id: ControlId::RpoAttainment,
    asks: "The share of the period in which the exposure was within the RPO is at least the target.",
    why: "Points made against points expected says nothing of how long data was exposed; time does.",
    remedy: "Look for the stretches beyond the RPO: late jobs, copies that become usable late, missing runs. Keep enough history for the whole period.",
    asked: "Of assets whose objective has an `attainment`.",
    standards: &["NIST SP 800-53 CP-9", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.2"],
};

impl Control for RpoAttainment {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let Some(target) = &asset.objective.attainment else { return };
        let at = target.span.clone();
        let Some(result) = asset.attainment else {
            let because = match asset.rpo() {
                None => "nobody has said how much may be lost: the RPO is unknown",
                Some(_) => "the period holds no time in which the asset was there",
            };
            out.asset(Verdict::Unknown, because, at);
            return;
        };
        let percent =
            |share: Option<f64>| share.map_or_else(|| "none".to_owned(), |share| format!("{:.2} %", share * 100.0));
        let worst = match (result.worst, result.share()) {
            (Some(worst), _) => format!("worst exposure {}", human_length(worst)),
            (None, Some(_)) => "for some time there was no recovery point".to_owned(),
            (None, None) => "no history is known".to_owned(),
        };
        let because = format!(
            "within the RPO for {} of the covered time, target {}; history covers {} of the period; {worst}",
            percent(result.share()),
            target.value,
            percent(result.covered()),
        );
        let verdict = if result.reaches(target.0) {
            Verdict::Met
        } else if result.could_reach(target.0) || asset.copies_unknown() {
            Verdict::Unknown
        } else {
            Verdict::Gap
        };
        out.asset(verdict, because, at).evidence = asset.copy_evidence();
    }
}
