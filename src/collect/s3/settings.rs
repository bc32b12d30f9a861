//! Settings: what protects what lies below a prefix, and what takes it away.
//!
//! Each question that stays without an answer is told for itself; what the others tell counts. How each
//! answer is read is left to `config` and `uploads`, what it means to the judge.

use chrono::TimeDelta;

use super::client::{Client, Question};
use super::config::Versions;
use super::kept::{Kept, Mark};
use super::{config, refusal, uploads};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::{self, Digest, Fact, Settings, Source};
use crate::model::UnseenReason;
use crate::model::time::{Instant, parse_instant};

/// By how much the end of a lock may be earlier than the bucket says: clocks and roundings.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// What the lock has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Recovery points: each for as long as the bucket says, from when it was written.
    Points,
    /// A mirror: all of it, now.
    Mirror,
}

/// What is asked before a list, so that the list can note the right objects.
#[derive(Debug)]
pub(super) struct Before {
    began: Instant,
    versioning: Result<Answer, Miss>,
    lock: Result<Answer, Miss>,
}

impl Before {
    /// Asks.
    pub(super) async fn ask(client: &Client) -> Self {
        let began = client.door().clock().now();
        let (versioning, lock) = tokio::join!(ask(client, ("versioning", "")), ask(client, ("object-lock", "")));
        Self { began, versioning, lock }
    }

    /// Returns whether the bucket has, or may have, versions of before. Where that was not told it is no, and
    /// the settings say so.
    pub(super) fn has_versions(&self) -> bool {
        let told = self.versioning.clone().and_then(config::versions);
        told.is_ok_and(|versions| versions != Versions::Never)
    }

    /// Returns since when the lock of the bucket should hold what was written; `None` without one.
    pub(super) fn locked(&self) -> Option<Instant> {
        since(self.lock.clone(), self.began)
    }
}

/// Asks since when the lock of the bucket should hold what was written; `None` without one, or where that was
/// not told.
pub(super) async fn locked(client: &Client) -> Option<Instant> {
    since(ask(client, ("object-lock", "")).await, client.door().clock().now())
}

fn since(lock: Result<Answer, Miss>, now: Instant) -> Option<Instant> {
    let days = lock.and_then(config::object_lock).ok().filter(|days| *days > 0)?;
    now.checked_sub_signed(span(days)?)
}

/// Returns days as a span of time; `None` where they are too many.
fn span(days: u64) -> Option<TimeDelta> {
    TimeDelta::try_days(i64::try_from(days).ok()?)
}

/// Reads the settings of a mirror below `prefix`. `kept` is what a list of it showed; `None` where none was
/// read.
pub(super) async fn read(client: &Client, prefix: &str, kept: Option<Kept>) -> Vec<Told> {
    let before = Before::ask(client).await;
    after(client, prefix, before, kept, Content::Mirror).await
}

/// As `read`, where a part of it was asked for before.
pub(super) async fn after(
    client: &Client,
    prefix: &str,
    before: Before,
    kept: Option<Kept>,
    content: Content,
) -> Vec<Told> {
    let Before { began, versioning, lock } = before;
    let mut seen = Seen { settings: Settings::default(), sources: Vec::new(), misses: Vec::new() };
    let (lifecycle, uploads) = tokio::join!(ask(client, ("lifecycle", "")), uploads::unfinished(client, prefix, began));
    seen.settings.versioning = seen.take("whether versions are kept", versioning, config::versioning);
    let locked = seen.take("whether deletion is locked", lock, config::object_lock);
    seen.settings.locked_days = match locked.filter(|days| *days > 0) {
        // A bucket's lock holds what was written since it was set, and nothing before.
        Some(days) => match holds(client, kept.as_ref(), days, content).await {
            Ok(()) => Some(days),
            Err(miss) => {
                seen.misses.push(("whether the lock holds what is there", miss));
                None
            }
        },
        None => locked,
    };
    let rules = seen.take("what a lifecycle deletes", lifecycle, |answer| config::lifecycle(answer, prefix));
    seen.settings.expires_days = rules.map(|rules| rules.expires_days);
    seen.settings.noncurrent_days = rules.map(|rules| rules.noncurrent_days);
    match uploads {
        Ok((unfinished, first)) => {
            seen.settings.unfinished = Some(unfinished);
            seen.sources.push(first.source);
        }
        Err(miss) => seen.misses.push(("uploads that never ended", miss)),
    }
    if let Some(thaw) = kept.map(|kept| kept.thaw) {
        seen.settings.thaw_hours = thaw.hours();
        if thaw.hours().is_none() {
            let what = "some objects are of a storage class that does not tell whether they can be read at once";
            seen.misses.push(("how long it takes until content can be read", Miss::unreadable(what)));
        }
    }
    seen.told(began)
}

async fn ask(client: &Client, query: (&str, &str)) -> Result<Answer, Miss> {
    client.ask(&Question::get(&[query])).await
}

/// Looks whether the lock of so many days holds: the newest object and the oldest of those days each show that
/// nobody can delete them for so long from when they were written. What is older may be free again; of a
/// mirror the oldest object has to be locked still.
///
/// # Errors
///
/// Where it does not, or that is not shown: without the right to see them
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html`) an answer comes without these headers.
async fn holds(client: &Client, kept: Option<&Kept>, days: u64, content: Content) -> Result<(), Miss> {
    let shown = kept.and_then(|kept| Some((kept.newest.as_ref()?, kept.recent.as_ref()?, kept.oldest.as_ref()?)));
    let (Some((newest, recent, oldest)), Some(length)) = (shown, span(days)) else {
        return Err(Miss::unreadable(format!("no object was seen that was written in the {days} d of the lock")));
    };
    for object in [newest, recent].into_iter().take(if newest == recent { 1 } else { 2 }) {
        let (until, answer) = locked_until(client, object).await?;
        if object.at.checked_add_signed(length - SLACK).is_none_or(|needed| until < needed) {
            let what = format!("{} shows a lock that ends before its {days} d are over", answer.request());
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
    }
    if content == Content::Mirror {
        let (until, answer) = locked_until(client, oldest).await?;
        if until <= answer.asked_at {
            let what = format!("content that is older than the {days} d of the lock is no longer locked");
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
    }
    Ok(())
}

/// Returns until when nobody can delete an object, and the answer that tells it.
async fn locked_until(client: &Client, object: &Mark) -> Result<(Instant, Answer), Miss> {
    let query: Vec<(&str, &str)> = object.version.as_deref().map(|id| ("versionId", id)).into_iter().collect();
    let question = Question { head: true, key: Some(&object.key), query: &query, headers: &[] };
    let answer = refusal::ok(client.ask(&question).await?)?;
    let is_for_all = answer.header("x-amz-object-lock-mode") == Some("COMPLIANCE");
    let until = answer.header("x-amz-object-lock-retain-until-date").and_then(parse_instant);
    match until.filter(|_| is_for_all) {
        Some(until) => Ok((until, answer)),
        None => Err(answer.miss(UnseenReason::Unreadable, format!("{} shows no lock that holds", answer.request()))),
    }
}

/// What was seen so far.
struct Seen {
    settings: Settings,
    sources: Vec<Source>,
    misses: Vec<(&'static str, Miss)>,
}

impl Seen {
    /// Returns what an answer tells, and notes where it came from, or what was not seen.
    fn take<T>(
        &mut self,
        what: &'static str,
        answer: Result<Answer, Miss>,
        read: impl FnOnce(Answer) -> Result<T, Miss>,
    ) -> Option<T> {
        let read = answer.and_then(|answer| {
            let source = answer.source.clone();
            read(answer).map(|told| (told, source))
        });
        match read {
            Ok((told, source)) => {
                self.sources.push(source);
                Some(told)
            }
            Err(miss) => {
                self.misses.push((what, miss));
                None
            }
        }
    }

    fn told(self, began: Instant) -> Vec<Told> {
        let mut told = Vec::new();
        if let Some(first) = self.sources.first() {
            let bodies = self.sources.iter().filter_map(|source| source.body.as_deref()?.parse::<Digest>().ok());
            let body = Some(Digest::of_lines(bodies).to_string().into());
            let source = Source { body, ..first.clone() };
            told.push(Told { fact: Fact::Settings(self.settings), observed_at: began, source });
        }
        for (what, miss) in self.misses {
            let miss = Miss { what: format!("{what}: {}", miss.what), ..miss };
            told.push(Told::unseen(miss, evidence::fact::Question::Settings, began));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::super::class::Thaw;
    use super::super::listing::Object;
    use super::super::samples::{Asked, Fake, Reply};
    use super::*;
    use crate::evidence::Unfinished;
    use crate::model::UnseenReason;

    fn reply(asked: &Asked) -> Reply {
        let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
        let (status, body) = match asked.path.as_str() {
            "/b?versioning=" => (200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
            // As Ceph answers what it does not know.
            "/b?object-lock=" => (200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"),
            "/b?lifecycle=" => (403, denied),
            path if path.starts_with("/b?uploads=") => {
                (200, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
            }
            other => panic!("{other}"),
        };
        (status, vec![], body.to_owned())
    }

    fn at(text: &str) -> Instant {
        parse_instant(text).unwrap()
    }

    /// What a list shows of objects of these times, `key` beside each, where the lock has nine days.
    fn kept(class: &str, objects: &[(&str, &str)]) -> Kept {
        let mut kept = Kept::since(Some(at("2026-11-16T12:00:00Z")));
        for (key, modified) in objects {
            let (modified, sums) = (at(modified), crate::collect::compare::Sums::default());
            kept.add(&Object { key, bytes: 1, modified, sums, class, has_sha: false }, None);
        }
        assert_eq!(kept.thaw, if objects.is_empty() { Thaw::default() } else { Thaw::of(class) });
        kept
    }

    const NEW: (&str, &str) = ("db/new", "2026-11-25T00:00:00Z");
    const WITHIN: (&str, &str) = ("db/within", "2026-11-20T00:00:00Z");
    const OLD: (&str, &str) = ("db/old", "2026-11-01T00:00:00Z");

    /// Returns the days that are told, where the HEAD of each object shows its mode and end.
    async fn locked(
        content: Content,
        objects: &[(&str, &str)],
        shown: &'static [(&'static str, &'static str, &'static str)],
    ) -> Option<u64> {
        let fake = Fake::start(move |asked| {
            if asked.path == "/b?object-lock=" {
                return (200, vec![], "<ObjectLockConfiguration><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>9</Days></DefaultRetention></Rule></ObjectLockConfiguration>".to_owned());
            }
            match shown.iter().find(|(key, ..)| asked.path == format!("/b/db/{key}")) {
                Some((_, mode, until)) => {
                    let mode = ("x-amz-object-lock-mode", (*mode).to_owned());
                    (200, vec![mode, ("x-amz-object-lock-retain-until-date", (*until).to_owned())], String::new())
                }
                None if asked.method == http::Method::HEAD => (200, vec![], String::new()),
                None => (403, vec![], String::new()),
            }
        })
        .await;
        let client = fake.client("anonymous: true");
        let known = (!objects.is_empty()).then(|| kept("", objects));
        let told = after(&client, "db/", Before::ask(&client).await, known, content).await;
        let Fact::Settings(settings) = told[0].fact else { panic!("{told:?}") };
        let missed = told
            .iter()
            .any(|told| matches!(&told.fact, Fact::Unseen(unseen) if unseen.what.contains("the lock holds")));
        assert_eq!(missed, settings.locked_days.is_none(), "what is not told is missed");
        settings.locked_days
    }

    #[tokio::test]
    async fn a_lock_counts_where_the_newest_and_the_oldest_of_its_days_show_that_it_holds() {
        let of = async |shown| locked(Content::Points, &[OLD, WITHIN, NEW], shown).await;
        assert_eq!(
            of(&[("new", "COMPLIANCE", "2026-12-04T00:00:00Z"), ("within", "COMPLIANCE", "2026-11-28T23:59:30Z")])
                .await,
            Some(9)
        );
        assert_eq!(of(&[("new", "COMPLIANCE", "2026-12-04T00:00:00Z")]).await, None, "the lock came after it");
        assert_eq!(of(&[("within", "COMPLIANCE", "2026-11-29T00:00:00Z")]).await, None);
        assert_eq!(
            of(&[("new", "COMPLIANCE", "2026-12-01T00:00:00Z"), ("within", "COMPLIANCE", "2026-11-29T00:00:00Z")])
                .await,
            None,
            "it is locked, and not for so long"
        );
        assert_eq!(
            of(&[("new", "GOVERNANCE", "2026-12-04T00:00:00Z"), ("within", "COMPLIANCE", "2026-11-29T00:00:00Z")])
                .await,
            None
        );
        assert_eq!(locked(Content::Points, &[], &[]).await, None, "nothing was listed");
        assert_eq!(
            locked(Content::Points, &[OLD], &[("old", "COMPLIANCE", "2026-11-10T00:00:00Z")]).await,
            None,
            "nothing shows whether it holds still"
        );
    }

    #[tokio::test]
    async fn a_lock_counts_for_a_mirror_where_the_oldest_object_is_locked_still() {
        const GOOD: (&str, &str, &str) = ("new", "COMPLIANCE", "2026-12-04T00:00:00Z");
        let of = async |objects: &[(&str, &str)], shown| locked(Content::Mirror, objects, shown).await;
        assert_eq!(of(&[NEW], &[GOOD]).await, Some(9));
        assert_eq!(of(&[OLD, NEW], &[GOOD, ("old", "COMPLIANCE", "2026-11-10T00:00:00Z")]).await, None);
        assert_eq!(of(&[OLD, NEW], &[GOOD, ("old", "COMPLIANCE", "2999-11-10T00:00:00Z")]).await, Some(9));
        assert_eq!(of(&[OLD, NEW], &[GOOD]).await, None);
    }

    #[tokio::test]
    async fn what_was_denied_is_told_beside_what_was_seen() {
        let fake = Fake::start(reply).await;
        let told = read(&fake.client("anonymous: true"), "db/", Some(kept("GLACIER", &[NEW]))).await;
        let Fact::Settings(settings) = told[0].fact else { panic!("{told:?}") };
        let expected = Settings {
            versioning: Some(true),
            thaw_hours: Some(5),
            unfinished: Some(Unfinished { count: 0, newest: None }),
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        assert!(told[0].source.request.as_deref().unwrap().contains("versioning"));
        let reasons: Vec<UnseenReason> = told[1..]
            .iter()
            .map(|told| match &told.fact {
                Fact::Unseen(unseen) => unseen.reason,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(reasons, [UnseenReason::Unreadable, UnseenReason::NotAuthorized]);
    }

    #[tokio::test]
    async fn where_nothing_is_seen_there_are_no_settings() {
        let fake = Fake::start(|_| (403, vec![], String::new())).await;
        let told = read(&fake.client("anonymous: true"), "", None).await;
        assert_eq!(told.len(), 4);
        assert!(told.iter().all(|told| matches!(told.fact, Fact::Unseen(_))));
    }
}
