//! `migrations`: GitHub's own exports; each that holds git data is a recovery point.
//!
//! The list is asked for once, however many assets it is looked for in. That an archive is gone after
//! days, and that nothing shows a download, is left to the judge.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::Deserialize;

use super::rest::Maybe;
use super::walk::Walk;
use super::{Account, Github, instant};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{Fact, Point, RecoveryPoints};
use crate::model::time::Instant;
use crate::model::{Count, Grade, UnseenReason};
use crate::policy::document;

/// How long an archive is kept (docs.github.com, "Downloading an organization migration archive").
const KEPT: TimeDelta = TimeDelta::days(7);

/// How many pages of migrations are read: 1,000.
const MOST_PAGES: usize = 10;

/// How many pages of the repositories of one export are read: 10,000.
const MOST_REPOSITORY_PAGES: usize = 100;

/// An export that was made and holds git data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its number.
    pub id: u64,
    /// When it was asked for, UTC: it holds no later state.
    pub created_at: Instant,
    /// When it was ready, UTC.
    pub updated_at: Option<Instant>,
}

/// Reads a page of `GET /orgs/{org}/migrations`: the exports on it that were made and hold git data, how
/// many entries it has, and how many could not be read.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no JSON list.
pub fn page(answer: &Answer) -> Result<(Vec<Export>, usize, usize), Miss> {
    #[derive(Deserialize)]
    struct Entry {
        id: u64,
        state: String,
        exclude_git_data: Option<bool>,
        org_metadata_only: Option<bool>,
        created_at: Option<String>,
        updated_at: Option<String>,
    }
    let entries: Vec<Maybe<Entry>> = answer.json()?;
    let count = entries.len();
    let (mut exports, mut unread) = (Vec::new(), 0);
    for entry in entries {
        let Maybe::Is(entry) = entry else {
            unread += 1;
            continue;
        };
        if entry.state != "exported" || entry.exclude_git_data == Some(true) || entry.org_metadata_only == Some(true) {
            continue;
        }
        match instant(entry.created_at.as_deref()) {
            Some(created_at) => {
                let updated_at = instant(entry.updated_at.as_deref());
                exports.push(Export { id: entry.id, created_at, updated_at });
            }
            None => unread += 1,
        }
    }
    Ok((exports, count, unread))
}

/// The exports that matter, and what is in them.
#[derive(Debug, Clone)]
pub(super) struct Exports {
    made: Vec<(Export, BTreeSet<String>)>,
    told: Told,
    misses: Vec<Miss>,
}

impl Github {
    /// Looks for GitHub's exports of the last 7 days that hold the repository `item`, and for the newest
    /// one of all. Without an `item` every export counts, with the number of its repositories.
    ///
    /// # Errors
    ///
    /// Where nothing was seen. Tokens of Apps and fine-grained tokens are refused.
    pub async fn migrations(
        &self,
        _copy: &document::Migrations,
        item: Option<&str>,
        _since: Instant,
    ) -> Result<Vec<Told>, Miss> {
        let exports =
            self.exports.get_or_init(|| async { self.find_exports().await.map_err(|miss| self.scrubbed(miss)) });
        let exports = exports.await.as_ref().map_err(Clone::clone)?;
        let wanted = item.map(str::to_lowercase);
        let holding = exports.made.iter().filter(|(_, names)| wanted.as_ref().is_none_or(|name| names.contains(name)));
        let mut points: Vec<Point> = holding
            .map(|(export, names)| Point {
                available_at: export.updated_at.filter(|at| *at > export.created_at),
                bytes: None,
                captured_at: export.created_at,
                digest: None,
                items: wanted.is_none().then(|| Count::new(names.len() as u64)).flatten(),
                location: Some(Box::new(format!("migration {}", export.id).into())),
            })
            .collect();
        points.sort_by_key(|point| point.captured_at);
        let complete = exports.misses.is_empty();
        let fact = RecoveryPoints { complete, from: None, grade: Grade::Reported, kept_from: None, points };
        let at = exports.told.observed_at;
        let mut told = vec![Told { fact: Fact::RecoveryPoints(fact), ..exports.told.clone() }];
        told.extend(exports.misses.iter().map(|miss| Told::unseen(miss.clone(), Question::RecoveryPoints, at)));
        Ok(told)
    }

    async fn find_exports(&self) -> Result<Exports, Miss> {
        if let Account::User(login) = &self.account
            && !self.identity().await?.eq_ignore_ascii_case(login)
        {
            let what = format!("GitHub shows the exports of {login} to {login} alone");
            return Err(Miss::new(UnseenReason::NotAuthorized, what));
        }
        // Without this every entry holds whole repositories.
        let query = [("per_page", "100"), ("exclude[]", "repositories")];
        let (mut found, mut unread) = (Vec::new(), 0);
        let first = self.get(&self.base.path(&self.migrations_at(&[]), &query)).await.map_err(hint)?;
        let walk = self
            .walk(first, MOST_PAGES, |answer| {
                let (exports, count, odd) = page(answer)?;
                unread += odd;
                found.extend(exports);
                Ok(count)
            })
            .await?;
        found.sort_by_key(|export: &Export| std::cmp::Reverse(export.created_at));
        let kept_since = self.now() - KEPT;
        let (told, mut misses) = begin(&walk);
        if unread > 0 {
            misses.push(Miss::unreadable(format!("{unread} migrations cannot be read")));
        }
        let mut made = Vec::new();
        for (position, export) in found.into_iter().enumerate() {
            if position > 0 && export.created_at < kept_since {
                break;
            }
            match self.repositories_in(export.id).await {
                Ok(names) => made.push((export, names)),
                Err(miss) => misses.push(miss),
            }
        }
        let misses = misses.into_iter().map(|miss| self.scrubbed(miss)).collect();
        Ok(Exports { made, told, misses })
    }

    /// Returns the names of the repositories in an export, in lower case.
    async fn repositories_in(&self, export: u64) -> Result<BTreeSet<String>, Miss> {
        let number = export.to_string();
        let path = self.base.path(&self.migrations_at(&[&number, "repositories"]), &[("per_page", "100")]);
        let mut names = BTreeSet::new();
        let mut unread = 0;
        let walk = self
            .walk(self.get(&path).await.map_err(hint)?, MOST_REPOSITORY_PAGES, |answer| {
                let page = super::rest::repositories(answer)?;
                unread += page.unread;
                let before = names.len();
                names.extend(page.found.iter().map(|found| found.name.to_lowercase()));
                Ok(names.len() - before + page.unread)
            })
            .await?;
        match walk.cut {
            Some(miss) => Err(miss),
            None if unread > 0 => {
                Err(Miss::unreadable(format!("{unread} repositories of migration {export} cannot be read")))
            }
            None => Ok(names),
        }
    }

    fn migrations_at<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut segments = match &self.account {
            Account::Organisation(login) => vec!["orgs", login, "migrations"],
            Account::User(_) => vec!["user", "migrations"],
        };
        segments.extend(more);
        segments
    }
}

fn begin(walk: &Walk) -> (Told, Vec<Miss>) {
    let nothing =
        RecoveryPoints { complete: false, from: None, grade: Grade::Reported, kept_from: None, points: Vec::new() };
    (walk.told(Fact::RecoveryPoints(nothing)), walk.cut.clone().into_iter().collect())
}

/// Says what a refusal here often means.
fn hint(mut miss: Miss) -> Miss {
    if matches!(miss.reason, UnseenReason::NotAuthorized | UnseenReason::NotFound) {
        miss.what.push_str("; only a classic token of an owner can read migrations, no App and no fine-grained token");
    }
    miss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::{Fake, copy, system};
    use crate::policy::Copy;

    /// 24 November, told in Kolkata's time.
    const EXPORTED: &str = r#"{"id":3,"state":"exported","created_at":"2026-11-24T05:30:00.000+05:30","updated_at":"2026-11-24T06:30:00.000+05:30"}"#;

    async fn looked(list: (u16, &str), item: Option<&str>) -> (Result<Vec<Told>, Miss>, Vec<String>) {
        let list = (list.0, list.1.to_owned());
        let fake = Fake::start(move |asked| {
            if asked.path.starts_with("/api/v3/orgs/o/migrations?") {
                assert!(asked.path.contains("exclude%5B%5D=repositories"), "{}", asked.path);
                return (list.0, vec![], list.1.clone());
            }
            (200, vec![], r#"[{"id":7,"name":"Held"},{"id":8,"name":"other"}]"#.to_owned())
        })
        .await;
        let Copy::Migrations(copy) = copy("by: migrations") else { panic!("another method") };
        let github = fake.github(&system(""));
        let told = github.migrations(&copy, item, Instant::UNIX_EPOCH).await;
        // A second asset needs no further question.
        let before = fake.asked().len();
        assert!(github.migrations(&copy, Some("again"), Instant::UNIX_EPOCH).await.is_ok() == told.is_ok());
        assert_eq!(fake.asked().len(), before);
        (told, fake.asked().into_iter().map(|asked| asked.path).collect())
    }

    fn points(told: &[Told]) -> &RecoveryPoints {
        match &told[0].fact {
            Fact::RecoveryPoints(points) => points,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_export_counts_for_the_repositories_that_are_in_it() {
        let list = format!("[{EXPORTED}]");
        let (told, _) = looked((200, &list), Some("held")).await;
        let told = told.unwrap();
        let [point] = points(&told).points.as_slice() else { panic!("{told:?}") };
        assert_eq!(point.captured_at.to_string(), "2026-11-24 00:00:00 UTC");
        assert_eq!(point.available_at.unwrap().to_string(), "2026-11-24 01:00:00 UTC");
        let (told, _) = looked((200, &list), Some("young")).await;
        let told = told.unwrap();
        assert!(points(&told).points.is_empty() && points(&told).complete);
    }

    #[tokio::test]
    async fn what_holds_no_git_data_or_is_not_done_does_not_count() {
        let others = [
            EXPORTED.replace("exported", "pending"),
            EXPORTED.replace("\"id\":3", "\"id\":4,\"exclude_git_data\":true"),
            EXPORTED.replace("\"id\":3", "\"id\":5,\"org_metadata_only\":true"),
        ];
        let (told, asked) = looked((200, &format!("[{}]", others.join(","))), Some("held")).await;
        assert!(points(&told.unwrap()).points.is_empty());
        assert_eq!(asked.len(), 1, "{asked:?}");
    }

    #[tokio::test]
    async fn of_older_exports_only_the_newest_is_looked_into() {
        let old =
            |id: u32, day: &str| format!(r#"{{"id":{id},"state":"exported","created_at":"2026-10-{day}T00:00:00Z"}}"#);
        let (told, asked) = looked((200, &format!("[{},{}]", old(1, "01"), old(2, "02"))), Some("held")).await;
        assert_eq!(points(&told.unwrap()).points[0].captured_at.to_string(), "2026-10-02 00:00:00 UTC");
        assert_eq!(asked.len(), 2, "{asked:?}");
    }

    #[tokio::test]
    async fn a_refusal_says_which_token_helps() {
        for status in [403, 404] {
            let (told, _) = looked((status, r#"{"message":"Resource not accessible by integration"}"#), None).await;
            assert!(told.unwrap_err().what.contains("classic token"));
        }
        let (told, _) = looked((200, r#"[{"id":1,"state":"exported","created_at":null}]"#), None).await;
        assert!(!points(&told.unwrap()).complete);
    }
}
