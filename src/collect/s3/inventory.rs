//! Inventory: the prefixes of a bucket's first level, which are what `each: prefix` stands for.
//!
//! Objects that lie in none of them belong to no such asset; a miss says how many there are, because
//! nothing else speaks of them. What the policy makes of prefixes is left to the judge.

use super::client::{Client, Question};
use super::listing::{self, Asked, PAGE, Place};
use super::refusal;
use crate::collect::listing::Listing;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::{Digest, Fact, Inventory, Item, Source};
use crate::model::ItemKind;
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// How many pages are read: a million prefixes, which is more than anybody declares.
const MOST_PAGES: usize = 1_000;

/// What was read so far.
#[derive(Debug, Default)]
struct Found {
    first: Option<(Instant, Source)>,
    digests: Vec<Digest>,
    names: Vec<String>,
    /// Objects that lie in no prefix, folders aside.
    loose: u64,
    unread: u64,
}

/// Lists the prefixes.
pub(super) async fn list(client: &Client) -> Listing {
    let mut found = Found::default();
    let cut = found.read(client).await.err();
    found.listing(cut)
}

impl Found {
    async fn read(&mut self, client: &Client) -> Result<(), Miss> {
        let asked = Asked { prefix: "", sorted: client.place().is_sorted(), folded: true };
        let mut place = Place::default();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("max-keys", PAGE), ("delimiter", "/")];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let answer = refusal::ok(client.ask(&Question::get(&query)).await?)?;
            let mut loose = 0;
            let page = listing::page(&answer, asked, &mut place, &mut |object| {
                loose += u64::from(!object.is_folder());
            })?;
            self.first.get_or_insert_with(|| (answer.asked_at, answer.source.clone()));
            self.digests.extend(answer.source.body.as_deref().and_then(|body| body.parse::<Digest>().ok()));
            self.loose += loose;
            self.unread += page.unread;
            for prefix in page.prefixes {
                match prefix.strip_suffix('/') {
                    Some(name) if !name.is_empty() => self.names.push(name.to_owned()),
                    // Keys that begin with a slash: the prefix has no name.
                    _ => self.loose += 1,
                }
            }
            match page.next {
                None => return Ok(()),
                next if next == token => {
                    let what = format!("{} answered with a list that does not come to an end", answer.request());
                    return Err(answer.miss(UnseenReason::Unreadable, what));
                }
                next => token = next,
            }
        }
        Err(Miss::new(UnseenReason::Truncated, format!("there are more than {MOST_PAGES} pages of prefixes")))
    }

    fn listing(self, cut: Option<Miss>) -> Listing {
        let mut listing = Listing { misses: cut.into_iter().collect(), ..Listing::default() };
        let Some((began, first)) = self.first else { return listing };
        let complete = listing.misses.is_empty() && self.unread == 0;
        let body = Some(Digest::of_lines(self.digests.into_iter()).to_string().into());
        let source = Source { body, ..first };
        let tell = |fact| Told { fact, observed_at: began, source: source.clone() };
        let items = self.names.iter().map(|name| tell(Fact::Item(Box::new(Item::named(ItemKind::Prefix, name)))));
        listing.told.extend(items);
        listing.told.push(tell(Fact::Inventory(Inventory {
            complete,
            count: self.names.len() as u64,
            from: began,
            kind: ItemKind::Prefix,
            // Whoever may list a bucket sees all of its keys.
            public_only: false,
        })));
        if self.unread > 0 {
            let what = format!("{} keys or prefixes of the bucket's first level cannot be read", self.unread);
            listing.misses.push(Miss::unreadable(what).from(&source));
        }
        if self.loose > 0 {
            let what = format!(
                "{} of the bucket's objects in no prefix that has a name: no asset of `each: prefix` is about them",
                self.loose
            );
            listing.misses.push(Miss::new(UnseenReason::Truncated, what).from(&source));
        }
        listing
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::Fake;
    use super::*;

    fn list_of(inner: &str) -> String {
        format!("<ListBucketResult>{inner}</ListBucketResult>")
    }

    fn summary(listing: &Listing) -> (Vec<&str>, Option<(bool, u64)>, usize) {
        let names = listing.told.iter().filter_map(|told| match &told.fact {
            Fact::Item(item) => Some(&*item.name),
            _ => None,
        });
        let end = listing.told.iter().find_map(|told| match &told.fact {
            Fact::Inventory(inventory) => Some((inventory.complete, inventory.count)),
            _ => None,
        });
        (names.collect(), end, listing.misses.len())
    }

    #[tokio::test]
    async fn prefixes_of_the_first_level_are_items_over_all_pages() {
        let fake = Fake::start(|asked| {
            let body = match asked.query("continuation-token") {
                None => "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>",
                Some(_) => "<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>b c/</Prefix></CommonPrefixes>",
            };
            (200, vec![], list_of(body))
        })
        .await;
        let listing = list(&fake.client("anonymous: true")).await;
        assert_eq!(summary(&listing), (vec!["a", "b c"], Some((true, 2)), 0));
    }

    #[tokio::test]
    async fn objects_in_no_prefix_are_said_and_a_cut_list_is_not_whole() {
        let object =
            "<Contents><Key>loose</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>";
        let slash = "<CommonPrefixes><Prefix>/</Prefix></CommonPrefixes>";
        let whole = list_of(&format!("<IsTruncated>false</IsTruncated>{object}{slash}"));
        let fake = Fake::start(move |_| (200, vec![], whole.clone())).await;
        let listing = list(&fake.client("anonymous: true")).await;
        assert_eq!(summary(&listing), (vec![], Some((true, 0)), 1));
        assert!(listing.misses[0].what.starts_with("2 of the bucket's objects"));
        let cut = list_of(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>",
        );
        let fake = Fake::start(move |asked| match asked.query("continuation-token") {
            None => (200, vec![], cut.clone()),
            Some(_) => (403, vec![], String::new()),
        })
        .await;
        assert_eq!(summary(&list(&fake.client("anonymous: true")).await), (vec!["a"], Some((false, 1)), 1));
        let fake = Fake::start(|_| (403, vec![], String::new())).await;
        assert_eq!(summary(&list(&fake.client("anonymous: true")).await), (vec![], None, 1));
    }
}
