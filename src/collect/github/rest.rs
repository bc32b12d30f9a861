//! Repositories as the REST API tells of them, and what both APIs tell brought to one form.
//!
//! Shapes alone: which pages are asked for, and whether a list is whole, is left to `inventory`.

use serde::{Deserialize, Deserializer};

use super::{instant, is_name};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::evidence::fact::Item;
use crate::model::time::Instant;
use crate::model::{Facet, ItemKind};

/// A value of a list, or something that stood there in its place.
#[derive(Debug, Clone)]
pub enum Maybe<T> {
    /// What was expected.
    Is(T),
    /// Something else.
    Not,
}

impl<'de, T: for<'any> Deserialize<'any>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(serde_json::from_value(value).map_or(Self::Not, Self::Is))
    }
}

/// A repository, as far as an answer told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number, which stays the same when it is renamed. REST always tells it.
    pub id: Option<u64>,
    /// Its name without the owner.
    pub name: Box<str>,
    /// Its owner's login.
    pub owner: Option<Box<str>>,
    /// When it was created, UTC.
    pub created_at: Option<Instant>,
    /// When something was last pushed to any of its refs, UTC. Pushes to the wiki and changes of issues,
    /// releases and settings do not move it.
    pub pushed_at: Option<Instant>,
    /// Whether it is archived.
    pub archived: Option<bool>,
    /// Whether GitHub locked it.
    pub disabled: Option<bool>,
    /// Whether it has no commits. REST does not tell: a size of 0 is no proof.
    pub empty: Option<bool>,
    /// Whether it is a fork.
    pub fork: Option<bool>,
    /// Whether it is private or internal.
    pub private: Option<bool>,
    /// Whether it is a template.
    pub template: Option<bool>,
    /// The facets that it is known not to have.
    pub absent: Vec<Facet>,
}

impl Found {
    /// Returns the repository as an item of an inventory. What is not known to be absent is taken for
    /// one of its facets.
    pub fn item(&self) -> Item {
        let mut item = Item::named(ItemKind::Repository, &self.name);
        item.id = self.id.map(|id| id.to_string().into());
        item.archived = self.archived;
        item.created_at = self.created_at;
        item.disabled = self.disabled;
        item.empty = self.empty;
        item.fork = self.fork;
        item.private = self.private;
        item.template = self.template;
        item.facets = Some(Facet::ALL.iter().copied().filter(|facet| !self.absent.contains(facet)).collect());
        item
    }
}

/// One page of a list of repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The repositories that could be read.
    pub found: Vec<Found>,
    /// How many entries could not be read, or were empty.
    pub unread: usize,
    /// How many repositories the whole list has, where the answer says so.
    pub total: Option<u64>,
    /// Whether an App sees all repositories of its account, where the answer says so.
    pub all: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    id: u64,
    name: String,
    owner: Option<Owner>,
    created_at: Option<String>,
    pushed_at: Option<String>,
    archived: Option<bool>,
    disabled: Option<bool>,
    fork: Option<bool>,
    has_issues: Option<bool>,
    has_wiki: Option<bool>,
    is_template: Option<bool>,
    private: Option<bool>,
    visibility: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Owner {
    login: Box<str>,
}

impl Repository {
    /// Returns the repository in the common form; `None` where its name is none.
    fn found(self) -> Option<Found> {
        let absent = [(Facet::Wiki, self.has_wiki), (Facet::Issues, self.has_issues)];
        let absent = absent.into_iter().filter(|(_, has)| *has == Some(false)).map(|(facet, _)| facet).collect();
        is_name(&self.name).then(|| Found {
            id: Some(self.id),
            name: self.name.into(),
            owner: self.owner.map(|owner| owner.login),
            created_at: instant(self.created_at.as_deref()),
            pushed_at: instant(self.pushed_at.as_deref()),
            archived: self.archived,
            disabled: self.disabled,
            empty: None,
            fork: self.fork,
            private: self.private.or_else(|| self.visibility.map(|visibility| visibility != "public")),
            template: self.is_template,
            absent,
        })
    }
}

fn page(entries: Vec<Maybe<Repository>>) -> Page {
    let mut page = Page::default();
    for entry in entries {
        match entry {
            Maybe::Is(repository) => match repository.found() {
                Some(found) => page.found.push(found),
                None => page.unread += 1,
            },
            Maybe::Not => page.unread += 1,
        }
    }
    page
}

/// Reads a page of `GET /orgs/{org}/repos` or `GET /users/{user}/repos`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no JSON list.
pub fn repositories(answer: &Answer) -> Result<Page, Miss> {
    answer.json().map(page)
}

/// Reads a page of `GET /installation/repositories`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no such JSON object.
pub fn installation_repositories(answer: &Answer) -> Result<Page, Miss> {
    #[derive(Deserialize)]
    struct Body {
        total_count: u64,
        repository_selection: Option<String>,
        repositories: Vec<Maybe<Repository>>,
    }
    let body: Body = answer.json()?;
    let all = body.repository_selection.map(|selection| selection == "all");
    Ok(Page { total: Some(body.total_count), all, ..page(body.repositories) })
}

/// Reads `GET /repos/{owner}/{name}`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no repository.
pub fn repository(answer: &Answer) -> Result<Found, Miss> {
    let read: Repository = answer.json()?;
    read.found().ok_or_else(|| {
        answer.miss(crate::model::UnseenReason::Unreadable, format!("{}: its name is no name", answer.request()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::answer;

    #[test]
    fn what_is_null_or_absent_is_not_known_and_no_facet_is_left_out_for_it() {
        let page =
            repositories(&answer(200, &[], r#"[{"id":7,"name":"r","archived":null,"pushed_at":null}]"#)).unwrap();
        let item = page.found[0].item();
        assert_eq!((item.archived, item.fork, item.empty, item.private), (None, None, None, None));
        assert_eq!(item.facets.unwrap(), Facet::ALL);
        assert_eq!(item.id.as_deref(), Some("7"));
    }

    #[test]
    fn what_is_switched_off_is_no_facet() {
        let body = r#"[{"id":7,"name":"r","has_wiki":false,"has_issues":false,"size":0,"visibility":"internal"}]"#;
        let item = repositories(&answer(200, &[], body)).unwrap().found[0].item();
        let facets = item.facets.unwrap();
        assert!(!facets.contains(&Facet::Wiki) && !facets.contains(&Facet::Issues));
        assert!(facets.contains(&Facet::Git) && facets.contains(&Facet::Lfs) && facets.contains(&Facet::Releases));
        assert_eq!((item.empty, item.private), (None, Some(true)), "size 0 does not prove that it is empty");
    }

    #[test]
    fn an_entry_that_is_no_repository_is_counted() {
        let body = r#"[null, {"id":1}, {"id":2,"name":"a/b"}, {"id":3,"name":""}, {"id":4,"name":"x","fork":"yes"}, {"id":5,"name":"good"}]"#;
        let page = repositories(&answer(200, &[], body)).unwrap();
        assert_eq!((page.found.len(), page.unread), (1, 5));
        assert!(repositories(&answer(200, &[], r#"{"message":"odd"}"#)).is_err());
        assert!(repositories(&answer(200, &[], "null")).is_err());
    }
}
