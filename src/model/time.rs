//! Instants in UTC: how they are read from text and written for people.
//!
//! Durations and periods are left to their own files; nothing here reads a clock.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Timelike, Utc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    (1..=9999).contains(&instant.year()).then_some(instant)
}

/// Returns the date that `text` names as `YYYY-MM-DD`; `None` when it names none.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())??;
    (1..=9999).contains(&date.year()).then_some(date)
}

/// Returns the instant that `text` names in the form in which this program writes whole seconds,
/// `2020-07-22T00:00:00Z`; `None` for any other form, which is left to the slower reader.
fn written_plainly(text: &str) -> Option<Instant> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_u32, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if !marks.iter().all(|(at, mark)| bytes[*at] == *mark) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0..4)?).ok()?, number(5..7)?, number(8..10)?)?;
    Some(date.and_hms_opt(number(11..13)?, number(14..16)?, number(17..19)?)?.and_utc())
}

/// Reads an instant with serde. Bundles hold millions, nearly all in one form.
///
/// # Errors
///
/// Where the text is no RFC 3339 time.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    match written_plainly(&text) {
        Some(instant) => Ok(instant),
        None => {
            DateTime::parse_from_rfc3339(&text).map(|time| time.with_timezone(&Utc)).map_err(serde::de::Error::custom)
        }
    }
}

/// As `deserialize`, for an instant that may be absent.
///
/// # Errors
///
/// As `deserialize`.
pub fn deserialize_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapped(#[serde(deserialize_with = "deserialize")] Instant);

    Option::<Wrapped>::deserialize(deserializer).map(|wrapped| wrapped.map(|wrapped| wrapped.0))
}

/// Returns whole seconds of the years 0 to 9999 in the form in which this program writes them, as
/// bytes of ASCII; `None` for any other instant, which is left to the slower writer.
fn plainly(instant: Instant) -> Option<[u8; 20]> {
    let (date, time) = (instant.date_naive(), instant.time());
    let year = u32::try_from(date.year()).ok().filter(|year| *year <= 9_999)?;
    if time.nanosecond() != 0 {
        return None;
    }
    let mut text = *b"0000-00-00T00:00:00Z";
    let numbers = [year / 100, year % 100, date.month(), date.day(), time.hour(), time.minute(), time.second()];
    for (at, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(numbers) {
        let [.., number] = number.to_be_bytes();
        text[at] = b'0' + number / 10;
        text[at + 1] = b'0' + number % 10;
    }
    Some(text)
}

/// Writes an instant with serde, as chrono does. Bundles and reports hold millions.
///
/// # Errors
///
/// Where `serializer` cannot write.
pub fn serialize<S: Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    match plainly(*instant).as_ref().map(|text| std::str::from_utf8(text)) {
        Some(Ok(text)) => serializer.serialize_str(text),
        Some(Err(_)) | None => instant.serialize(serializer),
    }
}

/// As `serialize`, for an instant that may be absent.
///
/// # Errors
///
/// As `serialize`.
pub fn serialize_some<S: Serializer>(instant: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => serialize(instant, serializer),
        None => serializer.serialize_none(),
    }
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
    // Written by hand: reports hold millions of times, and a format string is read anew for each.
    let date = instant.date_naive();
    let (year, month, day) = (date.year(), date.month(), date.day());
    if instant.time() == NaiveTime::MIN {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", instant.hour(), instant.minute())
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
    fn the_quick_form_means_what_the_full_reader_says() {
        for text in ["2020-07-22T00:00:00Z", "1999-12-31T23:59:59Z", "2024-02-29T12:30:01Z"] {
            assert_eq!(written_plainly(text), parse_instant(text), "{text}");
        }
        for text in ["2020-07-22T00:00:00+", "2020-02-30T00:00:00Z", "2020-07-22 00:00:00Z", "2020-07-22T24:00:00Z"] {
            assert_eq!(written_plainly(text), None, "{text}");
        }
    }

    #[test]
    fn the_quick_writer_writes_what_the_full_one_does() {
        let written = |instant: Instant| {
            let mut quick = Vec::new();
            serialize(&instant, &mut serde_json::Serializer::new(&mut quick)).unwrap();
            (String::from_utf8(quick).unwrap(), serde_json::to_string(&instant).unwrap())
        };
        let day = TimeDelta::days(1);
        let odd = [
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2016-12-31T23:59:59.5Z",
            "2020-02-29T10:09:08.000000001Z",
        ];
        let beyond = [parse_instant(odd[0]).unwrap() - day * 400, parse_instant(odd[1]).unwrap() + day];
        for instant in odd.map(|text| parse_instant(text).unwrap()).into_iter().chain(beyond) {
            let (quick, full) = written(instant);
            assert_eq!(quick, full);
        }
        for step in 0..2_000 {
            let (quick, full) = written(DateTime::UNIX_EPOCH + TimeDelta::seconds(step * 1_234_567));
            assert_eq!(quick, full);
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
