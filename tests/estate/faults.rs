//! Faults: what can go wrong with an answer, switched on by tests for some paths and some of the times.
//!
//! What the answer would have been is left to the router behind; each fault is made in `spoil`.

mod pages;
mod spoil;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use chrono::TimeDelta;
use globset::{Glob, GlobMatcher};

use super::log::MAX_BODY;

/// Which of the questions that match a pattern are spoiled; the first is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// The first so many.
    First(usize),
    /// That one.
    Nth(usize),
    /// That one and all after it.
    From(usize),
}

impl When {
    const fn holds(self, number: usize) -> bool {
        match self {
            Self::Always => true,
            Self::First(count) => number <= count,
            Self::Nth(nth) => number == nth,
            Self::From(from) => number >= from,
        }
    }
}

/// How a server says how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It does not.
    Unsaid,
    /// `Retry-After` in seconds.
    Seconds(u64),
    /// `Retry-After` as a date, so many seconds from now.
    Date(i64),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The connection ends without an answer.
    HangUp,
    /// No answer ever comes.
    Silence,
    /// One byte of the body at a time, with this pause after each.
    Drip(Duration),
    /// The body ends before its length, and the connection with it.
    Cut,
    /// The body is cut inside its compression: whole by HTTP, not by gzip.
    CutGzip,
    /// 206 with the first half of a list.
    Partial,
    /// Another content type; the body stays.
    ContentType(&'static str),
    /// 200 with a page for people, such as a login page.
    Html,
    /// JSON that ends in the middle.
    HalfJson,
    /// No JSON at all, under JSON's content type.
    NoJson,
    /// Every field of that name is gone.
    Missing(&'static str),
    /// Every field of that name is null.
    Null(&'static str),
    /// Each page leads to a next one, with items that were never seen.
    EndlessPages,
    /// The next page is always the first one.
    PageLoop,
    /// That status, in GitHub's words.
    Status(u16),
    /// That status and that code, in S3's words.
    S3(u16, &'static str),
    /// 200 with that XML.
    Instead(&'static str),
    /// Every XML element of that name is gone.
    Without(&'static str),
    /// That status with a page for people, as proxies answer.
    Proxy(u16),
    /// 429 or 503, or 403, with or without a time to wait.
    Limit(u16, Wait),
    /// GitHub's primary limit, until so many seconds from now; without saying until when if absent.
    PrimaryLimit(Option<i64>),
    /// GitHub's secondary limit.
    SecondaryLimit(Wait),
    /// A redirect to this URL.
    Redirect(String),
    /// A redirect to itself.
    RedirectLoop,
    /// A body of so many bytes, made while it is read. Its length is told or not.
    Huge {
        /// How many bytes.
        bytes: u64,
        /// Whether `Content-Length` says so.
        told: bool,
    },
    /// A small body that is so many mebibytes when it is decompressed.
    GzipBomb(u32),
    /// That status, and the request's credential in the message, the headers and the body.
    Echo(u16),
    /// A redirect to a path that holds the request's credential.
    EchoRedirect,
    /// A clock that is wrong by so much.
    WrongDate(TimeDelta),
    /// An answer that comes so much later.
    Late(Duration),
}

/// The faults that are switched on.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    pattern: GlobMatcher,
    when: When,
    fault: Fault,
    seen: usize,
}

impl Faults {
    /// Switches a fault on.
    pub fn add(&self, pattern: &str, when: When, fault: Fault) {
        let pattern = Glob::new(pattern).expect("a pattern").compile_matcher();
        let rule = Rule { pattern, when, fault, seen: 0 };
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Switches all off.
    pub fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Counts a question, and returns the faults of its answer. A pattern may match the path, or path and
    /// query.
    fn due(&self, uri: &http::Uri) -> Vec<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = uri.path_and_query().map_or("", |whole| whole.as_str());
        let matches = |pattern: &GlobMatcher| pattern.is_match(uri.path()) || pattern.is_match(whole);
        let mut due = Vec::new();
        for rule in rules.iter_mut().filter(|rule| matches(&rule.pattern)) {
            rule.seen += 1;
            if rule.when.holds(rule.seen) {
                due.push(rule.fault.clone());
            }
        }
        due
    }
}

/// Returns the router with the faults in front of it.
pub fn layer(router: Router, faults: &Arc<Faults>) -> Router {
    router.layer(from_fn_with_state(Arc::clone(faults), disturb))
}

async fn disturb(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> Response {
    let due = faults.due(request.uri());
    if due.is_empty() {
        return next.run(request).await;
    }
    for fault in &due {
        match fault {
            Fault::Late(latency) => tokio::time::sleep(*latency).await,
            Fault::Silence => std::future::pending().await,
            _ => {}
        }
    }
    let (parts, body) = request.into_parts();
    let request = http::Request::from_parts(parts, to_bytes(body, MAX_BODY).await.unwrap_or_default());
    let told = spoil::Told::by(&request);
    let instead = due.iter().find_map(|fault| spoil::instead(fault, &told));
    let mut response = if let Some(response) = instead {
        response
    } else {
        let turned = due.iter().any(|fault| matches!(fault, Fault::EndlessPages | Fault::PageLoop));
        let request = if turned { pages::first_page(request) } else { request };
        next.run(request.map(Body::from)).await
    };
    for fault in due {
        response = spoil::spoil(fault, response, &told).await;
    }
    response
}
