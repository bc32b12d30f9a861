//! Mirrors of real repositories, read from real servers: what is equal, what is not, what is not seen.
//!
//! Reading single answers is tested beside the code; ssh has a file of its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use lastgood::collect::clock::Clock;
use lastgood::collect::git::{Between, Git, History, Remote, mirror};
use lastgood::collect::http::{Door, Settings};
use lastgood::collect::miss::Miss;
use lastgood::collect::secrets::Keyring;
use lastgood::collect::told::Told;
use lastgood::evidence::{Comparison, Fact};
use lastgood::model::UnseenReason;
use lastgood::model::time::{Instant, parse_instant};
use secrecy::SecretString;

use crate::estate::git::{GitHost, Repo};

/// Returns a way to repositories, with a clock that goes on by a second whenever it is read.
pub(crate) fn way() -> Git {
    way_within(Duration::from_secs(30))
}

fn way_within(timeout: Duration) -> Git {
    let seconds = AtomicI64::new(0);
    let clock = Clock::new(move || at(seconds.fetch_add(1, Ordering::Relaxed)));
    let settings = Settings { timeout, retries: 0, ..Settings::default() };
    let keys = Keyring::new(std::path::Path::new("."), |_| None);
    Git::new(Door::open(settings, clock, keys).expect("a door"))
}

fn at(seconds: i64) -> Instant {
    parse_instant("2026-06-01T00:00:00Z").expect("a time") + chrono::TimeDelta::seconds(seconds)
}

pub(crate) fn anonymous(url: impl Into<String>) -> Remote {
    Remote { url: url.into(), credential: None }
}

fn known(url: impl Into<String>, user: &str, password: &str) -> Remote {
    Remote { url: url.into(), credential: Some((user.to_owned(), SecretString::from(password))) }
}

pub(crate) fn compared(told: &Told) -> &Comparison {
    match &told.fact {
        Fact::Comparison(comparison) => comparison,
        other => panic!("{other:?}"),
    }
}

/// Returns what is found when both addresses are compared.
async fn between(primary: String, copy: String) -> Result<Told, Miss> {
    mirror(&way(), &anonymous(primary), &anonymous(copy), None).await
}

/// Returns a host with a repository `app` of three refs, and its mirror `copy`.
fn host() -> (GitHost, Repo, Repo) {
    let host = GitHost::start();
    let app = host.create("app");
    app.commit("main");
    app.commit("main");
    app.branch("side", "main~1");
    app.annotate("v1", "main~1");
    let copy = host.create("copy");
    app.mirror_to(&copy);
    (host, app, copy)
}

/// The history as the original's own repository tells it.
struct OwnHistory<'r>(&'r Repo);

impl History for OwnHistory<'_> {
    fn between<'a>(&'a self, base: &'a str, head: &'a str) -> BoxFuture<'a, Result<Between, Miss>> {
        let range = format!("{base}..{head}");
        let lacking = self.0.git(&["log", "--format=%ct", &range]);
        let dates = lacking.lines().map(|line| line.parse::<i64>().expect("a time"));
        let found = match self.0.git(&["rev-list", "--count", &format!("{head}..{base}")]).as_str() {
            "0" => Between::Behind {
                commits: lacking.lines().count() as u64,
                oldest: dates.min().and_then(|at| Instant::from_timestamp(at, 0)),
            },
            _ => Between::Diverged,
        };
        async move { Ok(found) }.boxed()
    }
}

fn names(comparison: &Comparison) -> Vec<&str> {
    comparison.names.iter().map(|name| &**name).collect()
}

#[tokio::test]
async fn a_mirror_made_just_now_is_equal_and_holds_the_state_when_the_original_was_read() {
    let (host, _app, _copy) = host();
    let git = way();
    let (primary, copy) = (anonymous(host.url("app")), anonymous(host.url("copy")));
    let told = mirror(&git, &primary, &copy, None).await.unwrap();
    let found = compared(&told);
    assert_eq!((found.equal, found.total(), found.extra), (3, 3, 0));
    assert!(found.is_full());
    assert_eq!(told.observed_at, git.refs(&primary).await.unwrap().read_at);
    assert!(told.observed_at < git.refs(&copy).await.unwrap().read_at);
    let request = told.source.request.unwrap();
    assert_eq!(&*request, format!("git ls-refs {} and {}", host.url("app"), host.url("copy")));
    assert_eq!(told.source.identity.as_deref(), Some("anonymous"));
    let map = git.refs(&primary).await.unwrap();
    assert_eq!(map.head.as_deref(), Some("refs/heads/main"));
    assert!(map.refs["refs/tags/v1"].peeled.is_some());
    assert!(map.source.request.as_deref().unwrap().ends_with("/git-upload-pack"), "version 2 was spoken");
    assert_eq!(host.requests(), 4, "each side was read once, by two questions");
}

#[tokio::test]
async fn two_branches_that_are_behind_are_counted_and_the_oldest_commit_that_lacks_is_found() {
    let (host, app, _copy) = host();
    app.commit("side");
    app.commit("side");
    app.commit("main");
    let git = way();
    let (primary, copy) = (anonymous(host.url("app")), anonymous(host.url("copy")));
    let blind = mirror(&git, &primary, &copy, None).await.unwrap();
    assert_eq!((compared(&blind).different, compared(&blind).behind), (2, 0), "who does not know says so");
    assert_eq!(names(compared(&blind)), ["refs/heads/main (differs)", "refs/heads/side (differs)"]);
    let told = mirror(&git, &primary, &copy, Some(&OwnHistory(&app))).await.unwrap();
    let found = compared(&told);
    assert_eq!((found.equal, found.behind, found.lacking()), (1, 2, 0));
    assert_eq!(names(found), ["refs/heads/main (behind)", "refs/heads/side (behind)"]);
    assert_eq!(found.oldest_unprotected, parse_instant("2026-01-01T02:00:00Z"), "the third commit");
    app.branch("late", "main");
    let told = mirror(&way(), &primary, &copy, Some(&OwnHistory(&app))).await.unwrap();
    assert_eq!((compared(&told).missing, compared(&told).oldest_unprotected), (1, found.oldest_unprotected));
}

#[tokio::test]
async fn a_tag_that_is_missing_a_branch_that_is_kept_and_refs_of_the_host() {
    let (host, app, copy) = host();
    app.annotate("v2", "main");
    app.delete_branch("side");
    app.put("refs/pull/7/head", "main");
    copy.put("refs/merge-requests/7/head", "main");
    let told = between(host.url("app"), host.url("copy")).await.unwrap();
    let found = compared(&told);
    assert_eq!((found.equal, found.missing, found.extra), (2, 1, 1));
    assert_eq!(names(found), ["refs/tags/v2 (missing)"]);
}

#[tokio::test]
async fn a_forced_push_and_a_moved_tag_are_different() {
    let (host, app, _copy) = host();
    app.put("refs/heads/main", "main~1");
    app.commit("main");
    app.annotate("v1", "main");
    let primary = anonymous(host.url("app"));
    let told = mirror(&way(), &primary, &anonymous(host.url("copy")), Some(&OwnHistory(&app))).await.unwrap();
    let found = compared(&told);
    assert_eq!((found.equal, found.different, found.behind), (1, 2, 0));
    assert_eq!(names(found), ["refs/heads/main (diverged)", "refs/tags/v1 (differs)"]);
    assert_eq!(found.oldest_unprotected, None);
}

#[tokio::test]
async fn two_empty_repositories_are_compared_and_a_full_one_with_an_empty_copy_lacks_all() {
    let (host, _app, _copy) = host();
    host.create("void");
    host.create("void-copy");
    let told = between(host.url("void"), host.url("void-copy")).await.unwrap();
    assert_eq!((compared(&told).total(), compared(&told).extra), (0, 0));
    let told = between(host.url("app"), host.url("void")).await.unwrap();
    assert_eq!((compared(&told).present(), compared(&told).missing), (0, 3));
    for way in ["old", "moved"] {
        let told = between(host.odd_url(way, "void"), host.url("void-copy")).await.unwrap();
        assert_eq!(compared(&told).total(), 0, "{way}");
    }
}

#[tokio::test]
async fn five_hundred_refs_are_compared_one_by_one() {
    let (host, app, copy) = host();
    app.branches(500, "main");
    app.mirror_to(&copy);
    copy.delete_branch("many/77");
    copy.put("refs/heads/many/99", "main~1");
    let told = between(host.url("app"), host.url("copy")).await.unwrap();
    let found = compared(&told);
    assert_eq!((found.equal, found.missing, found.different), (501, 1, 1));
    assert_eq!(names(found), ["refs/heads/many/77 (missing)", "refs/heads/many/99 (differs)"]);
}

#[tokio::test]
async fn a_server_of_version_0_tells_the_same_as_one_of_version_2() {
    let (host, _app, copy) = host();
    copy.put("refs/heads/side", "main");
    let git = way();
    let old = git.refs(&anonymous(host.odd_url("old", "app"))).await.unwrap();
    assert_eq!(host.requests(), 1, "the first answer has all refs");
    let new = git.refs(&anonymous(host.url("app"))).await.unwrap();
    assert_eq!((&old.refs, &old.head), (&new.refs, &new.head));
    let told = between(host.url("app"), host.odd_url("old", "copy")).await.unwrap();
    assert_eq!((compared(&told).equal, compared(&told).different), (2, 1));
}

#[tokio::test]
async fn each_address_is_read_once_however_many_ask() {
    let (host, _app, _copy) = host();
    let git = way();
    let remotes = [anonymous(host.url("app")), anonymous(host.url("gone"))];
    let asks = (0..20).map(|number| git.refs(&remotes[number % 2]));
    let found = futures_util::future::join_all(asks).await;
    assert_eq!(found.iter().filter(|found| found.is_ok()).count(), 10);
    assert_eq!(host.requests(), 3, "two questions where it is, one where it is not");
}

#[tokio::test]
async fn who_may_not_read_sees_nothing_and_no_password_is_repeated() {
    let host = GitHost::start_for("auditor", "correct-horse");
    let app = host.create("app");
    app.commit("main");
    for remote in [anonymous(host.url("app")), known(host.url("app"), "auditor", "wrong-battery")] {
        let miss = way().refs(&remote).await.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::NotAuthorized, "{miss}");
        assert!(!format!("{miss:?}").contains("wrong-battery"));
    }
    let map = way().refs(&known(host.url("app"), "auditor", "correct-horse")).await.unwrap();
    assert_eq!((map.refs.len(), map.source.identity.as_deref()), (1, Some("auditor")));
}

#[tokio::test]
async fn what_is_not_a_whole_answer_of_a_repository_is_a_miss_with_its_side_and_reason() {
    let (host, _app, _copy) = host();
    let closed = "http://127.0.0.1:9/copy.git".to_owned();
    let cases = [
        (host.url("gone"), UnseenReason::NotFound, "404"),
        (host.odd_url("page", "copy"), UnseenReason::Unreadable, "text/html"),
        (host.odd_url("cut", "copy"), UnseenReason::Truncated, "cut short"),
        (closed, UnseenReason::Unreachable, "refused"),
        ("git://127.0.0.1/copy.git".to_owned(), UnseenReason::Offline, "only https"),
        (format!("{}?x=1", host.url("copy")), UnseenReason::Unreadable, "query"),
    ];
    for (url, reason, words) in cases {
        let miss = between(host.url("app"), url.clone()).await.unwrap_err();
        assert_eq!(miss.reason, reason, "{url}: {miss}");
        assert!(miss.what.starts_with("the copy: ") && miss.what.contains(words), "{miss}");
        let miss = between(url, host.url("app")).await.unwrap_err();
        assert!(miss.reason == reason && miss.what.starts_with("the original: "), "{miss}");
    }
    let slow = way_within(Duration::from_millis(300));
    let miss = slow.refs(&anonymous(host.odd_url("slow", "app"))).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreachable, "{miss}");
}

#[tokio::test]
async fn the_original_under_another_address_is_no_copy() {
    let (host, app, _copy) = host();
    let bare = host.url("app").trim_end_matches(".git").to_owned();
    for same in [host.url("app"), format!("{}/", host.url("app")), host.odd_url("moved", "app"), bare] {
        let miss = between(host.url("app"), same).await.unwrap_err();
        assert!(miss.reason == UnseenReason::Unreadable && miss.what.contains("the original itself"), "{miss}");
    }
    #[cfg(unix)]
    {
        let link = app.path().with_file_name("link.git");
        std::os::unix::fs::symlink(app.path(), &link).unwrap();
        let miss = between(app.file_url(), format!("file://{}", link.display())).await.unwrap_err();
        assert!(miss.what.contains("the original itself"), "{miss}");
    }
}

#[tokio::test]
async fn a_mirror_in_a_folder_is_compared_like_any_other() {
    let (host, app, copy) = host();
    let told = between(host.url("app"), copy.file_url()).await.unwrap();
    assert_eq!((compared(&told).equal, compared(&told).total()), (3, 3));
    app.git(&["pack-refs", "--all"]);
    app.commit("main");
    app.annotate("v2", "v1");
    let (served, read) = (anonymous(host.url("app")), anonymous(app.file_url()));
    let git = way();
    let (served, read) = (git.refs(&served).await.unwrap(), git.refs(&read).await.unwrap());
    assert_eq!((&served.refs, &served.head), (&read.refs, &read.head), "packed and loose, tags of tags");
    let bare = anonymous(app.file_url().trim_end_matches(".git"));
    assert_eq!(way().refs(&bare).await.unwrap().refs, read.refs, "as git finds it");
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_whole_is_a_miss() {
    let (_host, app, copy) = host();
    let reason = async |url: String| way().refs(&anonymous(url)).await.unwrap_err().reason;
    assert_eq!(reason("file:///nowhere/at/all.git".to_owned()).await, UnseenReason::NotFound);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(reason(format!("file://{}", empty.path().display())).await, UnseenReason::Unreadable);
    assert_eq!(reason("file://host/srv/app.git".to_owned()).await, UnseenReason::Unreadable);
    // A server would leave a ref out that leads nowhere, and tell of fewer.
    std::fs::write(app.path().join("refs/heads/torn"), "1111111111111111111111111111111111111111\n").unwrap();
    assert_eq!(reason(app.file_url()).await, UnseenReason::Unreadable);
    std::fs::write(copy.path().join("refs/heads/torn"), "\0\0\0\0").unwrap();
    assert_eq!(reason(copy.file_url()).await, UnseenReason::Unreadable);
    let other = tempfile::tempdir().unwrap();
    let tables = Repo::create(&other.path().join("tables.git"), &["--ref-format=reftable"]);
    tables.commit("main");
    assert_eq!(reason(tables.file_url()).await, UnseenReason::Unreadable);
}

#[tokio::test]
async fn a_copy_that_lacks_history_is_not_taken_for_whole() {
    let (host, app, _copy) = host();
    let shallow = app.path().with_file_name("shallow.git");
    let target = shallow.display().to_string();
    app.git(&["clone", "--quiet", "--bare", "--depth=1", "--no-single-branch", &app.file_url(), &target]);
    for copy in [format!("file://{target}"), host.odd_url("old", "shallow")] {
        let miss = between(host.url("app"), copy).await.unwrap_err();
        assert!(miss.reason == UnseenReason::Unreadable && miss.what.contains("shallow"), "{miss}");
    }
}

#[tokio::test]
async fn object_ids_of_both_kinds_are_read_and_not_compared_with_each_other() {
    let (host, _app, _copy) = host();
    let folder = tempfile::tempdir().unwrap();
    let long = Repo::create(&folder.path().join("long.git"), &["--object-format=sha256"]);
    long.commit("main");
    long.annotate("v1", "main");
    let copy = host.create_with("long", &["--object-format=sha256"]);
    long.mirror_to(&copy);
    for url in [host.url("long"), host.odd_url("old", "long")] {
        let told = between(long.file_url(), url).await.unwrap();
        assert_eq!((compared(&told).equal, compared(&told).total()), (2, 2));
    }
    let miss = between(host.url("app"), host.url("long")).await.unwrap_err();
    assert!(miss.reason == UnseenReason::Unreadable && miss.what.contains("SHA-256"), "{miss}");
}
