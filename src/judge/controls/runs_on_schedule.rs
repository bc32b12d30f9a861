//! `runs-on-schedule`: the job runs as often as it should, and that is often enough.
//!
//! Judges the job; what it produced is the other controls' question.

use super::{About, AssetContext, Control, Drafts};
use crate::evidence::{Run, RunOutcome, Schedule};
use crate::judge::copy_state::CopyState;
use crate::judge::runs::History;
use crate::judge::schedule::Timetable;
use crate::judge::seen::Noted;
use crate::model::time::{Instant, human, human_length};
use crate::model::{ControlId, Timespan, Verdict};

/// The control.
pub(super) struct RunsOnSchedule;

static ABOUT: About = About {
    id: ControlId::RunsOnSchedule,
    asks: "No expected run of the backup job is missing, and its schedule is not slower than the RPO.",
    why: "A job that never starts raises no error: schedules are disabled after 60 idle days, runners vanish, triggers are edited away.",
    remedy: "Enable the job, make its schedule at least as fast as the RPO, and find out why runs are missing.",
    asked: "Of each copy whose job or schedule can be seen: `workflow`, `build`, `replication`, `backup-config`, and imports that tell theirs.",
    standards: &["NIST SP 800-53 CP-9", "CIS v8 11.2", "ISO/IEC 27001:2022 A.8.13", "SOC 2 A1.2"],
};

impl Control for RunsOnSchedule {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        for state in asset.states {
            if state.method().is_scheduled() || !state.schedules.is_empty() {
                // Of schedules told of one time the worse counts.
                let each = state.schedules.iter().map(|schedule| judge(asset, state, schedule.fact));
                let worst = each.reduce(|a, b| if b.0 > a.0 { b } else { a });
                let (verdict, because) = worst
                    .unwrap_or_else(|| (Verdict::Unknown, format!("its schedule was not seen: {}", state.because)));
                out.copy(state, verdict, because, state.copy.at());
            }
        }
    }
}

fn judge(asset: &AssetContext<'_, '_>, state: &CopyState<'_>, schedule: &Schedule) -> (Verdict, String) {
    if let Some(why) = &schedule.disabled {
        return (Verdict::Gap, format!("the job does not run: {why}"));
    }
    if let Some(why) = &schedule.hidden {
        return (Verdict::Unknown, format!("its schedule is not told: {why}"));
    }
    if schedule.expressions.is_empty() {
        return (Verdict::Gap, "nothing triggers the job: it has no schedule".to_owned());
    }
    let expressions = schedule.expressions.join(" and ");
    let table = match asset.audit.timetables.get(schedule) {
        Ok(table) => table,
        Err(why) => return (Verdict::Unknown, format!("its schedule was not understood: {why}")),
    };
    let as_of = asset.as_of();
    let Some(interval) = table.longest_interval else {
        return (Verdict::Gap, format!("the schedule {expressions} never fires twice"));
    };
    let pace = format!("schedule {expressions} leaves up to {}", human_length(interval));
    let Some(rpo) = asset.rpo() else {
        return (Verdict::Unknown, format!("{pace}; whether that is enough is unknown, for the RPO is"));
    };
    if rpo.after(as_of - interval) < as_of {
        return (Verdict::Gap, format!("{pace}, slower than the RPO of {rpo}"));
    }
    let Some(looked) = state.runs.iter().map(Noted::at).max() else {
        return (Verdict::Unknown, format!("{pace}; its runs were not seen"));
    };
    // A short period tells little of a schedule, so a few firings are looked at in any case.
    let wanted = asset.audit.period.from.min(as_of - interval * 3).max(table.known_from);
    let (verdict, because) = runs(&History::of(&state.runs), table, wanted, looked, rpo, as_of);
    (verdict, format!("{pace}; {because}"))
}

/// Judges the runs that were seen since `wanted`, the last time at `looked`.
fn runs(
    history: &History,
    table: &Timetable,
    wanted: Instant,
    looked: Instant,
    rpo: Timespan,
    as_of: Instant,
) -> (Verdict, String) {
    let complete = !history.whole.is_empty();
    let stretches = if complete { &history.whole } else { &history.told };
    let stretches: Vec<(Instant, Instant)> =
        stretches.iter().map(|(from, to)| (wanted.max(*from), *to)).filter(|(from, to)| from <= to).collect();
    let each = stretches.iter().map(|(from, to)| table.missed(&history.runs, *from, *to));
    let each: Vec<Option<Vec<Instant>>> = each.collect();
    let (Some((first, _)), Some((from, to)), Some(Some(_))) = (stretches.first(), stretches.last(), each.last()) else {
        return (Verdict::Unknown, "its runs were seen for too short a time to tell".to_owned());
    };
    let missed: Vec<Instant> = each.into_iter().flatten().flatten().collect();
    let seen: Vec<&Run> = history.runs.iter().filter(|run| (*first..=looked).contains(&run.started_at)).collect();
    let count = |is: &dyn Fn(&Run) -> bool| seen.iter().filter(|run| is(run)).count();
    let has_failed = |run: &Run| matches!(run.outcome, RunOutcome::Failure | RunOutcome::Unstable);
    let (ended, failed) = (count(&|run| run.outcome != RunOutcome::Running), count(&has_failed));
    if failed > 0 && failed == ended {
        return (Verdict::Gap, format!("none of its {failed} runs since {} succeeded", human(*first)));
    }
    // What failed since then is not made good yet, and should be.
    let succeeded = seen.iter().filter(|run| run.outcome == RunOutcome::Success).map(|run| run.started_at).max();
    let overdue = succeeded.filter(|succeeded| rpo.after(*succeeded) < looked);
    let is_since = |run: &Run| overdue.is_some_and(|succeeded| run.started_at > succeeded);
    let failed_since = count(&|run| is_since(run) && has_failed(run));
    if let Some(succeeded) = overdue.filter(|_| complete && failed_since > 0) {
        let because = format!("none has succeeded since {}, longer than the RPO of {rpo} ago", human(succeeded));
        return (Verdict::Gap, format!("{because}; {} since then", runs_failed(failed_since)));
    }
    let hanging = seen.iter().find(|run| is_since(run) && rpo.after(run.started_at) < looked);
    let prefix = if failed == 0 { String::new() } else { format!("{}; ", runs_failed(failed)) };
    let (verdict, because) = match missed.first() {
        Some(earliest) if complete => {
            let are = if missed.len() == 1 { "1 expected run is" } else { "expected runs are" };
            let many = if missed.len() == 1 { String::new() } else { format!("{} ", missed.len()) };
            let because = format!("{many}{are} missing since {}, the first of {}", human(*first), human(*earliest));
            (Verdict::Gap, because)
        }
        _ if !complete => (Verdict::Unknown, "not all of its runs were seen".to_owned()),
        _ if ended == 0 => (Verdict::Unknown, format!("none of its runs since {} has ended", human(*first))),
        _ if hanging.is_some() => {
            let since = hanging.map(|run| human(run.started_at)).unwrap_or_default();
            (Verdict::Unknown, format!("none has ended since {since}"))
        }
        _ if rpo.after(*to) < as_of => (Verdict::Unknown, format!("its runs were last looked at on {}", human(*to))),
        _ => (Verdict::Met, format!("no run is missing since {}", human(*from))),
    };
    (verdict, format!("{prefix}{because}"))
}

fn runs_failed(count: usize) -> String {
    if count == 1 { "1 run failed".to_owned() } else { format!("{count} runs failed") }
}
