//! git over HTTP: the two questions of the smart protocol, through the door.
//!
//! What the answers say is left to `refs`; a server without protocol version 2 answers the first
//! question with the refs themselves (gitprotocol-http(5)). The first question only finds out what a
//! server speaks, so of a host that was found to speak version 2 the second one is asked at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, PRAGMA};
use reqwest::Url;
use secrecy::SecretString;

use super::place::{Place, shown};
use super::refs::{Advertisement, Capabilities, Listing, RefMap, advertisement, ls_refs};
use crate::collect::http::{Answer, Ask, Door, ReadOnly};
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How many bytes of an answer are read: some four million refs.
const MAX_BYTES: u64 = 256 << 20;

/// The end of the first question's path.
const INFO_REFS: &str = "/info/refs";

/// What hosts were found to speak, by host and port.
#[derive(Debug, Default)]
pub(super) struct Spoken(Mutex<BTreeMap<String, Capabilities>>);

impl Spoken {
    fn host(url: &Url) -> String {
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
    }

    fn by(&self, url: &Url) -> Option<Capabilities> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&Self::host(url)).copied()
    }

    fn note(&self, url: &Url, capabilities: Capabilities) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(Self::host(url), capabilities);
    }
}

/// Reads the refs of the repository at `url`. Where `thorough`, a redirect is seen that a server makes for
/// the first question alone, so that it is known where the repository really lies.
///
/// # Errors
///
/// `not-authorized`, `not-found` and so on by the status; `unreadable` and `truncated` where the answer
/// is not a whole answer of git.
pub(super) async fn read(
    door: &Door,
    spoken: &Spoken,
    thorough: bool,
    url: &str,
    credential: Option<&(String, SecretString)>,
) -> Result<RefMap, Miss> {
    let url = Url::parse(url).map_err(|_| Miss::unreadable("its address is no URL"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Miss::unreadable(format!("{}: the address of a repository has no query", shown(url.as_str()))));
    }
    if let Some(capabilities) = spoken.by(&url).filter(|_| !thorough) {
        match list(door, url.clone(), capabilities, credential).await {
            // A redirect, ids of another kind, another protocol: the long way finds it out.
            Err(Miss {
                reason: UnseenReason::Unreadable | UnseenReason::Truncated | UnseenReason::NotFound, ..
            }) => {}
            outcome => return outcome,
        }
    }
    let mut first = url.clone();
    first.set_path(&format!("{}{INFO_REFS}", url.path().trim_end_matches('/')));
    first.set_query(Some("service=git-upload-pack"));
    let ask = with(Ask::get(first), credential)?.accept("application/x-git-upload-pack-advertisement");
    let answer = door.ask_ok(&ask).await?;
    is_of(&answer, "application/x-git-upload-pack-advertisement")?;
    let advertisement = advertisement(&answer.body).map_err(|miss| told(door, &miss, &answer))?;
    let mut base = answer.url.clone();
    let Some(path) = base.path().strip_suffix(INFO_REFS).map(str::to_owned) else {
        let what = format!("{} was redirected to another question", answer.request());
        return Err(Miss::unreadable(what).from(&answer.source));
    };
    base.set_query(None);
    base.set_path(&path);
    match advertisement {
        Advertisement::Refs(listing) => Ok(map(listing, Place::of_http(&base)?, &answer, credential)),
        Advertisement::V2(capabilities) => {
            spoken.note(&base, capabilities);
            list(door, base, capabilities, credential).await
        }
    }
}

/// Asks the repository at `base` for its refs, by protocol version 2.
async fn list(
    door: &Door,
    base: Url,
    capabilities: Capabilities,
    credential: Option<&(String, SecretString)>,
) -> Result<RefMap, Miss> {
    let place = Place::of_http(&base)?;
    let mut url = base;
    url.set_path(&format!("{}/git-upload-pack", url.path().trim_end_matches('/')));
    let ask = Ask::post(ReadOnly::LsRefs, url, Bytes::from(capabilities.question()));
    let ask = with(ask, credential)?
        .accept("application/x-git-upload-pack-result")
        .header(CONTENT_TYPE, HeaderValue::from_static("application/x-git-upload-pack-request"));
    let answer = door.ask_ok(&ask).await?;
    is_of(&answer, "application/x-git-upload-pack-result")?;
    let listing = ls_refs(&answer.body, capabilities).map_err(|miss| told(door, &miss, &answer))?;
    Ok(map(listing, place, &answer, credential))
}

/// Returns the question with what every question of git's has.
fn with(ask: Ask, credential: Option<&(String, SecretString)>) -> Result<Ask, Miss> {
    let ask = ask
        .header(HeaderName::from_static("git-protocol"), HeaderValue::from_static("version=2"))
        // As git itself: an answer that some cache kept may be an old one.
        .header(PRAGMA, HeaderValue::from_static("no-cache"))
        .at_most(MAX_BYTES);
    match credential {
        Some((user, secret)) => ask.basic(user, secret),
        None => Ok(ask),
    }
}

/// Makes sure that the answer calls itself git's: pages for people come with status 200 too, and
/// plain text is the protocol that tells nothing of what is missing.
fn is_of(answer: &Answer, expected: &str) -> Result<(), Miss> {
    let found = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let media = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media == expected {
        return Ok(());
    }
    let found = if media.is_empty() { "no content type" } else { &media };
    let what = format!("{} answered with {found}: no git repository that speaks the smart protocol", answer.request());
    Err(Miss::unreadable(what).from(&answer.source))
}

/// Returns what an answer that cannot be used means, with where it came from.
fn told(door: &Door, miss: &Miss, answer: &Answer) -> Miss {
    let what = format!("{}: {}", answer.request(), miss.what);
    door.scrubbed(Miss::new(miss.reason, what).from(&answer.source))
}

fn map(listing: Listing, place: Place, answer: &Answer, credential: Option<&(String, SecretString)>) -> RefMap {
    let mut source = answer.source.clone();
    source.identity = Some(credential.map_or("anonymous", |(user, _)| user.as_str()).into());
    listing.read(place, answer.asked_at, source)
}
