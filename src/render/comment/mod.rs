//! The comment under a pull request: what is wrong, what the change does, what to decide, at one look.
//!
//! Which comment it becomes is left to `post`; lists that do not fit are cut by `fit`.

mod fit;
mod tables;

use std::io;

use super::{Look, RenderError, Renderer, escape, phrases};
use crate::model::Verdict;
use crate::model::time::human;
use crate::report::changes::{Changes, Effect, Way};
use crate::report::{AssetCounts, Report, rank};
use fit::Fit;

/// The most bytes of a comment. GitHub takes 65,536 characters; no counting of characters gives more of
/// them than there are bytes.
pub const MAX_BYTES: usize = 65_536;

/// How many decisions stand on top.
const MAX_DECISIONS: usize = 3;
/// How many names one cell lists.
const MAX_NAMES: usize = 6;

/// What stands in a comment besides the report.
#[derive(Debug, Default)]
pub struct Extras<'e> {
    /// The hidden first line by which the comment is found again; `None` for none.
    pub marker: Option<&'e str>,
    /// What the change of the policy does; `None` where nothing was compared.
    pub changes: Option<&'e Changes>,
    /// The files that are imported as evidence and differ from those before the change.
    pub changed_imports: &'e [String],
    /// Why nothing was compared, where somebody would expect it; `None` for no word about it.
    pub not_compared: Option<&'e str>,
    /// The commit that was judged; `None` where the comment cannot say.
    pub commit: Option<&'e str>,
    /// Where the whole report is, a URL; `None` where the comment cannot say.
    pub report_url: Option<&'e str>,
}

/// The renderer of the comment for a policy that is compared with none.
pub(super) struct Comment;

impl Renderer for Comment {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        Ok(out.write_all(text(report, &Extras::default()).as_bytes())?)
    }
}

/// Returns the comment, at most `MAX_BYTES` long, ending in one newline. What does not fit is left out
/// row by row, and the comment says how much that is.
pub fn text(report: &Report, extras: &Extras<'_>) -> String {
    let mut fit = Fit::new(MAX_BYTES, &closing(report, extras));
    if let Some(marker) = extras.marker {
        fit.always(&format!("{marker}\n"));
    }
    fit.always(&heading(report, extras));
    if let Some(changes) = extras.changes {
        fit.always(&effect(report, changes));
        if !extras.changed_imports.is_empty() {
            let files = phrases::names(extras.changed_imports.iter().map(String::as_str), MAX_NAMES);
            fit.always(&format!(
                "\n**Evidence changes with the policy**: {}. Both policies were judged by the imported files as this change has them.\n",
                shown(&files)
            ));
        }
        for block in [tables::asks(changes), tables::verdicts(changes)] {
            fit.block(block);
        }
    } else if let Some(why) = extras.not_compared {
        fit.always(&format!(
            "\n### What this change does\n\n**Not compared**: {}. Whether less is asked than before, this comment cannot tell.\n",
            shown(why)
        ));
    }
    fit.always(&counts(report, extras.changes));
    fit.always(&decisions(report));
    let ranked = rank::by_consequence(report);
    for (title, wanted) in [("Gaps", Verdict::Gap), ("Unknowns: what nobody can tell", Verdict::Unknown)] {
        fit.block(tables::findings(title, ranked.iter().copied().filter(|finding| finding.verdict == wanted)));
    }
    fit.block(tables::unseen(report));
    fit.finish()
}

/// Returns text of the policy or of a system as Markdown shows it, for one line.
fn shown(text: &str) -> String {
    escape::markdown_text(&escape::line(text))
}

fn verdict(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("not asked", phrases::verdict)
}

fn some(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Returns the comment that stands in for one where nothing was judged, so that what an earlier run said is
/// not taken for what is.
pub fn nothing_judged(why: &str, extras: &Extras<'_>) -> String {
    let whole = extras.report_url.map_or_else(String::new, |url| format!("[The run that failed]({}). ", link(url)));
    let closing = format!("\n---\n{whole}{} {}.\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut fit = Fit::new(MAX_BYTES, &closing);
    if let Some(marker) = extras.marker {
        fit.always(&format!("{marker}\n"));
    }
    let commit = extras.commit.map_or_else(String::new, |commit| format!(" of commit `{commit}`"));
    fit.always(&format!(
        "## Nothing was judged\n\nNothing{commit} was judged: {}. What this comment said before was of an earlier commit. What was not judged is not met.\n",
        shown(why)
    ));
    fit.finish()
}

fn heading(report: &Report, extras: &Extras<'_>) -> String {
    let commit = extras.commit.map_or_else(String::new, |commit| format!(" at commit `{commit}`"));
    let only = report.only.as_ref().map_or_else(String::new, |only| {
        let patterns = phrases::names(only.ids.iter().map(String::as_str), MAX_NAMES);
        format!("\n**Not the whole policy**: only assets that match {} are shown and counted.\n", shown(&patterns))
    });
    format!(
        "## {}: {}\n\n**{}** as of {}{commit}. {}\n{only}",
        phrases::verdict(report.verdict),
        shown(&report.policy.title),
        phrases::verdict(report.verdict),
        human(report.as_of),
        shown(&phrases::verdict_line(report)),
    )
}

/// What the change does, in a few lines: the worst first.
fn effect(report: &Report, changes: &Changes) -> String {
    let mut lines = Vec::new();
    let gone: Vec<&str> = changes.assets.iter().filter(|one| one.after.is_none()).map(|one| one.id.as_str()).collect();
    if !gone.is_empty() {
        let open: usize = changes.assets.iter().filter(|one| one.after.is_none()).map(|one| one.open).sum();
        lines.push(format!(
            "**{} audited any more**: {}; {} with {}.",
            some(gone.len(), "asset is not", "assets are not"),
            shown(&phrases::names(gone.iter().copied(), MAX_NAMES)),
            some(open, "open finding goes", "open findings go"),
            if gone.len() == 1 { "it" } else { "them" },
        ));
    }
    let turned = |way: Way| changes.turns.iter().filter(move |turn| turn.way() == way);
    let closed = turned(Way::Closed).count();
    if closed > 0 {
        let accepted = turned(Way::Closed).filter(|turn| turn.after == Some(Verdict::Accepted)).count();
        let waived = if accepted > 0 { format!(" ({accepted} by a waiver)") } else { String::new() };
        lines.push(format!(
            "**{} open any more{waived}, and no backup is better for it.**",
            some(closed, "finding is not", "findings are not"),
        ));
    }
    let weaker = tables::labels(changes, Effect::Weaker);
    if !weaker.is_empty() {
        lines.push(format!("**Less is asked, or more is accepted**: {}.", shown(&weaker)));
    }
    let opened = turned(Way::Opened).count();
    if opened > 0 {
        lines.push(format!("{} open now.", some(opened, "finding that was not is", "findings that were not are")));
    }
    let other = tables::labels(changes, Effect::Different);
    if !other.is_empty() {
        lines.push(format!("Looked at or claimed otherwise: {}.", shown(&other)));
    }
    let stronger = tables::labels(changes, Effect::Stronger);
    if !stronger.is_empty() {
        lines.push(format!("More is asked, or less is accepted: {}.", shown(&stronger)));
    }
    if lines.is_empty() && changes.assets.is_empty() && changes.turns.is_empty() {
        return "\n### What this change does\n\nNothing: no demand, waiver, claim or verdict differs.\n".to_owned();
    }
    let verdicts = if changes.base.verdict == report.verdict {
        format!("The verdict stays {}.", phrases::verdict(report.verdict))
    } else {
        format!(
            "The verdict goes from {} to {}.",
            phrases::verdict(changes.base.verdict),
            phrases::verdict(report.verdict)
        )
    };
    let lines: Vec<String> = lines.iter().map(|line| format!("\n- {line}")).collect();
    let lines = lines.concat();
    let names = |names: &[String]| shown(&phrases::names(names.iter().map(String::as_str), MAX_NAMES));
    let basis = if !changes.unlooked.is_empty() {
        format!(
            "Both policies were judged as of the same time, and by the same evidence except of what this change looks for elsewhere ({}). Nobody looked where that was before, so what it was is unknown.",
            names(&changes.unlooked)
        )
    } else if !changes.own_files.is_empty() {
        format!(
            "Both policies were judged as of the same time, and by the same evidence except of what this change imports from another file ({}): before it by the one, with it by the other.",
            names(&changes.own_files)
        )
    } else {
        "Both policies were judged by the same evidence as of the same time: what differs below, the policy alone did."
            .to_owned()
    };
    format!("\n### What this change does\n\n{verdicts} {basis}\n{lines}\n")
}

fn counts(report: &Report, changes: Option<&Changes>) -> String {
    let row = |name: &str, counts: &AssetCounts| {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} |\n",
            counts.total, counts.met, counts.gap, counts.unknown, counts.accepted, counts.new
        )
    };
    let mut text = "\n### Counts\n\n| | assets | met | gap | unknown | accepted | new |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n".to_owned();
    text.push_str(&row(if changes.is_some() { "with this change" } else { "now" }, &report.summary.assets));
    if let Some(changes) = changes {
        text.push_str(&row("before it", &changes.base.assets));
    }
    text.push_str("\nUnknown means that nobody can tell; it is never counted as met.\n");
    text
}

fn decisions(report: &Report) -> String {
    let decisions = rank::decisions(report, MAX_DECISIONS);
    if decisions.is_empty() {
        return format!("\n### Decisions needed\n\n{}\n", phrases::no_decision(report));
    }
    let mut text = "\n### Decisions needed\n\n".to_owned();
    for (number, decision) in decisions.iter().enumerate() {
        text.push_str(&format!(
            "{}. **{}** ({}): {}. {}\n",
            number + 1,
            decision.finding.control.word(),
            decision.finding.severity.word(),
            shown(&phrases::names(decision.assets.iter().copied(), MAX_NAMES)),
            shown(decision.finding.remedy()),
        ));
    }
    text
}

/// Where the whole report is, and what was judged by what.
fn closing(report: &Report, extras: &Extras<'_>) -> String {
    let whole = match extras.report_url {
        Some(url) => format!("[The whole report]({})", link(url)),
        None => "The whole report: `lastgood audit --out DIR`".to_owned(),
    };
    let base = extras.changes.map_or_else(String::new, |changes| {
        format!(" Compared with {} (`{}`).", shown(&changes.base.file), short(&changes.base.sha256))
    });
    format!(
        "\n---\n{whole}. Policy {} (`{}`).{base} {} observations (`{}`). {} {}.\n",
        shown(&report.policy.file),
        short(&report.policy.sha256),
        report.evidence.observations,
        short(report.evidence.digest.to_string().trim_start_matches("sha256:")),
        report.tool.name,
        report.tool.version,
    )
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Returns a URL as the target of a link in Markdown: what could end it is percent-encoded.
fn link(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for character in url.chars() {
        if character.is_control() || " <>()[]\\`\"'|".contains(character) || escape::steers(character) {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}
