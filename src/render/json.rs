//! JSON: the frozen view as it is, for other programs.
//!
//! Nothing is chosen or cut; escaping is JSON's own.

use std::io;

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
            serde_json::to_writer(&mut out, report)?;
        } else {
            serde_json::to_writer_pretty(&mut out, report)?;
        }
        io::Write::write_all(&mut out, b"\n")?;
        io::Write::flush(&mut out)?;
        Ok(())
    }
}
