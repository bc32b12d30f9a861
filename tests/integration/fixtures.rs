//! Real losses as fixtures: the verdicts that would have warned, had anybody asked.
//!
//! Each folder of `tests/fixtures/losses` holds a policy, a bundle and what must be found; what a
//! fixture tells of is written in its policy.

use std::path::PathBuf;

use lastgood::cli::exit::{self, FailOn};
use lastgood::evidence::bundle::{self, Digests};
use lastgood::evidence::{Observation, stated};
use lastgood::judge::{self, When};
use lastgood::model::time::parse_instant;
use lastgood::model::{Period, Verdict};
use lastgood::policy::Policy;
use lastgood::report::{self, Report};

use crate::support::{policy, project, verdict};

struct Fixture {
    name: String,
    policy: String,
    evidence: Vec<Observation>,
    as_of: String,
    exit: u8,
    expected: Vec<(String, String)>,
}

fn fixture(name: &str) -> Fixture {
    let folder: PathBuf = project("tests/fixtures/losses").join(name);
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).expect("the fixture's file");
    let bundle = std::fs::File::open(folder.join("evidence.jsonl")).expect("the bundle");
    let evidence = bundle::read(name, bundle, Digests::Required).expect("a bundle with right digests");
    let expected = text("expected.txt");
    let mut lines = expected.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    let (_, as_of) = lines.next().expect("the time");
    let (_, exit) = lines.next().expect("the exit code");
    Fixture {
        name: name.to_owned(),
        policy: text("policy.yaml"),
        evidence,
        as_of: as_of.to_owned(),
        exit: exit.parse().expect("a number"),
        expected: lines.map(|(verdict, id)| (verdict.to_owned(), id.to_owned())).collect(),
    }
}

fn all() -> Vec<Fixture> {
    let mut names: Vec<String> = std::fs::read_dir(project("tests/fixtures/losses"))
        .expect("the fixtures")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.iter().map(|name| fixture(name)).collect()
}

fn judged(policy: &Policy, evidence: Vec<Observation>, as_of: &str) -> Report {
    let mut observations: Vec<Observation> =
        evidence.into_iter().map(|observation| observation.seal().expect("JSON")).collect();
    observations.extend(stated::statements(policy).expect("JSON"));
    let evidence = bundle::merge(observations);
    let as_of = parse_instant(as_of).expect("a time");
    let when = When { as_of, period: Period::ending(as_of, policy.review_every()) };
    report::build(judge::judge(policy, &evidence, when), &evidence, &[])
}

impl Fixture {
    fn report(&self) -> Report {
        judged(&policy(&self.policy), self.evidence.clone(), &self.as_of)
    }

    /// Returns the report after one change of the policy's text.
    fn with_policy(&self, from: &str, to: &str) -> Report {
        assert!(self.policy.contains(from), "{} has no `{from}`", self.name);
        judged(&policy(&self.policy.replacen(from, to, 1)), self.evidence.clone(), &self.as_of)
    }

    /// Returns the report after one change of the evidence's text.
    fn with_evidence(&self, from: &str, to: &str) -> Report {
        let mut changed = false;
        let evidence = self.evidence.iter().map(|observation| {
            let text = serde_json::to_string(observation).expect("JSON");
            changed |= text.contains(from);
            serde_json::from_str(&text.replace(from, to)).expect("an observation")
        });
        let evidence = evidence.collect();
        assert!(changed, "the evidence of {} has no `{from}`", self.name);
        judged(&policy(&self.policy), evidence, &self.as_of)
    }
}

/// Returns the ids of findings whose verdicts differ, with both verdicts.
fn differences(before: &Report, after: &Report) -> Vec<String> {
    let mut differences = Vec::new();
    for finding in &before.findings {
        let now = verdict(after, &finding.id());
        if now != finding.verdict.word() {
            differences.push(format!("{}: {} → {now}", finding.id(), finding.verdict));
        }
    }
    differences
}

#[test]
fn every_real_loss_would_have_been_warned_of() {
    for fixture in all() {
        let report = fixture.report();
        for (expected, id) in &fixture.expected {
            let found = report.findings.iter().find(|finding| finding.id() == *id);
            let because = found.map_or("there is no such finding", |finding| &finding.because);
            assert_eq!(verdict(&report, id), *expected, "{}: {id}: {because}", fixture.name);
        }
        assert_eq!(exit::code(&report, FailOn::Unknown), fixture.exit, "{}", fixture.name);
    }
}

#[test]
fn the_losses_that_taught_the_field_are_there() {
    let names: Vec<String> = all().into_iter().map(|fixture| fixture.name).collect();
    for name in [
        "zowe-2021",
        "metrics-mongodump",
        "gitlab-2017",
        "kde-2013",
        "gentoo-2014",
        "magnolia-2009",
        "salesforce-na14-2016",
        "code-spaces-2014",
        "ovh",
        "unisuper",
        "unisuper-third-party",
        "gdrive-korea-2025",
        "travis-2016",
        "atlassian-2022",
        "keepthescore",
        "dbackup-154",
        "eclipse-2025",
        "pixar-1998",
        "vfemail-2019",
        "cloudnordic-2023",
        "ynput-2023",
        "trivago-2021",
        "parabola-2011",
        "kings-college-2016",
        "jfrog-free-tier",
        "sidekick-2009",
        "myspace-2019",
        "kyoto-hpe-2021",
        "jenkins-jira-2023",
        "eclipse-2021",
        "backup-utils-90",
        "circular-cover",
        "all-green",
        "all-unknown",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} is missing");
    }
}

#[test]
fn the_readme_names_every_fixture_and_no_other() {
    let readme = std::fs::read_to_string(project("tests/fixtures/losses/README.md")).expect("the list of incidents");
    // The second cell of a row names its fixtures.
    let rows = readme.lines().filter(|line| line.starts_with("| ")).skip(2);
    let cells = rows.filter_map(|row| row.split('|').nth(2)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let mut named: Vec<&str> = cells.collect();
    named.sort_unstable();
    assert_eq!(named, all().iter().map(|fixture| fixture.name.as_str()).collect::<Vec<_>>());
}

#[test]
fn what_a_separate_host_held_is_left() {
    let report = fixture("vfemail-2019").report();
    let main = report.losses.iter().find(|loss| &*loss.domain == "account=main").expect("the domain");
    assert_eq!(main.lost.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["mail"]);
    assert_eq!(main.survive.iter().map(|left| &*left.asset).collect::<Vec<&str>>(), ["mail-netherlands"]);
}

#[test]
fn all_green_has_no_open_finding_at_all() {
    let report = fixture("all-green").report();
    for finding in &report.findings {
        assert_eq!(finding.verdict, Verdict::Met, "{}: {}", finding.id(), finding.because);
    }
    assert_eq!(report.summary.assets.met, report.summary.assets.total);
    assert_eq!(report.exclusions[0].items, 1, "what is excluded is counted");
}

#[test]
fn all_unknown_has_nothing_green() {
    let report = fixture("all-unknown").report();
    assert_eq!(report.verdict, Verdict::Unknown);
    assert_eq!((report.summary.assets.met, report.summary.assets.gap), (0, 0));
    for asset in &report.assets {
        assert_eq!(asset.verdict, Verdict::Unknown, "{}", asset.id);
    }
    assert_eq!(report.unseen.len(), 2);
    assert_eq!(report.unseen[0].reason.word(), "not-authorized");
    assert_eq!(report.unseen[0].identity.as_deref(), Some("anonymous"));
}

#[test]
fn one_flipped_field_flips_what_rests_on_it_and_nothing_else() {
    let ovh = fixture("ovh");
    let elsewhere = ovh.with_policy(
        "bucket: backup, domains: { provider: OVH, site: SBG2 }",
        "bucket: backup, domains: { provider: OVH, site: GRA }",
    );
    assert_eq!(differences(&ovh.report(), &elsewhere), ["independent-copy:server: gap → met"]);
    let other_provider = ovh.with_policy(
        "bucket: backup, domains: { provider: OVH, site: SBG2 }",
        "bucket: backup, domains: { provider: Other, site: GRA }",
    );
    assert_eq!(
        differences(&ovh.report(), &other_provider),
        ["independent-copy:server: gap → met", "survives-loss:server: gap → met"]
    );

    let kde = fixture("kde-2013");
    let whole = kde.with_evidence("\"items\":300", "\"items\":1500");
    assert_eq!(differences(&kde.report(), &whole), ["size-plausible:repositories:mirror: gap → met"]);

    let atlassian = fixture("atlassian-2022");
    let quick = atlassian.with_policy("took: 14d", "took: 24h");
    assert_eq!(differences(&atlassian.report(), &quick), ["restore-tested:sites: gap → met"]);
    let untested = atlassian.with_policy("result: passed", "result: failed");
    assert_eq!(
        differences(&atlassian.report(), &untested),
        ["recovery-point-age:sites: met → unknown", "evidence-grade:sites: met → gap", "copies:sites: met → unknown"]
    );

    let green = fixture("all-green");
    let before = green.report();
    let flip = |from: &str, to: &str| differences(&before, &green.with_evidence(from, to));
    assert_eq!(flip("\"locked_days\":30", "\"locked_days\":3"), ["immutable:files: met → unknown"]);
    assert_eq!(flip("\"bytes\":1020", "\"bytes\":800"), ["size-plausible:files:vault: met → gap"]);
    let demo = |archived: bool, name: &str| {
        format!(r#""archived":{archived},"created_at":"2020-01-01T00:00:00Z","kind":"repository","name":"{name}""#)
    };
    let archived = flip(&demo(false, "demo-x"), &demo(true, "old"));
    assert_eq!(archived, ["declared:@github: met → gap"], "neither selected nor excluded");
    assert_eq!(
        flip("\"count\":3", "\"count\":4"),
        [
            "declared:@github: met → unknown",
            "audit-complete:@github: met → unknown",
            "audit-complete:@mirror: met → unknown"
        ]
    );
    let flip = |from: &str, to: &str| differences(&before, &green.with_policy(from, to));
    assert_eq!(flip("deputy: treasurer", "deputy: null"), ["owned:files: met → gap"]);
    assert_eq!(flip("retention: 7d", "retention: 20d"), ["retention:files: met → gap"]);
    assert_eq!(
        flip("review_by: 2027-01-01", "review_by: 2026-01-01"),
        ["declared:@github: met → gap", "audit-complete:@mirror: met → unknown"]
    );
    assert_eq!(
        flip("facets: [git]", "facets: [git, wiki]"),
        ["facets-covered:source/one: met → gap", "facets-covered:source/two: met → gap"]
    );
}

#[test]
fn a_young_repository_without_a_mirror_is_new_and_then_a_gap() {
    let green = fixture("all-green");
    let mut evidence = green.evidence.clone();
    let text = serde_json::to_string(&evidence[1]).expect("JSON");
    let born =
        text.replace("\"name\":\"one\"", "\"name\":\"young\"").replace("2020-01-01T00:00:00Z", "2026-01-10T00:00:00Z");
    evidence.push(serde_json::from_str(&born).expect("an observation"));
    let read = policy(&green.policy);
    let report = |as_of| judged(&read, evidence.clone(), as_of);
    let young = report("2026-01-20T06:00:00Z");
    assert_eq!(verdict(&young, "copies:source/young"), "new");
    assert_eq!(young.summary.assets.new, 1);
    assert_eq!(
        verdict(&report("2026-01-24T00:00:00Z"), "copies:source/young"),
        "new",
        "through the last moment of its grace"
    );
    assert_eq!(verdict(&report("2026-01-24T00:00:01Z"), "copies:source/young"), "unknown");
}
