//! From an audit to its frozen view.
//!
//! Names and orders what was found; nothing is judged here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::courses::courses;
use super::{
    About, Asset, AssetCounts, Claim, Control, Copy, Exclusion, Finding, Loss, Manifest, ManifestItem, NewestTest,
    Only, Period, Place, PolicyView, Report, Restore, RestoreTest, Rpo, SCHEMA, Summary, Survivor, System, Tool,
    Unseen, Waiver,
};
use crate::evidence::{Digest, Evidence, Fact, Observation};
use crate::judge::context::{About as Judged, feed_of, floor_of};
use crate::judge::copy_state::{CopyState, Place as CopyPlace, Standing, newest_test};
use crate::judge::estate::{Membership, Subject};
use crate::judge::exposure::{Held, exposure};
use crate::judge::loss::Survival;
use crate::judge::seen::Seen;
use crate::judge::{self, Audit, Measure, controls};
use crate::model::time::Instant;
use crate::model::{Grade, Pieces, Severity, Timespan, Verdict};
use crate::policy::values::{NamePattern, OrUnknown, Owner};
use crate::policy::{At, Copy as DeclaredCopy, Policy};

/// How many observations the manifest lists one by one.
const MANIFEST_ITEMS: usize = 500;

/// Strings that many assets share, so that each is held once.
struct Shared {
    ids: Vec<Arc<str>>,
    entries: Vec<EntryNames>,
}

struct EntryNames {
    id: Arc<str>,
    section: Option<Arc<str>>,
    system: Arc<str>,
    owner: Option<Arc<str>>,
    copies: Vec<(Arc<str>, Option<Arc<str>>)>,
}

/// Returns the report of `audit`, of the assets whose ids match `only` where that is not empty.
pub fn build(audit: Audit<'_>, evidence: &Evidence, only: &[NamePattern]) -> Report {
    let policy = audit.policy;
    let seen = Seen::new(evidence, audit.when.as_of, policy.review_every());
    let kept: Vec<bool> = audit.estate.subjects.iter().map(|subject| NamePattern::select(only, &subject.id)).collect();
    let systems_kept = (!only.is_empty()).then(|| systems_of(&audit, &kept));
    let shared = share(policy, &audit.estate.subjects);

    let is_kept = |finding: &judge::Finding| match (&finding.subject, &finding.about, &systems_kept) {
        (Some(subject), ..) => kept[*subject],
        (None, _, None) => true,
        (None, Judged::System(system), Some(systems)) => systems.contains(&**system),
        (None, ..) => false,
    };
    let indices: Vec<usize> = (0..kept.len()).filter(|index| kept[*index]).collect();
    let assets: Vec<Asset> = indices
        .par_iter()
        .map(|index| {
            asset(
                policy,
                seen,
                &shared,
                *index,
                &audit.estate.subjects[*index],
                &audit.states[*index],
                &audit.measures[*index],
            )
        })
        .collect();
    let (losses, manifest) = rayon::join(
        || losses(&audit, seen, &shared, &kept),
        || manifest(evidence, audit.when.as_of, &audit.estate.subjects),
    );
    let claims = audit
        .claims
        .iter()
        .filter(|claim| kept[claim.subject])
        .map(|claim| claim_view(&shared, &audit.states[claim.subject], claim))
        .collect();
    let unseen = audit
        .unseen
        .iter()
        .filter(|entry| systems_kept.as_ref().is_none_or(|systems| systems.contains(entry.system.as_str())))
        .map(|entry| Unseen {
            system: entry.system.clone(),
            reason: entry.reason,
            what: entry.what.clone(),
            identity: entry.identity.clone(),
        })
        .collect();
    let mut accepted = vec![0_u64; policy.document().waivers.len()];
    let courses = courses(&audit, seen, &indices, &assets);
    let excluded = audit.estate.excluded.clone();
    // Findings are the bulk of a report; what they were found from is no longer needed.
    drop((audit.states, audit.losses, audit.measures));
    let subjects = &audit.estate.subjects;
    let view = |piece: Vec<judge::Finding>| -> Vec<Finding> {
        piece.into_iter().filter(&is_kept).map(|finding| finding_view(&shared, subjects, finding)).collect()
    };
    let findings = Pieces::new(audit.findings.into_pieces().into_par_iter().map(view).collect());
    for waiver in findings.iter().filter_map(|finding| finding.waiver) {
        accepted[waiver as usize] += 1;
    }
    Report {
        schema: SCHEMA,
        as_of: audit.when.as_of,
        period: Period { from: audit.when.period.from, to: audit.when.period.to },
        verdict: Verdict::worst(findings.iter().map(|finding| finding.verdict)),
        policy: PolicyView {
            title: policy.document().title.value.clone(),
            file: policy.name().to_owned(),
            sha256: policy.sha256().to_owned(),
            owner: policy.document().owner.as_ref().and_then(|owner| owner.value.known()).map(Owner::to_string),
        },
        only: (!only.is_empty()).then(|| Only {
            ids: only.iter().map(|pattern| pattern.text.clone()).collect(),
            left_out: (kept.len() - indices.len()) as u64,
        }),
        summary: summary(&assets, &findings),
        assets,
        findings,
        courses,
        losses,
        claims,
        unseen,
        systems: systems(policy, seen),
        waivers: waivers(policy, audit.when.as_of, &accepted),
        exclusions: exclusions(policy, &excluded),
        restore_tests: restore_tests(policy, audit.when.as_of),
        controls: controls::CONTROLS
            .iter()
            .map(|control| control.about())
            .map(|about| Control {
                id: about.id,
                asks: about.asks,
                why: about.why,
                remedy: about.remedy,
                standards: about.standards,
            })
            .collect(),
        evidence: manifest,
        tool: Tool { name: "lastgood", version: env!("CARGO_PKG_VERSION") },
        baseline: None,
    }
}

fn share(policy: &Policy, subjects: &[Subject<'_>]) -> Shared {
    let entries = policy.document().assets.iter().map(|asset| EntryNames {
        id: asset.id.0.as_str().into(),
        section: asset.section.as_ref().map(|section| section.value.as_str().into()),
        system: asset.lives_in.value.as_str().into(),
        owner: asset.owner.as_ref().and_then(|owner| owner.value.known()).map(|owner| owner.to_string().into()),
        copies: asset
            .copies
            .known()
            .into_iter()
            .flatten()
            .map(|copy| {
                let system = copy.system().and_then(|system| system.known()).map(|system| system.as_str().into());
                (copy.id().into(), system)
            })
            .collect(),
    });
    Shared { entries: entries.collect(), ids: subjects.iter().map(|subject| (&*subject.id).into()).collect() }
}

/// Returns the systems in which the kept assets and their copies lie.
fn systems_of<'a>(audit: &Audit<'a>, kept: &[bool]) -> BTreeSet<&'a str> {
    let mut systems = BTreeSet::new();
    for (index, subject) in audit.estate.subjects.iter().enumerate().filter(|(index, _)| kept[*index]) {
        systems.insert(subject.asset.lives_in.value.as_str());
        for state in &audit.states[index] {
            if let CopyPlace::System(system) = state.place {
                systems.insert(system);
            }
        }
    }
    systems
}

fn asset(
    policy: &Policy,
    seen: Seen<'_>,
    shared: &Shared,
    index: usize,
    subject: &Subject<'_>,
    states: &[CopyState<'_>],
    measure: &Measure,
) -> Asset {
    let names = &shared.entries[subject.entry];
    let copies = states.iter().zip(&names.copies).map(|(state, (id, system))| Copy {
        id: Arc::clone(id),
        system: system.clone(),
        by: state.method(),
        grade: state.grade,
        usable: state.standing == Standing::Usable,
        standing: match state.standing {
            Standing::Usable => "usable",
            Standing::Doubtful => "doubtful",
            Standing::Lapsed => "lapsed",
            Standing::Absent => "absent",
        },
        captured_at: state.captured_at(),
        rests_on: match state.copy {
            DeclaredCopy::Included(included) => vec![included.of.value.clone()],
            DeclaredCopy::Rebuild(rebuild) => rebuild.from.0.iter().map(|from| from.value.clone()).collect(),
            _ => Vec::new(),
        },
        because: state.because.clone(),
    });
    let attainment = measure.attainment.as_ref();
    let objective = policy.objective(subject.asset);
    let seconds = |length: Option<&At<Timespan>>| length.map(|length| length.seconds_before(seen.as_of));
    let newest_test = newest_test(policy, subject, seen).map(|test| NewestTest {
        on: test.on.value.to_string(),
        result: test.result.word(),
        took_seconds: seconds(test.took.as_ref()),
    });
    Asset {
        id: Arc::clone(&shared.ids[index]),
        declared_as: Arc::clone(&names.id),
        title: subject
            .asset
            .title
            .as_ref()
            .filter(|_| subject.membership != Membership::Member)
            .map(|title| title.value.clone()),
        section: names.section.clone(),
        system: Arc::clone(&names.system),
        owner: names.owner.clone(),
        verdict: measure.verdict,
        unexpanded: matches!(subject.membership, Membership::Unexpanded(_)),
        severity: objective
            .and_then(|objective| objective.severity.as_ref())
            .map_or(Severity::Medium, |severity| severity.value),
        rpo: Rpo {
            target_seconds: measure.rpo_seconds,
            age_seconds: measure.exposure.age.map(|age| age.num_seconds()),
            exposure_seconds: measure.exposure.exposure.map(|exposure| exposure.num_seconds()),
            basis: measure.exposure.basis.word(),
            attainment: attainment.and_then(judge::attainment::Attainment::share),
            covered: attainment.and_then(judge::attainment::Attainment::covered),
            worst_seconds: attainment.and_then(|result| result.worst).map(|worst| worst.num_seconds()),
        },
        retention_seconds: seconds(objective.and_then(|objective| objective.retention.as_ref())),
        restore: Restore { rto_seconds: seconds(objective.and_then(|objective| objective.rto.as_ref())), newest_test },
        copies: matches!(subject.asset.copies.value, OrUnknown::Known(_)).then(|| copies.collect()),
        facets: subject.asset.facets.iter().map(|facet| facet.value).collect(),
        notes: subject
            .asset
            .notes
            .as_ref()
            .filter(|_| subject.membership != Membership::Member)
            .map(|notes| notes.value.clone()),
    }
}

fn finding_view(shared: &Shared, subjects: &[Subject<'_>], finding: judge::Finding) -> Finding {
    let asset = || finding.subject.map_or_else(|| "".into(), |subject| Arc::clone(&shared.ids[subject]));
    let about = match &finding.about {
        Judged::Asset => About::Asset(asset()),
        Judged::Copy(name) => {
            let entry = finding.subject.map(|subject| &shared.entries[subjects[subject].entry]);
            let known = entry.and_then(|entry| entry.copies.iter().find(|(id, _)| **id == **name));
            About::Copy(asset(), known.map_or_else(|| name.as_ref().into(), |(id, _)| Arc::clone(id)))
        }
        Judged::System(name) => About::System(name.clone()),
        Judged::Pattern(name) => About::Pattern(name.clone()),
    };
    Finding {
        control: finding.control,
        about,
        verdict: finding.verdict,
        severity: finding.severity,
        because: finding.because,
        evidence: finding.evidence,
        policy: Place { line: finding.place.line, column: finding.place.column },
        waiver: finding.waiver,
        since: finding.since,
        change: None,
    }
}

fn summary(assets: &[Asset], findings: &Pieces<Finding>) -> Summary {
    let mut by_verdict: BTreeMap<&'static str, u64> = Verdict::ALL.iter().map(|verdict| (verdict.word(), 0)).collect();
    for finding in findings {
        *by_verdict.entry(finding.verdict.word()).or_default() += 1;
    }
    Summary { assets: AssetCounts::of(assets.iter().map(|asset| asset.verdict)), findings: by_verdict }
}

fn losses(audit: &Audit<'_>, seen: Seen<'_>, shared: &Shared, kept: &[bool]) -> Vec<Loss> {
    let as_of = audit.when.as_of;
    let view = |loss: &judge::loss::Loss| {
        let mut view =
            Loss { domain: loss.domain.to_string(), lost: Vec::new(), unknown: Vec::new(), survive: Vec::new() };
        for (index, outcome) in loss.outcomes.iter().enumerate().filter(|(index, _)| kept[*index]) {
            let asset = Arc::clone(&shared.ids[index]);
            match outcome.survival {
                Survival::Lost => view.lost.push(asset),
                Survival::Unknown => view.unknown.push(asset),
                Survival::Survives => {
                    let exposure_seconds = match outcome.copy {
                        None => Some(0),
                        Some(copy) => {
                            let objective = audit.policy.objective(audit.estate.subjects[index].asset);
                            let floor = objective.map_or(Grade::None, floor_of);
                            let points: Vec<Held> = audit.states[index][copy].points.held(as_of, floor).collect();
                            let feed = feed_of(seen, &audit.estate.subjects[index].id, &audit.states[index]);
                            exposure(&points, feed.as_ref(), as_of).exposure.map(|length| length.num_seconds())
                        }
                    };
                    let copies = &shared.entries[audit.estate.subjects[index].entry].copies;
                    let copy = outcome.copy.and_then(|copy| copies.get(copy)).map(|(id, _)| Arc::clone(id));
                    view.survive.push(Survivor { asset, copy, exposure_seconds });
                }
            }
        }
        view
    };
    audit.losses.par_iter().map(view).collect()
}

fn claim_view(shared: &Shared, states: &[CopyState<'_>], claim: &judge::Claim) -> Claim {
    let state = &states[claim.copy];
    Claim {
        asset: Arc::clone(&shared.ids[claim.subject]),
        copy: state.copy.id().into(),
        claim: state.copy.claim().map(|claim| claim.value.clone()).unwrap_or_default(),
        status: claim.status.word(),
        grade: state.grade,
        because: state.because.clone(),
        said_in: state.copy.said_in().map(str::to_owned),
        said_on: state.copy.said_on().map(|day| day.to_string()),
    }
}

fn systems(policy: &Policy, seen: Seen<'_>) -> Vec<System> {
    let clock = |id: &str| {
        let told = seen.of_system(id).filter_map(|observation| match observation.fact {
            Fact::Clock(offset) => Some((observation.observed_at, offset.ahead_seconds)),
            _ => None,
        });
        told.max().map(|(_, ahead)| ahead)
    };
    let view = |(id, system): &(At<String>, crate::policy::System)| System {
        id: id.value.clone(),
        kind: system.kind(),
        domains: system
            .domains()
            .map(|domains| domains.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect()),
        clock_ahead_seconds: clock(&id.value),
    };
    policy.document().systems.0.iter().map(view).collect()
}

fn waivers(policy: &Policy, as_of: Instant, accepted: &[u64]) -> Vec<Waiver> {
    let waivers = policy.document().waivers.iter().zip(accepted);
    waivers
        .map(|(waiver, accepts)| Waiver {
            controls: waiver.control.0.iter().map(|control| control.value).collect(),
            assets: waiver.assets.0.iter().map(|pattern| pattern.text.clone()).collect(),
            reason: waiver.reason.value.clone(),
            approved_by: waiver.approved_by.value.clone(),
            approved_on: waiver.approved_on.value.to_string(),
            expires: waiver.expires.value.to_string(),
            status: if waiver.expires.is_over_at(as_of) {
                "expired"
            } else if waiver.approved_on.start() > as_of {
                "not-yet"
            } else {
                "valid"
            },
            accepts: *accepts,
        })
        .collect()
}

fn exclusions(policy: &Policy, excluded: &[u64]) -> Vec<Exclusion> {
    let exclusions = policy.document().exclude.iter().zip(excluded);
    exclusions
        .map(|(exclude, items)| Exclusion {
            system: exclude.r#in.value.clone(),
            name: exclude.name.text.clone(),
            reason: exclude.reason.value.clone(),
            owner: exclude.owner.value.clone(),
            review_by: exclude.review_by.value.to_string(),
            items: *items,
        })
        .collect()
}

fn restore_tests(policy: &Policy, as_of: Instant) -> Vec<RestoreTest> {
    let text = |value: &Option<At<String>>| value.as_ref().map(|text| text.value.clone());
    let tests = policy.document().restore_tests.iter().filter(|test| test.on.start() <= as_of);
    tests
        .map(|test| RestoreTest {
            asset: test.asset.value.clone(),
            copy: text(&test.copy),
            on: test.on.value.to_string(),
            result: test.result.word(),
            took: test.took.as_ref().map(|took| took.to_string()),
            tested_by: text(&test.tested_by),
            reviewed_by: text(&test.reviewed_by),
            reference: text(&test.reference),
        })
        .collect()
}

fn manifest(evidence: &Evidence, as_of: Instant, subjects: &[Subject<'_>]) -> Manifest {
    let known: HashSet<&str> = subjects.iter().map(|subject| &*subject.id).collect();
    let entries: HashSet<&str> = subjects.iter().map(|subject| subject.asset.id.0.as_str()).collect();
    let is_matched = |observation: &Observation| match (observation.asset.as_deref(), &observation.fact) {
        (None, _) => true,
        // Of an entry that stands for many, only these speak of each of them.
        (Some(asset), Fact::Statement(_) | Fact::Unseen(_)) => known.contains(asset) || entries.contains(asset),
        (Some(asset), _) => known.contains(asset),
    };
    let judged = || evidence.observations().iter().filter(|observation| observation.observed_at <= as_of);
    let observations = judged().count();
    Manifest {
        observations: observations as u64,
        ignored: (evidence.observations().len() - observations) as u64,
        unmatched: judged().filter(|observation| !is_matched(observation)).count() as u64,
        oldest: judged().map(|observation| observation.observed_at).min(),
        newest: judged().map(|observation| observation.observed_at).max(),
        digest: Digest::of_lines(judged().filter_map(|observation| observation.digest)),
        items: judged().take(MANIFEST_ITEMS).filter_map(manifest_item).collect(),
    }
}

fn manifest_item(observation: &Observation) -> Option<ManifestItem> {
    let subject = match (&observation.asset, &observation.copy, &observation.system) {
        (Some(asset), Some(copy), _) => format!("{asset}:{copy}"),
        (Some(asset), None, _) => asset.to_string(),
        (None, _, Some(system)) => format!("@{system}"),
        (None, _, None) => String::new(),
    };
    let source = observation.source().request.as_deref().or(observation.source().tool.as_deref());
    Some(ManifestItem {
        digest: observation.digest?,
        observed_at: observation.observed_at,
        subject,
        source: source.map(str::to_owned),
    })
}
