//! The JSON Schemas: committed as generated, and in agreement with what is read and written.
//!
//! What the formats mean is left to the other tests.

use serde_json::{Value, json};

use crate::support::{lastgood, project, stdout};

fn generated(of: &str) -> Value {
    serde_json::from_str(&stdout(&lastgood(&["schema", of]))).expect("a schema is JSON")
}

fn committed(of: &str) -> Value {
    let text = std::fs::read_to_string(project(&format!("docs/schema/{of}.json"))).expect("the committed schema");
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// Returns a YAML file as the JSON that an editor checks against the schema.
fn as_json(path: &str) -> Value {
    let text = std::fs::read_to_string(project(path)).expect("the policy");
    serde_saphyr::from_str(&text).expect("YAML")
}

fn faults(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a valid schema");
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_committed_schemas_are_the_generated_ones() {
    for of in ["policy", "report", "evidence"] {
        // Their whole texts would be thousands of lines.
        assert!(committed(of) == generated(of), "run `lastgood schema {of} > docs/schema/{of}.json`");
    }
}

#[test]
fn every_example_policy_agrees_with_the_schema() {
    let schema = generated("policy");
    let mut policies: Vec<String> = vec!["policies/zowe-2020.yaml".to_owned()];
    let fixtures = project("tests/fixtures/losses");
    for entry in std::fs::read_dir(fixtures).expect("the fixtures").flatten().filter(|entry| entry.path().is_dir()) {
        policies.push(format!("tests/fixtures/losses/{}/policy.yaml", entry.file_name().to_string_lossy()));
    }
    assert!(policies.len() > 5);
    for policy in policies {
        assert_eq!(faults(&schema, &as_json(&policy)), Vec::<String>::new(), "{policy}");
    }
}

#[test]
fn the_schema_and_the_parser_refuse_the_same() {
    let schema = generated("policy");
    let good = as_json("policies/zowe-2020.yaml");
    let change = |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let wrong = [
        change(&|policy| policy["colour"] = json!("red")),
        change(&|policy| policy["version"] = json!(2)),
        change(&|policy| policy["title"] = json!(7)),
        change(&|policy| policy["title"] = json!(" ")),
        change(&|policy| policy["waivers"][0]["reason"] = json!("")),
        change(&|policy| policy["systems"]["artifacts"]["url"] = json!("https://example.org/{nme}")),
        change(&|policy| policy["systems"]["github"]["kind"] = json!("gitlab")),
        change(&|policy| policy["systems"]["github"]["bucket"] = json!("x")),
        change(&|policy| policy["systems"]["github"]["token"] = json!("secret")),
        change(&|policy| policy["systems"]["artifacts"]["url"] = Value::Null),
        change(&|policy| policy["objectives"]["source"]["rpo"] = json!("soon")),
        change(&|policy| policy["objectives"]["source"]["evidence"] = json!("seen")),
        change(&|policy| policy["assets"][0]["copies"] = json!("none")),
        change(&|policy| policy["assets"][0]["id"] = json!("a/b")),
        change(&|policy| policy["assets"][1]["copies"][0]["by"] = json!("magic")),
        change(&|policy| policy["assets"][1]["copies"][0]["prefix"] = json!("x")),
        change(&|policy| policy["waivers"][0]["control"] = json!("retenton")),
        change(&|policy| {
            policy["waivers"][0].as_object_mut().expect("a mapping").remove("expires");
        }),
        change(&|policy| {
            policy["assets"][0].as_object_mut().expect("a mapping").remove("copies");
        }),
    ];
    for (position, instance) in wrong.iter().enumerate() {
        assert_ne!(faults(&schema, instance), Vec::<String>::new(), "the schema takes case {position}");
        // JSON is YAML, so the parser reads the same document.
        let text = serde_json::to_string_pretty(instance).expect("JSON");
        let read = lastgood::policy::Policy::parse("changed.yaml", text.as_bytes());
        assert!(read.is_err(), "the parser takes case {position}");
    }
    assert_eq!(faults(&schema, &good), Vec::<String>::new());
}

#[test]
fn the_report_and_the_evidence_agree_with_their_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    lastgood(&["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22", "--out", &out]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("the file");
    let report: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert_eq!(faults(&generated("report"), &report), Vec::<String>::new());
    let schema = generated("evidence");
    let lines = read("evidence.jsonl");
    assert!(lines.lines().count() > 4);
    for line in lines.lines() {
        let observation: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(faults(&schema, &observation), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn the_fixed_names_of_the_report_are_there() {
    let output =
        lastgood(&["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22", "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let has = |value: &Value, names: &[&str]| {
        for name in names {
            assert!(value.get(name).is_some(), "`{name}` is missing in {value}");
        }
    };
    assert_eq!(report["schema"], "lastgood/report/1");
    has(
        &report,
        &["as_of", "period", "verdict", "policy", "summary", "assets", "findings", "losses", "claims", "unseen"],
    );
    has(&report["policy"], &["title", "file", "sha256"]);
    has(&report["summary"]["assets"], &["total", "met", "gap", "unknown", "accepted", "new"]);
    has(&report["summary"]["findings"], &["gap", "unknown", "accepted", "new", "met", "not-applicable"]);
    let asset = &report["assets"][1];
    has(asset, &["id", "declared_as", "section", "system", "verdict", "rpo", "copies"]);
    has(&asset["rpo"], &["target_seconds", "age_seconds", "exposure_seconds", "basis", "attainment", "covered"]);
    has(&asset["copies"][0], &["id", "system", "by", "grade", "usable", "captured_at", "because"]);
    has(
        &report["findings"][0],
        &[
            "id", "control", "asset", "copy", "verdict", "severity", "because", "remedy", "evidence", "policy",
            "waiver", "since",
        ],
    );
    has(&report["findings"][0]["policy"], &["line", "column"]);
    has(&report["losses"][0], &["domain", "lost", "unknown", "survive"]);
    has(&report["claims"][0], &["asset", "copy", "claim", "status"]);
    has(&report["unseen"][0], &["system", "reason", "what", "as"]);
}
