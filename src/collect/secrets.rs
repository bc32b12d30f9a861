//! Secrets: found by reference, held in types that do not print, and kept out of whatever is written.
//!
//! Which secret a system needs is left to its collector; sending it, to the HTTP door.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use super::miss::Miss;
use crate::model::UnseenReason;
use crate::policy::values::SecretRef;

/// What stands in place of a secret in any text.
const HIDDEN: &str = "[secret]";

/// The shortest secret that is looked for in texts. Shorter ones would be found in any text, and
/// protect nothing.
const SHORTEST: usize = 6;

/// Looks up an environment variable; `None` where it is not set or empty.
type Lookup = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Where secrets are found, and those that were found.
#[derive(Clone)]
pub struct Keyring {
    lookup: Lookup,
    folder: PathBuf,
    known: Arc<Mutex<Vec<SecretString>>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// Returns a keyring that asks `lookup` for environment variables and finds files from `folder`.
    pub fn new(folder: &Path, lookup: impl Fn(&str) -> Option<SecretString> + Send + Sync + 'static) -> Self {
        Self { lookup: Arc::new(lookup), folder: folder.to_path_buf(), known: Arc::default() }
    }

    /// Returns the secret that `reference` points at. Of a file, one trailing line break is dropped.
    ///
    /// # Errors
    ///
    /// `not-authorized` where the variable is not set, or the file cannot be read or is empty.
    pub fn read(&self, reference: &SecretRef) -> Result<SecretString, Miss> {
        let secret = self.find(reference)?;
        self.remember(&secret);
        sendable(&secret, reference)?;
        Ok(secret)
    }

    /// Returns what `reference` points at and is no secret, such as the id of an access key: it may stand
    /// in reports.
    ///
    /// # Errors
    ///
    /// As `read`.
    pub fn read_open(&self, reference: &SecretRef) -> Result<String, Miss> {
        let open = self.find(reference)?;
        sendable(&open, reference)?;
        Ok(open.expose_secret().to_owned())
    }

    /// Returns the name that the environment variable holds; `None` where it is not set.
    pub fn name_in(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|name| name.expose_secret().to_owned())
    }

    fn find(&self, reference: &SecretRef) -> Result<SecretString, Miss> {
        match reference {
            SecretRef::Env(name) => {
                (self.lookup)(name).ok_or_else(|| missing(format!("the environment variable {name} is not set")))
            }
            SecretRef::File(path) => {
                let path = self.folder.join(path);
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| missing(format!("the secret file {} cannot be read: {error}", path.display())))?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                if text.is_empty() {
                    return Err(missing(format!("the secret file {} is empty", path.display())));
                }
                Ok(SecretString::from(text))
            }
        }
    }

    /// Returns the secret of the first of `names` that is set in the environment; `None` where none is.
    pub fn first(&self, names: &[&str]) -> Option<SecretString> {
        let secret = names.iter().find_map(|name| (self.lookup)(name))?;
        self.remember(&secret);
        Some(secret)
    }

    /// Returns a variable of the environment that is no secret; `None` where it is not set.
    pub fn open(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.expose_secret().to_owned())
    }

    /// Notes a secret that came from elsewhere, such as a token that a server made.
    pub fn remember(&self, secret: &SecretString) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|other| other.expose_secret() == secret.expose_secret()) {
            known.push(secret.clone());
        }
    }

    /// Returns `text` without any secret that this keyring has handed out: a server may repeat what it
    /// was sent.
    pub fn scrub(&self, text: &str) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let long = known.iter().map(secrecy::ExposeSecret::expose_secret).filter(|secret| secret.len() >= SHORTEST);
        let mut found: Vec<&str> = long.filter(|secret| text.contains(secret)).collect();
        // The longest first: a shorter one inside it would leave the rest of it.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        found.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// Returns whether `text` holds a secret that this keyring has handed out.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .map(secrecy::ExposeSecret::expose_secret)
            .any(|secret| secret.len() >= SHORTEST && memchr::memmem::find(text, secret.as_bytes()).is_some())
    }
}

fn missing(what: String) -> Miss {
    Miss::new(UnseenReason::NotAuthorized, what)
}

/// Refuses what cannot be sent as a credential.
fn sendable(secret: &SecretString, reference: &SecretRef) -> Result<(), Miss> {
    if secret.expose_secret().chars().any(char::is_control) && !secret.expose_secret().starts_with("-----BEGIN") {
        let place = match reference {
            SecretRef::Env(name) => format!("the environment variable {name}"),
            SecretRef::File(path) => format!("the secret file {}", path.display()),
        };
        return Err(missing(format!("{place} holds a line break or another character that no credential has")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(folder: &Path) -> Keyring {
        Keyring::new(folder, |name| (name == "SET").then(|| SecretString::from("s3cret-value")))
    }

    #[test]
    fn a_secret_is_found_by_reference_and_hidden_in_texts() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keyring(folder.path());
        assert_eq!(keys.scrub("s3cret-value"), "s3cret-value", "nobody asked for it yet");
        assert_eq!(keys.read(&SecretRef::Env("SET".into())).unwrap().expose_secret(), "s3cret-value");
        assert_eq!(keys.scrub("Bad credentials: s3cret-value"), "Bad credentials: [secret]");
        assert!(keys.is_in(b"{\"name\":\"s3cret-value\"}"));
        assert!(!format!("{keys:?}").contains("s3cret"));
    }

    #[test]
    fn a_name_is_found_by_reference_and_is_no_secret() {
        let keys = keyring(Path::new("."));
        assert_eq!(keys.read_open(&SecretRef::Env("SET".into())).unwrap(), "s3cret-value");
        assert_eq!(keys.name_in("SET").as_deref(), Some("s3cret-value"));
        assert!(keys.name_in("UNSET").is_none() && keys.read_open(&SecretRef::Env("UNSET".into())).is_err());
        assert_eq!(keys.scrub("s3cret-value"), "s3cret-value");
    }

    #[test]
    fn a_secret_inside_a_longer_one_does_not_show_the_rest_of_it() {
        let keys = keyring(Path::new("."));
        for secret in ["s3cret", "s3cret-and-more"] {
            keys.remember(&SecretString::from(secret));
        }
        assert_eq!(keys.scrub("s3cret-and-more, s3cret"), "[secret], [secret]");
    }

    #[test]
    fn one_line_break_at_the_end_of_a_file_is_not_part_of_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keyring(folder.path());
        std::fs::write(folder.path().join("token"), "from-a-file\r\n").unwrap();
        assert_eq!(keys.read(&SecretRef::File("token".into())).unwrap().expose_secret(), "from-a-file");
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        for wrong in [SecretRef::File("empty".into()), SecretRef::File("gone".into()), SecretRef::Env("UNSET".into())] {
            assert_eq!(keys.read(&wrong).unwrap_err().reason, UnseenReason::NotAuthorized, "{wrong:?}");
        }
    }
}
