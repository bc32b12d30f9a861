//! Phrases that several formats share: the verdict in a sentence, lengths, places.
//!
//! Words only; escaping and layout are left to each format.

use chrono::TimeDelta;

use crate::model::Verdict;
use crate::model::time::human_length;
use crate::report::{Asset, Finding, NewestTest, Report};

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

/// Returns what the report comes to, in a sentence or two.
pub(super) fn verdict_line(report: &Report) -> String {
    let counts = &report.summary.assets;
    let assets = |count: u64| if count == 1 { "1 asset".to_owned() } else { format!("{count} assets") };
    let worst = report.losses.iter().max_by_key(|loss| (loss.lost.len(), loss.unknown.len()));
    let loss = worst.map_or_else(String::new, |loss| match (loss.lost.len(), loss.unknown.len()) {
        (0, 0) => String::new(),
        (gone, 0) => format!(" If {} were lost today, {gone} of {} would be gone.", loss.domain, counts.total),
        (0, unknown) => {
            format!(
                " If {} were lost today, nobody can tell whether {unknown} of {} would be left.",
                loss.domain, counts.total
            )
        }
        (gone, unknown) => format!(
            " If {} were lost today, {gone} of {} would be gone, and of {unknown} nobody can tell.",
            loss.domain, counts.total
        ),
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
        Verdict::Accepted | Verdict::New => {
            format!(
                "No gap is open, but not all is met: of {}, {} have what somebody accepted, a gap or an unknown, and {} \
                 what is still inside its grace.{loss}",
                assets(counts.total),
                counts.accepted,
                counts.new
            )
        }
        Verdict::Met => {
            format!("Every question about {} was answered, and no gap is open.{loss}", assets(counts.total))
        }
        Verdict::NotApplicable => {
            format!("Nothing was asked about {}, so nobody can tell.{loss}", assets(counts.total))
        }
    }
}

/// Returns what stands where there is nothing to decide: that no gap is open is no answer to what is unknown.
pub(super) fn no_decision(report: &Report) -> String {
    let unknown = report.findings.iter().filter(|finding| finding.verdict == Verdict::Unknown).count();
    match unknown {
        0 => "None: no gap is open.".to_owned(),
        1 => "None for a gap: no gap is open. Of 1 finding nobody can tell: somebody has to look.".to_owned(),
        many => format!("None for a gap: no gap is open. Of {many} findings nobody can tell: somebody has to look."),
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

/// Returns what is asked of an asset's recovery besides the RPO, and the newest restore test, for people.
pub(super) fn recovery(asset: &Asset) -> Vec<String> {
    let mut told = Vec::new();
    let restore = &asset.restore;
    told.extend(restore.rto_seconds.map(|rto| format!("RTO {}", length(Some(rto), ""))));
    told.push(match &restore.newest_test {
        None => "no restore test recorded".to_owned(),
        Some(NewestTest { on, result, took_seconds: Some(took) }) => {
            format!("restore test of {on}: {result} in {}", length(Some(*took), ""))
        }
        Some(NewestTest { on, result, took_seconds: None }) => {
            format!("restore test of {on}: {result}, time not recorded")
        }
    });
    told.extend(asset.retention_seconds.map(|retention| format!("retention {}", length(Some(retention), ""))));
    told
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

/// How long names together may be, in characters, so that what says how many more there are is never cut
/// from the field.
const NAMES_ROOM: usize = 340;

/// Returns names joined by commas, the first `most` of them and how many more there are.
pub(super) fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>, most: usize) -> String {
    let total = names.len();
    names_of(names, total, most)
}

/// Returns names as `names` does, where there are `total` and some of them are not among `names`.
pub(super) fn names_of<'n>(names: impl Iterator<Item = &'n str>, total: usize, most: usize) -> String {
    let mut text = String::new();
    let mut room = NAMES_ROOM;
    let mut shown = 0;
    for name in names.take(most) {
        let length = name.chars().count() + 2;
        if length > room {
            // One that is too long for the whole field is cut, so that no list begins without a name.
            if shown == 0 {
                text.extend(name.chars().take(NAMES_ROOM / 2));
                text.push_str(" … (cut)");
                shown += 1;
            }
            break;
        }
        room -= length;
        text.push_str(if shown == 0 { "" } else { ", " });
        text.push_str(name);
        shown += 1;
    }
    match (shown, total - shown) {
        (_, 0) => text,
        (0, more) => more.to_string(),
        (_, more) => format!("{text} and {more} more"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape;

    fn many(count: usize, name: &str) -> Vec<&str> {
        std::iter::repeat_n(name, count).collect()
    }

    #[test]
    fn how_many_more_there_are_is_never_cut_from_a_list_of_names() {
        for (count, name) in
            [(30, "a-repository-with-a-rather-long-name-of-its-own"), (3, &*"x".repeat(390)), (500, "x")]
        {
            let list = names(many(count, name).into_iter(), 12);
            let shown = escape::line(&list);
            let more: usize = shown
                .strip_suffix(" more")
                .and_then(|rest| rest.rsplit_once("and "))
                .map_or_else(|| panic!("{shown}"), |(_, more)| more.parse().unwrap());
            assert_eq!(shown.split(" and ").next().unwrap().split(", ").count() + more, count, "{shown}");
        }
        assert_eq!(names(many(2, "x").into_iter(), 12), "x, x");
        assert!(names(many(1, &"x".repeat(900)).into_iter(), 12).ends_with(" … (cut)"));
    }
}
