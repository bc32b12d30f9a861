//! The S3 collector against the estate's S3: what lies there is found as it is.
//!
//! Versions and what holds them are in `s3_history`, faults in `s3_faults`, real servers in `s3_servers`,
//! recorded answers in `recorded_s3`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use lastgood::collect::clock::Clock;
use lastgood::collect::compare::{Listed, Row};
use lastgood::collect::http::{Door, Settings as Ways};
use lastgood::collect::listing::Listing;
use lastgood::collect::miss::Miss;
use lastgood::collect::s3::Bucket;
use lastgood::collect::secrets::Keyring;
use lastgood::collect::told::Told;
use lastgood::evidence::fact::{RecoveryPoints, Settings};
use lastgood::evidence::{Fact, Point};
use lastgood::model::time::{Instant, parse_instant};
use lastgood::model::{Count, UnseenReason};
use lastgood::policy::document::Objects;
use lastgood::policy::{Copy, System};
use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::collecting::quick;
use crate::estate::s3::truth::Object;
use crate::estate::{self, Estate, Truth, s3};
use crate::support::policy;

/// What no file that is written may hold.
pub(crate) const SECRETS: [&str; 4] = ["estate-secret-1", "estate-secret-2", "estate-session-1", "estate-session-2"];

/// Access keys of every truth here, in its YAML.
const KEYS: &str = "
keys:
  - { id: AKIAESTATE, secret: estate-secret-1 }
  - { id: ASIAESTATE, secret: estate-secret-2, token: estate-session-1 }
";

/// As whom a policy says that it is looked.
pub(crate) const SIGNED: &str = "access_key_id: { env: S3_ID }, secret_access_key: { env: S3_SECRET }";

/// Starts an S3 of which that is true.
pub(crate) fn start(truth: &str) -> Estate {
    let s3 = s3::Truth::parse(&format!("{KEYS}{truth}"));
    let truth = Truth { s3, ..Truth::parse("{ organization: estate, repositories: [] }") };
    Estate::of(truth).start()
}

/// Returns a keyring of the variables that the tests know, and of `more`.
pub(crate) fn keyring(more: &'static [(&'static str, &'static str)]) -> Keyring {
    const KNOWN: [(&str, &str); 3] =
        [("S3_ID", "AKIAESTATE"), ("S3_SECRET", "estate-secret-1"), ("AWS_EC2_METADATA_DISABLED", "true")];
    Keyring::new(Path::new("."), move |name| {
        let found = more.iter().chain(&KNOWN).find(|(known, _)| *known == name);
        found.map(|(_, value)| SecretString::from(*value))
    })
}

/// Returns a collector of the bucket `b` of a server, with those settings of the policy.
pub(crate) fn at(url: &str, settings: &str, keys: &Keyring, ways: Ways, clock: Clock) -> Arc<Bucket> {
    of(&format!("bucket: b, endpoint: '{url}', {settings}"), keys, ways, clock)
}

/// Returns a collector of a system that a policy describes so.
pub(crate) fn of(text: &str, keys: &Keyring, ways: Ways, clock: Clock) -> Arc<Bucket> {
    let parsed = policy(&document(text, "unknown"));
    let Some(System::S3(system)) = parsed.document().systems.get("s") else { panic!("no system") };
    let door = Door::open(ways, clock, keys.clone()).expect("a door");
    Arc::new(Bucket::new(door, keys.clone(), system).expect("a bucket"))
}

/// Returns a collector of the bucket `b` of the estate, with those settings of the policy.
pub(crate) fn bucket(estate: &Estate, settings: &str) -> Arc<Bucket> {
    at(&estate.s3_url(), settings, &keyring(&[]), quick(), Clock::new(estate::now))
}

fn document(system: &str, copies: &str) -> String {
    format!(
        "version: 1\ntitle: T\nsystems:\n  s: {{ kind: s3, {system} }}\n  x: {{ kind: external }}\nobjectives:\n  o: {{ rpo: 1d }}\n\
         assets:\n  - {{ id: a, lives_in: x, objective: o, copies: {copies} }}\n"
    )
}

/// Returns the copy of a policy that is written so.
pub(crate) fn objects(settings: &str) -> Objects {
    let policy = policy(&document("bucket: b", &format!("[{{ id: c, in: s, by: objects, {settings} }}]")));
    let copies = policy.document().assets[0].copies.known().expect("it is known");
    let Some(Copy::Objects(objects)) = copies.first().cloned() else { panic!("no objects") };
    objects
}

/// Lists a side to its end.
pub(crate) async fn listed(bucket: &Arc<Bucket>, prefix: &str) -> (Vec<Row>, Result<Listed, Miss>) {
    let side = bucket.side(prefix);
    let (out, mut pages) = mpsc::channel(4);
    let taken = async {
        let mut rows = Vec::new();
        while let Some(page) = pages.recv().await {
            rows.extend(page);
        }
        rows
    };
    tokio::join!(taken, side.list(out))
}

/// Lists a side that has to be whole.
pub(crate) async fn whole(bucket: &Arc<Bucket>, prefix: &str) -> Vec<Row> {
    let (rows, listed) = listed(bucket, prefix).await;
    let listed = listed.expect("a list");
    assert_eq!(listed.lacks, None);
    rows
}

pub(crate) fn names(rows: &[Row]) -> BTreeSet<&str> {
    let names: BTreeSet<&str> = rows.iter().map(|row| &*row.name).collect();
    assert_eq!(names.len(), rows.len(), "each comes once");
    names
}

/// Returns the recovery points that were told.
pub(crate) fn points(told: &[Told]) -> &RecoveryPoints {
    let mut found = told.iter().filter_map(|told| match &told.fact {
        Fact::RecoveryPoints(points) => Some(points),
        _ => None,
    });
    let points = found.next().unwrap_or_else(|| panic!("no recovery points in {told:?}"));
    assert_eq!(found.count(), 0, "recovery points are told once");
    points
}

/// Returns the settings that were told, and what was not seen of them.
pub(crate) fn settings(told: &[Told]) -> (Settings, Vec<(UnseenReason, String)>) {
    let (mut settings, mut unseen) = (Settings::default(), Vec::new());
    for told in told {
        match &told.fact {
            Fact::Settings(found) => settings = found.or(settings),
            Fact::Unseen(fact) => unseen.push((fact.reason, fact.what.to_string())),
            other => panic!("{other:?} is no setting"),
        }
    }
    (settings, unseen)
}

/// Returns the names of the items of an inventory that has to be whole.
fn items(listing: &Listing) -> Vec<&str> {
    assert_eq!(listing.misses, []);
    let mut items = Vec::new();
    for told in &listing.told {
        match &told.fact {
            Fact::Item(item) => items.push(&*item.name),
            Fact::Inventory(inventory) => {
                assert!(inventory.complete);
                assert_eq!(inventory.count, items.len() as u64);
            }
            other => panic!("{other:?} is of no inventory"),
        }
    }
    items
}

pub(crate) fn long_ago() -> Instant {
    parse_instant("2000-01-01").expect("a time")
}

/// Keys that have broken programs before; the last one is as long as a key may be.
pub(crate) fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a b",
        "a+b",
        "a%20b",
        "a%2Bb",
        "a\nb",
        "tab\there",
        "ä/日本/ö",
        "x&<y>\"'",
        "a//b",
        "~",
        "*",
        "#?=&;:@",
        "back\\slash",
        "{curly}",
        "\u{1f4be}",
        "e\u{301}",
        "\u{e9}",
        "emoji \u{10ffff}",
        "trailing ",
        "dots...",
        "...",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("ä".repeat(512 - "odd/".len() / 2));
    keys
}

fn fill(estate: &Estate, keys: &[String]) {
    estate.s3().change("b", |objects| {
        for (size, key) in (1..).zip(keys) {
            objects.insert(key.clone(), Object::new(key, size));
        }
    });
}

#[tokio::test]
async fn every_key_is_listed_as_it_is_by_every_kind_of_server() {
    for personality in ["aws", "ceph", "moto"] {
        for page in [1, 2, 1_000] {
            let estate = start(&format!("personality: {personality}\npage: {page}\nbuckets: [{{ name: b }}]"));
            let keys = odd_keys();
            let below: Vec<String> = keys.iter().map(|key| format!("odd/{key}")).collect();
            assert_eq!(below.last().expect("a key").len(), 1_024);
            fill(&estate, &below);
            fill(&estate, &["odd".to_owned(), "odder/x".to_owned(), "od/x".to_owned()]);
            let rows = whole(&bucket(&estate, SIGNED), "odd/").await;
            assert_eq!(names(&rows), keys.iter().map(String::as_str).collect(), "{personality}, {page} a page");
            for row in rows {
                let size = keys.iter().position(|key| **key == *row.name).expect("it is one of them") + 1;
                assert_eq!(row.bytes, size as u64, "{:?}", row.name);
            }
        }
    }
}

#[tokio::test]
async fn every_key_is_looked_at_by_its_own_address() {
    let estate = start("buckets: [{ name: b }]");
    let keys = odd_keys();
    fill(&estate, &keys);
    let bucket = bucket(&estate, SIGNED);
    let rows = whole(&bucket, "").await;
    estate.forget();
    let side = bucket.side("");
    for row in rows.iter().filter(|row| row.closer) {
        if let Err(miss) = side.closer(&row.name).await {
            panic!("{:?}: {miss}", row.name);
        }
    }
    let asked: BTreeSet<String> = estate.requests().iter().map(|asked| asked.path.clone()).collect();
    assert_eq!(asked.len(), rows.iter().filter(|row| row.closer).count(), "each has an address of its own");
}

#[tokio::test]
async fn a_checksum_is_taken_only_for_what_it_is() {
    const SHA256: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    let estate = start(&format!(
        "
buckets:
  - name: b
    objects:
      - {{ key: plain, size: 3, md5: 900150983cd24fb0d6963f7d28e17f72 }}
      - {{ key: parts, size: 9, parts: 3 }}
      - {{ key: one-part, size: 9, parts: 1 }}
      - {{ key: kms, size: 3, kms: true }}
      - {{ key: sha, size: 3, checksums: {{ SHA256: '{SHA256}' }}, checksum_type: FULL_OBJECT }}
      - {{ key: composite, size: 9, parts: 2, checksums: {{ SHA256: '{SHA256}-2' }}, checksum_type: COMPOSITE }}
      - {{ key: composite-unmarked, size: 9, parts: 2, checksums: {{ SHA256: '{SHA256}' }}, checksum_type: COMPOSITE }}
      - {{ key: crc, size: 3, checksums: {{ CRC64NVME: 'AAAAAAAAAAA=' }}, checksum_type: FULL_OBJECT }}
"
    ));
    let bucket = bucket(&estate, SIGNED);
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let side = bucket.side("");
    for mut row in whole(&bucket, "").await {
        if row.closer {
            row.sums = side.closer(&row.name).await.expect("a look");
        }
        rows.insert(row.name.to_string(), row);
    }
    let sums = |key: &str| rows[key].sums;
    let abc = [0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72];
    assert_eq!(sums("plain").md5, Some(abc));
    for key in ["parts", "one-part", "composite", "composite-unmarked"] {
        assert_eq!((sums(key).md5, sums(key).sha256), (None, None), "{key}");
    }
    assert_eq!(sums("parts").parts.map(|(_, parts)| parts), Some(3));
    assert_eq!(sums("one-part").parts.map(|(_, parts)| parts), Some(1));
    assert_eq!((sums("kms").md5, sums("kms").parts), (None, None), "the tag of what KMS encrypted is no checksum");
    assert_eq!(sums("sha").sha256.map(|sum| sum[..3].to_vec()), Some(vec![0xba, 0x78, 0x16]));
    assert!(sums("crc").md5.is_some() && sums("crc").sha256.is_none());
}

#[tokio::test]
async fn an_object_that_may_not_be_looked_at_is_a_miss() {
    let estate = start(
        "
buckets:
  - name: b
    objects:
      - { key: denied, denied: true }
      - { key: mine, customer_key: true }
      - { key: gone }
      - { key: deleted }
",
    );
    let bucket = bucket(&estate, SIGNED);
    estate.s3().change("b", |objects| {
        objects.remove("gone");
        objects.get_mut("deleted").expect("it is there").deleted = objects["denied"].modified.into();
    });
    let side = bucket.side("");
    for (key, reason) in [
        ("denied", UnseenReason::NotAuthorized),
        ("mine", UnseenReason::Unreadable),
        ("gone", UnseenReason::NotFound),
        ("deleted", UnseenReason::NotFound),
    ] {
        let miss = side.closer(key).await.expect_err(key);
        assert_eq!(miss.reason, reason, "{key}: {miss}");
    }
}

#[tokio::test]
async fn a_folder_of_objects_is_one_recovery_point() {
    let estate = start(
        "
buckets:
  - name: b
    objects:
      - { key: backups/db-2026-11-20/a.gz, size: 1000, modified: 2026-11-20T02:00:00Z }
      - { key: backups/db-2026-11-20/b.gz, size: 500, modified: 2026-11-20T02:10:00Z }
      - { key: backups/db-2026-11-21/a.gz, size: 10, modified: 2026-11-21T02:00:00Z }
      - { key: backups/db-2026-11-22/, size: 0, modified: 2026-11-22T02:00:00Z }
      - { key: backups/db-2026-11-23/a.gz, size: 0, modified: 2026-11-23T02:00:00Z }
      - { key: backups/readme.txt, size: 7, modified: 2026-11-24T02:00:00Z }
      - { key: elsewhere/db-2026-11-24/a.gz, size: 1000 }
    uploads: [{ key: backups/db-2026-11-24/a.gz, began: 2026-11-24T02:00:00Z }]
",
    );
    let copy = objects(
        r"prefix: backups/, pattern: '^backups/db-(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})/', group: match",
    );
    let bucket = bucket(&estate, SIGNED);
    let told = bucket.objects(&copy, None, long_ago()).await.expect("objects");
    let points = points(&told);
    assert!(points.complete);
    let mut found: Vec<(String, Option<u64>, Option<u64>)> = points
        .points
        .iter()
        .map(|point| {
            let day = point.captured_at.format("%m-%d").to_string();
            (day, point.bytes.map(Count::get), point.items.map(Count::get))
        })
        .collect();
    found.sort();
    let day = |day: &str, bytes, items| (day.to_owned(), Some(bytes), Some(items));
    let marked = found.iter().find(|(day, ..)| day == "11-22").cloned();
    if let Some(marked) = &marked {
        // A folder marker alone holds nothing, whether it is told as an empty point or left out.
        assert!(marked.1 == Some(0) || marked.2 == Some(0), "{marked:?}");
    }
    found.retain(|(day, ..)| day != "11-22");
    assert_eq!(found, [day("11-20", 1_500, 2), day("11-21", 10, 1), day("11-23", 0, 1)]);
    assert!(points.points.iter().filter(|point| point.bytes.map(Count::get) == Some(0)).all(Point::is_empty));
}

/// What settings have to tell.
type Want = fn(Settings) -> bool;

#[tokio::test]
async fn settings_say_what_would_delete_and_what_keeps_from_it() {
    const EXPIRE: &str = "<Rule><ID>x</ID><Filter><Prefix>db/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>";
    const OLD: &str = "<Rule><Prefix></Prefix><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>14</NoncurrentDays></NoncurrentVersionExpiration></Rule>";
    let off = EXPIRE.replace("Enabled", "Disabled");
    let whole = EXPIRE.replace("<Prefix>db/</Prefix>", "");
    let tagged = EXPIRE.replace("<Prefix>db/</Prefix>", "<Tag><Key>k</Key><Value>v</Value></Tag>");
    let both = EXPIRE.replace(
        "<Prefix>db/</Prefix>",
        "<And><Prefix>db/</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And>",
    );
    let dated = EXPIRE.replace("<Days>30</Days>", "<Date>2030-01-01T00:00:00.000Z</Date>");
    let markers = EXPIRE.replace("<Days>30</Days>", "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>");
    let two = format!("{EXPIRE}{}", EXPIRE.replace("30", "7").replace("db/", "db/daily/"));
    let cases: [(&str, String, &str, Want); 17] = [
        ("what has a tag expires", format!("lifecycle: '{tagged}'"), "db/", |s| s.expires_days == Some(30)),
        ("what is large expires", format!("lifecycle: '{both}'"), "db/", |s| s.expires_days == Some(30)),
        ("all of it goes on one day", format!("lifecycle: '{dated}'"), "db/", |s| s.expires_days == Some(1)),
        ("markers alone go", format!("lifecycle: '{markers}'"), "db/", |s| s.expires_days == Some(0)),
        ("the shorter of two counts", format!("lifecycle: '{two}'"), "db/", |s| s.expires_days == Some(7)),
        ("nothing is set", String::new(), "db/", |s| {
            s.versioning == Some(false) && s.expires_days == Some(0) && s.locked_days == Some(0)
        }),
        ("versions are kept", "versioning: Enabled".into(), "db/", |s| {
            s.versioning == Some(true) && s.noncurrent_days == Some(0) && s.expires_days == Some(0)
        }),
        ("versions are kept no longer", "versioning: Suspended".into(), "db/", |s| s.versioning == Some(false)),
        ("the prefix expires", format!("lifecycle: '{EXPIRE}'"), "db/", |s| s.expires_days == Some(30)),
        ("what is below the prefix expires", format!("lifecycle: '{EXPIRE}'"), "db/daily/", |s| {
            s.expires_days == Some(30)
        }),
        ("a part of the prefix expires", format!("lifecycle: '{EXPIRE}'"), "", |s| s.expires_days == Some(30)),
        ("another prefix expires", format!("lifecycle: '{EXPIRE}'"), "files/", |s| s.expires_days == Some(0)),
        ("a rule is off", format!("lifecycle: '{off}'"), "db/", |s| s.expires_days == Some(0)),
        ("all of it expires", format!("lifecycle: '{whole}'"), "files/", |s| s.expires_days == Some(30)),
        ("versions expire", format!("versioning: Enabled, lifecycle: '{OLD}'"), "db/", |s| {
            s.noncurrent_days == Some(14)
        }),
        ("nobody may delete", "versioning: Enabled, lock: { mode: COMPLIANCE, years: 1 }".into(), "db/", |s| {
            s.locked_days.is_some_and(|days| (365..=366).contains(&days))
        }),
        (
            "some may delete nevertheless",
            "versioning: Enabled, lock: { mode: GOVERNANCE, days: 30 }".into(),
            "db/",
            |s| s.locked_days.is_none_or(|days| days == 0),
        ),
    ];
    for personality in ["aws", "ceph", "moto"] {
        for (what, set, prefix, want) in &cases {
            let comma = if set.is_empty() { "" } else { ", " };
            let objects = "objects: [{ key: db/new, size: 1 }, { key: files/new, size: 1 }, { key: new, size: 1 }]";
            let estate = start(&format!("personality: {personality}\nbuckets: [{{ name: b, {objects}{comma}{set} }}]"));
            let bucket = bucket(&estate, SIGNED);
            // The list shows which object is the newest, and whether the lock holds that one.
            listed(&bucket, prefix).await.1.expect("a list");
            let told = bucket.settings(prefix).await;
            let (found, unseen) = settings(&told);
            assert_eq!(unseen, [], "{personality}: {what}");
            assert!(want(found), "{personality}: {what}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_lock_that_came_after_the_newest_object_does_not_hold_it() {
    for (more, locked_days) in [("", Some(9)), (", unlocked: true", None), (", modified: 20d ago", None)] {
        let estate = start(&format!(
            "buckets: [{{ name: b, versioning: Enabled, lock: {{ mode: COMPLIANCE, days: 9 }}, objects: [{{ key: db/new, size: 1{more} }}] }}]"
        ));
        let bucket = bucket(&estate, SIGNED);
        listed(&bucket, "db/").await.1.expect("a list");
        let (found, unseen) = settings(&bucket.settings("db/").await);
        assert_eq!((found.locked_days, unseen.len()), (locked_days, usize::from(locked_days.is_none())), "{more}");
    }
}

#[tokio::test]
async fn a_setting_that_may_not_be_read_is_not_told_as_harmless() {
    for (denied, told_of) in [
        ("lifecycle", (|s: Settings| s.expires_days) as fn(Settings) -> Option<u64>),
        ("versioning", |s| s.versioning.map(u64::from)),
        ("object-lock", |s| s.locked_days),
        ("uploads", |s| s.unfinished.map(|unfinished| unfinished.count)),
    ] {
        let estate = start(&format!("buckets: [{{ name: b, denied: [{denied}], versioning: Enabled }}]"));
        let told = bucket(&estate, SIGNED).settings("db/").await;
        let (found, unseen) = settings(&told);
        assert_eq!(told_of(found), None, "{denied}");
        let reasons: Vec<UnseenReason> = unseen.iter().map(|(reason, _)| *reason).collect();
        assert_eq!(reasons, [UnseenReason::NotAuthorized], "{denied}: {unseen:?}");
    }
}

#[tokio::test]
async fn how_long_it_takes_to_read_is_told_by_the_slowest_object() {
    for (class, hours) in [
        ("STANDARD", Some(0)),
        ("GLACIER_IR", Some(0)),
        ("GLACIER", Some(5)),
        ("DEEP_ARCHIVE", Some(12)),
        ("COLD", None),
    ] {
        let estate = start(&format!(
            "buckets: [{{ name: b, objects: [{{ key: db/a, size: 1 }}, {{ key: db/b, size: 1, class: {class} }}] }}]"
        ));
        let bucket = bucket(&estate, SIGNED);
        let (before, _) = settings(&bucket.settings("db/").await);
        assert_eq!(before.thaw_hours, None, "{class}: nothing was listed yet");
        assert_eq!(whole(&bucket, "db/").await.len(), 2);
        let (found, unseen) = settings(&bucket.settings("db/").await);
        assert_eq!(found.thaw_hours, hours, "{class}");
        assert_eq!(unseen.is_empty(), hours.is_some(), "{class}: {unseen:?}");
    }
}

#[tokio::test]
async fn an_upload_that_never_ended_is_seen_after_a_day() {
    let estate = start(
        "
page: 1
buckets:
  - name: b
    uploads:
      - { key: db/old.gz, began: 9d ago }
      - { key: db/late.gz, began: 25h ago }
      - { key: db/running.gz, began: 2h ago }
      - { key: other/old.gz, began: 5d ago }
",
    );
    let (found, unseen) = settings(&bucket(&estate, SIGNED).settings("db/").await);
    assert_eq!(unseen, []);
    let unfinished = found.unfinished.expect("uploads were listed");
    assert_eq!(unfinished.count, 2);
    let age = estate.now() - unfinished.newest.expect("the newest is told");
    assert_eq!(age.num_hours(), 25);
}

#[tokio::test]
async fn whoever_looks_pays_where_the_policy_says_so() {
    let estate = start("buckets: [{ name: b, requester_pays: true, objects: [{ key: k, size: 1 }] }]");
    let paying = bucket(&estate, &format!("{SIGNED}, requester_pays: true"));
    assert_eq!(whole(&paying, "").await.len(), 1);
    // The region is asked for by a HEAD without key, which nobody pays for.
    let signed = |asked: &&estate::log::Asked| asked.has_credential();
    assert!(estate.requests().iter().filter(signed).all(|asked| asked.header("x-amz-request-payer") == "requester"));
    let (_, refused) = listed(&bucket(&estate, SIGNED), "").await;
    assert_eq!(refused.expect_err("nobody pays").reason, UnseenReason::NotAuthorized);
}

#[tokio::test]
async fn nobody_sees_what_is_public_and_says_nothing() {
    let estate = start("buckets: [{ name: b, public: true, objects: [{ key: k, size: 1 }] }]");
    let bucket = bucket(&estate, "anonymous: true");
    assert_eq!(&*bucket.identity().await.expect("an identity"), "anonymous");
    assert_eq!(names(&whole(&bucket, "").await), BTreeSet::from(["k"]));
    let (found, unseen) = settings(&bucket.settings("").await);
    assert!(!unseen.is_empty() && found.versioning.is_none() && found.expires_days.is_none(), "{found:?}");
    assert!(estate.requests().iter().all(|asked| !asked.has_credential()));
    estate.s3().set("b", |bucket| bucket.public = false);
    let (_, refused) = listed(&bucket, "").await;
    assert_eq!(refused.expect_err("it is private").reason, UnseenReason::NotAuthorized);
}

#[tokio::test]
async fn the_region_is_found_out_and_a_wrong_one_is_corrected_once() {
    for way in ["redirect", "malformed"] {
        for told in ["", ", region: us-east-1", ", region: eu-west-1"] {
            let estate = start(&format!(
                "wrong_region: {way}\npage: 1\nbuckets: [{{ name: b, region: eu-west-1, objects: [{{ key: k }}, {{ key: l }}, {{ key: m }}] }}]"
            ));
            let bucket = bucket(&estate, &format!("{SIGNED}{told}"));
            assert_eq!(whole(&bucket, "").await.len(), 3, "{way}{told}");
            let asked = estate.requests().len();
            assert!(asked <= 3 + 4, "{way}{told}: {asked} requests");
            let (_, unseen) = settings(&bucket.settings("").await);
            assert_eq!(unseen, [], "{way}{told}");
        }
    }
    let estate = start("wrong_region: mute\nbuckets: [{ name: b, region: eu-west-1 }]");
    let (rows, refused) = listed(&bucket(&estate, &format!("{SIGNED}, region: us-east-1")), "").await;
    assert_eq!(refused.expect_err("nobody says which region").reason, UnseenReason::Unreadable);
    assert_eq!(rows, []);
    assert!(estate.requests().len() <= 6, "it is not tried for ever");
}

#[tokio::test]
async fn who_looks_is_told_by_the_id_alone() {
    let estate = start("buckets: [{ name: b }]");
    let bucket = bucket(&estate, SIGNED);
    assert_eq!(&*bucket.identity().await.expect("an identity"), "AWS access key AKIAESTATE");
    assert!(!format!("{bucket:?}").contains("estate-secret"));
}

#[tokio::test]
async fn credentials_of_the_environment_come_with_their_session() {
    const ENVIRONMENT: [(&str, &str); 3] = [
        ("AWS_ACCESS_KEY_ID", "ASIAESTATE"),
        ("AWS_SECRET_ACCESS_KEY", "estate-secret-2"),
        ("AWS_SESSION_TOKEN", "estate-session-1"),
    ];
    let estate = start("buckets: [{ name: b, objects: [{ key: k }] }]");
    let keys = keyring(&ENVIRONMENT);
    let bucket = at(&estate.s3_url(), "region: us-east-1", &keys, quick(), Clock::new(estate::now));
    assert_eq!(whole(&bucket, "").await.len(), 1);
    assert_eq!(&*bucket.identity().await.expect("an identity"), "AWS access key ASIAESTATE");
}

#[tokio::test]
async fn the_first_level_is_the_inventory() {
    let estate = start(
        "
page: 2
buckets:
  - name: b
    many: [{ prefix: 'p{}/', prefixes: 5, count: 40 }]
    objects: [{ key: 'spa ce/x', size: 1 }]
",
    );
    let listing = bucket(&estate, SIGNED).inventory().await;
    let names: Vec<&str> = items(&listing).into_iter().map(|name| name.trim_end_matches('/')).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for name in ["p0000", "p0004", "spa ce"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(estate.requests().len() <= 8, "prefixes are listed, not objects");
    estate.s3().change("b", |objects| drop(objects.insert("top.txt".to_owned(), Object::new("top.txt", 1))));
    let listing = bucket(&estate, SIGNED).inventory().await;
    assert!(!listing.misses.is_empty(), "an object outside of all prefixes is of no item, and that is said");
}

#[tokio::test]
async fn what_stays_while_the_rest_changes_is_listed_once() {
    let estate = start("page: 10\nbuckets: [{ name: b, many: [{ prefix: k, count: 95 }] }]");
    for page in 2..8 {
        estate.s3().change_before(page, "b", move |objects| {
            objects.retain(|key, _| !key.ends_with(&format!("{page}")));
            objects.insert(format!("k0000{page}"), Object::new(&format!("k0000{page}"), 1));
            objects.insert(format!("l{page}"), Object::new(&format!("l{page}"), 1));
        });
    }
    let rows = whole(&bucket(&estate, SIGNED), "").await;
    let names = names(&rows);
    for number in (0..95).filter(|number| [0, 1, 8, 9].contains(&(number % 10))) {
        assert!(names.contains(format!("k{number:08}").as_str()), "{number}");
    }
}

#[tokio::test]
async fn nothing_is_written_and_no_content_is_read() {
    let estate = start("buckets: [{ name: b, many: [{ prefix: 'db/', count: 30, size: 1000000 }] }]");
    let bucket = bucket(&estate, SIGNED);
    let rows = whole(&bucket, "db/").await;
    drop(bucket.side("db/").closer(&rows[0].name).await);
    drop(bucket.objects(&objects("prefix: db/"), None, long_ago()).await.expect("objects"));
    drop(bucket.settings("db/").await);
    drop(bucket.inventory().await);
    for asked in estate.requests() {
        assert!(["GET", "HEAD"].contains(&asked.method.as_str()), "{asked:?}");
        assert!(asked.method == "HEAD" || asked.path.trim_end_matches('/') == "/b", "{} reads content", asked.path);
    }
}

#[tokio::test]
async fn thousands_of_objects_come_in_as_few_questions_as_there_are_pages() {
    let estate = start("buckets: [{ name: b, many: [{ prefix: 'p{}/', prefixes: 10, count: 1050 }] }]");
    let rows = whole(&bucket(&estate, &format!("{SIGNED}, region: us-east-1")), "").await;
    assert_eq!(names(&rows).len(), 10_500);
    let asked = estate.requests().len();
    assert!(asked <= 25, "{asked} requests for 11 pages");
}
