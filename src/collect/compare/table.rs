//! The table: what the copy holds, kept small, so that every row of the original can be looked up.
//!
//! Of a row stay a hash of its name, its size and the checksums that both sides can have: 40 or 56 bytes,
//! and with the table's own room 46 to 131 bytes a row. What a match means is left to `engine`.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::row::{Kind, Row};

/// How many parts the table has: one grows at a time, so that growing never needs twice the room.
const SHARDS: usize = 64;

/// A checksum as it is compared: its first 128 bits.
pub(super) type Short = [u8; 16];

/// The highest bits of `Slot::state` say what is known, the rest is the size in bytes.
const MATCHED: u64 = 1 << 63;
const CLOSER: u64 = 1 << 62;
const SUMS: u64 = 1 << 60;
const SIZE: u64 = (1 << 60) - 1;

/// One row of the copy, with `N` checksums.
#[derive(Debug, Clone, Copy)]
struct Slot<const N: usize> {
    name: [u64; 2],
    state: u64,
    sums: [Short; N],
}

/// What the copy holds under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held<const N: usize> {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its checksums, of the table's kinds.
    pub sums: [Option<Short>; N],
    /// Whether a closer look may tell more.
    pub closer: bool,
    /// Whether it was looked up before.
    pub again: bool,
}

/// The rows of a copy.
pub(super) struct Table<const N: usize> {
    kinds: [Kind; N],
    /// Names come from elsewhere: whoever chooses them cannot know these keys, and make two of them one.
    keys: [RandomState; 2],
    shards: Vec<HashTable<Slot<N>>>,
}

impl<const N: usize> Table<N> {
    /// Returns an empty table that keeps checksums of these kinds.
    pub(super) fn new(kinds: [Kind; N]) -> Self {
        let keys = [RandomState::new(), RandomState::new()];
        Self { kinds, keys, shards: (0..SHARDS).map(|_| HashTable::new()).collect() }
    }

    fn name(&self, name: &str) -> [u64; 2] {
        [self.keys[0].hash_one(name), self.keys[1].hash_one(name)]
    }

    fn shard(name: [u64; 2]) -> usize {
        // Of the first half; the second finds the place inside.
        usize::try_from(name[0] >> 58).unwrap_or(0)
    }

    /// Adds a row of the copy. Returns whether its name was not there yet.
    pub(super) fn add(&mut self, row: &Row) -> bool {
        let name = self.name(&row.name);
        let mut state = row.bytes.min(SIZE);
        if row.closer {
            state |= CLOSER;
        }
        let mut sums = [Short::default(); N];
        for (index, kind) in self.kinds.iter().enumerate() {
            if let Some(sum) = row.sums.short(*kind) {
                sums[index] = sum;
                // One bit each; `N` is two at most.
                state |= SUMS << index;
            }
        }
        let entry = self.shards[Self::shard(name)].entry(name[1], |slot| slot.name == name, |slot| slot.name[1]);
        match entry {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(Slot { name, state, sums });
                true
            }
        }
    }

    /// Looks a name of the original up, and notes that it was; `None` where the copy does not have it.
    pub(super) fn look_up(&mut self, name: &str) -> Option<Held<N>> {
        let name = self.name(name);
        let slot = self.shards[Self::shard(name)].find_mut(name[1], |slot| slot.name == name)?;
        let state = slot.state;
        slot.state |= MATCHED;
        let mut sums = [None; N];
        for (index, sum) in sums.iter_mut().enumerate() {
            *sum = (state & (SUMS << index) != 0).then_some(slot.sums[index]);
        }
        Some(Held { bytes: state & SIZE, sums, closer: state & CLOSER != 0, again: state & MATCHED != 0 })
    }

    /// Returns how many rows were never looked up, and their bytes.
    pub(super) fn rest(&self) -> (u64, u64) {
        let rest = self.shards.iter().flat_map(HashTable::iter).filter(|slot| slot.state & MATCHED == 0);
        rest.fold((0, 0), |(count, bytes), slot| (count + 1, u64::saturating_add(bytes, slot.state & SIZE)))
    }
}
