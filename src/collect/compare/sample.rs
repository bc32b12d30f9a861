//! Samples: which items are compared where the policy asks for a share of them only.
//!
//! Pure. That a sample is never a whole comparison is the judge's to say.

use sha2::{Digest as _, Sha256};

/// A share of the items, chosen by their names: the same ones on both sides, and in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    ppm: u32,
}

impl Sample {
    /// Returns a sample of so many parts per million; `None` for all of them.
    pub(super) fn of(ppm: Option<u32>) -> Option<Self> {
        ppm.filter(|ppm| *ppm < 1_000_000).map(|ppm| Self { ppm })
    }

    /// Returns the share in parts per million.
    pub(super) const fn ppm(self) -> u32 {
        self.ppm
    }

    /// Returns whether an item is in the sample.
    pub(super) fn takes(self, name: &str) -> bool {
        let digest = Sha256::digest(name.as_bytes());
        let first = digest.first_chunk().copied().map_or(0, u32::from_be_bytes);
        u64::from(first) * 1_000_000 < u64::from(self.ppm) << 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_takes_about_its_share_and_always_the_same() {
        let sample = Sample::of(Some(50_000)).unwrap();
        let taken = |sample: Sample| (0..20_000).filter(|i| sample.takes(&format!("a/{i}"))).collect::<Vec<_>>();
        let first = taken(sample);
        assert!((800..1_200).contains(&first.len()), "{}", first.len());
        assert_eq!(first, taken(sample));
        let larger = taken(Sample::of(Some(100_000)).unwrap());
        assert!(first.iter().all(|item| larger.contains(item)), "a larger sample holds the smaller one");
    }

    #[test]
    fn all_is_no_sample() {
        assert_eq!(Sample::of(None), None);
        assert_eq!(Sample::of(Some(1_000_000)), None);
    }
}
