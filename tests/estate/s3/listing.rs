//! Listings of a bucket: objects in both versions, versions of objects, uploads that never ended.
//!
//! Keys come in the order of their UTF-8 bytes. Who may list is left to `mod`, what goes wrong on purpose to
//! `Quirk`.

use std::collections::BTreeMap;
use std::ops::Bound;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lastgood::model::Instant;

use super::truth::{Object, Personality, Upload, time};
use super::xml::{self, Refusal, element};

/// The objects of a bucket, by key.
pub type Objects = BTreeMap<String, Object>;

/// The most entries of a page.
const MOST: usize = 1_000;

/// How a continuation token of AWS begins, before it is encoded: chosen so that what comes out holds signs
/// that URLs have to encode.
const TOKEN: [u8; 4] = [0xfb, 0xef, 0xff, 0x3f];

/// What a listing does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// Says that there is more, and not where.
    NoToken,
    /// The token leads to the first page again.
    Loop,
    /// Each page is the first one, and each token a new one.
    SamePage,
    /// Keys that were never seen, without end.
    Endless,
    /// The second page and all after it begin again one key too early: a key comes twice.
    Twice,
    /// Keys come in no order.
    Unordered,
    /// `KeyCount` tells of more than there is.
    Miscounted,
}

/// How the questions are to be answered.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// Whose S3 it is.
    pub personality: Personality,
    /// How many entries a page has at most.
    pub page: usize,
    /// When the truth began.
    pub now: Instant,
    /// What is done wrong.
    pub quirk: Option<Quirk>,
}

/// The parameters of a listing.
#[derive(Debug)]
pub struct Wanted<'a> {
    query: &'a [(String, String)],
    encoded: bool,
    max: usize,
}

impl<'a> Wanted<'a> {
    /// Reads the query.
    pub fn read(query: &'a [(String, String)], page: usize, max_name: &str) -> Result<Self, Refusal> {
        let mut wanted = Self { query, encoded: false, max: MOST };
        match wanted.get("encoding-type") {
            None | Some("") => {}
            Some("url") => wanted.encoded = true,
            Some(_) => {
                return Err(Refusal::new(400, "InvalidArgument", "Invalid Encoding Method specified in Request"));
            }
        }
        if let Some(text) = wanted.get(max_name).filter(|text| !text.is_empty()) {
            let Ok(max) = text.parse::<usize>() else {
                return Err(Refusal::new(400, "InvalidArgument", format!("Provided {max_name} not an integer")));
            };
            wanted.max = max;
        }
        wanted.max = wanted.max.min(MOST).min(page);
        Ok(wanted)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A page of keys.
#[derive(Debug, Default)]
struct Page<'a> {
    entries: Vec<Entry<'a>>,
    /// Where the next page begins: after this key, or after all that begin so.
    next: Option<String>,
}

#[derive(Debug)]
enum Entry<'a> {
    Object(&'a Object),
    Prefix(&'a str),
}

/// Returns the page after `after`, which is a key or, where it ends with the delimiter, a common prefix.
fn page<'a>(objects: &'a Objects, prefix: &str, delimiter: &str, after: &str, max: usize) -> Page<'a> {
    let mut page = Page::default();
    let mut at = if after > prefix { Bound::Excluded(after.to_owned()) } else { Bound::Included(prefix.to_owned()) };
    if !delimiter.is_empty() && after.ends_with(delimiter) && after.len() > prefix.len() {
        at = Bound::Excluded(format!("{after}{}", char::MAX));
    }
    let mut last = String::new();
    'groups: loop {
        for (key, object) in objects.range((at.clone(), Bound::Unbounded)) {
            if !key.starts_with(prefix) {
                break 'groups;
            }
            if object.deleted.is_some() {
                continue;
            }
            if page.entries.len() == max {
                page.next = (max > 0).then_some(last);
                return page;
            }
            let end = (!delimiter.is_empty())
                .then(|| key[prefix.len()..].find(delimiter).map(|found| prefix.len() + found + delimiter.len()))
                .flatten();
            if let Some(end) = end {
                page.entries.push(Entry::Prefix(&key[..end]));
                key[..end].clone_into(&mut last);
                at = Bound::Excluded(format!("{last}{}", char::MAX));
                continue 'groups;
            }
            page.entries.push(Entry::Object(object));
            key.clone_into(&mut last);
        }
        break;
    }
    page
}

fn owner() -> &'static str {
    "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>"
}

fn stamp(manner: &Manner<'_>, instant: Instant) -> String {
    match manner.personality {
        Personality::Aws | Personality::Moto => time(instant),
        Personality::Ceph => instant.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    }
}

fn object(manner: &Manner<'_>, object: &Object, encoded: bool, with_owner: bool) -> String {
    let mut out = String::with_capacity(300);
    out.push_str("<Contents><Key>");
    out.push_str(&xml::key(&object.key, encoded, manner.personality));
    out.push_str("</Key>");
    out.push_str(&element("LastModified", &stamp(manner, object.modified.seen_from(manner.now))));
    out.push_str(&element("ETag", &format!("\"{}\"", object.etag())));
    if manner.personality == Personality::Aws {
        for name in object.checksums.keys() {
            out.push_str(&element("ChecksumAlgorithm", name));
        }
        if let Some(kind) = &object.checksum_type {
            out.push_str(&element("ChecksumType", kind));
        }
    }
    out.push_str(&element("Size", &object.size.to_string()));
    if with_owner {
        out.push_str(owner());
    }
    out.push_str(&element("StorageClass", object.class()));
    if manner.personality == Personality::Ceph {
        out.push_str("<Type>Normal</Type>");
    }
    out.push_str("</Contents>");
    out
}

fn token(manner: &Manner<'_>, key: &str, number: usize) -> String {
    let key = match manner.quirk {
        Some(Quirk::SamePage) => &format!("{number}"),
        _ => key,
    };
    match manner.personality {
        // Ceph's is the last key itself.
        Personality::Ceph => key.to_owned(),
        Personality::Aws | Personality::Moto => STANDARD.encode([&TOKEN, key.as_bytes()].concat()),
    }
}

fn place(manner: &Manner<'_>, token: &str) -> Result<String, Refusal> {
    if manner.personality == Personality::Ceph {
        return Ok(token.to_owned());
    }
    let decoded = STANDARD.decode(token).ok();
    let key = decoded.as_deref().and_then(|bytes| bytes.strip_prefix(&TOKEN));
    key.and_then(|key| String::from_utf8(key.to_vec()).ok()).ok_or_else(|| {
        Refusal::new(400, "InvalidArgument", "The continuation token provided is incorrect")
            .with("ArgumentName", "continuation-token")
    })
}

/// Lists objects, by the second version of the call. `number` counts the pages of this bucket, from 1.
pub fn objects(
    manner: Manner<'_>,
    objects: &Objects,
    query: &[(String, String)],
    number: usize,
) -> Result<Response, Refusal> {
    let wanted = Wanted::read(query, manner.page, "max-keys")?;
    let get = |name: &str| wanted.get(name).unwrap_or_default();
    let (prefix, delimiter, start) = (get("prefix"), get("delimiter"), get("start-after"));
    let asked = wanted.get("continuation-token");
    let mut after = match asked {
        Some(token) => place(&manner, token)?,
        None => start.to_owned(),
    };
    match (manner.quirk, asked) {
        (Some(Quirk::Loop | Quirk::SamePage | Quirk::Endless), _) => start.clone_into(&mut after),
        (Some(Quirk::Twice), Some(_)) => {
            let before = objects.range::<str, _>((Bound::Unbounded, Bound::Excluded(after.as_str())));
            after = before.last().map(|(key, _)| key.clone()).unwrap_or_default();
        }
        _ => {}
    }
    let page = page(objects, prefix, delimiter, &after, wanted.max);

    let key = |text: &str| xml::key(text, wanted.encoded, manner.personality);
    let (mut contents, mut prefixes) = (Vec::new(), String::new());
    let with_owner = wanted.get("fetch-owner") == Some("true");
    for entry in &page.entries {
        match entry {
            Entry::Object(found) if manner.quirk == Some(Quirk::Endless) => {
                let fresh = Object { key: format!("{}-{number}", found.key), ..(*found).clone() };
                contents.push(object(&manner, &fresh, wanted.encoded, with_owner));
            }
            Entry::Object(found) => contents.push(object(&manner, found, wanted.encoded, with_owner)),
            Entry::Prefix(prefix) => {
                prefixes.push_str(&format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", key(prefix)));
            }
        }
    }
    if manner.quirk == Some(Quirk::Unordered) {
        contents.reverse();
    }
    let next = match manner.quirk {
        Some(Quirk::Loop | Quirk::SamePage | Quirk::Endless) => Some("again".to_owned()),
        _ => page.next,
    };
    let count = page.entries.len() + usize::from(manner.quirk == Some(Quirk::Miscounted));
    let count = element("KeyCount", &count.to_string());
    let truncated = element("IsTruncated", if next.is_some() { "true" } else { "false" });
    let mut tokens = String::new();
    if let Some(asked) = asked {
        tokens.push_str(&element("ContinuationToken", asked));
    }
    if let Some(next) = next.filter(|_| manner.quirk != Some(Quirk::NoToken)) {
        tokens.push_str(&element("NextContinuationToken", &token(&manner, &next, number)));
    }
    let mut head = element("Name", manner.bucket);
    head.push_str(&format!("<Prefix>{}</Prefix>", key(prefix)));
    if !delimiter.is_empty() {
        head.push_str(&format!("<Delimiter>{}</Delimiter>", key(delimiter)));
    }
    if !start.is_empty() {
        head.push_str(&format!("<StartAfter>{}</StartAfter>", key(start)));
    }
    head.push_str(&element("MaxKeys", &wanted.max.to_string()));
    if wanted.encoded {
        head.push_str("<EncodingType>url</EncodingType>");
    }
    let contents = contents.concat();
    // Ceph counts after it has listed.
    Ok(xml::document(
        "ListBucketResult",
        &match manner.personality {
            Personality::Ceph => format!("{head}{truncated}{contents}{prefixes}{count}{tokens}"),
            Personality::Aws => format!("{head}{count}{truncated}{tokens}{contents}{prefixes}"),
            Personality::Moto => format!("{truncated}{contents}{head}{prefixes}{count}{tokens}"),
        },
    ))
}

/// Lists objects, by the first version of the call, which also answers what Ceph does not know.
pub fn objects_v1(manner: Manner<'_>, objects: &Objects, query: &[(String, String)]) -> Result<Response, Refusal> {
    let wanted = Wanted::read(query, manner.page, "max-keys")?;
    let get = |name: &str| wanted.get(name).unwrap_or_default();
    let page = page(objects, get("prefix"), get("delimiter"), get("marker"), wanted.max);
    let key = |text: &str| xml::key(text, wanted.encoded, manner.personality);
    let mut out = element("Name", manner.bucket);
    out.push_str(&format!("<Prefix>{}</Prefix><Marker>{}</Marker>", key(get("prefix")), key(get("marker"))));
    out.push_str(&element("MaxKeys", &wanted.max.to_string()));
    out.push_str(&element("IsTruncated", if page.next.is_some() { "true" } else { "false" }));
    if let Some(next) = page.next.filter(|_| !get("delimiter").is_empty()) {
        out.push_str(&format!("<NextMarker>{}</NextMarker>", key(&next)));
    }
    for entry in page.entries {
        match entry {
            Entry::Object(found) => out.push_str(&object(&manner, found, wanted.encoded, false)),
            Entry::Prefix(prefix) => {
                out.push_str(&format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", key(prefix)));
            }
        }
    }
    Ok(xml::document("ListBucketResult", &out))
}

/// One version of one key: which one, when, and the object where it is no delete marker.
type Version<'a> = (&'a str, usize, Instant, Option<&'a Object>);

/// Lists versions of objects and delete markers, those of one key newest first. A version's id is its number.
pub fn versions(manner: Manner<'_>, objects: &Objects, query: &[(String, String)]) -> Result<Response, Refusal> {
    let wanted = Wanted::read(query, manner.page, "max-keys")?;
    let get = |name: &str| wanted.get(name).unwrap_or_default();
    let (prefix, key_marker) = (get("prefix"), get("key-marker"));
    let id_marker: usize = get("version-id-marker").parse().unwrap_or(usize::MAX);
    let mut found: Vec<Version<'_>> = Vec::new();
    for (key, object) in objects.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)) {
        let marker = object.deleted.map(|moment| (moment.seen_from(manner.now), None));
        let current = (object.modified.seen_from(manner.now), Some(object));
        let earlier = object.earlier.iter().map(|moment| (moment.seen_from(manner.now), Some(object)));
        let all = marker.into_iter().chain([current]).chain(earlier);
        found.extend(all.enumerate().map(|(number, (at, object))| (key.as_str(), number, at, object)));
    }
    let loops = manner.quirk == Some(Quirk::Loop);
    found.retain(|(key, number, ..)| loops || *key > key_marker || (*key == key_marker && *number > id_marker));
    let more = loops || found.len() > wanted.max;
    found.truncate(wanted.max);
    if manner.quirk == Some(Quirk::Unordered) {
        found.reverse();
    }

    let key = |text: &str| xml::key(text, wanted.encoded, manner.personality);
    let mut out = element("Name", manner.bucket);
    out.push_str(&format!("<Prefix>{}</Prefix><KeyMarker>{}</KeyMarker>", key(prefix), key(key_marker)));
    out.push_str(&element("VersionIdMarker", get("version-id-marker")));
    out.push_str(&element("MaxKeys", &wanted.max.to_string()));
    if wanted.encoded {
        out.push_str("<EncodingType>url</EncodingType>");
    }
    out.push_str(&element("IsTruncated", if more { "true" } else { "false" }));
    if let Some((name, number, ..)) = found.last().filter(|_| more && manner.quirk != Some(Quirk::NoToken)) {
        out.push_str(&format!("<NextKeyMarker>{}</NextKeyMarker>", key(name)));
        out.push_str(&element("NextVersionIdMarker", &number.to_string()));
    }
    for (name, number, at, object) in found {
        let root = if object.is_some() { "Version" } else { "DeleteMarker" };
        out.push_str(&format!("<{root}><Key>{}</Key>", key(name)));
        out.push_str(&element("VersionId", &number.to_string()));
        out.push_str(&element("IsLatest", if number == 0 { "true" } else { "false" }));
        out.push_str(&element("LastModified", &stamp(&manner, at)));
        if let Some(object) = object {
            out.push_str(&element("ETag", &format!("\"{}\"", object.etag())));
            out.push_str(&element("Size", &object.size.to_string()));
            out.push_str(&element("StorageClass", object.class()));
        }
        out.push_str(&format!("{}</{root}>", owner()));
    }
    Ok(xml::document("ListVersionsResult", &out))
}

/// Lists uploads that never ended, by key and then by when they began.
pub fn uploads(manner: Manner<'_>, uploads: &[Upload], query: &[(String, String)]) -> Result<Response, Refusal> {
    let wanted = Wanted::read(query, manner.page, "max-uploads")?;
    let get = |name: &str| wanted.get(name).unwrap_or_default();
    let (prefix, key_marker, id_marker) = (get("prefix"), get("key-marker"), get("upload-id-marker"));
    let mut found: Vec<(&str, String, Instant)> = uploads
        .iter()
        .filter(|upload| upload.key.starts_with(prefix))
        .map(|upload| {
            let began = upload.began.seen_from(manner.now);
            (upload.key.as_str(), format!("upload-{:012}", began.timestamp()), began)
        })
        .collect();
    found.sort();
    found.retain(|(key, id, _)| {
        *key > key_marker || (*key == key_marker && !id_marker.is_empty() && id.as_str() > id_marker)
    });
    let more = found.len() > wanted.max;
    found.truncate(wanted.max);

    let key = |text: &str| xml::key(text, wanted.encoded, manner.personality);
    let mut out = element("Bucket", manner.bucket);
    out.push_str(&format!("<KeyMarker>{}</KeyMarker>", key(key_marker)));
    out.push_str(&element("UploadIdMarker", id_marker));
    if let Some((name, id, _)) = found.last() {
        out.push_str(&format!("<NextKeyMarker>{}</NextKeyMarker>", key(name)));
        out.push_str(&element("NextUploadIdMarker", id));
    }
    out.push_str(&element("MaxUploads", &wanted.max.to_string()));
    if wanted.encoded {
        out.push_str("<EncodingType>url</EncodingType>");
    }
    out.push_str(&element("IsTruncated", if more { "true" } else { "false" }));
    for (name, id, began) in found {
        out.push_str(&format!(
            "<Upload><Key>{}</Key>{}{}{}{}</Upload>",
            key(name),
            element("UploadId", &id),
            owner(),
            element("StorageClass", "STANDARD"),
            element("Initiated", &stamp(&manner, began)),
        ));
    }
    Ok(xml::document("ListMultipartUploadsResult", &out))
}
