//! Questions: what may be sent to an audited system.
//!
//! Only reading is possible: GET, HEAD, and the POSTs that `ReadOnly` lists. Sending is left to the
//! door.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How many bytes of an answer are read where the question does not say, after decompression.
pub const MAX_BODY_BYTES: u64 = 32 << 20;

/// The POSTs that change nothing, which are all that are ever sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOnly {
    /// A GraphQL query.
    GraphQl,
    /// git's `ls-refs` (protocol version 2).
    LsRefs,
    /// A GitHub App asks for the token with which it reads.
    InstallationToken,
    /// Artifactory's query language, which can only find (jfrog.com/help, "Artifactory Query Language").
    Aql,
}

/// One question to one system.
#[derive(Debug, Clone)]
pub struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) max_bytes: u64,
    pub(super) follows: bool,
}

impl Ask {
    fn new(method: Method, url: Url, body: Bytes) -> Self {
        Self { method, url, headers: HeaderMap::new(), body, max_bytes: MAX_BODY_BYTES, follows: true }
    }

    /// Returns a GET of `url`.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Bytes::new())
    }

    /// Returns a HEAD of `url`.
    pub fn head(url: Url) -> Self {
        Self::new(Method::HEAD, url, Bytes::new())
    }

    /// Returns a POST that changes nothing.
    pub fn post(_why: ReadOnly, url: Url, body: Bytes) -> Self {
        Self::new(Method::POST, url, body)
    }

    /// Sets the media types that are asked for.
    #[must_use]
    pub fn accept(self, types: &'static str) -> Self {
        self.header(ACCEPT, HeaderValue::from_static(types))
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds all of `headers`.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Reads at most so many bytes of the answer, after decompression.
    #[must_use]
    pub const fn at_most(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Hands a redirect back instead of following it.
    #[must_use]
    pub const fn without_redirects(mut self) -> Self {
        self.follows = false;
        self
    }

    /// Sends `token` as a bearer token.
    ///
    /// # Errors
    ///
    /// `not-authorized` where the token holds characters that no header may.
    pub fn bearer(self, token: &SecretString) -> Result<Self, Miss> {
        self.authorization(format!("Bearer {}", token.expose_secret()))
    }

    /// Sends a user name and a password by basic authentication (RFC 7617).
    ///
    /// # Errors
    ///
    /// Never: what is sent is Base64.
    pub fn basic(self, user: &str, password: &SecretString) -> Result<Self, Miss> {
        use base64::Engine as _;
        let pair = format!("{user}:{}", password.expose_secret());
        self.authorization(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
    }

    fn authorization(self, value: String) -> Result<Self, Miss> {
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            Miss::new(UnseenReason::NotAuthorized, "the credential holds characters that cannot be sent in a header")
        })?;
        value.set_sensitive(true);
        Ok(self.header(AUTHORIZATION, value))
    }

    /// Returns the credential as it is sent, without its scheme; `None` where none is, and where it is a
    /// signature: that is of use for this question alone, and there are as many as questions.
    pub(super) fn credential(&self) -> Option<SecretString> {
        let value = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        if value.starts_with("AWS4-") {
            return None;
        }
        Some(value.split_once(' ').map_or(value, |(_, credential)| credential).into())
    }

    /// Returns the URL.
    pub const fn url(&self) -> &Url {
        &self.url
    }
}
