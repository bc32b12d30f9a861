//! Schedules: when a job should run, and which of its runs are missing.
//!
//! Reads cron, Jenkins and Quartz expressions as UTC; what a missing run means is left to the
//! `runs-on-schedule` control.

use chrono::TimeDelta;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::evidence::{Dialect, Run, Schedule};
use crate::model::time::Instant;

/// How many firings of a schedule are looked at, at most; more make the interval no longer.
const MAX_FIRINGS: usize = 3_000;

/// A schedule that was understood.
#[derive(Debug)]
pub struct Timetable {
    crons: Vec<Cron>,
    /// Whether firings are known to the minute; a Jenkins `H` stands for a time of Jenkins' choosing.
    exact: bool,
}

impl Timetable {
    /// Reads a schedule.
    ///
    /// # Errors
    ///
    /// The expression that was not understood, with the reason.
    pub fn read(schedule: &Schedule) -> Result<Self, String> {
        let mut exact = true;
        let mut crons = Vec::new();
        for expression in &schedule.expressions {
            let (text, seconds, year) = match schedule.dialect {
                Dialect::Cron => (expression.to_string(), Seconds::Disallowed, Year::Disallowed),
                Dialect::Quartz => (expression.to_string(), Seconds::Required, Year::Optional),
                Dialect::Jenkins => {
                    let (text, known) = jenkins(expression);
                    exact &= known;
                    (text, Seconds::Disallowed, Year::Disallowed)
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
        Ok(Self { crons, exact })
    }

    /// Returns the firings after `from` and not after `to`, in order, at most a few thousand of the
    /// newest.
    fn firings(&self, from: Instant, to: Instant) -> Vec<Instant> {
        let mut firings: Vec<Instant> = self
            .crons
            .iter()
            .flat_map(|cron| cron.iter_before(to).take(MAX_FIRINGS).take_while(|at| *at > from))
            .collect();
        firings.sort_unstable();
        firings.dedup();
        firings
    }

    /// Returns the longest time between two firings in the year before `at`; `None` where it fires
    /// less than twice.
    pub fn longest_interval(&self, at: Instant) -> Option<TimeDelta> {
        let firings = self.firings(at - TimeDelta::days(366), at);
        firings.windows(2).map(|pair| pair[1] - pair[0]).max()
    }

    /// Returns the firings between `from` and `to` for which no run started before the next one.
    ///
    /// The last firing counts only once the next is due: a run may be late. Where firings are not
    /// known to the minute, the gaps between runs are measured instead.
    pub fn missed(&self, runs: &[Run], from: Instant, to: Instant) -> Vec<Instant> {
        let mut started: Vec<Instant> = runs.iter().map(|run| run.started_at).collect();
        started.sort_unstable();
        if !self.exact {
            let Some(interval) = self.longest_interval(to) else { return Vec::new() };
            // Jenkins keeps a job's time of day, so twice the interval never passes between two runs.
            let bounds: Vec<Instant> = std::iter::once(from).chain(started).chain(std::iter::once(to)).collect();
            let late = bounds.windows(2).filter(|pair| pair[1] - pair[0] > interval * 2);
            return late.map(|pair| pair[0] + interval).collect();
        }
        let firings = self.firings(from, to);
        let answered = |from: Instant, to: Instant| {
            let first = started.partition_point(|start| *start < from);
            started.get(first).is_some_and(|start| *start < to)
        };
        firings.windows(2).filter(|pair| !answered(pair[0], pair[1])).map(|pair| pair[0]).collect()
    }
}

/// Returns a Jenkins trigger as plain cron, and whether that is exact: `H` stands for a number that
/// Jenkins derives from the job's name, here the first of its range.
///
/// <https://www.jenkins.io/doc/book/pipeline/syntax/#cron-syntax>
fn jenkins(expression: &str) -> (String, bool) {
    let named = match expression.trim() {
        "@yearly" | "@annually" => "H H H H *",
        "@monthly" => "H H H * *",
        "@weekly" => "H H * * H",
        "@daily" => "H H * * *",
        "@midnight" => "H H(0-2) * * *",
        "@hourly" => "H * * * *",
        other => other,
    };
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
    (fields.join(" "), !named.contains('H'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::RunOutcome;
    use crate::model::time::parse_instant;

    fn table(dialect: Dialect, expressions: &[&str]) -> Timetable {
        let expressions = expressions.iter().map(|text| (*text).into()).collect();
        Timetable::read(&Schedule { dialect, disabled: None, expressions }).unwrap()
    }

    fn at(text: &str) -> Instant {
        parse_instant(text).unwrap()
    }

    fn runs(times: &[&str]) -> Vec<Run> {
        times.iter().map(|time| Run { outcome: RunOutcome::Success, started_at: at(time) }).collect()
    }

    #[test]
    fn twice_a_month_leaves_up_to_seventeen_days() {
        let longest = table(Dialect::Cron, &["0 1 2,16 * *"]).longest_interval(at("2022-06-24"));
        assert_eq!(longest, Some(TimeDelta::days(17)));
    }

    #[test]
    fn quartz_counts_seconds_first_and_sunday_as_one() {
        let weekly = table(Dialect::Quartz, &["0 0 2 ? * 1"]);
        let sunday = weekly.firings(at("2026-11-20"), at("2026-11-25"));
        assert_eq!(sunday, [at("2026-11-22T02:00:00Z")]);
        assert_eq!(weekly.longest_interval(at("2026-11-25")), Some(TimeDelta::days(7)));
    }

    #[test]
    fn jenkins_hashes_become_intervals() {
        let interval = |text: &str| table(Dialect::Jenkins, &[text]).longest_interval(at("2026-03-20"));
        assert_eq!(interval("H H * * *"), Some(TimeDelta::days(1)));
        assert_eq!(interval("@weekly"), Some(TimeDelta::days(7)));
        assert_eq!(interval("H/15 * * * *"), Some(TimeDelta::minutes(15)));
        assert_eq!(interval("H(0-29)/10 * * * *"), Some(TimeDelta::minutes(40)));
        assert_eq!(interval("H H(0-2) * * 1-5"), Some(TimeDelta::days(3)));
    }

    #[test]
    fn a_run_that_never_started_is_missed_and_a_late_one_is_not() {
        let daily = table(Dialect::Cron, &["0 3 * * *"]);
        let seen = runs(&["2026-01-02T03:50:00Z", "2026-01-04T03:00:00Z"]);
        let missed = daily.missed(&seen, at("2026-01-02"), at("2026-01-05T04:00:00Z"));
        assert_eq!(missed, [at("2026-01-03T03:00:00Z")]);
    }

    #[test]
    fn what_is_not_a_schedule_is_an_error_that_names_it() {
        let schedule = Schedule { dialect: Dialect::Cron, disabled: None, expressions: vec!["every day".into()] };
        assert!(Timetable::read(&schedule).unwrap_err().contains("every day"));
    }
}
