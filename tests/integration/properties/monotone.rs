//! Making any evidence worse, older or missing never turns a finding into met, and never makes
//! anything survive; waivers hide only their own findings; the future is never fresh.
//!
//! "Worse" is one change of one observation, or of one statement in the policy. An observation that
//! says that something was *not* seen is left alone: taking it away adds knowledge. So is evidence of
//! several dates, where a newer line replaces an older one by design.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use lastgood::evidence::{Changes, Fact, Observation, Point, RecoveryPoints, Unseen};
use lastgood::model::{Grade, UnseenReason, Verdict};
use lastgood::report::Report;
use proptest::prelude::*;

use super::case::{AS_OF, Case, Dice, as_of};
use crate::support::{policy, report};

fn judged(case: &Case) -> Report {
    report(&policy(&case.policy), case.observations.clone(), AS_OF)
}

fn verdicts(report: &Report) -> BTreeMap<String, Verdict> {
    report.findings.iter().map(|finding| (finding.id(), finding.verdict)).collect()
}

/// Makes one thing worse; returns what, or `None` where the seed picks something that cannot be.
fn worsen(case: &mut Case, dice: &mut Dice) -> Option<String> {
    if dice.chance(25) {
        return worsen_policy(case, dice);
    }
    let at = usize::try_from(dice.below(case.observations.len() as u64)).ok()?;
    let observation = case.observations.get_mut(at)?;
    if matches!(observation.fact, Fact::Unseen(_)) {
        return None;
    }
    let before = observation.clone();
    let drop_it = match &mut observation.fact {
        // Fewer items, or none, would be fewer assets, not worse evidence of the same ones; the
        // inventory's count tells that they are missing.
        // Its time of creation speaks against statements that are older.
        Fact::Item(item) => item.created_at.is_none(),
        Fact::Changes(_) | Fact::Clock(_) | Fact::Statement(_) => true,
        Fact::Inventory(inventory) => {
            if dice.chance(50) {
                inventory.complete = false;
            } else {
                inventory.public_only = true;
            }
            dice.chance(50)
        }
        Fact::Comparison(comparison) => {
            match dice.below(6) {
                // One item that was equal no longer is.
                worse @ 0..3 => {
                    comparison.equal = comparison.equal.checked_sub(1)?;
                    match worse {
                        0 => comparison.missing += 1,
                        1 => comparison.different += 1,
                        _ => comparison.behind += 1,
                    }
                }
                3 => comparison.complete = false,
                4 => {
                    comparison.oldest_unprotected =
                        comparison.oldest_unprotected.map(|oldest| oldest - TimeDelta::days(3));
                }
                _ => comparison.equal = 0,
            }
            dice.chance(15)
        }
        Fact::RecoveryPoints(listing) => {
            match dice.below(4) {
                // The state is older, and there since the same time.
                0 => {
                    for point in &mut listing.points {
                        point.available_at = Some(point.available());
                        point.captured_at -= TimeDelta::hours(30);
                    }
                }
                1 => listing.grade = Grade::Configured,
                2 => listing.complete = false,
                _ => listing.from = listing.from.map(|from| from + TimeDelta::days(20)),
            }
            dice.chance(15)
        }
        Fact::Runs(runs) => {
            runs.complete = false;
            dice.chance(40)
        }
        Fact::Schedule(schedule) => {
            schedule.disabled = Some("disabled".into());
            dice.chance(40)
        }
        Fact::Settings(settings) => {
            match dice.below(3) {
                0 => settings.versioning = None,
                1 => settings.locked_days = None,
                _ => {
                    settings.noncurrent_days =
                        settings.noncurrent_days.filter(|days| *days > 0).map(|days| days.div_ceil(2));
                }
            }
            dice.chance(30)
        }
        Fact::Unseen(_) => return None,
    };
    let what = format!("{before:?} → {}", if drop_it { "dropped".to_owned() } else { format!("{observation:?}") });
    if drop_it {
        case.observations.remove(at);
    }
    Some(what)
}

fn worsen_policy(case: &mut Case, dice: &mut Dice) -> Option<String> {
    let changes: [(&str, &str); 5] = [
        ("result: passed", "result: failed"),
        (", rebuilt_on: ", ", said_on: "),
        ("domains: { provider: Vault, account: y }", "domains: unknown"),
        ("domains: { provider: Mirror, account: x }", "domains: { provider: unknown, account: x }"),
        ("in: vault, by: attestation", "in: unknown, by: attestation"),
    ];
    let (from, to) = *dice.pick(&changes);
    // Where the policy demands a domain, some system has to have it.
    if !case.policy.contains(from) {
        return None;
    }
    case.policy = case.policy.replacen(from, to, 1);
    Some(format!("{from} → {to}"))
}

/// Makes a look, and what it saw, earlier.
fn earlier(observation: &mut Observation, by: TimeDelta) {
    observation.observed_at -= by;
    match &mut observation.fact {
        Fact::RecoveryPoints(listing) => {
            (listing.from, listing.kept_from) = (listing.from.map(|at| at - by), listing.kept_from.map(|at| at - by));
            for point in &mut listing.points {
                point.captured_at -= by;
                point.available_at = point.available_at.map(|at| at - by);
            }
        }
        Fact::Comparison(comparison) => {
            comparison.oldest_unprotected = comparison.oldest_unprotected.map(|at| at - by);
        }
        Fact::Changes(changes) => {
            changes.from = changes.from.map(|at| at - by);
            changes.at.iter_mut().for_each(|at| *at -= by);
        }
        Fact::Runs(runs) => {
            runs.from -= by;
            runs.runs.iter_mut().for_each(|run| run.started_at -= by);
        }
        _ => {}
    }
}

fn survival(report: &Report) -> BTreeMap<(String, String), u8> {
    let mut survival = BTreeMap::new();
    for loss in &report.losses {
        let mut put = |asset: &str, value| survival.extend([((loss.domain.clone(), asset.to_owned()), value)]);
        loss.lost.iter().for_each(|asset| put(asset, 0));
        loss.unknown.iter().for_each(|asset| put(asset, 1));
        loss.survive.iter().for_each(|left| put(&left.asset, 2));
    }
    survival
}

fn usable(report: &Report) -> BTreeMap<String, bool> {
    let copies = report.assets.iter().flat_map(|asset| asset.copies.iter().flatten().map(move |copy| (asset, copy)));
    copies.map(|(asset, copy)| (format!("{}:{}", asset.id, copy.id), copy.usable)).collect()
}

proptest! {
    #![proptest_config(super::config(500))]

    #[test]
    fn worse_evidence_never_turns_a_finding_into_met(seed: u64) {
        let mut case = Case::new(seed);
        let before = judged(&case);
        let dice = &mut Dice::new(seed ^ 0xABCD);
        let Some(what) = worsen(&mut case, dice) else { return Ok(()) };
        let after = judged(&case);
        let now = verdicts(&after);
        for (id, verdict) in verdicts(&before) {
            // Older states reach further back, which is what retention asks for.
            if verdict != Verdict::Met && !id.starts_with("retention:") {
                prop_assert!(now.get(&id) != Some(&Verdict::Met), "{id}: {verdict} → met by {what}\n{}", case.policy);
            }
        }
        for asset in &before.assets {
            let later = after.assets.iter().find(|later| later.id == asset.id);
            // An asset of which only the retention was open may be met by an older state.
            let only_retention = before.findings.iter().all(|finding| {
                finding.asset() != Some(&*asset.id)
                    || finding.verdict == Verdict::Met
                    || finding.control == lastgood::model::ControlId::Retention
            });
            let became = !only_retention && asset.verdict != Verdict::Met && later.is_some_and(|later| later.verdict == Verdict::Met);
            prop_assert!(!became, "asset {}: {} → met by {what}", asset.id, asset.verdict);
        }
        let now = usable(&after);
        for (copy, was) in usable(&before) {
            prop_assert!(was || now.get(&copy) != Some(&true), "{copy} became usable by {what}");
        }
        let now = survival(&after);
        for (key, value) in survival(&before) {
            // Lost may become "nobody can tell", as a gap may become unknown; neither may become green.
            let worse = now.get(&key).is_none_or(|now| *now < 2 || value == 2);
            prop_assert!(worse, "{key:?} survives by {what}\n{}", case.policy);
        }
    }

    #[test]
    fn learning_that_a_copy_is_absent_never_turns_a_finding_into_met(seed: u64) {
        let mut case = Case::new(seed);
        let dice = &mut Dice::new(seed ^ 0x5151);
        let copies: Vec<(Box<str>, Box<str>)> = case
            .observations
            .iter()
            .filter(|observation| matches!(observation.fact, Fact::RecoveryPoints(_)))
            .filter_map(|observation| observation.asset.clone().zip(observation.copy.clone()))
            .collect();
        if copies.is_empty() {
            return Ok(());
        }
        let (asset, copy) = dice.pick(&copies).clone();
        let is_of_it = |observation: &Observation| observation.asset.as_ref() == Some(&asset);
        case.observations.retain(|observation| !is_of_it(observation) || observation.copy.as_ref() != Some(&copy));
        // The others were looked at some days ago, and nothing may have changed since.
        let days = TimeDelta::days(dice.range(0, 25));
        case.observations.iter_mut().filter(|observation| is_of_it(observation)).for_each(|observation| earlier(observation, days));
        if dice.chance(60) {
            let unchanged = Changes { at: Vec::new(), exact: true, from: Some(as_of() - TimeDelta::days(300)) };
            let mut unchanged = Observation::new(Fact::Changes(unchanged), as_of());
            unchanged.asset = Some(asset.clone());
            case.observations.push(unchanged);
        }
        let before = judged(&case);
        let none = RecoveryPoints { complete: true, from: None, grade: Grade::Observed, kept_from: None, points: Vec::new() };
        let mut absent = Observation::new(Fact::RecoveryPoints(none), as_of() - TimeDelta::hours(dice.range(0, 40)));
        (absent.asset, absent.copy) = (Some(asset.clone()), Some(copy.clone()));
        case.observations.push(absent);
        let now = verdicts(&judged(&case));
        for (id, verdict) in verdicts(&before) {
            // The audit has seen more, which is all that is better.
            let asked = !id.starts_with("audit-complete");
            let became = verdict != Verdict::Met && now.get(&id) == Some(&Verdict::Met);
            prop_assert!(!(asked && became), "{id}: {verdict} → met, for `{copy}` of {asset} is absent\n{}", case.policy);
        }
    }

    #[test]
    fn a_later_look_that_failed_never_turns_a_finding_into_met(seed: u64) {
        let mut case = Case::new(seed);
        let dice = &mut Dice::new(seed ^ 0x7272);
        let before = judged(&case);
        let looked: Vec<Observation> = case.observations.iter().filter(|observation| observation.copy.is_some()).cloned().collect();
        if looked.is_empty() {
            return Ok(());
        }
        let of_it = dice.pick(&looked).clone();
        let reason = *dice.pick(UnseenReason::ALL);
        let fact = if dice.chance(50) { None } else { of_it.fact.answers() };
        let mut failed = Observation::new(Fact::Unseen(Unseen { fact, reason, what: "it".into() }), as_of());
        (failed.asset, failed.copy) = (of_it.asset, of_it.copy);
        case.observations.push(failed);
        let now = verdicts(&judged(&case));
        for (id, verdict) in verdicts(&before) {
            let became = verdict != Verdict::Met && now.get(&id) == Some(&Verdict::Met);
            prop_assert!(!became, "{id}: {verdict} → met, for a look failed: {reason}\n{}", case.policy);
        }
    }

    #[test]
    fn a_waiver_changes_only_findings_of_its_own_control_and_asset(seed: u64) {
        let case = Case::new(seed);
        let dice = &mut Dice::new(seed ^ 0x1234);
        let before = judged(&case);
        let Some(chosen) = before.findings.iter().filter(|finding| finding.asset().is_some()).nth(usize::try_from(dice.below(30)).unwrap_or(0)) else { return Ok(()) };
        if chosen.control == lastgood::model::ControlId::WaiversSound {
            return Ok(());
        }
        let asset = chosen.asset().unwrap_or_default();
        let waiver = format!(
            "waivers:\n  - {{ control: {}, assets: ['{asset}'], reason: r, approved_by: Jo, approved_on: 2026-02-01, expires: 2026-04-01 }}\n",
            chosen.control
        );
        let waived = judged(&Case { policy: case.policy.clone() + &waiver, ..case });
        for (old, new) in before.findings.iter().zip(waived.findings.iter().filter(|finding| finding.control.word() != "waivers-sound")) {
            prop_assert_eq!(old.id(), new.id());
            // A waiver of an entry covers what it expands to.
            let named = |id: &str| id == asset || id.strip_prefix(asset).is_some_and(|rest| rest.starts_with('/'));
            let own = old.control == chosen.control && old.asset().is_some_and(named);
            let open = matches!(old.verdict, Verdict::Gap | Verdict::Unknown | Verdict::New);
            let expected = if own && open { Verdict::Accepted } else { old.verdict };
            prop_assert_eq!(new.verdict, expected, "{}", old.id());
        }
    }

    #[test]
    fn a_time_in_the_future_is_never_fresh(seed: u64) {
        let mut case = Case::new(seed);
        let before = verdicts(&judged(&case));
        let future = as_of() + TimeDelta::minutes(5) + TimeDelta::seconds(1 + i64::try_from(seed % 90_000).unwrap_or(0));
        for observation in &mut case.observations {
            if let Fact::RecoveryPoints(listing) = &mut observation.fact {
                listing.points.push(Point { available_at: None, bytes: None, captured_at: future, digest: None, items: None, location: None });
            }
        }
        for (id, verdict) in verdicts(&judged(&case)) {
            if verdict == Verdict::Met && !id.starts_with("size-plausible") {
                prop_assert_eq!(before.get(&id), Some(&Verdict::Met), "{} became met", id);
            }
        }
    }

    #[test]
    fn what_is_observed_after_the_audit_changes_nothing(seed: u64) {
        let case = Case::new(seed);
        let mut later: Vec<Observation> = case.observations.clone();
        for mut observation in Case::new(seed ^ 0xFFFF).observations {
            observation.observed_at = as_of() + TimeDelta::seconds(1);
            later.push(observation);
        }
        let before = verdicts(&judged(&case));
        prop_assert_eq!(verdicts(&judged(&Case { observations: later, ..case })), before);
    }
}
