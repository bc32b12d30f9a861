//! The client: finds where an Artifactory answers and as whom it is asked, and puts questions to it.
//!
//! What answers mean is left to the other files, waiting and trying again to the HTTP door.

use http::StatusCode;
use http::header::LOCATION;
use reqwest::Url;

use super::Artifactory;
use super::base::Base;
use super::login::{self, Login};
use crate::collect::http::{Answer, Ask};
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// Where JFrog Cloud sends whoever asks a server that was deactivated.
const DEACTIVATED: &str = "landing.jfrog.com";

/// How many bytes of the answer to a ping are read: `OK`, or a page for people.
const PING_BYTES: u64 = 1 << 20;

/// The media types that are asked for. Artifactory has JSON types of its own.
const JSON: &str = "application/json, */*;q=0.1";

/// An Artifactory that answered as one.
#[derive(Debug)]
pub(super) struct Session {
    /// Where it answers.
    pub(super) base: Base,
    /// As whom it is asked.
    pub(super) identity: Box<str>,
    /// With what credential.
    pub(super) login: Login,
    /// What the instance calls itself; `None` where it does not say.
    pub(super) instance: Option<Box<str>>,
}

/// How a ping was answered.
enum Ping {
    /// With what the instance calls itself.
    Up(Option<Box<str>>),
    /// Not by an Artifactory.
    Other(Miss),
}

impl Artifactory {
    /// Returns the session, opened by whoever needs it first.
    pub(super) async fn session(&self) -> Result<&Session, Miss> {
        self.session.get(|| self.open()).await
    }

    async fn open(&self) -> Result<Session, Miss> {
        let login = self.credential.found(&self.keys, &self.base)?;
        let (base, instance) = match self.ping(&self.base, &login).await? {
            Ping::Up(instance) => (self.base.clone(), instance),
            Ping::Other(miss) => {
                let Some(other) = self.base.with_context() else { return Err(miss) };
                match self.ping(&other, &login).await {
                    Ok(Ping::Up(instance)) => (other, instance),
                    Ok(Ping::Other(_)) => return Err(miss),
                    Err(other) => return Err(other),
                }
            }
        };
        let identity = match login.identity() {
            Some(identity) => identity,
            None => self.owner(&base, &login).await.unwrap_or_else(|| "a token of an unknown user".into()),
        };
        Ok(Session { base, identity, login, instance })
    }

    /// Asks whether an Artifactory answers there. It is up only if it says `OK`: 200 alone is what pages for
    /// people say too.
    async fn ping(&self, base: &Base, login: &Login) -> Result<Ping, Miss> {
        let ask = Ask::get(base.below(&["api", "system", "ping"])).accept("text/plain, */*;q=0.1").at_most(PING_BYTES);
        let ask = login.sign(ask)?;
        let mut answer = self.door.ask(&ask.clone().without_redirects()).await?;
        if answer.status.is_redirection() {
            let target = answer.header(LOCATION.as_str()).and_then(|target| answer.url.join(target).ok());
            if target.as_ref().and_then(Url::host_str) == Some(DEACTIVATED) {
                let what = format!(
                    "{} redirects to {DEACTIVATED}: the server of JFrog Cloud is deactivated",
                    answer.request()
                );
                return Err(answer.miss(UnseenReason::Unreadable, what));
            }
            // On the same host, or it is an error.
            answer = self.door.ask(&ask).await?;
        }
        let answer = self.noted(answer, login)?;
        if answer.status == StatusCode::OK && answer.body.trim_ascii() == b"OK" {
            let instance = answer.header("x-artifactory-id").filter(|id| !id.is_empty());
            return Ok(Ping::Up(instance.map(Into::into)));
        }
        if !answer.status.is_success() {
            let miss = refused(&answer);
            let is_other = matches!(miss.reason, UnseenReason::NotFound | UnseenReason::Unreadable);
            return if is_other { Ok(Ping::Other(miss)) } else { Err(miss) };
        }
        let what =
            format!("{} answered {} without `OK`: no Artifactory answers there", answer.request(), answer.status);
        Ok(Ping::Other(answer.miss(UnseenReason::Unreadable, what)))
    }

    /// Asks whose a token is that does not say so itself; `None` where that is not told.
    async fn owner(&self, base: &Base, login: &Login) -> Option<Box<str>> {
        let ask = Ask::get(base.access(&["access", "api", "v1", "tokens", "me"])).accept(JSON).at_most(PING_BYTES);
        let answer = self.door.ask(&login.sign(ask).ok()?.without_redirects()).await.ok()?;
        login::owner(&answer)
    }

    /// Puts a question and returns the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Where no answer came that can be trusted, or the credential was refused, now or before.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, Miss> {
        let session = self.session().await?;
        let mut answer = self.noted(self.door.ask(&session.login.sign(ask)?).await?, &session.login)?;
        answer.source.identity = Some(session.identity.clone());
        Ok(answer)
    }

    /// Asks for `segments` below the base, as JSON; the answer may have any status.
    ///
    /// # Errors
    ///
    /// As `ask`.
    pub(super) async fn get(&self, segments: &[&str]) -> Result<Answer, Miss> {
        let url = self.session().await?.base.below(segments);
        self.ask(Ask::get(url).accept(JSON)).await
    }

    /// As `get`, and the answer has to be a success.
    ///
    /// # Errors
    ///
    /// As `get`, and for every other status.
    pub(super) async fn get_ok(&self, segments: &[&str]) -> Result<Answer, Miss> {
        ok(self.get(segments).await?)
    }

    /// Remembers a refused credential: it is not tried again, for that might lock the account.
    fn noted(&self, answer: Answer, login: &Login) -> Result<Answer, Miss> {
        if answer.status != StatusCode::UNAUTHORIZED || login.is_anonymous() {
            return Ok(answer);
        }
        let miss = refused(&answer);
        self.session.refuse(&miss);
        Err(miss)
    }
}

/// Returns the answer where its status is a success.
///
/// # Errors
///
/// As `refused`.
pub fn ok(answer: Answer) -> Result<Answer, Miss> {
    let is_whole = answer.status.is_success() && answer.status != StatusCode::PARTIAL_CONTENT;
    if is_whole { Ok(answer) } else { Err(refused(&answer)) }
}

/// Returns what a status other than success says. Where resources are hidden, what is forbidden is answered
/// as if it were not there.
pub fn refused(answer: &Answer) -> Miss {
    let mut miss = answer.refusal();
    if miss.reason == UnseenReason::NotFound {
        miss.what.push_str(" (not found, or not shown to whoever looks)");
    }
    miss
}
