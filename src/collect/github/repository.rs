//! One repository: where a copy's field says that it is, and what GitHub says of it.
//!
//! Lists of repositories are left to `inventory`.

use std::sync::{Arc, PoisonError};

use super::{Github, is_name, refusal, rest};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::plan::filled;
use crate::model::time::Instant;

/// A repository that was looked at.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    /// Its owner's login, as it is today.
    pub(super) owner: String,
    /// Its name, as it is today.
    pub(super) name: String,
    /// When something was last pushed to it, UTC; `None` where that was not told.
    pub(super) pushed_at: Option<Instant>,
}

/// Reads `GET /repos/{owner}/{name}`, which follows renames.
///
/// # Errors
///
/// Where it is a refusal, or no repository.
pub(super) fn read(answer: Answer, owner: &str) -> Result<Repository, Miss> {
    let answer = refusal::ok(answer)?;
    let found = rest::repository(&answer)?;
    let owner = found.owner.as_deref().filter(|login| is_name(login)).unwrap_or(owner).to_owned();
    Ok(Repository { owner, name: found.name.into(), pushed_at: found.pushed_at })
}

/// Returns owner and name of the repository that a field names, `owner/name` or `name`.
///
/// # Errors
///
/// `unreadable` where it names none.
pub(super) fn named(field: &str, item: Option<&str>, account: &str) -> Result<(String, String), Miss> {
    let text = filled(field, item)?;
    let (owner, name) = text.split_once('/').unwrap_or((account, &text));
    if is_name(owner) && is_name(name) {
        Ok((owner.to_owned(), name.to_owned()))
    } else {
        Err(Miss::unreadable(format!("`{text}` names no repository: write `owner/name` or `name`")))
    }
}

impl Github {
    /// Returns the repository that a field names. Each is asked for once.
    ///
    /// # Errors
    ///
    /// Where it is not there, or may not be seen.
    pub(super) async fn repository(&self, field: &str, item: Option<&str>) -> Result<Repository, Miss> {
        let (owner, name) = named(field, item, self.account.login())?;
        let cell = {
            let mut known = self.repositories.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(format!("{owner}/{name}").to_lowercase()).or_default())
        };
        let asked = cell
            .get_or_init(|| async { read(self.ask(&self.base.path(&["repos", &owner, &name], &[])).await?, &owner) });
        asked.await.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_names_a_repository_here_or_elsewhere() {
        let of = |field, item| named(field, item, "org").ok();
        let pair = |owner: &str, name: &str| Some((owner.to_owned(), name.to_owned()));
        assert_eq!(of("backup", None), pair("org", "backup"));
        assert_eq!(of("other/backup-{name}", Some("x")), pair("other", "backup-x"));
        assert_eq!(of("{name}", None), None);
        assert_eq!(of("a/b/c", None), None);
        assert_eq!(of("../x", None), None);
    }
}
