//! `tree`: which parts of an object are wanted, and which of a list.
//!
//! As Stapler reads it: names with commas between them, what is inside in brackets, a range in braces. What
//! the parts are is left to `tell`.

/// One part that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What is wanted of it; empty for what it always tells.
    pub inside: Vec<Wanted>,
    /// From which position on, and up to which one.
    pub range: Option<(usize, usize)>,
}

impl Wanted {
    /// Returns the part of a list that is wanted.
    pub fn cut<'l, T>(&self, list: &'l [T]) -> &'l [T] {
        let (first, end) = self.range.unwrap_or((0, list.len()));
        let end = end.min(list.len());
        &list[first.min(end)..end]
    }
}

/// Reads a `tree`.
pub fn parse(text: &str) -> Option<Vec<Wanted>> {
    let mut rest = text;
    let wanted = list(&mut rest)?;
    rest.is_empty().then_some(wanted)
}

fn list(rest: &mut &str) -> Option<Vec<Wanted>> {
    let mut all = Vec::new();
    loop {
        let end = rest.find([',', '[', ']', '{', '}']).unwrap_or(rest.len());
        let (name, more) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        let mut wanted = Wanted { name: name.to_owned(), ..Wanted::default() };
        *rest = more;
        if let Some(more) = rest.strip_prefix('[') {
            *rest = more;
            wanted.inside = list(rest)?;
            *rest = rest.strip_prefix(']')?;
        }
        if let Some(more) = rest.strip_prefix('{') {
            let (range, more) = more.split_once('}')?;
            let (first, end) = range.split_once(',')?;
            wanted.range = Some((first.parse().ok()?, end.parse().ok()?));
            *rest = more;
        }
        all.push(wanted);
        match rest.strip_prefix(',') {
            Some(more) => *rest = more,
            None => return Some(all),
        }
    }
}
