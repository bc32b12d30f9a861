//! Settings: what protects what lies below a prefix, and what takes it away.
//!
//! Each question that stays without an answer is told for itself; what the others tell counts. How each
//! answer is read is left to `config` and `uploads`, what it means to the judge.

use super::client::{Client, Question};
use super::kept::Kept;
use super::{config, refusal, unseen, uploads};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::{self, Digest, Fact, Settings, Source};
use crate::model::UnseenReason;
use crate::model::time::{Instant, parse_instant};

/// Reads the settings of what lies below `prefix`. `kept` is what a list of it showed; `None` where none was
/// read.
pub(super) async fn read(client: &Client, prefix: &str, kept: Option<Kept>) -> Vec<Told> {
    let began = client.door().clock().now();
    let mut seen = Seen { settings: Settings::default(), sources: Vec::new(), misses: Vec::new() };
    let [versioning, lock, lifecycle] = [("versioning", ""), ("object-lock", ""), ("lifecycle", "")];
    let (versioning, lock, lifecycle, uploads) = tokio::join!(
        ask(client, versioning),
        ask(client, lock),
        ask(client, lifecycle),
        uploads::unfinished(client, prefix, began)
    );
    let versions = seen.take("whether versions are kept", versioning, config::versioning);
    seen.settings.versioning = versions;
    let locked = seen.take("whether deletion is locked", lock, config::object_lock);
    seen.settings.locked_days = match locked.filter(|days| *days > 0) {
        // A bucket's lock holds what was written since it was set, and nothing before.
        Some(days) => match holds(client, kept.as_ref(), began).await {
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

/// Looks whether the newest object is locked for everybody.
///
/// # Errors
///
/// Where it is not, or that is not shown: without the right to see them
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html`) an answer comes without these headers.
async fn holds(client: &Client, kept: Option<&Kept>, now: Instant) -> Result<(), Miss> {
    let Some((_, key)) = kept.and_then(|kept| kept.newest.as_ref()) else {
        return Err(Miss::unreadable("no object was seen that could be looked at"));
    };
    let question = Question { head: true, key: Some(key), query: &[], headers: &[] };
    let answer = refusal::ok(client.ask(&question).await?)?;
    let mode = answer.header("x-amz-object-lock-mode");
    let until = answer.header("x-amz-object-lock-retain-until-date").and_then(parse_instant);
    if mode == Some("COMPLIANCE") && until.is_some_and(|until| until > now) {
        return Ok(());
    }
    Err(answer.miss(UnseenReason::Unreadable, format!("{} shows no lock that holds", answer.request())))
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
            told.push(unseen(miss, evidence::fact::Question::Settings, began));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::super::class::Thaw;
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

    fn kept(class: &str) -> Kept {
        Kept { thaw: Thaw::of(class), newest: Some((Instant::UNIX_EPOCH, "db/new".into())) }
    }

    #[tokio::test]
    async fn a_lock_counts_where_the_newest_object_shows_that_it_holds() {
        let mode = |mode: &'static str, until: &'static str| {
            vec![("x-amz-object-lock-mode", mode.to_owned()), ("x-amz-object-lock-retain-until-date", until.to_owned())]
        };
        let cases = [
            (mode("COMPLIANCE", "2999-01-01T00:00:00Z"), Some(9)),
            (mode("GOVERNANCE", "2999-01-01T00:00:00Z"), None),
            (mode("COMPLIANCE", "1999-01-01T00:00:00Z"), None),
            (vec![], None),
        ];
        for (headers, expected) in cases {
            let shown = headers.clone();
            let fake = Fake::start(move |asked| match asked.path.as_str() {
                "/b/db/new" => (200, shown.clone(), String::new()),
                "/b?object-lock=" => (200, vec![], "<ObjectLockConfiguration><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>9</Days></DefaultRetention></Rule></ObjectLockConfiguration>".to_owned()),
                _ => (403, vec![], String::new()),
            })
            .await;
            for known in [true, false] {
                let told = read(&fake.client("anonymous: true"), "db/", known.then(|| kept(""))).await;
                let Fact::Settings(settings) = told[0].fact else { panic!("{told:?}") };
                assert_eq!(settings.locked_days, expected.filter(|_| known), "{headers:?}");
                let missed = told
                    .iter()
                    .any(|told| matches!(&told.fact, Fact::Unseen(unseen) if unseen.what.contains("the lock holds")));
                assert_eq!(missed, settings.locked_days.is_none());
            }
        }
    }

    #[tokio::test]
    async fn what_was_denied_is_told_beside_what_was_seen() {
        let fake = Fake::start(reply).await;
        let told = read(&fake.client("anonymous: true"), "db/", Some(kept("GLACIER"))).await;
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
