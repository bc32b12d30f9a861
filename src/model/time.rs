//! Instants in UTC: how they are read from text and written for people.
//!
//! Durations and periods are left to their own files; nothing here reads a clock.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// A point in time, always UTC.
pub type Instant = DateTime<Utc>;

/// How far a time may lie after `as_of` before it is called a future time: clocks differ a little.
pub const FUTURE_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Returns the instant that `text` names: RFC 3339 (`2020-07-22T00:00:00Z`, any offset) or a date
/// (`2020-07-22`, midnight UTC). `None` when it is neither or lies outside the years 1 to 9999.
pub fn parse_instant(text: &str) -> Option<Instant> {
    let instant = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.with_timezone(&Utc),
        Err(_) => start_of(parse_date(text)?),
    };
    (1..=9999).contains(&chrono::Datelike::year(&instant)).then_some(instant)
}

/// Returns the date that `text` names as `YYYY-MM-DD`; `None` when it names none.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())??;
    (1..=9999).contains(&chrono::Datelike::year(&date)).then_some(date)
}

/// Returns midnight UTC at the start of `date`.
pub fn start_of(date: NaiveDate) -> Instant {
    date.and_time(NaiveTime::MIN).and_utc()
}

/// Returns `instant` as RFC 3339 in UTC, with a fraction only where there is one.
pub fn rfc3339(instant: Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Returns `instant` for people: the date alone at midnight, else to the minute, in UTC.
pub fn human(instant: Instant) -> String {
    if instant.time() == NaiveTime::MIN {
        instant.format("%Y-%m-%d").to_string()
    } else {
        instant.format("%Y-%m-%d %H:%M UTC").to_string()
    }
}

/// Returns a length of time for people, in its two largest units: `3 d 4 h`, `26 h`, `0 s`.
///
/// Hours run to 48 before days begin, because a day's RPO is missed by hours.
pub fn human_length(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600, seconds / 60);
    let pair = |large: i64, large_unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
    };
    if days >= 14 {
        format!("{days} d")
    } else if hours >= 48 {
        pair(days, "d", hours % 24, "h")
    } else if hours >= 1 {
        pair(hours, "h", minutes % 60, "min")
    } else if minutes >= 1 {
        pair(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rfc3339_with_any_offset_and_plain_dates() {
        let utc = parse_instant("2018-09-13T20:05:35Z").unwrap();
        assert_eq!(parse_instant("2018-09-14T01:35:35.000+05:30"), Some(utc));
        assert_eq!(parse_instant("2020-07-22"), parse_instant("2020-07-22T00:00:00Z"));
        for wrong in ["2020-7-22", "20200722", "2020-02-30", "yesterday", "", "+12020-01-01T00:00:00Z"] {
            assert_eq!(parse_instant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lengths_read_as_people_say_them() {
        let hours = |h| human_length(TimeDelta::hours(h));
        assert_eq!(hours(26), "26 h");
        assert_eq!(hours(50), "2 d 2 h");
        assert_eq!(hours(24 * 100), "100 d");
        assert_eq!(human_length(TimeDelta::seconds(86_403)), "24 h");
        assert_eq!(human_length(TimeDelta::seconds(61)), "1 min 1 s");
    }
}
