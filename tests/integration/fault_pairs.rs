//! Every two faults of a policy are told together: no fault of a record hides another.
//!
//! What each fault says, and where, is left to `policy_faults`.

use lastgood::policy::Policy;

/// A policy without fault that has every kind of record.
const GOOD: &str = "\
version: 1
title: Test
owner: Board
review_every: 92d
systems:
  github: { kind: github, org: example, base_url: https://api.example.org, domains: { provider: GitHub } }
  bucket: { kind: s3, bucket: copies, domains: { provider: AWS } }
objectives:
  normal: { rpo: 1d, rto: 2d, independent: [provider], severity: high }
assets:
  - id: source
    lives_in: github
    objective: normal
    owner: Squad
    grace: 14d
    copies:
      - { id: objects, in: bucket, by: objects, pattern: '(?P<day>[0-9]+)', group: day, min_bytes: 10 }
      - { id: said, in: unknown, by: attestation, statement: Yes, attested_by: Ann, attested_on: 2026-01-01, captured_at: 2025-12-31, expires: 2026-03-01 }
      - { id: ride, by: included, of: other, said_on: 2026-01-05 }
      - { id: page, in: bucket, by: http, url: https://example.org/, header: Last-Modified }
  - { id: other, lives_in: bucket, objective: normal, owner: Squad, copies: [] }
exclude:
  - { in: github, name: hello-*, reason: throwaway, owner: Release squad, review_by: 2027-01-31 }
restore_tests:
  - { asset: source, copy: objects, on: 2026-01-02, result: passed, took: 3h }
waivers:
  - { control: retention, assets: [other], reason: slow, approved_by: TSC, approved_on: 2026-01-03, expires: 2026-02-03 }
";

/// Each a change of one value, and what its fault says.
const FAULTS: [(&str, &str, &str); 41] = [
    ("version: 1", "version: 2", "version 1 only"),
    ("title: Test", "title: 7", "expected text, found a number"),
    ("owner: Board", "owner: tbd", "`tbd` reads like an answer"),
    ("review_every: 92d", "review_every: 92", "a duration needs a unit"),
    ("org: example,", "", "either an `org` or a `user`"),
    ("https://api.example.org", "api.example.org", "not an absolute URL"),
    ("provider: GitHub", "provider: aws", "only in the case of its letters"),
    ("bucket: copies", "bocket: copies", "unknown key `bocket`"),
    ("rpo: 1d", "rpo: soon", "`soon` is not a duration"),
    ("independent: [provider]", "independent: [provder]", "no system has a domain `provder`"),
    ("severity: high", "severity: hihg", "`hihg` is not a severity"),
    ("id: source", "id: a b", "`a b` is not an id"),
    ("lives_in: github", "lives_in: githb", "unknown system `githb`"),
    ("objective: normal\n", "objective: normel\n", "unknown objective `normel`"),
    ("owner: Squad\n", "owner: ''\n", "the text is empty"),
    ("grace: 14d", "grace: two weeks", "`two weeks` is not a duration"),
    ("in: bucket, by: objects", "in: buckt, by: objects", "unknown system `buckt`"),
    ("group: day", "group: year", "no group named `year`"),
    ("min_bytes: 10", "min_bytes: few", "expected a whole number"),
    ("statement: Yes", "statement: [Yes]", "expected text, found a list"),
    ("captured_at: 2025-12-31", "captured_at: 2026-01-02", "speaks of a state later than itself"),
    ("expires: 2026-03-01", "expires: 2025-03-01", "expires before it was made"),
    ("id: ride", "id: objects", "the copy `objects`"),
    ("of: other", "of: othr", "unknown asset `othr`"),
    ("said_on: 2026-01-05", "said_on: monday", "`monday` is not a date"),
    (", header: Last-Modified", "", "either a `header` or a `pointer`"),
    ("url: https://example.org/", "url: example.org", "not an absolute URL"),
    ("in: bucket, by: http", "in: vault, by: http", "unknown system `vault`"),
    ("in: github, name", "in: gthub, name", "unknown system `gthub`"),
    ("name: hello-*", "name: '!hello-*'", "an exclusion names what is left out"),
    ("reason: throwaway", "raeson: throwaway", "an exclusion has no `reason`"),
    ("review_by: 2027-01-31", "review_by: 2027-13-31", "`2027-13-31` is not a date"),
    ("asset: source", "asset: sourse", "unknown asset `sourse`"),
    ("on: 2026-01-02", "on: 2026-02-30", "`2026-02-30` is not a date"),
    ("result: passed", "result: pass", "`pass` is not a result"),
    ("took: 3h", "took: 3", "a duration needs a unit"),
    ("control: retention", "control: [waivers-sound, copys]", "`waivers-sound` cannot be waived"),
    ("assets: [other]", "assets: [others]", "unknown asset `others`"),
    ("reason: slow", "reason: 3", "expected text, found a number"),
    (", expires: 2026-02-03", "", "a waiver has no `expires`"),
    ("approved_on: 2026-01-03", "approved_on: 2026-02-04", "expires before it was approved"),
];

/// Faults of which one takes away what the other speaks of: a waiver without an end ends not too early.
fn speak_of_one_thing(one: &str, other: &str) -> bool {
    let pair = |a: &str, b: &str| one.contains(a) && other.contains(b);
    pair("has no `expires`", "before it was approved")
}

fn messages(text: &str) -> Vec<String> {
    match Policy::parse("policy.yaml", text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(rejection) => rejection.faults().iter().map(|fault| fault.message.clone()).collect(),
    }
}

#[test]
fn the_good_policy_is_taken_and_each_change_is_a_fault() {
    assert_eq!(messages(GOOD), Vec::<String>::new());
    for (from, to, says) in FAULTS {
        assert_eq!(GOOD.matches(from).count(), 1, "`{from}` stands once");
        let found = messages(&GOOD.replace(from, to));
        assert!(found.iter().any(|message| message.contains(says)), "`{to}`: `{says}` is missing in {found:#?}");
    }
}

#[test]
fn every_two_faults_are_told_together() {
    for (position, (from, to, says)) in FAULTS.iter().enumerate() {
        for (other_from, other_to, other_says) in &FAULTS[position + 1..] {
            if speak_of_one_thing(says, other_says) {
                continue;
            }
            let found = messages(&GOOD.replace(from, to).replace(other_from, other_to));
            for says in [says, other_says] {
                let told = found.iter().any(|message| message.contains(says));
                assert!(told, "`{to}` with `{other_to}`: `{says}` is missing in {found:#?}");
            }
        }
    }
}
