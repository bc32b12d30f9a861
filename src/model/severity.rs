//! Severities: how much a gap would hurt, as the objective says.
//!
//! Ordering findings by consequence is left to the report.

use super::word::words;

words! {
    /// The weight of a finding, lightest first.
    #[derive(Default)]
    pub enum Severity {
        /// Worth knowing.
        Low = "low",
        /// Worth planning. The default of an objective.
        #[default]
        Medium = "medium",
        /// Worth doing this quarter.
        High = "high",
        /// Worth doing now.
        Critical = "critical",
    }
}
