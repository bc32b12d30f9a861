//! The HTML report: its order, what it never shows green, its templates, the committed sample.
//!
//! How it looks and behaves in a browser is tested by `tests/browser/run.mjs`; hostile text, in `hostile`.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::support::{lastgood, project, stderr, stdout};

const POLICY: &str = "policies/zowe-2020.yaml";
const AS_OF: &str = "2020-07-22T00:00:00Z";

fn page() -> String {
    let output = lastgood(&["audit", POLICY, "--offline", "--as-of", AS_OF, "--format", "html"]);
    assert_eq!(output.status.code(), Some(10), "there are gaps");
    stdout(&output)
}

/// Runs the audit with templates of one's own, and returns its exit code, output and messages.
fn with_templates(templates: &[(&str, &str)], more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in templates {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let dir = folder.path().display().to_string();
    let args = ["audit", POLICY, "--offline", "--as-of", AS_OF, "--template-dir", &dir];
    let output = lastgood(&[&args[..], more].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

/// Runs an audit, offline, of a policy with these `lines` after its version and its title, and returns what it
/// prints in `format`.
fn of_policy(lines: &str, format: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.yaml");
    fs::write(&policy, format!("version: 1\ntitle: T\n{lines}")).expect("written");
    let path = policy.display().to_string();
    let output = lastgood(&["audit", &path, "--offline", "--as-of", "2026-01-03T00:00:00Z", "--format", format]);
    assert!(matches!(output.status.code(), Some(0 | 10 | 11)), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn sections_stand_in_the_order_of_consequence() {
    let page = page();
    let headings: Vec<&str> = page
        .split("<h2 id=\"h-")
        .skip(1)
        .filter_map(|rest| rest.split_once('>')?.1.split_once('<').map(|(heading, _)| heading))
        .collect();
    assert_eq!(
        headings,
        [
            "Decisions needed",
            "Counts",
            "What we would lose",
            "Top findings",
            "Claim check",
            "Asset register",
            "Failure domains",
            "Restore tests",
            "Job health",
            "Accepted risks",
            "Unknowns",
            "Method"
        ]
    );
    assert!(page.find("7 of 13 assets have a gap").expect("the verdict") < page.find("Decisions needed").expect("it"));
}

#[test]
fn only_the_page_s_own_style_and_script_are_allowed_and_nothing_is_fetched() {
    let page = page();
    let between =
        |begin: &str, end: &str| page.split(begin).nth(1).and_then(|rest| rest.split(end).next()).expect("it");
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let text = between(&format!("<{element}>"), &format!("</{element}>"));
        let digest = STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert!(policy.contains(&format!("{directive} 'sha256-{digest}'")), "{element}");
        assert_eq!(page.matches(&format!("<{element}")).count(), 1, "one {element}");
    }
    for fetched in ["src=", "@import", "url(h", "<iframe", " style=\"", " onclick"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
}

#[test]
fn nothing_that_was_not_seen_looks_met() {
    let page = page();
    // Not one asset of 2020 is met, so no mark of the page may say so but the legend and what was seen.
    let body = page.split("</style>").nth(1).expect("a body");
    assert_eq!(body.matches("class=\"v met\"").count(), 0);
    assert!(!body.contains("\"b-met\""), "no exposure is known, so no bar is drawn as if it were");
    assert!(body.contains("class=\"v unknown\">UNKNOWN"), "a word and not only a colour");
}

#[test]
fn a_bar_is_green_only_where_the_target_is_known_and_the_evidence_suffices() {
    let asset = |id: &str, objective: &str| {
        format!(
            "  - {{ id: {id}, lives_in: here, objective: {objective}, owner: Squad, copies: [{{ id: said, in: there, by: attestation, \
             statement: 'Yes', attested_by: Ann, attested_on: 2026-01-02, captured_at: 2026-01-02, expires: 2026-12-31 }}] }}\n"
        )
    };
    let policy = |assets: &[(&str, &str)]| {
        let assets = assets.iter().map(|(id, objective)| asset(id, objective)).collect::<Vec<_>>().concat();
        format!(
            "systems:\n  here: {{ kind: external, domains: {{ site: a }} }}\n  there: {{ kind: external, domains: {{ site: b }} }}\nobjectives:\n  \
             no-target: {{ rpo: unknown, evidence: attested }}\n  seen: {{ rpo: 7d, evidence: observed }}\n  said: {{ rpo: 7d, \
             evidence: attested }}\nassets:\n{assets}"
        )
    };
    let bars = |page: &str, kind: &str| page.matches(&format!("<rect class=\"b-{kind}\"")).count();
    let page = of_policy(&policy(&[("a", "no-target"), ("b", "seen"), ("c", "said")]), "html");
    assert_eq!(page.matches(">24 h<").count(), 6, "all three exposures are known, in the register and in the chart");
    assert_eq!(bars(&page, "met"), 1, "that of `c`");
    assert_eq!(bars(&page, "unknown") + bars(&page, "gap"), 2);
    assert_eq!(bars(&of_policy(&policy(&[("a", "no-target"), ("b", "seen")]), "html"), "met"), 0);
}

/// A policy that has nothing but what nobody knows.
const NOBODY_KNOWS: &str = "systems:\n  here: { kind: external, domains: { site: a } }\nobjectives:\n  o: { rpo: 1d }\nassets:\n  - { id: a, lives_in: here, objective: o, owner: Squad, copies: unknown }\n";

#[test]
fn where_nothing_was_asked_nothing_was_answered() {
    for format in ["html", "markdown"] {
        let told = of_policy(NOBODY_KNOWS, format);
        assert!(!told.contains("question was answered"), "{told}");
        assert!(told.contains("No look failed, but none is in the evidence either. Even so, of "), "{told}");
        let decisions = told.split("Decisions needed").nth(1).expect("it").split("Counts").next().expect("it");
        assert!(decisions.contains("None for a gap") && decisions.contains("somebody has to look"), "{decisions}");
    }
}

#[test]
fn what_somebody_accepted_is_not_told_as_answered() {
    let waivers: Vec<String> = of_policy(NOBODY_KNOWS, "csv")
        .lines()
        .filter_map(|line| line.split(',').find(|cell| cell.contains(":a"))?.split(':').next().map(str::to_owned))
        .map(|control| {
            format!(
                "  - {{ control: {control}, assets: [a], reason: slow, approved_by: TSC, approved_on: 2026-01-01, expires: 2026-03-01 }}\n"
            )
        })
        .collect();
    let told = of_policy(&format!("{NOBODY_KNOWS}waivers:\n{}", waivers.concat()), "markdown");
    assert!(told.contains("**accepted** as of"), "{told}");
    assert!(told.contains("of 1 asset, 1 have what somebody accepted"), "{told}");
}

#[test]
fn what_is_unknown_after_a_loss_stands_beside_what_is_gone() {
    let page = of_policy(NOBODY_KNOWS, "html");
    assert!(page.contains("If site=a were lost today, nobody can tell whether 1 of 1 would be left."), "{page}");
    let bars = page.split("Where originals and copies lie</caption>").nth(1).expect("the chart");
    let bars = bars.split("Failure-domain matrix").next().expect("it");
    assert!(bars.contains("<td class=\"n\">0</td><td class=\"n\"><strong class=\"c-unknown\">1</strong>"), "{bars}");
    assert!(bars.contains("Of 1 asset nobody knows what copies there are"), "{bars}");
}

#[test]
fn of_many_assets_each_list_says_how_many_it_leaves_out_and_how_many_are_unknown() {
    use std::fmt::Write as _;
    let mut policy = String::from(
        "systems:\n  here: { kind: external, domains: { site: a } }\nobjectives:\n  o: { rpo: 1d, restore_test_every: 30d }\nassets:\n",
    );
    for number in 0..150 {
        // A hundred without a copy, and fifty of which nobody knows.
        let copies = if number % 3 == 0 { "unknown" } else { "[]" };
        writeln!(
            policy,
            "  - {{ id: a-long-name-for-an-asset-{number:03}, lives_in: here, objective: o, owner: Squad {}, copies: {copies} }}",
            number % 10
        )
        .expect("written");
    }
    for format in ["html", "markdown"] {
        let told = of_policy(&policy, format);
        let decisions = told.split("Decisions needed").nth(1).expect("it").split("Counts").next().expect("it");
        let first = decisions.split("Who").next().expect("it");
        assert!(!decisions.contains("(cut)"), "{decisions}");
        let names = first.matches("a-long-name-for-an-asset-").count();
        let count: usize = if first.contains("150 findings") { 150 } else { 100 };
        assert!(first.contains(&format!(" and {} more", count - names)), "{first}");
        for owner in 0..10 {
            assert!(decisions.contains(&format!("Squad {owner}")), "{owner}: {decisions}");
        }
        assert!(told.contains("of 150 assets:"), "the untested are counted");
    }
    let page = of_policy(&policy, "html");
    assert!(page.contains("125 more assets are not drawn: of 50 nobody can tell how they stand"));
}

#[test]
fn a_template_of_one_s_own_takes_the_place_of_that_of_its_name() {
    let own = "{{ title }} is {{ verdict }}: {{ losses | length }}\n";
    let (code, out, _) = with_templates(&[("report.md", own)], &["--format", "markdown"]);
    assert_eq!((code, out.as_str()), (Some(10), "Zowe backups, as documented on 2020-07-22 is GAP: 12\n"));
    // The others stay.
    let (_, out, _) = with_templates(&[("report.css", "body { color: red }")], &["--format", "html"]);
    assert!(out.contains("<style>body { color: red }</style>") && out.contains("Decisions needed"));
    let digest = STANDARD.encode(Sha256::digest(b"body { color: red }"));
    assert!(out.contains(&format!("style-src 'sha256-{digest}'")));
}

#[test]
fn a_template_from_windows_is_allowed_by_the_page_s_own_policy() {
    let (_, out, err) = with_templates(
        &[("report.css", "\u{feff}body {\r\n color: red }\r"), ("report.js", "\"use strict\";\r\nlet x;\r\n")],
        &["--format", "html"],
    );
    // What a browser reads, and takes the digest of.
    for (element, directive, read) in
        [("style", "style-src", "body {\n color: red }\n"), ("script", "script-src", "\"use strict\";\nlet x;\n")]
    {
        let digest = STANDARD.encode(Sha256::digest(read.as_bytes()));
        assert!(out.contains(&format!("{directive} 'sha256-{digest}'")), "{element}: {err}");
        assert!(out.contains(&format!("<{element}>{read}</{element}>")), "{element}");
    }
}

#[test]
fn a_misspelt_variable_is_told_with_template_line_and_column() {
    for (template, place, name) in [
        ("one\n{{ titel }}", "report.md:2:4", "titel"),
        ("{% for claim in claims %}\n  {{ claim.stauts }}\n{% endfor %}", "report.md:2:12", "stauts"),
        ("ok\n\n {% if unknwons %}x{% endif %}", "report.md:3:8", "unknwons"),
        ("{% for x in claimz %}{% endfor %}", "report.md:1:13", "did you mean `claims`?"),
        // Only asked for, and in a list that is empty.
        ("{% for row in waivers %}{% if row.expiers %}x{% endif %}{% endfor %}", "report.md:1:35", "`expires`"),
        ("{{ title }\n", "report.md:1:", ""),
        ("{% if title %}\n", "report.md:", ""),
    ] {
        let (code, out, err) = with_templates(&[("report.md", template)], &["--format", "markdown"]);
        assert_eq!(code, Some(2), "{template}");
        assert_eq!(out, "", "{template}: something was written");
        assert!(err.contains(place) && err.contains(name), "{template}: {err}");
    }
}

#[test]
fn the_program_s_own_templates_name_nothing_that_does_not_exist() {
    for name in ["report.md", "report.html"] {
        let text = fs::read_to_string(project(&format!("templates/{name}"))).expect("the template");
        // Not the embedded ones, which are not looked at again in every run.
        let (code, _, err) = with_templates(&[(name, &text)], &["--format", "markdown"]);
        assert_eq!(code, Some(10), "{err}");
        for field in ["finding.sinse", "asset.exposuer"] {
            let text = format!("{text}{{% for asset in claims %}}{{% if {field} %}}{{% endif %}}{{% endfor %}}");
            let (code, _, err) = with_templates(&[(name, &text)], &["--format", "markdown"]);
            assert_eq!(code, Some(2), "{name}: {field}: {err}");
        }
    }
}

#[test]
fn a_broken_template_leaves_the_reports_that_were_there() {
    let out = tempfile::tempdir().expect("a folder");
    let dir = out.path().display().to_string();
    fs::write(out.path().join("report.html"), "old").expect("written");
    let (code, printed, err) = with_templates(&[("report.html", "<p>{{ titel }}</p>")], &["--out", &dir]);
    assert_eq!((code, printed.as_str()), (Some(2), ""), "{err}");
    assert_eq!(fs::read_to_string(out.path().join("report.html")).expect("it"), "old");
    assert_eq!(fs::read_dir(out.path()).expect("a folder").count(), 1, "nothing else was left");
}

#[test]
fn what_is_no_template_is_told_before_anything_is_done() {
    let (code, _, err) = with_templates(&[("report.htm", "x")], &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("did you mean `report.html`?"), "{err}");
    let (code, _, err) = with_templates(&[], &[]);
    assert_eq!(code, Some(2), "{err}");
    let (code, _, err) = with_templates(&[("report.js", "a\n  </SCRIPT>")], &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("report.js:2:3"), "{err}");
    let output = lastgood(&["audit", POLICY, "--offline", "--template-dir", "no-such-folder"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_committed_sample_is_what_the_program_writes() {
    let out = tempfile::tempdir().expect("a folder");
    let dir = out.path().display().to_string();
    let output = lastgood(&["audit", POLICY, "--offline", "--as-of", AS_OF, "--out", &dir]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    for name in ["report.md", "report.html", "report.json"] {
        let committed = fs::read_to_string(project(&format!("reports/zowe-2020/{name}"))).expect("the sample");
        let written = fs::read_to_string(out.path().join(name)).expect("written");
        // Where git writes other line ends into the work tree, the content is the same.
        let differs = committed.replace("\r\n", "\n") != written;
        assert!(!differs, "reports/zowe-2020/{name} is old; CONTRIBUTING.md says how to renew it");
    }
}
