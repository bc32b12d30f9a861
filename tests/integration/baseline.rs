//! Comparing with an earlier report: what is new, since when the rest is known, and what is no baseline.
//!
//! The verdicts themselves are left to the other tests.

use lastgood::evidence::{Fact, Inventory, Item, Observation};
use lastgood::model::ItemKind;
use lastgood::model::time::parse_instant;
use lastgood::render::{Format, Look};
use lastgood::report::Report;
use lastgood::report::baseline::{self, Baseline};
use serde_json::{Value, json};

use crate::support::{lastgood, policy, report, stderr, stdout};

const ZOWE: &str = "policies/zowe-2020.yaml";

struct Earlier {
    folder: tempfile::TempDir,
}

impl Earlier {
    /// Returns a folder with the report of 2020-07-22.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display().to_string();
        lastgood(&["audit", ZOWE, "--offline", "--as-of", "2020-07-22", "--out", &out]);
        Self { folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("report.json").display().to_string()
    }

    fn report(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path()).expect("the report")).expect("JSON")
    }

    fn write(&self, content: &str) {
        std::fs::write(self.path(), content).expect("written");
    }

    fn audit(&self, as_of: &str, more: &[&str]) -> std::process::Output {
        let path = self.path();
        let args = ["audit", ZOWE, "--offline", "--as-of", as_of, "--baseline", &path];
        lastgood(&[&args[..], more].concat())
    }
}

fn parsed(output: &std::process::Output) -> Value {
    serde_json::from_str(&stdout(output)).expect("JSON")
}

fn finding<'r>(report: &'r Value, id: &str) -> &'r Value {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["id"] == id).expect("the finding")
}

fn changes(report: &Value, change: &str) -> u64 {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| finding["change"] == change).count() as u64
}

#[test]
fn what_was_so_then_is_known_since_then_and_the_rest_is_new() {
    let earlier = Earlier::new();
    let output = earlier.audit("2021-02-01", &["--format", "json"]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    let report = parsed(&output);
    assert_eq!(finding(&report, "copies:source")["change"], "unchanged");
    assert_eq!(finding(&report, "copies:source")["since"], "2020-07-22T00:00:00Z");
    assert_eq!(finding(&report, "attestation-current:wash:github")["change"], "new", "it was met");
    let retention = finding(&report, "retention:zos-guests");
    assert_eq!((&retention["verdict"], &retention["change"]), (&json!("gap"), &json!("updated")), "it was accepted");
    for (change, count) in [("new", "new"), ("unchanged", "unchanged"), ("updated", "updated")] {
        assert_eq!(report["baseline"][count].as_u64().expect("a count"), changes(&report, change));
        assert_ne!(changes(&report, change), 0, "{change}");
    }
    assert_eq!(report["baseline"]["as_of"], "2020-07-22T00:00:00Z");
    let said = stderr(&output);
    let line = format!("{} new, {} updated", report["baseline"]["new"], report["baseline"]["updated"]);
    assert!(said.contains("since 2020-07-22T00:00:00Z") && said.contains(&line), "{said}");
}

#[test]
fn a_time_that_an_earlier_report_had_from_an_earlier_one_is_kept() {
    let earlier = Earlier::new();
    let next = stdout(&earlier.audit("2021-01-01", &["--format", "json"]));
    earlier.write(&next);
    let report = parsed(&earlier.audit("2021-02-01", &["--format", "json"]));
    assert_eq!(report["baseline"]["as_of"], "2021-01-01T00:00:00Z");
    assert_eq!(finding(&report, "copies:source")["since"], "2020-07-22T00:00:00Z");
}

#[test]
fn without_a_baseline_nothing_is_called_new() {
    let report = Earlier::new().report();
    assert!(report.get("baseline").is_none());
    assert!(report["findings"].as_array().expect("findings").iter().all(|finding| finding.get("change").is_none()));
}

#[test]
fn what_was_open_then_and_is_not_now_is_told() {
    let earlier = Earlier::new();
    let mut report = earlier.report();
    let findings = report["findings"].as_array_mut().expect("findings");
    let met = findings.iter_mut().find(|finding| finding["verdict"] == "met").expect("one that is met");
    met["verdict"] = json!("gap");
    let id = met["id"].clone();
    let mut gone = met.clone();
    gone["id"] = json!("copies:demolished");
    gone["asset"] = json!("demolished");
    findings.push(gone);
    earlier.write(&report.to_string());
    let now = parsed(&earlier.audit("2020-07-22", &["--format", "json"]));
    let absent = now["baseline"]["absent"].as_array().expect("a list");
    assert_eq!(absent.len(), 2, "{absent:?}");
    assert_eq!((&absent[0]["id"], &absent[0]["verdict"], &absent[0]["now"]), (&id, &json!("gap"), &json!("met")));
    assert_eq!((&absent[1]["id"], &absent[1]["now"]), (&json!("copies:demolished"), &Value::Null));

    let sarif = parsed(&earlier.audit("2020-07-22", &["--format", "sarif"]));
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let of = |state: &str| results.iter().filter(|result| result["baselineState"] == state).count();
    assert_eq!((of("absent"), of("new"), of("updated")), (2, 0, 0));
    assert_eq!(of("unchanged") + 2, results.len(), "every result says where it stands");
    for result in results.iter().filter(|result| result["baselineState"] == "absent") {
        assert_eq!(result["level"], "none", "{result}");
        assert_ne!(result["kind"], "fail", "{result}");
    }

    // Of what --only leaves out nothing can be said.
    let only = parsed(&earlier.audit("2020-07-22", &["--format", "json", "--only", "zos-*"]));
    assert_eq!(only["baseline"]["absent"], json!([]));
}

#[test]
fn what_is_no_baseline_is_refused_with_the_reason() {
    let earlier = Earlier::new();
    let mut other = earlier.report();
    for asset in other["assets"].as_array_mut().expect("assets") {
        for name in ["id", "declared_as"] {
            asset[name] = json!(format!("other-{}", asset[name].as_str().expect("an id")));
        }
    }
    let mut newer = earlier.report();
    newer["findings"][0]["verdict"] = json!("splendid");
    for (content, said) in [
        ("no JSON".to_owned(), "it is not JSON"),
        (earlier.report().to_string()[..500].to_owned(), "it is not JSON"),
        ("[]".to_owned(), "it is not a report"),
        ("{}".to_owned(), "it is not a report"),
        (r#"{"schema":"lastgood/evidence/1"}"#.to_owned(), "its `schema` is \"lastgood/evidence/1\""),
        (r#"{"schema":"lastgood/report/1"}"#.to_owned(), "it is not a whole report: missing field"),
        (newer.to_string(), "unknown variant `splendid`"),
        (other.to_string(), "the report of another policy"),
    ] {
        earlier.write(&content);
        let output = earlier.audit("2020-07-22", &[]);
        assert_eq!(output.status.code(), Some(2), "{said}: {}", stderr(&output));
        assert!(stderr(&output).contains(said) && stderr(&output).contains("report.json"), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    let output = Earlier::new().audit("2020-07-21", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("later than this audit"), "{}", stderr(&output));
    let missing = lastgood(&["audit", ZOWE, "--offline", "--baseline", "no-such-report.json"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("cannot read the baseline no-such-report.json"), "{}", stderr(&missing));
}

#[test]
fn a_policy_of_another_name_is_compared_with_a_warning() {
    let earlier = Earlier::new();
    let mut report = earlier.report();
    report["policy"]["title"] = json!("Something else");
    earlier.write(&report.to_string());
    let output = earlier.audit("2020-07-22", &[]);
    assert_eq!(output.status.code(), Some(10));
    assert!(stderr(&output).contains("policy called \"Something else\""), "{}", stderr(&output));
}

/// The sources of an organisation of which these repositories were listed, all or not all of them.
fn sources(names: &[&str], complete: bool, at: &str) -> Report {
    let text = "version: 1\ntitle: T\nsystems:\n  hub: { kind: github, org: x }\nobjectives:\n  o: { rpo: 1d }\nassets:\n  - { id: source, lives_in: hub, each: repository, objective: o, copies: [] }\n";
    let at = parse_instant(at).expect("a time");
    let of_hub = |fact| {
        let mut observation = Observation::new(fact, at);
        observation.system = Some("hub".into());
        observation
    };
    let inventory =
        Inventory { complete, count: names.len() as u64, from: at, kind: ItemKind::Repository, public_only: false };
    let items = names.iter().map(|name| of_hub(Fact::Item(Box::new(Item::named(ItemKind::Repository, name)))));
    let mut observations: Vec<Observation> = items.collect();
    if complete || !names.is_empty() {
        observations.push(of_hub(Fact::Inventory(inventory)));
    }
    report(&policy(text), observations, &(at + chrono::TimeDelta::hours(1)).to_rfc3339())
}

fn rendered(report: &Report, format: Format) -> Value {
    let mut out = Vec::new();
    format.renderer().render(report, Look { width: 100, styled: false }, &mut out).expect("it renders");
    serde_json::from_slice(&out).expect("JSON")
}

#[test]
fn what_is_out_of_sight_is_not_over() {
    let then = rendered(&sources(&["alpha", "beta"], true, "2026-01-01"), Format::Json);
    let then = serde_json::to_vec(&then).expect("JSON");
    let beside = |mut now: Report| {
        baseline::compare(&mut now, Baseline::parse(&then).expect("a report"), &[]).expect("an earlier one");
        let compared = now.baseline.as_ref().expect("compared");
        let of = |gone: &[baseline::Absent], id: &str| gone.iter().any(|gone| gone.id == id);
        let found = (of(&compared.absent, "copies:source/beta"), of(&compared.not_seen, "copies:source/beta"));
        let log = rendered(&now, Format::Sarif);
        let results = log["runs"][0]["results"].as_array().expect("results").clone();
        let result = results.into_iter().find(|result| result["properties"]["id"] == "copies:source/beta");
        let result = result.expect("a result");
        (found, result["kind"].as_str() == Some("fail"), result["baselineState"].clone())
    };
    let gone = ((true, false), false, json!("absent"));
    assert_eq!(beside(sources(&["alpha"], true, "2026-02-01")), gone, "all were listed, and it is gone");
    let hidden = ((false, true), true, json!("updated"));
    assert_eq!(beside(sources(&["alpha"], false, "2026-02-01")), hidden, "not all were listed");
    assert_eq!(beside(sources(&[], false, "2026-02-01")), hidden, "nothing was listed");
}
