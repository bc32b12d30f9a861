//! From a YAML tree to typed values, collecting every fault on the way.
//!
//! One declaration of a record gives its type, its reader, its draft and its JSON Schema, so they
//! cannot disagree. What the records are is left to `document`; references between them to `check`.

use std::marker::PhantomData;
use std::ops::{Deref, Range};

use schemars::JsonSchema;

use super::fault::{Fault, Faults};
use super::node::{Node, Value};
use crate::model::nearest;

/// A value and where it stands in the policy file, in bytes.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Range<usize>,
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// A type that can be read from a YAML node.
pub trait Decode: Sized {
    /// Returns the value, or `None` after adding at least one fault.
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self>;

    /// Returns the value of a key that is not there; `None` where the key is required.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Decode> Decode for At<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let value = T::decode(node, faults)?;
        Some(Self { value, span: node.head() })
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if matches!(node.value, Value::Null) {
            return Some(None);
        }
        T::decode(node, faults).map(Some)
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return wrong_type(node, "a list", faults);
        };
        // A list keeps what could be read, so that what refers to it is still checked; the faults
        // added reject the policy all the same.
        Some(items.iter().filter_map(|item| T::decode(item, faults)).collect())
    }
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl Decode for String {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => {
                faults.push(Fault::new(node.span.clone(), "the text is empty").help("write it, or leave the key out"));
                None
            }
            Value::Text(text) => Some(text.clone()),
            Value::Bool(_) | Value::Integer(_) | Value::Real(_) => {
                faults.push(
                    Fault::new(node.span.clone(), format!("expected text, found {}", node.value.kind()))
                        .help("put it in quotes"),
                );
                None
            }
            Value::Null | Value::List(_) | Value::Map(_) => wrong_type(node, "text", faults),
        }
    }
}

impl Decode for bool {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => wrong_type(node, "true or false", faults),
        }
    }
}

impl Decode for u64 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match node.value {
            Value::Integer(value) if Self::try_from(value).is_ok() => Self::try_from(value).ok(),
            _ => wrong_type(node, "a whole number, zero or more", faults),
        }
    }
}

/// A record of which each value is read on its own, so that one with a fault hides nothing of the
/// others. What it reads was read before, with the record; the faults were told then.
#[derive(Debug)]
pub struct Draft<'n, T> {
    /// Where the record stands.
    pub node: &'n Node,
    record: PhantomData<T>,
}

impl<T> Clone for Draft<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Draft<'_, T> {}

impl<'n, T> Draft<'n, T> {
    /// Returns the draft of the record in `node`.
    pub const fn new(node: &'n Node) -> Self {
        Self { node, record: PhantomData }
    }

    /// Returns the drafts of the records in a list; none where there is no list.
    pub fn list(node: Option<&'n Node>) -> impl Iterator<Item = Self> {
        node.and_then(Node::list).unwrap_or_default().iter().map(Self::new)
    }

    /// Returns the value of `key`; `None` where it has a fault, or is required and absent.
    pub fn read<V: Decode>(&self, key: &str) -> Option<V> {
        self.node.get(key).map_or_else(V::absent, value_of)
    }
}

/// Returns what a node holds; `None` where it has a fault, which was told when the file was read.
pub fn value_of<T: Decode>(node: &Node) -> Option<T> {
    T::decode(node, &mut Faults::default())
}

/// Adds the fault that `node` is not `expected`, and returns `None`.
pub fn wrong_type<T>(node: &Node, expected: &str, faults: &mut Faults) -> Option<T> {
    let found = match &node.value {
        Value::Integer(number) => format!("`{number}`"),
        Value::Real(number) => format!("`{number}`"),
        Value::List(items) if items.is_empty() => "an empty list".to_owned(),
        value => value.kind().to_owned(),
    };
    let message = format!("expected {expected}, found {found}");
    faults.push(Fault::new(node.head(), message).label(format!("expected {expected}")));
    None
}

/// Returns the text of `node` read by `read`; a text that cannot be read is a fault whose message
/// and hint `refuse` gives.
pub fn from_text<T>(
    node: &Node,
    faults: &mut Faults,
    read: impl FnOnce(&str) -> Option<T>,
    refuse: impl FnOnce(&str) -> (String, Option<String>),
) -> Option<T> {
    let text = String::decode(node, faults)?;
    let value = read(&text);
    if value.is_none() {
        let (message, help) = refuse(&text);
        let fault = Fault::new(node.span.clone(), message);
        faults.push(Fault { help, ..fault });
    }
    value
}

/// Returns the word of `known` that `node` holds.
pub fn word<T: std::str::FromStr>(node: &Node, what: &str, known: &[&str], faults: &mut Faults) -> Option<T> {
    from_text(
        node,
        faults,
        |text| text.parse().ok(),
        |text| (format!("`{text}` is not {what}"), Some(did_you_mean(text, known))),
    )
}

/// Returns a hint that names the nearest of `known`, or all of them.
pub fn did_you_mean(given: &str, known: &[&str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "there is none to choose from".to_owned(),
        None => format!("known: {}", known.join(", ")),
    }
}

/// The entries of a mapping that is being read as a record.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    entries: &'a [(Node, Node)],
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// Opens `node` as `what`, whose keys are `known`; unknown and duplicate keys are faults.
    pub fn open(node: &'a Node, what: &'static str, known: &[&str], faults: &mut Faults) -> Option<Self> {
        Self::open_with(node, what, known, |_| None, faults)
    }

    /// As `open`, asking `elsewhere` first for the hint of an unknown key.
    pub fn open_with(
        node: &'a Node,
        what: &'static str,
        known: &[&str],
        elsewhere: impl Fn(&str) -> Option<String>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong_type(node, &format!("{what} (a mapping)"), faults);
        };
        for (position, (key, value)) in entries.iter().enumerate() {
            let Some(name) = key.text() else {
                wrong_type::<()>(key, "a key", faults);
                continue;
            };
            if let Some(first) = first_with(&entries[..position], name) {
                faults.push(
                    Fault::new(key.span.clone(), format!("the key `{name}` appears twice"))
                        .related(first.span.clone(), "first here"),
                );
            } else if !known.contains(&name) {
                if looks_secret(name) {
                    faults.hide(value.span.clone());
                }
                let hint = elsewhere(name).unwrap_or_else(|| did_you_mean(name, known));
                faults.push(Fault::new(key.span.clone(), format!("unknown key `{name}` in {what}")).help(hint));
            }
        }
        Some(Self { node, entries, what })
    }

    /// Reads the value of `key`; a required key that is absent is a fault.
    pub fn take<T: Decode>(&self, key: &str, faults: &mut Faults) -> Option<T> {
        let found = self.entries.iter().find(|(name, _)| name.text() == Some(key));
        match found {
            Some((_, value)) => T::decode(value, faults),
            None => T::absent().or_else(|| {
                faults.push(Fault::new(self.node.head(), format!("{} has no `{key}`", self.what)));
                None
            }),
        }
    }
}

fn first_with<'a>(entries: &'a [(Node, Node)], name: &str) -> Option<&'a Node> {
    entries.iter().map(|(key, _)| key).find(|key| key.text() == Some(name))
}

fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    let words = ["token", "password", "passwd", "secret", "apikey", "api_key", "credential", "credentials"];
    words.iter().any(|word| key.contains(word)) || nearest(&key, words).is_some()
}

/// A mapping from names to values, in the order of the file.
#[derive(Debug, Clone)]
pub struct Named<T>(pub Vec<(At<String>, T)>);

impl<T> Named<T> {
    /// Returns the value named `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key.value == name).map(|(_, value)| value)
    }

    /// Returns every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.value.as_str())
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Decode> Decode for Named<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return wrong_type(node, "a mapping from names", faults);
        };
        let mut named = Vec::new();
        for (position, (key, value)) in entries.iter().enumerate() {
            // Where the name has a fault, those of the value are told all the same.
            let (name, value) = (String::decode(key, faults), T::decode(value, faults));
            let Some(name) = name else { continue };
            if let Some(first) = first_with(&entries[..position], &name) {
                faults.push(
                    Fault::new(key.span.clone(), format!("`{name}` is declared twice"))
                        .related(first.span.clone(), "first here"),
                );
            }
            if let Some(value) = value {
                named.push((At { value: name, span: key.span.clone() }, value));
            }
        }
        Some(Self(named))
    }
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let value = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": value })
    }
}

/// Declares records of the policy language: the type, its reader, its draft and its JSON Schema in one.
///
/// `record! { "a system" struct System { key: Type, … } }`. A key is required unless its type has
/// an `absent` value (`Option`, `Vec`, `Named`).
macro_rules! record {
    ($(#[$meta:meta])* $what:literal struct $name:ident { $($(#[$fmeta:meta])* $field:ident : $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $name {
            $($(#[$fmeta])* pub $field: $ty,)*
            /// Where the record begins in the policy file, in bytes.
            #[schemars(skip)]
            pub at: std::ops::Range<usize>,
        }

        impl $name {
            /// Every key of the record.
            pub const KEYS: &'static [&'static str] = &[$($crate::policy::decode::key(stringify!($field))),*];

            /// Reads the record; `more` are keys that the caller reads itself.
            pub fn decode_with(
                node: &$crate::policy::node::Node,
                more: &[&str],
                elsewhere: impl Fn(&str) -> Option<String>,
                faults: &mut $crate::policy::fault::Faults,
            ) -> Option<Self> {
                let keys: Vec<&str> = Self::KEYS.iter().copied().chain(more.iter().copied()).collect();
                let fields = $crate::policy::decode::Fields::open_with(node, $what, &keys, elsewhere, faults)?;
                $(let $field: Option<$ty> = fields.take($crate::policy::decode::key(stringify!($field)), faults);)*
                Some(Self { $($field: $field?,)* at: node.head() })
            }
        }

        impl $crate::policy::decode::Draft<'_, $name> {
            $(
                /// Returns the value of this key; `None` where it has a fault, or is required and absent.
                pub fn $field(&self) -> Option<$ty> {
                    self.read($crate::policy::decode::key(stringify!($field)))
                }
            )*
        }

        impl $crate::policy::decode::Decode for $name {
            fn decode(node: &$crate::policy::node::Node, faults: &mut $crate::policy::fault::Faults) -> Option<Self> {
                Self::decode_with(node, &[], |_| None, faults)
            }
        }
    };
}
pub(super) use record;

/// Returns the key that a field's name stands for: `r#in` is `in`.
pub const fn key(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}
