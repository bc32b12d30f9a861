//! Counts that may be unknown, in eight bytes: recovery points are many.
//!
//! Only the number and its absence; what is counted is said by whoever holds it.

use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number below `u64::MAX`; `Option<Count>` takes no more room than a `u64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(NonZeroU64);

impl Count {
    /// Returns the count; `None` for `u64::MAX`, which nothing has that many of.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number.wrapping_add(1)) {
            Some(stored) => Some(Self(stored)),
            None => None,
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get() - 1
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.get())
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("a count this large is no count"))
    }
}

impl schemars::JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_zero_and_all_but_the_largest_number_in_eight_bytes() {
        assert_eq!(Count::new(0).map(Count::get), Some(0));
        assert_eq!(Count::new(u64::MAX - 1).map(Count::get), Some(u64::MAX - 1));
        assert_eq!(Count::new(u64::MAX), None);
        assert_eq!(size_of::<Option<Count>>(), 8);
    }
}
