//! Recorded answers of GitHub, read through the real parsing code.
//!
//! How they are found is left to `recorded`. What no recording holds is tested beside the code, with bodies
//! written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::{HeaderValue, StatusCode};
use lastgood::collect::clock::Clock;
use lastgood::collect::github::graphql::{self, Trouble};
use lastgood::collect::github::{
    Github, client, commits, history, login, migrations, refusal, releases, renames, rest, runs, steps, visible,
};
use lastgood::collect::http::{Answer, Door, Settings};
use lastgood::collect::miss::Miss;
use lastgood::collect::secrets::Keyring;
use lastgood::evidence::{Fact, RunOutcome};
use lastgood::model::time::{Instant, parse_instant};
use lastgood::model::{Facet, UnseenReason};
use lastgood::policy::{Policy, System};

use crate::recorded::{self, Unsaid};

fn at(text: &str) -> Instant {
    parse_instant(text).expect("a time")
}

/// Returns the folder of GitHub's answers; `None` where there is none.
fn folder() -> Option<PathBuf> {
    recorded::folder("github")
}

/// Returns the recorded answer `name`, with its headers where they were kept.
fn recorded(folder: &Path, name: &str) -> Answer {
    let bodies = ["json", "html", "txt"].map(|ending| folder.join(format!("{name}.{ending}")));
    let body = bodies.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default();
    let unsaid =
        Unsaid { method: "POST", url: "/graphql", base: "https://api.github.com", media: Some("application/json") };
    recorded::answer(folder, name, body, unsaid)
}

/// Asserts that no reader takes the answer for something that it is not.
fn is_nothing(answer: &Answer) {
    let name = answer.request().to_owned();
    assert!(rest::repositories(answer).map_or(true, |page| page.found.is_empty()), "{name}: repositories");
    assert!(rest::installation_repositories(answer).is_err(), "{name}: repositories of an installation");
    assert!(graphql::page(answer).is_err(), "{name}: GraphQL");
    assert!(commits::page(answer).map_or(true, |(found, _)| found.is_empty()), "{name}: commits");
    assert!(releases::page(answer).map_or(true, |(found, ..)| found.is_empty()), "{name}: releases");
    assert!(migrations::page(answer).map_or(true, |(found, ..)| found.is_empty()), "{name}: migrations");
    assert!(runs::page(answer).is_err(), "{name}: runs");
    assert!(history::compared(answer).is_err(), "{name}: comparison");
    assert!(client::installation_token(answer).is_err(), "{name}: token");
}

fn refused(answer: Answer, reason: UnseenReason, words: &str) {
    is_nothing(&answer);
    let miss = refusal::ok(answer).expect_err("a refusal");
    assert!(miss.reason == reason && miss.what.contains(words), "{reason} {words}: {miss:?}");
    assert!(miss.provenance.is_some());
}

fn repositories(page: Result<rest::Page, Miss>, count: usize) -> rest::Page {
    let page = page.expect("a page");
    assert_eq!((page.found.len(), page.unread), (count, 0));
    assert!(page.found.iter().all(|found| found.created_at.is_some() && found.archived.is_some()));
    page
}

fn one_run(answer: &Answer, count: usize, outcome: RunOutcome) -> runs::Run {
    let page = runs::page(answer).expect("a page");
    assert_eq!((page.runs.len(), page.unread), (count, 0));
    assert!(page.runs.iter().all(|run| run.started_at >= run.created_at && run.updated_at >= Some(run.started_at)));
    let found = page.runs.into_iter().find(|run| run.outcome == outcome);
    found.unwrap_or_else(|| panic!("no run is {outcome}"))
}

type Case = (&'static str, fn(Answer));

/// Every recorded answer but the pages of one long list, each with what it has to be read as.
const CASES: &[Case] = &[
    ("api-version-deprecation-sunset-headers", |answer| {
        assert_eq!(answer.next_page(), Ok(None), "the link about the deprecation is no next page");
        is_nothing(&answer);
    }),
    ("app-installation", |answer| {
        let found = login::installation(&answer).expect("an installation");
        assert_eq!((found.id, found.app_slug.as_deref()), (32_841_752, Some("j1-ingest-cg")));
    }),
    ("app-installations", |answer| {
        assert!(login::installation(&answer).is_err(), "a list is not one installation");
        is_nothing_but_repositories(&answer);
    }),
    ("authenticated-user-repos", |answer| {
        repositories(rest::repositories(&answer), 30);
    }),
    ("branch-single", |answer| is_nothing(&answer)),
    ("branches", |answer| {
        assert_eq!(rest::repositories(&answer).expect("a list").found, [], "branches are no repositories");
        is_nothing(&answer);
    }),
    ("commits-accepted-permissions-header", |answer| {
        let (found, unread) = commits::page(&answer).expect("a page");
        assert_eq!((found.len(), unread), (2, 0));
        assert!(found.iter().all(|commit| commit.sha.len() == 40));
    }),
    ("commits-path-page1", |answer| {
        let (found, unread) = commits::page(&answer).expect("a page");
        assert_eq!((found.len(), unread), (100, 0));
        assert_eq!(found[0].committed_at, at("2010-11-15T23:37:36Z"));
        assert!(answer.next_page().expect("a link").is_some_and(|next| next.path().starts_with("/repositories/")));
    }),
    ("commits-path-per-page", |answer| {
        assert_eq!(commits::page(&answer).expect("a page").0.len(), 7);
    }),
    ("error-200-graphql-saml-partial", |answer| match graphql::page(&answer) {
        Err(Trouble::Refused(miss)) => {
            assert_eq!(miss.reason, UnseenReason::NotAuthorized);
            assert!(miss.what.contains("SAML enforcement"), "{}", miss.what);
        }
        other => panic!("{other:?}"),
    }),
    ("error-401-bad-credentials", |answer| {
        assert!(refusal::is_of_login(&answer));
        refused(answer, UnseenReason::NotAuthorized, "Bad credentials");
    }),
    ("error-401-jwt-undecodable", |answer| {
        assert!(refusal::is_of_login(&answer));
        refused(answer, UnseenReason::NotAuthorized, "could not be decoded");
    }),
    ("error-403-admin-rights", |answer| {
        assert!(!refusal::is_of_login(&answer));
        refused(answer, UnseenReason::NotAuthorized, "Must have admin rights");
    }),
    ("error-403-missing-user-agent", |answer| {
        refused(answer, UnseenReason::NotAuthorized, "User Agent");
    }),
    ("error-403-primary-rate-limit", |answer| refused(answer, UnseenReason::RateLimited, "API Rate Limit Exceeded")),
    ("error-403-secondary-rate-limit", |answer| refused(answer, UnseenReason::RateLimited, "secondary rate limit")),
    ("error-404-not-found", |answer| {
        // The body of an account, under a name that says otherwise.
        assert_eq!(renames::read(&answer, "o", "r").map_err(|miss| miss.reason), Err(UnseenReason::Unreadable));
        is_nothing(&answer);
    }),
    ("error-404-pages", |answer| refused(answer, UnseenReason::NotFound, "(or this credential may not see it)")),
    ("error-409-empty-repository", |answer| {
        assert!(refusal::is_empty_repository(&answer));
        refused(answer, UnseenReason::Unreadable, "Git Repository is empty");
    }),
    ("error-422-validation", |answer| refused(answer, UnseenReason::Unreadable, "Validation Failed")),
    ("error-429-secondary-no-retry-after", |answer| refused(answer, UnseenReason::RateLimited, "secondary rate limit")),
    ("error-429-secondary-retry-after-date", |answer| {
        refused(answer, UnseenReason::RateLimited, "secondary rate limit");
    }),
    ("error-503-haproxy-html", |answer| {
        assert!(matches!(graphql::page(&answer), Err(Trouble::TooMuch(_))));
        let mut claims_success = answer.clone();
        claims_success.status = StatusCode::OK;
        is_nothing(&claims_success);
        refused(answer, UnseenReason::Unreachable, "503");
    }),
    ("get-organization", |answer| {
        let holds = visible::account(&answer, true).expect("an account");
        assert_eq!((holds.public, holds.private), (Some(316), Some(0)));
    }),
    ("ghes-repo", |answer| {
        let found = rest::repository(&answer).expect("a repository");
        assert_eq!((found.id, &*found.name), (Some(3_544_490), "PyGithub"));
    }),
    ("git-ref-404", |answer| {
        assert_eq!(renames::read(&answer, "o", "r"), Ok(None));
        refused(answer, UnseenReason::NotFound, "Not Found");
    }),
    ("graphql-nodes-refs-batch", |answer| is_nothing(&answer)),
    ("graphql-org-repositories-page", |answer| {
        let read = graphql::page(&answer).expect("a page");
        assert_eq!((read.page.found.len(), read.page.unread, read.next), (15, 0, None));
        assert!(read.is_whole, "fields were refused, and no repository");
        let miss = read.refused.expect("a refusal");
        assert_eq!(miss.reason, UnseenReason::NotAuthorized);
        assert!(miss.what.contains("10 errors: Resource not accessible by integration"), "{}", miss.what);
        assert_eq!(read.page.found.iter().filter(|found| found.private == Some(true)).count(), 10);
        assert!(read.page.found.iter().all(|found| found.absent.is_empty()), "nobody asked for facets");
    }),
    ("installation-access-token-201", |answer| {
        client::installation_token(&answer).expect("a token");
    }),
    ("installation-access-token-201-permissions", |answer| {
        client::installation_token(&answer).expect("a token");
    }),
    ("installation-repositories", |answer| {
        let page = repositories(rest::installation_repositories(&answer), 2);
        assert_eq!((page.total, page.all), (Some(2), Some(false)));
        assert!(page.found.iter().all(|found| found.owner.is_some()));
    }),
    ("installation-repositories-empty", |answer| {
        let page = repositories(rest::installation_repositories(&answer), 0);
        assert_eq!((page.total, page.all), (Some(0), Some(false)), "without rights it answers with nothing");
    }),
    ("matching-refs-heads", |answer| is_nothing(&answer)),
    ("matching-refs-heads-gh-prefix", |answer| is_nothing(&answer)),
    ("matching-refs-tags", |answer| is_nothing(&answer)),
    ("meta", |answer| is_nothing(&answer)),
    ("org-migration-archive-302", |answer| refused(answer, UnseenReason::Unreadable, "302")),
    ("org-migration-start-201", |answer| is_nothing(&answer)),
    ("org-migration-status", |answer| is_nothing(&answer)),
    ("org-migrations-list", |answer| {
        let (exports, count, unread) = migrations::page(&answer).expect("a page");
        assert_eq!((exports.len(), count, unread), (8, 9, 0), "one is pending");
        assert_eq!(exports[0].id, 94);
        assert_eq!(exports[0].created_at, at("2015-07-29T01:00:23Z"));
        assert_eq!(exports[0].updated_at, Some(at("2015-07-29T01:00:38Z")));
    }),
    ("org-migrations-list-per-page-1", |answer| {
        let (exports, ..) = migrations::page(&answer).expect("a page");
        assert_eq!(exports[0].created_at, at("2018-09-13T15:10:43Z"), "told with the user's own offset");
    }),
    ("rate-limit", |answer| is_nothing(&answer)),
    ("rate-limit-401-bad-credentials", |answer| {
        assert!(refusal::is_of_login(&answer));
        refused(answer, UnseenReason::NotAuthorized, "Bad credentials");
    }),
    ("release-assets-2023plus", |answer| {
        // Files without their release, which this program does not ask for.
        let (assets, count, unread) = releases::page(&answer).expect("a list");
        assert_eq!((assets.len(), count), (0, unread));
    }),
    ("release-assets-paged", |answer| {
        assert_eq!(releases::page(&answer).expect("a page"), (vec![], 10, 0), "releases without files");
        assert!(answer.next_page().expect("a link").is_some());
    }),
    ("release-latest", |answer| is_nothing(&answer)),
    ("repo-304-not-modified", |answer| refused(answer, UnseenReason::Unreadable, "304")),
    ("repo-full", |answer| {
        let found = rest::repository(&answer).expect("a repository");
        assert_eq!(found.pushed_at, Some(at("2013-08-22T02:09:09Z")));
        assert_eq!((found.template, found.absent), (None, vec![Facet::Issues]), "old answers have no is_template");
        let (name, told) = renames::read(&answer, "AKFISH", "Old").expect("an answer").expect("a repository");
        let Fact::Item(item) = told.fact else { panic!("no item") };
        assert_eq!((name.as_str(), item.id.as_deref()), ("PyGithub", Some("12156762")));
        assert_eq!(item.former_names, ["Old".to_owned().into_boxed_str()]);
    }),
    ("repo-full-2023plus", |answer| {
        let found = rest::repository(&answer).expect("a repository");
        assert_eq!((found.template, found.private, found.empty), (Some(false), Some(false), None));
        assert_eq!(found.absent, [Facet::Wiki]);
    }),
    ("user-repos-page1", |answer| {
        let page = repositories(rest::repositories(&answer), 62);
        assert!(page.found.iter().all(|found| found.owner.as_deref() == Some("kohsuke")));
        assert!(answer.next_page().expect("a link").is_some_and(|next| next.path().starts_with("/user/")));
    }),
    ("workflow-run-artifacts", |answer| is_nothing(&answer)),
    ("workflow-run-jobs", |answer| {
        assert_eq!(steps::page(&answer, "Run a one-line script").expect("a page"), (2, 2));
        assert_eq!(steps::page(&answer, "Upload").expect("a page"), (2, 0));
    }),
    ("workflow-runs-action-required", |answer| {
        let page = runs::page(&answer).expect("a page");
        assert!(page.runs.iter().all(|run| run.outcome == RunOutcome::Failure), "it waits for an approval");
    }),
    ("workflow-runs-by-workflow-id", |answer| {
        one_run(&answer, 10, RunOutcome::Success);
    }),
    ("workflow-runs-by-workflow-startup-failure", |answer| {
        one_run(&answer, 4, RunOutcome::Failure);
    }),
    ("workflow-runs-created-filter-empty-or-few", |answer| {
        one_run(&answer, 6, RunOutcome::Success);
        one_run(&answer, 6, RunOutcome::Failure);
    }),
    ("workflow-runs-in-progress", |answer| {
        let run = one_run(&answer, 1, RunOutcome::Running);
        assert_eq!(run.started_at, run.created_at, "old answers do not tell when the attempt started");
    }),
    ("workflow-runs-large", |answer| {
        one_run(&answer, 2, RunOutcome::Success);
    }),
    ("workflow-runs-per-page-1", |answer| {
        let run = one_run(&answer, 1, RunOutcome::Success);
        assert_eq!((run.id, run.updated_at), (7_842_847_320, Some(at("2024-02-09T10:46:03Z"))));
        assert_eq!(runs::page(&answer).expect("a page").total, Some(41));
    }),
];

/// As `is_nothing`, for lists whose entries have numbers but no names.
fn is_nothing_but_repositories(answer: &Answer) {
    assert_eq!(rest::repositories(answer).expect("a list").found, []);
    is_nothing(answer);
}

/// How many pages of the long list there are, of 23.
const PAGES: usize = 12;

fn page_name(number: usize) -> String {
    format!("org-repos-jenkinsci/page-{number:02}")
}

#[test]
fn every_recorded_answer_is_read_as_what_it_is() {
    let Some(folder) = folder() else { return };
    for (name, check) in CASES {
        // Most assertions are shared, so that they do not say which case failed.
        let outcome = std::panic::catch_unwind(|| check(recorded(&folder, name)));
        assert!(outcome.is_ok(), "{name}: see above");
    }
}

#[test]
fn no_recorded_answer_is_forgotten() {
    let Some(folder) = folder() else { return };
    let mut named: BTreeSet<String> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    named.extend((1..=PAGES).map(page_name));
    let mut there = BTreeSet::new();
    for (prefix, folder) in [("", folder.clone()), ("org-repos-jenkinsci/", folder.join("org-repos-jenkinsci"))] {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_file() {
                let file = entry.file_name().into_string().expect("a name");
                let name = file.split('.').next().expect("a name");
                there.insert(format!("{prefix}{name}"));
            }
        }
    }
    assert_eq!(named, there);
}

#[test]
fn a_list_of_2204_repositories_links_from_page_to_page() {
    let Some(folder) = folder() else { return };
    let mut seen = BTreeSet::new();
    for number in 1..=PAGES {
        let answer = recorded(&folder, &page_name(number));
        let page = repositories(rest::repositories(&answer), 100);
        assert!(page.found.iter().all(|found| found.pushed_at.is_some() && found.private == Some(false)));
        seen.extend(page.found.into_iter().map(|found| found.id));
        let next = answer.next_page().expect("a link").expect("a next page");
        assert_eq!(next.path(), "/organizations/107424/repos", "it leads to another path than the one asked for");
        assert!(next.query().is_some_and(|query| query.ends_with(&format!("page={}", number + 1))));
    }
    assert_eq!(seen.len(), 1_200);
}

/// Serves the recorded pages, with links to itself, and lists them as the program does.
#[tokio::test]
async fn a_list_that_breaks_off_keeps_what_was_read_and_says_that_it_is_not_whole() {
    let Some(folder) = folder() else { return };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let own = base.clone();
    let answer = move |request: axum::extract::Request| {
        let (folder, own) = (folder.clone(), own.clone());
        async move {
            let query = request.uri().query().unwrap_or_default();
            let number: usize = query.rsplit_once("&page=").map_or(1, |(_, page)| page.parse().expect("a number"));
            let mut response = axum::response::Response::new(axum::body::Body::empty());
            if !request.uri().path().ends_with("/repos") || number > PAGES {
                *response.status_mut() = StatusCode::NOT_FOUND;
                return response;
            }
            let page = recorded(&folder, &page_name(number));
            for name in ["content-type", "link", "etag"] {
                let value = page.header(name).expect("a header").replace("https://api.github.com", &own);
                response.headers_mut().insert(name, HeaderValue::try_from(value).expect("a value"));
            }
            *response.body_mut() = axum::body::Body::from(page.body);
            response
        }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.expect("a server") });
    let policy = format!(
        "version: 1\ntitle: T\nsystems:\n  s: {{ kind: github, org: jenkinsci, base_url: '{base}' }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: s, objective: o, copies: unknown }}\n"
    );
    let policy = Policy::parse("policy.yaml", policy.as_bytes()).expect("a policy");
    let Some(System::Github(system)) = policy.document().systems.get("s") else { panic!("no system") };
    let keys = Keyring::new(Path::new("."), |_| None);
    let door = Door::open(Settings::default(), Clock::new(|| at("2026-11-25")), keys.clone()).expect("a door");
    let listing = Github::new(door, keys, system).expect("a collector").inventory().await;
    let Some(Fact::Inventory(inventory)) = listing.told.last().map(|told| &told.fact) else { panic!("no inventory") };
    assert_eq!((inventory.count, inventory.complete, inventory.public_only), (1_200, false, true));
    assert_eq!(listing.changes.len(), 1_200);
    assert_eq!(listing.misses[0].reason, UnseenReason::NotFound);
    assert!(listing.misses[0].what.contains("page=13"), "{}", listing.misses[0].what);
}
