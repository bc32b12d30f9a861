//! The notes of an asset as HTML: Markdown that somebody wrote, of which nothing but text, lists, quotes,
//! emphasis, code and links to the web is left.
//!
//! Two walls: raw HTML and images never become more than text, and what is written is cleaned as if it
//! were a stranger's. As Markdown they are left to `notes`.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::escape;

/// The longest notes that are shown, in characters.
const LONGEST: usize = 4_000;

/// The cleaner: the elements that notes may have, and no attribute but a link's address.
static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(["p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "a", "br", "hr"]))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))].into())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// Returns the notes of `asset` in an element of their own, with the asset's name in front.
pub(super) fn quote(asset: &str, notes: &str) -> String {
    let cut = notes.char_indices().nth(LONGEST).map(|(at, _)| at);
    let events = Parser::new_ext(&notes[..cut.unwrap_or(notes.len())], Options::empty()).filter_map(tamed);
    let mut written = String::new();
    html::push_html(&mut written, events);
    let mut name = Vec::new();
    // Writing to memory cannot fail.
    drop(escape::html(asset.trim(), &mut name));
    format!(
        "<div class=\"notes\" dir=\"auto\"><p class=\"of\">Notes on <b class=\"id\">{}</b></p>{}{}</div>",
        String::from_utf8_lossy(&name),
        CLEANER.clean(&written).to_string().trim(),
        if cut.is_some() { "<p>… (cut)</p>" } else { "" }
    )
}

/// Returns what may be shown of an event: headings become paragraphs, so that nobody forges a
/// section; images and raw HTML become text; nothing steers the order in which text is read.
fn tamed(event: Event<'_>) -> Option<Event<'_>> {
    let shown = |text: &str| -> CowStr<'static> {
        let lines: Vec<_> = text.split('\n').map(escape::visible).collect();
        lines.join("\n").into()
    };
    Some(match event {
        Event::Start(Tag::Heading { .. } | Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::Heading(_) | TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Image { dest_url, .. }) => Event::Text(shown(&format!("({dest_url}) "))),
        Event::End(TagEnd::Image) => return None,
        Event::Start(Tag::CodeBlock(_)) => Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Indented)),
        Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => Event::Text(shown(&text)),
        Event::Code(text) => Event::Code(shown(&text)),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the notes without what stands around them.
    fn shown(notes: &str) -> String {
        let quoted = quote("files", notes);
        let begin = "<div class=\"notes\" dir=\"auto\"><p class=\"of\">Notes on <b class=\"id\">files</b></p>";
        let rest = quoted.strip_prefix(begin).expect("the name stands first");
        rest.strip_suffix("</div>").expect("one element").to_owned()
    }

    #[test]
    fn notes_are_shown_as_the_markdown_that_they_are() {
        assert_eq!(
            shown("Rebuilt *weekly*, see [the wiki](https://example.org/a?b&c):\n\n- one\n- `two`"),
            "<p>Rebuilt <em>weekly</em>, see <a href=\"https://example.org/a?b&amp;c\" rel=\"noopener noreferrer nofollow\">the wiki</a>:</p>\n<ul>\n<li>one</li>\n<li><code>two</code></li>\n</ul>"
        );
        assert_eq!(shown("# Title"), "<p>Title</p>");
        assert_eq!(shown("```sh\na  <b>\n```"), "<pre><code>a  &lt;b&gt;\n</code></pre>");
    }

    #[test]
    fn html_is_text_images_are_not_fetched_and_only_links_to_the_web_are_links() {
        assert_eq!(shown("a <b>c</b>"), "<p>a &lt;b&gt;c&lt;/b&gt;</p>");
        assert_eq!(shown("<script>\nalert(1)\n</script>"), "<p>&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>");
        assert!(!shown("![p](https://e.example/p.png)").contains("<img"));
        for link in
            ["[x](javascript:alert(1))", "[x](data:text/html,y)", "[x](//e.example)", "[x](../y)", "[x](vbscript:y)"]
        {
            assert!(!shown(link).contains("href"), "{link}: {}", shown(link));
        }
    }

    #[test]
    fn nothing_in_notes_steers_the_order_of_text() {
        for notes in
            ["a\u{202e}b", "`a\u{202e}b`", "    a\u{202e}b", "# \u{2066}x", "<b \u{202e}>", "![\u{202e}](x\u{202e})"]
        {
            let text = shown(notes);
            assert!(!text.contains(|character| escape::steers(character) && character != '\n'), "{text:?}");
        }
    }

    #[test]
    fn long_notes_have_an_end() {
        assert!(shown(&"x".repeat(100_000)).ends_with("<p>… (cut)</p>"));
        assert!(shown(&">".repeat(3_000)).len() < 200_000);
    }
}
