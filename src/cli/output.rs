//! Writing what a command made: data to standard output, all else to standard error.
//!
//! What is written is left to the renderers; files, to `files`.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};

use super::{Failure, exit};
use crate::render::{Format, Look, Templates};
use crate::report::Report;

/// The width of output that goes to no terminal, in columns.
const WIDTH_WITHOUT_TERMINAL: u16 = 100;

/// Returns whether messages on standard error may have colour (`NO_COLOR`, terminals).
pub(super) fn stderr_is_styled() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// Returns the look of standard output: its width, and whether it may have colour.
pub(super) fn look() -> Look {
    let columns = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let styled = io::stdout().is_terminal() && AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    Look { width: columns.or_else(told_columns).unwrap_or(WIDTH_WITHOUT_TERMINAL), styled }
}

/// Returns the width that `COLUMNS` names, which scripts use for output that goes to a pipe.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn told_columns() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// Writes `report` to standard output.
pub(super) fn print_report(report: &Report, format: Format, templates: &Templates) -> Result<(), Failure> {
    print(|out| render(report, format, look(), templates, out))
}

/// Writes `report` to `out`.
pub(super) fn render(
    report: &Report,
    format: Format,
    look: Look,
    templates: &Templates,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    format.write(report, look, templates, out).map_err(|error| Failure::tool("report", &error))
}

/// Writes to standard output; a reader that went away is no failure.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut out = Quiet { inner: io::BufWriter::with_capacity(1 << 16, io::stdout().lock()) };
    write(&mut out)?;
    out.flush().map_err(|error| Failure::tool("standard output", &error))
}

/// Standard output that takes a closed pipe for the reader's choice.
struct Quiet<W: Write> {
    inner: W,
}

impl<W: Write> Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.inner.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self.inner.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// Writes a file that must not exist yet, so that nobody's work is lost.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage {
            message: format!("{} exists already, and is left as it is", path.display()),
            hint: Some("name another file with -o".to_owned()),
        },
        _ => Failure::Tool(format!("cannot write {}: {error}", path.display())),
    };
    let mut file = std::fs::File::options().write(true).create_new(true).open(path).map_err(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)?;
    note(&format!("wrote {}", path.display()));
    Ok(())
}

/// Writes `text` to standard error; where even that fails, nobody is left to tell.
pub(super) fn note(text: &str) {
    let mut stderr = anstream::stderr().lock();
    drop(writeln!(stderr, "{text}"));
}

/// Says why a command failed, and returns its exit code.
pub(super) fn complain(failure: &Failure) -> u8 {
    match failure {
        Failure::Policy(text) => {
            note(text.trim_end());
            exit::POLICY
        }
        Failure::Usage { message, hint } => {
            note(&format!("error: {message}"));
            if let Some(hint) = hint {
                note(&format!("\nhint: {hint}"));
            }
            exit::USAGE
        }
        Failure::Tool(message) => {
            note(&format!("error: {message}"));
            exit::FAILED
        }
    }
}
