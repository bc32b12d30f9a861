//! The truth of the Artifactory: repositories and what they hold, backups, replications, and who may see what.
//!
//! Read from a small file, or made in any number. How it is told is left to the other files.

use lastgood::model::{Instant, Timespan};
use serde::Deserialize;

use super::super::truth::Moment;

/// Everything that is true of the Artifactory.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "Artifactory has as many")]
pub struct Truth {
    /// Whether it is a Cloud server that was deactivated: every path leads elsewhere.
    pub deactivated: bool,
    /// Whether it keeps its configuration to itself, as Cloud servers do.
    pub cloud: bool,
    /// Whether it answers whoever does not say who it is.
    pub anonymous: bool,
    /// Whether what is forbidden is answered as if it were not there.
    pub hides: bool,
    /// The zone in which it writes times, in hours from UTC; as Cloud servers do where absent.
    pub zone: Option<i32>,
    /// Whether numbers of the storage summary are texts with commas, as older servers write them.
    pub commas: bool,
    /// Repositories that the storage summary still knows.
    pub summary_knows: Vec<String>,
    /// What it understands of queries.
    pub queries: Queries,
    /// How many rows it looks at for one query.
    pub query_limit: u64,
    /// Whether it says so where it looks at fewer rows than it was asked for.
    pub notifies: bool,
    /// Whether it sorts without regard to case, and compares with.
    pub sorts_without_case: bool,
    /// Whether something before it answers every query as the first one.
    pub stuck: bool,
    /// The repositories.
    pub repositories: Vec<Repository>,
    /// Its own backups.
    pub backups: Vec<Backup>,
    /// Whether no replication is sent.
    pub blocks_push: bool,
    /// Whether no replication is fetched.
    pub blocks_pull: bool,
    /// Who may look.
    pub users: Vec<User>,
}

impl Default for Truth {
    fn default() -> Self {
        Self {
            deactivated: false,
            cloud: false,
            anonymous: true,
            hides: false,
            zone: None,
            commas: false,
            summary_knows: Vec::new(),
            queries: Queries::All,
            query_limit: 500_000,
            notifies: true,
            sorts_without_case: false,
            stuck: false,
            repositories: Vec::new(),
            backups: Vec::new(),
            blocks_push: false,
            blocks_pull: false,
            users: Vec::new(),
        }
    }
}

/// What is understood of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queries {
    /// All.
    All,
    /// No condition inside another one.
    Flat,
    /// No order, as in the open-source edition.
    Unsorted,
    /// Nothing: they are forbidden.
    Forbidden,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Its key.
    pub key: String,
    /// `LOCAL`, `FEDERATED`, `REMOTE`, `VIRTUAL` or another word.
    #[serde(default = "local")]
    pub r#type: String,
    /// Its type of package.
    #[serde(default = "generic")]
    pub package: String,
    /// Its files.
    #[serde(default)]
    pub items: Vec<Item>,
    /// Files by the thousand.
    #[serde(default)]
    pub many: Option<Many>,
    /// Where a remote one fetches from; the list of repositories says nothing of it where absent.
    #[serde(default)]
    pub upstream: Option<String>,
    /// To where it is replicated.
    #[serde(default)]
    pub replications: Vec<Replication>,
    /// How the last replication ended; `never_run` where absent.
    #[serde(default)]
    pub replicated: Option<Replicated>,
}

fn local() -> String {
    "LOCAL".to_owned()
}

fn generic() -> String {
    "Generic".to_owned()
}

impl Repository {
    /// Returns a local repository with nothing in it.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            r#type: local(),
            package: generic(),
            items: Vec::new(),
            many: None,
            upstream: None,
            replications: Vec::new(),
            replicated: None,
        }
    }
}

/// A file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its path in the repository.
    pub path: String,
    /// Its size in bytes.
    #[serde(default = "one")]
    pub size: u64,
    /// When it came to be here.
    #[serde(default = "a_day_ago")]
    pub created: Moment,
    /// What it holds, in a word; as its path where absent. Files that hold the same have the same checksums.
    #[serde(default)]
    pub content: Option<String>,
    /// Its SHA-256; made from its content where absent, none where empty.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Its SHA-1; likewise.
    #[serde(default)]
    pub sha1: Option<String>,
    /// Its MD5; likewise.
    #[serde(default)]
    pub md5: Option<String>,
}

fn one() -> u64 {
    1
}

fn a_day_ago() -> Moment {
    Moment::Ago(Timespan::days(1))
}

impl Item {
    /// Returns a file of one day ago.
    pub fn new(path: &str, size: u64) -> Self {
        let (content, sha256, sha1, md5) = (None, None, None, None);
        Self { path: path.to_owned(), size, created: a_day_ago(), content, sha256, sha1, md5 }
    }

    /// Returns a checksum of so many bytes, in hexadecimal digits; the MD5 is that of an object of S3 whose key
    /// is what the file holds.
    fn sum(&self, given: Option<&String>, what: &str, bytes: usize) -> String {
        given.cloned().unwrap_or_else(|| {
            let text = format!("{what} of {}", self.content.as_deref().unwrap_or(&self.path));
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
            digest.as_ref()[..bytes].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
        })
    }

    /// Returns the file as it lies in `repository`.
    pub fn found(&self, repository: &str, now: Instant) -> Found {
        let (path, name) = self.path.rsplit_once('/').unwrap_or((".", &self.path));
        Found {
            repo: repository.to_owned(),
            path: path.to_owned(),
            name: name.to_owned(),
            size: self.size,
            created: self.created.seen_from(now),
            sha256: self.sum(self.sha256.as_ref(), "sha256", 32),
            sha1: self.sum(self.sha1.as_ref(), "sha1", 20),
            md5: self.sum(self.md5.as_ref(), "content", 16),
        }
    }
}

/// A file where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The repository.
    pub repo: String,
    /// The folder, `.` for the root.
    pub path: String,
    /// The name.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
    /// When it came to be here.
    pub created: Instant,
    /// In hexadecimal digits; empty where it is not known.
    pub sha256: String,
    /// Likewise.
    pub sha1: String,
    /// Likewise.
    pub md5: String,
}

/// Files by the thousand: `{prefix}{number}`, the number with eight digits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    /// How their paths begin.
    pub prefix: String,
    /// How many there are.
    pub count: u64,
}

/// A backup of the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Its key.
    pub key: String,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// When.
    #[serde(default = "nightly")]
    pub cron: String,
    /// For how many hours backups are kept.
    #[serde(default)]
    pub retention: i64,
    /// Whether each is an archive.
    #[serde(default)]
    pub archive: bool,
    /// Repositories that it leaves out.
    #[serde(default)]
    pub excluded: Vec<String>,
}

fn yes() -> bool {
    true
}

fn nightly() -> String {
    "0 0 2 ? * MON-FRI".to_owned()
}

/// A replication.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replication {
    /// To where; absent where it is fetched.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// When.
    #[serde(default)]
    pub cron: Option<String>,
    /// Whether each change is sent as it happens.
    #[serde(default)]
    pub by_event: bool,
    /// Whether deletions are sent.
    #[serde(default)]
    pub deletes: bool,
}

/// How the last replication ended.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replicated {
    /// `ok`, `error`, …
    pub status: String,
    /// When.
    pub at: Moment,
}

/// Somebody who may look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct User {
    /// The name.
    pub name: String,
    /// A token.
    pub token: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// An API key.
    pub key: Option<String>,
    /// Whether everything may be seen and read.
    pub admin: bool,
    /// Globs over `repository/path` that may not be seen.
    pub unreadable: Vec<String>,
    /// Repositories that may not be seen.
    pub hidden: Vec<String>,
}

impl Truth {
    /// Returns the repository of that key, to change it.
    pub fn repository_mut(&mut self, key: &str) -> &mut Repository {
        let found = self.repositories.iter_mut().find(|repository| repository.key == key);
        found.unwrap_or_else(|| panic!("the truth knows no repository {key}"))
    }

    /// Returns every file, in the order of repositories and places.
    pub fn files(&self, now: Instant) -> Vec<Found> {
        let each = self.repositories.iter().flat_map(|repository| {
            let many = repository.many.iter().flat_map(|many| {
                (0..many.count).map(|number| Item::new(&format!("{}{number:08}", many.prefix), number % 1_000 + 1))
            });
            let items = repository.items.iter().cloned().chain(many);
            items.map(|item| item.found(&repository.key, now))
        });
        let mut files: Vec<Found> = each.collect();
        files.sort_by(|one, other| (&one.repo, &one.path, &one.name).cmp(&(&other.repo, &other.path, &other.name)));
        files
    }
}
