//! Faults of a policy file: what is wrong, where, and what to write instead.
//!
//! Collects and prints faults; finding them is left to the rest of `policy`. A literal secret is
//! masked before any line of the file is shown.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use regex::Regex;

/// A policy file as read: its name, its text and where its lines begin.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    lines: Vec<usize>,
}

impl Source {
    /// Returns the source named `name`, as messages shall call it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1))
            .collect();
        Self { name, text, lines }
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the 1-based line and column (in characters) of a byte of the file.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines[line - 1];
        let end = offset.min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |text| text.chars().count()) + 1;
        // A policy has at most 4 MiB.
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { line: number(line), column: number(column) }
    }

    /// Returns the byte offset of a 1-based line and column (in characters).
    pub(super) fn offset(&self, line: u64, column: u64) -> usize {
        let line = usize::try_from(line).unwrap_or(1).clamp(1, self.lines.len());
        let start = self.lines[line - 1];
        let column = usize::try_from(column).unwrap_or(1).max(1);
        let within = self.text[start..].char_indices().nth(column - 1).map(|(at, _)| at);
        start + within.unwrap_or(self.text.len() - start)
    }
}

/// A place in a policy file, both numbers 1-based, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One thing that is wrong with a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// Where, in bytes; `None` for a fault of the file as a whole.
    pub span: Option<Range<usize>>,
    /// What to say beside the caret; empty for nothing.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Another place that matters, with what it is.
    pub related: Option<(Range<usize>, String)>,
}

impl Fault {
    /// Returns a fault at `span`.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span: Some(span), label: String::new(), help: None, related: None }
    }

    /// Returns a fault of the file as a whole.
    pub fn of_file(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, label: String::new(), help: None, related: None }
    }

    /// Sets what stands beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, what: impl Into<String>) -> Self {
        self.related = Some((span, what.into()));
        self
    }
}

/// Every fault of one file, and the places of literal secrets in it, which are never shown.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    list: Vec<Fault>,
    secrets: Vec<Range<usize>>,
}

impl Faults {
    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// Remembers that the bytes of `span` are a secret.
    pub fn hide(&mut self, span: Range<usize>) {
        self.secrets.push(span);
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the faults in the order of the file.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.list.sort_by_key(|fault| fault.span.clone().map_or(0, |span| span.start));
        self.list.dedup();
        self
    }

    /// Returns the faults.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }
}

/// A policy file that was rejected, with every reason.
#[derive(Debug, Clone)]
pub struct Rejection {
    source: Source,
    faults: Faults,
}

impl Rejection {
    /// Returns the rejection of `source` for `faults`.
    pub fn new(source: Source, faults: Faults) -> Self {
        Self { source, faults: faults.sorted() }
    }

    /// Returns the faults in the order of the file.
    pub fn faults(&self) -> &[Fault] {
        self.faults.list()
    }

    /// Returns the place of `fault`; `None` for a fault of the file as a whole.
    pub fn place(&self, fault: &Fault) -> Option<Place> {
        fault.span.as_ref().map(|span| self.source.place(span.start))
    }

    /// Returns every fault with its place, its line, a caret and a hint; `styled` adds colour.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let text = masked(self.source.text(), &self.faults.secrets);
        let mut out = String::new();
        for fault in self.faults() {
            let title = Level::ERROR.primary_title(fault.message.as_str());
            let group = match &fault.span {
                None => title.element(annotate_snippets::Origin::path(self.source.name())),
                Some(span) => {
                    let label = (!fault.label.is_empty()).then_some(fault.label.as_str());
                    let primary = AnnotationKind::Primary.span(caret(&text, span)).label(label);
                    let related = fault
                        .related
                        .as_ref()
                        .map(|(span, what)| AnnotationKind::Context.span(caret(&text, span)).label(what.as_str()));
                    title.element(
                        Snippet::source(text.as_str())
                            .path(self.source.name())
                            .annotation(primary)
                            .annotations(related),
                    )
                }
            };
            let help = fault.help.as_deref().map(|help| Level::HELP.message(help));
            let report = [group.elements(help)];
            out.push_str(&renderer.render(&report));
            out.push_str("\n\n");
        }
        let count = self.faults().len();
        let noun = if count == 1 { "fault" } else { "faults" };
        out.push_str(&format!("{}: {count} {noun}\n", self.source.name()));
        out
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Rejection {}

/// Returns a span that a caret can be drawn under: on one line, at least one character long.
fn caret(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let mut end = span.end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    if end == start {
        end += text[start..line_end].chars().next().map_or(0, char::len_utf8);
    }
    start..end
}

/// Keys whose literal values are masked even where the file could not be parsed.
static SECRET_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:token|password|passwd|secret|api_?key|credential)s?["']?\s*:\s*([^\s{\[#,}][^\n,}]*)"#).ok()
});

/// User names and passwords inside URLs.
static URL_SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://([^/\s@:]+:[^/\s@]+)@").ok());

/// Returns `text` with every secret replaced by asterisks of the same length in bytes.
fn masked(text: &str, secrets: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let by_pattern = [&SECRET_LINE, &URL_SECRET]
        .into_iter()
        .filter_map(|pattern| pattern.as_ref())
        .flat_map(|pattern| pattern.captures_iter(text))
        .filter_map(|captures| captures.get(1).map(|found| found.range()));
    for span in secrets.iter().cloned().chain(by_pattern) {
        if let Some(secret) = bytes.get_mut(span) {
            secret.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
