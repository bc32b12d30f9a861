//! A sheet of rows for the terminal: a grid where the columns fit, else the fields of each row one below
//! the other.
//!
//! Layout only; what the rows say is left to the renderer.

use std::io;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table as Grid, Width};
use textwrap::{WordSplitter, core::display_width};

use super::{Look, phrases};
use crate::model::Verdict;

/// Below this width no grid is readable.
const MIN_GRID: u16 = 76;
/// Below this width names are parted at their hyphens.
const MIN_WHOLE: u16 = 60;
/// What a column needs besides its text.
const PADDING: u16 = 2;
/// What stands between two columns, and at either end.
const BETWEEN: u16 = 1;
/// The narrowest last column, where the others can give way.
const MIN_REST: u16 = 19;
/// The narrowest column of text; those with a word or a number are narrower already.
const MIN_TEXT: u16 = 12;
/// How far the fields of a row stand in below its first.
const INDENT: &str = "  ";

/// Returns whether sheets of this look are stacked.
pub(super) const fn is_stacked(look: Look) -> bool {
    look.width < MIN_GRID
}

/// Returns text in lines of at most `width` columns; words that are longer are cut.
pub(super) fn wrapped(text: &str, width: u16) -> String {
    textwrap::fill(text, options(width))
}

fn options<'o>(width: u16) -> textwrap::Options<'o> {
    // In little room a name may be parted at its hyphens; elsewhere it can be copied as it is.
    let splitter = if width < MIN_WHOLE { WordSplitter::Custom(hyphens) } else { WordSplitter::NoHyphenation };
    textwrap::Options::new(usize::from(width)).word_splitter(splitter)
}

/// Returns where a word may be parted: behind hyphens between letters, so that dates stay whole.
fn hyphens(word: &str) -> Vec<usize> {
    let is_letter = |character: Option<char>| character.is_some_and(char::is_alphabetic);
    let between = |at: &usize| is_letter(word[..*at].chars().next_back()) && is_letter(word[at + 1..].chars().next());
    word.match_indices('-').map(|(at, _)| at).filter(between).map(|at| at + 1).collect()
}

/// One field of a row; its text steers nothing.
#[derive(Debug)]
pub(super) enum Field {
    Verdict(Verdict),
    Text(String),
}

impl Field {
    /// Returns a field with this text.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Verdict(verdict) => phrases::verdict(*verdict),
            Self::Text(text) => text,
        }
    }

    fn cell(&self) -> Cell {
        let cell = Cell::new(self.as_str());
        match self {
            Self::Text(_) => cell,
            Self::Verdict(verdict) => match verdict {
                Verdict::Gap => cell.fg(Color::Red).add_attribute(Attribute::Bold),
                Verdict::Unknown => cell.fg(Color::Yellow).add_attribute(Attribute::Bold),
                Verdict::Accepted | Verdict::New => cell.fg(Color::Cyan),
                Verdict::Met => cell.fg(Color::Green),
                Verdict::NotApplicable => cell,
            },
        }
    }
}

/// How wide a column wants to be.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// As wide as its longest text, up to so much.
    Text(usize),
    /// Half of what the columns before it leave.
    Half,
    /// All that is left.
    Rest,
}

/// Rows under their titles.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    columns: Vec<(&'static str, Wanted)>,
    rows: Vec<Vec<Field>>,
}

impl Sheet {
    /// Adds a column as wide as its longest text, up to `most`.
    pub(super) fn column(&mut self, title: &'static str, most: usize) -> &mut Self {
        self.columns.push((title, Wanted::Text(most)));
        self
    }

    /// Adds a column that has half of what the others leave.
    pub(super) fn half(&mut self, title: &'static str) -> &mut Self {
        self.columns.push((title, Wanted::Half));
        self
    }

    /// Adds the last column, which has what the others leave.
    pub(super) fn rest(&mut self, title: &'static str) -> &mut Self {
        self.columns.push((title, Wanted::Rest));
        self
    }

    /// Adds a row, with a field for each column.
    pub(super) fn row(&mut self, fields: Vec<Field>) {
        self.rows.push(fields);
    }

    /// Writes the sheet in the width there is.
    pub(super) fn write(&self, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
        if is_stacked(look) {
            return self.rows.iter().try_for_each(|row| self.write_stacked(row, look, out));
        }
        let mut grid = Grid::new();
        grid.load_style(NOTHING.header_separator(LineStyle::new('─', '─', '─', '─')))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(look.width)
            .set_header(self.columns.iter().map(|(title, _)| Cell::new(title)));
        if look.styled {
            grid.enforce_styling();
        } else {
            grid.force_no_tty();
        }
        let widths = self.widths(look.width);
        grid.set_constraints(widths.iter().map(|width| ColumnConstraint::Absolute(Width::Fixed(width + PADDING))));
        for row in &self.rows {
            grid.add_row(row.iter().map(Field::cell));
        }
        writeln!(out, "{}", grid.trim_fmt())
    }

    /// Returns the widths of all columns, so that they fit.
    fn widths(&self, width: u16) -> Vec<u16> {
        let mut wanted: Vec<u16> = Vec::new();
        for (column, (title, want)) in self.columns.iter().enumerate() {
            match want {
                Wanted::Text(most) => {
                    let texts = self.rows.iter().filter_map(|row| row.get(column)).map(Field::as_str);
                    let longest = texts.chain([*title]).map(display_width).max().unwrap_or_default();
                    wanted.push(u16::try_from(longest.min(*most)).unwrap_or(u16::MAX));
                }
                Wanted::Half => {
                    let before: u16 = wanted.iter().sum();
                    let columns = u16::try_from(self.columns.len()).unwrap_or(u16::MAX);
                    let apart = columns.saturating_mul(PADDING + BETWEEN) + BETWEEN;
                    wanted.push(width.saturating_sub(before + apart) / 2);
                }
                Wanted::Rest => return fit(width, &wanted),
            }
        }
        wanted
    }

    /// Writes a row as a paragraph: what it is about, then each of its other fields under its title.
    fn write_stacked(&self, row: &[Field], look: Look, out: &mut dyn io::Write) -> io::Result<()> {
        let mut fields = row.iter().zip(&self.columns);
        let Some((first, (title, _))) = fields.next() else { return Ok(()) };
        let options = options(look.width);
        let about = match (first, fields.len()) {
            // A verdict is one of what stands beside it.
            (Field::Verdict(_), 1..) => {
                let beside = fields.next().map_or("", |(field, _)| field.as_str());
                format!("{} {beside}", first.as_str())
            }
            _ => format!("{title}: {}", first.as_str()),
        };
        let about = textwrap::fill(&about, options.clone().subsequent_indent(INDENT));
        match (first, about.strip_prefix(first.as_str())) {
            (Field::Verdict(verdict), Some(rest)) if look.styled => {
                let style = style(*verdict);
                writeln!(out, "{style}{}{style:#}{rest}", first.as_str())?;
            }
            _ => writeln!(out, "{about}")?,
        }
        let options = options.initial_indent(INDENT).subsequent_indent("    ");
        for (field, (title, _)) in fields.filter(|(field, _)| !field.as_str().is_empty()) {
            writeln!(out, "{}", textwrap::fill(&format!("{title}: {}", field.as_str()), &options))?;
        }
        Ok(())
    }
}

/// Returns the style that a verdict has in a grid too.
fn style(verdict: Verdict) -> anstyle::Style {
    use anstyle::AnsiColor;
    match verdict {
        Verdict::Gap => AnsiColor::Red.on_default().bold(),
        Verdict::Unknown => AnsiColor::Yellow.on_default().bold(),
        Verdict::Accepted | Verdict::New => AnsiColor::Cyan.on_default(),
        Verdict::Met => AnsiColor::Green.on_default(),
        Verdict::NotApplicable => anstyle::Style::new(),
    }
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
