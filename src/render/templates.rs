//! The templates of the formats that people read: those that come with the program, or a reader's own in
//! their place.
//!
//! Keeps, replaces and fills them; reading files is left to the command line, what they see to `page`.

use std::borrow::Cow;
use std::io;

use tera::{Context, ErrorKind, Tera};

use super::template_names::Names;
use super::{RenderError, html, markdown, page};

/// The name of the Markdown report's template.
pub(super) const MARKDOWN: &str = "report.md";
/// The name of the HTML report's template.
pub(super) const HTML: &str = "report.html";
/// The name of the HTML report's style sheet.
pub(super) const STYLE: &str = "report.css";
/// The name of the HTML report's script.
pub(super) const SCRIPT: &str = "report.js";

/// The name of each template, and the one that comes with the program.
const EMBEDDED: [(&str, &str); 4] = [
    (MARKDOWN, include_str!("../../templates/report.md")),
    (HTML, include_str!("../../templates/report.html")),
    (STYLE, include_str!("../../templates/report.css")),
    (SCRIPT, include_str!("../../templates/report.js")),
];

/// The templates to fill.
#[derive(Debug, Clone)]
pub struct Templates {
    texts: [Cow<'static, str>; EMBEDDED.len()],
}

impl Default for Templates {
    fn default() -> Self {
        Self { texts: EMBEDDED.map(|(_, text)| Cow::Borrowed(text)) }
    }
}

/// A template that cannot be used: its place and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateFault(String);

impl Templates {
    /// Returns the names that a template may have.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// Puts `text` in the place of the template called `name`; nothing happens where there is none. Line ends
    /// become line feeds, and a byte order mark goes.
    ///
    /// # Errors
    ///
    /// Where the text is no template, asks for what there is not, or would end the element of the page that it stands in. The message
    /// names the template, its line and its column.
    pub fn replace(&mut self, name: &str, text: String) -> Result<(), TemplateFault> {
        let Some(position) = EMBEDDED.iter().position(|(known, _)| *known == name) else { return Ok(()) };
        let text = as_browsers_read(text);
        match name {
            STYLE => stays_inside(name, &text, &["</style"])?,
            SCRIPT => stays_inside(name, &text, &["</script", "<!--"])?,
            _ => {
                let mut tera = engine(name);
                let fault = |error: tera::Error| TemplateFault(told(&error));
                tera.add_raw_template(name, &text).map_err(fault)?;
                let used = tera.get_template_variables(name).map_err(fault)?;
                if let Some(unknown) = names(name).first_unknown(&text, used.into_iter().map(ToOwned::to_owned)) {
                    return Err(TemplateFault(format!("{name}:{unknown}")));
                }
            }
        }
        self.texts[position] = Cow::Owned(text);
        Ok(())
    }

    /// Returns whether all are those that come with the program.
    pub fn are_embedded(&self) -> bool {
        self.texts.iter().all(|text| matches!(text, Cow::Borrowed(_)))
    }

    /// Returns the text of a template.
    pub(super) fn text(&self, name: &str) -> &str {
        EMBEDDED.iter().position(|(known, _)| *known == name).map_or("", |position| &*self.texts[position])
    }

    /// Fills the template called `name` and writes it, whole or not at all.
    pub(super) fn fill(&self, name: &str, context: &Context, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let fault = |error: tera::Error| RenderError::Template(TemplateFault(told(&error)));
        let mut tera = engine(name);
        tera.add_raw_template(name, self.text(name)).map_err(fault)?;
        let filled = tera.render(name, context).map_err(fault)?;
        out.write_all(filled.as_bytes())?;
        Ok(())
    }
}

/// Returns text without a byte order mark and with line feeds alone. A browser reads line ends so before it
/// takes the digest that the policy of the page is about (HTML, section 13.2.3.5).
fn as_browsers_read(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        None if !text.contains('\r') => text,
        rest => rest.unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n"),
    }
}

/// Returns what is wrong, with the template's name, the line and the column in front, and the line itself.
fn told(error: &tera::Error) -> String {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            // The library counts columns from 0.
            let place = format!("{}:{}:{}", report.filename(), report.span().start_line, report.span().start_col + 1);
            let shown = error.to_string();
            let excerpt: Vec<&str> = shown.lines().skip(2).collect();
            format!("{place}: {}\n{}", report.message(), excerpt.join("\n"))
        }
        _ => error.to_string(),
    }
}

/// Returns the engine that fills the template called `name`.
fn engine(name: &str) -> Tera {
    if name == MARKDOWN { markdown::engine() } else { html::engine() }
}

/// Returns the names that the template called `name` may ask for.
fn names(name: &str) -> Names {
    if name == MARKDOWN { Names::of::<page::Page<'_>>() } else { Names::of::<html::Seen<'_>>() }
}

/// Refuses a text that would end the element it stands in.
fn stays_inside(name: &str, text: &str, ends: &[&str]) -> Result<(), TemplateFault> {
    let lower = text.to_ascii_lowercase();
    let Some((end, at)) = ends.iter().find_map(|end| lower.find(end).map(|at| (end, at))) else { return Ok(()) };
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    Err(TemplateFault(format!("{name}:{line}:{column}: `{end}` would end the element that the file stands in")))
}
