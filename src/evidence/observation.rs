//! One observation: what one source said about one thing at one time, and its digest.
//!
//! The shape of a bundle line and nothing else: reading files is left to `bundle`, meaning to
//! `judge`. Fields stand in alphabetical order because the digest is taken over these bytes.

use std::fmt;
use std::io;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::fact::Fact;
use crate::model::time::Instant;

/// The version of the evidence format, which every line names.
pub const SCHEMA: &str = "lastgood/evidence/1";

/// One line of an evidence bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The asset it speaks of: an id of the policy, or `id/item`. Absent for facts about a system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<Box<str>>,
    /// The copy it speaks of. Absent for facts about the asset itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Box<str>>,
    /// `sha256:` over the line without this field: keys sorted, no white space, absent fields and
    /// those at their default (0, false) left out, times in UTC with `Z`. Every line of a bundle has it; lines to be imported may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What was seen.
    pub fact: Fact,
    /// When it was seen, UTC.
    #[schemars(with = "String")]
    pub observed_at: Instant,
    /// `lastgood/evidence/1`.
    pub schema: Schema,
    /// Who looked, and how.
    #[serde(default, skip_serializing_if = "says_nothing")]
    source: Option<Box<Source>>,
    /// The system it speaks of: an id of the policy. Absent where asset and copy say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Box<str>>,
}

/// The schema's name; a line of another version is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schema;

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SCHEMA)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        if name == SCHEMA {
            return Ok(Self);
        }
        Err(serde::de::Error::custom(format!("schema `{name}` is not `{SCHEMA}`")))
    }
}

impl JsonSchema for Schema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schema".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": SCHEMA })
    }
}

/// Who looked, and what exactly was asked and answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// As whom: `anonymous`, a login, an app.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub identity: Option<Box<str>>,
    /// The digest of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<str>>,
    /// The answer's `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Box<str>>,
    /// The request, method and URL, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<str>>,
    /// What the server's clock said, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub server_date: Option<Instant>,
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The tool and its version, such as `restic 0.18.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Box<str>>,
}

impl Source {
    const NOTHING: Self =
        Self { identity: None, body: None, etag: None, request: None, server_date: None, status: None, tool: None };

    /// Returns where a comparison came from: `request` in words, as whom both sides were looked at, and a digest
    /// over what both answered, as digests are printed, the original's first.
    pub fn of_both(original: &Self, copy: &Self, request: String) -> Self {
        let identity = match (&original.identity, &copy.identity) {
            (Some(one), Some(other)) if one != other => Some(format!("{one} and {other}").into()),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let bodies = original.body.as_ref().zip(copy.body.as_ref());
        let body = bodies.map(|(one, other)| Digest::of(format!("{one}\n{other}\n").as_bytes()).to_string().into());
        let server_date = original.server_date;
        Self { identity, body, request: Some(request.into()), server_date, ..Self::default() }
    }

    /// Returns whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::NOTHING
    }
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn says_nothing(source: &Option<Box<Source>>) -> bool {
    source.as_ref().is_none_or(|source| source.is_empty())
}

/// A SHA-256, printed as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the digest of `first` followed by `second`.
    pub fn of_parts(first: &[u8], second: &[u8]) -> Self {
        Self(Sha256::new().chain_update(first).chain_update(second).finalize().into())
    }
}

impl Digest {
    /// Returns the digest of `digests` as printed, one a line.
    pub fn of_lines(digests: impl Iterator<Item = Self>) -> Self {
        let mut all = Sha256::new();
        for digest in digests {
            all.update(digest.printed());
            all.update(b"\n");
        }
        Self(all.finalize().into())
    }

    /// Returns the bytes of the printed form. By hand: reports and bundles hold millions of them.
    fn printed(&self) -> [u8; 71] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        for (pair, byte) in text[7..].chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.printed()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a digest is `sha256:` and 64 hexadecimal digits in lower case";
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64).ok_or(EXPECTED)?;
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let (high, low) = nibble(pair[0]).zip(nibble(pair[1])).ok_or(EXPECTED)?;
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.printed();
        serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Digest {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" })
    }
}

/// A writer that hashes what is written, so that a line is never held twice.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Observation {
    /// Returns an observation without provenance or digest; set what is known, then `seal` it.
    pub fn new(fact: Fact, observed_at: Instant) -> Self {
        Self { asset: None, copy: None, digest: None, fact, observed_at, schema: Schema, source: None, system: None }
    }

    /// Returns who looked, and how; everything in it is `None` where that was not recorded.
    pub fn source(&self) -> &Source {
        static NOTHING: Source = Source::NOTHING;
        self.source.as_deref().unwrap_or(&NOTHING)
    }

    /// Returns who looked, and how, to be filled in.
    pub fn source_mut(&mut self) -> &mut Source {
        self.source.get_or_insert_default()
    }

    /// Returns the digest of the observation's canonical bytes, whatever `digest` says.
    ///
    /// # Errors
    ///
    /// Where a value cannot be written as JSON, which no fact of this format has.
    pub fn canonical_digest(&mut self) -> Result<Digest, serde_json::Error> {
        let claimed = self.digest.take();
        let mut hashing = Hashing(Sha256::new());
        let written = serde_json::to_writer(io::BufWriter::with_capacity(8 * 1024, &mut hashing), self);
        self.digest = claimed;
        written.map(|()| Digest(hashing.0.finalize().into()))
    }

    /// Returns the observation with its digest set.
    ///
    /// # Errors
    ///
    /// As `canonical_digest`.
    pub fn seal(mut self) -> Result<Self, serde_json::Error> {
        self.digest = Some(self.canonical_digest()?);
        Ok(self)
    }
}
