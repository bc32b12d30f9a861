//! The S3 collector against the estate's S3: histories of keys, and what holds or deletes them.
//!
//! The rest of what is found where nothing is wrong is in `s3`.

use chrono::TimeDelta;
use lastgood::collect::told::Told;
use lastgood::evidence::fact::Settings;
use lastgood::evidence::{Fact, Point};
use lastgood::model::time::Instant;
use lastgood::model::{Count, UnseenReason};

use crate::estate::Estate;
use crate::s3::{SIGNED, bucket, long_ago, objects, points, settings, start, whole};

/// Returns only the settings of what was told.
fn only_settings(told: Vec<Told>) -> (Settings, Vec<(UnseenReason, String)>) {
    let told: Vec<Told> = told.into_iter().filter(|told| !matches!(told.fact, Fact::RecoveryPoints(_))).collect();
    settings(&told)
}

#[tokio::test]
async fn two_copies_on_one_prefix_have_settings_of_their_own() {
    let estate = start(
        "
buckets:
  - name: b
    versioning: Enabled
    lock: { mode: COMPLIANCE, days: 9 }
    objects:
      - { key: db/a.gz, size: 1, class: GLACIER, modified: 2d ago }
      - { key: db/b.sql, size: 1, modified: 1d ago, unlocked: true }
",
    );
    let bucket = bucket(&estate, SIGNED);
    let mut seen = Vec::new();
    for pattern in [r"\.sql$", r"\.gz$", r"\.sql$"] {
        let copy = objects(&format!("prefix: db/, pattern: '{pattern}'"));
        let (found, _) = only_settings(bucket.objects(&copy, None, long_ago()).await.expect("objects"));
        seen.push((found.thaw_hours, found.locked_days));
    }
    assert_eq!(seen, [(Some(0), None), (Some(5), Some(9)), (Some(0), None)]);
    let (found, _) = settings(&bucket.settings("db/").await);
    assert_eq!((found.thaw_hours, found.locked_days), (None, None), "no side was listed");
}

#[tokio::test]
async fn a_lock_counts_for_recovery_points_of_its_days_and_for_a_mirror_only_where_all_is_locked() {
    for (days, older, points, mirror) in [
        (9, "modified: 5d ago", Some(9), Some(9)),
        (9, "modified: 5d ago, unlocked: true", None, None),
        (9, "modified: 20d ago", Some(9), None),
        (9, "modified: 20d ago, unlocked: true", Some(9), None),
    ] {
        let estate = start(&format!(
            "buckets: [{{ name: b, versioning: Enabled, lock: {{ mode: COMPLIANCE, days: {days} }}, objects: [{{ key: db/new, size: 1 }}, {{ key: db/old, size: 1, {older} }}] }}]"
        ));
        let bucket = bucket(&estate, SIGNED);
        let copy = objects("prefix: db/");
        let (found, unseen) = only_settings(bucket.objects(&copy, None, long_ago()).await.expect("objects"));
        assert_eq!((found.locked_days, unseen.len()), (points, usize::from(points.is_none())), "{older}");
        whole(&bucket, "db/").await;
        let (found, unseen) = settings(&bucket.settings("db/").await);
        assert_eq!((found.locked_days, unseen.len()), (mirror, usize::from(mirror.is_none())), "{older}");
    }
}

#[tokio::test]
async fn a_lifecycle_with_what_is_not_known_is_not_told_as_harmless() {
    const ALL: &str =
        "<Rule><Filter/><Status>Enabled</Status><DelMarkerExpiration><Days>3</Days></DelMarkerExpiration></Rule>";
    let estate = start(&format!("buckets: [{{ name: b, versioning: Enabled, lifecycle: '{ALL}' }}]"));
    let (found, unseen) = settings(&bucket(&estate, SIGNED).settings("db/").await);
    assert_eq!((found.expires_days, found.noncurrent_days), (None, None));
    assert_eq!(unseen.len(), 1, "{unseen:?}");
}

/// Where recovery points are, and how many days ago they were captured.
fn places(estate: &Estate, told: &[Told]) -> Vec<(String, i64)> {
    let age = |at: Instant| (estate.now() - at).num_days();
    let place = |point: &Point| point.location.as_ref().map_or_else(String::new, |place| String::from(&***place));
    points(told).points.iter().map(|point| (place(point), age(point.captured_at))).collect()
}

const HISTORY: &str = "
    objects:
      - { key: db/dump, size: 5, modified: 1d ago, earlier: [2d ago, 3d ago, 40d ago] }
      - { key: db/gone, size: 5, modified: 6d ago, earlier: [8d ago], deleted: 5d ago }
";

#[tokio::test]
async fn one_key_that_is_overwritten_has_a_history_where_versions_are_kept() {
    for personality in ["aws", "ceph", "moto"] {
        for (page, versioning) in [(1, "Enabled"), (2, "Suspended"), (1_000, "Enabled")] {
            let estate = start(&format!(
                "personality: {personality}\npage: {page}\nbuckets:\n  - name: b\n    versioning: {versioning}{HISTORY}"
            ));
            let told =
                bucket(&estate, SIGNED).objects(&objects("prefix: db/"), None, long_ago()).await.expect("objects");
            let expected = [
                ("db/dump?versionId=3", 40),
                ("db/gone?versionId=2", 8),
                ("db/gone?versionId=1", 6),
                ("db/dump?versionId=2", 3),
                ("db/dump?versionId=1", 2),
                ("db/dump", 1),
            ];
            assert_eq!(places(&estate, &told), expected.map(|(place, age)| (place.to_owned(), age)), "{personality}");
            assert!(points(&told).complete && points(&told).kept_from.is_none());
        }
    }
    let estate = start(&format!("buckets:\n  - name: b{HISTORY}"));
    let told = bucket(&estate, SIGNED).objects(&objects("prefix: db/"), None, long_ago()).await.expect("objects");
    assert_eq!(places(&estate, &told), [("db/dump".to_owned(), 1)], "no versions are kept");
    assert!(!estate.requests().iter().any(|asked| asked.query.contains("versions")));
}

#[tokio::test]
async fn what_a_lifecycle_deletes_of_versions_bounds_what_they_tell_of_the_past() {
    const OLD: &str = "<Rule><Prefix></Prefix><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>14</NoncurrentDays></NoncurrentVersionExpiration></Rule>";
    let estate = start(&format!("buckets:\n  - name: b\n    versioning: Enabled\n    lifecycle: '{OLD}'{HISTORY}"));
    let bucket = bucket(&estate, SIGNED);
    let told = bucket.objects(&objects("prefix: db/"), None, long_ago()).await.expect("objects");
    let kept_from = points(&told).kept_from.expect("not since the oldest one");
    assert_eq!((estate.now() - kept_from + TimeDelta::hours(1)).num_days(), 14);
    let told = bucket.objects(&objects("prefix: db/g"), None, long_ago()).await.expect("objects");
    assert_eq!(points(&told).kept_from, None, "not for longer than what is there");
}

#[tokio::test]
async fn a_group_is_made_of_what_is_current() {
    let estate = start(&format!("buckets:\n  - name: b\n    versioning: Enabled{HISTORY}"));
    let copy = objects("prefix: db/, pattern: '^db/', group: match");
    let told = bucket(&estate, SIGNED).objects(&copy, None, long_ago()).await.expect("objects");
    assert_eq!(places(&estate, &told), [("db/".to_owned(), 1)]);
    assert_eq!(points(&told).points[0].items, Count::new(1));
}

#[tokio::test]
async fn where_versions_may_not_be_listed_what_is_current_is_told_and_the_rest_is_missed() {
    let estate = start(&format!("buckets:\n  - name: b\n    versioning: Enabled\n    denied: [versions]{HISTORY}"));
    let told = bucket(&estate, SIGNED).objects(&objects("prefix: db/"), None, long_ago()).await.expect("objects");
    assert_eq!(places(&estate, &told), [("db/dump".to_owned(), 1)]);
    assert!(!points(&told).complete);
    let (_, unseen) = only_settings(told);
    assert_eq!(unseen.len(), 1, "{unseen:?}");
    assert!(unseen[0].0 == UnseenReason::NotAuthorized && unseen[0].1.starts_with("versions that are not current"));
}

#[tokio::test]
async fn whether_a_replication_repeats_deletions_is_told_for_the_bucket_that_it_leads_to() {
    const RULES: &str = "<Role>r</Role><Rule><Status>Enabled</Status><Filter/><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::copy</Bucket></Destination></Rule>";
    for personality in ["aws", "ceph", "moto"] {
        let estate = start(&format!("personality: {personality}\nbuckets: [{{ name: b, replication: '{RULES}' }}]"));
        let at = bucket(&estate, SIGNED);
        assert_eq!(at.replicates_deletes("copy").await, Ok(Some(true)), "{personality}");
        assert_eq!(at.replicates_deletes("other").await, Ok(None), "{personality}");
        estate.s3().set("b", |bucket| bucket.replication = None);
        assert_eq!(at.replicates_deletes("copy").await, Ok(None), "{personality}");
        estate.s3().set("b", |bucket| bucket.denied = vec!["replication".to_owned()]);
        let miss = at.replicates_deletes("copy").await.expect_err("it may not be read");
        assert_eq!(miss.reason, UnseenReason::NotAuthorized, "{personality}");
    }
}
