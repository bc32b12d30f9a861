//! The engine: lists both sides at once, and looks every row of the original up among those of the copy.
//!
//! Memory: one `table` of the copy's rows, and of the original a few pages on their way. What the counts
//! mean is left to the judge.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::row::{Kind, Row, Sums};
use super::sample::Sample;
use super::table::Table;
use super::tally::Tally;
use super::verdict::{Found, Known, found};
use super::{Compared, Listed, Side, Ways};
use crate::collect::clock::Clock;
use crate::collect::miss::Miss;
use crate::evidence::Source;

/// How many pages of one side are on their way at once.
const PAGES_AHEAD: usize = 16;

/// How many items a comparison looks at closer, at most; what is beyond is compared by what lists tell.
const MOST_CLOSER: usize = 10_000;

/// How many rows make a list that is kept only while no other such is.
const LARGE: usize = 250_000;

/// How many of them at once.
const CLOSER_AT_ONCE: usize = 16;

/// An item that the lists do not decide.
struct Open {
    row: Row,
    original: Known,
    copy: Known,
    copy_closer: bool,
}

/// Compares a copy with its original, or a sample of it. See `compare::files`.
pub(super) async fn compare(
    original: Arc<dyn Side>,
    copy: Arc<dyn Side>,
    ways: Ways<'_>,
    clock: &Clock,
) -> Result<Compared, Miss> {
    match kinds(&*original, &*copy)[..] {
        [] => by(original, copy, [], ways, clock).await,
        [only] => by(original, copy, [only], ways, clock).await,
        [first, second, ..] => by(original, copy, [first, second], ways, clock).await,
    }
}

/// Returns the kinds of checksum that the table has to keep: those that both lists have, the strongest
/// first, and what a closer look at the original may bring.
fn kinds(original: &dyn Side, copy: &dyn Side) -> Vec<Kind> {
    let of_copy = |kind: &Kind| copy.kinds().contains(kind);
    let listed = Kind::ALL.into_iter().filter(|kind| of_copy(kind) && original.kinds().contains(kind));
    let closer = Kind::ALL.into_iter().filter(|kind| of_copy(kind) && original.closer_kinds().contains(kind));
    let mut kinds: Vec<Kind> = listed.chain(closer).collect();
    kinds.dedup();
    kinds
}

async fn by<const N: usize>(
    original: Arc<dyn Side>,
    copy: Arc<dyn Side>,
    kinds: [Kind; N],
    ways: Ways<'_>,
    clock: &Clock,
) -> Result<Compared, Miss> {
    let sample = Sample::of(ways.sampled_ppm);
    let mut lists = JoinSet::new();
    let (mut originals, mut copies) = (list(&mut lists, &original, true), list(&mut lists, &copy, false));
    let mut table = Table::new(kinds);
    let mut twice = (false, false);
    let takes = |row: &Row| sample.is_none_or(|sample| sample.takes(&row.name));
    let (mut kept, mut turn) = (0, None);
    while let Some(page) = copies.recv().await {
        kept += page.len();
        if kept > LARGE && turn.is_none() {
            turn = ways.large.acquire().await.ok();
        }
        for row in page.iter().filter(|row| takes(row)) {
            twice.1 |= !table.add(row);
        }
    }
    let mut ended = Ended::default();
    ended.wait_for(&mut lists, false).await?;
    // What came to the original after the copy's list began cannot be asked of that list. A date that has
    // not come yet is no such date.
    let began = ended.copy.as_ref().map(|listed| listed.began);
    let is_newcomer = |row: &Row| row.arrived_at > began && row.arrived_at.is_some_and(|at| at <= clock.now());
    let (mut tally, mut open) = (Tally::default(), Vec::new());
    while let Some(page) = originals.recv().await {
        for row in page.into_iter().filter(|row| takes(row)) {
            let Some(held) = table.look_up(&row.name) else {
                if !is_newcomer(&row) {
                    tally.missing(&row);
                }
                continue;
            };
            twice.0 |= held.again;
            let (ours, theirs) = (known(&row.sums), spread(held.sums, kinds));
            let is_unsure = (row.closer || held.closer) && row.bytes == held.bytes;
            match found((row.bytes, &ours), (held.bytes, &theirs)) {
                Found::Equal(kind) => tally.equal(row.bytes, Some(kind)),
                Found::SameSize | Found::Differs if is_unsure && open.len() < MOST_CLOSER => {
                    open.push(Open { row, original: ours, copy: theirs, copy_closer: held.closer });
                }
                Found::Differs if is_unsure => tally.equal(row.bytes, None),
                Found::SameSize => tally.equal(row.bytes, None),
                Found::Differs if is_newcomer(&row) => {}
                Found::Differs => tally.different(&row),
            }
        }
    }
    ended.wait_for(&mut lists, true).await?;
    let (of_original, of_copy) = ended.both()?;
    if let Some(miss) = one_place(&*original, &*copy, &of_original, &of_copy).filter(|_| kept > 0) {
        return Err(miss);
    }
    let open = stream::iter(open).map(|open| look(&*original, &*copy, open)).buffer_unordered(CLOSER_AT_ONCE);
    let looks: Vec<(Row, Found)> = open.collect().await;
    for (row, found) in &looks {
        match found {
            Found::Equal(kind) => tally.equal(row.bytes, Some(*kind)),
            Found::SameSize => tally.equal(row.bytes, None),
            Found::Differs if is_newcomer(row) => {}
            Found::Differs => tally.different(row),
        }
    }
    let mut lacks: Vec<Miss> = Vec::new();
    let sides = [("the original", of_original.lacks.as_ref(), twice.0), ("the copy", of_copy.lacks.as_ref(), twice.1)];
    for (side, lack, twice) in sides {
        lacks.extend(lack.map(|miss| miss.clone().of_side(side)));
        if twice {
            lacks.push(Miss::unreadable(format!("{side}: the list named an item twice, so it may have left one out")));
        }
    }
    let comparison = tally.comparison(table.rest(), lacks.is_empty(), sample.map(Sample::ppm));
    Ok(Compared {
        comparison,
        lacks,
        observed_at: of_original.began.min(of_copy.began),
        source: Source::of_both(
            &of_original.source,
            &of_copy.source,
            format!("list {} and {}", original.name(), copy.name()),
        ),
    })
}

/// Starts listing one side and returns its pages.
fn list(
    lists: &mut JoinSet<(bool, Result<Listed, Miss>)>,
    side: &Arc<dyn Side>,
    is_original: bool,
) -> mpsc::Receiver<Vec<Row>> {
    let (send, receive) = mpsc::channel(PAGES_AHEAD);
    let side = Arc::clone(side);
    lists.spawn(async move { (is_original, side.list(send).await) });
    receive
}

/// The lists that have ended.
#[derive(Default)]
struct Ended {
    original: Option<Listed>,
    copy: Option<Listed>,
}

impl Ended {
    /// Waits until the list of one side has ended.
    async fn wait_for(
        &mut self,
        lists: &mut JoinSet<(bool, Result<Listed, Miss>)>,
        original: bool,
    ) -> Result<(), Miss> {
        while (if original { &self.original } else { &self.copy }).is_none() {
            match lists.join_next().await {
                Some(Ok((true, listed))) => {
                    self.original = Some(listed.map_err(|miss| miss.of_side("the original"))?);
                }
                Some(Ok((false, listed))) => self.copy = Some(listed.map_err(|miss| miss.of_side("the copy"))?),
                Some(Err(error)) => return Err(Miss::unreadable(format!("a list broke off: {error}"))),
                None => return Err(Miss::unreadable("a list ended without an end")),
            }
        }
        Ok(())
    }

    fn both(self) -> Result<(Listed, Listed), Miss> {
        self.original.zip(self.copy).ok_or_else(|| Miss::unreadable("a list ended without an end"))
    }
}

/// Looks closer at an item, where that may tell more.
async fn look(original: &dyn Side, copy: &dyn Side, open: Open) -> (Row, Found) {
    let Open { row, original: mut ours, copy: mut theirs, copy_closer } = open;
    // Where a look fails, nothing but the size is known: what looks like a checksum may be none.
    if row.closer {
        match original.closer(&row.name).await {
            Ok(sums) => ours = known(&sums),
            Err(_) => return (row, Found::SameSize),
        }
    }
    if copy_closer {
        match copy.closer(&row.name).await {
            Ok(sums) => theirs = known(&sums),
            Err(_) => return (row, Found::SameSize),
        }
    }
    let found = found((row.bytes, &ours), (row.bytes, &theirs));
    (row, found)
}

fn known(sums: &Sums) -> Known {
    Kind::ALL.map(|kind| sums.short(kind))
}

/// Returns the table's checksums in the order of `Kind::ALL`.
fn spread<const N: usize>(sums: [Option<[u8; 16]>; N], kinds: [Kind; N]) -> Known {
    Kind::ALL.map(|kind| kinds.iter().position(|known| *known == kind).and_then(|index| sums[index]))
}

/// Returns why both sides are one place under two names; `None` where nothing shows it.
fn one_place(original: &dyn Side, copy: &dyn Side, of_original: &Listed, of_copy: &Listed) -> Option<Miss> {
    let names = || format!("{} and {}", original.name(), copy.name());
    if let Some(((one, path), (other, other_path))) = original.server().zip(copy.server()) {
        let is_one = one == other && (path.starts_with(&other_path) || other_path.starts_with(&path));
        return is_one
            .then(|| Miss::unreadable(format!("{} are one place: the server says that it is the same", names())));
    }
    let bodies = of_original.source.body.as_ref().zip(of_copy.source.body.as_ref());
    bodies.filter(|(one, other)| one == other).map(|_| {
        Miss::unreadable(format!(
            "{} gave the same answers, byte for byte: they may be one place under two names",
            names()
        ))
    })
}
