//! SARIF, JUnit and OpenMetrics: valid, of one mind with report.json, and nothing that is unknown looks well.
//!
//! What is found is left to the other tests; that text is escaped, partly to `hostile`.

use std::collections::{BTreeMap, HashSet};

use lastgood::model::{ControlId, Severity, Verdict};
use lastgood::render::{Format, Look};
use lastgood::report::{About, Finding, Place, Report};
use serde_json::Value;

use crate::support::{lastgood, policy, project, report, stdout};

const ZOWE: [&str; 5] = ["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22T00:00:00Z"];

fn zowe(format: &str) -> String {
    stdout(&lastgood(&[&ZOWE[..], &["--format", format]].concat()))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn rendered(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    format.renderer().render(report, Look { width: 100, styled: false }, &mut out).expect("it renders");
    String::from_utf8(out).expect("UTF-8")
}

fn sarif_faults(log: &Value) -> Vec<String> {
    let text = std::fs::read_to_string(project("tests/fixtures/sarif/sarif-schema-2.1.0.json")).expect("the schema");
    let schema = json(&text);
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a valid schema");
    validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("results")
}

/// Returns a report of one asset whose findings are one of each verdict.
fn one_of_each() -> Report {
    let policy = policy(
        "version: 1\ntitle: One of each\nsystems:\n  box: { kind: external, domains: unknown }\nobjectives:\n  o: { rpo: 1d }\nassets:\n  - { id: a, lives_in: box, objective: o, owner: x, copies: unknown }\nwaivers:\n  - { control: owned, assets: [a], reason: nobody yet, approved_by: board, approved_on: 2026-01-01, expires: 2026-03-01 }\n",
    );
    let mut report = report(&policy, Vec::new(), "2026-01-10T00:00:00Z");
    let findings = Verdict::ALL.iter().zip(ControlId::ALL).map(|(verdict, control)| Finding {
        control: *control,
        about: About::Asset("a".into()),
        verdict: *verdict,
        severity: Severity::High,
        because: "of a reason".into(),
        evidence: [].into(),
        policy: Place { line: 8, column: 5 },
        waiver: (*verdict == Verdict::Accepted).then_some(0),
        since: None,
        change: None,
    });
    report.findings = lastgood::model::Pieces::new(vec![findings.collect()]);
    for verdict in Verdict::ALL {
        report.summary.findings.insert(verdict.word(), 1);
    }
    report
}

/// One element of XML with its attributes and the text inside it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<Element>,
}

/// Reads XML with the parser that the rest of the project reads XML with.
fn xml(text: &str) -> Element {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open = vec![Element::default()];
    let element = |start: &quick_xml::events::BytesStart<'_>| Element {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.expect("an attribute");
                let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).expect("a value");
                (attribute.key.as_ref().to_owned(), value.into_owned())
            })
            .collect(),
        ..Element::default()
    };
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => open.last_mut().expect("open").children.push(element(&start)),
            Event::End(_) => {
                let done = open.pop().expect("open");
                open.last_mut().expect("open").children.push(done);
            }
            Event::Text(text) => open.last_mut().expect("open").text.push_str(&text),
            Event::GeneralRef(reference) => {
                let character = match &*reference {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => reference.resolve_char_ref().expect("a reference").expect("a character"),
                };
                open.last_mut().expect("open").text.push(character);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open.len(), 1, "all that opens is closed");
    open.remove(0).children.remove(0)
}

fn cases(junit: &Element) -> Vec<&Element> {
    junit.children.iter().flat_map(|suite| &suite.children).filter(|child| child.name == "testcase").collect()
}

/// Returns what a CI system makes of a test case.
fn outcome(case: &Element) -> &str {
    case.children.first().map_or("passed", |child| &child.name)
}

/// Samples of an exposition: the metric, its labels, its value.
fn samples(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    let line =
        regex::Regex::new(r#"^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?[0-9.]+)$"#).expect("valid");
    let label = regex::Regex::new(r#"([a-z]+)="((?:[^"\\]|\\["\\n])*)""#).expect("valid");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.last(), Some(&"# EOF"));
    let samples = lines[..lines.len() - 1].iter().filter(|line| !line.starts_with('#')).map(|text| {
        let found = line.captures(text).unwrap_or_else(|| panic!("no sample: {text}"));
        let unescape = |text: &str| text.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
        let labels = label.captures_iter(&found[2]).map(|found| (found[1].to_owned(), unescape(&found[2])));
        (found[1].to_owned(), labels.collect(), found[3].parse().expect("a number"))
    });
    samples.collect()
}

fn value(samples: &[(String, BTreeMap<String, String>, f64)], name: &str, with: &[(&str, &str)]) -> Option<f64> {
    let mut found = samples.iter().filter(|(metric, labels, _)| {
        metric == name && with.iter().all(|(key, value)| labels.get(*key).is_some_and(|is| is == value))
    });
    let first = found.next().map(|(.., value)| *value);
    assert!(found.next().is_none(), "{name} {with:?} is there more than once");
    first
}

#[test]
fn the_sarif_of_2020_is_valid_and_so_is_one_of_each_verdict() {
    assert_eq!(sarif_faults(&json(&zowe("sarif"))), Vec::<String>::new());
    assert_eq!(sarif_faults(&json(&rendered(&one_of_each(), Format::Sarif))), Vec::<String>::new());
    // The check itself sees what it is to see.
    let wrong = zowe("sarif").replacen("\"kind\": \"fail\"", "\"kind\": \"failed\"", 1);
    assert_eq!(sarif_faults(&json(&wrong)).len(), 1);
}

#[test]
fn the_numbers_of_2020_are_the_same_in_every_format() {
    let report = json(&zowe("json"));
    let count = |verdict: &str| report["summary"]["findings"][verdict].as_u64().expect("a count");
    let listed = report["findings"].as_array().expect("findings").len() as u64;

    let sarif = json(&zowe("sarif"));
    for verdict in ["gap", "unknown", "accepted"] {
        let of = results(&sarif).iter().filter(|result| result["properties"]["verdict"] == verdict).count() as u64;
        assert_eq!(of, count(verdict), "{verdict}");
        assert_ne!(of, 0, "{verdict}");
    }
    assert_eq!(results(&sarif).len() as u64, count("gap") + count("unknown") + count("accepted"));
    assert_eq!(sarif["runs"][0]["properties"]["findings"], report["summary"]["findings"]);
    let unseen = report["unseen"].as_array().expect("a list").len();
    let notifications = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notifications.as_array().expect("a list").len(), unseen);

    let junit = xml(&zowe("junit"));
    let told = |of: &Element, what: &str| of.attributes[what].parse::<u64>().expect("a number");
    assert_eq!(told(&junit, "tests"), listed);
    assert_eq!(told(&junit, "failures"), count("gap"));
    assert_eq!(told(&junit, "errors"), count("unknown"));
    assert_eq!(told(&junit, "skipped"), count("accepted") + count("new") + count("not-applicable"));
    let passed = cases(&junit).iter().filter(|case| outcome(case) == "passed").count() as u64;
    assert_eq!(passed, count("met"));

    let samples = samples(&zowe("openmetrics"));
    for verdict in Verdict::ALL.iter().map(|verdict| verdict.word()) {
        let with = [("verdict", verdict)];
        assert_eq!(
            value(&samples, "lastgood_audit_findings", &with),
            report["summary"]["findings"][verdict].as_f64(),
            "{verdict}"
        );
        let assets = report["summary"]["assets"][verdict].as_f64();
        assert_eq!(value(&samples, "lastgood_audit_assets", &with), assets, "{verdict}");
    }
    assert_eq!(value(&samples, "lastgood_audit_unseen", &[]), Some(f64::from(u32::try_from(unseen).expect("few"))));
    assert_eq!(value(&samples, "lastgood_audit_timestamp_seconds", &[]), Some(1_595_376_000.0));
    for asset in report["assets"].as_array().expect("assets") {
        let of = |name: &str| value(&samples, name, &[("asset", asset["id"].as_str().expect("an id"))]);
        let rpo = &asset["rpo"];
        for (name, field) in [
            ("lastgood_asset_recovery_point_age_seconds", "age_seconds"),
            ("lastgood_asset_exposure_seconds", "exposure_seconds"),
            ("lastgood_asset_rpo_target_seconds", "target_seconds"),
            ("lastgood_asset_rpo_attainment_ratio", "attainment"),
            ("lastgood_asset_rpo_covered_ratio", "covered"),
        ] {
            assert_eq!(of(name), rpo[field].as_f64(), "{name} of {}", asset["id"]);
        }
        for verdict in ["met", "new", "accepted", "unknown", "gap"] {
            let with = [("asset", asset["id"].as_str().expect("an id")), ("verdict", verdict)];
            let is = f64::from(u8::from(asset["verdict"] == verdict));
            assert_eq!(value(&samples, "lastgood_asset_verdict", &with), Some(is), "{with:?}");
        }
    }
}

#[test]
fn a_result_lies_at_the_line_that_demands_it() {
    let sarif = json(&zowe("sarif"));
    let text = std::fs::read_to_string(project("policies/zowe-2020.yaml")).expect("the policy");
    let lines: Vec<&str> = text.lines().collect();
    for result in results(&sarif) {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "policies/zowe-2020.yaml");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let at = |what: &str| usize::try_from(place["region"][what].as_u64().expect("a number")).expect("small");
        assert!(at("startColumn") <= lines[at("startLine") - 1].chars().count(), "{result}");
    }
    let find = |id: &str| results(&sarif).iter().find(|result| result["properties"]["id"] == id).expect("the result");
    let line = |id: &str| {
        let number = find(id)["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().expect("a line");
        lines[usize::try_from(number).expect("small") - 1]
    };
    assert!(line("owned:zdt-image").contains("owner: unknown"), "{}", line("owned:zdt-image"));
    assert!(line("copies:source").contains("copies: []"), "{}", line("copies:source"));
}

#[test]
fn every_rule_of_the_sarif_explains_itself_and_every_result_has_one() {
    let sarif = json(&zowe("sarif"));
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), ControlId::ALL.len());
    for rule in rules {
        let help = rule["help"]["text"].as_str().expect("help");
        assert!(help.contains("\n\nWhy: ") && help.contains("\n\nWhat to do: "), "{help}");
        assert!(rule["properties"]["tags"].as_array().expect("tags").len() <= 10);
    }
    for result in results(&sarif) {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn two_assets_of_one_line_are_two_alerts_on_github() {
    let sarif = json(&zowe("sarif"));
    let print = |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].to_string();
    let prints: HashSet<String> = results(&sarif).iter().map(print).collect();
    assert_eq!(prints.len(), results(&sarif).len());
    assert_eq!(prints, results(&json(&zowe("sarif"))).iter().map(print).collect());
}

#[test]
fn every_verdict_is_told_in_every_format_and_unknown_never_passes() {
    let report = one_of_each();
    let log = json(&rendered(&report, Format::Sarif));
    let told: Vec<(&str, &str, &str, bool)> = results(&log)
        .iter()
        .map(|result| {
            let text = |of: &'static str| result[of].as_str().expect("text");
            let suppressed = !result["suppressions"].as_array().expect("always there").is_empty();
            (result["properties"]["verdict"].as_str().expect("a verdict"), text("kind"), text("level"), suppressed)
        })
        .collect();
    assert_eq!(
        told,
        [("gap", "fail", "error", false), ("unknown", "fail", "warning", false), ("accepted", "fail", "note", true),]
    );
    let junit = xml(&rendered(&report, Format::Junit));
    let metrics = samples(&rendered(&report, Format::Openmetrics));
    let cases = cases(&junit);
    for (verdict, case) in Verdict::ALL.iter().zip(&cases) {
        let expected = match verdict {
            Verdict::Met => "passed",
            Verdict::Gap => "failure",
            Verdict::Unknown => "error",
            Verdict::Accepted | Verdict::New | Verdict::NotApplicable => "skipped",
        };
        assert_eq!(outcome(case), expected, "{verdict}");
        if let Some(told) = case.children.first() {
            assert_eq!(told.attributes["type"], verdict.word());
            assert!(told.text.contains("Policy: policy.yaml:8:5"), "{}", told.text);
        }
        assert_eq!(log["runs"][0]["properties"]["findings"][verdict.word()], 1);
        assert_eq!(value(&metrics, "lastgood_audit_findings", &[("verdict", verdict.word())]), Some(1.0));
    }
    assert_eq!(cases.len(), Verdict::ALL.len());
    let accepted =
        cases.iter().find(|case| outcome(case) == "skipped" && case.children[0].attributes["type"] == "accepted");
    let message = &accepted.expect("the accepted one").children[0].attributes["message"];
    assert_eq!(message, "accepted until 2026-03-01 by board (nobody yet): of a reason");
    let suppression = &results(&log)[2]["suppressions"][0];
    assert_eq!((&suppression["kind"], &suppression["status"]), (&"external".into(), &"accepted".into()));
    assert_eq!(suppression["justification"], "nobody yet");
    assert_eq!(suppression["properties"]["expires"], "2026-03-01");
}

#[test]
fn a_report_without_findings_is_no_success() {
    let mut report = one_of_each();
    report.findings = lastgood::model::Pieces::new(Vec::new());
    let junit = xml(&rendered(&report, Format::Junit));
    assert_eq!(cases(&junit).iter().map(|case| outcome(case)).collect::<Vec<_>>(), ["error"]);
}

#[test]
fn what_is_not_known_is_no_sample() {
    let samples = samples(&rendered(&one_of_each(), Format::Openmetrics));
    for name in ["lastgood_asset_recovery_point_age_seconds", "lastgood_asset_exposure_seconds"] {
        assert_eq!(value(&samples, name, &[]), None, "{name}");
    }
    assert_eq!(value(&samples, "lastgood_asset_rpo_target_seconds", &[]), Some(86_400.0));
}

#[test]
fn a_part_of_the_policy_says_in_every_format_that_it_is_one() {
    let part =
        |format| stdout(&lastgood(&[&ZOWE[..], &["--format", format, "--only", "zos-*", "--only", "!a/b"]].concat()));
    let log = json(&part("sarif"));
    assert_eq!(sarif_faults(&log), Vec::<String>::new());
    let said = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(said["descriptor"]["id"], "assets-left-out");
    let words =
        "Only of assets whose ids match zos-*, !a/b: 12 other assets of the policy are neither shown nor counted.";
    assert_eq!(said["message"]["text"], words);
    assert_eq!(log["runs"][0]["properties"]["only"]["left_out"], 12);
    // GitHub closes the alerts of a category that a new upload does not have.
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "lastgood/policies/zowe-2020.yaml/only/zos-%2A,%21a%2Fb/");
    assert_eq!(json(&zowe("sarif"))["runs"][0]["automationDetails"]["id"], "lastgood/policies/zowe-2020.yaml/");

    let junit = xml(&part("junit"));
    let left_out: Vec<&Element> =
        cases(&junit).into_iter().filter(|case| case.attributes["name"] == "assets left out").collect();
    assert_eq!(left_out.iter().map(|case| outcome(case)).collect::<Vec<_>>(), ["skipped"]);
    assert_eq!(left_out[0].children[0].attributes["message"], words);
    assert!(!zowe("junit").contains("assets left out"));

    assert_eq!(value(&samples(&part("openmetrics")), "lastgood_audit_assets_left_out", &[]), Some(12.0));
    assert_eq!(value(&samples(&zowe("openmetrics")), "lastgood_audit_assets_left_out", &[]), Some(0.0));
}

#[test]
fn too_many_results_are_cut_from_the_least_severe_and_it_is_said() {
    let mut report = one_of_each();
    let finding = |position: usize| {
        // The gaps last, so that a cut from the end of the list would take them.
        let (verdict, severity) = match position {
            0..20_000 => (Verdict::Unknown, Severity::Low),
            20_000..30_000 => (Verdict::Unknown, Severity::High),
            _ => (Verdict::Gap, Severity::Low),
        };
        Finding {
            control: ControlId::ALL[0],
            about: About::Asset(format!("a{position}").into()),
            verdict,
            severity,
            because: "of a reason".into(),
            evidence: [].into(),
            policy: Place { line: 8, column: 5 },
            waiver: None,
            since: None,
            change: None,
        }
    };
    report.findings = lastgood::model::Pieces::new(vec![(0..30_010).map(finding).collect()]);
    let log = json(&rendered(&report, Format::Sarif));
    let kept = |verdict: &str, severity: &str| {
        let is = |result: &&Value| {
            result["properties"]["verdict"] == verdict && result["properties"]["severity"] == severity
        };
        results(&log).iter().filter(is).count()
    };
    assert_eq!(results(&log).len(), 25_000);
    assert_eq!((kept("gap", "low"), kept("unknown", "high"), kept("unknown", "low")), (10, 10_000, 14_990));
    let caution = Format::Sarif.renderer().caution(&report).expect("a word of caution");
    assert!(caution.starts_with("5010 of 30010 results are left out"), "{caution}");
    let said = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(said["descriptor"]["id"], "results-left-out");
    assert!(said["message"]["text"].as_str().expect("text").starts_with("5010 results"), "{said}");
    assert_eq!(Format::Sarif.renderer().caution(&one_of_each()), None);
}

#[test]
fn a_file_is_written_whole_and_is_what_standard_output_would_have_been() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in ["sarif", "junit", "openmetrics", "json"] {
        let path = folder.path().join(format);
        std::fs::write(&path, "of an earlier run").expect("written");
        let output = lastgood(&[&ZOWE[..], &["--format", format, "-o", &path.display().to_string()]].concat());
        assert_eq!(output.status.code(), Some(10));
        assert_eq!(stdout(&output), "");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), zowe(format), "{format}");
    }
    let names = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(names, 4, "no temporary file is left");
}
