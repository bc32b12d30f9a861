//! The GitHub Action: its steps run as a runner runs them, and what its files may not hold.
//!
//! Whether the workflow language is used well is left to a linter, in `.ci/run`.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::estate::{self, Estate};
use crate::support::{project, stderr, stdout};

/// A runner with a repository whose pull request loosens an RPO.
struct Runner {
    folder: tempfile::TempDir,
    estate: Estate,
    base: String,
}

const POLICY: &str = "\
version: 1
title: '::error::not a command'
systems: { office: { kind: external } }
objectives: { o: { rpo: 1d } }
assets: [{ id: a, lives_in: office, objective: o, copies: [] }]
";

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        for name in ["root/bin", "temp", "repository"] {
            std::fs::create_dir_all(here.join(name)).expect("a folder");
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lastgood"), here.join("root/bin/lastgood")).expect("a link");
        let repository = here.join("repository");
        let git = |args: &[&str]| {
            let output = Command::new("git")
                .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
                .args(args)
                .current_dir(&repository)
                .output()
                .expect("git runs");
            assert!(output.status.success(), "{args:?}: {}", stderr(&output));
            stdout(&output).trim().to_owned()
        };
        git(&["init", "-q", "-b", "main"]);
        std::fs::write(repository.join("lastgood.yaml"), POLICY).expect("written");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "base"]);
        let base = git(&["rev-parse", "HEAD"]);
        git(&["remote", "add", "origin", &repository.display().to_string()]);
        std::fs::write(repository.join("lastgood.yaml"), POLICY.replace("rpo: 1d", "rpo: 7d")).expect("written");
        Self { folder, estate: Estate::example(), base }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn step(&self, step: &str, more: &[(&str, &str)]) -> Output {
        let path = |name: &str| self.path(name).display().to_string();
        Command::new("bash")
            .arg(project("action/steps.sh"))
            .arg(step)
            .current_dir(self.path("repository"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("a PATH"))
            .envs([
                ("HOME", path("temp")),
                ("RUNNER_TEMP", path("temp")),
                ("RUNNER_OS", "Linux".to_owned()),
                ("RUNNER_ARCH", "X64".to_owned()),
                ("GITHUB_ACTION_PATH", project("").display().to_string()),
                ("GITHUB_OUTPUT", path("output")),
                ("GITHUB_STEP_SUMMARY", path("summary")),
                ("GITHUB_REPOSITORY", "estate/cli".to_owned()),
                ("GITHUB_API_URL", self.estate.url()),
                ("GITHUB_SERVER_URL", "https://github.example".to_owned()),
                ("GITHUB_RUN_ID", "42".to_owned()),
                ("LASTGOOD_ROOT", path("root")),
                ("LASTGOOD_FOLDER", path("temp/lastgood-report")),
                ("LASTGOOD_COMMENT_TOKEN", estate::ALL.to_owned()),
                ("INPUT_POLICY", "lastgood.yaml".to_owned()),
                ("INPUT_ARGS", "--offline\n\n--as-of\n2026-03-01\n".to_owned()),
                ("INPUT_FAIL_ON", "unknown".to_owned()),
                ("INPUT_COMMENT", "true".to_owned()),
                ("INPUT_BASE", "auto".to_owned()),
                ("INPUT_KEY", String::new()),
                ("PR_NUMBER", "7".to_owned()),
                ("PR_BASE_SHA", self.base.clone()),
                ("PR_HEAD_REPOSITORY", "estate/cli".to_owned()),
            ])
            .envs(more.iter().copied())
            .output()
            .expect("bash runs")
    }

    /// Audits, and asserts that the step itself does not fail.
    fn audited(&self) -> Output {
        let output = self.step("audit", &[]);
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        output
    }
}

#[test]
fn a_pull_request_gets_a_comment_that_compares_it_with_its_base() {
    let runner = Runner::new();
    let audit = runner.audited();
    assert!(runner.read("output").contains("exit-code=10\n"), "{}", runner.read("output"));
    assert!(stdout(&audit).starts_with("::stop-commands::"), "text of the policy gives the runner no commands");
    let comment = runner.step("comment", &[]);
    assert_eq!(comment.status.code(), Some(0), "{}{}", stdout(&comment), stderr(&comment));
    let all = runner.estate.comments().all();
    assert_eq!(all.len(), 1);
    assert!(all[0].body.contains("| **asks less** | rpo | 1d | 7d | asset a |"), "{}", all[0].body);
    assert!(all[0].body.contains("(https://github.example/estate/cli/actions/runs/42)"), "{}", all[0].body);
    assert_eq!(runner.read("summary"), all[0].body);
    assert!(!(stdout(&comment) + &stderr(&comment)).contains(estate::ALL));
    runner.step("comment", &[]);
    assert_eq!(runner.estate.comments().all().len(), 1);
    let verdict = runner.step("verdict", &[("LASTGOOD_EXIT_CODE", "10")]);
    assert!(verdict.status.code() == Some(10) && stdout(&verdict).starts_with("::error"));
    assert_eq!(runner.step("verdict", &[("LASTGOOD_EXIT_CODE", "0")]).status.code(), Some(0));
}

#[test]
fn a_fork_gets_the_summary_and_no_comment() {
    let runner = Runner::new();
    runner.audited();
    for more in [("PR_HEAD_REPOSITORY", "mallory/cli"), ("PR_HEAD_REPOSITORY", ""), ("INPUT_COMMENT", "false")] {
        std::fs::write(runner.path("summary"), "").expect("written");
        let output = runner.step("comment", &[more]);
        assert_eq!(output.status.code(), Some(0), "{more:?}: {}{}", stdout(&output), stderr(&output));
        assert!(runner.read("summary").contains("### What this change does"), "{more:?}");
        assert!(more.0 == "INPUT_COMMENT" || stdout(&output).contains("can only read"), "{}", stdout(&output));
    }
    assert!(runner.estate.comments().all().is_empty() && runner.estate.requests().is_empty());
}

#[test]
fn a_schedule_gets_the_summary_alone() {
    let runner = Runner::new();
    runner.audited();
    let output = runner.step("comment", &[("PR_NUMBER", ""), ("PR_BASE_SHA", ""), ("PR_HEAD_REPOSITORY", "")]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(runner.read("summary").starts_with("## GAP"), "{}", runner.read("summary"));
    assert!(runner.estate.requests().is_empty());
}

#[test]
fn a_base_without_a_readable_policy_is_said_and_stops_nothing() {
    let runner = Runner::new();
    runner.audited();
    let nowhere = "0123456789012345678901234567890123456789";
    let output = runner.step("comment", &[("PR_BASE_SHA", nowhere)]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("what the change does is not shown"), "{}", stdout(&output));
    assert!(!runner.read("summary").contains("What this change does"));
}

#[test]
fn a_comment_that_is_refused_fails_the_step_and_stands_in_the_summary() {
    let runner = Runner::new();
    runner.audited();
    runner.estate.fault("*/comments", estate::When::Always, estate::Fault::Status(403));
    let output = runner.step("comment", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("pull-requests: write"), "{}", stdout(&output));
    assert!(runner.read("summary").contains("## GAP"));
}

#[test]
fn a_policy_with_a_fault_fails_the_audit_and_leaves_no_folder() {
    let runner = Runner::new();
    std::fs::write(runner.path("repository/lastgood.yaml"), "version: 2\n").expect("written");
    assert_eq!(runner.step("audit", &[]).status.code(), Some(3));
    assert!(!runner.read("output").contains("folder="));
}

#[test]
fn what_is_installed_is_known_by_its_sources() {
    let runner = Runner::new();
    assert_eq!(runner.step("source", &[]).status.code(), Some(0));
    let output = runner.read("output");
    assert!(output.starts_with("key=lastgood-Linux-X64-") && output.contains("\nroot="), "{output}");
    let installed = runner.step("install", &[]);
    assert!(stdout(&installed).starts_with("lastgood "), "what a cache brought is not built again");
}

#[test]
fn nothing_is_written_into_a_script_and_every_action_is_pinned() {
    let docs = std::fs::read_to_string(project("docs/action.md")).expect("the document");
    let action = std::fs::read_to_string(project("action.yml")).expect("the action");
    for line in action.lines().filter(|line| line.trim_start().starts_with("run:")) {
        assert!(!line.contains("${{"), "{line}");
    }
    for line in action.lines().chain(docs.lines()) {
        let Some((_, action)) = line.split_once("uses: ") else { continue };
        let (name, pin) = action.split_once('@').expect("a version");
        let (digest, comment) = pin.split_once(" # ").unwrap_or((pin, ""));
        let is_digest = digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_own = name == "lastgood/lastgood" && digest == "COMMIT";
        assert!(is_own || is_digest && comment.starts_with('v'), "{line}");
    }
    assert!(!docs.contains("on: pull_request_target") && !docs.contains("  pull_request_target:"));
    assert!(Path::new(&project("action/steps.sh")).is_file());
}
