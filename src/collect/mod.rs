//! Collecting: what is seen. Asks the systems of a policy, and reads statements and files that other
//! tools wrote.
//!
//! The way through it: `plan` (which questions) -> `run` (puts them, many at once) -> the collectors
//! (`github`, `git`, `http_time`, `import`) -> `http` (the one door to the network). Every system that
//! the policy makes the audit ask, and that is not asked, is noted with the reason, so that nothing reads
//! as an empty answer. Judging is left to `judge`.

pub mod artifactory;
pub mod clock;
pub mod compare;
pub mod git;
pub mod github;
pub mod http;
pub mod http_time;
pub mod import;
pub mod jenkins;
pub mod listing;
pub mod miss;
mod original;
pub mod plan;
mod run;
pub mod s3;
pub mod secrets;
mod session;
mod systems;
pub mod told;
pub mod watch;

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::evidence::fact::{Fact, Unseen};
use crate::evidence::{Observation, stated};
use crate::model::UnseenReason;
use crate::model::time::Instant;
use crate::policy::values::NamePattern;
use crate::policy::{Policy, System};
use clock::Clock;
use secrets::Keyring;
use watch::Watch;

/// What to collect, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether no system is asked at all.
    pub offline: bool,
    /// Only what concerns assets whose ids match; all where it is empty.
    pub only: Vec<NamePattern>,
    /// Since when recovery points matter, where that is earlier than the policy's own horizon.
    pub from: Option<Instant>,
    /// Only what this system holds, and nothing about copies.
    pub lists_of: Option<String>,
    /// How many questions are under way at once.
    pub jobs: usize,
    /// How the network is used.
    pub door: http::Settings,
}

impl Default for Options {
    fn default() -> Self {
        Self { offline: false, only: Vec::new(), from: None, lists_of: None, jobs: 16, door: http::Settings::default() }
    }
}

/// What a collection needs from outside: the time, secrets, somebody who watches, and a way to stop it.
#[derive(Clone)]
pub struct Surroundings {
    /// The clock.
    pub clock: Clock,
    /// Where secrets are found.
    pub keys: Keyring,
    /// Who is told how far it is.
    pub watch: Arc<dyn Watch>,
    /// Ends the collection early; what was seen by then is kept.
    pub stop: CancellationToken,
}

/// Why nothing could be collected at all.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The network cannot be used as it was asked for.
    #[error("{0}")]
    Network(String),
    /// An observation cannot be written.
    #[error("an observation cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// What was gathered, and what went wrong on the way.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The observations, each with its digest.
    pub observations: Vec<Observation>,
    /// What people should know about, one sentence each.
    pub complaints: Vec<String>,
}

/// Gathers everything that the policy needs: its statements, imported files, and the answers of its
/// systems. `folder` is where the policy lies; files are found from there.
///
/// # Errors
///
/// Where the network cannot be used as asked for. What single systems refuse is no error but evidence.
pub fn gather(policy: &Policy, folder: &Path, options: &Options, around: &Surroundings) -> Result<Gathered, Trouble> {
    let now = around.clock.now();
    let mut gathered = Gathered::default();
    if options.lists_of.is_none() {
        gathered.observations = stated::statements(policy)?;
        import::read_all(policy, folder, now, &options.only, &mut gathered)?;
        for (id, system) in &policy.document().systems.0 {
            if let Some(observation) = not_asked(policy, &id.value, system, options, now)? {
                gathered.observations.push(observation);
            }
        }
    }
    if !options.offline && asks_any(policy, &options.only) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Trouble::Network(format!("the network cannot be used: {error}")))?;
        let run = runtime.block_on(async { run::Run::new(policy, options, around) }).map_err(Trouble::Network)?;
        let outcome = runtime.block_on(run.all(&mut gathered));
        // A name or a folder that never answers must not keep what was seen from being written.
        runtime.shutdown_background();
        outcome?;
    }
    Ok(gathered)
}

/// Returns whether the policy makes this version ask any system anything.
fn asks_any(policy: &Policy, only: &[NamePattern]) -> bool {
    let document = policy.document();
    let lists = document
        .systems
        .0
        .iter()
        .any(|(id, system)| plan::can_list(system.kind()) && plan::needs_list(policy, id, system, only));
    lists
        || document
            .assets
            .iter()
            .any(|asset| asset.copies.known().into_iter().flatten().any(|copy| plan::can_ask(copy.method())))
}

/// Returns what is not asked of a system and why; `None` where everything is.
fn not_asked(
    policy: &Policy,
    id: &str,
    system: &System,
    options: &Options,
    now: Instant,
) -> Result<Option<Observation>, serde_json::Error> {
    let questions = if options.offline { questions(policy, id, system, options) } else { Vec::new() };
    if questions.is_empty() {
        return Ok(None);
    }
    let what = format!("not asked (--offline): {}", questions.join(", ")).into();
    let fact = Unseen { fact: None, reason: UnseenReason::Offline, what };
    let mut observation = Observation::new(Fact::Unseen(fact), now);
    observation.system = Some(id.into());
    observation.source_mut().tool = Some(concat!("lastgood ", env!("CARGO_PKG_VERSION")).into());
    observation.seal().map(Some)
}

/// Returns what the policy makes the audit ask of a system, in words.
fn questions(policy: &Policy, id: &str, system: &System, options: &Options) -> Vec<String> {
    let mut questions = Vec::new();
    if let Some(kind) = system.kind().lists()
        && plan::needs_list(policy, id, system, &options.only)
    {
        questions.push(format!("its list, each {kind}"));
    }
    let copies = policy
        .document()
        .assets
        .iter()
        .filter(|asset| options.only.is_empty() || asset.each.is_some() || plan::wanted(&options.only, &asset.id.0))
        .flat_map(|asset| asset.copies.known().into_iter().flatten())
        .filter(|copy| copy.asked() == Some(id))
        .filter(|copy| plan::asks(copy.method()))
        .count();
    if copies > 0 {
        questions.push(if copies == 1 { "1 copy".to_owned() } else { format!("{copies} copies") });
    }
    questions
}
