//! GitHub: what an organisation or user holds, and what is found there of copies.
//!
//! One value a system of the policy; one file a question. What the answers mean for the policy is left
//! to the judge, git itself to the collector of git mirrors.

mod base;
pub mod client;
pub mod commits;
#[cfg(test)]
pub(crate) mod fake;
pub mod graphql;
pub mod history;
pub mod inventory;
pub mod login;
pub mod migrations;
pub mod refusal;
pub mod releases;
pub mod renames;
pub mod repository;
pub mod rest;
pub mod runs;
pub mod steps;
pub mod triggers;
pub mod visible;
mod walk;
pub mod workflow;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::http::{Answer, Door};
use super::miss::Miss;
use super::secrets::Keyring;
use super::session;
use crate::model::time::Instant;
use crate::policy::document::GithubSystem;
use base::Base;
use client::Failure;
use login::{Credential, Session};
use migrations::Exports;
use repository::Repository;

pub use super::listing::Listing;

/// An answer that is asked for once, by whoever needs it first.
type Asked<T> = Arc<OnceCell<Result<T, Miss>>>;

/// Whose repositories a system of the policy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Account {
    Organisation(String),
    User(String),
}

impl Account {
    fn login(&self) -> &str {
        match self {
            Self::Organisation(login) | Self::User(login) => login,
        }
    }
}

/// One GitHub organisation or user, and how it is looked at.
pub struct Github {
    door: Door,
    keys: Keyring,
    base: Base,
    account: Account,
    credential: Credential,
    session: session::Once<Session>,
    /// Repositories by `owner/name` that copies were looked for in: each is asked for once.
    repositories: Mutex<BTreeMap<String, Asked<Repository>>>,
    exports: OnceCell<Result<Exports, Miss>>,
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github").field("base", &self.base).field("account", &self.account).finish_non_exhaustive()
    }
}

impl Github {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where `base_url` is no http or https URL, or the login is none.
    pub fn new(door: Door, keys: Keyring, system: &GithubSystem) -> Result<Self, Miss> {
        let base = Base::read(system.base_url.as_ref().map(|url| url.value.0.as_str()))?;
        let account = match (&system.org, &system.user) {
            (Some(org), _) => Account::Organisation(org.value.clone()),
            (None, Some(user)) => Account::User(user.value.clone()),
            (None, None) => return Err(Miss::unreadable("the system names neither an `org` nor a `user`")),
        };
        if !is_name(account.login()) {
            return Err(Miss::unreadable(format!("`{}` is no login of GitHub", account.login())));
        }
        Ok(Self {
            door,
            keys,
            base,
            account,
            credential: Credential::of(system),
            session: session::Once::default(),
            repositories: Mutex::default(),
            exports: OnceCell::new(),
        })
    }

    /// Returns as whom it looks: `anonymous`, the token's login, or the App. Asks where that is not
    /// known yet.
    ///
    /// # Errors
    ///
    /// Where the credential cannot be read or is refused.
    pub async fn identity(&self) -> Result<Box<str>, Miss> {
        self.session().await.map(|session| session.identity.clone())
    }

    /// Returns the host that is asked; `None` where its address has none.
    pub fn host(&self) -> Option<&str> {
        self.base.host()
    }

    /// Returns the address under which a repository of this system is cloned over https.
    pub fn clone_url(&self, name: &str) -> String {
        self.base.clone_url(self.account.login(), name)
    }

    /// Returns user name and password for git over https at this GitHub; `None` where it looks
    /// anonymously, or its credential was refused.
    pub async fn git_credential(&self) -> Option<(String, SecretString)> {
        if self.session.refusal().is_some() {
            return None;
        }
        let token = self.session().await.ok()?.token().await?;
        Some(("x-access-token".to_owned(), token))
    }

    /// Returns the session, opened at the first question.
    async fn session(&self) -> Result<&Session, Miss> {
        self.session.get(|| self.open()).await
    }

    /// Asks for a path below the base, and returns the answer whatever its status.
    async fn ask(&self, path: &str) -> Result<Answer, Miss> {
        let session = self.session().await?;
        let asked = client::get(&session.octocrab, path).await;
        self.noted(asked, &session.identity)
    }

    /// Asks for a path below the base; the answer has to be a success.
    async fn get(&self, path: &str) -> Result<Answer, Miss> {
        refusal::ok(self.ask(path).await?)
    }

    /// Puts a GraphQL query, and returns the answer whatever its status.
    async fn query(&self, query: &serde_json::Value) -> Result<Answer, Miss> {
        let session = self.session().await?;
        let asked = client::graphql(&session.octocrab, query).await;
        self.noted(asked, &session.identity)
    }

    /// Remembers a refused login, and says in the answer as whom it was asked.
    fn noted(&self, asked: Result<Answer, Failure>, identity: &str) -> Result<Answer, Miss> {
        let mut answer = asked.map_err(|failure| self.failed(failure))?;
        answer.source.identity = Some(identity.into());
        if identity != login::ANONYMOUS && refusal::is_of_login(&answer) {
            let miss = self.scrubbed(refusal::of(&answer));
            self.session.refuse(&miss);
            return Err(miss);
        }
        Ok(answer)
    }

    fn failed(&self, failure: Failure) -> Miss {
        let miss = self.scrubbed(failure.miss);
        if failure.lasts {
            self.session.refuse(&miss);
        }
        miss
    }

    /// A server may repeat in its answer what it was sent.
    fn scrubbed(&self, mut miss: Miss) -> Miss {
        miss.what = self.keys.scrub(&miss.what);
        miss
    }

    fn now(&self) -> Instant {
        self.door.clock().now()
    }
}

/// Returns whether `text` can be a login or the name of a repository.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=100).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
}

/// Returns a time of GitHub's, whatever its offset; `None` where it is absent or none.
fn instant(text: Option<&str>) -> Option<Instant> {
    crate::model::time::parse_instant(text?)
}

#[cfg(test)]
mod tests {
    use super::fake::{Fake, system};
    use super::*;
    use crate::model::UnseenReason;
    use secrecy::ExposeSecret as _;

    #[tokio::test]
    async fn a_refused_credential_is_not_tried_again() {
        let fake = Fake::start(|_| (401, vec![], r#"{"message":"Bad credentials: ghp_secret0"}"#.to_owned())).await;
        let github = fake.github(&system("token: { env: TOKEN }"));
        for _ in 0..5 {
            let miss = github.get("/repos/o/r").await.unwrap_err();
            assert_eq!(miss.reason, UnseenReason::NotAuthorized);
            assert!(!miss.what.contains("ghp_secret0"), "{}", miss.what);
        }
        assert_eq!(fake.asked().len(), 1, "{:?}", fake.asked());
        assert!(github.git_credential().await.is_none());
        assert!(github.identity().await.is_err());
    }

    #[tokio::test]
    async fn the_credential_and_the_version_go_with_every_question_and_the_answer_says_as_whom() {
        let fake = Fake::start(|asked| match asked.path.as_str() {
            "/api/graphql" => (200, vec![], r#"{"data":{"viewer":{"login":"auditor"}}}"#.to_owned()),
            _ => (200, vec![], "{}".to_owned()),
        })
        .await;
        let github = fake.github(&system("token: { env: TOKEN }"));
        let answer = github.get("/repos/o/r").await.unwrap();
        assert_eq!(answer.source.identity.as_deref(), Some("auditor"));
        assert!(answer.source.request.as_deref().unwrap().ends_with("/api/v3/repos/o/r"));
        for asked in fake.asked() {
            assert_eq!(asked.header("authorization"), Some("Bearer ghp_secret0"));
            assert_eq!(asked.header("x-github-api-version"), Some("2022-11-28"));
            assert!(asked.header("accept").unwrap().starts_with("application/vnd.github+json"));
            assert!(asked.header("user-agent").unwrap().starts_with("lastgood/"));
        }
        let (user, password) = github.git_credential().await.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("x-access-token", "ghp_secret0"));
    }

    #[tokio::test]
    async fn the_token_of_github_com_is_not_sent_to_an_enterprise_server() {
        let fake = Fake::start(|_| (200, vec![], "{}".to_owned())).await;
        let github = fake.github_with(&system(""), &[("GITHUB_TOKEN", "ghp_public0"), ("GH_TOKEN", "ghp_public1")]);
        assert_eq!(github.identity().await.unwrap().as_ref(), "anonymous");
        github.get("/repos/o/r").await.unwrap();
        assert!(fake.asked().iter().all(|asked| asked.header("authorization").is_none()));
        let github = fake.github_with(&system(""), &[("GITHUB_ENTERPRISE_TOKEN", "ghp_server0")]);
        github.get("/repos/o/r").await.unwrap();
        assert_eq!(fake.asked().last().unwrap().header("authorization"), Some("Bearer ghp_server0"));
    }

    #[tokio::test]
    async fn a_token_that_is_not_there_is_not_taken_for_anonymous() {
        let fake = Fake::start(|_| (200, vec![], "{}".to_owned())).await;
        let github = fake.github_with(&system("token: { env: UNSET }"), &[("GITHUB_ENTERPRISE_TOKEN", "ghp_server0")]);
        assert_eq!(github.get("/repos/o/r").await.unwrap_err().reason, UnseenReason::NotAuthorized);
        assert!(fake.asked().is_empty());
    }

    #[tokio::test]
    async fn a_miss_of_the_door_comes_out_again() {
        let fake = Fake::start(|_| (302, vec![("location", "https://evil.example/x".to_owned())], String::new())).await;
        let miss = fake.github(&system("")).get("/repos/o/r").await.unwrap_err();
        assert!(miss.reason == UnseenReason::Unreadable && miss.what.contains("evil.example"), "{}", miss.what);
    }

    #[test]
    fn names_and_placeholders() {
        assert!(is_name("api-layer") && is_name(".github"));
        for wrong in ["", ".", "..", "a/b", "a b", "ä", &"x".repeat(101)] {
            assert!(!is_name(wrong), "{wrong}");
        }
        assert_eq!(
            instant(Some("2018-09-14T01:35:35.000+05:30")),
            crate::model::time::parse_instant("2018-09-13T20:05:35Z")
        );
    }
}
