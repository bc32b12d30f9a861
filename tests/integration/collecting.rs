//! Collecting end to end: a policy audits the synthetic organisation, and what is true of it is found.
//!
//! Faults are in `collecting_faults`, the command line in `collecting_commands`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lastgood::collect::clock::Clock;
use lastgood::collect::http::Settings;
use lastgood::collect::secrets::Keyring;
use lastgood::collect::watch::Nobody;
use lastgood::collect::{Gathered, Options, Surroundings, gather};
use lastgood::evidence::{Observation, bundle};
use lastgood::judge::{self, When};
use lastgood::model::{Period, UnseenReason};
use lastgood::report::{self, Report};
use tokio_util::sync::CancellationToken;

use crate::estate::{self, Estate, Truth};
use crate::support::{policy, verdict};

/// Settings that lose no time.
pub(crate) fn quick() -> Settings {
    let (timeout, first_wait) = (Duration::from_secs(5), Duration::from_millis(5));
    Settings { timeout, first_wait, retries: 1, ..Settings::default() }
}

/// Collects what `text` asks, with that token in `ESTATE_TOKEN`, and judges it.
pub(crate) fn audited(text: &str, token: &'static str, options: &Options) -> (Report, Vec<Observation>) {
    let policy = policy(text);
    let around = Surroundings {
        clock: Clock::new(estate::now),
        keys: Keyring::new(Path::new("."), move |name| {
            let known = estate::ENVIRONMENT.iter().find(|(known, _)| *known == name)?;
            Some(if name == "ESTATE_TOKEN" { token.into() } else { known.1.into() })
        }),
        watch: Arc::new(Nobody),
        stop: CancellationToken::new(),
    };
    let Gathered { observations, .. } = gather(&policy, Path::new("."), options, &around).expect("a collection");
    let evidence = bundle::merge(observations.clone());
    let as_of = estate::now();
    let when = When { as_of, period: Period::ending(as_of, policy.review_every()) };
    (report::build(judge::judge(&policy, &evidence, when), &evidence, &[]), observations)
}

pub(crate) fn options() -> Options {
    Options { door: quick(), ..Options::default() }
}

fn because(report: &Report, id: &str) -> String {
    let found = report.findings.iter().find(|finding| finding.id() == id);
    found.map_or_else(|| format!("no {id}"), |finding| finding.because.to_string())
}

/// Returns a policy in which every repository is mirrored.
pub(crate) fn mirrored(estate: &Estate) -> String {
    format!(
        r#"
version: 1
title: T
systems:
  github: {{ kind: github, org: estate, base_url: "{url}", token: {{ env: ESTATE_TOKEN }}, domains: {{ provider: GitHub }} }}
  mirror: {{ kind: git, url: "{url}/mirror", domains: {{ provider: Mirror }} }}
objectives:
  o: {{ rpo: 1d, evidence: verified, independent: [provider] }}
assets:
  - id: source
    lives_in: github
    each: repository
    facets: [git]
    objective: o
    owner: Squad
    copies: [{{ id: mirror, in: mirror, by: git-mirror, url: "{url}/mirror/{{name}}.git" }}]
"#,
        url = estate.url()
    )
}

#[test]
fn each_mirror_is_found_to_be_what_it_is() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let (report, _) = audited(&mirrored(&estate), estate::ALL, &options());
    let complete = |name: &str| because(&report, &format!("copy-complete:source/{name}:mirror"));

    assert_eq!(verdict(&report, "copy-complete:source/api-layer:mirror"), "met", "{}", complete("api-layer"));
    assert_eq!(verdict(&report, "recovery-point-age:source/api-layer"), "met");
    // Two refs behind, since two hours ago: within a day.
    assert!(complete("cli").contains("2 behind"), "{}", complete("cli"));
    assert_eq!(verdict(&report, "copy-complete:source/cli:mirror"), "gap");
    assert_eq!(
        verdict(&report, "recovery-point-age:source/cli"),
        "met",
        "{}",
        because(&report, "recovery-point-age:source/cli")
    );
    let cli = report.assets.iter().find(|asset| &*asset.id == "source/cli").expect("it is there");
    let exposed = cli.rpo.exposure_seconds.expect("it is known");
    assert!((7_195..7_400).contains(&exposed), "{exposed} s exposed");
    // A branch and a tag are missing, and a deleted branch is kept.
    assert!(complete("explorer").contains("2 missing"), "{}", complete("explorer"));
    assert!(complete("explorer").contains("1 only in the copy"), "{}", complete("explorer"));
    assert_eq!(verdict(&report, "copy-complete:source/explorer:mirror"), "gap");
    // Somebody rewrote a branch.
    assert!(complete("zss").contains("1 different"), "{}", complete("zss"));
    assert_eq!(verdict(&report, "copy-complete:source/zss:mirror"), "gap");
    // No mirror at all: the host says 404, which may also mean that nobody may see it.
    assert_eq!(verdict(&report, "copies:source/docs-site"), "unknown");
    assert!(
        report.unseen.iter().any(|entry| entry.reason == UnseenReason::NotFound && entry.what.contains("docs-site"))
    );
    assert_eq!(verdict(&report, "declared:@github"), "met", "{}", because(&report, "declared:@github"));
}

#[test]
fn each_question_is_asked_once_however_many_assets_need_it() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let text = mirrored(&estate);
    let twice = format!(
        "{text}  - {{ id: again, lives_in: github, name: api-layer, objective: o, owner: Squad, copies: [{{ id: m, in: mirror, by: git-mirror, url: \"{}/mirror/api-layer.git\" }}] }}\n",
        estate.url()
    );
    let (report, _) = audited(&twice, estate::ALL, &options());
    assert_eq!(verdict(&report, "copy-complete:again:m"), "met");
    for path in ["/estate/api-layer.git/git-upload-pack", "/mirror/api-layer.git/git-upload-pack"] {
        assert_eq!(estate.requests_to(path).len(), 1, "{path}");
    }
    let written = |method: &str| estate.requests().iter().filter(|asked| asked.method.as_str() == method).count();
    let posts = estate
        .requests()
        .iter()
        .filter(|asked| asked.path == "/graphql" || asked.path.ends_with("/git-upload-pack"))
        .count();
    assert_eq!(written("POST"), posts, "only queries are posted");
    assert_eq!(estate.requests().len(), written("POST") + written("GET") + written("HEAD"));
}

#[test]
fn commits_runs_and_releases_are_recovery_points() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let (report, _) = audited(&estate.policy(), estate::ALL, &options());
    // The nightly commit was made last three days ago; that somebody corrected the README is no backup.
    let age = because(&report, "recovery-point-age:configuration");
    assert_eq!(verdict(&report, "recovery-point-age:configuration"), "gap", "{age}");
    assert!(age.contains("3 d") || age.contains("72 h"), "{age}");
    assert_eq!(verdict(&report, "runs-on-schedule:configuration:job"), "gap", "a skipped step is no run");
    assert_eq!(verdict(&report, "recovery-point-age:binaries"), "met");
    // Exported six hours ago, but GitHub deletes the archive.
    assert_eq!(verdict(&report, "evidence-grade:source/api-layer"), "met");
}

#[test]
fn anonymous_sees_what_is_public_and_says_so() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let text = mirrored(&estate).replace(", token: { env: ESTATE_TOKEN }", "");
    let (report, _) = audited(&text, "", &options());
    assert!(report.assets.iter().all(|asset| &*asset.id != "source/vault"), "nobody saw it");
    assert_eq!(verdict(&report, "declared:@github"), "unknown");
    assert_eq!(verdict(&report, "copies:source"), "unknown", "{}", because(&report, "copies:source"));
    assert!(report.unseen.iter().any(|entry| entry.what.contains("private")), "{:?}", report.unseen);
    let public = text.replace("facets: [git]", "select: { private: false }\n    facets: [git]");
    let (report, _) = audited(&public, "", &options());
    assert_eq!(verdict(&report, "copies:source"), "none", "of public repositories, all were seen");
    let excluded = format!(
        "{public}exclude:\n  - {{ in: github, name: \"*\", private: true, reason: drafts, owner: Squad, review_by: 2099-01-01 }}\n"
    );
    let (report, _) = audited(&excluded, "", &options());
    assert_eq!(verdict(&report, "declared:@github"), "met", "{}", because(&report, "declared:@github"));
    assert!(estate.requests().iter().all(|asked| !asked.has_credential()));
}

#[test]
fn a_renamed_repository_is_found_by_its_former_name() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let (head, _) =
        mirrored(&estate).split_once("assets:").map(|(head, rest)| (head.to_owned(), rest.to_owned())).expect("assets");
    let text = format!(
        "{head}assets:\n  - {{ id: tool, lives_in: github, name: start-up, objective: o, owner: Squad, copies: [{{ id: m, in: mirror, by: git-mirror, url: \"{url}/mirror/launcher.git\" }}] }}\n  - {{ id: gone, lives_in: github, name: never-was, objective: o, owner: Squad, copies: [] }}\n",
        url = estate.url()
    );
    let (report, _) = audited(&text, estate::ALL, &options());
    assert_eq!(verdict(&report, "declared:tool"), "met");
    assert!(because(&report, "declared:tool").contains("`launcher`"), "{}", because(&report, "declared:tool"));
    assert_eq!(verdict(&report, "copy-complete:tool:m"), "met");
    assert_eq!(verdict(&report, "declared:gone"), "gap", "it vanished");
    assert!(
        because(&report, "declared:@github").contains("undeclared: api-layer"),
        "{}",
        because(&report, "declared:@github")
    );
}

#[test]
fn a_clock_that_is_wrong_is_said() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    estate.fault("*", estate::When::Always, estate::Fault::WrongDate(chrono::TimeDelta::minutes(7)));
    let (report, _) = audited(&mirrored(&estate), estate::ALL, &options());
    let ahead =
        report.systems.iter().find(|system| system.id == "github").and_then(|system| system.clock_ahead_seconds);
    assert!(ahead.is_some_and(|ahead| (415..=425).contains(&ahead)), "{ahead:?}");
}
