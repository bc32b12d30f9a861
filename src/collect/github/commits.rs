//! `commits`: commits to a path of a repository; each is a recovery point.
//!
//! How many are enough, and how old they may be, is left to the judge.

use chrono::SecondsFormat;
use serde::Deserialize;

use super::repository::Repository;
use super::rest::Maybe;
use super::walk::Walk;
use super::{Github, instant, refusal};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::plan::filled;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{Fact, Point, RecoveryPoints};
use crate::model::Grade;
use crate::model::time::{FUTURE_TOLERANCE, Instant};
use crate::policy::document;

/// How many pages are read: 3,000 commits.
const MOST_PAGES: usize = 30;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its object id.
    pub sha: Box<str>,
    /// Its committer date, UTC. Whoever made the commit set it.
    pub committed_at: Instant,
}

/// Reads a page of `GET /repos/{owner}/{name}/commits`: its commits, and how many entries could not be
/// read.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no JSON list.
pub fn page(answer: &Answer) -> Result<(Vec<Commit>, usize), Miss> {
    #[derive(Deserialize)]
    struct Entry {
        sha: Box<str>,
        commit: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        committer: Signature,
    }
    #[derive(Deserialize)]
    struct Signature {
        date: String,
    }
    let entries: Vec<Maybe<Entry>> = answer.json()?;
    let count = entries.len();
    let commits: Vec<Commit> = entries
        .into_iter()
        .filter_map(|entry| match entry {
            Maybe::Is(entry) => {
                let committed_at = instant(Some(&entry.commit.committer.date))?;
                Some(Commit { sha: entry.sha, committed_at })
            }
            Maybe::Not => None,
        })
        .collect();
    let unread = count - commits.len();
    Ok((commits, unread))
}

/// Takes out the commits that say to be later than the last push to their repository, and returns how
/// many there were: their clock was wrong, so nobody knows how old they are.
fn take_impossible(commits: &mut Vec<Commit>, pushed_at: Option<Instant>) -> usize {
    let count = commits.len();
    let is_possible = |commit: &Commit| pushed_at.is_none_or(|pushed| commit.committed_at <= pushed + FUTURE_TOLERANCE);
    commits.retain(is_possible);
    count - commits.len()
}

/// Returns the recovery points of commits, oldest first.
fn points(commits: &[Commit]) -> Vec<Point> {
    let mut points: Vec<Point> = commits
        .iter()
        .map(|commit| Point {
            available_at: None,
            bytes: None,
            captured_at: commit.committed_at,
            digest: None,
            items: None,
            location: Some(Box::new(commit.sha.clone())),
        })
        .collect();
    points.sort_by_key(|point| point.captured_at);
    points
}

impl Github {
    /// Looks for the commits of a copy since `since`, and for the newest one where there are none.
    /// `item` takes the place of `{name}` in its fields. A repository without commits, and a path that
    /// never was, are whole lists of nothing.
    ///
    /// # Errors
    ///
    /// Where nothing was seen.
    pub async fn commits(
        &self,
        copy: &document::Commits,
        item: Option<&str>,
        since: Instant,
    ) -> Result<Vec<Told>, Miss> {
        self.commits_of(copy, item, since).await.map_err(|miss| self.scrubbed(miss))
    }

    async fn commits_of(
        &self,
        copy: &document::Commits,
        item: Option<&str>,
        since: Instant,
    ) -> Result<Vec<Told>, Miss> {
        let field = |field: Option<&str>| field.map(|text| filled(text, item)).transpose();
        let path = field(copy.path.as_ref().map(|path| path.value.as_str()))?;
        let branch = field(copy.branch.as_ref().map(|branch| branch.value.as_str()))?;
        let repository = self.repository(&copy.repository.value, item).await?;
        let segments = ["repos", &repository.owner, &repository.name, "commits"];
        let ask = |more: &[(&str, &str)]| {
            let mut query: Vec<(&str, &str)> = Vec::new();
            query.extend(branch.as_deref().map(|branch| ("sha", branch)));
            query.extend(path.as_deref().map(|path| ("path", path.trim_matches('/'))));
            query.extend(more);
            self.base.path(&segments, &query)
        };
        let from = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let first = self.ask(&ask(&[("since", &from), ("per_page", "100")])).await?;
        if refusal::is_empty_repository(&first) {
            return Ok(vec![Told::by(Fact::RecoveryPoints(listed(Vec::new(), true, None)), &first)]);
        }
        let mut commits = Vec::new();
        let mut unread = 0;
        let walk = self
            .walk(refusal::ok(first)?, MOST_PAGES, |answer| {
                let (found, odd) = page(answer)?;
                unread += odd;
                let new = found.len() + odd;
                commits.extend(found);
                Ok(new)
            })
            .await?;
        unread += take_impossible(&mut commits, repository.pushed_at);
        if let Some(path) = path.as_deref().filter(|_| !commits.is_empty()) {
            // The commit that deletes a path touches it too.
            if let Some(gone) = self.gone(&repository, path, branch.as_deref()).await? {
                return Ok(vec![gone]);
            }
        }
        if !commits.is_empty() || unread > 0 || !walk.is_whole() {
            return Ok(told(walk, listed(points(&commits), unread == 0, Some(since)), unread));
        }
        // None since then: the newest one of all says how old the copy is.
        let newest = self.get(&ask(&[("per_page", "1")])).await.and_then(|answer| Ok((page(&answer)?, answer)));
        match newest {
            Ok(((mut found, mut odd), answer)) => {
                odd += take_impossible(&mut found, repository.pushed_at);
                if let Some(path) = path.as_deref().filter(|_| !found.is_empty())
                    && let Some(gone) = self.gone(&repository, path, branch.as_deref()).await?
                {
                    return Ok(vec![gone]);
                }
                // Where there is none at all, the list holds all that are there.
                let from = (!found.is_empty() || odd > 0).then_some(since);
                let fact = listed(points(&found), odd == 0, from);
                Ok(vec![Told::by(Fact::RecoveryPoints(fact), &answer)])
            }
            Err(miss) => {
                let at = walk.began;
                let mut told = told(walk, listed(Vec::new(), true, Some(since)), 0);
                told.push(Told::unseen(miss, Question::RecoveryPoints, at));
                Ok(told)
            }
        }
    }
}

impl Github {
    /// Returns that there is nothing, where the path is no longer there.
    async fn gone(&self, repository: &Repository, path: &str, branch: Option<&str>) -> Result<Option<Told>, Miss> {
        let mut segments = vec!["repos", &repository.owner, &repository.name, "contents"];
        segments.extend(path.split('/').filter(|part| !part.is_empty()));
        let query: Vec<(&str, &str)> = branch.map(|branch| ("ref", branch)).into_iter().collect();
        let answer = self.ask(&self.base.path(&segments, &query)).await?;
        // What is too large to be shown is there (403 `too_large`).
        let too_large = answer.status == http::StatusCode::FORBIDDEN
            && answer.words().is_some_and(|words| words.contains("too large"));
        if answer.status == http::StatusCode::NOT_FOUND {
            return Ok(Some(Told::by(Fact::RecoveryPoints(listed(Vec::new(), true, None)), &answer)));
        }
        if too_large { Ok(None) } else { refusal::ok(answer).map(|_| None) }
    }
}

fn listed(points: Vec<Point>, complete: bool, from: Option<Instant>) -> RecoveryPoints {
    RecoveryPoints { complete, from, grade: Grade::Observed, kept_from: None, points }
}

fn told(walk: Walk, mut fact: RecoveryPoints, unread: usize) -> Vec<Told> {
    fact.complete &= walk.is_whole();
    let mut told = vec![walk.told(Fact::RecoveryPoints(fact))];
    let odd = (unread > 0).then(|| Miss::unreadable(format!("{unread} commits have no date that can be believed")));
    let misses = walk.cut.into_iter().chain(odd);
    told.extend(misses.map(|miss| Told::unseen(miss, Question::RecoveryPoints, walk.began)));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::{Fake, copy, now, system};
    use crate::policy::Copy;
    use chrono::TimeDelta;

    fn entry(sha: &str, date: &str) -> String {
        format!(r#"{{"sha":"{sha}","commit":{{"committer":{{"date":"{date}"}}}}}}"#)
    }

    /// Looks at a repository that was pushed to on 20 November, whose commits are as `reply` says.
    async fn looked(reply: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Result<Vec<Told>, Miss> {
        looked_where(200, reply).await
    }

    /// As `looked`; the path itself answers with that status.
    async fn looked_where(
        there: u16,
        reply: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    ) -> Result<Vec<Told>, Miss> {
        let fake = Fake::start(move |asked| {
            if asked.path == "/api/v3/repos/o/backup" {
                let body = r#"{"id":7,"name":"renamed","owner":{"login":"o"},"pushed_at":"2026-11-20T00:00:00Z"}"#;
                return (200, vec![], body.to_owned());
            }
            if asked.path == "/api/v3/repos/o/renamed/contents/dump/x?ref=main" {
                return (there, vec![], "[]".to_owned());
            }
            assert!(asked.path.starts_with("/api/v3/repos/o/renamed/commits?sha=main&path=dump%2Fx"), "{}", asked.path);
            let (status, body) = reply(&asked.path);
            (status, vec![], body)
        })
        .await;
        let Copy::Commits(copy) = copy("by: commits, repository: backup, path: 'dump/{name}', branch: main") else {
            panic!("another method");
        };
        fake.github(&system("")).commits(&copy, Some("x"), now() - TimeDelta::days(92)).await
    }

    fn listing(told: &[Told]) -> &RecoveryPoints {
        match &told[0].fact {
            Fact::RecoveryPoints(points) => points,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_commit_later_than_the_last_push_is_not_believed_and_leaves_the_list_open() {
        let body = format!("[{},{}]", entry("b", "2027-01-01T00:00:00Z"), entry("a", "2026-11-19T00:00:00Z"));
        let told = looked(move |_| (200, body.clone())).await.unwrap();
        let list = listing(&told);
        let days: Vec<String> = list.points.iter().map(|point| point.captured_at.to_string()).collect();
        assert_eq!(days, ["2026-11-19 00:00:00 UTC"]);
        assert!(!list.complete && told.len() == 2, "a newer one may be there, and nobody knows how old it is");
        let only = format!("[{}]", entry("b", "2027-01-01T00:00:00Z"));
        let told = looked(move |_| (200, only.clone())).await.unwrap();
        assert!(listing(&told).points.is_empty() && !listing(&told).complete);
    }

    #[tokio::test]
    async fn a_path_that_was_deleted_holds_nothing() {
        let body = format!("[{}]", entry("a", "2026-11-19T00:00:00Z"));
        let commits = body.clone();
        let told = looked_where(404, move |_| (200, commits.clone())).await.unwrap();
        assert_eq!((listing(&told).points.len(), listing(&told).complete, listing(&told).from), (0, true, None));
        assert!(looked_where(403, move |_| (200, body.clone())).await.is_err(), "nobody saw whether it is there");
    }

    #[tokio::test]
    async fn where_none_is_new_the_newest_one_tells_the_age() {
        let told = looked(|path| {
            let old = entry("a", "2024-01-01T00:00:00Z");
            (200, if path.contains("since=") { "[]".to_owned() } else { format!("[{old}]") })
        })
        .await
        .unwrap();
        let list = listing(&told);
        assert_eq!((list.points.len(), list.complete, list.from.is_some()), (1, true, true));
    }

    #[tokio::test]
    async fn an_empty_repository_and_a_path_that_never_was_are_whole_lists_of_nothing() {
        let empty = r#"{"message":"Git Repository is empty.","status":"409"}"#;
        for (status, body) in [(409, empty), (200, "[]")] {
            let told = looked(move |_| (status, body.to_owned())).await.unwrap();
            let list = listing(&told);
            assert_eq!((list.points.len(), list.complete, list.from), (0, true, None), "{body}");
        }
    }

    #[tokio::test]
    async fn what_was_refused_or_not_read_is_no_empty_list() {
        for (status, body) in [(404, r#"{"message":"No commit found for SHA: main"}"#), (200, "{}"), (409, "{}")] {
            assert!(looked(move |_| (status, body.to_owned())).await.is_err(), "{body}");
        }
        let told = looked(|_| (200, r#"[{"sha":"a","commit":{"committer":null}}]"#.to_owned())).await.unwrap();
        assert!(!listing(&told).complete && matches!(told[1].fact, Fact::Unseen(_)));
    }
}
