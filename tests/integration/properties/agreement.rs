//! What the report says of one thing in two places is the same.
//!
//! Whether it is right is left to the other modules.

use lastgood::model::{ControlId, Verdict};
use proptest::prelude::*;

use super::case::{AS_OF, Case};
use crate::support::{policy, report};

proptest! {
    #![proptest_config(super::config(500))]

    #[test]
    fn what_the_loss_analysis_takes_does_not_survive_by_its_control(seed: u64) {
        let case = Case::new(seed);
        let report = report(&policy(&case.policy), case.observations, AS_OF);
        for finding in report.findings.iter().filter(|finding| finding.control == ControlId::SurvivesLoss) {
            let asset = finding.asset().unwrap_or_default();
            let lost = report.losses.iter().any(|loss| loss.lost.iter().any(|lost| **lost == *asset));
            // Grace makes `new` of a gap and of what is unknown.
            let agrees = match finding.verdict {
                Verdict::New => true,
                verdict => lost == (verdict == Verdict::Gap),
            };
            prop_assert!(agrees, "{asset} is {}, and lost: {lost}\n{}", finding.verdict, case.policy);
        }
    }
}
