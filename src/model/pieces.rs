//! A long list held in pieces, so that it can be made and turned into another piece by piece.
//!
//! What is in it is left to its users.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// A list in the order of its pieces. A million entries in one vector would be there twice while they
/// are put together.
#[derive(Debug, Clone)]
pub struct Pieces<T>(Vec<Vec<T>>);

impl<T> Pieces<T> {
    /// Returns the list of `pieces`, one after the other.
    pub const fn new(pieces: Vec<Vec<T>>) -> Self {
        Self(pieces)
    }

    /// Returns the pieces.
    pub fn into_pieces(self) -> Vec<Vec<T>> {
        self.0
    }

    /// Returns the entries in order.
    pub fn iter(&self) -> std::iter::Flatten<std::slice::Iter<'_, Vec<T>>> {
        self.0.iter().flatten()
    }

    /// Returns the entries in order, to change them.
    pub fn iter_mut(&mut self) -> std::iter::Flatten<std::slice::IterMut<'_, Vec<T>>> {
        self.0.iter_mut().flatten()
    }

    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T> IntoIterator for &'a Pieces<T> {
    type Item = &'a T;
    type IntoIter = std::iter::Flatten<std::slice::Iter<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Pieces<T> {
    type Item = &'a mut T;
    type IntoIter = std::iter::Flatten<std::slice::IterMut<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: Serialize> Serialize for Pieces<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<T: JsonSchema> JsonSchema for Pieces<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Vec::<T>::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_read_and_write_as_one_list() {
        let pieces = Pieces::new(vec![vec![1, 2], Vec::new(), vec![3]]);
        assert_eq!(pieces.iter().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((pieces.len(), pieces.is_empty()), (3, false));
        assert_eq!(serde_json::to_string(&pieces).unwrap(), "[1,2,3]");
        assert!(Pieces::<u8>::new(vec![Vec::new()]).is_empty());
    }
}
