//! Phrases that several formats share: the verdict in a sentence, lengths, places.
//!
//! Words only; escaping and layout are left to each format.

use chrono::TimeDelta;

use crate::model::Verdict;
use crate::model::time::human_length;
use crate::report::{Asset, Finding, Report};

/// Returns the verdict as readers shall see it, in capitals where somebody has to act.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Gap => "GAP",
        Verdict::Unknown => "UNKNOWN",
        Verdict::Accepted => "accepted",
        Verdict::New => "new",
        Verdict::Met => "met",
        Verdict::NotApplicable => "not applicable",
    }
}

/// Returns what the report comes to, in one sentence.
pub(super) fn verdict_line(report: &Report) -> String {
    let counts = &report.summary.assets;
    let assets = |count: u64| if count == 1 { "1 asset".to_owned() } else { format!("{count} assets") };
    let worst = report.losses.iter().max_by_key(|loss| loss.lost.len()).filter(|loss| !loss.lost.is_empty());
    let loss = worst.map_or_else(String::new, |loss| {
        format!(" If {} were lost today, {} of {} would be gone.", loss.domain, loss.lost.len(), counts.total)
    });
    match report.verdict {
        Verdict::Gap if counts.gap > 0 => {
            format!(
                "{} of {} have a gap; of {} nobody can tell.{loss}",
                counts.gap,
                assets(counts.total),
                counts.unknown
            )
        }
        Verdict::Gap => format!("No asset has a gap of its own, but the policy or a system has.{loss}"),
        Verdict::Unknown => {
            format!("No gap was found, but of {} of {} nobody can tell.{loss}", counts.unknown, assets(counts.total))
        }
        Verdict::Accepted | Verdict::New | Verdict::Met | Verdict::NotApplicable => {
            format!("Every question about {} was answered, and no gap is open.{loss}", assets(counts.total))
        }
    }
}

/// Returns which assets alone the report is about; `None` where it is about all.
pub(super) fn only(report: &Report) -> Option<String> {
    let only = report.only.as_ref()?;
    let left_out = match only.left_out {
        1 => "1 other asset of the policy is".to_owned(),
        more => format!("{more} other assets of the policy are"),
    };
    Some(format!("Only of assets whose ids match {}: {left_out} neither shown nor counted.", only.ids.join(", ")))
}

/// Returns a length given in seconds for people, or `absent` where there is none.
pub(super) fn length(seconds: Option<i64>, absent: &str) -> String {
    seconds.and_then(TimeDelta::try_seconds).map_or_else(|| absent.to_owned(), human_length)
}

/// Returns the exposure of an asset for people: a length, `never`, or `unknown`.
pub(super) fn exposure(asset: &Asset) -> String {
    length(asset.rpo.exposure_seconds, if is_without_any_point(asset) { "never" } else { "unknown" })
}

/// Returns whether an asset is known to have no recovery point at all.
pub(super) fn is_without_any_point(asset: &Asset) -> bool {
    asset.copies.as_ref().is_some_and(|copies| copies.iter().all(|copy| copy.standing == "absent"))
}

/// Returns the attainment of an asset for people, always with the share of the period it is measured on.
pub(super) fn attainment(asset: &Asset) -> String {
    match (asset.rpo.attainment, asset.rpo.covered) {
        (Some(share), Some(covered)) => format!("{:.2} % of {:.0} % covered", share * 100.0, covered * 100.0),
        _ => "not known".to_owned(),
    }
}

/// Returns the best evidence of an asset for people.
pub(super) fn best_evidence(asset: &Asset) -> String {
    match &asset.copies {
        None => "unknown".to_owned(),
        Some(copies) if copies.is_empty() => "no copy".to_owned(),
        Some(copies) => {
            let best = copies.iter().filter(|copy| copy.usable).map(|copy| copy.grade).max();
            best.map_or_else(|| "none usable".to_owned(), |grade| grade.to_string())
        }
    }
}

/// Returns the ids of controls with this verdict among an asset's findings, in order, each once.
pub(super) fn controls<'r>(findings: &[&'r Finding], verdict: Verdict) -> Vec<&'r str> {
    let mut controls: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.verdict == verdict) {
        if !controls.contains(&finding.control.word()) {
            controls.push(finding.control.word());
        }
    }
    controls
}

/// Returns names joined by commas, the first `most` of them and how many more there are.
pub(super) fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>, most: usize) -> String {
    let total = names.len();
    let shown: Vec<&str> = names.take(most).collect();
    match total - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns each asset's findings, in the order of the report's assets.
///
/// Findings stand in the order of the assets, so one walk is enough.
pub(super) fn by_asset(report: &Report) -> Vec<Vec<&Finding>> {
    let mut findings = report.findings.iter().peekable();
    report
        .assets
        .iter()
        .map(|asset| {
            let mut own = Vec::new();
            while let Some(finding) = findings.next_if(|finding| finding.asset() == Some(&*asset.id)) {
                own.push(finding);
            }
            own
        })
        .collect()
}
