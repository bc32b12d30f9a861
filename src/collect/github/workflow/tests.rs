//! Unit tests of workflows: schedules, runs, steps, and what a list of runs leaves out.
//!
//! Against a GitHub of one function; whole organisations are left to the integration tests.

use base64::Engine as _;

use super::*;
use crate::collect::github::fake::{Asked, Fake, Reply, copy, now, system};
use crate::policy::Copy;

fn run(id: u64, day: u32, conclusion: &str) -> String {
    format!(
        r#"{{"id":{id},"status":"completed","conclusion":"{conclusion}","created_at":"2026-11-{day:02}T03:00:00Z","run_started_at":"2026-11-{day:02}T03:01:00Z","updated_at":"2026-11-{day:02}T03:20:00Z"}}"#
    )
}

fn runs(runs: &[String]) -> Reply {
    (200, vec![], format!(r#"{{"total_count":{},"workflow_runs":[{}]}}"#, runs.len(), runs.join(",")))
}

/// Looks at a workflow in `state` whose file is `file`; everything else is as `reply` says.
async fn looked(
    fields: &str,
    state: &'static str,
    file: &'static str,
    reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Vec<Told> {
    let fake = Fake::start(move |asked| {
        let path = asked.path.strip_prefix("/api/v3/repos/o/r").unwrap();
        match path {
            "" => (200, vec![], r#"{"id":7,"name":"r","owner":{"login":"o"}}"#.to_owned()),
            "/actions/workflows/backup.yml" => {
                let body = format!(r#"{{"id":5,"state":"{state}","path":".github/workflows/backup.yml"}}"#);
                (200, vec![], body)
            }
            "/contents/.github/workflows/backup.yml" if file.is_empty() => (404, vec![], "{}".to_owned()),
            "/contents/.github/workflows/backup.yml" => {
                let content = base64::engine::general_purpose::STANDARD.encode(file);
                (200, vec![], format!(r#"{{"encoding":"base64","content":"{content}"}}"#))
            }
            _ => reply(asked),
        }
    })
    .await;
    let Copy::Workflow(copy) = copy_with(fields) else { panic!("another method") };
    fake.github(&system("")).workflow(&copy, None, now() - TimeDelta::days(400)).await.unwrap()
}

fn copy_with(fields: &str) -> Copy {
    copy(&format!("by: workflow, repository: r, workflow: backup.yml{fields}"))
}

fn schedule(told: &[Told]) -> Result<(Option<&str>, usize), &str> {
    match &told[0].fact {
        Fact::Schedule(schedule) => Ok((schedule.disabled.as_deref(), schedule.expressions.len())),
        Fact::Unseen(unseen) => Err(&unseen.what),
        other => panic!("{other:?}"),
    }
}

fn listed(told: &[Told]) -> (&Runs, &RecoveryPoints) {
    match (&told[1].fact, &told[2].fact) {
        (Fact::Runs(runs), Fact::RecoveryPoints(points)) => (runs, points),
        other => panic!("{other:?}"),
    }
}

const NIGHTLY: &str = "on: { schedule: [{ cron: '0 3 * * *' }] }";

#[tokio::test]
async fn schedules_are_told_with_the_workflows_own_state() {
    let none = |_: &Asked| runs(&[]);
    assert_eq!(schedule(&looked("", "active", NIGHTLY, none).await), Ok((None, 1)));
    let idle = looked("", "disabled_inactivity", NIGHTLY, none).await;
    assert_eq!(schedule(&idle), Ok((Some("disabled_inactivity"), 1)));
    let gone = looked("", "disabled_manually", "", none).await;
    assert_eq!(schedule(&gone), Ok((Some("disabled_manually"), 0)), "it does not run, whatever its file says");
    assert_eq!(schedule(&looked("", "active", "on: workflow_dispatch", none).await), Ok((None, 0)));
    assert!(schedule(&looked("", "active", "", none).await).is_err());
    let by_push = looked("", "active", "on: [push]", none).await;
    assert!(schedule(&by_push).unwrap_err().ends_with("what starts it is push"));
}

#[tokio::test]
async fn successful_runs_are_recovery_points_of_when_they_started() {
    let told = looked(", branch: main, event: schedule", "active", NIGHTLY, |asked| {
        assert!(asked.path.contains("/actions/workflows/5/runs?created=%3E%3D2026-08-27T12%3A00%3A00Z&per_page=100"));
        assert!(asked.path.ends_with("&branch=main&event=schedule"));
        runs(&[run(3, 24, "success"), run(2, 23, "failure"), run(1, 22, "success")])
    })
    .await;
    let (all, points) = listed(&told);
    assert_eq!(all.runs.len(), 3);
    assert!(all.complete && points.complete && points.grade == Grade::Reported);
    assert_eq!(all.from, now() - TimeDelta::days(90), "older runs may have been deleted");
    let times: Vec<(String, String)> = points
        .points
        .iter()
        .map(|point| (point.captured_at.to_string(), point.available_at.unwrap().to_string()))
        .collect();
    assert_eq!(times[1], ("2026-11-24 03:01:00 UTC".to_owned(), "2026-11-24 03:20:00 UTC".to_owned()));
    assert_eq!(times.len(), 2);
}

#[tokio::test]
async fn where_no_run_succeeded_the_newest_success_of_all_tells_the_age() {
    let told = looked("", "active", NIGHTLY, |asked| {
        if asked.path.contains("status=success") {
            runs(&[run(1, 1, "success").replace("2026-", "2025-")])
        } else {
            runs(&[run(2, 24, "failure")])
        }
    })
    .await;
    let (all, points) = listed(&told);
    assert_eq!(all.runs.len(), 1);
    assert_eq!(points.points[0].captured_at.to_string(), "2025-11-01 03:01:00 UTC");
    assert!(points.from.is_some_and(|from| from > points.points[0].captured_at));
}

#[tokio::test]
async fn a_success_without_its_step_is_none() {
    let told = looked(", step: Upload", "active", NIGHTLY, |asked| {
        if asked.path.contains("/jobs?") {
            let conclusion = if asked.path.contains("/runs/3/") { "success" } else { "skipped" };
            return (
                200,
                vec![],
                format!(r#"{{"jobs":[{{"steps":[{{"name":"Upload","conclusion":"{conclusion}"}}]}}]}}"#),
            );
        }
        runs(&[run(3, 24, "success"), run(2, 23, "success")])
    })
    .await;
    let (all, points) = listed(&told);
    assert_eq!(points.points.len(), 1);
    assert_eq!(all.runs[1].outcome, RunOutcome::Failure);
}

#[tokio::test]
async fn beyond_the_runs_that_were_looked_into_nothing_is_said() {
    let told = looked(", step: Upload", "active", NIGHTLY, |asked| {
        if asked.path.contains("/jobs?") {
            return (200, vec![], r#"{"jobs":[{"steps":[{"name":"Upload","conclusion":"success"}]}]}"#.to_owned());
        }
        let many: Vec<String> = (0..35)
            .map(|number| run(100 - number, 25, "success").replace("T03:", &format!("T{:02}:", 23 - number / 5)))
            .collect();
        runs(&many)
    })
    .await;
    let (all, points) = listed(&told);
    assert_eq!(points.points.len(), 30);
    assert_eq!(all.runs.len(), 30);
    assert_eq!(all.from.to_string(), "2026-11-25 17:00:01 UTC", "after the first run that was not looked into");
    assert_eq!(points.from, Some(all.from));
    assert!(all.complete);
}

#[tokio::test]
async fn what_was_not_listed_is_not_taken_for_nothing() {
    let told = looked("", "active", NIGHTLY, |_| (403, vec![], r#"{"message":"no"}"#.to_owned())).await;
    assert!(told[1..].iter().all(|told| matches!(told.fact, Fact::Unseen(_))) && told.len() == 3);
    let told = looked("", "active", NIGHTLY, |_| {
        (200, vec![], format!(r#"{{"total_count":9,"workflow_runs":[{}]}}"#, run(1, 24, "success")))
    })
    .await;
    let (all, points) = listed(&told);
    assert!(!all.complete && !points.complete && matches!(told[3].fact, Fact::Unseen(_)));
    let told = looked(", step: Upload", "active", NIGHTLY, |asked| {
        if asked.path.contains("/jobs?") { (404, vec![], "{}".to_owned()) } else { runs(&[run(1, 24, "success")]) }
    })
    .await;
    assert!(told[1..].iter().all(|told| matches!(told.fact, Fact::Unseen(_))), "nobody saw the step");
}

#[tokio::test]
async fn a_filtered_list_ends_at_a_thousand_runs_and_is_whole_since_its_last() {
    let told = looked("", "active", NIGHTLY, |asked| {
        let page: u64 = asked.path.rsplit("page=").next().unwrap().parse().unwrap_or(1);
        let page = if asked.path.contains("&page=") { page } else { 1 };
        let entries: Vec<String> = (0..100)
            .map(|number| {
                let back = i64::try_from((page - 1) * 100 + number).unwrap();
                let at = (now() - TimeDelta::minutes(back)).to_rfc3339_opts(SecondsFormat::Secs, true);
                let id = 9_999 - back;
                format!(r#"{{"id":{id},"status":"completed","conclusion":"success","created_at":"{at}"}}"#)
            })
            .collect();
        let body = format!(r#"{{"total_count":5000,"workflow_runs":[{}]}}"#, entries.join(","));
        let next = format!("</api/v3/repos/o/r/actions/workflows/5/runs?per_page=100&page={}>; rel=\"next\"", page + 1);
        (200, if page < 10 { vec![("link", next)] } else { vec![] }, body)
    })
    .await;
    let (all, _) = listed(&told);
    assert_eq!(all.runs.len(), 999);
    assert!(all.complete);
    assert_eq!(all.from, now() - TimeDelta::minutes(999) + TimeDelta::seconds(1));
}
