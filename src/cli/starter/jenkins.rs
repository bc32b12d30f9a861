//! A first policy for a Jenkins controller.
//!
//! What all first policies have is left to `starter`.

use super::{Seen, scalar};
use crate::policy::values::DefinedIn;

/// A Jenkins controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Controller {
    /// Its address, with its context path.
    pub(in crate::cli) url: String,
}

impl Controller {
    /// Returns the system, as a line of a policy.
    pub(super) fn system(&self, more: &str) -> String {
        format!("jenkins: {{ kind: jenkins, url: {}{more} }}", scalar(&self.url))
    }

    /// Returns what was seen in a sentence.
    pub(super) fn counted(seen: &Seen<'_>) -> String {
        let [here, scm, generated, unknown] = counts(seen);
        format!(
            "Jobs: {} in all; defined only in Jenkins {here}, in repositories {scm}, by tools or other jobs {generated}, unknown {unknown}.",
            seen.items.len()
        )
    }

    /// Returns the assets, as entries of a policy.
    pub(super) fn assets(seen: &Seen<'_>) -> String {
        let [here, scm, generated, unknown] = counts(seen);
        format!(
            "  - id: controller\n    section: Infrastructure / Jenkins\n    title: The controller, with its settings, credentials and builds\n    lives_in: jenkins\n    facets: [config, secrets, builds]\n    objective: live\n    owner: unknown              # a squad, a committee; not one person\n    copies: unknown             # a list of copies, or [] where there is none; for example:\n    # copies:\n    #   - {{ id: commits, in: github, by: commits, repository: OWNER/NAME, path: jenkins }}\n    #   - {{ id: job, in: bucket, runs_in: jenkins, by: build, job: FOLDER/JOB }}\n\
             \x20 - id: jobs\n    section: Infrastructure / Jenkins\n    title: Jobs that are defined only in Jenkins\n    lives_in: jenkins\n    each: job                   # {} today: {here} of them for certain\n    select: {{ defined_in: [jenkins, unknown] }}\n    objective: live\n    owner: unknown              # a squad, a committee; not one person\n    copies: [{{ id: controller, by: included, of: controller }}]\n\
             \x20 # The others are {scm} defined in repositories, which are assets where they live, and {generated} made by tools.\n",
            here + unknown
        )
    }
}

/// Returns how many jobs are defined only in Jenkins, in repositories, by others, and nobody knows where.
fn counts(seen: &Seen<'_>) -> [usize; 4] {
    let count = |wanted: &[Option<DefinedIn>]| seen.count(|item| wanted.contains(&item.defined_in));
    [
        count(&[Some(DefinedIn::Jenkins)]),
        count(&[Some(DefinedIn::Scm)]),
        count(&[Some(DefinedIn::Generated)]),
        count(&[Some(DefinedIn::Unknown), None]),
    ]
}
