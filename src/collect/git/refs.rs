//! Ref maps: what git's answers say of every ref of a repository, of protocol version 0, 1 and 2.
//!
//! An answer that was cut short, or that is anything else than git's own words, is a miss and never
//! a shorter map. Fetching answers is left to the transports, comparing maps to `compare`. The form
//! of the answers is that of gitprotocol-pack(5), gitprotocol-v2(5) and gitprotocol-http(5).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::hash::Kind;
use gix_packetline::PacketLineRef;
use gix_packetline::decode::{Stream, streaming};

use super::place::Place;
use crate::collect::miss::Miss;
use crate::evidence::Source;
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// How many characters of a server's own words a message repeats.
const WORDS_SHOWN: usize = 200;

/// One ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ref {
    /// The object that it points at.
    pub oid: ObjectId,
    /// What an annotated tag leads to, through all tags; `None` where `oid` is no tag.
    pub peeled: Option<ObjectId>,
}

/// The refs of one repository, all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// By full name, such as `refs/heads/main`. Bytes that are not UTF-8 are written `\xff`: a
    /// backslash stands in no name of a ref.
    pub refs: BTreeMap<String, Ref>,
    /// The branch that HEAD names, whether it exists or not; `None` where HEAD is detached, or the
    /// server does not say.
    pub head: Option<String>,
    /// Whether the repository is known to lack history or content (a shallow or partial clone). Protocol
    /// version 2 does not say.
    pub partial: bool,
}

/// A listing with when and how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefMap {
    /// Every ref by its full name, except those that hosts make themselves.
    pub refs: BTreeMap<String, Ref>,
    /// How many refs were left out because hosts make them themselves.
    pub made_by_host: usize,
    /// The branch that HEAD names, whether it exists or not; `None` where it is not known.
    pub head: Option<String>,
    /// Whether the repository is known to lack history or content (a shallow or partial clone).
    pub partial: bool,
    /// Where it was read, after redirects.
    pub place: Place,
    /// When the question was put, UTC: the refs were so then or later.
    pub read_at: Instant,
    /// What was asked and answered.
    pub source: Source,
}

/// What a version 2 server offers, as far as listing refs needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The kind of its object ids.
    pub format: Kind,
    /// Whether it wants to hear of the kind of object ids.
    names_format: bool,
    /// Whether it wants to hear who asks.
    names_agent: bool,
    /// Whether it tells which branch HEAD names before that branch exists.
    unborn: bool,
}

/// The first words of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advertisement {
    /// Version 0 or 1: the refs themselves.
    Refs(Listing),
    /// Version 2: what may be asked.
    V2(Capabilities),
}

impl Capabilities {
    /// Returns the body of the question for every ref.
    pub fn question(&self) -> Vec<u8> {
        let mut body = line("command=ls-refs");
        if self.names_agent {
            body += &line(concat!("agent=lastgood/", env!("CARGO_PKG_VERSION")));
        }
        if self.names_format {
            body += &line(&format!("object-format={}", self.format));
        }
        body += "0001";
        body += &line("peel");
        body += &line("symrefs");
        if self.unborn {
            body += &line("unborn");
        }
        body += "0000";
        body.into_bytes()
    }
}

/// Returns `text` as a packet line.
fn line(text: &str) -> String {
    format!("{:04x}{text}\n", text.len() + 5)
}

/// Reads the first words of a server, with or without the line that names the service over HTTP.
///
/// # Errors
///
/// `truncated` where they end too early, `unreadable` where they are not git's, and what the server
/// says where it refuses.
pub fn advertisement(body: &[u8]) -> Result<Advertisement, Miss> {
    let mut packets = Packets { rest: body };
    let mut first = packets.data()?;
    if let Some(Line(service)) = first
        && let Some(service) = service.strip_prefix(b"# service=")
    {
        if service != b"git-upload-pack" || packets.data()?.is_some() {
            return Err(Miss::unreadable("the answer is that of another service than git-upload-pack"));
        }
        first = packets.data()?;
    }
    match first {
        None => Err(Miss::unreadable("the answer tells of no refs and of no capabilities")),
        Some(Line(b"version 2")) => capabilities(packets).map(Advertisement::V2),
        Some(Line(b"version 1")) => match packets.data()? {
            Some(first) => announced(first, packets).map(Advertisement::Refs),
            None => Err(Miss::unreadable("the answer tells of no refs and of no capabilities")),
        },
        Some(first) => announced(first, packets).map(Advertisement::Refs),
    }
}

/// Reads what a version 2 server offers.
fn capabilities(mut packets: Packets<'_>) -> Result<Capabilities, Miss> {
    let mut lists = false;
    let mut found = Capabilities { format: Kind::Sha1, names_format: false, names_agent: false, unborn: false };
    while let Some(Line(line)) = packets.data()? {
        let (key, value) = line.split_once_str("=").unwrap_or((line, b""));
        match key {
            b"ls-refs" => {
                lists = true;
                found.unborn = value.fields().any(|feature| feature == b"unborn");
            }
            b"agent" => found.names_agent = true,
            b"object-format" => {
                found.format = format(value)?;
                found.names_format = true;
            }
            _ => {}
        }
    }
    packets.end()?;
    if lists { Ok(found) } else { Err(Miss::unreadable("the server does not offer to list refs (ls-refs)")) }
}

/// Reads the answer to `Capabilities::question`. An answer without any line is that of an empty
/// repository.
///
/// # Errors
///
/// As `advertisement`.
pub fn ls_refs(body: &[u8], capabilities: Capabilities) -> Result<Listing, Miss> {
    let mut packets = Packets { rest: body };
    let mut listing = Listing::default();
    let mut has_head = false;
    while let Some(Line(line)) = packets.data()? {
        let mut words = line.split_str(" ");
        let id = words.next().unwrap_or_default();
        let name = name(words.next().unwrap_or_default())?;
        let id = if id == b"unborn" { None } else { Some(oid(id, capabilities.format)?) };
        let (mut peeled, mut target) = (None, None);
        for attribute in words {
            if let Some(id) = attribute.strip_prefix(b"peeled:") {
                peeled = Some(oid(id, capabilities.format)?);
            } else if let Some(name_of) = attribute.strip_prefix(b"symref-target:") {
                target = Some(self::name(name_of)?);
            } else {
                return Err(odd(line));
            }
        }
        if name == HEAD {
            if has_head {
                return Err(twice(&name));
            }
            has_head = true;
            listing.head = target;
        } else if let Some(oid) = id {
            listing.add(name, Ref { oid, peeled })?;
        } else {
            return Err(odd(line));
        }
    }
    packets.end()?;
    Ok(listing)
}

/// Reads the refs that a server of version 0 or 1 announces; capabilities stand behind the first.
fn announced(first: Line<'_>, mut packets: Packets<'_>) -> Result<Listing, Miss> {
    let Some((named, capabilities)) = first.0.split_once_str("\0") else { return Err(odd(first.0)) };
    let mut kind = Kind::Sha1;
    let mut listing = Listing::default();
    for capability in capabilities.fields() {
        if let Some(value) = capability.strip_prefix(b"object-format=") {
            kind = format(value)?;
        } else if let Some(target) = capability.strip_prefix(b"symref=HEAD:") {
            listing.head = Some(name(target)?);
        }
    }
    let mut last: Option<String> = None;
    let mut next = Some(Line(named));
    let mut is_first = true;
    let mut is_empty = false;
    while let Some(Line(line)) = next {
        let (id, named) = line.split_once_str(" ").ok_or_else(|| odd(line))?;
        if id == b"shallow" {
            oid(named, kind)?;
            listing.partial = true;
            // Refs come before these, and nothing but these may follow.
            last = None;
            is_empty = true;
        } else if is_first && named == b"capabilities^{}" {
            if !ObjectId::from_hex(id).is_ok_and(|id| id == kind.null()) {
                return Err(odd(line));
            }
            is_empty = true;
        } else if is_empty {
            return Err(odd(line));
        } else if let Some(base) = named.strip_suffix(b"^{}") {
            let base = name(base)?;
            if last.as_ref() != Some(&base) {
                return Err(odd(line));
            }
            let peeled = oid(id, kind)?;
            if let Some(known) = listing.refs.get_mut(&base) {
                known.peeled = Some(peeled);
            }
            last = None;
        } else {
            let (oid, named) = (oid(id, kind)?, name(named)?);
            if named != HEAD {
                listing.add(named.clone(), Ref { oid, peeled: None })?;
            } else if !is_first {
                return Err(twice(HEAD));
            }
            last = Some(named);
        }
        is_first = false;
        next = packets.data()?;
    }
    packets.end()?;
    Ok(listing)
}

/// The one name that is no full name.
const HEAD: &str = "HEAD";

impl Listing {
    /// Adds a ref.
    ///
    /// # Errors
    ///
    /// `unreadable` where there is one of that name.
    pub(super) fn add(&mut self, name: String, named: Ref) -> Result<(), Miss> {
        match self.refs.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(named);
                Ok(())
            }
            Entry::Occupied(entry) => Err(twice(entry.key())),
        }
    }
}

impl Listing {
    /// Returns the map, with where, when and how it was read.
    pub(super) fn read(mut self, place: Place, read_at: Instant, source: Source) -> RefMap {
        let all = self.refs.len();
        self.refs.retain(|name, _| !is_made_by_host(name));
        let made_by_host = all - self.refs.len();
        RefMap { refs: self.refs, made_by_host, head: self.head, partial: self.partial, place, read_at, source }
    }
}

/// Namespaces of refs that a code host makes itself, for what it knows beside git. Nobody can push
/// them, so no mirror elsewhere can hold them.
const MADE_BY_HOSTS: [&str; 6] = [
    "refs/changes/",
    "refs/environments/",
    "refs/keep-around/",
    "refs/merge-requests/",
    "refs/pipelines/",
    "refs/pull/",
];

/// Returns whether a code host makes the ref of this name itself.
pub fn is_made_by_host(name: &str) -> bool {
    MADE_BY_HOSTS.iter().any(|space| name.starts_with(space))
}

/// Returns a ref's name as text.
///
/// # Errors
///
/// `unreadable` where no ref can have this name.
pub(super) fn name(bytes: &[u8]) -> Result<String, Miss> {
    if bytes == HEAD.as_bytes() {
        return Ok(HEAD.to_owned());
    }
    let valid = bytes.starts_with(b"refs/") && gix::validate::reference::name(bytes.as_bstr()).is_ok();
    if !valid {
        return Err(Miss::unreadable(format!("the answer names a ref that cannot be: {}", plain(bytes))));
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    Ok(text)
}

/// Returns an object id of the kind that the repository uses.
fn oid(hex: &[u8], kind: Kind) -> Result<ObjectId, Miss> {
    match ObjectId::from_hex(hex) {
        Ok(oid) if oid.kind() == kind && !oid.is_null() => Ok(oid),
        _ => Err(Miss::unreadable(format!("the answer holds no {kind} object id where one belongs: {}", plain(hex)))),
    }
}

/// Returns the kind of object ids that a server names.
fn format(value: &[u8]) -> Result<Kind, Miss> {
    match value {
        b"sha1" => Ok(Kind::Sha1),
        b"sha256" => Ok(Kind::Sha256),
        other => Err(Miss::unreadable(format!("the repository's object ids are of an unknown kind: {}", plain(other)))),
    }
}

fn odd(line: &[u8]) -> Miss {
    Miss::unreadable(format!("the answer holds a line that is not git's: {}", plain(line)))
}

fn twice(name: &str) -> Miss {
    Miss::unreadable(format!("the answer names {name} twice"))
}

/// Returns a server's words for a message: one line, shortened, without control characters.
pub(super) fn plain(words: &[u8]) -> String {
    let words = words.to_str_lossy();
    let words = words.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    words.take(WORDS_SHOWN).collect()
}

/// Returns the reason that a server's words stand for.
pub(super) fn reason(words: &str) -> UnseenReason {
    let words = words.to_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    if says(&["not found", "not be found", "does not exist", "not appear to be a git repository"]) {
        UnseenReason::NotFound
    } else if says(&["denied", "not authorized", "unauthorized", "forbidden", "not allowed", "authentication fail"]) {
        UnseenReason::NotAuthorized
    } else {
        UnseenReason::Unreadable
    }
}

/// Returns what a server's refusal in words means.
fn refusal(words: &[u8]) -> Miss {
    let words = plain(words);
    Miss::new(reason(&words), format!("the server says: {words}"))
}

/// The text of one packet line, without its line break.
#[derive(Debug, Clone, Copy)]
struct Line<'a>(&'a [u8]);

/// Packet lines, one after the other.
struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Packets<'a> {
    /// Returns the next line with text; `None` for the flush that ends a section.
    fn data(&mut self) -> Result<Option<Line<'a>>, Miss> {
        let packet = streaming(self.rest);
        let packet = packet.map_err(|_| Miss::unreadable(format!("the answer is not git's: {}", plain(self.rest))))?;
        let Stream::Complete { line, bytes_consumed } = packet else {
            return Err(Miss::new(UnseenReason::Truncated, "git's answer was cut short"));
        };
        self.rest = self.rest.get(bytes_consumed..).unwrap_or_default();
        match line {
            PacketLineRef::Flush => Ok(None),
            PacketLineRef::Data(_) => match (line.check_error(), line.as_text()) {
                (Some(error), _) => Err(refusal(error.0)),
                (None, text) => Ok(text.map(|text| Line(text.as_slice()))),
            },
            PacketLineRef::Delimiter | PacketLineRef::ResponseEnd => {
                Err(Miss::unreadable("git's answer is divided where it should not be"))
            }
        }
    }

    /// Makes sure that nothing follows.
    fn end(&self) -> Result<(), Miss> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Miss::unreadable(format!("git's answer goes on after its end: {}", plain(self.rest))))
    }
}

#[cfg(test)]
mod tests;
