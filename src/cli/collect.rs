//! `lastgood collect`: looks, and writes down what was seen; judging is left to `evaluate`.
//!
//! Bundles of several runs merge, so that collecting can be split over jobs with `--only`.

use std::io::Write;
use std::path::Path;

use super::{CollectArgs, Failure, exit, files, input, output};
use crate::collect;
use crate::evidence::{Fact, Observation, bundle};

/// Collects evidence; the exit code says whether something was not seen.
pub(super) fn run(args: &CollectArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let folder = args.policy.policy.parent().unwrap_or_else(|| Path::new(""));
    let from = args.period.map(|period| period.from);
    let options = args.network.options(false, &args.only, from)?;
    let around = args.network.surroundings(folder, false)?;
    let gathered = collect::gather(&policy, folder, &options, &around)
        .map_err(|error| Failure::tool("nothing was collected", &error))?;
    for complaint in &gathered.complaints {
        output::note(&format!("warning: {complaint}"));
    }
    let evidence = bundle::merge(gathered.observations);
    let observations = evidence.observations();
    match (&args.output, &args.out) {
        (Some(file), _) => {
            let folder =
                file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .ok_or_else(|| Failure::Usage { message: format!("{} names no file", file.display()), hint: None })?;
            write(folder, name, observations)?;
            output::note(&format!("wrote {} observations to {}", observations.len(), file.display()));
        }
        (None, Some(folder)) => {
            write(folder, "evidence.jsonl", observations)?;
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
        return Ok(exit::UNKNOWN);
    }
    Ok(exit::OK)
}

fn write(folder: &Path, name: &str, observations: &[Observation]) -> Result<(), Failure> {
    let content = |out: &mut dyn Write| bundle::write(observations, out).map_err(|error| Failure::tool(name, &error));
    files::write_set(folder, &[(name, &content)])
}
