//! The charts of the HTML report: where each mark lies. Every chart is drawn into the table that says the
//! same in words.
//!
//! Geometry only, in percent of the width there is; how marks look is left to the template.

mod course;
mod coverage;
mod domains;
mod exposure;

use schemars::JsonSchema;
use serde::Serialize;

use super::register::Section;
use crate::report::Report;

/// All charts of a report.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Charts<'r> {
    exposure: exposure::Chart<'r>,
    coverage: coverage::Chart<'r>,
    domains: domains::Chart,
    course: course::Chart<'r>,
}

/// Returns the charts of `report`, whose register has `sections`.
pub(super) fn charts<'r>(report: &'r Report, sections: &[Section<'r>]) -> Charts<'r> {
    Charts {
        exposure: exposure::chart(report),
        coverage: coverage::chart(report, sections),
        domains: domains::chart(report),
        course: course::chart(report),
    }
}

/// Returns a place or a length for the template: two decimals are finer than any screen, and the same
/// everywhere.
fn percent(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Returns `part` of `whole` in percent; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_the_same_everywhere() {
        assert_eq!(percent(100.0 / 3.0), "33.33");
        assert_eq!(percent(50.0), "50");
        assert_eq!(percent(-0.001), "0");
        assert_eq!(percent(12.5), "12.5");
        assert_eq!(share(1, 0).to_bits(), 0.0_f64.to_bits());
    }
}
