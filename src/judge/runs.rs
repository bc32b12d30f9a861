//! Runs of a backup job: what several lists of them tell together.
//!
//! A newer list replaces an older one for the time that it covers, as listings of recovery points do;
//! which runs are missing is left to `schedule`, what that means to the `runs-on-schedule` control.

use std::collections::BTreeSet;

use super::exposure::merged;
use super::seen::Noted;
use crate::evidence::{Run, RunOutcome, Runs};
use crate::model::time::Instant;

/// What is known of the runs of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Stretches for which every run is listed, from and to, in order.
    pub whole: Vec<(Instant, Instant)>,
    /// Stretches that some list tells of, if only in part.
    pub told: Vec<(Instant, Instant)>,
    /// The runs, in order of their start.
    pub runs: Vec<Run>,
}

impl History {
    /// Returns what `lists` tell together.
    pub fn of(lists: &[Noted<'_, Runs>]) -> Self {
        let mut lists: Vec<Noted<'_, Runs>> = lists.to_vec();
        lists.sort_by_key(|list| (std::cmp::Reverse(list.at()), list.digest()));
        let mut whole: Vec<(Instant, Instant)> = Vec::new();
        let mut runs: Vec<Run> = Vec::new();
        let mut told: BTreeSet<Instant> = BTreeSet::new();
        for of_one_time in lists.chunk_by(|a, b| a.at() == b.at()) {
            let rivals: Vec<Rival> = if of_one_time.len() > 1 {
                of_one_time.iter().map(|list| Rival::of(list.fact)).collect()
            } else {
                Vec::new()
            };
            let first = runs.len();
            for (index, list) in of_one_time.iter().enumerate() {
                let is_replaced = |run: &Run| {
                    told.contains(&run.started_at)
                        || whole.iter().any(|(from, to)| (*from..=*to).contains(&run.started_at))
                };
                let agreed =
                    |run: &Run| rivals.iter().enumerate().all(|(other, rival)| other == index || rival.agrees(run));
                // What an earlier list of this time told is told already.
                let before = |run: &Run| rivals.iter().take(index).any(|rival| rival.tells(run));
                let more = list.fact.runs.iter().filter(|run| !is_replaced(run) && agreed(run) && !before(run));
                runs.extend(more.cloned());
            }
            if of_one_time.len() < lists.len() {
                told.extend(runs[first..].iter().map(|run| run.started_at));
            }
            whole.extend(of_one_time.iter().filter(|list| list.fact.complete).map(stretch));
            whole = merged(whole);
        }
        runs.sort_by_key(|run| run.started_at);
        Self { whole, told: merged(lists.iter().map(stretch).collect()), runs }
    }
}

fn stretch(list: &Noted<'_, Runs>) -> (Instant, Instant) {
    (list.fact.from.min(list.at()), list.at())
}

/// A list of the same time as others. Of what two of them tell the worse counts: a run that one does not
/// have did not start, and one that ended in two ways failed.
struct Rival {
    /// Since when it has every run; `None` where it may lack some.
    whole_since: Option<Instant>,
    runs: BTreeSet<(Instant, RunOutcome)>,
}

impl Rival {
    fn of(list: &Runs) -> Self {
        let runs = list.runs.iter().map(|run| (run.started_at, run.outcome)).collect();
        Self { whole_since: list.complete.then_some(list.from), runs }
    }

    fn tells(&self, run: &Run) -> bool {
        self.runs.contains(&(run.started_at, run.outcome))
    }

    /// Returns whether it leaves the run of another list as it is.
    fn agrees(&self, run: &Run) -> bool {
        let mut known = RunOutcome::ALL.iter().filter(|outcome| self.runs.contains(&(run.started_at, **outcome)));
        if known.next().is_none() {
            return self.whole_since.is_none_or(|since| run.started_at < since);
        }
        run.outcome != RunOutcome::Success || self.tells(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Fact, Observation};
    use crate::model::time::parse_instant;

    fn at(hour: u32) -> Instant {
        parse_instant(&format!("2026-01-01T{hour:02}:00:00Z")).unwrap()
    }

    /// A list observed at `observed`, of all runs since `from` where there is one.
    fn list(observed: u32, from: Option<u32>, runs: &[(u32, RunOutcome)]) -> Observation {
        let runs = runs.iter().map(|(hour, outcome)| Run { outcome: *outcome, started_at: at(*hour) }).collect();
        let fact = Runs { complete: from.is_some(), from: at(from.unwrap_or(0)), runs };
        Observation::new(Fact::Runs(fact), at(observed)).seal().unwrap()
    }

    type Told = (Vec<(u32, RunOutcome)>, Vec<(Instant, Instant)>);

    fn history(lists: &[Observation]) -> Told {
        let noted = lists.iter().filter_map(|observation| match &observation.fact {
            Fact::Runs(fact) => Some(Noted::new(fact, observation)),
            _ => None,
        });
        let noted: Vec<Noted<'_, Runs>> = noted.collect();
        let known = History::of(&noted);
        let reversed: Vec<Noted<'_, Runs>> = noted.iter().rev().copied().collect();
        assert_eq!(known, History::of(&reversed));
        let hour = |at: Instant| u32::try_from((at - self::at(0)).num_hours()).unwrap();
        (known.runs.iter().map(|run| (hour(run.started_at), run.outcome)).collect(), known.whole)
    }

    use RunOutcome::{Failure, Running, Success};

    #[test]
    fn a_newer_list_replaces_what_an_older_one_says_of_its_time_and_nothing_else() {
        let old = list(10, Some(0), &[(1, Success), (8, Running), (9, Success)]);
        let new = list(12, Some(7), &[(8, Failure), (11, Success)]);
        let (runs, whole) = history(&[old, new]);
        assert_eq!(runs, [(1, Success), (8, Failure), (11, Success)]);
        assert_eq!(whole, [(at(0), at(12))]);
    }

    #[test]
    fn a_list_that_is_not_whole_takes_nothing_away_but_tells_how_a_run_ended() {
        let old = list(10, Some(0), &[(1, Success), (9, Running)]);
        let new = list(12, None, &[(9, Failure), (11, Failure)]);
        let (runs, whole) = history(&[old, new]);
        assert_eq!(runs, [(1, Success), (9, Failure), (11, Failure)]);
        assert_eq!(whole, [(at(0), at(10))]);
    }

    #[test]
    fn of_two_lists_of_one_time_the_worse_counts_run_by_run() {
        let one = list(10, Some(0), &[(1, Success), (2, Success), (3, Success)]);
        let other = list(10, Some(2), &[(2, Failure), (4, Success)]);
        let (runs, _) = history(&[one, other]);
        assert_eq!(runs, [(1, Success), (2, Failure)], "3 and 4 are in one of the lists alone");
    }

    #[test]
    fn time_between_two_lists_is_known_to_neither() {
        let (_, whole) = history(&[list(3, Some(1), &[]), list(9, Some(6), &[])]);
        assert_eq!(whole, [(at(1), at(3)), (at(6), at(9))]);
    }
}
