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

/// The commit that is said to be the head of the pull request.
const HEAD: &str = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";

const POLICY: &str = "\
version: 1
title: '::error::not a command'
systems: { office: { kind: external } }
objectives: { o: { rpo: 1d } }
assets: [{ id: a, lives_in: office, objective: o, copies: [] }]
";

/// Runs git in a folder, and returns what it says.
fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
        .args(args)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output).trim().to_owned()
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path();
        for name in ["root/bin", "temp", "repository"] {
            std::fs::create_dir_all(here.join(name)).expect("a folder");
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lastgood"), here.join("root/bin/lastgood")).expect("a link");
        let repository = here.join("repository");
        let git = |args: &[&str]| git(&repository, args);
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
                ("LASTGOOD_FAILED", String::new()),
                ("LASTGOOD_COMMENT_TOKEN", estate::ALL.to_owned()),
                ("INPUT_POLICY", "lastgood.yaml".to_owned()),
                ("INPUT_ARGS", "--offline\n\n--as-of\n2026-03-01\n".to_owned()),
                ("INPUT_FAIL_ON", "unknown".to_owned()),
                ("INPUT_COMMENT", "true".to_owned()),
                ("INPUT_BASE", "auto".to_owned()),
                ("INPUT_KEY", String::new()),
                ("PR_NUMBER", "7".to_owned()),
                ("PR_BASE_SHA", self.base.clone()),
                ("PR_HEAD_SHA", HEAD.to_owned()),
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
    assert!(all[0].body.contains(&format!(" at commit `{HEAD}`. ")), "{}", all[0].body);
    assert_eq!(runner.read("summary"), all[0].body);
    assert!(!(stdout(&comment) + &stderr(&comment)).contains(estate::ALL));
    runner.step("comment", &[]);
    assert_eq!(runner.estate.comments().all().len(), 1);
    let verdict = runner.step("verdict", &[("LASTGOOD_EXIT_CODE", "10")]);
    assert!(verdict.status.code() == Some(10) && stdout(&verdict).starts_with("::error"));
    assert_eq!(runner.step("verdict", &[("LASTGOOD_EXIT_CODE", "0")]).status.code(), Some(0));
}

#[test]
fn a_fork_and_dependabot_get_the_summary_and_no_comment() {
    let runner = Runner::new();
    runner.audited();
    for more in [
        ("PR_HEAD_REPOSITORY", "mallory/cli"),
        ("PR_HEAD_REPOSITORY", ""),
        ("GITHUB_ACTOR", "dependabot[bot]"),
        ("INPUT_COMMENT", "false"),
    ] {
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
fn a_change_that_is_compared_with_nothing_says_so_and_why() {
    let runner = Runner::new();
    runner.audited();
    let repository = runner.path("repository");
    std::fs::copy(repository.join("lastgood.yaml"), repository.join("other.yaml")).expect("copied");
    let faulty = Runner::new();
    faulty.audited();
    std::fs::write(faulty.path("repository/lastgood.yaml"), "version: 2\n").expect("written");
    git(&faulty.path("repository"), &["commit", "-q", "-a", "-m", "faulty"]);
    let unreadable = git(&faulty.path("repository"), &["rev-parse", "HEAD"]);
    std::fs::write(faulty.path("repository/lastgood.yaml"), POLICY).expect("written");
    let nowhere = "0123456789012345678901234567890123456789";
    for (runner, more, why) in [
        (&runner, [("PR_BASE_SHA", nowhere), ("INPUT_KEY", "")], "could not be fetched"),
        (&runner, [("INPUT_POLICY", "other.yaml"), ("INPUT_KEY", "k")], "has no policy other.yaml"),
        (&runner, [("INPUT_BASE", "none"), ("INPUT_KEY", "k")], "is not to be looked at"),
        (&faulty, [("PR_BASE_SHA", &*unreadable), ("INPUT_KEY", "")], "cannot be read by this lastgood"),
    ] {
        std::fs::write(runner.path("summary"), "").expect("written");
        let output = runner.step("comment", &more);
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        let summary = runner.read("summary");
        assert!(summary.contains("**Not compared**: ") && summary.contains(why), "{more:?}: {summary}");
    }
}

#[test]
fn an_audit_that_failed_takes_back_what_was_said_of_an_earlier_commit() {
    let runner = Runner::new();
    runner.audited();
    runner.step("comment", &[]);
    let failed = [("LASTGOOD_FOLDER", ""), ("LASTGOOD_FAILED", "3")];
    let output = runner.step("comment", &failed);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let all = runner.estate.comments().all();
    let told = format!("Nothing of commit `{HEAD}` was judged: the policy has faults");
    assert!(all.len() == 1 && all[0].body.contains(&told) && !all[0].body.contains("GAP"), "{all:?}");
    assert!(runner.read("summary").ends_with(&all[0].body));
    let scheduled = [failed[0], failed[1], ("PR_NUMBER", ""), ("LASTGOOD_FAILED", "1")];
    assert_eq!(runner.step("comment", &scheduled).status.code(), Some(0));
    assert!(runner.read("summary").ends_with("Nothing was judged: the audit failed; the log of the run says why.\n"));
}

#[test]
fn the_comment_judges_the_period_and_the_part_that_the_audit_judged() {
    let runner = Runner::new();
    let args = [("INPUT_ARGS", "--offline\n--as-of\n2026-03-01\n--period\n2025-Q4\n--only\na*\n--only=!b")];
    assert_eq!(runner.step("audit", &args).status.code(), Some(0));
    let report = runner.read("temp/lastgood-report/report.json");
    assert!(report.contains("\"from\": \"2025-10-01T00:00:00Z\""), "{report}");
    let fake = runner.path("root/bin");
    std::fs::remove_file(fake.join("lastgood")).expect("removed");
    let real = env!("CARGO_BIN_EXE_lastgood");
    let script =
        format!("#!/bin/sh\nprintf '%s ' \"$@\" >>'{}'\nexec '{real}' \"$@\"\n", runner.path("asked").display());
    executable(&fake.join("lastgood"), &script);
    let output = runner.step("comment", &args);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let asked = runner.read("asked");
    assert!(asked.contains("--period 2025-10-01T00:00:00Z..2026-01-01T00:00:00Z --only a* --only=!b "), "{asked}");
    assert!(runner.read("summary").contains("**Not the whole policy**"), "{}", runner.read("summary"));
}

/// Writes a file that can be run.
fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("made executable");
}

#[test]
fn a_merge_that_is_checked_out_is_compared_with_what_it_is_merged_into() {
    let runner = Runner::new();
    let repository = runner.path("repository");
    let git = |args: &[&str]| git(&repository, args);
    let rpo =
        |rpo: &str| std::fs::write(repository.join("lastgood.yaml"), POLICY.replace("rpo: 1d", rpo)).expect("written");
    git(&["checkout", "-q", "."]);
    git(&["checkout", "-q", "-b", "change"]);
    std::fs::write(repository.join("other"), "").expect("written");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "change"]);
    let head = git(&["rev-parse", "HEAD"]);
    git(&["checkout", "-q", "main"]);
    rpo("rpo: 2d");
    git(&["commit", "-q", "-a", "-m", "main went on"]);
    git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    runner.audited();
    runner.step("comment", &[("PR_HEAD_SHA", &head)]);
    let body = runner.estate.comments().all()[0].body.clone();
    assert!(body.contains("Nothing: no demand, waiver, claim or verdict differs."), "{body}");
    // Without the merge it is compared with where the branch began, though the base went on.
    let main = git(&["rev-parse", "HEAD^1"]);
    git(&["checkout", "-q", "change"]);
    runner.audited();
    runner.step("comment", &[("PR_HEAD_SHA", &head), ("PR_BASE_SHA", &main)]);
    let body = runner.estate.comments().all()[0].body.clone();
    assert!(body.contains("Nothing: no demand, waiver, claim or verdict differs."), "{body}");
}

#[test]
fn evidence_that_changes_with_the_policy_is_named() {
    let runner = Runner::new();
    let repository = runner.path("repository");
    let imported = POLICY.replace("copies: []", "copies: [{ id: c, in: office, by: import, file: ./runs.jsonl }]");
    std::fs::write(repository.join("lastgood.yaml"), &imported).expect("written");
    std::fs::write(repository.join("runs.jsonl"), "").expect("written");
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-q", "-m", "import"]);
    let base = git(&repository, &["rev-parse", "HEAD"]);
    runner.audited();
    runner.step("comment", &[("PR_BASE_SHA", &base)]);
    assert!(!runner.read("summary").contains("Evidence changes"), "{}", runner.read("summary"));
    std::fs::write(repository.join("runs.jsonl"), "\n").expect("written");
    runner.step("comment", &[("PR_BASE_SHA", &base)]);
    let summary = runner.read("summary");
    assert!(summary.contains("**Evidence changes with the policy**: ./runs.jsonl. "), "{summary}");
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
    assert_eq!(runner.read("output"), "failed=3\n");
}

#[test]
fn what_is_installed_is_known_by_its_sources() {
    let runner = Runner::new();
    assert_eq!(runner.step("source", &[]).status.code(), Some(0));
    let output = runner.read("output");
    assert!(output.starts_with("key=lastgood-Linux-X64-") && output.contains("\nroot="), "{output}");
    let installed = runner.step("install", &[]);
    assert!(stdout(&installed).starts_with("lastgood "), "what a cache brought is not built again");
    // What does not run here is built anew.
    let bin = runner.path("root/bin");
    std::fs::remove_file(bin.join("lastgood")).expect("removed");
    executable(&bin.join("lastgood"), "#!/bin/sh\nexit 1\n");
    executable(&bin.join("cargo"), "#!/bin/sh\nprintf 'cargo %s' \"$*\"\n");
    let path = format!("{}:{}", bin.display(), std::env::var_os("PATH").expect("a PATH").to_string_lossy());
    let built = runner.step("install", &[("PATH", &path)]);
    assert!(stdout(&built).starts_with("cargo install --locked --force "), "{}", stdout(&built));
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
