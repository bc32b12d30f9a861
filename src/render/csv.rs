//! CSV: every finding as a row, for spreadsheets.
//!
//! Only findings; the register and the losses are in JSON.

use std::io;

use super::escape;
use super::{Look, RenderError, Renderer};
use crate::model::time::rfc3339;
use crate::report::Report;

/// The renderer.
pub(super) struct Csv;

const HEADER: [&str; 13] = [
    "id",
    "control",
    "asset",
    "copy",
    "system",
    "verdict",
    "severity",
    "because",
    "remedy",
    "policy_line",
    "waiver_expires",
    "since",
    "evidence",
];

impl Renderer for Csv {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER)?;
        for finding in &report.findings {
            let waiver = finding.waiver.and_then(|waiver| report.waivers.get(waiver as usize));
            let evidence: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
            writer.write_record([
                &*escape::csv(&finding.id()),
                finding.control.word(),
                &*escape::csv(finding.asset().unwrap_or_default()),
                &*escape::csv(finding.copy().unwrap_or_default()),
                &*escape::csv(finding.system().unwrap_or_default()),
                finding.verdict.word(),
                finding.severity.word(),
                &*escape::csv(&finding.because),
                &*escape::csv(finding.remedy()),
                &finding.policy.line.to_string(),
                waiver.map_or("", |waiver| &waiver.expires),
                &finding.since.map(rfc3339).unwrap_or_default(),
                &evidence.join(" "),
            ])?;
        }
        writer.flush()?;
        Ok(())
    }
}
