//! The model document as a policy: what must be found in it, and the same in every format.
//!
//! The verdicts are asserted one by one; the snapshots only show that formats stay as they were read.

use serde_json::Value;

use crate::support::{lastgood, stdout};

const POLICY: &str = "policies/zowe-2020.yaml";

fn audit(as_of: &str, format: &str) -> String {
    let output = lastgood(&["audit", POLICY, "--offline", "--as-of", as_of, "--format", format]);
    assert_eq!(output.status.code(), Some(10), "there are gaps");
    stdout(&output)
}

fn json(as_of: &str) -> Value {
    serde_json::from_str(&audit(as_of, "json")).expect("the report is JSON")
}

fn verdict<'r>(report: &'r Value, id: &str) -> &'r str {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.and_then(|finding| finding["verdict"].as_str()).unwrap_or("none")
}

fn asset_verdict<'r>(report: &'r Value, id: &str) -> &'r str {
    let assets = report["assets"].as_array().expect("assets");
    let found = assets.iter().find(|asset| asset["id"] == id).expect("the asset");
    found["verdict"].as_str().expect("a verdict")
}

fn loss<'r>(report: &'r Value, domain: &str, what: &str) -> Vec<&'r str> {
    let losses = report["losses"].as_array().expect("losses");
    let loss = losses.iter().find(|loss| loss["domain"] == domain).expect("the domain");
    let entries = loss[what].as_array().expect("a list").iter();
    entries.filter_map(|entry| entry.as_str().or_else(|| entry["asset"].as_str())).collect()
}

#[test]
fn every_asset_of_2020_has_the_verdict_that_the_model_document_earns() {
    let report = json("2020-07-22T00:00:00Z");
    for (asset, expected) in [
        ("source", "gap"),
        ("binaries", "gap"),
        ("downloads", "unknown"),
        ("zdt-image", "unknown"),
        ("zos-guests", "unknown"),
        ("wash", "gap"),
        ("lf-jenkins", "gap"),
        ("pipelines", "gap"),
        ("samples", "gap"),
        ("jenkins-only-jobs", "unknown"),
        ("sites", "gap"),
        ("community-documents-box", "unknown"),
        ("community-documents-google", "unknown"),
    ] {
        assert_eq!(asset_verdict(&report, asset), expected, "{asset}");
    }
    assert_eq!(report["summary"]["assets"]["met"], 0, "not one asset is met");
    assert_eq!(report["summary"]["assets"]["total"], 13);
    assert_eq!(report["verdict"], "gap");
}

#[test]
fn every_reason_of_2020_is_found() {
    let report = json("2020-07-22T00:00:00Z");
    for (id, expected) in [
        ("copies:source", "gap"),
        ("recovery-point-age:source", "gap"),
        ("independent-copy:source", "gap"),
        ("survives-loss:source", "gap"),
        ("evidence-grade:binaries", "gap"),
        ("independent-copy:binaries", "gap"),
        ("claim-supported:binaries:vendor-backup", "unknown"),
        ("claim-supported:binaries:rebuild", "unknown"),
        ("recovery-point-age:binaries", "unknown"),
        ("copy-complete:downloads:s3", "unknown"),
        ("claim-supported:downloads:s3", "unknown"),
        ("owned:zdt-image", "unknown"),
        ("recovery-point-age:zdt-image", "unknown"),
        ("retention:zos-guests", "accepted"),
        ("recovery-point-age:zos-guests", "unknown"),
        ("evidence-grade:wash", "gap"),
        ("evidence-grade:lf-jenkins", "gap"),
        ("independent-copy:lf-jenkins", "gap"),
        ("copies:pipelines", "gap"),
        ("copies:samples", "gap"),
        ("declared:jenkins-only-jobs", "unknown"),
        ("rebuildable:sites:from-source", "gap"),
        ("copies:community-documents-box", "unknown"),
        ("owned:community-documents-google", "unknown"),
    ] {
        assert_eq!(verdict(&report, id), expected, "{id}");
    }
    let because = |id: &str| {
        let findings = report["findings"].as_array().expect("findings");
        let found = findings.iter().find(|finding| finding["id"] == id).expect("the finding");
        found["because"].as_str().expect("a reason").to_owned()
    };
    assert!(because("recovery-point-age:source").starts_with("never"));
    assert!(because("survives-loss:source").contains("provider=GitHub takes it"));
    assert!(because("claim-supported:binaries:rebuild").starts_with("unproven"));
    assert!(because("independent-copy:lf-jenkins").contains("unknown place, which counts as shared"));
}

#[test]
fn the_loss_of_github_takes_what_rests_on_source() {
    let report = json("2020-07-22T00:00:00Z");
    assert_eq!(loss(&report, "provider=GitHub", "lost"), ["source", "pipelines", "sites", "samples"]);
    assert_eq!(
        loss(&report, "provider=GitHub", "survive"),
        [
            "binaries",
            "downloads",
            "zos-guests",
            "wash",
            "lf-jenkins",
            "community-documents-box",
            "community-documents-google"
        ]
    );
    // Nobody knows where the image of ZDT lies.
    assert_eq!(loss(&report, "provider=GitHub", "unknown"), ["zdt-image", "jenkins-only-jobs"]);
    let losses = report["losses"].as_array().expect("losses");
    let github = losses.iter().find(|loss| loss["domain"] == "provider=GitHub").expect("the domain");
    for survivor in github["survive"].as_array().expect("survivors") {
        assert_eq!(survivor["copy"], Value::Null, "each survives as its primary: {survivor}");
    }
}

#[test]
fn a_copy_that_is_only_attested_leaves_survival_unknown() {
    let report = json("2020-07-22T00:00:00Z");
    assert!(loss(&report, "provider=Vexxhost", "unknown").contains(&"wash"));
    assert!(!loss(&report, "provider=Vexxhost", "survive").contains(&"wash"));
}

#[test]
fn whom_the_loss_of_a_group_nobody_listed_concerns_is_unknown() {
    // Half a year later the statement about what the group travels in has lapsed.
    let report = json("2021-02-01");
    assert_eq!(verdict(&report, "survives-loss:jenkins-only-jobs"), "unknown");
    assert!(loss(&report, "provider=Vexxhost", "unknown").contains(&"jenkins-only-jobs"));
    assert_eq!(loss(&report, "provider=Vexxhost", "lost"), ["wash", "lf-jenkins"]);
}

#[test]
fn half_a_year_later_statements_and_the_waiver_have_lapsed() {
    let (before, after) = (json("2020-07-22T00:00:00Z"), json("2021-02-01"));
    assert_eq!(asset_verdict(&before, "zos-guests"), "unknown");
    assert_eq!(asset_verdict(&after, "zos-guests"), "gap");
    for id in [
        "retention:zos-guests",
        "attestation-current:zos-guests:snapshot",
        "waivers-sound:zos-guests",
        "attestation-current:wash:github",
        "attestation-current:lf-jenkins:lf-process",
    ] {
        assert_ne!(verdict(&before, id), "gap", "{id}");
        assert_eq!(verdict(&after, id), "gap", "{id}");
    }
    assert_eq!(after["summary"]["assets"]["met"], 0);
}

#[test]
fn a_statement_and_a_waiver_count_through_their_last_day() {
    let last = json("2021-01-22T23:59:59Z");
    assert_eq!(verdict(&last, "attestation-current:zos-guests:snapshot"), "met");
    assert_eq!(verdict(&last, "retention:zos-guests"), "accepted");
    let next = json("2021-01-23T00:00:00Z");
    assert_eq!(verdict(&next, "attestation-current:zos-guests:snapshot"), "gap");
    assert_eq!(verdict(&next, "retention:zos-guests"), "gap");
}

#[test]
fn every_format_stays_as_it_was_read() {
    for as_of in ["2020-07-22", "2021-02-01"] {
        for format in ["table", "markdown", "json", "csv", "comment"] {
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("zowe-{as_of}-{format}"), audit(as_of, format));
            });
        }
    }
}

#[test]
fn two_runs_are_byte_identical_in_every_format() {
    for format in ["table", "markdown", "html", "json", "csv", "comment", "sarif", "junit", "openmetrics"] {
        assert_eq!(audit("2020-07-22", format), audit("2020-07-22", format), "{format}");
    }
}
