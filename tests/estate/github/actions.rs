//! Workflows, their runs, and the jobs of a run.
//!
//! What a run proves is for the audit to say.

use axum::response::Response;
use chrono::{FixedOffset, TimeDelta};
use http::StatusCode;
use lastgood::model::Instant;
use serde_json::{Value, json};

use super::super::truth::{Repository, Run, Workflow};
use super::pages::{beside, page};
use super::{GitHub, Question, failure, success, time};

/// How many runs GitHub shows of a search, however many there are.
const CAP: usize = 1_000;

/// One run, and the workflow that it is of.
struct Ran<'a> {
    id: u64,
    workflow_id: u64,
    workflow: &'a Workflow,
    at: Instant,
    run: Run,
    number: usize,
}

impl GitHub {
    /// `GET /repos/{owner}/{repo}/actions/…`.
    pub fn actions(&self, question: &Question<'_>, repository: &Repository, rest: &[&str]) -> Response {
        let not_found = || failure(StatusCode::NOT_FOUND, "Not Found");
        let place = format!("/repositories/{}/actions", repository.id);
        let workflows: Vec<(u64, &Workflow)> = (repository.id * 100..).zip(&repository.workflows).collect();
        let find = |name: &str| {
            workflows.iter().find(|(id, workflow)| workflow.file == name || id.to_string() == name).copied()
        };
        match rest {
            ["workflows"] => {
                let fields = beside([("total_count", workflows.len().into())]);
                page(
                    question,
                    &format!("{place}/workflows"),
                    &workflows,
                    Some(("workflows", fields)),
                    |(id, workflow)| self.workflow(question, repository, *id, workflow),
                )
            }
            ["workflows", name] => match find(name) {
                Some((id, workflow)) => success(&self.workflow(question, repository, id, workflow)),
                None => not_found(),
            },
            ["workflows", name, "runs"] => match find(name) {
                Some(found) => {
                    self.runs(question, repository, &format!("{place}/workflows/{}/runs", found.0), &[found])
                }
                None => not_found(),
            },
            ["runs"] => self.runs(question, repository, &format!("{place}/runs"), &workflows),
            ["runs", id, "jobs"] => {
                let ran = workflows.iter().flat_map(|found| self.ran(*found)).find(|ran| ran.id.to_string() == *id);
                ran.map_or_else(not_found, |ran| jobs(question, &format!("{place}/runs/{id}/jobs"), &ran))
            }
            _ => not_found(),
        }
    }

    fn workflow(&self, question: &Question<'_>, repository: &Repository, id: u64, workflow: &Workflow) -> Value {
        let url = format!("{}/repos/{}/{}", question.base, self.truth.owner(repository), repository.name);
        let created = time(repository.created.seen_from(self.now));
        json!({
            "id": id, "node_id": format!("W_{id}"), "name": workflow.file, "state": workflow.state,
            "path": format!(".github/workflows/{}", workflow.file), "created_at": created, "updated_at": created,
            "url": format!("{url}/actions/workflows/{id}"), "badge_url": format!("{url}/actions/workflows/{id}/badge.svg"),
            "html_url": format!("{url}/blob/{}/.github/workflows/{}", repository.branch, workflow.file),
        })
    }

    fn ran<'a>(&self, (workflow_id, workflow): (u64, &'a Workflow)) -> Vec<Ran<'a>> {
        let runs = workflow.all_runs(self.now);
        let count = runs.len();
        let number = |nth: usize| count - nth;
        runs.into_iter()
            .enumerate()
            .map(|(nth, (at, run))| {
                let id = workflow_id * 100_000 + u64::try_from(number(nth)).expect("few runs");
                Ran { id, workflow_id, workflow, at, run, number: number(nth) }
            })
            .collect()
    }

    fn runs(
        &self,
        question: &Question<'_>,
        repository: &Repository,
        place: &str,
        workflows: &[(u64, &Workflow)],
    ) -> Response {
        let mut runs: Vec<Ran<'_>> = workflows.iter().flat_map(|found| self.ran(*found)).collect();
        runs.sort_by_key(|ran| std::cmp::Reverse(ran.at));
        let is = |name: &str, value: &str| question.parameter(name).is_none_or(|asked| asked == value);
        runs.retain(|ran| {
            let state = if ran.run.conclusion.is_some() { "completed" } else { "in_progress" };
            let conclusion = ran.run.conclusion.as_deref().unwrap_or_default();
            let status = question.parameter("status").is_none_or(|asked| asked == state || asked == conclusion);
            let branch = ran.run.branch.as_deref().unwrap_or(&repository.branch);
            let created = question.parameter("created").is_none_or(|range| is_within(range, ran.at));
            status && created && is("event", &ran.run.event) && is("branch", branch)
        });
        let fields = beside([("total_count", runs.len().into())]);
        // Searches show no more than the first of them, though they count all.
        if ["status", "event", "branch", "created"].iter().any(|name| question.parameter(name).is_some()) {
            runs.truncate(CAP);
        }
        page(question, place, &runs, Some(("workflow_runs", fields)), |ran| self.run(question, repository, ran))
    }

    fn run(&self, question: &Question<'_>, repository: &Repository, ran: &Ran<'_>) -> Value {
        let url = format!("{}/repos/{}/{}", question.base, self.truth.owner(repository), repository.name);
        let (id, run) = (ran.id, &ran.run);
        let status = if run.conclusion.is_some() { "completed" } else { "in_progress" };
        let head = self.head(repository, &repository.branch).map(|commit| commit.sha).unwrap_or_default();
        let person = json!({ "name": "Author", "email": "author@example.org" });
        json!({
            "id": id, "node_id": format!("WFR_{id}"), "name": ran.workflow.file, "display_title": ran.workflow.file,
            "head_branch": run.branch.as_ref().unwrap_or(&repository.branch), "head_sha": head,
            "path": format!(".github/workflows/{}", ran.workflow.file), "run_number": ran.number, "run_attempt": 1,
            "event": run.event, "status": status, "conclusion": run.conclusion, "workflow_id": ran.workflow_id,
            "check_suite_id": id, "check_suite_node_id": format!("CS_{id}"), "pull_requests": [],
            "url": format!("{url}/actions/runs/{id}"), "html_url": format!("{url}/actions/runs/{id}"),
            "created_at": time(ran.at), "run_started_at": time(ran.at),
            "updated_at": time(ran.at + TimeDelta::seconds(run.seconds)),
            "jobs_url": format!("{url}/actions/runs/{id}/jobs"), "logs_url": format!("{url}/actions/runs/{id}/logs"),
            "check_suite_url": format!("{url}/check-suites/{id}"), "artifacts_url": format!("{url}/actions/runs/{id}/artifacts"),
            "cancel_url": format!("{url}/actions/runs/{id}/cancel"), "rerun_url": format!("{url}/actions/runs/{id}/rerun"),
            "head_commit": { "id": head, "tree_id": head, "message": "", "timestamp": time(ran.at), "author": person, "committer": person }, "previous_attempt_url": null, "referenced_workflows": [],
            "workflow_url": format!("{url}/actions/workflows/{}", ran.workflow_id),
            "repository": self.shown(question, repository),
        })
    }
}

/// Returns the file of a workflow; `None` where `path` is none.
pub fn workflow_file(repository: &Repository, path: &str) -> Option<String> {
    let file = path.strip_prefix(".github/workflows/")?;
    let workflow = repository.workflows.iter().find(|workflow| workflow.file == file)?;
    let trigger = match &workflow.cron {
        Some(cron) => format!("  schedule:\n    - cron: '{cron}'\n"),
        None => "  push:\n".to_owned(),
    };
    Some(format!("name: {}\non:\n{trigger}jobs:\n  work:\n    runs-on: ubuntu-latest\n    steps: []\n", workflow.file))
}

/// Returns the jobs of a run: one, with the steps that the truth names. Steps tell their times with an
/// offset, unlike everything else.
fn jobs(question: &Question<'_>, place: &str, ran: &Ran<'_>) -> Response {
    let end = ran.at + TimeDelta::seconds(ran.run.seconds);
    let status = if ran.run.conclusion.is_some() { "completed" } else { "in_progress" };
    let offset = FixedOffset::east_opt(2 * 3_600).expect("two hours");
    let local = |at: Instant| at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
    let steps: Vec<Value> = (1..)
        .zip(&ran.run.steps)
        .map(|(number, (name, conclusion))| {
            json!({ "name": name, "status": "completed", "conclusion": conclusion, "number": number,
                "started_at": local(ran.at), "completed_at": local(end) })
        })
        .collect();
    let job = json!({
        "id": ran.id * 10, "run_id": ran.id, "run_attempt": 1, "name": "work", "status": status,
        "conclusion": ran.run.conclusion, "started_at": time(ran.at),
        "completed_at": ran.run.conclusion.as_ref().map(|_| time(end)), "steps": steps, "labels": ["ubuntu-latest"],
        "workflow_name": ran.workflow.file,
    });
    let fields = beside([("total_count", 1.into())]);
    page(question, place, &[job], Some(("jobs", fields)), Clone::clone)
}

/// Returns whether `at` is within a range as GitHub's searches write it: `>=T`, `<=T`, `>T`, `<T`, `T..T`, a date.
fn is_within(range: &str, at: Instant) -> bool {
    use lastgood::model::time::parse_instant;
    // A date without time includes its whole day at the end of a range.
    let end = |text: &str| parse_instant(text).map(|end| if text.len() == 10 { end + TimeDelta::days(1) } else { end });
    if let Some((from, to)) = range.split_once("..") {
        let from = from == "*" || parse_instant(from).is_some_and(|from| at >= from);
        let to = to == "*" || end(to).is_some_and(|to| at <= to);
        return from && to;
    }
    if let Some(from) = range.strip_prefix(">=") {
        return parse_instant(from).is_some_and(|from| at >= from);
    }
    if let Some(to) = range.strip_prefix("<=") {
        return end(to).is_some_and(|to| at <= to);
    }
    if let Some(from) = range.strip_prefix('>') {
        return parse_instant(from).is_some_and(|from| at > from);
    }
    if let Some(to) = range.strip_prefix('<') {
        return parse_instant(to).is_some_and(|to| at < to);
    }
    parse_instant(range).is_some_and(|day| at >= day && at < day + TimeDelta::days(1))
}
