//! `build`: a job that makes a copy; each stable build is a recovery point.
//!
//! Tells whether the job is enabled, when it shall run, how it ran, and what it made. Whether that is often
//! enough is left to the judge.
//!
//! Jenkins deletes builds, and says so in their numbers alone: what was before a number that is missing is
//! not known, except that what is still there was.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::artifacts::{Kept, SIZED};
use super::builds::{self, Build, PAGE, Page};
use super::{AT_ONCE, Jenkins, definition, parts};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{self, Dialect, Fact, Point, RecoveryPoints, RunOutcome, Runs, Schedule};
use crate::model::time::Instant;
use crate::model::{Grade, UnseenReason};
use crate::policy::document;

/// How many builds of one job are read.
const MOST_BUILDS: usize = 5_000;

/// In how many of the newest builds it is looked for what starts the job.
const CAUSES_OF: usize = 10;

/// Builds that were listed.
struct Listed {
    /// Newest first.
    builds: Vec<Build>,
    /// The first answer, which tells of the job itself.
    job: Page,
    answer: Answer,
    reach: Reach,
    misses: Vec<Miss>,
}

/// How far a list reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It holds every build that ever was.
    All,
    /// It holds every build since then.
    Since(Instant),
    /// Some of the newest are missing.
    Nothing,
}

impl Jenkins {
    /// Looks at the job that makes a copy: its schedule, its runs since `since`, as far as they are still
    /// there, and the recovery points that the stable ones made. `item` takes the place of `{name}`.
    ///
    /// # Errors
    ///
    /// Where nothing was seen.
    pub async fn build(&self, copy: &document::Build, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        self.build_of(copy, item, since).await.map_err(|miss| self.scrubbed(miss))
    }

    async fn build_of(&self, copy: &document::Build, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        let job = &copy.job.value;
        let job = match item {
            Some(item) => job.replace("{name}", item),
            None if job.contains("{name}") => {
                return Err(Miss::unreadable(format!("`{job}` names an item, and the asset is not one of many")));
            }
            None => job.clone(),
        };
        let names = parts(job.trim_matches('/'));
        let listed = self.listed(&names, since, copy.artifact.is_some()).await?;
        let mut told = vec![self.schedule(&names, &listed).await];
        let mut points = Vec::new();
        let mut misses = listed.misses.clone();
        let stable: Vec<&Build> = listed.builds.iter().filter(|build| build.outcome == RunOutcome::Success).collect();
        if let Some(artifact) = &copy.artifact {
            let looks = stable.iter().enumerate().map(|(position, build)| {
                let names = &names;
                async move { self.kept(names, build, &artifact.value, position < SIZED).await }
            });
            let mut looks = stream::iter(looks).buffered(AT_ONCE);
            let mut unsized_for: Option<Miss> = None;
            for build in &stable {
                let Some((kept, miss)) = looks.next().await else { break };
                unsized_for = unsized_for.or(miss);
                points.push(point(build, kept, listed.answer.asked_at));
            }
            misses.extend(
                unsized_for
                    .map(|miss| Miss { what: format!("how large what it kept is, is unknown: {}", miss.what), ..miss }),
            );
        } else {
            points.extend(stable.iter().map(|build| point(build, Kept::default(), listed.answer.asked_at)));
        }
        told.extend(facts(&listed, points, since));
        let at = listed.answer.asked_at;
        told.extend(misses.into_iter().map(|miss| Told::unseen(self.scrubbed(miss), Question::RecoveryPoints, at)));
        Ok(told)
    }

    /// Lists the builds of a job, as far back as `since`.
    async fn listed(&self, names: &[&str], since: Instant, files: bool) -> Result<Listed, Miss> {
        let mut list = "allBuilds";
        let ask = |list: &'static str, first: usize| {
            let tree = builds::tree(list, first, files);
            async move {
                let answer = self.json(names, "api/json", &tree).await?;
                Ok((builds::page(&answer)?, answer))
            }
        };
        let (mut job, mut answer) = ask(list, 0).await?;
        if job.is_folder {
            let what = format!("{}: `{}` is a folder, and no job that runs", answer.request(), names.join("/"));
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
        if job.builds.is_none() {
            // It tells only its newest.
            list = "builds";
            (job, answer) = ask(list, 0).await?;
        }
        let Some(first) = job.builds.take() else {
            return Err(answer.miss(UnseenReason::Unreadable, format!("{} answered without builds", answer.request())));
        };
        let (mut found, mut unread, mut misses) = (first, job.unread, Vec::new());
        let (mut count, mut position) = (job.count, PAGE);
        let is_reached = |found: &[Build]| found.last().is_some_and(|build| build.started_at < since);
        let mut ends_early = false;
        while count >= PAGE && !is_reached(&found) {
            if found.len() >= MOST_BUILDS || list == "builds" {
                ends_early = true;
                break;
            }
            let page = match ask(list, position).await {
                Ok((page, _)) => page,
                Err(miss) => {
                    misses.push(miss);
                    ends_early = true;
                    break;
                }
            };
            let before = found.len();
            count = page.count;
            unread += page.unread;
            // A build that began meanwhile pushed others onto this page.
            for build in page.builds.unwrap_or_default() {
                if found.iter().all(|known| known.number != build.number) {
                    found.push(build);
                }
            }
            if found.len() == before && count > 0 {
                let what = format!("{}: a page of nothing new that is not the last", answer.request());
                misses.push(answer.miss(UnseenReason::Truncated, what));
                ends_early = true;
                break;
            }
            position += PAGE;
        }
        found.sort_by_key(|build| std::cmp::Reverse(build.number));
        found.dedup_by_key(|build| build.number);
        if unread > 0 {
            misses.push(Miss::unreadable(format!("{unread} builds of the job cannot be read")));
        }
        let is_part = ends_early || is_reached(&found);
        let reach = reach(&found, job.next, is_part);
        if reach == Reach::Nothing {
            let why = match job.next {
                Some(_) => "the newest builds of the job are not there any more",
                None => "how many builds the job had is not told",
            };
            misses.push(answer.miss(UnseenReason::Truncated, format!("{}: {why}", answer.request())));
        }
        // What is older than all that was listed. Where all were listed, one that is not among them is gone:
        // Jenkins remembers which it was for longer than it keeps it.
        if let Some(stable) = job.stable.take()
            && is_part
            && found.last().is_none_or(|oldest| stable.number < oldest.number)
        {
            found.push(stable);
        }
        Ok(Listed { builds: found, job, answer, reach, misses })
    }

    /// Tells of the job's schedule, or that it was not seen.
    async fn schedule(&self, names: &[&str], listed: &Listed) -> Told {
        let at = listed.answer.asked_at;
        let is_disabled = listed.job.disabled == Some(true);
        let told = |disabled: bool, expressions: Vec<Box<str>>, source: &Answer| {
            let disabled = disabled.then(|| "it is disabled".into());
            Told::by(
                Fact::Schedule(Schedule { dialect: Dialect::Jenkins, disabled, expressions, hidden: None }),
                source,
            )
        };
        let read = match self.config(names).await {
            Ok(answer) => definition::read(&answer).map(|read| (read, answer)),
            Err(miss) => Err(miss),
        };
        let (read, answer) = match read {
            Ok(read) => read,
            // It does not run, whatever its definition says.
            Err(_) if is_disabled => return told(true, Vec::new(), &listed.answer),
            Err(miss) => {
                let miss = self.scrubbed(miss);
                let what = format!("what starts the job was not seen: {}", miss.what);
                return Told::unseen(Miss { what, ..miss }, Question::Schedule, at);
            }
        };
        let triggers = read.triggers;
        if is_disabled || read.disabled == Some(true) {
            return told(true, triggers.schedules, &listed.answer);
        }
        if listed.job.disabled.is_none() && read.disabled.is_none() {
            let what = format!("{}: whether the job is disabled is not told", answer.request());
            return Told::unseen(answer.miss(UnseenReason::Unreadable, what), Question::Schedule, at);
        }
        let mut others = triggers.others;
        if triggers.schedules.is_empty() {
            if listed.job.has_upstream {
                others.push("another job".into());
            }
            let causes = listed.builds.iter().take(CAUSES_OF).flat_map(|build| &build.causes);
            others.extend(causes.filter(|cause| is_neither_person_nor_timer(cause)).map(|cause| {
                let name = cause.rsplit(['.', '$']).next().unwrap_or_default();
                name.chars().filter(|c| !c.is_control()).take(60).collect::<String>().into()
            }));
            others.sort_unstable();
            others.dedup();
        }
        if triggers.schedules.is_empty() && !others.is_empty() {
            let what =
                format!("{}: the job has no schedule; what starts it is {}", answer.request(), others.join(", "));
            return Told::unseen(answer.miss(UnseenReason::Unreadable, what), Question::Schedule, at);
        }
        told(false, triggers.schedules, &answer)
    }
}

/// Returns whether a build was started by something else than a person or a schedule.
fn is_neither_person_nor_timer(cause: &str) -> bool {
    const PEOPLE_AND_TIMERS: [&str; 6] = [
        "UserIdCause",
        "UserCause",
        "ReplayCause",
        "RebuildCause",
        "TimerTriggerCause",
        "ParameterizedTimerTriggerCause",
    ];
    let name = cause.rsplit(['.', '$']).next().unwrap_or_default();
    // What interrupted it did not start it.
    name.ends_with("Cause") && !PEOPLE_AND_TIMERS.contains(&name)
}

/// Returns how far a list of builds, newest first, reaches: down to the first number that is missing.
/// `is_part` where older ones were not asked for.
fn reach(builds: &[Build], next: Option<u64>, is_part: bool) -> Reach {
    let Some(next) = next else { return Reach::Nothing };
    let mut expected = next;
    let mut reached = None;
    for build in builds {
        if build.number.checked_add(1) != Some(expected) {
            break;
        }
        expected = build.number;
        reached = Some(build.started_at);
    }
    match reached {
        _ if expected <= 1 && !is_part => Reach::All,
        None => Reach::Nothing,
        Some(at) => Reach::Since(at),
    }
}

fn point(build: &Build, kept: Kept, looked_at: Instant) -> Point {
    // It had ended when it was looked at, however long it is said to have taken.
    let ended = build.ended_at.map(|at| at.min(looked_at)).filter(|at| *at > build.started_at);
    Point {
        available_at: ended,
        bytes: kept.bytes,
        captured_at: build.started_at,
        digest: None,
        items: kept.items,
        location: Some(Box::new(format!("build {}", build.number).into())),
    }
}

/// Makes facts of the builds that were listed.
fn facts(listed: &Listed, mut points: Vec<Point>, since: Instant) -> Vec<Told> {
    points.sort_by_key(|point| point.captured_at);
    let complete = listed.misses.is_empty() && listed.reach != Reach::Nothing;
    let oldest = listed.builds.iter().map(|build| build.started_at).min();
    let (from, of_runs) = match listed.reach {
        Reach::All => (None, oldest.map_or(since, |oldest| oldest.min(since))),
        Reach::Since(at) => (Some(at), at),
        Reach::Nothing => (None, oldest.unwrap_or(since)),
    };
    let runs = listed.builds.iter().rev();
    let runs = runs.map(|build| evidence::Run { outcome: build.outcome, started_at: build.started_at }).collect();
    vec![
        Told::by(Fact::Runs(Runs { complete, from: of_runs, runs }), &listed.answer),
        Told::by(
            Fact::RecoveryPoints(RecoveryPoints { complete, from, grade: Grade::Reported, kept_from: from, points }),
            &listed.answer,
        ),
    ]
}

#[cfg(test)]
mod tests;
