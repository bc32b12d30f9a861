//! The faults that every collector is put to, and what is to be said of each.
//!
//! What rests on an answer, and so is unknown, is left to the tests of each system.

use std::time::Duration;

use lastgood::collect::http::Settings;
use lastgood::model::UnseenReason;

use crate::estate::{Fault, Wait};

/// Settings for faults that only time ends.
pub(crate) fn impatient(settings: Settings) -> Settings {
    Settings { timeout: Duration::from_millis(300), retries: 0, ..settings }
}

/// Settings for servers that ask to wait for longer than there is time.
pub(crate) fn hurried(settings: Settings) -> Settings {
    Settings { deadline: tokio::time::Instant::now().checked_add(Duration::from_secs(20)), ..settings }
}

/// Refusals, and what each means.
pub(crate) fn refusals() -> Vec<(Fault, UnseenReason)> {
    vec![
        (Fault::Status(401), UnseenReason::NotAuthorized),
        (Fault::Status(403), UnseenReason::NotAuthorized),
        (Fault::Status(404), UnseenReason::NotFound),
        (Fault::Status(408), UnseenReason::Unreachable),
        (Fault::Status(409), UnseenReason::Unreadable),
        (Fault::Status(451), UnseenReason::NotAuthorized),
        (Fault::Status(500), UnseenReason::Unreachable),
        (Fault::Status(502), UnseenReason::Unreachable),
        (Fault::Proxy(503), UnseenReason::Unreachable),
    ]
}

/// Answers in JSON that cannot be believed, and what each means.
pub(crate) fn unreadable() -> Vec<(Fault, UnseenReason)> {
    vec![
        (Fault::Html, UnseenReason::Unreadable),
        (Fault::ContentType("text/plain"), UnseenReason::Unreadable),
        (Fault::NoJson, UnseenReason::Unreadable),
        (Fault::HalfJson, UnseenReason::Truncated),
        (Fault::Cut, UnseenReason::Truncated),
        (Fault::CutGzip, UnseenReason::Truncated),
        (Fault::GzipBomb(64), UnseenReason::Unreadable),
        (Fault::Huge { bytes: 1 << 30, told: false }, UnseenReason::Unreadable),
        (Fault::Redirect("https://elsewhere.invalid/".to_owned()), UnseenReason::Unreadable),
        (Fault::RedirectLoop, UnseenReason::Unreadable),
    ]
}

/// Limits that last longer than a deadline, however they are said.
pub(crate) fn limits() -> Vec<Fault> {
    vec![Fault::Limit(429, Wait::Seconds(3_600)), Fault::Limit(429, Wait::Date(3_600)), Fault::Limit(429, Wait::Unsaid)]
}
