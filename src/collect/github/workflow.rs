//! `workflow`: a GitHub Actions workflow that makes a copy; each successful run is a recovery point.
//!
//! Tells whether the workflow is enabled, when it shall run, how it ran, and what it made. Whether that
//! is often enough is left to the judge.

use chrono::{SecondsFormat, TimeDelta};
use futures_util::future::try_join_all;
use serde::Deserialize;

use super::Github;
use super::repository::Repository;
use super::runs::{self, Run};
use super::triggers::{self, Triggers};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::plan::filled;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{self, Dialect, Fact, Point, RecoveryPoints, RunOutcome, Runs, Schedule};
use crate::model::time::Instant;
use crate::model::{Grade, UnseenReason};
use crate::policy::document;

/// How far back runs are looked for: GitHub deletes logs and artifacts after 90 days where nobody says
/// otherwise (docs.github.com, "Usage limits").
const WINDOW: TimeDelta = TimeDelta::days(90);

/// How many runs a filtered list has at most (docs.github.com, "List workflow runs").
const MOST_RUNS: usize = 1_000;

/// How many successful runs are looked into for a step.
const MOST_LOOKS: usize = 30;

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Workflow {
    /// Its number.
    pub id: u64,
    /// `active`, or why it does not run: `disabled_inactivity`, `disabled_manually`, `deleted` …
    pub state: Box<str>,
    /// The path of its file.
    pub path: String,
}

/// Reads `GET /repos/{owner}/{name}/actions/workflows/{workflow}`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no workflow.
pub fn workflow(answer: &Answer) -> Result<Workflow, Miss> {
    let workflow: Workflow = answer.json()?;
    if workflow.state.is_empty() {
        let what = format!("{} answered without the workflow's state", answer.request());
        return Err(answer.miss(UnseenReason::Unreadable, what));
    }
    Ok(workflow)
}

/// The fields of a copy with the item's name in them.
struct Wanted {
    branch: Option<String>,
    event: Option<String>,
    step: Option<String>,
}

/// Runs that were listed.
struct Listed {
    /// Newest first.
    runs: Vec<Run>,
    /// Since when the list is whole.
    from: Instant,
    told: Told,
    misses: Vec<Miss>,
}

impl Github {
    /// Looks at a copy's workflow: its schedule, its runs since `since` or the last 90 days, whichever
    /// is less, and the recovery points that the successful ones made, or the newest one ever where
    /// there are none. `item` takes the place of `{name}` in its fields. With a `step`, a run in which
    /// that step did not succeed counts as failed.
    ///
    /// # Errors
    ///
    /// Where nothing was seen.
    pub async fn workflow(
        &self,
        copy: &document::Workflow,
        item: Option<&str>,
        since: Instant,
    ) -> Result<Vec<Told>, Miss> {
        self.workflow_of(copy, item, since).await.map_err(|miss| self.scrubbed(miss))
    }

    async fn workflow_of(
        &self,
        copy: &document::Workflow,
        item: Option<&str>,
        since: Instant,
    ) -> Result<Vec<Told>, Miss> {
        let field = |field: Option<&str>| field.map(|text| filled(text, item)).transpose();
        let wanted = Wanted {
            branch: field(copy.branch.as_ref().map(|branch| branch.value.as_str()))?,
            event: field(copy.event.as_ref().map(|event| event.value.as_str()))?,
            step: field(copy.step.as_ref().map(|step| step.value.as_str()))?,
        };
        // A path is taken too: GitHub knows a workflow by the name of its file.
        let file = filled(&copy.workflow.value, item)?;
        let file = file.rsplit('/').next().unwrap_or_default();
        let repository = self.repository(&copy.repository.value, item).await?;
        let segments = ["repos", &repository.owner, &repository.name, "actions", "workflows", file];
        let answer = self.get(&self.base.path(&segments, &[])).await?;
        let workflow = workflow(&answer)?;
        let mut told = vec![self.schedule(&repository, &workflow, &answer).await];
        match self.runs(&repository, &workflow, &wanted, since).await {
            Ok(listed) => told.extend(self.tell(&repository, &workflow, &wanted, listed).await),
            Err(miss) => {
                let miss = self.scrubbed(miss);
                told.push(Told::unseen(miss.clone(), Question::Runs, answer.asked_at));
                told.push(Told::unseen(miss, Question::RecoveryPoints, answer.asked_at));
            }
        }
        Ok(told)
    }

    /// Tells of the workflow's schedule, or that it was not seen.
    async fn schedule(&self, repository: &Repository, workflow: &Workflow, answer: &Answer) -> Told {
        let disabled = (&*workflow.state != "active").then(|| workflow.state.clone());
        let read = self.triggers(repository, workflow, answer).await;
        let schedule = |expressions: Vec<Box<str>>, source: &Answer| {
            let fact = Schedule { dialect: Dialect::Cron, disabled: disabled.clone(), expressions, hidden: None };
            Told::by(Fact::Schedule(fact), source)
        };
        match read {
            Ok((triggers, _)) if disabled.is_some() => schedule(triggers.crons, answer),
            // It does not run, whatever its file says.
            Err(_) if disabled.is_some() => schedule(Vec::new(), answer),
            Ok((triggers, file)) if triggers.is_odd => {
                let what = format!("{}: a schedule in it cannot be read", file.request());
                Told::unseen(file.miss(UnseenReason::Unreadable, what), Question::Schedule, answer.asked_at)
            }
            Ok((triggers, file)) if triggers.crons.is_empty() && triggers.is_started_by_events() => {
                let events = triggers.events.join(", ");
                let what = format!("{}: it has no schedule; what starts it is {events}", file.request());
                Told::unseen(file.miss(UnseenReason::Unreadable, what), Question::Schedule, answer.asked_at)
            }
            Ok((triggers, file)) => schedule(triggers.crons, &file),
            Err(miss) => Told::unseen(self.scrubbed(miss), Question::Schedule, answer.asked_at),
        }
    }

    /// Reads the workflow's file, on the default branch: only there schedules count.
    async fn triggers(
        &self,
        repository: &Repository,
        workflow: &Workflow,
        answer: &Answer,
    ) -> Result<(Triggers, Answer), Miss> {
        let path = workflow.path.split('@').next().unwrap_or_default();
        if !path.starts_with(".github/workflows/") {
            let what = format!("{}: the workflow has no file in the repository", answer.request());
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
        let segments: Vec<&str> =
            ["repos", &repository.owner, &repository.name, "contents"].into_iter().chain(path.split('/')).collect();
        let file = self.get(&self.base.path(&segments, &[])).await?;
        Ok((triggers::of_contents(&file)?, file))
    }

    /// Returns the path of a list of runs with the copy's own filters and `more`.
    fn runs_path(
        &self,
        repository: &Repository,
        workflow: &Workflow,
        wanted: &Wanted,
        more: &[(&str, &str)],
    ) -> String {
        let number = workflow.id.to_string();
        let segments = ["repos", &repository.owner, &repository.name, "actions", "workflows", &number, "runs"];
        let mut query = more.to_vec();
        query.extend(wanted.branch.as_deref().map(|branch| ("branch", branch)));
        query.extend(wanted.event.as_deref().map(|event| ("event", event)));
        self.base.path(&segments, &query)
    }

    /// Lists the runs of the window.
    async fn runs(
        &self,
        repository: &Repository,
        workflow: &Workflow,
        wanted: &Wanted,
        since: Instant,
    ) -> Result<Listed, Miss> {
        let from = since.max(self.now() - WINDOW);
        let created = format!(">={}", from.to_rfc3339_opts(SecondsFormat::Secs, true));
        let path = self.runs_path(repository, workflow, wanted, &[("created", &created), ("per_page", "100")]);
        let (mut found, mut unread, mut total) = (Vec::<Run>::new(), 0, None);
        let walk = self
            .walk(self.get(&path).await?, MOST_RUNS / 100, |answer| {
                let page = runs::page(answer)?;
                let before = found.len();
                // A run that starts while the pages are read pushes others onto the next one.
                for run in page.runs {
                    if found.iter().all(|known| known.id != run.id) {
                        found.push(run);
                    }
                }
                unread += page.unread;
                total = page.total.or(total);
                Ok(found.len() - before + page.unread)
            })
            .await?;
        // What follows cuts off the oldest, whatever the order they came in.
        found.sort_by_key(|run| std::cmp::Reverse(run.created_at));
        let told = walk.told(Fact::Runs(Runs { complete: true, from, runs: Vec::new() }));
        let mut listed = Listed { runs: found, from, told, misses: Vec::new() };
        if unread > 0 {
            listed.misses.push(Miss::unreadable(format!("{unread} runs of the workflow cannot be read")));
        }
        let too_many = listed.runs.len() >= MOST_RUNS || total.is_some_and(|total| total > MOST_RUNS as u64);
        match walk.cut {
            // The list ends where GitHub ends it: what is newer than its last run is all there.
            _ if too_many && listed.runs.len() >= MOST_RUNS => listed.cut(MOST_RUNS - 1),
            Some(miss) => listed.misses.push(miss),
            None if total
                .is_some_and(|total| (listed.runs.len() + unread) < usize::try_from(total).unwrap_or(usize::MAX)) =>
            {
                let what =
                    format!("{} runs were listed, and GitHub counts {}", listed.runs.len(), total.unwrap_or_default());
                listed.misses.push(Miss::new(UnseenReason::Truncated, what));
            }
            None => {}
        }
        Ok(listed)
    }

    /// Makes facts of the runs that were listed.
    async fn tell(
        &self,
        repository: &Repository,
        workflow: &Workflow,
        wanted: &Wanted,
        mut listed: Listed,
    ) -> Vec<Told> {
        if let Some(step) = &wanted.step
            && let Err(miss) = self.look_into(repository, step, &mut listed).await
        {
            let (miss, at) = (self.scrubbed(miss), listed.told.observed_at);
            return vec![
                Told::unseen(miss.clone(), Question::Runs, at),
                Told::unseen(miss, Question::RecoveryPoints, at),
            ];
        }
        let mut points = points(&listed.runs);
        if points.is_empty() && listed.misses.is_empty() {
            match self.newest_success(repository, workflow, wanted).await {
                Ok(found) => points.extend(found),
                Err(miss) => listed.misses.push(miss),
            }
        }
        let Listed { runs, from, told, misses } = listed;
        let complete = misses.is_empty();
        let as_told = |fact| Told { fact, ..told.clone() };
        let runs = runs.iter().map(|run| evidence::Run { outcome: run.outcome, started_at: run.started_at }).collect();
        let mut all = vec![
            as_told(Fact::Runs(Runs { complete, from, runs })),
            as_told(Fact::RecoveryPoints(RecoveryPoints {
                complete,
                from: Some(from),
                grade: Grade::Reported,
                kept_from: None,
                points,
            })),
        ];
        for miss in misses {
            let miss = self.scrubbed(miss);
            all.push(Told::unseen(miss, Question::RecoveryPoints, told.observed_at));
        }
        all
    }

    /// Asks of the newest successful runs whether the step succeeded; those without are failures. The
    /// list ends before the first run that was not looked into.
    async fn look_into(&self, repository: &Repository, step: &str, listed: &mut Listed) -> Result<(), Miss> {
        let mut successes = listed.runs.iter().enumerate().filter(|(_, run)| run.outcome == RunOutcome::Success);
        let asked: Vec<(usize, u64)> =
            successes.by_ref().take(MOST_LOOKS).map(|(position, run)| (position, run.id)).collect();
        let beyond = successes.next().map(|(position, _)| position);
        let looks = asked.iter().map(|(_, run)| self.step_succeeded(repository, *run, step));
        for ((position, _), succeeded) in asked.iter().zip(try_join_all(looks).await?) {
            if let Some(run) = listed.runs.get_mut(*position).filter(|_| !succeeded) {
                run.outcome = RunOutcome::Failure;
            }
        }
        if let Some(position) = beyond {
            listed.cut(position);
        }
        Ok(())
    }

    /// Returns the recovery point of the newest successful run of all, however old.
    async fn newest_success(
        &self,
        repository: &Repository,
        workflow: &Workflow,
        wanted: &Wanted,
    ) -> Result<Vec<Point>, Miss> {
        let path = self.runs_path(repository, workflow, wanted, &[("status", "success"), ("per_page", "1")]);
        let mut page = runs::page(&self.get(&path).await?)?;
        page.runs.truncate(1);
        if let (Some(step), Some(run)) = (&wanted.step, page.runs.first_mut())
            && !self.step_succeeded(repository, run.id, step).await?
        {
            run.outcome = RunOutcome::Failure;
        }
        Ok(points(&page.runs))
    }
}

impl Listed {
    /// Drops the runs from `position` on: the list is whole only since what is newer.
    fn cut(&mut self, position: usize) {
        if let Some(last) = self.runs.get(position) {
            // Others may have been queued in the same second.
            self.from = self.from.max(last.created_at + TimeDelta::seconds(1));
        }
        self.runs.truncate(position);
        let from = self.from;
        self.runs.retain(|run| run.created_at >= from);
    }
}

/// Returns the recovery points that successful runs made, oldest first: the state of when the run
/// started, usable when it ended.
fn points(runs: &[Run]) -> Vec<Point> {
    let mut points: Vec<Point> = runs
        .iter()
        .filter(|run| run.outcome == RunOutcome::Success)
        .map(|run| Point {
            available_at: run.updated_at.filter(|at| *at > run.started_at),
            bytes: None,
            captured_at: run.started_at,
            digest: None,
            items: None,
            location: Some(Box::new(format!("run {}", run.id).into())),
        })
        .collect();
    points.sort_by_key(|point| point.captured_at);
    points
}

#[cfg(test)]
mod tests;
