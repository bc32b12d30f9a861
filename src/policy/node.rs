//! YAML as a tree in which every value knows where it stands.
//!
//! Syntax only: what keys mean and which are allowed is left to `decode` and `document`.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, Spanned};

use super::fault::{Fault, Source};

/// The largest policy file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// How many YAML events aliases may add; an honest policy stays far below it.
const MAX_ALIAS_EVENTS: usize = 20_000;

/// How deep mappings and lists may nest.
const MAX_DEPTH: usize = 64;

/// A YAML value and the bytes of the file it stands in.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands, in bytes from the start of the file. An alias stands where it is used.
    pub span: Range<usize>,
}

/// A YAML value; duplicate keys are kept so that each can be reported.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Node, Node)>),
}

impl Value {
    /// Returns what the value is, for "expected a list, found …".
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Real(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// Returns where a fault about the whole node points: the first key of a mapping, else itself.
    pub fn head(&self) -> Range<usize> {
        match &self.value {
            Value::Map(entries) => entries.first().map_or_else(|| self.span.clone(), |(key, _)| key.span.clone()),
            _ => self.span.clone(),
        }
    }

    /// Returns the items where the node is a list.
    pub fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the value of `key` where the node is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        entries.iter().find(|(name, _)| matches!(&name.value, Value::Text(text) if text == key)).map(|(_, value)| value)
    }

    /// Returns the text, where the node is text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one YAML document.
///
/// # Errors
///
/// A fault with its place where the text is not YAML, holds several documents, nests too deeply or
/// grows without measure through aliases.
pub fn parse(source: &Source) -> Result<Node, Box<Fault>> {
    let options: Options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_ALIAS_EVENTS },
    };
    let spanned: Spanned<Value> = serde_saphyr::from_str_with_options(source.text(), options)
        .map_err(|error| Box::new(syntax_fault(source, &error)))?;
    Ok(node(spanned))
}

fn syntax_fault(source: &Source, error: &serde_saphyr::Error) -> Fault {
    let at = error.location().map_or(0..0, |place| {
        let start = source.offset(place.line(), place.column());
        start..start + 1
    });
    let detail = error.without_snippet().to_string();
    let detail = detail.split(" at line ").next().unwrap_or(&detail);
    let lower = detail.to_lowercase();
    if lower.contains("budget") || lower.contains("alias") && lower.contains("limit") || lower.contains("depth") {
        return Fault::new(at, "the file grows or nests beyond any honest policy")
            .label(detail)
            .help("write repeated parts out, or use fewer anchors and aliases");
    }
    let fault = Fault::new(at.clone(), format!("not valid YAML: {detail}"));
    if lower.contains("tab") {
        let span = indenting_tab(source.text(), at.start).or(fault.span);
        Fault { span, ..fault }.help("indent with spaces: YAML does not allow tabs")
    } else if lower.contains("multiple yaml documents") {
        Fault { message: "a policy file holds one YAML document".to_owned(), ..fault }
            .help("remove the `---`, or split the file")
    } else {
        fault
    }
}

/// Returns the tab that indents the line of byte `at`, or the next line that says something: the
/// parser may still be at the end of the line before.
fn indenting_tab(text: &str, at: usize) -> Option<Range<usize>> {
    let begins = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let mut start = begins;
    for line in text[begins..].split_inclusive('\n') {
        let indentation = line.len() - line.trim_start().len();
        if let Some(tab) = line[..indentation].find('\t').filter(|_| indentation < line.len()) {
            return Some(start + tab..start + tab + 1);
        }
        if start > begins && indentation < line.len() {
            return None;
        }
        start += line.len();
    }
    None
}

fn node(spanned: Spanned<Value>) -> Node {
    let bytes = spanned.referenced.span();
    let start = bytes.byte_offset().map_or(0, index);
    let length = bytes.byte_len().map_or(0, index);
    Node { value: spanned.value, span: start..start + length }
}

fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Real(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Spanned<Value>>()? {
            items.push(node(item));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<Value>>()? {
            entries.push((node(key), node(access.next_value::<Spanned<Value>>()?)));
        }
        Ok(Value::Map(entries))
    }
}
