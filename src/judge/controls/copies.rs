//! `copies`: there are enough copies with valid evidence besides the primary.
//!
//! Counts; where the copies lie is `independent-copy`'s question.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::{Carrier, Standing};
use crate::model::{ControlId, Method, Verdict};

/// The control.
pub(super) struct Copies;

static ABOUT: About = About {
    id: ControlId::Copies,
    asks: "At least so many copies as the objective asks for are known by valid evidence, besides the primary.",
    why: "A provider's redundancy is not a copy: it repeats deletion and corruption faithfully.",
    remedy: "Make another copy, or bring evidence of one that exists.",
    asked: "Of every asset; an objective without `copies` asks for one.",
    standards: &[
        "NIST SP 800-53 CP-9",
        "NIST CSF 2.0 PR.DS-11",
        "CIS v8 11.2",
        "ISO/IEC 27001:2022 A.8.13",
        "SOC 2 A1.2",
    ],
};

impl Control for Copies {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let wanted = asset.objective.copies.as_ref().map_or(1, |copies| copies.value);
        let at = match &asset.objective.copies {
            Some(copies) if !asset.states.is_empty() => copies.span.clone(),
            _ => asset.at_copies(),
        };
        let sure = distinct(asset, true);
        let possible = distinct(asset, false).max(sure);
        let mut counted = format!("{sure} of {wanted} with valid evidence");
        if sure < asset.states.iter().filter(|state| state.is_sure(asset.floor())).count() as u64 {
            counted.push_str(", as several travel in one copy");
        }
        let (verdict, because) = if sure >= wanted {
            (Verdict::Met, counted)
        } else if asset.copies_unknown() {
            (Verdict::Unknown, asset.reasons())
        } else if possible >= wanted {
            (Verdict::Unknown, format!("{counted}, {} more in doubt: {}", possible - sure, asset.reasons()))
        } else if asset.states.is_empty() {
            (Verdict::Gap, asset.reasons())
        } else {
            (Verdict::Gap, format!("{counted}: {}", asset.reasons()))
        };
        out.asset(verdict, because, at).evidence = asset.copy_evidence();
    }
}

/// A copy that stands on its own: the position of the entry that declares it, its position there, and
/// that of the asset whose copy it is, where one is meant and not those of several.
type Alone = (usize, usize, Option<usize>);

/// Returns how many copies there are, of which none is another one under another name: the most copies
/// of the asset that each end in a copy on its own of which no other needs to count. Only what is sure
/// counts, or all that may.
fn distinct(asset: &AssetContext<'_, '_>, sure: bool) -> u64 {
    let mut ends: Vec<Vec<Alone>> = Vec::new();
    let mut untold = 0;
    for (position, state) in asset.states.iter().enumerate() {
        if !(if sure { state.is_sure(asset.floor()) } else { state.may_count() }) {
            continue;
        }
        if state.method() != Method::Included {
            ends.push(vec![(asset.subject.entry, position, Some(asset.index))]);
            continue;
        }
        let counts =
            |carrier: &&Carrier| !sure || carrier.standing == Standing::Usable && carrier.grade >= asset.floor();
        let carriers = state.carriers.iter().filter(counts);
        let carriers: Vec<Alone> =
            carriers.map(|Carrier { declared: (entry, copy), subject, .. }| (*entry, *copy, *subject)).collect();
        if carriers.is_empty() {
            untold += 1;
        } else {
            ends.push(carriers);
        }
    }
    // What is said of the copies of several assets speaks of that of each of them too.
    let several: BTreeSet<(usize, usize)> =
        ends.iter().flatten().filter(|end| end.2.is_none()).map(|end| (end.0, end.1)).collect();
    for end in ends.iter_mut().flatten() {
        end.2 = end.2.filter(|_| !several.contains(&(end.0, end.1)));
    }
    // Nobody knows in what the others travel: they may all be one, or each another.
    let untold = if sure { u64::from(untold > 0) } else { untold };
    let mut taken: BTreeMap<Alone, usize> = BTreeMap::new();
    let found = (0..ends.len()).filter(|copy| finds_end(*copy, &ends, &mut taken, &mut BTreeSet::new()));
    found.count() as u64 + untold
}

/// Returns whether `copy` ends in a copy that no other one needs, moving others to another where they
/// have one: a step of an augmenting path.
fn finds_end(
    copy: usize,
    ends: &[Vec<Alone>],
    taken: &mut BTreeMap<Alone, usize>,
    tried: &mut BTreeSet<Alone>,
) -> bool {
    for end in &ends[copy] {
        if !tried.insert(*end) {
            continue;
        }
        let is_free = match taken.get(end).copied() {
            None => true,
            Some(other) => finds_end(other, ends, taken, tried),
        };
        if is_free {
            taken.insert(*end, copy);
            return true;
        }
    }
    false
}
