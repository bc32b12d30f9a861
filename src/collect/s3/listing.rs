//! Listings: pages of `ListObjectsV2` (`docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html`).
//!
//! Keys are asked for with `encoding-type=url`, because they may hold characters that XML has none for.
//! Where a server says that it escaped them, `%` and two digits stand for a byte and `+` for a space: AWS
//! writes a space so, others as `%20`, and all of them write a plus sign as `%2B`. Where a server does not
//! say so, keys are taken as they stand. A page is believed only where it fits the question and the page
//! before it. Going from page to page is left to `list`.

use super::xml;
use crate::collect::compare::Sums;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::model::time::{Instant, parse_instant};

/// How many keys a page has at most; no server gives more.
pub(super) const PAGE: &str = "1000";

/// One object of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'o> {
    /// Its key.
    pub key: &'o str,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written last, UTC; of an upload in parts when that began.
    pub modified: Instant,
    /// What its `ETag` tells of its content, if that is not encrypted by a key of its own.
    pub sums: Sums,
    /// Its storage class; empty for the standard one.
    pub class: &'o str,
    /// Whether the server says that it knows a SHA-256 or SHA-1 of the whole.
    pub has_sha: bool,
}

impl Object<'_> {
    /// Returns whether it only stands for a folder, as consoles make them: it is no content.
    pub fn is_folder(&self) -> bool {
        self.bytes == 0 && self.key.ends_with('/')
    }
}

/// What was asked for, as far as a page has to fit it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What every key has to begin with.
    pub prefix: &'a str,
    /// Whether keys come in the order of their bytes.
    pub sorted: bool,
    /// Whether keys are rolled up into prefixes.
    pub folded: bool,
}

/// Where a page ended: the next one has to go on from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The last key so far; empty before the first, which no key is.
    pub key: String,
    /// The last prefix so far; empty before the first.
    pub prefix: String,
}

/// What a page told besides its objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Prefixes that stand for keys below them, in their order.
    pub prefixes: Vec<String>,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
    /// How many keys or prefixes could not be read.
    pub unread: u64,
}

/// Reads a page and calls `visit` with each of its objects.
///
/// # Errors
///
/// `unreadable` where it is no page, or not the one that was asked for: without a token where there is
/// more, with keys outside of the prefix or not after the ones before, with another number of keys than it
/// says. `truncated` where it is cut short. What was visited by then must not be used.
pub fn page(
    answer: &Answer,
    asked: Asked<'_>,
    place: &mut Place,
    visit: &mut dyn FnMut(&Object<'_>),
) -> Result<Page, Miss> {
    let mut reading = Reading {
        asked,
        place,
        visit,
        // Some servers say so only after the keys; whether they did is looked at in the end.
        escaped: memchr::memmem::find(&answer.body, b"EncodingType>url<").is_some(),
        draft: Draft::default(),
        page: Page::default(),
        key: String::new(),
        found: 0,
        told: Told::default(),
    };
    xml::elements(answer, &["ListBucketResult"], &mut |path, text| reading.element(path, text))?;
    reading.end().map_err(|what| {
        answer.miss(UnseenReason::Unreadable, format!("{} answered with a list {what}", answer.request()))
    })
}

/// Returns the token of the next page as it seems to be, without reading the page: so that it can be asked
/// for while this one is read. What the page says is what counts.
pub(super) fn likely_token(answer: &Answer) -> Option<String> {
    let (begin, end) = (b"<NextContinuationToken>", b"</NextContinuationToken>");
    let from = memchr::memmem::rfind(&answer.body, begin)? + begin.len();
    let length = memchr::memmem::find(answer.body.get(from..)?, end)?;
    let text = std::str::from_utf8(answer.body.get(from..from + length)?).ok()?;
    let text = quick_xml::escape::unescape(text).ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}

struct Reading<'r> {
    asked: Asked<'r>,
    place: &'r mut Place,
    visit: &'r mut dyn FnMut(&Object<'_>),
    escaped: bool,
    draft: Draft,
    page: Page,
    /// The key of the draft, or a prefix, unescaped.
    key: String,
    found: u64,
    told: Told,
}

/// What a page says of itself.
#[derive(Default)]
struct Told {
    truncated: Option<bool>,
    count: Option<u64>,
    encoding: String,
    /// A number or a truth that cannot be read.
    odd: bool,
}

/// An object while its elements come. Its texts are used again for the next one.
#[derive(Default)]
struct Draft {
    has_key: bool,
    key: String,
    bytes: Option<u64>,
    modified: Option<Instant>,
    sums: Sums,
    class: String,
    sha: bool,
    composite: bool,
}

impl Draft {
    fn clear(&mut self) {
        self.key.clear();
        self.class.clear();
        let (key, class) = (std::mem::take(&mut self.key), std::mem::take(&mut self.class));
        *self = Self { key, class, ..Self::default() };
    }
}

impl Reading<'_> {
    fn element(&mut self, path: &str, text: &str) -> Result<(), String> {
        match path {
            "Contents/Key" => {
                if self.draft.has_key {
                    return Err("with a list that has an object with two keys".to_owned());
                }
                self.draft.has_key = true;
                self.draft.key.push_str(text);
            }
            "Contents/Size" => self.draft.bytes = text.trim().parse().ok(),
            "Contents/LastModified" => self.draft.modified = parse_instant(text.trim()),
            "Contents/ETag" => self.draft.sums = etag(text),
            "Contents/StorageClass" => self.draft.class.push_str(text.trim()),
            "Contents/ChecksumAlgorithm" => self.draft.sha |= matches!(text.trim(), "SHA256" | "SHA1"),
            "Contents/ChecksumType" => self.draft.composite = text.trim() == "COMPOSITE",
            "Contents" => {
                let outcome = self.object();
                self.draft.clear();
                return outcome;
            }
            "CommonPrefixes/Prefix" => return self.prefix(text),
            "IsTruncated" => {
                self.told.truncated = match text.trim() {
                    "true" => Some(true),
                    "false" => Some(false),
                    _ => None,
                };
                self.told.odd |= self.told.truncated.is_none();
            }
            "KeyCount" => {
                self.told.count = text.trim().parse().ok();
                self.told.odd |= self.told.count.is_none();
            }
            "EncodingType" => text.trim().clone_into(&mut self.told.encoding),
            "NextContinuationToken" if !text.is_empty() => self.page.next = Some(text.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn object(&mut self) -> Result<(), String> {
        self.found += 1;
        if !self.draft.has_key || self.draft.key.is_empty() {
            return Err("with a list that has an object with no key".to_owned());
        }
        if !unescape(&self.draft.key, self.escaped, &mut self.key) {
            self.page.unread += 1;
            return Ok(());
        }
        self.fits(false)?;
        let (Some(bytes), Some(modified)) = (self.draft.bytes, self.draft.modified) else {
            self.page.unread += 1;
            return Ok(());
        };
        let class = if self.draft.class == "STANDARD" { "" } else { self.draft.class.as_str() };
        (self.visit)(&Object {
            key: &self.key,
            bytes,
            modified,
            sums: self.draft.sums,
            class,
            has_sha: self.draft.sha && !self.draft.composite,
        });
        Ok(())
    }

    fn prefix(&mut self, text: &str) -> Result<(), String> {
        self.found += 1;
        if !self.asked.folded {
            return Err("with a list of prefixes instead of keys".to_owned());
        }
        if unescape(text, self.escaped, &mut self.key) {
            self.fits(true)?;
            self.page.prefixes.push(self.key.clone());
        } else {
            self.page.unread += 1;
        }
        Ok(())
    }

    /// Looks whether a key or a prefix is one of those asked for, and comes after those before it.
    fn fits(&mut self, is_prefix: bool) -> Result<(), String> {
        if !self.key.starts_with(self.asked.prefix) {
            return Err("with a list of keys outside of the prefix that was asked for".to_owned());
        }
        let last = if is_prefix { &mut self.place.prefix } else { &mut self.place.key };
        if self.asked.sorted && *last >= self.key {
            return Err("with a list whose keys are not in order, so that it may lack some".to_owned());
        }
        last.clone_from(&self.key);
        Ok(())
    }

    fn end(self) -> Result<Page, &'static str> {
        let Self { told, mut page, escaped, found, .. } = self;
        if told.odd {
            return Err("that says of itself what cannot be read");
        }
        match told.encoding.as_str() {
            "url" if escaped => {}
            "" if !escaped => {}
            _ => return Err("whose keys are written in a way that is not known"),
        }
        if told.count.is_some_and(|count| count != found) {
            return Err("that has another number of keys than it says");
        }
        match told.truncated {
            None => Err("that does not say whether it is whole"),
            Some(true) if page.next.is_none() => Err("that is not whole and does not say how it goes on"),
            Some(true) => Ok(page),
            Some(false) => {
                page.next = None;
                Ok(page)
            }
        }
    }
}

/// Writes a key as it is into `key`; returns whether it is one.
pub(super) fn unescape(text: &str, escaped: bool, key: &mut String) -> bool {
    key.clear();
    if !escaped || !text.contains(['%', '+']) {
        key.push_str(text);
        return true;
    }
    let mut bytes = std::mem::take(key).into_bytes();
    bytes.reserve(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        rest = more;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let Some((high, low)) = more.first().and_then(|b| nibble(*b)).zip(more.get(1).and_then(|b| nibble(*b)))
                else {
                    return false;
                };
                bytes.push(high << 4 | low);
                rest = &more[2..];
            }
            other => bytes.push(other),
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            *key = text;
            true
        }
        Err(_) => false,
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Returns what an `ETag` tells of content: 32 hexadecimal digits are its MD5, with `-N` the MD5 over the
/// MD5s of N parts, and all else is nothing
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html`). Of objects that are encrypted with keys of
/// the key service or of their own it is no MD5 though it looks like one.
pub fn etag(text: &str) -> Sums {
    let text = text.trim().trim_matches('"');
    let (hex, parts) = match text.split_once('-') {
        Some((hex, parts)) => (hex, Some(parts)),
        None => (text, None),
    };
    let Some(md5) = md5(hex) else { return Sums::default() };
    match parts {
        None => Sums { md5: Some(md5), ..Sums::default() },
        Some(parts) => match parts.parse() {
            Ok(parts @ 1..=10_000) => Sums { parts: Some((md5, parts)), ..Sums::default() },
            _ => Sums::default(),
        },
    }
}

fn md5(hex: &str) -> Option<[u8; 16]> {
    let digits: &[u8; 32] = hex.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::samples::answer;
    use super::*;

    const ALL: Asked<'_> = Asked { prefix: "", sorted: true, folded: false };

    fn contents(key: &str) -> String {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>5</Size></Contents>"
        )
    }

    fn list(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</ListBucketResult>"
        )
    }

    fn read_as(asked: Asked<'_>, inner: &str) -> Result<(Vec<String>, Page), Miss> {
        let mut keys = Vec::new();
        let page = page(&answer(200, &list(inner)), asked, &mut Place::default(), &mut |object| {
            keys.push(object.key.to_owned());
        })?;
        Ok((keys, page))
    }

    fn read(inner: &str) -> Result<(Vec<String>, Page), Miss> {
        read_as(ALL, inner)
    }

    fn refused(inner: &str) -> String {
        let miss = read(inner).expect_err(inner);
        assert_eq!(miss.reason, UnseenReason::Unreadable);
        miss.what
    }

    #[test]
    fn an_object_tells_size_time_sums_and_class_in_any_order_of_elements() {
        let inner = "<IsTruncated>false</IsTruncated><Contents><StorageClass>GLACIER</StorageClass><Owner><ID>x</ID><Key>no</Key></Owner><ChecksumType>FULL_OBJECT</ChecksumType><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ETag>\"5D41402ABC4B2A76B9719D911017C592-3\"</ETag><Size>7</Size><LastModified>2026-01-02T03:04:05.678Z</LastModified><Key>a</Key></Contents><Contents><Key>b</Key><Size>0</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents><KeyCount>2</KeyCount>";
        let mut seen = 0;
        page(&answer(200, &list(inner)), ALL, &mut Place::default(), &mut |object| {
            seen += 1;
            if object.key == "a" {
                assert_eq!((object.bytes, object.class, object.has_sha), (7, "GLACIER", true));
                assert_eq!(object.sums.parts.map(|(_, parts)| parts), Some(3));
            } else {
                let plain = (object.bytes, object.class, object.has_sha, object.sums);
                assert_eq!(plain, (0, "", false, Sums::default()), "nothing stays from the object before");
            }
        })
        .unwrap();
        assert_eq!(seen, 2);
    }

    #[test]
    fn keys_are_what_they_were_before_they_were_escaped() {
        let keys = |inner: String| read(&inner).unwrap().0;
        let (aws, ceph) = ("a+b%2Bc/%C3%A4%0A%01.zip", "a%20b%2Bc%2F%C3%A4%0A%01.zip");
        for escaped in [aws, ceph] {
            let inner =
                format!("{}<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>", contents(escaped));
            assert_eq!(keys(inner), ["a b+c/ä\n\u{1}.zip"]);
        }
        let plain = format!("<IsTruncated>false</IsTruncated>{}", contents(" a+b%20&amp; "));
        assert_eq!(keys(plain), [" a+b%20& "], "nobody said that it is escaped");
        for wrong in ["%ff", "%e", "%zz", "%", "%C3%A4%C3"] {
            let inner = format!("<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{}", contents(wrong));
            let (keys, page) = read(&inner).unwrap();
            assert_eq!((keys.len(), page.unread), (0, 1), "{wrong}");
        }
    }

    #[test]
    fn a_page_that_contradicts_itself_is_none() {
        let two = format!("{}{}", contents("a"), contents("b"));
        let whole = "<IsTruncated>false</IsTruncated>";
        assert_eq!(read(&format!("{two}{whole}<KeyCount>2</KeyCount>")).unwrap().0, ["a", "b"]);
        assert!(refused(&two).contains("does not say whether it is whole"));
        assert!(refused(&format!("{two}{whole}<KeyCount>3</KeyCount>")).contains("another number"));
        assert!(refused(&format!("{two}<IsTruncated>true</IsTruncated>")).contains("how it goes on"));
        assert!(refused(&format!("{two}<IsTruncated>true</IsTruncated><NextContinuationToken/>")).contains("goes on"));
        assert!(refused(&format!("{two}<IsTruncated>maybe</IsTruncated>")).contains("cannot be read"));
        assert!(refused(&format!("{}{}{whole}", contents("b"), contents("a"))).contains("not in order"));
        assert!(refused(&format!("{}{}{whole}", contents("a"), contents("a"))).contains("not in order"));
        assert!(refused(&format!("{whole}<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>")).contains("prefixes"));
        assert!(refused(&format!("{whole}<Contents><Size>1</Size></Contents>")).contains("with no key"));
        assert!(refused(&format!("{whole}{}", contents(""))).contains("with no key"));
        assert!(refused(&format!("{whole}<EncodingType>rot13</EncodingType>")).contains("not known"));
        let elsewhere = read_as(Asked { prefix: "x/", ..ALL }, &format!("{two}{whole}")).unwrap_err();
        assert!(elsewhere.what.contains("outside of the prefix"));
    }

    #[test]
    fn an_object_without_size_or_time_is_counted_as_not_read() {
        let inner = "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents><Contents><Key>b</Key><Size>-1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>";
        let (keys, page) = read(inner).unwrap();
        assert_eq!((keys.len(), page.unread), (0, 2));
    }

    #[test]
    fn the_order_of_directory_buckets_is_nobodys_business() {
        let inner = format!("{}{}<IsTruncated>false</IsTruncated>", contents("b"), contents("a"));
        assert_eq!(read_as(Asked { sorted: false, ..ALL }, &inner).unwrap().0, ["b", "a"]);
    }

    #[test]
    fn prefixes_come_where_they_were_asked_for() {
        let inner = "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><KeyCount>2</KeyCount><CommonPrefixes><Prefix>a+b/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>";
        let (_, page) = read_as(Asked { folded: true, ..ALL }, inner).unwrap();
        assert_eq!(page.prefixes, ["a b/", "c/"]);
    }

    #[test]
    fn a_likely_token_is_the_one_that_the_page_says() {
        let inner = format!(
            "{}<IsTruncated>true</IsTruncated><NextContinuationToken>1/a&amp;b==</NextContinuationToken>",
            contents("a")
        );
        let (_, page) = read(&inner).unwrap();
        assert_eq!(page.next.as_deref(), Some("1/a&b=="));
        assert_eq!(likely_token(&answer(200, &list(&inner))), page.next);
        assert_eq!(likely_token(&answer(200, &list(""))), None);
    }

    #[test]
    fn an_error_with_a_status_of_success_is_a_refusal() {
        let denied = answer(200, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
        let miss = page(&denied, ALL, &mut Place::default(), &mut |_| {}).unwrap_err();
        assert_eq!(miss.reason, UnseenReason::NotAuthorized);
        let cut = answer(200, "<ListBucketResult><IsTruncated>false</IsTruncated>");
        let miss = page(&cut, ALL, &mut Place::default(), &mut |_| {}).unwrap_err();
        assert_eq!(miss.reason, UnseenReason::Truncated);
    }

    #[test]
    fn an_etag_is_a_sum_only_where_it_looks_like_one() {
        assert!(etag("\"5d41402abc4b2a76b9719d911017c592\"").md5.is_some());
        assert!(etag("&quot;").md5.is_none());
        for none in [
            "",
            "\"x\"",
            "5d41402abc4b2a76b9719d911017c59",
            "5d41402abc4b2a76b9719d911017c592-0",
            "5d41402abc4b2a76b9719d911017c592-x",
            "5d41402abc4b2a76b9719d911017c592-1-2",
        ] {
            assert_eq!(etag(none), Sums::default(), "{none}");
        }
    }
}
