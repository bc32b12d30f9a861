//! Backup plugins: whether one is there and works, which is all that Jenkins tells of it.
//!
//! Neither thinBackup nor periodicbackup has anything to read about when it runs, where it writes or whether
//! it did. What that is worth is left to the judge.

use serde::Deserialize;

use super::Jenkins;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::{Dialect, Fact, Schedule};
use crate::model::UnseenReason;
use crate::policy::document::BackupConfig;

/// What is asked of each plugin.
const TREE: &str = "plugins[shortName,version,enabled,active]";

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    /// Its id.
    pub short_name: Box<str>,
    /// Its version.
    pub version: Box<str>,
    /// Whether it is meant to run.
    pub enabled: bool,
    /// Whether it does.
    pub active: bool,
}

/// Reads `GET /pluginManager/api/json`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no list of plugins.
pub fn list(answer: &Answer) -> Result<Vec<Plugin>, Miss> {
    #[derive(Deserialize)]
    struct Body {
        plugins: Vec<Plugin>,
    }
    answer.json::<Body>().map(|body| body.plugins)
}

impl Jenkins {
    /// Looks whether the plugin that shall make a copy is there and works.
    ///
    /// # Errors
    ///
    /// `not-found` where it is not there; where the plugins cannot be listed, why.
    pub async fn backup_config(&self, copy: &BackupConfig) -> Result<Vec<Told>, Miss> {
        self.plugin(&copy.key.value).await.map(|told| vec![told]).map_err(|miss| self.scrubbed(miss))
    }

    async fn plugin(&self, key: &str) -> Result<Told, Miss> {
        let listed = self.plugins.get_or_init(|| async {
            let answer = self.json(&[], "pluginManager/api/json", TREE).await?;
            Ok((list(&answer)?, answer))
        });
        let (plugins, answer) = listed.await.as_ref().map_err(|miss| {
            let needs = if miss.reason == UnseenReason::NotAuthorized { "; it takes Overall/SystemRead" } else { "" };
            Miss { what: format!("{}{needs}", miss.what), ..miss.clone() }
        })?;
        let Some(plugin) = plugins.iter().find(|plugin| plugin.short_name.eq_ignore_ascii_case(key)) else {
            let what = format!("{}: the plugin {key} is not installed", answer.request());
            return Err(answer.miss(UnseenReason::NotFound, what));
        };
        Ok(Told::by(Fact::Schedule(schedule(plugin)), answer))
    }
}

fn schedule(plugin: &Plugin) -> Schedule {
    let works = plugin.enabled && plugin.active;
    let name: String = format!("{} {}", plugin.short_name, plugin.version).chars().take(100).collect();
    let disabled = (!works).then(|| format!("the plugin {name} is disabled").into());
    let hidden = works.then(|| {
        format!("the plugin {name} is installed and active; when it runs, and whether it did, cannot be seen").into()
    });
    Schedule { dialect: Dialect::Jenkins, disabled, expressions: Vec::new(), hidden }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::jenkins::fake::{Fake, copy, json};
    use crate::policy::Copy;

    async fn looked(plugins: &'static str) -> Result<Schedule, Miss> {
        let fake = Fake::start(move |_| {
            json(&format!("{{\"_class\":\"hudson.LocalPluginManager\",\"plugins\":[{plugins}]}}"))
        })
        .await;
        let Copy::BackupConfig(config) = copy("by: backup-config, key: thinBackup") else { panic!("another method") };
        let told = fake.jenkins("", &[]).backup_config(&config).await?;
        match &told[..] {
            [Told { fact: Fact::Schedule(schedule), .. }] => Ok(schedule.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_plugin_that_works_says_nothing_of_when_it_does() {
        let schedule = looked("{\"shortName\":\"thinBackup\",\"version\":\"2.1\",\"enabled\":true,\"active\":true}")
            .await
            .unwrap();
        assert!(schedule.hidden.as_deref().is_some_and(|why| why.contains("thinBackup 2.1 is installed")));
        assert!(!schedule.runs_by_itself());
    }

    #[tokio::test]
    async fn a_plugin_that_is_disabled_or_not_there_is_told_apart() {
        for (enabled, active) in [(true, false), (false, true), (false, false)] {
            let plugin = format!(
                "{{\"shortName\":\"thinBackup\",\"version\":\"2.1\",\"enabled\":{enabled},\"active\":{active}}}"
            );
            assert!(looked(plugin.leak()).await.unwrap().disabled.is_some());
        }
        let other = "{\"shortName\":\"git\",\"version\":\"5\",\"enabled\":true,\"active\":true}";
        assert_eq!(looked(other).await.unwrap_err().reason, UnseenReason::NotFound);
        assert_eq!(
            looked("{\"shortName\":\"thinBackup\",\"version\":\"2.1\"}").await.unwrap_err().reason,
            UnseenReason::Unreadable
        );
    }
}
