//! Logins: with which credential a GitHub is looked at, and as whom that is.
//!
//! Finding secrets is left to `secrets`, sending them to `client`.

use http::StatusCode;
use octocrab::auth::AppAuth;
use octocrab::models::{AppId, InstallationId};
use octocrab::{AuthState, EncodingKey, Octocrab};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::client::{self, Doorway};
use super::{Account, Github, refusal};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::policy::document::{GithubApp, GithubSystem};
use crate::policy::values::SecretRef;

/// Where the environment holds tokens of github.com and of tenants under ghe.com, first found first.
const CLOUD_TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

/// Where it holds tokens of Enterprise Servers. A token of github.com must not be sent there; the names
/// are those of GitHub's own command line (cli.github.com/manual, "environment").
const SERVER_TOKENS: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// What the policy says of the credential.
#[derive(Debug, Clone)]
pub(super) enum Credential {
    /// The environment's own token, else none.
    Default,
    /// A token.
    Token(SecretRef),
    /// A GitHub App.
    App(GithubApp),
}

impl Credential {
    /// Returns the credential of a system.
    pub(super) fn of(system: &GithubSystem) -> Self {
        match (&system.app, &system.token) {
            (Some(app), _) => Self::App(app.clone()),
            (None, Some(token)) => Self::Token(token.value.clone()),
            (None, None) => Self::Default,
        }
    }
}

/// How an open session looks.
#[derive(Debug)]
enum Kind {
    Anonymous,
    Token(SecretString),
    App,
}

/// A login that was made, or found not to be needed.
pub(super) struct Session {
    /// The client that looks so.
    pub(super) octocrab: Octocrab,
    /// As whom: `anonymous`, a login, an App.
    pub(super) identity: Box<str>,
    kind: Kind,
}

impl Session {
    /// Returns whether it looks without credentials.
    pub(super) const fn is_anonymous(&self) -> bool {
        matches!(self.kind, Kind::Anonymous)
    }

    /// Returns whether it looks as an App.
    pub(super) const fn is_app(&self) -> bool {
        matches!(self.kind, Kind::App)
    }

    /// Returns the token that it sends; `None` where it sends none, or an App gets none.
    pub(super) async fn token(&self) -> Option<SecretString> {
        match &self.kind {
            Kind::Anonymous => None,
            Kind::Token(token) => Some(token.clone()),
            Kind::App => self.octocrab.installation_token().await.ok(),
        }
    }
}

impl Github {
    /// Finds the credential, and as whom it looks.
    pub(super) async fn open(&self) -> Result<Session, Miss> {
        let doorway = Doorway::new(self.door.clone(), self.keys.clone(), self.base.clone());
        let token = match &self.credential {
            Credential::App(app) => return self.open_app(&doorway, app).await,
            Credential::Token(reference) => Some(self.keys.read(reference)?),
            Credential::Default => self.keys.first(if self.base.is_cloud() { &CLOUD_TOKENS } else { &SERVER_TOKENS }),
        };
        let Some(token) = token else {
            let octocrab = doorway.octocrab(AuthState::None);
            return Ok(Session { octocrab, identity: "anonymous".into(), kind: Kind::Anonymous });
        };
        let octocrab = doorway.octocrab(AuthState::AccessToken { token: token.clone() });
        // One question tells whether the credential is good before a thousand are put with it.
        let viewer = client::graphql(&octocrab, &serde_json::json!({ "query": "query { viewer { login } }" })).await;
        let identity = match viewer {
            Ok(answer) if refusal::is_of_login(&answer) => {
                let miss = self.scrubbed(refusal::of(&answer));
                self.refuse(&miss);
                return Err(miss);
            }
            Ok(answer) => viewer_login(&answer),
            Err(_) => None,
        };
        let identity = identity.unwrap_or_else(|| "a token of an unknown login".into());
        Ok(Session { octocrab, identity, kind: Kind::Token(token) })
    }

    async fn open_app(&self, doorway: &Doorway, app: &GithubApp) -> Result<Session, Miss> {
        let pem = self.keys.read(&app.key.value)?;
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
            .map_err(|_| Miss::new(UnseenReason::NotAuthorized, "the App's private key is no RSA key in PEM form"))?;
        let octocrab = doorway.octocrab(AuthState::App(AppAuth { app_id: AppId(app.id.value), key }));
        let (number, slug) = match &app.installation {
            Some(number) => (number.value, None),
            None => {
                let (kind, login) = match &self.account {
                    Account::Organisation(login) => ("orgs", login),
                    Account::User(login) => ("users", login),
                };
                let path = self.base.path(&[kind, login, "installation"], &[]);
                let asked = client::get(&octocrab, &path).await.map_err(|failure| self.failed(failure))?;
                let found = installation(&asked).map_err(|miss| self.scrubbed(miss))?;
                (found.id, found.app_slug)
            }
        };
        let octocrab = octocrab
            .installation(InstallationId(number))
            .map_err(|error| self.scrubbed(client::failure(error).miss))?;
        let name = slug.unwrap_or_else(|| app.id.value.to_string());
        Ok(Session { octocrab, identity: format!("app {name}").into(), kind: Kind::App })
    }
}

/// Returns whom GitHub takes the credential for; `None` where it does not say.
pub(super) fn viewer_login(answer: &Answer) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Body {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        viewer: Viewer,
    }
    #[derive(Deserialize)]
    struct Viewer {
        login: Box<str>,
    }
    let body: Body = answer.json().ok().filter(|_| answer.status == StatusCode::OK)?;
    Some(body.data.viewer.login).filter(|login| !login.is_empty() && login.len() <= 100)
}

/// An App's installation.
#[derive(Debug, Deserialize)]
pub(super) struct Installation {
    /// Its number.
    pub(super) id: u64,
    /// The App's name in addresses.
    pub(super) app_slug: Option<String>,
}

/// Reads the answer that tells of an App's installation.
///
/// # Errors
///
/// Where it is a refusal, or of another shape.
pub(super) fn installation(answer: &Answer) -> Result<Installation, Miss> {
    if answer.status == StatusCode::NOT_FOUND {
        let what = format!("{} answered 404: the App is not installed there", answer.request());
        return Err(answer.miss(UnseenReason::NotFound, what));
    }
    refusal::ok(answer.clone())?.json()
}
