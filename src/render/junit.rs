//! JUnit XML: every finding as a test case, for the test pages of CI systems.
//!
//! A suite an asset, a system or a waiver; what CI systems make of it is told in `docs/formats.md`. The form is
//! that of <https://llg.cubic.org/docs/junit/>, written by `quick-junit`.

use std::collections::HashMap;
use std::io;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::escape::{line, visible};
use super::{Look, RenderError, Renderer, phrases};
use crate::model::Verdict;
use crate::model::time::rfc3339;
use crate::report::{About, Finding, Report};

/// The renderer.
pub(super) struct Junit;

/// How many digests of evidence a test case names.
const MAX_DIGESTS: usize = 3;

impl Renderer for Junit {
    fn render(&self, report: &Report, _look: Look, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let mut suites: Vec<TestSuite> = Vec::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for finding in &report.findings {
            let name = subject(&finding.about);
            let position = *by_name.entry(name).or_insert_with_key(|name| {
                suites.push(suite(name, report));
                suites.len() - 1
            });
            suites[position].add_test_case(case(finding, report));
        }
        let mut audit = suite("audit", report);
        if report.findings.is_empty() {
            // A file without a test case is a success to every CI system.
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message("nothing was judged, so nothing is known").set_type(Verdict::Unknown.word());
            audit.add_test_case(TestCase::new("findings", status));
        }
        if let Some(only) = phrases::only(report) {
            let mut status = TestCaseStatus::skipped();
            status.set_message(&*line(&only));
            audit.add_test_case(TestCase::new("assets left out", status));
        }
        if !audit.test_cases.is_empty() {
            suites.push(audit);
        }
        let mut junit = quick_junit::Report::new(&*visible(&format!("lastgood: {}", report.policy.title)));
        junit.set_timestamp(report.as_of);
        junit.add_test_suites(suites);
        junit.serialize(io::BufWriter::with_capacity(1 << 16, out))?;
        Ok(())
    }
}

/// Returns the name of the suite that holds a finding.
fn subject(about: &About) -> String {
    match about {
        About::Asset(asset) | About::Copy(asset, _) => visible(asset).into_owned(),
        About::System(system) => format!("@{}", visible(system)),
        About::Pattern(pattern) => visible(pattern).into_owned(),
    }
}

fn suite(name: &str, report: &Report) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.set_timestamp(report.as_of);
    suite
}

fn case(finding: &Finding, report: &Report) -> TestCase {
    let name = match finding.copy() {
        Some(copy) => format!("{}:{}", finding.control, visible(copy)),
        None => finding.control.to_string(),
    };
    let mut case = TestCase::new(name, status(finding, report));
    case.set_classname(subject(&finding.about));
    // Not of the form's first writers, and read by GitLab and others.
    case.extra.insert("file".into(), (&*visible(&report.policy.file)).into());
    case.extra.insert("line".into(), finding.policy.line.to_string().into());
    case
}

/// What was not seen is an error, as JUnit calls a test that could not be brought to an end: every CI system
/// counts it as not passed.
fn status(finding: &Finding, report: &Report) -> TestCaseStatus {
    let because = line(&finding.because);
    let (mut status, message) = match finding.verdict {
        Verdict::Met => return TestCaseStatus::success(),
        Verdict::Gap => (TestCaseStatus::non_success(NonSuccessKind::Failure), because.into_owned()),
        Verdict::Unknown => (TestCaseStatus::non_success(NonSuccessKind::Error), because.into_owned()),
        Verdict::Accepted => (TestCaseStatus::skipped(), format!("accepted {}: {because}", terms(finding, report))),
        Verdict::New => (TestCaseStatus::skipped(), format!("inside its grace: {because}")),
        Verdict::NotApplicable => (TestCaseStatus::skipped(), format!("does not apply: {because}")),
    };
    status.set_message(message).set_type(finding.verdict.word()).set_description(text(finding, report));
    status
}

/// Returns under which terms a finding is accepted.
fn terms(finding: &Finding, report: &Report) -> String {
    let waiver = finding.waiver.and_then(|waiver| report.waivers.get(waiver as usize));
    waiver.map_or_else(String::new, |waiver| {
        format!("until {} by {} ({})", waiver.expires, line(&waiver.approved_by), line(&waiver.reason))
    })
}

/// Returns what a person needs who sees only this test case.
fn text(finding: &Finding, report: &Report) -> String {
    let mut lines = vec![
        format!("{}: {}", finding.verdict, line(&finding.because)),
        format!("Finding: {}", visible(&finding.id())),
        format!("Severity: {}", finding.severity),
        format!("Policy: {}:{}:{}", visible(&report.policy.file), finding.policy.line, finding.policy.column),
    ];
    if finding.verdict == Verdict::Accepted {
        lines.push(format!("Accepted {}", terms(finding, report)));
    }
    if !finding.remedy().is_empty() {
        lines.push(format!("What to do: {}", finding.remedy()));
    }
    if let Some(since) = finding.since {
        lines.push(format!("Since: {}", rfc3339(since)));
    }
    if let Some(change) = finding.change {
        lines.push(format!("Beside the baseline: {change}"));
    }
    let more = finding.evidence.len().saturating_sub(MAX_DIGESTS);
    lines.extend(finding.evidence.iter().take(MAX_DIGESTS).map(|digest| format!("Evidence: {digest}")));
    if more > 0 {
        lines.push(format!("Evidence: and {more} more"));
    }
    lines.join("\n")
}
