//! git: the refs of repositories over https, ssh and file, and mirrors compared by them.
//!
//! Which repositories are asked, and with which credentials, is left to the plan; dates of commits to
//! whoever knows the history.

pub mod compare;
mod file;
mod http;
pub mod place;
pub mod refs;
mod ssh;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::time::Instant as Tick;

pub use compare::{Between, History, comparison, mirror};
pub use refs::{Ref, RefMap};

use super::http::Door;
use super::miss::Miss;
use crate::evidence::Digest;
use crate::model::UnseenReason;

/// A repository and as whom it is asked.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Its address: https, http, ssh or file.
    pub url: String,
    /// User name and password or token. They are sent over http alone; ssh takes the user name where
    /// the address has none, and its keys from its own configuration.
    pub credential: Option<(String, SecretString)>,
}

/// How many folders of this machine are read at once: more would only wait for one another.
const FOLDERS: usize = 8;

/// What was read of one address, once.
type Read = Arc<OnceCell<Result<Arc<RefMap>, Miss>>>;

/// What makes two readings the same one: address, user, secret, and whether it is thorough.
type Known = (String, Option<(String, Digest)>, bool);

/// The way to repositories. Each is read once, however many ask.
#[derive(Debug)]
pub struct Git {
    door: Door,
    ssh: ssh::Ssh,
    /// Turns of reading folders of this machine.
    folders: Semaphore,
    spoken: http::Spoken,
    memo: Mutex<BTreeMap<Known, Read>>,
}

impl Git {
    /// Returns a way through `door`.
    pub fn new(door: Door) -> Self {
        Self {
            door,
            ssh: ssh::Ssh::new(),
            spoken: http::Spoken::default(),
            folders: Semaphore::new(FOLDERS),
            memo: Mutex::default(),
        }
    }

    /// Reads the configuration of ssh from this file, instead of the user's and the machine's.
    #[must_use]
    pub fn with_ssh_config(mut self, file: PathBuf) -> Self {
        self.ssh.config = Some(file);
        self
    }

    /// Returns every ref of a repository, as it was when it was first asked for.
    ///
    /// # Errors
    ///
    /// Where no whole answer came that can be trusted, with the reason. That is remembered too.
    pub async fn refs(&self, remote: &Remote) -> Result<Arc<RefMap>, Miss> {
        self.refs_of(remote, false).await
    }

    /// As `refs`; where `thorough`, with the certainty of where the repository really lies.
    async fn refs_of(&self, remote: &Remote, thorough: bool) -> Result<Arc<RefMap>, Miss> {
        let login =
            |(user, secret): &(String, SecretString)| (user.clone(), Digest::of(secret.expose_secret().as_bytes()));
        let cell = {
            let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
            let known = (remote.url.clone(), remote.credential.as_ref().map(login), true);
            // What was read thoroughly serves those who need less, too.
            let known = if thorough || memo.contains_key(&known) { known } else { (known.0, known.1, false) };
            Arc::clone(memo.entry(known).or_default())
        };
        cell.get_or_init(|| async { self.read(remote, thorough).await.map(Arc::new) }).await.clone()
    }

    /// Drops what was read at an address, once nobody needs it any more: there may be many, and large.
    pub fn forget(&self, url: &str) {
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        memo.retain(|(known, ..), _| known != url);
    }

    async fn read(&self, remote: &Remote, thorough: bool) -> Result<RefMap, Miss> {
        let credential = remote.credential.as_ref();
        match remote.url.split_once("://").map(|(scheme, _)| scheme) {
            Some("https" | "http") => http::read(&self.door, &self.spoken, thorough, &remote.url, credential).await,
            Some("ssh") => self.ssh.read(&self.door, &remote.url, credential.map(|(user, _)| user.as_str())).await,
            Some("file") => file::read(&self.door, &self.folders, &remote.url).await,
            _ => Err(Miss::new(
                UnseenReason::Offline,
                format!("{}: only https, http, ssh and file are asked", place::shown(&remote.url)),
            )),
        }
    }
}

/// Waits for a turn, until the deadline.
///
/// # Errors
///
/// `unreachable` where the deadline comes first.
async fn turn<'s>(door: &Door, slots: &'s Semaphore, name: &str) -> Result<SemaphorePermit<'s>, Miss> {
    let late = || Miss::new(UnseenReason::Unreachable, format!("{name}: the deadline came before its turn"));
    let turn = slots.acquire();
    match door.settings().deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, turn).await.map_err(|_| late())?,
        None => turn.await,
    }
    .map_err(|_| late())
}

/// Returns until when one question may take.
fn limit(door: &Door) -> Tick {
    let limit = Tick::now() + door.settings().timeout;
    door.settings().deadline.map_or(limit, |deadline| deadline.min(limit))
}

/// Returns the miss of a question that took too long.
fn late(door: &Door, name: &str) -> Miss {
    let seconds = door.settings().timeout.as_secs_f32();
    Miss::new(UnseenReason::Unreachable, format!("{name}: no whole answer within {seconds} s, or before the deadline"))
}
