//! Boundaries of the controls: equal is met, one step beyond is not, and what is not told is unknown.
//!
//! One table a control; how findings look is left to the other tests.

use lastgood::report::Report;

use crate::support::{policy, report, verdict};

/// Midnight UTC; 2026-03-01 minus 30 days is 2026-01-30.
const AS_OF: &str = "2026-03-01T00:00:00Z";

/// Returns the report of one asset with one copy.
fn judged(objective: &str, copy: &str, more: &str, facts: &[&str]) -> Report {
    judged_at("2026-02-28T23:00:00Z", objective, copy, more, facts)
}

/// Returns the report of one asset with one copy of which all was observed at one time.
fn judged_at(observed: &str, objective: &str, copy: &str, more: &str, facts: &[&str]) -> Report {
    let text = format!(
        "version: 1\ntitle: Boundaries\nreview_every: 30d\nsystems:\n  here: {{ kind: artifactory, url: 'https://a.example', domains: {{ provider: Here }} }}\n  vault: {{ kind: s3, bucket: v, domains: {{ provider: Vault }} }}\n  git: {{ kind: git, url: 'https://g.example', domains: {{ provider: Git }} }}\n  hub: {{ kind: github, org: x, domains: {{ provider: Hub }} }}\nobjectives:\n  o: {{ {objective} }}\nassets:\n  - {{ id: a, lives_in: here, objective: o, owner: Squad, copies: [{{ id: c, {copy} }}] }}\n{more}"
    );
    let observations = facts
        .iter()
        .map(|fact| {
            let line = format!(
                r#"{{"asset":"a","copy":"c","fact":{fact},"observed_at":"{observed}","schema":"lastgood/evidence/1"}}"#
            );
            serde_json::from_str(&line).expect("an observation")
        })
        .collect();
    report(&policy(&text), observations, AS_OF)
}

fn of(objective: &str, copy: &str, facts: &[&str], id: &str) -> String {
    verdict(&judged(objective, copy, "", facts), id)
}

const OBJECTS: &str = "in: vault, by: objects";
const MIRROR: &str = "in: vault, by: object-mirror";
const EQUAL: &str = r#"{"comparison":{"basis":"sha256","complete":true,"equal":5}}"#;

fn points(times: &[&str]) -> String {
    let points: Vec<String> = times.iter().map(|time| format!(r#"{{"bytes":10,"captured_at":"{time}"}}"#)).collect();
    format!(r#"{{"recovery-points":{{"complete":true,"grade":"observed","points":[{}]}}}}"#, points.join(","))
}

#[test]
fn an_age_equal_to_the_rpo_is_met_and_a_second_more_is_not() {
    let age =
        |time: &str| verdict(&judged_at(AS_OF, "rpo: 1d", OBJECTS, "", &[&points(&[time])]), "recovery-point-age:a");
    assert_eq!(age("2026-02-28T00:00:00Z"), "met");
    assert_eq!(age("2026-02-27T23:59:59Z"), "gap");
    assert_eq!(age("2026-03-01T00:05:00Z"), "met", "clocks differ a little");
    assert_eq!(age("2026-03-01T00:05:01Z"), "unknown", "the future is not fresh");
}

#[test]
fn months_follow_the_calendar_in_an_rpo() {
    let age = |time: &str| of("rpo: 1mo", OBJECTS, &[&points(&[time])], "recovery-point-age:a");
    assert_eq!(age("2026-02-01T00:00:00Z"), "met");
    assert_eq!(age("2026-01-31T12:00:00Z"), "gap");
}

#[test]
fn retention_reaches_back_to_the_day_and_no_less() {
    let retention = |times: &[&str], settings: &str| {
        let (points, settings) = (points(times), format!(r#"{{"settings":{settings}}}"#));
        of("rpo: 1d, retention: 30d", OBJECTS, &[&points, &settings], "retention:a")
    };
    assert_eq!(retention(&["2026-01-30T00:00:00Z", "2026-02-28T12:00:00Z"], "{}"), "met");
    assert_eq!(retention(&["2026-01-30T00:00:01Z", "2026-02-28T12:00:00Z"], "{}"), "gap");
    let long = ["2025-01-01T00:00:00Z", "2026-02-28T12:00:00Z"];
    assert_eq!(retention(&long, r#"{"expires_days":29}"#), "gap", "a clean-up deletes before");
    assert_eq!(retention(&long, r#"{"expires_days":30}"#), "met");
    assert_eq!(retention(&long, r#"{"expires_days":0}"#), "met", "0 is never");
}

#[test]
fn a_statement_keeps_what_it_says() {
    let kept = |keeps: &str| {
        let copy = format!(
            "in: vault, by: attestation, statement: s, attested_by: x, attested_on: 2026-02-01, expires: 2026-12-31{keeps}"
        );
        of("rpo: 1d, retention: 30d", &copy, &[], "retention:a")
    };
    assert_eq!(kept(", keeps: 30d"), "met");
    assert_eq!(kept(", keeps: 29d"), "gap");
    assert_eq!(kept(", keeps: 1"), "gap");
    assert_eq!(kept(", keeps: 2"), "unknown");
    assert_eq!(kept(""), "unknown");
}

#[test]
fn a_mirror_keeps_what_its_place_keeps() {
    let kept = |facts: &[&str]| of("rpo: 1d, retention: 30d", MIRROR, facts, "retention:a");
    let versions = |settings: &str| format!(r#"{{"settings":{settings}}}"#);
    assert_eq!(kept(&[EQUAL]), "unknown", "nobody saw whether versions are kept");
    assert_eq!(kept(&[EQUAL, &versions(r#"{"versioning":false}"#)]), "gap");
    assert_eq!(kept(&[EQUAL, &versions(r#"{"versioning":true}"#)]), "unknown");
    assert_eq!(kept(&[EQUAL, &versions(r#"{"noncurrent_days":0,"versioning":true}"#)]), "met");
    assert_eq!(kept(&[EQUAL, &versions(r#"{"noncurrent_days":30,"versioning":true}"#)]), "met");
    assert_eq!(kept(&[EQUAL, &versions(r#"{"noncurrent_days":29,"versioning":true}"#)]), "gap");
    assert_eq!(
        kept(&[&versions(r#"{"noncurrent_days":0,"versioning":true}"#)]),
        "unknown",
        "versions of what nobody saw"
    );
    let git = "in: git, by: git-mirror, url: 'https://g.example/a.git'";
    let refs = EQUAL.replace("sha256", "refs");
    assert_eq!(
        of("rpo: 1d, retention: 30d", git, &[&refs], "retention:a"),
        "gap",
        "a git mirror has only the latest refs"
    );
}

#[test]
fn locks_and_versions_are_long_enough_to_the_day() {
    let kept = |settings: &str| {
        let settings = format!(r#"{{"settings":{settings}}}"#);
        let points = points(&["2026-02-28T12:00:00Z"]);
        of("rpo: 1d, retention: 30d, immutable: true", OBJECTS, &[&points, &settings], "immutable:a")
    };
    assert_eq!(kept(r#"{"locked_days":30}"#), "met");
    assert_eq!(kept(r#"{"locked_days":29}"#), "unknown", "versions were not looked for");
    assert_eq!(kept(r#"{"locked_days":29,"versioning":false}"#), "gap");
    assert_eq!(kept(r#"{"locked_days":29,"noncurrent_days":0,"versioning":true}"#), "met", "either is enough");
    assert_eq!(kept(r#"{"noncurrent_days":30,"versioning":true}"#), "met");
    assert_eq!(kept(r#"{"noncurrent_days":29,"versioning":true}"#), "unknown", "a lock was not looked for");
    assert_eq!(kept(r#"{"locked_days":0,"noncurrent_days":29,"versioning":true}"#), "gap");
    assert_eq!(kept(r#"{"locked_days":0,"versioning":false}"#), "gap");
    assert_eq!(kept(r#"{"versioning":false}"#), "unknown", "a lock was not looked for");
    assert_eq!(kept(r#"{"locked_days":30,"sync_deletes":true}"#), "gap");
    assert_eq!(kept("{}"), "unknown");
}

#[test]
fn a_point_at_its_floor_is_good_and_one_below_is_none() {
    let copies = |copy: &str, size: &str| {
        let listing = format!(
            r#"{{"recovery-points":{{"complete":true,"grade":"observed","points":[{{{size},"captured_at":"2026-02-28T12:00:00Z"}}]}}}}"#
        );
        of("rpo: 1d", copy, &[&listing], "copies:a")
    };
    let floor = "in: vault, by: objects, min_bytes: 10, min_items: 5";
    assert_eq!(copies(floor, r#""bytes":10,"items":5"#), "met");
    assert_eq!(copies(floor, r#""bytes":9,"items":5"#), "gap");
    assert_eq!(copies(floor, r#""bytes":10,"items":4"#), "gap");
    assert_eq!(copies(OBJECTS, r#""bytes":1,"items":1"#), "met");
    assert_eq!(copies(OBJECTS, r#""bytes":0,"items":1"#), "gap");
    assert_eq!(copies(OBJECTS, r#""bytes":1,"items":0"#), "gap");
}

#[test]
fn the_archive_of_a_migration_is_there_for_seven_days() {
    let captured = |time: &str| {
        let report = judged("rpo: 1d", "in: hub, by: migrations", "", &[&points(&[time])]);
        report.assets[0].copies.as_ref().expect("copies")[0].captured_at
    };
    assert!(captured("2026-02-22T00:00:00Z").is_some());
    assert_eq!(captured("2026-02-21T23:59:59Z"), None);
}

#[test]
fn a_restore_test_counts_to_the_day_and_needs_its_record() {
    let tested = |objective: &str, test: &str| {
        let more = format!("restore_tests:\n  - {{ asset: a, {test} }}\n");
        let report = judged(objective, OBJECTS, &more, &[&points(&["2026-02-28T12:00:00Z"])]);
        let finding = report.findings.iter().find(|finding| finding.id() == "restore-tested:a").expect("it");
        (finding.verdict.word(), finding.since.map(|since| since.date_naive().to_string()))
    };
    let every = "rpo: 1d, restore_test_every: 30d";
    let full = |on: &str| format!("on: {on}, result: passed, took: 3h, tested_by: x, reference: y");
    assert_eq!(tested(every, &full("2026-01-30")), ("met", None));
    assert_eq!(tested(every, &full("2026-01-29")), ("gap", Some("2026-02-28".to_owned())));
    assert_eq!(tested(every, &full("2026-03-02")), ("gap", None), "a test of the future is none");
    assert_eq!(tested(every, &full("2026-02-01").replace("passed", "failed")).0, "gap");
    assert_eq!(
        tested(every, &full("2026-01-29").replace("passed", "failed")),
        ("gap", None),
        "old is not all that is wrong"
    );
    assert_eq!(tested(every, "on: 2026-02-01, result: passed, reference: y"), ("gap", None));
    assert_eq!(tested(every, "on: 2026-02-01, result: passed, tested_by: x").0, "gap");
    let twice =
        format!("{} }}\n  - {{ asset: a, {}", full("2026-02-01").replace("passed", "failed"), full("2026-02-01"));
    assert_eq!(tested(every, &twice).0, "gap", "of two tests of a day, the failed one counts");
    let rto = "rpo: 1d, rto: 3h, restore_test_every: 30d";
    assert_eq!(tested(rto, &full("2026-02-01")).0, "met");
    assert_eq!(tested(rto, &full("2026-02-01").replace("3h", "181m")).0, "gap");
    assert_eq!(tested(rto, "on: 2026-02-01, result: passed, tested_by: x, reference: y").0, "unknown");
}

#[test]
fn attainment_is_met_unknown_or_missed_by_what_history_covers() {
    let attained = |from: &str| {
        let listing = format!(
            r#"{{"recovery-points":{{"complete":true,{from}"grade":"observed","points":[{}]}}}}"#,
            (1..=28)
                .map(|day| format!(r#"{{"bytes":10,"captured_at":"2026-02-{day:02}T00:00:00Z"}}"#))
                .collect::<Vec<_>>()
                .join(",")
        );
        let report = judged("rpo: 1d, attainment: 90%", OBJECTS, "", &[&listing]);
        let rpo = &report.assets[0].rpo;
        (verdict(&report, "rpo-attainment:a"), rpo.covered.map(|share| (share * 100.0).round()))
    };
    // 28 of 30 days, less the hour since the listing: what was there before may have been removed.
    assert_eq!(attained(""), ("met".to_owned(), Some(93.0)));
    assert_eq!(attained(r#""kept_from":"2026-01-01T00:00:00Z","#), ("met".to_owned(), Some(100.0)));
    let unknown = judged("rpo: 1d, attainment: 90%", OBJECTS, "", &[]);
    assert_eq!(verdict(&unknown, "rpo-attainment:a"), "unknown");
    assert_eq!((unknown.assets[0].rpo.attainment, unknown.assets[0].rpo.worst_seconds), (None, None));
    let empty = |points: &str| of("rpo: 1d, attainment: 90%", OBJECTS, &[points], "rpo-attainment:a");
    assert_eq!(empty(&points(&[])), "unknown", "there may have been some once");
    let ever = points(&[]).replace(r#""points""#, r#""kept_from":"2020-01-01T00:00:00Z","points""#);
    assert_eq!(empty(&ever), "gap");
}

#[test]
fn sizes_are_asked_of_copies_that_have_points_with_sizes() {
    let size = |copy: &str, facts: &[&str]| of("rpo: 1d", copy, facts, "size-plausible:a:c");
    assert_eq!(size(OBJECTS, &[&points(&[])]), "none");
    assert_eq!(size(OBJECTS, &[&points(&["2026-02-28T12:00:00Z"])]), "unknown");
    assert_eq!(size(OBJECTS, &[&points(&["2026-02-27T12:00:00Z", "2026-02-28T12:00:00Z"])]), "met");
    assert_eq!(size(MIRROR, &[EQUAL]), "none");
    let floor = "in: vault, by: objects, min_bytes: 11";
    assert_eq!(size(floor, &[&points(&["2026-02-27T12:00:00Z", "2026-02-28T12:00:00Z"])]), "gap");
}

#[test]
fn a_change_feed_counts_from_its_beginning_to_its_observation() {
    let age = |changes: &str| {
        let text = "version: 1\ntitle: x\nsystems: { s: { kind: external }, v: { kind: s3, bucket: v } }\nobjectives: { o: { rpo: 1d } }\nassets: [{ id: a, lives_in: s, objective: o, owner: x, copies: [{ id: c, in: v, by: objects }] }]\n";
        let line = |copy: &str, fact: &str| {
            let line = format!(
                r#"{{"asset":"a",{copy}"fact":{fact},"observed_at":"2026-02-28T23:00:00Z","schema":"lastgood/evidence/1"}}"#
            );
            serde_json::from_str(&line).expect("an observation")
        };
        let observations = vec![
            line(r#""copy":"c","#, &points(&["2026-02-10T00:00:00Z"])),
            line("", &format!(r#"{{"changes":{changes}}}"#)),
        ];
        let report = report(&policy(text), observations, AS_OF);
        (verdict(&report, "recovery-point-age:a"), report.assets[0].rpo.basis)
    };
    let case = |verdict: &str, basis| (verdict.to_owned(), basis);
    assert_eq!(age(r#"{"at":["2026-02-09T00:00:00Z"]}"#), case("met", "change-feed"));
    assert_eq!(age(r#"{"at":["2026-02-11T00:00:00Z"]}"#), case("gap", "elapsed"));
    let exact = |at: &str| format!(r#"{{"at":["{at}"],"exact":true,"from":"2026-02-10T00:00:00Z"}}"#);
    assert_eq!(age(&exact("2026-02-28T23:00:00Z")), case("met", "change-feed"));
    assert_eq!(age(&exact("2026-02-12T00:00:00Z")), case("gap", "change-feed"));
    assert_eq!(age(&exact("2026-02-28T23:05:00Z")), case("met", "change-feed"), "clocks differ a little");
    assert_eq!(age(r#"{"at":["2026-02-28T23:00:00Z"],"exact":true}"#), case("gap", "elapsed"), "exact since when?");
    // A list that begins after the copy tells nothing of the days between.
    assert_eq!(
        age(r#"{"at":["2026-02-09T00:00:00Z"],"exact":true,"from":"2026-02-11T00:00:00Z"}"#),
        case("gap", "elapsed")
    );
    assert_eq!(
        age(r#"{"at":["2026-03-05T00:00:00Z"],"exact":true}"#),
        case("gap", "elapsed"),
        "a clock that is not believed"
    );
    assert_eq!(
        age(r#"{"at":["2026-03-05T00:00:00Z"],"exact":true,"from":"2026-02-01T00:00:00Z"}"#),
        case("gap", "elapsed"),
        "nor is what it says of the time before"
    );
    assert_eq!(age(r#"{"at":[]}"#), case("gap", "elapsed"));
    assert_eq!(age(r#"{"at":[],"from":"2026-02-01T00:00:00Z"}"#), case("gap", "elapsed"), "a list that is not exact");
    assert_eq!(age(r#"{"at":[],"exact":true,"from":"2026-02-01T00:00:00Z"}"#), case("met", "change-feed"));
}

#[test]
fn a_comparison_that_dates_what_it_missed_measures_the_exposure_exactly() {
    let age = |oldest: &str| {
        let fact = format!(
            r#"{{"comparison":{{"basis":"sha256","behind":1,"complete":true,"equal":5,"oldest_unprotected":"{oldest}"}}}}"#
        );
        let report = judged("rpo: 1d", MIRROR, "", &[&fact]);
        let rpo = &report.assets[0].rpo;
        (verdict(&report, "recovery-point-age:a"), rpo.basis, rpo.exposure_seconds, rpo.age_seconds)
    };
    let case = |verdict: &str, seconds| (verdict.to_owned(), "change-feed", Some(seconds), Some(seconds));
    assert_eq!(age("2026-02-28T00:00:00Z"), case("met", 86_400));
    assert_eq!(age("2026-02-27T23:59:59Z"), case("gap", 86_401));
    // A change later than the comparison cannot be what it missed.
    assert_eq!(age("2026-02-28T23:30:00Z").0, "unknown");
}

#[test]
fn the_age_names_the_feed_that_it_rests_on() {
    let mut observations = Vec::new();
    for (copy, fact) in [
        (r#""copy":"c","#, points(&["2026-02-28T12:00:00Z"])),
        ("", r#"{"changes":{"at":["2026-02-01T00:00:00Z"]}}"#.to_owned()),
    ] {
        let line = format!(
            r#"{{"asset":"a",{copy}"fact":{fact},"observed_at":"2026-02-28T23:00:00Z","schema":"lastgood/evidence/1"}}"#
        );
        observations.push(serde_json::from_str(&line).expect("an observation"));
    }
    let text = "version: 1\ntitle: x\nsystems: { s: { kind: external }, v: { kind: s3, bucket: v } }\nobjectives: { o: { rpo: 1d } }\nassets: [{ id: a, lives_in: s, objective: o, owner: x, copies: [{ id: c, in: v, by: objects }] }]\n";
    let report = report(&policy(text), observations, AS_OF);
    let finding = report.findings.iter().find(|finding| finding.id() == "recovery-point-age:a").expect("it");
    assert_eq!(finding.evidence.len(), 2);
}

#[test]
fn a_comparison_is_complete_only_when_all_was_compared_by_content_and_lately() {
    let complete = |comparison: &str| {
        let fact = format!(r#"{{"comparison":{{{comparison}}}}}"#);
        let report = judged("rpo: 1d, evidence: verified", MIRROR, "", &[&fact]);
        let copy = &report.assets[0].copies.as_ref().expect("copies")[0];
        (verdict(&report, "copy-complete:a:c"), copy.standing, copy.grade.word())
    };
    let met = r#""basis":"sha256","complete":true,"equal":5"#;
    let case = |verdict: &str, standing, grade| (verdict.to_owned(), standing, grade);
    assert_eq!(complete(met), case("met", "usable", "verified"));
    assert_eq!(complete(&format!(r#"{met},"extra":3"#)), case("met", "usable", "verified"));
    assert_eq!(complete(&format!(r#"{met},"behind":1"#)), case("gap", "usable", "verified"));
    assert_eq!(complete(&format!(r#"{met},"missing":1"#)), case("gap", "doubtful", "verified"));
    assert_eq!(complete(&format!(r#"{met},"different":1"#)), case("gap", "doubtful", "verified"));
    assert_eq!(complete(&format!(r#"{met},"sampled_ppm":50000"#)), case("unknown", "usable", "observed"));
    assert_eq!(complete(&met.replace("true", "false")), case("unknown", "doubtful", "verified"));
    assert_eq!(complete(&met.replace("sha256", "size")), case("unknown", "usable", "observed"));
    assert_eq!(complete(&met.replace(":5", ":0")), case("unknown", "doubtful", "none"));
    assert_eq!(complete(r#""basis":"sha256","complete":true,"equal":0,"missing":4"#), case("gap", "absent", "none"));
}

#[test]
fn an_owner_is_a_group_or_has_a_deputy() {
    let owned = |owner: &str| {
        let text = format!(
            "version: 1\ntitle: x\nsystems: {{ s: {{ kind: external }} }}\nobjectives: {{ o: {{ rpo: 1d }} }}\nassets:\n  - {{ id: a, lives_in: s, objective: o, copies: []{owner} }}\n"
        );
        verdict(&report(&policy(&text), Vec::new(), AS_OF), "owned:a")
    };
    assert_eq!(owned(", owner: Release squad"), "met");
    assert_eq!(owned(", owner: '@org/squad'"), "met");
    assert_eq!(owned(", owner: { person: Jo, deputy: Mo }"), "met");
    assert_eq!(owned(", owner: { person: Jo }"), "gap");
    assert_eq!(owned(", owner: '@jo'"), "gap");
    assert_eq!(owned(", owner: unknown"), "unknown");
    assert_eq!(owned(""), "gap");
}

#[test]
fn a_waiver_is_raised_again_after_two_periods() {
    let sound = |dates: &str| {
        let more = format!("waivers:\n  - {{ control: retention, assets: [a], reason: r, approved_by: x, {dates} }}\n");
        let report = judged("rpo: 1d, retention: 30d", OBJECTS, &more, &[]);
        (verdict(&report, "waivers-sound:a"), verdict(&report, "retention:a"))
    };
    let case = |sound: &str, retention: &str| (sound.to_owned(), retention.to_owned());
    assert_eq!(sound("approved_on: 2025-12-31, expires: 2026-12-31"), case("met", "accepted"));
    assert_eq!(sound("approved_on: 2025-12-30, expires: 2026-12-31"), case("gap", "accepted"));
    assert_eq!(
        sound("approved_on: 2026-02-01, first_approved_on: 2025-12-30, expires: 2026-12-31"),
        case("gap", "accepted")
    );
    assert_eq!(sound("approved_on: 2026-01-01, expires: 2026-03-01"), case("met", "accepted"));
    assert_eq!(sound("approved_on: 2026-01-01, expires: 2026-02-28"), case("gap", "unknown"));
    assert_eq!(sound("approved_on: 2026-03-02, expires: 2026-12-31"), case("gap", "unknown"));
}
