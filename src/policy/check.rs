//! What a policy file means as a whole: references resolve, combinations are possible, dates are in
//! order.
//!
//! Shapes and single values were read before, and their faults told; here, records are drafts, of
//! which a value with a fault says nothing and hides nothing. Nothing looks at evidence or at the time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::decode::{At, Draft, did_you_mean, value_of};
use super::document::{
    Asset, Attestation, BackupConfig, Copy, Exclude, GitMirror, GithubSystem, Http, Included, Objective, Objects,
    Rebuild, RestoreTest, System, Waiver,
};
use super::fault::{Fault, Faults};
use super::files;
use super::node::{Node, Value};
use super::places::Places;
use super::values::{Id, OrUnknown};
use crate::model::{ControlId, ItemKind, Method, SystemKind};

/// Adds every fault of a file that shapes alone do not show.
pub fn check(root: &Node, faults: &mut Faults) {
    let checker = Checker::new(root);
    checker.systems(faults);
    checker.objectives(faults);
    checker.assets(faults);
    checker.exclusions(faults);
    checker.restore_tests(faults);
    checker.waivers(faults);
}

/// The names of one kind of record, in the order of the file.
#[derive(Debug, Default)]
struct Names<'a> {
    all: HashSet<&'a str>,
    /// What a hint may offer: each once.
    offered: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a str, offer: bool) {
        if self.all.insert(name) && offer {
            self.offered.push(name);
        }
    }
}

/// The entries of a mapping from names.
fn named(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node, &Node)> {
    let entries = match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|(key, value)| Some((key.text()?, key, value)))
}

/// The plugins of Jenkins that make backups of a controller.
const BACKUP_PLUGINS: [&str; 2] = ["thinBackup", "periodicbackup"];

/// Headers whose times are those of any answer, so that a copy dated by one would always be new.
const TELLS_OF_THE_ANSWER: [&str; 3] = ["Date", "Expires", "Retry-After"];

/// Returns what `key` of the node holds, where it says something.
fn given<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| !matches!(value.value, Value::Null))
}

struct Checker<'a> {
    root: &'a Node,
    systems: Names<'a>,
    kinds: HashMap<&'a str, SystemKind>,
    places: Places<'a>,
    objectives: Names<'a>,
    asset_names: Names<'a>,
    /// The entries of each asset's id, of which there should be one.
    assets: HashMap<&'a str, Vec<Draft<'a, Asset>>>,
}

impl<'a> Checker<'a> {
    fn new(root: &'a Node) -> Self {
        let (mut systems, mut objectives, mut asset_names) = (Names::default(), Names::default(), Names::default());
        let (mut kinds, mut places) = (HashMap::new(), Places::default());
        for (name, _, node) in named(root.get("systems")) {
            systems.add(name, true);
            places.add(name, node);
            if let Some(kind) = Draft::<System>::new(node).kind() {
                kinds.insert(name, kind);
            }
        }
        for (name, ..) in named(root.get("objectives")) {
            objectives.add(name, true);
        }
        let mut assets: HashMap<&str, Vec<Draft<'_, Asset>>> = HashMap::new();
        for asset in Draft::<Asset>::list(root.get("assets")) {
            if let Some(id) = asset.node.get("id").and_then(Node::text) {
                asset_names.add(id, Id::is_valid(id));
                assets.entry(id).or_default().push(asset);
            }
        }
        Self { root, systems, kinds, places, objectives, asset_names, assets }
    }

    fn systems(&self, faults: &mut Faults) {
        // The spellings of each value of a domain, by its lower case.
        let mut spellings: HashMap<(&str, String), BTreeSet<String>> = HashMap::new();
        let domains = || named(self.root.get("systems")).flat_map(|(_, _, system)| named(system.get("domains")));
        let value = |node: &Node| match value_of::<OrUnknown<String>>(node) {
            Some(OrUnknown::Known(value)) => Some(value),
            _ => None,
        };
        for (key, _, node) in domains() {
            if let Some(value) = value(node) {
                spellings.entry((key, value.to_lowercase())).or_default().insert(value);
            }
        }
        for (name, key, system) in named(self.root.get("systems")) {
            if !Id::is_valid(name) && !name.trim().is_empty() {
                faults.push(Fault::new(key.span.clone(), format!("`{name}` is not an id")));
            }
            for (key, at, node) in named(system.get("domains")) {
                if let Some(value) = value(node) {
                    let same = spellings.get(&(key, value.to_lowercase()));
                    domain(key, at.span.clone(), &value, same.and_then(BTreeSet::first), faults);
                }
            }
            if Draft::<System>::new(system).kind() == Some(SystemKind::Github) {
                github(system, faults);
            }
        }
    }

    fn objectives(&self, faults: &mut Faults) {
        let mut known: Vec<&str> = Vec::new();
        for (_, _, system) in named(self.root.get("systems")) {
            let is_read = |domains: &Node| matches!(domains.value, Value::Map(_)) || domains.text() == Some("unknown");
            if !matches!(system.value, Value::Map(_))
                || given(system, "domains").is_some_and(|domains| !is_read(domains))
            {
                // What could not be read may have any key.
                return;
            }
            known.extend(named(system.get("domains")).map(|(key, ..)| key));
        }
        known.sort_unstable();
        known.dedup();
        for (_, _, objective) in named(self.root.get("objectives")) {
            let Some(Some(keys)) = Draft::<Objective>::new(objective).independent() else { continue };
            for key in keys.value {
                if known.binary_search(&key.value.as_str()).is_err() {
                    let message = format!("no system has a domain `{}`", key.value);
                    faults.push(Fault::new(key.span.clone(), message).help(did_you_mean(&key, &known)));
                }
            }
        }
    }

    fn assets(&self, faults: &mut Faults) {
        let assets = self.root.get("assets");
        let none = assets
            .is_none_or(|assets| matches!(assets.value, Value::Null) || assets.list().is_some_and(<[Node]>::is_empty));
        if none && matches!(self.root.value, Value::Map(_)) {
            faults.push(
                Fault::of_file("the policy declares no assets, so an audit would look at nothing")
                    .help("add at least one entry under `assets:`"),
            );
        }
        for asset in Draft::<Asset>::list(assets) {
            let id = asset.node.get("id").and_then(|id| Some((id.text()?, id)));
            if let Some((name, id)) = id
                && let Some(first) = self.assets.get(name).and_then(|all| all.first()?.node.get("id"))
                && first.span != id.span
            {
                faults.push(
                    Fault::new(id.span.clone(), format!("the asset `{name}` is declared twice"))
                        .related(first.span.clone(), "first here"),
                );
            }
            if let Some(system) = asset.lives_in() {
                known("system", &system, &self.systems, faults);
            }
            if let Some(objective) = asset.objective() {
                known("objective", &objective, &self.objectives, faults);
            }
            self.expansion(asset, faults);
            let copies = asset.node.get("copies").and_then(Node::list).unwrap_or_default();
            let mut first: HashMap<&str, Range<usize>> = HashMap::new();
            for copy in copies.iter().map(Draft::<Copy>::new) {
                if let Some((name, at)) = copy.id() {
                    if let Some(earlier) = first.get(name) {
                        let of = id.map(|(id, _)| format!(" of `{id}`")).unwrap_or_default();
                        faults.push(
                            Fault::new(at, format!("the copy `{name}`{of} is declared twice"))
                                .related(earlier.clone(), "first here"),
                        );
                    } else {
                        first.insert(name, at);
                    }
                }
                self.copy(asset, copy, faults);
            }
            self.places.same_copies(copies, faults);
            files::same_part(copies, faults);
        }
    }

    /// Checks a reference to an asset, `id` or `id/item`.
    fn known_asset(&self, name: &str, span: Range<usize>, faults: &mut Faults) -> bool {
        let (id, item) = name.split_once('/').map_or((name, None), |(id, item)| (id, Some(item)));
        let Some(assets) = self.assets.get(id) else {
            faults.push(
                Fault::new(span, format!("unknown asset `{name}`")).help(did_you_mean(id, &self.asset_names.offered)),
            );
            return false;
        };
        if item.is_some()
            && assets.iter().all(|asset| matches!(asset.each(), Some(None)))
            && let Some(declared) = assets.first().and_then(|asset| asset.node.get("id"))
        {
            faults.push(
                Fault::new(span, format!("unknown asset `{name}`: `{id}` does not expand to items"))
                    .related(declared.span.clone(), "declared here, without `each`"),
            );
            return false;
        }
        true
    }

    fn expansion(&self, asset: Draft<'_, Asset>, faults: &mut Faults) {
        let kind = asset.lives_in().and_then(|system| self.kinds.get(system.value.as_str()).copied());
        let Some(each) = asset.each() else { return };
        if let (Some(each), Some(kind)) = (&each, kind)
            && kind.lists() != Some(each.value)
        {
            let help = match kind.lists() {
                Some(item) => format!("{} system lists each: {item}", with_article(kind)),
                None => format!("{} system has no list to expand to", with_article(kind)),
            };
            let message = format!("`each: {}` is not possible in {} system", each.value, with_article(kind));
            faults.push(Fault::new(each.span.clone(), message).help(help));
        }
        let select = given(asset.node, "select");
        match (&each, select) {
            (None, Some(select)) => {
                faults.push(Fault::new(select.head(), "`select` needs `each`").help("say what the entry expands to"));
            }
            (Some(each), Some(select)) => selection(select, each.value, kind, faults),
            (_, None) => {}
        }
        if let (Some(_), Some(name)) = (&each, given(asset.node, "name")) {
            faults.push(
                Fault::new(name.span.clone(), "`name` is for a single item, and `each` expands to many")
                    .help("remove one of them, or write `select: { name: … }`"),
            );
        }
    }

    fn copy(&self, asset: Draft<'_, Asset>, copy: Draft<'_, Copy>, faults: &mut Faults) {
        let Some(method) = copy.method() else {
            if let Some(At { value: OrUnknown::Known(value), span }) = copy.place() {
                known("system", &At { value, span }, &self.systems, faults);
            }
            return;
        };
        if !method.is_derived()
            && let Some(asked) = copy.asked()
        {
            self.place(method, &asked, faults);
        }
        // What a job makes may lie in any system.
        if given(copy.node, "runs_in").is_some()
            && let Some(At { value: OrUnknown::Known(value), span }) = copy.place()
        {
            known("system", &At { value, span }, &self.systems, faults);
        }
        self.places.original(asset, copy, faults);
        match method {
            Method::Included => {
                if let Some(of) = Draft::<Included>::new(copy.node).of() {
                    self.rests_on(asset, &of, faults);
                }
            }
            Method::Rebuild => {
                if let Some(from) = Draft::<Rebuild>::new(copy.node).from() {
                    from.0.iter().for_each(|from| self.rests_on(asset, from, faults));
                }
            }
            Method::Attestation => attestation(Draft::new(copy.node), faults),
            Method::Http => {
                let http = Draft::<Http>::new(copy.node);
                if let Some(Some(header)) = http.header()
                    && TELLS_OF_THE_ANSWER.iter().any(|name| header.value.eq_ignore_ascii_case(name))
                {
                    let message = format!("the header `{}` tells of the answer, and nothing of the copy", header.value);
                    faults.push(Fault::new(header.span, message).help("write `header: Last-Modified`"));
                }
                if let (Some(header), Some(pointer)) = (http.header(), http.pointer())
                    && header.is_some() == pointer.is_some()
                {
                    let at = given(copy.node, "url").unwrap_or(copy.node).head();
                    faults.push(
                        Fault::new(at, "an http copy finds its time in either a `header` or a `pointer`")
                            .help("write `header: Last-Modified`, or `pointer: /path/in/json`"),
                    );
                }
            }
            Method::GitMirror => {
                if let (Some(Some(_)), Some(url)) = (asset.each(), Draft::<GitMirror>::new(copy.node).url())
                    && !url.0.contains("{name}")
                {
                    faults.push(
                        Fault::new(url.span, "every item of this asset would be compared with the same mirror")
                            .help("put `{name}` where the item's name stands in the URL"),
                    );
                }
            }
            Method::Objects => {
                group(Draft::new(copy.node), faults);
                files::of_one_item(asset, copy, "prefix", faults);
            }
            Method::Artifacts => files::of_one_item(asset, copy, "repository", faults),
            Method::ObjectMirror | Method::ArtifactMirror => files::mirror(asset, copy, faults),
            Method::BackupConfig => {
                files::own_configuration(asset, copy, faults);
                self.plugin(copy, faults);
            }
            Method::Commits
            | Method::Workflow
            | Method::Migrations
            | Method::Releases
            | Method::Replication
            | Method::Build
            | Method::Import => {}
        }
    }

    /// Adds a fault where a Jenkins controller is said to be backed up by a plugin that makes no backups.
    fn plugin(&self, copy: Draft<'_, Copy>, faults: &mut Faults) {
        let Some(At { value: OrUnknown::Known(system), .. }) = copy.place() else { return };
        let Some(key) = Draft::<BackupConfig>::new(copy.node).key() else { return };
        let is_jenkins = self.kinds.get(system.as_str()) == Some(&SystemKind::Jenkins);
        if is_jenkins && !BACKUP_PLUGINS.iter().any(|plugin| plugin.eq_ignore_ascii_case(&key.value)) {
            let message = format!("`{}` is no backup plugin of Jenkins that is known here", key.value);
            faults.push(
                Fault::new(key.span, message).help(format!("write `key: {}`", BACKUP_PLUGINS.join("` or `key: "))),
            );
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
        if !known("system", &At { value: name.clone(), span: system.span.clone() }, &self.systems, faults) {
            return;
        }
        if let (Some(kinds), Some(kind)) = (method.systems(), self.kinds.get(name.as_str()).copied())
            && !kinds.contains(&kind)
        {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            let possible: Vec<&str> = Method::ALL
                .iter()
                .filter(|method| method.systems().is_none_or(|kinds| kinds.contains(&kind)))
                .map(|method| method.word())
                .collect();
            let message = format!("`by: {method}` is not possible in `{name}`, {} system", with_article(kind));
            faults.push(
                Fault::new(system.span.clone(), message)
                    .label(format!("needs a system of kind {}", words.join(" or ")))
                    .help(format!("possible there: {}", possible.join(", "))),
            );
        }
    }

    fn rests_on(&self, asset: Draft<'_, Asset>, other: &At<String>, faults: &mut Faults) {
        let id = other.split('/').next().unwrap_or_default();
        match asset.node.get("id") {
            Some(own) if own.text() == Some(id) => faults.push(
                Fault::new(other.span.clone(), format!("`{id}` cannot be its own copy"))
                    .related(own.span.clone(), "the asset itself"),
            ),
            _ => {
                self.known_asset(other, other.span.clone(), faults);
            }
        }
    }

    fn exclusions(&self, faults: &mut Faults) {
        for exclude in Draft::<Exclude>::list(self.root.get("exclude")) {
            if let Some(system) = exclude.r#in() {
                known("system", &system, &self.systems, faults);
            }
            if let Some(name) = exclude.name()
                && name.excludes
            {
                faults.push(Fault::new(name.span, "an exclusion names what is left out").help("remove the `!`"));
            }
        }
    }

    fn restore_tests(&self, faults: &mut Faults) {
        for test in Draft::<RestoreTest>::list(self.root.get("restore_tests")) {
            let Some(name) = test.asset() else { continue };
            if !self.known_asset(&name, name.span.clone(), faults) {
                continue;
            }
            let id = name.split('/').next().unwrap_or_default();
            let Some(Some(copy)) = test.copy() else { continue };
            let assets = self.assets.get(id).map_or(&[][..], Vec::as_slice);
            let Some(copies) = assets.iter().copied().map(copies_of).collect::<Option<Vec<_>>>() else { continue };
            let known: Vec<&str> = copies.into_iter().flatten().collect();
            if !known.contains(&copy.value.as_str()) {
                let message = format!("`{id}` has no copy `{}`", copy.value);
                faults.push(Fault::new(copy.span.clone(), message).help(did_you_mean(&copy, &known)));
            }
        }
    }

    fn waivers(&self, faults: &mut Faults) {
        for waiver in Draft::<Waiver>::list(self.root.get("waivers")) {
            if let (Some(approved), Some(expires)) = (waiver.approved_on(), waiver.expires())
                && expires.value < approved.value
            {
                faults.push(
                    Fault::new(expires.span, "the waiver expires before it was approved")
                        .related(approved.span, "approved here"),
                );
            }
            if let (Some(approved), Some(Some(first))) = (waiver.approved_on(), waiver.first_approved_on())
                && first.value > approved.value
            {
                faults.push(
                    Fault::new(first.span, "`first_approved_on` is later than `approved_on`")
                        .related(approved.span, "approved here"),
                );
            }
            for control in waiver.control().map(|controls| controls.value.0).unwrap_or_default() {
                if matches!(control.value, ControlId::WaiversSound | ControlId::AuditComplete) {
                    faults.push(Fault::new(
                        control.span,
                        format!("`{}` cannot be waived: it watches over the waivers and the audit", control.value),
                    ));
                }
            }
            for pattern in waiver.assets().map(|assets| assets.value.0).unwrap_or_default() {
                if pattern.excludes {
                    faults.push(
                        Fault::new(pattern.span, "a waiver names what it accepts, not what it leaves out")
                            .help("list the assets without `!`"),
                    );
                } else if pattern.is_literal() {
                    self.known_asset(&pattern.text, pattern.span.clone(), faults);
                }
            }
        }
    }
}

fn known(what: &str, name: &At<String>, known: &Names<'_>, faults: &mut Faults) -> bool {
    let found = known.all.contains(name.value.as_str());
    if !found {
        faults.push(
            Fault::new(name.span.clone(), format!("unknown {what} `{}`", name.value))
                .help(did_you_mean(name, &known.offered)),
        );
    }
    found
}

/// Returns the word of a kind with its article: `an s3`, `a git`.
fn with_article(kind: SystemKind) -> String {
    let an = matches!(kind, SystemKind::Artifactory | SystemKind::External | SystemKind::S3);
    format!("{} {kind}", if an { "an" } else { "a" })
}

/// Returns the ids of an asset's copies; `None` where some id has a fault, so that any may be meant.
fn copies_of(asset: Draft<'_, Asset>) -> Option<Vec<&str>> {
    let copies = asset.node.get("copies")?;
    match copies.list() {
        Some(copies) => copies.iter().map(|copy| Some(Draft::<Copy>::new(copy).id()?.0)).collect(),
        None => (copies.text() == Some("unknown")).then(Vec::new),
    }
}

/// Values are compared letter by letter, so two spellings of one place would read as two places.
fn domain(key: &str, at: Range<usize>, value: &str, first: Option<&String>, faults: &mut Faults) {
    if value.trim() != value {
        faults.push(
            Fault::new(at, format!("the value of `{key}` is empty or has spaces around it"))
                .help("write `unknown` where nobody knows it"),
        );
    } else if let Some(other) = first.filter(|other| *other != value) {
        let message = format!("`{key}: {value}` differs from `{other}` only in the case of its letters");
        faults.push(Fault::new(at, message).help("write what is one place in one way"));
    }
}

fn attestation(statement: Draft<'_, Attestation>, faults: &mut Faults) {
    let Some(made) = statement.attested_on() else { return };
    if let Some(expires) = statement.expires()
        && expires.value < made.value
    {
        faults.push(
            Fault::new(expires.span, "the statement expires before it was made")
                .related(made.span.clone(), "made here"),
        );
    }
    if let Some(Some(captured)) = statement.captured_at()
        && made.is_over_at(captured.0)
    {
        faults.push(
            Fault::new(captured.span, "the statement speaks of a state later than itself")
                .related(made.span, "made here"),
        );
    }
}

fn group(objects: Draft<'_, Objects>, faults: &mut Faults) {
    let (Some(Some(group)), Some(pattern)) = (objects.group(), objects.pattern()) else { return };
    let Some(pattern) = pattern else {
        faults.push(Fault::new(group.span, "`group` needs a `pattern` with named groups"));
        return;
    };
    let names: Vec<&str> = pattern.0.capture_names().flatten().chain(std::iter::once("match")).collect();
    if !names.contains(&group.value.as_str()) {
        faults.push(
            Fault::new(group.span.clone(), format!("`pattern` has no group named `{}`", group.value))
                .help(did_you_mean(&group, &names)),
        );
    }
}

/// Adds the faults of a github system: whose it is, and how it is looked at.
fn github(system: &Node, faults: &mut Faults) {
    let github = Draft::<GithubSystem>::new(system);
    if let (Some(org), Some(user)) = (github.org(), github.user())
        && org.is_some() == user.is_some()
    {
        faults.push(
            Fault::new(system.head(), "a github system names either an `org` or a `user`")
                .help("write `org: NAME` or `user: NAME`"),
        );
    }
    if let (Some(app), Some(token)) = (given(system, "app"), given(system, "token")) {
        faults.push(
            Fault::new(app.head(), "a github system is looked at either by an `app` or with a `token`")
                .related(token.head(), "the token")
                .help("remove one of them"),
        );
    }
}

/// Adds a fault for each key of `select` that items of this kind do not have.
fn selection(select: &Node, each: ItemKind, kind: Option<SystemKind>, faults: &mut Faults) {
    let Some(kind) = kind else { return };
    let github = kind == SystemKind::Github;
    let job = each == ItemKind::Job;
    let keys = [
        ("archived", github, "github repositories"),
        ("fork", github, "github repositories"),
        ("private", github, "github repositories"),
        ("template", github, "github repositories"),
        ("empty", github, "github repositories"),
        ("disabled", github || job, "github repositories and jenkins jobs"),
        ("folder", job, "jenkins jobs"),
        ("class", job || kind == SystemKind::Artifactory, "jenkins jobs and artifactory repositories"),
        ("defined_in", job, "jenkins jobs"),
    ];
    for (key, possible, belongs) in keys {
        if let (Some(value), false) = (given(select, key), possible) {
            faults.push(Fault::new(value.head(), format!("`select.{key}` is for {belongs}")));
        }
    }
}
