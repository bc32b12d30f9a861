//! Recorded answers of S3 (AWS, Ceph, moto, and libraries' test data), read through the real parsing code.
//!
//! How they are found is left to `recorded`. What no recording holds is tested beside the code, with bodies
//! written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lastgood::collect::compare::Sums;
use lastgood::collect::http::Answer;
use lastgood::collect::miss::Miss;
use lastgood::collect::s3::config::Lifecycle;
use lastgood::collect::s3::listing::{Asked, Page, Place};
use lastgood::collect::s3::{config, listing, refusal, region, side, uploads, versions};
use lastgood::model::UnseenReason;
use lastgood::model::time::{Instant, parse_instant};

use crate::recorded::{self, Unsaid};

fn at(text: &str) -> Instant {
    parse_instant(text).expect("a time")
}

/// Returns the folder of S3's answers; `None` where there is none.
fn folder() -> Option<PathBuf> {
    recorded::folder("s3")
}

/// Returns the recorded answer `name`, with its headers where they were kept.
fn recorded(folder: &Path, name: &str) -> Answer {
    let bodies = ["xml", "json", "html", "txt"].map(|ending| folder.join(format!("{name}.{ending}")));
    let body = bodies.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default();
    let base = "https://b.s3.amazonaws.com";
    recorded::answer(folder, name, body, Unsaid { method: "GET", url: "/", base, media: None })
}

/// A key and its size.
type Key = (String, u64);

/// Reads an answer as a page of objects, as the collector does.
fn page_of(answer: &Answer, prefix: &str, folded: bool) -> Result<(Vec<Key>, Page), Miss> {
    let answer = refusal::ok(answer.clone())?;
    let mut keys = Vec::new();
    let asked = Asked { prefix, sorted: true, folded };
    let page = listing::page(&answer, asked, &mut Place::default(), &mut |object| {
        assert!(object.modified > at("2000-01-01") && object.modified < at("2027-01-01"), "{object:?}");
        keys.push((object.key.to_owned(), object.bytes));
    })?;
    Ok((keys, page))
}

/// Asserts that an answer is a page with so many objects, and whether there is a next one.
fn page(answer: &Answer, prefix: &str, count: usize, more: bool) -> Vec<Key> {
    let (keys, page) = page_of(answer, prefix, false).expect("a page");
    assert_eq!((keys.len(), page.unread, page.next.is_some()), (count, 0, more));
    keys
}

/// Asserts that no reader takes the answer for something that it is not.
fn is_nothing(answer: &Answer) {
    assert!(page_of(answer, "", true).is_err(), "a page of prefixes");
    is_no_setting(answer);
}

/// The same of an answer that is a page of objects.
fn is_no_setting(answer: &Answer) {
    assert!(config::versioning(answer.clone()).is_err(), "versioning");
    assert!(config::object_lock(answer.clone()).is_err(), "object lock");
    assert!(config::lifecycle(answer.clone(), "").is_err(), "lifecycle");
    assert!(config::encryption_hides_md5(answer.clone()).is_err(), "encryption");
    assert!(uploads::page(answer.clone()).is_err(), "uploads");
}

type Next = Option<(String, String)>;

/// Reads an answer as a page of versions: each one's key and whether it is current, and how it goes on.
fn versions_of(answer: &Answer, place: &mut versions::Place) -> (Vec<(String, bool)>, Next) {
    let mut found = Vec::new();
    let page = versions::page(answer, "", place, &mut |version| {
        found.push((version.object.key.to_owned(), version.is_current));
    });
    let page = page.expect("a page");
    assert_eq!(page.unread, 0);
    (found, page.next)
}

fn owned((key, is_current): (&str, bool)) -> (String, bool) {
    (key.to_owned(), is_current)
}

fn refused(answer: &Answer, reason: UnseenReason, code: &str) {
    is_nothing(answer);
    // Some were kept without their status: then the error comes with one of success.
    let miss = page_of(answer, "", false).expect_err("a refusal");
    assert!(miss.reason == reason && miss.what.contains(code), "{reason} {code}: {miss:?}");
    assert!(miss.provenance.is_some());
    for secret in ["AWS4-HMAC-SHA256\n", "UNSIGNED-PAYLOAD", "StringToSign", "CanonicalRequest"] {
        assert!(!miss.what.contains(secret), "{}", miss.what);
    }
    assert_eq!(region::instead(answer, "us-east-1"), None);
}

fn unreadable_page(answer: &Answer, words: &str) {
    let miss = page_of(answer, "", true).expect_err("no page");
    assert!(miss.what.contains(words), "{}", miss.what);
}

fn is_of(answer: &Answer, root: &str) {
    is_nothing(answer);
    unreadable_page(answer, &format!("`{root}` instead of"));
}

fn md5(answer: &Answer, is_there: bool) -> Sums {
    assert!(refusal::ok(answer.clone()).is_ok());
    let sums = side::sums(answer);
    assert_eq!(sums.md5.is_some(), is_there);
    sums
}

fn missing(answer: &Answer) {
    let miss = refusal::ok(answer.clone()).expect_err("a refusal");
    assert_eq!(miss.reason, UnseenReason::NotFound);
    is_nothing(answer);
}

/// Asserts that keys are those of the bucket that Ceph and moto were asked about.
fn buckets_keys(keys: &[Key]) {
    assert_eq!(keys[0].0, "artifactory/äöü-日本.zip");
    assert!(keys.contains(&("empty.tar.gz".to_owned(), 0)));
}

type Case = (&'static str, fn(&Answer));

/// Every recorded answer, each with what it has to be read as.
const CASES: &[Case] = &[
    ("aws-copy-object", |answer| is_of(answer, "CopyObjectResult")),
    ("aws-error-accessdenied", |answer| refused(answer, UnseenReason::NotAuthorized, "AccessDenied")),
    ("aws-error-nosuchbucket", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucket")),
    ("aws-error-nosuchkey", |answer| refused(answer, UnseenReason::NotFound, "NoSuchKey")),
    ("aws-error-preconditionfailed", |answer| refused(answer, UnseenReason::Unreadable, "PreconditionFailed")),
    ("aws-error-signaturedoesnotmatch", |answer| refused(answer, UnseenReason::NotAuthorized, "SignatureDoesNotMatch")),
    ("aws-head-object-200", |answer| {
        md5(answer, true);
    }),
    ("aws-head-object-404", missing),
    ("aws-list-objects-v1", |answer| {
        page(answer, "blob-for-delimiters-abc", 6, false);
    }),
    ("aws-list-objects-v1-truncated", |answer| unreadable_page(answer, "does not say how it goes on")),
    ("aws-list-objects-v2-3-keys", |answer| {
        let keys = page(answer, "blob-for-list", 3, false);
        assert_eq!(keys[2], ("blob-for-list-2".to_owned(), 5));
        is_no_setting(answer);
    }),
    ("aws-list-objects-v2-by2-page1", |answer| {
        page(answer, "blob-for-list", 2, true);
    }),
    ("aws-list-objects-v2-by2-page2", |answer| {
        page(answer, "blob-for-list", 1, false);
    }),
    ("aws-list-objects-v2-common-prefixes", |answer| {
        let (keys, page) = page_of(answer, "blob-for-delimiters-/", true).expect("a page");
        assert_eq!((keys.len(), page.prefixes.len()), (1, 2));
        assert!(page_of(answer, "blob-for-delimiters-/", false).is_err(), "keys were asked for");
    }),
    ("aws-list-objects-v2-empty", |answer| {
        page(answer, "no-objects-with-this-prefix", 0, false);
    }),
    ("aws-opendata-get-object", |answer| {
        md5(answer, true);
    }),
    ("aws-opendata-head-object", |answer| {
        md5(answer, true);
    }),
    ("aws-opendata-list-objects", |answer| unreadable_page(answer, "does not say how it goes on")),
    ("aws-opendata-list-objects-v2", |answer| {
        page(answer, "", 3, true);
        assert_eq!(region::told(answer), Some("us-east-1"));
    }),
    ("aws-put-object-checksum", |answer| {
        md5(answer, true);
        assert_eq!(side::sums(answer).sha256, None, "a CRC is none");
    }),
    ("botocore-error-create-bucket", |answer| refused(answer, UnseenReason::Unreadable, "BucketAlreadyOwnedByYou")),
    ("botocore-error-list-objects", |answer| refused(answer, UnseenReason::NotAuthorized, "AccessDenied")),
    ("botocore-get-bucket-location", |answer| is_of(answer, "LocationConstraint")),
    ("botocore-list-buckets", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("botocore-list-multipart-uploads", |answer| {
        let page = uploads::page(answer.clone()).expect("a page");
        assert_eq!((page.uploads.len(), page.next.map(|(key, _)| key).as_deref()), (3, Some("my-movie.m2ts")));
    }),
    ("botocore-list-object-versions", |answer| {
        let found = versions_of(answer, &mut versions::Place::default()).0;
        assert_eq!(
            found,
            [("my-image.jpg", true), ("my-second-image.jpg", false), ("my-third-image.jpg", false)].map(owned)
        );
        is_of(answer, "ListVersionsResult");
    }),
    ("botocore-list-objects-v1", |answer| {
        page(answer, "", 2, false);
    }),
    ("ceph-anonymous-bucket-list", |answer| refused(answer, UnseenReason::NotAuthorized, "AccessDenied")),
    ("ceph-anonymous-service-root", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("ceph-complete-multipart", |answer| is_of(answer, "CompleteMultipartUploadResult")),
    ("ceph-error-invalid-access-key", |answer| refused(answer, UnseenReason::NotAuthorized, "InvalidAccessKeyId")),
    ("ceph-error-invalid-bucket-name", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucket")),
    ("ceph-error-nosuchbucket", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucket")),
    ("ceph-error-nosuchkey", |answer| refused(answer, UnseenReason::NotFound, "NoSuchKey")),
    ("ceph-error-signature-mismatch", |answer| refused(answer, UnseenReason::NotAuthorized, "SignatureDoesNotMatch")),
    ("ceph-get-bucket-location", |answer| is_of(answer, "LocationConstraint")),
    ("ceph-get-bucket-policy-none-404", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucketPolicy")),
    ("ceph-get-bucket-tagging-none-404", |answer| refused(answer, UnseenReason::NotFound, "NoSuchTagSet")),
    ("ceph-get-bucket-versioning-enabled", |answer| assert_eq!(config::versioning(answer.clone()), Ok(true))),
    ("ceph-get-bucket-versioning-never-set", |answer| assert_eq!(config::versioning(answer.clone()), Ok(false))),
    ("ceph-get-bucket-versioning-suspended", |answer| assert_eq!(config::versioning(answer.clone()), Ok(false))),
    ("ceph-get-encryption-aes256", |answer| {
        // Ceph does not know the question and lists objects instead.
        is_no_setting(answer);
    }),
    ("ceph-get-encryption-none", |answer| {
        // Ceph does not know the question and lists objects instead.
        is_no_setting(answer);
    }),
    ("ceph-get-lifecycle", |answer| {
        let days = |prefix: &str| {
            config::lifecycle(answer.clone(), prefix).map(|found| (found.expires_days, found.noncurrent_days))
        };
        assert_eq!(days("github/alpha/"), Ok((90, 0)));
        assert_eq!(days("db/"), Ok((0, 0)), "its rule is off");
        assert_eq!(days(""), Ok((90, 0)));
    }),
    ("ceph-get-lifecycle-none-404", |answer| {
        assert_eq!(config::lifecycle(answer.clone(), ""), Ok(Lifecycle::default()));
    }),
    ("ceph-get-object-attributes-multipart", |answer| {
        assert_eq!(md5(answer, false).parts.map(|(_, parts)| parts), Some(2));
    }),
    ("ceph-get-object-lock-enabled-norule", |answer| assert_eq!(config::object_lock(answer.clone()), Ok(0))),
    ("ceph-get-object-lock-none-404", |answer| assert_eq!(config::object_lock(answer.clone()), Ok(0))),
    ("ceph-get-object-retention", |answer| is_of(answer, "Retention")),
    ("ceph-get-public-access-block-none", |answer| is_of(answer, "BlockPublicAccessBlockConfiguration")),
    ("ceph-get-replication-none-404", |answer| {
        is_of(answer, "ReplicationConfiguration");
        assert_eq!(config::replicates_deletes(answer.clone(), "backup-target"), Ok(None));
    }),
    ("ceph-head-bucket-200", |answer| {
        is_nothing(answer);
        assert_eq!(region::told(answer), None);
    }),
    ("ceph-head-bucket-404", missing),
    ("ceph-head-object-200", |answer| {
        md5(answer, true);
    }),
    ("ceph-head-object-404", missing),
    ("ceph-head-object-checksum-mode", |answer| {
        md5(answer, true);
    }),
    ("ceph-head-object-locked", |answer| {
        md5(answer, true);
    }),
    ("ceph-head-object-multipart-etag", |answer| {
        assert_eq!(md5(answer, false).parts.map(|(_, parts)| parts), Some(2));
    }),
    ("ceph-list-buckets", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("ceph-list-buckets-empty", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("ceph-list-inventory-configurations", |answer| {
        // Ceph does not know the question and lists objects instead.
        is_no_setting(answer);
    }),
    ("ceph-list-multipart-uploads", |answer| {
        let page = uploads::page(answer.clone()).expect("a page");
        assert_eq!((page.uploads.len(), page.uploads[0].0.as_str(), page.next), (1, "big/full.tar", None));
    }),
    ("ceph-list-object-versions", |answer| {
        is_of(answer, "ListVersionsResult");
        let (found, next) = versions_of(answer, &mut versions::Place::default());
        let dump = |current| owned(("db/dump.sql.gz", current));
        assert_eq!(found, [dump(true), dump(false), dump(false), owned(("db/other.sql.gz", false))]);
        assert_eq!(next, None);
    }),
    ("ceph-list-object-versions-page1", |answer| {
        is_of(answer, "ListVersionsResult");
        let (found, next) = versions_of(answer, &mut versions::Place::default());
        assert_eq!(found.len(), 2);
        assert_eq!(next, Some(("db/dump.sql.gz".to_owned(), "POMglJUIHSRdiVBVwsZ9P6qgX9ZBz0g".to_owned())));
    }),
    ("ceph-list-object-versions-page2", |answer| {
        is_of(answer, "ListVersionsResult");
        let alone = versions::page(answer, "", &mut versions::Place::default(), &mut |_| {});
        assert!(alone.expect_err("it begins in the middle of a key").what.contains("not in order"));
        let mut place =
            versions::Place { key: "db/dump.sql.gz".to_owned(), id: "POMglJUIHSRdiVBVwsZ9P6qgX9ZBz0g".to_owned() };
        let (found, next) = versions_of(answer, &mut place);
        assert_eq!(found, [owned(("db/dump.sql.gz", false))]);
        assert_eq!(next.map(|(key, _)| key).as_deref(), Some("db/other.sql.gz"));
    }),
    ("ceph-list-objects-v1-page1", |answer| unreadable_page(answer, "does not say how it goes on")),
    ("ceph-list-objects-v2-all", |answer| {
        buckets_keys(&page(answer, "", 89, false));
    }),
    ("ceph-list-objects-v2-delimiter", |answer| {
        let (keys, page) = page_of(answer, "", true).expect("a page");
        assert_eq!((keys.len(), page.prefixes.len()), (1, 5));
        assert!(page.prefixes.contains(&"github/".to_owned()));
    }),
    ("ceph-list-objects-v2-empty", |answer| {
        page(answer, "", 0, false);
    }),
    ("ceph-list-objects-v2-page1", |answer| {
        buckets_keys(&page(answer, "", 20, true));
    }),
    ("ceph-list-objects-v2-page2", |answer| {
        page(answer, "github/", 20, true);
    }),
    ("ceph-list-objects-v2-prefix-delimiter", |answer| {
        let (keys, page) = page_of(answer, "github/", true).expect("a page");
        assert_eq!((keys.len(), page.prefixes.len()), (0, 3));
    }),
    ("ceph-list-objects-v2-start-after-fetch-owner", |answer| {
        let keys = page(answer, "", 5, true);
        assert!(keys[0].0.as_str() > "github/beta/2026-02-20");
    }),
    ("ceph-wrong-region-request", |answer| {
        page(answer, "", 1, true);
        assert_eq!(region::instead(answer, "us-east-1"), None, "any region will do there");
    }),
    ("inventory-manifest-csv", |answer| {
        is_nothing(answer);
    }),
    ("libcloud-list-container-objects-not-exhausted1", |answer| unreadable_page(answer, "does not say how it goes on")),
    ("libcloud-list-container-objects-not-exhausted2", |answer| {
        page(answer, "", 2, false);
    }),
    ("libcloud-list-multipart-1", |answer| {
        let page = uploads::page(answer.clone()).expect("a page");
        assert_eq!((page.uploads.len(), page.next.map(|(key, _)| key).as_deref()), (3, Some("my-movie.m2ts")));
    }),
    ("libcloud-list-multipart-2", |answer| {
        let page = uploads::page(answer.clone()).expect("a page");
        assert_eq!((page.uploads.len(), page.next), (3, None));
    }),
    ("moto-anonymous-bucket-list", |answer| {
        // It checks no credential.
        page(answer, "", 90, false);
    }),
    ("moto-anonymous-service-root", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("moto-complete-multipart", |answer| is_of(answer, "CompleteMultipartUploadResult")),
    ("moto-error-invalid-access-key", |answer| {
        // It checks no credential.
        page(answer, "", 90, false);
    }),
    ("moto-error-invalid-bucket-name", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucket")),
    ("moto-error-nosuchbucket", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucket")),
    ("moto-error-nosuchkey", |answer| refused(answer, UnseenReason::NotFound, "NoSuchKey")),
    ("moto-error-signature-mismatch", |answer| {
        // It checks no credential.
        page(answer, "", 90, false);
    }),
    ("moto-get-bucket-location", |answer| is_of(answer, "LocationConstraint")),
    ("moto-get-bucket-policy-none-404", |answer| refused(answer, UnseenReason::NotFound, "NoSuchBucketPolicy")),
    ("moto-get-bucket-tagging-none-404", |answer| refused(answer, UnseenReason::NotFound, "NoSuchTagSet")),
    ("moto-get-bucket-versioning-enabled", |answer| assert_eq!(config::versioning(answer.clone()), Ok(true))),
    ("moto-get-bucket-versioning-never-set", |answer| assert_eq!(config::versioning(answer.clone()), Ok(false))),
    ("moto-get-bucket-versioning-suspended", |answer| assert_eq!(config::versioning(answer.clone()), Ok(false))),
    ("moto-get-encryption-aes256", |answer| assert_eq!(config::encryption_hides_md5(answer.clone()), Ok(false))),
    ("moto-get-encryption-none", |answer| assert_eq!(config::encryption_hides_md5(answer.clone()), Ok(false))),
    ("moto-get-lifecycle", |answer| {
        let days = |prefix: &str| {
            config::lifecycle(answer.clone(), prefix).map(|found| (found.expires_days, found.noncurrent_days))
        };
        assert_eq!(days("github/alpha/"), Ok((90, 0)));
        assert_eq!(days("db/"), Ok((0, 0)), "its rule is off");
        assert_eq!(days(""), Ok((90, 0)));
    }),
    ("moto-get-lifecycle-none-404", |answer| {
        assert_eq!(config::lifecycle(answer.clone(), ""), Ok(Lifecycle::default()));
    }),
    ("moto-get-object-attributes-multipart", |answer| is_of(answer, "GetObjectAttributesOutput")),
    ("moto-get-object-retention", |answer| {
        is_nothing(answer);
        assert_eq!(refusal::ok(answer.clone()).expect_err("a refusal").reason, UnseenReason::Unreachable);
    }),
    ("moto-get-public-access-block-none", |answer| {
        refused(answer, UnseenReason::NotFound, "NoSuchPublicAccessBlockConfiguration");
    }),
    ("moto-get-replication-none-404", |answer| {
        refused(answer, UnseenReason::NotFound, "ReplicationConfigurationNotFoundError");
        assert_eq!(config::replicates_deletes(answer.clone(), "backup-target"), Ok(None));
    }),
    ("moto-head-bucket-200", |answer| {
        is_nothing(answer);
        assert_eq!(region::told(answer), Some("us-east-1"));
    }),
    ("moto-head-bucket-404", missing),
    ("moto-head-object-200", |answer| {
        md5(answer, true);
    }),
    ("moto-head-object-404", missing),
    ("moto-head-object-checksum-mode", |answer| {
        md5(answer, true);
    }),
    ("moto-head-object-delete-marker-404", missing),
    ("moto-head-object-locked", |answer| {
        md5(answer, true);
    }),
    ("moto-head-object-multipart-etag", |answer| {
        assert_eq!(md5(answer, false).parts.map(|(_, parts)| parts), Some(2));
    }),
    ("moto-list-buckets", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("moto-list-buckets-empty", |answer| is_of(answer, "ListAllMyBucketsResult")),
    ("moto-list-inventory-configurations", |answer| is_of(answer, "ListBucketInventoryConfigurationsResponse")),
    ("moto-list-multipart-uploads", |answer| {
        let page = uploads::page(answer.clone()).expect("a page");
        assert_eq!((page.uploads.len(), page.uploads[0].0.as_str(), page.next), (1, "big/full.tar", None));
    }),
    ("moto-list-objects-v1-page1", |answer| unreadable_page(answer, "does not say how it goes on")),
    ("moto-list-objects-v2-all", |answer| {
        buckets_keys(&page(answer, "", 89, false));
    }),
    ("moto-list-objects-v2-bad-token", |answer| {
        is_nothing(answer);
        assert_eq!(refusal::ok(answer.clone()).expect_err("a refusal").reason, UnseenReason::Unreachable);
    }),
    ("moto-list-objects-v2-delimiter", |answer| {
        let (keys, page) = page_of(answer, "", true).expect("a page");
        assert_eq!((keys.len(), page.prefixes.len()), (1, 5));
        assert!(page.prefixes.contains(&"github/".to_owned()));
    }),
    ("moto-list-objects-v2-empty", |answer| {
        page(answer, "", 0, false);
    }),
    ("moto-list-objects-v2-encoding-url", |answer| {
        buckets_keys(&page(answer, "", 89, false));
    }),
    ("moto-list-objects-v2-page1", |answer| {
        buckets_keys(&page(answer, "", 20, true));
    }),
    ("moto-list-objects-v2-page2", |answer| {
        page(answer, "github/", 20, true);
    }),
    ("moto-list-objects-v2-prefix-delimiter", |answer| {
        let (keys, page) = page_of(answer, "github/", true).expect("a page");
        assert_eq!((keys.len(), page.prefixes.len()), (0, 3));
    }),
    ("moto-list-objects-v2-start-after-fetch-owner", |answer| {
        let keys = page(answer, "", 5, true);
        assert!(keys[0].0.as_str() > "github/beta/2026-02-20");
    }),
    ("moto-wrong-region-request", |answer| {
        page(answer, "", 1, true);
        assert_eq!(region::instead(answer, "us-east-1"), None, "any region will do there");
    }),
];

#[test]
fn recorded_answers_are_read_as_what_they_are() {
    let Some(folder) = folder() else { return };
    for (name, reads) in CASES {
        let answer = recorded(&folder, name);
        // Whose assertion fails is told by the name of the thread.
        let thread = std::thread::Builder::new().name((*name).to_owned());
        let outcome = thread.spawn(move || reads(&answer)).expect("a thread").join();
        assert!(outcome.is_ok(), "{name}");
    }
}

#[test]
fn every_recorded_answer_has_a_case() {
    let Some(folder) = folder() else { return };
    let known: BTreeSet<&str> = CASES.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), CASES.len(), "each case once");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        names.insert(stem);
    }
    let missing: Vec<&String> = names.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "recorded answers without a case");
    let gone: Vec<&&str> = known.iter().filter(|name| !names.contains(**name)).collect();
    assert_eq!(gone, Vec::<&&str>::new(), "cases without an answer");
}
