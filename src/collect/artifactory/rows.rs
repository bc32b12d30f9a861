//! Rows: one file as an AQL answer tells it.
//!
//! Whole answers are left to `aql`, comparing to `compare`.

use chrono::DateTime;
use serde::Deserialize;

use crate::collect::compare::{Row, Sums};
use crate::model::time::{Instant, parse_instant};

/// The path of files that lie in no folder.
const ROOT: &str = ".";

/// One file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub place: Place,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it came to be in this repository, UTC; `None` where the answer does not tell.
    pub created: Option<Instant>,
    /// Its checksums, as the server took them.
    pub sums: Sums,
}

/// Where a file lies inside its repository: what lists are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The folder, `.` for the root.
    pub path: Box<str>,
    /// The name in that folder.
    pub name: Box<str>,
}

/// One row as it is written.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    repo: Option<Box<str>>,
    path: Option<Box<str>>,
    name: Option<Box<str>>,
    r#type: Option<Box<str>>,
    size: Option<u64>,
    created: Option<Box<str>>,
    actual_sha1: Option<Box<str>>,
    actual_md5: Option<Box<str>>,
    sha256: Option<Box<str>>,
}

impl Written {
    /// Returns the file; `None` where the row is not one of `repository`, or has no place or no size.
    pub(super) fn file(self, repository: Option<&str>) -> Option<File> {
        let is_here = repository.is_none_or(|wanted| self.repo.as_deref() == Some(wanted));
        let is_file = self.r#type.as_deref().is_none_or(|kind| kind == "file");
        if !is_here || !is_file {
            return None;
        }
        let place = Place { path: self.path?, name: self.name? };
        if place.path.is_empty() || place.name.is_empty() {
            return None;
        }
        let sums = Sums {
            sha256: self.sha256.and_then(|text| digits(&text)),
            sha1: self.actual_sha1.and_then(|text| digits(&text)),
            md5: self.actual_md5.and_then(|text| digits(&text)),
            parts: None,
        };
        let created = self.created.as_deref().and_then(time);
        Some(File { place, bytes: self.size?, created, sums })
    }
}

impl Place {
    /// Returns the path inside the repository.
    pub fn whole(&self) -> String {
        if *self.path == *ROOT { self.name.to_string() } else { format!("{}/{}", self.path, self.name) }
    }

    /// Returns the name below `folder`, which is empty for the repository itself; `None` where it does not
    /// lie below that.
    pub fn below(&self, folder: &str) -> Option<Box<str>> {
        let whole = self.whole();
        if folder.is_empty() {
            return Some(whole.into());
        }
        Some(whole.strip_prefix(folder)?.strip_prefix('/')?.into())
    }
}

impl File {
    /// Returns the file as a row of a comparison below `folder`; `None` where it does not lie there.
    pub fn row(&self, folder: &str) -> Option<Row> {
        let name = self.place.below(folder)?;
        Some(Row { name, bytes: self.bytes, sums: self.sums, arrived_at: self.created, closer: false })
    }
}

/// Returns the bytes that hexadecimal digits name; `None` where they are not exactly so many.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != N * 2 {
        return None;
    }
    let value = |digit: u8| (digit as char).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (value(*pair.first()?)? << 4) | value(*pair.get(1)?)?;
    }
    Some(bytes)
}

/// Returns a time of Artifactory's: Cloud writes `Z`, other servers their own offset, some answers without
/// its colon. `None` where it is none.
pub(super) fn time(text: &str) -> Option<Instant> {
    let without_colon = || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.to_utc());
    // A day alone would be taken for its midnight.
    let is_time = text.contains('T');
    is_time.then(|| parse_instant(text).or_else(without_colon)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(json: &str) -> Option<File> {
        serde_json::from_str::<Written>(json).unwrap().file(Some("libs"))
    }

    #[test]
    fn names_are_relative_to_the_folder_and_the_root_is_a_dot() {
        let place = |path: &str, name: &str| Place { path: path.into(), name: name.into() };
        assert_eq!(place(".", "a.jar").below("").as_deref(), Some("a.jar"));
        assert_eq!(place("org/x", "a.jar").below("org").as_deref(), Some("x/a.jar"));
        assert_eq!(place("org", "a.jar").below("org").as_deref(), Some("a.jar"));
        assert_eq!(place("org2", "a.jar").below("org"), None);
        assert_eq!(place(".", "org").below("org"), None, "a file of that name is not in it");
    }

    #[test]
    fn times_have_any_offset_and_a_day_is_none() {
        let utc = parse_instant("2020-06-25T07:21:17.488Z");
        assert_eq!(time("2020-06-25T10:21:17.488+03:00"), utc);
        assert_eq!(time("2020-06-25T10:21:17.488+0300"), utc);
        for text in ["2020-06-25", "2015-01-01T10:10;10", "", "1592000000000"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_sum_that_is_none_is_left_out_and_a_row_without_size_is_no_file() {
        let row = r#"{"repo":"libs","path":".","name":"a","size":0,"actual_sha1":"a","actual_md5":"D41D8CD98F00B204E9800998ECF8427E"}"#;
        let found = file(row).unwrap();
        assert_eq!((found.sums.sha1, found.sums.sha256, found.created), (None, None, None));
        assert_eq!(found.sums.md5.unwrap()[..2], [0xd4, 0x1d]);
        for row in [
            r#"{"repo":"libs","path":".","name":"a"}"#,
            r#"{"repo":"libs","path":".","size":1}"#,
            r#"{"repo":"libs","path":"","name":"a","size":1}"#,
            r#"{"repo":"other","path":".","name":"a","size":1}"#,
            r#"{"repo":"libs","path":".","name":"a","size":1,"type":"folder"}"#,
            "{}",
        ] {
            assert_eq!(file(row), None, "{row}");
        }
    }
}
