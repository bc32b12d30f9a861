//! `import`: observations that another tool made, read from a file beside the policy.
//!
//! Reads and attributes lines; how far they are believed (`observed` at most) is left to the judge.

use std::path::Path;

use super::{Gathered, plan};
use crate::evidence::Observation;
use crate::evidence::bundle::{self, Digests};
use crate::evidence::fact::{Fact, Unseen};
use crate::model::UnseenReason;
use crate::model::time::Instant;
use crate::policy::document::Import;
use crate::policy::values::NamePattern;
use crate::policy::{Asset, Copy, Policy};

/// The largest file that is imported, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the file of every `import` copy of the policy. A file that cannot be read is noted as not
/// seen, so that one bad file hides nothing of the others.
///
/// # Errors
///
/// Where an observation cannot be written as JSON, which none can cause.
pub fn read_all(
    policy: &Policy,
    folder: &Path,
    now: Instant,
    only: &[NamePattern],
    gathered: &mut Gathered,
) -> Result<(), serde_json::Error> {
    let wanted = |asset: &&Asset| asset.each.is_some() || plan::wanted(only, &asset.id.0);
    for asset in policy.document().assets.iter().filter(wanted) {
        for copy in asset.copies.known().into_iter().flatten() {
            let Copy::Import(import) = copy else { continue };
            match read_one(folder, asset, import) {
                Ok(observations) => {
                    for observation in observations {
                        gathered.observations.push(observation.seal()?);
                    }
                }
                Err((reason, why)) => {
                    let what = format!("import of {}: {why}", import.file.value);
                    gathered.complaints.push(what.clone());
                    let mut observation =
                        Observation::new(Fact::Unseen(Unseen { fact: None, reason, what: what.into() }), now);
                    observation.asset = Some(asset.id.0.as_str().into());
                    observation.copy = Some(copy.id().into());
                    gathered.observations.push(observation.seal()?);
                }
            }
        }
    }
    Ok(())
}

type Refusal = (UnseenReason, String);

fn read_one(folder: &Path, asset: &Asset, import: &Import) -> Result<Vec<Observation>, Refusal> {
    let path = folder.join(&import.file.value);
    let unreachable = |error: std::io::Error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => UnseenReason::NotFound,
            std::io::ErrorKind::PermissionDenied => UnseenReason::NotAuthorized,
            _ => UnseenReason::Unreadable,
        };
        (reason, error.to_string())
    };
    let length = std::fs::metadata(&path).map_err(unreachable)?.len();
    if length > MAX_BYTES {
        return Err((UnseenReason::Unreadable, format!("{length} bytes, more than the {MAX_BYTES} that are read")));
    }
    let opened = std::fs::File::open(&path).map_err(unreachable)?;
    let lines = bundle::read(&import.file.value, opened, Digests::Optional).map_err(|refused| {
        let first = refused.first().map(ToString::to_string).unwrap_or_default();
        (UnseenReason::Unreadable, format!("{} lines refused, the first: {first}", refused.len()))
    })?;
    lines.into_iter().map(|observation| attribute(observation, asset, import)).collect()
}

/// Gives a line the asset and the copy that the policy imports it for.
fn attribute(mut observation: Observation, asset: &Asset, import: &Import) -> Result<Observation, Refusal> {
    let id = &asset.id.0;
    let refuse = |why: String| (UnseenReason::Unreadable, why);
    match observation.asset.as_deref() {
        None if asset.each.is_some() => {
            return Err(refuse(format!(
                "`{id}` stands for many assets, so each line has to name its own as `{id}/NAME`"
            )));
        }
        None => observation.asset = Some(id.as_str().into()),
        Some(named) if named == id || named.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('/')) => {}
        Some(named) => return Err(refuse(format!("a line speaks of `{named}`, but the file is imported for `{id}`"))),
    }
    let copy = import.id.value.0.as_str();
    if observation.copy.as_deref().is_some_and(|named| named != copy) {
        return Err(refuse(format!("a line speaks of another copy than `{copy}`")));
    }
    // What changed the asset is a fact about the asset; all else is about the copy.
    observation.copy = match &observation.fact {
        Fact::Changes(_) => None,
        Fact::Comparison(_)
        | Fact::RecoveryPoints(_)
        | Fact::Runs(_)
        | Fact::Schedule(_)
        | Fact::Settings(_)
        | Fact::Unseen(_) => Some(copy.into()),
        Fact::Clock(_) | Fact::Inventory(_) | Fact::Item(_) | Fact::Statement(_) => {
            return Err(refuse(
                "a line holds a fact about a system or a statement, which cannot be imported".to_owned(),
            ));
        }
    };
    observation.system = None;
    if observation.source().request.is_none() {
        let request = Some(format!("file {}", import.file.value).into());
        observation.source_mut().request = request;
    }
    observation.digest = None;
    Ok(observation)
}
