//! One object: what a HEAD tells.
//!
//! Who may ask is left to `mod`.

use axum::body::Body;
use axum::response::Response;
use chrono::TimeDelta;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};
use http::{Method, StatusCode};
use lastgood::model::Instant;

use super::truth::{Bucket, Object, Personality};
use super::xml::Refusal;

/// The most bytes of content that a GET brings. Whoever audits has no reason to take any.
const CONTENT: u64 = 1 << 20;

/// Returns what a HEAD or a GET of `object` brings; `None` is a key that is not there.
pub fn answer(
    method: &Method,
    bucket: &Bucket,
    key: &str,
    object: Option<&Object>,
    asked: &HeaderMap,
    personality: Personality,
    now: Instant,
) -> Result<Response, Refusal> {
    let gone = || Refusal::new(404, "NoSuchKey", "The specified key does not exist.").with("Key", key);
    let Some(object) = object else {
        // Who may not list may not know that it is not there either.
        return Err(if bucket.denied.iter().any(|call| call == "list") { Refusal::denied() } else { gone() });
    };
    if object.deleted.is_some() {
        return Err(gone().header("x-amz-delete-marker", "true").header("x-amz-version-id", "0"));
    }
    if object.denied {
        return Err(Refusal::denied());
    }
    if object.customer_key {
        let message = "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.";
        return Err(Refusal::new(400, "InvalidRequest", message));
    }
    let size = if *method == Method::HEAD { 0 } else { object.size.min(CONTENT) };
    let mut response = Response::new(Body::from(vec![0; usize::try_from(size).expect("small")]));
    *response.status_mut() = StatusCode::OK;
    let length = if *method == Method::HEAD { object.size } else { size };
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    let mut set = |name: HeaderName, value: String| {
        headers.insert(name, HeaderValue::try_from(value).expect("a header"));
    };
    set(CONTENT_TYPE, "binary/octet-stream".to_owned());
    set(ETAG, format!("\"{}\"", object.etag()));
    set(LAST_MODIFIED, object.modified.seen_from(now).format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    let mut amz = |name: &str, value: &str| {
        set(HeaderName::try_from(format!("x-amz-{name}")).expect("a name"), value.to_owned());
    };
    if object.class() != "STANDARD" {
        amz("storage-class", object.class());
    }
    if bucket.versioning.is_some() {
        amz("version-id", "0");
    }
    if let Some(lock) = bucket.lock.as_ref().filter(|_| !object.unlocked)
        && let Some(mode) = &lock.mode
    {
        let days = lock.days.or(lock.years.map(|years| years * 365)).unwrap_or_default();
        amz("object-lock-mode", mode);
        let until = object.modified.seen_from(now) + TimeDelta::days(i64::try_from(days).expect("few"));
        amz("object-lock-retain-until-date", &until.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    }
    if let Some(restore) = &object.restore {
        amz("restore", restore);
    }
    if personality != Personality::Ceph {
        amz("server-side-encryption", if object.kms { "aws:kms" } else { "AES256" });
    }
    let wants_sums = asked.get("x-amz-checksum-mode").is_some_and(|mode| mode.as_bytes() == b"ENABLED");
    if wants_sums && personality != Personality::Ceph {
        for (name, sum) in &object.checksums {
            amz(&format!("checksum-{}", name.to_lowercase()), sum);
        }
        if let Some(kind) = &object.checksum_type {
            amz("checksum-type", kind);
        }
    }
    Ok(response)
}
