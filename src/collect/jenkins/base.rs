//! Where a controller answers: its own address, with the context path that it may have.
//!
//! Addresses only. The `url` of an object in an answer comes from the address that the controller believes
//! to have, which may be another host: it is never used, paths are built of names.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::collect::http::address;
use crate::collect::miss::Miss;

/// What is escaped in a part of a path. A name that is escaped already, as those of branches are, is
/// escaped again, because that is its name.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is escaped in `tree`: brackets and braces too, which some servers refuse as they are.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b',');

/// The address of one controller.
#[derive(Debug, Clone)]
pub(super) struct Base(Url);

impl Base {
    /// Reads the address of a system.
    ///
    /// # Errors
    ///
    /// `unreadable` where it is no http or https address.
    pub(super) fn read(text: &str) -> Result<Self, Miss> {
        let wrong = || Miss::unreadable("`url` is no http or https address of a Jenkins controller");
        let mut url = address::plain(text).ok_or_else(wrong)?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Returns the host; `None` where the address has none.
    pub(super) fn host(&self) -> Option<&str> {
        self.0.host_str()
    }

    /// Returns whether what is sent there is seen by nobody on the way: it is encrypted, or never leaves
    /// this machine.
    pub(super) fn is_confidential(&self) -> bool {
        address::is_confidential(&self.0)
    }

    /// Returns the address of `tail` of the job or folder whose names those are, outermost first; of the
    /// controller itself where there are none. `tail` is a fixed path, `tree` the part that is wanted.
    ///
    /// # Errors
    ///
    /// `unreadable` where a name would lead to another place.
    pub(super) fn of(&self, names: &[&str], tail: &str, tree: Option<&str>) -> Result<Url, Miss> {
        let mut path = self.0.path().trim_end_matches('/').to_owned();
        for name in names {
            path.push_str("/job/");
            path.push_str(&segment(name)?);
        }
        path.push('/');
        path.push_str(tail);
        let mut url = self.0.clone();
        url.set_path(&path);
        if let Some(tree) = tree {
            url.set_query(Some(&format!("tree={}", utf8_percent_encode(tree, QUERY))));
        }
        Ok(url)
    }

    /// Returns the address of a file that a build kept.
    ///
    /// # Errors
    ///
    /// `unreadable` where a name would lead to another place.
    pub(super) fn artifact(&self, names: &[&str], build: u64, path: &str) -> Result<Url, Miss> {
        let mut tail = format!("{build}/artifact");
        for part in path.split('/') {
            // Writing to a String cannot fail.
            let Ok(()) = write!(tail, "/{}", segment(part)?) else { continue };
        }
        self.of(names, &tail, None)
    }
}

/// Returns a name as a part of a path.
fn segment(name: &str) -> Result<String, Miss> {
    if matches!(name, "" | "." | "..") || name.chars().any(char::is_control) {
        return Err(Miss::unreadable(format!("`{}` is no name of a job", name.escape_debug())));
    }
    Ok(utf8_percent_encode(name, SEGMENT).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_path_stays_and_names_are_escaped_again() {
        let base = Base::read("https://h.example:8443/ci/jenkins/").unwrap();
        let url = |names: &[&str], tail| base.of(names, tail, None).unwrap().to_string();
        assert_eq!(url(&[], "api/json"), "https://h.example:8443/ci/jenkins/api/json");
        assert_eq!(
            url(&["docs site", "users%2Fjack"], "config.xml"),
            "https://h.example:8443/ci/jenkins/job/docs%20site/job/users%252Fjack/config.xml"
        );
        let tree = base.of(&[], "api/json", Some("jobs[name]{0,5}")).unwrap();
        assert_eq!(tree.query(), Some("tree=jobs%5Bname%5D%7B0,5%7D"));
        let file = base.artifact(&["backup"], 7, "out/home dump.tar.gz").unwrap();
        assert!(file.as_str().ends_with("/job/backup/7/artifact/out/home%20dump.tar.gz"), "{file}");
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let base = Base::read("http://localhost:8080").unwrap();
        for name in ["", ".", "..", "a\nb"] {
            assert!(base.of(&[name], "api/json", None).is_err(), "{name:?}");
        }
        assert!(base.artifact(&["a"], 1, "../../script").is_err());
        let odd = base.of(&["../x?y#z"], "api/json", None).unwrap();
        assert_eq!(odd.path(), "/job/..%2Fx%3Fy%23z/api/json");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for wrong in ["ftp://h/", "not a url", "https://me:pw-secret@h/", "https://h/?token=pw-secret"] {
            let miss = Base::read(wrong).unwrap_err();
            assert!(!miss.what.contains("pw-secret"), "{}", miss.what);
        }
    }
}
