//! Jenkins end to end: a policy audits the controllers of the estate, and what is true of them is found.
//!
//! Faults are in `jenkins_faults`, recorded answers in `recorded_jenkins`.

use std::path::Path;
use std::sync::Arc;

use lastgood::collect::clock::Clock;
use lastgood::collect::secrets::Keyring;
use lastgood::collect::watch::Nobody;
use lastgood::collect::{Options, Surroundings, gather};
use lastgood::evidence::{Fact, Item, Observation, bundle};
use lastgood::judge::{self, When};
use lastgood::model::{Grade, Period, UnseenReason};
use lastgood::policy::values::DefinedIn;
use lastgood::report::{self, Report};
use tokio_util::sync::CancellationToken;

use crate::collecting::options;
use crate::estate::jenkins::Controller;
use crate::estate::{self, Estate, Truth};
use crate::support::{policy, stderr, stdout, verdict};
use DefinedIn::{Generated, Jenkins, Scm};

/// Who looks, by the names of the estate: a user and an API token.
pub(crate) type Who = (&'static str, &'static str);

/// Sees everything.
pub(crate) const ADMIN: Who = ("auditor", "estate-jenkins-admin-01");
/// Sees what is not hidden.
pub(crate) const READER: Who = ("reader", "estate-jenkins-reader-1");
/// Nobody.
pub(crate) const ANYBODY: Who = ("", "");

/// Collects what `text` asks as `who`, and judges it.
pub(crate) fn audited(text: &str, who: Who, options: &Options) -> (Report, Vec<Observation>) {
    let policy = policy(text);
    let secret = move |name: &str| match name {
        "ESTATE_TOKEN" => Some(estate::ALL),
        "JENKINS_USER" => Some(who.0),
        "JENKINS_API_TOKEN" => Some(who.1),
        _ => None,
    };
    let around = Surroundings {
        clock: Clock::new(estate::now),
        keys: Keyring::new(Path::new("."), move |name| secret(name).filter(|text| !text.is_empty()).map(Into::into)),
        watch: Arc::new(Nobody),
        stop: CancellationToken::new(),
    };
    let gathered = gather(&policy, Path::new("."), options, &around).expect("a collection");
    let evidence = bundle::merge(gathered.observations.clone());
    let as_of = estate::now();
    let when = When { as_of, period: Period::ending(as_of, policy.review_every()) };
    (report::build(judge::judge(&policy, &evidence, when), &evidence, &[]), gathered.observations)
}

/// Returns a policy for the estate with these assets.
pub(crate) fn about(estate: &Estate, assets: &str) -> String {
    format!(
        r#"
version: 1
title: T
systems:
  github: {{ kind: github, org: estate, base_url: "{url}", token: {{ env: ESTATE_TOKEN }}, domains: {{ provider: GitHub }} }}
  wash: {{ kind: jenkins, url: "{url}/wash/", domains: {{ provider: own }} }}
  operated: {{ kind: jenkins, url: "{url}/operated", domains: {{ provider: LF }} }}
  operator: {{ kind: external, domains: {{ provider: LF, site: cellar }} }}
objectives:
  o: {{ rpo: 7d, copies: 1 }}
  day: {{ rpo: 26h, copies: 1 }}
exclude:
  - {{ in: github, name: "*", reason: not asked here, owner: Squad, review_by: 2099-01-01 }}
  - {{ in: operated, name: "*", reason: not asked here, owner: Squad, review_by: 2099-01-01 }}
assets:
{assets}
"#,
        url = estate.url()
    )
}

const STORIES: &str = r"
  - id: wash
    lives_in: wash
    facets: [config]
    objective: o
    owner: Squad
    copies:
      - { id: github, in: github, by: commits, repository: configs, path: jenkins, claim: The system is backed up periodically to GitHub. }
  - id: operated
    lives_in: operated
    facets: [config]
    objective: o
    owner: Squad
    copies:
      - { id: said, in: operator, by: attestation, statement: We back it up., attested_by: The operator, attested_on: 2026-01-02, expires: 2099-01-01, claim: The system is backed up by the operator. }
  - id: builds
    lives_in: wash
    each: job
    select: { defined_in: jenkins }
    objective: o
    owner: Squad
    copies: [{ id: ride, by: included, of: wash, claim: Those backups are included in the backup of the system. }]
";

const JOBS: &str = "  - { id: jobs, lives_in: wash, each: job, select: { defined_in: jenkins }, objective: o, owner: Squad, copies: [{ id: said, in: operator, by: attestation, statement: We back it up., attested_by: The operator, attested_on: 2026-01-02, expires: 2099-01-01 }] }";

pub(crate) fn because(report: &Report, id: &str) -> String {
    let found = report.findings.iter().find(|finding| finding.id() == id);
    found.map_or_else(|| format!("no {id}"), |finding| finding.because.to_string())
}

fn items(observations: &[Observation]) -> Vec<&Item> {
    let of = |observation: &'_ Observation| matches!(observation.system.as_deref(), Some("wash"));
    let items =
        observations.iter().filter(|observation| of(observation)).filter_map(|observation| match &observation.fact {
            Fact::Item(item) => Some(&**item),
            _ => None,
        });
    items.collect()
}

#[test]
fn the_controller_that_is_committed_and_the_one_whose_operator_only_says_so() {
    let estate = Estate::of(Truth::example()).start();
    let (report, _) = audited(&about(&estate, STORIES), ADMIN, &options());
    assert_eq!(verdict(&report, "copies:wash"), "met", "{}", because(&report, "copies:wash"));
    assert_eq!(verdict(&report, "recovery-point-age:wash"), "met", "{}", because(&report, "recovery-point-age:wash"));
    assert_eq!(verdict(&report, "claim-supported:wash:github"), "met");
    // What is only said is believed, and dates nothing.
    assert_eq!(verdict(&report, "copies:operated"), "met");
    assert_eq!(verdict(&report, "recovery-point-age:operated"), "unknown");
    assert_eq!(verdict(&report, "claim-supported:operated:said"), "unknown", "it is unproven");
    // What is defined only inside travels in the copies of the controller.
    for job in ["release", "smoke test", "ops/backup", "signing"] {
        assert_eq!(verdict(&report, &format!("copies:builds/{job}")), "met", "{job}");
    }
    for job in ["docs", "site", "site/master", "zowe/zss/users%2Fjack", "seeded"] {
        assert_eq!(verdict(&report, &format!("copies:builds/{job}")), "none", "{job} is defined elsewhere");
    }
    assert_eq!(verdict(&report, "declared:@wash"), "met", "{}", because(&report, "declared:@wash"));
    assert!(estate.requests().iter().all(|asked| asked.method == http::Method::POST && asked.path == "/graphql"
        || matches!(asked.method, http::Method::GET | http::Method::HEAD)));
}

#[test]
fn every_job_is_found_with_where_it_is_defined() {
    let estate = Estate::of(Truth::example()).start();
    let (_, observations) = audited(&about(&estate, JOBS), ADMIN, &options());
    let found: Vec<(&str, Option<DefinedIn>, Option<&str>)> =
        items(&observations).iter().map(|item| (&*item.name, item.defined_in, item.folder.as_deref())).collect();
    let expected = [
        ("docs", Scm, ""),
        ("ops/backup", Jenkins, "ops"),
        ("ops/keeps", Jenkins, "ops"),
        ("ops/off", Jenkins, "ops"),
        ("ops/shaky", Jenkins, "ops"),
        ("release", Jenkins, ""),
        ("seeded", Generated, ""),
        ("signing", Jenkins, ""),
        ("site", Scm, ""),
        ("site/master", Scm, "site"),
        ("smoke test", Jenkins, ""),
        ("zowe", Scm, ""),
        ("zowe/zss", Scm, "zowe"),
        ("zowe/zss/main", Scm, "zowe/zss"),
        ("zowe/zss/users%2Fjack", Scm, "zowe/zss"),
    ];
    let expected: Vec<_> = expected.map(|(name, defined_in, folder)| (name, Some(defined_in), Some(folder))).into();
    assert_eq!(found, expected);
    let disabled: Vec<&str> =
        items(&observations).iter().filter(|item| item.disabled == Some(true)).map(|item| &*item.name).collect();
    assert_eq!(disabled, ["ops/off"]);
    // Nothing leads to the address that the controller believes to have.
    assert!(estate.requests().iter().all(|asked| !asked.query.contains("depth")));
}

#[test]
fn jobs_that_nobody_declared_are_said() {
    let estate = Estate::of(Truth::example()).start();
    let (report, _) = audited(&about(&estate, JOBS), ADMIN, &options());
    assert_eq!(verdict(&report, "declared:@wash"), "gap");
    let said = because(&report, "declared:@wash");
    assert!(said.contains("docs") && said.contains("seeded"), "{said}");
}

#[test]
fn what_somebody_may_not_see_is_never_taken_for_not_there() {
    let estate = Estate::of(Truth::example()).start();
    for (who, identity) in [(READER, "reader"), (ANYBODY, "anonymous")] {
        let (report, observations) = audited(&about(&estate, JOBS), who, &options());
        assert!(items(&observations).iter().all(|item| &*item.name != "signing"), "nobody else sees it");
        assert_ne!(verdict(&report, "declared:@wash"), "met", "{identity}");
        assert_eq!(verdict(&report, "copies:jobs"), "unknown", "{}", because(&report, "copies:jobs"));
        let seen_as = observations.iter().filter(|seen| seen.system.as_deref() == Some("wash"));
        assert!(seen_as.into_iter().all(|seen| seen.source().identity.as_deref() == Some(identity)));
    }
    // Even where all that can be seen is declared.
    let all = about(&estate, "  - { id: all, lives_in: wash, each: job, objective: o, owner: Squad, copies: [] }");
    estate.forget();
    let (report, _) = audited(&all, READER, &options());
    assert_eq!(verdict(&report, "declared:@wash"), "unknown", "{}", because(&report, "declared:@wash"));
    let (report, _) = audited(&all, ADMIN, &options());
    assert_eq!(verdict(&report, "declared:@wash"), "met", "{}", because(&report, "declared:@wash"));
    // What cannot be seen may be deliberately no asset.
    let hidden = all.replace(
        "exclude:\n",
        "exclude:\n  - { in: wash, name: \"*\", private: true, reason: nobody shows it, owner: Squad, review_by: 2099-01-01 }\n",
    );
    let (report, _) = audited(&hidden, READER, &options());
    assert_eq!(verdict(&report, "declared:@wash"), "met", "{}", because(&report, "declared:@wash"));
    assert!(
        estate.requests().iter().all(|asked| !asked.path.ends_with("config.xml")),
        "nobody asked where they are defined"
    );
}

#[test]
fn without_the_right_to_read_definitions_every_job_may_be_defined_only_here() {
    let estate = Estate::of(Truth::example()).start();
    let (report, observations) = audited(&about(&estate, JOBS), ANYBODY, &options());
    assert!(items(&observations).iter().all(|item| item.defined_in == Some(DefinedIn::Unknown)));
    assert_eq!(verdict(&report, "copies:jobs/docs"), "met", "what is not known is selected");
    let said: Vec<_> = report.unseen.iter().filter(|entry| entry.what.contains("ExtendedRead")).collect();
    assert_eq!((said.len(), said[0].reason), (1, UnseenReason::NotAuthorized));
}

#[test]
fn a_controller_that_shows_nothing_to_anybody_is_unknown() {
    let estate = Estate::of(Truth::example()).start();
    let text = about(&estate, JOBS).replace("/wash/", "/operated/");
    let (report, _) = audited(&text, ANYBODY, &options());
    assert_eq!(verdict(&report, "copies:jobs"), "unknown");
    assert!(
        report.unseen.iter().any(|entry| entry.system == "wash" && entry.what.contains("hudson.model.Hudson.Read"))
    );
}

fn with_copy(estate: &Estate, copy: &str) -> String {
    about(
        estate,
        &format!(
            "  - {{ id: wash, lives_in: wash, facets: [config, secrets], objective: day, owner: Squad, copies: [{{ id: c, {copy} }}] }}"
        ),
    )
}

#[test]
fn a_backup_job_that_runs_each_night_is_a_copy_where_it_says() {
    let estate = Estate::of(Truth::example()).start();
    let (report, observations) =
        audited(&with_copy(&estate, "in: github, runs_in: wash, by: build, job: ops/backup"), ADMIN, &options());
    assert_eq!(verdict(&report, "recovery-point-age:wash"), "met", "{}", because(&report, "recovery-point-age:wash"));
    let runs = "runs-on-schedule:wash:c";
    assert_eq!(verdict(&report, runs), "met", "{}", because(&report, runs));
    assert!(because(&report, runs).contains("H 2 * * *"), "{}", because(&report, runs));
    let points = observations.iter().find_map(|observation| match &observation.fact {
        Fact::RecoveryPoints(points) => Some(points),
        _ => None,
    });
    let points = points.expect("recovery points");
    assert_eq!((points.points.len(), points.grade, points.complete), (40, Grade::Reported, true));
    assert!(points.from.is_some() && points.kept_from == points.from, "what was before was deleted");
}

#[test]
fn warnings_and_builds_that_never_end_are_no_recovery_points() {
    let estate = Estate::of(Truth::example()).start();
    let (report, _) =
        audited(&with_copy(&estate, "in: github, runs_in: wash, by: build, job: ops/shaky"), ADMIN, &options());
    assert_eq!(verdict(&report, "recovery-point-age:wash"), "gap", "{}", because(&report, "recovery-point-age:wash"));
    assert!(
        because(&report, "recovery-point-age:wash").contains("3 d"),
        "{}",
        because(&report, "recovery-point-age:wash")
    );
    assert_eq!(verdict(&report, "runs-on-schedule:wash:c"), "gap", "{}", because(&report, "runs-on-schedule:wash:c"));
}

#[test]
fn a_job_that_somebody_switched_off_does_not_run() {
    let estate = Estate::of(Truth::example()).start();
    for who in [ADMIN, ANYBODY] {
        let (report, _) =
            audited(&with_copy(&estate, "in: github, runs_in: wash, by: build, job: ops/off"), who, &options());
        assert_eq!(verdict(&report, "runs-on-schedule:wash:c"), "gap");
        assert!(because(&report, "runs-on-schedule:wash:c").contains("disabled"));
    }
}

#[test]
fn a_build_that_kept_nothing_of_the_copy_holds_nothing() {
    let estate = Estate::of(Truth::example()).start();
    let copy = "in: wash, by: build, job: ops/keeps, artifact: 'tar\\.gz$'";
    let (report, _) = audited(&with_copy(&estate, copy), ADMIN, &options());
    assert_eq!(verdict(&report, "size-plausible:wash:c"), "gap", "{}", because(&report, "size-plausible:wash:c"));
    assert_eq!(verdict(&report, "recovery-point-age:wash"), "gap", "the one before is two days old");
    let asked: Vec<String> = estate
        .requests()
        .into_iter()
        .filter(|asked| asked.method == http::Method::HEAD)
        .map(|asked| asked.path)
        .collect();
    assert_eq!(asked.iter().filter(|path| path.ends_with("artifact/out/home.tar.gz")).count(), 2, "{asked:?}");
    // Without the pattern it is what the job says.
    let (report, _) = audited(&with_copy(&estate, "in: wash, by: build, job: ops/keeps"), ADMIN, &options());
    assert_eq!(verdict(&report, "recovery-point-age:wash"), "met");
}

#[test]
fn a_folder_or_a_job_that_is_not_there_is_no_backup_job() {
    let estate = Estate::of(Truth::example()).start();
    for (job, reason, words) in [
        ("ops", UnseenReason::Unreadable, "is a folder"),
        ("site", UnseenReason::Unreadable, "is a folder"),
        ("ops/never-was", UnseenReason::NotFound, "404"),
    ] {
        let copy = format!("in: github, runs_in: wash, by: build, job: {job}");
        let (report, _) = audited(&with_copy(&estate, &copy), ADMIN, &options());
        assert_eq!(verdict(&report, "copies:wash"), "unknown", "{job}");
        assert!(
            report.unseen.iter().any(|entry| entry.reason == reason && entry.what.contains(words)),
            "{:?}",
            report.unseen
        );
    }
}

#[test]
fn a_backup_plugin_that_is_there_proves_nothing_else() {
    let estate = Estate::of(Truth::example()).start();
    let (report, _) = audited(&with_copy(&estate, "in: wash, by: backup-config, key: thinBackup"), READER, &options());
    let asset = report.assets.iter().find(|asset| &*asset.id == "wash").expect("it is there");
    let grades: Vec<Grade> = asset.copies.iter().flatten().map(|copy| copy.grade).collect();
    assert_eq!(grades, [Grade::Configured]);
    for id in ["copies:wash", "recovery-point-age:wash", "runs-on-schedule:wash:c"] {
        assert_eq!(verdict(&report, id), "unknown", "{id}: {}", because(&report, id));
    }
    assert!(because(&report, "runs-on-schedule:wash:c").contains("thinBackup 2.1.1 is installed and active"));
    // It leaves out the keys that unlock the credentials.
    let facets = because(&report, "facets-covered:wash");
    assert_eq!(verdict(&report, "facets-covered:wash"), "gap", "{facets}");
    assert!(facets.contains("secrets") && !facets.contains("config"), "{facets}");
    let (report, _) =
        audited(&with_copy(&estate, "in: wash, by: backup-config, key: periodicbackup"), READER, &options());
    assert_eq!(verdict(&report, "runs-on-schedule:wash:c"), "gap", "it is disabled");
}

#[test]
fn plugins_are_shown_to_few_and_those_that_are_not_there_are_not_found() {
    let estate = Estate::of(Truth::example()).start();
    let text = with_copy(&estate, "in: wash, by: backup-config, key: thinBackup");
    let (report, _) = audited(&text, ANYBODY, &options());
    assert!(
        report
            .unseen
            .iter()
            .any(|entry| entry.reason == UnseenReason::NotAuthorized && entry.what.contains("SystemRead"))
    );
    assert_eq!(verdict(&report, "runs-on-schedule:wash:c"), "unknown");
    let text = text.replace("/wash/", "/operated/");
    let (report, _) = audited(&text, ADMIN, &options());
    assert!(
        report
            .unseen
            .iter()
            .any(|entry| entry.reason == UnseenReason::NotFound && entry.what.contains("not installed"))
    );
    assert_eq!(verdict(&report, "copies:wash"), "unknown");
}

#[test]
fn a_wrong_token_is_put_once() {
    let estate = Estate::of(Truth::example()).start();
    let (report, _) =
        audited(&with_copy(&estate, "in: wash, by: build, job: ops/keeps"), ("auditor", "a-wrong-token"), &options());
    assert!(report.unseen.iter().any(|entry| entry.reason == UnseenReason::NotAuthorized && entry.system == "wash"));
    let asked = estate.requests().into_iter().filter(|asked| asked.path.starts_with("/wash/")).count();
    assert_eq!(asked, 1, "it might lock the account");
}

#[test]
fn a_controller_from_before_classes_is_read_too() {
    let mut truth = Truth::example();
    truth.jenkins[0].classless = true;
    let estate = Estate::of(truth).start();
    let all = about(&estate, "  - { id: all, lives_in: wash, each: job, objective: o, owner: Squad, copies: [] }");
    let (report, observations) = audited(&all, ADMIN, &options());
    assert_eq!(verdict(&report, "declared:@wash"), "met", "{}", because(&report, "declared:@wash"));
    let names: Vec<&str> = items(&observations).iter().map(|item| &*item.name).collect();
    assert!(names.contains(&"site/master") && !names.contains(&"site"), "what holds jobs is a folder: {names:?}");
    let off = items(&observations).into_iter().find(|item| &*item.name == "ops/off").expect("it is there");
    assert_eq!(off.disabled, Some(true));
}

/// Runs the binary as the administrator.
fn run(folder: &Path, args: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_lastgood"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs([("JENKINS_USER", ADMIN.0), ("JENKINS_API_TOKEN", ADMIN.1)])
        .output()
        .expect("the binary runs")
}

#[test]
fn what_a_controller_holds_becomes_a_first_policy() {
    let estate = Estate::of(Truth::example()).start();
    let folder = tempfile::tempdir().expect("a folder");
    let (here, system) = (folder.path(), format!("jenkins:{}/wash", estate.url()));
    let listed = run(here, &["discover", &system]);
    assert_eq!(listed.status.code(), Some(0), "{}", stderr(&listed));
    let text = stdout(&listed);
    assert!(text.contains("15 jobs seen as auditor: 7 defined only in Jenkins"), "{text}");
    let row = |name: &str| text.lines().find(|line| line.contains(name)).map(str::to_owned).unwrap_or_default();
    assert!(row("ops/off").contains("disabled") && row("users%2Fjack").contains("scm"), "{text}");

    let wrote = run(here, &["discover", &system, "--init", "-o", "first.yaml"]);
    assert_eq!(wrote.status.code(), Some(0), "{}", stderr(&wrote));
    let checked = run(here, &["check", "first.yaml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let first = std::fs::read_to_string(here.join("first.yaml")).expect("a policy");
    assert!(first.contains("defined only in Jenkins 7, in repositories 7") && !first.contains(ADMIN.1), "{first}");

    std::fs::write(here.join("part.yaml"), about(&estate, JOBS)).expect("written");
    let rest = run(here, &["discover", &system, "--policy", "part.yaml", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&rest)).expect("JSON");
    let undeclared = value["undeclared"].as_array().expect("a list");
    assert!(undeclared.iter().any(|name| name == "docs") && undeclared.iter().all(|name| name != "release"));
}

#[test]
fn thousands_of_jobs_in_folders_take_few_questions() {
    let mut truth = Truth::of_many(0);
    truth.jenkins = vec![Controller { context: "wash".to_owned(), ..Controller::of_many(10, 50) }];
    let estate = Estate::of(truth).start();
    let all = about(&estate, "  - { id: all, lives_in: wash, each: job, objective: o, owner: Squad, copies: [] }");
    let (_, observations) = audited(&all, ANYBODY, &Options { lists_of: None, ..options() });
    assert_eq!(items(&observations).len(), 5_000);
    let asked = estate.requests().iter().filter(|asked| asked.path.starts_with("/wash/")).count();
    assert!(asked <= 120, "{asked} questions");
}
