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

impl Sums {
    /// Returns the first 128 bits of a checksum; `None` where it is not known. Those of `Parts` hold the
    /// number of parts too.
    pub fn short(&self, kind: Kind) -> Option<[u8; 16]> {
        fn first(sum: &[u8]) -> Option<[u8; 16]> {
            sum.first_chunk().copied()
        }
        match kind {
            Kind::Sha256 => self.sha256.as_ref().and_then(|sum| first(sum)),
            Kind::Sha1 => self.sha1.as_ref().and_then(|sum| first(sum)),
            Kind::Md5 => self.md5,
            Kind::Parts => self.parts.map(|(sum, count)| {
                let count = u128::from(count).rotate_left(64);
                (u128::from_be_bytes(sum) ^ count).to_be_bytes()
            }),
        }
    }
}

impl Kind {
    /// Every kind, the strongest first.
    pub const ALL: [Self; 4] = [Self::Sha256, Self::Sha1, Self::Md5, Self::Parts];

    /// Returns whether two sums of this kind that differ show that the content does.
    pub const fn tells_apart(self) -> bool {
        !matches!(self, Self::Parts)
    }
}
