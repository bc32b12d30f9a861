//! S3: what a bucket holds, and what is found there of copies.
//!
//! One value a system of the policy. The way through it: `client` puts questions (`place` has the address,
//! `region` finds the right one, `credentials` and `sign` say as whom) -> `refusal` and `xml` say whether an
//! answer is one -> `listing`, `config` and `uploads` read it -> `list` goes from page to page -> `points`,
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
mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::compare::Side;
use super::http::Door;
use super::listing::Listing;
use super::miss::Miss;
use super::secrets::Keyring;
use super::told::Told;
use crate::evidence::fact::Question;
use crate::evidence::{Fact, Unseen};
use crate::model::time::Instant;
use crate::policy::document::{Objects, S3System};
use client::Client;
use kept::Kept;

/// One bucket, and how it is looked at.
#[derive(Debug)]
pub struct Bucket {
    client: Arc<Client>,
    /// What whole lists showed of objects, by their prefix.
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

    /// Lists objects as recovery points: all that are there, whatever `since` is, because a bucket cannot be
    /// asked for those since then. `item` takes the place of `{name}` in the prefix.
    ///
    /// # Errors
    ///
    /// Where they could not be listed.
    pub async fn objects(&self, copy: &Objects, item: Option<&str>, since: Instant) -> Result<Vec<Told>, Miss> {
        let _ = since;
        let (told, end) = points::look(&self.client, copy, item).await?;
        if end.unread == 0 && !end.left {
            self.note(&points::prefix(copy, item), end.kept);
        }
        Ok(told)
    }

    /// Reads the settings of what lies below `prefix`; what could not be read is told as `unseen`. How long
    /// it takes until content can be read, and whether a lock holds what is there, is told where `objects` or a
    /// `side` of the same prefix was listed whole before: no other answer tells storage classes and keys.
    pub async fn settings(&self, prefix: &str) -> Vec<Told> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(prefix).cloned();
        settings::read(&self.client, prefix, kept).await
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

/// Returns a miss as something that was asked for and not seen.
fn unseen(miss: Miss, question: Question, at: Instant) -> Told {
    let fact = Unseen { fact: Some(question), reason: miss.reason, what: miss.what.into() };
    let source = miss.provenance.map(|source| *source).unwrap_or_default();
    Told { fact: Fact::Unseen(fact), observed_at: at, source }
}
