//! The run: puts the questions of the plan, many at once, and turns answers and misses into
//! observations.
//!
//! One system's failure never hides another's answer. Which questions there are is left to `plan`, how
//! they are put to the collectors.

mod files;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use reqwest::Url;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::time::Instant as Tick;

use super::git::{self, Between, Git, History, Remote};
use super::github::Github;
use super::http::{Door, Settings};
use super::jenkins::Wanted;
use super::miss::Miss;
use super::original::Place;
use super::plan::{self, Holdings, Job, asks_for, fill};
use super::systems::{Collector, Collectors};
use super::told::Told;
use super::{Gathered, Options, Surroundings, http_time};
use crate::evidence::fact::{ClockOffset, Unseen};
use crate::evidence::{Fact, Item, Observation, Question, Source};
use crate::model::time::Instant;
use crate::model::{Facet, UnseenReason};
use crate::policy::document::{GitMirror, GitSystem};
use crate::policy::{Asset, Copy, Policy, System};

/// How far a clock may be off before it is worth a word (design, section 5).
const WORTH_A_WORD: TimeDelta = TimeDelta::minutes(2);

/// How many comparisons of files are under way at once. Each keeps the list of one side in memory, a large one
/// only while no other large one does.
const COMPARISONS_AT_ONCE: usize = 4;

/// Whom an observation speaks of.
#[derive(Debug, Clone, Copy)]
enum About<'a> {
    System(&'a str),
    Asset(&'a str),
    Copy(&'a str, &'a str),
}

/// One run over one policy.
pub(super) struct Run<'p> {
    policy: &'p Policy,
    options: &'p Options,
    around: &'p Surroundings,
    door: Door,
    git: Git,
    systems: Collectors<'p>,
    /// Turns of comparing files, each of which keeps one side's list in memory.
    comparing: Semaphore,
    /// The turn of a comparison that needs much memory.
    comparing_large: Semaphore,
}

impl<'p> Run<'p> {
    /// Opens what the policy's systems need.
    ///
    /// # Errors
    ///
    /// Where the HTTP door cannot be opened, in words.
    pub(super) fn new(policy: &'p Policy, options: &'p Options, around: &'p Surroundings) -> Result<Self, String> {
        let settings = Settings { stop: around.stop.clone(), ..options.door.clone() };
        let door = Door::open(settings, around.clock.clone(), around.keys.clone())?;
        let git = Git::new(door.clone());
        let systems = Collectors::of(policy, &door, &around.keys);
        let (comparing, comparing_large) = (Semaphore::new(COMPARISONS_AT_ONCE), Semaphore::new(1));
        Ok(Self { policy, options, around, door, git, systems, comparing, comparing_large })
    }

    /// Puts every question and adds what was told.
    ///
    /// # Errors
    ///
    /// Where an observation cannot be written as JSON, which none can cause.
    pub(super) async fn all(&self, gathered: &mut Gathered) -> Result<(), serde_json::Error> {
        let holdings = self.lists(gathered).await?;
        if self.options.lists_of.is_none() {
            self.copies(&holdings, gathered).await?;
        }
        self.clocks(gathered)
    }

    /// Asks every system that has to be listed what it holds.
    async fn lists(&self, gathered: &mut Gathered) -> Result<Holdings, serde_json::Error> {
        let only = &self.options.only;
        let systems: Vec<(&str, &Result<Collector, Miss>)> = self
            .systems
            .all()
            .filter(|(id, _)| self.options.lists_of.as_deref().is_none_or(|wanted| wanted == *id))
            .filter(|(id, _)| {
                self.policy.system(id).is_some_and(|system| plan::needs_list(self.policy, id, system, only))
            })
            .collect();
        self.around.watch.begins("listing systems", systems.len());
        let mut holdings = Holdings::new();
        let mut lists = stream::iter(systems)
            .map(|(id, collector)| async move {
                match collector {
                    Ok(collector) => (id, self.list(id, collector).await),
                    Err(miss) => (id, List { misses: vec![miss.clone()], ..List::default() }),
                }
            })
            .buffer_unordered(self.options.jobs);
        while let Some((id, list)) = lists.next().await {
            self.around.watch.answered(id, list.misses.first());
            let identity = list.identity.as_deref();
            let mut items = Vec::new();
            for told in list.told {
                if let Fact::Item(item) = &told.fact {
                    items.push(Item::clone(item));
                }
                gathered.observations.push(self.observe(told, About::System(id), Some(id), identity)?);
            }
            for miss in &list.misses {
                let observation = self.unseen(miss, Some(Question::Inventory), About::System(id), None, identity)?;
                gathered.observations.push(observation);
            }
            holdings.insert(id.to_owned(), items);
            self.changes(id, list.changes, identity, &holdings, gathered)?;
        }
        self.around.watch.ends();
        Ok(holdings)
    }

    async fn list(&self, id: &str, collector: &Collector) -> List {
        let progress =
            |done: usize, all: usize| self.around.watch.nears(&format!("definitions of the jobs of {id}"), done, all);
        let definitions = self.options.lists_of.is_some() || plan::needs_definitions(self.policy, id);
        let listing = collector.inventory(&Wanted { definitions, progress: &progress }).await;
        let mut list = List {
            identity: self.systems.identity(id).await,
            told: listing.told,
            changes: listing.changes,
            misses: listing.misses,
        };
        let listed = |list: &List, name: &str| {
            list.told.iter().any(|told| matches!(&told.fact, Fact::Item(item) if *item.name == *name))
        };
        let Collector::Github(github) = collector else { return list };
        // What the policy names and the list does not have may have been renamed.
        let here = self.policy.document().assets.iter().filter(|asset| asset.lives_in.value == id);
        for name in here.filter_map(|asset| asset.name.as_ref()) {
            if listed(&list, name) {
                continue;
            }
            match github.renamed(name).await {
                Ok(Some((_, told))) => list.told.push(told),
                Ok(None) => {}
                Err(miss) => list.misses.push(miss),
            }
        }
        list
    }

    /// Says of each asset when it changed last, as far as the list told.
    fn changes(
        &self,
        system: &str,
        changes: Vec<(Box<str>, Told)>,
        identity: Option<&str>,
        holdings: &Holdings,
        gathered: &mut Gathered,
    ) -> Result<(), serde_json::Error> {
        let changes: BTreeMap<Box<str>, Told> = changes.into_iter().collect();
        let now = self.around.clock.now();
        // Of an asset with other parts nobody tells when those changed: issues move without a push.
        let is_git = |asset: &Asset| asset.facets.iter().all(|facet| facet.value == Facet::Git);
        let told_whole = |asset: &&Asset| !asset.facets.is_empty() && is_git(asset);
        let here = self.policy.document().assets.iter().filter(|asset| asset.lives_in.value == system);
        for asset in here.filter(told_whole) {
            for (id, item) in plan::members(self.policy, asset, holdings, now) {
                let Some(told) = item.and_then(|item| changes.get(item.as_str())) else { continue };
                if plan::wanted(&self.options.only, &id) {
                    gathered.observations.push(self.observe(told.clone(), About::Asset(&id), None, identity)?);
                }
            }
        }
        Ok(())
    }

    /// Puts the questions about copies, each once.
    async fn copies(&self, holdings: &Holdings, gathered: &mut Gathered) -> Result<(), serde_json::Error> {
        let now = self.around.clock.now();
        let jobs = plan::jobs(self.policy, holdings, &self.options.only, self.options.from, now);
        self.around.watch.begins("looking at copies", jobs.len());
        // How many comparisons still need each original.
        let mut needed: BTreeMap<String, usize> = BTreeMap::new();
        for url in jobs.iter().filter_map(|job| self.original(job).ok()) {
            *needed.entry(url).or_default() += 1;
        }
        let mut looks = stream::iter(jobs)
            .map(|job| async move {
                let outcome = Box::pin(self.in_time(self.look(&job))).await;
                // Here and not below, where nothing else goes on while it is waited for.
                let identity = self.in_time(async { Ok(self.systems.identity(job.system).await) }).await;
                (job, outcome, identity.ok().flatten())
            })
            .buffer_unordered(self.options.jobs);
        while let Some((job, outcome, identity)) = looks.next().await {
            self.around.watch.answered(&job.name(), outcome.as_ref().err());
            self.forget(&job, &mut needed);
            for (asset, copy) in &job.wanted_by {
                let about = About::Copy(asset, copy);
                match &outcome {
                    Ok(told) => {
                        for told in told {
                            gathered.observations.push(self.observe(told.clone(), about, None, identity.as_deref())?);
                        }
                    }
                    Err(miss) => {
                        let asked = Some(asks_for(job.copy.method()));
                        gathered.observations.push(self.unseen(miss, asked, about, None, identity.as_deref())?);
                    }
                }
            }
        }
        self.around.watch.ends();
        Ok(())
    }

    /// Ends a question that was interrupted or that the deadline overtook.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Miss>>) -> Result<T, Miss> {
        let not_asked = |why: &str| Err(Miss::new(UnseenReason::Offline, format!("not asked: {why}")));
        if self.around.stop.is_cancelled() {
            return not_asked("the collection was interrupted");
        }
        let deadline = self.options.door.deadline;
        if deadline.is_some_and(|deadline| deadline <= Tick::now()) {
            return not_asked("the deadline had passed");
        }
        let late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            outcome = work => outcome,
            () = self.around.stop.cancelled() => {
                Err(Miss::new(UnseenReason::Unreachable, "the collection was interrupted before it answered"))
            }
            () = late => Err(Miss::new(UnseenReason::Unreachable, "the deadline came before it answered")),
        }
    }

    /// Puts one question about a copy.
    async fn look(&self, job: &Job<'p>) -> Result<Vec<Told>, Miss> {
        let item = job.item.as_deref();
        match job.copy {
            Copy::GitMirror(mirror) => self.mirror(job, mirror).await.map(|told| vec![told]),
            Copy::Commits(commits) => self.systems.github(job.system)?.commits(commits, item, job.since).await,
            Copy::Workflow(workflow) => self.systems.github(job.system)?.workflow(workflow, item, job.since).await,
            Copy::Migrations(copy) => self.systems.github(job.system)?.migrations(copy, item, job.since).await,
            Copy::Releases(releases) => self.systems.github(job.system)?.releases(releases, item).await,
            Copy::Http(http) => http_time::look(&self.door, http, item).await,
            Copy::Objects(objects) => {
                self.apart(job, objects.pattern.is_some())?;
                self.systems.bucket(job.system)?.objects(objects, item, job.since).await
            }
            Copy::ObjectMirror(mirror) => self.files(job, mirror.of.as_deref(), mirror.sample.as_ref()).await,
            Copy::Artifacts(artifacts) => {
                self.apart(job, artifacts.pattern.is_some())?;
                let artifactory = self.systems.artifactory(job.system)?;
                let told = artifactory.artifacts(artifacts, item, job.since).await?;
                Ok([told, artifactory.settings(&fill(&artifacts.repository, item)).await].concat())
            }
            Copy::ArtifactMirror(mirror) => self.files(job, mirror.of.as_deref(), mirror.sample.as_ref()).await,
            Copy::BackupConfig(config) => {
                if let Some(System::Jenkins(_)) = self.policy.system(job.system) {
                    return self.systems.jenkins(job.system)?.backup_config(config).await;
                }
                let own = Place::of(self.policy, job.asset, item, None).ok();
                let repository = own.and_then(|place| match place {
                    Place::Artifactory { system, repository, .. } => (system == job.system).then_some(repository),
                    Place::S3 { .. } => None,
                });
                self.systems.artifactory(job.system)?.backup_config(config, repository.as_deref()).await
            }
            Copy::Replication(replication) => self.replication(job, replication).await,
            Copy::Build(build) => self.systems.jenkins(job.system)?.build(build, item, job.since).await,
            Copy::Import(_) | Copy::Attestation(_) | Copy::Included(_) | Copy::Rebuild(_) => {
                Err(Miss::new(UnseenReason::Offline, "this version cannot ask for it"))
            }
        }
    }

    /// Compares a mirror with its original.
    async fn mirror(&self, job: &Job<'p>, mirror: &GitMirror) -> Result<Told, Miss> {
        let (asset, item) = (job.asset, job.item.as_deref());
        let lives_in = asset.lives_in.value.as_str();
        let url = fill(&mirror.url.0, item);
        let copy = Remote { credential: self.credential(job.system, &url).await?, url };
        let url = self.original(job)?;
        let primary = Remote { credential: self.credential(lives_in, &url).await?, url };
        // A wiki is a repository of its own, of which GitHub tells no history.
        let is_wiki = plan::is_wiki(job.copy);
        let known = self.systems.github(lives_in).ok();
        let history = known.zip(item).filter(|_| !is_wiki);
        let history = history.map(|(github, name)| RepositoryHistory { github, name });
        git::mirror(&self.git, &primary, &copy, history.as_ref().map(|history| history as &dyn History)).await
    }

    /// Returns the address of what a mirror is a mirror of.
    fn original(&self, job: &Job<'p>) -> Result<String, Miss> {
        let (asset, item) = (job.asset, job.item.as_deref());
        let lives_in = asset.lives_in.value.as_str();
        let Copy::GitMirror(_) = job.copy else { return Err(Miss::unreadable("it is no mirror")) };
        let url = match self.policy.system(lives_in) {
            Some(System::Github(_)) => {
                let name = item.ok_or_else(|| {
                    Miss::unreadable(format!("`{}` names no repository of `{lives_in}`; give it a `name`", asset.id.0))
                })?;
                self.systems.github(lives_in)?.clone_url(name)
            }
            Some(System::Git(system)) => original(system, asset, item)?,
            Some(System::Artifactory(_) | System::S3(_) | System::Jenkins(_) | System::External(_)) | None => {
                let what = format!("the original lives in `{lives_in}`, which holds no git repository");
                return Err(Miss::unreadable(what));
            }
        };
        if plan::is_wiki(job.copy) {
            return Ok(format!("{}.wiki.git", url.strip_suffix(".git").unwrap_or(&url)));
        }
        Ok(url)
    }

    /// Drops the refs that no other comparison needs.
    fn forget(&self, job: &Job<'p>, needed: &mut BTreeMap<String, usize>) {
        let Copy::GitMirror(mirror) = job.copy else { return };
        let copy = fill(&mirror.url.0, job.item.as_deref());
        if !needed.contains_key(&copy) {
            self.git.forget(&copy);
        }
        let Ok(url) = self.original(job) else { return };
        if let Some(count) = needed.get_mut(&url) {
            *count -= 1;
            if *count == 0 {
                needed.remove(&url);
                self.git.forget(&url);
            }
        }
    }

    /// Returns the credential for a git URL in a system; `None` where there is none, or the URL leads to
    /// another host than the system's.
    async fn credential(&self, system: &str, url: &str) -> Result<Option<(String, SecretString)>, Miss> {
        match self.policy.system(system) {
            Some(System::Github(_)) => {
                let github = self.systems.github(system)?;
                Ok(if same_host(&github.clone_url("x"), url) { github.git_credential().await } else { None })
            }
            Some(System::Git(git)) if same_host(&git.url.0, url) => {
                let Some(token) = &git.token else { return Ok(None) };
                // A name is no secret, and may stand in reports.
                let user = git.user.as_ref().map(|user| self.around.keys.read_open(user)).transpose()?;
                let user = user.unwrap_or_else(|| "git".to_owned());
                Ok(Some((user, self.around.keys.read(token)?)))
            }
            _ => Ok(None),
        }
    }

    /// Says which systems' clocks are off.
    fn clocks(&self, gathered: &mut Gathered) -> Result<(), serde_json::Error> {
        let skews = self.door.skews();
        for (id, system) in &self.policy.document().systems.0 {
            let host = match system {
                System::Github(_) | System::Artifactory(_) | System::S3(_) | System::Jenkins(_) => {
                    self.systems.host(&id.value)
                }
                System::Git(git) => Url::parse(&git.url.0).ok().and_then(|url| url.host_str().map(str::to_owned)),
                System::External(_) => None,
            };
            let Some(skew) = host.and_then(|host| skews.get(&host)).filter(|skew| skew.abs() > WORTH_A_WORD) else {
                continue;
            };
            let fact = Fact::Clock(ClockOffset { ahead_seconds: skew.num_seconds() });
            let told = Told { fact, observed_at: self.around.clock.now(), source: Source::default() };
            gathered.observations.push(self.observe(told, About::System(&id.value), Some(&id.value), None)?);
        }
        Ok(())
    }

    /// Turns a fact into an observation. An answer that repeats a secret is not written down.
    fn observe(
        &self,
        told: Told,
        about: About<'_>,
        system: Option<&str>,
        identity: Option<&str>,
    ) -> Result<Observation, serde_json::Error> {
        let mut observation = Observation::new(told.fact, told.observed_at);
        if let Fact::Unseen(unseen) = &mut observation.fact {
            unseen.what = self.around.keys.scrub(&unseen.what).into();
        }
        match about {
            About::System(_) => {}
            About::Asset(asset) => observation.asset = Some(asset.into()),
            About::Copy(asset, copy) => {
                observation.asset = Some(asset.into());
                // When an asset changed is a fact about the asset.
                observation.copy = (!matches!(observation.fact, Fact::Changes(_))).then(|| copy.into());
            }
        }
        observation.system = system.map(Into::into);
        *observation.source_mut() = told.source;
        if observation.source().identity.is_none() {
            observation.source_mut().identity = identity.map(Into::into);
        }
        let written = serde_json::to_vec(&observation)?;
        if self.around.keys.is_in(&written) {
            let miss = Miss::unreadable("the answer repeats the credential that was sent, so it is not written down");
            return self.unseen(&miss, None, about, Some(told.observed_at), None);
        }
        observation.seal()
    }

    fn unseen(
        &self,
        miss: &Miss,
        fact: Option<Question>,
        about: About<'_>,
        at: Option<Instant>,
        identity: Option<&str>,
    ) -> Result<Observation, serde_json::Error> {
        let what = self.around.keys.scrub(&miss.what).into();
        let fact = Fact::Unseen(Unseen { fact, reason: miss.reason, what });
        let mut observation = Observation::new(fact, at.unwrap_or_else(|| self.around.clock.now()));
        match about {
            About::System(system) => observation.system = Some(system.into()),
            About::Asset(asset) => observation.asset = Some(asset.into()),
            About::Copy(asset, copy) => {
                observation.asset = Some(asset.into());
                observation.copy = Some(copy.into());
            }
        }
        if let Some(source) =
            miss.provenance.as_deref().filter(|source| !self.around.keys.is_in(format!("{source:?}").as_bytes()))
        {
            *observation.source_mut() = source.clone();
        }
        observation.source_mut().identity = identity.map(Into::into);
        observation.seal()
    }
}

/// What listing one system told.
#[derive(Debug, Default)]
struct List {
    identity: Option<Box<str>>,
    told: Vec<Told>,
    changes: Vec<(Box<str>, Told)>,
    misses: Vec<Miss>,
}

/// The history of one repository, as GitHub tells it.
struct RepositoryHistory<'a> {
    github: &'a Github,
    name: &'a str,
}

impl History for RepositoryHistory<'_> {
    fn between<'a>(&'a self, base: &'a str, head: &'a str) -> BoxFuture<'a, Result<Between, Miss>> {
        Box::pin(self.github.between(self.name, base, head))
    }
}

/// Returns the URL of an original that lives on a git host.
fn original(system: &GitSystem, asset: &Asset, item: Option<&str>) -> Result<String, Miss> {
    let base = system.url.0.trim_end_matches('/');
    match (item, &asset.path) {
        (Some(name), _) => Ok(format!("{base}/{}.git", name.strip_suffix(".git").unwrap_or(name))),
        (None, Some(path)) => Ok(format!("{base}/{}", path.trim_start_matches('/'))),
        (None, None) => Err(Miss::unreadable(format!(
            "`{}` names no repository of `{}`; give it a `name` or a `path`",
            asset.id.0, asset.lives_in.value
        ))),
    }
}

/// Returns whether both URLs are answered by one server.
fn same_host(one: &str, other: &str) -> bool {
    let place = |url: &str| {
        let url = Url::parse(url).ok()?;
        Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default()))
    };
    place(one).is_some_and(|one| place(other) == Some(one))
}
