//! A controller for unit tests: one function answers every path, on loopback, below the context `/ci`.
//!
//! Whole controllers are left to the integration tests.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Url;
use secrecy::SecretString;

use super::Jenkins;
use crate::collect::clock::Clock;
use crate::collect::http::{Answer, Door, Settings};
use crate::collect::secrets::Keyring;
use crate::model::time::{Instant, parse_instant};
use crate::policy::{Copy, Policy, System};

/// The time of all tests here.
pub(crate) fn now() -> Instant {
    parse_instant("2026-11-25T12:00:00Z").unwrap()
}

/// Status, headers and body.
pub(crate) type Reply = (u16, Vec<(&'static str, &'static str)>, String);

/// Returns an answer of Jenkins in JSON.
pub(crate) fn json(body: &str) -> Reply {
    (200, vec![("content-type", "application/json;charset=utf-8"), ("x-jenkins", "2.426.1")], body.to_owned())
}

/// Returns a definition.
pub(crate) fn xml(body: &str) -> Reply {
    (200, vec![("content-type", "application/xml")], format!("<?xml version='1.1' encoding='UTF-8'?>\n{body}"))
}

/// A server and what it was asked: path and query, and the credential.
pub(crate) struct Fake {
    base: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Fake {
    /// Starts a server that answers each path, with its query, as `reply` says.
    pub(crate) async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, reply) = (Arc::clone(&asked), Arc::new(reply));
        let handler = move |request: Request| {
            let (seen, reply) = (Arc::clone(&seen), Arc::clone(&reply));
            async move {
                let path = request.uri().path_and_query().unwrap().to_string();
                let sent = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
                let (status, headers, body) = reply(&path);
                seen.lock().unwrap().push((path, sent.unwrap_or_default()));
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                for (name, value) in headers {
                    response.headers_mut().insert(name, HeaderValue::from_static(value));
                }
                response
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/ci", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await.unwrap() });
        Self { base, asked }
    }

    /// Returns what was asked so far.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns a collector of this server, whose system has `more` keys, with these variables set.
    pub(crate) fn jenkins(&self, more: &str, variables: &[(&'static str, &'static str)]) -> Jenkins {
        let variables = variables.to_vec();
        let keys = Keyring::new(Path::new("."), move |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| SecretString::from(*value))
        });
        let settings = Settings { retries: 0, ..Settings::default() };
        let door = Door::open(settings, Clock::new(now), keys.clone()).unwrap();
        let policy = policy(&self.base, more, "unknown");
        let Some(System::Jenkins(system)) = policy.document().systems.get("s") else { panic!("no system") };
        Jenkins::new(door, keys, system).unwrap()
    }
}

fn policy(url: &str, more: &str, copies: &str) -> Policy {
    let text = format!(
        "version: 1\ntitle: Test\nsystems:\n  s: {{ kind: jenkins, url: '{url}'{more} }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: s, objective: o, copies: {copies} }}\n"
    );
    Policy::parse("policy.yaml", text.as_bytes()).unwrap()
}

/// Returns a copy of the policy language, written as one line of YAML.
pub(crate) fn copy(line: &str) -> Copy {
    let policy = policy("https://h.example/", "", &format!("[{{ id: c, in: s, {line} }}]"));
    policy.document().assets[0].copies.known().unwrap()[0].clone()
}

/// Returns an answer as the door would have made it.
pub(crate) fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
    let mut map = HeaderMap::new();
    map.insert("content-type", HeaderValue::from_static("application/json;charset=utf-8"));
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let url = Url::parse("https://h.example/ci/x").unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    Answer::new(&Method::GET, url, status, map, Bytes::copy_from_slice(body.as_bytes()), now())
}
