//! Repositories as the GraphQL API tells of them: a hundred a question, with what REST does not tell.
//!
//! An answer of 200 may hold errors, whole or in part; here they are sorted. Which pages are asked for
//! is left to `inventory`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::rest::{Found, Maybe, Page};
use super::{Account, instant, is_name, refusal};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::time::Instant;
use crate::model::{Facet, UnseenReason};

/// What is asked of each repository. `HEAD:.gitattributes` tells whether files are kept by LFS.
const FIELDS: &str = "databaseId name createdAt pushedAt isArchived isDisabled isEmpty isFork isPrivate isTemplate \
     hasWikiEnabled hasIssuesEnabled releases { totalCount } \
     attributes: object(expression: \"HEAD:.gitattributes\") { ... on Blob { text isTruncated } }";

/// How many characters of an error's words a message repeats.
const WORDS_SHOWN: usize = 160;

/// Returns the query of one page of an account's repositories, as the body of a POST.
pub(super) fn query(account: &Account, first: u32, after: Option<&str>) -> Value {
    let kind = match account {
        Account::Organisation(_) => "organization",
        Account::User(_) => "user",
    };
    let query = format!(
        "query($login: String!, $first: Int!, $after: String) {{ owner: {kind}(login: $login) {{ \
         repositories(first: $first, after: $after, ownerAffiliations: [OWNER], orderBy: {{field: NAME, direction: ASC}}) \
         {{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {FIELDS} }} }} }} \
         rateLimit {{ cost remaining resetAt }} }}"
    );
    json!({ "query": query, "variables": { "login": account.login(), "first": first, "after": after } })
}

/// One page, and what was kept back of it.
#[derive(Debug, Clone)]
pub struct GraphPage {
    /// The repositories.
    pub page: Page,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
    /// What was refused of the page; none where all was told.
    pub refused: Option<Miss>,
    /// Whether whole repositories were refused, and not only some of their fields.
    pub is_whole: bool,
}

/// Why an answer is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The limit is used up until that time.
    Limited(Instant, Miss),
    /// The server could not answer so much in its time; less may do.
    TooMuch(Miss),
    /// It will not answer.
    Refused(Miss),
}

impl Trouble {
    /// Returns what it means for the question.
    pub fn miss(self) -> Miss {
        match self {
            Self::Limited(_, miss) | Self::TooMuch(miss) | Self::Refused(miss) => miss,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(default)]
    data: Option<Data>,
    #[serde(default, deserialize_with = "none_for_null")]
    errors: Vec<Problem>,
}

fn none_for_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Problem>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default, alias = "organization", alias = "user")]
    owner: Option<Owner>,
    #[serde(default)]
    rate_limit: Option<RateLimit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateLimit {
    reset_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Owner {
    repositories: Option<Repositories>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repositories {
    total_count: Option<u64>,
    page_info: PageInfo,
    nodes: Vec<Maybe<Node>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    database_id: Option<u64>,
    name: String,
    created_at: Option<String>,
    pushed_at: Option<String>,
    is_archived: Option<bool>,
    is_disabled: Option<bool>,
    is_empty: Option<bool>,
    is_fork: Option<bool>,
    is_private: Option<bool>,
    is_template: Option<bool>,
    has_wiki_enabled: Option<bool>,
    has_issues_enabled: Option<bool>,
    releases: Option<Total>,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    total_count: Option<u64>,
}

/// The file `.gitattributes` at HEAD.
#[derive(Debug, Default)]
enum Attributes {
    /// Nothing was told of it.
    #[default]
    Untold,
    /// There is none, or it may not be seen.
    Null,
    /// There is one; its text where that was told.
    File(Option<String>),
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Blob {
            text: Option<String>,
            is_truncated: Option<bool>,
        }
        Ok(match Option::<Blob>::deserialize(deserializer)? {
            None => Self::Null,
            // What is cut off may be the line that matters.
            Some(Blob { text: Some(text), is_truncated: Some(true) }) if !keeps_large_files(&text) => Self::File(None),
            Some(blob) => Self::File(blob.text),
        })
    }
}

fn keeps_large_files(attributes: &str) -> bool {
    attributes.contains("filter=lfs")
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    path: Option<Vec<Value>>,
}

impl Problem {
    /// Returns which entry of the list it speaks of, and whether of all of it.
    fn entry(&self) -> Option<(usize, bool)> {
        let path = self.path.as_deref()?;
        let at = path.iter().position(|step| step == "nodes")?;
        let entry = usize::try_from(path.get(at + 1)?.as_u64()?).ok()?;
        Some((entry, path.len() == at + 2))
    }

    fn is(&self, kinds: &[&str]) -> bool {
        self.kind.as_deref().is_some_and(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)))
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_lowercase();
        words.iter().any(|known| message.contains(known))
    }

    fn is_limit(&self) -> bool {
        self.is(&["RATE_LIMITED", "RATE_LIMIT"]) || self.says(&["rate limit"])
    }

    fn is_too_much(&self) -> bool {
        self.is(&["RESOURCE_LIMITS_EXCEEDED", "SERVICE_UNAVAILABLE", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT"])
            || self.says(&["timeout", "timedout", "timed out", "something went wrong", "couldn't respond"])
    }

    fn reason(&self) -> UnseenReason {
        if self.is(&["FORBIDDEN", "INSUFFICIENT_SCOPES"]) || self.says(&["saml enforcement", "not accessible"]) {
            UnseenReason::NotAuthorized
        } else if self.is(&["NOT_FOUND"]) {
            UnseenReason::NotFound
        } else if self.is_limit() {
            UnseenReason::RateLimited
        } else {
            UnseenReason::Unreadable
        }
    }

    fn words(&self) -> String {
        let words = self.message.as_deref().or(self.kind.as_deref()).unwrap_or("an error without words");
        words.chars().take(WORDS_SHOWN).collect()
    }
}

/// Reads one page of repositories.
///
/// # Errors
///
/// Where the answer holds none, with what follows from that.
pub fn page(answer: &Answer) -> Result<GraphPage, Trouble> {
    if !answer.status.is_success() {
        let miss = refusal::of(answer);
        return Err(match answer.status.as_u16() {
            408 | 500..=599 => Trouble::TooMuch(miss),
            _ => Trouble::Refused(miss),
        });
    }
    let body: Body = answer.json().map_err(|miss| match miss.reason {
        UnseenReason::Truncated => Trouble::TooMuch(miss),
        _ => Trouble::Refused(miss),
    })?;
    let first = body.errors.first();
    let problem = |problem: &Problem| {
        let what = format!("{} answered with {} errors: {}", answer.request(), body.errors.len(), problem.words());
        answer.miss(problem.reason(), what)
    };
    if let Some(limit) = body.errors.iter().find(|problem| problem.is_limit()) {
        let told =
            body.data.as_ref().and_then(|data| data.rate_limit.as_ref()).and_then(|limit| limit.reset_at.as_deref());
        return Err(Trouble::Limited(reset(answer, told), problem(limit)));
    }
    if let Some(late) = body.errors.iter().find(|problem| problem.is_too_much()) {
        return Err(Trouble::TooMuch(problem(late)));
    }
    let list = body.data.and_then(|data| data.owner).and_then(|owner| owner.repositories);
    let Some(list) = list else {
        return Err(Trouble::Refused(first.map_or_else(
            || answer.miss(UnseenReason::NotFound, format!("{} answered without the account", answer.request())),
            problem,
        )));
    };
    let partly: BTreeSet<usize> = body.errors.iter().filter_map(Problem::entry).map(|(entry, _)| entry).collect();
    let in_all = body.errors.iter().all(|problem| problem.entry().is_some_and(|(_, whole)| !whole));
    let mut page = Page { total: list.total_count, ..Page::default() };
    for (position, node) in list.nodes.into_iter().enumerate() {
        let found = match node {
            Maybe::Is(node) => node.found(partly.contains(&position)),
            Maybe::Not => None,
        };
        match found {
            Some(found) => page.found.push(found),
            None => page.unread += 1,
        }
    }
    let next = match (list.page_info.has_next_page, list.page_info.end_cursor) {
        (false, _) => None,
        (true, Some(cursor)) => Some(cursor),
        (true, None) => {
            let what = format!("{} says that there is more, and not where", answer.request());
            return Err(Trouble::Refused(answer.miss(UnseenReason::Unreadable, what)));
        }
    };
    Ok(GraphPage { page, next, refused: first.map(problem), is_whole: in_all })
}

/// Returns when the limit begins anew: as the body says, else the header, else in a minute.
fn reset(answer: &Answer, told: Option<&str>) -> Instant {
    let header = || {
        let seconds = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
        DateTime::from_timestamp(seconds, 0)
    };
    let at = instant(told).or_else(header).unwrap_or(answer.asked_at + TimeDelta::minutes(1));
    at.max(answer.asked_at + TimeDelta::seconds(1))
}

impl Node {
    /// Returns the repository in the common form; `None` where its name is none. `partly` says that
    /// some of its fields were refused, so that null may mean "refused" and not "none".
    fn found(self, partly: bool) -> Option<Found> {
        let has_lfs = match self.attributes {
            Attributes::Untold | Attributes::File(None) => None,
            Attributes::Null => (!partly).then_some(false),
            Attributes::File(Some(text)) => Some(keeps_large_files(&text)),
        };
        let releases = self.releases.and_then(|releases| releases.total_count);
        let has = [
            (Facet::Wiki, self.has_wiki_enabled),
            (Facet::Issues, self.has_issues_enabled),
            (Facet::Releases, releases.map(|count| count > 0)),
            (Facet::Lfs, has_lfs),
        ];
        is_name(&self.name).then(|| Found {
            id: self.database_id,
            name: self.name.into(),
            owner: None,
            created_at: instant(self.created_at.as_deref()),
            pushed_at: instant(self.pushed_at.as_deref()),
            archived: self.is_archived,
            disabled: self.is_disabled,
            empty: self.is_empty,
            fork: self.is_fork,
            private: self.is_private,
            template: self.is_template,
            absent: has.into_iter().filter(|(_, has)| *has == Some(false)).map(|(facet, _)| facet).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::{answer, now};

    fn list(nodes: &str, more: &str) -> String {
        format!(
            r#"{{"data":{{"owner":{{"repositories":{{"totalCount":9,"pageInfo":{{"hasNextPage":false,"endCursor":"x"}},"nodes":[{nodes}]}}}}}}{more}}}"#
        )
    }

    fn absent(node: &str, more: &str) -> Vec<Facet> {
        page(&answer(200, &[], &list(node, more))).unwrap().page.found[0].absent.clone()
    }

    #[test]
    fn a_facet_is_absent_only_where_that_was_told() {
        assert_eq!(absent(r#"{"name":"r"}"#, ""), []);
        assert_eq!(absent(r#"{"name":"r"}"#, r#","errors":null"#), []);
        assert_eq!(absent(r#"{"name":"r","attributes":null,"releases":null}"#, ""), [Facet::Lfs]);
        let none = r#"{"name":"r","hasWikiEnabled":false,"hasIssuesEnabled":false,"releases":{"totalCount":0},"attributes":{"text":"*.sh eol=lf"}}"#;
        assert_eq!(absent(none, ""), [Facet::Wiki, Facet::Issues, Facet::Releases, Facet::Lfs]);
        let lfs = r#"{"name":"r","releases":{"totalCount":2},"attributes":{"text":"*.bin filter=lfs diff=lfs merge=lfs -text"}}"#;
        assert_eq!(absent(lfs, ""), []);
        assert_eq!(absent(r#"{"name":"r","attributes":{"text":"*.x","isTruncated":true}}"#, ""), [], "cut short");
        assert_eq!(absent(r#"{"name":"r","attributes":{}}"#, ""), [], "a folder, or not text");
        let refused =
            r#","errors":[{"type":"FORBIDDEN","path":["owner","repositories","nodes",0,"attributes"],"message":"no"}]"#;
        assert_eq!(absent(r#"{"name":"r","attributes":null}"#, refused), [], "null may mean refused");
    }

    #[test]
    fn an_empty_repository_is_told_of() {
        let body = list(r#"{"databaseId":7,"name":"r","isEmpty":true,"pushedAt":null}"#, "");
        let found = page(&answer(200, &[], &body)).unwrap().page.found.remove(0);
        assert_eq!((found.id, found.empty, found.pushed_at), (Some(7), Some(true), None));
        assert!(found.item().facets.unwrap().contains(&Facet::Git), "it is empty today and not without git");
    }

    #[test]
    fn refused_entries_make_the_list_less_than_whole() {
        let saml = r#","errors":[{"type":"FORBIDDEN","path":["owner","repositories","nodes",1],"extensions":{"saml_failure":true},"message":"Resource protected by organization SAML enforcement."}]"#;
        let read = page(&answer(200, &[], &list(r#"{"name":"r"}, null"#, saml))).unwrap();
        assert_eq!((read.page.found.len(), read.page.unread, read.is_whole), (1, 1, false));
        let miss = read.refused.unwrap();
        assert!(miss.reason == UnseenReason::NotAuthorized && miss.what.contains("SAML"), "{}", miss.what);
        let read = page(&answer(200, &[], &list(r#"{"name":"r"}"#, r#","errors":[{"message":"odd"}]"#))).unwrap();
        assert!(!read.is_whole, "an error without a path may hide anything");
    }

    #[test]
    fn limits_and_time_are_told_from_refusals() {
        let limited = r#"{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        let at = |headers| match page(&answer(200, headers, limited)) {
            Err(Trouble::Limited(until, miss)) => (until - now(), miss.reason),
            other => panic!("{other:?}"),
        };
        assert_eq!(at(&[("x-ratelimit-reset", "1795608060")]), (TimeDelta::seconds(60), UnseenReason::RateLimited));
        assert_eq!(at(&[]).0, TimeDelta::minutes(1));
        let slow = r#"{"data":null,"errors":[{"message":"Something went wrong while executing your query."}]}"#;
        assert!(matches!(page(&answer(200, &[], slow)), Err(Trouble::TooMuch(_))));
        assert!(matches!(page(&answer(502, &[], "<html>")), Err(Trouble::TooMuch(_))));
        assert!(matches!(page(&answer(200, &[], "{\"data\": {")), Err(Trouble::TooMuch(_))));
        let gone =
            r#"{"data":{"owner":null},"errors":[{"type":"NOT_FOUND","path":["owner"],"message":"Could not resolve"}]}"#;
        match page(&answer(200, &[], gone)) {
            Err(Trouble::Refused(miss)) => assert_eq!(miss.reason, UnseenReason::NotFound),
            other => panic!("{other:?}"),
        }
        assert!(matches!(page(&answer(200, &[], "{}")), Err(Trouble::Refused(_))), "a 200 of nothing is no list");
        let lost = list("", "")
            .replace("\"hasNextPage\":false,\"endCursor\":\"x\"", "\"hasNextPage\":true,\"endCursor\":null");
        assert!(matches!(page(&answer(200, &[], &lost)), Err(Trouble::Refused(_))));
    }
}
