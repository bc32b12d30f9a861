//! The terminal: verdict, assets, losses and what to do first, in the width there is.
//!
//! Understandable without colour; the full text of every finding is in the other formats.

use std::io;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table as Grid, Width};

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
/// What a column needs besides its text.
const PADDING: u16 = 2;
/// What stands between two columns, and at either end.
const BETWEEN: u16 = 1;
/// The narrowest last column, where the others can give way.
const MIN_REST: u16 = 20;
/// The narrowest column of text; those with a word or a number are narrower already.
const MIN_TEXT: u16 = 12;
/// Below this width there is no room for numbers.
const NARROW: u16 = 76;
/// From this width on, the evidence has a column of its own.
const ROOMY: u16 = 96;
/// From this width on, the table has room for everything.
const WIDE: u16 = 120;

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
            "{} {}: {} met, {} gap, {} unknown, {} accepted, {} new\n",
            counts.total,
            if counts.total == 1 { "asset" } else { "assets" },
            counts.met,
            counts.gap,
            counts.unknown,
            counts.accepted,
            counts.new
        )?;
        assets(report, look, out)?;
        losses(report, look, out)?;
        unseen(report, look, out)?;
        first(report, look, out)?;
        Ok(())
    }
}

/// Returns an empty table whose last column takes the width that the others leave.
fn grid(look: Look, header: &[&str], widths: &[u16]) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(NOTHING.header_separator(LineStyle::new('─', '─', '─', '─')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(look.width)
        .set_header(header.iter().map(Cell::new));
    if look.styled {
        grid.enforce_styling();
    } else {
        grid.force_no_tty();
    }
    let widths = fit(look.width, widths);
    grid.set_constraints(widths.iter().map(|width| ColumnConstraint::Absolute(Width::Fixed(width + PADDING))));
    grid
}

/// Returns the widths of all columns, the last included, so that they fit: where the last would be
/// too narrow, the widest of the others gives way.
fn fit(width: u16, wanted: &[u16]) -> Vec<u16> {
    let mut widths = wanted.to_vec();
    let rest = |widths: &[u16]| {
        let others: u16 = widths.iter().map(|width| width + PADDING + BETWEEN).sum();
        width.saturating_sub(others + PADDING + 2 * BETWEEN)
    };
    while rest(&widths) < MIN_REST
        && let Some(widest) = widths.iter_mut().max()
        && *widest > MIN_TEXT
    {
        *widest -= 1;
    }
    let rest = rest(&widths).max(1);
    widths.push(rest);
    widths
}

/// Returns the width of a column of `texts` under `title`, at most `most`.
fn wide<'t>(title: &str, texts: impl Iterator<Item = &'t str>, most: usize) -> u16 {
    let longest = texts.map(|text| text.chars().count()).chain([title.chars().count()]).max().unwrap_or_default();
    u16::try_from(longest.min(most)).unwrap_or(u16::MAX)
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
    let ids: Vec<String> = rows.iter().map(|row| line(&report.assets[*row].id).into_owned()).collect();
    let id_width = wide("Asset", ids.iter().map(String::as_str), if look.width < WIDE { 26 } else { 48 });
    let (roomy, narrow) = (look.width >= ROOMY, look.width < NARROW);
    let mut grid = if roomy {
        grid(look, &["Verdict", "Asset", "Exposure", "RPO", "Evidence", "Open"], &[8, id_width, 8, 7, 11])
    } else if narrow {
        grid(look, &["Verdict", "Asset", "Open"], &[8, id_width])
    } else {
        grid(look, &["Verdict", "Asset", "Exposure", "RPO", "Open"], &[8, id_width, 8, 7])
    };
    for (row, id) in rows.iter().zip(&ids) {
        let asset = &report.assets[*row];
        let mut cells = vec![verdict_cell(asset.verdict), Cell::new(id)];
        if !narrow {
            cells.push(Cell::new(phrases::exposure(asset)));
            cells.push(Cell::new(phrases::length(asset.rpo.target_seconds, "unknown")));
        }
        if roomy {
            cells.push(Cell::new(phrases::best_evidence(asset)));
        }
        cells.push(Cell::new(open(&findings[*row], report, look)));
        grid.add_row(cells);
    }
    writeln!(out, "{}", grid.trim_fmt())?;
    if report.assets.len() > rows.len() {
        writeln!(out, "and {} more assets; see the other formats for all of them", report.assets.len() - rows.len())?;
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
    let domain_width = wide("If we lost", taking.iter().map(|loss| loss.domain.as_str()), 30);
    let half = look.width.saturating_sub(domain_width + 4 + 4 * PADDING) / 2;
    let mut grid = grid(look, &["If we lost", "Left", "Gone", "Nobody can tell"], &[domain_width, 4, half]);
    for loss in taking {
        grid.add_row(vec![
            Cell::new(line(&loss.domain)),
            Cell::new(loss.survive.len().to_string()),
            Cell::new(line(&phrases::names(loss.lost.iter().map(AsRef::as_ref), most))),
            Cell::new(line(&phrases::names(loss.unknown.iter().map(AsRef::as_ref), most))),
        ]);
    }
    writeln!(out, "{}\n", grid.trim_fmt())
}

fn unseen(report: &Report, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    if report.unseen.is_empty() {
        return Ok(());
    }
    let system_width = wide("Not seen", report.unseen.iter().map(|entry| entry.system.as_str()), 24);
    let mut grid = grid(look, &["Not seen", "Why", "What"], &[system_width, 14]);
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
    let top = || findings.iter().take(MAX_FINDINGS);
    let most = if look.width < WIDE { 30 } else { 52 };
    let ids: Vec<String> = top().map(|finding| line(&finding.id()).into_owned()).collect();
    let id_width = wide("Finding", ids.iter().map(String::as_str), most);
    let mut grid = grid(look, &["First", "Severity", "Finding", "Because"], &[8, 8, id_width]);
    for (finding, id) in top().zip(&ids) {
        grid.add_row(vec![
            verdict_cell(finding.verdict),
            Cell::new(finding.severity.word()),
            Cell::new(id),
            Cell::new(line(&finding.because)),
        ]);
    }
    writeln!(out, "{}", grid.trim_fmt())?;
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    if more > 0 {
        writeln!(out, "and {more} more open findings")?;
    }
    writeln!(out, "\n`lastgood explain CONTROL` says why a question is asked and what to do about it.")
}
