//! JSON: the frozen view as it is, for other programs.
//!
//! Nothing is chosen or cut. Besides what JSON has to escape, what steers a terminal is escaped, because
//! people look at JSON there; it means the same text.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::escape::steers;
use super::{Look, RenderError, Renderer};
use crate::report::Report;

/// Above so many findings nobody reads the file, and indentation would be most of it.
const READABLE: usize = 20_000;

/// The renderer.
pub(super) struct Json;

impl Renderer for Json {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let mut out = io::BufWriter::with_capacity(1 << 16, out);
        if report.findings.len() > READABLE {
            report.serialize(&mut Serializer::with_formatter(&mut out, Calm(CompactFormatter)))?;
            io::Write::write_all(&mut out, b"\n")?;
        } else {
            write_readable(report, &mut out)?;
        }
        io::Write::flush(&mut out)?;
        Ok(())
    }
}

/// Writes a value as JSON that people can read, and a line end.
///
/// # Errors
///
/// Where the value is no JSON or `out` cannot be written.
pub fn write_readable(value: &impl Serialize, mut out: impl io::Write) -> Result<(), serde_json::Error> {
    value.serialize(&mut Serializer::with_formatter(&mut out, Calm(PrettyFormatter::new())))?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// A layout in which no text steers a terminal: such characters are written as `\u` and their number.
struct Calm<F>(F);

impl<F: Formatter> Formatter for Calm<F> {
    /// Is given text without anything that JSON itself escapes.
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        // One more than DEL, or than any byte beyond ASCII, has the highest bit. Nearly all text is
        // plain, and there is much of it: this loop has no branch, so that it runs many bytes at once.
        if fragment.bytes().fold(0, |seen, byte| seen | byte.wrapping_add(1)) < 0x80 {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| steers(*character)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + character.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_steers_is_escaped_and_means_the_same() {
        let nasty = "a\u{9b}31m\u{202e}b\u{2066}\u{61c}\u{200e}\u{2028}\u{7f}\u{e0041}é😀\n";
        let value = json!({ nasty: [nasty, 1, null, {}], "plain": "text" });
        let mut out = Vec::new();
        write_readable(&value, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(r"a\u009b31m\u202eb\u2066\u061c\u200e\u2028\u007f\udb40\udc41é😀\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn plain_values_look_as_serde_writes_them() {
        let value = json!({ "a": [1, "zwei", { "b": [] }], "ü": {} });
        let mut out = Vec::new();
        write_readable(&value, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string_pretty(&value).unwrap() + "\n");
    }
}
