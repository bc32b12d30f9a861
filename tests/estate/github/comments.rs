//! Comments of issues and pull requests, which is all of this GitHub that can be written to.
//!
//! What is refused, and which answers are lost, tests say.

use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::listener::HangUp;
use super::pages::page;
use super::{GitHub, Question, failure, json_answer, success};

/// Who a workflow's token writes as.
pub const BOT: &str = "github-actions[bot]";

/// The longest comment, in characters.
const MAX: usize = 65_536;

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Who wrote it; `None` where the account is gone.
    pub login: Option<String>,
    /// What it says.
    pub body: String,
}

/// What a write of that method becomes.
#[derive(Debug, Clone)]
pub struct Instead {
    /// The method.
    pub method: Method,
    /// What is answered: a status, words and headers; `None` for no answer at all.
    pub answer: Option<(u16, &'static str, Vec<(&'static str, &'static str)>)>,
    /// Whether it is done all the same.
    pub done: bool,
    /// A comment that somebody else's run makes just before.
    pub before: Option<Comment>,
}

/// The comments of one pull request, number 7 of any repository.
#[derive(Debug, Default)]
pub struct Comments {
    all: Mutex<Vec<Comment>>,
    next: Mutex<Vec<Instead>>,
}

impl Comments {
    /// Adds a comment and returns its number.
    pub fn add(&self, login: &str, body: &str) -> u64 {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let id = all.iter().map(|comment| comment.id).max().unwrap_or(1_000) + 1;
        all.push(Comment { id, login: Some(login.to_owned()), body: body.to_owned() });
        id
    }

    /// Returns all of them.
    pub fn all(&self) -> Vec<Comment> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what the next write of that method becomes; several are used up in order.
    pub fn next(&self, instead: Instead) {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).push(instead);
    }

    fn due(&self, method: &Method) -> Option<Instead> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.iter().position(|instead| instead.method == *method)?;
        Some(next.remove(at))
    }
}

impl GitHub {
    /// Returns who `viewer { login }` of GraphQL names.
    pub fn viewer_login(&self, question: &Question<'_>) -> Response {
        let login = match (&question.viewer.login, &question.viewer.token) {
            (Some(login), _) => login.clone(),
            (None, Some(_)) => BOT.to_owned(),
            (None, None) => {
                return failure(StatusCode::UNAUTHORIZED, "This endpoint requires you to be authenticated.");
            }
        };
        success(&json!({ "data": { "viewer": { "login": login } } }))
    }

    /// `/repos/{owner}/{repo}/issues/…`.
    pub fn issues(&self, method: &Method, question: &Question<'_>, rest: &[&str]) -> Response {
        let not_found = || failure(StatusCode::NOT_FOUND, "Not Found");
        let comments = &self.comments;
        let instead = comments.due(method);
        if let Some(comment) = instead.as_ref().and_then(|instead| instead.before.clone()) {
            comments.all.lock().unwrap_or_else(PoisonError::into_inner).push(comment);
        }
        let done = instead.as_ref().is_none_or(|instead| instead.done);
        let mut response = if done { self.comment(method, question, rest) } else { not_found() };
        match instead.map(|instead| instead.answer) {
            None => {}
            Some(None) => {
                response.extensions_mut().insert(HangUp);
            }
            Some(Some((200, ..))) => {}
            Some(Some((status, words, headers))) => {
                response = failure(StatusCode::from_u16(status).expect("a status"), words);
                for (name, value) in headers {
                    response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                }
            }
        }
        response
    }

    fn comment(&self, method: &Method, question: &Question<'_>, rest: &[&str]) -> Response {
        let me = match (&question.viewer.login, &question.viewer.token) {
            (Some(login), _) => login.clone(),
            (None, Some(_)) => BOT.to_owned(),
            (None, None) if *method == Method::GET => String::new(),
            (None, None) => return failure(StatusCode::UNAUTHORIZED, "Requires authentication"),
        };
        let not_found = || failure(StatusCode::NOT_FOUND, "Not Found");
        let body: Option<String> = serde_json::from_slice(question.body)
            .ok()
            .and_then(|body: Value| body.get("body")?.as_str().map(str::to_owned));
        if body.as_ref().is_some_and(|body| body.chars().count() > MAX) {
            return failure(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        }
        let show = |comment: &Comment| {
            let user = comment.login.as_ref().map(|login| json!({ "login": login, "id": 1, "type": "User" }));
            let url = format!("https://github.example/pull/7#issuecomment-{}", comment.id);
            json!({ "id": comment.id, "html_url": url, "user": user, "body": comment.body })
        };
        let find = |id: &str, all: &[Comment]| all.iter().position(|comment| comment.id.to_string() == id);
        match (method, rest, body) {
            (&Method::GET, ["7", "comments"], _) => {
                page(question, "/repositories/1/issues/7/comments", &self.comments.all(), None, show)
            }
            (&Method::POST, ["7", "comments"], Some(body)) => {
                let id = self.comments.add(&me, &body);
                let made = Comment { id, login: Some(me), body };
                json_answer(StatusCode::CREATED, &show(&made))
            }
            (&Method::PATCH | &Method::DELETE, ["comments", id], body) => {
                let mut all = self.comments.all.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(at) = find(id, &all) else { return not_found() };
                if all[at].login.as_deref() != Some(&*me) {
                    return failure(StatusCode::FORBIDDEN, "Must have admin rights to Repository.");
                }
                if *method == Method::DELETE {
                    all.remove(at);
                    let mut response = Response::default();
                    *response.status_mut() = StatusCode::NO_CONTENT;
                    return response;
                }
                let Some(body) = body else { return not_found() };
                all[at].body = body;
                success(&show(&all[at]))
            }
            _ => not_found(),
        }
    }
}
