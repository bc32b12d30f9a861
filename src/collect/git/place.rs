//! Places: what an address of a repository leads to, so that one place is known under two addresses.
//!
//! Reading what lies there is left to the transports.

use std::path::Path;

use gix::bstr::ByteSlice as _;
use gix::url::Scheme;
use reqwest::Url;

use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// Where a repository lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    path: String,
}

impl Place {
    /// Returns the place that `url` names.
    pub(super) fn of(url: &gix::Url) -> Self {
        let path = url.path.to_str_lossy();
        let path = path.trim_end_matches('/');
        Self {
            scheme: url.scheme.clone(),
            host: known_as(&url.host().unwrap_or_default().to_ascii_lowercase()),
            port: url.port_or_default(),
            path: path.strip_suffix(".git").unwrap_or(path).to_owned(),
        }
    }

    /// Returns the place of a folder of this machine, by its one true name.
    pub(super) fn of_folder(path: &Path) -> Self {
        let path = path.to_string_lossy();
        let path = path.strip_suffix("/.git").unwrap_or(&path);
        Self {
            scheme: Scheme::File,
            host: String::new(),
            port: None,
            path: path.strip_suffix(".git").unwrap_or(path).to_owned(),
        }
    }

    /// Returns the place that `url` names, which speaks HTTP.
    ///
    /// # Errors
    ///
    /// As `parse`.
    pub(super) fn of_http(url: &Url) -> Result<Self, Miss> {
        parse(url.as_str()).map(|url| Self::of(&url))
    }

    /// Returns whether both are one place. Ports of two different protocols say nothing: a host that
    /// answers https and ssh shows one repository at both.
    pub fn is(&self, other: &Self) -> bool {
        self.host == other.host
            && self.path == other.path
            && (self.scheme != other.scheme || self.port == other.port)
            && (self.scheme == Scheme::File) == (other.scheme == Scheme::File)
    }
}

/// Returns the name under which a host is known that answers ssh under another one, for networks that
/// let nothing but port 443 through.
fn known_as(host: &str) -> String {
    let name = match host {
        "ssh.github.com" => "github.com",
        "altssh.gitlab.com" => "gitlab.com",
        "altssh.bitbucket.org" => "bitbucket.org",
        "localhost" | "::1" | "[::1]" => "127.0.0.1",
        other => other,
    };
    name.to_owned()
}

/// Reads an address.
///
/// # Errors
///
/// `unreadable` where it is none. The message does not repeat it, for it may hold a secret.
pub(super) fn parse(url: &str) -> Result<gix::Url, Miss> {
    gix::url::parse(url.as_bytes())
        .map_err(|_| Miss::new(UnseenReason::Unreadable, "its address is not a URL that git understands"))
}

/// Returns whether both addresses are answered by one host, so that they may lead to one repository.
pub(super) fn share_host(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (parse(one), parse(other)) else { return false };
    let (one, other) = (Place::of(&one), Place::of(&other));
    one.host == other.host && (one.scheme != other.scheme || one.port == other.port)
}

/// Returns the address as it may be shown, without a password; for http without a user too.
pub(super) fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.scheme() == "ssh" => {
            let mut url = url;
            // Fails only for URLs that can have none.
            let (Ok(()) | Err(())) = url.set_password(None);
            url.into()
        }
        Ok(url) => crate::collect::http::answer::shown(&url),
        Err(_) => "an address that is no URL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Place::of(&parse(url).unwrap())
    }

    #[test]
    fn one_repository_is_known_under_several_addresses() {
        let here = place("https://git.example.org/team/app");
        for same in [
            "https://git.example.org/team/app.git",
            "https://GIT.example.org:443/team/app.git/",
            "ssh://git@git.example.org:2222/team/app.git",
            "http://git.example.org/team/app",
        ] {
            assert!(here.is(&place(same)), "{same}");
        }
        for other in [
            "https://git.example.org:8443/team/app",
            "https://git.example.org/team/App",
            "https://example.org/team/app",
        ] {
            assert!(!here.is(&place(other)), "{other}");
        }
        let folder = Place::of_folder(Path::new("/team/app.git"));
        assert!(folder.is(&Place::of_folder(Path::new("/team/app/.git"))));
        assert!(!folder.is(&here), "a folder and a host are never one");
    }

    #[test]
    fn what_is_shown_of_an_address_holds_no_secret() {
        assert_eq!(shown("https://me:pw@git.example.org/x"), "https://git.example.org/x");
        assert_eq!(shown("ssh://git@git.example.org/x"), "ssh://git@git.example.org/x");
        assert_eq!(shown("ssh://git:pw@git.example.org/x"), "ssh://git@git.example.org/x");
    }
}
