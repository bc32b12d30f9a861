//! What the columns of tables are sorted by where their text does not tell: worse is more.
//!
//! Numbers only; what the columns say is left to `phrases`, sorting to the page's script.

use schemars::JsonSchema;
use serde::Serialize;

use super::phrases;
use crate::model::Verdict;
use crate::report::Asset;

/// What sorts behind every length: the largest whole number that a browser's numbers hold exactly
/// (ECMA-262, `Number.MAX_SAFE_INTEGER`).
const LAST: i64 = (1 << 53) - 1;
/// What nobody knows, which is not as bad as never.
const UNKNOWN: i64 = LAST - 1;

/// The keys of one asset.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Keys {
    verdict: u8,
    exposure: i64,
    worst: i64,
    rpo: i64,
    attainment: f64,
}

impl Keys {
    /// Returns the keys of `asset`.
    pub(super) fn of(asset: &Asset) -> Self {
        let unseen = if phrases::is_without_any_point(asset) { LAST } else { UNKNOWN };
        Self {
            verdict: rank(asset.verdict),
            exposure: asset.rpo.exposure_seconds.unwrap_or(unseen),
            worst: asset.rpo.worst_seconds.unwrap_or(UNKNOWN),
            rpo: asset.rpo.target_seconds.unwrap_or(UNKNOWN),
            attainment: asset.rpo.attainment.unwrap_or(-1.0),
        }
    }
}

/// Returns what a column of verdicts is sorted by.
pub(super) const fn rank(verdict: Verdict) -> u8 {
    verdict.counted() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sorts_last_is_exact_in_a_browser_and_unknown_differs_from_never() {
        #[expect(clippy::cast_precision_loss, reason = "that there is none is what is tested")]
        let number = |value: i64| value as f64;
        assert!(number(UNKNOWN) < number(LAST));
        const { assert!(LAST < 1 << 53) };
    }

    #[test]
    fn worse_verdicts_sort_behind_better_ones_and_what_was_not_asked_is_unknown() {
        let order = [Verdict::Met, Verdict::New, Verdict::Accepted, Verdict::Unknown, Verdict::Gap];
        assert!(order.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert_eq!(rank(Verdict::NotApplicable), rank(Verdict::Unknown));
    }
}
