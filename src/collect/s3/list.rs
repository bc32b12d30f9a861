//! Lists: everything below a prefix, page after page.
//!
//! The next page is asked for while one is read. Long lists with folders are read in several ranges of keys
//! at once; each range begins right after the key with which the one before it ends, so that together they
//! are the whole whatever the folders are. What one page is believed for is left to `listing`.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::client::{Client, Question};
use super::kept::Kept;
use super::listing::{self, Asked, Object, PAGE, Place};
use super::refusal;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::evidence::{Digest, Source};
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// In how many ranges a long list is read.
const RANGES: usize = 8;

/// How many levels of folders are looked at for the ends of ranges.
const LEVELS: usize = 3;

/// How many pages without any key are read in a row before the list is taken for endless.
pub(super) const EMPTY_PAGES: usize = 1_000;

/// How a list ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// When its first page was asked for, UTC.
    pub(super) began: Instant,
    /// The first request, and a digest over the digests of all pages.
    pub(super) source: Source,
    /// How many keys could not be read.
    pub(super) unread: u64,
    /// What was seen of the objects that were kept.
    pub(super) kept: Kept,
    /// Whether it ended because nobody took it any more.
    pub(super) left: bool,
}

/// What is made of each object; `None` where it is not wanted.
pub(super) type Make<'m, T> = &'m (dyn Fn(&Object<'_>) -> Option<T> + Sync);

/// Lists everything below `prefix` and sends what `make` makes of it, page by page, in no order. `locked` is
/// since when the lock of the bucket should hold what was written, so that the end notes what can show it.
///
/// # Errors
///
/// Where a page did not come or cannot be believed. What was sent by then is not the whole.
pub(super) async fn list<T: Send>(
    client: &Arc<Client>,
    prefix: &str,
    locked: Option<Instant>,
    make: Make<'_, T>,
    out: &mpsc::Sender<Vec<T>>,
) -> Result<End, Miss> {
    let first = page(client, prefix, &Next::After(String::new())).await?;
    let (began, source) = (first.asked_at, first.source.clone());
    let ends = if listing::likely_token(&first).is_some() && client.place().is_sorted() {
        ends(client, prefix, &first).await
    } else {
        Vec::new()
    };
    let mut ranges = Vec::with_capacity(ends.len() + 1);
    let mut after = String::new();
    for until in ends.into_iter().map(Some).chain([None]) {
        ranges.push(Range { after: after.clone(), until: until.clone(), locked });
        after = until.unwrap_or_default();
    }
    let mut first = Some(first);
    let ranges = ranges.into_iter().enumerate().map(|(at, range)| {
        let first = if at == 0 { first.take() } else { None };
        async move { range.read(client, prefix, first, make, out).await }
    });
    // Boxed, for the compiler cannot see that what is borrowed lives long enough otherwise.
    let ranges: Vec<_> = ranges.map(Box::pin).collect();
    let parts: Vec<Part> = stream::iter(ranges).buffered(RANGES).try_collect().await?;
    let digests = parts.iter().flat_map(|part| part.digests.iter().copied());
    let body = Digest::of_lines(digests).to_string().into();
    Ok(End {
        began,
        source: Source { body: Some(body), ..source },
        unread: parts.iter().map(|part| part.unread).sum(),
        left: parts.iter().any(|part| part.left),
        kept: parts.into_iter().map(|part| part.kept).fold(Kept::default(), Kept::and),
    })
}

/// How a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// With the keys after this one; all of them after an empty one.
    After(String),
    /// With the page that the server calls so.
    Token(String),
}

/// Asks for one page.
async fn page(client: &Client, prefix: &str, next: &Next) -> Result<Answer, Miss> {
    let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("max-keys", PAGE), ("prefix", prefix)];
    match next {
        Next::After(key) if key.is_empty() => {}
        Next::After(key) => query.push(("start-after", key)),
        Next::Token(token) => query.push(("continuation-token", token)),
    }
    refusal::ok(client.ask(&Question::get(&query)).await?)
}

/// Returns up to `RANGES - 1` folders at which a list can be cut, in order, all of them after its first
/// page. Guesses, for nothing rests on them: none where they cannot be had.
async fn ends(client: &Client, prefix: &str, first: &Answer) -> Vec<String> {
    let sorted = client.place().is_sorted();
    let mut place = Place::default();
    let asked = Asked { prefix, sorted, folded: false };
    let mut keys = 0;
    if listing::page(first, asked, &mut place, &mut |_| keys += 1).is_err() || keys == 0 {
        return Vec::new();
    }
    let mut below = prefix.to_owned();
    for _ in 0..LEVELS {
        let query = [
            ("list-type", "2"),
            ("encoding-type", "url"),
            ("max-keys", PAGE),
            ("prefix", below.as_str()),
            ("delimiter", "/"),
        ];
        let Ok(answer) = client.ask(&Question::get(&query)).await.and_then(refusal::ok) else { return Vec::new() };
        let asked = Asked { prefix: &below, sorted, folded: true };
        let Ok(page) = listing::page(&answer, asked, &mut Place::default(), &mut |_| {}) else { return Vec::new() };
        let mut folders: Vec<String> = page.prefixes;
        if let [only] = folders.as_mut_slice() {
            // All of it lies in one folder, in which there may be more.
            below = std::mem::take(only);
            continue;
        }
        folders.retain(|folder| *folder > place.key);
        let count = folders.len();
        let wanted = count.min(RANGES - 1);
        return (0..wanted).map(|at| std::mem::take(&mut folders[at * count / wanted])).collect();
    }
    Vec::new()
}

/// A part of a list: the keys after `after`, up to and with `until`.
#[derive(Debug)]
struct Range {
    /// Empty for the first.
    after: String,
    /// `None` for the last.
    until: Option<String>,
    /// Since when the lock of the bucket should hold what was written.
    locked: Option<Instant>,
}

/// What reading a range told besides the objects.
#[derive(Debug, Default)]
struct Part {
    digests: Vec<Digest>,
    unread: u64,
    kept: Kept,
    left: bool,
}

impl Range {
    async fn read<T: Send>(
        self,
        client: &Arc<Client>,
        prefix: &str,
        first: Option<Answer>,
        make: Make<'_, T>,
        out: &mpsc::Sender<Vec<T>>,
    ) -> Result<Part, Miss> {
        let mut answer = match first {
            Some(answer) => answer,
            None => page(client, prefix, &Next::After(self.after.clone())).await?,
        };
        let mut place = Place { key: self.after, ..Place::default() };
        let asked = Asked { prefix, sorted: client.place().is_sorted(), folded: false };
        let mut part = Part { kept: Kept::since(self.locked), ..Part::default() };
        let mut tokens: HashSet<Digest> = HashSet::new();
        let mut empty = 0;
        loop {
            let likely = listing::likely_token(&answer);
            let ahead = likely.as_ref().map(|token| {
                let (client, prefix, next) = (Arc::clone(client), prefix.to_owned(), Next::Token(token.clone()));
                AbortOnDropHandle::new(tokio::spawn(async move { page(&client, &prefix, &next).await }))
            });
            let (mut found, mut keys, mut over) = (Vec::new(), 0, false);
            let page_read = listing::page(&answer, asked, &mut place, &mut |object| {
                keys += 1;
                if self.until.as_deref().is_some_and(|until| object.key > until) {
                    over = true;
                } else if let Some(item) = make(object) {
                    part.kept.add(object, None);
                    found.push(item);
                }
            })?;
            part.unread += page_read.unread;
            part.digests.extend(answer.source.body.as_deref().and_then(|body| body.parse::<Digest>().ok()));
            if !found.is_empty() && out.send(found).await.is_err() {
                part.left = true;
                return Ok(part);
            }
            let Some(token) = page_read.next.filter(|_| !over) else { return Ok(part) };
            empty = if keys == 0 { empty + 1 } else { 0 };
            if !tokens.insert(Digest::of(token.as_bytes())) || empty > EMPTY_PAGES {
                let what = format!("{} answered with a list that does not come to an end", answer.request());
                return Err(answer.miss(UnseenReason::Unreadable, what));
            }
            answer = match ahead.filter(|_| likely.as_ref() == Some(&token)) {
                Some(ahead) => ahead.await.map_err(|_| Miss::unreadable("the list was given up"))??,
                None => page(client, prefix, &Next::Token(token)).await?,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Asked as Question, Fake};
    use super::*;

    /// Answers as a bucket with `keys` does, `size` a page; with real tokens, delimiters and start-after.
    fn bucket(keys: &[String], size: usize, question: &Question) -> (u16, Vec<(&'static str, String)>, String) {
        let prefix = question.query("prefix").unwrap_or_default();
        let after = question.query("continuation-token").or_else(|| question.query("start-after")).unwrap_or_default();
        let folded = question.query("delimiter").is_some();
        let mut entries: Vec<(String, bool)> = Vec::new();
        for key in keys.iter().filter(|key| key.starts_with(&prefix) && **key > after) {
            let rest = &key[prefix.len()..];
            let entry = match rest.find('/').filter(|_| folded) {
                Some(slash) => (format!("{prefix}{}/", &rest[..slash]), true),
                None => (key.clone(), false),
            };
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
        }
        let size = if folded { 1_000 } else { size };
        let more = entries.len() > size;
        entries.truncate(size);
        let token = if more {
            format!("<NextContinuationToken>{}</NextContinuationToken>", entries[size - 1].0)
        } else {
            String::new()
        };
        let inner: String = entries
            .iter()
            .map(|(key, folder)| match folder {
                true => format!("<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>"),
                false => format!("<Contents><Key>{key}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"),
            })
            .collect();
        (
            200,
            vec![],
            format!(
                "<ListBucketResult><KeyCount>{}</KeyCount><IsTruncated>{more}</IsTruncated>{token}{inner}</ListBucketResult>",
                entries.len()
            ),
        )
    }

    async fn listed(fake: &Fake, prefix: &str) -> (Result<End, Miss>, Vec<String>) {
        let client = Arc::new(fake.client("anonymous: true"));
        let (out, mut rows) = mpsc::channel(2);
        let make = |object: &Object<'_>| Some(object.key.to_owned());
        let taking = async {
            let mut keys = Vec::new();
            while let Some(page) = rows.recv().await {
                keys.extend(page);
            }
            keys.sort();
            keys
        };
        let listing = async {
            let end = list(&client, prefix, None, &make, &out).await;
            drop(out);
            end
        };
        tokio::join!(listing, taking)
    }

    #[tokio::test]
    async fn a_long_list_is_read_in_ranges_and_every_key_comes_once() {
        for (folders, files) in [(1, 40), (40, 1), (13, 7), (3, 30), (0, 40)] {
            let mut keys: Vec<String> = (0..folders)
                .flat_map(|folder| (0..files).map(move |file| format!("all/d{folder:02}/f{file:02}")))
                .chain((0..files).map(|file| format!("all/z{file:02}")))
                .chain(["all/d03/".to_owned(), "all/d05".to_owned(), "all/d05-x".to_owned()])
                .collect();
            keys.sort();
            let expected = keys.clone();
            let fake = Fake::start(move |question| bucket(&keys, 5, question)).await;
            let (end, found) = listed(&fake, "all/").await;
            assert_eq!(found, expected, "{folders} folders");
            assert_eq!(end.unwrap().unread, 0);
            let pages = fake.asked().len();
            let ranges = fake.asked().iter().filter(|asked| asked.query("start-after").is_some()).count();
            assert!(ranges > 0 || folders < 2, "{folders} folders");
            assert!(
                pages <= expected.len().div_ceil(5) + 2 * RANGES + LEVELS,
                "{pages} questions for {}",
                expected.len()
            );
        }
    }

    #[tokio::test]
    async fn a_list_that_goes_round_or_back_is_never_whole() {
        let page = |key: &str, token: &str| {
            format!(
                "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken><Contents><Key>{key}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"
            )
        };
        // Any token leads to the first page, as Ceph has it with tokens that are none.
        let fake = Fake::start(move |_| (200, vec![], page("a", "t"))).await;
        let (end, _) = listed(&fake, "").await;
        assert!(end.unwrap_err().what.contains("not in order"));
        let empty = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        let fake = Fake::start(move |_| (200, vec![], empty.to_owned())).await;
        let (end, _) = listed(&fake, "").await;
        assert!(end.unwrap_err().what.contains("does not come to an end"));
    }

    #[tokio::test]
    async fn a_server_that_does_not_know_where_to_begin_makes_no_list() {
        let keys: Vec<String> = (0..20).map(|at| format!("d{at:02}/f")).collect();
        let fake = Fake::start(move |question| {
            let ignored = question.path.replace("start-after", "x");
            bucket(&keys, 5, &Question { path: ignored, ..question.clone() })
        })
        .await;
        let (end, _) = listed(&fake, "").await;
        assert!(end.unwrap_err().what.contains("not in order"));
    }

    #[tokio::test]
    async fn a_page_that_fails_makes_no_list() {
        let keys: Vec<String> = (0..20).map(|at| format!("f{at:02}")).collect();
        let fake = Fake::start(move |question| match question.query("continuation-token") {
            Some(token) if token.as_str() > "f10" => (500, vec![], "<html>oops</html>".to_owned()),
            _ => bucket(&keys, 5, question),
        })
        .await;
        let (end, found) = listed(&fake, "").await;
        assert_eq!(end.unwrap_err().reason, UnseenReason::Unreachable);
        assert!(found.len() < 20);
    }
}
