//! The command line: exit codes, streams, files, and each command as a user types it.
//!
//! What reports hold is left to the other tests.

use std::path::Path;

use lastgood::evidence::Observation;

use crate::support::{lastgood, project, stderr, stdout};

const ZOWE: &str = "policies/zowe-2020.yaml";
const THEN: [&str; 3] = ["--offline", "--as-of", "2020-07-22"];

fn audit(more: &[&str]) -> std::process::Output {
    let args: Vec<&str> = [&["audit", ZOWE][..], &THEN, more].concat();
    lastgood(&args)
}

fn fixture(name: &str, file: &str) -> String {
    project(&format!("tests/fixtures/losses/{name}/{file}")).display().to_string()
}

#[test]
fn exit_codes_say_what_was_found() {
    assert_eq!(audit(&[]).status.code(), Some(10), "a gap");
    assert_eq!(audit(&["--fail-on", "gap"]).status.code(), Some(10));
    assert_eq!(audit(&["--fail-on", "never"]).status.code(), Some(0));
    assert_eq!(audit(&["--only", "zos-guests"]).status.code(), Some(11), "only unknowns");
    assert_eq!(audit(&["--only", "zos-guests", "--fail-on", "gap"]).status.code(), Some(0));
    assert_eq!(lastgood(&["audit", "no-such-file.yaml"]).status.code(), Some(2), "usage");
    assert_eq!(lastgood(&["audit", ZOWE, "--as-of", "soon"]).status.code(), Some(2));
    assert_eq!(lastgood(&["conquer"]).status.code(), Some(2));
    assert_eq!(lastgood(&["--help"]).status.code(), Some(0));
    assert_eq!(lastgood(&["--version"]).status.code(), Some(0));
}

#[test]
fn the_report_is_written_whatever_the_exit() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("made").display().to_string();
    let output = audit(&["--out", &out, "--format", "json"]);
    assert_eq!(output.status.code(), Some(10));
    let read = |name: &str| std::fs::read_to_string(Path::new(&out).join(name)).expect("the file");
    assert_eq!(read("report.json"), stdout(&output), "the same bytes on standard output");
    assert!(read("report.md").starts_with("# Zowe backups"));
    assert!(read("evidence.jsonl").lines().count() > 4);
    let names: Vec<_> = std::fs::read_dir(&out).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(read("report.html").starts_with("<!doctype html>"));
    assert_eq!(read("register.csv").lines().count(), 14, "a heading and every asset");
    assert_eq!(names.len(), 5, "no temporary file is left: {names:?}");
}

#[test]
fn a_folder_that_cannot_be_written_keeps_the_old_files_and_fails_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").expect("written");
    let output = audit(&["--out", &file.join("below").display().to_string()]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "mine");
}

#[test]
fn a_reader_can_tell_that_the_files_of_a_folder_belong_together() {
    let folder = tempfile::tempdir().expect("a folder");
    audit(&["--out", &folder.path().display().to_string()]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("the file");
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).expect("JSON");
    let mut digests = String::new();
    for line in read("evidence.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        digests.push_str(&format!("{}\n", line["digest"].as_str().expect("a digest")));
    }
    let mut over_all = "sha256:".to_owned();
    for byte in <sha2::Sha256 as sha2::Digest>::digest(digests.as_bytes()) {
        over_all.push_str(&format!("{byte:02x}"));
    }
    assert_eq!(report["evidence"]["digest"], over_all, "as docs/evidence.md says");
    let markdown = read("report.md");
    for said in [&report["evidence"]["digest"], &report["policy"]["sha256"]] {
        assert!(markdown.contains(said.as_str().expect("text")), "report.md lacks {said}");
    }
}

#[test]
fn data_goes_to_standard_output_and_all_else_to_standard_error() {
    let output = audit(&["--format", "json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&stdout(&output)).is_ok());
    let failed = lastgood(&["audit", "no-such-file.yaml"]);
    assert_eq!(stdout(&failed), "");
    assert!(stderr(&failed).contains("no-such-file.yaml"));
    assert!(!stdout(&audit(&[])).contains('\u{1b}'), "a pipe gets no colour");
}

#[test]
fn systems_that_do_not_answer_are_said_not_to_have_been_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.yaml");
    let text = "version: 1\ntitle: T\nsystems:\n  store: { kind: s3, bucket: b }\n  builds: { kind: jenkins, url: \"https://builds.invalid\" }\nobjectives:\n  o: { rpo: 1d }\nassets:\n  - { id: a, lives_in: store, objective: o, copies: [{ id: c, in: builds, by: build, job: nightly }] }\n";
    std::fs::write(&path, text).expect("written");
    for (more, reason) in [(&[][..], "unreachable"), (&["--offline"], "offline")] {
        let output = lastgood(&[&["audit", &path.display().to_string(), "--format", "json"], more].concat());
        let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        let unseen = report["unseen"].as_array().expect("a list");
        assert!(!unseen.is_empty() && unseen.iter().all(|entry| entry["system"] == "builds"), "{unseen:?}");
        assert!(unseen.iter().all(|entry| entry["reason"] == reason), "{unseen:?}");
        assert_eq!(report["summary"]["assets"]["met"], 0);
    }
}

#[test]
fn evidence_that_was_written_can_be_evaluated_again_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let first = stdout(&audit(&["--out", &out, "--format", "json"]));
    let bundle = folder.path().join("evidence.jsonl").display().to_string();
    let again = lastgood(&["evaluate", ZOWE, "--evidence", &bundle, "--as-of", "2020-07-22", "--format", "json"]);
    assert_eq!(again.status.code(), Some(10));
    assert_eq!(stdout(&again), first);
    // Twice the same bundle is the same evidence.
    let twice =
        lastgood(&["evaluate", ZOWE, "--evidence", &bundle, &bundle, "--as-of", "2020-07-22", "--format", "json"]);
    assert_eq!(stdout(&twice), first);
}

#[test]
fn a_changed_line_is_refused_by_number_and_nothing_is_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(fixture("gitlab-2017", "evidence.jsonl")).expect("the bundle");
    let first: Observation = serde_json::from_str(text.lines().next().expect("a line")).expect("an observation");
    let changed = text.replacen("\"observed_at\":\"2", "\"observed_at\":\"1", 1);
    assert_ne!(changed, text);
    let path = folder.path().join("changed.jsonl");
    std::fs::write(&path, &changed).expect("written");
    let policy = fixture("gitlab-2017", "policy.yaml");
    let output = lastgood(&["evaluate", &policy, "--evidence", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let digest = first.digest.expect("a digest").to_string();
    assert!(stderr(&output).contains("changed.jsonl:1:") && stderr(&output).contains(&digest), "{}", stderr(&output));
    // A cut line, a foreign line, a line without a digest.
    for (bad, why) in [
        (text[..text.len() / 2].to_owned(), "not an observation"),
        ("{\"hello\":1}\n".to_owned(), "not an observation"),
        (text.lines().next().map(|line| line.replacen("sha256:", "sha512:", 1)).unwrap_or_default(), "digest"),
    ] {
        std::fs::write(&path, bad).expect("written");
        let output = lastgood(&["evaluate", &policy, "--evidence", &path.display().to_string()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

#[test]
fn only_judges_what_it_names_and_refuses_to_judge_nothing() {
    let output = audit(&["--only", "community-*", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(report["summary"]["assets"]["total"], 2);
    assert_eq!(output.status.code(), Some(11));
    let nothing = audit(&["--only", "no-such-*"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("matches no asset"));
}

#[test]
fn period_moves_the_window_of_attainment() {
    let report = |period: &str| -> serde_json::Value {
        serde_json::from_str(&stdout(&audit(&["--period", period, "--format", "json"]))).expect("JSON")
    };
    assert_eq!(report("2020-Q2")["period"]["from"], "2020-04-01T00:00:00Z");
    assert_eq!(report("2020-Q2")["period"]["to"], "2020-07-01T00:00:00Z");
    assert_eq!(report("2020-01-01..2020-02-01")["period"]["to"], "2020-02-01T00:00:00Z");
    assert_eq!(audit(&["--period", "Q9"]).status.code(), Some(2));
}

#[test]
fn whatif_shows_one_row_of_the_losses() {
    let whatif = |lose: &str| lastgood(&["whatif", ZOWE, "--lose", lose, "--as-of", "2020-07-22"]);
    let text = stdout(&whatif("provider=GitHub"));
    assert!(text.contains("Gone (4)\n  source\n  pipelines\n  sites\n  samples\n"), "{text}");
    assert!(text.contains("wash: itself"), "{text}");
    let wrong = whatif("provider=GitHb");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("did you mean `provider=GitHub`?"), "{}", stderr(&wrong));
    let json = lastgood(&["whatif", ZOWE, "--lose", "provider=Vexxhost", "--as-of", "2020-07-22", "--format", "json"]);
    let loss: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    assert!(loss["unknown"].as_array().is_some_and(|unknown| unknown.iter().any(|asset| asset == "wash")));
}

#[test]
fn explain_tells_of_every_control_and_of_each_finding() {
    let all = stdout(&lastgood(&["explain", "all"]));
    for control in lastgood::model::ControlId::ALL {
        assert!(all.contains(&format!("{control}\n")), "{control}");
        let one = lastgood(&["explain", control.word()]);
        assert_eq!(one.status.code(), Some(0));
        assert!(stdout(&one).contains("Remedy"), "{control}");
    }
    let finding = |id: &str| lastgood(&["explain", id, "--policy", ZOWE, "--as-of", "2020-07-22"]);
    let text = stdout(&finding("retention:zos-guests"));
    for part in ["accepted", "policies/zowe-2020.yaml:24", "until 2021-01-22", "sha256:", "Monthly snapshot", "CP-9"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    for copied_from_markdown in ["audit-complete:@\u{200b}github", "claim-supported:&#8203;binaries:rebuild"] {
        let output = finding(copied_from_markdown);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let wrong = finding("retention:zos-gests");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("did you mean `retention:zos-guests`?"), "{}", stderr(&wrong));
    let wrong = lastgood(&["explain", "retenton"]);
    assert!(stderr(&wrong).contains("did you mean `retention`?"));
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let bash = stdout(&lastgood(&["completions", "bash"]));
    let man = stdout(&lastgood(&["man"]));
    for command in ["audit", "evaluate", "whatif", "check", "explain", "schema", "completions", "man"] {
        assert!(bash.contains(command), "completions lack {command}");
        assert!(man.contains(command), "the manual lacks {command}");
    }
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(!stdout(&lastgood(&["completions", shell])).is_empty(), "{shell}");
    }
}

#[test]
fn an_import_that_cannot_be_read_is_unknown_and_hides_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = "\
version: 1
title: Imports
systems: { vault: { kind: external, domains: { provider: Vault } }, site: { kind: external, domains: { provider: Site } } }
objectives: { o: { rpo: 1d, evidence: observed } }
assets:
  - { id: good, lives_in: site, objective: o, owner: Squad, copies: [{ id: r, in: vault, by: import, file: good.jsonl }] }
  - { id: gone, lives_in: site, objective: o, owner: Squad, copies: [{ id: r, in: vault, by: import, file: gone.jsonl }] }
  - { id: bad, lives_in: site, objective: o, owner: Squad, copies: [{ id: r, in: vault, by: import, file: bad.jsonl }] }
";
    let line = r#"{"fact":{"recovery-points":{"complete":true,"grade":"verified","points":[{"bytes":10,"captured_at":"2026-01-01T23:00:00Z"},{"bytes":10,"captured_at":"2026-01-02T23:00:00Z"}]}},"observed_at":"2026-01-03T00:00:00Z","schema":"lastgood/evidence/1"}"#;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("policy.yaml", policy);
    write("good.jsonl", line);
    write("bad.jsonl", &format!("{line}\n{}", &line[..60]));
    let path = folder.path().join("policy.yaml").display().to_string();
    let output = lastgood(&["audit", &path, "--offline", "--as-of", "2026-01-03T01:00:00Z", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let verdicts: Vec<&str> =
        report["assets"].as_array().expect("assets").iter().filter_map(|asset| asset["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["met", "unknown", "unknown"], "{report:#}");
    assert_eq!(report["assets"][0]["copies"][0]["grade"], "observed", "an import is believed that far and no further");
    assert_eq!(output.status.code(), Some(11));
    let told = stderr(&output);
    assert!(told.contains("gone.jsonl") && told.contains("bad.jsonl:2"), "{told}");
}

#[test]
fn the_terminal_table_fits_the_width_there_is() {
    for width in [12_usize, 20, 40, 60, 75, 76, 80, 100, 160] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_lastgood"))
            .args(["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22T00:00:00Z"])
            .current_dir(project(""))
            .env_clear()
            .env("COLUMNS", width.to_string())
            .output()
            .expect("the binary runs");
        let text = stdout(&output);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= width), "{width}: {widest:?}\n{text}");
        // However narrow, nothing is left out: the verdict, each asset and what to do first.
        let bare = |text: &str| text.replace(char::is_whitespace, "");
        let shown = bare(&text);
        for part in [
            "GAP as of 2020-07-22",
            "13 assets: 0 met, 7 gap",
            "community-documents-box",
            "copies:source",
            "no copy is declared",
        ] {
            assert!(shown.contains(&bare(part)), "{width}: `{part}` is missing in\n{text}");
        }
    }
}

#[test]
fn sections_of_the_register_nest() {
    let text = stdout(&audit(&["--format", "markdown"]));
    let register = text.split("## Asset register").nth(1).expect("a register");
    let headings: Vec<&str> = register
        .lines()
        .filter(|line| line.starts_with("###"))
        .take_while(|line| !line.contains("could not"))
        .collect();
    assert_eq!(
        headings,
        [
            "### Source code",
            "### Binary artifacts",
            "### Infrastructure",
            "#### z/OS build environment",
            "#### Jenkins build environment",
            "#### Websites",
            "### Odds and ends"
        ]
    );
}
