//! Limits: when a server asks to wait, and for how long.
//!
//! Understands `Retry-After` in both its forms (RFC 9110, section 10.2.3) and the primary and secondary
//! limits of GitHub (docs.github.com, "Rate limits for the REST API"). Waiting is left to the door.

use chrono::{DateTime, TimeDelta};
use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};

use super::answer::{Answer, number};
use crate::model::time::Instant;

const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How long GitHub asks to wait after a secondary limit that names no time.
const SECONDARY: TimeDelta = TimeDelta::seconds(60);

/// Returns until when the server asks to wait; `None` where the answer is no limit, or names no time.
pub fn wait_until(answer: &Answer, now: Instant) -> Option<Instant> {
    let status = answer.status;
    let may_limit = matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
    if !may_limit && status != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    if let Some(until) = retry_after(answer, now) {
        return Some(until);
    }
    if !may_limit {
        return None;
    }
    if number(&answer.headers, &REMAINING) == Some(0)
        && let Some(reset) = number(&answer.headers, &RESET).and_then(|reset| DateTime::from_timestamp(reset, 0))
    {
        // A clock that is ahead of the server's must not make this a wait of nothing.
        return Some(reset.max(now + TimeDelta::seconds(1)));
    }
    is_secondary(answer).then(|| now + SECONDARY)
}

/// Returns whether an answer refuses because of a limit, whether or not it says until when.
pub(super) fn is_limit(answer: &Answer) -> bool {
    number(&answer.headers, &REMAINING) == Some(0) || is_secondary(answer)
}

/// Returns whether the answer is GitHub's secondary limit, which is told apart by its words alone.
fn is_secondary(answer: &Answer) -> bool {
    let words = answer.words().unwrap_or_default().to_lowercase();
    words.contains("secondary rate limit") || words.contains("abuse detection")
}

fn retry_after(answer: &Answer, now: Instant) -> Option<Instant> {
    let value = answer.header(RETRY_AFTER.as_str())?.trim();
    match value.parse::<i64>() {
        Ok(seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds.max(0))?),
        Err(_) => DateTime::parse_from_rfc2822(value).ok().map(|at| at.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method};
    use reqwest::Url;

    fn now() -> Instant {
        crate::model::time::parse_instant("2026-11-25T12:00:00Z").unwrap()
    }

    fn waits(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Option<i64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let url = Url::parse("https://api.example.org/").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer::new(&Method::GET, url, status, headers, Bytes::from_static(body.as_bytes()), now());
        wait_until(&answer, now()).map(|until| (until - now()).num_seconds())
    }

    #[test]
    fn a_server_says_how_long_to_wait_in_several_ways() {
        assert_eq!(waits(429, &[("retry-after", "30")], ""), Some(30));
        assert_eq!(waits(503, &[("retry-after", "Wed, 25 Nov 2026 12:01:30 GMT")], ""), Some(90));
        assert_eq!(waits(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795608060")], ""), Some(60));
        assert_eq!(waits(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795600000")], ""), Some(1));
        let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait"}"#;
        assert_eq!(waits(403, &[("x-ratelimit-remaining", "4000")], secondary), Some(60));
        assert_eq!(waits(403, &[], r#"{"message":"You have triggered an abuse detection mechanism"}"#), Some(60));
    }

    #[test]
    fn a_refusal_is_no_limit() {
        assert_eq!(waits(403, &[("x-ratelimit-remaining", "59")], r#"{"message":"Must have admin rights"}"#), None);
        assert_eq!(waits(429, &[], ""), None);
        assert_eq!(waits(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795608060")], ""), None);
        assert_eq!(waits(404, &[("retry-after", "30")], ""), None);
    }
}
