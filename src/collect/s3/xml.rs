//! XML: the elements of an answer, one after another, and only of an answer that is whole.
//!
//! An answer is read as what it says it is: its outermost element has to be one of those that the
//! question knows, because servers that do not know a question answer another one with status 200. What
//! the elements mean is left to the readers of each answer.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;

use super::refusal;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How deep elements may stand in each other; S3's answers have fewer than eight levels.
const MAX_DEPTH: usize = 16;

/// How many characters of an error's words are repeated: they may quote the answer.
const WORDS_SHOWN: usize = 120;

/// Calls `visit` with each element as it ends: its path below the outermost element, local names with
/// `/` between them (empty for the outermost), and its own text, unescaped and with its white space.
///
/// # Errors
///
/// `truncated` where it is not there to its end; `unreadable` where it is no XML, holds a document type
/// or an entity of its own, has another outermost element than `roots`, or `visit` says so. An `Error`
/// that came with a status of success is a refusal like any other.
pub(super) fn elements(
    answer: &Answer,
    roots: &[&str],
    visit: &mut dyn FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), Miss> {
    walk(&answer.body, roots, visit).map_err(|fault| {
        let request = answer.request();
        match fault {
            Fault::Refused => refusal::refused(answer),
            Fault::Cut => {
                answer.miss(UnseenReason::Truncated, format!("{request} answered with XML that is cut short"))
            }
            Fault::Other(what) => answer.miss(UnseenReason::Unreadable, format!("{request} answered {what}")),
        }
    })
}

/// Why XML is not what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The outermost element is `Error`, which nobody expected.
    Refused,
    /// It ends before its end.
    Cut,
    /// Anything else, in words that follow "answered".
    Other(String),
}

impl Fault {
    fn other(what: impl Into<String>) -> Self {
        Self::Other(what.into())
    }

    fn of(error: &quick_xml::Error) -> Self {
        match error {
            // As it is said of an end that comes inside of markup.
            quick_xml::Error::Syntax(_) => Self::Cut,
            _ => Self::Other(format!("with XML that cannot be read: {}", short(&error.to_string()))),
        }
    }
}

/// As `elements`, of bytes.
pub(super) fn walk(
    body: &[u8],
    roots: &[&str],
    visit: &mut dyn FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), Fault> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let body = std::str::from_utf8(body).map_err(|_| Fault::other("with bytes that are no UTF-8"))?;
    let mut reader = Reader::from_str(body);
    reader.config_mut().expand_empty_elements = true;
    let mut open = Open::default();
    let mut text = String::new();
    loop {
        match reader.read_event().map_err(|error| Fault::of(&error))? {
            Event::Start(tag) => {
                open.starts(tag.local_name().as_ref(), roots)?;
                text.clear();
            }
            Event::End(_) => {
                visit(&open.path, &text).map_err(Fault::Other)?;
                open.ends();
                text.clear();
            }
            Event::Text(part) => {
                if open.depth == 0 && !part.trim().is_empty() {
                    return Err(Fault::other("with text that is no XML"));
                }
                text.push_str(&part);
            }
            Event::CData(part) => {
                if open.depth == 0 {
                    return Err(Fault::other("with text that is no XML"));
                }
                text.push_str(&part);
            }
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => text.push(character),
                Ok(None) => match resolve_xml_entity(&reference) {
                    Some(known) => text.push_str(known),
                    None => return Err(Fault::other("with XML that has entities of its own")),
                },
                Err(error) => return Err(Fault::of(&error)),
            },
            Event::Decl(declaration) => {
                let encoding = declaration.encoding();
                let is_utf8 = encoding.is_none_or(|name| name.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8")));
                if !is_utf8 {
                    return Err(Fault::other("with XML that is no UTF-8"));
                }
            }
            Event::DocType(_) => return Err(Fault::other("with XML that has a document type")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Empty(_) => return Err(Fault::other("with XML that cannot be read")),
            Event::Eof => return open.eof(body),
        }
    }
}

/// The elements that are open.
#[derive(Debug, Default)]
struct Open {
    depth: usize,
    began: bool,
    /// The path below the outermost element.
    path: String,
}

impl Open {
    fn starts(&mut self, name: &str, roots: &[&str]) -> Result<(), Fault> {
        if self.depth == 0 {
            if self.began {
                return Err(Fault::other("with more than one XML document"));
            }
            self.began = true;
            if !roots.contains(&name) {
                return Err(if name == "Error" {
                    Fault::Refused
                } else {
                    Fault::Other(format!("with `{}` instead of `{}`", short(name), roots.first().unwrap_or(&"")))
                });
            }
        } else {
            if self.depth == MAX_DEPTH {
                return Err(Fault::other("with XML that is too deep"));
            }
            if self.depth > 1 {
                self.path.push('/');
            }
            self.path.push_str(name);
        }
        self.depth += 1;
        Ok(())
    }

    fn ends(&mut self) {
        self.depth -= 1;
        self.path.truncate(self.path.rfind('/').unwrap_or(0));
    }

    fn eof(&self, body: &str) -> Result<(), Fault> {
        match (self.began, self.depth) {
            (true, 0) => Ok(()),
            (true, _) => Err(Fault::Cut),
            (false, _) if body.trim().is_empty() => Err(Fault::other("with nothing")),
            (false, _) => Err(Fault::other("with something that is no XML")),
        }
    }
}

fn short(words: &str) -> String {
    words.chars().take(WORDS_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, String)>, Fault> {
        let mut found = Vec::new();
        walk(body.as_bytes(), &["Root", "Other"], &mut |path, text| {
            found.push((path.to_owned(), text.to_owned()));
            Ok(())
        })?;
        Ok(found)
    }

    fn texts(found: &[(String, String)]) -> Vec<(&str, &str)> {
        found.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
    }

    #[test]
    fn elements_come_with_their_path_and_their_text_as_it_was_meant() {
        let found = read("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x:Root xmlns:x=\"u\"><A><Key> a&amp;&#x20AC;&#10;<![CDATA[<b>]]></Key><!-- c --><B/></A><C>1</C></x:Root>\n").unwrap();
        assert_eq!(texts(&found), [("A/Key", " a&€\n<b>"), ("A/B", ""), ("A", ""), ("C", "1"), ("", "")]);
    }

    #[test]
    fn another_document_is_none_of_those_that_were_asked_for() {
        assert_eq!(read("<Other/>").unwrap().len(), 1);
        assert_eq!(read("<Error><Code>x</Code></Error>"), Err(Fault::Refused));
        let other = |body: &str| match read(body) {
            Err(Fault::Other(what)) => what,
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!(other("<ListBucketResult/>"), "with `ListBucketResult` instead of `Root`");
        assert_eq!(other(""), "with nothing");
        assert_eq!(other("{\"a\":1}"), "with text that is no XML");
        assert_eq!(other("<Root/><Root/>"), "with more than one XML document");
        assert_eq!(other("<Root/>x"), "with text that is no XML");
        assert!(other("<Root><A></B></Root>").contains("cannot be read"));
        assert!(other("<Root></Root></Root>").contains("cannot be read"));
    }

    #[test]
    fn an_answer_is_whole_or_it_is_cut() {
        let whole = "<Root><A>x&amp;y</A><B c=\"d\"/></Root>";
        assert!(read(whole).is_ok());
        for end in 1..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
        assert_eq!(read("<Root><A>x</A>"), Err(Fault::Cut));
        assert_eq!(read("<Root><A>x</A"), Err(Fault::Cut));
    }

    #[test]
    fn a_document_cannot_bring_entities_or_depth_of_its_own() {
        for hostile in [
            "<!DOCTYPE Root [<!ENTITY x \"y\">]><Root>&x;</Root>",
            "<Root>&x;</Root>",
            "<Root>&#0;</Root>",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Root/>",
            &"<Root>".repeat(40),
        ] {
            assert!(matches!(read(hostile), Err(Fault::Other(_))), "{hostile}");
        }
        assert_eq!(
            walk(b"<Root>\xff</Root>", &["Root"], &mut |_, _| Ok(())),
            Err(Fault::other("with bytes that are no UTF-8"))
        );
    }
}
