//! Where things are, however that is written: which two copies are one, and which is the original itself.
//!
//! Knows the policy alone, and looks at drafts: a value with a fault says nothing. What lies at a
//! place is left to `judge`.

use std::collections::HashMap;

use super::decode::{At, Draft};
use super::document::{
    ArtifactMirror, ArtifactorySystem, Artifacts, Asset, Attestation, BackupConfig, Build, Commits, Copy, GitMirror,
    GitSystem, GithubSystem, Http, Import, Included, JenkinsSystem, ObjectMirror, Objects, Rebuild, Releases,
    Replication, S3System, System, Workflow,
};
use super::fault::{Fault, Faults};
use super::node::Node;
use super::values::{OrUnknown, Pattern, Prefix};
use crate::model::{Method, SystemKind};

/// Where the systems of a policy are.
#[derive(Debug, Default)]
pub struct Places<'a>(HashMap<&'a str, Location>);

/// Where one system is: two ids of one place have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    kind: SystemKind,
    host: Address,
    /// The owner on GitHub, the bucket; else empty.
    within: String,
}

/// A host and a path, without the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    host: String,
    /// The port of the web server, of which http and https have the same; `None` for other schemes,
    /// whose ports say nothing of the web server's.
    port: Option<u16>,
    path: Vec<String>,
}

/// What tells one copy from another.
#[derive(Debug)]
struct Identity {
    words: Vec<String>,
    port: Option<u16>,
}

/// Where the files of a copy lie.
#[derive(Debug)]
struct Heap {
    system: Vec<String>,
    within: String,
    /// Which of them are the copy's; empty for all.
    pattern: String,
}

impl Heap {
    /// Returns whether files of one are files of the other. What two patterns choose may be apart.
    fn overlaps(&self, other: &Self) -> bool {
        let chosen_alike = self.pattern.is_empty() || other.pattern.is_empty() || self.pattern == other.pattern;
        let inside = self.within.starts_with(&other.within) || other.within.starts_with(&self.within);
        self.system == other.system && chosen_alike && inside
    }
}

impl<'a> Places<'a> {
    /// Looks where a system named `name` is.
    pub fn add(&mut self, name: &'a str, system: &Node) {
        if let Some(location) = Location::of(system) {
            self.0.entry(name).or_insert(location);
        }
    }

    /// Adds a fault for each copy of one asset that is another one under another id.
    pub fn same_copies(&self, copies: &[Node], faults: &mut Faults) {
        let mut known: HashMap<Vec<String>, Vec<(Option<u16>, &Node)>> = HashMap::new();
        for copy in copies {
            let Some(Identity { words, port }) = self.identity(Draft::new(copy)) else { continue };
            let alike = known.entry(words).or_default();
            let name = copy.get("id").and_then(Node::text);
            let same = |(other, earlier): &&(Option<u16>, &Node)| {
                is_same_port(*other, port) && (name.is_none() || earlier.get("id").and_then(Node::text) != name)
            };
            if let Some((_, earlier)) = alike.iter().find(same) {
                faults.push(
                    Fault::new(copy.head(), "this is the same copy as an earlier one, under another id")
                        .related(earlier.head(), "the earlier one")
                        .help("remove one of them; two names do not make two copies"),
                );
            }
            alike.push((port, copy));
        }
        self.overlapping(copies, faults);
    }

    /// Adds a fault for each copy that lies where an earlier one lies, by whatever method it is proven: what
    /// is listed twice is there once.
    fn overlapping(&self, copies: &[Node], faults: &mut Faults) {
        let mut known: Vec<(Heap, &Node)> = Vec::new();
        for copy in copies {
            let Some(heap) = self.heap(Draft::new(copy)) else { continue };
            // Those that are written alike were found above.
            let other = |(other, node): &&(Heap, &Node)| {
                other.overlaps(&heap) && node.get("by").and_then(Node::text) != copy.get("by").and_then(Node::text)
                    || other.overlaps(&heap) && bare(&other.within) != bare(&heap.within)
            };
            if let Some((_, earlier)) = known.iter().find(other) {
                faults.push(
                    Fault::new(
                        copy.head(),
                        "this copy lies where an earlier one lies: what is listed twice is there once",
                    )
                    .related(earlier.head(), "the earlier one")
                    .help("remove one of them, or give each a place of its own"),
                );
            }
            known.push((heap, copy));
        }
    }

    /// Returns where the files of a copy lie; `None` for other copies, and where a fault hides it.
    fn heap(&self, copy: Draft<'_, Copy>) -> Option<Heap> {
        let (node, system) = (copy.node, copy.place().map(|place| self.words(&place))?);
        let (within, pattern) = match copy.method()? {
            Method::Objects => {
                let objects = Draft::<Objects>::new(node);
                (prefix(objects.prefix()?), pattern(objects.pattern()?))
            }
            Method::ObjectMirror => (prefix(Draft::<ObjectMirror>::new(node).prefix()?), String::new()),
            Method::Artifacts => {
                let artifacts = Draft::<Artifacts>::new(node);
                (folder(&[&artifacts.repository()?, &text(artifacts.path()?)]), pattern(artifacts.pattern()?))
            }
            Method::ArtifactMirror => {
                let mirror = Draft::<ArtifactMirror>::new(node);
                (folder(&[&mirror.repository()?, &text(mirror.path()?)]), String::new())
            }
            _ => return None,
        };
        Some(Heap { system, within, pattern })
    }

    /// Adds a fault where a copy of the asset is looked for where the original is.
    pub fn original(&self, asset: Draft<'_, Asset>, copy: Draft<'_, Copy>, faults: &mut Faults) {
        let (Some(method), Some(lives_in)) = (copy.method(), asset.lives_in()) else { return };
        let Some(origin) = self.0.get(lives_in.value.as_str()) else { return };
        let is_original = match method {
            Method::GitMirror => mirrors_itself(origin, asset, copy),
            Method::ObjectMirror | Method::Objects | Method::ArtifactMirror | Method::Artifacts => {
                self.holds_original(origin, asset, copy)
            }
            _ => None,
        };
        if is_original == Some(true) {
            let at = ["url", "prefix", "repository"].into_iter().find_map(|key| copy.node.get(key));
            let message = if method.compares() {
                "the original compared with itself is no copy"
            } else {
                "the original is no copy of itself"
            };
            faults.push(
                Fault::new(at.unwrap_or(copy.node).head(), message)
                    .related(lives_in.span, "the original")
                    .help("name the place of the copy, or write `copies: []` if there is none"),
            );
        }
    }

    /// Returns what tells a copy from others of its asset; `None` where a fault hides it.
    fn identity(&self, copy: Draft<'_, Copy>) -> Option<Identity> {
        let (node, method) = (copy.node, copy.method()?);
        let system = || copy.place().map(|place| self.words(&place));
        let mut port = None;
        let mut words = match method {
            Method::GitMirror => {
                let address = Address::of(&Draft::<GitMirror>::new(node).url()?.0).repository();
                port = address.port;
                address.words()
            }
            Method::Commits => {
                let commits = Draft::<Commits>::new(node);
                let path = segments(&text(commits.path()?)).join("/");
                [self.repository(copy, &commits.repository()?)?, vec![path, text(commits.branch()?)]].concat()
            }
            Method::Workflow => {
                let workflow = Draft::<Workflow>::new(node);
                let file = segments(&workflow.workflow()?).pop().unwrap_or_default();
                let only = vec![file, text(workflow.branch()?), text(workflow.event()?), text(workflow.step()?)];
                [self.repository(copy, &workflow.repository()?)?, only].concat()
            }
            Method::Migrations => system()?,
            Method::Releases => {
                let releases = Draft::<Releases>::new(node);
                [self.repository(copy, &releases.repository()?)?, vec![pattern(releases.pattern()?)]].concat()
            }
            Method::Objects => {
                let objects = Draft::<Objects>::new(node);
                [system()?, vec![bare(&prefix(objects.prefix()?)), pattern(objects.pattern()?)]].concat()
            }
            Method::ObjectMirror => {
                // Where it lies and not of what it is a copy: that may be said in several ways.
                let mirror = Draft::<ObjectMirror>::new(node);
                [system()?, vec![bare(&prefix(mirror.prefix()?))]].concat()
            }
            Method::Artifacts => {
                let artifacts = Draft::<Artifacts>::new(node);
                let path = joined(&[&artifacts.repository()?, &text(artifacts.path()?)]).join("/");
                [system()?, vec![path, pattern(artifacts.pattern()?)]].concat()
            }
            Method::ArtifactMirror => {
                let mirror = Draft::<ArtifactMirror>::new(node);
                let path = joined(&[&mirror.repository()?, &text(mirror.path()?)]).join("/");
                [system()?, vec![path]].concat()
            }
            Method::BackupConfig => [system()?, vec![Draft::<BackupConfig>::new(node).key()?.value]].concat(),
            Method::Replication => [system()?, segments(&Draft::<Replication>::new(node).repository()?)].concat(),
            Method::Build => [system()?, segments(&Draft::<Build>::new(node).job()?)].concat(),
            // One page or one file is one, wherever the policy says that it is.
            Method::Http => {
                let http = Draft::<Http>::new(node);
                let url = http.url()?;
                let (_, rest) = url.0.split_once("://")?;
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let pointer = http.pointer()?.map(|pointer| pointer.value.0);
                vec![host.to_lowercase(), path.to_owned(), text(http.header()?).to_lowercase(), format!("{pointer:?}")]
            }
            Method::Import => {
                let file = Draft::<Import>::new(node).file()?.value;
                vec![file.starts_with('/').to_string(), segments(&file).join("/")]
            }
            // Two who say the same of one place speak of one copy. Where nobody knows the place, there
            // may be two.
            Method::Attestation => {
                let statement = Draft::<Attestation>::new(node);
                let said = same_letters(&statement.statement()?);
                let place = copy.place()?;
                let by = if place.known().is_some() { String::new() } else { same_letters(&statement.attested_by()?) };
                [self.words(&place), vec![said, by]].concat()
            }
            Method::Included => vec![Draft::<Included>::new(node).of()?.value],
            Method::Rebuild => {
                let from = Draft::<Rebuild>::new(node).from()?.value.0;
                let mut from: Vec<String> = from.into_iter().map(|from| from.value).collect();
                from.sort_unstable();
                from.dedup();
                if from.is_empty() {
                    return None;
                }
                from
            }
        };
        words.push(method.word().to_owned());
        Some(Identity { words, port })
    }

    /// Returns where a system is, in words that another id of the same place has too.
    fn words(&self, system: &OrUnknown<String>) -> Vec<String> {
        match system.known() {
            None => vec!["unknown".to_owned()],
            Some(name) => match self.0.get(name.as_str()) {
                Some(location) => location.words(),
                None => vec!["system".to_owned(), name.clone()],
            },
        }
    }

    /// Returns the repository on GitHub that `name` or `owner/name` stands for.
    fn repository(&self, copy: Draft<'_, Copy>, name: &str) -> Option<Vec<String>> {
        let place = copy.asked()?;
        let Some(location) = place.known().and_then(|system| self.0.get(system.as_str())) else {
            return Some([self.words(&place), vec![name.to_lowercase()]].concat());
        };
        let mut words = location.host.words();
        let full = if name.contains('/') { name.to_owned() } else { format!("{}/{name}", location.within) };
        words.push(full.to_lowercase());
        Some(words)
    }

    /// Returns whether the place of a copy is, or holds, the original; `None` where a fault hides it.
    fn holds_original(&self, origin: &Location, asset: Draft<'_, Asset>, copy: Draft<'_, Copy>) -> Option<bool> {
        let place = copy.place()?;
        if place.known().and_then(|system| self.0.get(system.as_str())) != Some(origin) {
            return Some(false);
        }
        // What a pattern chooses of all that is in a system, the policy alone does not show.
        let (within, of, chooses) = match copy.method()? {
            Method::Objects => {
                let objects = Draft::<Objects>::new(copy.node);
                (prefix(objects.prefix()?), None, objects.pattern()?.is_some())
            }
            Method::ObjectMirror => {
                let mirror = Draft::<ObjectMirror>::new(copy.node);
                (prefix(mirror.prefix()?), mirror.of()?, false)
            }
            Method::Artifacts => {
                let artifacts = Draft::<Artifacts>::new(copy.node);
                let path = text(artifacts.path()?);
                (joined(&[&artifacts.repository()?, &path]).join("/"), None, artifacts.pattern()?.is_some())
            }
            Method::ArtifactMirror => {
                let mirror = Draft::<ArtifactMirror>::new(copy.node);
                let path = text(mirror.path()?);
                (joined(&[&mirror.repository()?, &path]).join("/"), mirror.of()?, false)
            }
            _ => return Some(false),
        };
        let (each, name, path) = (asset.each()?, text(asset.name()?), text(asset.path()?));
        if chooses && each.is_none() && name.is_empty() && path.is_empty() {
            return Some(false);
        }
        let name = if each.is_some() { "{name}".to_owned() } else { name };
        // A name stands inside the path, or the path inside what is named.
        let own = [joined(&[&path, &name]).join("/"), joined(&[&name, &path]).join("/")];
        let part = of.map(|of| [joined(&[&of]).join("/"), joined(&[&own[0], &of]).join("/")]);
        let holds = |original: &String| match origin.kind {
            // A prefix is no folder: it is how keys begin.
            SystemKind::S3 => original.starts_with(&within) || *original == bare(&within),
            _ => original.strip_prefix(&within).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        };
        Some(own.iter().chain(part.iter().flatten()).any(holds))
    }
}

/// Returns whether a mirror's URL leads to the original; `None` where a fault hides it.
fn mirrors_itself(origin: &Location, asset: Draft<'_, Asset>, copy: Draft<'_, Copy>) -> Option<bool> {
    let url = Draft::<GitMirror>::new(copy.node).url()?;
    let (each, name, path) = (asset.each()?, asset.name()?, text(asset.path()?));
    let name = if each.is_some() { Some("{name}".to_owned()) } else { name.map(|name| name.value) };
    let url = match &name {
        Some(name) => url.0.replace("{name}", name),
        None => url.0.clone(),
    };
    let mirror = Address::of(&url).original_of_wiki();
    if mirror.host != origin.host.host || !is_same_port(mirror.port, origin.host.port) {
        return Some(false);
    }
    let paths = match origin.kind {
        SystemKind::Github => {
            let mut names = segments(&name.unwrap_or(path));
            if names.len() > 1 && names[0].eq_ignore_ascii_case(&origin.within) {
                names.remove(0);
            }
            let repository = names.into_iter().next();
            repository.map(|name| vec![origin.within.clone(), name]).into_iter().collect()
        }
        SystemKind::Git => {
            let base = origin.host.path.join("/");
            let inside = name.clone().unwrap_or_default();
            let mut paths = vec![joined(&[&base, &path, &inside]), joined(&[&base, &inside])];
            // The address of the system may itself be that of the one repository.
            paths.push(joined(&[&base, &path]));
            paths.dedup();
            paths
        }
        SystemKind::Artifactory | SystemKind::S3 | SystemKind::Jenkins | SystemKind::External => Vec::new(),
    };
    let same = |path: &Vec<String>| mirror.path == Address::at(&origin.host, path).original_of_wiki().path;
    Some(paths.iter().any(same))
}

impl Location {
    fn of(system: &Node) -> Option<Self> {
        let kind = Draft::<System>::new(system).kind()?;
        let (host, within) = match kind {
            SystemKind::Github => {
                let github = Draft::<GithubSystem>::new(system);
                let owner = github.org()?.or(github.user()?)?.value;
                let base = github.base_url()?.map_or_else(|| "https://github.com".to_owned(), |url| url.value.0);
                let Address { host, port, path } = Address::of(&base);
                // The API has a path on the server, or a name beside the server's own.
                let beside = host.strip_prefix("api.").filter(|_| path.is_empty());
                let host = beside.unwrap_or(&host).to_owned();
                (Address { host, port, path: Vec::new() }, owner.to_lowercase())
            }
            SystemKind::S3 => {
                let s3 = Draft::<S3System>::new(system);
                let endpoint = s3.endpoint()?.map(|url| url.value.0);
                return Some(Self::of_bucket(endpoint.as_deref(), &s3.bucket()?.value));
            }
            SystemKind::Artifactory => {
                return Some(Self::of_artifactory(&Draft::<ArtifactorySystem>::new(system).url()?.0));
            }
            SystemKind::Jenkins => return Some(Self::of_jenkins(&Draft::<JenkinsSystem>::new(system).url()?.0)),
            SystemKind::Git => (Address::of(&Draft::<GitSystem>::new(system).url()?.0), String::new()),
            SystemKind::External => return None,
        };
        Some(Self { kind, host, within })
    }

    /// Returns where a bucket is; all of AWS is one place. `endpoint` is `None` for AWS.
    pub fn of_bucket(endpoint: Option<&str>, bucket: &str) -> Self {
        let aws = |address: &Address| address.host == "amazonaws.com" || address.host.ends_with(".amazonaws.com");
        let endpoint = endpoint.map(Address::of).filter(|address| !aws(address));
        let host = endpoint.unwrap_or_else(|| Address::of("https://s3.amazonaws.com"));
        Self { kind: SystemKind::S3, host, within: bucket.to_owned() }
    }

    /// Returns where an Artifactory is.
    pub fn of_artifactory(url: &str) -> Self {
        let mut host = Address::of(url);
        // An instance answers with its context path and, behind a proxy, without.
        if host.path.last().is_some_and(|last| last == "artifactory") {
            host.path.pop();
        }
        Self { kind: SystemKind::Artifactory, host, within: String::new() }
    }

    /// Returns where a Jenkins controller is.
    pub fn of_jenkins(url: &str) -> Self {
        Self { kind: SystemKind::Jenkins, host: Address::of(url), within: String::new() }
    }

    fn words(&self) -> Vec<String> {
        let mut words = vec![self.kind.word().to_owned()];
        words.extend(self.host.words());
        words.extend([format!("{:?}", self.host.port), self.within.clone()]);
        words
    }
}

impl Address {
    fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // `ssh://git@host:owner/name` is written now and then: what looks like a port is the path.
        let (host, port, first) = match authority.rsplit_once(':') {
            Some((host, port)) => match port.parse::<u16>() {
                Ok(port) => (host, Some(port), ""),
                Err(_) if host.contains('[') => (authority, None, ""),
                Err(_) => (host, None, port),
            },
            None => (authority, None, ""),
        };
        let host = host.trim_end_matches('.').to_lowercase();
        let host = match host.as_str() {
            "ssh.github.com" | "www.github.com" => "github.com".to_owned(),
            "localhost" if scheme == "file" => String::new(),
            _ => host,
        };
        let port = matches!(scheme, "http" | "https").then(|| port.filter(|port| *port != 80).unwrap_or(443));
        Self { host, port, path: joined(&[first, path]) }
    }

    /// Returns the address of a path on the same host.
    fn at(&self, path: &[String]) -> Self {
        Self { path: path.to_vec(), ..self.clone() }
    }

    /// Returns the address of a git repository in the one way that stands for all: hosts answer to a
    /// name with `.git` and without, and hardly one tells names apart by the case of their letters.
    fn repository(mut self) -> Self {
        self.path.iter_mut().for_each(|part| *part = part.to_lowercase());
        if let Some(last) = self.path.last_mut() {
            *last = last.trim_end_matches(".git").to_owned();
        }
        self
    }

    /// As `repository`; a wiki is a part of the repository that it belongs to.
    fn original_of_wiki(self) -> Self {
        let mut address = self.repository();
        if let Some(last) = address.path.last_mut() {
            *last = last.trim_end_matches(".wiki").to_owned();
        }
        address
    }

    fn words(&self) -> Vec<String> {
        vec![self.host.clone(), self.path.join("/")]
    }
}

fn is_same_port(one: Option<u16>, other: Option<u16>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// Returns the parts of a path, without those that lead nowhere.
pub(super) fn segments(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| last != "..") => {
                parts.pop();
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

pub(super) fn joined(paths: &[&str]) -> Vec<String> {
    segments(&paths.join("/"))
}

/// Returns a path with a slash at its end, so that one begins with another only where it lies in it.
fn folder(paths: &[&str]) -> String {
    joined(paths).join("/") + "/"
}

/// Returns a prefix without the slash at its end.
fn bare(prefix: &str) -> String {
    prefix.trim_end_matches('/').to_owned()
}

fn text(given: Option<At<String>>) -> String {
    given.map(|given| given.value).unwrap_or_default()
}

fn prefix(given: Option<At<Prefix>>) -> String {
    given.map(|given| given.value.0).unwrap_or_default()
}

fn pattern(given: Option<At<Pattern>>) -> String {
    given.map(|given| given.0.as_str().to_owned()).unwrap_or_default()
}

/// Returns a text without what changes its look alone: white space and the case of its letters.
fn same_letters(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
