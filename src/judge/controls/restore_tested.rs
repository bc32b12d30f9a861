//! `restore-tested`: a restore was tested recently enough, by somebody, and fast enough.
//!
//! Judges the record of tests; a rebuild's own record is `rebuildable`'s question.

use super::{About, AssetContext, Control, Drafts};
use crate::judge::copy_state::newest_test;
use crate::model::{ControlId, Method, Timespan, Verdict};
use crate::policy::values::Outcome;

/// The control.
pub(super) struct RestoreTested;

static ABOUT: About = About {
    id: ControlId::RestoreTested,
    asks: "The newest restore test passed, is recent enough, names its tester and its record, and took no longer than the RTO.",
    why: "A backup that was never restored is a hope. The test is also the only honest measure of how long a restore takes.",
    remedy: "Restore from the real copy, write down who did it, how long it took and where the record is, and add it to `restore_tests`.",
    asked: "Of assets whose objective has `restore_test_every`; and of those with an `rto` whose copies all lie in an archive class that takes longer to read.",
    standards: &[
        "NIST SP 800-53 CP-9(1)",
        "NIST SP 800-53 CP-10",
        "CIS v8 11.5",
        "ISO/IEC 27001:2022 A.8.13",
        "SOC 2 A1.3",
    ],
};

impl Control for RestoreTested {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let as_of = asset.as_of();
        let too_slow = asset.objective.rto.as_ref().and_then(|rto| thaws_longer(asset, rto.value).zip(Some(rto)));
        let Some(every) = &asset.objective.restore_test_every else {
            if let Some(((verdict, why), rto)) = too_slow {
                out.asset(verdict, why, rto.span.clone()).evidence = asset.copy_evidence();
            }
            return;
        };
        let Some(test) = newest_test(asset.audit.policy, asset.subject, asset.audit.seen) else {
            out.asset(Verdict::Gap, "never: no restore test is recorded", every.span.clone());
            return;
        };
        let at = test.asset.span.clone();
        let on = test.on.value;
        let mut lacking: Vec<String> = Vec::new();
        let mut unknown: Option<String> = None;
        match too_slow {
            Some(((Verdict::Gap, why), _)) => lacking.push(why),
            Some(((_, why), _)) => unknown = Some(why),
            None => {}
        }
        if test.result.value == Outcome::Failed {
            lacking.push("it failed".to_owned());
        }
        if every.after(on.start()) < as_of {
            lacking.push(format!("it is older than {}", every.value));
        }
        if test.tested_by.is_none() {
            lacking.push("it names no tester".to_owned());
        }
        if test.reference.is_none() {
            lacking.push("it names no record".to_owned());
        }
        if let Some(rto) = &asset.objective.rto {
            match &test.took {
                Some(took) if took.seconds_before(as_of) > rto.seconds_before(as_of) => {
                    lacking.push(format!("it took {}, longer than the RTO of {}", took.value, rto.value));
                }
                Some(_) => {}
                None => unknown = Some("how long it took is not recorded".to_owned()),
            }
        }
        let (verdict, because) = match (lacking.is_empty(), unknown) {
            (false, _) => (Verdict::Gap, format!("newest restore test of {on}: {}", lacking.join(", "))),
            (true, Some(why)) => (Verdict::Unknown, format!("restore test of {on} passed, but {why}")),
            (true, None) => (Verdict::Met, format!("restore test of {on} passed")),
        };
        let draft = out.asset(verdict, because, at);
        if verdict == Verdict::Gap && lacking.len() == 1 && every.after(on.start()) < as_of {
            draft.since = Some(every.after(on.start()));
        }
    }
}

/// Returns whether and why no copy could be read within the RTO, because what is there has to be thawed for
/// longer first: a gap where that is seen of each that may count, unknown where it is not seen of one. `None`
/// where one can be read at once, or nobody saw one that cannot.
fn thaws_longer(asset: &AssetContext<'_, '_>, rto: Timespan) -> Option<(Verdict, String)> {
    let limit = rto.seconds_before(asset.as_of());
    // In seconds, as the RTO is: a clock that is put forward in between changes neither.
    let is_slow = |hours: u64| i64::try_from(hours.saturating_mul(3_600)).unwrap_or(i64::MAX) > limit;
    let (mut slow, mut unseen) = (Vec::new(), false);
    for state in asset.states.iter().filter(|state| state.may_count()) {
        let known = match state.method() {
            // These have no archive classes.
            Method::GitMirror | Method::Commits | Method::Releases | Method::Artifacts | Method::ArtifactMirror => {
                Some(0)
            }
            _ => state.settings.as_deref().and_then(|settings| settings.thaw_hours),
        };
        match known {
            Some(hours) if is_slow(hours) => slow.push(hours),
            Some(_) if state.is_sure(asset.floor()) => return None,
            Some(_) | None => unseen = true,
        }
    }
    let fastest = slow.into_iter().min()?;
    let why =
        format!("its content lies in an archive class: {fastest} h until it can be read, longer than the RTO of {rto}");
    Some(if unseen {
        (Verdict::Unknown, format!("{why}; whether another copy can be read sooner was not seen"))
    } else {
        (Verdict::Gap, why)
    })
}
