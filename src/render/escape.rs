//! Escaping: text from policies and remote systems is data in every format.
//!
//! One function a format; where text goes is left to the renderers.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// The longest text of one field that formats for people show, in characters.
const LONGEST: usize = 400;

/// Returns whether a character steers the output instead of being read: control characters, and the
/// marks that reorder or hide text. The last two of the first plane are no characters, and XML takes none.
pub(super) const fn steers(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Returns text for one line that people read: nothing in it steers the terminal, and what is long
/// is cut with a visible mark.
pub fn line(text: &str) -> Cow<'_, str> {
    let cut = if text.len() > LONGEST { text.char_indices().nth(LONGEST).map(|(at, _)| at) } else { None };
    match cut {
        None => visible(text),
        Some(at) => Cow::Owned(visible(&text[..at]).into_owned() + " … (cut)"),
    }
}

/// Returns text of any length for one line: nothing in it steers the terminal.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            steering if steers(steering) => {
                // Writing to a string cannot fail.
                if write!(out, "<U+{:04X}>", u32::from(steering)).is_err() {
                    out.push('\u{fffd}');
                }
            }
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// Writes text as HTML that shows it and nothing else, inside an element or a quoted attribute. What is
/// long is cut.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn html(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    tera::escape_html(&line(text), out)
}

/// What keeps GitHub from finding a name, a number or an icon; it has no width and is not seen.
pub(super) const BREAK: &str = "&#8203;";

/// Writes text as GitHub-flavoured Markdown that shows it and nothing else: no markup, no HTML, no
/// table cell ends, no link, no icon, no mention of a person or an issue. What is long is cut.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn markdown(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(markdown_text(&line(text)).as_bytes())
}

/// Returns text of any length as `markdown` writes it.
pub(super) fn markdown_text(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut previous = ' ';
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(address) = web_address(rest, previous) {
            // In code nothing is a link, and what is copied from it is what stands there.
            if matches!(previous, '$' | '`') {
                out.push_str(BREAK);
            }
            out.extend(["`", address, "`"]);
            previous = '`';
            at += address.len();
            continue;
        }
        let after = &rest[character.len_utf8()..];
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', character]),
            // Inside a word an underscore, or a hash, is no markup.
            '_' | '#' if !previous.is_alphanumeric() => out.extend(['\\', character]),
            _ => out.push(character),
        }
        // GitHub finds these in what is shown, so that a backslash does not keep it from that.
        let is_found = match character {
            '@' => true,
            '#' => after.starts_with(|next: char| next.is_ascii_digit()),
            '-' => is_gh(&text[..at]) && after.starts_with(|next: char| next.is_ascii_digit()),
            ':' => names_an_icon(after),
            _ => false,
        };
        if is_found {
            out.push_str(BREAK);
        }
        previous = character;
        at += character.len_utf8();
    }
    out
}

/// Returns the web address that `rest` begins with, as far as it is plain enough to be code in a table.
fn web_address(rest: &str, previous: char) -> Option<&str> {
    let begins = |with: &str| rest.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let is_address =
        ["http://", "https://", "ftp://"].into_iter().any(begins) || begins("www.") && !previous.is_alphanumeric();
    if !is_address {
        return None;
    }
    let stops = |character: char| character.is_whitespace() || "`|\\<>$".contains(character);
    let address = &rest[..rest.find(stops).unwrap_or(rest.len())];
    // What ends a sentence belongs to the sentence.
    Some(address.trim_end_matches(['.', ',', ':', ';', '!', '?', ')', ']', '}', '\'', '"', '*', '_', '~']))
}

/// Returns whether text after a colon goes on as `:white_check_mark:` does. Numbers name no icon, but for
/// two, so that times and places in files stay as they are.
fn names_an_icon(after: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || "_+-".contains(character);
    let name = &after[..after.find(|character| !is_part(character)).unwrap_or(after.len())];
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !["100", "1234"].contains(&name);
    after[name.len()..].starts_with(':') && !is_number
}

/// Returns whether `before` ends in the word `GH`.
fn is_gh(before: &str) -> bool {
    let word = before.rsplit(|character: char| !character.is_alphanumeric()).next();
    word.is_some_and(|word| word.eq_ignore_ascii_case("gh"))
}

/// Returns text as one CSV field's content: a spreadsheet that opens it runs nothing.
///
/// Quoting is left to the CSV writer. OWASP: CSV Injection.
pub fn csv(text: &str) -> Cow<'_, str> {
    let text = line(text);
    if text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        Cow::Owned(format!("'{text}"))
    } else {
        text
    }
}

/// Returns text as the value of a label: nothing in it steers a terminal, and no two texts become one, since
/// two samples with the same labels make a whole exposition worthless.
///
/// The quotes, backslashes and line ends that the format itself escapes are left to its writer.
pub(super) fn label(text: &str) -> Cow<'_, str> {
    let is_changed = |character: char| steers(character) && character != '\n';
    if !text.contains(is_changed) && !text.contains("<U+") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for (at, character) in text.char_indices() {
        // What stands there already as a mark looks like one that was made here.
        if is_changed(character) || text[at..].starts_with("<U+") {
            out.push_str(&format!("<U+{:04X}>", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_texts_are_the_same_label() {
        let texts = ["a\u{202e}b", "a<U+202E>b", "a<U+003C>U+202E>b", "a b", "a\tb", "a\nb", "a\\nb", "a\rb"];
        let labels: std::collections::HashSet<_> = texts.iter().map(|text| label(text)).collect();
        assert_eq!(labels.len(), texts.len(), "{labels:?}");
        assert!(labels.iter().all(|label| !label.contains(|c: char| steers(c) && c != '\n')), "{labels:?}");
    }

    fn md(text: &str) -> String {
        let mut out = Vec::new();
        markdown(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_steers_the_terminal_and_nothing_is_silently_dropped() {
        assert_eq!(line("a\u{1b}[31mred\u{202e}x\u{7}"), "a<U+001B>[31mred<U+202E>x<U+0007>");
        assert_eq!(line("two\nlines\tand"), "two lines and");
        assert!(line(&"x".repeat(100_000)).ends_with(" … (cut)"));
        assert!(matches!(line("plain — ünïcode"), Cow::Borrowed(_)));
    }

    #[test]
    fn markdown_shows_text_and_nothing_else() {
        assert_eq!(
            md("a|b `c` <script> [x](y) *z* @you"),
            "a\\|b \\`c\\` &lt;script&gt; \\[x\\](y) \\*z\\* @&#8203;you"
        );
        assert_eq!(md("snake_case v1.2-3 #x a#b _y"), "snake_case v1.2-3 \\#x a#b \\_y");
    }

    #[test]
    fn markdown_mentions_no_issue() {
        assert_eq!(
            md("#12 org/repo#5 GH-7 gh-x eu-north-1"),
            "\\#&#8203;12 org/repo#&#8203;5 GH-&#8203;7 gh-x eu-north-1"
        );
    }

    #[test]
    fn markdown_mentions_nobody() {
        assert_eq!(md("@team"), "@&#8203;team");
    }

    #[test]
    fn markdown_draws_no_icon() {
        assert_eq!(md(":white_check_mark:"), ":&#8203;white_check_mark:");
        assert_eq!(md("a:+1:b :100: yaml:100:5"), "a:&#8203;+1:b :&#8203;100: yaml:&#8203;100:5");
        assert_eq!(
            md("2026-01-20T06:00:00Z policy.yaml:24:5 copies:a :: a: b:"),
            "2026-01-20T06:00:00Z policy.yaml:24:5 copies:a :: a: b:"
        );
    }

    #[test]
    fn markdown_makes_no_link_of_an_address_and_keeps_it_as_it_is() {
        assert_eq!(md("see https://x.example/a_b?c=*&d#12."), "see `https://x.example/a_b?c=*&d#12`.");
        assert_eq!(md("(HTTP://x.example) ftp://y"), "(`HTTP://x.example`) `ftp://y`");
        assert_eq!(md("www.x.example awww.x"), "`www.x.example` awww.x");
        assert_eq!(md("https://a|b`https://c$https://d"), "`https://a`\\|b\\`&#8203;`https://c`\\$&#8203;`https://d`");
        assert_eq!(md("https:// s3://x"), "`https://` s3://x");
    }

    /// What GitHub would make a link, a mention or an icon of.
    static ALIVE: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        let alive = r"(?i)(http|https|ftp)://|(^|[^\pL\pN])(www\.|GH-1)|@a|#1|:(100|[\w+-]*[a-z_+-][\w+-]*):";
        regex::Regex::new(alive).expect("a regular expression")
    });

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            cases: 1_000,
            failure_persistence: None,
            rng_seed: proptest::test_runner::RngSeed::Fixed(2020),
            ..Default::default()
        })]

        #[test]
        fn what_markdown_shows_is_the_text_and_nothing_else(text in r"(https?://|www\.|:[a-z_+]{1,4}:|@a|#1|GH-1|[-`*_\[\]()<>!#+=~|$&;:\\a1.é \u{202e}]){0,30}") {
            use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};
            let mut shown = String::new();
            let written = format!("x{}x", md(&text));
            let options = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
            for event in TextMergeStream::new(Parser::new_ext(&written, options)) {
                match event {
                    Event::Text(part) => {
                        proptest::prop_assert!(!ALIVE.is_match(&part), "{part:?}");
                        shown.push_str(&part);
                    }
                    Event::Code(part) => shown.push_str(&part),
                    Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                    other => proptest::prop_assert!(false, "{other:?} in {written}"),
                }
            }
            proptest::prop_assert_eq!(shown.replace('\u{200b}', ""), format!("x{}x", line(&text)));
        }
    }

    #[test]
    fn no_field_of_a_csv_begins_like_a_formula() {
        for text in ["=cmd()", "+1", "-1", "@x", "\t=1", " =1"] {
            assert!(csv(text).starts_with('\''), "{text}");
        }
        assert_eq!(csv("a=b"), "a=b");
    }
}
