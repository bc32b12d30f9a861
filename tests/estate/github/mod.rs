//! GitHub, as far as an audit of backups asks it: REST and GraphQL, told from the truth.
//!
//! This file finds who answers what, and gives every answer GitHub's headers. Who asks is found by
//! `viewer`, single answers are made by the files beside this one.

mod actions;
mod app;
pub mod comments;
mod commits;
mod graphql;
mod migrations;
mod nodes;
mod pages;
mod repositories;
mod viewer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use chrono::{SecondsFormat, TimeDelta};
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use http::{HeaderMap, Method, StatusCode, Uri};
use lastgood::evidence::Digest;
use lastgood::model::Instant;
use serde_json::{Value, json};

use super::truth::{Repository, Token, Truth};
use viewer::Viewer;

/// How many questions are answered in an hour.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without a token.
    pub anonymous: u64,
    /// With each token.
    pub with_token: u64,
}

/// What GitHub knows.
#[derive(Debug)]
pub struct GitHub {
    /// What is there.
    pub truth: Truth,
    /// When the estate was started.
    pub now: Instant,
    scheme: &'static str,
    limits: Limits,
    git: Option<PathBuf>,
    /// By token, or nothing for anonymous: how many questions were answered.
    used: Mutex<BTreeMap<String, u64>>,
    /// The comments of the pull request.
    pub comments: comments::Comments,
    /// Tokens that were made for installations of the app.
    issued: Mutex<Vec<Token>>,
}

impl GitHub {
    /// Returns a GitHub of which that is true.
    pub fn new(truth: Truth, now: Instant, limits: Limits, git: Option<PathBuf>, scheme: &'static str) -> Self {
        Self {
            truth,
            now,
            scheme,
            limits,
            git,
            used: Mutex::default(),
            comments: comments::Comments::default(),
            issued: Mutex::default(),
        }
    }

    /// Returns the repository with that owner and name, and whether that is its name now.
    fn find(&self, owner: &str, name: &str) -> Option<(&Repository, bool)> {
        let owned = |repository: &&Repository| self.truth.owner(repository).eq_ignore_ascii_case(owner);
        let mut all = self.truth.repositories.iter().filter(owned);
        let current = all.find(|repository| repository.name.eq_ignore_ascii_case(name)).map(|found| (found, true));
        let mut all = self.truth.repositories.iter().filter(owned);
        current.or_else(|| {
            let found = all.find(|repository| repository.former.iter().any(|former| former == name));
            found.map(|found| (found, false))
        })
    }

    fn find_id(&self, id: &str) -> Option<&Repository> {
        let id: u64 = id.parse().ok()?;
        self.truth.repositories.iter().find(|repository| repository.id == id)
    }
}

/// Returns the routes: GitHub's own, and below `/api/v3` and `/api/graphql` those of an Enterprise Server.
pub fn router(github: Arc<GitHub>) -> Router {
    const ROOTS: [&str; 9] =
        ["orgs", "organizations", "users", "user", "repos", "repositories", "app", "installation", "rate_limit"];
    let mut router = Router::new().route("/graphql", any(answer)).route("/api/graphql", any(answer));
    for root in ROOTS {
        for base in ["", "/api/v3"] {
            router = router.route(&format!("{base}/{root}"), any(answer));
            router = router.route(&format!("{base}/{root}/{{*rest}}"), any(answer));
        }
    }
    router.with_state(github)
}

/// One question, and what is known of who asks.
pub struct Question<'a> {
    /// The base of all URLs in the answer.
    base: String,
    path: Vec<String>,
    query: BTreeMap<String, String>,
    body: &'a Bytes,
    viewer: Viewer,
}

impl Question<'_> {
    /// Returns a parameter of the query.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns a parameter of the query as an instant; a bad one is none, as for GitHub.
    fn time(&self, name: &str) -> Option<Instant> {
        lastgood::model::time::parse_instant(self.parameter(name)?)
    }
}

async fn answer(
    State(github): State<Arc<GitHub>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.get(USER_AGENT).is_none_or(HeaderValue::is_empty) {
        let words = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return failure(StatusCode::FORBIDDEN, words);
    }
    let viewer = match github.viewer(&headers) {
        Ok(viewer) => viewer,
        Err(refused) => return dress(&github, *refused, None, &headers),
    };
    let (name, limit) = github.allowance(&viewer);
    let is_free = uri.path().ends_with("/rate_limit");
    let used = {
        let mut used = github.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry(name).or_default();
        if *used >= limit && !is_free {
            let words = format!("API rate limit exceeded for {}.", viewer.login.as_deref().unwrap_or("127.0.0.1"));
            return dress(&github, failure(StatusCode::FORBIDDEN, &words), Some((&viewer, limit, *used)), &headers);
        }
        *used += u64::from(!is_free);
        *used
    };
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (prefix, path) = match uri.path().strip_prefix("/api/v3") {
        Some(path) => ("/api/v3", path),
        None => ("", uri.path().strip_prefix("/api").unwrap_or(uri.path())),
    };
    let base = format!("{}://{host}{prefix}", github.scheme);
    let url = reqwest::Url::parse(&format!("http://{host}{uri}")).expect("the URL of a request");
    let question = Question {
        base,
        path: path.trim_matches('/').split('/').map(decoded).collect(),
        query: url.query_pairs().into_owned().collect(),
        body: &body,
        viewer,
    };
    let response = github.dispatch(&method, &question);
    dress(&github, response, Some((&question.viewer, limit, used)), &headers)
}

fn decoded(segment: &str) -> String {
    // The query reader undoes percent signs; a plus is a plus in a path.
    let pair = format!("http://x/?s={}", segment.replace('+', "%2B").replace('&', "%26").replace('#', "%23"));
    let url = reqwest::Url::parse(&pair).expect("a URL");
    url.query_pairs().next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl GitHub {
    fn dispatch(&self, method: &Method, question: &Question<'_>) -> Response {
        let path: Vec<&str> = question.path.iter().map(String::as_str).collect();
        let is_get = method == Method::GET || method == Method::HEAD;
        match path.as_slice() {
            ["graphql"] if method == Method::POST && question.body.ends_with(b"{ viewer { login } }\"}") => {
                self.viewer_login(question)
            }
            ["graphql"] if method == Method::POST => self.graphql(question),
            ["repos", _, _, "issues", rest @ ..] | ["repositories", _, "issues", rest @ ..] => {
                self.issues(method, question, rest)
            }
            ["app", "installations", id, "access_tokens"] if method == Method::POST => self.make_token(question, id),
            _ if !is_get => failure(StatusCode::NOT_FOUND, "Not Found"),
            ["rate_limit"] => self.rate_limit(question),
            ["user"] => self.user(question),
            ["user", "repos"] => self.own_repositories(question),
            [folder @ ("users" | "orgs"), login] => self.account(question, login, *folder == "orgs"),
            ["users", login, "repos"] => self.repositories_of_user(question, login),
            ["orgs", login, "repos"] => self.repositories_of_organization(question, login),
            ["organizations", id, "repos"] if *id == self.truth.id.to_string() => {
                self.repositories_of_organization(question, &self.truth.organization)
            }
            ["orgs", login, "migrations", rest @ ..] => self.migrations(question, login, rest),
            ["organizations", id, "migrations", rest @ ..] if *id == self.truth.id.to_string() => {
                self.migrations(question, &self.truth.organization, rest)
            }
            ["orgs", login, "installation"] => self.installation(question, login),
            ["app", "installations"] => self.installations(question),
            ["installation", "repositories"] => self.installed_repositories(question),
            ["repositories", id, rest @ ..] => match self.find_id(id) {
                Some(repository) => self.of_repository(question, repository, rest),
                None => failure(StatusCode::NOT_FOUND, "Not Found"),
            },
            ["repos", owner, name, rest @ ..] => match self.find(owner, name) {
                Some((repository, true)) => self.of_repository(question, repository, rest),
                Some((repository, false)) if question.viewer.sees(repository) => moved(question, repository, rest),
                _ => failure(StatusCode::NOT_FOUND, "Not Found"),
            },
            _ => failure(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    fn of_repository(&self, question: &Question<'_>, repository: &Repository, rest: &[&str]) -> Response {
        if !question.viewer.sees(repository) {
            return failure(StatusCode::NOT_FOUND, "Not Found");
        }
        match rest {
            [] => self.repository(question, repository),
            ["commits"] => self.commits(question, repository),
            ["compare", between @ ..] => self.compare(question, repository, &between.join("/")),
            ["contents", file @ ..] => self.contents(question, repository, &file.join("/")),
            ["branches"] => self.branches(question, repository),
            ["releases", rest @ ..] => self.releases(question, repository, rest),
            ["actions", rest @ ..] => self.actions(question, repository, rest),
            _ => failure(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    fn rate_limit(&self, question: &Question<'_>) -> Response {
        let (name, limit) = self.allowance(&question.viewer);
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).get(&name).copied().unwrap_or(0);
        let reset = (self.now + TimeDelta::hours(1)).timestamp();
        let core = json!({ "limit": limit, "used": used, "remaining": limit.saturating_sub(used), "reset": reset });
        success(&json!({ "resources": { "core": core, "graphql": core }, "rate": core }))
    }

    /// Returns under which name a viewer's questions are counted, and how many are allowed.
    fn allowance(&self, viewer: &Viewer) -> (String, u64) {
        match &viewer.token {
            Some(token) => (token.secret.clone(), self.limits.with_token),
            None => (String::new(), self.limits.anonymous),
        }
    }
}

/// Returns where a repository with an older name is now.
fn moved(question: &Question<'_>, repository: &Repository, rest: &[&str]) -> Response {
    let mut url = format!("{}/repositories/{}", question.base, repository.id);
    for segment in rest {
        url = format!("{url}/{segment}");
    }
    let pairs: Vec<String> = question.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !pairs.is_empty() {
        url = format!("{url}?{}", pairs.join("&"));
    }
    let body = json!({
        "message": "Moved Permanently", "url": url,
        "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
    });
    let mut response = json_answer(StatusCode::MOVED_PERMANENTLY, &body);
    response.headers_mut().insert("location", HeaderValue::try_from(url).expect("a URL"));
    response
}

/// Returns a time as GitHub's REST and GraphQL write it.
fn time(instant: Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

fn success(body: &Value) -> Response {
    let etag = format!("W/\"{}\"", Digest::of(body.to_string().as_bytes()).to_string().trim_start_matches("sha256:"));
    let mut response = json_answer(StatusCode::OK, body);
    response.headers_mut().insert(ETAG, HeaderValue::try_from(etag).expect("hexadecimal digits"));
    response
}

fn failure(status: StatusCode, words: &str) -> Response {
    let documentation = "https://docs.github.com/rest";
    let status_text = status.as_u16().to_string();
    json_answer(status, &json!({ "message": words, "documentation_url": documentation, "status": status_text }))
}

/// Gives an answer the headers that all of GitHub's have.
fn dress(github: &GitHub, mut response: Response, seen: Option<(&Viewer, u64, u64)>, asked: &HeaderMap) -> Response {
    if response.status() == StatusCode::OK
        && response.headers().get(ETAG).is_some_and(|etag| asked.get(IF_NONE_MATCH) == Some(etag))
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    let mut set = |name: &'static str, value: String| {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::try_from(value).expect("a header"));
    };
    set("x-github-media-type", "github.v3; format=json".to_owned());
    set("x-github-api-version-selected", "2022-11-28".to_owned());
    set("server", "github.com".to_owned());
    let Some((viewer, limit, used)) = seen else { return response };
    set("x-ratelimit-limit", limit.to_string());
    set("x-ratelimit-used", used.to_string());
    set("x-ratelimit-remaining", limit.saturating_sub(used).to_string());
    set("x-ratelimit-reset", (github.now + TimeDelta::hours(1)).timestamp().to_string());
    set("x-ratelimit-resource", "core".to_owned());
    for (name, value) in viewer.headers(&github.truth) {
        set(name, value);
    }
    response
}
