//! Artifactory: what an instance holds, and what is found there of copies.
//!
//! One value a system of the policy. What the answers mean for the policy is left to the judge, comparing
//! to `compare`.

use std::sync::Arc;

use super::compare::Side;
use super::http::Door;
use super::listing::Listing;
use super::miss::Miss;
use super::secrets::Keyring;
use super::told::Told;
use crate::model::time::Instant;
use crate::policy::document::{ArtifactorySystem, Artifacts, BackupConfig, Replication};

/// One instance, and how it is looked at.
#[derive(Debug)]
pub struct Artifactory {
    host: Option<String>,
}

impl Artifactory {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where the address is none.
    pub fn new(door: Door, keys: Keyring, system: &ArtifactorySystem) -> Result<Self, Miss> {
        drop((door, keys, system));
        Ok(Self { host: None })
    }

    /// Returns as whom it looks: `anonymous`, or the user.
    ///
    /// # Errors
    ///
    /// Where the credential cannot be read or is refused.
    pub async fn identity(&self) -> Result<Box<str>, Miss> {
        Err(todo())
    }

    /// Returns the host that is asked; `None` where its address has none.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Lists the repositories that hold originals: local and federated ones.
    pub async fn inventory(&self) -> Listing {
        Listing { misses: vec![todo()], ..Listing::default() }
    }

    /// Lists artifacts as recovery points.
    ///
    /// # Errors
    ///
    /// Where they could not be listed.
    pub async fn artifacts(&self, copy: &Artifacts, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        let _ = (copy, item, since);
        Err(todo())
    }

    /// Reads the configuration of a backup, and whether it takes `repository`.
    ///
    /// # Errors
    ///
    /// Where it could not be read.
    pub async fn backup_config(&self, copy: &BackupConfig, repository: Option<&str>) -> Result<Vec<Told>, Miss> {
        let _ = (copy, repository);
        Err(todo())
    }

    /// Reads configuration and state of a replication to `target`, the address of the Artifactory that is
    /// said to hold the copy; any, where that is not known.
    ///
    /// # Errors
    ///
    /// Where they could not be read.
    pub async fn replication(
        &self,
        copy: &Replication,
        item: Option<&str>,
        target: Option<&str>,
    ) -> Result<Vec<Told>, Miss> {
        let _ = (copy, item, target);
        Err(todo())
    }

    /// Reads the settings of a repository; what could not be read is told as `unseen`.
    pub async fn settings(&self, repository: &str) -> Vec<Told> {
        let _ = repository;
        Vec::new()
    }

    /// Returns what lies below `path` of a repository as a side of a comparison.
    pub fn side(self: &Arc<Self>, repository: &str, path: &str) -> Box<dyn Side> {
        let _ = (repository, path);
        unreachable!()
    }
}

fn todo() -> Miss {
    Miss::unreadable("not yet")
}
