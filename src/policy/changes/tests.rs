//! Every kind of change, in both directions where it has one.
//!
//! What a renderer makes of them is left to its own tests.

use super::*;
use crate::model::time::parse_instant;

const POLICY: &str = "\
version: 1
title: T
owner: Committee
review_every: 92d
systems:
  hub: { kind: github, org: o, domains: { provider: GitHub, account: o } }
  vault: { kind: s3, bucket: b, domains: { provider: AWS, account: o } }
objectives:
  o: { rpo: 1d, rto: 2d, attainment: 99%, evidence: verified, copies: 2, independent: [provider, account], retention: 100d, restore_test_every: 100d, immutable: true, severity: critical }
  p: { rpo: 1d }
assets:
  - id: a
    lives_in: hub
    objective: o
    facets: [git, wiki]
    owner: Squad
    grace: 14d
    copies:
      - { id: c, in: vault, by: objects, min_bytes: 100, claim: It is copied. }
      - { id: d, in: vault, by: attestation, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30 }
  - { id: b, lives_in: hub, objective: p, copies: [] }
exclude:
  - { in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31 }
restore_tests:
  - { asset: a, on: 2026-02-01, result: failed }
waivers:
  - { control: retention, assets: [a], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31 }
";

fn policy(text: &str) -> Policy {
    Policy::parse("policy.yaml", text.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection}"))
}

fn said(base: &str, head: &str) -> Vec<String> {
    let as_of = parse_instant("2026-03-01").unwrap();
    let name = |subject: &Subject| match subject {
        Subject::Policy => "policy".to_owned(),
        Subject::Asset(id) => format!("asset {id}"),
        Subject::Copy(asset, copy) => format!("copy {asset}:{copy}"),
        Subject::Waiver(name) => format!("waiver {name}"),
        Subject::Exclusion(name) => format!("exclusion {name}"),
        Subject::System(id) => format!("system {id}"),
        Subject::RestoreTest(name) => format!("test {name}"),
    };
    let line = |change: Change| {
        let about: Vec<String> = change.about.iter().map(name).collect();
        let value = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let key = change.key.map(|key| format!(" {key}")).unwrap_or_default();
        format!("{:?}: {}{key}: {} > {}", change.effect, about.join(" and "), value(change.before), value(change.after))
    };
    between(&policy(base), &policy(head), as_of).into_iter().map(line).collect()
}

/// Asserts what the replacement of `old` by `new` does, and that the way back does the opposite.
#[track_caller]
fn weakens(old: &str, new: &str, told: &str) {
    let head = POLICY.replacen(old, new, 1);
    assert_ne!(head, POLICY, "`{old}` is not in the policy");
    assert_eq!(said(POLICY, &head), [format!("Weaker: {told}")]);
    let back = said(&head, POLICY);
    assert!(back.len() == 1 && back[0].starts_with("Stronger: "), "{back:?}");
}

#[test]
fn a_policy_that_only_says_it_otherwise_changes_nothing() {
    assert!(said(POLICY, POLICY).is_empty());
    let moved =
        POLICY.replace("objective: o\n", "objective: renamed\n").replace("  o: { rpo: 1d", "  renamed: { rpo: 24h");
    assert!(said(POLICY, &moved).is_empty(), "{:?}", said(POLICY, &moved));
    let defaults =
        POLICY.replace("  p: { rpo: 1d }", "  p: { rpo: 1d, copies: 1, immutable: false, severity: medium }");
    assert!(said(POLICY, &defaults).is_empty());
    assert!(said(POLICY, &POLICY.replace("title: T", "title: U")).is_empty());
}

#[test]
fn every_demand_has_a_direction() {
    for (old, new, told) in [
        ("rpo: 1d, rto", "rpo: 25h, rto", "rpo: 1d > 25h"),
        ("rpo: 1d, rto", "rpo: unknown, rto", "rpo: 1d > unknown"),
        ("rto: 2d", "rto: 3d", "rto: 2d > 3d"),
        ("rto: 2d, ", "", "rto: 2d > not asked"),
        ("99%", "98.9%", "attainment: 99% > 98.9%"),
        ("evidence: verified", "evidence: reported", "evidence: verified > reported"),
        ("copies: 2", "copies: 1", "copies: 2 > 1"),
        ("copies: 2, ", "", "copies: 2 > 1"),
        ("[provider, account]", "[provider]", "independent: account > -"),
        ("retention: 100d", "retention: 3mo", "retention: 100d > 3mo"),
        ("restore_test_every: 100d", "restore_test_every: 1y", "restore_test_every: 100d > 1y"),
        ("immutable: true", "immutable: false", "immutable: true > false"),
        ("immutable: true, ", "", "immutable: true > false"),
        ("severity: critical", "severity: low", "severity: critical > low"),
        ("facets: [git, wiki]", "facets: [git]", "facets: wiki > -"),
        ("grace: 14d", "grace: 15d", "grace: 14d > 15d"),
        ("owner: Squad", "owner: unknown", "owner: Squad (a group) > unknown"),
    ] {
        weakens(old, new, &format!("asset a {told}"));
    }
    weakens("review_every: 92d", "review_every: 1y", "policy review_every: 92d > 1y");
    weakens("review_every: 92d\n", "review_every: 93d\n", "policy review_every: 92d > 93d");
}

#[test]
fn one_objective_that_many_assets_share_is_told_once() {
    let shared = POLICY.replace("objective: p", "objective: o");
    let told = said(&shared, &shared.replace("rto: 2d", "rto: 3d"));
    assert_eq!(told, ["Weaker: asset a and asset b rto: 2d > 3d"]);
}

#[test]
fn what_is_no_longer_in_the_policy_is_named_first() {
    let without =
        POLICY.replace("  - { id: b, lives_in: hub, objective: p, copies: [] }\n", "").replace("rto: 2d", "rto: 3d");
    let told = said(POLICY, &without);
    assert_eq!(told[0], "Weaker: asset b: in hub, rpo 1d > -");
    assert!(told.contains(&"Weaker: asset a rto: 2d > 3d".to_owned()), "{told:?}");
    weakens(", claim: It is copied.", "", "copy a:c claim: It is copied. > -");
    let copy = said(
        POLICY,
        &POLICY.replace("      - { id: c, in: vault, by: objects, min_bytes: 100, claim: It is copied. }\n", ""),
    );
    assert_eq!(copy, ["Weaker: copy a:c: by objects in vault > -"]);
    let unknown = POLICY.replace("objective: p, copies: []", "objective: p, copies: unknown");
    assert_eq!(said(POLICY, &unknown), ["Different: asset b copies: none > unknown"]);
    let failed = POLICY.replace("  - { asset: a, on: 2026-02-01, result: failed }\n", "  []\n");
    assert_eq!(said(POLICY, &failed), ["Weaker: test a on 2026-02-01: failed > -"]);
}

#[test]
fn waivers_and_exclusions_are_widened_by_time_control_and_asset() {
    weakens("expires: 2026-12-31", "expires: 2027-01-01", "waiver retention of a expires: 2026-12-31 > 2027-01-01");
    weakens("control: retention", "control: [retention, copies]", "waiver retention, copies of a control: - > copies");
    weakens("assets: [a]", "assets: [a, b]", "waiver retention of a, b assets: - > b");
    weakens("review_by: 2027-01-31", "review_by: 2028-01-31", "exclusion hub/x-* review_by: 2027-01-31 > 2028-01-31");
    let waiver =
        "  - { control: copies, assets: b, reason: z, approved_by: y, approved_on: 2026-02-02, expires: 2026-09-30 }\n";
    let more = format!("{POLICY}{waiver}");
    assert_eq!(said(POLICY, &more), ["Weaker: waiver copies of b: - > until 2026-09-30, approved by y: z"]);
    assert_eq!(said(&more, POLICY), ["Stronger: waiver copies of b: until 2026-09-30, approved by y: z > -"]);
    let excluded = POLICY
        .replace("exclude:\n", "exclude:\n  - { in: hub, name: '*', reason: r, owner: q, review_by: 2027-01-31 }\n");
    assert_eq!(said(POLICY, &excluded), ["Weaker: exclusion hub/*: - > by q until 2027-01-31: r"]);
    // A glob that takes in what was named before is wider; a name that a glob took in is not.
    let glob = POLICY.replace("[a]", "['*']");
    let told = said(POLICY, &glob);
    assert!(told.contains(&"Weaker: waiver retention of * assets: - > *".to_owned()), "{told:?}");
    assert!(said(&glob, POLICY).iter().all(|line| line.starts_with("Stronger")), "{:?}", said(&glob, POLICY));
}

#[test]
fn where_things_lie_and_how_they_are_proven_is_told_without_a_direction() {
    let domains = POLICY.replace("provider: AWS", "provider: Other");
    assert_eq!(
        said(POLICY, &domains),
        ["Different: system vault domains: { account: o, provider: AWS } > { account: o, provider: Other }"]
    );
    let prefix = POLICY.replace("min_bytes: 100", "min_bytes: 100, prefix: x/");
    assert_eq!(said(POLICY, &prefix), ["Different: copy a:c prefix: - > x/"]);
    let more = POLICY.replace("systems:\n", "systems:\n  office: { kind: external }\n");
    assert_eq!(said(POLICY, &more), ["Different: system office: - > external"]);
    let place = more.replace("objective: p, copies: []", "objective: p, path: x, copies: []");
    let place = place.replace("id: b, lives_in: hub", "id: b, lives_in: office");
    assert_eq!(said(&more, &place), ["Different: asset b lives_in: hub > office", "Different: asset b path: - > x"]);
    weakens("min_bytes: 100", "min_bytes: 99", "copy a:c min_bytes: 100 > 99");
    weakens("min_bytes: 100, ", "", "copy a:c min_bytes: 100 > -");
    weakens("expires: 2026-06-30", "expires: 2026-07-01", "copy a:d expires: 2026-06-30 > 2026-07-01");
}

#[test]
fn an_owner_is_told_with_what_it_is() {
    let owned = |owner: &str| POLICY.replace("    owner: Squad\n", owner);
    for (old, new, told) in [
        (
            "    owner: { person: Alice }\n",
            "    owner: Alice\n",
            "Different: asset a owner: Alice (one person) > Alice (a group)",
        ),
        ("", "    owner: unknown\n", "Different: asset a owner: not named > unknown"),
        (
            "    owner: { person: A, deputy: B }\n",
            "    owner: { person: A }\n",
            "Different: asset a owner: A (deputy: B) > A (one person)",
        ),
        ("    owner: X\n", "", "Weaker: asset a owner: X (a group) > not named"),
    ] {
        assert_eq!(said(&owned(old), &owned(new)), [told]);
    }
}

#[test]
fn no_two_values_are_told_by_the_same_words() {
    let listed =
        POLICY.replace("id: b, lives_in: hub,", "id: b, lives_in: hub, each: repository, select: { name: [x, y] },");
    let told = said(&listed, &listed.replace("name: [x, y] }", "name: '[x, y]' }"));
    assert_eq!(told, [r#"Different: asset b select: { name: [x, y] } > { name: "[x, y]" }"#]);
    let forged = POLICY.replace("provider: AWS, account: o", "account: 'o, provider: AWS'");
    let told = said(POLICY, &forged);
    assert_eq!(
        told,
        [r#"Different: system vault domains: { account: o, provider: AWS } > { account: "o, provider: AWS" }"#]
    );
    let one =
        POLICY.replace("objective: p, copies: []", "objective: p, copies: [{ id: r, by: rebuild, from: [a, c] }]");
    let one = one.replace("assets:\n", "assets:\n  - { id: c, lives_in: hub, objective: p, copies: [] }\n");
    let as_text = one.replace("from: [a, c]", "from: a");
    assert_eq!(said(&one, &as_text), ["Different: copy b:r from: [a, c] > a"]);
}

#[test]
fn a_waiver_of_an_id_takes_in_all_that_its_entry_expands_to() {
    let of = |assets: &str| {
        POLICY
            .replace("id: b, lives_in: hub,", "id: b, lives_in: hub, each: repository,")
            .replace("assets: [a]", assets)
    };
    for (old, new, told) in [
        ("assets: ['?', 'x?']", "assets: ['?', 'x?', b]", &["Weaker: waiver retention of ?, x?, b assets: - > b"][..]),
        ("assets: ['b*']", "assets: ['b*', b]", &[]),
        ("assets: [b]", "assets: [b, b/x]", &[]),
        ("assets: ['b/?']", "assets: ['b/?', b/x]", &[]),
        ("assets: [b/x]", "assets: [b/x, b]", &["Weaker: waiver retention of b/x, b assets: - > b"]),
        ("assets: [b]", "assets: ['?', b]", &["Weaker: waiver retention of ?, b assets: - > ?"]),
    ] {
        assert_eq!(said(&of(old), &of(new)), told, "{old} to {new}");
    }
}

#[test]
fn a_waiver_that_stands_for_longer_is_weaker_by_either_day() {
    let waived = POLICY.replace(
        "approved_on: 2026-01-01, expires: 2026-12-31",
        "approved_on: 2026-01-01, first_approved_on: 2025-06-01, expires: 2026-12-31",
    );
    let later = waived.replace("first_approved_on: 2025-06-01", "first_approved_on: 2025-12-01");
    assert_eq!(said(&waived, &later), ["Weaker: waiver retention of a first_approved_on: 2025-06-01 > 2025-12-01"]);
    assert!(said(&later, &waived)[0].starts_with("Stronger"));
    let earlier = waived.replace(
        "{ control: retention, assets: [a], reason: r, approved_by: x, approved_on: 2026-01-01",
        "{ control: retention, assets: [a], reason: r, approved_by: x, approved_on: 2025-12-31",
    );
    assert_eq!(said(&waived, &earlier), ["Weaker: waiver retention of a approved_on: 2026-01-01 > 2025-12-31"]);
    assert!(said(&earlier, &waived)[0].starts_with("Stronger"));
}

#[test]
fn each_of_several_exclusions_of_one_name_counts() {
    let second = "  - { in: hub, name: 'x-*', reason: r, owner: q, review_by: 2036-01-31 }\n";
    let more = POLICY.replace("restore_tests:", &format!("{second}restore_tests:"));
    assert_eq!(said(POLICY, &more), ["Weaker: exclusion hub/x-*: - > by q until 2036-01-31: r"]);
    assert_eq!(said(&more, POLICY), ["Stronger: exclusion hub/x-*: by q until 2036-01-31: r > -"]);
    let longer = more.replace("review_by: 2036", "review_by: 2037");
    assert_eq!(said(&more, &longer), ["Weaker: exclusion hub/x-* review_by: 2036-01-31 > 2037-01-31"]);
}

#[test]
fn another_method_is_neither_more_nor_less() {
    let copy =
        |copy: &str| POLICY.replace("{ id: c, in: vault, by: objects, min_bytes: 100, claim: It is copied. }", copy);
    let told = said(
        &copy("{ id: c, in: vault, by: object-mirror, sample: 5% }"),
        &copy(
            "{ id: c, in: vault, by: attestation, statement: other, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30 }",
        ),
    );
    assert!(told.len() >= 4 && told.iter().all(|line| line.starts_with("Different: ")), "{told:?}");
}

#[test]
fn a_new_asset_that_a_system_shows_may_only_take_in_what_was_undeclared() {
    let named = "  - { id: new, lives_in: hub, name: lost, objective: p, copies: [] }\n";
    let told = said(POLICY, &POLICY.replace("exclude:\n", &format!("{named}exclude:\n")));
    assert_eq!(told, ["Different: asset new: - > in hub, rpo 1d"]);
    let unnamed = named.replace(" name: lost,", "");
    let told = said(POLICY, &POLICY.replace("exclude:\n", &format!("{unnamed}exclude:\n")));
    assert_eq!(told, ["Stronger: asset new: - > in hub, rpo 1d"]);
}

#[test]
fn each_of_many_waivers_and_exclusions_is_told() {
    let many = |year: u32| {
        let (mut excluded, mut waived) = (String::new(), String::new());
        for number in 0..100 {
            excluded.push_str(&format!(
                "  - {{ in: hub, name: 'x-{number}', reason: r{year}, owner: q, review_by: {year}-01-31 }}\n"
            ));
            waived.push_str(&format!(
                "  - {{ control: retention, assets: ['n-{number}*'], reason: r{number}, approved_by: x, approved_on: {year}-01-01, expires: {year}-12-31 }}\n"
            ));
        }
        POLICY.replace("restore_tests:", &format!("{excluded}restore_tests:")) + &waived
    };
    let changes = between(&policy(&many(2026)), &policy(&many(2027)), parse_instant("2026-03-01").unwrap());
    let told = |key: &str| -> Vec<(Effect, usize)> {
        let of = changes.iter().filter(|change| change.key.as_deref() == Some(key));
        of.map(|change| (change.effect, change.about.len())).collect()
    };
    for key in ["review_by", "expires", "first_approved_on"] {
        assert_eq!(told(key), [(Effect::Weaker, 100)], "{key}");
    }
    assert_eq!(told("reason"), [(Effect::Different, 100)]);
    assert!(changes.iter().all(|change| change.key.is_some()), "none came or went");
}
