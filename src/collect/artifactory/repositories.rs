//! Repositories: which there are, which of them hold originals, and whether all of them were shown.
//!
//! A list leaves out what whoever looks may not see, and does not say so. The storage summary, which only
//! administrators may read, knows every repository; without it a list may be one of public things alone.
//! Which repositories are assets is left to the policy and the judge.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Artifactory;
use super::client::ok;
use crate::collect::http::Answer;
use crate::collect::listing::Listing;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::fact::Inventory;
use crate::evidence::{Fact, Item, Source};
use crate::model::time::Instant;
use crate::model::{ItemKind, UnseenReason};

/// How many names a message shows.
const NAMES_SHOWN: usize = 5;

/// What kind of repository it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// It holds what was uploaded there.
    Local,
    /// As local, and it is kept equal to others elsewhere.
    Federated,
    /// It holds what was fetched from elsewhere, and can be again.
    Remote,
    /// It shows what others hold.
    Virtual,
    /// It holds what is on its way to other servers.
    Distribution,
    /// A kind that this program does not know.
    Other(String),
}

impl Class {
    fn of(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "LOCAL" => Self::Local,
            "FEDERATED" => Self::Federated,
            "REMOTE" => Self::Remote,
            "VIRTUAL" => Self::Virtual,
            "DISTRIBUTION" => Self::Distribution,
            _ => Self::Other(text.chars().filter(|c| !c.is_control()).take(40).collect()),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Federated => "federated",
            Self::Remote => "remote",
            Self::Virtual => "virtual",
            Self::Distribution => "distribution",
            Self::Other(_) => "unknown",
        }
    }

    const fn holds_originals(&self) -> bool {
        matches!(self, Self::Local | Self::Federated)
    }
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its key, which is its name.
    pub key: Box<str>,
    /// What kind of repository it is.
    pub class: Class,
    /// The type of package that it holds, in lower case; `None` where the server is too old to say.
    pub package: Option<Box<str>>,
    /// Where a remote repository fetches from; `None` for others, whose own address stands there.
    pub upstream: Option<Box<str>>,
}

/// What a list of repositories told.
#[derive(Debug, Clone)]
pub struct Repositories {
    /// The repositories by key.
    pub by_key: BTreeMap<Box<str>, Repository>,
    /// How many entries could not be read, or came twice.
    pub unread: usize,
    /// When it was asked for, UTC.
    pub asked_at: Instant,
    /// Where it came from.
    pub source: Source,
}

/// A value of a list, or something that stood there in its place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Maybe<T> {
    Is(T),
    Not(IgnoredAny),
}

/// Reads `GET /api/repositories`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no JSON list.
pub fn list(answer: &Answer) -> Result<Repositories, Miss> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        key: String,
        r#type: String,
        package_type: Option<String>,
        url: Option<Box<str>>,
    }
    let entries: Vec<Maybe<Entry>> = answer.json()?;
    let (mut by_key, mut unread) = (BTreeMap::new(), 0);
    for entry in entries {
        let Maybe::Is(entry) = entry else {
            unread += 1;
            continue;
        };
        let key: Box<str> = entry.key.into();
        let package = entry.package_type.map(|package| package.to_ascii_lowercase().into());
        let class = Class::of(&entry.r#type);
        let upstream = entry.url.filter(|_| class == Class::Remote);
        let repository = Repository { key: key.clone(), class, package, upstream };
        let is_new = is_key(&key) && by_key.insert(key, repository).is_none();
        unread += usize::from(!is_new);
    }
    Ok(Repositories { by_key, unread, asked_at: answer.asked_at, source: answer.source.clone() })
}

/// What the storage summary says of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whether it holds originals.
    pub originals: bool,
    /// How many files it held when the summary was last made; `None` where that cannot be read.
    pub files: Option<u64>,
}

/// Reads `GET /api/storageinfo`: what each repository held when the server last counted.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no storage summary.
pub fn summary(answer: &Answer) -> Result<BTreeMap<Box<str>, Held>, Miss> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        repositories_summary_list: Option<Vec<Maybe<Entry>>>,
        storage_summary: Option<Box<Self>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        repo_key: Box<str>,
        repo_type: String,
        files_count: Option<Number>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Plain(u64),
        /// With commas between thousands.
        Text(String),
        Not(IgnoredAny),
    }
    let body: Body = answer.json()?;
    let wrapped = body.storage_summary.and_then(|inner| inner.repositories_summary_list);
    let entries = body.repositories_summary_list.or(wrapped).ok_or_else(|| {
        answer.miss(UnseenReason::Unreadable, format!("{} answered without a storage summary", answer.request()))
    })?;
    let entries = entries.into_iter().map(|entry| match entry {
        Maybe::Is(entry) => {
            let files = match entry.files_count {
                Some(Number::Plain(number)) => Some(number),
                Some(Number::Text(text)) => text.replace(',', "").parse().ok(),
                Some(Number::Not(_)) | None => None,
            };
            // `TOTAL` and the trash can are of no kind.
            Ok((entry.repo_key, Held { originals: Class::of(&entry.repo_type).holds_originals(), files }))
        }
        Maybe::Not(_) => {
            let what = format!("{}: an entry of the storage summary could not be read", answer.request());
            Err(answer.miss(UnseenReason::Unreadable, what))
        }
    });
    entries.collect()
}

/// Returns whether `text` can be the key of a repository.
pub(super) fn is_key(text: &str) -> bool {
    let wrong = |c: char| c.is_control() || r#"/\:|?*"<>"#.contains(c);
    !text.is_empty() && text != "." && text != ".." && !text.contains(wrong)
}

/// What a storage summary says, by repository.
pub(super) type Summary = BTreeMap<Box<str>, Held>;

impl Artifactory {
    /// Returns the repositories that are shown, asked for once.
    pub(super) async fn repositories(&self) -> Result<&Repositories, Miss> {
        let asked = self.repositories.get_or_init(|| async { list(&self.get_ok(&["api", "repositories"]).await?) });
        asked.await.as_ref().map_err(Clone::clone)
    }

    /// Returns the storage summary, asked for once; `None` where whoever looks may not see it.
    async fn summary(&self) -> Result<Option<&Summary>, Miss> {
        if self.session().await?.login.is_anonymous() {
            return Ok(None);
        }
        let asked = self.summary.get_or_init(|| async {
            let answer = self.get(&["api", "storageinfo"]).await?;
            match ok(answer) {
                Ok(answer) => summary(&answer).map(Some),
                Err(miss) if matches!(miss.reason, UnseenReason::NotAuthorized | UnseenReason::NotFound) => Ok(None),
                Err(miss) => Err(miss),
            }
        });
        asked.await.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// Lists the repositories that hold originals.
    pub(super) async fn list_repositories(&self) -> Listing {
        let repositories = match self.repositories().await {
            Ok(repositories) => repositories,
            Err(miss) => return Listing { misses: vec![miss], ..Listing::default() },
        };
        let mut misses = Vec::new();
        let mut complete = true;
        let from_list = |reason, what: String| Miss::new(reason, what).from(&repositories.source);
        if repositories.unread > 0 {
            let what = format!("{} entries of the list of repositories could not be read", repositories.unread);
            misses.push(from_list(UnseenReason::Unreadable, what));
            complete = false;
        }
        let odd = repositories.by_key.values().filter(|repository| matches!(repository.class, Class::Other(_)));
        let odd: Vec<&str> = odd.map(|repository| &*repository.key).collect();
        if !odd.is_empty() {
            let what = format!("whether these hold originals is not known, for their kind is not: {}", some(&odd));
            misses.push(from_list(UnseenReason::Unreadable, what));
            complete = false;
        }
        let summary = match self.summary().await {
            Ok(summary) => summary,
            Err(miss) => {
                misses.push(miss);
                None
            }
        };
        let mut public_only = summary.is_none();
        let counted = summary.into_iter().flatten().filter(|(_, held)| held.originals).map(|(key, _)| key);
        let hidden: Vec<&str> =
            counted.filter(|key| !repositories.by_key.contains_key(*key)).map(|key| &**key).collect();
        if !hidden.is_empty() {
            let what = format!("the storage summary knows repositories that the list does not show: {}", some(&hidden));
            misses.push(from_list(UnseenReason::NotAuthorized, what));
            (complete, public_only) = (false, true);
        }
        let originals = repositories.by_key.values().filter(|repository| repository.class.holds_originals());
        let told = |fact| Told { fact, observed_at: repositories.asked_at, source: repositories.source.clone() };
        let mut listing = Listing { misses, ..Listing::default() };
        for repository in originals {
            let mut item = Item::named(ItemKind::Repository, &repository.key);
            item.class.clone_from(&repository.package);
            let held = summary.and_then(|summary| summary.get(&repository.key));
            item.empty = match held.and_then(|held| held.files) {
                // The summary is of some time ago: what was empty then may not be so now.
                Some(0) => self.shows_any(&repository.key).await.ok().map(|any| !any),
                Some(_) => Some(false),
                None => None,
            };
            listing.told.push(told(Fact::Item(Box::new(item))));
        }
        let (count, from, kind) = (listing.told.len() as u64, repositories.asked_at, ItemKind::Repository);
        listing.told.push(told(Fact::Inventory(Inventory { complete, count, from, kind, public_only })));
        listing
    }

    /// Says what it means that nothing was shown of `folder` of a repository: `None` where nothing is there,
    /// else why that is not known.
    ///
    /// # Errors
    ///
    /// Where there is no such repository, or it holds nothing itself.
    pub(super) async fn vouch_for_nothing(&self, repository: &str, folder: &str) -> Result<Option<Miss>, Miss> {
        let repositories = self.repositories().await?;
        let from_list = |reason, what: String| Miss::new(reason, what).from(&repositories.source);
        // What a remote repository fetched lies in a repository of its own, which no list shows.
        let remote = repository.strip_suffix("-cache").and_then(|remote| repositories.by_key.get(remote));
        let is_cache = remote.is_some_and(|remote| remote.class == Class::Remote);
        match repositories.by_key.get(repository).map(|known| &known.class) {
            Some(Class::Local | Class::Federated) => {}
            None if is_cache => {}
            None => {
                let what = format!("the repository {repository} is not there, or not shown to whoever looks");
                return Err(from_list(UnseenReason::NotFound, what));
            }
            Some(class) => {
                let what = format!("{repository} is a {} repository, which holds nothing itself", class.word());
                return Err(from_list(UnseenReason::Unreadable, what));
            }
        }
        let place = if folder.is_empty() { repository.to_owned() } else { format!("{repository}/{folder}") };
        match self.summary().await {
            Ok(Some(summary)) => {
                let counted = summary.get(repository).and_then(|held| held.files).filter(|_| folder.is_empty());
                Ok(counted.filter(|files| *files > 0).map(|files| {
                    let what = format!("nothing was listed of {place}, and the storage summary counts {files} files");
                    from_list(UnseenReason::Truncated, what)
                }))
            }
            Ok(None) => {
                let what = format!("nothing of {place} is shown to whoever looks, who may not see whether that is all");
                Ok(Some(from_list(UnseenReason::NotAuthorized, what)))
            }
            Err(miss) => Ok(Some(miss)),
        }
    }
}

/// Returns the first names of a list in words.
fn some(names: &[&str]) -> String {
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    let shown: Vec<String> = unique.iter().take(NAMES_SHOWN).map(|name| format!("`{}`", clean(name))).collect();
    let more = unique.len().saturating_sub(NAMES_SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

fn clean(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}
