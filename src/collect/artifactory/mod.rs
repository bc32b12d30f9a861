//! Artifactory: what an instance holds, and what is found there of copies.
//!
//! One value a system of the policy; one file a question. What the answers mean for the policy is left to
//! the judge, comparing to `compare`.

pub mod aql;
pub mod artifacts;
pub mod backup;
mod base;
pub mod client;
pub mod config;
mod login;
pub mod replication;
pub mod repositories;
pub mod rows;
mod side;
mod walk;

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OnceCell, Semaphore};

use super::compare::Side;
use super::http::Door;
use super::listing::Listing;
use super::miss::Miss;
use super::secrets::Keyring;
use super::session;
use super::told::Told;
use crate::evidence::Fact;
use crate::evidence::fact::{Question, Settings};
use crate::model::UnseenReason;
use crate::model::time::Instant;
use crate::policy::document::{ArtifactorySystem, Artifacts, BackupConfig, Replication};
use base::Base;
use client::Session;
use login::Credential;
use replication::Route;
use repositories::{Repositories, Summary};

/// How many queries are put to one instance at once: it answers as many at once, and makes others wait
/// ("Artifactory Query Language", jfrog.com/help).
const QUERIES: usize = 3;

/// One instance, and how it is looked at.
pub struct Artifactory {
    door: Door,
    keys: Keyring,
    /// As the policy writes it; where it answers may be below that.
    base: Base,
    credential: Credential,
    session: session::Once<Session>,
    repositories: OnceCell<Result<Repositories, Miss>>,
    /// The storage summary; `None` inside where whoever looks may not see it.
    summary: OnceCell<Result<Option<Summary>, Miss>>,
    queries: Semaphore,
}

impl fmt::Debug for Artifactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifactory").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Artifactory {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where the address is none.
    pub fn new(door: Door, keys: Keyring, system: &ArtifactorySystem) -> Result<Self, Miss> {
        Ok(Self {
            door,
            keys,
            base: Base::read(&system.url.value.0)?,
            credential: Credential::of(system),
            session: session::Once::default(),
            repositories: OnceCell::new(),
            summary: OnceCell::new(),
            queries: Semaphore::new(QUERIES),
        })
    }

    /// Returns as whom it looks: `anonymous`, the user, or what kind of credential it is where nobody tells
    /// whose.
    ///
    /// # Errors
    ///
    /// Where the credential cannot be read or is refused, or no Artifactory answers.
    pub async fn identity(&self) -> Result<Box<str>, Miss> {
        Ok(self.session().await.map_err(|miss| self.door.scrubbed(miss))?.identity.clone())
    }

    /// Returns the host that is asked; `None` where its address has none.
    pub fn host(&self) -> Option<&str> {
        self.base.host()
    }

    /// Lists the repositories that hold originals: local and federated ones.
    pub async fn inventory(&self) -> Listing {
        let mut listing = self.list_repositories().await;
        listing.misses = listing.misses.into_iter().map(|miss| self.door.scrubbed(miss)).collect();
        listing
    }

    /// Lists artifacts as recovery points, whatever their age; of very many only those captured since `since`.
    /// `item` takes the place of `{name}` in the copy's fields.
    ///
    /// # Errors
    ///
    /// Where they could not be listed. A list that broke off is told, as one that is not whole.
    pub async fn artifacts(&self, copy: &Artifacts, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        self.points(copy, item, since).await.map_err(|miss| self.door.scrubbed(miss))
    }

    /// Reads the configuration of a backup, and whether it takes `repository`.
    ///
    /// # Errors
    ///
    /// Where it could not be read, as on JFrog Cloud; `not-found` where there is no such backup.
    pub async fn backup_config(&self, copy: &BackupConfig, repository: Option<&str>) -> Result<Vec<Told>, Miss> {
        self.backup_of(copy, repository).await.map_err(|miss| self.door.scrubbed(miss))
    }

    /// Reads configuration and state of a replication that takes that route. What could not be read of it is
    /// told as `unseen`.
    ///
    /// # Errors
    ///
    /// Where its configuration could not be read; `not-found` where it takes other routes alone.
    pub async fn replication(
        &self,
        copy: &Replication,
        item: Option<&str>,
        route: Route<'_>,
    ) -> Result<Vec<Told>, Miss> {
        self.replication_of(copy, item, route).await.map_err(|miss| self.door.scrubbed(miss))
    }

    /// Reads the settings of a repository; what could not be read is told as `unseen`.
    ///
    /// No Artifactory keeps what was replaced. Whether another one repeats its deletions here cannot be seen
    /// from here.
    pub async fn settings(&self, repository: &str) -> Vec<Told> {
        let miss = match self.repositories().await {
            Ok(repositories) if repositories.by_key.contains_key(repository) => {
                let fact = Fact::Settings(Settings { versioning: Some(false), ..Settings::default() });
                return vec![Told { fact, observed_at: repositories.asked_at, source: repositories.source.clone() }];
            }
            Ok(repositories) => {
                let what = format!("the repository {repository} is not there, or not shown to whoever looks");
                Miss::new(UnseenReason::NotFound, what).from(&repositories.source)
            }
            Err(miss) => self.door.scrubbed(miss),
        };
        vec![Told::unseen(miss, Question::Settings, self.now())]
    }

    /// Returns what lies below `path` of a repository as a side of a comparison.
    pub fn side(self: &Arc<Self>, repository: &str, path: &str) -> Box<dyn Side> {
        let (artifactory, repository) = (Arc::clone(self), repository.to_owned());
        Box::new(side::Place { artifactory, repository, folder: folder(path) })
    }

    fn now(&self) -> Instant {
        self.door.clock().now()
    }
}

/// Returns a path inside a repository as the server writes it: without slashes at its ends, empty for the
/// root.
fn folder(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_same_however_it_is_written() {
        for path in ["a/b", "/a/b/", "./a//b", "a/./b/"] {
            assert_eq!(folder(path), "a/b", "{path}");
        }
        for path in ["", "/", ".", "./"] {
            assert_eq!(folder(path), "", "{path}");
        }
    }
}
