//! Artifactory, as its REST API and its query language tell the truth.
//!
//! What is there is said by `truth`, queries are answered by `aql`, everything else by `answers`. Answers are
//! shaped as recorded ones are; where none was recorded, as JFrog's documentation says.

mod answers;
pub mod aql;
pub mod truth;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use globset::Glob;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Method, StatusCode, Uri};
use lastgood::model::Instant;
use serde_json::{Value, json};

pub use truth::Truth;
use truth::{Found, User};

/// Something that happens to the truth.
type Change = Box<dyn FnOnce(&mut Truth) + Send>;

/// A running Artifactory.
pub struct Artifactory {
    inner: Mutex<Inner>,
    now: Instant,
}

struct Inner {
    truth: Truth,
    /// Every file; `None` where the truth changed since.
    files: Option<Arc<Vec<Found>>>,
    queries: usize,
    /// The first query.
    first: Option<String>,
    changes: Vec<(usize, Change)>,
}

impl Artifactory {
    /// Returns an Artifactory of which that is true.
    pub fn new(truth: Truth, now: Instant) -> Self {
        let inner = Inner { truth, files: None, queries: 0, first: None, changes: Vec::new() };
        Self { inner: Mutex::new(inner), now }
    }

    /// Changes what is true.
    pub fn change(&self, change: impl FnOnce(&mut Truth)) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut inner.truth);
        inner.files = None;
    }

    /// Changes what is true just before that query is answered; the first is number 1.
    pub fn change_before(&self, query: usize, change: impl FnOnce(&mut Truth) + Send + 'static) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).changes.push((query, Box::new(change)));
    }

    fn query(&self, login: &Login, text: &str) -> Response {
        let (truth, files, text) = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.queries += 1;
            let number = inner.queries;
            let (due, later) = std::mem::take(&mut inner.changes).into_iter().partition(|(at, _)| *at == number);
            inner.changes = later;
            let due: Vec<(usize, Change)> = due;
            for (_, change) in due {
                change(&mut inner.truth);
                inner.files = None;
            }
            if inner.files.is_none() {
                inner.files = Some(Arc::new(inner.truth.files(self.now)));
            }
            // Without its lists of files, which may be long.
            let mut truth = inner.truth.clone();
            truth.repositories.clear();
            let first = inner.first.get_or_insert_with(|| text.to_owned()).clone();
            let text = if truth.stuck { first } else { text.to_owned() };
            (truth, inner.files.clone().expect("just made"), text)
        };
        aql::answer(&truth, &files, &Viewer { login }, &text)
    }

    fn truth(&self) -> Truth {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).truth.clone()
    }
}

/// Who asks.
#[derive(Debug, Clone)]
enum Login {
    Anonymous,
    User(User),
}

/// Who asks, and what may be seen.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    login: &'a Login,
}

impl Viewer<'_> {
    /// Returns whether everything may be seen.
    pub fn is_admin(&self) -> bool {
        matches!(self.login, Login::User(user) if user.admin)
    }

    fn sees_repository(&self, key: &str) -> bool {
        match self.login {
            Login::Anonymous => true,
            Login::User(user) => user.admin || !user.hidden.iter().any(|hidden| hidden == key),
        }
    }

    /// Returns whether a file may be seen.
    pub fn sees_file(&self, file: &Found) -> bool {
        let Login::User(user) = self.login else { return true };
        let path = format!("{}/{}/{}", file.repo, file.path, file.name).replace("/./", "/");
        let unreadable = |glob: &String| Glob::new(glob).expect("a pattern").compile_matcher().is_match(&path);
        self.sees_repository(&file.repo) && (user.admin || !user.unreadable.iter().any(unreadable))
    }
}

/// Returns the router: `/artifactory` and, beside it, `/access`.
pub fn router(artifactory: Arc<Artifactory>) -> Router {
    Router::new()
        .route("/artifactory", any(answer))
        .route("/artifactory/{*path}", any(answer))
        .route("/access/{*path}", any(answer))
        .with_state(artifactory)
}

async fn answer(
    State(artifactory): State<Arc<Artifactory>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let truth = artifactory.truth();
    if truth.deactivated {
        return deactivated();
    }
    let login = match login(&truth, &headers) {
        Ok(login) => login,
        Err(refused) => return *refused,
    };
    let mut response = if uri.path().ends_with("/api/search/aql") && method == Method::POST {
        let text = String::from_utf8_lossy(&body);
        if text.len() > 6_000 {
            refusal(400, "The query is too long")
        } else if headers.get(CONTENT_TYPE).is_none_or(|kind| !kind.as_bytes().starts_with(b"text/plain")) {
            refusal(415, "Unsupported Media Type")
        } else {
            artifactory.query(&login, &text)
        }
    } else if method == Method::GET || method == Method::HEAD {
        answers::answer(&truth, artifactory.now, &Viewer { login: &login }, uri.path())
    } else {
        refusal(405, "Method Not Allowed")
    };
    let set = [("x-jfrog-version", "Artifactory/7.55.6 75506900"), ("x-artifactory-id", "estate")];
    for (name, value) in set {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn login(truth: &Truth, headers: &HeaderMap) -> Result<Login, Box<Response>> {
    let bad = || Box::new(refusal(401, "Bad credentials"));
    let text = |name: &str| headers.get(name).map(|value| value.to_str().map_err(|_| bad())).transpose();
    let by =
        |is: &dyn Fn(&User) -> bool| truth.users.iter().find(|user| is(user)).cloned().map(Login::User).ok_or_else(bad);
    if let Some(key) = text("x-jfrog-art-api")? {
        return by(&|user| user.key.as_deref() == Some(key));
    }
    let Some(value) = text(AUTHORIZATION.as_str())? else {
        let required = || Box::new(refusal(401, "Authentication is required"));
        return if truth.anonymous { Ok(Login::Anonymous) } else { Err(required()) };
    };
    if let Some(token) = value.strip_prefix("Bearer ") {
        return by(&|user| user.token.as_deref() == Some(token));
    }
    let pair = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok());
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).ok_or_else(bad)?;
    let (name, secret) = pair.split_once(':').ok_or_else(bad)?;
    by(&|user| {
        user.name == name && [&user.password, &user.token, &user.key].into_iter().flatten().any(|is| is == secret)
    })
}

fn deactivated() -> Response {
    let page = "<html>\r\n<head><title>302 Found</title></head>\r\n<body>\r\n<center><h1>302 Found</h1></center>\r\n</body>\r\n</html>\r\n";
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    let target = HeaderValue::from_static("https://landing.jfrog.com/reactivate-server/estate");
    response.headers_mut().insert(LOCATION, target);
    response
}

fn told(status: u16, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Returns a refusal in Artifactory's words.
fn refusal(status: u16, message: &str) -> Response {
    let body: Value = json!({ "errors": [{ "status": status, "message": message }] });
    told(status, "application/json", format!("{body:#}"))
}
