//! Tests of comparing ref maps, with histories made up.
//!
//! Maps of real repositories are left to the integration tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix::ObjectId;

use super::*;
use crate::collect::git::place::{Place, parse};
use crate::collect::git::refs::Listing;
use crate::model::UnseenReason;
use crate::model::time::parse_instant;

/// Returns an object id that ends in this number.
fn id(number: u32) -> ObjectId {
    ObjectId::from_hex(format!("{number:040}").as_bytes()).unwrap()
}

/// Returns a map of `refs`: a name, an object, and what that leads to where it is not 0.
fn map(refs: &[(&str, u32, u32)]) -> RefMap {
    let refs = refs.iter().map(|(name, oid, peeled)| {
        let peeled = (*peeled != 0).then(|| id(*peeled));
        ((*name).to_owned(), Ref { oid: id(*oid), peeled })
    });
    let listing = Listing { refs: refs.collect(), head: Some("refs/heads/main".to_owned()), ..Listing::default() };
    let place = Place::of(&parse("https://git.example.org/app").unwrap());
    listing.read(place, Instant::UNIX_EPOCH, Source::default())
}

/// What is known, by the last digits of both commits, and how often it was asked.
#[derive(Default)]
struct Known {
    between: BTreeMap<(u32, u32), Between>,
    asked: AtomicUsize,
}

impl History for Known {
    fn between<'a>(&'a self, base: &'a str, head: &'a str) -> BoxFuture<'a, Result<Between, Miss>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let key = (base.parse().unwrap(), head.parse().unwrap());
        let known = self.between.get(&key).copied();
        Box::pin(async move { known.ok_or_else(|| Miss::new(UnseenReason::NotFound, "no such commit")) })
    }
}

fn day(day: u32) -> Option<Instant> {
    parse_instant(&format!("2026-01-{day:02}"))
}

fn behind(on: Option<Instant>) -> Between {
    Between::Behind { commits: 2, oldest: on }
}

async fn compared(primary: &[(&str, u32, u32)], copy: &[(&str, u32, u32)], known: Option<&Known>) -> Comparison {
    comparison(&map(primary), &map(copy), known.map(|known| known as &dyn History)).await
}

fn names(comparison: &Comparison) -> Vec<&str> {
    comparison.names.iter().map(|name| &**name).collect()
}

#[tokio::test]
async fn every_ref_is_counted_once_and_what_only_the_copy_has_is_extra() {
    let primary = [("refs/heads/main", 1, 0), ("refs/heads/new", 2, 0), ("refs/notes/x", 3, 0), ("refs/tags/v1", 4, 5)];
    let copy = [("refs/heads/gone", 9, 0), ("refs/heads/main", 1, 0), ("refs/notes/x", 8, 0), ("refs/tags/v1", 4, 5)];
    let found = compared(&primary, &copy, None).await;
    assert_eq!((found.equal, found.missing, found.different, found.behind, found.extra), (2, 1, 1, 0, 1));
    assert_eq!(names(&found), ["refs/heads/new (missing)", "refs/notes/x (differs)"]);
    assert!(found.is_full());
}

#[tokio::test]
async fn refs_that_a_host_makes_itself_count_on_neither_side() {
    let made = [
        "refs/pull/1/head",
        "refs/merge-requests/1/head",
        "refs/changes/01/1/1",
        "refs/keep-around/1",
        "refs/pipelines/1",
        "refs/environments/x",
    ];
    let primary: Vec<_> = made.iter().map(|name| (*name, 7, 0)).chain([("refs/heads/main", 1, 0)]).collect();
    let found = compared(&primary, &[("refs/heads/main", 1, 0), ("refs/pull/9/head", 3, 0)], None).await;
    assert_eq!((found.equal, found.missing, found.extra), (1, 0, 0));
    assert_eq!(map(&primary).made_by_host, 6);
    let alike = compared(&[("refs/heads/refs/pull/1", 1, 0), ("refs/pullers/x", 1, 0)], &[], None).await;
    assert_eq!(alike.missing, 2, "only whole namespaces are left out");
}

#[tokio::test]
async fn a_tag_is_compared_by_itself_and_not_by_its_commit() {
    let copy = [("refs/heads/main", 5, 0), ("refs/tags/v1", 9, 5)];
    let moved = compared(&[("refs/heads/main", 5, 0), ("refs/tags/v1", 4, 5)], &copy, None).await;
    assert_eq!(names(&moved), ["refs/tags/v1 (differs)"], "another tag of the same commit");
    let missing = compared(&[("refs/heads/main", 5, 0), ("refs/tags/v2", 4, 5)], &copy, None).await;
    assert_eq!((missing.missing, missing.extra), (1, 1), "its commit is there, the tag is not");
    let unpeeled = compared(&[("refs/tags/v1", 9, 5)], &[("refs/tags/v1", 9, 0)], None).await;
    assert_eq!(unpeeled.equal, 1, "a server that does not peel leaves nothing open");
    let impossible = compared(&[("refs/tags/v1", 9, 5)], &[("refs/tags/v1", 9, 6)], None).await;
    assert_eq!(impossible.different, 1);
}

#[tokio::test]
async fn a_copy_without_any_ref_of_the_original_lacks_all() {
    let found = compared(&[("refs/heads/a", 1, 0), ("refs/heads/b", 2, 0)], &[], None).await;
    assert_eq!((found.present(), found.missing), (0, 2));
    assert_eq!(compared(&[], &[], None).await.total(), 0);
}

#[tokio::test]
async fn a_branch_is_behind_only_where_the_history_says_so() {
    let primary = [("refs/heads/a", 2, 0), ("refs/heads/b", 4, 0), ("refs/heads/c", 6, 0), ("refs/heads/d", 8, 0)];
    let copy = [("refs/heads/a", 1, 0), ("refs/heads/b", 3, 0), ("refs/heads/c", 5, 0), ("refs/heads/d", 7, 0)];
    let between = [((1, 2), behind(day(3))), ((3, 4), Between::Diverged), ((5, 6), Between::Unrelated)];
    let known = Known { between: between.into(), ..Known::default() };
    let found = compared(&primary, &copy, Some(&known)).await;
    assert_eq!((found.behind, found.different), (1, 3));
    assert_eq!(
        names(&found),
        ["refs/heads/a (behind)", "refs/heads/b (diverged)", "refs/heads/c (unrelated)", "refs/heads/d (differs)"]
    );
    assert_eq!(found.oldest_unprotected, None, "three of them have no date");
}

#[tokio::test]
async fn the_oldest_change_is_known_where_that_of_every_ref_is() {
    let known =
        |between: &[((u32, u32), Between)]| Known { between: between.iter().copied().collect(), ..Known::default() };
    let primary = [("refs/heads/main", 2, 0), ("refs/heads/new", 4, 0), ("refs/heads/old", 6, 0)];
    let copy = [("refs/heads/main", 1, 0), ("refs/heads/old", 5, 0)];
    // A branch that is missing is dated from the copy's main branch on.
    let all = known(&[((1, 2), behind(day(9))), ((5, 6), behind(day(7))), ((1, 4), behind(day(8)))]);
    assert_eq!(compared(&primary, &copy, Some(&all)).await.oldest_unprotected, day(7));
    let undated = known(&[((1, 2), behind(day(9))), ((5, 6), behind(None)), ((1, 4), behind(day(8)))]);
    let found = compared(&primary, &copy, Some(&undated)).await;
    assert_eq!((found.oldest_unprotected, found.behind, found.missing), (None, 2, 1));
    assert_eq!(undated.asked.load(Ordering::Relaxed), 2, "dating the missing branch would change nothing");
    let lost = known(&[((1, 2), behind(day(9))), ((5, 6), behind(day(7)))]);
    assert_eq!(compared(&primary, &copy, Some(&lost)).await.oldest_unprotected, None);
    let tagged = [("refs/heads/main", 2, 0), ("refs/tags/v1", 2, 0)];
    let found = compared(&tagged, &copy, Some(&all)).await;
    assert_eq!(found.oldest_unprotected, None, "nobody knows when a tag was made");
    let equal = compared(&copy, &copy, Some(&all)).await;
    assert_eq!((equal.equal, equal.oldest_unprotected), (2, None));
}

#[tokio::test]
async fn the_history_is_asked_of_few_refs_and_the_others_are_different() {
    let names: Vec<String> = (0..30).map(|number| format!("refs/heads/b{number:02}")).collect();
    let primary: Vec<_> = names.iter().map(|name| (name.as_str(), 2, 0)).collect();
    let copy: Vec<_> = names.iter().map(|name| (name.as_str(), 1, 0)).collect();
    let known = Known { between: [((1, 2), behind(day(3)))].into(), ..Known::default() };
    let found = compared(&primary, &copy, Some(&known)).await;
    assert_eq!((found.behind, found.different, found.oldest_unprotected), (20, 10, None));
    assert_eq!(known.asked.load(Ordering::Relaxed), 20);
    assert_eq!(found.names.len(), 10);
    assert_eq!(&*found.names[9], "refs/heads/b09 (behind)");
}
