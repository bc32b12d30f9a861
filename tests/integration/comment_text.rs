//! What the comment under a pull request says: of the report, of the change, and of what does not fit.
//!
//! How it is written there is in `commenting`.

use lastgood::evidence::Observation;
use lastgood::policy::changes;
use lastgood::render::comment::{Extras, MAX_BYTES, text};
use lastgood::report::Report;
use lastgood::report::changes::{Changes, Way};

use crate::support::{policy, report, stdout};

const AS_OF: &str = "2026-03-01T00:00:00Z";

const POLICY: &str = "\
version: 1
title: T
systems:
  office: { kind: external, domains: { provider: own } }
  vault: { kind: s3, bucket: b, domains: { provider: AWS } }
objectives:
  o: { rpo: 1d, independent: [provider], retention: 90d, severity: critical }
assets:
  - { id: books, lives_in: office, objective: o, owner: Squad, copies: [{ id: c, in: vault, by: objects }] }
  - { id: notes, lives_in: office, objective: o, owner: Squad, copies: [] }
waivers:
  - { control: retention, assets: [notes], reason: r, approved_by: x, approved_on: 2026-02-01, expires: 2026-12-31 }
";

/// A copy of `books` that is two days old at the time of the audit.
fn seen() -> Vec<Observation> {
    let line = r#"{"asset":"books","copy":"c","fact":{"recovery-points":{"complete":true,"grade":"observed","points":[{"bytes":10,"captured_at":"2026-02-27T00:00:00Z"}]}},"observed_at":"2026-02-28T23:00:00Z","schema":"lastgood/evidence/1"}"#;
    vec![serde_json::from_str(line).expect("an observation")]
}

fn compared(base: &str, head: &str) -> (Report, Changes) {
    let (base, head) = (policy(base), policy(head));
    let as_of = lastgood::model::time::parse_instant(AS_OF).expect("a time");
    let (old, new) = (report(&base, seen(), AS_OF), report(&head, seen(), AS_OF));
    let asks = changes::between(&base, &head, as_of);
    let changes = lastgood::report::changes::changes(&old, &new, asks, &changes::Elsewhere::default());
    (new, changes)
}

fn shown(base: &str, head: &str) -> String {
    let (report, changes) = compared(base, head);
    text(&report, &Extras { changes: Some(&changes), ..Extras::default() })
}

#[track_caller]
fn says(text: &str, what: &str) {
    assert!(text.contains(what), "`{what}` is missing in\n{text}");
}

#[test]
fn a_longer_rpo_is_said_to_close_the_gap_without_a_better_backup() {
    let text = shown(POLICY, &POLICY.replace("rpo: 1d", "rpo: 7d"));
    says(&text, "**1 finding is not open any more, and no backup is better for it.**");
    says(&text, "**Less is asked, or more is accepted**: rpo.");
    says(&text, "| **asks less** | rpo | 1d | 7d | asset books, notes |");
    says(&text, "| recovery-point-age:books | GAP | **met** |");
    let back = shown(&POLICY.replace("rpo: 1d", "rpo: 7d"), POLICY);
    says(&back, "1 finding that was not is open now.");
    says(&back, "More is asked, or less is accepted: rpo.");
    says(&back, "| recovery-point-age:books | met | **GAP** |");
}

#[test]
fn an_asset_that_leaves_the_policy_is_named_with_its_gaps() {
    let without = POLICY.lines().filter(|line| !line.contains("id: notes")).collect::<Vec<_>>().join("\n");
    let (_, changes) = compared(POLICY, &without.replace("assets: [notes]", "assets: ['*']"));
    let gone = &changes.assets[0];
    assert_eq!((gone.id.as_str(), gone.after, gone.way()), ("notes", None, Way::Closed));
    assert!(gone.open >= 3, "{gone:?}");
    assert!(changes.turns.iter().all(|turn| !turn.id.contains("notes")), "told once: {:?}", changes.turns);
    let text = shown(POLICY, &without.replace("assets: [notes]", "assets: ['*']"));
    says(&text, &format!("**1 asset is not audited any more**: notes; {} open findings go with it.", gone.open));
    says(&text, "| **asks less** | **asset removed** | in office, rpo 1d | – | notes |");
    says(&text, "| asset notes | GAP | **not audited** |");
}

#[test]
fn a_waiver_that_takes_in_more_is_said_to_accept_and_not_to_mend() {
    let text = shown(
        POLICY,
        &POLICY.replace("control: retention, assets: [notes]", "control: [retention, copies], assets: [notes]"),
    );
    says(&text, "(1 by a waiver)");
    says(&text, "| **asks less** | control | – | copies | waiver retention, copies of notes |");
    says(&text, "| copies:notes | GAP | **accepted** | waived: ");
    let later = shown(POLICY, &POLICY.replace("expires: 2026-12-31", "expires: 2027-12-31"));
    says(&later, "| **asks less** | expires | 2026-12-31 | 2027-12-31 | waiver retention of notes |");
}

#[test]
fn a_demand_that_is_dropped_is_not_asked_any_more() {
    let text = shown(POLICY, &POLICY.replace(", independent: [provider]", ""));
    says(&text, "| **asks less** | independent | provider | – | asset books, notes |");
    says(&text, "| independent-copy:notes | GAP | **not asked** | was: ");
}

#[test]
fn a_change_that_asks_nothing_else_says_so() {
    says(
        &shown(POLICY, &POLICY.replace("title: T", "title: U")),
        "Nothing: no demand, waiver, claim or verdict differs.",
    );
}

#[test]
fn text_of_the_policy_is_text_and_calls_nobody() {
    let hostile = POLICY
        .replace("title: T", "title: '@org/team #1 <!-- lastgood comment --> [x](https://evil.example) </details>'")
        .replace("reason: r", "reason: '@you | a | b #2 <script>'")
        .replace("expires: 2026-12-31", "expires: 2027-12-31");
    let text = shown(POLICY, &hostile);
    for alive in ["@org", "@you", "#1 ", "#2 ", "<!--", "](https", "<script", " | a | b "] {
        assert!(!text.contains(alive), "`{alive}` is alive in\n{text}");
    }
    assert_eq!(text.matches("</details>").count(), text.matches("<details>").count());
    let (report, _) = compared(POLICY, POLICY);
    let linked = lastgood::render::comment::text(
        &report,
        &Extras { report_url: Some("https://x.example/a) <b> [c](d"), ..Extras::default() },
    );
    says(&linked, "[The whole report](https://x.example/a%29%20%3Cb%3E%20%5Bc%5D%28d)");
}

#[test]
fn a_comment_holds_what_github_takes_and_counts_what_it_leaves_out() {
    let mut many = POLICY.to_owned();
    let line = POLICY.lines().find(|line| line.contains("id: notes")).expect("the line");
    let (mut assets, mut fewer) = (String::new(), String::new());
    for number in 0..600 {
        let asset = line.replace("id: notes", &format!("id: many-{number:04}"));
        assets.push_str(&format!("{asset}\n"));
        if number % 2 == 0 {
            fewer.push_str(&format!("{asset}\n"));
        }
    }
    many = many.replace("waivers:", &format!("{assets}waivers:"));
    let head = POLICY.replace("waivers:", &format!("{fewer}waivers:"));
    let (report, changes) = compared(&many, &head);
    let text = text(&report, &Extras { changes: Some(&changes), marker: Some("<!-- m -->"), ..Extras::default() });
    assert!(text.len() <= MAX_BYTES && text.len() > MAX_BYTES / 2, "{}", text.len());
    assert!(text.starts_with("<!-- m -->\n## GAP"));
    says(&text, "**300 assets are not audited any more**");
    says(&text, "**Left out here, because a comment holds no more: ");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "nothing is left open");
    let rows = text.lines().filter(|line| line.starts_with("| critical | ")).count();
    let open = report.findings.iter().filter(|finding| finding.verdict.is_open()).count();
    let left: usize = text
        .split(" open finding")
        .filter_map(|part| part.rsplit_once(" of ")?.0.rsplit([' ', ',']).next()?.parse::<usize>().ok())
        .sum();
    assert_eq!(rows + left, open, "every open finding is shown or counted");
}

#[test]
fn the_format_of_an_audit_is_the_comment_of_a_dry_run() {
    let then = ["policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22"];
    let audit = crate::support::lastgood(&[&["audit"], &then[..], &["--format", "comment"]].concat());
    let dry =
        crate::support::lastgood(&[&["comment"], &then[..], &["--repo", "o/r", "--pr", "1", "--dry-run"]].concat());
    let text = stdout(&dry);
    let (marker, rest) = text.split_once('\n').expect("two lines");
    assert_eq!(marker, "<!-- lastgood comment key=policies/zowe%2D2020.yaml -->");
    assert_eq!(rest, stdout(&audit));
    assert_eq!(dry.status.code(), Some(10));
    let never = crate::support::lastgood(
        &[&["comment"], &then[..], &["--repo", "o/r", "--pr", "1", "--dry-run", "--fail-on", "never"]].concat(),
    );
    assert_eq!(never.status.code(), Some(0));
}

/// Runs the command on two policies and a bundle of `seen`.
fn commented(base: &str, head: &str, seen: Vec<Observation>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let sealed: Vec<Observation> = seen.into_iter().map(|one| one.seal().expect("JSON")).collect();
    let lines: Vec<String> = sealed.iter().map(|one| serde_json::to_string(one).expect("JSON")).collect();
    std::fs::write(path("e.jsonl"), lines.join("\n") + "\n").expect("written");
    std::fs::write(path("base.yaml"), base).expect("written");
    std::fs::write(path("head.yaml"), head).expect("written");
    let (base, head, evidence) = (path("base.yaml"), path("head.yaml"), path("e.jsonl"));
    let args = ["comment", &head, "--base", &base, "--evidence", &evidence, "--as-of", AS_OF];
    stdout(&crate::support::lastgood(&[&args[..], &["--repo", "o/r", "--pr", "1", "--dry-run"]].concat()))
}

#[test]
fn what_was_seen_of_another_place_is_no_evidence_of_what_was_before() {
    let weekly = POLICY.replace("rpo: 1d", "rpo: 7d");
    for (before, after, named) in [
        ("by: objects }", "by: objects, prefix: test/ }", "books:c"),
        ("bucket: b", "bucket: other", "vault, books:c"),
        ("id: books, lives_in: office", "id: books, lives_in: office, path: x", "books:c"),
    ] {
        let text = commented(&weekly, &weekly.replace(before, after), seen());
        says(&text, "| recovery-point-age:books | not looked at | met |");
        says(&text, &format!("looks for elsewhere ({named})"));
        assert!(!text.contains("not open any more") && !text.contains("the policy alone did"), "{text}");
    }
    // What is only judged otherwise is judged by what was seen.
    let floor =
        |bytes: &str| weekly.replace("by: objects }", &format!("by: objects, min_bytes: {bytes}, claim: C. }}"));
    let text = commented(&floor("100"), &floor("1"), seen());
    says(&text, "the policy alone did");
    says(&text, "| recovery-point-age:books | GAP | **met** |");
}

#[test]
fn both_policies_are_judged_by_the_bundle_that_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let sealed: Vec<Observation> = seen().into_iter().map(|one| one.seal().expect("JSON")).collect();
    let lines: Vec<String> = sealed.iter().map(|one| serde_json::to_string(one).expect("JSON")).collect();
    std::fs::write(path("e.jsonl"), lines.join("\n") + "\n").expect("written");
    std::fs::write(path("base.yaml"), POLICY).expect("written");
    std::fs::write(path("head.yaml"), POLICY.replace("rpo: 1d", "rpo: 7d")).expect("written");
    let output = crate::support::lastgood(&[
        "comment",
        &path("head.yaml"),
        "--base",
        &path("base.yaml"),
        "--evidence",
        &path("e.jsonl"),
        "--as-of",
        AS_OF,
        "--repo",
        "o/r",
        "--pr",
        "1",
        "--dry-run",
    ]);
    says(&stdout(&output), "| recovery-point-age:books | GAP | **met** |");
    std::fs::write(path("base.yaml"), "version: 2").expect("written");
    let refused = crate::support::lastgood(&[
        "comment",
        &path("head.yaml"),
        "--base",
        &path("base.yaml"),
        "--offline",
        "--repo",
        "o/r",
        "--pr",
        "1",
        "--dry-run",
    ]);
    assert_eq!(refused.status.code(), Some(3));
}

#[test]
fn what_is_compared_with_nothing_or_shown_in_part_says_so() {
    let then =
        ["comment", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22", "--repo", "o/r", "--pr", "1"];
    let text = |more: &[&str]| stdout(&crate::support::lastgood(&[&then[..], &["--dry-run"], more].concat()));
    says(&text(&["--not-compared", "no | base"]), "### What this change does\n\n**Not compared**: no \\| base. ");
    let part = text(&["--only", "zos-*"]);
    says(&part, "**Not the whole policy**: only assets that match zos-\\* are shown and counted.");
    assert!(!text(&[]).contains("Not compared") && !text(&[]).contains("Not the whole policy"));
    let long = "k".repeat(3_000);
    for more in [["--key", &long], ["--report-url", &format!("https://{long}")], ["--commit", "master"]] {
        assert_eq!(crate::support::lastgood(&[&then[..], &["--dry-run"], &more].concat()).status.code(), Some(2));
    }
}

#[test]
fn without_a_network_each_policy_is_judged_by_the_file_that_it_imports() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let policy = |file: &str| POLICY.replace("in: vault, by: objects", &format!("in: vault, by: import, file: {file}"));
    let mut old = seen();
    let mut new = seen();
    for (seen, day) in [(&mut old, "2026-02-01"), (&mut new, "2026-02-28")] {
        let line = serde_json::to_string(&seen[0]).expect("JSON").replace("2026-02-27", day);
        seen[0] = serde_json::from_str(&line).expect("an observation");
    }
    for (name, seen) in [("prod.jsonl", old), ("test.jsonl", new)] {
        std::fs::write(path(name), serde_json::to_string(&seen[0]).expect("JSON") + "\n").expect("written");
    }
    std::fs::write(path("base.yaml"), policy("prod.jsonl")).expect("written");
    std::fs::write(path("head.yaml"), policy("test.jsonl")).expect("written");
    let (base, head) = (path("base.yaml"), path("head.yaml"));
    let args = ["comment", &head, "--base", &base, "--offline", "--as-of", AS_OF, "--repo", "o/r", "--pr", "1"];
    let text = stdout(&crate::support::lastgood(&[&args[..], &["--dry-run"]].concat()));
    says(&text, "| recovery-point-age:books | GAP | **met** |");
    says(&text, "except of what this change imports from another file (books:c)");
}
