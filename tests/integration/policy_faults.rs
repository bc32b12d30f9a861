//! Faults of policies: every one of a file in one run, each with place, line, caret and hint.
//!
//! One case a kind of fault; what a good policy means is left to the other tests.

use lastgood::policy::{Policy, Rejection};

use crate::support::{lastgood, stderr};

/// A policy without fault, into which the cases put theirs.
const GOOD: &str = "\
version: 1
title: Test
systems:
  github: { kind: github, org: example, domains: { provider: GitHub } }
  bucket: { kind: s3, bucket: copies, domains: { provider: AWS } }
  elsewhere: { kind: external }
objectives:
  normal: { rpo: 1d, independent: [provider] }
assets:
  - id: source
    lives_in: github
    objective: normal
    owner: Squad
    copies:
      - { id: objects, in: bucket, by: objects, pattern: '(?P<day>[0-9]+)' }
  - id: other
    lives_in: elsewhere
    objective: normal
    owner: Squad
    copies: unknown
";

fn rejection(text: &[u8]) -> Rejection {
    match Policy::parse("policy.yaml", text) {
        Ok(_) => panic!("the policy was taken: {}", String::from_utf8_lossy(text)),
        Err(rejection) => rejection,
    }
}

/// Puts `to` where `from` stands, and asserts the fault with its place and hint.
#[track_caller]
fn fault(from: &str, to: &str, message: &str, hint: &str) {
    assert!(GOOD.contains(from), "the good policy has no `{from}`");
    let text = GOOD.replacen(from, to, 1);
    let rejection = rejection(text.as_bytes());
    let found = rejection.faults().iter().find(|fault| fault.message.contains(message));
    let Some(found) = found else { panic!("no fault says `{message}`:\n{rejection}") };
    assert!(found.help.as_deref().unwrap_or_default().contains(hint), "the hint lacks `{hint}`: {:?}", found.help);
    assert!(rejection.place(found).is_some(), "it has no place");
    let rendered = rejection.render(false);
    assert!(rendered.contains("--> policy.yaml:") && rendered.contains('^'), "{rendered}");
}

#[test]
fn the_good_policy_is_taken() {
    assert!(Policy::parse("policy.yaml", GOOD.as_bytes()).is_ok());
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    fault("title: Test", "title: Test\nreview_evry: 92d", "unknown key `review_evry`", "did you mean `review_every`?");
    fault("rpo: 1d", "rpo: 1d, retenton: 3d", "unknown key `retenton`", "did you mean `retention`?");
    fault("owner: Squad", "ownr: Squad", "unknown key `ownr`", "did you mean `owner`?");
    fault("by: objects,", "by: objects, url: 'https://x',", "unknown key `url` in an objects copy", "`by: git-mirror`");
    fault("org: example", "org: example, bucket: x", "unknown key `bucket`", "systems of kind s3");
}

#[test]
fn wrong_types_say_what_was_expected() {
    fault("title: Test", "title: 7", "expected text, found a number", "quotes");
    fault("rpo: 1d", "rpo: 30", "a duration needs a unit", "`30d`");
    fault("rpo: 1d", "rpo: [1d]", "expected text, found a list", "");
    fault("rpo: 1d", "rpo: 1d, copies: few", "expected a whole number", "");
    fault("rpo: 1d", "rpo: 1d, copies: -1", "expected a whole number", "");
    fault("rpo: 1d", "rpo: 1d, immutable: yes", "expected true or false", "");
    fault("copies: unknown", "copies: none", "expected a list", "");
    fault("version: 1", "version: 2", "version 1 only", "version: 1");
    fault("  normal:", "  7:", "expected text, found a number", "");
}

#[test]
fn unknown_references_name_the_nearest_known_one() {
    fault("lives_in: github", "lives_in: githb", "unknown system `githb`", "did you mean `github`?");
    fault("objective: normal", "objective: normel", "unknown objective `normel`", "did you mean `normal`?");
    fault("in: bucket", "in: buckt", "unknown system `buckt`", "did you mean `bucket`?");
    fault("[provider]", "[provder]", "no system has a domain `provder`", "did you mean `provider`?");
    fault(
        "copies: unknown",
        "copies: [{ id: in, by: included, of: sourse }]",
        "unknown asset `sourse`",
        "did you mean `source`?",
    );
    fault(
        "copies: unknown",
        "copies: [{ id: in, by: included, of: source/item }]",
        "`source` does not expand to items",
        "",
    );
    fault(
        "copies: unknown",
        "copies: unknown\nrestore_tests: [{ asset: source, copy: objekts, on: 2026-01-01, result: passed }]",
        "`source` has no copy `objekts`",
        "did you mean `objects`?",
    );
    fault(
        "copies: unknown",
        "copies: unknown\nexclude: [{ in: gthub, name: x, reason: r, owner: o, review_by: 2026-01-01 }]",
        "unknown system `gthub`",
        "did you mean `github`?",
    );
}

#[test]
fn duplicates_show_both_places() {
    fault("id: other", "id: source", "the asset `source` is declared twice", "");
    fault("title: Test", "title: Test\ntitle: Again", "the key `title` appears twice", "");
    fault("  elsewhere:", "  github:", "`github` is declared twice", "");
    let copy = "- { id: objects, in: bucket, by: objects, pattern: '(?P<day>[0-9]+)' }";
    let twice = format!("{copy}\n      {copy}");
    fault(copy, &twice, "the copy `objects` of `source` is declared twice", "");
    let rejected = rejection(GOOD.replacen("id: other", "id: source", 1).as_bytes()).render(false);
    assert!(rejected.contains("first here"), "{rejected}");
}

#[test]
fn single_values_say_how_to_write_them() {
    fault("rpo: 1d", "rpo: 1 day", "`1 day` is not a duration", "90m");
    fault("rpo: 1d", "rpo: 0d", "zero", "");
    fault("rpo: 1d", "rpo: 1d, attainment: 99", "a share such as 99%", "");
    fault("rpo: 1d", "rpo: 1d, attainment: 120%", "`120%` is not a share", "percentage");
    fault("rpo: 1d", "rpo: 1d, evidence: verifed", "`verifed` is not a grade", "did you mean `verified`?");
    fault("by: objects", "by: objekts", "`objekts` is not a method", "did you mean `objects`?");
    fault("kind: s3", "kind: s4", "`s4` is not a kind of system", "did you mean `s3`?");
    fault("(?P<day>[0-9]+)", "(?P<day>[0-9]+", "is not a regular expression", "");
    fault("id: other", "id: a/b", "`a/b` is not an id", "letters, digits");
    fault("org: example", "org: example, base_url: ghe.example.org", "not an absolute URL", "https://");
    fault(
        "copies: unknown",
        "copies: unknown\nexclude: [{ in: github, name: 'a[', reason: r, owner: o, review_by: 2026-01-01 }]",
        "is not a glob",
        "",
    );
    fault(
        "copies: unknown",
        "copies: unknown\nexclude: [{ in: github, name: a, reason: r, owner: o, review_by: 2026-02-30 }]",
        "`2026-02-30` is not a date",
        "YYYY-MM-DD",
    );
}

#[test]
fn waivers_need_an_end_after_their_beginning() {
    let with = |waiver: &str| {
        format!("copies: unknown\nwaivers: [{{ control: copies, assets: [other], reason: r, {waiver} }}]")
    };
    fault("copies: unknown", &with("approved_by: x, approved_on: 2026-01-02"), "a waiver has no `expires`", "");
    fault(
        "copies: unknown",
        &with("approved_by: x, approved_on: 2026-01-02, expires: 2026-01-01"),
        "the waiver expires before it was approved",
        "",
    );
    fault(
        "copies: unknown",
        "copies: unknown\nwaivers: [{ control: waivers-sound, assets: [other], reason: r, approved_by: x, approved_on: 2026-01-02, expires: 2026-02-01 }]",
        "`waivers-sound` cannot be waived",
        "",
    );
    fault(
        "copies: unknown",
        "copies: unknown\nwaivers: [{ control: copys, assets: [othr], reason: r, approved_by: x, approved_on: 2026-01-02, expires: 2026-02-01 }]",
        "unknown asset `othr`",
        "did you mean `other`?",
    );
}

#[test]
fn statements_have_their_dates_in_order() {
    let with = |dates: &str| {
        format!("copies: [{{ id: s, in: bucket, by: attestation, statement: x, attested_by: y, {dates} }}]")
    };
    fault("copies: unknown", &with("attested_on: 2026-01-02"), "an attestation copy has no `expires`", "");
    fault("copies: unknown", &with("attested_on: 2026-01-02, expires: 2026-01-01"), "expires before it was made", "");
    fault(
        "copies: unknown",
        &with("attested_on: 2026-01-02, expires: 2026-02-01, captured_at: 2026-01-03"),
        "speaks of a state later than itself",
        "",
    );
}

#[test]
fn secrets_are_refused_and_never_shown() {
    for text in [
        GOOD.replacen("org: example", "org: example, token: ghp_s3cretvalue", 1),
        GOOD.replacen("org: example", "org: example, tokn: ghp_s3cretvalue", 1),
        GOOD.replacen("org: example", "org: example, base_url: 'https://me:s3cretvalue@host/'", 1),
        GOOD.replacen("org: example", "org: example, token: { env: X, value: s3cretvalue }", 1),
        GOOD.replacen("title: Test", "title: Test\nx: { password: s3cretvalue, y: [ }", 1),
    ] {
        let rejection = rejection(text.as_bytes());
        for rendered in [rejection.render(false), rejection.render(true)] {
            assert!(!rendered.contains("s3cretvalue"), "{rendered}");
            assert!(rendered.contains("***"), "{rendered}");
        }
    }
    fault("org: example", "org: example, token: ghp_x", "must not be written in a policy", "{ env: NAME }");
}

#[test]
fn impossible_combinations_say_what_is_possible() {
    fault("in: bucket, by: objects", "in: github, by: objects", "`by: objects` is not possible in `github`", "commits");
    fault("in: bucket", "in: unknown", "`by: objects` has to know where to look", "by: attestation");
    fault("objective: normal", "each: job\n    objective: normal", "`each: job` is not possible", "each: repository");
    fault(
        "  elsewhere: { kind: external }\nobjectives:\n  normal: { rpo: 1d, independent: [provider] }\nassets:",
        "  elsewhere: { kind: jenkins, url: 'https://ci.example.org' }\nobjectives:\n  normal: { rpo: 1d }\nassets:\n  - { id: ci, lives_in: elsewhere, objective: normal, owner: Squad, copies: [{ id: c, in: elsewhere, by: backup-config, key: thinbakup }] }",
        "`thinbakup` is no backup plugin of Jenkins",
        "key: thinBackup` or `key: periodicbackup",
    );
    fault("objective: normal", "select: { name: x }\n    objective: normal", "`select` needs `each`", "");
    fault(
        "objective: normal",
        "each: repository\n    select: { defined_in: jenkins }\n    objective: normal",
        "`select.defined_in` is for jenkins jobs",
        "",
    );
    fault("org: example", "org: example, user: x", "either an `org` or a `user`", "");
    let app = "org: example, token: { env: T }, app: { id: 7, key: { file: app.pem } }";
    fault("org: example", app, "either by an `app` or with a `token`", "remove one of them");
    fault("org: example", "org: example, app: { id: 7 }", "a GitHub App has no `key`", "");
    fault("org: example", "org: example, app: { id: 7, key: PEM }", "a secret must not be written", "{ env: NAME }");
    fault("pattern: '(?P<day>[0-9]+)'", "group: year, pattern: '(?P<day>[0-9]+)'", "no group named `year`", "");
    fault("pattern: '(?P<day>[0-9]+)'", "group: day", "`group` needs a `pattern`", "");
    fault("copies: unknown", "copies: [{ id: r, by: rebuild, from: [other] }]", "`other` cannot be its own copy", "");
    fault("copies: unknown", "copies: [{ id: r, by: rebuild, from: [] }]", "at least one entry", "");
    fault(
        "copies: unknown",
        "copies: [{ id: h, in: bucket, by: http, url: 'https://x/' }]",
        "either a `header` or a `pointer`",
        "Last-Modified",
    );
}

#[test]
fn an_empty_text_is_no_text() {
    for (from, to) in [
        ("title: Test", "title: ' '"),
        ("bucket: copies", "bucket: ''"),
        ("org: example", "org: ''"),
        (
            "version: 1",
            "version: 1\nwaivers:\n  - { control: [copies], assets: [other], reason: '', approved_by: Board, approved_on: 2026-01-01, expires: 2026-02-01 }",
        ),
        (
            "copies: unknown",
            "copies: [{ id: a, by: attestation, in: bucket, statement: '', attested_by: Ann, attested_on: 2026-01-01, expires: 2026-02-01 }]",
        ),
    ] {
        fault(from, to, "the text is empty", "leave the key out");
    }
}

#[test]
fn a_url_has_no_placeholder_but_the_name() {
    let copy =
        |url: &str| format!("copies: [{{ id: m, in: elsewhere, by: http, url: '{url}', header: Last-Modified }}]");
    fault("copies: unknown", &copy("https://x.example.org/{nme}/"), "no braces, apart from `{name}`", "no other");
    fault("copies: unknown", &copy("https://x.example.org/{name}/}"), "no braces, apart from `{name}`", "no other");
    let good = GOOD.replace("copies: unknown", &copy("https://x.example.org/{name}/"));
    assert!(Policy::parse("policy.yaml", good.as_bytes()).is_ok());
}

#[test]
fn a_json_pointer_may_be_empty_but_not_relative() {
    let copy = |pointer: &str| {
        format!("copies: [{{ id: m, in: elsewhere, by: http, url: 'https://x.example.org/', pointer: '{pointer}' }}]")
    };
    fault("copies: unknown", &copy("a/b"), "a JSON Pointer begins with `/`", "");
    for pointer in ["", "/a/b"] {
        let good = GOOD.replace("copies: unknown", &copy(pointer));
        assert!(Policy::parse("policy.yaml", good.as_bytes()).is_ok(), "{pointer}");
    }
}

#[test]
fn a_file_that_is_no_mapping_is_one_fault() {
    for text in ["", "# nothing\n", "words\n", "- a\n"] {
        assert_eq!(rejection(text.as_bytes()).faults().len(), 1, "{text}");
    }
}

#[test]
fn a_hint_offers_each_id_once_and_no_text_that_is_no_id() {
    fault("id: source", "id: other", "declared twice", "");
    let copies = "copies: [{ id: i, by: included, of: elephant }]";
    let text = GOOD.replace("copies: unknown", copies).replace("id: source", "id: 'a b'");
    let rejection = rejection(text.as_bytes());
    let unknown = rejection.faults().iter().find(|fault| fault.message.contains("unknown asset")).unwrap();
    assert_eq!(unknown.help.as_deref(), Some("known: other"));
}

#[test]
fn yaml_that_cannot_be_read_is_one_fault_with_its_place() {
    for (text, message) in [
        ("version: 1\ntitle: [x\nassets: 3\n", "not valid YAML"),
        ("version: 1\nsystems:\n\ta: 1\n", "not valid YAML"),
        ("version: 1\ntitle: \"x\n", "not valid YAML"),
        ("version: 1\n---\nversion: 1\n", "one YAML document"),
    ] {
        let rejection = rejection(text.as_bytes());
        assert_eq!(rejection.faults().len(), 1);
        assert!(rejection.faults()[0].message.contains(message), "{rejection}");
        assert!(rejection.place(&rejection.faults()[0]).is_some());
    }
    let tabs = rejection(b"version: 1\nsystems:\n\ta: 1\n").render(false);
    assert!(tabs.contains("policy.yaml:3:") && tabs.contains("indent with spaces"), "{tabs}");
}

#[test]
fn aliases_that_explode_are_refused_at_once() {
    let mut text = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", ")));
    }
    let start = std::time::Instant::now();
    let rejection = rejection(text.as_bytes());
    assert!(rejection.faults()[0].message.contains("grows or nests beyond"), "{rejection}");
    assert!(start.elapsed().as_secs() < 5, "it was expanded");
    let deep = format!("a: {}{}\n", "[".repeat(5_000), "]".repeat(5_000));
    assert!(Policy::parse("policy.yaml", deep.as_bytes()).is_err());
}

#[test]
fn anchors_that_an_honest_policy_uses_are_taken() {
    let text = GOOD.replacen("normal: {", "normal: &n {", 1).replacen("assets:", "  same: *n\nassets:", 1);
    assert!(Policy::parse("policy.yaml", text.as_bytes()).is_ok());
}

#[test]
fn a_file_that_is_not_utf_8_names_the_byte() {
    let mut bytes = GOOD.replacen("Squad", "Sq?ad", 1).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').expect("the mark");
    bytes[at] = 0xff;
    let rendered = rejection(&bytes).render(false);
    assert!(rendered.contains("byte 0xff") && rendered.contains("policy.yaml:13:14"), "{rendered}");
}

#[test]
fn a_file_of_ten_megabytes_meets_a_clear_limit() {
    let bytes = vec![b'#'; 10 * 1024 * 1024];
    let rendered = rejection(&bytes).render(false);
    assert!(rendered.contains("10485760 bytes") && rendered.contains("4 MiB") && rendered.len() < 1_000, "{rendered}");
}

#[test]
fn an_empty_policy_is_a_fault_because_it_would_look_at_nothing() {
    for text in ["", "version: 1\ntitle: x\n", "version: 1\ntitle: x\nassets: []\n"] {
        let rejection = rejection(text.as_bytes());
        assert!(rejection.render(false).contains("policy"), "{rejection}");
    }
    assert!(rejection(b"version: 1\ntitle: x\n").render(false).contains("declares no assets"));
}

#[test]
fn all_faults_of_a_file_come_in_one_run_in_the_order_of_the_file() {
    let text = "\
version: 1
systems:
  github: { kind: github, org: example }
  web: { kind: extrnal }
objectives:
  normal: { rpo: soon, severity: hihg }
assets:
  - { id: a, lives_in: githb, objective: normal, owner: x, copies: [] }
  - { id: a, lives_in: github, objective: norml, owner: x, colour: red, copies: [{ id: c, by: included, of: b }] }
waivers:
  - { control: copies, assets: [zz], reason: r, approved_by: x, approved_on: 2026-02-02, expires: 2026-01-01 }
";
    let rejection = rejection(text.as_bytes());
    let messages: Vec<&str> = rejection.faults().iter().map(|fault| fault.message.as_str()).collect();
    for expected in [
        "the policy has no `title`",
        "`extrnal` is not a kind of system",
        "`soon` is not a duration",
        "`hihg` is not a severity",
        "unknown system `githb`",
        "the asset `a` is declared twice",
        "unknown objective `norml`",
        "unknown key `colour` in an asset",
        "unknown asset `b`",
        "unknown asset `zz`",
        "the waiver expires before it was approved",
    ] {
        assert!(messages.contains(&expected), "`{expected}` is missing in {messages:#?}");
    }
    assert_eq!(messages.len(), 11, "{messages:#?}");
    let places: Vec<u32> =
        rejection.faults().iter().filter_map(|fault| rejection.place(fault)).map(|place| place.line).collect();
    assert!(places.is_sorted(), "{places:?}");
}

/// Asserts the messages of all faults of `text`, in the order of the file.
#[track_caller]
fn all_faults(text: &str, expected: &[&str]) {
    let rejection = rejection(text.as_bytes());
    let messages: Vec<&str> = rejection.faults().iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(messages, expected, "{rejection}");
}

#[test]
fn a_bad_value_hides_no_other_fault_of_its_record() {
    let with = |more: &str| format!("{GOOD}{more}\n");
    all_faults(
        &with("exclude: [{ in: gthub, name: '!x', reason: r, owner: o, review_by: 2026-13-01 }]"),
        &["unknown system `gthub`", "an exclusion names what is left out", "`2026-13-01` is not a date"],
    );
    all_faults(
        &with("restore_tests: [{ asset: sourse, on: 2026-01-01, result: pass }]"),
        &["unknown asset `sourse`", "`pass` is not a result"],
    );
    all_faults(
        &with("restore_tests: [{ asset: source, copy: objekts, on: yesterday, result: passed }]"),
        &["`source` has no copy `objekts`", "`yesterday` is not a date"],
    );
    all_faults(
        &with(
            "waivers: [{ control: [waivers-sound, copys], assets: [othr, '!x'], approved_by: x, approved_on: 2026-01-02, expires: 2026-01-01 }]",
        ),
        &[
            "a waiver has no `reason`",
            "`waivers-sound` cannot be waived: it watches over the waivers and the audit",
            "`copys` is not a control",
            "unknown asset `othr`",
            "a waiver names what it accepts, not what it leaves out",
            "the waiver expires before it was approved",
        ],
    );
    all_faults(
        &with("waivers: [{ control: copies, assets: [othr], reason: r, approved_by: x, approved_on: 2026-01-02 }]"),
        &["a waiver has no `expires`", "unknown asset `othr`"],
    );
}

#[test]
fn a_bad_value_hides_no_other_fault_of_a_copy() {
    let with = |copies: &str| GOOD.replacen("copies: unknown", &format!("copies: [{copies}]"), 1);
    all_faults(
        &with("{ id: m, in: bucket, by: git-mirror, url: nowhere }"),
        &["`by: git-mirror` is not possible in `bucket`, an s3 system", "not an absolute URL"],
    );
    all_faults(
        &with(
            "{ id: s, in: vault, by: attestation, statement: '', attested_by: y, attested_on: 2026-01-02, expires: 2026-01-01 }",
        ),
        &["unknown system `vault`", "the text is empty", "the statement expires before it was made"],
    );
    all_faults(&with("{ id: a b, by: included, of: sourse }"), &["`a b` is not an id", "unknown asset `sourse`"]);
    all_faults(
        &with("{ id: a b, by: rebuild, from: [sourse, other] }"),
        &["`a b` is not an id", "unknown asset `sourse`", "`other` cannot be its own copy"],
    );
    all_faults(
        &with("{ id: o, in: bucket, by: objects, group: x, min_bytes: few }"),
        &["`group` needs a `pattern` with named groups", "expected a whole number, zero or more, found text"],
    );
    all_faults(
        &with("{ id: h, in: bucket, by: http, url: nowhere }"),
        &["not an absolute URL", "an http copy finds its time in either a `header` or a `pointer`"],
    );
    // What depends on the method cannot be told without one; what does not, can.
    all_faults(
        &with("{ id: a b, in: vault, by: magic, covers: [gti], colour: red, url: nowhere }"),
        &[
            "`a b` is not an id",
            "unknown system `vault`",
            "`magic` is not a method",
            "`gti` is not a facet",
            "unknown key `colour` in a copy",
        ],
    );
    all_faults(
        &with(
            "{ id: x, in: bucket, by: objects, prefix: b, min_items: few }, { id: x, in: bucket, by: objects, prefix: a }",
        ),
        &["expected a whole number, zero or more, found text", "the copy `x` of `other` is declared twice"],
    );
}

#[test]
fn a_bad_value_hides_no_other_fault_of_an_asset_an_objective_or_a_system() {
    all_faults(
        &GOOD.replacen("owner: Squad", "owner: tbd\n    each: job\n    name: x\n    select: { fork: 7 }", 1).replacen(
            "lives_in: github",
            "lives_in: elsewhere",
            1,
        ),
        &[
            "`tbd` reads like an answer, and is none",
            "`each: job` is not possible in an external system",
            "`name` is for a single item, and `each` expands to many",
            "expected true or false, found `7`",
            "`select.fork` is for github repositories",
            "every item of this asset would have the same recovery points",
        ],
    );
    all_faults(
        &GOOD.replacen("rpo: 1d, independent: [provider]", "rpo: soon, independent: [provder, '']", 1),
        &["`soon` is not a duration", "no system has a domain `provder`", "the text is empty"],
    );
    all_faults(
        &GOOD.replacen(
            "org: example, domains: { provider: GitHub }",
            "base_url: x, domains: { provider: aws, 7: x }",
            1,
        ),
        &[
            "a github system names either an `org` or a `user`",
            "not an absolute URL",
            "`provider: aws` differs from `AWS` only in the case of its letters",
            "expected text, found a number",
        ],
    );
    all_faults(
        &GOOD.replacen(
            "kind: github, org: example, domains: {",
            "kind: gitlab, org: example, colour: red, domains: { site: '',",
            1,
        ),
        &["`gitlab` is not a kind of system", "unknown key `colour` in a system", "the text is empty"],
    );
    all_faults(
        &GOOD.replacen("  elsewhere: { kind: external }", "  7: { kind: extrnal }\n  elsewhere: { kind: external }", 1),
        &["expected text, found a number", "`extrnal` is not a kind of system"],
    );
}

#[test]
fn a_fault_has_no_follow_up_faults() {
    // What a bad value would have said is not known, so that nothing is concluded from it.
    let with = |from: &str, to: &str, expected: &str| all_faults(&GOOD.replacen(from, to, 1), &[expected]);
    with("in: bucket", "in: 7", "expected text, found a number");
    with("in: bucket", "in: tbd", "`tbd` reads like an answer, and is none");
    with(
        "lives_in: github",
        "lives_in: github\n    each: repos\n    select: { name: x }",
        "`repos` is not something to expand to",
    );
    with("kind: s3, bucket: copies", "kind: s3", "an s3 system has no `bucket`");
    with("domains: { provider: GitHub }", "domains: [GitHub]", "expected a mapping from names, found a list");
    with("id: source", "name: source", "an asset has no `id`");
    with(
        "copies: unknown",
        "copies: [{ id: h, in: bucket, by: http, url: 'https://x/', header: 7 }]",
        "expected text, found a number",
    );
    let test = "restore_tests: [{ asset: source, copy: objects, on: 2026-01-01, result: passed }]";
    let with = |from: &str, to: &str, expected: &str| {
        all_faults(&format!("{GOOD}{test}\n").replacen(from, to, 1), &[expected]);
    };
    with("id: objects, in: bucket, by: objects,", "in: bucket, by: objects,", "an objects copy has no `id`");
    with("pattern: '(?P<day>[0-9]+)'", "min_items: few", "expected a whole number, zero or more, found text");
    with("copies:\n      - {", "copies:\n        {", "expected a list, found a mapping");
}

#[test]
fn a_restore_test_of_no_copy_is_told_among_other_faults() {
    let test = "restore_tests: [{ asset: source, copy: objekts, on: 2026-01-01, result: passed }]";
    all_faults(
        &format!("{GOOD}{test}\n").replacen("title: Test", "title: ''", 1),
        &["the text is empty", "`source` has no copy `objekts`"],
    );
}

#[test]
fn a_workflow_runs_at_github_and_its_copy_lies_anywhere() {
    let with = |keys: &str| {
        let copy = format!("{{ id: c, by: workflow, repository: a/b, workflow: w.yml, {keys} }}");
        format!("{GOOD}  - {{ id: db, lives_in: bucket, objective: normal, owner: Squad, copies: [{copy}] }}\n")
    };
    assert!(Policy::parse("policy.yaml", with("in: bucket, runs_in: github").as_bytes()).is_ok());
    let impossible = "`by: workflow` is not possible in `bucket`, an s3 system";
    all_faults(&with("in: bucket"), &[impossible]);
    all_faults(&with("in: github, runs_in: bucket"), &[impossible]);
    all_faults(&with("in: buckt, runs_in: githb"), &["unknown system `buckt`", "unknown system `githb`"]);
}

#[test]
fn a_tab_is_shown_where_it_stands() {
    let place = |text: &str| {
        let rejection = rejection(text.as_bytes());
        assert!(rejection.render(false).contains("indent with spaces"), "{rejection}");
        let place = rejection.place(&rejection.faults()[0]).expect("a place");
        (place.line, place.column)
    };
    assert_eq!(place("version: 1\n\ttitle: T\n"), (2, 1));
    assert_eq!(place("version: 1\ntitle: T\nsystems:\n  gh: { kind: external }\n\tx: 1\n"), (5, 1));
    let shown = rejection(b"version: 1\n\ttitle: T\n").render(false);
    assert!(shown.contains("policy.yaml:2:1\n"), "{shown}");
}

#[test]
fn a_fault_looks_as_it_was_read() {
    let text = GOOD.replacen("retention", "x", 1).replacen("lives_in: github", "lives_in: githb", 1);
    insta::assert_snapshot!(rejection(text.as_bytes()).render(false), @r"
    error: unknown system `githb`
      --> policy.yaml:11:15
       |
    11 |     lives_in: githb
       |               ^^^^^
       |
       = help: did you mean `github`?

    policy.yaml: 1 fault
    ");
}

#[test]
fn check_says_how_many_faults_and_exits_with_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.yaml");
    std::fs::write(&path, GOOD.replacen("lives_in: github", "lives_in: githb", 1)).expect("written");
    let output = lastgood(&["check", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("1 fault"));
    let good = lastgood(&["check", "policies/zowe-2020.yaml"]);
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    assert!(stderr(&good).contains("no fault"));
}
