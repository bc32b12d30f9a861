//! Builds: what a job is asked for about its past, and how its answer is read.
//!
//! Times are milliseconds since 1970. `timestamp` is when a build was scheduled, so `timestamp` and
//! `duration` together understate its end by what it waited; the Metrics plugin tells how long that was. A
//! result may stand there before a build has ended, and no result after a crash. What follows for a copy is
//! left to `build`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::evidence::RunOutcome;
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// How many builds are asked for at once.
pub const PAGE: usize = 100;

/// How many files of a build are looked at; of more it is not known which they are.
pub const MOST_FILES: usize = 200;

/// Returns the `tree` for a job and its builds from position `first` on, newest first; with the names of the
/// files that they kept where `files` matter. `list` is `allBuilds`, or `builds` with the newest 100 alone.
pub fn tree(list: &str, first: usize, files: bool) -> String {
    let files = if files { format!(",artifacts[relativePath]{{0,{}}}", MOST_FILES + 1) } else { String::new() };
    // The Metrics plugin told the sum once, and tells its parts today.
    let waited = "queuingDurationMillis,waitingDurationMillis,blockedDurationMillis,buildableDurationMillis";
    let build = format!("number,timestamp,duration,result,building,actions[{waited},causes[_class]]{files}");
    format!(
        "name,disabled,buildable,nextBuildNumber,jobs[name]{{0,1}},upstreamProjects[name]{{0,1}},lastStableBuild[{build}],{list}[{build}]{{{first},{}}}",
        first + PAGE
    )
}

/// A job and some of its builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Whether it holds jobs, and so runs none itself.
    pub is_folder: bool,
    /// Whether it is disabled; `None` where that is not told.
    pub disabled: Option<bool>,
    /// The number that the next build will have; `None` where that is not told.
    pub next: Option<u64>,
    /// Whether another job starts it.
    pub has_upstream: bool,
    /// The newest build that succeeded and is still there; `None` where there is none.
    pub stable: Option<Build>,
    /// Builds, newest first; `None` where the answer has no such list.
    pub builds: Option<Vec<Build>>,
    /// How many builds the list had, read or not.
    pub count: usize,
    /// How many of them cannot be read.
    pub unread: usize,
}

/// One build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Its number in the job.
    pub number: u64,
    /// When it was scheduled: what it copies is the state of then or later.
    pub started_at: Instant,
    /// When it ended, as far as that is told; `None` while it runs.
    pub ended_at: Option<Instant>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The classes of what started it.
    pub causes: Vec<Box<str>>,
    /// The files that it kept; `None` where nobody asked, or they are too many.
    pub files: Option<Vec<Box<str>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawJob {
    disabled: Option<bool>,
    buildable: Option<bool>,
    next_build_number: Option<u64>,
    jobs: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(default)]
    upstream_projects: Vec<serde::de::IgnoredAny>,
    last_stable_build: Option<RawBuild>,
    all_builds: Option<Vec<RawBuild>>,
    builds: Option<Vec<RawBuild>>,
}

#[derive(Deserialize)]
struct RawBuild {
    number: Option<u64>,
    timestamp: Option<i64>,
    duration: Option<i64>,
    result: Option<Box<str>>,
    building: Option<bool>,
    #[serde(default)]
    actions: Vec<Option<Action>>,
    artifacts: Option<Vec<File>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    queuing_duration_millis: Option<i64>,
    waiting_duration_millis: Option<i64>,
    blocked_duration_millis: Option<i64>,
    buildable_duration_millis: Option<i64>,
    #[serde(default)]
    causes: Vec<Cause>,
}

impl Action {
    /// Returns how long the build stood in the queue, in milliseconds; zero where this does not tell.
    fn waited(&self) -> i64 {
        let parts = [self.waiting_duration_millis, self.blocked_duration_millis, self.buildable_duration_millis];
        let sum = parts.into_iter().flatten().fold(0_i64, |sum, part| sum.saturating_add(part.max(0)));
        sum.max(self.queuing_duration_millis.unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct Cause {
    #[serde(rename = "_class")]
    class: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    relative_path: Box<str>,
}

/// Reads what a question by `tree` answers.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no job.
pub fn page(answer: &Answer) -> Result<Page, Miss> {
    let job: RawJob = answer.json()?;
    let is_folder = job.jobs.is_some();
    let list = job.all_builds.or(job.builds);
    if list.is_none() && job.next_build_number.is_none() && !is_folder {
        return Err(answer.miss(UnseenReason::Unreadable, format!("{} answered without a job", answer.request())));
    }
    let count = list.as_ref().map_or(0, Vec::len);
    let builds: Option<Vec<Build>> = list.map(|list| list.into_iter().filter_map(build).collect());
    Ok(Page {
        is_folder,
        disabled: job.disabled.or(job.buildable.map(|buildable| !buildable)),
        next: job.next_build_number,
        has_upstream: !job.upstream_projects.is_empty(),
        stable: job.last_stable_build.and_then(build).filter(|build| build.outcome == RunOutcome::Success),
        unread: count - builds.as_ref().map_or(0, Vec::len),
        builds,
        count,
    })
}

fn build(raw: RawBuild) -> Option<Build> {
    let started_at = DateTime::<Utc>::from_timestamp_millis(raw.timestamp.filter(|at| *at > 0)?)?;
    let outcome = outcome(raw.building, raw.result.as_deref());
    let actions = || raw.actions.iter().flatten();
    let waited = actions().map(Action::waited).max().unwrap_or_default();
    let took = TimeDelta::try_milliseconds(raw.duration.unwrap_or_default().max(0).saturating_add(waited));
    let ended_at = match outcome {
        RunOutcome::Running => None,
        // Without a duration nobody can tell when it ended.
        _ if raw.duration.is_none() => return None,
        _ => Some(took.and_then(|took| started_at.checked_add_signed(took))?),
    };
    let files = raw.artifacts.filter(|files| files.len() <= MOST_FILES);
    Some(Build {
        number: raw.number?,
        started_at,
        ended_at,
        outcome,
        causes: actions().flat_map(|action| action.causes.iter().filter_map(|cause| cause.class.clone())).collect(),
        files: files.map(|files| files.into_iter().map(|file| file.relative_path).collect()),
    })
}

/// Returns how a build ended. Only what says that it has ended is over.
fn outcome(building: Option<bool>, result: Option<&str>) -> RunOutcome {
    match (building, result) {
        (Some(true), _) | (_, None) | (None, Some("SUCCESS")) => RunOutcome::Running,
        (Some(false), Some("SUCCESS")) => RunOutcome::Success,
        (_, Some("UNSTABLE")) => RunOutcome::Unstable,
        (_, Some(_)) => RunOutcome::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::jenkins::fake::answer;

    fn one(build: &str) -> Option<Build> {
        let body = format!("{{\"nextBuildNumber\":8,\"allBuilds\":[{build}]}}");
        page(&answer(200, &[], &body)).unwrap().builds.unwrap().pop()
    }

    #[test]
    fn only_what_has_ended_with_success_is_one() {
        let with = |more: &str| {
            one(&format!("{{\"number\":7,\"timestamp\":1795600000000,\"duration\":1000{more}}}")).unwrap().outcome
        };
        assert_eq!(with(",\"building\":false,\"result\":\"SUCCESS\""), RunOutcome::Success);
        assert_eq!(with(",\"building\":true,\"result\":\"SUCCESS\""), RunOutcome::Running, "its last steps still run");
        assert_eq!(with(",\"result\":\"SUCCESS\""), RunOutcome::Running, "nothing says that it has ended");
        assert_eq!(with(",\"building\":false,\"result\":\"UNSTABLE\""), RunOutcome::Unstable);
        for result in ["FAILURE", "ABORTED", "NOT_BUILT", "ANYTHING"] {
            assert_eq!(with(&format!(",\"building\":false,\"result\":\"{result}\"")), RunOutcome::Failure);
        }
        assert_eq!(with(",\"building\":false,\"result\":null"), RunOutcome::Running, "after a crash");
    }

    #[test]
    fn what_it_waited_is_added_to_its_end_where_that_is_told() {
        let end = |actions: &str| {
            let build = one(&format!("{{\"number\":7,\"timestamp\":1795600000000,\"duration\":60000,\"building\":false,\"result\":\"SUCCESS\",\"actions\":{actions}}}")).unwrap();
            (build.ended_at.unwrap() - build.started_at).num_seconds()
        };
        assert_eq!(end("[{},null]"), 60);
        assert_eq!(
            end("[{\"waitingDurationMillis\":5000,\"blockedDurationMillis\":600000,\"buildableDurationMillis\":0}]"),
            665
        );
        assert_eq!(end("[{\"queuingDurationMillis\":34000}]"), 94);
        assert_eq!(end("[{\"waitingDurationMillis\":-5000}]"), 60);
    }

    #[test]
    fn a_build_without_a_time_is_counted_and_not_guessed() {
        for odd in [
            "{\"number\":7}",
            "{\"number\":7,\"timestamp\":null,\"building\":false,\"result\":\"SUCCESS\"}",
            "{\"number\":7,\"timestamp\":9223372036854775807,\"building\":false,\"result\":\"SUCCESS\",\"duration\":1}",
            "{\"number\":7,\"timestamp\":1795600000000,\"duration\":9223372036854775807,\"building\":false,\"result\":\"SUCCESS\"}",
            "{\"number\":7,\"timestamp\":1795600000000,\"building\":false,\"result\":\"SUCCESS\"}",
            "{\"timestamp\":1795600000000,\"duration\":5,\"building\":false,\"result\":\"SUCCESS\"}",
        ] {
            let page = page(&answer(200, &[], &format!("{{\"nextBuildNumber\":8,\"allBuilds\":[{odd}]}}"))).unwrap();
            assert_eq!((page.count, page.unread), (1, 1), "{odd}");
        }
        for wrong in ["{}", "[]", "{\"allBuilds\":[null]}", "{\"_class\":\"hudson.model.Hudson\"}"] {
            assert!(page(&answer(200, &[], wrong)).is_err(), "{wrong}");
        }
    }
}
