//! A first policy, from what a system was found to hold.
//!
//! Says what was seen and what has to be decided; deciding is left to people. What each kind of system adds
//! is left to a file of its own.

mod files;
mod github;
mod jenkins;

use crate::evidence::Item;
use crate::model::ItemKind;
use crate::model::time::{Instant, human};

pub(super) use files::{Artifactory, Bucket};
pub(super) use github::Account;
pub(super) use jenkins::Controller;

/// What a first policy is written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Github(Account),
    S3(Bucket),
    Artifactory(Artifactory),
    Jenkins(Controller),
}

/// What was seen of it.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// What it holds.
    pub(super) items: &'a [Item],
    /// As whom it was looked at.
    pub(super) identity: &'a str,
    /// Whether all of it could be seen.
    pub(super) whole: bool,
    /// When, UTC.
    pub(super) at: Instant,
}

impl Seen<'_> {
    fn count(&self, is: impl Fn(&Item) -> bool) -> usize {
        self.items.iter().filter(|item| is(item)).count()
    }
}

impl Target {
    /// Returns the id of the system in policies that are written here.
    pub(super) const fn id(&self) -> &'static str {
        match self {
            Self::Github(_) => "github",
            Self::S3(_) => "bucket",
            Self::Artifactory(_) => "artifactory",
            Self::Jenkins(_) => "jenkins",
        }
    }

    /// Returns the name for people.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Github(account) => &account.name,
            Self::S3(bucket) => &bucket.name,
            Self::Artifactory(artifactory) => &artifactory.url,
            Self::Jenkins(controller) => &controller.url,
        }
    }

    const fn each(&self) -> ItemKind {
        match self {
            Self::Github(_) | Self::Artifactory(_) => ItemKind::Repository,
            Self::S3(_) => ItemKind::Prefix,
            Self::Jenkins(_) => ItemKind::Job,
        }
    }

    fn system(&self, more: &str) -> String {
        match self {
            Self::Github(account) => account.system(more),
            Self::S3(bucket) => bucket.system(more),
            Self::Artifactory(artifactory) => artifactory.system(more),
            Self::Jenkins(controller) => controller.system(more),
        }
    }

    fn domains(&self) -> String {
        match self {
            Self::Github(account) => account.domains(),
            Self::S3(bucket) => bucket.domains(),
            Self::Artifactory(artifactory) => artifactory.domains(),
            Self::Jenkins(_) => "{ provider: unknown, account: unknown }".to_owned(),
        }
    }

    /// Returns the smallest policy that makes an audit list the system.
    pub(super) fn smallest(&self) -> String {
        format!(
            "version: 1\ntitle: Discovery\nsystems:\n  {}\nobjectives:\n  any: {{ rpo: unknown }}\nassets:\n  - {{ id: all, lives_in: {}, each: {}, objective: any, copies: unknown }}\n",
            self.system(""),
            self.id(),
            self.each()
        )
    }

    /// Returns a commented first policy that passes `check`.
    pub(super) fn policy(&self, seen: &Seen<'_>) -> String {
        let (counted, assets) = match self {
            Self::Github(_) => (Account::counted(seen), Account::assets(seen)),
            Self::S3(_) => (Bucket::counted(seen), Bucket::assets(seen)),
            Self::Artifactory(_) => (Artifactory::counted(seen), Artifactory::assets(seen)),
            Self::Jenkins(_) => (Controller::counted(seen), Controller::assets(seen)),
        };
        let mut text = format!(
            "# A first policy, from what {} held on {}, seen as {}.\n",
            comment(self.name()),
            human(seen.at),
            comment(seen.identity)
        );
        let rest = if seen.whole { "" } else { " There may be more: not all could be seen." };
        text.push_str(&format!("# {counted}{rest}\n"));
        text.push_str("# Every objective is an example. Say what you would hate to lose, and how much of it.\n");
        text.push_str("# `unknown` is an honest answer and never a green one; replace it where you know better.\n\n");
        text.push_str(&format!("version: 1\ntitle: {}\n", scalar(&format!("Backups of {}", self.name()))));
        text.push_str("owner: unknown                  # who answers for this policy\n");
        text.push_str("review_every: 92d               # the period of a report\n\n");
        text.push_str(&format!(
            "systems:                        # where things are, and what is lost together\n  {}\n",
            self.system(&format!(", domains: {}", self.domains()))
        ));
        text.push_str("  # Add where copies are, for example:\n");
        text.push_str(match self {
            Self::Github(_) => "  # codeberg: { kind: git, url: https://codeberg.org/NAME, domains: { provider: Codeberg, account: NAME } }\n\n",
            Self::S3(_) => "  # other: { kind: s3, bucket: NAME, domains: { provider: AWS, account: NAME, region: REGION } }\n\n",
            Self::Artifactory(_) => "  # bucket: { kind: s3, bucket: NAME, domains: { provider: AWS, account: NAME } }\n\n",
            Self::Jenkins(_) => "  # github: { kind: github, org: NAME, domains: { provider: GitHub, account: NAME } }\n\n",
        });
        text.push_str("objectives:                     # what is asked of an asset\n");
        text.push_str(
            "  live: { rpo: 1d, evidence: verified, copies: 1, independent: [provider, account], severity: high }\n",
        );
        text.push_str(
            "  kept: { rpo: 31d, evidence: verified, copies: 1, independent: [provider, account], severity: medium }\n\n",
        );
        text.push_str("assets:\n");
        text.push_str(&assets);
        text.push_str("\n# What may be lost, with a reason and a date to look at it again:\n");
        text.push_str(&format!(
            "# exclude:\n#   - {{ in: {}, name: \"hello-*\", reason: demos, owner: unknown, review_by: 2030-01-31 }}\n",
            self.id()
        ));
        text
    }
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
    use crate::policy::Policy;

    fn check(target: &Target, items: &[Item]) {
        let seen = Seen { items, identity: "anonymous", whole: false, at: Instant::UNIX_EPOCH };
        for text in [target.smallest(), target.policy(&seen)] {
            if let Err(rejection) = Policy::parse("starter.yaml", text.as_bytes()) {
                panic!("{rejection}\n{text}");
            }
        }
    }

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
            check(&Target::Github(account), &[Item::named(ItemKind::Repository, "live"), old, fork]);
        }
    }

    #[test]
    fn the_starter_policies_for_files_pass_check_whatever_the_place_is_called() {
        for endpoint in [None, Some("http://127.0.0.1:9000")] {
            let endpoint = endpoint.map(str::to_owned);
            for name in ["releases", "123.456", "null"] {
                let bucket = Bucket { name: name.to_owned(), endpoint: endpoint.clone() };
                check(&Target::S3(bucket), &[Item::named(ItemKind::Prefix, "db")]);
            }
        }
        for url in ["https://zowe.jfrog.io/zowe", "http://localhost:8082/artifactory", "https://null.jfrog.io"] {
            check(&Target::Artifactory(Artifactory { url: url.to_owned() }), &[]);
        }
    }

    #[test]
    fn the_starter_policy_for_jobs_passes_check_wherever_they_are_defined() {
        let mut jobs = vec![Item::named(ItemKind::Job, "a"), Item::named(ItemKind::Job, "b/c")];
        jobs[0].defined_in = Some(crate::policy::values::DefinedIn::Jenkins);
        for url in ["https://ci.example.org/jenkins/", "http://localhost:8080"] {
            check(&Target::Jenkins(Controller { url: url.to_owned() }), &jobs);
        }
    }
}
