//! Evidence: what was seen. Observations, their digests, and bundles of them.
//!
//! Asking systems is left to `collect`, what observations prove to `judge`.

pub mod bundle;
pub mod fact;
pub mod observation;
pub mod selection;
pub mod stated;

use std::collections::HashMap;

pub use fact::{
    Basis, Changes, ClockOffset, ComparedBytes, Comparison, Dialect, Fact, Inventory, Item, Point, Question,
    RecoveryPoints, Run, RunOutcome, Runs, Schedule, Settings, Statement, Unfinished, Unseen,
};
pub use observation::{Digest, Observation, Source};

/// Merged observations, found by what they speak of.
#[derive(Debug, Default)]
pub struct Evidence {
    observations: Vec<Observation>,
    by_asset: HashMap<Box<str>, Vec<u32>>,
    by_system: HashMap<Box<str>, Vec<u32>>,
}

impl Evidence {
    /// Returns the evidence of sorted, unique observations; use `bundle::merge` to make them so.
    pub(crate) fn new(observations: Vec<Observation>) -> Self {
        let mut by_asset: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        let mut by_system: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        for (index, observation) in observations.iter().enumerate() {
            let Ok(index) = u32::try_from(index) else { break };
            let (map, key) = match (&observation.asset, &observation.system) {
                (Some(asset), _) => (&mut by_asset, asset),
                (None, Some(system)) => (&mut by_system, system),
                (None, None) => continue,
            };
            match map.get_mut(key) {
                Some(list) => list.push(index),
                None => drop(map.insert(key.clone(), vec![index])),
            }
        }
        Self { observations, by_asset, by_system }
    }

    /// Returns every observation, in a fixed order.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// Returns what was seen of an asset or one of its copies.
    pub fn of_asset(&self, asset: &str) -> impl Iterator<Item = &Observation> {
        self.pick(self.by_asset.get(asset))
    }

    /// Returns what was seen of a system as a whole.
    pub fn of_system(&self, system: &str) -> impl Iterator<Item = &Observation> {
        self.pick(self.by_system.get(system))
    }

    fn pick(&self, indices: Option<&Vec<u32>>) -> impl Iterator<Item = &Observation> {
        indices.map_or(&[][..], Vec::as_slice).iter().filter_map(|index| self.observations.get(*index as usize))
    }
}
