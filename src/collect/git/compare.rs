//! Comparing: what a mirror holds of the refs of its original, counted and named.
//!
//! Whether that is good enough is left to the judge, the history between two commits to whoever knows
//! it. What is not known makes nothing look newer: a ref that may be behind is then called different.

use std::fmt;

use futures_util::future::{BoxFuture, join_all};

use super::place::{self, shown};
use super::refs::{Ref, RefMap};
use super::{Git, Remote};
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::{Basis, Comparison, Fact, Source};
use crate::model::time::Instant;

/// How many refs that are not equal are named.
const NAMES_SHOWN: usize = 10;

/// Of how many refs of one comparison the history is asked for.
const MAX_HISTORIES: usize = 20;

/// Branches have this before their name.
const HEADS: &str = "refs/heads/";

/// Who knows the history of the original.
pub trait History: Send + Sync {
    /// Returns how `head`, a commit of the original, lies to `base`, a commit of the copy that the
    /// original may know too. Both are object ids in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// Where that is not known, such as for a commit that the original does not have.
    fn between<'a>(&'a self, base: &'a str, head: &'a str) -> BoxFuture<'a, Result<Between, Miss>>;
}

/// How a commit of the original lies to one of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The copy's is an ancestor.
    Behind {
        /// How many commits the copy's lacks.
        commits: u64,
        /// The earliest committer date among all of them, UTC; `None` where not all are known.
        oldest: Option<Instant>,
    },
    /// They have a common ancestor, but neither leads to the original's from the copy's alone.
    Diverged,
    /// They have nothing in common.
    Unrelated,
}

/// How one ref of the original is found in the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There and newer in the original.
    Behind,
    /// There, but another; whether it is older is not known.
    Differs,
    /// There, with commits that the original does not have, or no longer.
    Diverged,
    /// There, with nothing in common.
    Unrelated,
    /// Not there.
    Missing,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Behind => "behind",
            Self::Differs => "differs",
            Self::Diverged => "diverged",
            Self::Unrelated => "unrelated",
            Self::Missing => "missing",
        })
    }
}

/// One ref of the original that the copy does not hold as it is.
#[derive(Debug, Clone, Copy)]
struct Lack<'a> {
    name: &'a str,
    primary: &'a Ref,
    copy: Option<&'a Ref>,
    state: State,
    /// The oldest change that the copy lacks of it; `None` where it is not known.
    oldest: Option<Instant>,
}

/// Two ref maps side by side.
#[derive(Debug)]
struct Sides<'a> {
    equal: u64,
    extra: u64,
    lacks: Vec<Lack<'a>>,
}

impl<'a> Sides<'a> {
    fn of(primary: &'a RefMap, copy: &'a RefMap) -> Self {
        let mut sides = Self { equal: 0, extra: 0, lacks: Vec::new() };
        for (name, original) in &primary.refs {
            let (copy, state) = match copy.refs.get(name) {
                Some(mirrored) if is_equal(original, mirrored) => {
                    sides.equal += 1;
                    continue;
                }
                Some(mirrored) => (Some(mirrored), State::Differs),
                None => (None, State::Missing),
            };
            sides.lacks.push(Lack { name, primary: original, copy, state, oldest: None });
        }
        sides.extra = copy.refs.keys().filter(|name| !primary.refs.contains_key(*name)).count() as u64;
        sides
    }

    /// Returns how many lacks are of a kind.
    fn count(&self, of: impl Fn(State) -> bool) -> u64 {
        self.lacks.iter().filter(|lack| of(lack.state)).count() as u64
    }
}

/// Returns whether the copy's ref is the original's. What a tag leads to follows from its own id, so a
/// server that does not tell it leaves nothing open; two that tell different things do.
fn is_equal(primary: &Ref, copy: &Ref) -> bool {
    primary.oid == copy.oid && (primary.peeled == copy.peeled || primary.peeled.is_none() || copy.peeled.is_none())
}

/// Compares a copy with its original. `history` tells which branches are merely behind, and since when.
pub async fn comparison(primary: &RefMap, copy: &RefMap, history: Option<&dyn History>) -> Comparison {
    let mut sides = Sides::of(primary, copy);
    if let Some(history) = history {
        look_back(&mut sides, copy, history).await;
    }
    // One ref of unknown age, and the oldest of all is unknown.
    let oldest = sides.lacks.iter().map(|lack| lack.oldest).collect::<Option<Vec<_>>>();
    let names = sides.lacks.iter().map(|lack| format!("{} ({})", lack.name, lack.state).into_boxed_str());
    Comparison {
        basis: Basis::Refs,
        behind: sides.count(|state| state == State::Behind),
        by_size: 0,
        bytes: None,
        complete: true,
        different: sides.count(|state| matches!(state, State::Differs | State::Diverged | State::Unrelated)),
        equal: sides.equal,
        extra: sides.extra,
        missing: sides.count(|state| state == State::Missing),
        names: names.take(NAMES_SHOWN).collect(),
        oldest_unprotected: oldest.and_then(|oldest| oldest.into_iter().min()),
        sampled_ppm: None,
    }
}

/// Asks for the history of the branches that differ, and, where that may date all that is lacking, of
/// those that are missing.
async fn look_back(sides: &mut Sides<'_>, copy: &RefMap, history: &dyn History) {
    let is_branch = |lack: &Lack<'_>| lack.name.starts_with(HEADS);
    let mut left = MAX_HISTORIES;
    let differing = sides.lacks.iter_mut().filter(|lack| is_branch(lack) && lack.state == State::Differs);
    let asked: Vec<_> = differing.take(left).collect();
    left -= asked.len();
    join_all(asked.into_iter().map(|lack| async move {
        let Some(base) = lack.copy else { return };
        match ask(history, base, lack.primary).await {
            Some(Between::Behind { oldest, .. }) => (lack.state, lack.oldest) = (State::Behind, oldest),
            Some(Between::Diverged) => lack.state = State::Diverged,
            Some(Between::Unrelated) => lack.state = State::Unrelated,
            None => {}
        }
    }))
    .await;
    let can_be_dated = |lack: &Lack<'_>| lack.oldest.is_some() || is_branch(lack) && lack.state == State::Missing;
    let missing = sides.count(|state| state == State::Missing);
    if !sides.lacks.iter().all(can_be_dated) || missing > left as u64 {
        return;
    }
    // What the copy lacks of a branch that it does not have is at most what lies after its main branch.
    let Some(base) = copy.head.as_ref().and_then(|head| copy.refs.get(head)) else { return };
    let asked = sides.lacks.iter_mut().filter(|lack| lack.state == State::Missing);
    join_all(asked.map(|lack| async move {
        if let Some(Between::Behind { oldest, .. }) = ask(history, base, lack.primary).await {
            lack.oldest = oldest;
        }
    }))
    .await;
}

async fn ask(history: &dyn History, base: &Ref, head: &Ref) -> Option<Between> {
    history.between(&base.oid.to_string(), &head.oid.to_string()).await.ok()
}

/// Reads both sides, the original first, and compares them. What is told was so when the original was
/// read: a copy that is equal holds the state of that time.
///
/// # Errors
///
/// Where either side could not be read, with the reason and which it was; `unreadable` where both are
/// one repository, or where refs alone do not show what the copy holds.
pub async fn mirror(git: &Git, primary: &Remote, copy: &Remote, history: Option<&dyn History>) -> Result<Told, Miss> {
    // On one host, one repository may be known under two names.
    let thorough = place::share_host(&primary.url, &copy.url);
    let original = git.refs_of(primary, thorough).await.map_err(|miss| miss.of_side("the original"))?;
    let mirrored = git.refs_of(copy, thorough).await.map_err(|miss| miss.of_side("the copy"))?;
    let doubt = if original.place.is(&mirrored.place) {
        Some("it is the original itself, which is no copy")
    } else if mirrored.partial {
        Some("it is a shallow or partial clone, of which refs do not show what it holds")
    } else if kinds_differ(&original, &mirrored) {
        Some("its object ids are of another kind (SHA-1, SHA-256) than the original's, and cannot be compared")
    } else {
        None
    };
    if let Some(doubt) = doubt {
        let miss = Miss::unreadable(format!("{}: {doubt}", shown(&copy.url))).from(&mirrored.source);
        return Err(miss.of_side("the copy"));
    }
    let comparison = comparison(&original, &mirrored, history).await;
    let request = format!("git ls-refs {} and {}", shown(&primary.url), shown(&copy.url));
    let source = Source::of_both(&original.source, &mirrored.source, request);
    Ok(Told { fact: Fact::Comparison(Box::new(comparison)), observed_at: original.read_at, source })
}

/// Returns whether the object ids of both sides cannot be equal.
fn kinds_differ(primary: &RefMap, copy: &RefMap) -> bool {
    let kind = |map: &RefMap| map.refs.values().next().map(|named| named.oid.kind());
    matches!((kind(primary), kind(copy)), (Some(one), Some(other)) if one != other)
}

#[cfg(test)]
mod tests;
