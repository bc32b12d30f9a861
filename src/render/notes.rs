//! The notes of an asset: Markdown that somebody wrote, as Markdown that does nothing but show it.
//!
//! It is parsed and written anew from what was understood: paragraphs, lists, quotes, emphasis, code and
//! links to the web. All else is shown as text. Where the notes stand is left to the template.

use std::iter::Peekable;

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

use super::escape;

/// The longest notes that are shown, in characters.
const LONGEST: usize = 4_000;
/// How deep lists and quotes nest; what lies deeper is shown as if it lay there.
const DEEPEST: usize = 6;
/// How wide a tab of a code block is shown.
const TAB: &str = "    ";

/// Returns the notes of `asset` as a quote, so that nothing in them can be taken for the report's own
/// words: every line begins with `>`, and the asset's name stands first.
pub(super) fn quote(asset: &str, notes: &str) -> String {
    let cut = notes.char_indices().nth(LONGEST).map(|(at, _)| at);
    let events = TextMergeStream::new(Parser::new_ext(&notes[..cut.unwrap_or(notes.len())], Options::empty()));
    let mut events = events.peekable();
    // What begins with a paragraph goes on where the name stands.
    let begins_with_text =
        matches!(events.peek(), Some(Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock)));
    let mut lines = blocks(&mut events, 0);
    if cut.is_some() {
        lines.extend([String::new(), "… (cut)".to_owned()]);
    }
    let name = format!("**{}**:", escape::markdown_text(asset.trim()));
    match lines.first_mut() {
        Some(first) if begins_with_text => *first = format!("{name} {first}"),
        _ => lines.splice(0..0, [name, String::new()]).for_each(drop),
    }
    let quoted: Vec<String> = lines.iter().map(|line| format!("> {line}").trim_end().to_owned()).collect();
    quoted.join("\n")
}

/// Returns the lines of the blocks up to the end of the one that they lie in.
fn blocks<'e>(events: &mut Peekable<impl Iterator<Item = Event<'e>>>, depth: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // Containers that lie too deep: their ends are not the end of this one.
    let mut flattened = 0_usize;
    while let Some(event) = events.peek() {
        // Between the text of an item and a list below it, an empty line would set all items apart.
        let mut apart = true;
        let block = match event {
            Event::Start(Tag::Paragraph | Tag::Heading { .. }) => {
                events.next();
                paragraph(events)
            }
            Event::Start(Tag::List(_) | Tag::Item | Tag::BlockQuote(_)) if depth >= DEEPEST => {
                events.next();
                flattened += 1;
                continue;
            }
            Event::Start(Tag::List(first)) => {
                let first = *first;
                events.next();
                apart = false;
                list(events, first, depth + 1)
            }
            Event::Start(Tag::BlockQuote(_)) => {
                events.next();
                blocks(events, depth + 1).iter().map(|line| format!("> {line}").trim_end().to_owned()).collect()
            }
            Event::Start(Tag::CodeBlock(_)) => {
                events.next();
                code_block(&raw(events))
            }
            Event::Start(Tag::HtmlBlock) => {
                events.next();
                guarded(&escape::markdown_text(raw(events).trim()))
            }
            Event::Rule => {
                events.next();
                vec!["---".to_owned()]
            }
            Event::End(_) => {
                events.next();
                if flattened == 0 {
                    break;
                }
                flattened -= 1;
                continue;
            }
            // The text of an item whose list has no empty lines.
            _ => paragraph(events),
        };
        if !lines.is_empty() && (apart || depth == 0) {
            lines.push(String::new());
        }
        lines.extend(block);
    }
    lines
}

/// Returns the lines of a list whose beginning was read; `first` is the number of its first item.
fn list<'e>(events: &mut Peekable<impl Iterator<Item = Event<'e>>>, first: Option<u64>, depth: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut number = first;
    while let Some(event) = events.next() {
        if !matches!(event, Event::Start(Tag::Item)) {
            break;
        }
        let marker = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
        number = number.map(|number| number + 1);
        let item = blocks(events, depth);
        let indent = " ".repeat(marker.len());
        if item.is_empty() {
            // A marker alone may underline the line above it, which would be a heading.
            lines.push(format!("{marker}{}", escape::BREAK));
        }
        for (position, line) in item.iter().enumerate() {
            let before = if position == 0 { &marker } else { &indent };
            lines.push(format!("{before}{line}").trim_end().to_owned());
        }
    }
    lines
}

/// Returns all text up to the end of a block that holds nothing but text.
fn raw<'e>(events: &mut Peekable<impl Iterator<Item = Event<'e>>>) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Text(part) | Event::Html(part) => text.push_str(&part),
            Event::End(_) => break,
            _ => {}
        }
    }
    text
}

/// Returns the lines of a paragraph or a heading, whose beginning was read, or of an item's text.
fn paragraph<'e>(events: &mut Peekable<impl Iterator<Item = Event<'e>>>) -> Vec<String> {
    let mut text = String::new();
    let mut open: Vec<Destination<'_>> = Vec::new();
    while let Some(event) = events.peek() {
        match event {
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) => {
                events.next();
                break;
            }
            // The end of the item, or a block inside it.
            Event::End(TagEnd::Item | TagEnd::List(_) | TagEnd::BlockQuote(_))
            | Event::Start(
                Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::List(_)
                | Tag::Item
                | Tag::BlockQuote(_)
                | Tag::CodeBlock(_)
                | Tag::HtmlBlock,
            )
            | Event::Rule => break,
            _ => {}
        }
        match events.next() {
            Some(Event::Text(part) | Event::InlineHtml(part) | Event::Html(part)) => {
                push(&mut text, &escape::markdown_text(&part));
            }
            Some(Event::Code(part)) => push(&mut text, &code_span(&part)),
            Some(Event::SoftBreak) => text.push(' '),
            Some(Event::HardBreak) => text.push_str("\\\n"),
            Some(Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis)) => text.push('*'),
            Some(Event::Start(Tag::Strong) | Event::End(TagEnd::Strong)) => text.push_str("**"),
            Some(Event::Start(Tag::Link { dest_url, link_type, .. })) => {
                let destination = Destination::new(dest_url, link_type);
                if matches!(destination, Destination::Web(_)) {
                    text.push('[');
                }
                open.push(destination);
            }
            Some(Event::Start(Tag::Image { dest_url, .. })) => open.push(Destination::Shown(dest_url)),
            Some(Event::End(TagEnd::Link | TagEnd::Image)) => match open.pop() {
                Some(Destination::Web(url)) => text.push_str(&format!("](<{url}>)")),
                Some(Destination::Shown(url)) if !url.is_empty() => {
                    text.push_str(&format!(" ({})", escape::markdown_text(&url)));
                }
                _ => {}
            },
            _ => {}
        }
    }
    guarded(&text)
}

/// Adds what begins with code or with anything else. Two rows of backticks beside each other would be one,
/// and a dollar before them begins a formula.
fn push(text: &mut String, more: &str) {
    if more.starts_with('`') && text.ends_with(['`', '$']) {
        text.push_str(escape::BREAK);
    }
    text.push_str(more);
}

/// Where a link or an image points.
enum Destination<'e> {
    /// To the web: it may stay a link.
    Web(String),
    /// Elsewhere: it is shown behind the text.
    Shown(CowStr<'e>),
    /// Where the text itself says.
    AsWritten,
}

impl<'e> Destination<'e> {
    fn new(url: CowStr<'e>, written: LinkType) -> Self {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") => Self::Web(web(&url)),
            _ if matches!(written, LinkType::Autolink | LinkType::Email) => Self::AsWritten,
            _ => Self::Shown(url),
        }
    }
}

/// Returns a web address for use between `<` and `>`.
fn web(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for character in url.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' | '>' | '\\' | '`' | '|' => out.push_str(&format!("%{:02X}", u32::from(character))),
            other if other.is_whitespace() || escape::steers(other) => {
                for byte in other.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("%{byte:02X}"));
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// Returns the lines of a paragraph, none of which reads as the beginning of another block.
fn guarded(text: &str) -> Vec<String> {
    let guard = |line: &str| {
        let line = line.trim_start();
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        if line.starts_with(['-', '+', '=']) {
            format!("\\{line}")
        } else if digits > 0 && line[digits..].starts_with(['.', ')']) {
            format!("{}\\{}", &line[..digits], &line[digits..])
        } else {
            line.to_owned()
        }
    };
    text.split('\n').map(guard).collect()
}

/// Returns the length of the longest row of backticks.
fn longest_ticks(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

fn code_span(code: &str) -> String {
    let code = escape::visible(code);
    let ticks = "`".repeat(longest_ticks(&code) + 1);
    let at_either_end = |character| code.starts_with(character) || code.ends_with(character);
    let space = if at_either_end('`') || at_either_end(' ') { " " } else { "" };
    format!("{ticks}{space}{code}{space}{ticks}")
}

fn code_block(code: &str) -> Vec<String> {
    let ticks = "`".repeat((longest_ticks(code) + 1).max(3));
    // Without the language: what some of them name is drawn, not shown.
    let lines = code.lines().map(|line| escape::visible(&line.replace('\t', TAB)).into_owned());
    std::iter::once(ticks.clone()).chain(lines).chain([ticks.clone()]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(notes: &str) -> String {
        quote("files", notes)
    }

    #[test]
    fn a_paragraph_goes_on_behind_the_name() {
        assert_eq!(
            shown("Slow-moving; *monthly* is **enough**."),
            "> **files**: Slow-moving; *monthly* is **enough**."
        );
        assert_eq!(shown("one\ntwo\n\nthree"), "> **files**: one two\n>\n> three");
    }

    #[test]
    fn lists_and_code_stay_what_they_are() {
        assert_eq!(
            shown("To do:\n- a\n- b\n  1. c\n  2. d\n\nThen `x | y`:\n\n```sh\nrestic  `x`\n```"),
            "> **files**: To do:\n>\n> - a\n> - b\n>   1. c\n>   2. d\n>\n> Then `x | y`:\n>\n> ```\n> restic  `x`\n> ```"
        );
        assert_eq!(shown("- a\n- b"), "> **files**:\n>\n> - a\n> - b");
        assert_eq!(shown("> said\n> so"), "> **files**:\n>\n> > said so");
        assert_eq!(shown("    a\n\tb"), "> **files**:\n>\n> ```\n> a\n> b\n> ```");
    }

    #[test]
    fn only_links_to_the_web_are_links() {
        assert_eq!(shown("[doc](https://example.org/a?b&c)"), "> **files**: [doc](<https://example.org/a?b&amp;c>)");
        assert_eq!(shown("<https://example.org>"), "> **files**: [`https://example.org`](<https://example.org>)");
        assert_eq!(shown("[x](javascript:alert(1))"), "> **files**: x (javascript:alert(1))");
        assert_eq!(shown("[x](data:text/html,y)"), "> **files**: x (data:text/html,y)");
        assert_eq!(shown("[x](../y)"), "> **files**: x (../y)");
        assert_eq!(shown("see https://example.org."), "> **files**: see `https://example.org`.");
    }

    #[test]
    fn html_images_and_headings_become_text() {
        assert_eq!(shown("![p](https://e.example/p.png)"), "> **files**: p (`https://e.example/p.png`)");
        assert_eq!(shown("a <b>c</b>"), "> **files**: a &lt;b&gt;c&lt;/b&gt;");
        assert_eq!(shown("<script>\nx\n</script>"), "> **files**: &lt;script&gt; x &lt;/script&gt;");
        assert_eq!(shown("# Title\n\ntext"), "> **files**: Title\n>\n> text");
        assert_eq!(shown("Title\n===\ntext"), "> **files**: Title\n>\n> text");
    }

    #[test]
    fn nobody_is_mentioned_and_no_icon_is_drawn() {
        assert_eq!(shown("@team #12 :tada:"), "> **files**: @&#8203;team \\#&#8203;12 :&#8203;tada:");
        assert_eq!(shown("`@team #12 :tada:`"), "> **files**: `@team #12 :tada:`");
    }

    #[test]
    fn text_that_was_escaped_stays_text() {
        assert_eq!(shown("a\\\n\\- b\\\n1\\. c"), "> **files**: a\\\n> \\- b\\\n> 1\\. c");
        assert_eq!(shown("\\# no heading\n\n\\> no quote"), "> **files**: \\# no heading\n>\n> &gt; no quote");
    }

    #[test]
    fn long_and_deep_notes_have_an_end() {
        assert!(shown(&"x".repeat(100_000)).ends_with("\n>\n> … (cut)"));
        let deep = shown(&format!("{}x", ">".repeat(3_000)));
        assert_eq!(deep, format!("> **files**:\n>\n> {}x", "> ".repeat(DEEPEST)));
        assert!(shown(&"- ".repeat(1_500)).len() < 100_000);
    }

    /// Pieces of Markdown that mean something beside each other.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "`",
            "``",
            "```",
            "*",
            "**",
            "_",
            "[",
            "]",
            "](",
            "(",
            ")",
            "<",
            ">",
            "!",
            "!(",
            "#",
            "# ",
            "- ",
            "+ ",
            "1. ",
            "\n",
            "\n\n",
            " ",
            "    ",
            "\t",
            "|",
            "|---|",
            "~~",
            "$",
            ":",
            ":tada:",
            "https://x.example",
            "www.x.example",
            "@a",
            "javascript:a",
            "<b>",
            "</b>",
            "<!-- ",
            "-->",
            "&lt;",
            "&#35;",
            "&#10;",
            "\\",
            "a",
            "b c",
            "\u{202e}",
            "---",
            "===",
            "[^1]",
            "[x]",
            "[x]: https://y.example",
            "GH-1",
            "[!NOTE]",
            "é",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(2020), ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_written_nothing_but_text_lists_code_and_web_links_is_shown(notes in pieces()) {
            let quoted = shown(&notes);
            prop_assert!(quoted.lines().all(|line| line.starts_with('>')), "{quoted}");
            prop_assert!(!quoted.contains(|character| escape::steers(character) && character != '\n'), "{quoted:?}");
            let text = format!("before\n\n{quoted}\n\nafter");
            // The quote is one block, from its first line to its last.
            // What GitHub knows besides CommonMark.
            let github = Options::ENABLE_TABLES
                | Options::ENABLE_FOOTNOTES
                | Options::ENABLE_STRIKETHROUGH
                | Options::ENABLE_TASKLISTS
                | Options::ENABLE_MATH
                | Options::ENABLE_GFM;
            let mut depth = 0_usize;
            let mut outer = 0;
            for event in Parser::new_ext(&text, github) {
                match event {
                    Event::Start(Tag::BlockQuote(kind)) => {
                        prop_assert!(kind.is_none(), "{quoted}");
                        outer += usize::from(depth == 0);
                        depth += 1;
                    }
                    Event::End(TagEnd::BlockQuote(_)) => depth -= 1,
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        prop_assert!(dest_url.starts_with("https://"), "{quoted}");
                    }
                    Event::Start(
                        Tag::Paragraph | Tag::List(_) | Tag::Item | Tag::Emphasis | Tag::Strong | Tag::CodeBlock(_),
                    )
                    | Event::End(_)
                    | Event::Text(_)
                    | Event::Code(_)
                    | Event::SoftBreak
                    | Event::HardBreak
                    | Event::Rule => {}
                    other => prop_assert!(false, "{other:?} in\n{quoted}"),
                }
            }
            prop_assert_eq!(outer, 1, "{}", quoted);
        }
    }
}
