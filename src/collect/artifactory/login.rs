//! Logins: with which credential an Artifactory is looked at, and as whom that is.
//!
//! Finding secrets is left to `secrets`, sending them to `client`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::base::Base;
use crate::collect::http::{Answer, Ask};
use crate::collect::miss::Miss;
use crate::collect::secrets::Keyring;
use crate::model::UnseenReason;
use crate::policy::document::ArtifactorySystem;
use crate::policy::values::SecretRef;

/// Where the environment holds an access token, as JFrog's own tools name it.
const TOKENS: [&str; 1] = ["JFROG_ACCESS_TOKEN"];

/// As whom it looks without a credential.
pub(super) const ANONYMOUS: &str = "anonymous";

/// The header of API keys, which newer servers no longer take (jfrog.com/help, "API Key").
const API_KEY: HeaderName = HeaderName::from_static("x-jfrog-art-api");

/// What the policy says of the credential.
#[derive(Debug, Clone)]
pub(super) enum Credential {
    /// The environment's own token, else none.
    Default,
    /// An access or identity token.
    Token(SecretRef),
    /// A user name, and a password, a token or an API key in its place.
    Basic(SecretRef, SecretRef),
    /// An API key: a `password` without a `user`.
    Key(SecretRef),
    /// A `user` and nothing that proves to be that one.
    UserAlone,
}

impl Credential {
    /// Returns the credential of a system. A token counts before a password.
    pub(super) fn of(system: &ArtifactorySystem) -> Self {
        match (&system.token, &system.user, &system.password) {
            (Some(token), ..) => Self::Token(token.value.clone()),
            (None, Some(user), Some(password)) => Self::Basic(user.value.clone(), password.value.clone()),
            (None, None, Some(key)) => Self::Key(key.value.clone()),
            (None, Some(_), None) => Self::UserAlone,
            (None, None, None) => Self::Default,
        }
    }

    /// Finds the secrets.
    ///
    /// # Errors
    ///
    /// `not-authorized` where one is not there.
    pub(super) fn found(&self, keys: &Keyring, base: &Base) -> Result<Login, Miss> {
        Ok(match self {
            Self::Token(token) => Login::Token(keys.read(token)?),
            Self::Basic(user, password) => Login::Basic(keys.read_open(user)?, keys.read(password)?),
            Self::Key(key) => Login::Key(keys.read(key)?),
            Self::UserAlone => {
                return Err(Miss::new(UnseenReason::NotAuthorized, "the system has a `user` and no `password`"));
            }
            // What the environment holds for all is not sent in clear text, whatever address a policy names.
            Self::Default if !base.is_confidential() => Login::Anonymous,
            Self::Default => keys.first(&TOKENS).map_or(Login::Anonymous, Login::Token),
        })
    }
}

/// A credential that was found, or that there is none.
#[derive(Debug)]
pub(super) enum Login {
    /// Nothing is sent.
    Anonymous,
    /// A bearer token.
    Token(SecretString),
    /// Basic authentication.
    Basic(String, SecretString),
    /// An API key in its own header.
    Key(SecretString),
}

impl Login {
    /// Returns whether nothing is sent.
    pub(super) const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    /// Returns the question with the credential.
    ///
    /// # Errors
    ///
    /// `not-authorized` where it holds characters that no header may.
    pub(super) fn sign(&self, ask: Ask) -> Result<Ask, Miss> {
        match self {
            Self::Anonymous => Ok(ask),
            Self::Token(token) => ask.bearer(token),
            Self::Basic(user, password) => ask.basic(user, password),
            Self::Key(key) => {
                let mut value = HeaderValue::try_from(key.expose_secret()).map_err(|_| {
                    let what = "the API key holds characters that cannot be sent in a header";
                    Miss::new(UnseenReason::NotAuthorized, what)
                })?;
                value.set_sensitive(true);
                Ok(ask.header(API_KEY, value))
            }
        }
    }

    /// Returns as whom it looks, where that can be told without asking.
    pub(super) fn identity(&self) -> Option<Box<str>> {
        match self {
            Self::Anonymous => Some(ANONYMOUS.into()),
            Self::Basic(user, _) => Some(user.as_str().into()),
            Self::Key(_) => Some("an API key".into()),
            Self::Token(token) => subject_of_token(token.expose_secret()),
        }
    }
}

/// Returns the user that a subject names; `None` where it names none. Subjects of users are written
/// `SERVICE/users/NAME` (jfrog.com/help, "Access Tokens").
fn user_of(subject: &str) -> Option<Box<str>> {
    let (service, name) = subject.split_once("/users/")?;
    let is_name = !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
    (is_name && !service.is_empty()).then(|| name.into())
}

/// Returns the user that a token says of itself, where it is a JSON Web Token (RFC 7519). It is the token
/// that this program was given, so nobody has to vouch for it.
fn subject_of_token(token: &str) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    user_of(&claims.sub)
}

/// Reads `GET /access/api/v1/tokens/me`: whose token it is; `None` where that is not told.
pub(super) fn owner(answer: &Answer) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Token {
        subject: String,
    }
    let token: Token = answer.status.is_success().then(|| answer.json().ok()).flatten()?;
    user_of(&token.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_tells_whose_it_is() {
        let name = |claims: &str| subject_of_token(&token(claims));
        assert_eq!(name(r#"{"sub":"jfac@01c3/users/auditor"}"#).as_deref(), Some("auditor"));
        assert_eq!(name(r#"{"sub":"jfrt@01c3/users/a@b.example"}"#).as_deref(), Some("a@b.example"));
        for claims in ["{}", r#"{"sub":"jfac@01c3"}"#, r#"{"sub":"x/users/"}"#, r#"{"sub":"x/users/a\nb"}"#, "x"] {
            assert_eq!(name(claims), None, "{claims}");
        }
        for token in ["cmVmdGtuOjAxOjE3", "a.b", "a.!.c", ""] {
            assert_eq!(subject_of_token(token), None, "{token}");
        }
    }
}
