//! Whose request it is: AWS Signature Version 4, checked as S3 does.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>. What the caller may do
//! is left to `mod`. Nothing here is shared with whoever signs.

use aws_lc_rs::{digest, hmac};
use chrono::{NaiveDateTime, TimeDelta};
use http::HeaderMap;
use lastgood::model::Instant;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::truth::{AccessKey, Truth};
use super::xml::{Refusal, hex};

/// What stays as it is in a canonical request.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// The hash that stands for a body that nobody signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody says.
    Anonymous,
    /// The owner of an access key, for a region.
    Key {
        /// The region that the request is signed for.
        region: String,
    },
}

/// What is known of a request.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Its method.
    pub method: &'a http::Method,
    /// Its path, as it was sent.
    pub path: &'a str,
    /// Its query, decoded.
    pub query: &'a [(String, String)],
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

impl Question<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Returns whose request it is. `time` is the server's clock, `seen_from` when the truth began.
pub fn caller(truth: &Truth, question: Question<'_>, time: Instant, seen_from: Instant) -> Result<Caller, Refusal> {
    let header = question.header("authorization");
    if header.is_empty() {
        return Ok(Caller::Anonymous);
    }
    let Some(signed) = Signed::parse(header) else {
        return Err(Refusal::new(400, "AuthorizationHeaderMalformed", "The authorization header is malformed"));
    };
    let Some(key) = truth.keys.iter().find(|key| key.id == signed.id) else {
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        return Err(Refusal::new(403, "InvalidAccessKeyId", message).with("AWSAccessKeyId", signed.id));
    };
    let token = question.header("x-amz-security-token");
    if key.token.as_deref().unwrap_or_default() != token {
        let message = "The provided token is malformed or otherwise invalid.";
        return Err(Refusal::new(400, "InvalidToken", message).with("Token-0", token));
    }
    if key.expires.is_some_and(|moment| moment.seen_from(seen_from) <= time) {
        return Err(Refusal::new(400, "ExpiredToken", "The provided token has expired.").with("Token-0", token));
    }
    let date = question.header("x-amz-date");
    let Some(at) = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok().map(|naive| naive.and_utc()) else {
        return Err(Refusal::new(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"));
    };
    if (at - time).abs() > TimeDelta::minutes(15) {
        let message = "The difference between the request time and the current time is too large.";
        return Err(Refusal::new(403, "RequestTimeTooSkewed", message)
            .with("RequestTime", date)
            .with("ServerTime", time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
            .with("MaxAllowedSkewMilliseconds", "900000"));
    }
    if let Some((name, _)) = question
        .headers
        .iter()
        .find(|(name, _)| name.as_str().starts_with("x-amz-") && !signed.headers.contains(&name.as_str()))
    {
        let message = "There were headers present in the request which were not signed";
        return Err(Refusal::new(403, "AccessDenied", message).with("HeadersNotSigned", name.as_str()));
    }
    let sum = question.header("x-amz-content-sha256");
    if sum.is_empty() {
        return Err(Refusal::new(
            400,
            "InvalidRequest",
            "Missing required header for this request: x-amz-content-sha256",
        ));
    }
    if sum != UNSIGNED && sum != sha256(question.body) {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(Refusal::new(400, "XAmzContentSHA256Mismatch", message));
    }
    let to_sign = signed.to_sign(&question, date);
    if signed.date != &date[..8] || signed.signature != signed.expected(key, &to_sign) {
        let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
        return Err(Refusal::new(403, "SignatureDoesNotMatch", message)
            .with("AWSAccessKeyId", signed.id)
            .with("StringToSign", to_sign)
            .with("SignatureProvided", signed.signature)
            .with("CanonicalRequest", signed.canonical(&question)));
    }
    Ok(Caller::Key { region: signed.region.to_owned() })
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Returns a header's value as it is signed: with one space where there are several.
fn spaced(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the header says.
#[derive(Debug)]
struct Signed<'a> {
    id: &'a str,
    date: &'a str,
    region: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let (mut credential, mut headers, mut signature) = (None, None, None);
        for part in rest.split(',') {
            match part.trim().split_once('=')? {
                ("Credential", value) => credential = Some(value),
                ("SignedHeaders", value) => headers = Some(value.split(';').collect()),
                ("Signature", value) => signature = Some(value),
                _ => return None,
            }
        }
        let parts: Vec<&str> = credential?.split('/').collect();
        let [id, date, region, "s3", "aws4_request"] = parts[..] else { return None };
        Some(Self { id, date, region, headers: headers?, signature: signature? })
    }

    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", self.date, self.region)
    }

    fn canonical(&self, question: &Question<'_>) -> String {
        let path: Vec<u8> = percent_decode_str(question.path).collect();
        let path = percent_encode(&path, PATH);
        let encoded = |text: &str| percent_encode(text.as_bytes(), PLAIN).to_string();
        let mut query: Vec<(String, String)> =
            question.query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
        query.sort();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = String::new();
        for name in &self.headers {
            let values: Vec<String> = question.headers.get_all(*name).iter().map(spaced).collect();
            headers.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        format!(
            "{}\n{path}\n{}\n{headers}\n{}\n{}",
            question.method,
            query.join("&"),
            self.headers.join(";"),
            question.header("x-amz-content-sha256"),
        )
    }

    fn to_sign(&self, question: &Question<'_>, date: &str) -> String {
        format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", self.scope(), sha256(self.canonical(question).as_bytes()))
    }

    fn expected(&self, key: &AccessKey, to_sign: &str) -> String {
        let sign = |key: &[u8], text: &str| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
        };
        let mut derived = format!("AWS4{}", key.secret).into_bytes();
        for part in [self.date, self.region, "s3", "aws4_request"] {
            derived = sign(&derived, part);
        }
        hex(&sign(&derived, to_sign))
    }
}
