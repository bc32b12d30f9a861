//! Commits, comparisons, branches and files: from the real repository where the estate has one, else from
//! the truth.
//!
//! Comparisons need a real repository; without one they are not found.

use std::path::PathBuf;
use std::process::Command;

use axum::response::Response;
use base64::Engine as _;
use http::StatusCode;
use lastgood::evidence::Digest;
use lastgood::model::Instant;
use lastgood::model::time::parse_instant;
use serde_json::{Value, json};

use super::super::truth::Repository;
use super::actions::workflow_file;
use super::pages::page;
use super::{GitHub, Question, failure, success, time};

/// How many commits a comparison shows at most.
const COMPARED: usize = 250;

/// One commit.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub sha: String,
    /// Its committer's date.
    pub at: Instant,
    parents: Vec<String>,
    message: String,
}

impl GitHub {
    /// `GET /repos/{owner}/{repo}/commits`.
    pub fn commits(&self, question: &Question<'_>, repository: &Repository) -> Response {
        let start = question.parameter("sha").unwrap_or(&repository.branch);
        let path = question.parameter("path");
        let commits = match self.history(repository, start, path) {
            Ok(commits) => commits,
            Err(response) => return *response,
        };
        let (since, until) = (question.time("since"), question.time("until"));
        let inside = |commit: &Shown| {
            since.is_none_or(|since| commit.at >= since) && until.is_none_or(|until| commit.at <= until)
        };
        let commits: Vec<Shown> = commits.into_iter().filter(inside).collect();
        let place = format!("/repositories/{}/commits", repository.id);
        page(question, &place, &commits, None, |commit| self.commit(question, repository, commit))
    }

    /// Returns the commits that can be reached from `start`, newest first.
    pub fn history(
        &self,
        repository: &Repository,
        start: &str,
        path: Option<&str>,
    ) -> Result<Vec<Shown>, Box<Response>> {
        if repository.empty {
            return Err(Box::new(failure(StatusCode::CONFLICT, "Git Repository is empty.")));
        }
        let unknown = || Box::new(failure(StatusCode::NOT_FOUND, &format!("No commit found for SHA: {start}")));
        if let Some(folder) = self.folder(repository) {
            let mut arguments = vec!["log", "--format=%H%x1f%cI%x1f%P%x1f%s", "--end-of-options", start, "--"];
            arguments.extend(path);
            return git(&folder, &arguments)
                .map(|text| text.lines().filter_map(read_commit).collect())
                .ok_or_else(unknown);
        }
        let commits = self.commits_of_truth(repository);
        let begins =
            start == repository.branch || start == "HEAD" || repository.branches.iter().any(|known| known == start);
        let from = if begins { Some(0) } else { commits.iter().position(|(commit, _)| commit.sha == start) };
        let from = from.ok_or_else(unknown)?;
        let touches = |paths: &[String]| {
            path.is_none_or(|path| {
                let below = format!("{}/", path.trim_end_matches('/'));
                paths.iter().any(|touched| touched == path || touched.starts_with(&below))
            })
        };
        Ok(commits.into_iter().skip(from).filter(|(_, paths)| touches(paths)).map(|(commit, _)| commit).collect())
    }

    /// Returns the commits of the default branch with the paths that each touched, newest first.
    fn commits_of_truth(&self, repository: &Repository) -> Vec<(Shown, Vec<String>)> {
        let mut told: Vec<(Instant, String, Vec<String>)> = repository
            .commits
            .iter()
            .map(|commit| (commit.at.seen_from(self.now), commit.message.clone(), commit.paths.clone()))
            .collect();
        if told.is_empty() && !repository.empty {
            let at = repository.pushed.unwrap_or(repository.created).seen_from(self.now);
            told.push((at, "All there is".to_owned(), vec!["README.md".to_owned()]));
        }
        told.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        let last = told.len();
        let sha = |number: usize| {
            let digest = Digest::of(format!("{}/{number}", repository.id).as_bytes()).to_string();
            digest.trim_start_matches("sha256:")[..40].to_owned()
        };
        let commits = told.into_iter().enumerate().map(|(number, (at, message, paths))| {
            let parents = if number + 1 < last { vec![sha(last - number - 1)] } else { Vec::new() };
            (Shown { sha: sha(last - number), at, parents, message }, paths)
        });
        commits.collect()
    }

    /// Returns the newest commit of a branch; `None` where there is none.
    pub fn head(&self, repository: &Repository, branch: &str) -> Option<Shown> {
        if let Some(folder) = self.folder(repository) {
            let text =
                git(&folder, &["log", "-1", "--format=%H%x1f%cI%x1f%P%x1f%s", "--end-of-options", branch, "--"])?;
            return read_commit(text.trim_end());
        }
        self.history(repository, branch, None).ok()?.into_iter().next()
    }

    /// Returns where the real repository is; `None` where there is none.
    pub fn folder(&self, repository: &Repository) -> Option<PathBuf> {
        let owner = self.truth.owner(repository);
        let folder = self.git.as_ref()?.join(owner).join(format!("{}.git", repository.name));
        folder.is_dir().then_some(folder)
    }

    fn commit(&self, question: &Question<'_>, repository: &Repository, commit: &Shown) -> Value {
        let (sha, at) = (&commit.sha, time(commit.at));
        let url = format!("{}/repos/{}/{}", question.base, self.truth.owner(repository), repository.name);
        let person = json!({ "name": "Author", "email": "author@example.org", "date": at });
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(|parent| json!({ "sha": parent, "url": format!("{url}/commits/{parent}") }))
            .collect();
        json!({
            "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{url}/commits/{sha}"),
            "html_url": format!("{url}/commit/{sha}"), "comments_url": format!("{url}/commits/{sha}/comments"),
            "commit": {
                "author": person, "committer": person, "message": commit.message,
                "tree": { "sha": sha, "url": format!("{url}/git/trees/{sha}") },
                "url": format!("{url}/git/commits/{sha}"), "comment_count": 0,
                "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null },
            },
            "author": null, "committer": null, "parents": parents,
        })
    }

    /// `GET /repos/{owner}/{repo}/compare/{base}...{head}`.
    pub fn compare(&self, question: &Question<'_>, repository: &Repository, between: &str) -> Response {
        let not_found = || failure(StatusCode::NOT_FOUND, "Not Found");
        let Some((base, head)) = between.split_once("...") else { return not_found() };
        let Some(folder) = self.folder(repository) else { return not_found() };
        let commit = |name: &str| {
            let text = git(&folder, &["log", "-1", "--format=%H%x1f%cI%x1f%P%x1f%s", "--end-of-options", name, "--"])?;
            read_commit(text.trim_end())
        };
        let (Some(base_commit), Some(head_commit)) = (commit(base), commit(head)) else { return not_found() };
        let Some(merge_base) = git(&folder, &["merge-base", base, head]) else {
            return failure(StatusCode::NOT_FOUND, &format!("No common ancestor between {base} and {head}."));
        };
        let Some(merge_base) = commit(merge_base.trim()) else { return not_found() };
        let list = |from: &str, to: &str| -> Vec<Shown> {
            let range = format!("{from}..{to}");
            let arguments = ["log", "--reverse", "--format=%H%x1f%cI%x1f%P%x1f%s", "--end-of-options", &range, "--"];
            git(&folder, &arguments).unwrap_or_default().lines().filter_map(read_commit).collect()
        };
        let ahead = list(&base_commit.sha, &head_commit.sha);
        let behind = list(&head_commit.sha, &base_commit.sha).len();
        let status = match (ahead.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let number = |name: &str| question.parameter(name).and_then(|value| value.parse::<usize>().ok());
        let size = number("per_page").unwrap_or(COMPARED).clamp(1, COMPARED);
        let skip = (number("page").unwrap_or(1).max(1) - 1) * size;
        let show = |commit: &Shown| self.commit(question, repository, commit);
        let shown: Vec<Value> = ahead.iter().skip(skip).take(size).map(show).collect();
        success(&json!({
            "url": format!("{}/repositories/{}/compare/{between}", question.base, repository.id),
            "base_commit": show(&base_commit), "merge_base_commit": show(&merge_base), "status": status,
            "ahead_by": ahead.len(), "behind_by": behind, "total_commits": ahead.len(), "commits": shown, "files": [],
        }))
    }

    /// `GET /repos/{owner}/{repo}/branches`.
    pub fn branches(&self, question: &Question<'_>, repository: &Repository) -> Response {
        let mut names: Vec<&String> = repository.branches.iter().collect();
        if !repository.empty {
            names.push(&repository.branch);
        }
        names.sort();
        let place = format!("/repositories/{}/branches", repository.id);
        page(question, &place, &names, None, |name| {
            let sha = self.head(repository, name).map(|commit| commit.sha);
            json!({ "name": name, "commit": { "sha": sha, "url": "" }, "protected": false })
        })
    }

    /// `GET /repos/{owner}/{repo}/contents/{path}`, for files and for folders that commits touched.
    pub fn contents(&self, question: &Question<'_>, repository: &Repository, path: &str) -> Response {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let touched = repository.commits.iter().flat_map(|commit| &commit.paths);
        let inside: std::collections::BTreeSet<&str> =
            touched.filter_map(|touched| touched.strip_prefix(&folder)?.split('/').next()).collect();
        if !inside.is_empty() {
            let entry = |name: &str| json!({ "type": "file", "name": name, "path": format!("{folder}{name}") });
            return success(&Value::Array(inside.into_iter().map(entry).collect()));
        }
        let Some(text) = self.file(repository, path) else { return failure(StatusCode::NOT_FOUND, "Not Found") };
        let url =
            format!("{}/repos/{}/{}/contents/{path}", question.base, self.truth.owner(repository), repository.name);
        // GitHub breaks Base64 into lines.
        let content = base64::engine::general_purpose::STANDARD.encode(&text);
        let lines: Vec<&str> =
            content.as_bytes().chunks(60).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        success(&json!({
            "type": "file", "encoding": "base64", "size": text.len(), "name": path.rsplit('/').next(), "path": path,
            "content": lines.join("\n") + "\n", "sha": null, "url": url, "html_url": url, "git_url": null,
            "download_url": null,
        }))
    }

    /// Returns a file of the default branch; `None` where there is none by that path.
    pub fn file(&self, repository: &Repository, path: &str) -> Option<String> {
        if repository.empty {
            return None;
        }
        let told = match path {
            ".gitattributes" => repository.gitattributes.clone(),
            _ => repository.files.get(path).cloned(),
        };
        let told = told.or_else(|| workflow_file(repository, path));
        told.or_else(|| git(&self.folder(repository)?, &["show", &format!("HEAD:{path}")]))
    }
}

fn read_commit(line: &str) -> Option<Shown> {
    let mut parts = line.split('\u{1f}');
    let (sha, at) = (parts.next()?.to_owned(), parse_instant(parts.next()?)?);
    let parents = parts.next()?.split_whitespace().map(str::to_owned).collect();
    Some(Shown { sha, at, parents, message: parts.next().unwrap_or_default().to_owned() })
}

/// Returns what `git` prints; `None` where it fails.
fn git(folder: &std::path::Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("--git-dir").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
