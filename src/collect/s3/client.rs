//! The client: puts questions to one bucket, in the right region, signed.
//!
//! A question that went to the wrong region is put once more to the right one. Waiting, trying again and
//! provenance are the door's; what answers mean is left to their readers.

use std::sync::OnceLock;

use http::Method;
use tokio::sync::Mutex;

use super::credentials::Login;
use super::place::{self, Place};
use super::{region, sign};
use crate::collect::http::{Answer, Ask, Door};
use crate::collect::miss::Miss;
use crate::collect::secrets::Keyring;
use crate::policy::document::S3System;

/// The largest answer that is read, in bytes: a page of 1,000 keys, each of 1,024 bytes and all of them
/// escaped, has four million.
const MAX_BYTES: u64 = 16 << 20;

/// The header without which buckets whose readers pay do not answer
/// (docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html).
const PAYER: (&str, &str) = ("x-amz-request-payer", "requester");

/// One question to a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    /// GET or HEAD.
    pub(super) head: bool,
    /// The object that it is about; `None` for the bucket.
    pub(super) key: Option<&'q str>,
    /// The query, not yet escaped.
    pub(super) query: &'q [(&'q str, &'q str)],
    /// Headers besides those of signing.
    pub(super) headers: &'q [(&'static str, &'static str)],
}

impl<'q> Question<'q> {
    /// Returns a GET of the bucket.
    pub(super) const fn get(query: &'q [(&'q str, &'q str)]) -> Self {
        Self { head: false, key: None, query, headers: &[] }
    }
}

/// Asks one bucket.
#[derive(Debug)]
pub(super) struct Client {
    door: Door,
    keys: Keyring,
    place: Place,
    login: Login,
    requester_pays: bool,
    /// The region that is asked; `None` where it is not known yet.
    region: Mutex<Option<String>>,
    /// The host that answered.
    host: OnceLock<String>,
}

impl Client {
    /// Returns a client of a system's bucket. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where bucket, endpoint or region are none.
    pub(super) fn new(door: Door, keys: Keyring, system: &S3System) -> Result<Self, Miss> {
        let place = Place::new(system)?;
        let given = system.region.as_ref().map(|region| region.value.clone());
        if given.as_deref().is_some_and(|region| !place::is_region(region)) {
            return Err(Miss::unreadable("`region` is no name of a region"));
        }
        let host = OnceLock::new();
        if !place.is_aws()
            && let Some(known) = place.host(region::DEFAULT)
        {
            host.get_or_init(|| known);
        }
        Ok(Self {
            door,
            keys,
            login: Login::new(system),
            requester_pays: system.requester_pays.as_ref().is_some_and(|pays| pays.value),
            region: Mutex::new(given),
            place,
            host,
        })
    }

    /// Returns where the bucket is.
    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the door.
    pub(super) const fn door(&self) -> &Door {
        &self.door
    }

    /// Returns the host that is asked; `None` where it depends on a region that is not known yet.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.get().map(String::as_str)
    }

    /// Returns as whom it looks.
    pub(super) async fn identity(&self) -> Result<Box<str>, Miss> {
        let credentials = self.login.credentials(&self.door, &self.keys).await?;
        Ok(match credentials {
            Some(credentials) => format!("AWS access key {}", credentials.access_key_id()).into(),
            None => "anonymous".into(),
        })
    }

    /// Puts a question and returns the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Where no answer came that can be trusted, or the credential cannot be read.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, Miss> {
        let region = self.region().await?;
        let answer = self.once(question, &region).await?;
        let (answer, region) = match region::instead(&answer, &region) {
            Some(right) => {
                *self.region.lock().await = Some(right.clone());
                (self.once(question, &right).await?, right)
            }
            None => (answer, region),
        };
        if let Some(host) = self.place.host(&region) {
            self.host.get_or_init(|| host);
        }
        Ok(answer)
    }

    async fn once(&self, question: &Question<'_>, region: &str) -> Result<Answer, Miss> {
        let url = self.place.url(region, question.key, question.query)?;
        let method = if question.head { Method::HEAD } else { Method::GET };
        let mut headers = question.headers.to_vec();
        headers.extend(self.requester_pays.then_some(PAYER));
        let credentials = self.login.credentials(&self.door, &self.keys).await?;
        let headers = match &credentials {
            Some(credentials) => sign::signed(credentials, region, &method, &url, &headers, self.door.clock().now())?,
            None => sign::plain(&headers),
        };
        let ask = if question.head { Ask::head(url) } else { Ask::get(url) };
        // A redirect leads to another host, for which the signature is none.
        self.door.ask(&ask.headers(headers).at_most(MAX_BYTES).without_redirects()).await
    }

    /// Returns the region that is asked, and finds it out where nobody said it.
    async fn region(&self) -> Result<String, Miss> {
        let mut known = self.region.lock().await;
        if let Some(region) = &*known {
            return Ok(region.clone());
        }
        // Where nothing is signed and the region is no part of the address, it is of no use.
        let matters = self.place.is_aws() || !self.login.is_anonymous();
        let region = if matters { self.discover().await? } else { region::DEFAULT.to_owned() };
        *known = Some(region.clone());
        Ok(region)
    }

    /// Asks which region the bucket is in. Refusals tell it too, so nothing is signed.
    async fn discover(&self) -> Result<String, Miss> {
        let url = self.place.url(region::DEFAULT, None, &[])?;
        let answer = self.door.ask(&Ask::head(url).without_redirects()).await?;
        Ok(region::told(&answer).unwrap_or(region::DEFAULT).to_owned())
    }
}
