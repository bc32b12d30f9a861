//! Real repositories for the truth: each with its branches and tags, and its mirror as it is said to be.
//!
//! Serving them is left to `git`.

use std::path::Path;

use chrono::TimeDelta;
use lastgood::model::Instant;

use super::git::Repo;
use super::truth::{Mirror, Repository, Truth};

/// Whose repositories the mirrors are.
pub const MIRRORS: &str = "mirror";

/// Makes `folder`/OWNER/NAME.git for each repository that holds a commit, and `folder`/mirror/NAME.git
/// for each that has a mirror.
pub fn make(truth: &Truth, folder: &Path, now: Instant) {
    for repository in &truth.repositories {
        let owner = repository.owner.as_ref().unwrap_or(&truth.organization);
        let origin = Repo::create(&folder.join(owner).join(format!("{}.git", repository.name)), &[]);
        let pushed = repository.pushed.map_or(now - TimeDelta::days(1), |pushed| pushed.seen_from(now));
        if !repository.empty {
            fill(&origin, repository, pushed - TimeDelta::days(30));
        }
        if let Some(mirror) = repository.mirror {
            let copy = Repo::create(&folder.join(MIRRORS).join(format!("{}.git", repository.name)), &[]);
            origin.mirror_to(&copy);
            part(&origin, &copy, repository, mirror, pushed);
        }
    }
}

fn fill(origin: &Repo, repository: &Repository, at: Instant) {
    origin.commit_at(&repository.branch, at);
    origin.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{}", repository.branch)]);
    for branch in &repository.branches {
        origin.branch(branch, &repository.branch);
    }
    for tag in &repository.tags {
        origin.annotate(tag, &repository.branch);
    }
}

/// Makes both sides differ as the truth says.
fn part(origin: &Repo, copy: &Repo, repository: &Repository, mirror: Mirror, pushed: Instant) {
    let branches: Vec<&String> = std::iter::once(&repository.branch).chain(&repository.branches).collect();
    assert!(mirror.behind + mirror.diverged <= branches.len(), "{}: too few branches", repository.name);
    let (behind, rest) = branches.split_at(mirror.behind);
    for branch in behind {
        origin.commit_at(branch, pushed);
    }
    for branch in rest.iter().rev().take(mirror.diverged) {
        copy.commit_at(branch, pushed - TimeDelta::days(2));
        origin.commit_at(branch, pushed);
    }
    let tags = repository.tags.iter().map(|tag| format!("refs/tags/{tag}"));
    let lacking = tags.chain(repository.branches.iter().map(|branch| format!("refs/heads/{branch}")));
    let lacking: Vec<String> = lacking.take(mirror.missing).collect();
    assert_eq!(lacking.len(), mirror.missing, "{}: too few refs", repository.name);
    for name in lacking {
        copy.git(&["update-ref", "-d", &name]);
    }
    for number in 0..mirror.extra {
        copy.branch(&format!("retired-{number}"), &repository.branch);
    }
}
