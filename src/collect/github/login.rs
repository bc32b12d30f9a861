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

/// As whom it looks without a credential.
pub(super) const ANONYMOUS: &str = "anonymous";

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
            // What the environment holds for all is not sent in clear text, whatever address a policy names.
            Credential::Default if !self.base.is_confidential() => None,
            Credential::Default => self.keys.first(if self.base.is_cloud() { &CLOUD_TOKENS } else { &SERVER_TOKENS }),
        };
        let Some(token) = token else {
            let octocrab = doorway.octocrab(AuthState::None);
            return Ok(Session { octocrab, identity: ANONYMOUS.into(), kind: Kind::Anonymous });
        };
        let octocrab = doorway.octocrab(AuthState::AccessToken { token: token.clone() });
        // One question tells whether the credential is good before a thousand are put with it.
        let viewer = client::graphql(&octocrab, &serde_json::json!({ "query": "query { viewer { login } }" })).await;
        let identity = match viewer {
            Ok(answer) if refusal::is_of_login(&answer) => {
                let miss = self.scrubbed(refusal::of(&answer));
                self.session.refuse(&miss);
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
        let (number, slug) = if let Some(number) = &app.installation {
            (number.value, None)
        } else {
            let (kind, login) = match &self.account {
                Account::Organisation(login) => ("orgs", login),
                Account::User(login) => ("users", login),
            };
            let path = self.base.path(&[kind, login, "installation"], &[]);
            let asked = client::get(&octocrab, &path).await.map_err(|failure| self.failed(failure))?;
            let found = installation(&asked).map_err(|miss| self.scrubbed(miss))?;
            (found.id, found.app_slug)
        };
        let octocrab = octocrab
            .installation(InstallationId(number))
            .map_err(|error| self.scrubbed(client::failure(error).miss))?;
        let name = slug.unwrap_or_else(|| app.id.value.to_string());
        Ok(Session { octocrab, identity: format!("app {name}").into(), kind: Kind::App })
    }
}

/// Returns whom GitHub takes the credential for; `None` where it does not say.
pub fn viewer_login(answer: &Answer) -> Option<Box<str>> {
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
pub struct Installation {
    /// Its number.
    pub id: u64,
    /// The App's name in addresses.
    pub app_slug: Option<String>,
}

/// Reads the answer that tells of an App's installation.
///
/// # Errors
///
/// Where it is a refusal, or of another shape.
pub fn installation(answer: &Answer) -> Result<Installation, Miss> {
    if answer.status == StatusCode::NOT_FOUND {
        let what = format!("{} answered 404: the App is not installed there", answer.request());
        return Err(answer.miss(UnseenReason::NotFound, what));
    }
    refusal::ok(answer.clone())?.json()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use base64::Engine as _;

    use super::*;
    use crate::collect::github::fake::{Asked, Fake, Reply, system};
    use crate::collect::secrets::Keyring;
    use crate::evidence::Fact;

    /// Writes a private key, made for this one test, into a folder.
    fn write_key(folder: &Path) {
        use aws_lc_rs::encoding::AsDer as _;
        let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let label = "PRIVATE KEY";
        std::fs::write(folder.join("app.pem"), format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"))
            .unwrap();
    }

    const TOKEN: &str = "/api/v3/app/installations/9/access_tokens";

    fn ok(body: &str) -> Reply {
        (200, vec![], body.to_owned())
    }

    /// A GitHub where App 7 has the installation 9, whose repositories are as `list` says.
    fn with_app(asked: &Asked, list: &str) -> Reply {
        match asked.path.as_str() {
            "/api/v3/orgs/o/installation" => ok(r#"{"id":9,"app_slug":"auditor"}"#),
            TOKEN => (
                201,
                vec![],
                r#"{"token":"ghs_secret1","expires_at":"2099-01-01T00:00:00Z","permissions":{},"repository_selection":"all"}"#
                    .to_owned(),
            ),
            "/api/v3/installation/repositories?per_page=100" => ok(list),
            "/api/v3/orgs/o" => ok(r#"{"public_repos":1}"#),
            _ => (404, vec![], "{}".to_owned()),
        }
    }

    fn keyring() -> (tempfile::TempDir, Keyring) {
        let folder = tempfile::tempdir().unwrap();
        write_key(folder.path());
        let keys = Keyring::new(folder.path(), |_| None);
        (folder, keys)
    }

    const APP: &str = "app: { id: 7, key: { file: app.pem } }";

    #[tokio::test]
    async fn an_app_finds_its_installation_and_looks_with_a_token_that_stays_secret() {
        let list = r#"{"total_count":2,"repository_selection":"all","repositories":[
            {"id":1,"name":"a","owner":{"login":"O"},"private":false},{"id":2,"name":"b","owner":{"login":"o"},"private":true}]}"#;
        let fake = Fake::start(move |asked| with_app(asked, list)).await;
        let (_folder, keys) = keyring();
        let github = fake.github_by(&system(APP), keys.clone());
        let listing = github.inventory().await;
        let Some(Fact::Inventory(inventory)) = listing.told.last().map(|told| &told.fact) else {
            panic!("{listing:?}")
        };
        assert_eq!((inventory.count, inventory.complete, inventory.public_only), (2, true, false), "{listing:?}");
        assert_eq!(listing.told[0].source.identity.as_deref(), Some("app auditor"));
        let asked = fake.asked();
        let sent =
            |path: &str| asked.iter().find(|asked| asked.path.starts_with(path)).unwrap().header("authorization");
        let signed = sent("/api/v3/orgs/o/installation").unwrap();
        assert!(signed.starts_with("Bearer eyJ"));
        assert_eq!(sent("/api/v3/installation/repositories"), Some("Bearer ghs_secret1"));
        assert_eq!(asked.iter().filter(|asked| asked.path == TOKEN).count(), 1, "it is good for an hour");
        assert_eq!(keys.scrub("no: ghs_secret1"), "no: [secret]");
        assert!(!keys.scrub(signed).contains("eyJ"));
        let (user, token) = github.git_credential().await.unwrap();
        assert_eq!((user.as_str(), token.expose_secret()), ("x-access-token", "ghs_secret1"));
    }

    #[tokio::test]
    async fn an_app_that_sees_some_repositories_has_not_seen_all() {
        let own = r#"{"id":1,"name":"a","owner":{"login":"o"},"private":false}"#;
        for list in [
            format!(r#"{{"total_count":1,"repository_selection":"selected","repositories":[{own}]}}"#),
            format!(r#"{{"total_count":1,"repositories":[{own}]}}"#),
            format!(r#"{{"total_count":2,"repository_selection":"all","repositories":[{own}]}}"#),
            format!(
                r#"{{"total_count":1,"repository_selection":"all","repositories":[{}]}}"#,
                own.replace("\"o\"", "\"x\"")
            ),
        ] {
            let told = list.clone();
            let fake = Fake::start(move |asked| with_app(asked, &told)).await;
            let (_folder, keys) = keyring();
            let listing = fake.github_by(&system(APP), keys).inventory().await;
            let Some(Fact::Inventory(inventory)) = listing.told.last().map(|told| &told.fact) else { panic!("{list}") };
            assert!(!inventory.complete && inventory.public_only && !listing.misses.is_empty(), "{list}");
        }
    }

    #[tokio::test]
    async fn an_app_that_is_refused_is_refused_once() {
        for (path, status) in [(TOKEN, 401), (TOKEN, 404), ("/api/v3/orgs/o/installation", 404)] {
            let fake =
                Fake::start(
                    move |asked| {
                        if asked.path == path { (status, vec![], "{}".to_owned()) } else { with_app(asked, "{}") }
                    },
                )
                .await;
            let (_folder, keys) = keyring();
            let github = fake.github_by(&system(APP), keys);
            for _ in 0..3 {
                let miss = github.get("/repos/o/r").await.unwrap_err();
                assert!(matches!(miss.reason, UnseenReason::NotAuthorized | UnseenReason::NotFound), "{miss:?}");
            }
            assert_eq!(fake.asked().iter().filter(|asked| asked.path == path).count(), 1, "{path} {status}");
        }
    }

    #[tokio::test]
    async fn a_key_that_is_none_asks_nothing() {
        let fake = Fake::start(|asked| with_app(asked, "{}")).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.pem"), "not a key").unwrap();
        let github = fake.github_by(&system(APP), Keyring::new(folder.path(), |_| None));
        let miss = github.get("/repos/o/r").await.unwrap_err();
        assert!(miss.reason == UnseenReason::NotAuthorized && miss.what.contains("PEM") && fake.asked().is_empty());
    }
}
