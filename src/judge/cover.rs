//! Cover: which entries of the policy rest on which, through `included` and `rebuild`.
//!
//! Knows the policy alone; what the cover is worth is left to `derived`, circles as findings to the
//! `coverage-acyclic` control.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::policy::{Copy, Policy};

/// Which entries rest on which.
#[derive(Debug)]
pub struct Cover {
    /// The number of the circle that each entry lies in, by position; entries in no circle have a
    /// number of their own.
    circles: Vec<usize>,
    /// Every entry, those that others rest on before those.
    order: Vec<usize>,
    /// Where each entry stands in `order`, by position.
    places: Vec<usize>,
    /// What each entry rests on directly.
    rests_on: Vec<Vec<usize>>,
    positions: HashMap<String, usize>,
}

impl Cover {
    /// Returns the cover that the policy declares.
    pub fn new(policy: &Policy) -> Self {
        let assets = &policy.document().assets;
        let positions: HashMap<String, usize> =
            assets.iter().enumerate().map(|(position, asset)| (asset.id.0.clone(), position)).collect();
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        let nodes: Vec<NodeIndex> = assets.iter().map(|_| graph.add_node(())).collect();
        let mut rests_on = vec![Vec::new(); assets.len()];
        for (position, asset) in assets.iter().enumerate() {
            let references = asset.copies.known().into_iter().flatten().flat_map(references);
            let on: BTreeSet<usize> =
                references.filter_map(|reference| positions.get(entry_of(reference))).copied().collect();
            for other in &on {
                graph.add_edge(nodes[position], nodes[*other], ());
            }
            rests_on[position] = on.into_iter().collect();
        }
        let mut circles = vec![0; assets.len()];
        let mut order = Vec::with_capacity(assets.len());
        // Kosaraju's algorithm names what others rest on first.
        for (number, component) in kosaraju_scc(&graph).into_iter().enumerate() {
            for node in component {
                circles[node.index()] = number;
                order.push(node.index());
            }
        }
        let mut places = vec![0; assets.len()];
        for (place, position) in order.iter().enumerate() {
            places[*position] = place;
        }
        Self { circles, order, places, rests_on, positions }
    }

    /// Returns the position of the entry that `reference` (`id` or `id/item`) names; `None` where the
    /// policy has none.
    pub fn entry(&self, reference: &str) -> Option<usize> {
        self.positions.get(entry_of(reference)).copied()
    }

    /// Returns the place of the entry at `position` in `order`; `None` where there is no such entry.
    pub fn place(&self, position: usize) -> Option<usize> {
        self.places.get(position).copied()
    }

    /// Returns every entry, those that others rest on before those.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Returns whether following `reference` from the entry at `position` leads back to it.
    pub fn leads_back(&self, position: usize, reference: &str) -> bool {
        self.entry(reference).is_some_and(|on| self.circles.get(on) == self.circles.get(position))
    }

    /// Returns whether the entry at `position` lies in a circle.
    pub fn is_circular(&self, position: usize) -> bool {
        self.rests_on.get(position).into_iter().flatten().any(|on| self.circles.get(*on) == self.circles.get(position))
    }

    /// Returns a shortest way from the entry at `position` over `reference` back to it, both ends
    /// included; `None` where there is none.
    pub fn way_back(&self, position: usize, reference: &str) -> Option<Vec<usize>> {
        let first = self.entry(reference)?;
        if !self.leads_back(position, reference) {
            return None;
        }
        let mut came_from: BTreeMap<usize, usize> = BTreeMap::from([(first, position)]);
        let mut open = std::collections::VecDeque::from([first]);
        while let Some(at) = open.pop_front() {
            if at == position {
                break;
            }
            for next in &self.rests_on[at] {
                if !came_from.contains_key(next) {
                    came_from.insert(*next, at);
                    open.push_back(*next);
                }
            }
        }
        let mut way = vec![position];
        let mut at = *came_from.get(&position)?;
        while at != position {
            way.push(at);
            at = *came_from.get(&at)?;
        }
        way.push(position);
        way.reverse();
        Some(way)
    }
}

/// Returns the references of a copy to other assets: `id` or `id/item`.
pub fn references(copy: &Copy) -> Vec<&str> {
    match copy {
        Copy::Included(included) => vec![included.of.value.as_str()],
        Copy::Rebuild(rebuild) => rebuild.from.0.iter().map(|from| from.value.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// Returns the id of the entry in a reference.
fn entry_of(reference: &str) -> &str {
    reference.split('/').next().unwrap_or_default()
}
