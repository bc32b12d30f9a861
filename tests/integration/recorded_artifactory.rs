//! Recorded answers of Artifactory, read through the real parsing code.
//!
//! How they are found is left to `recorded`. What no recording holds is tested beside the code, with bodies
//! written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::StatusCode;
use lastgood::collect::artifactory::{aql, backup, client, config, replication, repositories};
use lastgood::collect::http::Answer;
use lastgood::model::UnseenReason;
use lastgood::model::time::parse_instant;

use crate::recorded::{self, Unsaid};

/// Returns the folder of Artifactory's answers; `None` where there is none.
fn folder() -> Option<PathBuf> {
    recorded::folder("artifactory")
}

/// Returns the recorded answer `name`, with its headers where they were kept.
fn recorded(folder: &Path, name: &str) -> Answer {
    let body = std::fs::read(folder.join(name)).expect("a recorded answer");
    let (stem, ending) = name.rsplit_once('.').expect("an ending");
    let media = match ending {
        "json" => "application/json",
        "xml" | "xsd" => "application/xml",
        _ => "text/plain",
    };
    let base = "https://h.example/artifactory";
    recorded::answer(folder, stem, body, Unsaid { method: "GET", url: "/x", base, media: Some(media) })
}

/// Which readers take the answer for something that holds anything.
fn readers(answer: &Answer) -> BTreeSet<&'static str> {
    let mut takers = BTreeSet::new();
    let mut note = |name, takes: bool| {
        if takes {
            takers.insert(name);
        }
    };
    note("query", aql::page(answer, None, 0).is_ok());
    note("repositories", repositories::list(answer).is_ok_and(|list| !list.by_key.is_empty()));
    note("summary", repositories::summary(answer).is_ok());
    note("configuration", config::backups(answer).is_ok());
    note("replications", replication::replications(answer).is_ok_and(|all| !all.is_empty()));
    note("status", replication::status(answer).is_ok());
    note("blocked", replication::blocked(answer).is_ok());
    takers
}

/// Asserts that no reader takes the answer for something that it is not.
fn is_nothing(answer: &Answer) {
    assert_eq!(readers(answer), BTreeSet::new());
}

fn is_only(answer: &Answer, reader: &'static str) {
    assert_eq!(readers(answer), BTreeSet::from([reader]));
}

/// Asserts that it is a page of so many rows, and returns it.
fn page(answer: &Answer, rows: usize) -> aql::Page {
    is_only(answer, "query");
    let page = aql::page(answer, None, 0).expect("a page");
    assert_eq!(page.rows(), rows);
    page
}

type Case = (&'static str, fn(Answer));

/// Every recorded answer, each with what it has to be read as.
const CASES: &[Case] = &[
    ("aql-items-empty.json", |answer| {
        let page = page(&answer, 0);
        assert_eq!((page.limit, page.notice), (Some(1_000), None));
    }),
    ("aql-items-include-created.json", |answer| {
        let page = page(&answer, 2);
        assert_eq!((page.unread, page.limit), (2, None), "without their sizes they are no files");
    }),
    ("aql-items-offset-past-end.json", |answer| {
        is_nothing(&answer);
        assert_eq!(aql::page(&answer, None, 1_000).expect("a page").rows(), 0);
        assert_eq!(aql::page(&answer, None, 2_000).expect_err("another one").reason, UnseenReason::Unreadable);
    }),
    ("aql-items-remote-cache-1.json", |answer| {
        let page = page(&answer, 6);
        assert_eq!(page.unread, 0);
        let layer = &page.files[3];
        assert_eq!(layer.created, parse_instant("2023-03-24T15:26:04.777Z"), "not when it was changed, in 2021");
        assert_eq!(layer.bytes, 2_479);
        assert_eq!(page.files[0].place.whole(), ".jfrog/repository.catalog");
        assert_eq!(aql::page(&answer, Some("docker-local"), 0).expect("a page").unread, 6, "of another repository");
    }),
    ("aql-items-sorted-updated.json", |answer| assert_eq!(page(&answer, 2).limit, Some(3))),
    ("aql-items-with-props.json", |answer| {
        // Somebody else's tool wrote it down: it says that it has five rows, and has eight.
        is_nothing(&answer);
        assert_eq!(aql::page(&answer, None, 0).expect_err("a miss").reason, UnseenReason::Truncated);
    }),
    ("aql-range-hard-limit-doc-example.json", |answer| {
        // Its times and its size are no real ones.
        is_nothing(&answer);
    }),
    ("artifact-copy-src-not-exist-doc-example.json", |answer| is_nothing(&answer)),
    ("build-list.json", |answer| is_nothing(&answer)),
    ("build-promote-non-existent-doc-example.json", |answer| refused(answer, 404, UnseenReason::NotFound, "DevTest")),
    ("error-400-keypair.json", |answer| refused(answer, 400, UnseenReason::Unreadable, "KeyPair")),
    ("error-404-json.json", |answer| {
        refused(answer, 404, UnseenReason::NotFound, "Not Found (not found, or not shown to whoever looks)");
    }),
    ("export-artifactory-properties.properties", |answer| is_nothing(&answer)),
    // Its root has the name of a configuration's.
    ("export-binarystore.xml", |answer| is_nothing(&answer)),
    ("export-folder-metadata-artifactory-build-info.xml", |answer| is_nothing(&answer)),
    ("export-folder-metadata-example-repo-local.xml", |answer| is_nothing(&answer)),
    ("export-folder-metadata-federated-generic-local.xml", |answer| is_nothing(&answer)),
    ("federation-state.json", |answer| {
        is_nothing(&answer);
        assert_eq!(repositories::list(&answer).expect("a list").unread, 3, "entries without a type are none");
    }),
    ("federation-status-v2.json", |answer| is_nothing(&answer)),
    ("file-info-cloud.json", |answer| is_nothing(&answer)),
    ("file-list-deep-short.json", |answer| is_nothing(&answer)),
    ("file-list-doc-example.json", |answer| is_nothing(&answer)),
    ("file-list-liquid-test.json", |answer| is_nothing(&answer)),
    ("file-statistics-doc-example.json", |answer| is_nothing(&answer)),
    ("file-stats-cloud.json", |answer| is_nothing(&answer)),
    ("gavc-search.json", |answer| is_nothing(&answer)),
    ("ping-cloud-inactive-302.html", |answer| {
        is_nothing(&answer);
        assert_eq!(answer.header("location"), Some("https://landing.jfrog.com/reactivate-server/blo"));
        assert_eq!(client::ok(answer).expect_err("a miss").reason, UnseenReason::Unreadable);
    }),
    ("replications-repo-doc-example.json", |answer| {
        is_only(&answer, "replications");
        let all = replication::replications(&answer).expect("replications");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].url.as_deref(), Some("http://localhost:8081/artifactory/remote-repo"));
        assert_eq!((all[0].enabled, all[0].sync_deletes), (true, Some(true)));
        assert_eq!(all[0].cron_exp.as_deref(), Some("0 0 12 * * ?"));
        assert!(!format!("{all:?}").contains("password"));
    }),
    ("repositories-list-cloud.json", |answer| {
        is_only(&answer, "repositories");
        let list = repositories::list(&answer).expect("a list");
        let classes: Vec<(&str, &repositories::Class)> =
            list.by_key.iter().map(|(key, found)| (&**key, &found.class)).collect();
        assert_eq!(
            classes,
            [
                ("docker", &repositories::Class::Virtual),
                ("docker-local", &repositories::Class::Local),
                ("docker-remote", &repositories::Class::Remote),
            ]
        );
        assert_eq!((list.unread, list.by_key["docker"].package.as_deref()), (0, Some("docker")));
    }),
    ("repository-config-docker-remote-7.json", |answer| is_nothing(&answer)),
    ("repository-config-generic-local-7.json", |answer| is_nothing(&answer)),
    ("repository-config-generic-remote-7.json", |answer| is_nothing(&answer)),
    ("repository-config-local.json", |answer| is_nothing(&answer)),
    ("repository-config-maven-remote-7.json", |answer| is_nothing(&answer)),
    ("repository-config-npm-remote-7.json", |answer| is_nothing(&answer)),
    ("repository-config-remote.json", |answer| is_nothing(&answer)),
    ("repository-config-virtual.json", |answer| is_nothing(&answer)),
    ("storage-info-doc-example.json", |answer| {
        is_only(&answer, "summary");
        let held = repositories::summary(&answer).expect("a summary");
        assert!(held.len() == 3 && held.values().all(|held| !held.originals), "virtual ones and the total");
    }),
    ("storageinfo-calculate-202.json", |answer| is_nothing(&answer)),
    ("storageinfo-cloud-second.json", |answer| {
        let held = repositories::summary(&answer).expect("a summary");
        assert!(held.len() > 2_000 && held.values().all(|held| held.files.is_some()));
        assert!(!held["TOTAL"].originals && !held["auto-trashcan"].originals);
    }),
    ("storageinfo-onprem-7.46.json", |answer| {
        let held = repositories::summary(&answer).expect("a summary");
        assert_eq!(held["artifactory-build-info"], repositories::Held { originals: true, files: Some(607_745) });
        assert!(!held["auto-trashcan"].originals);
    }),
    ("system-configuration-7.38-export.xml", |answer| {
        is_only(&answer, "configuration");
        let backups = config::backups(&answer).expect("a configuration");
        let keys: Vec<_> =
            backups.iter().map(|backup| (backup.key.as_str(), backup.enabled, backup.retention_hours)).collect();
        assert_eq!(keys, [("backup-daily", true, 0), ("backup-weekly", false, 336)]);
        assert_eq!(backup::settings(&backups[0]).expect("settings").versioning, Some(false), "it keeps no history");
        assert!(backup::schedule(&backups[0], Some("example-repo-local")).runs_by_itself());
        assert!(!backup::schedule(&backups[1], None).runs_by_itself());
    }),
    ("system-configuration-schema-1.7.3.xsd", |answer| is_nothing(&answer)),
    ("system-license-ha.json", |answer| is_nothing(&answer)),
    ("system-version.json", |answer| is_nothing(&answer)),
];

fn refused(mut answer: Answer, status: u16, reason: UnseenReason, words: &str) {
    is_nothing(&answer);
    // The recording kept the body alone.
    answer.status = StatusCode::from_u16(status).expect("a status");
    let miss = client::ok(answer).expect_err("a refusal");
    assert!(miss.reason == reason && miss.what.contains(words), "{miss:?}");
}

#[test]
fn every_recorded_answer_is_read_as_what_it_is() {
    let Some(folder) = folder() else { return };
    for (name, case) in CASES {
        let answer = recorded(&folder, name);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(answer)));
        assert!(outcome.is_ok(), "{name}");
    }
}

#[test]
fn every_recorded_answer_has_a_case() {
    let Some(folder) = folder() else { return };
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let names: BTreeSet<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let there: BTreeSet<&str> =
        names.iter().map(String::as_str).filter(|name| !name.ends_with(".headers.json")).collect();
    assert_eq!(there, CASES.iter().map(|(name, _)| *name).collect());
}

#[test]
fn a_recorded_answer_cut_anywhere_is_no_answer() {
    let Some(folder) = folder() else { return };
    for (name, reader) in [
        ("aql-items-remote-cache-1.json", "query"),
        ("repositories-list-cloud.json", "repositories"),
        ("storage-info-doc-example.json", "summary"),
        ("replications-repo-doc-example.json", "replications"),
        ("system-configuration-7.38-export.xml", "configuration"),
    ] {
        let whole = recorded(&folder, name);
        let end = whole.body.trim_ascii_end().len();
        for cut in (0..end).step_by(1 + end / 500) {
            let mut answer = whole.clone();
            answer.body = whole.body.slice(..cut);
            assert!(!readers(&answer).contains(reader), "{name} cut at {cut}");
        }
    }
}
