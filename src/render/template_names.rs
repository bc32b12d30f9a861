//! The names that templates may ask for, and those of a template that do not exist.
//!
//! Tera takes a name that is only asked for (`{% if … %}`) for an empty one, even where it is misspelt. Reads
//! names alone; everything else about a template is told by Tera, and what the names hold is left to `page`.

use std::collections::BTreeSet;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::model::nearest;

/// The names that one template may ask for.
#[derive(Debug)]
pub(super) struct Names {
    /// Those that it sees at once.
    variables: BTreeSet<String>,
    /// Those of the fields of all of them.
    fields: BTreeSet<String>,
}

impl Names {
    /// Returns the names of what serialises as `T`.
    pub(super) fn of<T: JsonSchema>() -> Self {
        let schema = Value::from(SchemaGenerator::default().into_root_schema_for::<T>());
        let mut names = Self { variables: BTreeSet::new(), fields: BTreeSet::new() };
        names.variables.extend(properties(&schema).map(ToOwned::to_owned));
        names.add_fields(&schema);
        names
    }

    fn add_fields(&mut self, schema: &Value) {
        self.fields.extend(properties(schema).map(ToOwned::to_owned));
        match schema {
            Value::Object(members) => members.values().for_each(|inner| self.add_fields(inner)),
            Value::Array(items) => items.iter().for_each(|inner| self.add_fields(inner)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Returns the first name of `template` that does not exist, with its place; `None` where all do. Of its
    /// variables Tera knows which are not the template's own; they are `used`.
    pub(super) fn first_unknown(&self, template: &str, used: impl IntoIterator<Item = String>) -> Option<Unknown> {
        let missing: BTreeSet<String> = used.into_iter().filter(|name| !self.variables.contains(name)).collect();
        let words = words(template);
        // A template may make fields of its own, and names them in quotes.
        let own: BTreeSet<&str> = words.iter().filter(|word| word.kind == Kind::Quoted).map(|word| word.text).collect();
        // What a loop has, Tera knows, and refuses the rest.
        let is_of_loop = |index: usize| index > 0 && words[index - 1].is_name("loop");
        let mut unknown = words.iter().enumerate().filter(|(index, word)| match word.kind {
            Kind::Name => missing.contains(word.text),
            Kind::Field => !self.fields.contains(word.text) && !own.contains(word.text) && !is_of_loop(*index),
            Kind::Quoted => false,
        });
        unknown.next().map(|(_, word)| {
            let before = &template[..word.at];
            let (what, known) = match word.kind {
                Kind::Field => ("field", &self.fields),
                Kind::Name | Kind::Quoted => ("variable", &self.variables),
            };
            Unknown {
                line: before.matches('\n').count() + 1,
                column: before.rsplit('\n').next().unwrap_or(before).chars().count() + 1,
                what,
                name: word.text.to_owned(),
                meant: nearest(word.text, known.iter().map(String::as_str)).map(ToOwned::to_owned),
            }
        })
    }
}

/// A name that does not exist.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: there is no {what} `{name}`{}", meant.as_ref().map_or_else(String::new, |meant| format!("; did you mean `{meant}`?")))]
pub(super) struct Unknown {
    line: usize,
    column: usize,
    what: &'static str,
    name: String,
    meant: Option<String>,
}

/// Returns the properties that a schema gives an object, and those of what it is put together from.
fn properties(schema: &Value) -> impl Iterator<Item = &str> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|members| members.keys().map(String::as_str))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A word that follows no dot: a variable, or a word of Tera.
    Name,
    /// A word after a dot.
    Field,
    /// What stands in quotes.
    Quoted,
}

#[derive(Debug)]
struct Word<'t> {
    kind: Kind,
    text: &'t str,
    /// Its place in bytes.
    at: usize,
}

impl Word<'_> {
    fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name && self.text == name
    }
}

/// Returns the words in the tags of a template; not those of its text, its comments and its raw blocks.
fn words(template: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(open) = template[at..].find('{').map(|found| at + found) {
        let rest = &template[open..];
        at = if rest.starts_with("{#") {
            rest.find("#}").map_or(template.len(), |end| open + end + 2)
        } else if rest.starts_with("{{") || rest.starts_with("{%") {
            let first = words.len();
            let end = tag(template, open + 2, &mut words);
            let is_raw = rest.starts_with("{%") && words.get(first).is_some_and(|word| word.is_name("raw"));
            if is_raw { template[end..].find("endraw").map_or(template.len(), |found| end + found) } else { end }
        } else {
            open + 1
        };
    }
    words
}

/// Adds the words of the tag whose inside begins at `from`, and returns where it ends.
fn tag<'t>(template: &'t str, from: usize, words: &mut Vec<Word<'t>>) -> usize {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let mut at = from;
    let mut after_dot = false;
    while let Some(character) = template[at..].chars().next() {
        let rest = &template[at..];
        if rest.starts_with("}}") || rest.starts_with("%}") {
            return at + 2;
        }
        let length = match character {
            '"' | '\'' | '`' => {
                let inside = &rest[1..];
                let end = inside.find(character).unwrap_or(inside.len());
                words.push(Word { kind: Kind::Quoted, text: &inside[..end], at: at + 1 });
                (end + 2).min(rest.len())
            }
            _ if is_part(character) => {
                let length = rest.find(|next| !is_part(next)).unwrap_or(rest.len());
                // The parts of a number are no names.
                if !character.is_numeric() {
                    let kind = if after_dot { Kind::Field } else { Kind::Name };
                    words.push(Word { kind, text: &rest[..length], at });
                }
                length
            }
            _ => character.len_utf8(),
        };
        // Three dots spread a list.
        after_dot = character == '.' && !template[..at].ends_with('.');
        at += length;
    }
    template.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the names are asked for")]
    struct Seen {
        title: String,
        rows: Vec<Row>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the names are asked for")]
    struct Row {
        since: Option<String>,
        deep: Deep,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the names are asked for")]
    struct Deep {
        leaf: u8,
    }

    fn told(template: &str, used: &[&str]) -> Option<String> {
        let used = used.iter().map(|name| (*name).to_owned());
        Names::of::<Seen>().first_unknown(template, used).map(|unknown| unknown.to_string())
    }

    #[test]
    fn every_name_of_the_shape_is_known_however_deep_and_so_is_what_a_loop_has() {
        assert_eq!(
            told(
                "{% for row in rows %}{% if row.since and row.deep?.leaf %}{{ title }}{{ loop.index }}",
                &["rows", "title"]
            ),
            None
        );
    }

    #[test]
    fn a_misspelt_name_is_told_with_its_place_and_the_one_that_was_meant() {
        let field = told("ü\n é {% for row in rows %}{% if row.sinse %}", &["rows"]);
        assert_eq!(field.as_deref(), Some("2:35: there is no field `sinse`; did you mean `since`?"));
        let variable = told("titel\n{{ \"titel\" }}{{ titel }}", &["titel"]);
        assert_eq!(variable.as_deref(), Some("2:17: there is no variable `titel`; did you mean `title`?"));
        let far = told("{{ title.zzzzzzzz }}", &["title"]);
        assert_eq!(far.as_deref(), Some("1:10: there is no field `zzzzzzzz`"));
    }

    #[test]
    fn text_comments_raw_blocks_strings_and_numbers_name_nothing() {
        for template in [
            "a.b { c.d } {# {{ e.f }} #}",
            "{% raw %}{{ a.b }}{% endraw %}{{ title }}",
            "{{ \"a.b }}\" }}{{ 1.5 }}{{ [...rows] }}",
            "{{ 'it' ~ \"a.b\" }}",
            "{{ unfinished",
        ] {
            assert_eq!(told(template, &[]), None, "{template}");
        }
        assert!(told("{% raw %}{{ a.b }}{% endraw %}{{ title.c }}", &[]).is_some());
    }

    #[test]
    fn a_template_may_have_fields_of_its_own() {
        assert_eq!(told("{% set mine = {\"label\": 1} %}{{ mine.label }}", &[]), None);
    }
}
