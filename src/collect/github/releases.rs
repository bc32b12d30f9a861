//! `releases`: files uploaded to releases; each is a recovery point.
//!
//! The archives of source code that GitHub makes itself are none. Which are enough is left to the judge.

use serde::Deserialize;

use super::rest::Maybe;
use super::{Github, instant};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{Fact, Point, RecoveryPoints};
use crate::model::time::Instant;
use crate::model::{Count, Grade};
use crate::policy::document;

/// How many pages are read: 10,000 releases, which is all that GitHub lists.
const MOST_PAGES: usize = 100;

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The release's tag.
    pub tag: String,
    /// The file's name.
    pub name: String,
    /// Its size in bytes; 0 where the upload never ended.
    pub bytes: u64,
    /// Its digest, such as `sha256:` and 64 digits; `None` of files uploaded before 2025.
    pub digest: Option<Box<str>>,
    /// When the upload began, UTC.
    pub created_at: Instant,
    /// When it last changed, UTC.
    pub updated_at: Option<Instant>,
}

/// Reads a page of `GET /repos/{owner}/{name}/releases`: the files of its releases, how many releases it
/// has, and how many releases and files could not be read.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no JSON list.
pub fn page(answer: &Answer) -> Result<(Vec<Asset>, usize, usize), Miss> {
    #[derive(Deserialize)]
    struct Release {
        tag_name: String,
        assets: Vec<Maybe<File>>,
    }
    let releases: Vec<Maybe<Release>> = answer.json()?;
    let count = releases.len();
    let (mut assets, mut unread) = (Vec::new(), 0);
    for release in releases {
        let Maybe::Is(release) = release else {
            unread += 1;
            continue;
        };
        for file in release.assets {
            let asset = match file {
                Maybe::Is(file) => file.asset(&release.tag_name),
                Maybe::Not => None,
            };
            match asset {
                Some(asset) => assets.push(asset),
                None => unread += 1,
            }
        }
    }
    Ok((assets, count, unread))
}

#[derive(Deserialize)]
struct File {
    name: String,
    state: String,
    size: u64,
    digest: Option<Box<str>>,
    created_at: String,
    updated_at: Option<String>,
}

impl File {
    /// Returns the file; `None` where it has no time.
    fn asset(self, tag: &str) -> Option<Asset> {
        Some(Asset {
            tag: tag.to_owned(),
            bytes: if self.state == "uploaded" { self.size } else { 0 },
            created_at: instant(Some(&self.created_at))?,
            updated_at: instant(self.updated_at.as_deref()),
            digest: self.digest,
            name: self.name,
        })
    }
}

impl Asset {
    fn point(self) -> Point {
        Point {
            available_at: self.updated_at.filter(|at| *at > self.created_at),
            bytes: Count::new(self.bytes),
            captured_at: self.created_at,
            digest: self.digest.map(Box::new),
            items: None,
            location: Some(Box::new(format!("{}/{}", self.tag, self.name).into())),
        }
    }
}

impl Github {
    /// Looks for the release files of a copy. `item` takes the place of `{name}` in its fields. A
    /// repository without releases is a whole list of nothing.
    ///
    /// # Errors
    ///
    /// Where nothing was seen.
    pub async fn releases(&self, copy: &document::Releases, item: Option<&str>) -> Result<Vec<Told>, Miss> {
        self.releases_of(copy, item).await.map_err(|miss| self.scrubbed(miss))
    }

    async fn releases_of(&self, copy: &document::Releases, item: Option<&str>) -> Result<Vec<Told>, Miss> {
        let repository = self.repository(&copy.repository.value, item).await?;
        let segments = ["repos", &repository.owner, &repository.name, "releases"];
        let first = self.get(&self.base.path(&segments, &[("per_page", "100")])).await?;
        let pattern = copy.pattern.as_ref().map(|pattern| &pattern.value.0);
        let (mut points, mut unread) = (Vec::new(), 0);
        let walk = self
            .walk(first, MOST_PAGES, |answer| {
                let (assets, count, odd) = page(answer)?;
                unread += odd;
                let matching =
                    assets.into_iter().filter(|asset| pattern.is_none_or(|pattern| pattern.is_match(&asset.name)));
                points.extend(matching.map(Asset::point));
                Ok(count)
            })
            .await?;
        points.sort_by_key(|point| point.captured_at);
        let complete = walk.is_whole() && unread == 0;
        let fact = RecoveryPoints { complete, from: None, grade: Grade::Observed, kept_from: None, points };
        let mut told = vec![walk.told(Fact::RecoveryPoints(fact))];
        let odd = (unread > 0).then(|| Miss::unreadable(format!("{unread} releases or files of them cannot be read")));
        let misses = walk.cut.into_iter().chain(odd);
        told.extend(misses.map(|miss| Told::unseen(miss, Question::RecoveryPoints, walk.began)));
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::{Fake, answer, copy, system};
    use crate::policy::Copy;

    const FILE: &str = r#"{"name":"a.tgz","state":"uploaded","size":9,"digest":"sha256:ab","created_at":"2026-11-01T00:00:00Z","updated_at":"2026-11-01T00:01:00Z"}"#;

    fn release(files: &str) -> String {
        format!(r#"[{{"tag_name":"v1","draft":false,"created_at":"2020-01-01T00:00:00Z","assets":[{files}]}}]"#)
    }

    #[test]
    fn a_file_is_dated_by_its_own_upload_and_empty_where_that_never_ended() {
        let (assets, ..) = page(&answer(200, &[], &release(FILE))).unwrap();
        let point = assets[0].clone().point();
        assert_eq!(point.captured_at.to_string(), "2026-11-01 00:00:00 UTC", "not the date of the tag's commit");
        assert_eq!(point.available_at.unwrap().to_string(), "2026-11-01 00:01:00 UTC");
        assert_eq!((point.bytes, point.location.as_ref().map(|at| &***at)), (Count::new(9), Some("v1/a.tgz")));
        let starter = FILE.replace("uploaded", "starter");
        assert!(page(&answer(200, &[], &release(&starter))).unwrap().0[0].clone().point().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let odd = format!("null, {}, {FILE}", FILE.replace("\"2026-11-01T00:00:00Z\"", "null"));
        let (assets, count, unread) = page(&answer(200, &[], &release(&odd))).unwrap();
        assert_eq!((assets.len(), count, unread), (1, 1, 2));
        let none = r#"[{"tag_name":"v1"}, null]"#;
        assert_eq!(page(&answer(200, &[], none)).unwrap(), (vec![], 2, 2));
    }

    #[tokio::test]
    async fn only_matching_files_count_and_no_release_is_a_whole_list_of_nothing() {
        let Copy::Releases(copy) = copy("by: releases, repository: r, pattern: '^b'") else { panic!("another method") };
        for (body, expected) in
            [(release(&format!("{FILE},{}", FILE.replace("a.tgz", "b.tgz"))), 1), ("[]".to_owned(), 0)]
        {
            let fake = Fake::start(move |asked| {
                let repository = r#"{"id":7,"name":"r","owner":{"login":"o"}}"#;
                (200, vec![], if asked.path.contains("releases") { body.clone() } else { repository.to_owned() })
            })
            .await;
            let told = fake.github(&system("")).releases(&copy, None).await.unwrap();
            match &told[0].fact {
                Fact::RecoveryPoints(list) => {
                    assert_eq!((list.points.len(), list.complete, list.from), (expected, true, None));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
