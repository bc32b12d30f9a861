//! What is true of S3: keys, buckets and what lies in them.
//!
//! How it is told is left to the files beside this one. Objects have no content: their checksums are
//! made from their keys, or are as the truth says.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use lastgood::model::{Instant, Timespan};
use serde::Deserialize;

use super::super::truth::Moment;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Truth {
    /// Whose S3 it is.
    pub personality: Personality,
    /// How many entries a page has at most, where fewer than S3's 1,000.
    pub page: Option<usize>,
    /// How a request that is signed for another region than the bucket's is answered.
    pub wrong_region: WrongRegion,
    /// Access keys that are known.
    pub keys: Vec<AccessKey>,
    /// The buckets.
    pub buckets: Vec<Bucket>,
}

impl Truth {
    /// Reads a truth.
    pub fn parse(yaml: &str) -> Self {
        serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("the truth is wrong: {error}"))
    }
}

/// Servers that answer the same questions differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Personality {
    /// Amazon's.
    #[default]
    Aws,
    /// Ceph's gateway: answers an unknown subresource with a listing, and takes any region and any token.
    Ceph,
    /// moto: other root elements.
    Moto,
}

/// What happens where the region is the wrong one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrongRegion {
    /// 301 `PermanentRedirect`, without a `Location`.
    #[default]
    Redirect,
    /// 400 `AuthorizationHeaderMalformed`, which names the right one.
    Malformed,
    /// 301 that names no region at all.
    Mute,
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The session token that has to come with it.
    #[serde(default)]
    pub token: Option<String>,
    /// When it stops working.
    #[serde(default)]
    pub expires: Option<Moment>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region.
    #[serde(default = "first_region")]
    pub region: String,
    /// Whether everybody may list and read it.
    #[serde(default)]
    pub public: bool,
    /// Whether whoever asks has to say that they pay.
    #[serde(default)]
    pub requester_pays: bool,
    /// Calls that nobody may make: `list`, `head`, `versions`, `uploads`, `lifecycle`, ...
    #[serde(default)]
    pub denied: Vec<String>,
    /// Objects, in any order.
    #[serde(default)]
    pub objects: Vec<Object>,
    /// Objects by the thousand, besides `objects`.
    #[serde(default)]
    pub many: Vec<Many>,
    /// Objects at equal distances, besides both.
    #[serde(default)]
    pub every: Vec<Every>,
    /// Uploads in parts that never ended.
    #[serde(default)]
    pub uploads: Vec<Upload>,
    /// Whether versions are kept; absent where that was never switched on.
    #[serde(default)]
    pub versioning: Option<Versioning>,
    /// The lock; absent where there is none.
    #[serde(default)]
    pub lock: Option<Lock>,
    /// The lifecycle's rules: the XML inside `LifecycleConfiguration`.
    #[serde(default)]
    pub lifecycle: Option<String>,
    /// The replication: the XML inside `ReplicationConfiguration`.
    #[serde(default)]
    pub replication: Option<String>,
    /// How content is encrypted where an upload does not say: `AES256` or `aws:kms`.
    #[serde(default)]
    pub encryption: Option<String>,
}

fn first_region() -> String {
    "us-east-1".to_owned()
}

impl Default for Bucket {
    fn default() -> Self {
        serde_json::from_str(r#"{"name": "bucket"}"#).expect("a name suffices")
    }
}

/// Whether versions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Versioning {
    /// They are.
    Enabled,
    /// They were, and are no longer.
    Suspended,
}

/// A lock on deletions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    /// `GOVERNANCE` or `COMPLIANCE`; absent where nothing is locked unless each upload asks for it.
    pub mode: Option<String>,
    /// For how many days.
    pub days: Option<u64>,
    /// For how many years, instead.
    pub years: Option<u64>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is another way in which objects differ")]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// When it was last changed.
    #[serde(default = "a_day_ago")]
    pub modified: Moment,
    /// The MD5 of its content, in hexadecimal digits; made from its key where absent.
    #[serde(default)]
    pub md5: Option<String>,
    /// How many parts it was uploaded in; absent where in one piece.
    #[serde(default)]
    pub parts: Option<u32>,
    /// Whether it is encrypted by a key of KMS, so that its `ETag` is no MD5.
    #[serde(default)]
    pub kms: bool,
    /// Whether it is encrypted by a key that only its owner has, so that a HEAD without it fails.
    #[serde(default)]
    pub customer_key: bool,
    /// Its storage class; `STANDARD` where absent.
    #[serde(default)]
    pub class: Option<String>,
    /// Checksums by their names (`SHA256`, `CRC64NVME`), in Base64.
    #[serde(default)]
    pub checksums: BTreeMap<String, String>,
    /// Of what the checksums are: `FULL_OBJECT` or `COMPOSITE`.
    #[serde(default)]
    pub checksum_type: Option<String>,
    /// Whether nobody may look at it alone.
    #[serde(default)]
    pub denied: bool,
    /// Whether it was written before the bucket had a lock, which does not hold it.
    #[serde(default)]
    pub unlocked: bool,
    /// What `x-amz-restore` says.
    #[serde(default)]
    pub restore: Option<String>,
    /// When it was deleted while versions were kept: it is a delete marker now, and not listed.
    #[serde(default)]
    pub deleted: Option<Moment>,
    /// When each of its earlier versions was written.
    #[serde(default)]
    pub earlier: Vec<Moment>,
}

fn a_day_ago() -> Moment {
    Moment::Ago(Timespan::days(1))
}

impl Object {
    /// Returns an object of one day ago.
    pub fn new(key: &str, size: u64) -> Self {
        let mut object: Self = serde_json::from_str(r#"{"key": ""}"#).expect("a key suffices");
        key.clone_into(&mut object.key);
        object.size = size;
        object
    }

    /// Returns the MD5 of its content, in hexadecimal digits.
    pub fn md5(&self) -> String {
        self.md5.clone().unwrap_or_else(|| made(&self.key, "content"))
    }

    /// Returns its `ETag`, without quotation marks.
    pub fn etag(&self) -> String {
        match self.parts {
            Some(parts) => format!("{}-{parts}", self.md5.clone().unwrap_or_else(|| made(&self.key, "parts"))),
            None if self.kms || self.customer_key => made(&self.key, "encrypted"),
            None => self.md5(),
        }
    }

    /// Returns one of its versions as an object, by its number in the list of versions, 0 for the newest;
    /// itself where no version is asked for.
    pub fn version(mut self, id: Option<&str>) -> Self {
        let Some(number) = id.and_then(|id| id.parse::<usize>().ok()) else { return self };
        let times: Vec<Moment> = [self.modified].into_iter().chain(self.earlier.iter().copied()).collect();
        let at = number.checked_sub(usize::from(self.deleted.is_some())).and_then(|at| times.get(at));
        if let Some(at) = at {
            self.modified = *at;
            self.deleted = None;
        }
        self
    }

    /// Returns its storage class.
    pub fn class(&self) -> &str {
        self.class.as_deref().unwrap_or("STANDARD")
    }
}

/// Returns sixteen bytes that are always the same ones, in hexadecimal digits.
fn made(key: &str, what: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("{what} of {key}").as_bytes());
    super::xml::hex(&digest.as_ref()[..16])
}

/// Objects by the thousand: `{prefix}{number}{suffix}`, the number with eight digits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    /// How their keys begin. `{}` stands for the number of the prefix.
    pub prefix: String,
    /// How many there are of each prefix.
    pub count: u64,
    /// Over how many prefixes.
    #[serde(default = "one")]
    pub prefixes: u64,
    /// How their keys end.
    #[serde(default)]
    pub suffix: String,
    /// The size of each, in bytes.
    #[serde(default = "one")]
    pub size: u64,
    /// When they were written.
    #[serde(default = "a_day_ago")]
    pub modified: Moment,
}

fn one() -> u64 {
    1
}

impl Many {
    /// Returns them.
    pub fn objects(&self) -> impl Iterator<Item = Object> {
        (0..self.prefixes).flat_map(move |prefix| {
            let begin = self.prefix.replace("{}", &format!("{prefix:04}"));
            (0..self.count).map(move |number| Object {
                modified: self.modified,
                ..Object::new(&format!("{begin}{number:08}{}", self.suffix), self.size)
            })
        })
    }
}

/// Objects at equal distances, the newest one distance ago.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Every {
    /// Their keys, with when each was written as `strftime` has it: `db-%Y-%m-%d/dump.gz`.
    pub key: String,
    /// The distance in hours.
    pub hours: i64,
    /// How many.
    pub count: i32,
    /// The size of each, in bytes.
    #[serde(default = "one")]
    pub size: u64,
}

impl Every {
    /// Returns them, where the estate was started at `now`.
    pub fn objects(&self, now: Instant) -> impl Iterator<Item = Object> {
        (1..=self.count).map(move |number| {
            let at = now - TimeDelta::hours(self.hours) * number;
            Object { modified: Moment::At(at), ..Object::new(&at.format(&self.key).to_string(), self.size) }
        })
    }
}

/// An upload in parts that never ended.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The key that it was for.
    pub key: String,
    /// When it began.
    pub began: Moment,
}

/// Returns a time as S3's XML writes it: AWS always with `.000`.
pub fn time(instant: Instant) -> String {
    instant.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
