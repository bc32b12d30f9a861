//! HTML: the report as one page that needs nothing else, in the order of the design's section 8.
//!
//! Fills `report.html` of the templates, with its style sheet and its script inside; every value is escaped
//! there. What is shown is left to `page`, where marks of charts lie to `chart`.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tera::{Context, Kwargs, State, Tera, Value};

use super::page::{self, Page, Shape};
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

/// What the page's template sees.
#[derive(Serialize, JsonSchema)]
pub(super) struct Seen<'r> {
    #[serde(flatten)]
    page: Page<'r>,
    charts: chart::Charts<'r>,
    style: &'r str,
    style_sha256: String,
    script: &'r str,
    script_sha256: String,
}

/// Returns the engine that fills the page's template.
pub(super) fn engine() -> Tera {
    let mut tera = Tera::default();
    tera.autoescape_on([".html"]);
    tera.set_escape_fn(escape::html);
    tera.register_filter("quoted", quoted);
    tera
}

/// Writes the report by `templates`.
pub(super) fn write(report: &Report, templates: &Templates, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let page = page::page(report, &SHAPE);
    let (style, script) = (templates.text(templates::STYLE), templates.text(templates::SCRIPT));
    let seen = Seen {
        charts: chart::charts(report, page.sections()),
        page,
        // Only what has these digests runs: nothing that text smuggles in does.
        style_sha256: digest(style),
        script_sha256: digest(script),
        style,
        script,
    };
    let context = Context::from_serialize(&seen)?;
    templates.fill(templates::HTML, &context, out)
}

/// Returns text with what stands between backticks as code, which is how messages quote names. Everything
/// is escaped, so that the filter's result may stand in an element as it is, and not in an attribute.
fn quoted(text: &str, _: Kwargs, _: &State<'_>) -> Value {
    let line = escape::line(text);
    let mut out = Vec::with_capacity(line.len() + 16);
    let mut parts = line.split('`').peekable();
    let mut is_code = false;
    while let Some(part) = parts.next() {
        // The last backtick of an odd number quotes nothing.
        let is_alone = is_code && parts.peek().is_none();
        let (before, after) = match (is_code, is_alone) {
            (true, false) => ("<code>", "</code>"),
            (true, true) => ("`", ""),
            (false, _) => ("", ""),
        };
        out.extend_from_slice(before.as_bytes());
        // Writing to memory cannot fail.
        drop(tera::escape_html(part, &mut out));
        out.extend_from_slice(after.as_bytes());
        is_code = !is_code;
    }
    Value::safe_string(&String::from_utf8_lossy(&out))
}

/// Returns the digest of an element's text as a content security policy wants it (CSP 3, section 6.7.3.3).
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
