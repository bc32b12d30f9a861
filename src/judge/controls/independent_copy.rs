//! `independent-copy`: some valid copy differs from the primary in every domain key asked for.
//!
//! Judges one copy against one primary; what survives each loss is `survives-loss`'s question.

use std::collections::BTreeMap;

use super::{About, AssetContext, Control, Drafts};
use crate::judge::context::{Context, domain};
use crate::judge::copy_state::{CopyState, Place};
use crate::model::{ControlId, Verdict};
use crate::policy::Copy;

/// The control.
pub(super) struct IndependentCopy;

static ABOUT: About = About {
    id: ControlId::IndependentCopy,
    asks: "Some valid copy differs from the primary in every domain that the objective names.",
    why: "Three copies in one building, one account or one company's hands are lost together. An unknown place counts as shared.",
    remedy: "Keep a copy with another provider, account or site, as the objective asks; say where each copy is.",
    asked: "Of assets whose objective has `independent`.",
    standards: &[
        "NIST SP 800-53 CP-6",
        "NIST SP 800-53 CP-9(3)",
        "CIS v8 11.4",
        "ISO/IEC 27001:2022 A.8.13",
        "SOC 2 A1.2",
    ],
};

impl Control for IndependentCopy {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let Some(keys) = asset.objective.independent.as_ref().filter(|keys| !keys.is_empty()) else { return };
        let keys_named: Vec<&str> = keys.iter().map(|key| key.value.as_str()).collect();
        let primary: Vec<(&str, Option<&str>)> =
            keys_named.iter().map(|key| (*key, asset.primary_domain(key))).collect();
        let mut doubtful = None;
        let mut shared = Vec::new();
        let sure = Apart::of(asset, &primary, |state| state.is_sure(asset.floor()));
        let perhaps = Apart::of(asset, &primary, CopyState::may_count);
        for state in asset.states {
            match perhaps.shares(state) {
                None if state.is_sure(asset.floor()) && sure.shares(state).is_none() => {
                    let because = format!("copy `{}` differs in {}", state.copy.id(), keys_named.join(", "));
                    out.asset(Verdict::Met, because, keys.span.clone()).evidence =
                        std::sync::Arc::clone(&state.evidence);
                    return;
                }
                None if state.may_count() => doubtful = doubtful.or(Some(state)),
                None => shared.push(format!("`{}` does not count: {}", state.copy.id(), state.because)),
                Some(why) => shared.push(format!("`{}` {why}", state.copy.id())),
            }
        }
        let (verdict, because) = if asset.copies_unknown() {
            (Verdict::Unknown, asset.reasons())
        } else if let Some(state) = doubtful {
            (
                Verdict::Unknown,
                format!("copy `{}` differs in {}, but {}", state.copy.id(), keys_named.join(", "), doubt(state)),
            )
        } else if asset.states.is_empty() {
            (Verdict::Gap, "none: no copy is declared".to_owned())
        } else {
            (Verdict::Gap, format!("none: {}", shared.join("; ")))
        };
        out.asset(verdict, because, keys.span.clone()).evidence = asset.copy_evidence();
    }
}

fn doubt(state: &CopyState<'_>) -> String {
    format!("its evidence is {}: {}", state.grade, state.because)
}

/// Which copies lie apart from one primary: least fixed points over what travels inside what.
struct Apart<'x, 'c, 'a> {
    asset: &'x AssetContext<'c, 'a>,
    primary: &'x [(&'x str, Option<&'x str>)],
    /// Why what travels inside each asset shares the fate of the primary; `None` where it does not.
    inside: BTreeMap<&'a str, Option<String>>,
}

impl<'x, 'c, 'a> Apart<'x, 'c, 'a> {
    /// Looks at the copies of the asset and at all that they travel in, of which only those count for
    /// which `counts` holds.
    fn of(
        asset: &'x AssetContext<'c, 'a>,
        primary: &'x [(&'x str, Option<&'x str>)],
        counts: impl Fn(&CopyState<'a>) -> bool,
    ) -> Self {
        let mut apart = Self { asset, primary, inside: BTreeMap::new() };
        let (audit, own) = (asset.audit, asset.subject.entry);
        let mut open: Vec<&'a str> = asset.states.iter().filter_map(|state| carrier(state.copy)).collect();
        while let Some(of) = open.pop() {
            let circular = || Some("it travels in a circle".to_owned());
            if audit.cover.entry(of) == Some(own) || apart.inside.insert(of, circular()).is_some() {
                continue;
            }
            let members = audit.estate.named(of);
            open.extend(members.flat_map(|member| &audit.states[member]).filter_map(|state| carrier(state.copy)));
        }
        // What others travel in comes first, so that without a circle one round is enough.
        let mut order: Vec<&'a str> = apart.inside.keys().copied().collect();
        let place = |of: &&str| audit.cover.entry(of).and_then(|entry| audit.cover.place(entry));
        order.sort_by_key(place);
        for _ in 0..=order.len() {
            let mut changed = false;
            for of in &order {
                let members = audit.estate.named(of);
                let why = if members.is_empty() {
                    Some(format!("travels inside `{of}`, of which nothing was seen"))
                } else {
                    members
                        .into_iter()
                        .find_map(|member| apart.member(member, &counts))
                        .map(|why| format!("travels inside `{of}`, {why}"))
                };
                changed |= apart.inside.get(of).is_some_and(Option::is_some) && why.is_none();
                apart.inside.insert(of, why);
            }
            if !changed {
                break;
            }
        }
        apart
    }

    /// Returns why no copy of `member` that counts lies apart; `None` where one does.
    fn member(&self, member: usize, counts: impl Fn(&CopyState<'a>) -> bool) -> Option<String> {
        let audit = self.asset.audit;
        let mut last = Some("which has no copy that counts".to_owned());
        for state in audit.states[member].iter().filter(|state| counts(state)) {
            // What that one travels in is told in its own place.
            match (self.shares(state), carrier(state.copy)) {
                (None, _) => return None,
                (Some(_), Some(of)) => last = Some(format!("whose copy `{}` travels inside `{of}`", state.copy.id())),
                (Some(why), None) => last = Some(format!("whose copy `{}` {why}", state.copy.id())),
            }
        }
        last
    }

    /// Returns in what the copy shares the fate of the primary; `None` where in nothing asked for.
    fn shares(&self, state: &CopyState<'a>) -> Option<String> {
        let audit = self.asset.audit;
        match (state.place, state.copy) {
            (Place::System(system), _) => same_domains(audit, system, self.primary),
            (Place::Derived, Copy::Included(included)) => match self.inside.get(included.of.value.as_str()) {
                Some(why) => why.clone(),
                None => Some("travels in a circle".to_owned()),
            },
            (Place::Derived, Copy::Rebuild(rebuild)) => rebuild.from.0.iter().find_map(|from| {
                let mut members = audit.estate.named(from);
                if members.is_empty() {
                    return Some(format!("rests on `{}`, of which nothing was seen", from.value));
                }
                members.find_map(|member| {
                    let system = &audit.estate.subjects[member].asset.lives_in.value;
                    same_domains(audit, system, self.primary)
                        .map(|why| format!("rests on `{}`, which {why}", from.value))
                })
            }),
            (Place::Unknown | Place::Derived, _) => Some("is in an unknown place, which counts as shared".to_owned()),
        }
    }
}

/// Returns the asset inside which the copy travels; `None` for copies with a place of their own.
fn carrier(copy: &Copy) -> Option<&str> {
    match copy {
        Copy::Included(included) => Some(&included.of.value),
        _ => None,
    }
}

fn same_domains(audit: &Context<'_>, system: &str, primary: &[(&str, Option<&str>)]) -> Option<String> {
    let shared: Vec<String> = primary
        .iter()
        .filter_map(|(key, value)| match (value, domain(audit.policy, system, key)) {
            (Some(primary), Some(copy)) if *primary != copy => None,
            (Some(primary), Some(_)) => Some(format!("{key}={primary}")),
            (None, _) | (_, None) => Some(format!("{key} (unknown, so counted as shared)")),
        })
        .collect();
    (!shared.is_empty()).then(|| format!("shares {}", shared.join(" and ")))
}
