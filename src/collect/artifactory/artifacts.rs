//! `artifacts`: files of a repository; each is a recovery point.
//!
//! Dated by when they came to be in that repository. When they were last changed was often told by whoever
//! uploaded them, and may be years before. Which are enough is left to the judge.

use regex::Regex;

use super::Artifactory;
use super::folder;
use super::repositories::is_key;
use super::rows::File;
use crate::collect::miss::Miss;
use crate::collect::plan::filled;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{Fact, Point, RecoveryPoints};
use crate::model::time::Instant;
use crate::model::{Count, Grade};
use crate::policy::document::Artifacts;

/// How many recovery points are told however old they are. Of more, only those that matter.
const MOST_OF_ANY_AGE: usize = 100_000;

/// How many recovery points are told at most.
const MOST: usize = 2_000_000;

/// The recovery points of one list.
#[derive(Debug, Default)]
struct Found {
    points: Vec<Point>,
    /// Since when they are told; `None` for all.
    from: Option<Instant>,
    undated: usize,
}

impl Found {
    /// Adds a file. What is older than `since` is left out once there are many.
    fn add(&mut self, file: &File, repository: &str, since: Instant, most: usize) {
        let Some(captured_at) = file.created else {
            self.undated += 1;
            return;
        };
        if self.from.is_some_and(|from| captured_at < from) {
            return;
        }
        if self.from.is_none() && self.points.len() >= most {
            self.from = Some(since);
            self.points.retain(|point| point.captured_at >= since);
            if captured_at < since {
                return;
            }
        }
        self.points.push(Point {
            available_at: None,
            bytes: Count::new(file.bytes),
            captured_at,
            digest: digest(file).map(Box::new),
            items: None,
            location: Some(Box::new(format!("{repository}/{}", file.place.whole()).into())),
        });
    }
}

/// Returns the strongest checksum of a file as text.
fn digest(file: &File) -> Option<Box<str>> {
    let text = |kind: &str, bytes: &[u8]| {
        let mut text = format!("{kind}:");
        for byte in bytes {
            text.push_str(&format!("{byte:02x}"));
        }
        Box::from(text)
    };
    let sha256 = file.sums.sha256.map(|sum| text("sha256", &sum));
    sha256.or_else(|| file.sums.sha1.map(|sum| text("sha1", &sum)))
}

impl Artifactory {
    /// Lists artifacts as recovery points.
    pub(super) async fn points(&self, copy: &Artifacts, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        let repository = filled(&copy.repository.value, item)?;
        if !is_key(&repository) {
            return Err(Miss::unreadable(format!("`{repository}` is no key of a repository")));
        }
        let folder = folder(&filled(copy.path.as_ref().map_or("", |path| path.value.as_str()), item)?);
        let pattern: Option<&Regex> = copy.pattern.as_ref().map(|pattern| &pattern.value.0);
        let mut found = Found::default();
        let mut walk = self.walk(&repository, &folder);
        while let Some(files) = walk.next().await? {
            let matching =
                files.iter().filter(|file| pattern.is_none_or(|pattern| pattern.is_match(&file.place.whole())));
            for file in matching {
                found.add(file, &repository, since, MOST_OF_ANY_AGE);
            }
            if found.points.len() > MOST {
                walk.left(&format!("more than the {MOST} recovery points that are told"));
            }
        }
        let ended = walk.ended()?;
        let mut misses: Vec<Miss> = ended.lacks.into_iter().collect();
        if found.undated > 0 {
            let what = format!("{} artifacts of {repository} have no time that can be read", found.undated);
            misses.push(Miss::unreadable(what).from(&ended.source));
        }
        let mut points = found.points;
        points.sort_by(|one, other| (one.captured_at, &one.location).cmp(&(other.captured_at, &other.location)));
        let complete = misses.is_empty();
        let fact = RecoveryPoints { complete, from: found.from, grade: Grade::Observed, kept_from: None, points };
        let mut told = vec![Told { fact: Fact::RecoveryPoints(fact), observed_at: ended.began, source: ended.source }];
        told.extend(misses.into_iter().map(|miss| Told::unseen(miss, Question::RecoveryPoints, ended.last_asked)));
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::artifactory::rows::Place;
    use crate::collect::compare::Sums;
    use chrono::TimeDelta;

    fn file(day: i64) -> File {
        let created = Some(Instant::UNIX_EPOCH + TimeDelta::days(day));
        let sums = Sums { sha1: Some([0xab; 20]), ..Sums::default() };
        File { place: Place { path: ".".into(), name: format!("{day}").into() }, bytes: 0, created, sums }
    }

    #[test]
    fn of_many_recovery_points_those_that_matter_are_kept() {
        let since = Instant::UNIX_EPOCH + TimeDelta::days(3);
        let mut found = Found::default();
        for day in [5, 1, 3, 2, 9] {
            found.add(&file(day), "r", since, 3);
        }
        let days: Vec<i64> =
            found.points.iter().map(|point| (point.captured_at - Instant::UNIX_EPOCH).num_days()).collect();
        assert_eq!((days, found.from), (vec![5, 3, 9], Some(since)));
        let mut few = Found::default();
        few.add(&file(1), "r", since, 3);
        assert_eq!((few.points.len(), few.from), (1, None), "few are told however old they are");
        assert_eq!(few.points[0].digest.as_ref().unwrap().to_string(), format!("sha1:{}", "ab".repeat(20)));
        assert!(few.points[0].is_empty(), "of no bytes");
    }

    #[test]
    fn what_has_no_time_is_no_recovery_point_and_is_counted() {
        let mut found = Found::default();
        found.add(&File { created: None, ..file(1) }, "r", Instant::UNIX_EPOCH, 3);
        assert_eq!((found.points.len(), found.undated), (0, 1));
    }
}
