//! Renames: whether a name that the policy uses, and no list shows, still leads to a repository.
//!
//! What was renamed is told by GitHub's redirect; identity is the number, which never changes.

use super::{Github, is_name, refusal, rest};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::Fact;
use crate::model::UnseenReason;

impl Github {
    /// Returns what `name`, a repository of this system without its owner, leads to: its name of today,
    /// and an `item` that has `name` among its former names where the two differ. `None` where it leads
    /// to nothing, or to what another account owns by now.
    ///
    /// # Errors
    ///
    /// Where that was not seen. A 404 is an answer, though it may also mean that it may not be seen.
    pub async fn renamed(&self, name: &str) -> Result<Option<(String, Told)>, Miss> {
        if !is_name(name) {
            return Ok(None);
        }
        let answer = self.ask(&self.base.path(&["repos", self.account.login(), name], &[])).await?;
        read(&answer, self.account.login(), name).map_err(|miss| self.scrubbed(miss))
    }
}

/// Reads what a question for `name` of `owner` was answered with, after redirects.
///
/// # Errors
///
/// Where it is a refusal other than 404, or no repository with a number.
pub fn read(answer: &Answer, owner: &str, name: &str) -> Result<Option<(String, Told)>, Miss> {
    if answer.status == http::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let answer = refusal::ok(answer.clone())?;
    let found = rest::repository(&answer)?;
    if found.owner.is_none() {
        let what = format!("{} answered without the repository's owner", answer.request());
        return Err(answer.miss(UnseenReason::Unreadable, what));
    }
    if !found.owner.as_deref().is_some_and(|login| login.eq_ignore_ascii_case(owner)) {
        return Ok(None);
    }
    let mut item = found.item();
    if *found.name != *name {
        item.former_names = vec![name.into()];
    }
    Ok(Some((found.name.to_string(), Told::by(Fact::Item(Box::new(item)), &answer))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::{Fake, answer, system};

    const NOW_CALLED_NEW: &str = r#"{"id":7,"name":"new","full_name":"o/new","owner":{"login":"O"}}"#;

    fn item(told: &Told) -> &crate::evidence::fact::Item {
        match &told.fact {
            Fact::Item(item) => item,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_rename_is_followed_on_the_same_host_and_known_by_the_number() {
        let fake = Fake::start(|asked| match asked.path.as_str() {
            "/api/v3/repos/o/old" => (301, vec![("location", "/api/v3/repositories/7".to_owned())], String::new()),
            "/api/v3/repositories/7" => (200, vec![], NOW_CALLED_NEW.to_owned()),
            _ => (404, vec![], r#"{"message":"Not Found"}"#.to_owned()),
        })
        .await;
        let github = fake.github(&system(""));
        let (name, told) = github.renamed("old").await.unwrap().unwrap();
        assert_eq!((name.as_str(), item(&told).id.as_deref()), ("new", Some("7")));
        assert_eq!(item(&told).former_names, [Box::from("old")]);
        assert_eq!(github.renamed("gone").await.unwrap(), None);
        assert_eq!(github.renamed("../x").await.unwrap(), None);
    }

    #[test]
    fn what_moved_to_another_account_is_gone_from_this_one() {
        let moved = NOW_CALLED_NEW.replace("\"O\"", "\"elsewhere\"");
        assert_eq!(read(&answer(200, &[], &moved), "o", "old").unwrap(), None);
        let (_, told) = read(&answer(200, &[], NOW_CALLED_NEW), "o", "new").unwrap().unwrap();
        assert!(item(&told).former_names.is_empty(), "it is called so today");
        for odd in [r#"{"name":"new","owner":{"login":"o"}}"#, r#"{"id":7,"name":"new"}"#, "{}"] {
            assert!(read(&answer(200, &[], odd), "o", "old").is_err(), "{odd}");
        }
        assert!(read(&answer(403, &[], "{}"), "o", "old").is_err());
    }
}
