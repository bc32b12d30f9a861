//! Faults of a controller: whatever goes wrong, what rests on it is unknown with the right reason, and never
//! met; and no secret is written.
//!
//! What the door makes of each fault is in `http_door`.

use std::time::Duration;

use lastgood::collect::Options;
use lastgood::collect::http::Settings;
use lastgood::evidence::{Fact, Observation};
use lastgood::model::{UnseenReason, Verdict};
use lastgood::report::Report;

use crate::collecting::options;
use crate::estate::{Estate, Fault, Truth, When};
use crate::faults::{hurried, impatient, limits, refusals, unreadable};
use crate::jenkins::{ADMIN, about, audited, because};
use crate::support::verdict;

fn with(door: Settings) -> Options {
    Options { door, ..options() }
}

/// A policy that needs the list, definitions, a backup job, its artifacts and a plugin.
fn text(estate: &Estate) -> String {
    about(
        estate,
        r"
  - { id: jobs, lives_in: wash, each: job, select: { defined_in: [jenkins, unknown] }, objective: o, owner: Squad, copies: [{ id: ride, by: included, of: whole }] }
  - id: whole
    lives_in: wash
    facets: [config]
    objective: o
    owner: Squad
    copies:
      - { id: job, in: operator, runs_in: wash, by: build, job: ops/backup }
      - { id: plugin, in: wash, by: backup-config, key: thinBackup }",
    )
}

/// Returns the findings that are met although they rest on what was not seen.
fn green(report: &Report) -> Vec<String> {
    let met = report.findings.iter().filter(|finding| finding.verdict == Verdict::Met);
    let said_by_policy = ["owned", "coverage-acyclic", "attestation-current"];
    let met = met.filter(|finding| !said_by_policy.contains(&finding.control.word()));
    // The other systems are not at fault.
    let met = met.filter(|finding| !finding.id().ends_with("@github") && !finding.id().ends_with("@operated"));
    met.map(lastgood::report::Finding::id).collect()
}

fn assert_clean(report: &Report, observations: &[Observation]) {
    for text in [serde_json::to_string(observations), serde_json::to_string(report)] {
        let text = text.expect("JSON");
        assert!(!text.contains(ADMIN.1), "a secret was written down");
        assert!(!text.contains("YXVkaXRvcjplc3RhdGUtamVua2lucy1hZG1pbi0wMQ"), "as it is sent");
    }
}

/// Asserts that a fault of every answer of the controller leaves all of it unknown, for that reason.
fn all_is_unseen(fault: &Fault, reason: UnseenReason, options: &Options) {
    let estate = Estate::of(Truth::example()).start();
    estate.fault("/wash/*", When::Always, fault.clone());
    let (report, observations) = audited(&text(&estate), ADMIN, options);
    let entries = report.unseen.iter().filter(|entry| entry.system == "wash");
    let reasons: Vec<(UnseenReason, &str)> = entries.map(|entry| (entry.reason, entry.what.as_str())).collect();
    assert!(reasons.iter().any(|(is, _)| *is == reason), "{fault:?}: {reasons:?}");
    assert_eq!(green(&report), Vec::<String>::new(), "{fault:?}");
    assert_ne!(report.verdict, Verdict::Met, "{fault:?}");
    assert_clean(&report, &observations);
}

#[test]
fn a_controller_that_refuses_leaves_everything_unknown() {
    for (fault, reason) in refusals() {
        all_is_unseen(&fault, reason, &options());
    }
}

#[test]
fn answers_that_cannot_be_read_leave_everything_unknown() {
    for (fault, reason) in unreadable() {
        all_is_unseen(&fault, reason, &options());
    }
}

#[test]
fn answers_that_do_not_come_leave_everything_unknown() {
    all_is_unseen(&Fault::HangUp, UnseenReason::Unreachable, &options());
    all_is_unseen(&Fault::Silence, UnseenReason::Unreachable, &with(impatient(options().door)));
    all_is_unseen(&Fault::Drip(Duration::from_millis(50)), UnseenReason::Unreachable, &with(impatient(options().door)));
}

#[test]
fn limits_that_last_longer_than_the_deadline_leave_everything_unknown() {
    for fault in limits() {
        all_is_unseen(&fault, UnseenReason::RateLimited, &with(hurried(options().door)));
    }
}

#[test]
fn a_controller_that_is_not_there_leaves_everything_unknown() {
    let mut estate = Estate::of(Truth::example()).start();
    let text = text(&estate);
    let url = estate.url();
    estate.close();
    for text in [text.clone(), text.replace(&url, "https://nowhere.invalid"), text.replace("http://", "https://")] {
        let (report, observations) = audited(&text, ADMIN, &options());
        let unseen: Vec<_> = report.unseen.iter().filter(|entry| entry.system == "wash").collect();
        assert!(unseen.iter().any(|entry| entry.reason == UnseenReason::Unreachable), "{unseen:?}");
        assert_eq!(green(&report), Vec::<String>::new());
        assert_clean(&report, &observations);
    }
}

#[test]
fn a_list_that_is_not_whole_is_never_taken_for_one() {
    for fault in [
        Fault::Missing("name"),
        Fault::Null("name"),
        Fault::Missing("jobs"),
        Fault::Null("jobs"),
        Fault::Status(500),
        Fault::Html,
        Fault::Partial,
    ] {
        let estate = Estate::of(Truth::example()).start();
        estate.fault("/wash/api/json", When::Always, fault.clone());
        let (report, observations) = audited(&text(&estate), ADMIN, &options());
        let whole = observations.iter().any(|observation| {
            observation.system.as_deref() == Some("wash")
                && matches!(&observation.fact, Fact::Inventory(list) if list.complete)
        });
        // A half of an object is the object to whoever cannot tell; the status says that it is not.
        assert!(!whole, "{fault:?}");
        assert_ne!(verdict(&report, "declared:@wash"), "met", "{fault:?}");
        assert_clean(&report, &observations);
    }
}

#[test]
fn one_folder_that_fails_leaves_the_list_not_whole() {
    // Folders beyond the reach of one question are asked for themselves.
    let mut truth = Truth::example();
    let mut inner = truth.jenkins[0].jobs[0].clone();
    for _ in 0..5 {
        let mut outer = inner.clone();
        outer.jobs = vec![inner];
        inner = outer;
    }
    truth.jenkins[0].jobs[0] = inner;
    for (fault, reason) in [
        (Fault::Status(403), UnseenReason::NotAuthorized),
        (Fault::Status(404), UnseenReason::NotFound),
        (Fault::Html, UnseenReason::Unreadable),
        (Fault::Cut, UnseenReason::Truncated),
    ] {
        let estate = Estate::of(truth.clone()).start();
        estate.fault("/wash/job/ops/job/ops/*api/json", When::Always, fault.clone());
        let (report, observations) = audited(&text(&estate), ADMIN, &options());
        let lists = observations.iter().filter_map(|observation| match &observation.fact {
            Fact::Inventory(list) if observation.system.as_deref() == Some("wash") => Some((list.complete, list.count)),
            _ => None,
        });
        assert_eq!(lists.collect::<Vec<_>>(), [(false, 11)], "{fault:?}: the others are there");
        assert!(
            report.unseen.iter().any(|entry| entry.system == "wash" && entry.reason == reason),
            "{:?}",
            report.unseen
        );
    }
}

#[test]
fn builds_that_are_spoiled_are_no_recovery_points() {
    for fault in [
        Fault::Missing("timestamp"),
        Fault::Null("timestamp"),
        Fault::Missing("result"),
        Fault::Null("result"),
        Fault::Missing("building"),
        Fault::Null("building"),
        Fault::Missing("number"),
        Fault::Missing("duration"),
        Fault::Missing("allBuilds"),
        Fault::Missing("nextBuildNumber"),
        Fault::HalfJson,
        Fault::Status(500),
        Fault::Partial,
    ] {
        let estate = Estate::of(Truth::example()).start();
        estate.fault("/wash/job/ops/job/backup/api/json", When::Always, fault.clone());
        let (report, observations) = audited(&text(&estate), ADMIN, &options());
        let runs = "runs-on-schedule:whole:job";
        assert_ne!(verdict(&report, runs), "met", "{fault:?}: {}", because(&report, runs));
        if fault != Fault::Missing("nextBuildNumber") {
            // How many builds there were says nothing of those that are there.
            assert_ne!(verdict(&report, "copies:whole"), "met", "{fault:?}: {}", because(&report, "copies:whole"));
        }
        assert_clean(&report, &observations);
    }
}

#[test]
fn a_definition_that_is_spoiled_says_nothing() {
    for fault in [
        Fault::Html,
        Fault::Cut,
        Fault::Status(403),
        Fault::Status(500),
        Fault::NoJson,
        Fault::ContentType("text/html"),
    ] {
        let estate = Estate::of(Truth::example()).start();
        estate.fault("/wash/*config.xml", When::Always, fault.clone());
        let (report, _) = audited(&text(&estate), ADMIN, &options());
        assert_eq!(verdict(&report, "runs-on-schedule:whole:job"), "unknown", "{fault:?}");
        assert_eq!(
            verdict(&report, "copies:jobs/docs"),
            verdict(&report, "copies:jobs/release"),
            "all may be defined here"
        );
        assert_ne!(verdict(&report, "copies:jobs/docs"), "none", "{fault:?}");
    }
}

#[test]
fn a_token_that_expires_half_way_leaves_the_rest_unknown() {
    let estate = Estate::of(Truth::example()).start();
    estate.fault("/wash/*", When::From(5), Fault::Status(401));
    let (report, observations) = audited(&text(&estate), ADMIN, &options());
    assert!(
        observations
            .iter()
            .any(|observation| matches!(observation.fact, Fact::Item(_))
                && observation.system.as_deref() == Some("wash"))
    );
    assert!(report.unseen.iter().any(|entry| entry.reason == UnseenReason::NotAuthorized));
    assert_ne!(verdict(&report, "declared:@wash"), "met");
    assert_ne!(verdict(&report, "copies:whole"), "met");
    let asked = estate.requests().into_iter().filter(|asked| asked.path.starts_with("/wash/")).count();
    assert!(asked <= 9, "a refused token is not tried again and again: {asked}");
}

#[test]
fn a_fault_that_passes_is_none() {
    let estate = Estate::of(Truth::example()).start();
    estate.fault("/wash/api/json", When::First(1), Fault::Status(502));
    estate.fault("/wash/job/ops/job/backup/*", When::First(1), Fault::Proxy(503));
    let (report, _) = audited(&text(&estate), ADMIN, &options());
    assert_eq!(verdict(&report, "declared:@wash"), "met", "{}", because(&report, "declared:@wash"));
    assert_eq!(verdict(&report, "copies:whole"), "met", "{}", because(&report, "copies:whole"));
}

#[test]
fn a_server_that_repeats_the_credential_finds_it_nowhere() {
    for fault in [Fault::Echo(200), Fault::Echo(401), Fault::Echo(403), Fault::Echo(500), Fault::EchoRedirect] {
        let estate = Estate::of(Truth::example()).start();
        estate.fault("/wash/*", When::Always, fault.clone());
        let (report, observations) = audited(&text(&estate), ADMIN, &options());
        assert_clean(&report, &observations);
        assert_eq!(green(&report), Vec::<String>::new(), "{fault:?}");
    }
}
