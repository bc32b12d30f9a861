//! Steps: whether one step of a run succeeded, for a run may succeed without making its backup.
//!
//! Which runs are looked into is left to `workflow`.

use serde::Deserialize;

use super::Github;
use super::repository::Repository;
use super::rest::Maybe;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How many pages of jobs are read: 500 jobs.
const MOST_PAGES: usize = 5;

/// Reads a page of `GET /repos/{owner}/{name}/actions/runs/{id}/jobs`: how many jobs it has, and how
/// often the step named `step` succeeded in them.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no such JSON object, or a job cannot be read.
pub fn page(answer: &Answer, step: &str) -> Result<(usize, usize), Miss> {
    #[derive(Deserialize)]
    struct Body {
        jobs: Vec<Maybe<Job>>,
    }
    #[derive(Deserialize)]
    struct Job {
        // Of a job that has not begun there may be none.
        steps: Option<Vec<Step>>,
    }
    #[derive(Deserialize)]
    struct Step {
        name: String,
        conclusion: Option<String>,
    }
    let body: Body = answer.json()?;
    let mut succeeded = 0;
    for job in &body.jobs {
        let Maybe::Is(job) = job else {
            return Err(answer.miss(UnseenReason::Unreadable, format!("{}: a job cannot be read", answer.request())));
        };
        let steps = job.steps.iter().flatten();
        succeeded += steps.filter(|found| found.name == step && found.conclusion.as_deref() == Some("success")).count();
    }
    Ok((body.jobs.len(), succeeded))
}

impl Github {
    /// Returns whether the step named `step` succeeded in some job of a run's latest attempt.
    ///
    /// # Errors
    ///
    /// Where that was not seen.
    pub(super) async fn step_succeeded(&self, repository: &Repository, run: u64, step: &str) -> Result<bool, Miss> {
        let run = run.to_string();
        let segments = ["repos", &repository.owner, &repository.name, "actions", "runs", &run, "jobs"];
        let first = self.get(&self.base.path(&segments, &[("filter", "latest"), ("per_page", "100")])).await?;
        let mut succeeded = 0;
        let walk = self
            .walk(first, MOST_PAGES, |answer| {
                let (jobs, found) = page(answer, step)?;
                succeeded += found;
                Ok(jobs)
            })
            .await?;
        match walk.cut {
            Some(miss) if succeeded == 0 => Err(miss),
            _ => Ok(succeeded > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::answer;

    #[test]
    fn a_step_counts_where_it_succeeded_under_its_own_name() {
        let body = r#"{"total_count":2,"jobs":[
            {"name":"a","steps":[{"name":"Set up","conclusion":"success"},{"name":"Upload","conclusion":"skipped"}]},
            {"name":"b","steps":[{"name":"Upload","conclusion":null},{"name":"Upload","conclusion":"success"}]},
            {"name":"c","steps":null},{"name":"d"}]}"#;
        let found = |step| page(&answer(200, &[], body), step).unwrap();
        assert_eq!(found("Upload"), (4, 1));
        assert_eq!(found("upload"), (4, 0));
        assert_eq!(found("Set up").1, 1);
        assert!(page(&answer(200, &[], r#"{"jobs":[null]}"#), "Upload").is_err());
        assert!(page(&answer(200, &[], "{}"), "Upload").is_err());
    }
}
