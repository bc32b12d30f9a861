//! How each fault is made: an answer instead of the right one, or the right one spoiled.
//!
//! When which fault is due is left to the file above.

use std::io::Write as _;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use chrono::TimeDelta;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use futures_util::{StreamExt as _, stream};
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use serde_json::{Value, json};

use super::super::listener::HangUp;
use super::super::now;
use super::super::s3::truth::Personality;
use super::super::s3::xml::Refusal;
use super::pages::{Place, place, without_end};
use super::{Fault, Wait};

const JSON: &str = "application/json; charset=utf-8";
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");

/// How long a body rests before it breaks off, so that what came before it is on its way.
const REST: Duration = Duration::from_millis(20);

/// What a question told that a spoiled answer needs.
#[derive(Debug, Clone)]
pub struct Told {
    method: Method,
    uri: Uri,
    credential: String,
    place: Place,
}

impl Told {
    /// Returns what `request` tells.
    pub fn by(request: &Request<Bytes>) -> Self {
        let credential = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            credential: credential.unwrap_or_default().to_owned(),
            place: place(request.uri(), request.headers(), request.body()),
        }
    }

    fn path_and_query(&self) -> String {
        self.uri.path_and_query().map(ToString::to_string).unwrap_or_default()
    }
}

fn answer(status: u16, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn message(status: u16, message: &str) -> Response {
    let documentation = "https://docs.github.com/rest";
    let body = json!({ "message": message, "documentation_url": documentation, "status": status.to_string() });
    answer(status, JSON, body.to_string())
}

fn set(response: &mut Response, name: HeaderName, value: impl std::fmt::Display) {
    response.headers_mut().insert(name, HeaderValue::try_from(value.to_string()).expect("a header"));
}

fn http_date(from_now: TimeDelta) -> String {
    (now() + from_now).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn set_wait(response: &mut Response, wait: Wait) {
    match wait {
        Wait::Unsaid => {}
        Wait::Seconds(seconds) => set(response, RETRY_AFTER, seconds),
        Wait::Date(seconds) => set(response, RETRY_AFTER, http_date(TimeDelta::seconds(seconds))),
    }
}

/// What GitHub says with a status.
fn words(status: u16) -> &'static str {
    match status {
        401 => "Bad credentials",
        403 => "Must have admin rights to Repository.",
        404 => "Not Found",
        409 => "Git Repository is empty.",
        422 => "Validation Failed",
        429 => "Too many requests",
        451 => "Repository access blocked",
        _ => "Server Error",
    }
}

/// Returns the answer that comes instead of the right one; `None` where the fault needs the right one.
pub fn instead(fault: &Fault, told: &Told) -> Option<Response> {
    Some(match fault {
        Fault::HangUp => {
            let mut response = answer(500, JSON, Body::empty());
            response.extensions_mut().insert(HangUp);
            response
        }
        Fault::Html => answer(200, "text/html; charset=utf-8", "<!DOCTYPE html><html><body>Sign in</body></html>"),
        Fault::NoJson => answer(200, JSON, "<html><body><h1>503 Service Unavailable</h1></body></html>"),
        Fault::Status(451) => {
            let block = json!({ "reason": "dmca", "created_at": "2024-01-02T03:04:05Z", "html_url": null });
            answer(451, JSON, json!({ "message": words(451), "block": block }).to_string())
        }
        Fault::Status(status) => message(*status, words(*status)),
        Fault::Instead(xml) => answer(200, "application/xml", *xml),
        Fault::S3(status, code) => {
            let refusal = Refusal::new(*status, code, "As told.");
            refusal.answer(&told.method, Personality::Aws)
        }
        Fault::Proxy(status) => {
            answer(*status, "text/html", "<html><body><h1>No server is available</h1></body></html>")
        }
        Fault::Limit(status, wait) => {
            let mut response = message(*status, "Too many requests");
            set_wait(&mut response, *wait);
            response
        }
        Fault::PrimaryLimit(reset) => {
            let mut response = message(403, "API rate limit exceeded for 127.0.0.1.");
            set(&mut response, LIMIT, 60);
            set(&mut response, REMAINING, 0);
            if let Some(seconds) = reset {
                set(&mut response, RESET, now().timestamp() + seconds);
            }
            response
        }
        Fault::SecondaryLimit(wait) => {
            let words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            let mut response = message(403, words);
            set(&mut response, REMAINING, 4_000);
            set_wait(&mut response, *wait);
            response
        }
        Fault::Redirect(target) => {
            let mut response = message(302, "Found");
            set(&mut response, LOCATION, target);
            response
        }
        Fault::RedirectLoop => {
            let mut response = message(302, "Found");
            set(&mut response, LOCATION, told.path_and_query());
            response
        }
        Fault::EchoRedirect => {
            let mut response = message(302, "Found");
            let token = told.credential.rsplit(' ').next().unwrap_or_default();
            let target =
                if told.uri.path().ends_with(token) { "//elsewhere.invalid/".to_owned() } else { "/".to_owned() };
            set(&mut response, LOCATION, target + token);
            response
        }
        Fault::Echo(status) => {
            let mut response = message(*status, &format!("you sent {}", told.credential));
            set(&mut response, ETAG, format!("\"{}\"", told.credential));
            response
        }
        Fault::Huge { bytes, told } => {
            let mut response = answer(200, JSON, huge(*bytes));
            if *told {
                set(&mut response, CONTENT_LENGTH, bytes);
            }
            response
        }
        Fault::GzipBomb(mebibytes) => {
            let mut response = answer(200, JSON, gzip_bomb(*mebibytes));
            set(&mut response, CONTENT_ENCODING, "gzip");
            response
        }
        _ => return None,
    })
}

/// Returns the answer as the fault leaves it.
pub async fn spoil(fault: Fault, response: Response, told: &Told) -> Response {
    match fault {
        Fault::WrongDate(by) => {
            let mut response = response;
            set(&mut response, DATE, http_date(by));
            response
        }
        Fault::ContentType(kind) => {
            let mut response = response;
            set(&mut response, CONTENT_TYPE, kind);
            response
        }
        Fault::Drip(pause) => {
            let (parts, body) = whole(response).await;
            let bytes = stream::iter(body).then(move |byte| async move {
                tokio::time::sleep(pause).await;
                Ok::<_, std::io::Error>(Bytes::from(vec![byte]))
            });
            Response::from_parts(parts, Body::from_stream(bytes))
        }
        Fault::Cut => {
            let (mut parts, body) = whole(response).await;
            parts.headers.insert(CONTENT_LENGTH, body.len().into());
            let half = body.slice(..body.len() / 2);
            let bytes = stream::iter([Ok(half)]).chain(stream::once(async {
                tokio::time::sleep(REST).await;
                Err(std::io::Error::other("cut, as told"))
            }));
            Response::from_parts(parts, Body::from_stream(bytes))
        }
        Fault::CutGzip => {
            let (mut parts, body) = whole(response).await;
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&body).expect("memory");
            let gzip = gzip.finish().expect("memory");
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(parts, Body::from(gzip[..gzip.len() / 2].to_vec()))
        }
        Fault::Partial => {
            let halved = |_: &mut HeaderMap, body: &mut Value| {
                if let Value::Array(items) = body {
                    items.truncate(items.len() / 2);
                }
            };
            let mut response = changed(response, halved).await;
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response
        }
        Fault::HalfJson => {
            let (parts, body) = whole(response).await;
            Response::from_parts(parts, Body::from(body.slice(..body.len() / 2)))
        }
        Fault::Without(name) => {
            let (parts, body) = whole(response).await;
            let element = regex::Regex::new(&format!("(?s)<{name}(?: [^>]*)?(?:/>|>.*?</{name}>)")).expect("a name");
            let text = String::from_utf8_lossy(&body).into_owned();
            Response::from_parts(parts, Body::from(element.replace_all(&text, "").into_owned()))
        }
        Fault::Missing(name) => changed(response, |_, body| each_field(body, name, None)).await,
        Fault::Null(name) => changed(response, |_, body| each_field(body, name, Some(&Value::Null))).await,
        Fault::EndlessPages => changed(response, |head, body| without_end(head, body, &told.place, true)).await,
        Fault::PageLoop => changed(response, |head, body| without_end(head, body, &told.place, false)).await,
        _ => response,
    }
}

async fn whole(response: Response) -> (http::response::Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    (parts, to_bytes(body, usize::MAX).await.expect("a body of our own"))
}

/// Changes a JSON body; any other is left as it is.
async fn changed(response: Response, change: impl FnOnce(&mut HeaderMap, &mut Value)) -> Response {
    let (mut parts, body) = whole(response).await;
    let Ok(mut value) = serde_json::from_slice(&body) else { return Response::from_parts(parts, Body::from(body)) };
    change(&mut parts.headers, &mut value);
    Response::from_parts(parts, Body::from(value.to_string()))
}

fn each_field(value: &mut Value, name: &str, becomes: Option<&Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_field(item, name, becomes)),
        Value::Object(fields) => {
            match becomes {
                None => drop(fields.remove(name)),
                Some(value) => {
                    if let Some(field) = fields.get_mut(name) {
                        *field = value.clone();
                    }
                }
            }
            fields.values_mut().for_each(|field| each_field(field, name, becomes));
        }
        _ => {}
    }
}

/// Returns a list of so many bytes that is made while it is read.
fn huge(bytes: u64) -> Body {
    const CHUNK: u64 = 64 << 10;
    let spaces = Bytes::from(vec![b' '; usize::try_from(CHUNK).expect("small")]);
    let chunks = stream::unfold(bytes, move |left| {
        let take = usize::try_from(left.min(CHUNK)).expect("small");
        let chunk = (take > 0).then(|| (Ok::<_, std::io::Error>(spaces.slice(..take)), left - take as u64));
        async move { chunk }
    });
    Body::from_stream(chunks)
}

/// Returns a gzip stream of so many mebibytes of zeros. One block is compressed once; it refers to nothing
/// outside itself, and so can stand any number of times.
fn gzip_bomb(mebibytes: u32) -> Body {
    let zeros = vec![0; 1 << 20];
    let mut block = Vec::with_capacity(64 << 10);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(&zeros, &mut block, FlushCompress::Full).expect("memory");
    let mut one = Crc::new();
    one.update(&zeros);
    let mut sum = Crc::new();
    for _ in 0..mebibytes {
        sum.combine(&one);
    }
    let head = Bytes::from_static(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    // The last block is an empty one.
    let mut tail = vec![0x03, 0x00];
    tail.extend(sum.sum().to_le_bytes());
    tail.extend(mebibytes.wrapping_shl(20).to_le_bytes());
    let blocks = std::iter::repeat_n(Bytes::from(block), mebibytes as usize);
    let parts = std::iter::once(head).chain(blocks).chain([Bytes::from(tail)]);
    Body::from_stream(stream::iter(parts.map(Ok::<_, std::io::Error>)))
}
