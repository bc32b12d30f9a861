//! HTML: the report as one page that needs nothing else, in the order of the design's section 8.
//!
//! Fills `report.html` of the templates, with its style sheet and its script inside; every value is escaped
//! there. What is shown is left to `page`, where marks of charts lie to `chart`.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tera::{Context, Tera};

use super::page::{self, Shape};
use super::templates::{self, Templates};
use super::{Look, RenderError, Renderer, chart, escape, notes_html, register};
use crate::report::Report;

/// How much of a report is shown. A browser lays out a few thousand rows at once; of more assets the whole
/// register is beside the page, as CSV.
const SHAPE: Shape = Shape {
    rows: 500,
    register: register::Shape { full: 2_000, rows: 100, all: 2_000, findings: true, notes: notes_html::quote },
};

/// The renderer.
pub(super) struct Html;

impl Renderer for Html {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        write(report, &Templates::default(), out)
    }
}

/// Writes the report by `templates`.
pub(super) fn write(report: &Report, templates: &Templates, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let mut tera = Tera::default();
    tera.autoescape_on([".html"]);
    tera.set_escape_fn(escape::html);
    let page = page::page(report, &SHAPE);
    let (style, script) = (templates.text(templates::STYLE), templates.text(templates::SCRIPT));
    let mut context = Context::from_serialize(&page)?;
    context.insert("charts", &chart::charts(report, page.sections()));
    // Only what has these digests runs: nothing that text smuggles in does.
    context.insert("style_sha256", &digest(style));
    context.insert("script_sha256", &digest(script));
    context.insert("style", style);
    context.insert("script", script);
    templates.fill(&mut tera, templates::HTML, &context, out)
}

/// Returns the digest of an element's text as a content security policy wants it (CSP 3, section 6.7.3.3).
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
