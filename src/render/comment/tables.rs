//! The lists of a comment: verdicts that turned, demands that changed, gaps, unknowns, what was not seen.
//!
//! How many of their rows fit is left to `fit`.

use super::fit::Block;
use super::{MAX_NAMES, shown, verdict};
use crate::model::Verdict;
use crate::render::phrases;
use crate::report::changes::{Change, Changes, Effect, Subject, Way};
use crate::report::{Finding, Report};

/// How many rows a list may have before it is folded.
const OPEN_ROWS: usize = 12;

/// The words for the verdict by the old policy where nobody looked at the place that it names.
const UNLOOKED: &str = "not looked at";

/// The verdicts that the change turns: assets first, then findings.
pub(super) fn verdicts(changes: &Changes) -> Block<'_> {
    let mark = |way: Way, bold: &str| if way == Way::Other { bold.to_owned() } else { format!("**{bold}**") };
    let assets = changes.assets.iter().map(move |moved| {
        let after = if moved.after.is_none() { "not audited" } else { verdict(moved.after) };
        let before = match moved.before {
            _ if moved.is_unlooked => UNLOOKED,
            None => "not audited",
            before => verdict(before),
        };
        let why = match (moved.before, moved.after) {
            (Some(_), None) => format!("the policy no longer has it; open findings: {}", moved.open),
            _ if moved.is_unlooked => "it lay elsewhere before".to_owned(),
            (None, Some(_)) => format!("the policy has it now; open findings: {}", moved.open),
            _ => "its findings below".to_owned(),
        };
        format!("| asset {} | {before} | {} | {why} |\n", shown(&moved.id), mark(moved.way(), after))
    });
    let turns = changes.turns.iter().map(move |turn| {
        let after = mark(turn.way(), verdict(turn.after));
        // What was wrong is as wrong as before.
        let still = match turn.after {
            None => "was: ",
            Some(Verdict::Accepted) => "waived: ",
            Some(Verdict::New) => "in its grace: ",
            Some(_) => "",
        };
        let before = if turn.is_unlooked { UNLOOKED } else { verdict(turn.before) };
        format!("| {} | {before} | {after} | {still}{} |\n", shown(&turn.id), shown(&turn.because))
    });
    let count = changes.assets.len() + changes.turns.len();
    let rows = Box::new(assets.chain(turns));
    let head = "| what | before | with this change | because |\n| --- | --- | --- | --- |\n";
    list("Verdicts that change", head, (count, rows), ("changed verdict", "changed verdicts"), OPEN_ROWS)
}

/// What the change asks less, otherwise or more.
pub(super) fn asks(changes: &Changes) -> Block<'_> {
    let rows = (changes.asks.len(), Box::new(changes.asks.iter().map(ask)) as Rows<'_>);
    let head = "| | what | before | with this change | of |\n| --- | --- | --- | --- | --- |\n";
    list("What is asked, accepted or claimed otherwise", head, rows, ("change", "changes"), OPEN_ROWS)
}

/// Returns in a few words what has that effect, each once: `asset removed, rpo, waiver`.
pub(super) fn labels(changes: &Changes, effect: Effect) -> String {
    let mut labels: Vec<String> = Vec::new();
    for change in changes.asks.iter().filter(|change| change.effect == effect) {
        let (kind, _) = about(&change.about);
        let label = match (&change.key, &change.before) {
            (Some(key), _) if matches!(kind, "asset" | "policy") => key.clone(),
            (Some(key), _) => format!("{kind}'s {key}"),
            (None, None) => format!("{kind} added"),
            (None, Some(_)) => format!("{kind} removed"),
        };
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    phrases::names(labels.iter().map(String::as_str), MAX_NAMES)
}

fn ask(change: &Change) -> String {
    let effect = match change.effect {
        Effect::Weaker => "**asks less**",
        Effect::Different => "other",
        Effect::Stronger => "asks more",
    };
    let (kind, names) = about(&change.about);
    let what = match (&change.key, &change.before, &change.after) {
        (Some(key), ..) => shown(key),
        (None, None, _) => format!("{kind} added"),
        (None, Some(_), None) => format!("**{kind} removed**"),
        (None, Some(_), Some(_)) => kind.to_owned(),
    };
    let of = if change.key.is_some() && kind != "policy" { format!("{kind} {names}") } else { names };
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "–".to_owned(), shown);
    format!("| {effect} | {what} | {} | {} | {of} |\n", value(&change.before), value(&change.after))
}

/// Returns what kind of thing a change is about, and the names of those.
fn about(subjects: &[Subject]) -> (&'static str, String) {
    let name = |subject: &Subject| match subject {
        Subject::Policy => ("policy", "the policy".to_owned()),
        Subject::Asset(id) => ("asset", id.clone()),
        Subject::Copy(asset, copy) => ("copy", format!("{asset}:{copy}")),
        Subject::Waiver(name) => ("waiver", name.clone()),
        Subject::Exclusion(name) => ("exclusion", name.clone()),
        Subject::System(id) => ("system", id.clone()),
        Subject::RestoreTest(name) => ("restore test", name.clone()),
    };
    let named: Vec<(&str, String)> = subjects.iter().map(name).collect();
    let kind = named.first().map_or("policy", |(kind, _)| kind);
    (kind, shown(&phrases::names(named.iter().map(|(_, name)| name.as_str()), MAX_NAMES)))
}

/// Open findings, folded.
pub(super) fn findings<'f>(title: &str, findings: impl Iterator<Item = &'f Finding> + Clone + 'f) -> Block<'f> {
    let row = |finding: &Finding| {
        format!("| {} | {} | {} |\n", finding.severity, shown(&finding.id()), shown(&finding.because))
    };
    let head = "| severity | finding | because |\n| --- | --- | --- |\n";
    let rows = (findings.clone().count(), Box::new(findings.map(row)) as Rows<'_>);
    list(title, head, rows, ("open finding", "open findings"), 0)
}

/// What the audit could not see, folded.
pub(super) fn unseen(report: &Report) -> Block<'_> {
    let rows = report.unseen.iter().map(|entry| {
        let identity = entry.identity.as_deref().unwrap_or("nobody");
        format!("| {} | {} | {} | {} |\n", shown(&entry.system), entry.reason, shown(&entry.what), shown(identity))
    });
    let head = "| system | why | what | as |\n| --- | --- | --- | --- |\n";
    let rows = (report.unseen.len(), Box::new(rows) as Rows<'_>);
    list("What the audit could not see", head, rows, ("question", "questions"), 0)
}

/// Rows that are made when they are shown.
type Rows<'r> = Box<dyn Iterator<Item = String> + 'r>;

/// Returns a list under its title, folded where it has more than `open` rows.
fn list<'r>(
    title: &str,
    head: &str,
    (count, rows): (usize, Rows<'r>),
    names: (&'static str, &'static str),
    open: usize,
) -> Block<'r> {
    let (head, foot) = if count > open {
        (format!("\n<details><summary><b>{title}</b> ({count})</summary>\n\n{head}"), "\n</details>\n".to_owned())
    } else {
        (format!("\n**{title}** ({count})\n\n{head}"), String::new())
    };
    Block { head, count, rows, foot, names }
}
