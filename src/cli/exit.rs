//! Exit codes, which are a promise.
//!
//! What a run found is left to the judge; this file only numbers it.

use crate::model::Verdict;
use crate::report::Report;

/// All is met, accepted, new or not applicable.
pub const OK: u8 = 0;
/// The tool failed.
pub const FAILED: u8 = 1;
/// The command line cannot be meant.
pub const USAGE: u8 = 2;
/// The policy was rejected.
pub const POLICY: u8 = 3;
/// There is at least one gap.
pub const GAP: u8 = 10;
/// There is no gap, but something is unknown.
pub const UNKNOWN: u8 = 11;

/// The program was interrupted and wrote nothing: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;

/// The codes, for `--help`.
pub const HELP: &str = "\
Exit codes: 0 all met, accepted, new or not applicable; 1 the tool failed; 2 usage;
3 policy rejected; 10 at least one gap; 11 no gap but something unknown.";

/// What makes the exit code other than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Gaps only.
    Gap,
    /// Gaps and unknowns.
    Unknown,
    /// Neither: the report is the result.
    Never,
}

/// Returns the exit code of a report.
pub fn code(report: &Report, fail_on: FailOn) -> u8 {
    match (report.verdict, fail_on) {
        (Verdict::Gap, FailOn::Gap | FailOn::Unknown) => GAP,
        // A report without a single answered question shows nothing, and nothing is never green.
        (Verdict::Unknown | Verdict::NotApplicable, FailOn::Unknown) => UNKNOWN,
        (Verdict::Gap | Verdict::Unknown | Verdict::NotApplicable, FailOn::Never | FailOn::Gap)
        | (Verdict::Accepted | Verdict::New | Verdict::Met, _) => OK,
    }
}

/// Ends the program at once, without an answer: whoever started it pressed Ctrl-C twice.
#[expect(clippy::exit, reason = "there is nothing left to do in order")]
pub(super) fn at_once() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}
