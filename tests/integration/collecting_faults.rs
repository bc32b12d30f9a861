//! Faults end to end: whatever goes wrong, what rests on it is unknown with the right reason, and never
//! met; and no secret is written.
//!
//! What the door makes of each fault is in `http_door`.

use std::time::Duration;

use chrono::TimeDelta;
use lastgood::collect::Options;
use lastgood::collect::http::Settings;
use lastgood::evidence::{Fact, Observation};
use lastgood::model::{UnseenReason, Verdict};
use lastgood::report::Report;

use crate::collecting::{audited, mirrored, options};
use crate::estate::{self, Estate, Fault, Truth, Wait, When};
use crate::faults::{hurried, impatient, limits, refusals, unreadable};

fn with(door: Settings) -> Options {
    Options { door, ..options() }
}

/// Returns the findings about the sources that are met although they rest on what was not seen.
fn green(report: &Report) -> Vec<String> {
    let of_source =
        report.findings.iter().filter(|finding| finding.asset().is_some_and(|asset| asset.starts_with("source")));
    of_source
        .filter(|finding| finding.verdict == Verdict::Met)
        // Who owns it and what rests on what is said by the policy alone.
        .filter(|finding| !["owned", "coverage-acyclic"].contains(&finding.control.word()))
        .map(lastgood::report::Finding::id)
        .collect()
}

fn assert_clean(observations: &[Observation]) {
    let all = serde_json::to_string(observations).expect("JSON");
    assert!(!all.contains("estate-all-"), "a secret was written down");
}

/// Asserts that a fault of every answer about what is there leaves all of it unknown, for that reason.
fn list_is_unseen(fault: &Fault, reason: UnseenReason, options: &Options) {
    let estate = Estate::of(Truth::example()).start();
    estate.fault("*", When::Always, fault.clone());
    let (report, observations) = audited(&mirrored(&estate), estate::ALL, options);
    let reasons: Vec<(UnseenReason, &str)> = report
        .unseen
        .iter()
        .filter(|entry| entry.system == "github")
        .map(|entry| (entry.reason, entry.what.as_str()))
        .collect();
    assert!(reasons.iter().any(|(is, _)| *is == reason), "{fault:?}: {reasons:?}");
    assert_eq!(green(&report), Vec::<String>::new(), "{fault:?}");
    assert_ne!(report.verdict, Verdict::Met, "{fault:?}");
    assert_clean(&observations);
}

#[test]
fn a_list_that_is_refused_leaves_everything_unknown() {
    for (fault, reason) in refusals() {
        list_is_unseen(&fault, reason, &options());
    }
}

#[test]
fn a_list_that_cannot_be_read_leaves_everything_unknown() {
    for (fault, reason) in unreadable() {
        list_is_unseen(&fault, reason, &options());
    }
}

#[test]
fn a_part_of_a_list_is_not_the_list() {
    let estate = Estate::of(Truth::example()).start();
    estate.fault("/orgs/*/repos", When::Always, Fault::Partial);
    let (report, _) = audited(&mirrored(&estate).replace(", token: { env: ESTATE_TOKEN }", ""), "", &options());
    assert!(report.unseen.iter().any(|entry| entry.reason == UnseenReason::Truncated), "{:?}", report.unseen);
    assert_eq!(green(&report), Vec::<String>::new());
}

#[test]
fn a_list_that_does_not_come_leaves_everything_unknown() {
    list_is_unseen(&Fault::HangUp, UnseenReason::Unreachable, &options());
    list_is_unseen(&Fault::Silence, UnseenReason::Unreachable, &with(impatient(options().door)));
    list_is_unseen(
        &Fault::Drip(Duration::from_millis(50)),
        UnseenReason::Unreachable,
        &with(impatient(options().door)),
    );
}

#[test]
fn limits_that_last_longer_than_the_deadline_leave_everything_unknown() {
    let of_github = [
        Fault::PrimaryLimit(Some(3_600)),
        Fault::SecondaryLimit(Wait::Unsaid),
        Fault::SecondaryLimit(Wait::Seconds(3_600)),
    ];
    for fault in limits().into_iter().chain(of_github) {
        list_is_unseen(&fault, UnseenReason::RateLimited, &with(hurried(options().door)));
    }
}

#[test]
fn a_host_that_is_not_there_leaves_everything_unknown() {
    let mut estate = Estate::of(Truth::example()).start();
    let text = mirrored(&estate);
    estate.close();
    for text in
        [text.clone(), text.replace(&estate.url(), "https://nowhere.invalid"), text.replace("http://", "https://")]
    {
        let (report, _) = audited(&text, estate::ALL, &options());
        let unseen: Vec<_> = report.unseen.iter().filter(|entry| entry.system == "github").collect();
        assert!(unseen.iter().any(|entry| entry.reason == UnseenReason::Unreachable), "{unseen:?}");
        assert_eq!(green(&report), Vec::<String>::new());
    }
}

#[test]
fn a_list_that_is_not_whole_is_never_taken_for_one() {
    for (token, fault) in [
        (estate::ALL, Fault::EndlessPages),
        (estate::ALL, Fault::PageLoop),
        (estate::ALL, Fault::Missing("name")),
        (estate::ALL, Fault::Null("name")),
        ("", Fault::PageLoop),
        ("", Fault::Missing("name")),
        ("", Fault::Null("name")),
    ] {
        let estate = Estate::of(Truth::of_many(250)).start();
        for path in ["/graphql", "/orgs/*"] {
            estate.fault(path, When::Always, fault.clone());
        }
        let text = mirrored(&estate);
        let text = if token.is_empty() { text.replace(", token: { env: ESTATE_TOKEN }", "") } else { text };
        // Pages without end end with the deadline at the latest.
        let deadline = tokio::time::Instant::now().checked_add(Duration::from_secs(2));
        let door = Settings { deadline, ..options().door };
        let (report, observations) =
            audited(&text, token, &Options { lists_of: Some("github".to_owned()), door, ..options() });
        let whole =
            observations.iter().any(|observation| matches!(&observation.fact, Fact::Inventory(list) if list.complete));
        assert!(!whole, "{fault:?} as {token:?}");
        let declared =
            report.findings.iter().find(|finding| finding.id() == "declared:@github").map(|finding| finding.verdict);
        assert!(declared.is_none_or(|verdict| verdict != Verdict::Met), "{fault:?}");
    }
}

#[test]
fn a_token_that_expires_half_way_leaves_the_rest_unknown() {
    let estate = Estate::of(Truth::of_many(250)).start();
    estate.fault("/graphql", When::From(3), Fault::Status(401));
    let (report, observations) = audited(&mirrored(&estate), estate::ALL, &options());
    let items = observations.iter().filter(|observation| matches!(observation.fact, Fact::Item(_))).count();
    assert!((1..250).contains(&items), "{items} were seen before");
    assert!(report.unseen.iter().any(|entry| entry.reason == UnseenReason::NotAuthorized));
    assert_ne!(
        report.findings.iter().find(|finding| finding.id() == "declared:@github").map(|finding| finding.verdict),
        Some(Verdict::Met)
    );
    let asked = estate.requests_to("/graphql").len();
    assert!(asked <= 5, "a refused token is not tried again and again: {asked}");
}

#[test]
fn a_fault_that_passes_is_none() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    estate.fault("*", When::First(1), Fault::Status(502));
    let (report, _) = audited(&mirrored(&estate), estate::ALL, &options());
    assert_eq!(crate::support::verdict(&report, "copies:source/api-layer"), "met");
}

#[test]
fn a_fault_of_one_mirror_hides_no_other() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    for (fault, reason) in [
        (Fault::Status(401), UnseenReason::NotAuthorized),
        (Fault::Status(500), UnseenReason::Unreachable),
        (Fault::Html, UnseenReason::Unreadable),
        (Fault::Cut, UnseenReason::Truncated),
        (Fault::HangUp, UnseenReason::Unreachable),
        (Fault::Redirect("https://elsewhere.invalid/".to_owned()), UnseenReason::Unreadable),
    ] {
        estate.heal();
        estate.fault("/mirror/api-layer.git/*", When::Always, fault.clone());
        let (report, _) = audited(&mirrored(&estate), estate::ALL, &options());
        let verdict = |id: &str| crate::support::verdict(&report, id);
        assert_eq!(verdict("copies:source/api-layer"), "unknown", "{fault:?}");
        assert_eq!(verdict("recovery-point-age:source/api-layer"), "unknown", "{fault:?}");
        assert_eq!(verdict("copies:source/launcher"), "met", "{fault:?}");
        let unseen: Vec<_> = report.unseen.iter().filter(|entry| entry.what.contains("api-layer")).collect();
        assert!(unseen.iter().any(|entry| entry.reason == reason), "{fault:?}: {unseen:?}");
    }
}

#[test]
fn a_server_that_repeats_the_credential_finds_it_nowhere() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    for fault in [Fault::Echo(200), Fault::Echo(401), Fault::Echo(403), Fault::Echo(500), Fault::EchoRedirect] {
        estate.heal();
        estate.fault("*", When::Always, fault.clone());
        let (report, observations) = audited(&mirrored(&estate), estate::ALL, &options());
        assert_clean(&observations);
        assert_eq!(green(&report), Vec::<String>::new(), "{fault:?}");
        assert!(!serde_json::to_string(&report).expect("JSON").contains("estate-all-"));
    }
}

#[test]
fn a_wrong_clock_makes_nothing_fresh() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    estate.fault("*", When::Always, Fault::WrongDate(TimeDelta::days(300)));
    let (report, _) = audited(&mirrored(&estate), estate::ALL, &options());
    assert_eq!(crate::support::verdict(&report, "copy-complete:source/cli:mirror"), "gap");
    assert_eq!(crate::support::verdict(&report, "copies:source/docs-site"), "unknown");
}
