//! Verdicts and how several become one.
//!
//! Reaching a verdict is left to the controls; this file only orders them.

use super::word::words;

words! {
    /// The answer to one control's question, in the order in which the worst of several wins.
    ///
    /// Rollup: gap > unknown > accepted > new > met; `not-applicable` counts for nothing.
    pub enum Verdict {
        /// The question does not apply.
        NotApplicable = "not-applicable",
        /// The wanted state was seen.
        Met = "met",
        /// A gap or an unknown of an asset that is still inside its grace.
        New = "new",
        /// A gap or an unknown under a valid waiver.
        Accepted = "accepted",
        /// What would have to be seen was not seen.
        Unknown = "unknown",
        /// The wanted state is not there.
        Gap = "gap",
    }
}

impl Verdict {
    /// Returns the worst of several verdicts; `NotApplicable` where there is none.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::NotApplicable)
    }

    /// Returns the verdict that an asset is counted under: where nothing was asked of it, nothing is known.
    #[must_use]
    pub const fn counted(self) -> Self {
        match self {
            Self::NotApplicable => Self::Unknown,
            Self::Met | Self::New | Self::Accepted | Self::Unknown | Self::Gap => self,
        }
    }

    /// Returns whether a reader has to act on it or find out more.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Gap | Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Accepted, Gap, Met, New, NotApplicable, Unknown};
    use super::*;

    #[test]
    fn the_worst_verdict_wins_and_unknown_is_never_green() {
        assert_eq!(Verdict::worst([Met, Unknown, Accepted, New]), Unknown);
        assert_eq!(Verdict::worst([Met, Unknown, Gap]), Gap);
        assert_eq!(Verdict::worst([Met, New]), New);
        assert_eq!(Verdict::worst([New, Accepted]), Accepted);
        assert_eq!(Verdict::worst([NotApplicable, Met]), Met);
        assert_eq!(Verdict::worst([]), NotApplicable);
    }
}
