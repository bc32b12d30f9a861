//! As whom a controller is looked at: anonymously, or as a user with an API token.
//!
//! Sending the credential is left to the door.

use secrecy::SecretString;
use serde::Deserialize;

use super::Jenkins;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::policy::document::JenkinsSystem;
use crate::policy::values::SecretRef;

/// What the report says of a look without a credential.
pub(super) const ANONYMOUS: &str = "anonymous";

/// The variables of the environment that hold what a policy leaves out.
const USER: &str = "JENKINS_USER";
const TOKEN: &str = "JENKINS_API_TOKEN";

/// Where the credential is found.
#[derive(Debug, Clone, Default)]
pub(super) struct Credential {
    user: Option<SecretRef>,
    token: Option<SecretRef>,
}

impl Credential {
    pub(super) fn of(system: &JenkinsSystem) -> Self {
        let reference =
            |secret: &Option<crate::policy::decode::At<SecretRef>>| secret.as_ref().map(|at| at.value.clone());
        Self { user: reference(&system.user), token: reference(&system.token) }
    }
}

/// A login that was made, or found not to be needed.
#[derive(Debug)]
pub(super) struct Session {
    /// As whom, in words: `anonymous`, or the user.
    pub(super) identity: Box<str>,
    /// User and token; `None` where it looks without.
    pub(super) credential: Option<(String, SecretString)>,
}

/// Whom the controller takes somebody for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WhoAmI {
    /// The name.
    pub name: Box<str>,
    /// Whether it is nobody.
    pub anonymous: bool,
}

/// Reads `GET /whoAmI/api/json`, which is answered even where all else is refused.
///
/// # Errors
///
/// `unreadable` or `truncated` where it says something else.
pub fn who_am_i(answer: &Answer) -> Result<WhoAmI, Miss> {
    answer.json()
}

/// Reads `GET /me/api/json`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no user.
pub fn me(answer: &Answer) -> Result<Box<str>, Miss> {
    #[derive(Deserialize)]
    struct Body {
        id: Box<str>,
    }
    answer.json::<Body>().map(|body| body.id)
}

impl Jenkins {
    /// Finds the credential, and as whom it looks.
    pub(super) async fn open(&self) -> Result<Session, Miss> {
        let anonymous = || Session { identity: ANONYMOUS.into(), credential: None };
        let missing = |what: &str| Miss::new(UnseenReason::NotAuthorized, what);
        let from_policy = self.login.user.is_some() || self.login.token.is_some();
        // What the environment holds for all is not sent in clear text, whatever address a policy names.
        let may_default = from_policy || self.base.is_confidential();
        let token = match &self.login.token {
            Some(reference) => Some(self.keys.read(reference)?),
            None if may_default => self.keys.first(&[TOKEN]),
            None => None,
        };
        let Some(token) = token else {
            if self.login.user.is_some() {
                return Err(missing("the system names a `user`, and there is neither a `token` nor JENKINS_API_TOKEN"));
            }
            return Ok(anonymous());
        };
        let user = match &self.login.user {
            Some(reference) => Some(self.keys.read_open(reference)?),
            None => self.keys.name_in(USER),
        };
        let user = user.ok_or_else(|| {
            missing("there is an API token and no user that it belongs to: name a `user`, or set JENKINS_USER")
        })?;
        let mut session = Session { identity: ANONYMOUS.into(), credential: Some((user, token)) };
        // One question tells whether the credential is good before a thousand are put with it.
        session.identity = self.whom(&session).await?;
        Ok(session)
    }

    /// Asks whom the controller takes the credential for.
    async fn whom(&self, session: &Session) -> Result<Box<str>, Miss> {
        let answer = self.put(session, &self.base.of(&[], "whoAmI/api/json", None)?).await?;
        if let Ok(who) = who_am_i(&answer) {
            return Ok(if who.anonymous { ANONYMOUS.into() } else { shown(&who.name) });
        }
        let answer = self.put(session, &self.base.of(&[], "me/api/json", Some("id"))?).await?;
        // Whoever may log in and not ask for that is somebody all the same.
        Ok(me(&answer).map_or_else(|_| "a user of an unknown name".into(), |id| shown(&id)))
    }
}

/// Returns a name as it is repeated: of bounded length.
fn shown(name: &str) -> Box<str> {
    name.chars().filter(|c| !c.is_control()).take(100).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use crate::collect::jenkins::fake::{Fake, json};
    use crate::model::UnseenReason;

    #[tokio::test]
    async fn the_user_and_the_token_go_with_every_question() {
        let fake = Fake::start(|path| match path {
            "/ci/whoAmI/api/json" => json("{\"name\":\"auditor\",\"anonymous\":false,\"authenticated\":true}"),
            _ => json("{\"_class\":\"hudson.model.Hudson\",\"jobs\":[]}"),
        })
        .await;
        let jenkins = fake
            .jenkins(", user: { env: NAME }, token: { env: TOKEN }", &[("NAME", "auditor"), ("TOKEN", "s3cret-token")]);
        assert_eq!(jenkins.identity().await.unwrap().as_ref(), "auditor");
        jenkins.inventory(&crate::collect::jenkins::Wanted::names()).await;
        let sent = fake.asked();
        assert!(
            sent.len() > 1 && sent.iter().all(|(_, sent)| sent == "Basic YXVkaXRvcjpzM2NyZXQtdG9rZW4="),
            "{sent:?}"
        );
    }

    #[tokio::test]
    async fn a_refused_token_is_tried_once() {
        let fake = Fake::start(|_| (401, vec![("content-type", "text/html")], "<html>".to_owned())).await;
        let jenkins = fake.jenkins("", &[("JENKINS_USER", "auditor"), ("JENKINS_API_TOKEN", "s3cret-token")]);
        for _ in 0..3 {
            assert_eq!(jenkins.identity().await.unwrap_err().reason, UnseenReason::NotAuthorized);
            assert_eq!(
                jenkins.inventory(&crate::collect::jenkins::Wanted::names()).await.misses[0].reason,
                UnseenReason::NotAuthorized
            );
        }
        assert_eq!(fake.asked().len(), 1);
    }

    #[tokio::test]
    async fn half_a_credential_is_not_taken_for_none() {
        let fake = Fake::start(|_| json("{}")).await;
        for (more, variables) in [
            ("", &[("JENKINS_API_TOKEN", "s3cret-token")][..]),
            (", token: { env: UNSET }", &[]),
            (", user: { env: JENKINS_USER }", &[("JENKINS_USER", "auditor")]),
        ] {
            let miss = fake.jenkins(more, variables).identity().await.unwrap_err();
            assert_eq!(miss.reason, UnseenReason::NotAuthorized, "{more}");
        }
        assert_eq!(fake.jenkins("", &[("JENKINS_USER", "auditor")]).identity().await.unwrap().as_ref(), "anonymous");
        assert!(fake.asked().is_empty());
    }
}
