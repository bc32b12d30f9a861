//! What comparisons with the primary say of a copy: what it lacks, and which state it holds.
//!
//! Listings of recovery points are left to `listed`, the copy as a whole to `copy_state`.

use std::cmp::Reverse;

use super::copy_state::{CopyState, Standing, point};
use super::exposure::{Held, just_before};
use super::points::{Known, Points};
use super::seen::Noted;
use crate::evidence::{Basis, Comparison};
use crate::model::Grade;
use crate::model::time::{Instant, human};

/// Returns the comparison that counts: the newest whole one, unless a later one that is not whole
/// found something lacking. Of two at one time the worse counts.
pub(super) fn governing<'a>(comparisons: &[Noted<'a, Comparison>]) -> Option<Noted<'a, Comparison>> {
    let worse = |noted: &&Noted<'a, Comparison>| {
        let fact = noted.fact;
        let lacks = (fact.present() == 0, fact.lacking(), fact.behind, Reverse(fact.equal));
        // What is not dated holds no state; an older change leaves an older one.
        let holds = (fact.oldest_unprotected.is_none(), Reverse(fact.oldest_unprotected));
        (noted.at(), lacks, Reverse(grade_of(fact)), holds, noted.digest())
    };
    let full = comparisons.iter().filter(|noted| noted.fact.is_full()).max_by_key(worse);
    let later = |noted: &&Noted<'a, Comparison>| full.is_none_or(|full| noted.at() >= full.at());
    let partial = || comparisons.iter().filter(|noted| !noted.fact.is_full()).filter(later);
    let lacking = partial().filter(|noted| is_lacking(noted.fact)).max_by_key(worse);
    lacking.or(full).or_else(|| partial().max_by_key(worse)).copied()
}

/// Returns how strong the evidence is.
const fn grade_of(comparison: &Comparison) -> Grade {
    match comparison.basis {
        Basis::Size => Grade::Observed,
        // What is equal in size alone may hold anything.
        Basis::Refs | Basis::Sha256 | Basis::Sha1 | Basis::Md5 if comparison.by_size > 0 => Grade::Observed,
        // What a sample leaves out was seen by nobody.
        Basis::Refs | Basis::Sha256 | Basis::Sha1 | Basis::Md5 if comparison.sampled_ppm.is_some() => Grade::Observed,
        Basis::Refs | Basis::Sha256 | Basis::Sha1 | Basis::Md5 => Grade::Verified,
    }
}

/// Returns whether the comparison shows for certain that something is not there as it should be. What
/// is missing from a list that was cut short may just not have been listed.
pub fn is_lacking(comparison: &Comparison) -> bool {
    comparison.different > 0 || comparison.behind > 0 || comparison.missing > 0 && comparison.complete
}

/// Returns the state of the source that the comparison shows the copy to hold; `None` where it shows
/// none.
fn held_state(noted: &Noted<'_, Comparison>) -> Option<Instant> {
    let comparison = noted.fact;
    let has_all = comparison.lacking() == 0 && comparison.behind == 0 && comparison.is_full();
    match comparison.oldest_unprotected.filter(|oldest| *oldest <= noted.at()) {
        _ if comparison.present() == 0 => None,
        _ if has_all => Some(noted.at()),
        // Everything before the oldest unprotected change is held.
        oldest => oldest.map(just_before),
    }
}

/// A comparison: what it proves and which state of the source it shows the copy to hold.
pub(super) fn by_comparison<'a>(
    state: &mut CopyState<'a>,
    noted: Noted<'a, Comparison>,
    all: &[Noted<'a, Comparison>],
    listed: bool,
) {
    let comparison = noted.fact;
    let on = human(noted.at());
    let grade = grade_of(comparison).min(state.method().best_grade());
    past_comparisons(state, noted, all);
    if comparison.present() == 0 && comparison.missing > 0 && comparison.complete {
        state.grade = Grade::None;
        state.points = Points::none();
        state.set(Standing::Absent, format!("compared on {on}: none of {} items is there", comparison.missing));
        return;
    }
    let counts = describe(comparison);
    if comparison.present() == 0 {
        state.grade = Grade::None;
        state.set(Standing::Doubtful, format!("compared on {on}, but found nothing that is on both sides: {counts}"));
        return;
    }
    if let Some(captured) = held_state(&noted) {
        // It proves this one state, not those that were only listed.
        let points = std::mem::replace(&mut state.points, Points::none());
        state.points = points.with([(point(captured), Known { grade, seen_until: None })]);
    }
    state.grade = if listed { state.grade.max(grade) } else { grade };
    let standing = if comparison.lacking() > 0 || !comparison.complete { Standing::Doubtful } else { Standing::Usable };
    let because = format!("compared on {on}: {counts}");
    if listed && state.standing < standing {
        state.because.push_str("; ");
        state.because.push_str(&because);
    } else {
        state.set(standing, because);
    }
}

/// Notes what earlier comparisons showed the copy to hold, each until the next one.
fn past_comparisons<'a>(state: &mut CopyState<'a>, counts: Noted<'a, Comparison>, all: &[Noted<'a, Comparison>]) {
    let best_grade = state.method().best_grade();
    // Of several of one time, one counts.
    let each: Vec<Noted<'a, Comparison>> = all.chunk_by(|a, b| a.at() == b.at()).filter_map(governing).collect();
    for (index, earlier) in each.iter().enumerate().filter(|(_, earlier)| earlier.at() < counts.at()) {
        let Some(captured) = held_state(earlier) else { continue };
        let next = each.get(index + 1).filter(|next| held_state(next).is_some_and(|held| held >= captured));
        let until = next.map_or(earlier.at(), Noted::at);
        let held = Held { captured, available: earlier.at(), until };
        state.past.push((held, grade_of(earlier.fact).min(best_grade)));
    }
    state.past.sort_unstable();
}

/// Returns a comparison's counts in words, those that are not zero.
pub fn describe(comparison: &Comparison) -> String {
    let noun = match comparison.basis {
        Basis::Refs => "refs",
        Basis::Sha256 | Basis::Sha1 | Basis::Md5 | Basis::Size => "items",
    };
    let total = comparison.total();
    // Where nothing was equal, nothing was it by.
    let by = if comparison.equal == 0 { String::new() } else { format!(" by {}", comparison.basis) };
    let mut parts = vec![format!("{} of {total} {noun} equal{by}", comparison.equal)];
    if comparison.by_size > 0 && comparison.basis != Basis::Size {
        parts.push(format!("{} of them by size alone", comparison.by_size));
    }
    let counts = [
        (comparison.missing, "missing"),
        (comparison.different, "different"),
        (comparison.behind, "behind"),
        (comparison.extra, "only in the copy"),
    ];
    parts.extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    if let Some(ppm) = comparison.sampled_ppm {
        parts.push(format!("a sample of {} % only", f64::from(ppm) / 10_000.0));
    }
    if !comparison.complete {
        parts.push("the listing was cut short".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(json: &str) -> String {
        describe(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn counts_are_told_where_there_are_any() {
        assert_eq!(described(r#"{"basis":"refs","complete":true,"equal":5}"#), "5 of 5 refs equal by refs");
        assert_eq!(
            described(r#"{"basis":"sha256","behind":1,"complete":true,"different":2,"equal":5,"extra":4,"missing":3}"#),
            "5 of 11 items equal by sha256, 3 missing, 2 different, 1 behind, 4 only in the copy"
        );
        assert_eq!(
            described(r#"{"basis":"size","complete":false,"equal":5,"sampled_ppm":50000}"#),
            "5 of 5 items equal by size, a sample of 5 % only, the listing was cut short"
        );
        assert_eq!(
            described(r#"{"basis":"md5","by_size":2,"complete":true,"equal":5}"#),
            "5 of 5 items equal by md5, 2 of them by size alone"
        );
    }
}
