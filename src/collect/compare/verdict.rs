//! What two rows of one name say of each other.
//!
//! Pure. Finding the rows is left to `table`, counting to `engine`.

use super::row::Kind;

/// The first 128 bits of each kind of checksum that is known of a file, in the order of `Kind::ALL`.
pub(super) type Known = [Option<[u8; 16]>; 4];

/// What a comparison of one file found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The content is the same, as checksums of this kind show.
    Equal(Kind),
    /// The size is the same; no kind of checksum is known of both.
    SameSize,
    /// The content differs.
    Differs,
}

/// Returns what is found of two files with that many bytes each: by the strongest kind of checksum that is
/// known of both. Different sums of parts say nothing, for parts may be cut elsewhere.
pub(super) fn found(original: (u64, &Known), copy: (u64, &Known)) -> Found {
    if original.0 != copy.0 {
        return Found::Differs;
    }
    for (kind, (one, other)) in Kind::ALL.iter().zip(original.1.iter().zip(copy.1)) {
        match one.zip(*other) {
            Some((one, other)) if one == other => return Found::Equal(*kind),
            Some(_) if kind.tells_apart() => return Found::Differs,
            Some(_) | None => {}
        }
    }
    Found::SameSize
}
