//! What GraphQL tells of one repository.
//!
//! Walking through queries is left to `graphql`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::truth::{Release, Repository};
use super::{GitHub, time};

/// The arguments of a field, with variables filled in.
pub type Arguments = BTreeMap<String, Value>;

impl GitHub {
    /// Returns a field of a repository; `None` where there is no field of that name.
    pub fn repository_field(&self, repository: &Repository, name: &str, arguments: &Arguments) -> Option<Value> {
        let owner = self.truth.owner(repository);
        let full_name = format!("{owner}/{}", repository.name);
        let at = |moment: super::super::truth::Moment| Value::from(time(moment.seen_from(self.now)));
        let count = |kind: &str, count: u64| json!({ "__typename": kind, "totalCount": count });
        Some(match name {
            "id" => format!("R_{}", repository.id).into(),
            "databaseId" => repository.id.into(),
            "name" => repository.name.clone().into(),
            "nameWithOwner" => full_name.into(),
            "url" => format!("https://github.com/{full_name}").into(),
            "resourcePath" => format!("/{full_name}").into(),
            "description" | "homepageUrl" | "lockReason" => Value::Null,
            "archivedAt" => {
                if repository.archived {
                    at(repository.pushed?)
                } else {
                    Value::Null
                }
            }
            "isPrivate" => repository.private.into(),
            "isArchived" => repository.archived.into(),
            "isDisabled" => repository.disabled.into(),
            "isEmpty" => repository.empty.into(),
            "isFork" => repository.fork.into(),
            "isMirror" => repository.mirror_of.is_some().into(),
            "mirrorUrl" => repository.mirror_of.clone().into(),
            "isTemplate" => repository.template.into(),
            "isInOrganization" => repository.owner.is_none().into(),
            "isLocked" | "hasDiscussionsEnabled" => false.into(),
            "hasProjectsEnabled" => true.into(),
            "hasWikiEnabled" => repository.wiki.into(),
            "hasIssuesEnabled" => repository.issues.is_some().into(),
            "diskUsage" => {
                if repository.empty {
                    0.into()
                } else {
                    112.into()
                }
            }
            "createdAt" => at(repository.created),
            "updatedAt" => time(self.now).into(),
            "pushedAt" => repository.pushed.map_or(Value::Null, at),
            "visibility" => {
                if repository.private {
                    "PRIVATE".into()
                } else {
                    "PUBLIC".into()
                }
            }
            "viewerPermission" => "READ".into(),
            "owner" => {
                let kind = if owner == self.truth.organization { "Organization" } else { "User" };
                json!({ "__typename": kind, "login": owner, "id": format!("O_{owner}") })
            }
            "defaultBranchRef" if repository.empty => Value::Null,
            "defaultBranchRef" => self.branch(repository, &repository.branch),
            "releases" => self.graphql_releases(repository, arguments),
            "issues" => count("IssueConnection", repository.issues.unwrap_or(0)),
            "pullRequests" => count("PullRequestConnection", repository.pull_requests),
            "discussions" => count("DiscussionConnection", 0),
            "refs" => self.refs(repository, arguments),
            "object" => self.object(repository, arguments),
            _ => return None,
        })
    }

    fn branch(&self, repository: &Repository, name: &str) -> Value {
        let commit = self.head(repository, name);
        let target = commit.map_or(Value::Null, |commit| {
            json!({ "__typename": "Commit", "oid": commit.sha, "id": format!("C_{}", commit.sha),
                "committedDate": time(commit.at), "authoredDate": time(commit.at), "abbreviatedOid": commit.sha.get(..7) })
        });
        json!({ "__typename": "Ref", "name": name, "prefix": "refs/heads/", "id": format!("REF_{name}"), "target": target })
    }

    fn refs(&self, repository: &Repository, arguments: &Arguments) -> Value {
        let prefix = arguments.get("refPrefix").and_then(Value::as_str).unwrap_or_default();
        let mut names: Vec<&String> = match prefix {
            "refs/heads/" if !repository.empty => {
                repository.branches.iter().chain(std::iter::once(&repository.branch)).collect()
            }
            "refs/tags/" => repository.tags.iter().collect(),
            _ => Vec::new(),
        };
        names.sort();
        let first = arguments.get("first").and_then(Value::as_u64).and_then(|first| usize::try_from(first).ok());
        let nodes: Vec<Value> =
            names.iter().take(first.unwrap_or(0)).map(|name| self.branch(repository, name)).collect();
        connection("Ref", names.len(), nodes)
    }

    fn graphql_releases(&self, repository: &Repository, arguments: &Arguments) -> Value {
        let mut published: Vec<&Release> =
            repository.releases.iter().filter(|release| release.published.is_some()).collect();
        published
            .sort_by_key(|release| std::cmp::Reverse(release.published.map(|published| published.seen_from(self.now))));
        let first = arguments.get("first").and_then(Value::as_u64).and_then(|first| usize::try_from(first).ok());
        let nodes = published.iter().take(first.unwrap_or(0)).map(|release| {
            let at = release.published.map(|published| time(published.seen_from(self.now)));
            json!({ "__typename": "Release", "tagName": release.tag, "name": release.tag, "isDraft": false,
                "isPrerelease": release.prerelease, "publishedAt": at, "createdAt": at, "updatedAt": at })
        });
        connection("Release", published.len(), nodes.collect())
    }

    fn object(&self, repository: &Repository, arguments: &Arguments) -> Value {
        let expression = arguments.get("expression").and_then(Value::as_str).unwrap_or_default();
        let Some((commit, path)) = expression.split_once(':') else {
            let branch = if expression == "HEAD" { &repository.branch } else { expression };
            return self.branch(repository, branch).get("target").cloned().unwrap_or_default();
        };
        let text = (commit == "HEAD" || commit == repository.branch).then(|| self.file(repository, path)).flatten();
        text.map_or(Value::Null, |text| {
            json!({ "__typename": "Blob", "byteSize": text.len(), "isBinary": false, "isTruncated": false, "text": text })
        })
    }
}

/// Returns a list as GraphQL shows it, all of it on one page.
fn connection(of: &str, count: usize, nodes: Vec<Value>) -> Value {
    let mut fields = Map::new();
    fields.insert("__typename".to_owned(), format!("{of}Connection").into());
    fields.insert("totalCount".to_owned(), count.into());
    let info = json!({ "__typename": "PageInfo", "hasNextPage": nodes.len() < count, "hasPreviousPage": false,
        "startCursor": null, "endCursor": null });
    fields.insert("pageInfo".to_owned(), info);
    fields.insert("nodes".to_owned(), nodes.into());
    Value::Object(fields)
}
