//! Tests of `build`: which builds are recovery points, and how far a list that loses builds reaches. Reading one
//! answer is left to `builds`.

use std::fmt::Write as _;

use super::*;
use crate::collect::jenkins::fake::{Fake, Reply, copy, json, now, xml};
use crate::model::Count;
use crate::policy::Copy;
use chrono::TimeDelta;

const NIGHTLY: &str = "<project><triggers><hudson.triggers.TimerTrigger><spec>H 2 * * *</spec></hudson.triggers.TimerTrigger></triggers></project>";

fn ms(at: Instant) -> i64 {
    at.timestamp_millis()
}

/// Returns a build of that number, so many days ago.
fn made(number: u64, days: i64, result: &str) -> String {
    let at = ms(now() - TimeDelta::days(days));
    format!("{{\"number\":{number},\"timestamp\":{at},\"duration\":600000,\"building\":false,\"result\":\"{result}\"}}")
}

fn job(next: u64, builds: &[String]) -> String {
    format!("{{\"_class\":\"j\",\"disabled\":false,\"nextBuildNumber\":{next},\"allBuilds\":[{}]}}", builds.join(","))
}

struct Seen {
    schedule: Option<Schedule>,
    runs: Runs,
    points: RecoveryPoints,
    unseen: Vec<evidence::fact::Unseen>,
}

async fn looked_with(line: &str, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Result<Seen, Miss> {
    let fake = Fake::start(reply).await;
    let Copy::Build(build) = copy(line) else { panic!("another method") };
    let told = fake.jenkins("", &[]).build(&build, None, now() - TimeDelta::days(92)).await?;
    let runs = told.iter().find_map(|told| match &told.fact {
        Fact::Runs(runs) => Some(runs.clone()),
        _ => None,
    });
    let points = told.iter().find_map(|told| match &told.fact {
        Fact::RecoveryPoints(points) => Some(points.clone()),
        _ => None,
    });
    let schedule = told.iter().find_map(|told| match &told.fact {
        Fact::Schedule(schedule) => Some(schedule.clone()),
        _ => None,
    });
    let unseen = told.iter().filter_map(|told| match &told.fact {
        Fact::Unseen(unseen) => Some(unseen.clone()),
        _ => None,
    });
    Ok(Seen { schedule, runs: runs.unwrap(), points: points.unwrap(), unseen: unseen.collect() })
}

async fn looked(body: String) -> Seen {
    let reply = move |path: &str| if path.ends_with("config.xml") { xml(NIGHTLY) } else { json(&body) };
    looked_with("by: build, job: ops/backup", reply).await.unwrap()
}

#[tokio::test]
async fn stable_builds_are_recovery_points_and_unstable_ones_are_not() {
    let builds = [made(3, 1, "UNSTABLE"), made(2, 2, "SUCCESS"), made(1, 3, "FAILURE")];
    let seen = looked(job(4, &builds)).await;
    let [point] = &seen.points.points[..] else { panic!("{:?}", seen.points) };
    assert_eq!(point.captured_at, now() - TimeDelta::days(2));
    assert_eq!(point.available_at, Some(point.captured_at + TimeDelta::minutes(10)));
    assert!(seen.points.complete && seen.points.from.is_none(), "no build is missing");
    let outcomes: Vec<RunOutcome> = seen.runs.runs.iter().map(|run| run.outcome).collect();
    assert_eq!(outcomes, [RunOutcome::Failure, RunOutcome::Success, RunOutcome::Unstable]);
    assert_eq!(seen.schedule.unwrap().expressions, [Box::<str>::from("H 2 * * *")]);
}

#[tokio::test]
async fn what_was_before_a_build_that_is_gone_is_not_known() {
    // Number 3 is gone; number 1 is kept for ever.
    let builds = [made(5, 1, "SUCCESS"), made(4, 2, "SUCCESS"), made(1, 80, "SUCCESS")];
    let seen = looked(job(6, &builds)).await;
    let from = now() - TimeDelta::days(2);
    assert_eq!((seen.runs.complete, seen.runs.from), (true, from));
    assert_eq!((seen.points.from, seen.points.kept_from), (Some(from), Some(from)));
    assert_eq!(seen.points.points.len(), 3, "what is still there is there");
    let seen = looked(job(9, &[made(5, 1, "SUCCESS")])).await;
    assert!(!seen.runs.complete && !seen.points.complete, "the newest ones are gone");
    let seen = looked(job(9, &[])).await;
    assert!(!seen.runs.complete && !seen.points.complete, "all are gone");
    let seen = looked(job(1, &[])).await;
    assert!(seen.runs.complete && seen.points.complete, "there never was one");
    let seen = looked(job(2, &[made(1, 1, "SUCCESS")]).replace("\"nextBuildNumber\":2,", "")).await;
    assert!(!seen.runs.complete, "how many there were is not told");
}

#[tokio::test]
async fn a_build_that_never_ends_runs_for_ever() {
    let running = made(2, 30, "SUCCESS").replace("\"building\":false", "\"building\":true");
    let seen = looked(job(3, &[running, made(1, 31, "SUCCESS")])).await;
    assert_eq!(seen.runs.runs[1].outcome, RunOutcome::Running);
    assert_eq!(seen.points.points.len(), 1);
}

#[tokio::test]
async fn long_histories_are_read_by_the_page_as_far_as_they_matter() {
    let reply = |path: &str| {
        if path.ends_with("config.xml") {
            return xml(NIGHTLY);
        }
        let first: u64 = path.rsplit_once("%7B").unwrap().1.split(',').next().unwrap().parse().unwrap();
        let builds: Vec<String> =
            (first..first + 100).map(|at| made(1_000 - at, i64::try_from(at / 2).unwrap(), "SUCCESS")).collect();
        json(&job(1_001, &builds))
    };
    let seen = looked_with("by: build, job: backup", reply).await.unwrap();
    assert!(seen.points.complete && seen.points.from.is_some());
    assert_eq!(seen.runs.runs.len(), 200, "92 days of two a day, in pages of 100");
}

#[tokio::test]
async fn the_newest_success_counts_however_old_unless_it_is_gone() {
    let with_stable = |body: String| {
        let stable = made(7, 300, "SUCCESS");
        looked(body.replace("\"disabled\"", &format!("\"lastStableBuild\":{stable},\"disabled\"")))
    };
    let failed: Vec<String> = (0..100).map(|at| made(1_000 - at, i64::try_from(at).unwrap(), "FAILURE")).collect();
    let seen = with_stable(job(1_001, &failed)).await;
    assert_eq!(seen.points.points.len(), 1, "it was not listed, and is there");
    assert_eq!(seen.points.points[0].captured_at, now() - TimeDelta::days(300));
    let seen = with_stable(job(10, &[made(9, 1, "FAILURE"), made(8, 2, "FAILURE")])).await;
    assert_eq!(seen.points.points, [], "all were listed, and it was not among them");
}

#[tokio::test]
async fn pages_that_repeat_or_fail_are_not_the_rest_of_a_list() {
    for fails in [false, true] {
        let reply = move |path: &str| {
            if path.ends_with("config.xml") {
                return xml(NIGHTLY);
            }
            if fails && !path.contains("%7B0,100%7D") {
                return (403, vec![], String::new());
            }
            let builds: Vec<String> = (0..100).map(|at| made(1_000 - at, 0, "SUCCESS")).collect();
            json(&job(1_001, &builds))
        };
        let seen = looked_with("by: build, job: backup", reply).await.unwrap();
        assert!(!seen.points.complete && !seen.runs.complete);
        assert_eq!(seen.unseen.len(), 1, "{:?}", seen.unseen);
    }
}

#[tokio::test]
async fn a_disabled_job_says_so_even_where_its_definition_may_not_be_read() {
    let body = job(2, &[made(1, 1, "SUCCESS")]).replace("\"disabled\":false", "\"disabled\":true");
    let reply = move |path: &str| if path.ends_with("config.xml") { (403, vec![], String::new()) } else { json(&body) };
    let seen = looked_with("by: build, job: backup", reply).await.unwrap();
    assert!(seen.schedule.unwrap().disabled.is_some());
}

#[tokio::test]
async fn a_schedule_that_was_not_seen_is_not_taken_for_none() {
    let body = job(2, &[made(1, 1, "SUCCESS")]);
    let refused =
        move |path: &str| if path.ends_with("config.xml") { (403, vec![], String::new()) } else { json(&body) };
    let seen = looked_with("by: build, job: backup", refused).await.unwrap();
    assert!(seen.schedule.is_none());
    assert_eq!(seen.unseen[0].fact, Some(Question::Schedule));
    assert_eq!(seen.unseen[0].reason, UnseenReason::NotAuthorized);
    // Other things start it: a push, another job.
    for (config, build) in [
        ("<project><triggers><com.cloudbees.jenkins.GitHubPushTrigger/></triggers></project>", ""),
        ("<project/>", ",\"actions\":[{\"causes\":[{\"_class\":\"hudson.model.Cause$UpstreamCause\"}]}]"),
    ] {
        let body = job(2, &[made(1, 1, "SUCCESS").replace('}', &format!("{build}}}"))]);
        let reply = move |path: &str| if path.ends_with("config.xml") { xml(config) } else { json(&body) };
        let seen = looked_with("by: build, job: backup", reply).await.unwrap();
        assert!(seen.schedule.is_none(), "{config}");
        assert!(seen.unseen[0].what.contains("what starts it is"), "{:?}", seen.unseen);
    }
    let body = job(2, &[made(1, 1, "SUCCESS")]);
    let reply = move |path: &str| if path.ends_with("config.xml") { xml("<project/>") } else { json(&body) };
    let seen = looked_with("by: build, job: backup", reply).await.unwrap();
    assert_eq!(seen.schedule.unwrap().expressions.len(), 0, "nothing but people starts it");
}

#[tokio::test]
async fn a_job_that_does_not_say_whether_it_is_disabled_is_not_taken_for_enabled() {
    let seen = looked(job(2, &[made(1, 1, "SUCCESS")]).replace("\"disabled\":false,", "")).await;
    assert!(seen.schedule.is_none());
    assert!(seen.unseen[0].what.contains("whether the job is disabled"), "{:?}", seen.unseen);
}

#[tokio::test]
async fn a_folder_or_a_job_that_is_not_there_is_no_backup_job() {
    let folder = |_: &str| json("{\"_class\":\"f\",\"jobs\":[]}");
    let miss = looked_with("by: build, job: ops", folder).await.err().unwrap();
    assert!(miss.what.contains("is a folder"), "{}", miss.what);
    let gone = |_: &str| (404, vec![("x-jenkins", "2.4")], String::new());
    assert_eq!(looked_with("by: build, job: ops", gone).await.err().unwrap().reason, UnseenReason::NotFound);
}

#[tokio::test]
async fn what_a_build_kept_is_its_size_and_nothing_kept_is_nothing() {
    let kept = |number: u64, files: &[&str]| {
        let mut list = String::new();
        for file in files {
            write!(list, "{}{{\"relativePath\":\"{file}\"}}", if list.is_empty() { "" } else { "," }).unwrap();
        }
        made(number, 10 - i64::try_from(number).unwrap(), "SUCCESS").replace('}', &format!(",\"artifacts\":[{list}]}}"))
    };
    let body =
        job(4, &[kept(3, &["out/home.tar.gz", "out/log.txt"]), kept(2, &["out/log.txt"]), kept(1, &["a.tar.gz"])]);
    let reply = move |path: &str| match path {
        path if path.ends_with("config.xml") => xml(NIGHTLY),
        "/ci/job/backup/3/artifact/out/home.tar.gz" => {
            (200, vec![("content-type", "application/gzip"), ("content-length", "1234")], "x".repeat(1234))
        }
        path if path.contains("/artifact/") => (404, vec![], String::new()),
        _ => json(&body),
    };
    let seen = looked_with("by: build, job: backup, artifact: 'tar\\.gz$'", reply).await.unwrap();
    let told: Vec<(Option<u64>, Option<u64>)> =
        seen.points.points.iter().map(|point| (point.items.map(Count::get), point.bytes.map(Count::get))).collect();
    assert_eq!(told, [(Some(1), None), (Some(0), None), (Some(1), Some(1234))]);
    assert!(seen.points.points[1].is_empty());
    assert!(seen.unseen.iter().any(|unseen| unseen.what.contains("how large")), "{:?}", seen.unseen);
}
