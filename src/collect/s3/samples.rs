//! Answers for tests, written by hand, and an S3 that gives them.
//!
//! For what recorded answers do not hold; whole buckets are left to the integration tests.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use secrecy::SecretString;

use super::Bucket;
use super::client::Client;
use crate::collect::clock::Clock;
use crate::collect::http::{Answer, Door, Settings};
use crate::collect::secrets::Keyring;
use crate::model::time::parse_instant;
use crate::policy::document::{Objects, S3System};
use crate::policy::{Copy, Policy, System};

/// Returns an answer to a GET of a bucket, asked on 2026-11-25.
pub(super) fn answer(status: u16, body: &str) -> Answer {
    answer_with(status, &[], body)
}

/// As `answer`, with headers.
pub(super) fn answer_with(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    let url = "https://b.s3.us-east-1.amazonaws.com/".parse().unwrap();
    let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::copy_from_slice(body.as_bytes()));
    Answer::new(&Method::GET, url, status, headers, body, parse_instant("2026-11-25").unwrap())
}

/// Returns the S3 system of a policy that is written so.
pub(super) fn system(settings: &str) -> S3System {
    match policy(settings, "unknown").document().systems.get("s") {
        Some(System::S3(system)) => system.clone(),
        other => panic!("{other:?}"),
    }
}

/// Returns a copy of the policy language, written as keys of one line of YAML.
pub(super) fn objects(keys: &str) -> Objects {
    let policy = policy("bucket: b", &format!("[{{ id: c, in: s, by: objects{keys} }}]"));
    match policy.document().assets[0].copies.known().unwrap()[0].clone() {
        Copy::Objects(objects) => objects,
        other => panic!("{other:?}"),
    }
}

fn policy(settings: &str, copies: &str) -> Policy {
    let text = format!(
        "version: 1\ntitle: Test\nsystems:\n  s: {{ kind: s3, {settings} }}\n  g: {{ kind: external }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: g, name: it, objective: o, copies: {copies} }}\n"
    );
    Policy::parse("policy.yaml", text.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection:?}"))
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The method.
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// Its headers.
    pub(super) headers: HeaderMap,
}

impl Asked {
    /// Returns a header; `None` where it was not sent.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns a value of the query; `None` where it has none of that name.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let url: reqwest::Url = format!("http://h{}", self.path).parse().unwrap();
        url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

/// Status, headers and body.
pub(super) type Reply = (u16, Vec<(&'static str, String)>, String);

/// An S3 on loopback: one function answers every request.
pub(super) struct Fake {
    base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts a server that answers as `reply` says.
    pub(super) async fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, reply) = (Arc::clone(&asked), Arc::new(reply));
        let handler = move |request: Request| {
            let path = request.uri().path_and_query().unwrap().to_string();
            let asked = Asked { method: request.method().clone(), path, headers: request.headers().clone() };
            let (status, headers, body) = reply(&asked);
            seen.lock().unwrap().push(asked);
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(name, HeaderValue::try_from(value).unwrap());
            }
            std::future::ready(response)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await.unwrap() });
        Self { base, asked }
    }

    /// Returns what was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns a client of the bucket `b` on this server.
    pub(super) fn client(&self, settings: &str) -> Client {
        self.client_with(settings, &[])
    }

    /// As `client`, with these variables set.
    pub(super) fn client_with(&self, settings: &str, variables: &'static [(&'static str, &'static str)]) -> Client {
        let (door, keys) = door(variables);
        Client::new(door, keys, &self.system(settings)).unwrap()
    }

    /// Returns a collector of the bucket `b` on this server.
    pub(super) fn bucket(&self, settings: &str) -> Arc<Bucket> {
        let (door, keys) = door(&[]);
        Arc::new(Bucket::new(door, keys, &self.system(settings)).unwrap())
    }

    fn system(&self, settings: &str) -> S3System {
        system(&format!("bucket: b, endpoint: '{}', {settings}", self.base))
    }
}

/// Returns a door at noon of 2026-11-25, and a keyring with these variables and no instance metadata.
pub(super) fn door(variables: &'static [(&'static str, &'static str)]) -> (Door, Keyring) {
    let keys = Keyring::new(Path::new("."), move |name| {
        let known = variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        known.or((name == "AWS_EC2_METADATA_DISABLED").then_some("true")).map(SecretString::from)
    });
    let settings = Settings { retries: 0, ..Settings::default() };
    let clock = Clock::new(|| parse_instant("2026-11-25T12:00:00Z").unwrap());
    (Door::open(settings, clock, keys.clone()).unwrap(), keys)
}
