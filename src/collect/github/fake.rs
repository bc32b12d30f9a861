//! A GitHub for unit tests: one function answers every request, on loopback.
//!
//! For what recorded answers do not hold; whole organisations are left to the integration tests.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Url;
use secrecy::SecretString;

use super::Github;
use crate::collect::clock::Clock;
use crate::collect::http::{Answer, Door, Settings};
use crate::collect::secrets::Keyring;
use crate::model::time::{Instant, parse_instant};
use crate::policy::document::GithubSystem;
use crate::policy::{Policy, System};

/// The time of all tests here.
pub(crate) const NOW: &str = "2026-11-25T12:00:00Z";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) path: String,
    headers: HeaderMap,
    /// The body as text.
    pub(crate) body: String,
}

impl Asked {
    /// Returns a header; `None` where it was not sent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Status, headers besides the content type, and body. A header named `content-type` replaces that.
pub(crate) type Reply = (u16, Vec<(&'static str, String)>, String);

/// A server and what it was asked.
pub(crate) struct Fake {
    base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts a server that answers as `reply` says.
    pub(crate) async fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, reply) = (Arc::clone(&asked), Arc::new(reply));
        let handler = move |request: Request| {
            let (seen, reply) = (Arc::clone(&seen), Arc::clone(&reply));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let path = parts.uri.path_and_query().unwrap().to_string();
                let asked = Asked { path, headers: parts.headers, body: String::from_utf8_lossy(&body).into() };
                let (status, headers, body) = reply(&asked);
                seen.lock().unwrap().push(asked);
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
                for (name, value) in headers {
                    response.headers_mut().insert(name, HeaderValue::try_from(value).unwrap());
                }
                response
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await.unwrap() });
        Self { base, asked }
    }

    /// Returns what was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns a collector of this server, with the variable `TOKEN` set.
    pub(crate) fn github(&self, system: &GithubSystem) -> Github {
        self.github_with(system, &[("TOKEN", "ghp_secret0")])
    }

    /// Returns a collector of this server, with these variables set.
    pub(crate) fn github_with(
        &self,
        system: &GithubSystem,
        variables: &'static [(&'static str, &'static str)],
    ) -> Github {
        let keys = Keyring::new(Path::new("."), move |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| SecretString::from(*value))
        });
        self.github_by(system, keys)
    }

    /// Returns a collector of this server that finds its secrets in `keys`.
    pub(crate) fn github_by(&self, system: &GithubSystem, keys: Keyring) -> Github {
        let settings = Settings { retries: 0, ..Settings::default() };
        let door = Door::open(settings, Clock::new(now), keys.clone()).unwrap();
        let mut system = system.clone();
        system.base_url.as_mut().unwrap().value.0 = format!("{}/api/v3", self.base);
        Github::new(door, keys, &system).unwrap()
    }
}

/// Returns the time of all tests here.
pub(crate) fn now() -> Instant {
    parse_instant(NOW).unwrap()
}

/// Returns the system of an organisation `o` with `more` keys.
pub(crate) fn system(more: &str) -> GithubSystem {
    system_of("org: o", more)
}

/// Returns a system with these keys; the server's address is put in place of its own.
pub(crate) fn system_of(account: &str, more: &str) -> GithubSystem {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    let text = format!(
        "version: 1\ntitle: Test\nsystems:\n  s: {{ kind: github, {account}, base_url: 'http://h/api/v3'{more} }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: s, objective: o, copies: unknown }}\n"
    );
    let policy = Policy::parse("policy.yaml", text.as_bytes()).unwrap();
    match policy.document().systems.get("s") {
        Some(System::Github(system)) => system.clone(),
        other => panic!("{other:?}"),
    }
}

/// Returns a copy of the policy language, written as one line of YAML.
pub(crate) fn copy(line: &str) -> crate::policy::Copy {
    let text = format!(
        "version: 1\ntitle: Test\nsystems:\n  s: {{ kind: github, org: o }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - id: a\n    lives_in: s\n    objective: o\n    copies:\n      - {{ id: c, in: s, {line} }}\n"
    );
    let policy = Policy::parse("policy.yaml", text.as_bytes()).unwrap();
    policy.document().assets[0].copies.known().unwrap()[0].clone()
}

/// Returns an answer as the door would have made it.
pub(crate) fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
    let mut map = HeaderMap::new();
    map.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let url = Url::parse("https://api.github.com/x").unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    Answer::new(&Method::GET, url, status, map, Bytes::copy_from_slice(body.as_bytes()), now())
}
