//! Uploads: those in parts that began and never ended. No list of objects shows them.
//!
//! Read from `ListMultipartUploads`
//! (`docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html`). What they mean is left to the
//! judge.

use chrono::TimeDelta;

use super::client::{Client, Question};
use super::listing::unescape;
use super::refusal;
use super::xml;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::evidence::Unfinished;
use crate::model::UnseenReason;
use crate::model::time::{Instant, parse_instant};

/// How long an upload may take before it counts as one that never ended.
const UPLOADING: TimeDelta = TimeDelta::days(1);

/// How many pages are read: 100,000 uploads, which is more than anybody needs to know of.
const MOST_PAGES: usize = 100;

/// One page of uploads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Key, and when it began, UTC.
    pub uploads: Vec<(String, Instant)>,
    /// The key and the upload after which the next page begins; `None` on the last one.
    pub next: Option<(String, String)>,
}

/// Reads a page.
///
/// # Errors
///
/// Where it is refused or not what was asked for, holds an upload that cannot be read, or does not say how
/// it goes on.
pub fn page(answer: Answer) -> Result<Page, Miss> {
    let answer = refusal::ok(answer)?;
    let escaped = memchr::memmem::find(&answer.body, b"EncodingType>url<").is_some();
    let mut page = Page::default();
    let (mut key, mut began) = (None, None);
    let (mut truncated, mut next_key, mut next_upload) = (None, String::new(), String::new());
    let odd = || "with a list of uploads that cannot be read".to_owned();
    xml::elements(&answer, &["ListMultipartUploadsResult"], &mut |path, text| {
        match path {
            "Upload/Key" => {
                let mut plain = String::new();
                key = unescape(text, escaped, &mut plain).then_some(plain);
            }
            "Upload/Initiated" => began = parse_instant(text.trim()),
            "Upload" => page.uploads.push(key.take().zip(began.take()).ok_or_else(odd)?),
            "IsTruncated" => truncated = text.trim().parse::<bool>().ok(),
            "NextKeyMarker" if !unescape(text, escaped, &mut next_key) => return Err(odd()),
            "NextUploadIdMarker" => text.clone_into(&mut next_upload),
            _ => {}
        }
        Ok(())
    })?;
    match truncated {
        Some(false) => Ok(page),
        Some(true) if !next_key.is_empty() => {
            page.next = Some((next_key, next_upload));
            Ok(page)
        }
        Some(true) | None => {
            let what = format!("{} answered with a list of uploads that does not say how it goes on", answer.request());
            Err(answer.miss(UnseenReason::Unreadable, what))
        }
    }
}

/// Returns the uploads below `prefix` that began more than a day before `now`, and the first answer.
pub(super) async fn unfinished(client: &Client, prefix: &str, now: Instant) -> Result<(Unfinished, Answer), Miss> {
    let mut found = Unfinished { count: 0, newest: None };
    let mut first = None;
    let mut from: Option<(String, String)> = None;
    for _ in 0..MOST_PAGES {
        let mut query = vec![("uploads", ""), ("encoding-type", "url"), ("max-uploads", "1000"), ("prefix", prefix)];
        if let Some((key, upload)) = &from {
            query.extend([("key-marker", key.as_str()), ("upload-id-marker", upload.as_str())]);
        }
        let answer = client.ask(&Question::get(&query)).await?;
        let (source, kept) = (answer.clone(), first.is_none());
        let page = page(answer)?;
        if kept {
            first = Some(source.clone());
        }
        // A server that does not know prefixes tells of all.
        let old = page.uploads.iter().filter(|(key, began)| key.starts_with(prefix) && *began < now - UPLOADING);
        for (_, began) in old {
            found.count += 1;
            found.newest = found.newest.max(Some(*began));
        }
        match page.next {
            None => return first.map(|first| (found, first)).ok_or_else(|| Miss::unreadable("no uploads were read")),
            next if next == from => {
                let what = format!("{} answered with a list of uploads that goes round", source.request());
                return Err(source.miss(UnseenReason::Unreadable, what));
            }
            next => from = next,
        }
    }
    Err(Miss::new(UnseenReason::Truncated, format!("there are more than {MOST_PAGES} pages of unfinished uploads")))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Fake, answer};
    use super::*;

    fn upload(key: &str, began: &str) -> String {
        format!("<Upload><Initiator><ID>x</ID></Initiator><Initiated>{began}</Initiated><Key>{key}</Key></Upload>")
    }

    fn list(inner: &str) -> String {
        format!("<ListMultipartUploadsResult>{inner}</ListMultipartUploadsResult>")
    }

    #[tokio::test]
    async fn uploads_of_more_than_a_day_are_counted_over_all_pages() {
        let fake = Fake::start(|asked| {
            let body = match asked.query("key-marker").as_deref() {
                None => format!("<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType><NextKeyMarker>db%2Fa+b</NextKeyMarker><NextUploadIdMarker>u1</NextUploadIdMarker>{}{}", upload("db%2Fa+b", "2026-11-20T00:00:00.000Z"), upload("other", "2026-11-20T00:00:00.000Z")),
                Some("db/a b") => format!("<IsTruncated>false</IsTruncated>{}{}", upload("db/c", "2026-11-22T00:00:00Z"), upload("db/d", "2026-11-25T00:00:00Z")),
                other => panic!("{other:?}"),
            };
            (200, vec![], list(&body))
        })
        .await;
        let now = parse_instant("2026-11-25T12:00:00Z").unwrap();
        let (found, first) = unfinished(&fake.client("anonymous: true"), "db/", now).await.unwrap();
        assert_eq!((found.count, found.newest), (2, parse_instant("2026-11-22T00:00:00Z")));
        assert!(first.request().contains("uploads="));
        assert_eq!(fake.asked()[1].query("upload-id-marker").as_deref(), Some("u1"));
    }

    #[tokio::test]
    async fn a_list_that_goes_round_or_does_not_say_how_it_goes_on_is_none() {
        let round = list(
            "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>",
        );
        let fake = Fake::start(move |_| (200, vec![], round.clone())).await;
        let miss = unfinished(&fake.client("anonymous: true"), "", Instant::UNIX_EPOCH).await.unwrap_err();
        assert!(miss.what.contains("goes round"), "{}", miss.what);
        for wrong in
            ["", "<IsTruncated>true</IsTruncated>", "<IsTruncated>false</IsTruncated><Upload><Key>k</Key></Upload>"]
        {
            assert!(page(answer(200, &list(wrong))).is_err(), "{wrong}");
        }
        assert!(page(answer(200, "<ListBucketResult/>")).is_err());
    }
}
