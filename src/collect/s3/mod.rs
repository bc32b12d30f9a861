//! S3: what a bucket holds, and what is found there of copies.
//!
//! One value a system of the policy. The way through it: `client` puts questions (`place` has the address,
//! `region` finds the right one, `credentials` and `sign` say as whom) -> `refusal` and `xml` say whether an
//! answer is one -> `listing`, `versions`, `config` and `uploads` read it -> `list` goes from page to page -> `points`,
//! `settings`, `side` and `inventory` tell. What the answers mean for the policy is left to the judge,
//! comparing to `compare`.

pub mod class;
mod client;
pub mod config;
mod credentials;
mod inventory;
mod kept;
mod list;
pub mod listing;
pub mod place;
pub mod points;
pub mod refusal;
pub mod region;
#[cfg(test)]
mod samples;
mod settings;
pub mod side;
mod sign;
mod smithy;
pub mod uploads;
pub mod versions;
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::compare::Side;
use super::http::Door;
use super::listing::Listing;
use super::miss::Miss;
use super::secrets::Keyring;
use super::told::Told;
use crate::model::time::Instant;
use crate::policy::document::{Objects, S3System};
use client::{Client, Question as Asked};
use kept::Kept;
use settings::{Before, Content};

/// One bucket, and how it is looked at.
#[derive(Debug)]
pub struct Bucket {
    client: Arc<Client>,
    /// What whole lists of sides showed of objects, by their prefix.
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Bucket {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where bucket, region or endpoint are none.
    pub fn new(door: Door, keys: Keyring, system: &S3System) -> Result<Self, Miss> {
        Ok(Self { client: Arc::new(Client::new(door, keys, system)?), kept: Mutex::default() })
    }

    /// Returns as whom it looks: `anonymous`, or the access key's id.
    ///
    /// # Errors
    ///
    /// Where the credential cannot be read.
    pub async fn identity(&self) -> Result<Box<str>, Miss> {
        self.client.identity().await
    }

    /// Returns the host that is asked; `None` where it is not known, as on AWS before the first answer.
    pub fn host(&self) -> Option<&str> {
        self.client.host()
    }

    /// Lists the prefixes of the first level. Objects that lie in none of them are told as a miss.
    pub async fn inventory(&self) -> Listing {
        inventory::list(&self.client).await
    }

    /// Lists objects as recovery points, and reads the settings of their place; what could not be read of them
    /// is told as `unseen`. Where the bucket keeps versions each of them is one, unless the copy makes one point
    /// of many objects. A bucket cannot be asked for those since `since` alone: where there are many, older ones
    /// are left out. `item` takes the place of `{name}` in the prefix.
    ///
    /// # Errors
    ///
    /// Where they could not be listed.
    pub async fn objects(&self, copy: &Objects, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        let before = Before::ask(&self.client).await;
        let looked = points::look(&self.client, copy, item, &before, since, points::MOST).await?;
        let prefix = points::prefix(copy, item);
        let settings = settings::after(&self.client, &prefix, before, looked.kept.clone(), Content::Points).await;
        Ok([looked.told(&settings), settings].concat())
    }

    /// Reads the settings of what lies below `prefix`; what could not be read is told as `unseen`. How long
    /// it takes until content can be read, and whether a lock holds what is there, is told where a `side` of the
    /// same prefix was listed whole before: no other answer tells storage classes and keys.
    pub async fn settings(&self, prefix: &str) -> Vec<Told> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(prefix).cloned();
        settings::read(&self.client, prefix, kept).await
    }

    /// Returns whether deletions in this bucket are repeated in the bucket `to_bucket`; `None` where no rule of
    /// replication that is on leads there.
    ///
    /// # Errors
    ///
    /// Where that could not be read.
    pub async fn replicates_deletes(&self, to_bucket: &str) -> Result<Option<bool>, Miss> {
        let answer = self.client.ask(&Asked::get(&[("replication", "")])).await?;
        config::replicates_deletes(answer, to_bucket)
    }

    /// Returns what lies below `prefix` as a side of a comparison.
    pub fn side(self: &Arc<Self>, prefix: &str) -> Box<dyn Side> {
        Box::new(side::Side { bucket: Arc::clone(self), prefix: prefix.to_owned() })
    }

    /// Notes what a whole list showed; of several the worst counts, and the newest object.
    fn note(&self, prefix: &str, kept: Kept) {
        let mut known = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(prefix.to_owned()).or_default();
        *entry = std::mem::take(entry).and(kept);
    }
}
