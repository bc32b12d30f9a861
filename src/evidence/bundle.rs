//! Evidence bundles: reading, verifying, merging and writing JSON Lines.
//!
//! Opening files is left to the command line, what the lines mean to `judge`.

use std::collections::HashSet;
use std::io::{self, Write};

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

/// Reads the lines of a bundle that messages shall call `file`. Blank lines are passed over.
///
/// # Errors
///
/// Every line that is not an observation of this format, whose digest is not that of its content,
/// or whose times contradict each other.
pub fn read(file: &str, bytes: &[u8], digests: Digests) -> Result<Vec<Observation>, Vec<RefusedLine>> {
    let lines: Vec<(usize, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| (index + 1, line.strip_suffix(b"\r").unwrap_or(line)))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .collect();
    let read: Vec<Result<Observation, RefusedLine>> = lines
        .par_iter()
        .map(|(number, line)| {
            read_line(line, digests).map_err(|why| RefusedLine { file: file.to_owned(), line: *number, why })
        })
        .collect();
    let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
    if bad.is_empty() {
        Ok(good.into_iter().flatten().collect())
    } else {
        Err(bad.into_iter().filter_map(Result::err).collect())
    }
}

fn read_line(line: &[u8], digests: Digests) -> Result<Observation, String> {
    let mut observation: Observation =
        serde_json::from_slice(line).map_err(|error| format!("not an observation: {error}"))?;
    let computed = observation.canonical_digest().map_err(|error| error.to_string())?;
    match (observation.digest, digests) {
        (Some(claimed), _) if claimed != computed => {
            return Err(format!("its digest is {claimed}, its content has {computed}: the line was changed"));
        }
        (None, Digests::Required) => {
            return Err("it has no digest, so nobody can tell whether it was changed".to_owned());
        }
        _ => observation.digest = Some(computed),
    }
    if observation.copy.is_some() && observation.asset.is_none() {
        return Err("it names a copy but no asset".to_owned());
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
