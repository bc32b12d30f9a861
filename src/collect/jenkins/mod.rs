//! Jenkins: the jobs of a controller, and what is found there of copies.
//!
//! One value a system of the policy. What the answers mean for the policy is left to the judge.

use super::http::Door;
use super::listing::Listing;
use super::miss::Miss;
use super::secrets::Keyring;
use super::told::Told;
use crate::model::time::Instant;
use crate::policy::document::{Build, JenkinsSystem};

/// One controller, and how it is looked at.
#[derive(Debug)]
pub struct Jenkins {
    host: Option<String>,
}

impl Jenkins {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where the address is none.
    pub fn new(door: Door, keys: Keyring, system: &JenkinsSystem) -> Result<Self, Miss> {
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

    /// Lists every job.
    pub async fn inventory(&self) -> Listing {
        Listing { misses: vec![todo()], ..Listing::default() }
    }

    /// Lists the stable builds of a backup job as recovery points, its runs and its schedule.
    ///
    /// # Errors
    ///
    /// Where they could not be listed.
    pub async fn build(&self, copy: &Build, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        let _ = (copy, item, since);
        Err(todo())
    }
}

fn todo() -> Miss {
    Miss::unreadable("not yet")
}
