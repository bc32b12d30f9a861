//! History: how one commit of a repository stands to another, for mirrors that are not equal.
//!
//! Which refs are compared is left to the collector of git mirrors.

use serde::Deserialize;

use super::rest::Maybe;
use super::{Github, instant, refusal, repository};
use crate::collect::git::Between;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// Of how many commits the oldest is looked for; of more it stays unknown.
const MOST_COMMITS: u64 = 250;

/// What one page of a comparison told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Whether the later commit holds the earlier one.
    pub is_ahead: bool,
    /// How many commits lie between them.
    pub commits: u64,
    /// The committer dates on this page, UTC.
    pub dates: Vec<Instant>,
    /// How many commits of this page have no date that can be read.
    pub undated: usize,
}

/// Reads a page of `GET /repos/{owner}/{name}/compare/{base}...{head}`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no comparison.
pub fn compared(answer: &Answer) -> Result<Compared, Miss> {
    #[derive(Deserialize)]
    struct Body {
        status: String,
        ahead_by: u64,
        #[serde(default)]
        commits: Vec<Maybe<Entry>>,
    }
    #[derive(Deserialize)]
    struct Entry {
        commit: Commit,
    }
    #[derive(Deserialize)]
    struct Commit {
        committer: Signature,
    }
    #[derive(Deserialize)]
    struct Signature {
        date: String,
    }
    let body: Body = answer.json()?;
    let is_ahead = match body.status.as_str() {
        "ahead" | "identical" => true,
        "behind" | "diverged" => false,
        _ => {
            let what = format!("{} answered with an unknown status", answer.request());
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
    };
    let count = body.commits.len();
    let dates: Vec<Instant> = body
        .commits
        .iter()
        .filter_map(|entry| match entry {
            Maybe::Is(entry) => instant(Some(&entry.commit.committer.date)),
            Maybe::Not => None,
        })
        .collect();
    Ok(Compared { is_ahead, commits: body.ahead_by, undated: count - dates.len(), dates })
}

impl Github {
    /// Returns how the commit `base` of a repository, `owner/name` or `name`, stands to `head`.
    ///
    /// # Errors
    ///
    /// Where that was not seen, and where the repository itself may not be seen.
    pub async fn between(&self, repository: &str, base: &str, head: &str) -> Result<Between, Miss> {
        self.between_of(repository, base, head).await.map_err(|miss| self.scrubbed(miss))
    }

    async fn between_of(&self, repository: &str, base: &str, head: &str) -> Result<Between, Miss> {
        let (owner, name) = repository::named(repository, None, self.account.login())?;
        let range = format!("{base}...{head}");
        let segments = ["repos", &owner, &name, "compare", &range];
        let first = self.ask(&self.base.path(&segments, &[("per_page", "100")])).await?;
        if first.status == http::StatusCode::NOT_FOUND {
            // It says the same of a commit that is not there and of a repository that may not be seen.
            self.repository(repository, None).await?;
            let words = first.words().unwrap_or_default();
            // Else the repository does not know the commit: it has what was never here, or is no longer.
            let unrelated = words.starts_with("No common ancestor");
            return Ok(if unrelated { Between::Unrelated } else { Between::Diverged });
        }
        let first = refusal::ok(first)?;
        let told = compared(&first)?;
        if !told.is_ahead {
            return Ok(Between::Diverged);
        }
        let commits = told.commits;
        if commits == 0 || commits > MOST_COMMITS {
            return Ok(Between::Behind { commits, oldest: None });
        }
        let (mut dates, mut undated) = (Vec::new(), 0);
        let walked = self.walk(first, 4, |answer| {
            let page = compared(answer)?;
            let new = page.dates.len() + page.undated;
            dates.extend(page.dates);
            undated += page.undated;
            Ok(new)
        });
        let whole = walked.await?.is_whole() && undated == 0 && dates.len() as u64 >= commits;
        Ok(Between::Behind { commits, oldest: dates.into_iter().min().filter(|_| whole) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::{Fake, system};

    const VISIBLE: &str = r#"{"id":7,"name":"r","owner":{"login":"o"}}"#;

    async fn stands(comparison: (u16, String), repository: (u16, &'static str)) -> Result<Between, UnseenReason> {
        let fake = Fake::start(move |asked| {
            if asked.path == "/api/v3/repos/o/r" {
                return (repository.0, vec![], repository.1.to_owned());
            }
            assert_eq!(asked.path, "/api/v3/repos/o/r/compare/aaa...bbb?per_page=100");
            (comparison.0, vec![], comparison.1.clone())
        })
        .await;
        fake.github(&system("")).between("r", "aaa", "bbb").await.map_err(|miss| miss.reason)
    }

    fn body(status: &str, ahead: u64, dates: &[&str]) -> (u16, String) {
        let commits: Vec<String> =
            dates.iter().map(|date| format!(r#"{{"commit":{{"committer":{{"date":"{date}"}}}}}}"#)).collect();
        (200, format!(r#"{{"status":"{status}","ahead_by":{ahead},"commits":[{}]}}"#, commits.join(",")))
    }

    #[tokio::test]
    async fn a_commit_is_behind_diverged_or_unrelated() {
        let seen = (200, VISIBLE);
        let two = ["2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z"];
        let oldest = instant(Some(two[1]));
        assert_eq!(stands(body("ahead", 2, &two), seen).await, Ok(Between::Behind { commits: 2, oldest }));
        assert_eq!(stands(body("identical", 0, &[]), seen).await, Ok(Between::Behind { commits: 0, oldest: None }));
        assert_eq!(stands(body("behind", 0, &[]), seen).await, Ok(Between::Diverged));
        assert_eq!(stands(body("diverged", 3, &two), seen).await, Ok(Between::Diverged));
        let gone = (404, r#"{"message":"Not Found"}"#.to_owned());
        assert_eq!(stands(gone.clone(), seen).await, Ok(Between::Diverged));
        let apart = (404, r#"{"message":"No common ancestor between aaa and bbb."}"#.to_owned());
        assert_eq!(stands(apart, seen).await, Ok(Between::Unrelated));
        assert_eq!(stands(gone, (404, "{}")).await, Err(UnseenReason::NotFound), "the repository is not visible");
    }

    #[tokio::test]
    async fn the_oldest_change_is_unknown_unless_all_were_seen() {
        let one = ["2026-11-21T00:00:00Z"];
        for comparison in [body("ahead", 2, &one), body("ahead", 251, &one), body("ahead", 1, &["yesterday"])] {
            let Ok(Between::Behind { oldest, .. }) = stands(comparison, (200, VISIBLE)).await else {
                panic!("it is behind");
            };
            assert_eq!(oldest, None);
        }
        assert_eq!(stands(body("odd", 0, &[]), (200, VISIBLE)).await, Err(UnseenReason::Unreadable));
    }
}
