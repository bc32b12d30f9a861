//! Evidence of several dates together: what a newer look replaces, what it leaves, what is not known.
//!
//! One sentence a test; each was a fault once, or could become one.

use lastgood::report::Report;

use crate::support::{policy, report, verdict};

const POLICY: &str = "\
version: 1
title: Merging
systems: { site: { kind: external, domains: { provider: Site } }, vault: { kind: s3, bucket: v, domains: { provider: Vault } }, git: { kind: github, org: x, domains: { provider: GitHub } } }
objectives: { o: { rpo: 2d, attainment: 90%, evidence: observed, retention: 10d } }
review_every: 10d
assets:
  - { id: data, lives_in: site, objective: o, owner: Squad, copies: [{ id: c, in: vault, by: objects }] }
";

fn line(observed_at: &str, fact: &str) -> String {
    format!(
        r#"{{"asset":"data","copy":"c","fact":{fact},"observed_at":"{observed_at}","schema":"lastgood/evidence/1"}}"#
    )
}

fn points(complete: bool, days: std::ops::Range<u32>) -> String {
    let points: Vec<String> =
        days.map(|day| format!(r#"{{"bytes":100,"captured_at":"2026-01-{day:02}T00:00:00Z"}}"#)).collect();
    format!(r#"{{"recovery-points":{{"complete":{complete},"grade":"observed","points":[{}]}}}}"#, points.join(","))
}

fn judged(lines: &[String], as_of: &str) -> Report {
    let observations = lines.iter().map(|line| serde_json::from_str(line).expect("an observation")).collect();
    report(&policy(POLICY), observations, as_of)
}

#[test]
fn a_newer_whole_listing_that_is_empty_means_that_all_is_gone() {
    let before = line("2026-01-20T01:00:00Z", &points(true, 1..21));
    let after = line("2026-01-21T01:00:00Z", &points(true, 0..0));
    let at = "2026-01-21T02:00:00Z";
    assert_eq!(verdict(&judged(std::slice::from_ref(&before), at), "recovery-point-age:data"), "met");
    let gone = judged(&[before, after], at);
    assert_eq!(verdict(&gone, "recovery-point-age:data"), "gap");
    assert_eq!(verdict(&gone, "retention:data"), "gap");
    assert!(!gone.assets[0].copies.as_ref().expect("copies")[0].usable);
}

#[test]
fn a_newer_listing_that_was_cut_short_replaces_nothing() {
    let before = line("2026-01-20T01:00:00Z", &points(true, 1..21));
    let after = line("2026-01-21T01:00:00Z", &points(false, 0..0));
    assert_eq!(verdict(&judged(&[before, after], "2026-01-21T02:00:00Z"), "recovery-point-age:data"), "met");
}

#[test]
fn what_was_rotated_away_still_tells_of_the_time_when_it_was_there() {
    // Ten days of history, of which the newest listing has only the last three.
    let before = line("2026-01-18T01:00:00Z", &points(true, 8..19));
    let after = line("2026-01-20T01:00:00Z", &points(true, 18..21));
    let report = judged(&[before, after], "2026-01-20T02:00:00Z");
    assert_eq!(verdict(&report, "rpo-attainment:data"), "met");
    assert_eq!(verdict(&report, "retention:data"), "gap", "but nobody could go back there now");
}

#[test]
fn an_old_look_says_unknown_and_not_gap() {
    let look = line("2026-01-20T01:00:00Z", &points(true, 1..21));
    let fresh = judged(std::slice::from_ref(&look), "2026-01-21T00:00:00Z");
    assert_eq!(verdict(&fresh, "recovery-point-age:data"), "met");
    let later = judged(&[look], "2026-02-20T00:00:00Z");
    assert_eq!(verdict(&later, "recovery-point-age:data"), "unknown");
}

#[test]
fn a_recent_look_at_an_old_copy_is_a_gap_with_its_beginning() {
    let look = line("2026-02-20T00:00:00Z", &points(true, 1..21));
    let report = judged(&[look], "2026-02-20T01:00:00Z");
    assert_eq!(verdict(&report, "recovery-point-age:data"), "gap");
    let finding = report.findings.iter().find(|finding| finding.id() == "recovery-point-age:data").expect("it");
    assert_eq!(finding.since.map(|since| since.to_rfc3339()).as_deref(), Some("2026-01-22T00:00:00+00:00"));
}

#[test]
fn the_newest_state_is_as_strong_as_what_tells_of_it() {
    let seen = line("2026-01-19T01:00:00Z", &points(true, 1..20));
    let told = line("2026-01-20T01:00:00Z", &points(false, 20..21).replace("observed", "reported"));
    let report = judged(&[seen, told], "2026-01-20T02:00:00Z");
    assert_eq!(report.assets[0].copies.as_ref().expect("copies")[0].grade.word(), "reported");
    assert_eq!(verdict(&report, "evidence-grade:data"), "gap");
}

#[test]
fn evidence_of_assets_that_the_policy_does_not_have_is_counted() {
    let stray = line("2026-01-20T01:00:00Z", &points(true, 1..21)).replace("\"data\"", "\"dta\"");
    assert_eq!(judged(&[stray], "2026-01-20T02:00:00Z").evidence.unmatched, 1);
}

#[test]
fn a_waiver_of_an_entry_covers_its_items_before_and_after_they_are_seen() {
    let text = POLICY
        .replace("lives_in: site,", "lives_in: git, each: repository,")
        .replace("by: objects }", "by: objects, prefix: '{name}/' }")
        + "waivers: [{ control: [copies, recovery-point-age], assets: [data], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-03-01 }]\n";
    let item = |fact: &str| {
        format!(
            r#"{{"fact":{fact},"observed_at":"2026-01-20T00:00:00Z","schema":"lastgood/evidence/1","system":"git"}}"#
        )
    };
    let seen = [
        item(r#"{"inventory":{"complete":true,"count":1,"from":"2026-01-20T00:00:00Z","kind":"repository"}}"#),
        item(r#"{"item":{"kind":"repository","name":"one"}}"#),
    ];
    let judged = |lines: &[String]| {
        let observations = lines.iter().map(|line| serde_json::from_str(line).expect("an observation")).collect();
        report(&policy(&text), observations, "2026-01-20T02:00:00Z")
    };
    assert_eq!(verdict(&judged(&[]), "copies:data"), "accepted");
    assert_eq!(verdict(&judged(&seen), "copies:data/one"), "accepted");
    assert_eq!(verdict(&judged(&seen), "evidence-grade:data/one"), "unknown", "and nothing else");
}
