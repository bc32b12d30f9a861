//! The pull request that is written to, and the addresses that belong to it.
//!
//! Asking them is left to the file above.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use super::Refused;

/// A repository, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            let may = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            (1..=100).contains(&name.len()) && name.bytes().all(may) && !matches!(name, "." | "..")
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err("not a repository: write OWNER/NAME".to_owned()),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A pull request of a GitHub.
#[derive(Debug, Clone)]
pub struct Target {
    api: Url,
    repository: Repository,
    number: u64,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

impl Target {
    /// Returns pull request `number` of `repository` in the GitHub whose REST base is `api`.
    ///
    /// # Errors
    ///
    /// Where `api` is no base to which paths can be added, holds a credential, or would send the token
    /// unencrypted to another machine.
    pub fn new(api: &str, repository: Repository, number: u64) -> Result<Self, String> {
        // What cannot be read may hold a credential too, so that it is not repeated.
        let url = Url::parse(api).map_err(|error| format!("not a URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds a credential; name the token's variable by --token-env".to_owned());
        }
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err("no base of an API, such as https://api.github.com: https, and no `?` or `#`".to_owned());
        }
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !is_here {
            return Err(format!("{url} would send the token unencrypted; use https"));
        }
        Ok(Self { api: url, repository, number })
    }

    /// Returns the list of comments, which is where one is made.
    pub(super) fn comments(&self) -> Result<Url, Refused> {
        self.at(&format!("repos/{}/issues/{}/comments", self.repository, self.number))
    }

    /// Returns one comment.
    pub(super) fn comment(&self, id: u64) -> Result<Url, Refused> {
        self.at(&format!("repos/{}/issues/comments/{id}", self.repository))
    }

    /// Returns whoever asks.
    pub(super) fn user(&self) -> Result<Url, Refused> {
        self.at("user")
    }

    /// Returns GraphQL: of an Enterprise Server it lies beside REST (docs.github.com, "GraphQL API endpoint").
    pub(super) fn graphql(&self) -> Result<Url, Refused> {
        let base = self.api.as_str().trim_end_matches('/');
        match base.strip_suffix("/api/v3") {
            Some(root) => parse(&format!("{root}/api/graphql")),
            None => parse(&format!("{base}/graphql")),
        }
    }

    fn at(&self, path: &str) -> Result<Url, Refused> {
        parse(&format!("{}/{path}", self.api.as_str().trim_end_matches('/')))
    }
}

fn parse(url: &str) -> Result<Url, Refused> {
    Url::parse(url).map_err(|error| Refused(format!("{url} is no URL: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(api: &str) -> Result<Target, String> {
        Target::new(api, "o/r".parse().unwrap(), 7)
    }

    #[test]
    fn addresses_are_those_of_github_and_of_an_enterprise_server() {
        let cloud = target("https://api.github.com").unwrap();
        assert_eq!(cloud.comments().unwrap().as_str(), "https://api.github.com/repos/o/r/issues/7/comments");
        assert_eq!(cloud.comment(9).unwrap().as_str(), "https://api.github.com/repos/o/r/issues/comments/9");
        assert_eq!(cloud.graphql().unwrap().as_str(), "https://api.github.com/graphql");
        let server = target("https://ghe.example.org/api/v3/").unwrap();
        assert_eq!(server.graphql().unwrap().as_str(), "https://ghe.example.org/api/graphql");
        assert_eq!(server.user().unwrap().as_str(), "https://ghe.example.org/api/v3/user");
    }

    #[test]
    fn a_token_goes_nowhere_unencrypted_and_no_path_leads_astray() {
        for wrong in ["http://ghe.example.org", "ftp://x", "https://u:p@x", "https://x?a=b", "x"] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
        for secret in [
            "https://u:s3cret@x?a=b",
            "https://u:s3cret@x#a",
            "https://u:s3cret@",
            "//u:s3cret@x",
            "https://x?token=s3cret",
        ] {
            let told = target(secret).expect_err(secret);
            assert!(!told.contains("s3cret"), "{told}");
        }
        assert!(target("http://127.0.0.1:80").is_ok());
        for wrong in ["o", "o/r/x", "../r", "o/..", "o/r?x", "", "o/", "o/r#1"] {
            assert!(wrong.parse::<Repository>().is_err(), "{wrong}");
        }
    }
}
