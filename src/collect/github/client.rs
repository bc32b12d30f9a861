//! octocrab on this program's own HTTP door: one service through which all of it goes.
//!
//! octocrab brings the credentials, App tokens among them; the door brings everything that must always
//! hold. Which credential is used is left to `login`, what answers mean to the other files.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;
use tower::BoxError;

use super::base::Base;
use super::refusal;
use crate::collect::http::{Answer, Ask, Door, ReadOnly};
use crate::collect::miss::Miss;
use crate::collect::secrets::Keyring;
use crate::model::UnseenReason;

/// The media types that are asked for. Old Enterprise Servers answer with another one.
const ACCEPT: &str = "application/vnd.github+json, application/json;q=0.9, */*;q=0.1";

/// The version of the API that this program reads; its successor has breaking changes.
const VERSION: HeaderValue = HeaderValue::from_static("2022-11-28");
const VERSION_NAME: HeaderName = HeaderName::from_static("x-github-api-version");

/// What octocrab is given in place of a connection.
#[derive(Debug, Clone)]
pub(super) struct Doorway {
    door: Door,
    keys: Keyring,
    base: Base,
}

/// An App's login was refused, so that every further question would be.
#[derive(Debug)]
struct LoginRefused(Miss);

impl fmt::Display for LoginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for LoginRefused {}

/// What went wrong with a question, and whether it goes wrong with every other one too.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) miss: Miss,
    pub(super) lasts: bool,
}

impl Doorway {
    /// Returns the way through `door` to the GitHub at `base`.
    pub(super) const fn new(door: Door, keys: Keyring, base: Base) -> Self {
        Self { door, keys, base }
    }

    /// Returns an octocrab that looks as `auth` says. Has to be called inside a tokio runtime.
    pub(super) fn octocrab(&self, auth: AuthState) -> Octocrab {
        let built: Result<Octocrab, Infallible> =
            OctocrabBuilder::new_empty().with_service(self.clone()).with_auth(auth).build();
        match built {
            Ok(octocrab) => octocrab,
            Err(never) => match never {},
        }
    }

    /// Passes one request on to the door.
    async fn pass(self, request: Request<OctoBody>) -> Result<Response<Full<Bytes>>, BoxError> {
        let (parts, body) = request.into_parts();
        let url = self.base.join(&parts.uri)?;
        let body = body.collect().await?.to_bytes();
        let ask = self.question(&parts.method, url, body)?;
        let makes_token = is_installation_token(&parts.method, ask.url());
        self.note_signed_token(&parts.headers);
        let mut headers = parts.headers;
        for name in [CONTENT_LENGTH, HOST, USER_AGENT] {
            headers.remove(name);
        }
        let ask = ask.headers(headers).accept(ACCEPT).header(VERSION_NAME, VERSION);
        let answer = self.door.ask(&ask).await?;
        if makes_token {
            self.keys.remember(&installation_token(&answer).map_err(LoginRefused)?);
        }
        let mut response = Response::new(Full::new(answer.body.clone()));
        *response.status_mut() = answer.status;
        response.headers_mut().clone_from(&answer.headers);
        response.extensions_mut().insert(answer);
        Ok(response)
    }

    /// Returns the question that a request puts, if it only reads.
    fn question(&self, method: &Method, url: Url, body: Bytes) -> Result<Ask, Miss> {
        if *method == Method::GET {
            Ok(Ask::get(url))
        } else if *method == Method::HEAD {
            Ok(Ask::head(url))
        } else if *method == Method::POST && url == *self.base.graphql() {
            Ok(Ask::post(ReadOnly::GraphQl, url, body))
        } else if is_installation_token(method, &url) {
            Ok(Ask::post(ReadOnly::InstallationToken, url, body))
        } else {
            Err(Miss::unreadable(format!("{method} {} could change something, and is not sent", url.path())))
        }
    }

    /// The token that an App signs for itself is a secret too, for as long as it is valid.
    fn note_signed_token(&self, headers: &HeaderMap) {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(token) =
            sent.and_then(|value| value.strip_prefix("Bearer ")).filter(|token| token.starts_with("eyJ"))
        {
            self.keys.remember(&SecretString::from(token));
        }
    }
}

fn is_installation_token(method: &Method, url: &Url) -> bool {
    let ends = url.path().rsplitn(4, '/').collect::<Vec<_>>();
    let asks = matches!(ends.as_slice(), ["access_tokens", number, "installations", root]
        if number.bytes().all(|byte| byte.is_ascii_digit()) && root.ends_with("/app"));
    *method == Method::POST && asks
}

/// Returns the token that GitHub made for an App's installation.
///
/// # Errors
///
/// Where the answer is a refusal, or holds no token.
pub fn installation_token(answer: &Answer) -> Result<SecretString, Miss> {
    #[derive(Deserialize)]
    struct Made {
        token: String,
    }
    if !answer.status.is_success() {
        return Err(refusal::of(answer));
    }
    // What serde says of a wrong shape repeats what stands there, so its words are not used.
    let made: Result<Made, Miss> = answer.json();
    let made = made.ok().filter(|made| !made.token.is_empty());
    made.map(|made| SecretString::from(made.token))
        .ok_or_else(|| answer.miss(UnseenReason::Unreadable, format!("{} answered without a token", answer.request())))
}

impl tower::Service<Request<OctoBody>> for Doorway {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        Box::pin(self.clone().pass(request))
    }
}

/// Asks for a path below the base.
///
/// # Errors
///
/// Where no answer came that can be trusted.
pub(super) async fn get(octocrab: &Octocrab, path: &str) -> Result<Answer, Failure> {
    answer_of(octocrab._get(path).await.map_err(failure)?)
}

/// Puts a GraphQL query.
///
/// # Errors
///
/// Where no answer came that can be trusted.
pub(super) async fn graphql(octocrab: &Octocrab, query: &serde_json::Value) -> Result<Answer, Failure> {
    answer_of(octocrab._post("/graphql", Some(query)).await.map_err(failure)?)
}

/// Takes the door's own answer out of octocrab's.
fn answer_of<B>(response: Response<B>) -> Result<Answer, Failure> {
    let (mut parts, _) = response.into_parts();
    let answer: Option<Answer> = parts.extensions.remove();
    answer.ok_or_else(|| Failure { miss: Miss::unreadable("GitHub's client lost the answer"), lasts: false })
}

/// Returns the miss inside octocrab's error, or says what the error means.
pub(super) fn failure(error: octocrab::Error) -> Failure {
    let passing = |miss| Failure { miss, lasts: false };
    match error {
        octocrab::Error::Service { source, .. } => match source.downcast::<Miss>() {
            Ok(miss) => passing(*miss),
            Err(source) => match source.downcast::<LoginRefused>() {
                Ok(refused) => {
                    let lasts = matches!(refused.0.reason, UnseenReason::NotAuthorized | UnseenReason::NotFound);
                    Failure { miss: refused.0, lasts }
                }
                Err(_) => passing(Miss::new(UnseenReason::Unreachable, "GitHub's client could not put the question")),
            },
        },
        octocrab::Error::JWT { .. } => {
            let what = "the App's private key cannot sign: it is no RSA key";
            Failure { miss: Miss::new(UnseenReason::NotAuthorized, what), lasts: true }
        }
        // Its words can hold a stack of this program's own calls.
        _ => passing(Miss::unreadable("GitHub's client did not take the question or its answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_of_an_installation_is_asked_for_by_post() {
        let asks = |method: Method, path: &str| {
            is_installation_token(&method, &Url::parse(&format!("https://h.example{path}")).unwrap())
        };
        assert!(asks(Method::POST, "/app/installations/7/access_tokens"));
        assert!(asks(Method::POST, "/api/v3/app/installations/7/access_tokens"));
        assert!(!asks(Method::GET, "/app/installations/7/access_tokens"));
        assert!(!asks(Method::POST, "/app/installations/x/access_tokens"));
        assert!(!asks(Method::POST, "/repos/o/r/issues"));
    }
}
