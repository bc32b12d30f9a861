//! Durations as a policy writes them: `90m`, `24h`, `14d`, `13w`, `3mo`, `1y`.
//!
//! Months and years are calendar lengths and are applied to dates; reading a policy and judging an
//! age are left to others.

use std::fmt;
use std::str::FromStr;

use chrono::{Months, TimeDelta};

use super::time::Instant;

/// The longest duration a policy may name, in years.
const MAX_YEARS: u64 = 100;

/// A length of time: calendar months plus seconds (one of the two is zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timespan {
    number: u64,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Every unit with its suffix and its length: seconds, or calendar months.
const UNITS: [(Unit, &str, Length); 7] = [
    (Unit::Second, "s", Length::Seconds(1)),
    (Unit::Minute, "m", Length::Seconds(60)),
    (Unit::Hour, "h", Length::Seconds(3_600)),
    (Unit::Day, "d", Length::Seconds(86_400)),
    (Unit::Week, "w", Length::Seconds(604_800)),
    (Unit::Month, "mo", Length::Months(1)),
    (Unit::Year, "y", Length::Months(12)),
];

#[derive(Debug, Clone, Copy)]
enum Length {
    Seconds(u64),
    Months(u32),
}

/// The pattern of a duration, for the JSON Schema of the policy.
pub const PATTERN: &str = r"^[0-9]{1,10}(s|m|h|d|w|mo|y)$";

/// Why a text is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimespanError {
    /// The text is not a number followed by a known unit.
    #[error("not a duration: write a number and a unit, such as 90m, 24h, 14d, 13w, 3mo or 1y")]
    Shape,
    /// The number is zero.
    #[error("a duration of zero asks for nothing")]
    Zero,
    /// The duration is longer than 100 years.
    #[error("longer than 100 years")]
    TooLong,
}

impl Timespan {
    /// Returns a duration of `days` days.
    pub const fn days(days: u64) -> Self {
        Self { number: days, unit: Unit::Day }
    }

    fn length(self) -> Length {
        let per_unit = UNITS.iter().find(|(unit, ..)| *unit == self.unit);
        match per_unit.map(|(.., length)| *length) {
            Some(Length::Months(months)) => {
                Length::Months(months.saturating_mul(u32::try_from(self.number).unwrap_or(u32::MAX)))
            }
            Some(Length::Seconds(seconds)) => Length::Seconds(seconds.saturating_mul(self.number)),
            None => Length::Seconds(0),
        }
    }

    /// Returns the instant this long after `start`; a month later than 31 January is the last day
    /// of February. Saturates at the end of representable time.
    pub fn after(self, start: Instant) -> Instant {
        match self.length() {
            Length::Months(months) => start.checked_add_months(Months::new(months)),
            Length::Seconds(seconds) => start.checked_add_signed(delta(seconds)),
        }
        .unwrap_or(Instant::MAX_UTC)
    }

    /// Returns the instant this long before `end`. Saturates at the beginning of representable time.
    pub fn before(self, end: Instant) -> Instant {
        match self.length() {
            Length::Months(months) => end.checked_sub_months(Months::new(months)),
            Length::Seconds(seconds) => end.checked_sub_signed(delta(seconds)),
        }
        .unwrap_or(Instant::MIN_UTC)
    }

    /// Returns its length in whole seconds when it ends at `end`; calendar units depend on the date.
    pub fn seconds_before(self, end: Instant) -> i64 {
        (end - self.before(end)).num_seconds()
    }
}

fn delta(seconds: u64) -> TimeDelta {
    i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX)
}

impl FromStr for Timespan {
    type Err = TimespanError;

    fn from_str(text: &str) -> Result<Self, TimespanError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, suffix) = text.split_at(digits);
        let unit = UNITS.iter().find(|(_, name, _)| *name == suffix).map(|(unit, ..)| *unit);
        let (1..=10, Some(unit), Ok(number)) = (digits, unit, number.parse::<u64>()) else {
            return Err(TimespanError::Shape);
        };
        if number == 0 {
            return Err(TimespanError::Zero);
        }
        let span = Self { number, unit };
        let too_long = match span.length() {
            Length::Months(months) => u64::from(months) > MAX_YEARS * 12,
            Length::Seconds(seconds) => seconds > MAX_YEARS * 366 * 86_400,
        };
        if too_long { Err(TimespanError::TooLong) } else { Ok(span) }
    }
}

impl fmt::Display for Timespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = UNITS.iter().find(|(unit, ..)| *unit == self.unit).map_or("", |(_, name, _)| *name);
        write!(f, "{}{suffix}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_instant;

    #[test]
    fn survives_print_and_parse_in_every_unit() {
        for text in ["90s", "90m", "24h", "14d", "13w", "3mo", "1y"] {
            assert_eq!(text.parse::<Timespan>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_one_number_and_one_unit() {
        for text in ["", "d", "1", "1 d", "-1d", "1.5d", "1day", "1M", "1d2h", "99999999999d"] {
            assert_eq!(text.parse::<Timespan>(), Err(TimespanError::Shape), "{text}");
        }
        assert_eq!("0d".parse::<Timespan>(), Err(TimespanError::Zero));
        assert_eq!("101y".parse::<Timespan>(), Err(TimespanError::TooLong));
        assert_eq!("9999999999w".parse::<Timespan>(), Err(TimespanError::TooLong));
        assert!("100y".parse::<Timespan>().is_ok());
    }

    #[test]
    fn months_and_years_follow_the_calendar() {
        let at = |text| parse_instant(text).unwrap();
        let span = |text: &str| text.parse::<Timespan>().unwrap();
        assert_eq!(span("1mo").after(at("2024-01-31")), at("2024-02-29"));
        assert_eq!(span("1y").before(at("2021-02-01")), at("2020-02-01"));
        assert_eq!(span("3mo").seconds_before(at("2020-03-31")), 91 * 86_400);
    }
}
