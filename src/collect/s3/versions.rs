//! Versions: pages of `ListObjectVersions`
//! (`docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html`), from the first to the last.
//!
//! Versions and delete markers come mixed, by key, those of one key newest first. A page is believed only
//! where it fits the question and the page before it, as in `listing`. What versions are for is left to
//! `points`.

use std::collections::HashSet;

use tokio::sync::mpsc;

use super::client::{Client, Question};
use super::kept::Kept;
use super::list::{EMPTY_PAGES, End};
use super::listing::{Object, PAGE, etag, unescape};
use super::{refusal, xml};
use crate::collect::compare::Sums;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::evidence::{Digest, Source};
use crate::model::UnseenReason;
use crate::model::time::{Instant, parse_instant};

/// One version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version<'v> {
    /// Its key, size, time and class.
    pub object: Object<'v>,
    /// What the server calls it: `null` for what was written while no versions were kept.
    pub id: &'v str,
    /// Whether it is what a read of the key brings.
    pub is_current: bool,
}

/// Where a page ended: the next one has to go on from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The last key so far; empty before the first.
    pub key: String,
    /// The last version or delete marker of it.
    pub id: String,
}

/// What a page told besides its versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The key and the version after which the next page begins; `None` on the last one.
    pub next: Option<(String, String)>,
    /// How many versions and delete markers there were.
    pub found: u64,
    /// How many of them could not be read.
    pub unread: u64,
}

/// Reads a page and calls `visit` with each version; delete markers only end what is current.
///
/// # Errors
///
/// `unreadable` where it is no page, or not the one that was asked for: without both markers where there is
/// more, with keys outside of the prefix or not after the ones before, or where what comes first of a key is
/// not the newest. `truncated` where it is cut short. What was visited by then must not be used.
pub fn page(
    answer: &Answer,
    prefix: &str,
    place: &mut Place,
    visit: &mut dyn FnMut(&Version<'_>),
) -> Result<Page, Miss> {
    let escaped = memchr::memmem::find(&answer.body, b"EncodingType>url<").is_some();
    let mut reading =
        Reading { prefix, place, visit, escaped, draft: Draft::default(), key: String::new(), page: Page::default() };
    let (mut truncated, mut encoding) = (None, String::new());
    let (mut next_key, mut next_id) = (String::new(), String::new());
    xml::elements(answer, &["ListVersionsResult"], &mut |path, text| {
        match path {
            "IsTruncated" => truncated = text.trim().parse::<bool>().ok(),
            "EncodingType" => text.trim().clone_into(&mut encoding),
            "NextKeyMarker" => text.clone_into(&mut next_key),
            "NextVersionIdMarker" => text.clone_into(&mut next_id),
            "Version" => return reading.entry(true),
            "DeleteMarker" => return reading.entry(false),
            "CommonPrefixes" => return Err("with a list of prefixes instead of keys".to_owned()),
            _ => {
                if let Some(("Version" | "DeleteMarker", part)) = path.split_once('/') {
                    return reading.draft.element(part, text);
                }
            }
        }
        Ok(())
    })?;
    let Reading { page: mut read, place, .. } = reading;
    let what = match (truncated, encoding.as_str()) {
        (_, "url") if !escaped => "whose keys are written in a way that is not known",
        (_, other) if !other.is_empty() && other != "url" => "whose keys are written in a way that is not known",
        (None, _) => "that does not say whether it is whole",
        (Some(false), _) => return Ok(read),
        (Some(true), _) if next_key.is_empty() || next_id.is_empty() => {
            "that is not whole and does not say how it goes on"
        }
        (Some(true), _) => {
            let mut plain = String::new();
            // Ceph escapes keys, and this one not: what stands there as it is, is the last key.
            if next_key == place.key || !unescape(&next_key, escaped, &mut plain) {
                plain = next_key;
            }
            read.next = Some((plain, next_id));
            return Ok(read);
        }
    };
    Err(answer.miss(UnseenReason::Unreadable, format!("{} answered with a list {what}", answer.request())))
}

struct Reading<'r> {
    prefix: &'r str,
    place: &'r mut Place,
    visit: &'r mut dyn FnMut(&Version<'_>),
    escaped: bool,
    draft: Draft,
    /// The key of the draft, unescaped.
    key: String,
    page: Page,
}

/// A version or a delete marker while its elements come.
#[derive(Default)]
struct Draft {
    key: Option<String>,
    id: String,
    is_current: Option<bool>,
    bytes: Option<u64>,
    modified: Option<Instant>,
    sums: Sums,
    class: String,
}

impl Draft {
    fn element(&mut self, part: &str, text: &str) -> Result<(), String> {
        match part {
            "Key" if self.key.is_some() => return Err("with a list that has a version with two keys".to_owned()),
            "Key" => self.key = Some(text.to_owned()),
            "VersionId" => text.trim().clone_into(&mut self.id),
            "IsLatest" => self.is_current = text.trim().parse().ok(),
            "Size" => self.bytes = text.trim().parse().ok(),
            "LastModified" => self.modified = parse_instant(text.trim()),
            "ETag" => self.sums = etag(text),
            "StorageClass" => text.trim().clone_into(&mut self.class),
            _ => {}
        }
        Ok(())
    }
}

impl Reading<'_> {
    fn entry(&mut self, is_version: bool) -> Result<(), String> {
        let draft = std::mem::take(&mut self.draft);
        self.page.found += 1;
        let Some(key) = draft.key.filter(|key| !key.is_empty()) else {
            return Err("with a list that has a version with no key".to_owned());
        };
        let Some(is_current) = draft.is_current else {
            return Err("with a list that does not say which versions are current".to_owned());
        };
        if !unescape(&key, self.escaped, &mut self.key) {
            self.page.unread += 1;
            return Ok(());
        }
        self.fits(&draft.id, is_current)?;
        if !is_version {
            return Ok(());
        }
        let (Some(bytes), Some(modified), false) = (draft.bytes, draft.modified, draft.id.is_empty()) else {
            self.page.unread += 1;
            return Ok(());
        };
        let class = if draft.class == "STANDARD" { "" } else { draft.class.as_str() };
        let object = Object { key: &self.key, bytes, modified, sums: draft.sums, class, has_sha: false };
        (self.visit)(&Version { object, id: &draft.id, is_current });
        Ok(())
    }

    /// Looks whether an entry lies below the prefix and comes after those before it.
    fn fits(&mut self, id: &str, is_current: bool) -> Result<(), String> {
        if !self.key.starts_with(self.prefix) {
            return Err("with a list of keys outside of the prefix that was asked for".to_owned());
        }
        let is_first = self.place.key != self.key;
        // The newest of a key comes first, and once: a list that begins a key in its middle lacks some.
        if is_current != is_first || (is_first && self.place.key > self.key) || (!is_first && self.place.id == id) {
            return Err("with a list whose versions are not in order, so that it may lack some".to_owned());
        }
        self.place.key.clone_from(&self.key);
        id.clone_into(&mut self.place.id);
        Ok(())
    }
}

/// What is made of each version; `None` where it is not wanted.
pub(super) type Make<'m, T> = &'m (dyn Fn(&Version<'_>) -> Option<T> + Sync);

/// Lists every version below `prefix` and sends what `make` makes of it, page by page. `locked` is since when
/// the lock of the bucket should hold what was written.
///
/// # Errors
///
/// Where a page did not come or cannot be believed. What was sent by then is not the whole.
pub(super) async fn list<T: Send>(
    client: &Client,
    prefix: &str,
    locked: Option<Instant>,
    make: Make<'_, T>,
    out: &mpsc::Sender<Vec<T>>,
) -> Result<End, Miss> {
    let mut place = Place::default();
    let mut next: Option<(String, String)> = None;
    let mut first: Option<(Instant, Source)> = None;
    let (mut unread, mut empty, mut kept) = (0, 0, Kept::since(locked));
    let mut digests: Vec<Digest> = Vec::new();
    let mut seen: HashSet<Digest> = HashSet::new();
    loop {
        let mut query = vec![("versions", ""), ("encoding-type", "url"), ("max-keys", PAGE), ("prefix", prefix)];
        if let Some((key, id)) = &next {
            query.extend([("key-marker", key.as_str()), ("version-id-marker", id.as_str())]);
        }
        let answer = refusal::ok(client.ask(&Question::get(&query)).await?)?;
        let mut found = Vec::new();
        let read = page(&answer, prefix, &mut place, &mut |version| {
            if let Some(item) = make(version) {
                kept.add(&version.object, (!version.is_current).then_some(version.id));
                found.push(item);
            }
        })?;
        unread += read.unread;
        digests.extend(answer.source.body.as_deref().and_then(|body| body.parse::<Digest>().ok()));
        let (began, source) = first.get_or_insert_with(|| (answer.asked_at, answer.source.clone())).clone();
        let left = !found.is_empty() && out.send(found).await.is_err();
        empty = if read.found == 0 { empty + 1 } else { 0 };
        next = read.next;
        let Some((key, id)) = next.as_ref().filter(|_| !left) else {
            let body = Some(Digest::of_lines(digests.into_iter()).to_string().into());
            return Ok(End { began, source: Source { body, ..source }, unread, kept, left });
        };
        if !seen.insert(Digest::of(format!("{}:{key}{id}", key.len()).as_bytes())) || empty > EMPTY_PAGES {
            let what = format!("{} answered with a list that does not come to an end", answer.request());
            return Err(answer.miss(UnseenReason::Unreadable, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::answer;
    use super::*;

    fn entry(kind: &str, key: &str, id: &str, latest: bool) -> String {
        format!(
            "<{kind}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>5</Size><StorageClass>GLACIER</StorageClass><Owner><ID>x</ID></Owner></{kind}>"
        )
    }

    fn read_from(place: &mut Place, inner: &str) -> Result<(Vec<String>, Page), Miss> {
        let mut found = Vec::new();
        let page = page(
            &answer(200, &format!("<ListVersionsResult>{inner}</ListVersionsResult>")),
            "d",
            place,
            &mut |version| {
                assert_eq!((version.object.bytes, version.object.class), (5, "GLACIER"));
                found.push(format!("{} {} {}", version.object.key, version.id, version.is_current));
            },
        )?;
        Ok((found, page))
    }

    fn read(inner: &str) -> Result<(Vec<String>, Page), Miss> {
        read_from(&mut Place::default(), inner)
    }

    const WHOLE: &str = "<IsTruncated>false</IsTruncated>";

    #[test]
    fn versions_and_delete_markers_are_told_apart_over_pages() {
        let one = [
            entry("Version", "d%2Fa", "2", true),
            entry("Version", "d%2Fa", "1", false),
            entry("DeleteMarker", "d%2Fb+c", "9", true),
            "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>d/b+c</NextKeyMarker><NextVersionIdMarker>9</NextVersionIdMarker>".to_owned(),
        ]
        .concat();
        let mut place = Place::default();
        let (found, page) = read_from(&mut place, &one).unwrap();
        assert_eq!(found, ["d/a 2 true", "d/a 1 false"]);
        assert_eq!(page.next, Some(("d/b c".to_owned(), "9".to_owned())));
        let two = [entry("Version", "d/b c", "null", false), WHOLE.to_owned()].concat();
        assert_eq!(read_from(&mut place, &two).unwrap().0, ["d/b c null false"]);
    }

    #[test]
    fn a_marker_that_ceph_does_not_escape_is_the_last_key_as_it_is() {
        let page = [
            entry("Version", "d%252Bx", "2", true),
            "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>d%2Bx</NextKeyMarker><NextVersionIdMarker>2</NextVersionIdMarker>".to_owned(),
        ];
        assert_eq!(read(&page.concat()).unwrap().1.next, Some(("d%2Bx".to_owned(), "2".to_owned())));
    }

    #[test]
    fn a_page_of_versions_that_contradicts_itself_is_none() {
        let first = entry("Version", "d/b", "2", true);
        let more = |inner: &str| format!("{first}{inner}");
        for (wrong, words) in [
            (more(""), "does not say whether it is whole"),
            (more("<IsTruncated>true</IsTruncated>"), "does not say how it goes on"),
            (more("<IsTruncated>true</IsTruncated><NextKeyMarker>d/b</NextKeyMarker>"), "does not say how it goes on"),
            (more(&entry("Version", "d/b", "1", true)), "not in order"),
            (more(&entry("Version", "d/b", "2", false)), "not in order"),
            (more(&entry("Version", "d/a", "2", true)), "not in order"),
            (more(&entry("Version", "d/c", "2", false)), "not in order"),
            (more(&entry("Version", "e", "2", true)), "outside of the prefix"),
            (more(&entry("Version", "", "2", true)), "with no key"),
            (more("<Version><Key>d/c</Key></Version>"), "which versions are current"),
            (more("<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"), "prefixes"),
            (more("<EncodingType>rot13</EncodingType><IsTruncated>false</IsTruncated>"), "not known"),
        ] {
            let miss = read(&wrong).expect_err(words);
            assert!(miss.what.contains(words), "{words}: {}", miss.what);
        }
        let list = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        assert!(page(&answer(200, list), "", &mut Place::default(), &mut |_| {}).is_err());
        let (found, page) = read(&more(&format!("{}{WHOLE}", entry("Version", "d/c", "", true)))).unwrap();
        assert_eq!((found.len(), page.unread), (1, 1), "a version without a name cannot be had");
    }
}
