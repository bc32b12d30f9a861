//! The words that every stage shares: names, times, durations, grades and verdicts.
//!
//! Plain values without input or output; what they mean for a policy, for evidence or for a
//! verdict is left to those stages.

pub mod control_id;
pub mod count;
pub mod duration;
pub mod facet;
pub mod grade;
pub mod method;
pub mod name;
pub mod period;
pub mod pieces;
pub mod severity;
pub mod time;
pub mod unseen;
pub mod verdict;
pub(crate) mod word;

pub use control_id::ControlId;
pub use count::Count;
pub use duration::Timespan;
pub use facet::Facet;
pub use grade::Grade;
pub use method::{ItemKind, Method, SystemKind};
pub use name::nearest;
pub use period::Period;
pub use pieces::Pieces;
pub use severity::Severity;
pub use time::Instant;
pub use unseen::UnseenReason;
pub use verdict::Verdict;
