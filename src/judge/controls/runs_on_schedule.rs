//! `runs-on-schedule`: the job runs as often as it should, and that is often enough.
//!
//! Judges the job; what it produced is the other controls' question.

use super::{About, AssetContext, Control, Drafts};
use crate::evidence::RunOutcome;
use crate::judge::copy_state::CopyState;
use crate::model::time::{human, human_length};
use crate::model::{ControlId, Verdict};

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
            if state.method().is_scheduled() || state.schedule.is_some() {
                let (verdict, because) = judge(asset, state);
                out.copy(state, verdict, because, state.copy.at());
            }
        }
    }
}

fn judge(asset: &AssetContext<'_, '_>, state: &CopyState<'_>) -> (Verdict, String) {
    let Some(schedule) = state.schedule else {
        return (Verdict::Unknown, format!("its schedule was not seen: {}", state.because));
    };
    if let Some(why) = &schedule.fact.disabled {
        return (Verdict::Gap, format!("the job does not run: {why}"));
    }
    if schedule.fact.expressions.is_empty() {
        return (Verdict::Gap, "nothing triggers the job: it has no schedule".to_owned());
    }
    let expressions = schedule.fact.expressions.join(" and ");
    let table = match asset.audit.timetables.get(schedule.fact) {
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
    let Some(runs) = state.runs else {
        return (Verdict::Unknown, format!("{pace}; its runs were not seen"));
    };
    // A short period tells little of a schedule, so a few firings are looked at in any case.
    let wanted = asset.audit.period.from.min(as_of - interval * 3);
    let (from, to) = (runs.fact.from.max(wanted).max(table.known_from), runs.at().min(as_of));
    let Some(missed) = table.missed(&runs.fact.runs, from, to) else {
        return (Verdict::Unknown, format!("{pace}; its runs were seen for too short a time to tell"));
    };
    let ended = || {
        runs.fact.runs.iter().filter(|run| (from..=to).contains(&run.started_at) && run.outcome != RunOutcome::Running)
    };
    let ended_at_all = ended().count();
    let failed = ended().filter(|run| run.outcome != RunOutcome::Success).count();
    if failed > 0 && failed == ended_at_all {
        return (Verdict::Gap, format!("{pace}; none of its {failed} runs since {} succeeded", human(from)));
    }
    let pace = match failed {
        0 => pace,
        1 => format!("{pace}; 1 run failed"),
        _ => format!("{pace}; {failed} runs failed"),
    };
    let stale = rpo.after(to) < as_of;
    match missed.first() {
        Some(first) if runs.fact.complete => (
            Verdict::Gap,
            format!(
                "{pace}; {} missing since {}, the first of {}",
                if missed.len() == 1 {
                    "1 expected run is".to_owned()
                } else {
                    format!("{} expected runs are", missed.len())
                },
                human(from),
                human(*first)
            ),
        ),
        _ if !runs.fact.complete => (Verdict::Unknown, format!("{pace}; not all of its runs were seen")),
        _ if ended_at_all == 0 => {
            (Verdict::Unknown, format!("{pace}; none of its runs since {} has ended", human(from)))
        }
        _ if stale => (Verdict::Unknown, format!("{pace}; its runs were last looked at on {}", human(to))),
        _ => (Verdict::Met, format!("{pace}; no run is missing since {}", human(from))),
    }
}
