//! The truth of controllers: their jobs, what ran, and who may see what.
//!
//! How it is told is left to the files beside.

use chrono::TimeDelta;
use lastgood::model::Instant;
use serde::Deserialize;

use super::super::truth::{Every, Moment};

/// One Jenkins controller.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// The path below which it answers, without slashes; it is its id too.
    #[serde(default = "jenkins")]
    pub context: String,
    /// Its version.
    #[serde(default = "version")]
    pub version: String,
    /// Whether it is so old that it tells no classes.
    #[serde(default)]
    pub classless: bool,
    /// What anybody may do.
    #[serde(default)]
    pub anonymous: Vec<Right>,
    /// Users who have an API token.
    #[serde(default)]
    pub users: Vec<User>,
    /// Its plugins.
    #[serde(default)]
    pub plugins: Vec<Plugin>,
    /// Its jobs and folders.
    #[serde(default)]
    pub jobs: Vec<Job>,
}

fn jenkins() -> String {
    "jenkins".to_owned()
}

fn version() -> String {
    "2.426.1".to_owned()
}

fn yes() -> bool {
    true
}

/// What somebody may do, in Jenkins' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Overall/Read and Job/Read, but for what is hidden.
    Read,
    /// Job/ExtendedRead: definitions.
    ExtendedRead,
    /// Overall/SystemRead: settings.
    SystemRead,
    /// Overall/Administer: everything.
    Administer,
}

/// A user with an API token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
    /// The token.
    pub token: String,
    /// What the user may do.
    pub rights: Vec<Right>,
}

/// A plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// Its id.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it is meant to run, and does.
    #[serde(default = "yes")]
    pub active: bool,
}

/// What a job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A job that is clicked together.
    #[default]
    Freestyle,
    /// A pipeline whose script stands in its definition.
    Pipeline,
    /// A pipeline whose script stands in a repository.
    ScmPipeline,
    /// A folder.
    Folder,
    /// A job for every branch of a repository.
    Multibranch,
    /// A multibranch job for every repository of an organisation.
    Organization,
}

/// A job or a folder.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name, as Jenkins writes it: a branch's is escaped.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// What is inside.
    #[serde(default)]
    pub jobs: Vec<Self>,
    /// Whether it is disabled.
    #[serde(default)]
    pub disabled: bool,
    /// Whether only administrators see it.
    #[serde(default)]
    pub hidden: bool,
    /// Whether a tool made it, which says so in the description.
    #[serde(default)]
    pub generated: bool,
    /// Its schedule, as it is typed in.
    #[serde(default)]
    pub cron: Option<String>,
    /// Builds, in any order.
    #[serde(default)]
    pub builds: Vec<Build>,
    /// Builds at equal distances besides, all of them stable, the newest one distance ago.
    #[serde(default)]
    pub every: Option<Every>,
    /// How many builds before these were deleted.
    #[serde(default)]
    pub rotated: u64,
}

/// One build.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// When it was scheduled.
    pub at: Moment,
    /// How long it took, in seconds.
    #[serde(default = "ten_minutes")]
    pub seconds: i64,
    /// How it ended; absent while it runs.
    #[serde(default)]
    pub result: Option<String>,
    /// The files that it kept, with their sizes.
    #[serde(default)]
    pub artifacts: std::collections::BTreeMap<String, u64>,
}

fn ten_minutes() -> i64 {
    600
}

impl Job {
    /// Returns its builds with their numbers and when they were scheduled, newest first.
    pub fn all_builds(&self, now: Instant) -> Vec<(u64, Instant, Build)> {
        let mut builds: Vec<(Instant, Build)> =
            self.builds.iter().map(|build| (build.at.seen_from(now), build.clone())).collect();
        if let Some(every) = self.every {
            builds.extend((1..=every.count).map(|number| {
                let at = now - TimeDelta::hours(every.hours) * i32::try_from(number).expect("few builds");
                let result = Some("SUCCESS".to_owned());
                (at, Build { at: Moment::At(at), seconds: 600, result, artifacts: std::collections::BTreeMap::new() })
            }));
        }
        builds.sort_by_key(|(at, _)| *at);
        let numbered = (self.rotated + 1..).zip(builds);
        let mut builds: Vec<_> = numbered.map(|(number, (at, build))| (number, at, build)).collect();
        builds.reverse();
        builds
    }

    /// Returns whether it holds jobs.
    pub const fn is_holder(&self) -> bool {
        matches!(self.kind, Kind::Folder | Kind::Multibranch | Kind::Organization)
    }
}

impl Controller {
    /// Returns a controller of many jobs, always the same ones: `folders` folders, in each as many again,
    /// and so many jobs in each of those. Anybody may do everything.
    pub fn of_many(folders: usize, jobs: usize) -> Self {
        let one = |number: usize| Job {
            name: format!("job-{number:04}"),
            kind: match number % 4 {
                0 => Kind::Pipeline,
                1 => Kind::Freestyle,
                _ => Kind::ScmPipeline,
            },
            disabled: number % 10 == 9,
            ..Job::default()
        };
        let folder = |number: usize, jobs: Vec<Job>| Job {
            name: format!("folder-{number:03}"),
            kind: Kind::Folder,
            jobs,
            ..Job::default()
        };
        let inner = || (0..folders).map(|number| folder(number, (0..jobs).map(one).collect())).collect::<Vec<_>>();
        Self {
            context: jenkins(),
            version: version(),
            classless: false,
            anonymous: vec![Right::Administer],
            users: Vec::new(),
            plugins: Vec::new(),
            jobs: (0..folders).map(|number| folder(number, inner())).collect(),
        }
    }
}
