//! Posting: the one thing that this program writes anywhere but on this machine is one comment.
//!
//! Finds the marked comment that is the token's own, updates it or makes it, and leaves one of them.
//! What the comment says is left to `render`; reading goes through `collect::http`, as everywhere, and
//! the three writes that are possible stand in `write`.

mod refusal;
mod target;
mod write;

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::Deserialize;

use crate::collect::http::{Answer, Ask, Door, ReadOnly};
use crate::collect::miss::Miss;

pub use target::{Repository, Target};
use write::{Sent, Write};

/// How often the list is read and one write tried, at most.
const MAX_ROUNDS: usize = 6;
/// How many pages of comments are read; GitHub takes 2,500 comments on one pull request.
const MAX_PAGES: usize = 100;
/// What may stand in a key as it is: no two hyphens, which would end an HTML comment.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'/');

/// Returns the hidden first line by which the comment with that key is found again.
pub fn marker(key: &str) -> String {
    format!("<!-- lastgood comment key={} -->", utf8_percent_encode(key, KEY))
}

/// Why the comment could not be written, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl From<Miss> for Refused {
    fn from(miss: Miss) -> Self {
        Self(miss.what)
    }
}

/// What became of the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// How.
    pub how: How,
    /// Where it is, as GitHub says.
    pub url: String,
    /// How many other comments of the same key and writer were removed.
    pub removed: usize,
    /// What went wrong and did not matter to the comment itself.
    pub complaints: Vec<String>,
}

/// How the comment came to say what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was made.
    Created,
    /// One that was there was changed.
    Updated,
    /// One that was there said so already.
    Unchanged,
}

/// A comment as GitHub lists it.
#[derive(Debug, Clone, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    html_url: String,
    /// Null where the account is gone.
    user: Option<Author>,
}

#[derive(Debug, Clone, Deserialize)]
struct Author {
    login: String,
}

/// Writes comments to one pull request.
pub struct Poster<'d> {
    door: &'d Door,
    token: SecretString,
    target: Target,
}

impl<'d> Poster<'d> {
    /// Returns who writes to `target` with `token`, through `door` where it reads.
    pub const fn new(door: &'d Door, token: SecretString, target: Target) -> Self {
        Self { door, token, target }
    }

    /// Makes the pull request have one comment of the token's own that begins with `marker`, and that
    /// says `body`, which has to begin with it.
    ///
    /// Of several, the oldest stays, whoever runs: so two runs at once keep the same one and remove the
    /// other. Comments of anybody else are neither changed nor removed, whatever they begin with. A write
    /// whose answer was lost is never simply repeated: the list is read first.
    ///
    /// # Errors
    ///
    /// Where the comment cannot be written, with what to do about it.
    pub async fn publish(&self, marker: &str, body: &str) -> Result<Posted, Refused> {
        let me = self.me().await?;
        let mut created: Option<Comment> = None;
        let mut wrote = false;
        let mut trouble = None;
        for pause in self.pauses() {
            if trouble.is_some() {
                tokio::time::sleep(pause).await;
            }
            let mut own = match (self.own(&me, marker).await, &created) {
                (Ok(own), _) => own,
                (Err(why), Some(made)) => {
                    let complaints = vec![format!("whether there is a second comment could not be looked up: {why}")];
                    return Ok(Posted { how: How::Created, url: made.html_url.clone(), removed: 0, complaints });
                }
                (Err(why), None) => return Err(why),
            };
            // A list may lag behind what was just written.
            if let Some(made) = &created
                && own.iter().all(|comment| comment.id != made.id)
            {
                own.push(made.clone());
            }
            own.sort_by_key(|comment| comment.id);
            let Some(kept) = own.first() else {
                match self.send(&Write::Create { body }).await {
                    Sent::Done(answer) => created = Some(answer.json()?),
                    Sent::Gone(answer) => return Err(self.refused(&answer)),
                    Sent::Unsure(why) => trouble = Some(why),
                    Sent::Refused(refused) => return Err(refused),
                }
                continue;
            };
            let is_made = created.as_ref().is_some_and(|made| made.id == kept.id);
            // A server may drop white space at the end.
            let says_so = kept.body.as_deref().map(str::trim_end) == Some(body.trim_end()) || is_made;
            if !says_so {
                match self.send(&Write::Update { id: kept.id, body }).await {
                    Sent::Done(_) => wrote = true,
                    // Somebody removed it meanwhile.
                    Sent::Gone(_) => {
                        trouble = Some(format!("{} was removed meanwhile", kept.html_url));
                        continue;
                    }
                    Sent::Unsure(why) => {
                        trouble = Some(why);
                        continue;
                    }
                    Sent::Refused(refused) => return Err(refused),
                }
            }
            let how = match (is_made || trouble.is_some() && says_so && !wrote, wrote) {
                (_, true) => How::Updated,
                (true, false) => How::Created,
                (false, false) => How::Unchanged,
            };
            let url = kept.html_url.clone();
            let (removed, complaints) = self.remove(&own[1..]).await;
            return Ok(Posted { how, url, removed, complaints });
        }
        if let Some(made) = created {
            let complaints = vec!["whether there is a second comment was not looked up any more".to_owned()];
            return Ok(Posted { how: How::Created, url: made.html_url, removed: 0, complaints });
        }
        let why = trouble.unwrap_or_else(|| "it changed again and again".to_owned());
        Err(Refused(format!("given up after {MAX_ROUNDS} tries: {why}")))
    }

    /// Removes comments of the token's own, and returns how many, and what went wrong: a comment that
    /// stays is no reason to fail, for the next run finds it again.
    async fn remove(&self, own: &[Comment]) -> (usize, Vec<String>) {
        let (mut removed, mut complaints) = (0, Vec::new());
        for comment in own {
            match self.send(&Write::Delete { id: comment.id }).await {
                Sent::Done(_) => removed += 1,
                Sent::Gone(_) => {}
                Sent::Unsure(why) | Sent::Refused(Refused(why)) => {
                    complaints.push(format!("a second comment, {}, could not be removed: {why}", comment.html_url));
                }
            }
        }
        (removed, complaints)
    }

    /// Returns the login that the token writes as.
    ///
    /// An installation's token, such as that of a workflow, may not ask `GET /user`; GraphQL tells both
    /// (docs.github.com, "GraphQL: viewer").
    async fn me(&self) -> Result<String, Refused> {
        #[derive(Deserialize)]
        struct Told {
            data: Option<Data>,
        }
        #[derive(Deserialize)]
        struct Data {
            viewer: Author,
        }
        let query = Bytes::from_static(br#"{"query":"query { viewer { login } }"}"#);
        let ask = Ask::post(ReadOnly::GraphQl, self.target.graphql()?, query);
        let answer = self.ask(ask).await?;
        if answer.status.is_success()
            && let Ok(Told { data: Some(data) }) = answer.json()
        {
            return Ok(data.viewer.login);
        }
        let refused = self.refused(&answer);
        let answer = self.ask(Ask::get(self.target.user()?)).await?;
        if answer.status.is_success() {
            let author: Author = answer.json()?;
            return Ok(author.login);
        }
        Err(Refused(format!("cannot tell whose token it is, and so not which comment is its own: {refused}")))
    }

    /// Returns the comments that begin with `marker` and that `me` wrote, oldest first.
    async fn own(&self, me: &str, marker: &str) -> Result<Vec<Comment>, Refused> {
        let mut url = self.target.comments()?;
        url.query_pairs_mut().append_pair("per_page", "100");
        let mut own = Vec::new();
        for _ in 0..MAX_PAGES {
            let answer = self.ask(Ask::get(url)).await?;
            if !answer.status.is_success() {
                return Err(self.refused(&answer));
            }
            let comments: Vec<Comment> = answer.json()?;
            own.extend(comments.into_iter().filter(|comment| is_own(comment, me, marker)));
            match answer.next_page()? {
                Some(next) => url = next,
                None => return Ok(own),
            }
        }
        Err(Refused(format!("{} has more than {MAX_PAGES} pages of comments", self.target)))
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, Refused> {
        let ask = ask.bearer(&self.token)?.headers(write::headers());
        Ok(self.door.ask(&ask).await?)
    }

    /// Returns how long to wait before each round; the first is not waited for.
    fn pauses(&self) -> impl Iterator<Item = Duration> {
        let settings = self.door.settings();
        let pauses = ExponentialBuilder::default().with_min_delay(settings.first_wait).with_max_times(MAX_ROUNDS);
        pauses.with_jitter().build()
    }

    fn refused(&self, answer: &Answer) -> Refused {
        Refused(self.door.scrubbed(Miss::unreadable(refusal::words(answer, &self.target))).what)
    }
}

/// Returns whether a comment is the token's own and begins with the marker. Anybody can write the marker
/// into a comment, and an honest comment may quote it.
fn is_own(comment: &Comment, me: &str, marker: &str) -> bool {
    let is_mine = comment.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(me));
    let first = comment.body.as_deref().and_then(|body| body.lines().next()).unwrap_or_default();
    is_mine && first.trim_end() == marker
}
