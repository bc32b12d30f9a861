//! Faults of one exchange: what went wrong below HTTP, and whether it may pass.
//!
//! Statuses are answers and no faults; trying again is left to the door.

use std::error::Error;
use std::time::Duration;

use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// What went wrong with one exchange.
#[derive(Debug)]
pub(super) struct Fault {
    /// What it means for the question.
    pub(super) miss: Miss,
    /// Whether another try may help.
    pub(super) may_pass: bool,
}

impl Fault {
    /// No answer came, or one that is no HTTP.
    pub(super) fn of_connection(request: &str, error: &reqwest::Error) -> Self {
        let words = words(error);
        // A certificate does not get better within seconds, and a name that does not exist stays so.
        let lasts = ["certificate", "invalid peer", "dns error"].iter().any(|sign| words.contains(sign));
        // As hyper says it of bytes that are no HTTP.
        let answered = [" parsed", "message head is too large"].iter().any(|sign| words.contains(sign));
        let reason = if answered { UnseenReason::Unreadable } else { UnseenReason::Unreachable };
        let miss = Miss::new(reason, format!("{request}: {words}"));
        Self { miss, may_pass: !lasts && !error.is_builder() }
    }

    /// The answer broke off, or cannot be decompressed.
    pub(super) fn of_body(request: &str, error: &reqwest::Error) -> Self {
        let (reason, what) = if error.is_decode() && words(error).contains("deflate") {
            (UnseenReason::Unreadable, "its answer cannot be decompressed")
        } else {
            (UnseenReason::Truncated, "its answer was cut short")
        };
        Self { miss: Miss::new(reason, format!("{request}: {what}: {}", words(error))), may_pass: true }
    }

    /// The answer is too large.
    pub(super) fn of_size(request: &str, max: u64) -> Self {
        let what = format!("{request}: its answer has more than the {max} bytes that are read");
        Self { miss: Miss::new(UnseenReason::Unreadable, what), may_pass: false }
    }

    /// The answer took too long.
    pub(super) fn of_time(request: &str, timeout: Duration) -> Self {
        let what = format!("{request}: no whole answer within {} s, or before the deadline", timeout.as_secs_f32());
        Self { miss: Miss::new(UnseenReason::Unreachable, what), may_pass: true }
    }
}

/// Returns an error and what caused it in words, without the URL, which may hold secrets.
pub(super) fn words(error: &reqwest::Error) -> String {
    // The outermost words only say that sending failed.
    let mut parts: Vec<String> = Vec::new();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = inner.source();
    }
    if parts.is_empty() {
        let url = error.url().map(ToString::to_string).unwrap_or_default();
        return error.to_string().replace(&format!(" for url ({url})"), "");
    }
    parts.join(": ")
}
