//! Which findings come first: by what would be lost, not by the number of the rule.
//!
//! Orders and groups; how the order looks is left to the renderers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Finding, Report};
use crate::model::{ControlId, Verdict};

/// Returns the open findings, those with the heaviest consequence first: gaps before unknowns, then
/// by severity, then those whose asset some loss would take. Of each asset the nearest to a loss
/// comes first, and its others follow those of the other assets.
pub fn by_consequence(report: &Report) -> Vec<&Finding> {
    let lost: HashSet<&str> = report.losses.iter().flat_map(|loss| loss.lost.iter().map(AsRef::as_ref)).collect();
    let key = |finding: &Finding| {
        let takes = finding.asset().is_some_and(|asset| lost.contains(asset));
        (Reverse(finding.verdict), Reverse(finding.severity), !takes)
    };
    let mut open: Vec<&Finding> = report.findings.iter().filter(|finding| finding.verdict.is_open()).collect();
    open.sort_by_key(|finding| (key(finding), weight(finding.control)));
    let mut told: HashMap<&str, usize> = HashMap::new();
    let mut turns: Vec<(usize, &Finding)> = open
        .into_iter()
        .map(|finding| {
            let turn = told.entry(finding.asset().unwrap_or_default()).or_default();
            *turn += 1;
            (*turn, finding)
        })
        .collect();
    turns.sort_by_key(|(turn, finding)| (key(finding), *turn));
    turns.into_iter().map(|(_, finding)| finding).collect()
}

/// How near a control is to an actual loss; smaller is nearer.
const fn weight(control: ControlId) -> u8 {
    match control {
        ControlId::SurvivesLoss | ControlId::Copies => 0,
        ControlId::CopyComplete | ControlId::SizePlausible | ControlId::RecoveryPointAge => 1,
        ControlId::IndependentCopy | ControlId::Rebuildable | ControlId::CoverageAcyclic => 2,
        ControlId::ClaimSupported | ControlId::EvidenceGrade | ControlId::RestoreTested => 3,
        ControlId::RunsOnSchedule | ControlId::RpoAttainment | ControlId::FacetsCovered => 4,
        ControlId::Retention | ControlId::Immutable | ControlId::AttestationCurrent => 5,
        ControlId::Declared | ControlId::WaiversSound | ControlId::AuditComplete | ControlId::Owned => 6,
    }
}

/// One thing to decide: a control with the assets that it finds wanting.
#[derive(Debug)]
pub struct Decision<'r> {
    /// The first of the findings, which stands for all.
    pub finding: &'r Finding,
    /// How many findings there are.
    pub count: usize,
    /// The assets, or systems, each once; the heaviest first.
    pub assets: Vec<&'r str>,
}

/// Returns at most `most` decisions: the gaps by control, the heaviest first.
pub fn decisions(report: &Report, most: usize) -> Vec<Decision<'_>> {
    let mut by_control: BTreeMap<ControlId, usize> = BTreeMap::new();
    let mut decisions: Vec<Decision<'_>> = Vec::new();
    let mut told: HashSet<(usize, &str)> = HashSet::new();
    for finding in by_consequence(report).into_iter().filter(|finding| finding.verdict == Verdict::Gap) {
        let position = *by_control.entry(finding.control).or_insert_with(|| {
            decisions.push(Decision { finding, count: 0, assets: Vec::new() });
            decisions.len() - 1
        });
        decisions[position].count += 1;
        let named = finding.asset().or(finding.system());
        if let Some(name) = named
            && told.insert((position, name))
        {
            decisions[position].assets.push(name);
        }
    }
    decisions.truncate(most);
    decisions
}
