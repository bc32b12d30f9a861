//! Evidence that an audit must not fall for: old, partial, contradicted, sampled, refused, circular.
//!
//! Each file of `tests/fixtures/doubt` is one case: what it is about, a policy, evidence (without
//! digests, which this module adds) and the verdicts that must be found, at one time for all; after a
//! dash, words that the reason must hold.

use lastgood::evidence::{Observation, bundle, stated};
use lastgood::judge::{self, When};
use lastgood::model::Period;
use lastgood::model::time::parse_instant;
use lastgood::policy::Policy;
use lastgood::report::{self, Report};

use crate::support::{policy, project};

const AS_OF: &str = "2026-01-20T06:00:00Z";

struct Case {
    name: String,
    about: String,
    policy: Policy,
    evidence: Vec<Observation>,
    period: Option<Period>,
    expected: Vec<Expected>,
}

struct Expected {
    verdict: String,
    id: String,
    because: String,
}

fn expected(line: &str) -> Expected {
    let (verdict, rest) = line.split_once(' ').expect("a verdict and an id");
    let (id, because) = rest.split_once(" - ").unwrap_or((rest, ""));
    Expected { verdict: verdict.to_owned(), id: id.to_owned(), because: because.to_owned() }
}

fn read(name: String, text: &str) -> Case {
    let (policy_text, rest) = text.split_once("--- evidence\n").expect("evidence");
    let (lines, rest) = rest.split_once("--- expected").expect("what is expected");
    let (period, lines_expected) = rest.split_once('\n').expect("a line");
    let observation = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        value["schema"] = "lastgood/evidence/1".into();
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error}\n{line}"))
    };
    Case {
        about: policy_text.lines().next().unwrap_or_default().to_owned(),
        policy: policy(policy_text),
        evidence: lines.lines().filter(|line| !line.is_empty()).map(observation).collect(),
        period: period.strip_prefix(" in ").map(|period| period.parse().expect("a period")),
        expected: lines_expected.lines().map(expected).collect(),
        name,
    }
}

fn judged(case: &Case) -> Report {
    let mut observations: Vec<Observation> =
        case.evidence.iter().map(|observation| observation.clone().seal().expect("JSON")).collect();
    observations.extend(stated::statements(&case.policy).expect("JSON"));
    let evidence = bundle::merge(observations);
    let as_of = parse_instant(AS_OF).expect("a time");
    let period = case.period.unwrap_or_else(|| Period::ending(as_of, case.policy.review_every()));
    report::build(judge::judge(&case.policy, &evidence, When { as_of, period }), &evidence, &[])
}

#[test]
fn what_was_not_seen_is_never_green() {
    let mut files: Vec<_> = std::fs::read_dir(project("tests/fixtures/doubt")).expect("cases").flatten().collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    assert!(files.len() > 40, "the cases are there");
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.path()).expect("a case");
        let case = read(file.file_name().to_string_lossy().into_owned(), &text);
        let report = judged(&case);
        for Expected { verdict, id, because: words } in &case.expected {
            let found = report.findings.iter().find(|finding| finding.id() == *id);
            let (is, because) =
                found.map_or(("unasked", "there is no such finding"), |found| (found.verdict.word(), &*found.because));
            if is != verdict {
                wrong.push(format!("{}\n  {}\n  {id} is {is}, not {verdict}: {because}", case.name, case.about));
            } else if !because.contains(words.as_str()) {
                wrong.push(format!("{}\n  {}\n  {id}: \"{because}\" lacks \"{words}\"", case.name, case.about));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
