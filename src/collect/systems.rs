//! The collectors of one policy's systems: who can be asked what they hold.
//!
//! Git hosts have no list and are asked by `git`; what is asked of whom is left to `run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::artifactory::Artifactory;
use super::github::Github;
use super::http::Door;
use super::jenkins::{Jenkins, Wanted};
use super::listing::Listing;
use super::miss::Miss;
use super::s3::Bucket;
use super::secrets::Keyring;
use crate::policy::{Policy, System};

/// The collector of one system.
#[derive(Debug, Clone)]
pub(super) enum Collector {
    Github(Arc<Github>),
    Artifactory(Arc<Artifactory>),
    S3(Arc<Bucket>),
    Jenkins(Arc<Jenkins>),
}

/// The collectors by the system's id; those that could not be opened with the reason.
#[derive(Debug, Default)]
pub(super) struct Collectors<'p>(BTreeMap<&'p str, Result<Collector, Miss>>);

impl<'p> Collectors<'p> {
    /// Opens one for each system that has one. Nothing is asked yet.
    pub(super) fn of(policy: &'p Policy, door: &Door, keys: &Keyring) -> Self {
        let systems = policy.document().systems.0.iter().filter_map(|(id, system)| {
            let (door, keys) = (door.clone(), keys.clone());
            let collector = match system {
                System::Github(system) => Github::new(door, keys, system).map(Arc::new).map(Collector::Github),
                System::Artifactory(system) => {
                    Artifactory::new(door, keys, system).map(Arc::new).map(Collector::Artifactory)
                }
                System::S3(system) => Bucket::new(door, keys, system).map(Arc::new).map(Collector::S3),
                System::Jenkins(system) => Jenkins::new(door, keys, system).map(Arc::new).map(Collector::Jenkins),
                System::Git(_) | System::External(_) => return None,
            };
            Some((id.value.as_str(), collector))
        });
        Self(systems.collect())
    }

    /// Returns them all, by id.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'p str, &Result<Collector, Miss>)> {
        self.0.iter().map(|(id, collector)| (*id, collector))
    }

    fn get(&self, system: &str) -> Result<&Collector, Miss> {
        match self.0.get(system) {
            Some(Ok(collector)) => Ok(collector),
            Some(Err(miss)) => Err(miss.clone()),
            None => Err(Miss::unreadable(format!("nothing here can ask `{system}`"))),
        }
    }

    /// Returns as whom a system is looked at; `None` where that is not known.
    pub(super) async fn identity(&self, system: &str) -> Option<Box<str>> {
        match self.get(system).ok()? {
            Collector::Github(github) => github.identity().await.ok(),
            Collector::Artifactory(artifactory) => artifactory.identity().await.ok(),
            Collector::S3(bucket) => bucket.identity().await.ok(),
            Collector::Jenkins(jenkins) => jenkins.identity().await.ok(),
        }
    }

    /// Returns the host that a system's collector asks; `None` where it has none.
    pub(super) fn host(&self, system: &str) -> Option<String> {
        let host = match self.get(system).ok()? {
            Collector::Github(github) => github.host(),
            Collector::Artifactory(artifactory) => artifactory.host(),
            Collector::S3(bucket) => bucket.host(),
            Collector::Jenkins(jenkins) => jenkins.host(),
        };
        host.map(str::to_owned)
    }

    pub(super) fn github(&self, system: &str) -> Result<&Arc<Github>, Miss> {
        let Collector::Github(github) = self.get(system)? else { return Err(wrong_kind(system, "github")) };
        Ok(github)
    }

    pub(super) fn artifactory(&self, system: &str) -> Result<&Arc<Artifactory>, Miss> {
        let Collector::Artifactory(artifactory) = self.get(system)? else {
            return Err(wrong_kind(system, "artifactory"));
        };
        Ok(artifactory)
    }

    pub(super) fn bucket(&self, system: &str) -> Result<&Arc<Bucket>, Miss> {
        let Collector::S3(bucket) = self.get(system)? else { return Err(wrong_kind(system, "s3")) };
        Ok(bucket)
    }

    pub(super) fn jenkins(&self, system: &str) -> Result<&Arc<Jenkins>, Miss> {
        let Collector::Jenkins(jenkins) = self.get(system)? else { return Err(wrong_kind(system, "jenkins")) };
        Ok(jenkins)
    }
}

impl Collector {
    /// Returns what the system holds, and of jobs what is `wanted` besides.
    pub(super) async fn inventory(&self, wanted: &Wanted<'_>) -> Listing {
        match self {
            Self::Github(github) => github.inventory().await,
            Self::Artifactory(artifactory) => artifactory.inventory().await,
            Self::S3(bucket) => bucket.inventory().await,
            Self::Jenkins(jenkins) => jenkins.inventory(wanted).await,
        }
    }
}

fn wrong_kind(system: &str, kind: &str) -> Miss {
    Miss::unreadable(format!("`{system}` is no {kind} system"))
}
