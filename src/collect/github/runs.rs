//! Runs of a workflow, as GitHub tells of them: when they started, and how they ended.
//!
//! Shapes alone; which runs are asked for is left to `workflow`, single steps to `steps`.

use serde::Deserialize;

use super::instant;
use super::rest::Maybe;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::evidence::RunOutcome;
use crate::model::time::Instant;

/// One run of a workflow, in its latest attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// When it was first queued, UTC; the same in all attempts.
    pub created_at: Instant,
    /// When this attempt started, UTC; when the run was queued where that is not told.
    pub started_at: Instant,
    /// When it last changed, UTC, which is not before it ended.
    pub updated_at: Option<Instant>,
}

/// One page of runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The runs, newest first.
    pub runs: Vec<Run>,
    /// How many entries could not be read.
    pub unread: usize,
    /// How many runs the whole list has, where the answer says so.
    pub total: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    id: u64,
    status: Option<String>,
    conclusion: Option<String>,
    created_at: String,
    run_started_at: Option<String>,
    updated_at: Option<String>,
}

/// Returns how a run ended. Only a completed one with the conclusion `success` succeeded; a skipped
/// one made nothing.
fn outcome(status: Option<&str>, conclusion: Option<&str>) -> RunOutcome {
    match (status, conclusion) {
        (Some("completed") | None, Some("success")) => RunOutcome::Success,
        (Some("completed") | None, Some("neutral")) => RunOutcome::Unstable,
        (Some("completed") | None, Some(_)) => RunOutcome::Failure,
        _ => RunOutcome::Running,
    }
}

/// Reads a page of `GET /repos/{owner}/{name}/actions/workflows/{workflow}/runs`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no such JSON object.
pub fn page(answer: &Answer) -> Result<Page, Miss> {
    #[derive(Deserialize)]
    struct Body {
        total_count: Option<u64>,
        workflow_runs: Vec<Maybe<Entry>>,
    }
    let body: Body = answer.json()?;
    let mut page = Page { total: body.total_count, ..Page::default() };
    for entry in body.workflow_runs {
        let run = match entry {
            Maybe::Is(entry) => instant(Some(&entry.created_at)).map(|created_at| Run {
                id: entry.id,
                outcome: outcome(entry.status.as_deref(), entry.conclusion.as_deref()),
                created_at,
                started_at: instant(entry.run_started_at.as_deref()).unwrap_or(created_at),
                updated_at: instant(entry.updated_at.as_deref()),
            }),
            Maybe::Not => None,
        };
        match run {
            Some(run) => page.runs.push(run),
            None => page.unread += 1,
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::answer;

    #[test]
    fn only_a_completed_success_is_one() {
        assert_eq!(outcome(Some("completed"), Some("success")), RunOutcome::Success);
        for conclusion in
            ["failure", "cancelled", "timed_out", "startup_failure", "skipped", "stale", "action_required"]
        {
            assert_eq!(outcome(Some("completed"), Some(conclusion)), RunOutcome::Failure, "{conclusion}");
        }
        for status in ["queued", "in_progress", "waiting", "requested", "pending"] {
            assert_eq!(outcome(Some(status), None), RunOutcome::Running, "{status}");
        }
        assert_eq!(outcome(Some("in_progress"), Some("success")), RunOutcome::Running, "it is run again");
        assert_eq!(outcome(None, None), RunOutcome::Running);
        assert_eq!(outcome(None, Some("success")), RunOutcome::Success);
    }

    #[test]
    fn a_run_without_a_time_is_counted_and_not_guessed() {
        let body = r#"{"total_count":2,"workflow_runs":[{"id":1,"status":"completed","conclusion":"success","created_at":null},
            {"id":2,"status":"completed","conclusion":"success","created_at":"2026-11-25T03:00:00Z"}]}"#;
        let page = page(&answer(200, &[], body)).unwrap();
        assert_eq!((page.runs.len(), page.unread, page.total), (1, 1, Some(2)));
        assert_eq!(page.runs[0].started_at, page.runs[0].created_at, "the attempt's own start is not told");
        assert!(super::page(&answer(200, &[], r#"{"total_count":2}"#)).is_err());
    }
}
