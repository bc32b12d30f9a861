//! Sides: what lies below a prefix, as one side of a comparison.
//!
//! A list tells an `ETag` for each object, and looking at one object tells more. Comparing is left to
//! `compare`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::client::Question;
use super::listing::{self, Object};
use super::{Bucket, config, list, refusal, settings};
use crate::collect::compare::{self, Kind, Listed, Row, Sums};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// What lies below a prefix of a bucket.
pub(super) struct Side {
    pub(super) bucket: Arc<Bucket>,
    pub(super) prefix: String,
}

impl Side {
    /// Returns the name of a key below the prefix; `None` where it has none that only it has.
    fn name<'k>(&self, key: &'k str) -> Option<&'k str> {
        name(&self.prefix, key)
    }

    /// Returns the key of a name below the prefix.
    fn key(&self, name: &str) -> String {
        let slash = if self.prefix.is_empty() || self.prefix.ends_with('/') || name.is_empty() { "" } else { "/" };
        format!("{}{slash}{name}", self.prefix)
    }
}

/// Returns the name of a key below a prefix: without it, and without the slash that ends it where the prefix
/// does not. `None` where the name would begin with a slash: another key could be called so.
fn name<'k>(prefix: &str, key: &'k str) -> Option<&'k str> {
    let rest = key.strip_prefix(prefix)?;
    let is_open = !prefix.is_empty() && !prefix.ends_with('/');
    let rest = rest.strip_prefix('/').filter(|_| is_open).unwrap_or(rest);
    (!rest.starts_with('/')).then_some(rest)
}

impl compare::Side for Side {
    fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket.client.place().bucket(), self.prefix)
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Md5, Kind::Parts]
    }

    fn closer_kinds(&self) -> &'static [Kind] {
        &[Kind::Sha256, Kind::Sha1]
    }

    fn list(&self, out: mpsc::Sender<Vec<Row>>) -> BoxFuture<'_, Result<Listed, Miss>> {
        Box::pin(async move {
            let client = &self.bucket.client;
            // Only to be spared sums that are none: whether one is, the look at an object tells for sure.
            let hides = match client.ask(&Question::get(&[("encryption", "")])).await {
                Ok(answer) => config::encryption_hides_md5(answer).unwrap_or(false),
                Err(_) => false,
            };
            let locked = settings::locked(client).await;
            let odd = AtomicU64::new(0);
            let make = |object: &Object<'_>| {
                if object.is_folder() {
                    return None;
                }
                let row = self.name(object.key).map(|name| row(name, object, hides));
                if row.is_none() {
                    odd.fetch_add(1, Ordering::Relaxed);
                }
                row
            };
            let end = list::list(client, &self.prefix, locked, &make, &out).await?;
            let lacks = end.unread + odd.into_inner();
            let lacks = if end.left {
                Some(Miss::new(UnseenReason::Truncated, "the list was not taken to its end"))
            } else if lacks > 0 {
                let what = format!("{lacks} keys below `{}` cannot be read or have no name of their own", self.prefix);
                Some(Miss::unreadable(what).from(&end.source))
            } else {
                self.bucket.note(&self.prefix, end.kept);
                None
            };
            Ok(Listed { began: end.began, lacks, source: end.source })
        })
    }

    fn closer<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Sums, Miss>> {
        Box::pin(async move {
            let key = self.key(name);
            let question = Question {
                head: true,
                key: Some(&key),
                query: &[],
                // Without it no checksum is told (`docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html`).
                headers: &[("x-amz-checksum-mode", "ENABLED")],
            };
            Ok(sums(&refusal::ok(self.bucket.client.ask(&question).await?)?))
        })
    }
}

fn row(name: &str, object: &Object<'_>, hides_md5: bool) -> Row {
    let told = object.sums;
    Row {
        name: name.into(),
        bytes: object.bytes,
        sums: if hides_md5 { Sums { md5: None, ..told } } else { told },
        arrived_at: Some(object.modified),
        // Whatever looks like an MD5 may be none, of an object that is encrypted otherwise than the bucket.
        closer: object.has_sha || told.md5.is_some(),
    }
}

/// Returns the checksums that an answer to HEAD of an object tells. Those over the checksums of parts say
/// nothing of the content as a whole, and where a key service or a key of its own encrypts an object its
/// `ETag` is no MD5 (`docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html`).
pub fn sums(answer: &Answer) -> Sums {
    let composite = answer.header("x-amz-checksum-type").is_some_and(|kind| !kind.eq_ignore_ascii_case("FULL_OBJECT"));
    let sum = |name: &str| answer.header(name).filter(|_| !composite);
    let encryption = answer.header("x-amz-server-side-encryption");
    let is_plain = encryption.is_none_or(|algorithm| algorithm == "AES256")
        && answer.header("x-amz-server-side-encryption-customer-algorithm").is_none()
        && answer.header("x-amz-server-side-encryption-aws-kms-key-id").is_none();
    let told = answer.header("etag").map(listing::etag).unwrap_or_default();
    Sums {
        sha256: sum("x-amz-checksum-sha256").and_then(decode),
        sha1: sum("x-amz-checksum-sha1").and_then(decode),
        md5: told.md5.filter(|_| is_plain),
        parts: told.parts.filter(|_| is_plain),
    }
}

/// Reads a checksum in Base64; `None` where it has another length, as those over parts with their `-N`.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Fake, answer_with};
    use super::*;

    #[test]
    fn a_name_is_what_comes_after_the_prefix_and_only_one_key_has_it() {
        assert_eq!(name("", "a/b"), Some("a/b"));
        assert_eq!(name("p/", "p/a/b"), Some("a/b"));
        assert_eq!(name("p", "p/a"), Some("a"));
        assert_eq!(name("p", "p"), Some(""));
        assert_eq!(name("p", "p-other/a"), Some("-other/a"), "a prefix is how keys begin, and no folder");
        for none in [("", "/a"), ("p/", "p//a"), ("p", "p//a")] {
            assert_eq!(name(none.0, none.1), None, "{none:?}");
        }
    }

    #[test]
    fn a_look_tells_only_sums_of_the_whole_and_no_md5_that_is_none() {
        let hello = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let etag = ("etag", "\"5d41402abc4b2a76b9719d911017c592\"");
        let told = |headers: &[(&'static str, &str)]| {
            let found = sums(&answer_with(200, headers, ""));
            (found.sha256.is_some(), found.sha1.is_some(), found.md5.is_some())
        };
        let sha = ("x-amz-checksum-sha256", hello);
        assert_eq!(told(&[etag, sha]), (true, false, true));
        assert_eq!(told(&[etag, sha, ("x-amz-checksum-type", "FULL_OBJECT")]), (true, false, true));
        assert_eq!(told(&[etag, sha, ("x-amz-checksum-type", "COMPOSITE")]), (false, false, true));
        assert_eq!(told(&[("x-amz-checksum-sha256", &format!("{hello}-3"))]), (false, false, false));
        assert_eq!(told(&[("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=")]), (false, true, false));
        assert_eq!(told(&[etag, ("x-amz-server-side-encryption", "AES256")]), (false, false, true));
        assert_eq!(told(&[etag, ("x-amz-server-side-encryption", "aws:kms")]), (false, false, false));
        assert_eq!(told(&[etag, ("x-amz-server-side-encryption-customer-algorithm", "AES256")]), (false, false, false));
    }

    const CONTENTS: &str = "<Contents><Key>p/a%20b</Key><ETag>\"5d41402abc4b2a76b9719d911017c592\"</ETag><Size>5</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents><Contents><Key>p/c/</Key><Size>0</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents><Contents><Key>p/d</Key><ETag>\"5d41402abc4b2a76b9719d911017c592-2\"</ETag><Size>5</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>";

    async fn rows(encryption: &'static str, more: &'static str) -> (Vec<Row>, Listed) {
        let fake = Fake::start(move |asked| {
            if asked.query("encryption").is_some() {
                return (200, vec![], format!("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{encryption}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"));
            }
            (200, vec![], format!("<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{CONTENTS}{more}</ListBucketResult>"))
        })
        .await;
        let bucket = fake.bucket("anonymous: true");
        let side = bucket.side("p/");
        let (out, mut pages) = mpsc::channel(9);
        let listed = side.list(out).await.unwrap();
        let mut rows = Vec::new();
        while let Some(page) = pages.recv().await {
            rows.extend(page);
        }
        assert_eq!(side.name(), "s3://b/p/");
        (rows, listed)
    }

    #[tokio::test]
    async fn rows_have_names_below_the_prefix_and_the_sums_that_the_list_tells() {
        let (plain, listed) = rows("AES256", "").await;
        assert_eq!(listed.lacks, None);
        let names: Vec<&str> = plain.iter().map(|row| &*row.name).collect();
        assert_eq!(names, ["a b", "d"], "a folder is no file");
        assert!(plain[0].sums.md5.is_some() && plain[0].closer);
        assert!(plain[1].sums.parts.is_some() && !plain[1].closer);
        let (hidden, _) = rows("aws:kms", "").await;
        assert!(hidden[0].sums.md5.is_none() && hidden[0].closer);
    }

    #[tokio::test]
    async fn a_key_without_a_name_of_its_own_makes_the_list_lack_something() {
        let slash =
            "<Contents><Key>p/z%ff</Key><Size>5</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>";
        let (found, listed) = rows("AES256", slash).await;
        assert_eq!(found.len(), 2);
        assert!(listed.lacks.unwrap().what.starts_with("1 keys below `p/`"));
    }

    #[tokio::test]
    async fn a_look_asks_for_the_key_of_the_name() {
        let fake = Fake::start(|_| (404, vec![], String::new())).await;
        let bucket = fake.bucket("anonymous: true");
        let miss = bucket.side("p").closer("a+b/c").await.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::NotFound);
        let asked = &fake.asked()[0];
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("HEAD", "/b/p/a%2Bb/c"));
        assert_eq!(asked.header("x-amz-checksum-mode"), Some("ENABLED"));
    }
}
