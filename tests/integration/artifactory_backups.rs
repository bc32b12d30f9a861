//! Backups and replications of the synthetic Artifactory, as the collector reads them.
//!
//! Lists are in `artifactory`, faults in `artifactory_faults`.

use lastgood::collect::artifactory::replication::Route;
use lastgood::evidence::fact::Question;
use lastgood::model::time::parse_instant;
use lastgood::model::{Grade, UnseenReason};

use crate::artifactory::{
    as_admin, as_reader, backup, estate, recovery_points, replicated, schedule, settings, unseen,
};

const BACKUPS: &str = "backups: [{ key: backup-daily }, { key: backup-weekly, enabled: false, retention: 336 }, { key: archive, retention: 100, archive: true, excluded: [scratch, tmp] }]";

#[tokio::test]
async fn a_backup_is_what_its_configuration_says() {
    let estate = estate(BACKUPS);
    let artifactory = as_admin(&estate);
    let told = backup(&artifactory, "backup-daily", Some("libs")).await.expect("a backup");
    let found = schedule(&told).expect("a schedule");
    assert!(found.runs_by_itself() && &*found.expressions[0] == "0 0 2 ? * MON-FRI");
    let kept = settings(&told).expect("settings");
    assert_eq!((kept.versioning, kept.expires_days), (Some(false), Some(0)), "it changes one folder in place");
    let told = backup(&artifactory, "backup-weekly", None).await.expect("a backup");
    assert!(!schedule(&told).expect("a schedule").runs_by_itself());
    assert_eq!(settings(&told).expect("settings").expires_days, Some(14));
    let told = backup(&artifactory, "archive", Some("scratch")).await.expect("a backup");
    assert!(schedule(&told).expect("a schedule").disabled.as_deref().is_some_and(|why| why.contains("scratch")));
    assert!(
        backup(&artifactory, "archive", Some("libs"))
            .await
            .is_ok_and(|told| schedule(&told).expect("a schedule").runs_by_itself())
    );
    assert!(!format!("{told:?}").contains("estate-ldap-password"));
}

#[tokio::test]
async fn a_backup_that_is_not_there_or_not_shown_is_a_miss() {
    let estate = estate(BACKUPS);
    let miss = backup(&as_admin(&estate), "nightly", None).await.expect_err("a miss");
    assert!(
        miss.reason == UnseenReason::NotFound && miss.what.contains("backup-daily, backup-weekly, archive"),
        "{miss}"
    );
    let miss = backup(&as_reader(&estate), "backup-daily", None).await.expect_err("a miss");
    assert!(miss.reason == UnseenReason::NotAuthorized && miss.what.contains("administrators"), "{miss}");
    estate.artifactory().change(|truth| truth.cloud = true);
    assert_eq!(
        backup(&as_admin(&estate), "backup-daily", None).await.expect_err("a miss").reason,
        UnseenReason::NotFound
    );
}

const REPLICATIONS: &str = r#"
repositories:
  - key: libs-local
    replications: [{ url: "https://dr.example/artifactory/libs-local", cron: "0 0 12 * * ?", deletes: true }]
    replicated: { status: ok, at: 2026-11-25T00:00:00Z }
  - key: by-event
    replications: [{ url: "https://dr.example/artifactory/x", by_event: true }]
    replicated: { status: error, at: 2026-11-25T00:00:00Z }
  - key: two
    replications: [{ url: "https://dr.example/artifactory/two", cron: "0 0 1 * * ?", enabled: false }, { url: "https://b.example/artifactory/two", cron: "0 0 2 * * ?" }]
    replicated: { status: ok, at: 2026-11-25T00:00:00Z }
  - { key: never, replications: [{ url: "https://dr.example/artifactory/never", cron: "0 0 12 * * ?" }] }
  - { key: alone }
"#;

pub(crate) const TARGET: Route<'static> = Route::To("https://dr.example/artifactory");

/// Where what is fetched has to come from.
const ORIGIN: Route<'static> = Route::From { address: "https://origin.example/artifactory", repository: "libs" };

#[tokio::test]
async fn a_replication_is_what_it_last_did_and_whether_it_repeats_deletions() {
    let estate = estate(REPLICATIONS);
    let artifactory = as_admin(&estate);
    // Whoever is asked what it fetches does not tell of what it sends.
    let miss = replicated(&artifactory, "{name}-local", ORIGIN).await.expect_err("a miss");
    assert!(miss.reason == UnseenReason::NotFound && miss.what.contains("`runs_in`"), "{miss}");
    for target in [TARGET, Route::To("https://dr.example/artifactory/")] {
        let told = replicated(&artifactory, "{name}-local", target).await.expect("a replication");
        let found = recovery_points(&told);
        assert!(found.complete && found.grade == Grade::Reported && found.points.len() == 1);
        assert_eq!(Some(found.points[0].captured_at), parse_instant("2026-11-25T00:00:00Z"));
        let kept = settings(&told).expect("settings");
        assert_eq!((kept.sync_deletes, kept.versioning), (Some(true), Some(false)));
        assert!(schedule(&told).expect("a schedule").runs_by_itself() && unseen(&told).is_empty());
        assert!(!format!("{told:?}").contains("estate-replication-password"));
    }
    let told = replicated(&artifactory, "never", TARGET).await.expect("a replication");
    assert!(recovery_points(&told).complete && recovery_points(&told).points.is_empty());
    estate.artifactory().change(|truth| truth.blocks_push = true);
    let told = replicated(&artifactory, "never", TARGET).await.expect("a replication");
    assert!(schedule(&told).expect("a schedule").disabled.as_deref().is_some_and(|why| why.contains("blocked")));
}

#[tokio::test]
async fn a_replication_to_elsewhere_is_not_this_copy() {
    for target in [
        "https://other.example/artifactory",
        "https://dr.example:8443/artifactory",
        "https://dr.example/artifactory/deeper",
    ] {
        let estate = estate(REPLICATIONS);
        let miss = replicated(&as_admin(&estate), "libs-local", Route::To(target)).await.expect_err("a miss");
        assert!(
            miss.reason == UnseenReason::NotFound && miss.what.contains("https://dr.example/artifactory/libs-local"),
            "{miss}"
        );
    }
    let estate = estate(REPLICATIONS);
    let artifactory = as_admin(&estate);
    let miss = replicated(&artifactory, "alone", TARGET).await.expect_err("a miss");
    assert!(miss.reason == UnseenReason::NotFound && miss.what.contains("no replication"), "{miss}");
    let told = replicated(&artifactory, "two", TARGET).await.expect("a replication");
    assert!(!schedule(&told).expect("a schedule").runs_by_itself(), "the one that leads there is off");
    assert!(
        unseen(&told).iter().any(|miss| miss.fact == Some(Question::RecoveryPoints)),
        "whose status it is is not told"
    );
}

#[tokio::test]
async fn a_replication_that_failed_or_may_not_be_seen_is_unseen() {
    let estate = estate(REPLICATIONS);
    let told = replicated(&as_admin(&estate), "by-event", TARGET).await.expect("a replication");
    let missed: Vec<_> = unseen(&told).into_iter().map(|miss| miss.fact).collect();
    assert_eq!(missed, [Some(Question::Schedule), Some(Question::RecoveryPoints)]);
    assert!(unseen(&told)[1].what.contains("`error`") && schedule(&told).is_none());
    let miss = replicated(&as_reader(&estate), "libs-local", TARGET).await.expect_err("a miss");
    assert_eq!(miss.reason, UnseenReason::NotAuthorized);
    estate.artifactory().change(|truth| truth.hides = true);
    let miss = replicated(&as_reader(&estate), "libs-local", TARGET).await.expect_err("a miss");
    assert!(miss.reason == UnseenReason::NotFound && miss.what.contains("none is shown"), "{miss}");
}

#[tokio::test]
async fn what_is_fetched_from_elsewhere_or_from_another_repository_is_no_copy() {
    let fetching = |upstream: &str| {
        let upstream = if upstream.is_empty() { String::new() } else { format!("upstream: '{upstream}', ") };
        estate(&format!(
            "repositories: [{{ key: fetched, type: REMOTE, {upstream}replications: [{{ cron: '0 0 1 * * ?' }}], replicated: {{ status: ok, at: 2026-11-25T00:00:00Z }} }}]"
        ))
    };
    for upstream in [
        "https://origin.example/artifactory/libs",
        "https://origin.example/artifactory/libs/",
        "https://origin.example:443/artifactory/api/npm/libs",
    ] {
        let estate = fetching(upstream);
        let told = replicated(&as_admin(&estate), "fetched", ORIGIN).await.expect("a replication");
        assert_eq!(recovery_points(&told).points.len(), 1, "{upstream}");
    }
    for upstream in [
        "",
        "https://origin.example/artifactory",
        "https://origin.example/artifactory/libs2",
        "https://origin.example/artifactory/old-libs",
        "https://origin.example/elsewhere/libs",
        "https://origin.example:8443/artifactory/libs",
        "https://registry.npmjs.org/",
        "no address",
    ] {
        let estate = fetching(upstream);
        let miss = replicated(&as_admin(&estate), "fetched", ORIGIN).await.expect_err("a miss");
        assert!(miss.reason == UnseenReason::NotFound && miss.what.contains("fetches from"), "{upstream}: {miss}");
    }
}
