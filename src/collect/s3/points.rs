//! `objects`: objects of a bucket; each, or each group, is a recovery point.
//!
//! A pattern chooses keys, dates points by its named groups and may make one point of many objects. Which
//! points are enough is left to the judge.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{NaiveDate, TimeDelta, TimeZone as _, Utc};
use regex::{Captures, Regex};
use tokio::sync::mpsc;

use super::client::Client;
use super::kept::Kept;
use super::list::{self, End};
use super::listing::Object;
use super::settings::Before;
use super::versions::{self, Version};
use crate::collect::miss::Miss;
use crate::collect::plan::fill;
use crate::collect::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{Fact, Point, RecoveryPoints, Source};
use crate::model::time::Instant;
use crate::model::{Count, Grade, UnseenReason};
use crate::policy::document::Objects;

/// How many pages wait to be taken.
const WAITING: usize = 8;

/// The group that stands for all that the pattern matched.
const MATCH: &str = "match";

/// How keys become recovery points.
#[derive(Debug, Clone)]
pub struct Rule {
    pattern: Option<Regex>,
    group: Option<String>,
    /// Whether the pattern dates points.
    dated: bool,
}

/// What an object is to a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The pattern does not match it.
    Other,
    /// It matches and cannot be placed: its date is none, or it is of no group.
    Odd,
    /// A recovery point, or a part of one.
    Of {
        /// What is the same for all objects of one point: the group's text, or the key.
        point: Box<str>,
        /// The date in its key, UTC; `None` where keys have none.
        dated: Option<Instant>,
    },
}

impl Rule {
    /// Returns the rule of a copy.
    pub fn new(copy: &Objects) -> Self {
        let pattern = copy.pattern.as_ref().map(|pattern| pattern.value.0.clone());
        let dated =
            pattern.as_ref().is_some_and(|pattern| pattern.capture_names().flatten().any(|name| name == "year"));
        Self { pattern, group: copy.group.as_ref().map(|group| group.value.clone()), dated }
    }

    /// Returns what a key is.
    pub fn part(&self, key: &str) -> Part {
        let Some(pattern) = &self.pattern else { return Part::Of { point: key.into(), dated: None } };
        if self.group.is_none() && !self.dated {
            return if pattern.is_match(key) { Part::Of { point: key.into(), dated: None } } else { Part::Other };
        }
        let Some(found) = pattern.captures(key) else { return Part::Other };
        let point = match self.group.as_deref() {
            None => key,
            Some(MATCH) if found.name(MATCH).is_none() => found.get(0).map_or("", |whole| whole.as_str()),
            Some(group) => match found.name(group) {
                Some(group) => group.as_str(),
                None => return Part::Odd,
            },
        };
        let dated = if self.dated {
            match date(&found) {
                Some(date) => Some(date),
                None => return Part::Odd,
            }
        } else {
            None
        };
        Part::Of { point: point.into(), dated }
    }
}

/// Returns the time that the named groups tell, UTC; what is left out at the end is the earliest that it
/// can be, because the state cannot be newer than that for sure. Years of two digits are of this century.
/// `None` where it is no time.
fn date(found: &Captures<'_>) -> Option<Instant> {
    let year = found.name("year")?.as_str();
    let year: i32 = match year.len() {
        2 => 2_000 + year.parse::<i32>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    let mut parts = [1, 1, 0, 0, 0];
    for (part, name) in parts.iter_mut().zip(["month", "day", "hour", "minute", "second"]) {
        let Some(text) = found.name(name) else { break };
        *part = text.as_str().parse().ok()?;
    }
    let [month, day, hour, minute, second] = parts;
    let time = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second)?;
    Some(Utc.from_utc_datetime(&time))
}

/// An object of a point.
#[derive(Debug)]
struct Piece {
    point: Box<str>,
    dated: Option<Instant>,
    bytes: u64,
    modified: Instant,
}

/// The objects of one point together.
#[derive(Debug)]
struct Sum {
    dated: Option<Instant>,
    bytes: u64,
    items: u64,
    newest: Instant,
}

impl Sum {
    const fn of(piece: &Piece) -> Self {
        Self { dated: piece.dated, bytes: piece.bytes, items: 1, newest: piece.modified }
    }

    fn add(&mut self, piece: &Piece) {
        // A point is as old as the oldest state in it.
        self.dated = self.dated.min(piece.dated);
        self.bytes = self.bytes.saturating_add(piece.bytes);
        self.items += 1;
        self.newest = self.newest.max(piece.modified);
    }

    fn point(self, location: Box<str>) -> Point {
        // A name may promise a later state than there was when the last of it was written.
        let captured_at = self.dated.map_or(self.newest, |dated| dated.min(self.newest));
        Point {
            available_at: (self.newest > captured_at).then_some(self.newest),
            bytes: Count::new(self.bytes),
            captured_at,
            digest: None,
            items: Count::new(self.items),
            location: Some(Box::new(location)),
        }
    }
}

/// How many recovery points are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// However old they are; of more, only those that matter.
    of_any_age: usize,
    /// At all.
    of_all: usize,
}

/// The bounds of every list: a point has some 150 bytes.
pub(super) const MOST: Most = Most { of_any_age: 100_000, of_all: 1_000_000 };

/// The recovery points of one list.
#[derive(Debug)]
struct Found {
    grouped: bool,
    since: Instant,
    most: Most,
    points: Vec<Point>,
    groups: HashMap<Box<str>, Sum>,
    /// Since when they are told; `None` for all.
    from: Option<Instant>,
    /// Whether there are more than are told.
    full: bool,
}

impl Found {
    fn new(grouped: bool, since: Instant, most: Most) -> Self {
        Self { grouped, since, most, points: Vec::new(), groups: HashMap::new(), from: None, full: false }
    }

    /// Takes pages to their end, or until there are too many points; then nobody takes the rest.
    async fn take(mut self, mut pages: mpsc::Receiver<Vec<Piece>>) -> Self {
        while let Some(pieces) = pages.recv().await {
            for piece in pieces {
                self.add(piece);
            }
            if self.full {
                break;
            }
        }
        self.finish();
        self
    }

    fn add(&mut self, piece: Piece) {
        if self.full {
            return;
        }
        if self.grouped {
            if let Some(sum) = self.groups.get_mut(&piece.point) {
                sum.add(&piece);
            } else if self.groups.len() == self.most.of_all {
                self.full = true;
            } else {
                self.groups.insert(piece.point.clone(), Sum::of(&piece));
            }
            return;
        }
        let point = Sum::of(&piece).point(piece.point);
        if self.from.is_some_and(|from| point.captured_at < from) {
            return;
        }
        if self.from.is_none() && self.points.len() == self.most.of_any_age {
            self.leave_out_old();
            if point.captured_at < self.since {
                return;
            }
        }
        if self.points.len() == self.most.of_all {
            self.full = true;
        } else {
            self.points.push(point);
        }
    }

    fn leave_out_old(&mut self) {
        let since = self.since;
        self.from = Some(since);
        self.points.retain(|point| point.captured_at >= since);
    }

    /// Makes points of groups. How old a group is shows only when all of it was seen.
    fn finish(&mut self) {
        self.points.extend(self.groups.drain().map(|(location, sum)| sum.point(location)));
        if self.grouped && self.points.len() > self.most.of_any_age {
            self.leave_out_old();
        }
        self.points.sort_by(|one, other| (one.captured_at, &one.location).cmp(&(other.captured_at, &other.location)));
    }
}

/// What a look for recovery points brought.
#[derive(Debug)]
pub(super) struct Looked {
    fact: RecoveryPoints,
    /// Whether versions were listed.
    versions: bool,
    observed_at: Instant,
    source: Source,
    misses: Vec<Miss>,
    /// What was seen of the objects; `None` where the list is not whole.
    pub(super) kept: Option<Kept>,
}

impl Looked {
    /// Returns what it tells, beside the settings of the place.
    pub(super) fn told(self, settings: &[Told]) -> Vec<Told> {
        let mut fact = self.fact;
        let days = settings.iter().find_map(|told| match &told.fact {
            Fact::Settings(settings) => settings.noncurrent_days,
            _ => None,
        });
        // Of what was replaced before then, a lifecycle may have deleted some, though a version that stayed
        // current for longer is there still.
        let deleted = days.filter(|days| self.versions && *days > 0);
        let kept_from = deleted
            .and_then(|days| self.observed_at.checked_sub_signed(TimeDelta::try_days(i64::try_from(days).ok()?)?));
        let oldest = fact.points.first().map(|point| point.captured_at);
        fact.kept_from = kept_from.filter(|from| oldest.is_some_and(|oldest| oldest < *from));
        let (observed_at, source) = (self.observed_at, self.source);
        let mut told = vec![Told { fact: Fact::RecoveryPoints(fact), observed_at, source }];
        told.extend(self.misses.into_iter().map(|miss| Told::unseen(miss, Question::RecoveryPoints, observed_at)));
        told
    }
}

/// Looks for the recovery points of a copy. An older version of one object is no older state of the others, so
/// that versions count only where each object is a point of its own.
pub(super) async fn look(
    client: &Arc<Client>,
    copy: &Objects,
    item: Option<&str>,
    before: &Before,
    since: Instant,
    most: Most,
) -> Result<Looked, Miss> {
    let look = Look { client, prefix: prefix(copy, item), rule: Rule::new(copy), odd: AtomicU64::new(0) };
    let grouped = look.rule.group.is_some();
    if grouped || !before.has_versions() {
        return look.objects(before, Found::new(grouped, since, most)).await.map(|(found, end)| look.ended(found, end));
    }
    let refused = match look.versions(before, Found::new(false, since, most)).await {
        Ok((found, end)) => return Ok(Looked { versions: true, ..look.ended(found, end) }),
        Err(miss) => miss,
    };
    match refused.reason {
        UnseenReason::NotAuthorized | UnseenReason::NotFound | UnseenReason::Unreadable => {}
        UnseenReason::Unreachable | UnseenReason::RateLimited | UnseenReason::Truncated | UnseenReason::Offline => {
            return Err(refused);
        }
    }
    // What is current can be seen nevertheless. It is not all: a whole list would say that what is no longer
    // current, and that an earlier look may have found, is gone.
    look.odd.store(0, Ordering::Relaxed);
    let (found, end) = look.objects(before, Found::new(false, since, most)).await?;
    let mut looked = look.ended(found, end);
    looked.fact.complete = false;
    looked.misses.push(Miss { what: format!("versions that are not current: {}", refused.what), ..refused });
    Ok(looked)
}

/// A look at a bucket.
struct Look<'l> {
    client: &'l Arc<Client>,
    prefix: String,
    rule: Rule,
    /// How many keys cannot be placed.
    odd: AtomicU64,
}

impl Look<'_> {
    /// Returns what an object is a piece of; `version` is which one of its key, `None` for the current one.
    fn piece(&self, object: &Object<'_>, version: Option<&str>) -> Option<Piece> {
        if object.is_folder() {
            return None;
        }
        match self.rule.part(object.key) {
            Part::Other => None,
            Part::Odd => {
                self.odd.fetch_add(1, Ordering::Relaxed);
                None
            }
            Part::Of { point, dated } => {
                let point = version.map_or(point, |id| format!("{}?versionId={id}", object.key).into());
                Some(Piece { point, dated, bytes: object.bytes, modified: object.modified })
            }
        }
    }

    async fn objects(&self, before: &Before, found: Found) -> Result<(Found, End), Miss> {
        let (out, pages) = mpsc::channel(WAITING);
        let make = |object: &Object<'_>| self.piece(object, None);
        let listing = async {
            let end = list::list(self.client, &self.prefix, before.locked(), &make, &out).await;
            drop(out);
            end
        };
        let (end, found) = tokio::join!(listing, found.take(pages));
        end.map(|end| (found, end))
    }

    async fn versions(&self, before: &Before, found: Found) -> Result<(Found, End), Miss> {
        let (out, pages) = mpsc::channel(WAITING);
        let make = |version: &Version<'_>| self.piece(&version.object, (!version.is_current).then_some(version.id));
        let listing = async {
            let end = versions::list(self.client, &self.prefix, before.locked(), &make, &out).await;
            drop(out);
            end
        };
        let (end, found) = tokio::join!(listing, found.take(pages));
        end.map(|end| (found, end))
    }

    fn ended(&self, found: Found, end: End) -> Looked {
        let odd = self.odd.load(Ordering::Relaxed);
        let is_cut = found.full || end.left;
        let source = &end.source;
        let (prefix, of_all) = (&self.prefix, found.most.of_all);
        let unread = (end.unread > 0).then(|| format!("{} keys below `{prefix}` cannot be read", end.unread));
        let undated =
            (odd > 0).then(|| format!("{odd} keys match the pattern, but have no date or group that can be read"));
        let mut misses: Vec<Miss> =
            unread.into_iter().chain(undated).map(|what| Miss::unreadable(what).from(source)).collect();
        if is_cut {
            let what = format!("there are more recovery points below `{prefix}` than the {of_all} that are told");
            misses.push(Miss::new(UnseenReason::Truncated, what).from(source));
        }
        let complete = misses.is_empty();
        let kept = (end.unread == 0 && !is_cut).then_some(end.kept);
        let fact = RecoveryPoints {
            complete,
            from: found.from,
            grade: Grade::Observed,
            kept_from: None,
            points: found.points,
        };
        Looked { fact, versions: false, observed_at: end.began, source: end.source, misses, kept }
    }
}

/// Returns the prefix below which a copy lies.
pub(super) fn prefix(copy: &Objects, item: Option<&str>) -> String {
    copy.prefix.as_ref().map(|prefix| fill(&prefix.value.0, item)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Fake, objects};
    use super::*;
    use crate::model::time::parse_instant;

    fn at(text: &str) -> Instant {
        parse_instant(text).unwrap()
    }

    fn rule(keys: &str) -> Rule {
        Rule::new(&objects(keys))
    }

    fn dated(pattern: &str, key: &str) -> Part {
        rule(&format!(", pattern: '{pattern}'")).part(key)
    }

    #[test]
    fn named_groups_date_a_point_as_early_as_it_may_be() {
        let of = |key: &str, date: &str| Part::Of { point: key.into(), dated: Some(at(date)) };
        let day = r"db-(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})";
        assert_eq!(dated(day, "db-2026-11-24.gz"), of("db-2026-11-24.gz", "2026-11-24T00:00:00Z"));
        assert_eq!(dated(day, "db-2026-02-30.gz"), Part::Odd, "there is no such day");
        assert_eq!(dated(day, "x"), Part::Other);
        let month = r"(?P<year>\d{2})(?P<month>\d{2})";
        assert_eq!(dated(month, "2611"), of("2611", "2026-11-01T00:00:00Z"));
        let second = r"(?P<year>\d{4})(?P<month>..)(?P<day>..)T(?P<hour>..)(?P<minute>..)(?P<second>..)Z";
        assert_eq!(dated(second, "20261124T010203Z"), of("20261124T010203Z", "2026-11-24T01:02:03Z"));
        assert_eq!(dated(second, "20261124T250203Z"), Part::Odd);
        let no_year = r"day-(?P<day>\d+)";
        assert_eq!(dated(no_year, "day-3"), Part::Of { point: "day-3".into(), dated: None });
    }

    #[test]
    fn a_group_makes_one_point_of_many_keys() {
        let point = |keys: &str, key: &str| match rule(keys).part(key) {
            Part::Of { point, .. } => Some(point.to_string()),
            Part::Odd => Some("odd".to_owned()),
            Part::Other => None,
        };
        let whole = r", pattern: '^db-(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})/', group: match";
        assert_eq!(point(whole, "db-2026-11-24/a.gz").as_deref(), Some("db-2026-11-24/"));
        assert_eq!(point(whole, "x/db-2026-11-24/a.gz"), None);
        let named = r", pattern: '^(?P<set>[^/]+)/|loose', group: set";
        assert_eq!(point(named, "full/1").as_deref(), Some("full"));
        assert_eq!(point(named, "loose").as_deref(), Some("odd"));
        assert_eq!(point("", "any").as_deref(), Some("any"));
    }

    fn list(objects: &[(&str, u64, &str)]) -> String {
        let inner: Vec<String> = objects
            .iter()
            .map(|(key, bytes, at)| {
                format!("<Contents><Key>{key}</Key><Size>{bytes}</Size><LastModified>{at}</LastModified></Contents>")
            })
            .collect();
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>", inner.concat())
    }

    async fn looked_at(objects: &[(&str, u64, &str)], keys: &str, most: Most) -> (RecoveryPoints, usize) {
        let body = list(objects);
        let fake = Fake::start(move |asked| match asked.query("list-type") {
            Some(_) => (200, vec![], body.clone()),
            None => (403, vec![], String::new()),
        })
        .await;
        let client = Arc::new(fake.client("anonymous: true"));
        let (copy, before) = (super::super::samples::objects(keys), Before::ask(&client).await);
        let looked = look(&client, &copy, Some("it"), &before, at("2026-11-20"), most).await.unwrap();
        let told = looked.told(&[]);
        let Fact::RecoveryPoints(found) = &told[0].fact else { panic!("{told:?}") };
        (found.clone(), told.len())
    }

    async fn looked(objects: &[(&str, u64, &str)], keys: &str) -> (bool, Vec<Point>, usize) {
        let (found, told) = looked_at(objects, keys, MOST).await;
        (found.complete, found.points, told)
    }

    #[tokio::test]
    async fn of_many_recovery_points_those_that_matter_are_told_and_of_too_many_not_all() {
        let days = ["2026-11-21", "2026-11-01", "2026-11-22", "2026-11-02", "2026-11-23"];
        let keys: Vec<(String, String)> =
            days.iter().enumerate().map(|(at, day)| (format!("s{at}/k"), format!("{day}T00:00:00Z"))).collect();
        let objects: Vec<(&str, u64, &str)> = keys.iter().map(|(key, at)| (key.as_str(), 1, at.as_str())).collect();
        for rule in ["", ", pattern: '^s\\d/', group: match"] {
            let (all, told) = looked_at(&objects, rule, Most { of_any_age: 5, of_all: 5 }).await;
            assert_eq!((all.complete, all.from, all.points.len(), told), (true, None, 5, 1), "{rule}");
            let (recent, told) = looked_at(&objects, rule, Most { of_any_age: 2, of_all: 5 }).await;
            assert_eq!((recent.complete, recent.from, told), (true, Some(at("2026-11-20")), 1), "{rule}");
            let found: Vec<_> = recent.points.iter().map(|point| point.captured_at).collect();
            assert_eq!(found, [at("2026-11-21"), at("2026-11-22"), at("2026-11-23")], "{rule}");
            let (cut, told) = looked_at(&objects, rule, Most { of_any_age: 2, of_all: 2 }).await;
            assert_eq!((cut.complete, told), (false, 2), "{rule}");
        }
    }

    #[tokio::test]
    async fn each_object_is_a_point_and_an_empty_one_too() {
        let (complete, points, told) = looked(
            &[
                ("it/", 0, "2026-11-01T00:00:00Z"),
                ("it/a", 5, "2026-11-02T00:00:00Z"),
                ("it/b", 0, "2026-11-01T00:00:00Z"),
            ],
            ", prefix: '{name}/'",
        )
        .await;
        assert!(complete && told == 1);
        let seen: Vec<_> = points
            .iter()
            .map(|point| (point.captured_at, point.bytes, point.available_at, point.location.as_ref().map(|at| &***at)))
            .collect();
        assert_eq!(
            seen,
            [
                (at("2026-11-01"), Count::new(0), None, Some("it/b")),
                (at("2026-11-02"), Count::new(5), None, Some("it/a"))
            ]
        );
    }

    #[tokio::test]
    async fn a_group_sums_up_and_is_usable_when_its_last_object_came() {
        let (complete, points, _) = looked(
            &[
                ("db-2026-11-23/a", 5, "2026-11-23T02:00:00Z"),
                ("db-2026-11-23/b", 7, "2026-11-23T03:00:00Z"),
                ("db-2026-11-24/a", 5, "2026-11-23T22:00:00Z"),
                ("other", 1, "2026-11-23T22:00:00Z"),
            ],
            r", pattern: '^db-(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})/', group: match",
        )
        .await;
        assert!(complete);
        let first = &points[0];
        assert_eq!((first.bytes, first.items), (Count::new(12), Count::new(2)));
        assert_eq!((first.captured_at, first.available_at), (at("2026-11-23"), Some(at("2026-11-23T03:00:00Z"))));
        let second = &points[1];
        assert_eq!(
            (second.captured_at, second.available_at),
            (at("2026-11-23T22:00:00Z"), None),
            "no state is newer than the time at which it was written"
        );
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_placed_makes_the_list_less_than_whole() {
        let (complete, points, told) = looked(
            &[("db-2026-11-01", 5, "2026-11-23T02:00:00Z"), ("db-2026-13-01", 5, "2026-11-23T02:00:00Z")],
            r", pattern: '(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})'",
        )
        .await;
        assert_eq!((complete, points.len(), told), (false, 1, 2));
    }
}
