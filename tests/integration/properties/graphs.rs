//! Loss analysis against a naive fixpoint on random graphs.
//!
//! The naive one is written from the definition (design, section 6) and shares no code with the judge.

use lastgood::judge::loss::{AssetNode, CopyNode, Fate, Need, Survival, fixpoint};
use proptest::prelude::*;

fn survival() -> impl Strategy<Value = Survival> {
    prop_oneof![Just(Survival::Lost), Just(Survival::Unknown), Just(Survival::Survives)]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![Just(Fate::Lost), Just(Fate::Unknown), Just(Fate::Unsaid), Just(Fate::Left)]
}

fn graph() -> impl Strategy<Value = (Vec<AssetNode>, Vec<Fate>)> {
    (1..9_usize).prop_flat_map(|count| {
        let range = (0..count, 1..3_usize).prop_map(move |(from, length)| from..(from + length).min(count));
        let need = (range, any::<bool>())
            .prop_map(|(range, copy)| if copy { Need::CopyOf(range) } else { Need::Alive(range) });
        let copy = (survival(), prop::option::of(0..4_usize), prop::collection::vec(need, 0..3))
            .prop_map(|(at_best, system, needs)| CopyNode { at_best, system, needs });
        let at_best = prop_oneof![4 => Just(Survival::Survives), 1 => Just(Survival::Unknown)];
        let at_worst = prop_oneof![5 => Just(Survival::Lost), 1 => Just(Survival::Unknown)];
        let asset = (0..4_usize, at_best, at_worst, prop::collection::vec(copy, 0..4))
            .prop_map(|(system, at_best, at_worst, copies)| AssetNode { system, at_best, at_worst, copies });
        (prop::collection::vec(asset, count), prop::collection::vec(fate(), 4))
    })
}

/// What is left of an asset that lives in a system, its copies aside.
fn primary(node: &AssetNode, fates: &[Fate]) -> Survival {
    match fates[node.system] {
        Fate::Lost => Survival::Lost,
        Fate::Unknown => node.at_best.min(Survival::Unknown),
        Fate::Unsaid | Fate::Left => node.at_best,
    }
}

/// What a copy in a system is good for.
fn shelter(fate: Fate) -> Survival {
    match fate {
        Fate::Lost => Survival::Lost,
        Fate::Unknown | Fate::Unsaid => Survival::Unknown,
        Fate::Left => Survival::Survives,
    }
}

/// All copies and assets, raised from "lost" until nothing moves, everything looked at every time.
fn naive(nodes: &[AssetNode], fates: &[Fate]) -> Vec<Survival> {
    let mut copies: Vec<Vec<Survival>> = nodes.iter().map(|node| vec![Survival::Lost; node.copies.len()]).collect();
    let mut alive = vec![Survival::Lost; nodes.len()];
    for _ in 0..200 {
        let (old_copies, old_alive) = (copies.clone(), alive.clone());
        for (index, node) in nodes.iter().enumerate() {
            for (position, copy) in node.copies.iter().enumerate() {
                let mut value = copy.at_best;
                if let Some(system) = copy.system {
                    value = value.min(shelter(fates[system]));
                }
                for need in &copy.needs {
                    let of = match need {
                        Need::Alive(range) => range.clone().map(|other| old_alive[other]).min(),
                        Need::CopyOf(range) => range
                            .clone()
                            .map(|other| old_copies[other].iter().copied().max().unwrap_or(Survival::Lost))
                            .min(),
                    };
                    value = value.min(of.unwrap_or(Survival::Lost));
                }
                copies[index][position] = value;
            }
            let best = old_copies[index].iter().copied().max().unwrap_or(Survival::Lost);
            alive[index] = primary(node, fates).max(best).max(node.at_worst);
        }
        if copies == old_copies && alive == old_alive {
            break;
        }
    }
    alive
}

proptest! {
    #![proptest_config(super::config(2_000))]

    #[test]
    fn the_loss_analysis_equals_a_naive_fixpoint((nodes, fates) in graph()) {
        let outcomes = fixpoint(&nodes, &fates);
        let found: Vec<Survival> = outcomes.iter().map(|outcome| outcome.survival).collect();
        prop_assert_eq!(&found, &naive(&nodes, &fates));
        for (node, outcome) in nodes.iter().zip(&outcomes) {
            let primary_left = primary(node, &fates) == outcome.survival;
            if primary_left || outcome.survival == Survival::Lost {
                prop_assert_eq!(outcome.copy, None, "the primary is left, or nothing");
            }
            if !primary_left && node.at_worst < outcome.survival {
                prop_assert!(outcome.copy.is_some(), "what is left is a copy");
            }
            if let Some(copy) = outcome.copy {
                let copy = &node.copies[copy];
                prop_assert!(copy.at_best >= outcome.survival);
                prop_assert!(copy.system.is_none_or(|system| shelter(fates[system]) >= outcome.survival));
            }
        }
    }
}

#[test]
fn assets_that_cover_only_each_other_do_not_survive() {
    let inside = |other: usize| AssetNode {
        system: 0,
        at_best: Survival::Survives,
        at_worst: Survival::Lost,
        copies: vec![
            CopyNode { at_best: Survival::Survives, system: None, needs: vec![Need::CopyOf(other..other + 1)] },
            CopyNode { at_best: Survival::Survives, system: None, needs: vec![Need::Alive(other..other + 1)] },
        ],
    };
    let outcomes = fixpoint(&[inside(1), inside(0)], &[Fate::Lost]);
    assert!(outcomes.iter().all(|outcome| outcome.survival == Survival::Lost));
}
