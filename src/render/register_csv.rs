//! The register as CSV: every asset as a row, beside a page that has no room for all.
//!
//! One row an asset; every finding as a row is `csv`.

use std::io;

use super::{RenderError, escape, phrases};
use crate::model::Verdict;
use crate::model::time::rfc3339;
use crate::report::{Asset, Report};

const HEADER: [&str; 25] = [
    "asset",
    "declared_as",
    "title",
    "section",
    "system",
    "owner",
    "verdict",
    "severity",
    "rpo_seconds",
    "newest_copy",
    "age_seconds",
    "exposure_seconds",
    "basis",
    "attainment",
    "covered",
    "retention_seconds",
    "rto_seconds",
    "restore_tested_on",
    "restore_result",
    "restore_took_seconds",
    "copies",
    "gaps",
    "unknowns",
    "accepted",
    "new",
];

/// Writes the register of `report` to `out`. A cell is empty where nothing is known. An age or exposure is
/// `never` where there has been no copy, `newest_copy` is when the newest usable one was captured, and of
/// `copies`, `unknown` says that nobody knows whether there is one.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let findings = phrases::by_asset(report);
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let since = |asset: &Asset, seconds: Option<i64>| match seconds {
        None if phrases::is_without_any_point(asset) => "never".to_owned(),
        seconds => number(seconds),
    };
    let share = |share: Option<f64>| share.map(|share| format!("{share:.6}")).unwrap_or_default();
    for (asset, findings) in report.assets.iter().zip(&findings) {
        let copies = asset.copies.as_ref().map_or_else(
            || "unknown".to_owned(),
            |copies| {
                let told = copies.iter().map(|copy| format!("{} ({}, {})", copy.id, copy.grade, copy.standing));
                told.collect::<Vec<_>>().join("; ")
            },
        );
        let test = asset.restore.newest_test.as_ref();
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
            &newest(asset),
            &since(asset, asset.rpo.age_seconds),
            &since(asset, asset.rpo.exposure_seconds),
            asset.rpo.basis,
            &share(asset.rpo.attainment),
            &share(asset.rpo.covered),
            &number(asset.retention_seconds),
            &number(asset.restore.rto_seconds),
            test.map_or("", |test| &test.on),
            test.map_or("", |test| test.result),
            &number(test.and_then(|test| test.took_seconds)),
            &*escape::csv(&copies),
            &phrases::controls(findings, Verdict::Gap).join(" "),
            &phrases::controls(findings, Verdict::Unknown).join(" "),
            &phrases::controls(findings, Verdict::Accepted).join(" "),
            &phrases::controls(findings, Verdict::New).join(" "),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

/// Returns when the newest usable copy was captured; empty where none is known.
fn newest(asset: &Asset) -> String {
    let usable = asset.copies.iter().flatten().filter(|copy| copy.usable);
    usable.filter_map(|copy| copy.captured_at).max().map(rfc3339).unwrap_or_default()
}
