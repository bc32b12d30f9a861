//! The terminal: verdict, assets, losses and what to do first, in the width there is.
//!
//! Understandable without colour; the full text of every finding is in the other formats. How a sheet is
//! laid out is left to `sheet`.

use std::io;

use super::escape::line;
use super::sheet::{self, Field, Sheet};
use super::{Look, RenderError, Renderer, phrases};
use crate::model::Verdict;
use crate::model::time::human;
use crate::report::{Finding, Report, rank};

/// How many assets are shown one by one; above it, those that are open come first.
const MAX_ROWS: usize = 200;
/// How many findings are shown.
const MAX_FINDINGS: usize = 10;
/// The narrowest width that anything is laid out for.
const MIN_WIDTH: u16 = 10;
/// From this width on, the evidence has a column of its own.
const ROOMY: u16 = 96;
/// From this width on, the table has room for everything.
const WIDE: u16 = 120;

/// The renderer.
pub(super) struct Table;

impl Renderer for Table {
    fn render(&self, report: &Report, look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let look = Look { width: look.width.max(MIN_WIDTH), ..look };
        say(&line(&report.policy.title), look, out)?;
        let verdict = phrases::verdict(report.verdict);
        let verdict_line = format!("{verdict} as of {}: {}", human(report.as_of), phrases::verdict_line(report));
        say(&line(&verdict_line), look, out)?;
        say(&report.summary.assets.to_string(), look, out)?;
        if let Some(only) = phrases::only(report) {
            say(&line(&only), look, out)?;
        }
        writeln!(out)?;
        assets(report, look, out)?;
        losses(report, look, out)?;
        unseen(report, look, out)?;
        first(report, look, out)?;
        Ok(())
    }
}

/// Writes a sentence in the width there is.
fn say(text: &str, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{}", sheet::wrapped(text, look.width))
}

fn assets(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = phrases::by_asset(report);
    let mut rows: Vec<usize> = (0..report.assets.len()).collect();
    if rows.len() > MAX_ROWS {
        rows.sort_by_key(|row| std::cmp::Reverse(report.assets[*row].verdict));
        rows.truncate(MAX_ROWS);
    }
    let evidence = look.width >= ROOMY || sheet::is_stacked(look);
    let mut sheet = Sheet::default();
    sheet.column("Verdict", 8).column("Asset", if look.width < WIDE { 26 } else { 48 });
    sheet.column("Exposure", 8).column("RPO", 7);
    if evidence {
        sheet.column("Evidence", 11);
    }
    sheet.rest("Open");
    for row in &rows {
        let asset = &report.assets[*row];
        let mut fields = vec![
            Field::Verdict(asset.verdict),
            Field::text(&line(&asset.id)),
            Field::text(&phrases::exposure(asset)),
            Field::text(&phrases::length(asset.rpo.target_seconds, "unknown")),
        ];
        if evidence {
            fields.push(Field::text(&phrases::best_evidence(asset)));
        }
        fields.push(Field::text(&open(&findings[*row], report, look)));
        sheet.row(fields);
    }
    sheet.write(look, out)?;
    if report.assets.len() > rows.len() {
        let more = report.assets.len() - rows.len();
        say(&format!("and {more} more assets; see the other formats for all of them"), look, out)?;
    }
    writeln!(out)
}

/// Returns what is open about an asset: its gaps, else its unknowns, then what is accepted. A narrow
/// table names the first few.
fn open(findings: &[&Finding], report: &Report, look: Look) -> String {
    let most = if look.width < WIDE { 2 } else { 20 };
    let gaps = phrases::controls(findings, Verdict::Gap);
    let unknown = phrases::controls(findings, Verdict::Unknown);
    let mut parts = Vec::new();
    if !gaps.is_empty() {
        parts.push(format!("gap: {}", phrases::names(gaps.iter().copied(), most)));
    }
    if !unknown.is_empty() {
        let shown = if gaps.is_empty() { most } else { most.saturating_sub(2) };
        let text = if shown == 0 { unknown.len().to_string() } else { phrases::names(unknown.iter().copied(), shown) };
        parts.push(format!("unknown: {text}"));
    }
    for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Accepted) {
        let waiver = finding.waiver.and_then(|waiver| report.waivers.get(waiver as usize));
        let until = waiver.map_or("", |waiver| waiver.expires.as_str());
        parts.push(format!("{} accepted until {until}", finding.control));
    }
    let new = phrases::controls(findings, Verdict::New);
    if !new.is_empty() {
        parts.push(format!("new: {}", phrases::names(new.iter().copied(), most)));
    }
    parts.join("; ")
}

fn losses(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let taking: Vec<_> =
        report.losses.iter().filter(|loss| !loss.lost.is_empty() || !loss.unknown.is_empty()).collect();
    if taking.is_empty() {
        return Ok(());
    }
    let most = if look.width < WIDE { 4 } else { 8 };
    let mut sheet = Sheet::default();
    sheet.column("If we lost", 30).column("Left", 4).half("Gone").rest("Nobody can tell");
    for loss in taking {
        sheet.row(vec![
            Field::text(&line(&loss.domain)),
            Field::text(&loss.survive.len().to_string()),
            Field::text(&line(&phrases::names(loss.lost.iter().map(AsRef::as_ref), most))),
            Field::text(&line(&phrases::names(loss.unknown.iter().map(AsRef::as_ref), most))),
        ]);
    }
    sheet.write(look, out)?;
    writeln!(out)
}

fn unseen(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    if report.unseen.is_empty() {
        return Ok(());
    }
    let mut sheet = Sheet::default();
    sheet.column("Not seen", 24).column("Why", 14).rest("What");
    for entry in report.unseen.iter().take(MAX_ROWS) {
        sheet.row(vec![
            Field::text(&line(&entry.system)),
            Field::text(entry.reason.word()),
            Field::text(&line(&entry.what)),
        ]);
    }
    sheet.write(look, out)?;
    if report.unseen.len() > MAX_ROWS {
        say(&format!("and {} more", report.unseen.len() - MAX_ROWS), look, out)?;
    }
    writeln!(out)
}

fn first(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = rank::by_consequence(report);
    if findings.is_empty() {
        return Ok(());
    }
    let mut sheet = Sheet::default();
    sheet.column("First", 8).column("Severity", 8).column("Finding", if look.width < WIDE { 30 } else { 52 });
    sheet.rest("Because");
    for finding in findings.iter().take(MAX_FINDINGS) {
        sheet.row(vec![
            Field::Verdict(finding.verdict),
            Field::text(finding.severity.word()),
            Field::text(&line(&finding.id())),
            Field::text(&line(&finding.because)),
        ]);
    }
    sheet.write(look, out)?;
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    if more > 0 {
        say(&format!("and {more} more open findings"), look, out)?;
    }
    writeln!(out)?;
    say("`lastgood explain CONTROL` says why a question is asked and what to do about it.", look, out)
}
