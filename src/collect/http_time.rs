//! Method `http`: a time found in a header or in the JSON of a URL is the newest recovery point.
//!
//! Reads the time by the forms that servers use; what it proves is left to the judge.

use chrono::{DateTime, Utc};
use reqwest::Url;
use serde_json::Value;

use super::http::{Answer, Ask, Door};
use super::miss::Miss;
use super::plan::fill;
use super::told::Told;
use crate::evidence::{Fact, Point, RecoveryPoints};
use crate::model::time::{Instant, parse_instant};
use crate::model::{Grade, UnseenReason};
use crate::policy::document::Http;

/// Numbers above this are milliseconds: as seconds they would lie after the year 5000.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// Asks for the time, and returns it as a recovery point.
///
/// # Errors
///
/// Where no answer came, or no time stands where the policy says.
pub async fn look(door: &Door, copy: &Http, item: Option<&str>) -> Result<Vec<Told>, Miss> {
    let url = fill(&copy.url.0, item);
    let url = Url::parse(&url).map_err(|error| Miss::unreadable(format!("{url}: {error}")))?;
    let ask = if copy.header.is_some() { Ask::head(url) } else { Ask::get(url).accept("application/json") };
    // A page that asks for a login is not what was asked for, whatever time it tells.
    let answer = door.ask_ok(&ask.without_redirects()).await?;
    let captured_at = found(&answer, copy)?;
    let point = Point { available_at: None, bytes: None, captured_at, digest: None, items: None, location: None };
    // One time is told, so nothing is known of what was before it.
    let points = RecoveryPoints {
        complete: true,
        from: Some(captured_at),
        grade: Grade::Observed,
        kept_from: None,
        points: vec![point],
    };
    Ok(vec![Told::by(Fact::RecoveryPoints(points), &answer)])
}

fn found(answer: &Answer, copy: &Http) -> Result<Instant, Miss> {
    let unreadable = |what: String| answer.miss(UnseenReason::Unreadable, format!("{}: {what}", answer.request()));
    if let Some(header) = &copy.header {
        let text = answer.header(header).ok_or_else(|| unreadable(format!("there is no header {}", header.value)))?;
        return time(text).ok_or_else(|| unreadable(format!("the header {} holds no time", header.value)));
    }
    let body: Value = answer.json()?;
    let pointer = copy.pointer.as_ref().map_or("", |pointer| pointer.0.as_str());
    let value = body.pointer(pointer).ok_or_else(|| unreadable(format!("nothing stands at `{pointer}`")))?;
    let found = match value {
        Value::String(text) => time(text),
        Value::Number(number) => number.as_i64().and_then(epoch),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    found.ok_or_else(|| unreadable(format!("what stands at `{pointer}` is no time")))
}

/// Returns the time that a text tells: RFC 3339, a date, RFC 9110, or seconds or milliseconds since 1970.
fn time(text: &str) -> Option<Instant> {
    let text = text.trim();
    parse_instant(text)
        .or_else(|| DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc()))
        .or_else(|| text.parse().ok().and_then(epoch))
}

fn epoch(number: i64) -> Option<Instant> {
    if number.abs() >= MILLISECONDS_FROM {
        DateTime::<Utc>::from_timestamp_millis(number)
    } else {
        DateTime::<Utc>::from_timestamp(number, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_servers_use() {
        let expected = parse_instant("2026-11-25T12:00:00Z");
        for text in [
            "2026-11-25T13:00:00+01:00",
            "Wed, 25 Nov 2026 12:00:00 GMT",
            "1795608000",
            "1795608000000",
            " 2026-11-25T12:00:00Z ",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        for text in ["", "soon", "12", "2026-13-01"] {
            assert_ne!(time(text), expected, "{text}");
        }
    }
}
