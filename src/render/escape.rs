//! Escaping: text from policies and remote systems is data in every format.
//!
//! One function a format; where text goes is left to the renderers.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// The longest text of one field that formats for people show, in characters.
const LONGEST: usize = 400;

/// Returns whether a character steers the output instead of being read: control characters, and the
/// marks that reorder or hide text.
pub(super) const fn steers(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Returns text for one line that people read: nothing in it steers the terminal, and what is long
/// is cut with a visible mark.
pub fn line(text: &str) -> Cow<'_, str> {
    let long = text.len() > LONGEST && text.chars().count() > LONGEST;
    if !long && !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(LONGEST * 2));
    let kept = text.chars().take(if long { LONGEST } else { usize::MAX });
    for character in kept {
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
    if long {
        out.push_str(" … (cut)");
    }
    Cow::Owned(out)
}

/// Writes text as GitHub-flavoured Markdown that shows it and nothing else: no markup, no HTML, no
/// table cell ends, no mention of a person or an issue.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn markdown(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let mut previous = ' ';
    let line = line(text);
    for (at, character) in line.char_indices() {
        match character {
            '&' => out.write_all(b"&amp;")?,
            '<' => out.write_all(b"&lt;")?,
            '>' => out.write_all(b"&gt;")?,
            // A zero-width space keeps GitHub from telling whoever bears the name.
            '@' => out.write_all(b"@&#8203;")?,
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => write!(out, "\\{character}")?,
            // Inside a word an underscore, or a hash, is no markup.
            '_' | '#' if !previous.is_alphanumeric() => write!(out, "\\{character}")?,
            _ => write!(out, "{character}")?,
        }
        // GitHub finds `#12` and `GH-12` in what is shown, so that a backslash does not keep it from that.
        let refers = character == '#' || character == '-' && is_gh(&line[..at]);
        if refers && line[at + 1..].starts_with(|next: char| next.is_ascii_digit()) {
            out.write_all(b"&#8203;")?;
        }
        previous = character;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn no_field_of_a_csv_begins_like_a_formula() {
        for text in ["=cmd()", "+1", "-1", "@x", "\t=1", " =1"] {
            assert!(csv(text).starts_with('\''), "{text}");
        }
        assert_eq!(csv("a=b"), "a=b");
    }
}
