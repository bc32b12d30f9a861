//! Collecting: what is seen. Today: statements of the policy, and files that other tools wrote.
//!
//! Every system that the policy makes the audit ask, and that is not asked, is noted with the
//! reason, so that nothing reads as an empty answer. Judging is left to `judge`.

pub mod clock;
pub mod github;
pub mod http;
pub mod import;
pub mod miss;
pub mod secrets;
pub mod told;

use std::path::Path;

use crate::evidence::fact::{Fact, Unseen};
use crate::evidence::{Observation, stated};
use crate::model::time::Instant;
use crate::model::{Method, UnseenReason};
use crate::policy::{Policy, System};

/// What was gathered, and what went wrong on the way.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The observations, each with its digest.
    pub observations: Vec<Observation>,
    /// What people should know about, one sentence each.
    pub complaints: Vec<String>,
}

/// Gathers what needs no network. `folder` is where the policy lies; files are found from there.
///
/// # Errors
///
/// Where an observation cannot be written as JSON, which none can cause.
pub fn gather(policy: &Policy, folder: &Path, offline: bool, as_of: Instant) -> Result<Gathered, serde_json::Error> {
    let mut gathered = Gathered { observations: stated::statements(policy)?, complaints: Vec::new() };
    import::read_all(policy, folder, as_of, &mut gathered)?;
    for (id, system) in &policy.document().systems.0 {
        let questions = questions(policy, id, system);
        if questions.is_empty() {
            continue;
        }
        let why = if offline {
            "not asked (--offline)".to_owned()
        } else {
            format!("not asked: this version has no collector for {} systems", system.kind())
        };
        let fact = Unseen {
            fact: None,
            reason: UnseenReason::Offline,
            what: format!("{why}: {}", questions.join(", ")).into(),
        };
        let mut observation = Observation::new(Fact::Unseen(fact), as_of);
        observation.system = Some(id.value.as_str().into());
        observation.source_mut().tool = Some(concat!("lastgood ", env!("CARGO_PKG_VERSION")).into());
        gathered.observations.push(observation.seal()?);
    }
    Ok(gathered)
}

/// Returns what the policy makes the audit ask of a system, in words.
fn questions(policy: &Policy, id: &str, system: &System) -> Vec<String> {
    let assets = &policy.document().assets;
    let mut questions = Vec::new();
    let expands = assets.iter().any(|asset| asset.lives_in.value == id && asset.each.is_some());
    if let Some(kind) = system.kind().lists()
        && (expands || system.kind().must_be_declared())
    {
        questions.push(format!("its list, each {kind}"));
    }
    let copies = assets
        .iter()
        .flat_map(|asset| asset.copies.known().into_iter().flatten())
        .filter(|copy| copy.system().and_then(|place| place.known()).is_some_and(|place| place == id))
        .filter(|copy| asks(copy.method()))
        .count();
    if copies > 0 {
        questions.push(if copies == 1 { "1 copy".to_owned() } else { format!("{copies} copies") });
    }
    questions
}

/// Returns whether proof by `method` asks the system over a network.
const fn asks(method: Method) -> bool {
    !matches!(method, Method::Attestation | Method::Included | Method::Rebuild | Method::Import)
}
