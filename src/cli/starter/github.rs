//! A first policy for a GitHub organisation or user.
//!
//! What all first policies have is left to `starter`.

use super::{Seen, scalar};

/// Whose repositories a GitHub system holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Account {
    /// The login.
    pub(in crate::cli) name: String,
    /// Whether it is a user and no organisation.
    pub(in crate::cli) is_user: bool,
    /// The REST base of an Enterprise Server; `None` for github.com.
    pub(in crate::cli) base_url: Option<String>,
}

impl Account {
    /// Returns the system, as a line of a policy.
    pub(super) fn system(&self, more: &str) -> String {
        let key = if self.is_user { "user" } else { "org" };
        let base = self.base_url.as_deref().map(|url| format!(", base_url: {}", scalar(url))).unwrap_or_default();
        format!("github: {{ kind: github, {key}: {}{base}{more} }}", scalar(&self.name))
    }

    /// Returns the domains, as a policy writes them.
    pub(super) fn domains(&self) -> String {
        let provider = self.base_url.as_deref().map_or("GitHub", |_| "unknown");
        format!("{{ provider: {provider}, account: {} }}", scalar(&self.name))
    }

    /// Returns what was seen in a sentence.
    pub(super) fn counted(seen: &Seen<'_>) -> String {
        let (live, archived, forks) = counts(seen);
        format!("Repositories: {} in all, {live} live, {archived} archived, forks {forks}.", seen.items.len())
    }

    /// Returns the assets, as entries of a policy.
    pub(super) fn assets(seen: &Seen<'_>) -> String {
        let (live, archived, forks) = counts(seen);
        let mut text = entry("source", "Source repositories", "archived: false, fork: false", "live", live);
        if archived > 0 {
            text.push_str(&entry("archived", "Archived repositories", "archived: true, fork: false", "kept", archived));
        }
        if forks > 0 {
            text.push_str(&entry("forks", "Forks", "fork: true", "kept", forks));
        }
        text
    }
}

fn counts(seen: &Seen<'_>) -> (usize, usize, usize) {
    let archived = seen.count(|item| item.archived == Some(true) && item.fork != Some(true));
    let forks = seen.count(|item| item.fork == Some(true));
    (seen.items.len() - archived - forks, archived, forks)
}

fn entry(id: &str, title: &str, select: &str, objective: &str, count: usize) -> String {
    format!(
        "  - id: {id}\n    section: Source code\n    title: {title}\n    lives_in: github\n    each: repository            # {count} today\n    select: {{ {select} }}\n    facets: [git, issues, pull-requests, wiki, releases, lfs]\n    objective: {objective}\n    owner: unknown              # a squad, a committee; not one person\n    grace: 14d                  # a younger repository is `new`, not a gap\n    copies: unknown             # a list of copies, or [] where there is none; for example:\n    # copies:\n    #   - {{ id: mirror, in: codeberg, by: git-mirror, url: \"https://codeberg.org/NAME/{{name}}.git\" }}\n"
    )
}
