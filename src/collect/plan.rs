//! The plan: which questions a policy asks of its systems, each once, however many assets need it.
//!
//! Pure: from the policy and what the systems were found to hold. Asking is left to `run`.

use std::collections::BTreeMap;

use super::miss::Miss;
use crate::evidence::selection::{leaves_out, selects};
use crate::evidence::{Item, Question};
use crate::model::time::Instant;
use crate::model::{Facet, Method, SystemKind};
use crate::policy::decode::At;
use crate::policy::document::Objective;
use crate::policy::values::{NamePattern, Pattern};
use crate::policy::{Asset, Copy, Policy, System};

/// What each system holds, by system id and in the order of names.
pub type Holdings = BTreeMap<String, Vec<Item>>;

/// One question about a copy, and who wants to know.
#[derive(Debug, Clone)]
pub struct Job<'p> {
    /// The copy as declared; where several ask the same, the first.
    pub copy: &'p Copy,
    /// The asset that declares it.
    pub asset: &'p Asset,
    /// The name of the asset in the system that it lives in; `None` where the entry has none.
    pub item: Option<String>,
    /// The system that is asked.
    pub system: &'p str,
    /// Since when recovery points matter.
    pub since: Instant,
    /// The assets and copies that the answer speaks of.
    pub wanted_by: Vec<(String, &'p str)>,
}

impl Job<'_> {
    /// Returns the question in words, for progress and messages.
    pub fn name(&self) -> String {
        let (asset, copy) = self.wanted_by.first().map_or(("", ""), |(asset, copy)| (asset, copy));
        format!("{asset}: {copy}")
    }
}

/// Returns what kind of fact proof by `method` asks for.
pub const fn asks_for(method: Method) -> Question {
    match method {
        Method::GitMirror | Method::ObjectMirror | Method::ArtifactMirror => Question::Comparison,
        Method::BackupConfig => Question::Schedule,
        Method::Commits
        | Method::Workflow
        | Method::Migrations
        | Method::Releases
        | Method::Objects
        | Method::Artifacts
        | Method::Replication
        | Method::Build
        | Method::Http
        | Method::Import
        | Method::Attestation
        | Method::Included
        | Method::Rebuild => Question::RecoveryPoints,
    }
}

/// Returns whether proof by `method` asks a system over a network.
pub const fn asks(method: Method) -> bool {
    !matches!(method, Method::Attestation | Method::Included | Method::Rebuild | Method::Import)
}

/// Returns whether this version can ask for proof by `method`.
pub const fn can_ask(method: Method) -> bool {
    match method {
        Method::GitMirror
        | Method::Commits
        | Method::Workflow
        | Method::Migrations
        | Method::Releases
        | Method::Objects
        | Method::ObjectMirror
        | Method::Artifacts
        | Method::ArtifactMirror
        | Method::BackupConfig
        | Method::Replication
        | Method::Build
        | Method::Http => true,
        Method::Import | Method::Attestation | Method::Included | Method::Rebuild => false,
    }
}

/// Returns whether this version can ask systems of `kind` what they hold.
pub const fn can_list(kind: SystemKind) -> bool {
    match kind {
        SystemKind::Github | SystemKind::Artifactory | SystemKind::S3 | SystemKind::Jenkins => true,
        SystemKind::Git | SystemKind::External => false,
    }
}

/// Returns whether `only` lets an asset through; an empty list lets all through. Of an entry that
/// expands, patterns may name the items.
pub fn wanted(only: &[NamePattern], id: &str) -> bool {
    NamePattern::select(only, id)
}

/// Returns whether the policy makes the audit ask the system what it holds.
pub fn needs_list(policy: &Policy, id: &str, system: &System, only: &[NamePattern]) -> bool {
    if system.kind().lists().is_none() {
        return false;
    }
    let lives_here = |asset: &&Asset| asset.lives_in.value == id;
    let mut here = policy.document().assets.iter().filter(lives_here);
    if only.is_empty() {
        return system.kind().must_be_declared() || here.any(|asset| asset.each.is_some());
    }
    // With `only`, a part is collected: lists that no wanted asset needs are left to another run.
    here.any(|asset| (asset.each.is_some() || asset.name.is_some()) && may_hold_wanted(only, asset))
}

/// Returns whether it matters to the policy where each job of a system is defined.
pub fn needs_definitions(policy: &Policy, id: &str) -> bool {
    let here = policy.document().assets.iter().filter(|asset| asset.lives_in.value == id);
    here.filter_map(|asset| asset.select.as_ref()).any(|select| select.value.defined_in.is_some())
}

/// Returns whether the entry, or an item that it may expand to, may be wanted.
fn may_hold_wanted(only: &[NamePattern], asset: &Asset) -> bool {
    let id = asset.id.0.as_str();
    // Which items there are is not known yet, so a pattern that begins with the entry's id may match one.
    let may_match_item = |pattern: &NamePattern| {
        let literal: String = pattern.text.chars().take_while(|c| !"*?[{\\".contains(*c)).collect();
        let open = literal.len() < pattern.text.len();
        literal.strip_prefix(id).is_some_and(|rest| rest.starts_with('/')) || open && id.starts_with(&literal)
    };
    wanted(only, id) || asset.each.is_some() && only.iter().filter(|pattern| !pattern.excludes).any(may_match_item)
}

/// Returns the names under which an asset's entry is looked at: each item that it expands to, with its
/// id; or the entry itself.
pub fn members(policy: &Policy, asset: &Asset, holdings: &Holdings, now: Instant) -> Vec<(String, Option<String>)> {
    let id = asset.id.0.as_str();
    let lives_in = asset.lives_in.value.as_str();
    let Some(each) = &asset.each else {
        return vec![(id.to_owned(), asset.name.as_ref().map(|name| present_name(holdings, lives_in, name)))];
    };
    let select = asset.select.as_ref().map(|select| &select.value);
    holdings
        .get(lives_in)
        .into_iter()
        .flatten()
        .filter(|item| item.kind == each.value)
        .filter(|item| select.is_none_or(|select| selects(select, item)))
        .filter(|item| !policy.document().exclude.iter().any(|exclude| leaves_out(exclude, lives_in, item, now)))
        .map(|item| (format!("{id}/{}", item.name), Some(item.name.to_string())))
        .collect()
}

/// Returns the name that an item has today: what the policy calls it may be a former one.
fn present_name(holdings: &Holdings, system: &str, name: &str) -> String {
    let items = holdings.get(system).map_or(&[][..], Vec::as_slice);
    let renamed = items.iter().find(|item| item.former_names.iter().any(|former| **former == *name));
    let is_there = items.iter().any(|item| *item.name == *name);
    renamed.filter(|_| !is_there).map_or_else(|| name.to_owned(), |item| item.name.to_string())
}

/// Returns the questions about copies that this version can ask, each once.
pub fn jobs<'p>(
    policy: &'p Policy,
    holdings: &Holdings,
    only: &[NamePattern],
    from: Option<Instant>,
    now: Instant,
) -> Vec<Job<'p>> {
    let mut jobs: Vec<Job<'p>> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for asset in &policy.document().assets {
        let since = since(policy, policy.objective(asset), from, now);
        let copies: Vec<(&Copy, &str)> = asset
            .copies
            .known()
            .into_iter()
            .flatten()
            .filter(|copy| can_ask(copy.method()))
            .filter_map(|copy| Some((copy, copy.asked()?)))
            .collect();
        if copies.is_empty() {
            continue;
        }
        for (id, item) in members(policy, asset, holdings, now) {
            if !wanted(only, &id) {
                continue;
            }
            for (copy, system) in &copies {
                let key = format!("{since} {system} {}", key(policy, asset, copy, item.as_deref()));
                let wanted_by = (id.clone(), copy.id());
                if let Some(&at) = known.get(&key) {
                    jobs[at].wanted_by.push(wanted_by);
                } else {
                    known.insert(key, jobs.len());
                    let (item, wanted_by) = (item.clone(), vec![wanted_by]);
                    jobs.push(Job { copy, asset, item, system, since, wanted_by });
                }
            }
        }
    }
    jobs
}

/// Returns since when recovery points of an asset matter: as far back as any of its questions reaches.
fn since(policy: &Policy, objective: Option<&Objective>, from: Option<Instant>, now: Instant) -> Instant {
    let rpo = objective.and_then(|objective| objective.rpo.known());
    let retention = objective.and_then(|objective| objective.retention.as_ref());
    [
        Some(policy.review_every().before(now)),
        from,
        // What covers the first moment of the period was made up to one RPO earlier.
        rpo.map(|rpo| rpo.before(from.unwrap_or_else(|| policy.review_every().before(now)))),
        retention.map(|retention| retention.value.before(now)),
    ]
    .into_iter()
    .flatten()
    .min()
    .unwrap_or(now)
}

/// Returns what makes two questions about copies the same one.
fn key(policy: &Policy, asset: &Asset, copy: &Copy, item: Option<&str>) -> String {
    let filled = |text: &str| fill(text, item);
    let may = |text: Option<&String>| text.map(|text| filled(text)).unwrap_or_default();
    // What an asset names of its system, and of that the part that is compared.
    let original = |of: Option<&String>| {
        let (item, path) = (item.unwrap_or_default(), may(asset.path.as_deref()));
        format!("{} {item:?} {path:?} {:?}", asset.lives_in.value, may(of))
    };
    // Files that lie where the original may be are a copy of another asset, and not of this one.
    let apart_from = || {
        let kind = |system: &str| policy.system(system).map(System::kind);
        let is_near = copy.asked().is_some_and(|system| kind(system) == kind(&asset.lives_in.value));
        if is_near { original(None) } else { String::new() }
    };
    let pattern = |pattern: Option<&At<Pattern>>| pattern.map(|pattern| pattern.0.as_str().to_owned());
    match copy {
        Copy::GitMirror(mirror) => {
            let path = may(asset.path.as_deref());
            let item = item.unwrap_or_default();
            format!("mirror {} {item:?} {path:?} {} {}", asset.lives_in.value, filled(&mirror.url.0), is_wiki(copy))
        }
        Copy::Commits(commits) => format!(
            "commits {} {:?} {:?}",
            filled(&commits.repository),
            may(commits.path.as_deref()),
            may(commits.branch.as_deref())
        ),
        Copy::Workflow(runs) => format!(
            "workflow {} {} {:?} {:?} {:?}",
            filled(&runs.repository),
            filled(&runs.workflow.value),
            may(runs.branch.as_deref()),
            may(runs.event.as_deref()),
            may(runs.step.as_deref())
        ),
        Copy::Migrations(_) => format!("migrations {}", item.unwrap_or_default()),
        Copy::Releases(releases) => format!(
            "releases {} {:?}",
            filled(&releases.repository),
            releases.pattern.as_ref().map(|pattern| pattern.0.as_str())
        ),
        Copy::Http(http) => format!(
            "http {} {:?} {:?}",
            filled(&http.url.0),
            http.header.as_deref(),
            http.pointer.as_ref().map(|pointer| &pointer.0)
        ),
        Copy::Objects(objects) => {
            let (prefix, group) = (may(objects.prefix.as_ref().map(|prefix| &prefix.0)), objects.group.as_deref());
            format!("objects {prefix:?} {:?} {group:?} {}", pattern(objects.pattern.as_ref()), apart_from())
        }
        Copy::ObjectMirror(mirror) => {
            let prefix = may(mirror.prefix.as_ref().map(|prefix| &prefix.0));
            let sample = mirror.sample.as_ref().map(|sample| sample.0);
            format!("object-mirror {prefix:?} {sample:?} {}", original(mirror.of.as_deref()))
        }
        Copy::Artifacts(artifacts) => format!(
            "artifacts {:?} {:?} {:?} {}",
            filled(&artifacts.repository),
            may(artifacts.path.as_deref()),
            pattern(artifacts.pattern.as_ref()),
            apart_from()
        ),
        Copy::ArtifactMirror(mirror) => {
            let place = (filled(&mirror.repository), may(mirror.path.as_deref()));
            let sample = mirror.sample.as_ref().map(|sample| sample.0);
            format!("artifact-mirror {place:?} {sample:?} {}", original(mirror.of.as_deref()))
        }
        Copy::BackupConfig(config) => format!("backup-config {:?} {}", config.key.value, original(None)),
        Copy::Replication(replication) => {
            let (repository, place) = (filled(&replication.repository), replication.r#in.known());
            format!("replication {repository:?} {place:?} {}", original(None))
        }
        Copy::Build(build) => format!("build {:?} {:?}", filled(&build.job), pattern(build.artifact.as_ref())),
        Copy::Import(_) | Copy::Attestation(_) | Copy::Included(_) | Copy::Rebuild(_) => {
            format!("{} {} {}", copy.method(), asset.id.0, copy.id())
        }
    }
}

/// Returns whether a mirror says that it holds the wiki alone, which is a repository of its own.
pub fn is_wiki(copy: &Copy) -> bool {
    matches!(copy.covers(), Some([Facet::Wiki]))
}

/// As `fill`, of a field that must not keep the place of a name that there is none for.
///
/// # Errors
///
/// `unreadable` where it names an item and there is none.
pub fn filled(field: &str, item: Option<&str>) -> Result<String, Miss> {
    if item.is_none() && field.contains("{name}") {
        return Err(Miss::unreadable(format!("`{field}` names an item, and the asset is not one of many")));
    }
    Ok(fill(field, item))
}

/// Returns `text` with `{name}` replaced by the item's name.
pub fn fill(text: &str, item: Option<&str>) -> String {
    item.map_or_else(|| text.to_owned(), |item| text.replace("{name}", item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_for_a_name_needs_an_item() {
        assert_eq!(filled("{name}-local", Some("libs")).unwrap(), "libs-local");
        assert!(filled("{name}-local", None).is_err());
    }
}
