//! Where an Artifactory answers: its address, up to and including the context path.
//!
//! Addresses only; asking is left to `client`, credentials to `login`.

use reqwest::Url;

use crate::collect::http::address;
use crate::collect::miss::Miss;

/// The context path that Artifactory has unless a reverse proxy drops it.
const CONTEXT: &str = "artifactory";

/// The address of one Artifactory, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base(Url);

impl Base {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// `unreadable` where it is no http or https address, or has a query, a fragment or credentials.
    pub(super) fn read(text: &str) -> Result<Self, Miss> {
        // The text is not repeated: it may hold a password.
        let wrong = || Miss::unreadable("the `url` of the system is no plain http or https address");
        let mut url = address::plain(text).ok_or_else(wrong)?;
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty();
        Ok(Self(url))
    }

    /// Returns the host; `None` where the address has none.
    pub(super) fn host(&self) -> Option<&str> {
        self.0.host_str()
    }

    /// Returns whether it is a server of JFrog Cloud, as its name tells.
    pub(super) fn is_cloud(&self) -> bool {
        self.host().is_some_and(|host| host.ends_with(".jfrog.io"))
    }

    /// Returns whether what is sent there is seen by nobody on the way: it is encrypted, or never leaves
    /// this machine.
    pub(super) fn is_confidential(&self) -> bool {
        address::is_confidential(&self.0)
    }

    /// Returns the address of `segments` below the base, each escaped.
    pub(super) fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Returns the same address with the usual context path; `None` where it ends with that already.
    pub(super) fn with_context(&self) -> Option<Self> {
        let ends = self.0.path_segments().and_then(|mut path| path.next_back()) == Some(CONTEXT);
        (!ends).then(|| Self(self.below(&[CONTEXT])))
    }

    /// Returns the address of JFrog Access's own API, which answers beside Artifactory's context path.
    pub(super) fn access(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if self.with_context().is_none()
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.pop();
        }
        Self(url).below(segments)
    }

    /// Returns whether `url` is the base or lies below it: same host, same port, and below its path.
    pub(super) fn holds(&self, url: &Url) -> bool {
        let parts = |url: &Url| -> Vec<String> {
            let path = url.path_segments().into_iter().flatten();
            path.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        self.0.host_str() == url.host_str()
            && self.0.port_or_known_default() == url.port_or_known_default()
            && parts(url).starts_with(&parts(&self.0))
    }

    /// Returns it as text, without a slash at the end.
    pub(super) fn shown(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        Base::read(text).unwrap()
    }

    #[test]
    fn paths_are_escaped_below_the_context_path() {
        for text in ["https://h.example/artifactory", "https://h.example/artifactory/"] {
            let url = base(text).below(&["api", "repositories", "a b/c"]);
            assert_eq!(url.as_str(), "https://h.example/artifactory/api/repositories/a%20b%2Fc");
        }
        assert_eq!(base("http://h.example:8081").below(&["api"]).as_str(), "http://h.example:8081/api");
    }

    #[test]
    fn the_usual_context_path_is_added_once() {
        let with = |text: &str| base(text).with_context().map(|base| base.shown().to_owned());
        assert_eq!(with("https://h.example").as_deref(), Some("https://h.example/artifactory"));
        assert_eq!(with("https://h.example/tools/").as_deref(), Some("https://h.example/tools/artifactory"));
        assert_eq!(with("https://h.example/artifactory/"), None);
        let access = |text: &str| base(text).access(&["access", "api"]).to_string();
        assert_eq!(access("https://h.example/artifactory"), "https://h.example/access/api");
        assert_eq!(access("https://h.example"), "https://h.example/access/api");
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_being_repeated() {
        for text in ["ftp://h.example", "https://me:s3cret@h.example/", "https://h.example/?token=s3cret", "s3cret"] {
            assert!(!Base::read(text).unwrap_err().what.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn below_an_address_is_the_same_host_port_and_path() {
        let target = base("https://h.example/artifactory");
        let holds = |text: &str| target.holds(&Url::parse(text).unwrap());
        assert!(holds("https://H.example:443/artifactory/libs/") && holds("https://h.example/artifactory"));
        for other in ["https://h.example/artifactory2/libs", "https://x.example/artifactory/libs", "https://h.example/"]
        {
            assert!(!holds(other), "{other}");
        }
        assert!(!holds("https://h.example:8443/artifactory/libs"));
    }
}
