//! Evidence bundles: reading, verifying, merging and writing JSON Lines.
//!
//! Opening files is left to the command line, what the lines mean to `judge`.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use memchr::memmem;
use rayon::prelude::*;

use super::observation::{Digest, Observation};
use super::{Evidence, Fact};

/// Why a line of a bundle was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {why}")]
pub struct RefusedLine {
    /// The bundle's name.
    pub file: String,
    /// The 1-based line.
    pub line: usize,
    /// Why.
    pub why: String,
}

/// Whether lines must carry their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// A bundle: a line without a digest, or with a wrong one, is refused.
    Required,
    /// Lines made by other tools: a digest is checked where there is one and added where there is none.
    Optional,
}

/// How many bytes of a bundle are held at once while it is read.
const CHUNK_BYTES: usize = 8 << 20;

/// The longest line that is read, in bytes.
const MAX_LINE_BYTES: usize = 256 << 20;

/// Reads the lines of a bundle that messages shall call `file`. Blank lines are passed over. Holds a
/// few megabytes of text at a time, besides the observations.
///
/// # Errors
///
/// Every line that is not an observation of this format, whose digest is not that of its content,
/// or whose times contradict each other; and where `input` cannot be read.
pub fn read(file: &str, mut input: impl Read, digests: Digests) -> Result<Vec<Observation>, Vec<RefusedLine>> {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    let mut text: Vec<u8> = Vec::with_capacity(CHUNK_BYTES * 2);
    let mut line = 1;
    loop {
        let start = text.len();
        let wanted = CHUNK_BYTES as u64;
        let count = input.by_ref().take(wanted).read_to_end(&mut text).map_err(|error| {
            vec![RefusedLine { file: file.to_owned(), line, why: format!("the file cannot be read: {error}") }]
        })?;
        let ended = count == 0;
        let whole = if ended {
            Some(text.len())
        } else {
            text[start..].iter().rposition(|byte| *byte == b'\n').map(|at| start + at + 1)
        };
        if let Some(whole) = whole {
            line += read_lines(file, &text[..whole], line, digests, &mut good, &mut bad);
            text.drain(..whole);
        } else if text.len() > MAX_LINE_BYTES {
            bad.push(RefusedLine { file: file.to_owned(), line, why: format!("longer than {MAX_LINE_BYTES} bytes") });
            break;
        }
        if ended {
            break;
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// Reads whole lines, the first of which has the number `first`, and returns how many there were.
fn read_lines(
    file: &str,
    text: &[u8],
    first: usize,
    digests: Digests,
    good: &mut Vec<Observation>,
    bad: &mut Vec<RefusedLine>,
) -> usize {
    let lines: Vec<(usize, &[u8])> = text
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| (first + index, line.trim_ascii()))
        .collect();
    let read: Vec<Option<Result<Observation, RefusedLine>>> = lines
        .par_iter()
        .with_min_len(64)
        .map_init(Vec::new, |written, (number, line)| {
            let refused = |why| RefusedLine { file: file.to_owned(), line: *number, why };
            (!line.is_empty()).then(|| read_line(line, digests, written).map_err(refused))
        })
        .collect();
    for result in read.into_iter().flatten() {
        match result {
            Ok(observation) => good.push(observation),
            Err(refused) => bad.push(refused),
        }
    }
    lines.len()
}

/// Returns whether the line is `observation` as this format writes it and hashes to the digest that
/// it claims; saves hashing it as it would have been written.
fn hashes_as_written(line: &[u8], observation: &Observation, claimed: Digest, written: &mut Vec<u8>) -> bool {
    let field = format!("\"digest\":\"{claimed}\",");
    let Some(at) = memmem::find(line, field.as_bytes()) else { return false };
    written.clear();
    Digest::of_parts(&line[..at], &line[at + field.len()..]) == claimed
        && serde_json::to_writer(&mut *written, observation).is_ok()
        && written == line
}

/// Reads one line; `written` is room to work in.
fn read_line(line: &[u8], digests: Digests, written: &mut Vec<u8>) -> Result<Observation, String> {
    let mut observation: Observation =
        serde_json::from_slice(line).map_err(|error| format!("not an observation: {error}"))?;
    match (observation.digest, digests) {
        (Some(claimed), _) if hashes_as_written(line, &observation, claimed, written) => {}
        (Some(claimed), _) => {
            let computed = observation.canonical_digest().map_err(|error| error.to_string())?;
            if claimed != computed {
                return Err(format!("its digest is {claimed}, its content has {computed}: the line was changed"));
            }
        }
        (None, Digests::Required) => {
            return Err("it has no digest, so nobody can tell whether it was changed".to_owned());
        }
        (None, Digests::Optional) => {
            observation.digest = Some(observation.canonical_digest().map_err(|error| error.to_string())?);
        }
    }
    if observation.copy.is_some() && observation.asset.is_none() {
        return Err("it names a copy but no asset".to_owned());
    }
    if let Fact::RecoveryPoints(listing) = &mut observation.fact {
        listing.points.shrink_to_fit();
    }
    if let Fact::RecoveryPoints(listing) = &observation.fact
        && let Some(point) =
            listing.points.iter().find(|point| point.available_at.is_some_and(|at| at < point.captured_at))
    {
        return Err(format!(
            "a recovery point captured at {} cannot be available before that",
            crate::model::time::rfc3339(point.captured_at)
        ));
    }
    Ok(observation)
}

/// Returns the evidence of all `observations` together, duplicates dropped, in an order that does
/// not depend on theirs.
pub fn merge(observations: Vec<Observation>) -> Evidence {
    let mut seen: HashSet<Digest> = HashSet::with_capacity(observations.len());
    let mut unique: Vec<Observation> = observations
        .into_iter()
        .filter(|observation| observation.digest.is_some_and(|digest| seen.insert(digest)))
        .collect();
    drop(seen);
    unique.par_sort_unstable_by(|a, b| {
        (&a.asset, &a.copy, &a.system, a.observed_at, a.digest).cmp(&(
            &b.asset,
            &b.copy,
            &b.system,
            b.observed_at,
            b.digest,
        ))
    });
    Evidence::new(unique)
}

/// Writes observations as a bundle, one a line.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn write(observations: &[Observation], mut out: impl Write) -> io::Result<()> {
    for observation in observations {
        serde_json::to_writer(&mut out, observation)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
