//! Hostile text in every field reaches no format unescaped.
//!
//! Text comes from a policy and from evidence; what is found is left to the other tests.

use std::collections::BTreeSet;

use lastgood::evidence::fact::Basis;
use lastgood::evidence::{Comparison, Fact, Inventory, Item, Observation, Unseen};
use lastgood::model::time::parse_instant;
use lastgood::model::{ItemKind, UnseenReason};
use lastgood::render::{Format, Look};
use lastgood::report::Report;
use pulldown_cmark::{Event, Options, Parser, Tag, TextMergeStream};

use crate::support::{policy, report};

const AS_OF: &str = "2026-01-10T00:00:00Z";

/// Each with what must not be found in the output of formats for people.
const NASTY: [&str; 10] = [
    "a|b`c`<script>alert(1)</script>",
    "\u{1b}[31mred\u{1b}]8;;http://x\u{7}",
    "\u{9b}31mred\u{9b}0m\u{61c}x\u{2028}y\u{7f}",
    "left\u{202e}right\u{2066}x\u{200b}y",
    "=cmd|' /C calc'!A0",
    "[click](javascript:alert) ![i](http://x/y.png) @everyone #1",
    "line\nbreak\r\n| forged | row |\n# forged heading",
    "</td><img src=x onerror=alert(1)>&amp;",
    ":white_check_mark: met :+1: :100:",
    "https://evil.example http://evil.example/a_b (www.evil.example) FTP://evil.example mail@evil.example",
];

/// Returns text quoted for YAML, as JSON is.
fn quoted(text: &str) -> String {
    let text = serde_json::to_string(text).expect("JSON");
    // YAML takes no control character as it is, not even quoted, and nothing that is no character.
    let escaped = |c: char| {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            format!("\\u{:04x}", u32::from(c))
        } else {
            c.to_string()
        }
    };
    text.chars().map(escaped).collect()
}

/// Returns a policy whose every free text is `nasty`.
fn hostile_policy(nasty: &str) -> String {
    let text = quoted(nasty);
    // YAML itself takes no key of more than 1,024 characters.
    let key = if nasty.len() < 1_000 { text.clone() } else { "key".to_owned() };
    format!(
        "version: 1\ntitle: {text}\nowner: {text}\nsystems:\n  github: {{ kind: github, org: {text}, domains: {{ provider: {text}, {key}: x }} }}\n  bucket: {{ kind: s3, bucket: {text}, domains: {{ provider: other }} }}\nobjectives:\n  o: {{ rpo: 1d, evidence: verified, retention: 30d, independent: [provider], restore_test_every: 30d }}\nassets:\n  - id: a\n    section: {text}\n    title: {text}\n    lives_in: github\n    each: repository\n    objective: o\n    owner: {text}\n    notes: {text}\n    copies:\n      - {{ id: c, in: bucket, by: objects, claim: {text}, said_in: {text}, prefix: '{{name}}/' }}\n  - id: b\n    title: {text}\n    lives_in: github\n    objective: o\n    owner: {text}\n    copies:\n      - {{ id: m, in: bucket, by: object-mirror, claim: {text}, prefix: {text} }}\n      - {{ id: s, in: bucket, by: attestation, statement: {text}, attested_by: {text}, attested_on: 2026-01-01, expires: 2026-02-01, reference: {text} }}\nexclude:\n  - {{ in: github, name: zz, reason: {text}, owner: {text}, review_by: 2027-01-01 }}\nrestore_tests:\n  - {{ asset: b, on: 2026-01-02, result: failed, tested_by: {text}, reviewed_by: {text}, reference: {text} }}\nwaivers:\n  - {{ control: copies, assets: [b], reason: {text}, approved_by: {text}, approved_on: 2026-01-01, expires: 2026-03-01 }}\n"
    )
}

fn hostile_evidence(nasty: &str) -> Vec<Observation> {
    let at = parse_instant("2026-01-09T00:00:00Z").expect("a time");
    let system = |fact| {
        let mut observation = Observation::new(fact, at);
        observation.system = Some("github".into());
        observation.source_mut().identity = Some(nasty.into());
        observation.source_mut().request = Some(nasty.into());
        observation
    };
    let item: Item =
        serde_json::from_value(serde_json::json!({ "kind": "repository", "name": nasty })).expect("an item");
    let unseen = Unseen { fact: None, reason: UnseenReason::NotAuthorized, what: nasty.into() };
    let mut comparison = Observation::new(
        Fact::Comparison(Box::new(Comparison {
            basis: Basis::Sha256,
            behind: 0,
            by_size: 0,
            bytes: None,
            complete: true,
            different: 0,
            equal: 5,
            extra: 0,
            missing: 1,
            names: vec![nasty.into()],
            oldest_unprotected: None,
            sampled_ppm: None,
        })),
        at,
    );
    comparison.asset = Some("b".into());
    comparison.copy = Some("m".into());
    comparison.source_mut().request = Some(nasty.into());
    vec![
        system(Fact::Inventory(Inventory {
            complete: true,
            count: 1,
            from: at,
            kind: ItemKind::Repository,
            public_only: false,
        })),
        system(Fact::Item(Box::new(item))),
        system(Fact::Unseen(unseen)),
        comparison,
    ]
}

fn hostile_report(nasty: &str) -> Report {
    report(&policy(&hostile_policy(nasty)), hostile_evidence(nasty), AS_OF)
}

fn rendered(report: &Report, format: Format) -> String {
    rendered_in(report, format, 100)
}

fn rendered_in(report: &Report, format: Format, width: u16) -> String {
    let mut out = Vec::new();
    let look = Look { width, styled: false };
    format.renderer().render(report, look, &mut out).expect("rendered");
    String::from_utf8(out).expect("UTF-8")
}

/// Returns whether a character steers a terminal, or the order in which text is read.
fn steers(c: char) -> bool {
    let reorders = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    (c.is_control() && c != '\n') || reorders
}

#[test]
fn no_format_for_people_carries_control_characters_or_reordering_marks() {
    for nasty in NASTY {
        let report = hostile_report(nasty);
        for format in [
            Format::Table,
            Format::Markdown,
            Format::Html,
            Format::Csv,
            Format::Sarif,
            Format::Junit,
            Format::Openmetrics,
        ] {
            let text = rendered(&report, format);
            assert_eq!(text.chars().find(|c| steers(*c)), None, "{format:?} of {nasty:?}");
        }
    }
}

#[test]
fn no_text_makes_the_table_wider_than_there_is_room() {
    for nasty in NASTY.into_iter().chain(["備份備份備份備份備份備份備份備份", "x".repeat(500).as_str()])
    {
        for width in [20_u16, 40, 60, 76, 80, 100, 160] {
            let text = rendered_in(&hostile_report(nasty), Format::Table, width);
            assert_eq!(text.chars().find(|c| steers(*c)), None, "{nasty:?}");
            for line in text.lines() {
                assert!(textwrap::core::display_width(line) <= usize::from(width), "{width}: {line}");
            }
        }
    }
}

#[test]
fn markdown_has_no_html_no_links_no_mentions_and_no_forged_rows() {
    let calm = rendered(&hostile_report("calm"), Format::Markdown);
    for nasty in NASTY {
        let text = rendered(&hostile_report(nasty), Format::Markdown);
        for forbidden in ["<script", "<img", "</td", "](http", "](java", "@everyone", "\n# forged", "\n| forged"] {
            assert!(!text.replace("\\]", "").contains(forbidden), "`{forbidden}` in the Markdown of {nasty:?}");
        }
        // The same shape as for calm text: no row, no cell, no heading more.
        let shape = |text: &str| -> Vec<(bool, usize)> {
            let cells = |line: &str| line.replace("\\|", "").matches('|').count();
            text.lines()
                .map(|line| (line.starts_with('#'), cells(line)))
                .filter(|(heading, cells)| *heading || *cells > 0)
                .collect()
        };
        assert_eq!(shape(&text), shape(&calm), "{nasty:?}");
    }
}

/// Returns what GitHub would do with `text` besides showing it: the links, images, HTML, mentions and
/// icons in it.
fn alive(text: &str) -> Vec<String> {
    let found_in_text =
        regex::Regex::new(r"(?i)(https?|ftp)://|(^|\W)www\.|@\w|#\d|\bGH-\d|:(100|\w*[a-z_+-]\w*):").expect("valid");
    let mut alive = Vec::new();
    // A row of a table is no paragraph, so that what stands in it is read as its cells are.
    for event in TextMergeStream::new(Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_GFM)) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => alive.push(format!("link {dest_url}")),
            Event::Start(Tag::Image { dest_url, .. }) => alive.push(format!("image {dest_url}")),
            Event::Html(html) | Event::InlineHtml(html) => alive.push(format!("HTML {html}")),
            Event::Text(text) => {
                alive.extend(found_in_text.find(&text).map(|found| format!("text {}", found.as_str())));
            }
            _ => {}
        }
    }
    alive
}

#[test]
fn nothing_in_the_markdown_is_a_link_a_mention_or_an_icon() {
    for nasty in NASTY {
        let text = rendered(&hostile_report(nasty), Format::Markdown);
        assert_eq!(alive(&text), Vec::<String>::new(), "{nasty:?}");
    }
    // The check itself sees what it is to see.
    assert_eq!(alive("[x](https://x) :tada: <b>").len(), 3);
}

/// Returns the Markdown report of an asset with these notes.
fn with_notes(notes: &str) -> String {
    rendered(&noted(notes), Format::Markdown)
}

/// Returns the report of an asset with these notes.
fn noted(notes: &str) -> Report {
    let text = quoted(notes);
    let policy = policy(&format!(
        "version: 1\ntitle: Notes\nsystems:\n  box: {{ kind: external, domains: unknown }}\nobjectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: box, objective: o, owner: x, copies: unknown, notes: {text} }}\n"
    ));
    report(&policy, Vec::new(), AS_OF)
}

#[test]
fn notes_are_shown_as_the_markdown_that_they_are() {
    let text = with_notes("Rebuilt *weekly*, see [the wiki](https://example.org/a):\n\n- one\n- `two`\n\n1. three");
    let shown =
        "\n> **a**: Rebuilt *weekly*, see [the wiki](<https://example.org/a>):\n>\n> - one\n> - `two`\n>\n> 1. three\n";
    assert!(text.contains(shown), "{text}");
    assert_eq!(alive(&text), ["link https://example.org/a"]);
}

#[test]
fn notes_do_nothing_but_show() {
    let calm = with_notes("calm");
    // All but the notes, and the policy's digest.
    let rest = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.starts_with('>') && !line.starts_with("- Policy:"))
            .map(str::to_owned)
            .collect()
    };
    for nasty in NASTY.into_iter().chain([
        "# forged\n\nforged\n======\n\n| forged | row |\n| --- | --- |\n| GAP | met |",
        "<details>\n<summary>x</summary>\n\n<script>alert(1)</script>\n</details>\n\n<!-- open",
        "![i](https://evil.example/pixel.png) ![i][r]\n\n[r]: https://evil.example/other.png",
        "[x](javascript:alert(1)) [x](data:text/html,y) [x](//evil.example) <javascript:alert(1)>",
        "```\nnever closed\n## forged",
        "~~~mermaid\ngraph TD\n~~~\n\n$$x$$ $`y`$",
        "- a\n\n\n## forged in a list\n\n> [!WARNING]\n> forged",
        "[^1]: forged\n\n[^1] [ ] [x]\n- [x] done",
        "a\\\n\\# forged\\\n\\- forged",
    ]) {
        let text = with_notes(nasty);
        assert_eq!(rest(&text), rest(&calm), "{nasty:?}");
        assert_eq!(alive(&text), Vec::<String>::new(), "{nasty:?}");
        assert_eq!(text.chars().find(|c| steers(*c)), None, "{nasty:?}");
    }
}

/// Returns every tag of an HTML text as it stands there, but for those of the notes.
fn tags(html: &str) -> Vec<String> {
    let tag = regex::Regex::new(r"</?[a-zA-Z][^>]*>|<![^>]*>").expect("valid");
    // Of a value inside a tag, nothing but that it ends where it should.
    let value = regex::Regex::new(r#""[^"]*""#).expect("valid");
    tag.find_iter(html).map(|found| value.replace_all(found.as_str(), "\"\"").into_owned()).collect()
}

#[test]
fn html_has_no_element_and_no_attribute_that_calm_text_has_not() {
    // How often each comes up depends on how long texts are, and in which order the findings stand.
    let kinds = |html: &str| -> BTreeSet<String> {
        // The notes are Markdown, and of their tags there is a test of its own.
        let notes = regex::Regex::new(r#"(?s)<div class="notes".*?</div>"#).expect("valid");
        tags(&notes.replace_all(html, "")).into_iter().collect()
    };
    let calm = kinds(&rendered(&hostile_report("calm"), Format::Html));
    for nasty in NASTY {
        let more: Vec<String> =
            kinds(&rendered(&hostile_report(nasty), Format::Html)).difference(&calm).cloned().collect();
        assert_eq!(more, Vec::<String>::new(), "{nasty:?}");
    }
    assert!(kinds("<b onclick=\"x\">").contains("<b onclick=\"\">"), "the check sees what it is to see");
}

#[test]
fn html_of_notes_has_only_tags_that_show_text() {
    let tags_of_text = r#"^</?(p|em|strong|code|pre|ul|ol|li|blockquote|br|hr|b|a)( (class|start|rel|href)="")*>$"#;
    let harmless = regex::Regex::new(tags_of_text).expect("valid");
    for nasty in NASTY.into_iter().chain([
        "# forged\n\n<details>\n<summary>x</summary>\n</details>\n\n<!-- open",
        "![i](https://evil.example/pixel.png) ![i][r]\n\n[r]: https://evil.example/other.png",
        "[x](javascript:alert(1)) [x](data:text/html,y) [x](//evil.example) <javascript:alert(1)>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>\n\n<math><mi//xlink:href=\"data:x\">",
        "[x](https://a\"onmouseover=alert(1)) [y](https://a'onmouseover=alert(1)//)",
        "```<img src=x onerror=alert(1)>\n</code></pre><script>alert(1)</script>\n```",
    ]) {
        let text = rendered(&noted(nasty), Format::Html);
        let notes =
            text.split("<div class=\"notes\"").nth(1).and_then(|rest| rest.split("</div>").next()).expect("notes");
        for tag in tags(notes) {
            assert!(harmless.is_match(&tag), "{tag} of {nasty:?}");
        }
        for address in notes.split("<a href=\"").skip(1) {
            assert!(
                ["http://", "https://", "mailto:"].iter().any(|scheme| address.to_lowercase().starts_with(scheme)),
                "{address} of {nasty:?}"
            );
        }
    }
}

#[test]
fn no_cell_of_the_register_is_a_formula() {
    for nasty in NASTY {
        let mut text = Vec::new();
        lastgood::render::register_csv::write(&hostile_report(nasty), &mut text).expect("written");
        let mut reader = csv::Reader::from_reader(text.as_slice());
        assert_eq!(reader.records().count(), 2, "two assets, two rows: {nasty:?}");
        let mut reader = csv::Reader::from_reader(text.as_slice());
        for record in reader.records() {
            for cell in &record.expect("a record") {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }
}

#[test]
fn no_cell_of_a_csv_is_a_formula() {
    for nasty in NASTY {
        let text = rendered(&hostile_report(nasty), Format::Csv);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for record in reader.records() {
            for cell in &record.expect("a record") {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }
}

#[test]
fn no_message_of_a_sarif_is_a_link_or_a_placeholder() {
    for nasty in NASTY.into_iter().chain(["[x](1) {0} [y](https://evil.example)"]) {
        let log: serde_json::Value =
            serde_json::from_str(&rendered(&hostile_report(nasty), Format::Sarif)).expect("JSON");
        let run = &log["runs"][0];
        let results = run["results"].as_array().expect("results");
        let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
        assert!(!results.is_empty() && !notes.is_empty());
        for message in results.iter().chain(notes) {
            let text = message["message"]["text"].as_str().expect("text");
            assert!(!text.contains("]("), "{text}");
            let literal = text.replace("{{", "").replace("}}", "");
            assert!(!literal.contains(['{', '}']), "{text}");
        }
    }
}

#[test]
fn the_xml_of_a_junit_is_well_formed_and_has_the_same_shape_for_any_text() {
    let shape = |text: &str| -> Vec<String> {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut shape = Vec::new();
        loop {
            match reader.read_event().expect("well-formed") {
                quick_xml::events::Event::Eof => return shape,
                quick_xml::events::Event::Start(start) | quick_xml::events::Event::Empty(start) => {
                    assert!(start.attributes().all(|attribute| attribute.is_ok()), "{text}");
                    shape.push(start.name().as_ref().to_owned());
                }
                quick_xml::events::Event::Comment(_)
                | quick_xml::events::Event::CData(_)
                | quick_xml::events::Event::PI(_)
                | quick_xml::events::Event::DocType(_) => panic!("forged: {text}"),
                _ => {}
            }
        }
    };
    let calm = shape(&rendered(&hostile_report("calm"), Format::Junit));
    for nasty in NASTY.into_iter().chain(["]]><failure/><!-- \u{fffe}\u{ffff}\u{0}\u{b}x", "<?xml?>&#0;&bad;"]) {
        let text = rendered(&hostile_report(nasty), Format::Junit);
        assert_eq!(shape(&text), calm, "{nasty:?}");
        // XML 1.0, 2.2: what is no `Char`.
        let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert!(text.chars().all(is_char), "{nasty:?}");
    }
}

#[test]
fn an_exposition_has_as_many_lines_for_any_text() {
    let lines = |text: &str| rendered(&hostile_report(text), Format::Openmetrics).lines().count();
    for nasty in NASTY.into_iter().chain(["\"} 1\n# EOF\nforged{x=\"", "\\", "\\\"", "{\u{85}\rx"]) {
        assert_eq!(lines(nasty), lines("calm"), "{nasty:?}");
    }
}

#[test]
fn json_carries_nothing_that_steers_a_terminal() {
    for nasty in NASTY {
        let text = rendered(&hostile_report(nasty), Format::Json);
        assert_eq!(text.chars().find(|c| steers(*c)), None, "{nasty:?}");
    }
}

#[test]
fn json_keeps_the_text_as_it_is() {
    for nasty in NASTY {
        let report: serde_json::Value =
            serde_json::from_str(&rendered(&hostile_report(nasty), Format::Json)).expect("JSON");
        assert_eq!(report["policy"]["title"], nasty);
        assert_eq!(report["assets"][0]["id"], format!("a/{nasty}"));
        assert_eq!(report["claims"][0]["claim"], nasty);
    }
}

#[test]
fn names_of_a_hundred_kilobytes_are_cut_for_people_and_kept_for_programs() {
    let long = "x".repeat(100_000);
    let report = hostile_report(&long);
    for format in [Format::Table, Format::Markdown, Format::Html, Format::Csv] {
        let text = rendered(&report, format);
        assert!(!text.contains(&"x".repeat(1_000)), "{format:?}");
        assert!(text.contains("(cut)"), "{format:?} does not say that it cut");
        assert!(text.len() < 400_000, "{format:?} has {} bytes", text.len());
    }
    assert!(rendered(&report, Format::Json).contains(&long));
}
