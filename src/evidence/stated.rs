//! Statements of the policy as observations, so that findings can point at them by digest.
//!
//! Whether a statement still counts is left to `judge`.

use super::fact::{Fact, Statement};
use super::observation::Observation;
use crate::model::time;
use crate::policy::{Copy, Policy};

/// Returns one observation for each statement in the policy, observed on the day it was made.
///
/// # Errors
///
/// Where a statement cannot be written as JSON, which none can cause.
pub fn statements(policy: &Policy) -> Result<Vec<Observation>, serde_json::Error> {
    let mut observations = Vec::new();
    for asset in &policy.document().assets {
        for copy in asset.copies.known().into_iter().flatten() {
            let Copy::Attestation(statement) = copy else { continue };
            let place = policy.place(&statement.statement.span);
            let mut observation = Observation::new(
                Fact::Statement(Statement {
                    by: statement.attested_by.value.as_str().into(),
                    reference: statement.reference.as_ref().map(|reference| reference.value.as_str().into()),
                    text: statement.statement.value.as_str().into(),
                }),
                time::start_of(statement.attested_on.0),
            );
            observation.asset = Some(asset.id.0.as_str().into());
            observation.copy = Some(copy.id().into());
            observation.source_mut().request = Some(format!("{}:{}", policy.name(), place.line).into());
            observations.push(observation.seal()?);
        }
    }
    Ok(observations)
}
