//! The truth of the synthetic organisation: what is there, and who may see it.
//!
//! Read from a small file, or made in any number. How it is told is left to `github`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use lastgood::model::time::parse_instant;
use lastgood::model::{Instant, Timespan};
use serde::{Deserialize, Deserializer};

use super::jenkins::Controller;

/// A point in time: fixed, or so long before the estate was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As in `2020-07-22T00:00:00Z`.
    At(Instant),
    /// As in `2h ago`.
    Ago(Timespan),
}

impl Moment {
    /// Returns the moment as an instant, where the estate was started at `now`.
    pub fn seen_from(self, now: Instant) -> Instant {
        match self {
            Self::At(instant) => instant,
            Self::Ago(span) => span.before(now),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let ago = text.strip_suffix(" ago").and_then(|span| span.parse().ok()).map(Self::Ago);
        ago.or_else(|| parse_instant(&text).map(Self::At))
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is neither a time nor `2h ago`")))
    }
}

/// Everything that is true of the estate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// The organisation's login.
    pub organization: String,
    /// Its number.
    #[serde(default = "default_id")]
    pub id: u64,
    /// Logins of people, who may own repositories too.
    #[serde(default)]
    pub users: Vec<String>,
    /// All repositories.
    pub repositories: Vec<Repository>,
    /// GitHub's own exports.
    #[serde(default)]
    pub migrations: Vec<Migration>,
    /// Tokens that are known.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// A GitHub App, where there is one.
    #[serde(default)]
    pub app: Option<App>,
    /// S3: keys and buckets.
    #[serde(default)]
    pub s3: super::s3::Truth,
    /// The Artifactory.
    #[serde(default)]
    pub artifactory: super::artifactory::Truth,
    /// Jenkins controllers.
    #[serde(default)]
    pub jenkins: Vec<Controller>,
}

fn default_id() -> u64 {
    4242
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "GitHub has as many")]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Who owns it; the organisation where this is absent.
    #[serde(default)]
    pub owner: Option<String>,
    /// Its number; its place in the list plus 1,000 where this is 0.
    #[serde(default)]
    pub id: u64,
    /// When it was made.
    #[serde(default = "a_year_ago")]
    pub created: Moment,
    /// When something was last pushed to any of its refs; absent where nothing ever was.
    #[serde(default)]
    pub pushed: Option<Moment>,
    /// Whether it is read-only.
    #[serde(default)]
    pub archived: bool,
    /// Whether it is a fork.
    #[serde(default)]
    pub fork: bool,
    /// Whether only members see it.
    #[serde(default)]
    pub private: bool,
    /// Whether GitHub has locked it.
    #[serde(default)]
    pub disabled: bool,
    /// Whether it holds no commit.
    #[serde(default)]
    pub empty: bool,
    /// Whether it is a template.
    #[serde(default)]
    pub template: bool,
    /// Whether GitHub pulls it from elsewhere.
    #[serde(default)]
    pub mirror_of: Option<String>,
    /// Whether its wiki is switched on, which does not say that it holds anything.
    #[serde(default)]
    pub wiki: bool,
    /// How many issues it has; absent where they are switched off.
    #[serde(default)]
    pub issues: Option<u64>,
    /// How many pull requests it has.
    #[serde(default)]
    pub pull_requests: u64,
    /// Releases, in any order.
    #[serde(default)]
    pub releases: Vec<Release>,
    /// What its `.gitattributes` says; absent where it has none.
    #[serde(default)]
    pub gitattributes: Option<String>,
    /// Other files of the default branch, by path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The default branch.
    #[serde(default = "default_branch")]
    pub branch: String,
    /// Other branches.
    #[serde(default)]
    pub branches: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Names that it had before.
    #[serde(default)]
    pub former: Vec<String>,
    /// Workflows.
    #[serde(default)]
    pub workflows: Vec<Workflow>,
    /// Commits of the default branch, in any order. Where there are none and the repository is not
    /// empty, it has one commit at `pushed`.
    #[serde(default)]
    pub commits: Vec<Commit>,
    /// How its mirror differs; absent where it has none.
    #[serde(default)]
    pub mirror: Option<Mirror>,
    /// GraphQL fields that no token may read: they come as null, with an error beside the data.
    #[serde(default)]
    pub denied: Vec<String>,
}

fn a_year_ago() -> Moment {
    Moment::Ago(Timespan::days(365))
}

fn default_branch() -> String {
    "main".to_owned()
}

impl Default for Repository {
    fn default() -> Self {
        serde_json::from_str(r#"{"name": "repository"}"#).expect("a name suffices")
    }
}

/// How a mirror differs from its repository: how many refs of each kind. All zero: it is equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mirror {
    /// Refs that point at an ancestor of what the repository has.
    pub behind: usize,
    /// Refs that the mirror has not.
    pub missing: usize,
    /// Refs that only the mirror has.
    pub extra: usize,
    /// Refs that point at something that the repository never had.
    pub diverged: usize,
}

impl Mirror {
    /// Returns whether the mirror holds all that the repository holds.
    pub const fn is_whole(self) -> bool {
        self.behind == 0 && self.missing == 0 && self.diverged == 0
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its committer's date.
    pub at: Moment,
    /// The paths that it touched.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Its message.
    #[serde(default)]
    pub message: String,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its tag.
    pub tag: String,
    /// When it was published; absent for a draft.
    #[serde(default)]
    pub published: Option<Moment>,
    /// Whether it is marked as a prerelease.
    #[serde(default)]
    pub prerelease: bool,
    /// Its files.
    #[serde(default)]
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Its size in bytes; 0 is a failed upload.
    pub size: u64,
    /// Its digest, as in `sha256:…`; older files have none.
    #[serde(default)]
    pub digest: Option<String>,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Its file under `.github/workflows/`.
    pub file: String,
    /// `active`, `disabled_inactivity` or `disabled_manually`.
    #[serde(default = "active")]
    pub state: String,
    /// When it is meant to run; absent where no schedule triggers it.
    #[serde(default)]
    pub cron: Option<String>,
    /// Its runs, in any order.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Runs at equal distances, besides `runs`.
    #[serde(default)]
    pub every: Option<Every>,
}

fn active() -> String {
    "active".to_owned()
}

/// One run of a workflow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// When it was made.
    pub at: Moment,
    /// How long it took, in seconds.
    #[serde(default = "ten_minutes")]
    pub seconds: i64,
    /// How it ended; absent while it runs.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// What triggered it.
    #[serde(default = "schedule")]
    pub event: String,
    /// The branch; the default one where absent.
    #[serde(default)]
    pub branch: Option<String>,
    /// Steps of its one job, each with how it ended.
    #[serde(default)]
    pub steps: BTreeMap<String, String>,
}

fn ten_minutes() -> i64 {
    600
}

fn schedule() -> String {
    "schedule".to_owned()
}

/// Runs at equal distances, all successful, the newest one distance ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Every {
    /// The distance in hours.
    pub hours: i64,
    /// How many.
    pub count: u32,
}

impl Workflow {
    /// Returns its runs with when they were made, newest first.
    pub fn all_runs(&self, now: Instant) -> Vec<(Instant, Run)> {
        let mut runs: Vec<_> = self.runs.iter().map(|run| (run.at.seen_from(now), run.clone())).collect();
        if let Some(every) = self.every {
            runs.extend((1..=every.count).map(|number| {
                let at = now - TimeDelta::hours(every.hours) * i32::try_from(number).expect("few runs");
                let conclusion = Some("success".to_owned());
                let steps = BTreeMap::default();
                let run = Run { at: Moment::At(at), seconds: 600, conclusion, event: schedule(), branch: None, steps };
                (at, run)
            }));
        }
        runs.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        runs
    }
}

/// One of GitHub's own exports.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "GitHub has as many")]
pub struct Migration {
    /// Its number.
    pub id: u64,
    /// `pending`, `exporting`, `exported` or `failed`.
    pub state: String,
    /// When it was begun.
    pub created: Moment,
    /// When its state last changed; as `created` where absent.
    #[serde(default)]
    pub updated: Option<Moment>,
    /// Names of the repositories that it holds.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Whether it left the repositories locked.
    #[serde(default)]
    pub lock_repositories: bool,
    /// Whether it holds no git data.
    #[serde(default)]
    pub exclude_git_data: bool,
    /// Whether it holds no issues and other metadata.
    #[serde(default)]
    pub exclude_metadata: bool,
    /// Whether it holds nothing but the organisation's own settings.
    #[serde(default)]
    pub org_metadata_only: bool,
}

/// A token and what it may see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token itself.
    #[serde(rename = "token")]
    pub secret: String,
    /// Whose it is.
    #[serde(default = "auditor")]
    pub login: String,
    /// What kind of token it is.
    #[serde(default)]
    pub kind: Kind,
    /// What it may see.
    pub sees: Sees,
    /// The scopes of a classic token.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What the header says of when it expires; as GitHub writes it.
    #[serde(default)]
    pub expiration: Option<String>,
}

fn auditor() -> String {
    "auditor".to_owned()
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A classic personal token, whose scopes every answer tells.
    #[default]
    Classic,
    /// A fine-grained personal token.
    FineGrained,
    /// The token of an installation of a GitHub App.
    Installation,
}

/// What somebody may see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Sees {
    /// One of the words.
    Scope(Scope),
    /// What is public, and the private repositories of these names.
    Selected(Vec<String>),
}

/// What somebody may see, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What everybody sees.
    Public,
    /// Everything.
    All,
    /// What everybody sees: the organisation wants single sign-on first, and says so in a header.
    Sso,
}

/// A GitHub App.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its number.
    pub id: u64,
    /// The number of its installation in the organisation.
    pub installation: u64,
    /// What the installation may see.
    pub sees: Sees,
}

impl Truth {
    /// Reads a truth.
    pub fn parse(yaml: &str) -> Self {
        let truth: Self = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("the truth is wrong: {error}"));
        truth.numbered()
    }

    /// Returns the truth of `example.yaml`.
    pub fn example() -> Self {
        Self::parse(include_str!("example.yaml"))
    }

    /// Returns an organisation of `count` repositories of many kinds, always the same ones, and the
    /// token `estate-all` that sees them all.
    pub fn of_many(count: u64) -> Self {
        let repositories = (0..count).map(one_of_many).collect();
        let token = Token {
            secret: "estate-all-0123456789".to_owned(),
            login: auditor(),
            kind: Kind::Classic,
            sees: Sees::Scope(Scope::All),
            scopes: vec!["repo".to_owned(), "read:org".to_owned()],
            expiration: None,
        };
        let organization = "estate".to_owned();
        let (users, migrations, app, jenkins) = (Vec::new(), Vec::new(), None, Vec::new());
        let s3 = super::s3::Truth::default();
        let artifactory = super::artifactory::Truth::default();
        let id = default_id();
        let tokens = vec![token];
        Self { organization, id, users, repositories, migrations, tokens, app, s3, artifactory, jenkins }.numbered()
    }

    fn numbered(mut self) -> Self {
        for (number, repository) in (1_000..).zip(&mut self.repositories) {
            if repository.id == 0 {
                repository.id = number;
            }
            if repository.pushed.is_none() && !repository.empty {
                repository.pushed = Some(repository.created);
            }
        }
        self
    }

    /// Returns the repository of that name.
    pub fn repository(&self, name: &str) -> &Repository {
        let found = self.repositories.iter().find(|repository| repository.name == name);
        found.unwrap_or_else(|| panic!("the truth knows no repository {name}"))
    }

    /// Returns the repository of that name, to change it.
    pub fn repository_mut(&mut self, name: &str) -> &mut Repository {
        let found = self.repositories.iter_mut().find(|repository| repository.name == name);
        found.unwrap_or_else(|| panic!("the truth knows no repository {name}"))
    }

    /// Returns who owns a repository.
    pub fn owner<'a>(&'a self, repository: &'a Repository) -> &'a str {
        repository.owner.as_deref().unwrap_or(&self.organization)
    }
}

fn one_of_many(number: u64) -> Repository {
    let every = |nth: u64| number % nth == nth - 1;
    let empty = every(97);
    Repository {
        name: format!("repository-{number:05}"),
        created: Moment::Ago(Timespan::days(100 + number % 3_000)),
        pushed: (!empty).then(|| Moment::Ago(Timespan::days(1 + number % 400))),
        archived: every(10),
        fork: every(12),
        private: every(5),
        disabled: every(500),
        empty,
        template: every(200),
        wiki: every(3),
        issues: (!every(7)).then_some(number % 50),
        pull_requests: number % 20,
        gitattributes: every(50).then(|| "*.bin filter=lfs diff=lfs merge=lfs -text\n".to_owned()),
        branch: if every(4) { "master" } else { "main" }.to_owned(),
        ..Repository::default()
    }
}
