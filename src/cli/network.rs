//! How the network is used: arguments, environment, progress and Ctrl-C become what `collect` needs.
//!
//! Asking is left to the library.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::{Failure, exit, input, output, progress};
use crate::collect::clock::Clock;
use crate::collect::secrets::Keyring;
use crate::collect::watch::Nobody;
use crate::collect::{self, Options, Surroundings, http};
use crate::evidence::Observation;
use crate::model::Timespan;
use crate::model::time::Instant;
use crate::policy::Policy;
use crate::policy::values::NamePattern;

/// How the network is used.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Questions under way at once, and connections to one host at most
    #[arg(long, value_name = "N", default_value = "16", value_parser = jobs)]
    jobs: NonZeroUsize,
    /// The longest one question may take, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = length)]
    timeout: Duration,
    /// The longest collecting may take; what was not seen by then is unknown
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = length)]
    deadline: Duration,
    /// Certificates to trust besides the machine's own (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Do not show how far collecting is
    #[arg(long, short)]
    quiet: bool,
}

/// The most questions under way at once: GitHub takes no more than 100 (docs.github.com, "Rate limits").
const MAX_JOBS: usize = 100;

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let number: Option<NonZeroUsize> = text.parse().ok();
    number.filter(|number| number.get() <= MAX_JOBS).ok_or_else(|| format!("a number from 1 to {MAX_JOBS}"))
}

/// Reads a length of time of at most a year: seconds, or a duration of the policy language.
fn length(text: &str) -> Result<Duration, String> {
    let wrong = || "not a length of time: write 30s, 5m, 2h or 1d".to_owned();
    if let Some(seconds) = text.strip_suffix('s') {
        let seconds: u64 = seconds.parse().map_err(|_| wrong())?;
        return if (1..=YEAR).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(wrong()) };
    }
    let span: Timespan = text.parse().map_err(|_| wrong())?;
    let seconds = u64::try_from(span.seconds_before(Instant::UNIX_EPOCH)).map_err(|_| wrong())?;
    if (1..=YEAR).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(wrong()) }
}

/// The seconds of a leap year.
const YEAR: u64 = 366 * 86_400;

impl NetworkArgs {
    /// Returns what to collect and how.
    ///
    /// # Errors
    ///
    /// Where the file of certificates cannot be read.
    pub(super) fn options(
        &self,
        offline: bool,
        only: &[NamePattern],
        from: Option<Instant>,
    ) -> Result<Options, Failure> {
        let ca = self.ca_file.as_deref().map(|path| {
            std::fs::read(path).map_err(|error| Failure::Usage {
                message: format!("cannot read the certificates {}: {error}", path.display()),
                hint: None,
            })
        });
        let door = http::Settings {
            ca: ca.transpose()?,
            timeout: self.timeout,
            deadline: tokio::time::Instant::now().checked_add(self.deadline),
            per_host: self.jobs.get(),
            ..http::Settings::default()
        };
        Ok(Options { offline, only: only.to_vec(), from, lists_of: None, jobs: self.jobs.get(), door })
    }

    /// Returns the clock, the secrets and whoever watches. Ctrl-C ends collecting; pressed again, the
    /// program.
    ///
    /// # Errors
    ///
    /// Where Ctrl-C cannot be watched for.
    pub(super) fn surroundings(&self, folder: &Path, offline: bool) -> Result<Surroundings, Failure> {
        let stop = CancellationToken::new();
        if !offline {
            stop_on_ctrl_c(stop.clone()).map_err(|error| Failure::tool("Ctrl-C cannot be watched for", &error))?;
        }
        Ok(Surroundings {
            clock: Clock::new(input::now),
            keys: Keyring::new(folder, environment),
            watch: if self.quiet || offline { Arc::new(Nobody) } else { progress::on_stderr() },
            stop,
        })
    }
}

/// Returns an environment variable; `None` where it is not set or empty.
#[expect(clippy::disallowed_methods, reason = "the one place that reads secrets from the environment")]
fn environment(name: &str) -> Option<SecretString> {
    let value = std::env::var(name).ok()?;
    // Files that fill variables often end with a line break, and no secret does.
    let value = value.trim_end_matches(['\r', '\n']);
    (!value.is_empty()).then(|| SecretString::from(value))
}

/// Watches for Ctrl-C in a thread of its own, so that it is seen whatever the program does.
fn stop_on_ctrl_c(stop: CancellationToken) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("ctrl-c".to_owned()).spawn(move || {
        runtime.block_on(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.cancel();
                output::note("interrupted: writing what was seen; press Ctrl-C again to give up");
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                exit::at_once();
            }
        });
    })?;
    Ok(())
}

/// Collects evidence, and says on standard error what went wrong on the way.
pub(super) fn gather(
    policy: &Policy,
    folder: &Path,
    options: &Options,
    around: &Surroundings,
) -> Result<Vec<Observation>, Failure> {
    let gathered = collect::gather(policy, folder, options, around)
        .map_err(|error| Failure::tool("nothing was collected", &error))?;
    for complaint in &gathered.complaints {
        output::note(&format!("warning: {complaint}"));
    }
    Ok(gathered.observations)
}
