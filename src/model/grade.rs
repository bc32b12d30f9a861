//! Grades: how strong evidence is.
//!
//! Which grade a piece of evidence earns is left to the judge.

use super::word::words;

words! {
    /// The strength of evidence, weakest first, so that `>=` asks for a floor.
    #[derive(Default)]
    pub enum Grade {
        /// Nothing speaks for the copy.
        #[default]
        None = "none",
        /// A person or a vendor says so.
        Attested = "attested",
        /// A schedule or a setting exists.
        Configured = "configured",
        /// A job says that it succeeded.
        Reported = "reported",
        /// The recovery point itself was seen.
        Observed = "observed",
        /// The content was compared with the source.
        Verified = "verified",
        /// A restore test passed.
        Restored = "restored",
    }
}
