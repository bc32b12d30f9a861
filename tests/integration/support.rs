//! What the tests share: running the binary without the caller's environment, reading its reports.
//!
//! No expectations here; those stand in the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lastgood::evidence::{Observation, bundle};
use lastgood::judge::{self, When};
use lastgood::model::Period;
use lastgood::model::time::parse_instant;
use lastgood::policy::Policy;
use lastgood::policy::values::NamePattern;
use lastgood::report::{self, Report};

/// Returns the path of a file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs `lastgood` in the project's folder with nothing of the caller's environment.
pub(crate) fn lastgood(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lastgood"))
        .args(args)
        .current_dir(project(""))
        .env_clear()
        .output()
        .expect("the binary runs")
}

/// Returns what a run wrote to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

/// Returns what a run wrote to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

/// Returns the policy in `text`, which must be without fault.
pub(crate) fn policy(text: &str) -> Policy {
    match Policy::parse("policy.yaml", text.as_bytes()) {
        Ok(policy) => policy,
        Err(rejection) => panic!("{rejection}"),
    }
}

/// Returns the report of `policy` by `observations`, sealed here, at `as_of`.
pub(crate) fn report(policy: &Policy, observations: Vec<Observation>, as_of: &str) -> Report {
    let sealed =
        observations.into_iter().map(|observation| observation.seal().expect("observations are JSON")).collect();
    let evidence = bundle::merge(sealed);
    let as_of = parse_instant(as_of).expect("a time");
    let when = When { as_of, period: Period::ending(as_of, policy.review_every()) };
    let only: [NamePattern; 0] = [];
    report::build(judge::judge(policy, &evidence, when), &evidence, &only)
}

/// Returns the verdict of the finding with this id, or `none`.
pub(crate) fn verdict(report: &Report, id: &str) -> String {
    let found = report.findings.iter().find(|finding| finding.id() == id);
    found.map_or_else(|| "none".to_owned(), |finding| finding.verdict.to_string())
}
