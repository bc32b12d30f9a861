//! The policy: what should be. From a file's bytes to a checked policy, or to every fault at once.
//!
//! Opening files is left to the command line; what was seen, to `evidence`; verdicts, to `judge`.

pub mod changes;
mod check;
pub mod decode;
pub mod document;
pub mod fault;
mod files;
mod node;
mod places;
pub mod values;

use std::ops::Range;

use sha2::{Digest, Sha256};

pub use decode::At;
pub use document::{Asset, Copy, Document, Objective, System};
pub use fault::{Fault, Place, Rejection};
pub use node::MAX_FILE_BYTES;
pub use places::Location;
pub use values::{Day, OrUnknown};

use crate::model::Timespan;
use decode::Decode;
use fault::{Faults, Source};

/// A policy that was read whole and found without fault.
#[derive(Debug, Clone)]
pub struct Policy {
    source: Source,
    sha256: String,
    document: Document,
}

impl Policy {
    /// Reads a policy from the bytes of the file that messages shall call `name`.
    ///
    /// # Errors
    ///
    /// A rejection that holds every fault of the file, each with its place.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Self::too_large(name, bytes.len() as u64));
        }
        let source = Source::new(name, String::from_utf8_lossy(bytes));
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = error.valid_up_to();
            let fault = Fault::new(at..at + 1, format!("not UTF-8: byte 0x{:02x} begins no character", bytes[at]))
                .help("save the file as UTF-8");
            return Err(reject(source, fault));
        }
        let root = match node::parse(&source) {
            Ok(root) => root,
            Err(fault) => return Err(reject(source, *fault)),
        };
        let mut faults = Faults::default();
        let document = Document::decode(&root, &mut faults);
        check::check(&root, &mut faults);
        match document {
            Some(document) if faults.is_empty() => {
                let mut sha256 = String::with_capacity(64);
                for byte in Sha256::digest(bytes) {
                    sha256.push_str(&format!("{byte:02x}"));
                }
                Ok(Self { source, sha256, document })
            }
            _ => Err(Rejection::new(source, faults)),
        }
    }

    /// Returns the rejection of a file of `length` bytes, more than a policy may have.
    pub fn too_large(name: &str, length: u64) -> Rejection {
        let message = format!("the file has {length} bytes; a policy may have at most {MAX_FILE_BYTES} (4 MiB)");
        let fault = Fault::of_file(message).help("use `each:` to let one entry stand for many assets");
        reject(Source::new(name, ""), fault)
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// Returns the file's text.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// Returns the SHA-256 of the file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns the policy as written.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns the line and column at which `span` begins.
    pub fn place(&self, span: &Range<usize>) -> Place {
        self.source.place(span.start)
    }

    /// Returns the system named `id`; `None` only for ids that the policy does not hold.
    pub fn system(&self, id: &str) -> Option<&System> {
        self.document.systems.get(id)
    }

    /// Returns the objective that `asset` must satisfy; a checked policy has one for each asset.
    pub fn objective(&self, asset: &Asset) -> Option<&Objective> {
        self.document.objectives.get(&asset.objective)
    }

    /// Returns the length of a report's period: `review_every`, or 92 days.
    pub fn review_every(&self) -> Timespan {
        self.document.review_every.as_ref().map_or(Timespan::days(92), |every| every.value)
    }
}

fn reject(source: Source, fault: Fault) -> Rejection {
    let mut faults = Faults::default();
    faults.push(fault);
    Rejection::new(source, faults)
}
