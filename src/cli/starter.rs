//! A first policy, from what a system was found to hold.
//!
//! Says what was seen and what has to be decided; deciding is left to people.

use crate::evidence::Item;
use crate::model::time::Instant;
use crate::model::time::human;

/// Whose repositories a GitHub system holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// The login.
    pub(super) name: String,
    /// Whether it is a user and no organisation.
    pub(super) is_user: bool,
    /// The REST base of an Enterprise Server; `None` for github.com.
    pub(super) base_url: Option<String>,
}

/// The id of the system in policies that are written here.
pub(super) const SYSTEM: &str = "github";

/// Returns the smallest policy that makes an audit list the account's repositories.
pub(super) fn smallest(account: &Account) -> String {
    format!(
        "version: 1\ntitle: Discovery\nsystems:\n  {}\nobjectives:\n  any: {{ rpo: unknown }}\nassets:\n  - {{ id: all, lives_in: {SYSTEM}, each: repository, objective: any, copies: unknown }}\n",
        system(account, "")
    )
}

/// Returns a commented starter policy that passes `check`.
pub(super) fn policy(account: &Account, items: &[Item], identity: &str, complete: bool, at: Instant) -> String {
    let count = |is: &dyn Fn(&Item) -> bool| items.iter().filter(|item| is(item)).count();
    let archived = count(&|item| item.archived == Some(true) && item.fork != Some(true));
    let forks = count(&|item| item.fork == Some(true));
    let live = items.len() - archived - forks;
    let provider = account.base_url.as_deref().map_or("GitHub", |_| "unknown");
    let name = scalar(&account.name);
    let mut text = format!(
        "# A first policy, from what {} held on {}, seen as {}.\n",
        comment(&account.name),
        human(at),
        comment(identity)
    );
    text.push_str(&format!(
        "# Repositories: {} in all, {live} live, {archived} archived, forks {forks}.{}\n",
        items.len(),
        if complete { "" } else { " There may be more: not all could be seen." }
    ));
    text.push_str("# Every objective is an example. Say what you would hate to lose, and how much of it.\n");
    text.push_str("# `unknown` is an honest answer and never a green one; replace it where you know better.\n\n");
    text.push_str(&format!("version: 1\ntitle: {}\n", scalar(&format!("Backups of {}", account.name))));
    text.push_str("owner: unknown                  # who answers for this policy\n");
    text.push_str("review_every: 92d               # the period of a report\n\n");
    let domains = format!(", domains: {{ provider: {provider}, account: {name} }}");
    text.push_str(&format!(
        "systems:                        # where things are, and what is lost together\n  {}\n",
        system(account, &domains)
    ));
    text.push_str("  # Add where copies are, for example:\n");
    text.push_str("  # codeberg: { kind: git, url: https://codeberg.org/NAME, domains: { provider: Codeberg, account: NAME } }\n\n");
    text.push_str("objectives:                     # what is asked of an asset\n");
    text.push_str(
        "  live: { rpo: 1d, evidence: verified, copies: 1, independent: [provider, account], severity: high }\n",
    );
    text.push_str(
        "  kept: { rpo: 31d, evidence: verified, copies: 1, independent: [provider, account], severity: medium }\n\n",
    );
    text.push_str("assets:\n");
    text.push_str(&entry("source", "Source repositories", "archived: false, fork: false", "live", live));
    if archived > 0 {
        text.push_str(&entry("archived", "Archived repositories", "archived: true, fork: false", "kept", archived));
    }
    if forks > 0 {
        text.push_str(&entry("forks", "Forks", "fork: true", "kept", forks));
    }
    text.push_str("\n# What may be lost, with a reason and a date to look at it again:\n");
    text.push_str(&format!(
        "# exclude:\n#   - {{ in: {SYSTEM}, name: \"hello-*\", reason: demos, owner: unknown, review_by: 2030-01-31 }}\n"
    ));
    text
}

fn entry(id: &str, title: &str, select: &str, objective: &str, count: usize) -> String {
    format!(
        "  - id: {id}\n    section: Source code\n    title: {title}\n    lives_in: {SYSTEM}\n    each: repository            # {count} today\n    select: {{ {select} }}\n    facets: [git, issues, pull-requests, wiki, releases, lfs]\n    objective: {objective}\n    owner: unknown              # a squad, a committee; not one person\n    grace: 14d                  # a younger repository is `new`, not a gap\n    copies: unknown             # a list of copies, or [] where there is none; for example:\n    # copies:\n    #   - {{ id: mirror, in: codeberg, by: git-mirror, url: \"https://codeberg.org/NAME/{{name}}.git\" }}\n"
    )
}

fn system(account: &Account, more: &str) -> String {
    let key = if account.is_user { "user" } else { "org" };
    let base = account.base_url.as_deref().map(|url| format!(", base_url: {}", scalar(url))).unwrap_or_default();
    format!("{SYSTEM}: {{ kind: github, {key}: {}{base}{more} }}", scalar(&account.name))
}

/// Returns `text` as a YAML scalar: JSON's strings are YAML's.
fn scalar(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ' ')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && !["true", "false", "yes", "no", "on", "off", "null", "unknown", "y", "n"]
            .contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Returns `text` for a comment of one line.
fn comment(text: &str) -> String {
    crate::render::escape::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ItemKind;
    use crate::policy::Policy;

    #[test]
    fn the_starter_policy_passes_check_whatever_the_account_is_called() {
        for (name, base_url) in
            [("zowe", None), ("123", None), ("true", Some("https://ghe.example.org/api/v3")), ("a-b", None)]
        {
            let base_url = base_url.map(str::to_owned);
            let account = Account { name: name.to_owned(), is_user: name == "a-b", base_url };
            let mut old = Item::named(ItemKind::Repository, "old");
            old.archived = Some(true);
            let mut fork = Item::named(ItemKind::Repository, "fork");
            fork.fork = Some(true);
            let items = [Item::named(ItemKind::Repository, "live"), old, fork];
            for text in [smallest(&account), policy(&account, &items, "anonymous", false, Instant::UNIX_EPOCH)] {
                if let Err(rejection) = Policy::parse("starter.yaml", text.as_bytes()) {
                    panic!("{rejection}\n{text}");
                }
            }
        }
    }
}
