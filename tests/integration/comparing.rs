//! Whole audits of files: an Artifactory compared with a bucket, dumps in groups, a backup in place.
//!
//! What single answers mean is in `s3` and `artifactory`, the arithmetic of comparing in the library.

use lastgood::evidence::{Comparison, Fact, Observation, Question};
use lastgood::report::Report;

use crate::collecting::{audited, options};
use crate::estate::{self, Estate, Fault, Truth, When};

fn verdict(report: &Report, id: &str) -> (String, String) {
    let found = report.findings.iter().find(|finding| finding.id() == id);
    let found = found.unwrap_or_else(|| panic!("no {id}"));
    (found.verdict.to_string(), found.because.to_string())
}

fn comparison(observations: &[Observation], asset: &str) -> Option<Comparison> {
    observations.iter().find_map(|observation| match &observation.fact {
        Fact::Comparison(comparison) if observation.asset.as_deref() == Some(asset) => Some((**comparison).clone()),
        _ => None,
    })
}

#[test]
fn the_file_that_was_never_cloned_is_found_and_named() {
    let estate = Estate::example();
    let (report, observations) = audited(&estate.policy(), estate::ALL, &options());
    let found = comparison(&observations, "artifacts").expect("a comparison");
    assert_eq!((found.equal, found.by_size, found.missing, found.different, found.extra), (4, 1, 1, 0, 1));
    assert_eq!(found.bytes.map(|bytes| (bytes.missing, bytes.extra)), Some((1_148_576, 700)));
    assert!(found.complete);
    let (complete, because) = verdict(&report, "copy-complete:artifacts:bucket");
    assert_eq!(complete, "gap");
    assert!(because.contains("org/estate/core/1.1.0/core-1.1.0.jar (missing)"), "{because}");
    // It came 20 days ago, and a loss of seven is acceptable; what a copy that is not whole holds is not sure.
    let (age, because) = verdict(&report, "recovery-point-age:artifacts");
    assert_eq!(age, "unknown", "{because}");
    // Versions are kept for ever.
    assert_eq!(verdict(&report, "retention:artifacts").0, "unknown", "the copy is not whole");
    assert_eq!(verdict(&report, "claim-supported:artifacts:bucket").0, "gap");
}

#[test]
fn what_is_equal_in_all_but_one_checksum_is_not_verified() {
    let mut truth = Truth::example();
    truth.artifactory.repositories[0].items.retain(|item| item.path != "org/estate/core/1.1.0/core-1.1.0.jar");
    let estate = Estate::of(truth.clone()).start();
    let (report, _) = audited(&estate.policy(), estate::ALL, &options());
    let (complete, because) = verdict(&report, "copy-complete:artifacts:bucket");
    assert_eq!(complete, "unknown");
    assert!(because.contains("1 of them by size alone"), "{because}");
    assert_eq!(verdict(&report, "evidence-grade:artifacts").0, "gap");
    // Without the one that came in parts, it is.
    truth.artifactory.repositories[0].items.retain(|item| !item.path.contains("signed"));
    let estate = Estate::of(truth).start();
    let (report, _) = audited(&estate.policy(), estate::ALL, &options());
    for id in ["copy-complete:artifacts:bucket", "evidence-grade:artifacts", "copies:artifacts", "retention:artifacts"]
    {
        assert_eq!(verdict(&report, id).0, "met", "{id}: {}", verdict(&report, id).1);
    }
}

#[test]
fn a_list_that_breaks_off_on_either_side_proves_nothing() {
    let mut truth = Truth::example();
    truth.artifactory.repositories[0].items.retain(|item| !item.path.contains("1.1.0"));
    for (pattern, fault) in [
        ("/artifactory/api/search/aql", Fault::HalfJson),
        ("/artifactory/api/search/aql", Fault::Cut),
        ("/artifact-copies*", Fault::Cut),
        ("/artifact-copies*", Fault::Html),
        ("*", Fault::Status(503)),
    ] {
        let estate = Estate::of(truth.clone()).start();
        estate.fault(pattern, When::Always, fault.clone());
        let (report, observations) = audited(&estate.policy(), estate::ALL, &options());
        assert_eq!(comparison(&observations, "artifacts"), None, "{pattern} {fault:?}");
        let missed = observations.iter().any(|observation| {
            observation.asset.as_deref() == Some("artifacts")
                && matches!(&observation.fact, Fact::Unseen(unseen) if unseen.fact == Some(Question::Comparison))
        });
        assert!(missed, "{pattern} {fault:?}");
        for id in ["copy-complete:artifacts:bucket", "copies:artifacts", "recovery-point-age:artifacts"] {
            assert_eq!(verdict(&report, id).0, "unknown", "{id}: {pattern} {fault:?}");
        }
    }
}

#[test]
fn whoever_may_not_see_all_of_the_original_cannot_call_the_copy_whole() {
    let mut truth = Truth::example();
    truth.artifactory.repositories[0].items.retain(|item| !item.path.contains("1.1.0"));
    let estate = Estate::of(truth).start();
    let (report, observations) = audited(&estate.policy(), "estate-reader-0123456789", &options());
    assert!(comparison(&observations, "artifacts").is_none_or(|found| !found.complete));
    assert_ne!(verdict(&report, "copy-complete:artifacts:bucket").0, "met");
}

#[test]
fn a_sample_is_stated_and_never_called_complete() {
    let mut truth = Truth::example();
    truth.artifactory.repositories[0].items.retain(|item| !item.path.contains("1.1.0"));
    let estate = Estate::of(truth).start();
    let text =
        estate.policy().replace("        by: object-mirror\n", "        by: object-mirror\n        sample: 90%\n");
    let (report, observations) = audited(&text, estate::ALL, &options());
    assert_eq!(comparison(&observations, "artifacts").and_then(|found| found.sampled_ppm), Some(900_000));
    let (complete, because) = verdict(&report, "copy-complete:artifacts:bucket");
    assert_eq!(complete, "unknown");
    assert!(because.contains("a sample of 90 % only"), "{because}");
}

#[test]
fn a_bucket_is_compared_with_an_artifactory_the_other_way_round() {
    let estate = Estate::example();
    let text = format!(
        "version: 1\ntitle: T\nsystems:\n  store: {{ kind: s3, bucket: artifact-copies, endpoint: \"{}\", access_key_id: {{ env: ESTATE_KEY_ID }}, secret_access_key: {{ env: ESTATE_SECRET }}, domains: {{ provider: A }} }}\n  arts: {{ kind: artifactory, url: \"{}/artifactory\", token: {{ env: ESTATE_TOKEN }}, domains: {{ provider: J }} }}\nobjectives:\n  o: {{ rpo: 1d, evidence: verified }}\nassets:\n  - {{ id: a, lives_in: store, path: org/estate/core/1.0.0, objective: o, owner: Squad, copies: [{{ id: c, in: arts, by: artifact-mirror, repository: libs-release-local, path: org/estate/core/1.0.0 }}] }}\n",
        estate.s3_url(),
        estate.url()
    );
    let (report, observations) = audited(&text, estate::ALL, &options());
    let found = comparison(&observations, "a").expect("a comparison");
    assert_eq!((found.equal, found.by_size, found.missing, found.extra), (2, 0, 0, 0));
    assert_eq!(verdict(&report, "copy-complete:a:c").0, "met");
}

#[test]
fn each_folder_of_a_day_is_one_recovery_point_and_the_unfinished_one_is_seen() {
    let estate = Estate::example();
    let (report, observations) = audited(&estate.policy(), estate::ALL, &options());
    let points = observations.iter().find_map(|observation| match &observation.fact {
        Fact::RecoveryPoints(points) if observation.asset.as_deref() == Some("database") => Some(points),
        _ => None,
    });
    let points = points.expect("recovery points");
    assert!(points.complete && points.points.len() == 120, "{}", points.points.len());
    assert_eq!(points.points[0].items.map(lastgood::model::Count::get), Some(2));
    for id in ["recovery-point-age:database", "retention:database", "immutable:database", "independent-copy:database"] {
        assert_eq!(verdict(&report, id).0, "met", "{id}: {}", verdict(&report, id).1);
    }
    let (size, because) = verdict(&report, "size-plausible:database:dumps");
    assert!(because.contains("1 upload has not ended"), "{size}: {because}");
}

#[test]
fn a_backup_in_place_keeps_no_history() {
    let estate = Estate::example();
    let (report, _) = audited(&estate.policy(), estate::ALL, &options());
    let (retention, because) = verdict(&report, "retention:artifactory");
    assert_eq!(retention, "gap");
    assert!(because.contains("each backup replaces the one before it"), "{because}");
    assert_eq!(verdict(&report, "evidence-grade:artifactory").0, "met");
}

const OBJECTIVE: &str = "objectives:\n  o: { rpo: 1d, evidence: reported }\n";

/// Returns a policy with these systems and this asset.
fn with(systems: &str, asset: &str) -> String {
    format!(
        "version: 1\ntitle: T\nsystems:\n{systems}{OBJECTIVE}assets:\n  - {{ id: a, objective: o, owner: Squad, {asset} }}\n"
    )
}

fn s3(id: &str, endpoint: &str) -> String {
    format!(
        "  {id}: {{ kind: s3, bucket: artifact-copies, endpoint: \"{endpoint}\", access_key_id: {{ env: ESTATE_KEY_ID }}, secret_access_key: {{ env: ESTATE_SECRET }} }}\n"
    )
}

fn arts(id: &str, url: &str) -> String {
    format!("  {id}: {{ kind: artifactory, url: \"{url}/artifactory\", token: {{ env: ESTATE_TOKEN }} }}\n")
}

#[test]
fn one_place_under_another_name_is_found_and_proves_nothing() {
    let estate = Estate::example();
    let alias = |url: String| url.replace("127.0.0.1", "localhost");
    let buckets = s3("store", &estate.s3_url()) + &s3("same", &alias(estate.s3_url()));
    let servers = arts("arts", &estate.url()) + &arts("same", &alias(estate.url()));
    for (systems, asset) in [
        (&buckets, "lives_in: store, path: org, copies: [{ id: c, in: same, by: object-mirror, prefix: org/ }]"),
        (
            &servers,
            "lives_in: arts, name: backups-local, copies: [{ id: c, in: same, by: artifact-mirror, repository: backups-local }]",
        ),
    ] {
        let (report, observations) = audited(&with(systems, asset), estate::ALL, &options());
        assert_eq!(comparison(&observations, "a"), None, "{asset}");
        for id in ["copy-complete:a:c", "copies:a", "evidence-grade:a"] {
            assert_eq!(verdict(&report, id).0, "unknown", "{id}: {asset}");
        }
        assert!(verdict(&report, "copies:a").1.contains("one place"), "{}", verdict(&report, "copies:a").1);
    }
}

#[test]
fn an_original_that_is_not_there_is_said_to_be_that() {
    let estate = Estate::example();
    let systems = arts("arts", &estate.url()) + &s3("store", &estate.s3_url());
    let asset = "lives_in: arts, copies: [{ id: c, in: store, by: object-mirror, of: libs-release-local/README.txt }]";
    let (report, _) = audited(&with(&systems, asset), estate::ALL, &options());
    assert_eq!(verdict(&report, "copies:a").0, "unknown");
    let said = report.unseen.iter().any(|entry| entry.what.contains("nothing lies in the original"));
    assert!(said, "{:?}", report.unseen);
}

#[test]
fn a_replication_counts_where_it_leads_from_the_original_to_the_copy() {
    let estate = Estate::example();
    let systems = arts("arts", &estate.url())
        + "  dr: { kind: artifactory, url: \"https://dr.estate.example/artifactory\" }\n  far: { kind: artifactory, url: \"https://far.example\" }\n  office: { kind: external }\n";
    for (asset, expected) in [
        (
            "lives_in: arts, name: libs-release-local, copies: [{ id: c, in: dr, runs_in: arts, by: replication, repository: libs-release-local }]",
            "met",
        ),
        (
            "lives_in: arts, name: libs-release-local, copies: [{ id: c, in: far, runs_in: arts, by: replication, repository: libs-release-local }]",
            "unknown",
        ),
        (
            "lives_in: arts, name: libs-release-local, copies: [{ id: c, in: office, runs_in: arts, by: replication, repository: libs-release-local }]",
            "unknown",
        ),
        (
            "lives_in: arts, name: backups-local, copies: [{ id: c, in: dr, runs_in: arts, by: replication, repository: libs-release-local }]",
            "unknown",
        ),
        (
            "lives_in: office, copies: [{ id: c, in: dr, runs_in: arts, by: replication, repository: libs-release-local }]",
            "unknown",
        ),
        // It sends this repository to another place, and fetches nothing.
        ("lives_in: office, copies: [{ id: c, in: arts, by: replication, repository: libs-release-local }]", "unknown"),
    ] {
        let (report, _) = audited(&with(&systems, asset), estate::ALL, &options());
        let (copies, because) = verdict(&report, "copies:a");
        assert_eq!(copies, expected, "{asset}: {because}");
    }
}

#[test]
fn a_bucket_whose_deletions_are_replicated_is_no_safe_place() {
    const RULE: &str = "<Role>r</Role><Rule><ID>a</ID><Priority>1</Priority><Status>Enabled</Status><Filter/><Destination><Bucket>arn:aws:s3:::artifact-copies</Bucket></Destination><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>";
    let mut truth = Truth::example();
    let bucket = truth.s3.buckets.iter().find(|bucket| bucket.name == "artifact-copies").cloned().expect("a bucket");
    for (replication, expected) in [(Some(RULE), Some(true)), (None, None)] {
        truth.s3.buckets.retain(|bucket| bucket.name != "source");
        let mut source = bucket.clone();
        "source".clone_into(&mut source.name);
        source.replication = replication.map(str::to_owned);
        truth.s3.buckets.push(source);
        let estate = Estate::of(truth.clone()).start();
        let systems = s3("copies", &estate.s3_url())
            + &s3("origin", &estate.s3_url()).replace("bucket: artifact-copies", "bucket: source");
        let asset = "lives_in: origin, copies: [{ id: c, in: copies, by: object-mirror }]";
        let (report, observations) = audited(&with(&systems, asset), estate::ALL, &options());
        let told = observations.iter().find_map(|observation| match &observation.fact {
            Fact::Settings(settings) => settings.sync_deletes,
            _ => None,
        });
        assert_eq!(told, expected);
        assert_eq!(comparison(&observations, "a").map(|found| found.missing), Some(0), "{:?}", report.unseen);
    }
}
