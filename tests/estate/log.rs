//! The log: every question that reached the estate, how much was answered, how many were open at once.
//!
//! Judges nothing; tests do.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};

/// The largest body that a question may have, in bytes.
pub const MAX_BODY: usize = 64 << 20;

/// One question.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// Its query, without the question mark; empty where there is none.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    sent: Arc<AtomicU64>,
}

impl Asked {
    /// Returns whether it carried a credential.
    pub fn has_credential(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    /// Returns a header as text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns how many bytes of the answer's body were handed to the connection so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// What was asked so far.
#[derive(Debug, Default)]
pub struct Log {
    asked: Mutex<Vec<Asked>>,
    open: AtomicUsize,
    most: AtomicUsize,
}

impl Log {
    /// Returns every question.
    pub fn all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how many were open at once at most.
    pub fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.most.store(0, Ordering::SeqCst);
    }
}

/// Returns the router with the log in front of it.
pub fn layer(router: Router, log: &Arc<Log>) -> Router {
    router.layer(from_fn_with_state(Arc::clone(log), note))
}

async fn note(State(log): State<Arc<Log>>, request: Request, next: Next) -> Response {
    let open = Open::new(&log);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return StatusCode::BAD_REQUEST.into_response() };
    let sent = Arc::new(AtomicU64::new(0));
    let asked = Asked {
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body: body.clone(),
        sent: Arc::clone(&sent),
    };
    log.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    response.map(|body| Body::new(Watched { body, sent, _open: open }))
}

/// A question that is not yet answered to its end.
struct Open(Arc<Log>);

impl Open {
    fn new(log: &Arc<Log>) -> Self {
        let open = log.open.fetch_add(1, Ordering::SeqCst) + 1;
        log.most.fetch_max(open, Ordering::SeqCst);
        Self(Arc::clone(log))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A body that counts what was taken of it.
struct Watched {
    body: Body,
    sent: Arc<AtomicU64>,
    _open: Open,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
