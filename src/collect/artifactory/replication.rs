//! `replication`: what a repository is replicated to, when, and how that last ended.
//!
//! The last completed replication is a recovery point that the server reports. Its time is that of its end;
//! when it began is not told. Whether what arrived is equal is left to `compare`.

use reqwest::Url;
use serde::Deserialize;

use super::Artifactory;
use super::base::Base;
use super::client::{ok, refused};
use super::repositories::is_key;
use super::rows::time;
use crate::collect::http::Answer;
use crate::collect::http::answer::shown;
use crate::collect::miss::Miss;
use crate::collect::plan::filled;
use crate::collect::told::Told;
use crate::evidence::fact::{Dialect, Question, Schedule, Settings};
use crate::evidence::{Fact, Point, RecoveryPoints};
use crate::model::time::{Instant, human};
use crate::model::{Grade, UnseenReason};
use crate::policy::document;

/// One configured replication.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replication {
    /// To where it pushes; `None` where it pulls.
    pub url: Option<String>,
    /// Whether it runs.
    pub enabled: bool,
    /// When it runs, as Quartz writes it, in the server's own time zone.
    pub cron_exp: Option<String>,
    /// Whether each change is replicated as it happens.
    pub enable_event_replication: Option<bool>,
    /// Whether deletions are repeated.
    pub sync_deletes: Option<bool>,
    /// The part of the repository that is replicated; `None` or empty for all of it.
    pub path_prefix: Option<String>,
    /// What of it is replicated, as a pattern; `None` or empty for all of it.
    pub include_path_prefix_pattern: Option<String>,
}

impl Replication {
    /// Returns whether only a part of the repository is replicated.
    fn is_part(&self) -> bool {
        [&self.path_prefix, &self.include_path_prefix_pattern].into_iter().flatten().any(|part| !part.trim().is_empty())
    }
}

/// The way that a replication has to take.
#[derive(Debug, Clone, Copy)]
pub enum Route<'r> {
    /// The repository is pushed to the Artifactory of that address.
    To(&'r str),
    /// The repository fetches from that one of the Artifactory of that address.
    From {
        /// The address.
        address: &'r str,
        /// The repository there.
        repository: &'r str,
    },
}

/// How the last replication ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `ok`, `never_run`, or what went wrong.
    pub status: String,
    /// When it ended; `None` where it never did.
    pub last_completed: Option<String>,
    /// To where, in the parts of a status.
    pub url: Option<String>,
    /// The same of each place, where there are several.
    #[serde(default)]
    pub targets: Option<Vec<Self>>,
}

/// Whether replication is blocked for a whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// No replication is fetched.
    pub block_pull_replications: bool,
    /// No replication is sent.
    pub block_push_replications: bool,
}

/// Reads `GET /api/replications/{repository}`: one, or a list where several are allowed.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is neither.
pub fn replications(answer: &Answer) -> Result<Vec<Replication>, Miss> {
    // Without the parser's words: the body holds a password.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body {
        Many(Vec<Replication>),
        One(Replication),
    }
    Ok(match answer.json()? {
        Body::Many(many) => many,
        Body::One(one) => vec![one],
    })
}

/// Reads `GET /api/replication/{repository}`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no status.
pub fn status(answer: &Answer) -> Result<Status, Miss> {
    answer.json()
}

/// Reads `GET /api/system/replications`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it does not say.
pub fn blocked(answer: &Answer) -> Result<Blocked, Miss> {
    answer.json()
}

impl Artifactory {
    /// Reads configuration and state of a replication.
    pub(super) async fn replication_of(
        &self,
        copy: &document::Replication,
        item: Option<&str>,
        route: Route<'_>,
    ) -> Result<Vec<Told>, Miss> {
        let repository = filled(&copy.repository.value, item)?;
        if !is_key(&repository) {
            return Err(Miss::unreadable(format!("`{repository}` is no key of a repository")));
        }
        let answer = self.get(&["api", "replications", &repository]).await?;
        if !answer.status.is_success() {
            let mut miss = refused(&answer);
            match miss.reason {
                UnseenReason::NotFound => {
                    let none = "is configured, or none is shown to whoever looks";
                    miss.what = format!("no replication of {repository} {none}");
                }
                UnseenReason::NotAuthorized => miss.what.push_str(": only administrators may read it"),
                _ => {}
            }
            return Err(miss);
        }
        let all = replications(&ok(answer.clone())?)?;
        let target = match route {
            Route::To(address) => Some(Base::read(address)?),
            Route::From { .. } => None,
        };
        let wanted: Vec<&Replication> =
            all.iter().filter(|one| leads_to(one.url.as_deref(), target.as_ref())).collect();
        if wanted.is_empty() {
            let places: Vec<String> =
                all.iter().filter_map(|one| Url::parse(one.url.as_deref()?).ok()).map(|url| shown(&url)).collect();
            let what = match &target {
                Some(target) if !places.is_empty() => {
                    format!("{repository} is replicated to {}, not to {}", places.join(", "), target.shown())
                }
                Some(target) => format!("{repository} is not replicated to {}", target.shown()),
                None if !places.is_empty() => format!(
                    "{repository} is replicated to {}; what fetches it from elsewhere is not there. Where it is the original, name its system as `runs_in`, and the one that holds the copy as `in`",
                    places.join(", ")
                ),
                None => format!("no replication of {repository} is configured"),
            };
            return Err(answer.miss(UnseenReason::NotFound, what));
        }
        if let Route::From { address, repository: original } = route {
            self.fetches(&repository, address, original).await?;
        }
        if wanted.iter().any(|one| one.is_part()) {
            let what = format!("only a part of {repository} is replicated");
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
        let mut told = Vec::new();
        let blocked = match self.get_ok(&["api", "system", "replications"]).await.and_then(|answer| blocked(&answer)) {
            Ok(blocked) => Some(blocked),
            Err(miss) => {
                let what = format!("whether replication is blocked for the whole server was not seen: {}", miss.what);
                told.push(Told::unseen(Miss { what, ..miss }, Question::Schedule, self.now()));
                None
            }
        };
        if let Some(schedule) = schedule(&wanted, blocked) {
            told.push(Told::by(Fact::Schedule(schedule), &answer));
        } else {
            let what = format!("{repository} is replicated change by change, and by no schedule");
            told.push(Told::unseen(answer.miss(UnseenReason::NotFound, what), Question::Schedule, answer.asked_at));
        }
        told.push(Told::by(Fact::Settings(settings(&wanted)), &answer));
        let (alone, repository) = (wanted.len() == all.len(), repository.as_str());
        let ended = self.get_ok(&["api", "replication", repository]).await;
        let points = ended.and_then(|answer| {
            let status = status(&answer)?;
            let points = points(&status, target.as_ref(), alone)
                .map_err(|(reason, why)| answer.miss(reason, format!("the replication of {repository}: {why}")))?;
            Ok(Told::by(Fact::RecoveryPoints(points), &answer))
        });
        told.push(points.unwrap_or_else(|miss| Told::unseen(miss, Question::RecoveryPoints, self.now())));
        Ok(told)
    }

    /// Looks whether a remote repository fetches from `original` at `address`.
    ///
    /// # Errors
    ///
    /// `not-found` where it fetches from elsewhere, or nobody says from where.
    async fn fetches(&self, repository: &str, address: &str, original: &str) -> Result<(), Miss> {
        let repositories = self.repositories().await?;
        let upstream = repositories.by_key.get(repository).and_then(|known| known.upstream.as_deref());
        let upstream = upstream.and_then(|url| Url::parse(url).ok());
        let base = Base::read(address)?;
        let is_original =
            |url: &Url| base.holds(url) && url.path().trim_end_matches('/').ends_with(&format!("/{original}"));
        if upstream.as_ref().is_some_and(is_original) {
            return Ok(());
        }
        let from = upstream.map_or_else(|| "a place that is not shown".to_owned(), |url| shown(&url));
        let what = format!("{repository} fetches from {from}, not from {}/{original}", base.shown());
        Err(Miss::new(UnseenReason::NotFound, what).from(&repositories.source))
    }
}

/// Returns whether a replication leads to `target`; without one, whether it fetches and leads here.
fn leads_to(url: Option<&str>, target: Option<&Base>) -> bool {
    let url = url.filter(|url| !url.is_empty());
    match target {
        Some(target) => url.and_then(|url| Url::parse(url).ok()).is_some_and(|url| target.holds(&url)),
        None => url.is_none(),
    }
}

/// Returns when replications run; `None` where each change starts one and nothing else does, which no
/// schedule can say.
fn schedule(wanted: &[&Replication], blocked: Option<Blocked>) -> Option<Schedule> {
    let is_blocked = |one: &Replication| {
        blocked.is_some_and(|blocked| {
            if one.url.is_some() { blocked.block_push_replications } else { blocked.block_pull_replications }
        })
    };
    let running: Vec<&&Replication> = wanted.iter().filter(|one| one.enabled && !is_blocked(one)).collect();
    let disabled = if !running.is_empty() {
        None
    } else if wanted.iter().any(|one| one.enabled) {
        Some("replication is blocked for the whole server".into())
    } else {
        Some("the replication is switched off".into())
    };
    let shown: Vec<&&Replication> = if running.is_empty() { wanted.iter().collect() } else { running };
    let mut expressions: Vec<Box<str>> = Vec::new();
    for cron in shown.iter().filter_map(|one| one.cron_exp.as_deref()).map(str::trim).filter(|cron| !cron.is_empty()) {
        if !expressions.iter().any(|known| **known == *cron) {
            expressions.push(cron.into());
        }
    }
    let by_event = shown.iter().any(|one| one.enable_event_replication == Some(true));
    let is_schedule = disabled.is_some() || !expressions.is_empty() || !by_event;
    is_schedule.then_some(Schedule { dialect: Dialect::Quartz, disabled, expressions, hidden: None })
}

/// Returns the settings of the place that is replicated to: no Artifactory keeps versions.
fn settings(wanted: &[&Replication]) -> Settings {
    let deletes: Vec<Option<bool>> = wanted.iter().map(|one| one.sync_deletes).collect();
    let sync_deletes = if deletes.contains(&Some(true)) {
        Some(true)
    } else if deletes.contains(&None) {
        None
    } else {
        Some(false)
    };
    Settings { sync_deletes, versioning: Some(false), ..Settings::default() }
}

/// Returns the recovery points that a status reports. `alone` says whether the status is of no other
/// replication.
fn points(status: &Status, target: Option<&Base>, alone: bool) -> Result<RecoveryPoints, (UnseenReason, String)> {
    let each = status.targets.as_deref().unwrap_or_default();
    let of_target: Vec<&Status> = each.iter().filter(|part| leads_to(part.url.as_deref(), target)).collect();
    let parts = if each.is_empty() { vec![status] } else { of_target };
    if parts.is_empty() || (each.is_empty() && !alone) {
        return Err((UnseenReason::Unreadable, "how it ended is not told of this place alone".to_owned()));
    }
    let reported =
        |from, points| RecoveryPoints { complete: true, from, grade: Grade::Reported, kept_from: None, points };
    if parts.iter().all(|part| part.status == "never_run") {
        return Ok(reported(None, Vec::new()));
    }
    let mut oldest: Option<Instant> = None;
    for part in parts {
        let at = part.last_completed.as_deref().and_then(time);
        if part.status != "ok" {
            let word: String = part.status.chars().filter(|c| !c.is_control()).take(40).collect();
            let when = at.map(|at| format!(" on {}", human(at))).unwrap_or_default();
            let why = format!("it last ended{when} as `{word}`, and when it last succeeded is not told");
            return Err((UnseenReason::Unreadable, why));
        }
        let at = at.ok_or_else(|| (UnseenReason::Unreadable, "it ended well at a time that is not told".to_owned()))?;
        oldest = Some(oldest.map_or(at, |known| known.min(at)));
    }
    let Some(captured_at) = oldest else { return Err((UnseenReason::Unreadable, "no status".to_owned())) };
    let point = Point { available_at: None, bytes: None, captured_at, digest: None, items: None, location: None };
    // One time is told, so nothing is known of what was before it.
    Ok(reported(Some(captured_at), vec![point]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(value: serde_json::Value) -> Replication {
        serde_json::from_value(value).unwrap()
    }

    fn told(value: serde_json::Value) -> Status {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_replication_runs_where_it_is_neither_off_nor_blocked() {
        let push = one(json!({ "url": "https://x/artifactory/r", "enabled": true, "cronExp": "0 0 12 * * ?" }));
        let off = Replication { enabled: false, ..push.clone() };
        let open = Blocked { block_pull_replications: true, block_push_replications: false };
        let shut = Blocked { block_push_replications: true, ..open };
        let disabled = |all: &[&Replication], blocked| schedule(all, Some(blocked)).unwrap().disabled.is_some();
        assert!(!disabled(&[&push], open) && disabled(&[&push], shut) && disabled(&[&off], open));
        assert!(!disabled(&[&push, &off], open), "one of them runs");
        let pull = Replication { url: None, ..push.clone() };
        assert!(disabled(&[&pull], open));
        let by_event = Replication { cron_exp: None, enable_event_replication: Some(true), ..push.clone() };
        assert_eq!(schedule(&[&by_event], Some(open)), None);
        let by_nothing = Replication { enable_event_replication: None, ..by_event };
        assert!(!schedule(&[&by_nothing], Some(open)).unwrap().runs_by_itself());
    }

    #[test]
    fn a_mirror_that_repeats_deletions_is_one_even_if_another_does_not() {
        let with = |deletes| one(json!({ "enabled": true, "syncDeletes": deletes }));
        let (yes, no, unknown) = (with(Some(true)), with(Some(false)), with(None));
        assert_eq!(settings(&[&no, &yes]).sync_deletes, Some(true));
        assert_eq!(settings(&[&no]).sync_deletes, Some(false));
        assert_eq!(settings(&[&no, &unknown]).sync_deletes, None);
    }

    #[test]
    fn only_what_ended_well_is_a_recovery_point() {
        let at = "2026-11-25T03:00:00.000+03:00";
        let found = |status, alone| points(&told(status), None, alone);
        let good = found(json!({ "status": "ok", "lastCompleted": at }), true).unwrap();
        assert_eq!((good.points[0].captured_at, good.from), (time(at).unwrap(), time(at)));
        assert_eq!(found(json!({ "status": "never_run", "lastCompleted": null }), true).unwrap().from, None);
        for word in ["error", "inconsistent", "warn", "OK", ""] {
            assert!(found(json!({ "status": word, "lastCompleted": at }), true).is_err(), "{word}");
        }
        assert!(found(json!({ "status": "ok", "lastCompleted": null }), true).is_err());
        assert!(found(json!({ "status": "ok", "lastCompleted": at }), false).is_err(), "whose status it is");
    }

    #[test]
    fn of_several_places_the_one_that_is_asked_for_counts() {
        let status = told(json!({ "status": "error", "lastCompleted": "2026-11-25T00:00:00Z", "targets": [
            { "url": "https://a/artifactory/r", "status": "ok", "lastCompleted": "2026-11-24T00:00:00Z" },
            { "url": "https://b/artifactory/r", "status": "error", "lastCompleted": "2026-11-25T00:00:00Z" },
        ] }));
        let at = |target: &str| points(&status, Some(&Base::read(target).unwrap()), false);
        assert_eq!(at("https://a/artifactory").unwrap().points.len(), 1);
        assert!(at("https://b/artifactory").is_err() && at("https://c/artifactory").is_err());
        assert!(points(&status, None, true).is_err(), "the worse of two counts");
    }
}
