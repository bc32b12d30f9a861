//! Thousands of repositories without git: their refs are answered in process, by protocol version 2.
//!
//! For measuring, where starting a git process for each question would be all that is measured. Real
//! repositories are left to `git`.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// The branches of each repository.
const BRANCHES: u64 = 15;
/// The tags of each repository, all annotated.
const TAGS: u64 = 5;
/// Every so many mirrors lack a branch.
pub const EVERY: u64 = 100;

/// How the repositories are answered.
#[derive(Debug, Clone, Copy)]
pub struct Many {
    /// What is waited before each answer.
    pub latency: Duration,
}

/// Returns the repositories `/{owner}/{name}.git`. Those of the owner `mirror` are mirrors of all others:
/// each hundredth, by the number at the end of its name, lacks its last branch.
pub fn router(many: Many) -> Router {
    Router::new()
        .route("/{owner}/{name}/info/refs", get(advertise))
        .route("/{owner}/{name}/git-upload-pack", post(list))
        .with_state(many)
}

fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

fn answer(kind: &'static str, body: String) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

async fn advertise(State(many): State<Many>) -> Response {
    tokio::time::sleep(many.latency).await;
    let lines = ["# service=git-upload-pack\n"].map(line).concat();
    let capabilities =
        ["version 2\n", "agent=git/2.47\n", "ls-refs=unborn\n", "fetch=shallow\n", "object-format=sha1\n"].map(line);
    answer("application/x-git-upload-pack-advertisement", format!("{lines}0000{}0000", capabilities.concat()))
}

async fn list(State(many): State<Many>, Path((owner, name)): Path<(String, String)>) -> Response {
    tokio::time::sleep(many.latency).await;
    let Some(name) = name.strip_suffix(".git") else { return StatusCode::NOT_FOUND.into_response() };
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().unwrap_or_default();
    let lacks = u64::from(owner == "mirror" && number.is_multiple_of(EVERY));
    let oid = |kind: u64, at: u64| format!("{:040x}", (number << 16) | (kind << 8) | at);
    let mut body = line(&format!("{} HEAD symref-target:refs/heads/branch-00\n", oid(1, 0)));
    for at in 0..BRANCHES - lacks {
        body.push_str(&line(&format!("{} refs/heads/branch-{at:02}\n", oid(1, at))));
    }
    for at in 0..TAGS {
        body.push_str(&line(&format!("{} refs/tags/v{at}.0.0 peeled:{}\n", oid(2, at), oid(1, at))));
    }
    body.push_str("0000");
    answer("application/x-git-upload-pack-result", body)
}
