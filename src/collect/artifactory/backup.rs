//! `backup-config`: how an Artifactory is configured to back itself up.
//!
//! No answer tells when a backup last ran or how it ended, so only what should happen is told: its schedule,
//! and what it keeps. The schedule is in the server's own time zone, which no answer tells either; only the
//! distance between two runs can be relied on. Whether that is enough is left to the judge.

use http::header::{ACCEPT, HeaderValue};

use super::Artifactory;
use super::client::ok;
use super::config::{self, Backup};
use crate::collect::http::Ask;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::Fact;
use crate::evidence::fact::{Dialect, Schedule, Settings};
use crate::model::UnseenReason;
use crate::policy::document::BackupConfig;

/// How many keys a message shows.
const KEYS_SHOWN: usize = 10;

impl Artifactory {
    /// Reads one backup's configuration.
    pub(super) async fn backup_of(&self, copy: &BackupConfig, repository: Option<&str>) -> Result<Vec<Told>, Miss> {
        let base = &self.session().await?.base;
        let url = base.below(&["api", "system", "configuration"]);
        let ask = Ask::get(url).header(ACCEPT, HeaderValue::from_static("application/xml, text/xml"));
        let answer = ok(self.ask(ask).await?).map_err(|mut miss| {
            if base.is_cloud() {
                miss.what.push_str(": JFrog Cloud does not show how it backs itself up");
            } else if miss.reason == UnseenReason::NotAuthorized {
                miss.what.push_str(": only administrators may read it");
            }
            miss
        })?;
        let backups = config::backups(&answer)?;
        let key = copy.key.value.as_str();
        let Some(backup) = backups.iter().find(|backup| backup.key == key) else {
            let known: Vec<&str> = backups.iter().map(|backup| backup.key.as_str()).take(KEYS_SHOWN).collect();
            let known =
                if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
            return Err(answer.miss(UnseenReason::NotFound, format!("no backup has the key `{key}`; {known}")));
        };
        let mut told = vec![Told::by(Fact::Schedule(schedule(backup, repository)), &answer)];
        told.extend(settings(backup).map(|settings| Told::by(Fact::Settings(settings), &answer)));
        Ok(told)
    }
}

/// Returns when the backup runs, and why it does not.
pub fn schedule(backup: &Backup, repository: Option<&str>) -> Schedule {
    let left_out = repository.filter(|repository| backup.excluded.iter().any(|excluded| excluded == repository));
    let disabled = match (backup.enabled, left_out) {
        (false, _) => Some("the backup is switched off".into()),
        (true, Some(repository)) => Some(format!("the backup leaves out the repository {repository}").into()),
        (true, None) => None,
    };
    let cron = backup.cron.split_whitespace().collect::<Vec<_>>().join(" ");
    let expressions = if cron.is_empty() { Vec::new() } else { vec![cron.into()] };
    Schedule { dialect: Dialect::Quartz, disabled, expressions, hidden: None }
}

/// Returns what is kept of backups; `None` where the configuration does not say.
///
/// Without a retention and without archives each run changes one folder in place: there is no history, and
/// nothing cleans it up. Less than a day counts as one, for 0 days stands for ever.
pub fn settings(backup: &Backup) -> Option<Settings> {
    match u64::try_from(backup.retention_hours) {
        Ok(hours) if hours > 0 => Some(Settings { expires_days: Some((hours / 24).max(1)), ..Settings::default() }),
        _ if !backup.archive => {
            Some(Settings { expires_days: Some(0), versioning: Some(false), ..Settings::default() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(retention_hours: i64, archive: bool) -> Backup {
        let (key, cron) = ("daily".to_owned(), "0 0 2 ?  * MON-FRI ".to_owned());
        Backup { key, enabled: true, cron, retention_hours, archive, excluded: vec!["scratch".to_owned()] }
    }

    #[test]
    fn without_retention_each_run_replaces_the_last_one() {
        let kept = |hours, archive| settings(&backup(hours, archive)).map(|kept| (kept.expires_days, kept.versioning));
        assert_eq!(kept(0, false), Some((Some(0), Some(false))));
        assert_eq!(kept(-1, false), Some((Some(0), Some(false))));
        assert_eq!(kept(336, false), Some((Some(14), None)));
        assert_eq!(kept(47, true), Some((Some(1), None)), "rounded down");
        assert_eq!(kept(12, true), Some((Some(1), None)), "not for ever");
        assert_eq!(kept(0, true), None, "archives that nobody is said to delete");
    }

    #[test]
    fn a_backup_that_leaves_a_repository_out_does_not_run_for_it() {
        let of = |repository| schedule(&backup(0, false), repository).disabled;
        assert_eq!(of(Some("libs")), None);
        assert_eq!(of(None), None);
        assert!(of(Some("scratch")).is_some_and(|why| why.contains("scratch")));
        assert_eq!(&*schedule(&backup(0, false), None).expressions[0], "0 0 2 ? * MON-FRI");
        let off = Backup { enabled: false, ..backup(0, false) };
        assert!(!schedule(&off, Some("libs")).runs_by_itself());
    }
}
