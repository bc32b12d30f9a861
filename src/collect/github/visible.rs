//! What an account says that it holds, to compare with what was listed of it.
//!
//! A list is filtered silently by what the credential may see; these counts show it. What follows is
//! left to `inventory`.

use serde::Deserialize;

use super::login::Session;
use super::{Account, Github};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;

/// How many repositories an account says that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holds {
    /// Public ones.
    pub public: Option<u64>,
    /// Private ones; told only to those who may see them all.
    pub private: Option<u64>,
}

/// Reads `GET /orgs/{org}`, `GET /users/{user}` or `GET /user`.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no account.
pub fn account(answer: &Answer, is_organisation: bool) -> Result<Holds, Miss> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "public_repos")]
        public: Option<u64>,
        #[serde(rename = "owned_private_repos")]
        owned: Option<u64>,
        #[serde(rename = "total_private_repos")]
        total: Option<u64>,
    }
    let body: Body = answer.json()?;
    // Of a user, the total may also count what others own.
    let private = if is_organisation { body.total.max(body.owned) } else { body.owned.or(body.total) };
    Ok(Holds { public: body.public, private })
}

impl Github {
    /// Returns how many repositories the account says that it has.
    ///
    /// # Errors
    ///
    /// Where it does not say.
    pub(super) async fn holds(&self, session: &Session) -> Result<Holds, Miss> {
        let (path, is_organisation) = match &self.account {
            Account::Organisation(login) => (self.base.path(&["orgs", login], &[]), true),
            Account::User(login) if session.identity.eq_ignore_ascii_case(login) => {
                (self.base.path(&["user"], &[]), false)
            }
            Account::User(login) => (self.base.path(&["users", login], &[]), false),
        };
        account(&self.get(&path).await?, is_organisation)
    }
}
