//! Answers recorded from real systems, as the collectors' readers take them.
//!
//! The folder that `LASTGOOD_RECORDED` names holds them; where it is not set, one line says so. What they
//! mean is left to `recorded_github` and its likes.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use lastgood::collect::http::Answer;
use lastgood::model::time::parse_instant;
use serde_json::Value;

/// What is taken for granted where only the body of an answer was kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsaid {
    pub(crate) method: &'static str,
    /// A path stands for one below `base`.
    pub(crate) url: &'static str,
    pub(crate) base: &'static str,
    /// The media type; `None` where an answer without one stays without.
    pub(crate) media: Option<&'static str>,
}

/// Returns the folder of a system's answers; `None` where there is none, which is said once.
pub(crate) fn folder(system: &str) -> Option<PathBuf> {
    static SAID: std::sync::Once = std::sync::Once::new();
    let Some(folder) = std::env::var_os("LASTGOOD_RECORDED") else {
        SAID.call_once(|| {
            // The test harness keeps back what is printed; this goes past it.
            use std::io::Write as _;
            writeln!(std::io::stderr(), "skipped: LASTGOOD_RECORDED is not set").expect("a terminal or a file");
        });
        return None;
    };
    Some(Path::new(&folder).join(system))
}

/// Returns an answer with `body`, and with the status and headers that were kept as `{stem}.headers.json`.
pub(crate) fn answer(folder: &Path, stem: &str, body: Vec<u8>, unsaid: Unsaid) -> Answer {
    let told: Option<Value> = std::fs::read(folder.join(format!("{stem}.headers.json")))
        .ok()
        .map(|text| serde_json::from_slice(&text).expect("headers as JSON"));
    let text = |field: &str| told.as_ref().map(|told| told[field].as_str().expect("a text").to_owned());
    let mut headers = HeaderMap::new();
    for header in told.iter().flat_map(|told| told["headers"].as_array().expect("a list of headers")) {
        let (header, value) = (header[0].as_str().expect("a name"), header[1].as_str().expect("a value"));
        headers.append(
            HeaderName::try_from(header.to_lowercase()).expect("a name"),
            HeaderValue::from_str(value).expect("a value"),
        );
    }
    if let Some(media) = unsaid.media
        && !headers.contains_key("content-type")
    {
        headers.insert("content-type", HeaderValue::from_static(media));
    }
    let url = text("url").unwrap_or_else(|| unsaid.url.to_owned());
    let url = if url.starts_with('/') { format!("{}{url}", unsaid.base) } else { url };
    let method = text("method").unwrap_or_else(|| unsaid.method.to_owned());
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let status = told.as_ref().map_or(200, |told| told["status"].as_u64().expect("a status"));
    let status = StatusCode::from_u16(u16::try_from(status).expect("a status")).expect("a status");
    let asked_at = parse_instant("2026-11-25").expect("a time");
    Answer::new(&method, url.parse().expect("a URL"), status, headers, Bytes::from(body), asked_at)
}
