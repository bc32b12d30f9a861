//! The S3 collector against real servers, each that there is: Ceph's gateway and moto, as `.ci/run` starts
//! them. What one run used is said; where there is none, that is said too.
//!
//! What no real server can be made to do is in `s3` and `s3_faults`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Method;
use lastgood::collect::clock::Clock;
use lastgood::collect::s3::Bucket;
use lastgood::collect::secrets::Keyring;
use lastgood::model::UnseenReason;
use lastgood::model::time::parse_instant;
use md5::{Digest as _, Md5};
use secrecy::SecretString;

use crate::collecting::quick;
use crate::estate;
use crate::s3::{SIGNED, listed, names, objects, odd_keys, of, points, settings, whole};
use crate::servers::{Client, Request, Server, say};

/// Runs a test on every server that there is, one after the other.
async fn each(what: &str, test: impl AsyncFn(&Client, String)) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    for server in Server::all() {
        let client = Client::new(&server);
        // Each run has buckets of its own: the servers may live for longer.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let bucket = format!("lastgood-{}-{}-{number}", estate::now().timestamp_micros(), std::process::id());
        test(&client, bucket).await;
        say(&format!("s3_servers: {what}: on {}", server.name));
    }
}

fn keys(id: &str, secret: &str) -> Keyring {
    let (id, secret) = (id.to_owned(), secret.to_owned());
    Keyring::new(Path::new("."), move |name| match name {
        "S3_ID" => Some(SecretString::from(id.clone())),
        "S3_SECRET" => Some(SecretString::from(secret.clone())),
        "AWS_EC2_METADATA_DISABLED" => Some(SecretString::from("true")),
        _ => None,
    })
}

fn collector(client: &Client, bucket: &str, settings: &str, keys: &Keyring) -> Arc<Bucket> {
    let text = format!("bucket: {bucket}, endpoint: '{}', {settings}", client.server.url);
    of(&text, keys, quick(), Clock::new(estate::now))
}

fn signed(client: &Client, bucket: &str) -> Arc<Bucket> {
    collector(client, bucket, SIGNED, &keys(&client.server.id, &client.server.secret))
}

#[tokio::test]
async fn every_odd_key_comes_back_as_it_was_written() {
    each("odd keys", async |client, bucket| {
        client.make(&bucket, false).await;
        // moto has no address for a key with a line break.
        let keys: Vec<String> =
            odd_keys().into_iter().filter(|key| client.server.name != "moto" || !key.contains('\n')).collect();
        for (number, key) in keys.iter().enumerate() {
            client.put(&bucket, &format!("odd/{key}"), vec![b'x'; number + 1]).await;
        }
        client.put(&bucket, "odder", "x").await;
        let collector = signed(client, &bucket);
        let rows = whole(&collector, "odd/").await;
        assert_eq!(names(&rows), keys.iter().map(String::as_str).collect::<BTreeSet<_>>(), "{}", client.server.name);
        let side = collector.side("odd/");
        for row in &rows {
            let size = keys.iter().position(|key| **key == *row.name).expect("it is one of them") + 1;
            assert_eq!(row.bytes, size as u64, "{:?}", row.name);
            let md5: [u8; 16] = Md5::digest(vec![b'x'; size]).into();
            let closer = side.closer(&row.name).await.unwrap_or_else(|miss| panic!("{:?}: {miss}", row.name));
            assert_eq!(closer.md5, Some(md5), "{:?}", row.name);
        }
    })
    .await;
}

#[tokio::test]
async fn more_objects_than_a_page_holds_are_all_listed() {
    each("1,010 objects", async |client, bucket| {
        const COUNT: u32 = 1_010;
        client.make(&bucket, false).await;
        let writes = stream::iter(0..COUNT).map(|number| {
            let (client, bucket) = (client.clone(), bucket.clone());
            async move { client.put(&bucket, &format!("p{:02}/{number:05}", number % 50), number.to_string()).await }
        });
        writes.buffer_unordered(16).collect::<Vec<()>>().await;
        let collector = signed(client, &bucket);
        assert_eq!(names(&whole(&collector, "").await).len(), 1_010);
        assert_eq!(whole(&collector, "p07/").await.len(), 21);
        let listing = collector.inventory().await;
        assert_eq!(listing.misses, []);
        assert!(listing.told.len() >= 51, "50 prefixes and the end of the list: {}", listing.told.len());
    })
    .await;
}

#[tokio::test]
async fn groups_of_objects_are_recovery_points() {
    each("recovery points", async |client, bucket| {
        client.make(&bucket, false).await;
        for (key, bytes) in [
            ("backups/db-2026-11-20/a", 100),
            ("backups/db-2026-11-20/b", 50),
            ("backups/db-2026-11-21/a", 10),
            ("backups/db-2026-11-22/a", 0),
            ("backups/readme", 3),
        ] {
            client.put(&bucket, key, vec![0; bytes]).await;
        }
        let copy = objects(
            r"prefix: backups/, pattern: '^backups/db-(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})/', group: match",
        );
        let since = parse_instant("2000-01-01").expect("a time");
        let told = signed(client, &bucket).objects(&copy, None, since).await.expect("objects");
        let points = points(&told);
        assert!(points.complete);
        let mut found: Vec<_> = points
            .points
            .iter()
            .map(|point| {
                (
                    point.captured_at.format("%d").to_string(),
                    point.bytes.expect("bytes").get(),
                    point.items.expect("items").get(),
                )
            })
            .collect();
        found.sort();
        assert_eq!(found, [("20".to_owned(), 150, 2), ("21".to_owned(), 10, 1), ("22".to_owned(), 0, 1)]);
    })
    .await;
}

#[tokio::test]
async fn an_upload_in_parts_has_no_md5_and_one_that_never_ended_is_no_object() {
    each("uploads in parts", async |client, bucket| {
        client.make(&bucket, false).await;
        let parts = [Bytes::from(vec![1; 5 << 20]), Bytes::from(vec![2; 1_000])];
        client.put_in_parts(&bucket, "parts", &parts).await;
        client.begin(&bucket, "never-ended").await;
        let collector = signed(client, &bucket);
        let rows = whole(&collector, "").await;
        assert_eq!(names(&rows), BTreeSet::from(["parts"]));
        assert_eq!(rows[0].bytes, (5 << 20) + 1_000);
        let sums = collector.side("").closer("parts").await.expect("a look");
        let both = parts.iter().flat_map(|part| Md5::digest(part).to_vec()).collect::<Vec<u8>>();
        assert_eq!((sums.md5, sums.parts), (None, Some((Md5::digest(&both).into(), 2))));
        let (found, unseen) = settings(&collector.settings("").await);
        assert_eq!(unseen, []);
        // moto says of every upload that it began in 2010.
        let began_long_ago = u64::from(client.server.name == "moto");
        assert_eq!(found.unfinished.map(|unfinished| unfinished.count), Some(began_long_ago), "{}", client.server.name);
    })
    .await;
}

#[tokio::test]
async fn what_a_bucket_is_set_to_is_read() {
    const RULES: &str = "<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>db/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule><Rule><ID>b</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>14</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
    const LOCK: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>40</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    each("settings", async |client, bucket| {
        client.make(&bucket, false).await;
        let (found, unseen) = settings(&signed(client, &bucket).settings("db/").await);
        assert_eq!(unseen, [], "{}", client.server.name);
        assert_eq!(
            (found.versioning, found.expires_days, found.locked_days),
            (Some(false), Some(0), Some(0)),
            "{}",
            client.server.name
        );
        let locked = format!("{bucket}-locked");
        client.make(&locked, true).await;
        let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        client.set(&locked, "versioning", on).await;
        client.set(&locked, "lifecycle", RULES).await;
        client.set(&locked, "object-lock", LOCK).await;
        // moto says `<Years>0</Years>` beside the days, and of two lengths the shorter one counts.
        let locked_days = if client.server.name == "moto" { 0 } else { 40 };
        client.put(&locked, "db/daily/new", "one").await;
        let collector = signed(client, &locked);
        whole(&collector, "db/daily/").await;
        let (found, unseen) = settings(&collector.settings("db/daily/").await);
        assert_eq!(unseen, [], "{}", client.server.name);
        assert_eq!(
            (found.versioning, found.expires_days, found.noncurrent_days, found.locked_days),
            (Some(true), Some(30), Some(14), Some(locked_days)),
            "{}",
            client.server.name
        );
        let (found, _) = settings(&signed(client, &locked).settings("files/").await);
        assert_eq!(found.expires_days, Some(0), "{}", client.server.name);
    })
    .await;
}

#[tokio::test]
async fn what_was_deleted_is_not_listed_although_its_versions_are_kept() {
    each("delete markers", async |client, bucket| {
        client.make(&bucket, false).await;
        let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        client.set(&bucket, "versioning", on).await;
        for key in ["kept", "deleted"] {
            client.put(&bucket, key, "one").await;
            client.put(&bucket, key, "two!").await;
        }
        client.delete(&bucket, "deleted").await;
        let collector = signed(client, &bucket);
        let rows = whole(&collector, "").await;
        assert_eq!((names(&rows), rows[0].bytes), (BTreeSet::from(["kept"]), 4));
        let miss = collector.side("").closer("deleted").await.expect_err("it is gone");
        assert_eq!(miss.reason, UnseenReason::NotFound, "{miss}");
    })
    .await;
}

#[tokio::test]
async fn who_may_not_look_sees_nothing_and_is_told_why() {
    each("refusals", async |client, bucket| {
        client.make(&bucket, false).await;
        client.put(&bucket, "k", "x").await;
        let wrong = keys(&client.server.id, "not-the-secret");
        let unknown = keys("AKIANOBODY", "not-the-secret");
        for (what, settings, keys) in [
            ("a wrong secret", SIGNED, &wrong),
            ("an unknown key", SIGNED, &unknown),
            ("nobody", "anonymous: true", &wrong),
        ] {
            let (rows, refused) = listed(&collector(client, &bucket, settings, keys), "").await;
            // moto breaks down where nobody signs.
            let reason = match (client.server.name.as_str(), what) {
                ("moto", "nobody") => UnseenReason::Unreachable,
                _ => UnseenReason::NotAuthorized,
            };
            let Err(miss) = refused else { panic!("{}: {what} lists", client.server.name) };
            assert_eq!((miss.reason, rows.len()), (reason, 0), "{}: {what}: {miss}", client.server.name);
            assert!(!format!("{miss:?}").contains("not-the-secret"));
        }
        let (_, refused) = listed(&signed(client, &format!("{bucket}-not-there")), "").await;
        assert_eq!(refused.expect_err("there is none").reason, UnseenReason::NotFound);
        let there = client.send(Method::HEAD, Request { bucket: &bucket, ..Request::default() }).await;
        assert!(there.status.is_success(), "it is there for whoever may look");
    })
    .await;
}
