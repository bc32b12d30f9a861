//! `audit`, `collect` and `discover` as people run them, against the synthetic organisation.
//!
//! What is collected is in `collecting`.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::collecting::mirrored;
use crate::estate::{self, Estate, Fault, Truth, When};
use crate::support::{project, stderr, stdout};

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastgood"));
    command.args(args).current_dir(folder).env_clear().envs(estate::ENVIRONMENT);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().expect("the binary runs")
}

/// Returns a folder with a policy for the estate.
fn with_policy(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("policy.yaml"), text).expect("written");
    folder
}

#[test]
fn what_was_collected_in_parts_is_judged_as_a_whole() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let folder = with_policy(&mirrored(&estate));
    let here = folder.path();
    let one = run(here, &["collect", "policy.yaml", "--only", "source/a*", "-o", "one.jsonl"]);
    let more = run(here, &["collect", "policy.yaml", "--only", "!source/a*", "-o", "more.jsonl"]);
    assert_eq!(one.status.code(), Some(0), "{}", stderr(&one));
    assert_eq!(stdout(&one), "");
    assert!(stderr(&one).contains("looking at copies: 1 of 1 asked"), "{}", stderr(&one));
    assert_eq!(more.status.code(), Some(11), "docs-site has no mirror: {}", stderr(&more));
    let judged = run(here, &["evaluate", "policy.yaml", "--evidence", "one.jsonl", "more.jsonl", "--format", "csv"]);
    let whole = run(here, &["audit", "policy.yaml", "--quiet", "--format", "csv"]);
    assert_eq!(judged.status.code(), Some(10), "{}", stderr(&judged));
    let verdicts = |output: &Output| -> Vec<String> {
        let text = stdout(output);
        text.lines().map(|line| line.split(',').take(6).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(verdicts(&judged), verdicts(&whole));
    assert_eq!(stderr(&whole), "", "--quiet says nothing while it collects");
    let piped = run(here, &["collect", "policy.yaml", "-q"]);
    assert!(stdout(&piped).lines().all(|line| line.starts_with('{')), "evidence goes to standard output");
}

#[test]
fn what_a_system_holds_becomes_a_first_policy() {
    let estate = Estate::example();
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let listed = run(here, &["discover", "github:estate", "--base-url", &estate.url()]);
    assert_eq!(listed.status.code(), Some(11), "{}", stderr(&listed));
    assert!(stdout(&listed).contains("14 repositories seen as anonymous"), "{}", stdout(&listed));
    assert!(stdout(&listed).contains("what is private may be missing"), "{}", stdout(&listed));
    let row = stdout(&listed).lines().find(|line| line.contains("old-samples")).map(str::to_owned);
    assert!(row.is_some_and(|row| row.contains("archived")));

    let wrote = run(here, &["discover", "github:estate", "--base-url", &estate.url(), "--init", "-o", "first.yaml"]);
    assert_eq!(wrote.status.code(), Some(0), "{}", stderr(&wrote));
    let checked = run(here, &["check", "first.yaml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let again = run(here, &["discover", "github:estate", "--base-url", &estate.url(), "--init", "-o", "first.yaml"]);
    assert_eq!(again.status.code(), Some(2), "a file that is there is left as it is");

    std::fs::write(here.join("part.yaml"), mirrored(&estate).replace("facets: [git]", "select: { name: \"api-*\" }"))
        .expect("written");
    let rest = run(here, &["discover", "github", "--policy", "part.yaml", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&rest)).expect("JSON");
    let undeclared = value["undeclared"].as_array().expect("a list");
    assert!(undeclared.iter().any(|name| name == "cli") && undeclared.iter().all(|name| name != "api-layer"));
    for wrong in ["github:", "github:a/b", "github:../x", "gitlab:x", "zowe"] {
        let output = run(here, &["discover", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", stderr(&output));
    }
}

#[test]
fn no_secret_is_in_anything_that_a_faulty_run_writes() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let folder = with_policy(&mirrored(&estate));
    let here = folder.path();
    for fault in
        [Fault::Echo(200), Fault::Echo(401), Fault::Echo(500), Fault::EchoRedirect, Fault::Status(403), Fault::HangUp]
    {
        estate.heal();
        estate.fault("*", When::From(2), fault.clone());
        let output = run(here, &["audit", "policy.yaml", "--out", "out", "--format", "json", "--deadline", "3s"]);
        assert!(matches!(output.status.code(), Some(10 | 11)), "{fault:?}: {}", stderr(&output));
        let mut written = stdout(&output) + &stderr(&output);
        for file in std::fs::read_dir(here.join("out")).expect("output").flatten() {
            written.push_str(&std::fs::read_to_string(file.path()).expect("text"));
        }
        let encoded = "eC1hY2Nlc3MtdG9rZW46"; // Base64 of `x-access-token:`
        assert!(!written.contains(estate::ALL) && !written.contains(encoded), "{fault:?}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_unless_its_authority_is_named() {
    let estate = Estate::of(Truth::example()).tls(estate::Certificate::Good).start();
    let text = mirrored(&estate).replace("copies: [", "copies: []\n    notes: none # [");
    let folder = with_policy(&text);
    std::fs::write(folder.path().join("ca.pem"), estate.ca().expect("TLS")).expect("written");
    let collect =
        |more: &[&str]| run(folder.path(), &[&["collect", "policy.yaml", "-q", "-o", "e.jsonl"], more].concat());
    assert_eq!(collect(&[]).status.code(), Some(11));
    assert!(std::fs::read_to_string(folder.path().join("e.jsonl")).expect("evidence").contains("certificate"));
    let trusted = collect(&["--ca-file", "ca.pem"]);
    assert_eq!(trusted.status.code(), Some(0), "{}", stderr(&trusted));
    assert_eq!(collect(&["--ca-file", "none.pem"]).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_what_was_seen_and_the_rest_unknown() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    estate.fault("/mirror/cli.git/*", When::Always, Fault::Silence);
    let folder = with_policy(&mirrored(&estate));
    let mut child = command(folder.path(), &["audit", "policy.yaml", "--format", "json", "--out", "out"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let began = Instant::now();
    while estate.requests().iter().all(|asked| !asked.path.starts_with("/mirror/cli.git/")) {
        assert!(began.elapsed() < Duration::from_secs(20), "it never asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    // What else there is, is answered meanwhile.
    std::thread::sleep(Duration::from_secs(2));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let ended = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(25), "Ctrl-C did not end it");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(ended.code(), Some(10), "the report is judged and written");
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let verdict = |id: &str| {
        let findings = report["findings"].as_array().expect("findings");
        findings
            .iter()
            .find(|finding| finding["id"] == id)
            .map_or("none", |finding| finding["verdict"].as_str().expect("a word"))
            .to_owned()
    };
    assert_eq!(verdict("copies:source/launcher"), "met");
    assert_eq!(verdict("copies:source/cli"), "unknown");
    assert!(
        report["unseen"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|entry| entry["what"].as_str().expect("text").contains("interrupted"))
    );
}

#[test]
fn the_deadline_ends_it_with_what_was_seen_and_the_rest_unknown() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    estate.fault("/mirror/cli.git/*", When::Always, Fault::Silence);
    let folder = with_policy(&mirrored(&estate));
    let began = Instant::now();
    let output = run(folder.path(), &["audit", "policy.yaml", "--deadline", "3s", "--format", "csv"]);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let text = stdout(&output);
    assert!(text.lines().any(|line| line.starts_with("copies:source/cli,") && line.contains(",unknown,")), "{text}");
}

#[test]
fn the_policy_of_the_estate_and_of_zowe_pass_check() {
    let estate = Estate::example();
    let folder = with_policy(&estate.policy());
    assert_eq!(run(folder.path(), &["check", "policy.yaml"]).status.code(), Some(0));
    let zowe = project("policies/zowe.yaml").display().to_string();
    let output = run(folder.path(), &["audit", &zowe, "--offline", "--format", "json"]);
    assert_eq!(output.status.code(), Some(10));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(report["summary"]["assets"]["met"], 0, "nothing was asked");
}
