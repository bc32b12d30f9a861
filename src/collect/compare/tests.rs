//! Comparisons of sides that a test makes up.
//!
//! Real servers are left to the integration tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::row::{Kind, Row, Sums};
use super::{Compared, Listed, Side, Ways, files};
use crate::collect::clock::Clock;
use crate::collect::miss::Miss;
use crate::evidence::{Basis, Comparison, Source};
use crate::model::UnseenReason;
use crate::model::time::{Instant, parse_instant};

const PLAIN: &[Kind] = &[Kind::Md5];

/// A side that a test makes up.
struct Made {
    rows: Vec<Row>,
    kinds: &'static [Kind],
    closer_kinds: &'static [Kind],
    closer: BTreeMap<String, Sums>,
    lacks: Option<Miss>,
    error: Option<Miss>,
    server: Option<(&'static str, &'static str)>,
    body: Option<&'static str>,
}

impl Made {
    fn of(rows: Vec<Row>) -> Self {
        let closer = BTreeMap::new();
        Self { rows, kinds: PLAIN, closer_kinds: &[], closer, lacks: None, error: None, server: None, body: None }
    }
}

impl Side for Made {
    fn name(&self) -> String {
        "made".to_owned()
    }

    fn kinds(&self) -> &'static [Kind] {
        self.kinds
    }

    fn closer_kinds(&self) -> &'static [Kind] {
        self.closer_kinds
    }

    fn server(&self) -> Option<(Box<str>, String)> {
        self.server.map(|(server, path)| (server.into(), path.to_owned()))
    }

    fn list(&self, out: mpsc::Sender<Vec<Row>>) -> BoxFuture<'_, Result<Listed, Miss>> {
        async move {
            for page in self.rows.chunks(3) {
                if out.send(page.to_vec()).await.is_err() {
                    break;
                }
            }
            if let Some(miss) = &self.error {
                return Err(miss.clone());
            }
            let source = Source { body: self.body.map(Into::into), ..Source::default() };
            Ok(Listed { began: noon(), lacks: self.lacks.clone(), source })
        }
        .boxed()
    }

    fn closer<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Sums, Miss>> {
        let found = self.closer.get(name).copied();
        async move { found.ok_or_else(|| Miss::unreadable("no answer")) }.boxed()
    }
}

fn noon() -> Instant {
    parse_instant("2026-05-01T12:00:00Z").unwrap()
}

fn md5(content: u8) -> Sums {
    Sums { md5: Some([content; 16]), ..Sums::default() }
}

fn row(name: &str, bytes: u64, sums: Sums) -> Row {
    Row { name: name.into(), bytes, sums, arrived_at: Some(noon() - TimeDelta::days(1)), closer: false }
}

fn compared(original: Made, copy: Made) -> Result<Compared, Miss> {
    sampled(original, copy, None)
}

fn sampled(original: Made, copy: Made, ppm: Option<u32>) -> Result<Compared, Miss> {
    let clock = Clock::new(|| noon() + TimeDelta::minutes(5));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let large = tokio::sync::Semaphore::new(1);
    runtime.block_on(files(Arc::new(original), Arc::new(copy), Ways { sampled_ppm: ppm, large: &large }, &clock))
}

fn counts(comparison: &Comparison) -> (u64, u64, u64, u64, u64) {
    (comparison.equal, comparison.by_size, comparison.missing, comparison.different, comparison.extra)
}

#[test]
fn every_item_of_the_original_is_looked_for_and_counted_with_its_bytes() {
    let original = vec![row("a", 1, md5(1)), row("b", 2, md5(2)), row("c", 4, md5(3)), row("d", 8, md5(4))];
    let copy = vec![row("e", 16, md5(5)), row("c", 4, md5(9)), row("b", 3, md5(2)), row("a", 1, md5(1))];
    let found = compared(Made::of(original), Made::of(copy)).unwrap().comparison;
    assert_eq!(counts(&found), (1, 0, 1, 2, 1));
    let bytes = found.bytes.unwrap();
    assert_eq!((bytes.equal, bytes.missing, bytes.different, bytes.extra), (1, 8, 6, 16));
    let names: Vec<&str> = found.names.iter().map(AsRef::as_ref).collect();
    assert_eq!(names, ["b (different)", "c (different)", "d (missing)"]);
    assert_eq!((found.basis, found.complete, found.sampled_ppm), (Basis::Md5, true, None));
    assert_eq!(found.oldest_unprotected, Some(noon() - TimeDelta::days(1)));
}

#[test]
fn items_that_have_no_checksum_in_common_are_equal_by_size_alone_and_counted_as_such() {
    let sha1 = Sums { sha1: Some([1; 20]), ..Sums::default() };
    let original = vec![row("a", 1, md5(1)), row("b", 2, sha1)];
    let copy = vec![row("a", 1, md5(1)), row("b", 2, md5(2))];
    let found = compared(Made::of(original), Made::of(copy)).unwrap().comparison;
    assert_eq!((counts(&found), found.basis), ((2, 1, 0, 0, 0), Basis::Md5));
    let alone = compared(Made::of(vec![row("b", 2, sha1)]), Made::of(vec![row("b", 2, md5(2))])).unwrap().comparison;
    assert_eq!((counts(&alone), alone.basis), ((1, 1, 0, 0, 0), Basis::Size));
}

#[test]
fn the_strongest_checksum_that_both_have_decides_and_the_weakest_used_is_named() {
    let both = |content: u8| Sums { sha256: Some([content; 32]), md5: Some([7; 16]), ..Sums::default() };
    let kinds: &[Kind] = &[Kind::Sha256, Kind::Sha1, Kind::Md5];
    let side = |rows| Made { kinds, ..Made::of(rows) };
    let original = side(vec![row("a", 1, both(1)), row("b", 1, both(2))]);
    let copy = side(vec![row("a", 1, both(1)), row("b", 1, both(3))]);
    let found = compared(original, copy).unwrap().comparison;
    assert_eq!((counts(&found), found.basis), ((1, 0, 0, 1, 0), Basis::Sha256), "one MD5 for two contents");
    let old = Sums { sha1: Some([1; 20]), ..Sums::default() };
    let one = || side(vec![row("a", 1, both(1)), row("old", 1, old)]);
    let found = compared(one(), one()).unwrap().comparison;
    assert_eq!((counts(&found), found.basis), ((2, 0, 0, 0, 0), Basis::Sha1));
}

#[test]
fn equal_sums_of_parts_show_equal_content_and_different_ones_show_nothing() {
    let parts = |sum: u8, count: u32| Sums { parts: Some(([sum; 16], count)), ..Sums::default() };
    let side = |rows| Made { kinds: &[Kind::Md5, Kind::Parts], ..Made::of(rows) };
    let original = side(vec![row("a", 9, parts(1, 2)), row("b", 9, parts(2, 2)), row("c", 9, parts(3, 2))]);
    let copy = side(vec![row("a", 9, parts(1, 2)), row("b", 9, parts(2, 3)), row("c", 8, parts(3, 2))]);
    let found = compared(original, copy).unwrap().comparison;
    assert_eq!((counts(&found), found.basis), ((2, 1, 0, 1, 0), Basis::Md5));
}

#[test]
fn a_closer_look_decides_what_lists_leave_open() {
    let open = |name: &str, sums| Row { closer: true, ..row(name, 5, sums) };
    let sha = |content: u8| Sums { sha256: Some([content; 32]), ..Sums::default() };
    let copy = Made {
        closer: BTreeMap::from([
            ("kms".to_owned(), Sums::default()),
            ("same".to_owned(), sha(1)),
            ("other".to_owned(), sha(9)),
        ]),
        ..Made::of(vec![
            open("kms", md5(7)),
            open("same", Sums::default()),
            open("other", Sums::default()),
            open("denied", md5(7)),
            open("denied-too", Sums::default()),
            open("plain", md5(1)),
        ])
    };
    let names = ["kms", "same", "other", "denied", "denied-too", "plain"];
    let both = Sums { md5: Some([1; 16]), ..sha(1) };
    let original = Made::of(names.iter().map(|name| row(name, 5, both)).collect());
    let kinds: &[Kind] = &[Kind::Sha256, Kind::Md5];
    let found = compared(Made { kinds, ..original }, copy).unwrap().comparison;
    // Of what could not be looked at, only the size is known: its checksum may be none.
    assert_eq!(counts(&found), (5, 3, 0, 1, 0), "{found:?}");
    let names: Vec<&str> = found.names.iter().map(AsRef::as_ref).collect();
    assert_eq!(names, ["other (different)"]);
}

#[test]
fn a_closer_look_at_the_original_finds_what_the_copy_lists() {
    let sha = Sums { sha256: Some([1; 32]), md5: Some([1; 16]), ..Sums::default() };
    let original = Made {
        closer_kinds: &[Kind::Sha256],
        closer: BTreeMap::from([("a".to_owned(), Sums { md5: None, ..sha })]),
        ..Made::of(vec![Row { closer: true, ..row("a", 5, Sums::default()) }])
    };
    let copy = Made { kinds: &[Kind::Sha256, Kind::Sha1, Kind::Md5], ..Made::of(vec![row("a", 5, sha)]) };
    let found = compared(original, copy).unwrap().comparison;
    assert_eq!((counts(&found), found.basis), ((1, 0, 0, 0, 0), Basis::Sha256));
}

#[test]
fn what_came_after_the_copy_was_listed_is_left_out_unless_its_date_is_yet_to_come() {
    let came =
        |name: &str, seconds| Row { arrived_at: Some(noon() + TimeDelta::seconds(seconds)), ..row(name, 1, md5(1)) };
    let original = vec![came("at-once", 0), came("new", 60), came("newer", 299), came("future", 301)];
    let copy = vec![row("new", 1, md5(2))];
    let found = compared(Made::of(original), Made::of(copy)).unwrap().comparison;
    let names: Vec<&str> = found.names.iter().map(AsRef::as_ref).collect();
    assert_eq!(names, ["at-once (missing)", "future (missing)"]);
    assert_eq!(counts(&found), (0, 0, 2, 0, 0));
}

#[test]
fn where_a_lacking_item_is_not_dated_or_not_all_was_compared_no_oldest_change_is_told() {
    let undated = Row { arrived_at: None, ..row("b", 1, md5(1)) };
    let found = compared(Made::of(vec![row("a", 1, md5(1)), undated]), Made::of(vec![])).unwrap().comparison;
    assert_eq!((found.missing, found.oldest_unprotected), (2, None));
    let cut = Miss::new(UnseenReason::Truncated, "cut");
    let original = Made { lacks: Some(cut.clone()), ..Made::of(vec![row("a", 1, md5(1))]) };
    let found = compared(original, Made::of(vec![])).unwrap();
    assert_eq!((found.comparison.complete, found.comparison.oldest_unprotected), (false, None));
    assert_eq!(found.lacks[0].what, "the original: cut");
    let rows = || (0..300).map(|i| row(&format!("{i}"), 1, md5(1))).collect::<Vec<_>>();
    let found = sampled(Made::of(rows()), Made::of(vec![]), Some(500_000)).unwrap().comparison;
    assert!((100..200).contains(&found.missing), "{}", found.missing);
    assert_eq!((found.sampled_ppm, found.oldest_unprotected), (Some(500_000), None));
    assert!(!found.is_full());
}

#[test]
fn a_side_that_cannot_be_listed_is_no_comparison_and_is_named() {
    let refused = || Made { error: Some(Miss::new(UnseenReason::NotAuthorized, "403")), ..Made::of(vec![]) };
    let rows = || Made::of((0..200).map(|i| row(&format!("{i}"), 1, md5(1))).collect());
    let miss = compared(refused(), rows()).unwrap_err();
    assert_eq!((miss.what.as_str(), miss.reason), ("the original: 403", UnseenReason::NotAuthorized));
    assert_eq!(compared(rows(), refused()).unwrap_err().what, "the copy: 403");
}

#[test]
fn one_place_under_two_names_is_no_copy() {
    let rows = || vec![row("a", 1, md5(1))];
    let of = |server, body| Made { server, body, ..Made::of(rows()) };
    for (one, other, is_one) in [
        (of(Some(("id1", "libs/")), None), of(Some(("id1", "libs/org/")), None), true),
        (of(Some(("id1", "libs/")), Some("same")), of(Some(("id2", "libs/")), Some("same")), false),
        (of(Some(("id1", "libs/")), None), of(Some(("id1", "libs2/")), None), false),
        (of(None, Some("same")), of(None, Some("same")), true),
        (of(None, Some("same")), of(None, Some("other")), false),
    ] {
        assert_eq!(compared(one, other).is_err(), is_one);
    }
}

#[test]
fn a_list_that_names_an_item_twice_is_not_whole() {
    let twice = || vec![row("a", 1, md5(1)), row("a", 1, md5(1))];
    let once = || vec![row("a", 1, md5(1))];
    for (original, copy, side) in [(twice(), once(), "the original"), (once(), twice(), "the copy")] {
        let found = compared(Made::of(original), Made::of(copy)).unwrap();
        assert!(!found.comparison.complete, "{side}");
        assert!(found.lacks[0].what.starts_with(side), "{}", found.lacks[0].what);
    }
}

/// The oracle: every name looked up in a map.
fn naive(original: &[Row], copy: &[Row]) -> (u64, u64, u64, u64, u64) {
    let held: BTreeMap<&str, &Row> = copy.iter().map(|row| (&*row.name, row)).collect();
    let mut counts = (0, 0, 0, 0, 0);
    for row in original {
        match held.get(&*row.name) {
            None => counts.2 += 1,
            Some(other) if other.bytes != row.bytes => counts.3 += 1,
            Some(other) => match row.sums.md5.zip(other.sums.md5) {
                Some((one, other)) if one == other => counts.0 += 1,
                Some(_) => counts.3 += 1,
                None => {
                    counts.0 += 1;
                    counts.1 += 1;
                }
            },
        }
    }
    let names: Vec<&str> = original.iter().map(|row| &*row.name).collect();
    counts.4 = u64::try_from(held.keys().filter(|name| !names.contains(name)).count()).unwrap();
    counts
}

fn some_rows() -> impl Strategy<Value = Vec<Row>> {
    let file = (0..60_u8, 0..3_u64, proptest::option::weighted(0.8, 0..2_u8));
    proptest::collection::btree_map(0..60_u8, file, 0..40).prop_map(|rows| {
        let rows = rows.into_iter();
        let sums = |content: Option<u8>| content.map(md5).unwrap_or_default();
        rows.map(|(name, (_, bytes, content))| row(&format!("n{name}"), bytes, sums(content))).collect()
    })
}

proptest! {
    #[test]
    fn counts_are_those_of_looking_every_name_up_in_whatever_order(
        (original, copy) in (some_rows(), some_rows()),
        turned in any::<bool>(),
    ) {
        let expected = naive(&original, &copy);
        let mut listed = copy;
        if turned {
            listed.reverse();
        }
        let found = compared(Made::of(original), Made::of(listed)).unwrap().comparison;
        prop_assert_eq!(counts(&found), expected);
    }
}
