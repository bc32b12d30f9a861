//! Markdown: the report that a committee reads on GitHub, in the order of the design's section 8.
//!
//! Fills `report.md` of the templates; every value is escaped there, so nothing here is. Of the notes of
//! assets, which are Markdown themselves, `notes` makes what is safe. What is shown is left to `page`.

use std::io;

use tera::{Context, Tera};

use super::page::{self, Shape};
use super::templates::{self, Templates};
use super::{Look, RenderError, Renderer, escape, notes, register};
use crate::report::Report;

/// How much of a report is shown.
const SHAPE: Shape = Shape {
    rows: 200,
    register: register::Shape { full: 500, rows: 50, all: usize::MAX, findings: false, notes: notes::quote },
};

/// The renderer.
pub(super) struct Markdown;

impl Renderer for Markdown {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        write(report, &Templates::default(), out)
    }
}

/// Returns the engine that fills the template.
pub(super) fn engine() -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on([".md"]);
    tera.set_escape_fn(escape::markdown);
    tera
}

/// Writes the report by `templates`.
pub(super) fn write(report: &Report, templates: &Templates, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let context = Context::from_serialize(&page::page(report, &SHAPE))?;
    templates.fill(templates::MARKDOWN, &context, out)
}
