//! Accounts, lists of repositories, single repositories and their releases, by REST.
//!
//! What GraphQL tells of repositories is left to `nodes`.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::truth::{Asset, Kind, Release, Repository};
use super::pages::{beside, page};
use super::{GitHub, Question, failure, success, time};

impl GitHub {
    /// `GET /user`.
    pub fn user(&self, question: &Question<'_>) -> Response {
        match (&question.viewer.login, &question.viewer.token) {
            (Some(login), _) => success(&self.account_of(question, login)),
            (None, Some(_)) => failure(StatusCode::FORBIDDEN, "Resource not accessible by integration"),
            (None, None) => failure(StatusCode::UNAUTHORIZED, "Requires authentication"),
        }
    }

    /// `GET /orgs/{org}` and `GET /users/{user}`.
    pub fn account(&self, question: &Question<'_>, login: &str, as_organization: bool) -> Response {
        let is_organization = login.eq_ignore_ascii_case(&self.truth.organization);
        let is_user = self.truth.users.iter().any(|user| user.eq_ignore_ascii_case(login));
        if is_organization || (is_user && !as_organization) {
            success(&self.account_of(question, login))
        } else {
            failure(StatusCode::NOT_FOUND, "Not Found")
        }
    }

    /// Returns an account as its own answer shows it.
    pub fn account_of(&self, question: &Question<'_>, login: &str) -> Value {
        let owns = |repository: &&Repository| self.truth.owner(repository).eq_ignore_ascii_case(login);
        let public = self.truth.repositories.iter().filter(owns).filter(|repository| !repository.private).count();
        let mut account = self.owner(question, login);
        let fields = account.as_object_mut().expect("an object");
        fields.insert("public_repos".to_owned(), public.into());
        // Members who may see all of them are told how many there are.
        if question.viewer.sees_everything() {
            let private = self.truth.repositories.iter().filter(owns).filter(|repository| repository.private).count();
            for name in ["owned_private_repos", "total_private_repos"] {
                fields.insert(name.to_owned(), private.into());
            }
        }
        for name in ["created_at", "updated_at"] {
            fields.insert(name.to_owned(), "2017-01-01T00:00:00Z".into());
        }
        account
    }

    /// Returns an account as other answers show it.
    pub fn owner(&self, question: &Question<'_>, login: &str) -> Value {
        let base = &question.base;
        let is_organization = login.eq_ignore_ascii_case(&self.truth.organization);
        let login = if is_organization { &self.truth.organization } else { login };
        let user = self.truth.users.iter().zip(10_000_u64..).find(|(user, _)| user.as_str() == login);
        let id = if is_organization { self.truth.id } else { user.map_or(9_999, |(_, id)| id) };
        let kind = if is_organization { "Organization" } else { "User" };
        let mut account = json!({
            "login": login, "id": id, "node_id": format!("O_{id}"), "gravatar_id": "", "type": kind,
            "site_admin": false, "html_url": format!("{base}/{login}"), "url": format!("{base}/users/{login}"),
            "avatar_url": format!("{base}/avatars/{id}"),
        });
        let fields = account.as_object_mut().expect("an object");
        for (name, path) in [
            ("followers", "followers"),
            ("following", "following{/other_user}"),
            ("gists", "gists{/gist_id}"),
            ("starred", "starred{/owner}{/repo}"),
            ("subscriptions", "subscriptions"),
            ("organizations", "orgs"),
            ("repos", "repos"),
            ("events", "events{/privacy}"),
            ("received_events", "received_events"),
        ] {
            fields.insert(format!("{name}_url"), format!("{base}/users/{login}/{path}").into());
        }
        account
    }

    /// `GET /orgs/{org}/repos`.
    pub fn repositories_of_organization(&self, question: &Question<'_>, login: &str) -> Response {
        if !login.eq_ignore_ascii_case(&self.truth.organization) {
            return failure(StatusCode::NOT_FOUND, "Not Found");
        }
        let path = format!("/organizations/{}/repos", self.truth.id);
        self.list(question, &path, |repository| repository.owner.is_none())
    }

    /// `GET /users/{user}/repos`: what is public, whoever asks.
    pub fn repositories_of_user(&self, question: &Question<'_>, login: &str) -> Response {
        let is_user = self.truth.users.iter().any(|user| user.eq_ignore_ascii_case(login));
        if !is_user && !login.eq_ignore_ascii_case(&self.truth.organization) {
            return failure(StatusCode::NOT_FOUND, "Not Found");
        }
        let path = format!("/users/{login}/repos");
        self.list(question, &path, |repository| {
            !repository.private && self.truth.owner(repository).eq_ignore_ascii_case(login)
        })
    }

    /// `GET /user/repos`.
    pub fn own_repositories(&self, question: &Question<'_>) -> Response {
        let Some(login) = &question.viewer.login else {
            return failure(StatusCode::UNAUTHORIZED, "Requires authentication");
        };
        let owner_alone =
            question.parameter("affiliation") == Some("owner") || question.parameter("type") == Some("owner");
        self.list(question, "/user/repos", |repository| {
            !owner_alone || self.truth.owner(repository).eq_ignore_ascii_case(login)
        })
    }

    /// `GET /installation/repositories`.
    pub fn installed_repositories(&self, question: &Question<'_>) -> Response {
        let token = question.viewer.token.as_ref().filter(|token| token.kind == Kind::Installation);
        let Some(token) = token else {
            return failure(StatusCode::FORBIDDEN, "Resource not accessible by personal access token");
        };
        let (selection, names) = super::app::selection(&token.sees);
        let chosen: Vec<&Repository> = self
            .truth
            .repositories
            .iter()
            .filter(|repository| repository.owner.is_none())
            .filter(|repository| names.is_none_or(|names| names.contains(&repository.name)))
            .collect();
        let fields = beside([("total_count", chosen.len().into()), ("repository_selection", selection.into())]);
        let show = |repository: &&Repository| self.shown(question, repository);
        page(question, "/installation/repositories", &chosen, Some(("repositories", fields)), show)
    }

    fn list(&self, question: &Question<'_>, path: &str, belongs: impl Fn(&Repository) -> bool) -> Response {
        let kind = question.parameter("type").unwrap_or("all");
        let mut chosen: Vec<&Repository> = self
            .truth
            .repositories
            .iter()
            .filter(|repository| belongs(repository) && question.viewer.sees(repository))
            .filter(|repository| match kind {
                "public" => !repository.private,
                "private" => repository.private,
                "forks" => repository.fork,
                "sources" => !repository.fork,
                _ => true,
            })
            .collect();
        // By default the newest come first.
        let pushed = |repository: &&Repository| repository.pushed.map(|pushed| pushed.seen_from(self.now));
        let created = |repository: &&Repository| repository.created.seen_from(self.now);
        let sort = question.parameter("sort").unwrap_or("created");
        match sort {
            "full_name" => chosen.sort_by_key(|repository| repository.name.to_lowercase()),
            "pushed" | "updated" => chosen.sort_by_key(pushed),
            _ => chosen.sort_by_key(created),
        }
        let default = if sort == "full_name" { "asc" } else { "desc" };
        if question.parameter("direction").unwrap_or(default) == "desc" {
            chosen.reverse();
        }
        page(question, path, &chosen, None, |repository| self.shown(question, repository))
    }

    /// `GET /repos/{owner}/{repo}`.
    pub fn repository(&self, question: &Question<'_>, repository: &Repository) -> Response {
        success(&self.shown(question, repository))
    }

    /// Returns a repository as lists and single answers show it.
    pub fn shown(&self, question: &Question<'_>, repository: &Repository) -> Value {
        let owner = self.truth.owner(repository);
        let (id, name, base) = (repository.id, &repository.name, &question.base);
        let full_name = format!("{owner}/{name}");
        let url = format!("{base}/repos/{full_name}");
        let pushed = repository.pushed.map(|pushed| time(pushed.seen_from(self.now)));
        let created = time(repository.created.seen_from(self.now));
        let mut shown = json!({
            "id": id, "node_id": format!("R_{id}"), "name": name, "full_name": full_name,
            "private": repository.private, "owner": self.owner(question, owner),
            "html_url": format!("{base}/{full_name}"), "url": url, "description": null,
            "fork": repository.fork, "created_at": created, "updated_at": time(self.now), "pushed_at": pushed,
            "clone_url": format!("{base}/{full_name}.git"), "homepage": null,
            "size": if repository.empty { 0 } else { 112 }, "stargazers_count": 0, "watchers_count": 0,
            "language": null, "has_issues": repository.issues.is_some(), "has_projects": true,
            "has_downloads": true, "has_wiki": repository.wiki, "has_pages": false, "has_discussions": false,
            "forks_count": 0, "mirror_url": repository.mirror_of, "archived": repository.archived,
            "disabled": repository.disabled, "open_issues_count": repository.issues.unwrap_or(0), "license": null,
            "allow_forking": true, "is_template": repository.template, "web_commit_signoff_required": false,
            "topics": [], "visibility": if repository.private { "private" } else { "public" },
            "forks": 0, "open_issues": 0, "watchers": 0, "default_branch": repository.branch,
        });
        let fields = shown.as_object_mut().expect("an object");
        for part in
            ["commits{/sha}", "compare/{base}...{head}", "contents/{+path}", "releases{/id}", "branches{/branch}"]
        {
            let name = part.split(['{', '/']).next().unwrap_or_default();
            fields.insert(format!("{name}_url"), format!("{url}/{part}").replace("/{/", "{/").into());
        }
        if question.viewer.login.is_some() {
            let permissions =
                json!({ "admin": false, "maintain": false, "push": false, "triage": false, "pull": true });
            fields.insert("permissions".to_owned(), permissions);
        }
        shown
    }

    /// `GET /repos/{owner}/{repo}/releases` and what is below it. Drafts are for those who may push.
    pub fn releases(&self, question: &Question<'_>, repository: &Repository, rest: &[&str]) -> Response {
        let mut releases: Vec<(u64, &Release)> =
            (1..).zip(&repository.releases).filter(|(_, release)| release.published.is_some()).collect();
        releases.sort_by_key(|(_, release)| {
            std::cmp::Reverse(release.published.map(|published| published.seen_from(self.now)))
        });
        let not_found = || failure(StatusCode::NOT_FOUND, "Not Found");
        let path = format!("/repositories/{}/releases", repository.id);
        let show = |number: u64, release: &Release| self.release(question, repository, number, release);
        match rest {
            [] => page(question, &path, &releases, None, |(number, release)| show(*number, release)),
            ["latest"] => match releases.iter().find(|(_, release)| !release.prerelease) {
                Some((number, release)) => success(&show(*number, release)),
                None => not_found(),
            },
            [id, "assets"] => {
                let found = releases.iter().find(|(number, _)| (repository.id * 100 + number).to_string() == *id);
                let Some((number, release)) = found else { return not_found() };
                let assets = self.assets(question, repository, *number, release);
                page(question, &format!("{path}/{id}/assets"), &assets, None, Clone::clone)
            }
            _ => not_found(),
        }
    }

    fn release(&self, question: &Question<'_>, repository: &Repository, number: u64, release: &Release) -> Value {
        let id = repository.id * 100 + number;
        let url = format!("{}/repos/{}/{}", question.base, self.truth.owner(repository), repository.name);
        let published = release.published.map(|published| time(published.seen_from(self.now)));
        json!({
            "url": format!("{url}/releases/{id}"), "assets_url": format!("{url}/releases/{id}/assets"),
            "html_url": format!("{url}/releases/tag/{}", release.tag), "id": id, "node_id": format!("RE_{id}"),
            "tag_name": release.tag, "target_commitish": repository.branch, "name": release.tag,
            "draft": release.published.is_none(), "prerelease": release.prerelease,
            "created_at": published, "published_at": published, "body": null,
            "author": self.owner(question, "releaser"), "upload_url": format!("{url}/releases/{id}/assets{{?name,label}}"),
            "assets": self.assets(question, repository, number, release),
            "tarball_url": format!("{url}/tarball/{}", release.tag), "zipball_url": format!("{url}/zipball/{}", release.tag),
        })
    }

    fn assets(&self, question: &Question<'_>, repository: &Repository, number: u64, release: &Release) -> Vec<Value> {
        let url = format!("{}/repos/{}/{}", question.base, self.truth.owner(repository), repository.name);
        let at = release.published.map(|published| time(published.seen_from(self.now)));
        let show = |(nth, asset): (u64, &Asset)| {
            let id = (repository.id * 100 + number) * 100 + nth;
            json!({
                "url": format!("{url}/releases/assets/{id}"), "id": id, "node_id": format!("RA_{id}"),
                "name": asset.name, "label": null, "content_type": "application/zip",
                "state": if asset.size == 0 { "starter" } else { "uploaded" }, "size": asset.size,
                "digest": asset.digest, "download_count": 0, "created_at": at, "updated_at": at,
                "browser_download_url": format!("{url}/releases/download/{}/{}", release.tag, asset.name),
            })
        };
        (1..).zip(&release.assets).map(show).collect()
    }
}
