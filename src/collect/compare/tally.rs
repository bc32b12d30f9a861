//! The tally of a comparison: counts, bytes, the first names, the oldest change that the copy lacks.
//!
//! Pure. What is counted as what is left to `engine`.

use std::collections::BinaryHeap;

use super::row::{Kind, Row};
use crate::evidence::{Basis, ComparedBytes, Comparison};
use crate::model::time::Instant;

/// How many names of lacking items are kept.
const NAMES_SHOWN: usize = 10;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    equal: u64,
    by_size: u64,
    different: u64,
    missing: u64,
    bytes: ComparedBytes,
    weakest: Option<Kind>,
    /// The first names in the order of their bytes, the last of them on top.
    names: BinaryHeap<(Box<str>, &'static str)>,
    oldest: Option<Instant>,
    undated: bool,
}

impl Tally {
    /// Counts an item whose content is the same, by a kind of checksum; `None` for the size alone.
    pub(super) fn equal(&mut self, bytes: u64, by: Option<Kind>) {
        self.equal += 1;
        self.bytes.equal = self.bytes.equal.saturating_add(bytes);
        match by {
            Some(kind) => self.weakest = self.weakest.max(Some(kind)),
            None => self.by_size += 1,
        }
    }

    /// Counts an item that the copy holds with other content.
    pub(super) fn different(&mut self, row: &Row) {
        self.different += 1;
        self.bytes.different = self.bytes.different.saturating_add(row.bytes);
        self.lacks(row, "different");
    }

    /// Counts an item that the copy does not hold.
    pub(super) fn missing(&mut self, row: &Row) {
        self.missing += 1;
        self.bytes.missing = self.bytes.missing.saturating_add(row.bytes);
        self.lacks(row, "missing");
    }

    fn lacks(&mut self, row: &Row, how: &'static str) {
        match row.arrived_at {
            Some(at) => self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at))),
            None => self.undated = true,
        }
        if self.names.len() < NAMES_SHOWN {
            self.names.push((row.name.clone(), how));
        } else if let Some(mut last) = self.names.peek_mut()
            && *row.name < *last.0
        {
            *last = (row.name.clone(), how);
        }
    }

    /// Returns the comparison; `extra` are the count and the bytes of what only the copy has.
    pub(super) fn comparison(self, extra: (u64, u64), complete: bool, sampled_ppm: Option<u32>) -> Comparison {
        let all_dated = complete && sampled_ppm.is_none() && !self.undated;
        let names = self.names.into_sorted_vec().into_iter();
        Comparison {
            basis: match self.weakest {
                // Where nothing is equal there was nothing to compare by.
                None => Basis::Size,
                Some(Kind::Sha256) => Basis::Sha256,
                Some(Kind::Sha1) => Basis::Sha1,
                Some(Kind::Md5 | Kind::Parts) => Basis::Md5,
            },
            behind: 0,
            by_size: self.by_size,
            bytes: Some(ComparedBytes { extra: extra.1, ..self.bytes }),
            complete,
            different: self.different,
            equal: self.equal,
            extra: extra.0,
            missing: self.missing,
            names: names.map(|(name, how)| format!("{name} ({how})").into_boxed_str()).collect(),
            // Where not all was compared, an older change may be among the rest.
            oldest_unprotected: self.oldest.filter(|_| all_dated),
            sampled_ppm,
        }
    }
}
