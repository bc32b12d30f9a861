//! `independent-copy`: some valid copy differs from the primary in every domain key asked for.
//!
//! Judges one copy against one primary; what survives each loss is `survives-loss`'s question.

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
        for state in asset.states {
            match shares(asset.audit, state, &primary, &mut Vec::new()) {
                None if state.is_sure(asset.floor()) => {
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

/// Returns in what the copy shares the fate of the primary; `None` where in nothing asked for.
fn shares(
    audit: &Context<'_>,
    state: &CopyState<'_>,
    primary: &[(&str, Option<&str>)],
    path: &mut Vec<usize>,
) -> Option<String> {
    match (state.place, state.copy) {
        (Place::System(system), _) => same_domains(audit, system, primary),
        (Place::Derived, Copy::Included(included)) => {
            let members = audit.estate.named(audit.policy, &included.of);
            if members.is_empty() {
                return Some(format!("travels inside `{}`, of which nothing was seen", included.of.value));
            }
            members.into_iter().find_map(|member| {
                if path.contains(&member) {
                    return Some("travels in a circle".to_owned());
                }
                path.push(member);
                let found = member_shares(audit, member, primary, path);
                path.pop();
                found.map(|why| format!("travels inside `{}`, {why}", audit.estate.subjects[member].id))
            })
        }
        (Place::Derived, Copy::Rebuild(rebuild)) => rebuild.from.0.iter().find_map(|from| {
            let members = audit.estate.named(audit.policy, from);
            members.into_iter().find_map(|member| {
                let system = &audit.estate.subjects[member].asset.lives_in.value;
                same_domains(audit, system, primary).map(|why| format!("rests on `{}`, which {why}", from.value))
            })
        }),
        (Place::Unknown | Place::Derived, _) => Some("is in an unknown place, which counts as shared".to_owned()),
    }
}

/// Returns why no copy of `member` is independent of `primary`; `None` where one is.
fn member_shares(
    audit: &Context<'_>,
    member: usize,
    primary: &[(&str, Option<&str>)],
    path: &mut Vec<usize>,
) -> Option<String> {
    let mut last = Some("which has no copy".to_owned());
    for state in audit.states[member].iter().filter(|state| state.may_count()) {
        match shares(audit, state, primary, path) {
            None => return None,
            Some(why) => last = Some(format!("whose copy `{}` {why}", state.copy.id())),
        }
    }
    last
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
