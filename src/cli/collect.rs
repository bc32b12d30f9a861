//! `lastgood collect`: looks, and writes down what was seen; judging is left to `evaluate`.
//!
//! Bundles of several runs merge, so that collecting can be split over jobs with `--only`.

use std::collections::BTreeSet;
use std::path::Path;

use super::{CollectArgs, Failure, exit, files, input, network, output};
use crate::evidence::selection::leaves_out_private;
use crate::evidence::{Fact, Observation, bundle};
use crate::model::time::Instant;
use crate::policy::Policy;

/// Collects evidence; the exit code says whether something was not seen.
pub(super) fn run(args: &CollectArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let folder = args.policy.policy.parent().unwrap_or_else(|| Path::new(""));
    let from = args.period.map(|period| period.from);
    let options = args.network.options(false, &args.only, from)?;
    let around = args.network.surroundings(folder, false)?;
    let evidence = bundle::merge(network::gather(&policy, folder, &options, &around)?);
    let observations = evidence.observations();
    let is_told =
        |observation: &Observation| observation.asset.is_some() || matches!(observation.fact, Fact::Unseen(_));
    if !args.only.is_empty() && !observations.iter().any(is_told) {
        return Err(Failure::Usage {
            message: "--only matches no asset of which there is anything to collect".to_owned(),
            hint: Some(
                "it is a glob over ids, such as `source/*`; `lastgood audit --format csv` lists them".to_owned(),
            ),
        });
    }
    match (&args.output, &args.out) {
        (Some(file), _) => {
            write(file, observations)?;
            output::note(&format!("wrote {} observations to {}", observations.len(), file.display()));
        }
        (None, Some(folder)) => {
            write(&folder.join("evidence.jsonl"), observations)?;
            output::note(&format!(
                "wrote {} observations to {}",
                observations.len(),
                folder.join("evidence.jsonl").display()
            ));
        }
        (None, None) => output::print(|out| {
            bundle::write(observations, &mut *out).map_err(|error| Failure::tool("evidence", &error))?;
            out.flush().map_err(|error| Failure::tool("evidence", &error))
        })?,
    }
    let unseen = observations.iter().filter(|observation| matches!(observation.fact, Fact::Unseen(_))).count();
    if unseen > 0 {
        output::note(&format!("{unseen} questions stayed without an answer; what rests on them is unknown"));
    }
    let hidden = hidden(&policy, observations, around.clock.now());
    for system in &hidden {
        output::note(&format!("{system}: whoever listed it may not see all that is private"));
    }
    Ok(if unseen == 0 && hidden.is_empty() { exit::OK } else { exit::UNKNOWN })
}

/// Returns the systems of which only what is public was listed, and whose private items matter.
fn hidden(policy: &Policy, observations: &[Observation], now: Instant) -> BTreeSet<String> {
    let public_only = observations.iter().filter_map(|observation| match &observation.fact {
        Fact::Inventory(inventory) if inventory.public_only => observation.system.as_deref(),
        _ => None,
    });
    let excludes = &policy.document().exclude;
    public_only.filter(|system| !leaves_out_private(excludes, system, now)).map(str::to_owned).collect()
}

fn write(file: &Path, observations: &[Observation]) -> Result<(), Failure> {
    let name = file.display().to_string();
    files::write_one(file, &|out| bundle::write(observations, out).map_err(|error| Failure::tool(&name, &error)))
}
