//! Reading what a command needs: the policy, evidence bundles, the time.
//!
//! The only reader of the clock and of input files; what they mean is left to the library.

use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{SubsecRound, TimeDelta, Utc};

use super::output::stderr_is_styled;
use super::{Failure, WhenArgs};
use crate::evidence::bundle::{self, Digests};
use crate::evidence::{Observation, stated};
use crate::judge::When;
use crate::model::Period;
use crate::model::time::Instant;
use crate::policy::{MAX_FILE_BYTES, Policy};
use crate::report::baseline::Baseline;

/// Reads and checks a policy.
pub(super) fn policy(path: &Path) -> Result<Policy, Failure> {
    let name = path.display().to_string();
    let cannot = |error: std::io::Error| {
        let hint = (error.kind() == std::io::ErrorKind::NotFound)
            .then(|| "name the policy file; without a name it is `lastgood.yaml` in this folder".to_owned());
        Failure::Usage { message: format!("cannot read the policy {name}: {error}"), hint }
    };
    let file = std::fs::File::open(path).map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    let mut bytes = Vec::new();
    // A pipe tells no length, so what is read is limited all the same.
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    let policy =
        if length > MAX_FILE_BYTES { Err(Policy::too_large(&name, length)) } else { Policy::parse(&name, &bytes) };
    policy.map_err(|rejection| Failure::Policy(rejection.render(stderr_is_styled())))
}

/// Reads evidence bundles.
pub(super) fn bundles(paths: &[PathBuf]) -> Result<Vec<Observation>, Failure> {
    let mut observations = Vec::new();
    let mut refused = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let file = std::fs::File::open(path).map_err(|error| Failure::Usage {
            message: format!("cannot read the evidence {name}: {error}"),
            hint: None,
        })?;
        match bundle::read(&name, file, Digests::Required) {
            Ok(mut read) => observations.append(&mut read),
            Err(lines) => refused.extend(lines),
        }
    }
    if refused.is_empty() {
        return Ok(observations);
    }
    let count = refused.len();
    let shown: Vec<String> = refused.iter().take(20).map(ToString::to_string).collect();
    let more = if count > shown.len() { format!("\nand {} more", count - shown.len()) } else { String::new() };
    Err(Failure::Tool(format!(
        "{}{more}\nevidence refused: {count} bad lines, so nothing was judged",
        shown.join("\n")
    )))
}

/// Reads evidence bundles, and adds what the policy itself states.
pub(super) fn evidence(policy: &Policy, paths: &[PathBuf]) -> Result<Vec<Observation>, Failure> {
    with_statements(policy, bundles(paths)?)
}

/// Adds what the policy itself states.
pub(super) fn with_statements(policy: &Policy, mut all: Vec<Observation>) -> Result<Vec<Observation>, Failure> {
    all.extend(stated::statements(policy).map_err(|error| Failure::tool("evidence", &error))?);
    Ok(all)
}

/// Reads an earlier report to compare with.
pub(super) fn baseline(path: &Path) -> Result<Baseline, Failure> {
    let name = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::Usage { message: format!("cannot read the baseline {name}: {error}"), hint: None })?;
    Baseline::parse(&bytes).map_err(|error| Failure::Usage {
        message: format!("cannot compare with {name}: {error}"),
        hint: Some("name a report.json that `lastgood audit --out DIR` or `--format json` wrote".to_owned()),
    })
}

/// Returns the present time, UTC.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(super) fn now() -> Instant {
    Utc::now().trunc_subsecs(3)
}

/// Returns when to judge: as told, or now. Now is a whole second and not before anything that was seen
/// by now, so that what was collected a moment ago counts.
pub(super) fn when(args: &WhenArgs, policy: &Policy) -> When {
    let as_of = args.as_of.unwrap_or_else(|| {
        let now = now();
        let second = now.trunc_subsecs(0);
        if second < now { second + TimeDelta::seconds(1) } else { second }
    });
    let period = args.period.unwrap_or_else(|| Period::ending(as_of, policy.review_every()));
    When { as_of, period }
}
