//! The Artifactory collector against the synthetic one: lists, pages, rights, backups, replications.
//!
//! Faults are in `artifactory_faults`, recorded answers in `recorded_artifactory`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lastgood::collect::artifactory::Artifactory;
use lastgood::collect::artifactory::replication::Route;
use lastgood::collect::clock::Clock;
use lastgood::collect::compare::{Listed, Row};
use lastgood::collect::http::{Door, Settings};
use lastgood::collect::listing::Listing;
use lastgood::collect::miss::Miss;
use lastgood::collect::secrets::Keyring;
use lastgood::collect::told::Told;
use lastgood::evidence::Fact;
use lastgood::evidence::fact::{Inventory, Question, RecoveryPoints, Schedule, Unseen};
use lastgood::model::time::parse_instant;
use lastgood::model::{Grade, Instant, UnseenReason};
use lastgood::policy::document::ArtifactorySystem;
use lastgood::policy::{Copy, System};
use secrecy::SecretString;

use crate::collecting::quick;
use crate::estate::artifactory::truth::{Item, Repository};
use crate::estate::{Estate, Truth, artifactory};
use crate::support::policy;

/// What the variables of the tests hold.
const VARIABLES: [(&str, &str); 8] = [
    ("ADMIN", "admin-token-0123456789"),
    ("READER", "reader-token-0123456789"),
    ("WRONG", "wrong-token-0123456789"),
    ("USER", "auditor"),
    ("PASSWORD", "auditor-password"),
    ("KEY", "auditor-api-key"),
    ("JWT", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqZmFjQDAxL3VzZXJzL3JvYm90In0.c2ln"),
    ("UMLAUT", "schlüssel-0123456789"),
];

/// Returns an estate whose Artifactory is as the text says, with an administrator and a reader.
pub(crate) fn estate(text: &str) -> Estate {
    let mut truth = Truth::of_many(0);
    truth.artifactory = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("the truth is wrong: {error}"));
    let users = serde_json::json!([
        { "name": "root", "token": VARIABLES[0].1, "admin": true },
        { "name": "reader", "token": VARIABLES[1].1 },
        { "name": "auditor", "password": VARIABLES[4].1, "key": VARIABLES[5].1, "admin": true },
        { "name": "robot", "token": VARIABLES[6].1, "admin": true },
    ]);
    let users: Vec<artifactory::truth::User> = serde_json::from_value(users).expect("users");
    truth.artifactory.users.extend(users);
    Estate::of(truth).start()
}

/// Returns the collector of a system with these keys.
pub(crate) fn collector_of(url: &str, more: &str, settings: Settings) -> Arc<Artifactory> {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    let text = format!(
        "version: 1\ntitle: T\nsystems:\n  s: {{ kind: artifactory, url: '{url}'{more} }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: s, objective: o, copies: unknown }}\n"
    );
    let policy = policy(&text);
    let system: ArtifactorySystem = match policy.system("s") {
        Some(System::Artifactory(system)) => system.clone(),
        other => panic!("{other:?}"),
    };
    let keys = Keyring::new(Path::new("."), |name| {
        VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| SecretString::from(*value))
    });
    let door = Door::open(settings, Clock::new(crate::estate::now), keys.clone()).expect("a door");
    Arc::new(Artifactory::new(door, keys, &system).expect("an address"))
}

pub(crate) fn as_admin(estate: &Estate) -> Arc<Artifactory> {
    collector_of(&estate.artifactory_url(), "token: { env: ADMIN }", quick())
}

pub(crate) fn as_reader(estate: &Estate) -> Arc<Artifactory> {
    collector_of(&estate.artifactory_url(), "token: { env: READER }", quick())
}

/// Lists one place as a side of a comparison.
pub(crate) async fn listed(
    artifactory: &Arc<Artifactory>,
    repository: &str,
    path: &str,
) -> (Result<Listed, Miss>, Vec<Row>) {
    let side = artifactory.side(repository, path);
    let (out, mut rows) = tokio::sync::mpsc::channel(2);
    let taking = async {
        let mut all = Vec::new();
        while let Some(page) = rows.recv().await {
            all.extend(page);
        }
        all
    };
    tokio::join!(side.list(out), taking)
}

fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| &*row.name).collect()
}

/// Asserts that no file came twice, and returns their names.
fn each_once(rows: &[Row]) -> BTreeSet<&str> {
    let unique: BTreeSet<&str> = rows.iter().map(|row| &*row.name).collect();
    assert_eq!(unique.len(), rows.len(), "{:?}", names(rows));
    unique
}

/// Returns a copy of the policy language, written as one line of YAML.
pub(crate) fn copy(line: &str) -> Copy {
    // A backup's configuration speaks of its own system.
    let lives_in = if line.contains("backup-config") { "s" } else { "t\n    name: other" };
    let text = format!(
        "version: 1\ntitle: T\nsystems:\n  s: {{ kind: artifactory, url: 'https://h.example' }}\n  t: {{ kind: artifactory, url: 'https://i.example' }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - id: a\n    lives_in: {lives_in}\n    objective: o\n    copies:\n      - {{ id: c, in: s, {line} }}\n"
    );
    policy(&text).document().assets[0].copies.known().expect("copies")[0].clone()
}

pub(crate) async fn points(artifactory: &Artifactory, line: &str, item: Option<&str>) -> Result<Vec<Told>, Miss> {
    let Copy::Artifacts(copy) = copy(line) else { panic!("{line}") };
    artifactory.artifacts(&copy, item, Instant::UNIX_EPOCH).await
}

pub(crate) async fn backup(artifactory: &Artifactory, key: &str, repository: Option<&str>) -> Result<Vec<Told>, Miss> {
    let Copy::BackupConfig(copy) = copy(&format!("by: backup-config, key: '{key}'")) else { panic!("{key}") };
    artifactory.backup_config(&copy, repository).await
}

pub(crate) async fn replicated(
    artifactory: &Artifactory,
    repository: &str,
    route: Route<'_>,
) -> Result<Vec<Told>, Miss> {
    let Copy::Replication(copy) = copy(&format!("by: replication, repository: '{repository}'")) else {
        panic!("replication")
    };
    artifactory.replication(&copy, Some("libs"), route).await
}

pub(crate) fn inventory(listing: &Listing) -> Option<&Inventory> {
    listing
        .told
        .iter()
        .find_map(|told| if let Fact::Inventory(inventory) = &told.fact { Some(inventory) } else { None })
}

pub(crate) fn recovery_points(told: &[Told]) -> &RecoveryPoints {
    let found =
        told.iter().find_map(|told| if let Fact::RecoveryPoints(points) = &told.fact { Some(points) } else { None });
    found.unwrap_or_else(|| panic!("{told:?}"))
}

pub(crate) fn schedule(told: &[Told]) -> Option<&Schedule> {
    told.iter().find_map(|told| if let Fact::Schedule(schedule) = &told.fact { Some(schedule) } else { None })
}

pub(crate) fn settings(told: &[Told]) -> Option<lastgood::evidence::fact::Settings> {
    told.iter().find_map(|told| if let Fact::Settings(settings) = &told.fact { Some(*settings) } else { None })
}

pub(crate) fn unseen(told: &[Told]) -> Vec<&Unseen> {
    told.iter().filter_map(|told| if let Fact::Unseen(unseen) = &told.fact { Some(unseen) } else { None }).collect()
}

/// Repository `libs` with the files `a/1` to `a/7`, of which a query shows three.
pub(crate) const SEVEN: &str = "query_limit: 3\nrepositories: [{ key: libs, items: [{ path: a/1 }, { path: a/2 }, { path: a/3 }, { path: a/4 }, { path: a/5 }, { path: a/6 }, { path: a/7 }] }]";

#[tokio::test]
async fn everything_below_a_place_is_listed_once_with_its_checksums_and_the_time_at_which_it_came() {
    let estate = estate(
        r#"
zone: 3
query_limit: 2
repositories:
  - key: libs
    items:
      - { path: root.txt, size: 0, created: 2020-06-25T07:21:17.488Z }
      - { path: a/b c+%2F.txt, sha256: "", sha1: "" }
      - { path: a/ünïcode/x.txt }
      - { path: "a/\"q\\b\n/)}.limit(1)" }
      - { path: a-b/c.txt }
      - { path: a_b/c.txt, md5: "d41d8cd98f00b204e9800998ecf8427e" }
      - { path: aXb/c.txt }
  - { key: other, items: [{ path: a/none-of-it }] }
"#,
    );
    let artifactory = as_admin(&estate);
    let (list, rows) = listed(&artifactory, "libs", "").await;
    let list = list.expect("a list");
    assert_eq!(list.lacks, None);
    let found = each_once(&rows);
    assert_eq!(found.len(), 7);
    assert!(
        found.contains("a/\"q\\b\n/)}.limit(1)") && found.contains("root.txt") && found.contains("a/ünïcode/x.txt")
    );
    let row = |name: &str| rows.iter().find(|row| &*row.name == name).expect("a row");
    assert_eq!(row("root.txt").arrived_at, parse_instant("2020-06-25T07:21:17.488Z"), "whatever zone it is written in");
    assert_eq!((row("root.txt").bytes, row("root.txt").closer), (0, false));
    let sums = row("a/b c+%2F.txt").sums;
    assert!(sums.sha256.is_none() && sums.sha1.is_none() && sums.md5.is_some());
    assert_eq!(row("a_b/c.txt").sums.md5.expect("an MD5")[..4], [0xd4, 0x1d, 0x8c, 0xd9]);
    assert!(row("aXb/c.txt").sums.sha256.is_some() && row("aXb/c.txt").sums.sha1.is_some());

    let (list, rows) = listed(&artifactory, "libs", "/a_b/").await;
    assert_eq!((list.expect("a list").lacks, names(&rows)), (None, vec!["c.txt"]), "not what a wildcard matches");
    let (list, rows) = listed(&artifactory, "libs", "a").await;
    assert_eq!(list.expect("a list").lacks, None);
    assert_eq!(each_once(&rows), ["b c+%2F.txt", "\"q\\b\n/)}.limit(1)", "ünïcode/x.txt"].into_iter().collect());
    let (list, rows) = listed(&artifactory, "libs", "a*").await;
    assert_eq!((list.expect("a list").lacks, rows.len()), (None, 0), "no folder has that name");
    assert!(artifactory.side("libs", "a").name().ends_with("/artifactory/libs/a"));
}

#[tokio::test]
async fn more_files_than_a_server_looks_at_are_listed_all_the_same() {
    for (limit, notifies) in [(3, true), (3, false), (2, true), (7, false), (8, true), (100, true)] {
        let estate = estate(SEVEN);
        estate.artifactory().change(|truth| (truth.query_limit, truth.notifies) = (limit, notifies));
        let (list, rows) = listed(&as_admin(&estate), "libs", "").await;
        assert_eq!(list.expect("a list").lacks, None, "{limit}");
        assert_eq!(names(&rows), ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7"], "{limit}");
    }
    let estate = estate(SEVEN);
    estate.artifactory().change(|truth| truth.query_limit = 1);
    let lacks = listed(&as_admin(&estate), "libs", "").await.0.expect("a list").lacks;
    assert_eq!(lacks.expect("a reason").reason, UnseenReason::Truncated, "one row at a time leads nowhere");
}

#[tokio::test]
async fn many_files_are_listed_page_by_page() {
    let estate = estate("repositories: [{ key: libs, many: { prefix: 'p/', count: 12000 } }]");
    let artifactory = as_admin(&estate);
    let (list, rows) = listed(&artifactory, "libs", "p").await;
    let list = list.expect("a list");
    assert_eq!((list.lacks, each_once(&rows).len()), (None, 12_000));
    assert_eq!(list.source.identity.as_deref(), Some("root"));
    assert!(list.source.request.expect("a request").starts_with("POST "));
    assert!(list.source.body.expect("a digest").starts_with("sha256:"));
    // Two pages, what follows the last one, and the last row of all.
    assert_eq!(estate.requests_to("/artifactory/api/search/aql").len(), 4);
}

#[tokio::test]
async fn whatever_whoever_looks_may_not_see_the_list_is_not_whole() {
    let estate = estate(SEVEN);
    let reader = as_reader(&estate);
    for hidden in 1_u8..128 {
        let hides = |number: u8| hidden & (1 << (number - 1)) != 0;
        let unreadable: Vec<String> =
            (1..=7).filter(|number| hides(*number)).map(|number| format!("libs/a/{number}")).collect();
        estate.artifactory().change(|truth| truth.users[1].unreadable = unreadable);
        let (list, rows) = listed(&reader, "libs", "").await;
        let lacks = list.expect("a list").lacks.unwrap_or_else(|| panic!("{hidden:b}: taken for whole"));
        assert_eq!(lacks.reason, UnseenReason::NotAuthorized, "{hidden:b}: {lacks}");
        assert!(each_once(&rows).iter().all(|name| !hides(name[2..].parse().expect("a number"))), "{hidden:b}");
    }
}

#[tokio::test]
async fn of_one_hidden_file_all_others_are_seen() {
    for number in 1..=7 {
        for queries in [artifactory::truth::Queries::All, artifactory::truth::Queries::Flat] {
            let estate = estate(SEVEN);
            estate.artifactory().change(|truth| {
                truth.queries = queries;
                truth.query_limit = 100;
                truth.users[1].unreadable = vec![format!("libs/a/{number}")];
            });
            let (list, rows) = listed(&as_reader(&estate), "libs", "").await;
            assert!(list.expect("a list").lacks.is_some(), "{number}");
            assert_eq!(each_once(&rows).len(), 6, "{number}");
        }
    }
    let estate = estate(SEVEN);
    let (list, rows) = listed(&as_reader(&estate), "libs", "").await;
    assert_eq!((list.expect("a list").lacks, rows.len()), (None, 7), "nothing is hidden from this one");
}

#[tokio::test]
async fn files_that_come_and_go_between_two_pages_do_not_shift_the_others() {
    type Change = fn(&mut artifactory::Truth);
    let changes: [(Change, usize); 5] = [
        // Before the last row that was seen: a list by number would lose `a/4`.
        (|truth| truth.repository_mut("libs").items.retain(|item| item.path != "a/1"), 7),
        (|truth| truth.repository_mut("libs").items.push(Item::new("a/0", 1)), 7),
        // Behind it.
        (|truth| truth.repository_mut("libs").items.push(Item::new("a/35", 1)), 8),
        (|truth| truth.repository_mut("libs").items.retain(|item| item.path != "a/4"), 6),
        // The very row.
        (|truth| truth.repository_mut("libs").items.retain(|item| item.path != "a/3"), 7),
    ];
    for (number, (change, count)) in changes.into_iter().enumerate() {
        let estate = estate(SEVEN);
        estate.artifactory().change_before(2, change);
        let (list, rows) = listed(&as_admin(&estate), "libs", "").await;
        assert_eq!(list.expect("a list").lacks, None, "change {number}");
        assert_eq!(each_once(&rows).len(), count, "change {number}: {:?}", names(&rows));
    }
}

#[tokio::test]
async fn a_list_that_changes_so_that_it_cannot_be_followed_is_not_whole() {
    // The last two rows that were seen, and the very last one, at every moment.
    for query in 2..=6 {
        let estate = estate(SEVEN);
        estate.artifactory().change_before(query, |truth| truth.repository_mut("libs").items.clear());
        let (list, rows) = listed(&as_admin(&estate), "libs", "").await;
        assert!(list.expect("a list").lacks.is_some(), "query {query}");
        each_once(&rows);
    }
    let estate = estate(SEVEN);
    estate.artifactory().change_before(6, |truth| truth.repository_mut("libs").items.push(Item::new("z/1", 1)));
    let lacks = listed(&as_admin(&estate), "libs", "").await.0.expect("a list").lacks;
    assert_eq!(lacks.expect("a reason").reason, UnseenReason::Truncated);
}

#[tokio::test]
async fn a_server_that_understands_no_nested_conditions_is_read_by_number() {
    let flat = SEVEN.replace("query_limit", "queries: flat\nquery_limit");
    let (list, rows) = listed(&as_admin(&estate(&flat)), "libs", "").await;
    assert_eq!((list.expect("a list").lacks, each_once(&rows).len()), (None, 7));
    // What shifts the numbers is noticed.
    for change in [
        (|truth| truth.repository_mut("libs").items.retain(|item| item.path != "a/1")) as fn(&mut artifactory::Truth),
        |truth| truth.repository_mut("libs").items.push(Item::new("a/0", 1)),
    ] {
        let estate = estate(&flat);
        estate.artifactory().change_before(3, change);
        let (list, rows) = listed(&as_admin(&estate), "libs", "").await;
        assert_eq!(list.expect("a list").lacks.expect("a reason").reason, UnseenReason::Truncated);
        each_once(&rows);
    }
}

#[tokio::test]
async fn a_server_that_sorts_in_another_order_than_it_compares_in_is_never_believed_too_much() {
    let text = "sorts_without_case: true\nquery_limit: 2\nrepositories: [{ key: libs, items: [{ path: A/1 }, { path: a/2 }, { path: B/3 }, { path: b/4 }, { path: C/5 }, { path: a/1 }] }]";
    let (list, rows) = listed(&as_admin(&estate(text)), "libs", "").await;
    let whole = list.is_ok_and(|list| list.lacks.is_none());
    assert!(!whole || each_once(&rows).len() == 6, "{:?}", names(&rows));
    each_once(&rows);
}

#[tokio::test]
async fn queries_that_are_not_allowed_are_a_miss_that_says_so() {
    for (kind, reason, words) in [
        ("unsorted", UnseenReason::Unreadable, "open-source edition"),
        ("forbidden", UnseenReason::NotAuthorized, "authorized users only"),
    ] {
        let estate = estate(&SEVEN.replace("query_limit", &format!("queries: {kind}\nquery_limit")));
        let miss = listed(&as_admin(&estate), "libs", "").await.0.expect_err("a miss");
        assert!(miss.reason == reason && miss.what.contains(words), "{miss:?}");
    }
}

#[tokio::test]
async fn nothing_is_only_nothing_where_all_of_it_may_be_seen() {
    let text = "repositories: [{ key: libs }, { key: full, items: [{ path: a/1 }] }, { key: proxy, type: REMOTE }, { key: all, type: VIRTUAL }]";
    let estate = estate(text);
    let (admin, reader) = (as_admin(&estate), as_reader(&estate));
    let lacks = |list: Result<Listed, Miss>| list.expect("a list").lacks.map(|miss| miss.reason);
    assert_eq!(lacks(listed(&admin, "libs", "").await.0), None);
    assert_eq!(lacks(listed(&admin, "full", "b").await.0), None);
    assert_eq!(lacks(listed(&admin, "proxy-cache", "").await.0), None);
    assert_eq!(lacks(listed(&reader, "libs", "").await.0), Some(UnseenReason::NotAuthorized));
    assert_eq!(lacks(listed(&reader, "full", "b").await.0), Some(UnseenReason::NotAuthorized));
    for (repository, reason) in [
        ("gone", UnseenReason::NotFound),
        ("proxy", UnseenReason::Unreadable),
        ("all", UnseenReason::Unreadable),
        ("..", UnseenReason::Unreadable),
        ("a/b", UnseenReason::Unreadable),
    ] {
        assert_eq!(listed(&admin, repository, "").await.0.expect_err(repository).reason, reason, "{repository}");
    }
    // The summary counts files that no query shows.
    estate.artifactory().change(|truth| truth.users[0].unreadable.clear());
    let full = listed(&admin, "full", "").await;
    assert_eq!((lacks(full.0), full.1.len()), (None, 1));
}

#[tokio::test]
async fn no_more_than_three_queries_are_put_at_once() {
    let estate = estate(SEVEN);
    estate.fault(
        "/artifactory/api/search/aql",
        crate::estate::When::Always,
        crate::estate::Fault::Late(Duration::from_millis(30)),
    );
    let artifactory = as_admin(&estate);
    artifactory.identity().await.expect("root");
    estate.forget();
    let lists = (0..10).map(|_| listed(&artifactory, "libs", ""));
    let lists = futures_util::future::join_all(lists).await;
    assert!(lists.into_iter().all(|(list, rows)| list.is_ok_and(|list| list.lacks.is_none()) && rows.len() == 7));
    assert_eq!(estate.most_at_once(), 3);
}

#[tokio::test]
async fn a_list_that_nobody_takes_any_more_ends() {
    let estate = estate(SEVEN);
    let artifactory = as_admin(&estate);
    let side = artifactory.side("libs", "");
    let (out, rows) = tokio::sync::mpsc::channel(1);
    drop(rows);
    assert!(side.list(out).await.expect("a list").lacks.is_some());
    assert!(estate.requests_to("/artifactory/api/search/aql").len() <= 2);
}

#[tokio::test]
async fn each_artifact_is_a_recovery_point_dated_by_when_it_came() {
    let estate = estate(
        "zone: 3\nrepositories: [{ key: libs-backup, items: [{ path: nightly/db-1.zip, size: 10, created: 2026-11-20T02:00:00Z }, { path: nightly/db-2.zip, size: 0, created: 2026-11-21T02:00:00Z }, { path: nightly/readme.txt, created: 2026-11-22T02:00:00Z }, { path: other/db-3.zip }] }]",
    );
    let artifactory = as_admin(&estate);
    let line = r"by: artifacts, repository: '{name}-backup', path: nightly/, pattern: '^nightly/db-\d+\.zip$'";
    let told = points(&artifactory, line, Some("libs")).await.expect("points");
    let found = recovery_points(&told);
    assert!(found.complete && found.grade == Grade::Observed && found.from.is_none() && found.kept_from.is_none());
    let seen: Vec<_> =
        found.points.iter().map(|point| (point.captured_at, point.bytes.map(lastgood::model::Count::get))).collect();
    let at = |text: &str| parse_instant(text).expect("a time");
    assert_eq!(
        seen,
        [(at("2026-11-20T02:00:00Z"), Some(10)), (at("2026-11-21T02:00:00Z"), Some(0))],
        "not as last changed, which was in 2001"
    );
    assert_eq!(
        found.points[0].location.as_ref().map(ToString::to_string).as_deref(),
        Some("libs-backup/nightly/db-1.zip")
    );
    assert!(found.points[0].digest.as_ref().expect("a digest").starts_with("sha256:"));
    assert!(points(&artifactory, line, None).await.is_err(), "of which item is not said");
    let none = points(&artifactory, "by: artifacts, repository: libs-backup, path: empty", None).await.expect("points");
    assert!(recovery_points(&none).complete && recovery_points(&none).points.is_empty());
    let gone = points(&artifactory, "by: artifacts, repository: gone", None).await.expect_err("a miss");
    assert_eq!(gone.reason, UnseenReason::NotFound);
}

#[tokio::test]
async fn artifacts_that_are_hidden_leave_the_list_open() {
    let estate = estate(SEVEN);
    estate.artifactory().change(|truth| truth.users[1].unreadable = vec!["libs/a/7".to_owned()]);
    let told = points(&as_reader(&estate), "by: artifacts, repository: libs", None).await.expect("points");
    assert_eq!((recovery_points(&told).complete, recovery_points(&told).points.len()), (false, 6));
    let missed: Vec<_> = unseen(&told).into_iter().map(|miss| (miss.fact, miss.reason)).collect();
    assert_eq!(missed, [(Some(Question::RecoveryPoints), UnseenReason::NotAuthorized)]);
}

const KINDS: &str = "repositories: [{ key: libs, package: Maven, items: [{ path: a }] }, { key: fed, type: FEDERATED, package: Npm }, { key: proxy, type: REMOTE }, { key: all, type: VIRTUAL }]";

#[tokio::test]
async fn only_what_holds_originals_is_listed_and_whole_only_for_whoever_sees_all() {
    let estate = estate(KINDS);
    let items = |listing: &Listing| -> Vec<(String, String, Option<bool>)> {
        let each =
            listing.told.iter().filter_map(|told| if let Fact::Item(item) = &told.fact { Some(item) } else { None });
        each.map(|item| (item.name.to_string(), item.class.as_deref().unwrap_or_default().to_owned(), item.empty))
            .collect()
    };
    let expected = |known: bool| {
        vec![
            ("fed".to_owned(), "npm".to_owned(), known.then_some(true)),
            ("libs".to_owned(), "maven".to_owned(), known.then_some(false)),
        ]
    };
    let listing = as_admin(&estate).inventory().await;
    let found = inventory(&listing).expect("an inventory");
    assert!(found.complete && !found.public_only && found.count == 2, "{found:?}");
    assert_eq!((items(&listing), listing.misses.len()), (expected(true), 0));
    for more in ["token: { env: READER }", ""] {
        let listing = collector_of(&estate.artifactory_url(), more, quick()).inventory().await;
        let found = inventory(&listing).expect("an inventory");
        assert!(found.public_only, "{more}: {found:?}");
        assert_eq!(items(&listing), expected(false), "{more}");
    }
    estate.artifactory().change(|truth| truth.commas = true);
    assert_eq!(items(&as_admin(&estate).inventory().await), expected(true));
}

#[tokio::test]
async fn what_the_summary_knows_and_the_list_does_not_show_is_missed() {
    let estate = estate(KINDS);
    estate.artifactory().change(|truth| truth.summary_knows = vec!["secret-local".to_owned()]);
    let listing = as_admin(&estate).inventory().await;
    let found = inventory(&listing).expect("an inventory");
    assert!(!found.complete && found.public_only);
    assert!(
        listing.misses[0].what.contains("`secret-local`") && listing.misses[0].reason == UnseenReason::NotAuthorized
    );
    estate.artifactory().change(|truth| {
        truth.summary_knows.clear();
        let odd = Repository { r#type: "HOLOGRAM".to_owned(), ..Repository::new("odd") };
        truth.repositories.push(odd);
    });
    let listing = as_admin(&estate).inventory().await;
    assert!(!inventory(&listing).expect("an inventory").complete && listing.misses[0].what.contains("`odd`"));
}

#[tokio::test]
async fn who_looks_is_known_for_every_kind_of_credential() {
    let estate = estate(KINDS);
    let url = estate.artifactory_url();
    for (more, expected) in [
        ("token: { env: ADMIN }", "root"),
        ("token: { env: JWT }", "robot"),
        ("user: { env: USER }, password: { env: PASSWORD }", "auditor"),
        ("user: { env: USER }, password: { env: KEY }", "auditor"),
        ("password: { env: KEY }", "an API key"),
        ("", "anonymous"),
    ] {
        let artifactory = collector_of(&url, more, quick());
        assert_eq!(artifactory.identity().await.as_deref(), Ok(expected), "{more}");
        assert_eq!(artifactory.host(), Some("127.0.0.1"));
        let listing = artifactory.inventory().await;
        assert_eq!(inventory(&listing).expect("an inventory").public_only, expected == "anonymous", "{more}");
        assert_eq!(listing.told[0].source.identity.as_deref(), Some(expected));
    }
    assert!(estate.requests().iter().any(|asked| asked.header("x-jfrog-art-api") == "auditor-api-key"));
    for more in ["token: { env: UNSET }", "user: { env: USER }", "password: { env: UMLAUT }"] {
        estate.forget();
        let miss = collector_of(&url, more, quick()).identity().await.expect_err(more);
        assert_eq!(miss.reason, UnseenReason::NotAuthorized, "{more}");
        assert!(!miss.what.contains("schlüssel"), "{miss}");
        assert!(more.contains("UMLAUT") || estate.requests().is_empty(), "{more}: nobody is asked");
    }
}

#[tokio::test]
async fn a_refused_credential_is_tried_once() {
    let estate = estate(KINDS);
    let artifactory = collector_of(&estate.artifactory_url(), "token: { env: WRONG }", quick());
    for _ in 0..3 {
        assert_eq!(artifactory.identity().await.expect_err("a miss").reason, UnseenReason::NotAuthorized);
        assert_eq!(artifactory.inventory().await.misses[0].reason, UnseenReason::NotAuthorized);
        assert!(listed(&artifactory, "libs", "").await.0.is_err());
    }
    assert_eq!(estate.requests().len(), 1);
    estate.artifactory().change(|truth| truth.anonymous = false);
    let listing = collector_of(&estate.artifactory_url(), "", quick()).inventory().await;
    assert!(listing.told.is_empty() && listing.misses[0].reason == UnseenReason::NotAuthorized);
}

#[tokio::test]
async fn the_context_path_may_be_left_out() {
    let estate = estate(KINDS);
    for url in [estate.url(), format!("{}/", estate.url()), format!("{}/", estate.artifactory_url())] {
        let listing = collector_of(&url, "token: { env: ADMIN }", quick()).inventory().await;
        assert!(inventory(&listing).is_some_and(|found| found.complete), "{url}: {:?}", listing.misses);
    }
    let miss = collector_of(&format!("{}/elsewhere", estate.url()), "token: { env: ADMIN }", quick()).identity().await;
    assert_eq!(miss.expect_err("a miss").reason, UnseenReason::NotFound);
}

#[tokio::test]
async fn a_deactivated_server_is_told_from_one_that_holds_nothing() {
    let estate = estate("deactivated: true");
    let artifactory = as_admin(&estate);
    let listing = artifactory.inventory().await;
    assert!(listing.told.is_empty());
    assert!(listing.misses[0].what.contains("deactivated"), "{:?}", listing.misses);
    assert_eq!(listed(&artifactory, "libs", "").await.0.expect_err("a miss").reason, UnseenReason::Unreadable);
}

#[tokio::test]
async fn a_repository_keeps_no_versions_where_it_is_there_at_all() {
    let estate = estate(KINDS);
    let artifactory = as_admin(&estate);
    assert_eq!(settings(&artifactory.settings("libs").await).expect("settings").versioning, Some(false));
    let told = artifactory.settings("gone").await;
    assert_eq!((settings(&told), unseen(&told)[0].reason), (None, UnseenReason::NotFound));
}
