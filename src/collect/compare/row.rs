//! Rows: what a list tells of one file.
//!
//! Comparing is left to `engine`.

use crate::model::time::Instant;

/// One file of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name below the place that is compared, `/` between the parts, never beginning with one.
    pub name: Box<str>,
    /// Its size in bytes.
    pub bytes: u64,
    /// The checksums that the list tells.
    pub sums: Sums,
    /// When it came to be there as it is, UTC; `None` where the list does not tell.
    pub arrived_at: Option<Instant>,
    /// Whether `Side::closer` may tell more: a checksum that the list does not have, or that one is none.
    pub closer: bool,
}

/// Checksums of one file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// SHA-1.
    pub sha1: Option<[u8; 20]>,
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// MD5 over the MD5s of parts and how many parts there were (the `ETag` of a multipart upload): where
    /// two are equal so is the content, where they differ nothing follows.
    pub parts: Option<([u8; 16], u32)>,
}

/// A kind of checksum, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SHA-256.
    Sha256,
    /// SHA-1.
    Sha1,
    /// MD5.
    Md5,
    /// MD5 over the MD5s of parts.
    Parts,
}
