//! Renderers: a report, in; bytes of one format, out. One file a format.
//!
//! Sees the frozen view alone; where the bytes go is left to the command line.

mod chart;
mod csv;
pub mod escape;
mod html;
pub mod json;
mod markdown;
mod matrix;
mod notes;
mod notes_html;
mod page;
mod phrases;
mod register;
pub mod register_csv;
mod sheet;
mod table;
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
