//! git on this machine: the refs of a repository in a folder, without a server.
//!
//! Reading git's files is left to the crate `gix`; a ref that cannot be read makes the whole answer
//! unreadable, where a server would leave it out. Such reading blocks, and gets a thread of its own.

use std::path::{Path, PathBuf};

use gix::objs::Kind;
use reqwest::Url;
use tokio::sync::Semaphore;

use super::place::Place;
use super::refs::{Listing, Ref, RefMap, name};
use crate::collect::http::Door;
use crate::collect::miss::Miss;
use crate::evidence::Source;
use crate::model::UnseenReason;

/// How many tags may point at one another.
const MAX_TAGS: usize = 64;

/// Reads the refs of the repository in the folder that `url` names.
///
/// # Errors
///
/// `not-found` where there is no such folder, `not-authorized` where it may not be read, `unreadable`
/// where it is no repository or any of its refs cannot be read, `unreachable` where it takes too long.
pub(super) async fn read(door: &Door, slots: &Semaphore, url: &str) -> Result<RefMap, Miss> {
    let path = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
    let path =
        path.ok_or_else(|| Miss::unreadable(format!("{url}: no folder of this machine, as file:///srv/app is")))?;
    let _turn = super::turn(door, slots, url).await?;
    let read_at = door.clock().now();
    let limit = super::limit(door);
    let work = tokio::task::spawn_blocking(move || {
        let folder = folder(&path)?;
        listing(&folder).map(|listing| (listing, Place::of_folder(&folder)))
    });
    let outcome = tokio::time::timeout_at(limit, work).await;
    let outcome = outcome.map_err(|_| super::late(door, url))?;
    let (listing, place) = outcome
        .unwrap_or_else(|error| Err(Miss::unreadable(format!("reading it broke off: {error}"))))
        .map_err(|miss: Miss| Miss { what: format!("{url}: {}", miss.what), ..miss })?;
    let source = Source { request: Some(format!("read {url}").into()), ..Source::default() };
    Ok(listing.read(place, read_at, source))
}

/// Returns the folder by its one true name. As git does, `app` finds `app.git` too.
fn folder(path: &Path) -> Result<PathBuf, Miss> {
    let mut with_ending = path.as_os_str().to_owned();
    with_ending.push(".git");
    path.canonicalize().or_else(|error| Path::new(&with_ending).canonicalize().map_err(|_| error)).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => UnseenReason::NotFound,
            std::io::ErrorKind::PermissionDenied => UnseenReason::NotAuthorized,
            _ => UnseenReason::Unreadable,
        };
        Miss::new(reason, error.to_string())
    })
}

/// Reads every ref. Nothing of the machine's or the caller's git configuration counts.
fn listing(folder: &Path) -> Result<Listing, Miss> {
    let options = gix::open::Options::isolated().strict_config(true).config_overrides(["core.useReplaceRefs=false"]);
    let repository = gix::open_opts(folder, options)
        .map_err(|error| Miss::unreadable(format!("not a git repository that can be read: {}", words(&error))))?;
    let storage = repository.config_snapshot().string("extensions.refStorage");
    if let Some(storage) = storage.filter(|storage| !storage.eq_ignore_ascii_case(b"files")) {
        return Err(Miss::unreadable(format!("its refs are stored as `{storage}`, which is not understood")));
    }
    let partial = repository.is_shallow().map_err(|error| Miss::unreadable(words(&error)))?
        || repository.config_snapshot().string("extensions.partialClone").is_some();
    let mut listing = Listing { partial, ..Listing::default() };
    let head = repository.head_name().map_err(|error| Miss::unreadable(format!("HEAD: {}", words(&error))))?;
    listing.head = head.map(|head| name(head.as_bstr())).transpose()?;
    let refs = repository.references().map_err(|error| Miss::unreadable(words(&error)))?;
    for reference in refs.all().map_err(|error| Miss::unreadable(words(&error)))? {
        let mut reference =
            reference.map_err(|error| Miss::unreadable(format!("a ref cannot be read: {}", words(&error))))?;
        let named = name(reference.name().as_bstr())?;
        let broken = |why: String| Miss::unreadable(format!("{named} cannot be read: {why}"));
        let oid = reference.follow_to_object().map_err(|error| broken(words(&error)))?.detach();
        let peeled = peeled(&repository, oid).map_err(broken)?;
        listing.add(named, Ref { oid, peeled })?;
    }
    Ok(listing)
}

/// Returns what a tag leads to; `None` where `oid` is no tag.
fn peeled(repository: &gix::Repository, oid: gix::ObjectId) -> Result<Option<gix::ObjectId>, String> {
    let mut at = oid;
    for _ in 0..MAX_TAGS {
        let kind = repository.find_header(at).map_err(|error| words(&error))?.kind();
        if kind != Kind::Tag {
            return Ok((at != oid).then_some(at));
        }
        let tag = repository.find_tag(at).map_err(|error| words(&error))?;
        at = tag.target_id().map_err(|error| words(&error))?.detach();
    }
    Err("its tags point at one another without end".to_owned())
}

/// Returns an error and what caused it in words.
fn words(error: &gix::Error) -> String {
    super::refs::plain(error.probable_cause().to_string().as_bytes())
}
