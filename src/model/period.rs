//! The period that a report covers: a quarter, a month, a year, or from one time to another.
//!
//! What is measured over the period is left to the judge.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::Timespan;
use super::time::{Instant, parse_instant, start_of};

/// A stretch of time, `from` before `to`, both UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant of the period.
    pub from: Instant,
    /// The instant at which the period ends.
    pub to: Instant,
}

/// Why a text is not a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The text has none of the known forms.
    #[error("not a period: write 2026-Q3, 2026-07, 2026 or FROM..TO (dates or RFC 3339 times)")]
    Shape,
    /// The period ends before it begins.
    #[error("the period ends before it begins")]
    Backwards,
}

impl Period {
    /// Returns the period of length `length` that ends at `end`.
    pub fn ending(end: Instant, length: Timespan) -> Self {
        Self { from: length.before(end), to: end }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let period = if let Some((from, to)) = text.split_once("..") {
            let ends = parse_instant(from).zip(parse_instant(to));
            let (from, to) = ends.ok_or(PeriodError::Shape)?;
            Self { from, to }
        } else {
            let (first, months) = calendar(text).ok_or(PeriodError::Shape)?;
            let to = first.checked_add_months(chrono::Months::new(months));
            Self { from: start_of(first), to: start_of(to.ok_or(PeriodError::Shape)?) }
        };
        if period.from < period.to { Ok(period) } else { Err(PeriodError::Backwards) }
    }
}

/// Returns the first day and the length in months of `2026`, `2026-Q3` or `2026-07`.
fn calendar(text: &str) -> Option<(NaiveDate, u32)> {
    let (year, part) = match text.split_once('-') {
        Some((year, part)) => (year, Some(part)),
        None => (text, None),
    };
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (month, months) = match part {
        None => (1, 12),
        Some(part) => match part.strip_prefix('Q') {
            Some(quarter) => match quarter {
                "1" => (1, 3),
                "2" => (4, 3),
                "3" => (7, 3),
                "4" => (10, 3),
                _ => return None,
            },
            None if part.len() == 2 => (part.parse().ok()?, 1),
            None => return None,
        },
    };
    let first = NaiveDate::from_ymd_opt(year.parse().ok()?, month, 1)?;
    (first.year() >= 1).then_some((first, months))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quarters_months_years_and_ranges() {
        let bounds = |text: &str| {
            let period = text.parse::<Period>().unwrap();
            (period.from.to_rfc3339(), period.to.to_rfc3339())
        };
        let at = |text: &str| format!("{text}T00:00:00+00:00");
        assert_eq!(bounds("2026-Q3"), (at("2026-07-01"), at("2026-10-01")));
        assert_eq!(bounds("2026-12"), (at("2026-12-01"), at("2027-01-01")));
        assert_eq!(bounds("2026"), (at("2026-01-01"), at("2027-01-01")));
        assert_eq!(bounds("2026-01-05..2026-02-01"), (at("2026-01-05"), at("2026-02-01")));
        for wrong in ["2026-Q5", "26", "2026-13", "2026-1", "..", "Q3", "0000"] {
            assert_eq!(wrong.parse::<Period>(), Err(PeriodError::Shape), "{wrong}");
        }
        assert_eq!("2026-02-01..2026-01-01".parse::<Period>(), Err(PeriodError::Backwards));
    }
}
