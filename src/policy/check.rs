//! What a policy file means as a whole: references resolve, combinations are possible, dates are in
//! order.
//!
//! Shapes and single values were read before; nothing here looks at evidence or at the time.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::decode::{At, did_you_mean};
use super::document::{Asset, Copy, Document, GithubSystem, Select, System};
use super::fault::{Fault, Faults};
use super::node::{Node, Value};
use super::values::{Id, OrUnknown};
use crate::model::{ControlId, ItemKind, Method, SystemKind};

/// The names that a file declares, read from its tree so that a record with a fault of its own
/// still counts as declared.
#[derive(Debug, Default)]
pub struct Declared<'a> {
    is_mapping: bool,
    systems: Vec<&'a str>,
    objectives: Vec<&'a str>,
    assets: Vec<&'a str>,
    known_assets: HashSet<&'a str>,
    asset_ids: Vec<&'a Node>,
    /// The copies of each asset.
    copies: Vec<&'a [Node]>,
}

impl<'a> Declared<'a> {
    /// Returns the names in the tree of a file.
    pub fn read(root: &'a Node) -> Self {
        let keys = |name: &str| match root.get(name).map(|node| &node.value) {
            Some(Value::Map(entries)) => entries.iter().filter_map(|(key, _)| key.text()).collect(),
            _ => Vec::new(),
        };
        let asset_ids: Vec<&Node> = match root.get("assets").map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().filter_map(|item| item.get("id")).collect(),
            _ => Vec::new(),
        };
        let known_assets: HashSet<&str> = asset_ids.iter().filter_map(|id| id.text()).collect();
        // What a hint may offer: each once, and only what is an id.
        let mut offered = HashSet::new();
        let assets = asset_ids.iter().filter_map(|id| id.text());
        let assets: Vec<&str> = assets.filter(|id| Id::is_valid(id) && offered.insert(*id)).collect();
        let copies = match root.get("assets").map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().filter_map(|item| item.get("copies")?.list()).collect(),
            _ => Vec::new(),
        };
        let is_mapping = matches!(root.value, Value::Map(_));
        let (systems, objectives) = (keys("systems"), keys("objectives"));
        Self { is_mapping, systems, objectives, assets, known_assets, asset_ids, copies }
    }
}

/// Adds every fault of `document` that shapes alone do not show.
pub fn check(document: &Document, declared: &Declared<'_>, faults: &mut Faults) {
    let mut assets = HashMap::new();
    for asset in &document.assets {
        assets.entry(asset.id.0.as_str()).or_insert(asset);
    }
    let checker = Checker { document, declared, assets };
    checker.systems(faults);
    checker.objectives(faults);
    checker.assets(faults);
    checker.same_copies(faults);
    checker.exclusions(faults);
    checker.restore_tests(faults);
    checker.waivers(faults);
}

/// The keys of a copy that say nothing of where it is.
const SAYS_NOTHING_OF_THE_PLACE: [&str; 7] = ["id", "claim", "said_in", "said_on", "covers", "min_bytes", "min_items"];

struct Checker<'a> {
    document: &'a Document,
    declared: &'a Declared<'a>,
    assets: HashMap<&'a str, &'a Asset>,
}

impl Checker<'_> {
    fn systems(&self, faults: &mut Faults) {
        for (name, system) in &self.document.systems.0 {
            if !Id::is_valid(name) {
                faults.push(Fault::new(name.span.clone(), format!("`{}` is not an id", name.value)));
            }
            if let Some(OrUnknown::Known(domains)) = system.named_domains() {
                for (key, value) in &domains.0 {
                    if let OrUnknown::Known(value) = value {
                        self.domain(key, value, faults);
                    }
                }
            }
            if let System::Github(github) = system {
                Self::github(github, faults);
            }
        }
    }

    fn github(github: &GithubSystem, faults: &mut Faults) {
        if github.org.is_some() == github.user.is_some() {
            faults.push(
                Fault::new(github.at.clone(), "a github system names either an `org` or a `user`")
                    .help("write `org: NAME` or `user: NAME`"),
            );
        }
        if let (Some(app), Some(token)) = (&github.app, &github.token) {
            faults.push(
                Fault::new(app.at.clone(), "a github system is looked at either by an `app` or with a `token`")
                    .related(token.span.clone(), "the token")
                    .help("remove one of them"),
            );
        }
    }

    /// Values are compared letter by letter, so two spellings of one place would read as two places.
    fn domain(&self, key: &At<String>, value: &str, faults: &mut Faults) {
        if value.trim() != value || value.is_empty() {
            faults.push(
                Fault::new(key.span.clone(), format!("the value of `{}` is empty or has spaces around it", key.value))
                    .help("write `unknown` where nobody knows it"),
            );
            return;
        }
        let others = self.document.systems.0.iter().filter_map(|(_, system)| system.domains()).flatten();
        let other = others
            .filter(|(name, _)| *name == key.value)
            .filter_map(|(_, other)| other)
            .find(|other| *other < value && other.to_lowercase() == value.to_lowercase());
        if let Some(other) = other {
            let message = format!("`{}: {value}` differs from `{other}` only in the case of its letters", key.value);
            faults.push(Fault::new(key.span.clone(), message).help("write what is one place in one way"));
        }
    }

    fn objectives(&self, faults: &mut Faults) {
        let known: Vec<&str> = self
            .document
            .systems
            .0
            .iter()
            .filter_map(|(_, system)| system.domains())
            .flat_map(|domains| domains.map(|(key, _)| key))
            .collect();
        for (_, objective) in &self.document.objectives.0 {
            for key in objective.independent.iter().flat_map(|keys| &keys.value) {
                if !known.contains(&key.value.as_str()) {
                    let mut known = known.clone();
                    known.sort_unstable();
                    known.dedup();
                    faults.push(
                        Fault::new(key.span.clone(), format!("no system has a domain `{}`", key.value))
                            .help(did_you_mean(key, &known)),
                    );
                }
            }
        }
    }

    fn assets(&self, faults: &mut Faults) {
        if self.declared.asset_ids.is_empty() && self.declared.is_mapping {
            faults.push(
                Fault::of_file("the policy declares no assets, so an audit would look at nothing")
                    .help("add at least one entry under `assets:`"),
            );
        }
        let mut first: HashMap<&str, &Node> = HashMap::new();
        for id in &self.declared.asset_ids {
            let Some(name) = id.text() else { continue };
            let earlier = *first.entry(name).or_insert(id);
            if earlier.span != id.span {
                faults.push(
                    Fault::new(id.span.clone(), format!("the asset `{name}` is declared twice"))
                        .related(earlier.span.clone(), "first here"),
                );
            }
        }
        for asset in &self.document.assets {
            Self::known("system", &asset.lives_in, &self.declared.systems, faults);
            Self::known("objective", &asset.objective, &self.declared.objectives, faults);
            self.expansion(asset, faults);
            if let OrUnknown::Known(copies) = &asset.copies.value {
                for (position, copy) in copies.iter().enumerate() {
                    if let Some(earlier) = copies[..position].iter().find(|other| other.id() == copy.id()) {
                        faults.push(
                            Fault::new(
                                copy.at(),
                                format!("the copy `{}` of `{}` is declared twice", copy.id(), asset.id.0),
                            )
                            .related(earlier.at(), "first here"),
                        );
                    }
                    self.copy(asset, copy, faults);
                }
            }
        }
    }

    /// One copy counted twice would be two copies that are lost together.
    fn same_copies(&self, faults: &mut Faults) {
        for copies in &self.declared.copies {
            for (position, copy) in copies.iter().enumerate() {
                let is_statement = copy.get("by").and_then(Node::text) == Some(Method::Attestation.word());
                let same = |other: &&Node| {
                    let named_alike = copy.get("id").zip(other.get("id")).is_some_and(|(a, b)| a.text() == b.text());
                    !named_alike && copy.get("by").is_some() && copy.agrees_with(other, &SAYS_NOTHING_OF_THE_PLACE)
                };
                if let Some(earlier) = copies[..position].iter().find(same).filter(|_| !is_statement) {
                    faults.push(
                        Fault::new(copy.head(), "this is the same copy as an earlier one, under another id")
                            .related(earlier.head(), "the earlier one")
                            .help("remove one of them; two names do not make two copies"),
                    );
                }
            }
        }
    }

    fn known(what: &str, name: &At<String>, known: &[&str], faults: &mut Faults) -> bool {
        let found = known.contains(&name.value.as_str());
        if !found {
            faults.push(
                Fault::new(name.span.clone(), format!("unknown {what} `{}`", name.value))
                    .help(did_you_mean(name, known)),
            );
        }
        found
    }

    /// Checks a reference to an asset, `id` or `id/item`.
    fn known_asset(&self, name: &str, span: Range<usize>, faults: &mut Faults) -> bool {
        let (id, item) = name.split_once('/').map_or((name, None), |(id, item)| (id, Some(item)));
        if !self.declared.known_assets.contains(id) {
            faults.push(
                Fault::new(span, format!("unknown asset `{name}`")).help(did_you_mean(id, &self.declared.assets)),
            );
            return false;
        }
        if let (Some(_), Some(asset)) = (item, self.assets.get(id))
            && asset.each.is_none()
        {
            faults.push(
                Fault::new(span, format!("unknown asset `{name}`: `{id}` does not expand to items"))
                    .related(asset.id.span.clone(), "declared here, without `each`"),
            );
            return false;
        }
        true
    }

    fn kind_of(&self, system: &str) -> Option<SystemKind> {
        self.document.systems.get(system).map(System::kind)
    }

    fn expansion(&self, asset: &Asset, faults: &mut Faults) {
        let kind = self.kind_of(&asset.lives_in);
        if let (Some(each), Some(kind)) = (&asset.each, kind)
            && kind.lists() != Some(each.value)
        {
            let help = match kind.lists() {
                Some(item) => format!("a {kind} system lists each: {item}"),
                None => format!("a {kind} system has no list to expand to"),
            };
            faults.push(
                Fault::new(each.span.clone(), format!("`each: {}` is not possible in a {kind} system", each.value))
                    .help(help),
            );
        }
        match (&asset.each, &asset.select) {
            (None, Some(select)) => faults
                .push(Fault::new(select.span.clone(), "`select` needs `each`").help("say what the entry expands to")),
            (Some(each), Some(select)) => selection(select, each.value, kind, faults),
            (_, None) => {}
        }
        if let (Some(_), Some(name)) = (&asset.each, &asset.name) {
            faults.push(
                Fault::new(name.span.clone(), "`name` is for a single item, and `each` expands to many")
                    .help("remove one of them, or write `select: { name: … }`"),
            );
        }
    }

    fn copy(&self, asset: &Asset, copy: &Copy, faults: &mut Faults) {
        if let Some(system) = copy.system() {
            self.place(copy.method(), system, faults);
        }
        match copy {
            Copy::Included(included) => self.rests_on(asset, &included.of, faults),
            Copy::Rebuild(rebuild) => rebuild.from.0.iter().for_each(|from| self.rests_on(asset, from, faults)),
            Copy::Attestation(statement) => {
                if statement.expires.value < statement.attested_on.value {
                    faults.push(
                        Fault::new(statement.expires.span.clone(), "the statement expires before it was made")
                            .related(statement.attested_on.span.clone(), "made here"),
                    );
                }
                if let Some(captured) = &statement.captured_at
                    && statement.attested_on.is_over_at(captured.0)
                {
                    faults.push(
                        Fault::new(captured.span.clone(), "the statement speaks of a state later than itself")
                            .related(statement.attested_on.span.clone(), "made here"),
                    );
                }
            }
            Copy::Http(http) => {
                if http.header.is_some() == http.pointer.is_some() {
                    faults.push(
                        Fault::new(
                            http.url.span.clone(),
                            "an http copy finds its time in either a `header` or a `pointer`",
                        )
                        .help("write `header: Last-Modified`, or `pointer: /path/in/json`"),
                    );
                }
            }
            Copy::GitMirror(mirror) => {
                if asset.each.is_some() && !mirror.url.0.contains("{name}") {
                    faults.push(
                        Fault::new(
                            mirror.url.span.clone(),
                            "every item of this asset would be compared with the same mirror",
                        )
                        .help("put `{name}` where the item's name stands in the URL"),
                    );
                }
            }
            Copy::Objects(objects) => {
                if let Some(group) = &objects.group {
                    let names: Vec<&str> = objects
                        .pattern
                        .iter()
                        .flat_map(|pattern| pattern.0.capture_names().flatten())
                        .chain(std::iter::once("match"))
                        .collect();
                    if objects.pattern.is_none() {
                        faults.push(Fault::new(group.span.clone(), "`group` needs a `pattern` with named groups"));
                    } else if !names.contains(&group.value.as_str()) {
                        faults.push(
                            Fault::new(group.span.clone(), format!("`pattern` has no group named `{}`", group.value))
                                .help(did_you_mean(group, &names)),
                        );
                    }
                }
            }
            Copy::Commits(_)
            | Copy::Workflow(_)
            | Copy::Migrations(_)
            | Copy::Releases(_)
            | Copy::ObjectMirror(_)
            | Copy::Artifacts(_)
            | Copy::ArtifactMirror(_)
            | Copy::BackupConfig(_)
            | Copy::Replication(_)
            | Copy::Build(_)
            | Copy::Import(_) => {}
        }
    }

    fn place(&self, method: Method, system: &At<OrUnknown<String>>, faults: &mut Faults) {
        let OrUnknown::Known(name) = &system.value else {
            if let Some(kinds) = method.systems() {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
                faults.push(
                    Fault::new(system.span.clone(), format!("`by: {method}` has to know where to look"))
                        .help(format!("name a system of kind {}, or write `by: attestation`", kinds.join(" or "))),
                );
            }
            return;
        };
        let named = At { value: name.clone(), span: system.span.clone() };
        if !Self::known("system", &named, &self.declared.systems, faults) {
            return;
        }
        if let (Some(kinds), Some(kind)) = (method.systems(), self.kind_of(name))
            && !kinds.contains(&kind)
        {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            let possible: Vec<&str> = Method::ALL
                .iter()
                .filter(|method| method.systems().is_none_or(|kinds| kinds.contains(&kind)))
                .map(|method| method.word())
                .collect();
            faults.push(
                Fault::new(system.span.clone(), format!("`by: {method}` is not possible in `{name}`, a {kind} system"))
                    .label(format!("needs a system of kind {}", words.join(" or ")))
                    .help(format!("possible there: {}", possible.join(", "))),
            );
        }
    }

    fn rests_on(&self, asset: &Asset, other: &At<String>, faults: &mut Faults) {
        let id = other.split('/').next().unwrap_or_default();
        if id == asset.id.0 {
            faults.push(
                Fault::new(other.span.clone(), format!("`{id}` cannot be its own copy"))
                    .related(asset.id.span.clone(), "the asset itself"),
            );
        } else {
            self.known_asset(other, other.span.clone(), faults);
        }
    }

    fn exclusions(&self, faults: &mut Faults) {
        for exclude in &self.document.exclude {
            Self::known("system", &exclude.r#in, &self.declared.systems, faults);
            if exclude.name.excludes {
                faults.push(
                    Fault::new(exclude.name.span.clone(), "an exclusion names what is left out").help("remove the `!`"),
                );
            }
        }
    }

    fn restore_tests(&self, faults: &mut Faults) {
        for test in &self.document.restore_tests {
            if !self.known_asset(&test.asset, test.asset.span.clone(), faults) {
                continue;
            }
            let id = test.asset.split('/').next().unwrap_or_default();
            let asset = self.assets.get(id).copied();
            let copies = asset.and_then(|asset| asset.copies.known()).map_or(&[][..], Vec::as_slice);
            if let (Some(copy), Some(asset)) = (&test.copy, asset)
                && !copies.iter().any(|known| known.id() == copy.value)
                // A copy whose own record has a fault was dropped; its name may well be right.
                && faults.list().iter().all(|fault| fault.span.is_none())
            {
                let known: Vec<&str> = copies.iter().map(Copy::id).collect();
                faults.push(
                    Fault::new(copy.span.clone(), format!("`{}` has no copy `{}`", asset.id.0, copy.value))
                        .help(did_you_mean(copy, &known)),
                );
            }
        }
    }

    fn waivers(&self, faults: &mut Faults) {
        for waiver in &self.document.waivers {
            if waiver.expires.value < waiver.approved_on.value {
                faults.push(
                    Fault::new(waiver.expires.span.clone(), "the waiver expires before it was approved")
                        .related(waiver.approved_on.span.clone(), "approved here"),
                );
            }
            if let Some(first) = &waiver.first_approved_on
                && first.value > waiver.approved_on.value
            {
                faults.push(
                    Fault::new(first.span.clone(), "`first_approved_on` is later than `approved_on`")
                        .related(waiver.approved_on.span.clone(), "approved here"),
                );
            }
            for control in &waiver.control.0 {
                if matches!(control.value, ControlId::WaiversSound | ControlId::AuditComplete) {
                    faults.push(Fault::new(
                        control.span.clone(),
                        format!("`{}` cannot be waived: it watches over the waivers and the audit", control.value),
                    ));
                }
            }
            for pattern in &waiver.assets.0 {
                if pattern.excludes {
                    faults.push(
                        Fault::new(pattern.span.clone(), "a waiver names what it accepts, not what it leaves out")
                            .help("list the assets without `!`"),
                    );
                } else if pattern.is_literal() {
                    self.known_asset(&pattern.text, pattern.span.clone(), faults);
                }
            }
        }
    }
}

/// Adds a fault for each key of `select` that items of this kind do not have.
fn selection(select: &Select, each: ItemKind, kind: Option<SystemKind>, faults: &mut Faults) {
    let github = kind == Some(SystemKind::Github);
    let job = each == ItemKind::Job;
    let keys: [(&str, Option<Range<usize>>, bool, &str); 9] = [
        ("archived", select.archived.as_ref().map(|key| key.span.clone()), github, "github repositories"),
        ("fork", select.fork.as_ref().map(|key| key.span.clone()), github, "github repositories"),
        ("private", select.private.as_ref().map(|key| key.span.clone()), github, "github repositories"),
        ("template", select.template.as_ref().map(|key| key.span.clone()), github, "github repositories"),
        ("empty", select.empty.as_ref().map(|key| key.span.clone()), github, "github repositories"),
        (
            "disabled",
            select.disabled.as_ref().map(|key| key.span.clone()),
            github || job,
            "github repositories and jenkins jobs",
        ),
        ("folder", select.folder.as_ref().map(|key| key.span.clone()), job, "jenkins jobs"),
        (
            "class",
            select.class.as_ref().map(|key| key.span.clone()),
            job || kind == Some(SystemKind::Artifactory),
            "jenkins jobs and artifactory repositories",
        ),
        ("defined_in", select.defined_in.as_ref().map(|key| key.span.clone()), job, "jenkins jobs"),
    ];
    for (key, span, possible, belongs) in keys {
        if let (Some(span), false, true) = (span, possible, kind.is_some()) {
            faults.push(Fault::new(span, format!("`select.{key}` is for {belongs}")));
        }
    }
}
