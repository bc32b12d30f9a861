//! The register as CSV: every asset as a row, beside a page that has no room for all.
//!
//! One row an asset; every finding as a row is `csv`.

use std::io;

use super::{RenderError, escape, phrases};
use crate::model::Verdict;
use crate::report::Report;

const HEADER: [&str; 17] = [
    "asset",
    "declared_as",
    "title",
    "section",
    "system",
    "owner",
    "verdict",
    "severity",
    "rpo_seconds",
    "age_seconds",
    "exposure_seconds",
    "basis",
    "attainment",
    "covered",
    "copies",
    "gaps",
    "unknowns",
];

/// Writes the register of `report` to `out`. A cell is empty where nothing is known; of `copies`, `unknown`
/// says that nobody knows whether there is one.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let findings = phrases::by_asset(report);
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let share = |share: Option<f64>| share.map(|share| format!("{share:.6}")).unwrap_or_default();
    for (asset, findings) in report.assets.iter().zip(&findings) {
        let copies = asset.copies.as_ref().map_or_else(
            || "unknown".to_owned(),
            |copies| {
                let told = copies.iter().map(|copy| format!("{} ({}, {})", copy.id, copy.grade, copy.standing));
                told.collect::<Vec<_>>().join("; ")
            },
        );
        writer.write_record([
            &*escape::csv(&asset.id),
            &*escape::csv(&asset.declared_as),
            &*escape::csv(asset.title.as_deref().unwrap_or_default()),
            &*escape::csv(asset.section.as_deref().unwrap_or_default()),
            &*escape::csv(&asset.system),
            &*escape::csv(asset.owner.as_deref().unwrap_or_default()),
            asset.verdict.word(),
            asset.severity.word(),
            &number(asset.rpo.target_seconds),
            &number(asset.rpo.age_seconds),
            &number(asset.rpo.exposure_seconds),
            asset.rpo.basis,
            &share(asset.rpo.attainment),
            &share(asset.rpo.covered),
            &*escape::csv(&copies),
            &phrases::controls(findings, Verdict::Gap).join(" "),
            &phrases::controls(findings, Verdict::Unknown).join(" "),
        ])?;
    }
    writer.flush()?;
    Ok(())
}
