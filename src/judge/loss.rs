//! Loss analysis: what survives when everything in one domain is gone.
//!
//! A least fixed point over assets and copies (design, section 6), so that circular cover proves
//! nothing. Whether a loss is acceptable is left to the `survives-loss` control.

use super::copy_state::{CopyState, Place, Standing};
use super::estate::{Estate, Membership};
use crate::model::Grade;
use crate::policy::values::OrUnknown;
use crate::policy::{Copy, Policy, System};

/// Whether something is still there after a loss, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Survival {
    /// It is gone, and no usable copy is left.
    Lost,
    /// Nobody can tell.
    Unknown,
    /// It, or a usable copy of it, is left.
    Survives,
}

/// What becomes of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It lies in the domain that is lost.
    Lost,
    /// Nobody knows whether it does.
    Unknown,
    /// Its domains are known, and the policy does not say that it has one of this kind.
    Unsaid,
    /// It lies in another domain of this kind.
    Left,
}

impl Fate {
    /// Returns the best that can become of an asset that lives in it.
    const fn of_primary(self) -> Survival {
        match self {
            Self::Lost => Survival::Lost,
            Self::Unknown => Survival::Unknown,
            // Keys are free: a site says nothing of a service that has none.
            Self::Unsaid | Self::Left => Survival::Survives,
        }
    }

    /// Returns the best that can become of a copy in it: nobody can count on one whose place is not said.
    const fn of_copy(self) -> Survival {
        match self {
            Self::Lost => Survival::Lost,
            Self::Unknown | Self::Unsaid => Survival::Unknown,
            Self::Left => Survival::Survives,
        }
    }
}

/// One value of one domain key, such as `provider=GitHub`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// What is left after the loss of one domain, by position of the asset.
#[derive(Debug)]
pub struct Loss {
    /// What is lost.
    pub domain: Domain,
    /// What becomes of each asset.
    pub outcomes: Vec<Outcome>,
}

/// What becomes of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it is still there.
    pub survival: Survival,
    /// The position of the copy that is left; `None` where that is the primary, or nothing.
    pub copy: Option<usize>,
}

/// One thing that an asset's copy needs in order to be of use.
#[derive(Debug, Clone)]
pub enum Need {
    /// Some copy of each of these assets is left (`included`).
    CopyOf(std::ops::Range<usize>),
    /// Each of these assets is left, itself or by a copy (`rebuild`).
    Alive(std::ops::Range<usize>),
}

/// A copy as the analysis sees it.
#[derive(Debug, Clone)]
pub struct CopyNode {
    /// The best it can be, by its evidence alone.
    pub at_best: Survival,
    /// The systems in which it lies; empty for copies that rest on other assets.
    pub system: Option<usize>,
    /// What it rests on, all of which is needed.
    pub needs: Vec<Need>,
}

/// An asset as the analysis sees it.
#[derive(Debug, Clone)]
pub struct AssetNode {
    /// The system it lives in.
    pub system: usize,
    /// The best its primary can be; `Unknown` for a group whose members were not seen and may have copies.
    pub at_best: Survival,
    /// The worst it can be; `Unknown` where the policy says that its copies are unknown, and for a group
    /// whose members were not seen and may have copies.
    pub at_worst: Survival,
    /// Its copies.
    pub copies: Vec<CopyNode>,
}

/// Returns the domains of all systems, sorted.
pub fn domains(policy: &Policy) -> Vec<Domain> {
    let mut all: Vec<Domain> = policy
        .document()
        .systems
        .0
        .iter()
        .filter_map(|(_, system)| system.domains())
        .flatten()
        .filter_map(|(key, value)| Some(Domain { key: key.to_owned(), value: value?.to_owned() }))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Returns what becomes of every asset for the loss of each domain, in the order of `domains`.
pub fn losses(policy: &Policy, estate: &Estate<'_>, states: &[Vec<CopyState<'_>>]) -> Vec<Loss> {
    let nodes = nodes(policy, estate, states);
    domains(policy)
        .into_iter()
        .map(|domain| {
            let systems = &policy.document().systems.0;
            let fates: Vec<Fate> = systems.iter().map(|(_, system)| fate(system, &domain)).collect();
            let outcomes = fixpoint(&nodes, &fates);
            Loss { domain, outcomes }
        })
        .collect()
}

/// Returns what becomes of a system with the loss of `domain`.
fn fate(system: &System, domain: &Domain) -> Fate {
    let Some(mut domains) = system.domains() else { return Fate::Unknown };
    match domains.find(|(key, _)| *key == domain.key) {
        Some((_, Some(value))) if value == domain.value => Fate::Lost,
        Some((_, Some(_))) => Fate::Left,
        Some((_, None)) => Fate::Unknown,
        None => Fate::Unsaid,
    }
}

fn nodes(policy: &Policy, estate: &Estate<'_>, states: &[Vec<CopyState<'_>>]) -> Vec<AssetNode> {
    let system = |name: &str| policy.document().systems.0.iter().position(|(id, _)| id.value == name);
    let subjects = estate.subjects.iter().zip(states);
    subjects
        .map(|(subject, states)| {
            let floor = policy
                .objective(subject.asset)
                .and_then(|objective| objective.evidence.as_ref())
                .map_or(Grade::Attested, |floor| floor.value);
            // Of a group without copies the policy alone tells all; else it depends on who its members are.
            let depends = matches!(subject.membership, Membership::Unexpanded(_)) && !states.is_empty();
            let unseen = if depends { Survival::Unknown } else { Survival::Survives };
            AssetNode {
                system: system(&subject.asset.lives_in).unwrap_or(usize::MAX),
                at_best: match subject.membership {
                    Membership::Vanished | Membership::Hollow => Survival::Unknown,
                    Membership::Single | Membership::Member | Membership::Unexpanded(_) => unseen,
                },
                at_worst: match subject.asset.copies.value {
                    OrUnknown::Unknown => Survival::Unknown,
                    OrUnknown::Known(_) if depends => Survival::Unknown,
                    OrUnknown::Known(_) => Survival::Lost,
                },
                copies: states.iter().map(|state| copy_node(policy, estate, state, floor, unseen)).collect(),
            }
        })
        .collect()
}

fn copy_node(policy: &Policy, estate: &Estate<'_>, state: &CopyState<'_>, floor: Grade, unseen: Survival) -> CopyNode {
    let by_evidence = match state.standing {
        Standing::Absent | Standing::Lapsed => Survival::Lost,
        Standing::Doubtful => Survival::Unknown,
        Standing::Usable if state.grade < floor => Survival::Unknown,
        Standing::Usable => Survival::Survives,
    };
    let system = match state.place {
        Place::System(name) => policy.document().systems.0.iter().position(|(id, _)| id.value == name),
        Place::Unknown | Place::Derived => None,
    };
    let needs = match state.copy {
        Copy::Included(included) => vec![Need::CopyOf(estate.named(&included.of))],
        Copy::Rebuild(rebuild) => rebuild.from.0.iter().map(|from| Need::Alive(estate.named(from))).collect(),
        _ => Vec::new(),
    };
    CopyNode { at_best: by_evidence.min(unseen), system, needs }
}

/// Returns what becomes of each asset when its systems, by position, have these fates.
///
/// Starts from "everything is lost" and only ever raises, so the result is the least fixed point.
pub fn fixpoint(nodes: &[AssetNode], fates: &[Fate]) -> Vec<Outcome> {
    let fate = |system: usize| fates.get(system).copied().unwrap_or(Fate::Unknown);
    let primary = |node: &AssetNode| fate(node.system).of_primary().min(node.at_best);
    let mut alive: Vec<Survival> = vec![Survival::Lost; nodes.len()];
    let mut copies: Vec<Vec<Survival>> = nodes.iter().map(|node| vec![Survival::Lost; node.copies.len()]).collect();
    let mut open: Vec<usize> = (0..nodes.len()).collect();
    loop {
        let mut changed = false;
        for &index in &open {
            let node = &nodes[index];
            for (position, copy) in node.copies.iter().enumerate() {
                let placed = copy.system.map_or(Survival::Survives, |system| fate(system).of_copy());
                let needed =
                    copy.needs.iter().map(|need| met(need, &alive, &copies)).min().unwrap_or(Survival::Survives);
                let value = copy.at_best.min(placed).min(needed);
                changed |= value != copies[index][position];
                copies[index][position] = value;
            }
            let best = copies[index].iter().copied().max().unwrap_or(Survival::Lost);
            let value = primary(node).max(best).max(node.at_worst);
            changed |= value != alive[index];
            alive[index] = value;
        }
        if !changed {
            break;
        }
        // What rests on nothing else is settled after one round.
        open.retain(|index| nodes[*index].copies.iter().any(|copy| !copy.needs.is_empty()));
    }
    nodes
        .iter()
        .enumerate()
        .map(|(index, node)| {
            let primary_left = primary(node) == alive[index];
            let left = || {
                let mut best: Option<usize> = None;
                for (position, value) in copies[index].iter().enumerate() {
                    if *value == alive[index] && best.is_none() {
                        best = Some(position);
                    }
                }
                best
            };
            let copy = if primary_left || alive[index] == Survival::Lost { None } else { left() };
            Outcome { survival: alive[index], copy }
        })
        .collect()
}

fn met(need: &Need, alive: &[Survival], copies: &[Vec<Survival>]) -> Survival {
    let worst = match need {
        Need::Alive(range) => alive[range.clone()].iter().copied().min(),
        Need::CopyOf(range) => {
            copies[range.clone()].iter().map(|copies| copies.iter().copied().max().unwrap_or(Survival::Lost)).min()
        }
    };
    // What names nothing that was seen cannot be relied on.
    worst.unwrap_or(Survival::Lost)
}
