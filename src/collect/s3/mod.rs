//! S3: what a bucket holds, and what is found there of copies.
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
use crate::policy::document::{Objects, S3System};

/// One bucket, and how it is looked at.
#[derive(Debug)]
pub struct Bucket {
    host: Option<String>,
}

impl Bucket {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where bucket or endpoint are none.
    pub fn new(door: Door, keys: Keyring, system: &S3System) -> Result<Self, Miss> {
        drop((door, keys, system));
        Ok(Self { host: None })
    }

    /// Returns as whom it looks: `anonymous`, or the access key's id.
    ///
    /// # Errors
    ///
    /// Where the credential cannot be read.
    pub async fn identity(&self) -> Result<Box<str>, Miss> {
        Err(todo())
    }

    /// Returns the host that is asked; `None` where it is not known.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Lists the prefixes of the first level.
    pub async fn inventory(&self) -> Listing {
        Listing { misses: vec![todo()], ..Listing::default() }
    }

    /// Lists objects as recovery points.
    ///
    /// # Errors
    ///
    /// Where they could not be listed.
    pub async fn objects(&self, copy: &Objects, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        drop((copy, item, since));
        Err(todo())
    }

    /// Reads the settings of what lies below `prefix`; what could not be read is told as `unseen`.
    pub async fn settings(&self, prefix: &str) -> Vec<Told> {
        let _ = prefix;
        Vec::new()
    }

    /// Returns what lies below `prefix` as a side of a comparison.
    pub fn side(self: &Arc<Self>, prefix: &str) -> Box<dyn Side> {
        let _ = prefix;
        unreachable!()
    }
}

fn todo() -> Miss {
    Miss::unreadable("not yet")
}
