//! A first policy for what holds files: a bucket, an Artifactory.
//!
//! What all first policies have is left to `starter`.

use super::{Seen, scalar};

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Bucket {
    /// Its name.
    pub(in crate::cli) name: String,
    /// The endpoint of a compatible server; `None` for AWS.
    pub(in crate::cli) endpoint: Option<String>,
}

impl Bucket {
    /// Returns the system, as a line of a policy.
    pub(super) fn system(&self, more: &str) -> String {
        let endpoint = self.endpoint.as_deref().map(|url| format!(", endpoint: {}", scalar(url))).unwrap_or_default();
        format!("bucket: {{ kind: s3, bucket: {}{endpoint}{more} }}", scalar(&self.name))
    }

    /// Returns the domains, as a policy writes them.
    pub(super) fn domains(&self) -> String {
        let provider = self.endpoint.as_deref().map_or("AWS", |_| "unknown");
        format!("{{ provider: {provider}, account: unknown, region: unknown }}")
    }

    /// Returns what was seen in a sentence.
    pub(super) fn counted(seen: &Seen<'_>) -> String {
        format!("Prefixes of the first level: {}.", seen.items.len())
    }

    /// Returns the assets, as entries of a policy.
    pub(super) fn assets(seen: &Seen<'_>) -> String {
        entry(
            ("files", "Files", "Files in the bucket"),
            ("bucket", "prefix"),
            seen.items.len(),
            "{ id: second, in: other, by: object-mirror, prefix: \"{name}/\" }",
        )
    }
}

/// An Artifactory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Artifactory {
    /// Its address.
    pub(in crate::cli) url: String,
}

impl Artifactory {
    /// Returns the system, as a line of a policy.
    pub(super) fn system(&self, more: &str) -> String {
        format!("artifactory: {{ kind: artifactory, url: {}{more} }}", scalar(&self.url))
    }

    /// Returns the domains, as a policy writes them.
    pub(super) fn domains(&self) -> String {
        let host = self.url.split("://").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
        match host.strip_suffix(".jfrog.io") {
            Some(account) => format!("{{ provider: JFrog, account: {} }}", scalar(account)),
            None => "{ provider: unknown, account: unknown }".to_owned(),
        }
    }

    /// Returns what was seen in a sentence.
    pub(super) fn counted(seen: &Seen<'_>) -> String {
        format!("Repositories that hold originals (local and federated): {}.", seen.items.len())
    }

    /// Returns the assets, as entries of a policy.
    pub(super) fn assets(seen: &Seen<'_>) -> String {
        entry(
            ("artifacts", "Artifacts", "Artifact repositories"),
            ("artifactory", "repository"),
            seen.items.len(),
            "{ id: bucket, in: bucket, by: object-mirror, prefix: \"{name}/\" }",
        )
    }
}

fn entry(
    (id, section, title): (&str, &str, &str),
    (system, each): (&str, &str),
    count: usize,
    example: &str,
) -> String {
    format!(
        "  - id: {id}\n    section: {section}\n    title: {title}\n    lives_in: {system}\n    each: {each}   # {count} today\n    objective: live\n    owner: unknown              # a squad, a committee; not one person\n    copies: unknown             # a list of copies, or [] where there is none; for example:\n    # copies:\n    #   - {example}\n"
    )
}
