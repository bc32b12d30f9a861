//! Renderers: a report, in; bytes of one format, out. One file a format.
//!
//! Sees the frozen view alone; where the bytes go is left to the command line.

mod chart;
pub mod comment;
mod csv;
pub mod escape;
mod html;
pub mod json;
mod junit;
mod markdown;
mod matrix;
mod notes;
mod notes_html;
mod openmetrics;
mod page;
mod phrases;
mod register;
pub mod register_csv;
mod sarif;
mod sheet;
mod sort;
mod table;
mod template_names;
mod templates;

use std::io;

use crate::report::Report;

pub use templates::{TemplateFault, Templates};

/// A format that a report can be rendered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for the terminal.
    Table,
    /// GitHub-flavoured Markdown, in the order of the design's section 8.
    Markdown,
    /// A self-contained page, in the same order; `--out` writes the register as CSV beside it.
    Html,
    /// The frozen view, `lastgood/report/1`.
    Json,
    /// Every finding as a row.
    Csv,
    /// SARIF 2.1.0: what is open or accepted, at its line of the policy.
    Sarif,
    /// JUnit XML: every finding as a test case.
    Junit,
    /// OpenMetrics text, for the node exporter's textfile collector too.
    Openmetrics,
    /// The comment under a pull request, as `lastgood comment` writes it.
    Comment,
}

/// What a renderer may know of the place its output goes to.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The width in columns.
    pub width: u16,
    /// Whether colours are wanted.
    pub styled: bool,
}

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The output could not be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
    /// The report could not be written as JSON.
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The report could not be written as CSV.
    #[error("cannot write the report as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    /// The report could not be written as JUnit XML.
    #[error("cannot write the report as JUnit XML: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    /// A template has a fault.
    #[error("the template has a fault: {0}")]
    Template(TemplateFault),
    /// What a template shall show cannot be handed to it.
    #[error("the templates cannot be filled: {0}")]
    Filling(#[from] tera::Error),
}

/// Writes a report in one format. The output ends in one newline.
pub trait Renderer: Sync {
    /// Writes `report` to `out`.
    ///
    /// # Errors
    ///
    /// Where `out` cannot be written or a template has a fault.
    fn render(&self, report: &Report, look: Look, out: &mut dyn io::Write) -> Result<(), RenderError>;

    /// Returns what the output leaves out of `report` because its readers take no more; `None` for nothing.
    fn caution(&self, _report: &Report) -> Option<String> {
        None
    }
}

impl Format {
    /// Returns the renderer of the format.
    pub const fn renderer(self) -> &'static dyn Renderer {
        match self {
            Self::Table => &table::Table,
            Self::Markdown => &markdown::Markdown,
            Self::Html => &html::Html,
            Self::Json => &json::Json,
            Self::Csv => &csv::Csv,
            Self::Sarif => &sarif::Sarif,
            Self::Junit => &junit::Junit,
            Self::Openmetrics => &openmetrics::OpenMetrics,
            Self::Comment => &comment::Comment,
        }
    }

    /// Writes `report` to `out`, by `templates` where the format has any.
    ///
    /// # Errors
    ///
    /// Where `out` cannot be written or a template has a fault; then nothing is written.
    pub fn write(
        self,
        report: &Report,
        look: Look,
        templates: &Templates,
        out: &mut dyn io::Write,
    ) -> Result<(), RenderError> {
        match self {
            Self::Markdown => markdown::write(report, templates, out),
            Self::Html => html::write(report, templates, out),
            other => other.renderer().render(report, look, out),
        }
    }
}
