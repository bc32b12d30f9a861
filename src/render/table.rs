//! The terminal: verdict, assets, losses and what to do first, in the width there is.
//!
//! Understandable without colour; the full text of every finding is in the other formats.

use std::io;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table as Grid, Width};

use super::escape::line;
use super::{Look, RenderError, Renderer, phrases};
use crate::model::Verdict;
use crate::model::time::human;
use crate::report::{Finding, Report, rank};

/// How many assets are shown one by one; above it, those that are open come first.
const MAX_ROWS: usize = 200;
/// How many findings are shown.
const MAX_FINDINGS: usize = 10;
/// The narrowest width that a table is laid out for.
const MIN_WIDTH: u16 = 60;

/// The renderer.
pub(super) struct Table;

impl Renderer for Table {
    fn render(&self, report: &Report, look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let look = Look { width: look.width.max(MIN_WIDTH), ..look };
        let counts = &report.summary.assets;
        writeln!(out, "{}", line(&report.policy.title))?;
        writeln!(
            out,
            "{} as of {}: {}",
            phrases::verdict(report.verdict),
            human(report.as_of),
            line(&phrases::verdict_line(report))
        )?;
        writeln!(
            out,
            "{} assets: {} met, {} gap, {} unknown, {} accepted, {} new\n",
            counts.total, counts.met, counts.gap, counts.unknown, counts.accepted, counts.new
        )?;
        assets(report, look, out)?;
        losses(report, look, out)?;
        unseen(report, look, out)?;
        first(report, look, out)?;
        Ok(())
    }
}

fn grid(look: Look, header: &[&str]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(look.width)
        .set_header(header.iter().map(|title| Cell::new(title)));
    if look.styled {
        grid.enforce_styling();
    } else {
        grid.force_no_tty();
    }
    grid
}

fn verdict_cell(verdict: Verdict) -> Cell {
    let cell = Cell::new(phrases::verdict(verdict));
    match verdict {
        Verdict::Gap => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Verdict::Unknown => cell.fg(Color::Yellow).add_attribute(Attribute::Bold),
        Verdict::Accepted | Verdict::New => cell.fg(Color::Cyan),
        Verdict::Met => cell.fg(Color::Green),
        Verdict::NotApplicable => cell,
    }
}

fn assets(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = phrases::by_asset(report);
    let mut rows: Vec<usize> = (0..report.assets.len()).collect();
    if rows.len() > MAX_ROWS {
        rows.sort_by_key(|row| std::cmp::Reverse(report.assets[*row].verdict));
        rows.truncate(MAX_ROWS);
    }
    let mut grid = grid(look, &["Verdict", "Asset", "Exposure", "RPO", "Evidence", "Open"]);
    for row in &rows {
        let asset = &report.assets[*row];
        grid.add_row(vec![
            verdict_cell(asset.verdict),
            Cell::new(line(&asset.id)),
            Cell::new(phrases::exposure(asset)),
            Cell::new(phrases::length(asset.rpo.target_seconds, "unknown")),
            Cell::new(phrases::best_evidence(asset)),
            Cell::new(open(&findings[*row], report)),
        ]);
    }
    let fixed = |width| ColumnConstraint::UpperBoundary(Width::Fixed(width));
    grid.set_constraints([
        fixed(9),
        fixed(32),
        fixed(11),
        fixed(9),
        fixed(13),
        ColumnConstraint::LowerBoundary(Width::Fixed(18)),
    ]);
    writeln!(out, "{}", grid.trim_fmt())?;
    if report.assets.len() > rows.len() {
        writeln!(out, "and {} more assets; see the other formats for all of them", report.assets.len() - rows.len())?;
    }
    writeln!(out)
}

/// Returns what is open about an asset: its gaps, else its unknowns, else what is accepted.
fn open(findings: &[&Finding], report: &Report) -> String {
    let gaps = phrases::controls(findings, Verdict::Gap);
    let unknown = phrases::controls(findings, Verdict::Unknown);
    let mut parts = Vec::new();
    if !gaps.is_empty() {
        parts.push(format!("gap: {}", gaps.join(", ")));
    }
    if !unknown.is_empty() {
        let text = if gaps.is_empty() { unknown.join(", ") } else { format!("{} more", unknown.len()) };
        parts.push(format!("unknown: {text}"));
    }
    for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Accepted) {
        let waiver = finding.waiver.and_then(|waiver| report.waivers.get(waiver));
        let until = waiver.map_or("", |waiver| waiver.expires.as_str());
        parts.push(format!("accepted until {until}: {}", finding.control));
    }
    parts.join("; ")
}

fn losses(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let taking: Vec<_> =
        report.losses.iter().filter(|loss| !loss.lost.is_empty() || !loss.unknown.is_empty()).collect();
    if taking.is_empty() {
        return Ok(());
    }
    let mut grid = grid(look, &["If we lost", "gone", "nobody can tell", "left"]);
    for loss in taking {
        let most = if look.width < 100 { 4 } else { 8 };
        grid.add_row(vec![
            Cell::new(line(&loss.domain)),
            Cell::new(line(&phrases::names(loss.lost.iter().map(AsRef::as_ref), most))),
            Cell::new(line(&phrases::names(loss.unknown.iter().map(AsRef::as_ref), most))),
            Cell::new(loss.survive.len().to_string()),
        ]);
    }
    writeln!(out, "{}\n", grid.trim_fmt())
}

fn unseen(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    if report.unseen.is_empty() {
        return Ok(());
    }
    let mut grid = grid(look, &["Not seen", "Why", "What"]);
    for entry in report.unseen.iter().take(MAX_ROWS) {
        grid.add_row(vec![
            Cell::new(line(&entry.system)),
            Cell::new(entry.reason.word()),
            Cell::new(line(&entry.what)),
        ]);
    }
    writeln!(out, "{}", grid.trim_fmt())?;
    if report.unseen.len() > MAX_ROWS {
        writeln!(out, "and {} more", report.unseen.len() - MAX_ROWS)?;
    }
    writeln!(out)
}

fn first(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let findings = rank::by_consequence(report);
    if findings.is_empty() {
        return Ok(());
    }
    let mut grid = grid(look, &["First", "Severity", "Finding", "Because"]);
    for finding in findings.iter().take(MAX_FINDINGS) {
        grid.add_row(vec![
            verdict_cell(finding.verdict),
            Cell::new(finding.severity.word()),
            Cell::new(line(&finding.id)),
            Cell::new(line(&finding.because)),
        ]);
    }
    let fixed = |width| ColumnConstraint::UpperBoundary(Width::Fixed(width));
    grid.set_constraints([
        fixed(9),
        fixed(10),
        fixed(look.width / 3),
        ColumnConstraint::LowerBoundary(Width::Fixed(24)),
    ]);
    writeln!(out, "{}", grid.trim_fmt())?;
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    if more > 0 {
        writeln!(out, "and {more} more open findings")?;
    }
    writeln!(out, "\n`lastgood explain CONTROL` says why a question is asked and what to do about it.")
}
