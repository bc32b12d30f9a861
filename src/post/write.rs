//! The three writes that are possible: make a comment, change one's own, remove one's own.
//!
//! Which of them is due is left to the file above; each is sent once, and never to where a redirect leads.

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Url;
use secrecy::ExposeSecret as _;

use super::{Poster, Refused};
use crate::collect::http::{Answer, limits};

/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 4 << 20;

/// One write.
#[derive(Debug)]
pub(super) enum Write<'b> {
    /// Make a comment.
    Create { body: &'b str },
    /// Change a comment.
    Update { id: u64, body: &'b str },
    /// Remove a comment.
    Delete { id: u64 },
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Sent {
    /// It was done.
    Done(Box<Answer>),
    /// What it speaks of is not there.
    Gone(Box<Answer>),
    /// It may have been done, or may be another time: no answer, a fault of the server, a limit.
    Unsure(String),
    /// It will not be done.
    Refused(Refused),
}

/// Returns the headers that GitHub asks for.
pub(super) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert(HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
    headers
}

impl Poster<'_> {
    /// Sends one write, once.
    pub(super) async fn send(&self, write: &Write<'_>) -> Sent {
        match self.answer(write).await {
            Ok(answer) => self.sort(answer),
            Err(sent) => sent,
        }
    }

    /// Tells what an answer means.
    fn sort(&self, answer: Answer) -> Sent {
        let now = self.door.clock().now();
        if let Some(until) = limits::wait_until(&answer, now) {
            // The list that is read next waits so long, or says that the deadline is nearer.
            self.door.hold(&answer.url, until);
            return Sent::Unsure(self.refused(&answer).0);
        }
        match answer.status.as_u16() {
            200..=299 => Sent::Done(Box::new(answer)),
            408 | 429 | 500..=599 => Sent::Unsure(self.refused(&answer).0),
            404 => Sent::Gone(Box::new(answer)),
            _ => Sent::Refused(self.refused(&answer)),
        }
    }

    async fn answer(&self, write: &Write<'_>) -> Result<Answer, Sent> {
        let (method, url) = match write {
            Write::Create { .. } => (Method::POST, self.target.comments()),
            Write::Update { id, .. } => (Method::PATCH, self.target.comment(*id)),
            Write::Delete { id } => (Method::DELETE, self.target.comment(*id)),
        };
        let url = url.map_err(Sent::Refused)?;
        let bearer = HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret()));
        let Ok(mut bearer) = bearer else {
            let why = "the token holds characters that cannot be sent in a header";
            return Err(Sent::Refused(Refused(why.to_owned())));
        };
        bearer.set_sensitive(true);
        let request = self.door.client().request(method.clone(), url.clone());
        let request = request.headers(headers()).header(AUTHORIZATION, bearer);
        let request = match write {
            Write::Create { body } | Write::Update { body, .. } => {
                let json = serde_json::json!({ "body": body }).to_string();
                request.header(CONTENT_TYPE, "application/json").body(json)
            }
            Write::Delete { .. } => request,
        };
        let asked_at = self.door.clock().now();
        let work = async {
            let mut response = request.send().await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > MAX_ANSWER {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            Ok((status, headers, body.freeze()))
        };
        let outcome: Result<Result<(_, _, Bytes), reqwest::Error>, _> =
            tokio::time::timeout(self.door.settings().timeout, work).await;
        match outcome {
            Ok(Ok((status, headers, body))) => Ok(Answer::new(&method, url, status, headers, body, asked_at)),
            Ok(Err(error)) => Err(Sent::Unsure(lost(&method, &url, &error.without_url().to_string()))),
            Err(_) => Err(Sent::Unsure(lost(&method, &url, "no whole answer in time"))),
        }
    }
}

fn lost(method: &Method, url: &Url, why: &str) -> String {
    format!("{method} {url}: {why}; whether it was done is not known")
}
