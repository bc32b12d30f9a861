//! Jenkins: the jobs of a controller, and what is found there of copies.
//!
//! One value a system of the policy; one file a question. What the answers mean for the policy is left
//! to the judge.

pub mod artifacts;
mod base;
mod build;
pub mod builds;
pub mod definition;
mod definitions;
#[cfg(test)]
pub(crate) mod fake;
mod inventory;
pub mod jobs;
pub mod login;
pub mod plugins;
pub mod refusal;

use std::fmt;

use http::header::{ACCEPT_ENCODING, HeaderValue};
use reqwest::Url;
use tokio::sync::{OnceCell, Semaphore};

use super::http::{Answer, Ask, Door};
use super::miss::Miss;
use super::secrets::Keyring;
use super::session;
use crate::policy::document::JenkinsSystem;
use base::Base;
use login::{Credential, Session};

/// How many questions are put to one controller at once. It has no limits of its own, and it is the
/// machine that builds wait for.
const AT_ONCE: usize = 4;

/// What is wanted of the jobs besides that they are there.
pub struct Wanted<'a> {
    /// Whether it matters where each is defined, which costs a question a job.
    pub definitions: bool,
    /// Told now and then how many definitions of how many were asked for.
    pub progress: &'a (dyn Fn(usize, usize) + Send + Sync),
}

impl Wanted<'_> {
    /// Returns that nothing else is wanted.
    pub fn names() -> Self {
        Self { definitions: false, progress: &|_, _| {} }
    }

    /// Returns that it matters where each job is defined, and that nobody watches.
    pub fn definitions() -> Self {
        Self { definitions: true, ..Self::names() }
    }
}

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted").field("definitions", &self.definitions).finish_non_exhaustive()
    }
}

/// One controller, and how it is looked at.
pub struct Jenkins {
    door: Door,
    keys: Keyring,
    base: Base,
    login: Credential,
    session: session::Once<Session>,
    turns: Semaphore,
    /// The plugins, which several copies may ask for.
    plugins: OnceCell<Result<(Vec<plugins::Plugin>, Answer), Miss>>,
}

impl fmt::Debug for Jenkins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jenkins").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Jenkins {
    /// Returns the collector of one system. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where the address is none.
    pub fn new(door: Door, keys: Keyring, system: &JenkinsSystem) -> Result<Self, Miss> {
        let base = Base::read(&system.url.value.0)?;
        let turns = Semaphore::new(AT_ONCE.min(door.settings().per_host.max(1)));
        let (session, plugins) = (session::Once::default(), OnceCell::new());
        Ok(Self { door, keys, base, login: Credential::of(system), session, turns, plugins })
    }

    /// Returns as whom it looks: `anonymous`, or the user. Asks where that is not known yet.
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

    /// Returns the session, opened at the first question.
    async fn session(&self) -> Result<&Session, Miss> {
        self.session.get(|| self.open()).await
    }

    /// Puts a question as `session` says, and returns the answer whatever its status, unless the
    /// credential was refused.
    async fn put(&self, session: &Session, url: &Url) -> Result<Answer, Miss> {
        self.send(session, Ask::get(url.clone()).accept("application/json, application/xml;q=0.9, */*;q=0.1")).await
    }

    async fn send(&self, session: &Session, ask: Ask) -> Result<Answer, Miss> {
        let ask = match &session.credential {
            Some((user, token)) => ask.basic(user, token)?,
            None => ask,
        };
        let Ok(_turn) = self.turns.acquire().await else {
            return Err(Miss::unreadable("nothing is asked any more"));
        };
        // While this question waited, another one may have learnt that the credential is none.
        if let Some(miss) = self.session.refusal() {
            return Err(miss);
        }
        let mut answer = self.door.ask(&ask).await?;
        if session.credential.is_some() && refusal::is_of_login(&answer) {
            let what = format!("{} answered 401: the user or the API token is refused", answer.request());
            let miss = answer.miss(crate::model::UnseenReason::NotAuthorized, what);
            self.session.refuse(&miss);
            return Err(miss);
        }
        answer.source.identity = Some(session.identity.clone());
        Ok(answer)
    }

    /// Asks for JSON of the job or folder whose names those are; the answer has to be a success, and to
    /// come from Jenkins.
    async fn json(&self, names: &[&str], tail: &str, tree: &str) -> Result<Answer, Miss> {
        let url = self.base.of(names, tail, Some(tree))?;
        let answer = self.put(self.session().await?, &url).await?;
        refusal::of_jenkins(refusal::ok(answer)?)
    }

    /// Asks for the definition of a job.
    async fn config(&self, names: &[&str]) -> Result<Answer, Miss> {
        let url = self.base.of(names, "config.xml", None)?;
        // Definitions are small, but for scripts of whole programs.
        let ask = Ask::get(url).accept("application/xml").at_most(definition::MAX_BYTES);
        refusal::ok(self.send(self.session().await?, ask).await?)
    }

    /// Asks for the head alone, of what lies there itself and without compression. Returns the answer
    /// whatever its status.
    async fn head(&self, url: Url) -> Result<Answer, Miss> {
        let ask = Ask::head(url).header(ACCEPT_ENCODING, HeaderValue::from_static("identity")).without_redirects();
        self.send(self.session().await?, ask).await
    }

    /// A server may repeat in its answer what it was sent.
    fn scrubbed(&self, mut miss: Miss) -> Miss {
        miss.what = self.keys.scrub(&miss.what);
        miss
    }
}

/// Returns the names in a full name, outermost first.
fn parts(full_name: &str) -> Vec<&str> {
    full_name.split('/').collect()
}
