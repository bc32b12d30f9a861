//! Where a GitHub answers: REST, GraphQL and git, of github.com, of a tenant under ghe.com and of an
//! Enterprise Server.
//!
//! Addresses only; asking is left to `client`, credentials to `login`.

use reqwest::Url;

use crate::collect::http::address;
use crate::collect::miss::Miss;

/// The addresses of one GitHub.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// The REST API, without a slash at its end.
    api: Url,
    /// The GraphQL API.
    graphql: Url,
    /// Under what address repositories are cloned, without a slash at its end.
    web: String,
    /// Whether it is github.com or a tenant under ghe.com, and no Enterprise Server.
    is_cloud: bool,
}

impl Base {
    /// Returns the host of the REST API; `None` where its address has none.
    pub(super) fn host(&self) -> Option<&str> {
        self.api.host_str()
    }

    /// Returns the addresses that follow from a `base_url`; github.com where it is left out.
    ///
    /// Enterprise Server serves REST under `/api/v3` and GraphQL at `/api/graphql` (docs.github.com,
    /// "Getting started with the REST API"). A base without `/api/v3` has both under one path.
    ///
    /// # Errors
    ///
    /// `unreadable` where it is no http or https URL.
    pub(super) fn read(base_url: Option<&str>) -> Result<Self, Miss> {
        let text = base_url.unwrap_or("https://api.github.com").trim_end_matches('/');
        let wrong = || Miss::unreadable(format!("`base_url: {text}` is no http or https address of a GitHub API"));
        let api = Url::parse(text).map_err(|_| wrong())?;
        let host = api.host_str().ok_or_else(wrong)?.to_owned();
        if !matches!(api.scheme(), "http" | "https") || api.query().is_some() || api.fragment().is_some() {
            return Err(wrong());
        }
        let tenant = host.strip_prefix("api.").filter(|tenant| tenant.ends_with(".ghe.com"));
        let whole = api.as_str().trim_end_matches('/').to_owned();
        let server = whole.strip_suffix("/api/v3").map(str::to_owned);
        let (graphql, web, is_cloud) = match (&server, tenant) {
            (None, _) if host == "api.github.com" => {
                (format!("{whole}/graphql"), "https://github.com".to_owned(), true)
            }
            (None, Some(tenant)) => (format!("{whole}/graphql"), format!("https://{tenant}"), true),
            (Some(root), _) => (format!("{root}/api/graphql"), root.clone(), false),
            (None, None) => (format!("{whole}/graphql"), whole, false),
        };
        Ok(Self { graphql: Url::parse(&graphql).map_err(|_| wrong())?, api, web, is_cloud })
    }

    /// Returns whether it is github.com or a tenant under ghe.com, and no Enterprise Server.
    pub(super) const fn is_cloud(&self) -> bool {
        self.is_cloud
    }

    /// Returns whether what is sent there is seen by nobody on the way: it is encrypted, or never leaves
    /// this machine.
    pub(super) fn is_confidential(&self) -> bool {
        address::is_confidential(&self.api)
    }

    /// Returns the address of the GraphQL API.
    pub(super) const fn graphql(&self) -> &Url {
        &self.graphql
    }

    /// Returns the address under which a repository is cloned over https.
    pub(super) fn clone_url(&self, owner: &str, name: &str) -> String {
        format!("{}/{owner}/{name}.git", self.web)
    }

    /// Returns the path below the base of `segments` and `query`, each escaped.
    pub(super) fn path(&self, segments: &[&str], query: &[(&str, &str)]) -> String {
        let mut url = self.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.below(&url).unwrap_or_default()
    }

    /// Returns the path below the base of `url`; `None` where it lies elsewhere, so that no credential
    /// goes there.
    pub(super) fn below(&self, url: &Url) -> Option<String> {
        let rest = url.as_str().strip_prefix(self.api.as_str().trim_end_matches('/'))?;
        rest.starts_with('/').then(|| rest.to_owned())
    }

    /// Returns the whole address of a path below the base. `/graphql` is the GraphQL API, wherever it is.
    ///
    /// # Errors
    ///
    /// `unreadable` where `uri` names a host: only paths are asked.
    pub(super) fn join(&self, uri: &http::Uri) -> Result<Url, Miss> {
        let wrong = || Miss::unreadable(format!("`{}` is no path of the GitHub API", uri.path()));
        if uri.authority().is_some() {
            return Err(wrong());
        }
        if uri.path() == "/graphql" {
            return Ok(self.graphql.clone());
        }
        let rest = uri.path_and_query().ok_or_else(wrong)?;
        Url::parse(&format!("{}{rest}", self.api.as_str().trim_end_matches('/'))).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(base: Option<&str>) -> (String, String, bool) {
        let base = Base::read(base).unwrap();
        (base.graphql().to_string(), base.clone_url("o", "r"), base.is_cloud())
    }

    #[test]
    fn each_kind_of_github_has_its_addresses() {
        let cloud = ("https://api.github.com/graphql".to_owned(), "https://github.com/o/r.git".to_owned(), true);
        assert_eq!(told(None), cloud);
        assert_eq!(told(Some("https://api.github.com/")), cloud);
        assert_eq!(
            told(Some("https://ghe.example.org/api/v3/")),
            ("https://ghe.example.org/api/graphql".to_owned(), "https://ghe.example.org/o/r.git".to_owned(), false)
        );
        assert_eq!(
            told(Some("http://127.0.0.1:8080/api/v3")),
            ("http://127.0.0.1:8080/api/graphql".to_owned(), "http://127.0.0.1:8080/o/r.git".to_owned(), false)
        );
        assert_eq!(
            told(Some("https://api.acme.ghe.com")),
            ("https://api.acme.ghe.com/graphql".to_owned(), "https://acme.ghe.com/o/r.git".to_owned(), true)
        );
        assert_eq!(
            told(Some("http://127.0.0.1:8080")),
            ("http://127.0.0.1:8080/graphql".to_owned(), "http://127.0.0.1:8080/o/r.git".to_owned(), false)
        );
        for wrong in ["ssh://git@ghe.example.org", "file:///api/v3", "https://ghe.example.org/api/v3?x=1"] {
            assert!(Base::read(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_are_escaped_and_stay_below_the_base() {
        let base = Base::read(Some("https://ghe.example.org/api/v3")).unwrap();
        let path = base.path(&["repos", "o", "a/b?c", "commits"], &[("path", "x & y"), ("created", ">=2026-01-01")]);
        assert_eq!(path, "/repos/o/a%2Fb%3Fc/commits?path=x+%26+y&created=%3E%3D2026-01-01");
        let whole = base.join(&path.parse().unwrap()).unwrap();
        assert_eq!(base.below(&whole), Some(path));
        for elsewhere in
            ["https://ghe.example.org/login", "https://ghe.example.org/api/v3x/y", "https://evil.example/api/v3/x"]
        {
            assert_eq!(base.below(&Url::parse(elsewhere).unwrap()), None, "{elsewhere}");
        }
        assert!(base.join(&"https://evil.example/repos".parse().unwrap()).is_err());
        assert_eq!(base.join(&"/graphql".parse().unwrap()).unwrap().as_str(), "https://ghe.example.org/api/graphql");
    }
}
