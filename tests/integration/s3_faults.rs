//! Faults of S3: whatever goes wrong, a list is a miss with the right reason or says that it lacks something,
//! and no secret is written.
//!
//! What the door makes of each fault is in `http_door`.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use lastgood::collect::clock::Clock;
use lastgood::collect::http::Settings as Ways;
use lastgood::collect::s3::Bucket;
use lastgood::evidence::Fact;
use lastgood::model::UnseenReason;
use lastgood::model::time::parse_instant;

use crate::collecting::quick;
use crate::estate::s3::Quirk;
use crate::estate::{self, Estate, Fault, Wait, When};
use crate::s3::{SECRETS, SIGNED, at, bucket, keyring, listed, objects, settings, start};

/// A bucket of three pages.
const THREE_PAGES: &str = "page: 10\nbuckets: [{ name: b, versioning: Enabled, many: [{ prefix: db/, count: 25 }] }]";

/// The same without versions, so that objects alone are listed.
fn without_versions() -> Estate {
    start(&THREE_PAGES.replace("versioning: Enabled, ", ""))
}

/// Settings for faults that only time ends.
fn impatient() -> Ways {
    Ways { timeout: Duration::from_millis(300), ..quick() }
}

/// Settings for what would go on for ever.
fn hurried() -> Ways {
    Ways { deadline: tokio::time::Instant::now().checked_add(Duration::from_secs(2)), ..quick() }
}

fn with(estate: &Estate, ways: Ways) -> Arc<Bucket> {
    let settings = format!("{SIGNED}, region: us-east-1");
    at(&estate.s3_url(), &settings, &keyring(&[]), ways, Clock::new(estate::now))
}

fn assert_clean(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} was written down: {text}");
    }
}

/// Why the list of everything is not whole; `None` where it says that it is.
async fn side(bucket: &Arc<Bucket>) -> Option<UnseenReason> {
    let (rows, listed) = listed(bucket, "").await;
    assert_clean(&format!("{listed:?}"));
    match listed {
        Ok(listed) => {
            assert_clean(&serde_json::to_string(&listed.source).expect("JSON"));
            let whole = listed.lacks.is_none();
            assert!(!whole || !rows.is_empty(), "an empty list of a full bucket says that it is whole");
            listed.lacks.map(|miss| miss.reason)
        }
        Err(miss) => {
            assert_clean(&miss.to_string());
            Some(miss.reason)
        }
    }
}

/// Why the recovery points are not all; `None` where they say that they are.
async fn points(bucket: &Arc<Bucket>) -> Option<UnseenReason> {
    let copy = objects("prefix: db/");
    let outcome = bucket.objects(&copy, None, parse_instant("2000-01-01").expect("a time")).await;
    assert_clean(&format!("{outcome:?}"));
    let told = match outcome {
        Err(miss) => return Some(miss.reason),
        Ok(told) => told,
    };
    let complete = told.iter().any(|told| matches!(&told.fact, Fact::RecoveryPoints(points) if points.complete));
    if complete {
        return None;
    }
    let unseen = told.iter().find_map(|told| match &told.fact {
        Fact::Unseen(unseen) => Some(unseen.reason),
        _ => None,
    });
    Some(unseen.unwrap_or(UnseenReason::Truncated))
}

/// Why the inventory is not whole; `None` where it says that it is.
async fn inventory(bucket: &Arc<Bucket>) -> Option<UnseenReason> {
    let listing = bucket.inventory().await;
    assert_clean(&format!("{listing:?}"));
    let complete =
        listing.told.iter().any(|told| matches!(&told.fact, Fact::Inventory(inventory) if inventory.complete));
    if complete {
        return None;
    }
    assert!(!listing.misses.is_empty(), "a list that is not whole says why: {listing:?}");
    listing.misses.first().map(|miss| miss.reason)
}

/// Asserts that under a fault of every answer nothing is told as seen, and that the reason is this one.
async fn all_unseen(fault: &Fault, reason: UnseenReason, ways: Ways) {
    let estate = start(THREE_PAGES);
    estate.fault("*", When::Always, fault.clone());
    let fresh = || with(&estate, ways.clone());
    assert_eq!(side(&fresh()).await, Some(reason), "{fault:?}: side");
    assert_eq!(points(&fresh()).await, Some(reason), "{fault:?}: objects");
    assert_eq!(inventory(&fresh()).await, Some(reason), "{fault:?}: inventory");
    let told = fresh().settings("").await;
    assert_clean(&format!("{told:?}"));
    let (found, unseen) = settings(&told);
    assert_eq!(found, lastgood::evidence::fact::Settings::default(), "{fault:?}: settings");
    assert!(unseen.iter().any(|(is, _)| *is == reason), "{fault:?}: settings: {unseen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_told_by_its_code() {
    use UnseenReason::{NotAuthorized, NotFound, Unreachable, Unreadable};
    for (status, code, reason) in [
        (403, "AccessDenied", NotAuthorized),
        (403, "InvalidAccessKeyId", NotAuthorized),
        (403, "SignatureDoesNotMatch", NotAuthorized),
        (400, "ExpiredToken", NotAuthorized),
        (403, "RequestTimeTooSkewed", NotAuthorized),
        (404, "NoSuchBucket", NotFound),
        (405, "MethodNotAllowed", Unreadable),
        (500, "InternalError", Unreachable),
        // A status of success does not make an error one.
        (200, "InternalError", Unreachable),
        (200, "AccessDenied", NotAuthorized),
    ] {
        all_unseen(&Fault::S3(status, code), reason, quick()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_without_a_code_is_told_by_itself() {
    for (fault, reason) in [
        (Fault::Status(401), UnseenReason::NotAuthorized),
        (Fault::Status(403), UnseenReason::NotAuthorized),
        (Fault::Status(404), UnseenReason::NotFound),
        (Fault::Status(409), UnseenReason::Unreadable),
        (Fault::Status(451), UnseenReason::NotAuthorized),
        (Fault::Status(500), UnseenReason::Unreachable),
        (Fault::Proxy(502), UnseenReason::Unreachable),
        (Fault::Proxy(503), UnseenReason::Unreachable),
        (Fault::Proxy(403), UnseenReason::NotAuthorized),
    ] {
        all_unseen(&fault, reason, quick()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_not_read() {
    for (fault, reason) in [
        (Fault::Html, UnseenReason::Unreadable),
        (Fault::NoJson, UnseenReason::Unreadable),
        (Fault::Cut, UnseenReason::Truncated),
        (Fault::CutGzip, UnseenReason::Truncated),
        (Fault::HalfJson, UnseenReason::Truncated),
        (Fault::Partial, UnseenReason::Truncated),
        (Fault::GzipBomb(64), UnseenReason::Unreadable),
        (Fault::Huge { bytes: 1 << 30, told: false }, UnseenReason::Unreadable),
        (Fault::Huge { bytes: 1 << 30, told: true }, UnseenReason::Unreadable),
        (Fault::Redirect("https://elsewhere.invalid/".to_owned()), UnseenReason::Unreadable),
        (Fault::RedirectLoop, UnseenReason::Unreadable),
    ] {
        all_unseen(&fault, reason, quick()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_is_unreachable() {
    all_unseen(&Fault::HangUp, UnseenReason::Unreachable, quick()).await;
    all_unseen(&Fault::Silence, UnseenReason::Unreachable, impatient()).await;
    all_unseen(&Fault::Drip(Duration::from_millis(50)), UnseenReason::Unreachable, impatient()).await;
    let mut estate = start(THREE_PAGES);
    let url = estate.s3_url();
    estate.close();
    for url in [url.clone(), "https://nowhere.invalid".to_owned(), url.replace("http://", "https://")] {
        let bucket = at(&url, SIGNED, &keyring(&[]), quick(), Clock::new(estate::now));
        assert_eq!(side(&bucket).await, Some(UnseenReason::Unreachable), "{url}");
        assert_eq!(inventory(&bucket).await, Some(UnseenReason::Unreachable), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_nobody_trusts_is_not_trusted() {
    let truth = estate::Truth::parse(
        "{ organization: estate, repositories: [], s3: { buckets: [{ name: b, public: true }] } }",
    );
    let estate = Estate::of(truth).tls(estate::Certificate::Good).start();
    let bucket = at(&estate.s3_url(), "anonymous: true", &keyring(&[]), quick(), Clock::new(estate::now));
    assert_eq!(side(&bucket).await, Some(UnseenReason::Unreachable));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_asks_to_wait_for_too_long_is_a_limit() {
    for fault in [
        Fault::S3(503, "SlowDown"),
        Fault::S3(429, "TooManyRequests"),
        Fault::Limit(429, Wait::Seconds(3_600)),
        Fault::Limit(503, Wait::Date(3_600)),
    ] {
        all_unseen(&fault, UnseenReason::RateLimited, hurried()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_lacks_what_every_page_has_is_not_believed() {
    for name in ["IsTruncated", "Key", "Size", "LastModified", "NextContinuationToken"] {
        let estate = without_versions();
        estate.fault("/b*", When::Always, Fault::Without(name));
        assert_ne!(side(&with(&estate, hurried())).await, None, "{name}: side");
        assert_ne!(points(&with(&estate, hurried())).await, None, "{name}: objects");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_versions_that_lacks_what_every_page_has_is_not_believed() {
    let names = ["IsTruncated", "Key", "VersionId", "IsLatest", "Size", "LastModified", "NextKeyMarker"];
    for name in names.into_iter().chain(["NextVersionIdMarker"]) {
        let estate = start(THREE_PAGES);
        estate.fault("/b[?]versions*", When::Always, Fault::Without(name));
        assert_ne!(points(&with(&estate, hurried())).await, None, "{name}");
    }
    for quirk in [Quirk::NoToken, Quirk::Loop, Quirk::Unordered] {
        let estate = start(THREE_PAGES);
        estate.s3().quirk("b", Some(quirk));
        assert_ne!(points(&with(&estate, hurried())).await, None, "{quirk:?}");
        assert!(estate.requests().len() <= 16, "{quirk:?}: {} requests", estate.requests().len());
    }
    let estate = start(THREE_PAGES);
    estate.fault("/b[?]versions*", When::Always, Fault::S3(503, "SlowDown"));
    assert_eq!(points(&with(&estate, hurried())).await, Some(UnseenReason::RateLimited));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_do_not_fit_each_other_are_no_list() {
    for quirk in [
        Quirk::NoToken,
        Quirk::Loop,
        Quirk::SamePage,
        Quirk::Endless,
        Quirk::Twice,
        Quirk::Unordered,
        Quirk::Miscounted,
    ] {
        let estate = without_versions();
        estate.s3().quirk("b", Some(quirk));
        assert_ne!(side(&with(&estate, hurried())).await, None, "{quirk:?}: side");
        assert_ne!(points(&with(&estate, hurried())).await, None, "{quirk:?}: objects");
        if !matches!(quirk, Quirk::Endless) {
            assert!(estate.requests().len() <= 16, "{quirk:?}: {} requests", estate.requests().len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_the_middle_leaves_the_rest_unseen() {
    for (fault, reason) in [
        (Fault::S3(400, "ExpiredToken"), UnseenReason::NotAuthorized),
        (Fault::S3(403, "AccessDenied"), UnseenReason::NotAuthorized),
        (Fault::S3(404, "NoSuchBucket"), UnseenReason::NotFound),
        (Fault::S3(500, "InternalError"), UnseenReason::Unreachable),
        (Fault::HangUp, UnseenReason::Unreachable),
        (Fault::Cut, UnseenReason::Truncated),
        (Fault::HalfJson, UnseenReason::Truncated),
        (Fault::Html, UnseenReason::Unreadable),
    ] {
        for at in 2..=5 {
            let estate = start(THREE_PAGES);
            estate.fault("/b*", When::From(at), fault.clone());
            assert_eq!(side(&with(&estate, quick())).await, Some(reason), "{fault:?} at {at}: side");
            let estate = start(THREE_PAGES);
            estate.fault("/b*", When::From(at), fault.clone());
            assert_eq!(points(&with(&estate, quick())).await, Some(reason), "{fault:?} at {at}: objects");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_passes_is_none() {
    for fault in [Fault::S3(500, "InternalError"), Fault::Proxy(502), Fault::HangUp] {
        let estate = start(THREE_PAGES);
        estate.fault("/b*", When::Nth(4), fault.clone());
        assert_eq!(side(&with(&estate, quick())).await, None, "{fault:?}");
        assert_eq!(points(&with(&estate, quick())).await, None, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_cannot_be_read_hides_no_other() {
    for (subresource, name) in
        [("versioning", "versions"), ("object-lock", "locked"), ("lifecycle", "lifecycle"), ("uploads", "uploads")]
    {
        for (fault, reason) in [
            (Fault::S3(501, "NotImplemented"), UnseenReason::Unreadable),
            (Fault::S3(404, "NoSuchBucket"), UnseenReason::NotFound),
            (Fault::S3(500, "InternalError"), UnseenReason::Unreachable),
            (Fault::Html, UnseenReason::Unreadable),
            (Fault::Proxy(404), UnseenReason::NotFound),
            (Fault::HalfJson, UnseenReason::Truncated),
        ] {
            let estate = start(
                "buckets: [{ name: b, objects: [{ key: db/new, size: 1 }], versioning: Enabled, lock: { mode: COMPLIANCE, days: 9 }, lifecycle: '<Rule><Prefix/><Status>Enabled</Status><Expiration><Days>8</Days></Expiration></Rule>' }]",
            );
            estate.fault(&format!("/b[?]{subresource}*"), When::Always, fault.clone());
            let bucket = with(&estate, quick());
            listed(&bucket, "db/").await.1.expect("a list");
            let (found, unseen) = settings(&bucket.settings("db/").await);
            let reasons: Vec<UnseenReason> = unseen.iter().map(|(reason, _)| *reason).collect();
            assert_eq!(reasons, [reason], "{subresource}: {fault:?}: {unseen:?}");
            assert!(unseen[0].1.contains(name), "{unseen:?}");
            let told = |of: &str| subresource != of;
            assert_eq!(found.versioning, told("versioning").then_some(true), "{subresource}: {fault:?}");
            assert_eq!(found.locked_days, told("object-lock").then_some(9), "{subresource}: {fault:?}");
            assert_eq!(found.expires_days, told("lifecycle").then_some(8), "{subresource}: {fault:?}");
            assert_eq!(found.unfinished.is_some(), told("uploads"), "{subresource}: {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_is_answered_with_a_list_is_not_harmless() {
    // As Ceph answers what it does not know.
    for subresource in ["versioning", "object-lock", "lifecycle", "uploads"] {
        let list = "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>";
        let estate = start("buckets: [{ name: b }]");
        estate.fault(&format!("/b[?]{subresource}*"), When::Always, Fault::Instead(list));
        let (found, unseen) = settings(&with(&estate, quick()).settings("").await);
        assert_eq!(unseen.len(), 1, "{subresource}: {found:?} {unseen:?}");
        assert_eq!(unseen[0].0, UnseenReason::Unreadable, "{subresource}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_is_named() {
    for hours in [-1, 1] {
        let estate = start(THREE_PAGES);
        estate.s3().ahead(TimeDelta::hours(hours));
        let (_, refused) = listed(&with(&estate, quick()), "").await;
        let miss = refused.expect_err("the server refuses");
        assert_eq!(miss.reason, UnseenReason::NotAuthorized);
        assert!(miss.what.contains("RequestTimeTooSkewed") && miss.what.contains("clock"), "{miss}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_wrong_are_not_tried_again_and_again() {
    const WRONG: [(&str, &str); 1] = [("S3_SECRET", "not-the-secret")];
    const UNKNOWN: [(&str, &str); 1] = [("S3_ID", "AKIANOBODY")];
    const STALE: [(&str, &str); 3] = [
        ("AWS_ACCESS_KEY_ID", "ASIAESTATE"),
        ("AWS_SECRET_ACCESS_KEY", "estate-secret-2"),
        ("AWS_SESSION_TOKEN", "estate-session-2"),
    ];
    let cases: [(&'static [(&'static str, &'static str)], &str); 3] =
        [(&WRONG, SIGNED), (&UNKNOWN, SIGNED), (&STALE, "")];
    for (variables, settings) in cases {
        let estate = start(THREE_PAGES);
        let settings = format!("region: us-east-1, {settings}");
        let bucket = at(
            &estate.s3_url(),
            settings.trim_end_matches(", "),
            &keyring(variables),
            quick(),
            Clock::new(estate::now),
        );
        let (rows, refused) = listed(&bucket, "").await;
        let miss = refused.expect_err("the server refuses");
        assert_eq!((miss.reason, rows.len()), (UnseenReason::NotAuthorized, 0), "{miss}");
        let text = format!("{miss} {miss:?}");
        assert_clean(&text);
        assert!(!text.contains("not-the-secret"), "{text}");
        assert!(estate.requests().len() <= 3, "{variables:?}: {} requests", estate.requests().len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_repeats_what_it_was_sent_finds_it_nowhere() {
    for fault in [Fault::Echo(200), Fault::Echo(400), Fault::Echo(403), Fault::Echo(500), Fault::EchoRedirect] {
        let estate = start(THREE_PAGES);
        estate.fault("*", When::Always, fault.clone());
        let bucket = bucket(&estate, &format!("{SIGNED}, region: us-east-1"));
        assert_ne!(side(&bucket).await, None, "{fault:?}");
        assert_ne!(points(&bucket).await, None, "{fault:?}");
        assert_ne!(inventory(&bucket).await, None, "{fault:?}");
        // The signature too: for some minutes it opens what it was made for.
        let told = format!("{:?} {:?}", bucket.settings("").await, listed(&bucket, "").await.1);
        assert_clean(&told);
        assert!(!told.contains("Signature="), "{fault:?}: {told}");
    }
}
