//! Schedules: when a job should run, and which of its runs are missing.
//!
//! Reads cron, Jenkins and Quartz expressions as UTC; what a missing run means is left to the
//! `runs-on-schedule` control.

use std::collections::HashMap;

use chrono::TimeDelta;
use croner::parser::{CronParser, Seconds, Year};
use rayon::prelude::*;

use crate::evidence::{Dialect, Run, Schedule};
use crate::model::time::Instant;

/// How many firings of a schedule are looked at, at most: a year of minutes, and the newest of more.
const MAX_FIRINGS: usize = 600_000;
/// How far back a schedule is looked at for its longest interval, at least.
const LOOK_BACK: TimeDelta = TimeDelta::days(366);
/// How many runs are tried for the time that a Jenkins `H` stands for.
const MAX_TRIED: usize = 16;

/// Every schedule that was seen, read once: many jobs share one.
#[derive(Debug)]
pub struct Timetables<'a>(HashMap<&'a Schedule, Result<Timetable, String>>);

impl<'a> Timetables<'a> {
    /// Reads `schedules` as of `as_of`, for a period that begins at `from`.
    pub fn new(schedules: impl Iterator<Item = &'a Schedule>, from: Instant, as_of: Instant) -> Self {
        let mut distinct: Vec<&'a Schedule> = schedules.collect();
        distinct.sort_unstable();
        distinct.dedup();
        let from = from.min(as_of.checked_sub_signed(LOOK_BACK).unwrap_or(Instant::MIN_UTC));
        let read = |schedule: &'a Schedule| (schedule, Timetable::read(schedule, from, as_of));
        Self(distinct.into_par_iter().map(read).collect())
    }

    /// Returns how the schedule was read.
    ///
    /// # Errors
    ///
    /// The expression that was not understood, with the reason.
    pub fn get(&self, schedule: &Schedule) -> Result<&Timetable, &str> {
        match self.0.get(schedule) {
            Some(Ok(table)) => Ok(table),
            Some(Err(why)) => Err(why),
            None => Err("it was not read"),
        }
    }
}

/// A schedule that was understood.
#[derive(Debug)]
pub struct Timetable {
    /// The firings up to the time of the audit, in order.
    firings: Vec<Instant>,
    /// Since when `firings` holds all of them.
    pub known_from: Instant,
    /// The longest time between two firings; `None` where it fires less than twice in all the past.
    pub longest_interval: Option<TimeDelta>,
    /// Whether firings are known to the minute; those of Jenkins are at times of its own choosing.
    exact: bool,
}

impl Timetable {
    /// Reads a schedule: its firings after `from` and not after `to`.
    ///
    /// # Errors
    ///
    /// The expression that was not understood, with the reason.
    pub fn read(schedule: &Schedule, from: Instant, to: Instant) -> Result<Self, String> {
        let mut exact = true;
        let mut crons = Vec::new();
        for expression in &schedule.expressions {
            let (text, seconds, year) = match schedule.dialect {
                Dialect::Cron => (expression.to_string(), Seconds::Disallowed, Year::Disallowed),
                Dialect::Quartz => (expression.to_string(), Seconds::Required, Year::Optional),
                Dialect::Jenkins => {
                    // Jenkins reads times in a zone that it does not tell, besides the choices of `H`.
                    exact = false;
                    (jenkins(expression), Seconds::Disallowed, Year::Disallowed)
                }
            };
            // Quartz counts days of the week from Sunday = 1, the others from Sunday = 0.
            let parser = CronParser::builder()
                .seconds(seconds)
                .year(year)
                .alternative_weekdays(schedule.dialect == Dialect::Quartz)
                .build();
            crons.push(parser.parse(&text).map_err(|error| format!("`{expression}`: {error}"))?);
        }
        let mut known_from = from;
        let mut firings = Vec::new();
        for cron in &crons {
            let before = firings.len();
            firings.extend(cron.iter_before(to).take(MAX_FIRINGS).take_while(|at| *at > from));
            if firings.len() - before == MAX_FIRINGS {
                known_from = known_from.max(firings.last().copied().unwrap_or(from));
            }
        }
        if firings.len() < 2 {
            // It fires so rarely that one has to look further back.
            firings.extend(crons.iter().flat_map(|cron| cron.iter_before(to).take(3)));
        } else {
            firings.retain(|at| *at >= known_from);
        }
        firings.sort_unstable();
        firings.dedup();
        let longest_interval = firings.windows(2).map(|pair| pair[1] - pair[0]).max();
        Ok(Self { firings, known_from, longest_interval, exact })
    }

    /// Returns the firings between `from` and `to` for which no run started before the next one;
    /// `None` where that time holds no two firings, so that nobody can tell.
    ///
    /// The last firing counts only once the next is due: a run may be late. Firings of Jenkins are
    /// taken for the time of day at which most runs started.
    pub fn missed(&self, runs: &[Run], from: Instant, to: Instant) -> Option<Vec<Instant>> {
        let mut started: Vec<Instant> =
            runs.iter().map(|run| run.started_at).filter(|at| *at >= from && *at <= to).collect();
        started.sort_unstable();
        let first = self.firings.partition_point(|at| *at < from);
        let last = self.firings.partition_point(|at| *at <= to);
        let firings = self.firings.get(first..last).filter(|firings| firings.len() >= 2)?;
        let unanswered = |by: TimeDelta| -> Vec<Instant> {
            let answered = |from: Instant, to: Instant| {
                let first = started.partition_point(|start| *start < from);
                started.get(first).is_some_and(|start| *start < to)
            };
            let due = firings.windows(2).map(|pair| (pair[0] + by, pair[1] + by)).filter(|(_, next)| *next <= to);
            due.filter(|(at, next)| !answered(*at, *next)).map(|(at, _)| at).collect()
        };
        let mut best = unanswered(TimeDelta::zero());
        if !self.exact {
            let step = started.len().div_ceil(MAX_TRIED).max(1);
            for start in started.iter().step_by(step) {
                let before = firings.partition_point(|at| at <= start);
                let Some(firing) = before.checked_sub(1).and_then(|before| firings.get(before)) else { continue };
                let missed = unanswered(*start - *firing);
                if missed.len() < best.len() {
                    best = missed;
                }
            }
        }
        Some(best)
    }
}

/// Returns a Jenkins trigger as plain cron: `H` stands for a number that Jenkins derives from the job's
/// name, here the first of its range.
///
/// <https://www.jenkins.io/doc/book/pipeline/syntax/#cron-syntax>
fn jenkins(expression: &str) -> String {
    let named = match expression.trim() {
        "@yearly" | "@annually" => "H H H H *",
        "@monthly" => "H H H * *",
        "@weekly" => "H H * * H",
        "@daily" => "H H * * *",
        "@midnight" => "H H(0-2) * * *",
        "@hourly" => "H * * * *",
        other => other,
    };
    if named.split_whitespace().count() != 5 {
        // No trigger of Jenkins, which is said by whoever reads it as cron.
        return named.to_owned();
    }
    let first_of = [("0", "59"), ("0", "23"), ("1", "28"), ("1", "12"), ("0", "6")];
    let fields: Vec<String> = named
        .split_whitespace()
        .zip(first_of)
        .map(|(field, (first, last))| {
            field
                .split(',')
                .map(|part| {
                    let Some(rest) = part.strip_prefix('H') else { return part.to_owned() };
                    let (range, step) = match rest.split_once('/') {
                        Some((range, step)) => (range, Some(step)),
                        None => (rest, None),
                    };
                    let bounds = range.strip_prefix('(').and_then(|range| range.strip_suffix(')')?.split_once('-'));
                    let (low, high) = bounds.unwrap_or((first, last));
                    step.map_or_else(|| low.to_owned(), |step| format!("{low}-{high}/{step}"))
                })
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    fields.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::RunOutcome;
    use crate::model::time::parse_instant;

    fn table(dialect: Dialect, expressions: &[&str], until: &str) -> Timetable {
        let expressions = expressions.iter().map(|text| (*text).into()).collect();
        let until = at(until);
        Timetable::read(&Schedule { dialect, disabled: None, expressions, hidden: None }, until - LOOK_BACK, until)
            .unwrap()
    }

    fn at(text: &str) -> Instant {
        parse_instant(text).unwrap()
    }

    fn runs(times: &[&str]) -> Vec<Run> {
        times.iter().map(|time| Run { outcome: RunOutcome::Success, started_at: at(time) }).collect()
    }

    fn interval(dialect: Dialect, text: &str) -> Option<TimeDelta> {
        table(dialect, &[text], "2026-03-20").longest_interval
    }

    #[test]
    fn twice_a_month_leaves_up_to_seventeen_days() {
        assert_eq!(table(Dialect::Cron, &["0 1 2,16 * *"], "2022-06-24").longest_interval, Some(TimeDelta::days(17)));
    }

    #[test]
    fn every_minute_of_twenty_days_leaves_a_hole_of_eleven() {
        let hole = TimeDelta::days(11) + TimeDelta::minutes(1);
        assert_eq!(interval(Dialect::Cron, "* * 1-20 * *"), Some(hole));
    }

    #[test]
    fn once_a_year_leaves_a_year_and_never_leaves_nothing() {
        // One of the last two years was a leap year.
        assert_eq!(interval(Dialect::Cron, "0 3 1 2 *"), Some(TimeDelta::days(366)));
        assert_eq!(interval(Dialect::Cron, "0 3 30 2 *"), None);
    }

    #[test]
    fn of_a_schedule_by_the_second_the_newest_firings_are_known() {
        let table = table(Dialect::Quartz, &["* * * * * ?"], "2026-03-20");
        assert_eq!(table.longest_interval, Some(TimeDelta::seconds(1)));
        assert!(table.known_from > at("2026-03-12") && table.known_from < at("2026-03-14"), "{}", table.known_from);
    }

    #[test]
    fn of_two_expressions_only_the_time_that_both_are_known_for_counts() {
        let table = table(Dialect::Quartz, &["0 0 2 * * ?", "* * * * * ?"], "2026-03-20");
        assert_eq!(table.longest_interval, Some(TimeDelta::seconds(1)));
    }

    #[test]
    fn a_firing_at_the_very_beginning_is_expected() {
        let daily = table(Dialect::Cron, &["0 3 * * *"], "2026-01-05T04:00:00Z");
        let missed = daily.missed(&[], at("2026-01-03T03:00:00Z"), at("2026-01-05T04:00:00Z"));
        assert_eq!(missed, Some(vec![at("2026-01-03T03:00:00Z"), at("2026-01-04T03:00:00Z")]));
    }

    #[test]
    fn quartz_counts_seconds_first_and_sunday_as_one() {
        let weekly = table(Dialect::Quartz, &["0 0 2 ? * 1"], "2026-11-25");
        assert_eq!(weekly.firings.last(), Some(&at("2026-11-22T02:00:00Z")));
        assert_eq!(weekly.longest_interval, Some(TimeDelta::days(7)));
    }

    #[test]
    fn jenkins_hashes_become_intervals() {
        let interval = |text: &str| interval(Dialect::Jenkins, text);
        assert_eq!(interval("H H * * *"), Some(TimeDelta::days(1)));
        assert_eq!(interval("@weekly"), Some(TimeDelta::days(7)));
        assert_eq!(interval("H/15 * * * *"), Some(TimeDelta::minutes(15)));
        assert_eq!(interval("H(0-29)/10 * * * *"), Some(TimeDelta::minutes(40)));
        assert_eq!(interval("H H(0-2) * * 1-5"), Some(TimeDelta::days(3)));
    }

    #[test]
    fn a_run_that_never_started_is_missed_and_a_late_one_is_not() {
        let daily = table(Dialect::Cron, &["0 3 * * *"], "2026-01-05T04:00:00Z");
        let seen = runs(&["2026-01-02T03:50:00Z", "2026-01-04T03:00:00Z"]);
        let missed = daily.missed(&seen, at("2026-01-02"), at("2026-01-05T04:00:00Z"));
        assert_eq!(missed, Some(vec![at("2026-01-03T03:00:00Z")]));
    }

    #[test]
    fn a_single_missing_run_of_a_jenkins_hash_is_found_whatever_it_stands_for() {
        let daily = table(Dialect::Jenkins, &["@daily"], "2026-01-06T12:00:00Z");
        let days = ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-05", "2026-01-06"];
        // A few minutes late each day, once beyond midnight.
        for (time, late) in [("T00:01:00Z", 0), ("T11:20:00Z", 40), ("T23:50:00Z", 5)] {
            let mut seen = runs(&days.map(|day| format!("{day}{time}")).each_ref().map(String::as_str));
            for (index, run) in seen.iter_mut().enumerate() {
                run.started_at += TimeDelta::minutes(late * i64::try_from(index % 3).unwrap());
            }
            let missed = daily.missed(&seen, at("2026-01-01"), at("2026-01-06T12:00:00Z")).unwrap();
            assert_eq!(missed.len(), 1, "{time}: {missed:?}");
            seen.insert(2, runs(&[&format!("2026-01-03{time}")])[0].clone());
            assert_eq!(daily.missed(&seen, at("2026-01-01"), at("2026-01-06T12:00:00Z")), Some(vec![]), "{time}");
        }
    }

    #[test]
    fn a_time_that_holds_no_two_firings_tells_nothing() {
        let daily = table(Dialect::Cron, &["0 3 * * *"], "2026-01-05T04:00:00Z");
        assert_eq!(daily.missed(&[], at("2026-01-04T12:00:00Z"), at("2026-01-05T04:00:00Z")), None);
        assert_eq!(daily.missed(&[], at("2026-01-04"), at("2026-01-05T04:00:00Z")).map(|missed| missed.len()), Some(1));
    }

    #[test]
    fn what_is_not_a_schedule_is_an_error_that_names_it() {
        let schedule =
            Schedule { dialect: Dialect::Cron, disabled: None, expressions: vec!["every day".into()], hidden: None };
        let read = Timetable::read(&schedule, at("2025-01-01"), at("2026-01-01"));
        assert!(read.unwrap_err().contains("every day"));
    }
}
