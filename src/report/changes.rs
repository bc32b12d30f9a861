//! What a change of the policy does: two reports by the same evidence as of the same time, compared.
//!
//! What the policies themselves ask is compared by `policy::changes`; how it looks is left to the renderers.

use std::collections::{HashMap, HashSet};

use super::{AssetCounts, Finding, Report};
use crate::model::{Severity, Verdict};
use crate::policy::changes as policy;

pub use policy::{Change, Effect, Elsewhere, Subject};

/// What a change of the policy does.
#[derive(Debug)]
pub struct Changes {
    /// The policy before the change.
    pub base: Base,
    /// What it asks less, otherwise or more, what asks less first.
    pub asks: Vec<Change>,
    /// The assets that came, went or have another verdict, those that went first.
    pub assets: Vec<Move>,
    /// The findings with another verdict, those that are no longer open first, the most severe first.
    /// Findings of assets that came or went are counted in `assets` and stand not here.
    pub turns: Vec<Turn>,
    /// What was not looked at as the old policy has it, since the evidence is of the places that the new one
    /// names: `system`, `asset` or `asset:copy`.
    pub unlooked: Vec<String>,
    /// The copies that each policy imports from another file, where both files were read: `asset:copy`.
    pub own_files: Vec<String>,
}

/// The report by the policy before the change, as far as readers need it.
#[derive(Debug)]
pub struct Base {
    /// The file.
    pub file: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The worst verdict.
    pub verdict: Verdict,
    /// Assets by verdict.
    pub assets: AssetCounts,
}

/// An asset that came, went or has another verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Its id.
    pub id: String,
    /// The verdict by the old policy; `None` where that did not have it.
    pub before: Option<Verdict>,
    /// The verdict by the new policy; `None` where that does not have it.
    pub after: Option<Verdict>,
    /// How many of its findings were open by the policy that has it, the old one where both do.
    pub open: usize,
    /// Whether nobody looked where the old policy has it, so that it cannot be said to have turned.
    pub is_unlooked: bool,
}

/// A finding with another verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its id.
    pub id: String,
    /// How much it hurts, by the policy that asks more of it.
    pub severity: Severity,
    /// The verdict by the old policy; `None` where that did not ask.
    pub before: Option<Verdict>,
    /// The verdict by the new policy; `None` where that does not ask.
    pub after: Option<Verdict>,
    /// Why: the new policy's words, or the old one's where the new does not ask.
    pub because: String,
    /// Whether nobody looked where the old policy has it, so that it cannot be said to have turned.
    pub is_unlooked: bool,
}

/// Which way a verdict turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It was a gap or an unknown and is neither now: since the evidence is the same, the policy did that.
    Closed,
    /// It is a gap or an unknown now and was neither.
    Opened,
    /// It is open as before or closed as before, with another word; or nobody knows what it was.
    Other,
}

impl Turn {
    /// Returns which way it turned.
    pub fn way(&self) -> Way {
        if self.is_unlooked { Way::Other } else { way(self.before, self.after) }
    }
}

impl Move {
    /// Returns which way it turned.
    pub fn way(&self) -> Way {
        if self.is_unlooked { Way::Other } else { way(self.before, self.after) }
    }
}

fn way(before: Option<Verdict>, after: Option<Verdict>) -> Way {
    let is_open = |verdict: Option<Verdict>| verdict.is_some_and(Verdict::is_open);
    match (is_open(before), is_open(after)) {
        (true, false) => Way::Closed,
        (false, true) => Way::Opened,
        (true, true) | (false, false) => Way::Other,
    }
}

/// Returns what leads from `base` to `head`, two reports by the same evidence as of the same time, and
/// `asks`, what `policy::changes::between` says of their policies. What lies `elsewhere` must have been left
/// out of the evidence of `base`.
pub fn changes(base: &Report, head: &Report, asks: Vec<Change>, elsewhere: &Elsewhere) -> Changes {
    let assets = moves(base, head, elsewhere);
    let turns = turns(base, head, elsewhere);
    Changes {
        base: Base {
            file: base.policy.file.clone(),
            sha256: base.policy.sha256.clone(),
            verdict: base.verdict,
            assets: base.summary.assets,
        },
        asks,
        assets,
        turns,
        unlooked: elsewhere.names(),
        own_files: elsewhere.own_files(),
    }
}

/// The verdict and the number of open findings of each asset, by id.
fn standings(report: &Report) -> HashMap<&str, (Verdict, usize)> {
    let mut standings: HashMap<&str, (Verdict, usize)> =
        report.assets.iter().map(|asset| (&*asset.id, (asset.verdict, 0))).collect();
    for finding in report.findings.iter().filter(|finding| finding.verdict.is_open()) {
        if let Some((_, open)) = finding.asset().and_then(|asset| standings.get_mut(asset)) {
            *open += 1;
        }
    }
    standings
}

fn moves(base: &Report, head: &Report, elsewhere: &Elsewhere) -> Vec<Move> {
    let (old, new) = (standings(base), standings(head));
    let moved = |id: &str| {
        let (before, after) = (old.get(id), new.get(id));
        let verdict = |standing: Option<&(Verdict, usize)>| standing.map(|(verdict, _)| *verdict);
        let open = before.or(after).map_or(0, |(_, open)| *open);
        let (before, after) = (verdict(before), verdict(after));
        let is_unlooked = matches!(before, None | Some(Verdict::Unknown)) && elsewhere.is_unlooked(Some(id), None);
        // An entry that could not be expanded for want of a look stands for what it expands to.
        let is_told = before != after && !(is_unlooked && after.is_none());
        is_told.then(|| Move { id: id.to_owned(), before, after, open, is_unlooked })
    };
    let mut moves: Vec<Move> = base.assets.iter().filter_map(|asset| moved(&asset.id)).collect();
    let added = head.assets.iter().filter(|asset| !old.contains_key(&*asset.id));
    moves.extend(added.filter_map(|asset| moved(&asset.id)));
    moves.sort_by_key(|moved| (moved.after.is_some(), moved.way()));
    moves
}

fn turns(base: &Report, head: &Report, elsewhere: &Elsewhere) -> Vec<Turn> {
    let old_assets: HashSet<&str> = base.assets.iter().map(|asset| &*asset.id).collect();
    let new_assets: HashSet<&str> = head.assets.iter().map(|asset| &*asset.id).collect();
    // What is told of an asset that came or went is told with the asset.
    let stays = |finding: &&Finding| {
        finding.asset().is_none_or(|asset| old_assets.contains(asset) && new_assets.contains(asset))
    };
    let mut old: HashMap<String, &Finding> =
        base.findings.iter().filter(stays).map(|finding| (finding.id(), finding)).collect();
    let mut turns = Vec::new();
    for finding in head.findings.iter().filter(stays) {
        let id = finding.id();
        let before = old.remove(&id);
        turns.extend(turn(id, before, Some(finding), elsewhere));
    }
    for finding in base.findings.iter().filter(stays) {
        let id = finding.id();
        if old.remove(&id).is_some() {
            turns.extend(turn(id, Some(finding), None, elsewhere));
        }
    }
    turns.sort_by_key(|turn| (turn.way(), std::cmp::Reverse(turn.severity)));
    turns
}

/// Returns the turn of one finding; `None` where it says the same, or was not asked and is not open.
fn turn(id: String, before: Option<&Finding>, after: Option<&Finding>, elsewhere: &Elsewhere) -> Option<Turn> {
    let verdict = |finding: Option<&Finding>| finding.map(|finding| finding.verdict);
    let answers = |verdict: Option<Verdict>| verdict.filter(|verdict| *verdict != Verdict::NotApplicable);
    let (old, new) = (answers(verdict(before)), answers(verdict(after)));
    let is_open = |verdict: Option<Verdict>| verdict.is_some_and(Verdict::is_open);
    if old == new || old.is_none() && !is_open(new) || new.is_none() && !is_open(old) {
        return None;
    }
    let told = after.filter(|_| new.is_some()).or(before)?;
    let severity = before.into_iter().chain(after).map(|finding| finding.severity).max()?;
    // What nobody saw is not asked of either.
    let is_unlooked =
        matches!(old, None | Some(Verdict::Unknown)) && elsewhere.is_unlooked(told.asset(), told.system());
    Some(Turn { id, severity, before: old, after: new, because: told.because.to_string(), is_unlooked })
}
