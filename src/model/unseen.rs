//! Reasons why something was not seen.
//!
//! Turning what was not seen into `unknown` is left to the judge.

use super::word::words;

words! {
    /// Why a question stayed without a usable answer. The words are fixed by the report format.
    pub enum UnseenReason {
        /// The system refused: no credentials, or not enough rights.
        NotAuthorized = "not-authorized",
        /// The system answered that there is nothing by that name (or that we may not know).
        NotFound = "not-found",
        /// The system asked to wait longer than the deadline allows.
        RateLimited = "rate-limited",
        /// No connection, no name, no answer in time.
        Unreachable = "unreachable",
        /// An answer came, but not one that can be trusted.
        Unreadable = "unreadable",
        /// An answer came, but not all of it.
        Truncated = "truncated",
        /// The system was not asked.
        Offline = "offline",
    }
}
