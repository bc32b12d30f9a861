//! The order, the splitting and the repetition of observations never matter; two runs are the same
//! bytes.
//!
//! What is judged is left to the other modules.

use lastgood::evidence::bundle::{self, Digests};
use lastgood::evidence::{Evidence, Observation};
use lastgood::judge::{self, When};
use lastgood::model::Period;
use lastgood::render::{Format, Look};
use lastgood::report;
use proptest::prelude::*;

use super::case::{Case, Dice, as_of};
use crate::support::policy;

fn rendered(case: &Case, evidence: &Evidence) -> Vec<Vec<u8>> {
    let policy = policy(&case.policy);
    let when = When { as_of: as_of(), period: Period::ending(as_of(), policy.review_every()) };
    let report = report::build(judge::judge(&policy, evidence, when), evidence, &[]);
    let look = Look { width: 100, styled: false };
    [Format::Json, Format::Markdown, Format::Csv, Format::Table]
        .into_iter()
        .map(|format| {
            let mut out = Vec::new();
            format.renderer().render(&report, look, &mut out).expect("rendered");
            out
        })
        .collect()
}

proptest! {
    #![proptest_config(super::config(200))]

    #[test]
    fn the_order_of_observations_and_repeated_ones_never_matter(seed: u64) {
        let case = Case::new(seed);
        let sealed: Vec<Observation> =
            case.observations.iter().map(|observation| observation.clone().seal().expect("JSON")).collect();
        let dice = &mut Dice::new(seed ^ 0x77);
        let mut shuffled = sealed.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, usize::try_from(dice.below(index as u64 + 1)).unwrap_or(0));
        }
        let repeated: Vec<Observation> = shuffled.iter().filter(|_| dice.chance(30)).cloned().collect();
        shuffled.extend(repeated);
        let expected = rendered(&case, &bundle::merge(sealed));
        prop_assert_eq!(rendered(&case, &bundle::merge(shuffled.clone())), expected.clone());

        // Through text and back, as two bundles.
        let half = usize::try_from(dice.below(shuffled.len() as u64 + 1)).unwrap_or(0);
        let mut read = Vec::new();
        for part in [&shuffled[half..], &shuffled[..half]] {
            let mut text = Vec::new();
            bundle::write(part, &mut text).expect("written");
            read.extend(bundle::read("part", text.as_slice(), Digests::Required).expect("right digests"));
        }
        prop_assert_eq!(rendered(&case, &bundle::merge(read)), expected);
    }
}
