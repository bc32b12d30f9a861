//! Every key of the policy language: a change of its value is told, and told as asking less where it does.
//!
//! What the words of each are is left to `tests`.

mod copies;

use super::Effect::{Different, Weaker};
use super::*;
use crate::model::time::parse_instant;
use crate::policy::document;

/// A policy in which one line at a time is replaced.
const POLICY: &str = "\
version: 1
title: T
owner: G
review_every: 92d
systems:
  hub: { kind: github, org: o, domains: { provider: GitHub } }
  sys: { kind: external, domains: { provider: X } }
  ext: { kind: external }
  vault: { kind: s3, bucket: b }
  ci: { kind: jenkins, url: 'https://ci.example' }
  art: { kind: artifactory, url: 'https://art.example/artifactory' }
  git: { kind: git, url: 'https://git.example' }
  hub2: { kind: github, org: o9 }
  vault2: { kind: s3, bucket: b9 }
  ci2: { kind: jenkins, url: 'https://ci9.example' }
  art2: { kind: artifactory, url: 'https://art9.example/artifactory' }
objectives:
  o: { rpo: 1d }
  later: { rpo: 9d }
assets:
  - { id: a, lives_in: sys, objective: o, copies: [] }
  - { id: e, lives_in: sys, objective: o, copies: [{ id: k, in: ext, by: attestation, statement: s, attested_by: x, attested_on: 2026-01-01, expires: 2026-06-30 }] }
  - { id: f, lives_in: ext, objective: o, copies: [] }
exclude:
  - { in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31 }
restore_tests:
  - { asset: e, copy: k, on: 2026-02-01, result: failed }
waivers:
  - { control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31 }
";

const SYSTEM: &str = "  sys: { kind: external, domains: { provider: X } }";
const OBJECTIVE: &str = "  o: { rpo: 1d }";
const ASSET: &str = "  - { id: a, lives_in: sys, objective: o, copies: [] }";
const EXCLUSION: &str = "  - { in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31 }";
const RESTORE_TEST: &str = "  - { asset: e, copy: k, on: 2026-02-01, result: failed }";
const WAIVER: &str =
    "  - { control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31 }";

/// Keys that say something to people and ask nothing.
const WORDS: [&str; 4] = ["version", "title", "section", "notes"];

/// Keys that all systems, or all copies, have: the first record of each has their rows.
const SHARED: [&str; 6] = ["domains", "id", "covers", "claim", "said_in", "said_on"];

/// A key, its record before and after, what that does, and the key by which it is told; `+` where something
/// comes or goes.
type Row = (&'static str, &'static str, &'static str, Effect, &'static str);

fn policy(text: &str) -> Policy {
    Policy::parse("policy.yaml", text.as_bytes()).unwrap_or_else(|rejection| panic!("{rejection}"))
}

fn changes(old: &str, new: &str) -> Vec<Change> {
    between(&policy(old), &policy(new), parse_instant("2026-03-01").unwrap())
}

/// Asserts that each row is told, and that the rows are of all keys of the record. A row stands between the
/// two parts of `around`, in the place of `line`.
#[track_caller]
fn told(record: &str, keys: &[&str], line: &str, around: (&str, &str), rows: &[Row]) {
    for (key, before, after, effect, told) in rows {
        let with = |value: &str| POLICY.replacen(line, &format!("{}{value}{}", around.0, around.1), 1);
        let changes = changes(&with(before), &with(after));
        let name = (!told.starts_with('+')).then_some(*told);
        let is_told = |change: &Change| change.key.as_deref() == name && change.effect == *effect;
        assert!(changes.iter().any(is_told), "{key} of {record}: `{before}` to `{after}` is {changes:?}");
    }
    let is_first = matches!(record, "GithubSystem" | "GitMirror") || !record_is_shared(record);
    for key in keys.iter().filter(|key| !WORDS.contains(key) && (is_first || !SHARED.contains(key))) {
        assert!(rows.iter().any(|row| row.0 == *key), "{key} of {record} has no row");
    }
}

/// Returns whether a record is a system or a copy.
fn record_is_shared(record: &str) -> bool {
    !["GithubApp", "Objective", "Asset", "Select", "Exclude", "RestoreTest", "Waiver"].contains(&record)
}

#[test]
fn every_key_of_a_system_is_told() {
    told(
        "GithubSystem",
        document::GithubSystem::KEYS,
        SYSTEM,
        ("  sys: { kind: github, ", " }"),
        &[
            ("org", "org: o2", "org: o3", Different, "org"),
            ("user", "user: o2", "user: o3", Different, "user"),
            ("base_url", "org: o2", "org: o2, base_url: 'https://ghe.example/api/v3'", Different, "base_url"),
            ("token", "org: o2", "org: o2, token: { env: T }", Different, "token"),
            ("app", "org: o2", "org: o2, app: { id: 1, key: { env: K } }", Different, "app"),
            ("domains", "org: o2, domains: { provider: X }", "org: o2, domains: { provider: Y }", Different, "domains"),
        ],
    );
    told(
        "GithubApp",
        document::GithubApp::KEYS,
        SYSTEM,
        ("  sys: { kind: github, org: o2, app: { ", " } } }"),
        &[
            ("id", "id: 1, key: { env: K", "id: 2, key: { env: K", Different, "app"),
            ("installation", "id: 1, key: { env: K", "id: 1, installation: 4, key: { env: K", Different, "app"),
            ("key", "id: 1, key: { env: K", "id: 1, key: { env: L", Different, "app"),
        ],
    );
    told(
        "ArtifactorySystem",
        document::ArtifactorySystem::KEYS,
        SYSTEM,
        ("  sys: { kind: artifactory, ", " }"),
        &[
            ("url", "url: 'https://a.example/artifactory'", "url: 'https://b.example/artifactory'", Different, "url"),
            (
                "user",
                "url: 'https://a.example/artifactory', user: { env: A }, password: { env: P }",
                "url: 'https://a.example/artifactory', user: { env: B }, password: { env: P }",
                Different,
                "user",
            ),
            (
                "password",
                "url: 'https://a.example/artifactory', user: { env: A }, password: { env: P }",
                "url: 'https://a.example/artifactory', user: { env: A }, password: { env: Q }",
                Different,
                "password",
            ),
            (
                "token",
                "url: 'https://a.example/artifactory'",
                "url: 'https://a.example/artifactory', token: { env: T }",
                Different,
                "token",
            ),
        ],
    );
    told(
        "S3System",
        document::S3System::KEYS,
        SYSTEM,
        ("  sys: { kind: s3, ", " }"),
        &[
            ("bucket", "bucket: b2", "bucket: b3", Different, "bucket"),
            ("region", "bucket: b2", "bucket: b2, region: eu-west-1", Different, "region"),
            ("endpoint", "bucket: b2", "bucket: b2, endpoint: 'https://s3.example'", Different, "endpoint"),
            ("path_style", "bucket: b2", "bucket: b2, path_style: true", Different, "path_style"),
            ("anonymous", "bucket: b2", "bucket: b2, anonymous: true", Different, "anonymous"),
            ("profile", "bucket: b2", "bucket: b2, profile: p", Different, "profile"),
            (
                "access_key_id",
                "bucket: b2, access_key_id: { env: A }, secret_access_key: { env: S }",
                "bucket: b2, access_key_id: { env: B }, secret_access_key: { env: S }",
                Different,
                "access_key_id",
            ),
            (
                "secret_access_key",
                "bucket: b2, access_key_id: { env: A }, secret_access_key: { env: S }",
                "bucket: b2, access_key_id: { env: A }, secret_access_key: { env: R }",
                Different,
                "secret_access_key",
            ),
            ("requester_pays", "bucket: b2", "bucket: b2, requester_pays: true", Different, "requester_pays"),
        ],
    );
    told(
        "JenkinsSystem",
        document::JenkinsSystem::KEYS,
        SYSTEM,
        ("  sys: { kind: jenkins, ", " }"),
        &[
            ("url", "url: 'https://j.example'", "url: 'https://k.example'", Different, "url"),
            (
                "user",
                "url: 'https://j.example', user: { env: U }, token: { env: T }",
                "url: 'https://j.example', user: { env: V }, token: { env: T }",
                Different,
                "user",
            ),
            (
                "token",
                "url: 'https://j.example', user: { env: U }, token: { env: T }",
                "url: 'https://j.example', user: { env: U }, token: { env: S }",
                Different,
                "token",
            ),
        ],
    );
    told(
        "GitSystem",
        document::GitSystem::KEYS,
        SYSTEM,
        ("  sys: { kind: git, ", " }"),
        &[
            ("url", "url: 'https://j.example'", "url: 'https://k.example'", Different, "url"),
            (
                "user",
                "url: 'https://j.example', user: { env: U }, token: { env: T }",
                "url: 'https://j.example', user: { env: V }, token: { env: T }",
                Different,
                "user",
            ),
            (
                "token",
                "url: 'https://j.example', user: { env: U }, token: { env: T }",
                "url: 'https://j.example', user: { env: U }, token: { env: S }",
                Different,
                "token",
            ),
        ],
    );
}

#[test]
fn every_key_of_an_objective_and_of_an_asset_is_told() {
    told(
        "Objective",
        document::Objective::KEYS,
        OBJECTIVE,
        ("  o: { ", " }"),
        &[
            ("rpo", "rpo: 1d", "rpo: 2d", Weaker, "rpo"),
            ("rto", "rpo: 1d, rto: 1d", "rpo: 1d, rto: 2d", Weaker, "rto"),
            ("rto", "rpo: 1d, rto: 1d", "rpo: 1d", Weaker, "rto"),
            ("attainment", "rpo: 1d, attainment: 99%", "rpo: 1d, attainment: 98%", Weaker, "attainment"),
            ("attainment", "rpo: 1d, attainment: 99%", "rpo: 1d", Weaker, "attainment"),
            ("evidence", "rpo: 1d, evidence: verified", "rpo: 1d, evidence: attested", Weaker, "evidence"),
            ("evidence", "rpo: 1d, evidence: verified", "rpo: 1d", Weaker, "evidence"),
            ("copies", "rpo: 1d, copies: 2", "rpo: 1d, copies: 1", Weaker, "copies"),
            ("copies", "rpo: 1d, copies: 2", "rpo: 1d", Weaker, "copies"),
            ("independent", "rpo: 1d, independent: [provider]", "rpo: 1d, independent: []", Weaker, "independent"),
            ("independent", "rpo: 1d, independent: [provider]", "rpo: 1d", Weaker, "independent"),
            ("retention", "rpo: 1d, retention: 90d", "rpo: 1d, retention: 30d", Weaker, "retention"),
            ("retention", "rpo: 1d, retention: 90d", "rpo: 1d", Weaker, "retention"),
            (
                "restore_test_every",
                "rpo: 1d, restore_test_every: 90d",
                "rpo: 1d, restore_test_every: 1y",
                Weaker,
                "restore_test_every",
            ),
            ("restore_test_every", "rpo: 1d, restore_test_every: 90d", "rpo: 1d", Weaker, "restore_test_every"),
            ("immutable", "rpo: 1d, immutable: true", "rpo: 1d, immutable: false", Weaker, "immutable"),
            ("immutable", "rpo: 1d, immutable: true", "rpo: 1d", Weaker, "immutable"),
            ("severity", "rpo: 1d, severity: high", "rpo: 1d, severity: low", Weaker, "severity"),
            ("severity", "rpo: 1d, severity: high", "rpo: 1d", Weaker, "severity"),
        ],
    );
    told(
        "Asset",
        document::Asset::KEYS,
        ASSET,
        ("  - { ", " }"),
        &[
            (
                "id",
                "id: a, lives_in: hub, objective: o, copies: []",
                "id: z, lives_in: hub, objective: o, copies: []",
                Weaker,
                "+asset",
            ),
            (
                "objective",
                "id: a, lives_in: hub, objective: o, copies: []",
                "id: a, lives_in: hub, objective: later, copies: []",
                Weaker,
                "rpo",
            ),
            (
                "lives_in",
                "id: a, lives_in: hub, objective: o, copies: []",
                "id: a, lives_in: ext, objective: o, copies: []",
                Different,
                "lives_in",
            ),
            (
                "name",
                "id: a, lives_in: hub, objective: o, copies: [], name: n",
                "id: a, lives_in: hub, objective: o, copies: [], name: m",
                Different,
                "name",
            ),
            (
                "path",
                "id: a, lives_in: hub, objective: o, copies: [], path: p",
                "id: a, lives_in: hub, objective: o, copies: [], path: q",
                Different,
                "path",
            ),
            (
                "each",
                "id: a, lives_in: hub, objective: o, copies: []",
                "id: a, lives_in: hub, objective: o, copies: [], each: repository",
                Different,
                "each",
            ),
            (
                "select",
                "id: a, lives_in: hub, objective: o, copies: [], each: repository",
                "id: a, lives_in: hub, objective: o, copies: [], each: repository, select: { name: n }",
                Different,
                "select",
            ),
            (
                "facets",
                "id: a, lives_in: hub, objective: o, copies: [], facets: [git, wiki]",
                "id: a, lives_in: hub, objective: o, copies: [], facets: [git]",
                Weaker,
                "facets",
            ),
            (
                "owner",
                "id: a, lives_in: hub, objective: o, copies: [], owner: G",
                "id: a, lives_in: hub, objective: o, copies: []",
                Weaker,
                "owner",
            ),
            (
                "grace",
                "id: a, lives_in: hub, objective: o, copies: []",
                "id: a, lives_in: hub, objective: o, copies: [], grace: 90d",
                Weaker,
                "grace",
            ),
            (
                "copies",
                "id: a, lives_in: hub, objective: o, copies: []",
                "id: a, lives_in: hub, objective: o, copies: unknown",
                Different,
                "copies",
            ),
        ],
    );
    told(
        "Select",
        document::Select::KEYS,
        ASSET,
        ("  - { id: a, ", " } }"),
        &[
            (
                "name",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { name: n",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { name: [n, m]",
                Different,
                "select",
            ),
            (
                "archived",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { archived: true",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { archived: false",
                Different,
                "select",
            ),
            (
                "fork",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { fork: true",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { fork: false",
                Different,
                "select",
            ),
            (
                "private",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { private: true",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { private: false",
                Different,
                "select",
            ),
            (
                "template",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { template: true",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { template: false",
                Different,
                "select",
            ),
            (
                "empty",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { empty: true",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { empty: false",
                Different,
                "select",
            ),
            (
                "disabled",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { disabled: true",
                "lives_in: hub, objective: o, copies: [], each: repository, select: { disabled: false",
                Different,
                "select",
            ),
            (
                "folder",
                "lives_in: ci, objective: o, copies: [], each: job, select: { folder: f",
                "lives_in: ci, objective: o, copies: [], each: job, select: { folder: g",
                Different,
                "select",
            ),
            (
                "class",
                "lives_in: ci, objective: o, copies: [], each: job, select: { class: c",
                "lives_in: ci, objective: o, copies: [], each: job, select: { class: d",
                Different,
                "select",
            ),
            (
                "defined_in",
                "lives_in: ci, objective: o, copies: [], each: job, select: { defined_in: scm",
                "lives_in: ci, objective: o, copies: [], each: job, select: { defined_in: jenkins",
                Different,
                "select",
            ),
        ],
    );
}

#[test]
fn every_key_of_an_exclusion_a_restore_test_and_a_waiver_is_told() {
    told(
        "Exclude",
        document::Exclude::KEYS,
        EXCLUSION,
        ("  - { ", " }"),
        &[
            (
                "in",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                "in: art, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                Weaker,
                "+exclusion",
            ),
            (
                "name",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                "in: hub, name: '*', reason: r, owner: q, review_by: 2027-01-31",
                Weaker,
                "+exclusion",
            ),
            (
                "private",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                "in: hub, name: 'x-*', private: true, reason: r, owner: q, review_by: 2027-01-31",
                Weaker,
                "+exclusion",
            ),
            (
                "reason",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                "in: hub, name: 'x-*', reason: s, owner: q, review_by: 2027-01-31",
                Different,
                "reason",
            ),
            (
                "owner",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                "in: hub, name: 'x-*', reason: r, owner: p, review_by: 2027-01-31",
                Different,
                "owner",
            ),
            (
                "review_by",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2027-01-31",
                "in: hub, name: 'x-*', reason: r, owner: q, review_by: 2028-01-31",
                Weaker,
                "review_by",
            ),
        ],
    );
    told(
        "RestoreTest",
        document::RestoreTest::KEYS,
        RESTORE_TEST,
        ("  - { ", " }"),
        &[
            (
                "asset",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: a, on: 2026-02-01, result: failed",
                Weaker,
                "+restore",
            ),
            (
                "copy",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, on: 2026-02-01, result: failed",
                Weaker,
                "+restore",
            ),
            (
                "on",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, copy: k, on: 2026-02-02, result: failed",
                Weaker,
                "+restore",
            ),
            (
                "result",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, copy: k, on: 2026-02-01, result: passed",
                Weaker,
                "+restore",
            ),
            (
                "took",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, copy: k, on: 2026-02-01, result: failed, took: 1h",
                Weaker,
                "+restore",
            ),
            (
                "tested_by",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, copy: k, on: 2026-02-01, result: failed, tested_by: x",
                Weaker,
                "+restore",
            ),
            (
                "reviewed_by",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, copy: k, on: 2026-02-01, result: failed, reviewed_by: x",
                Weaker,
                "+restore",
            ),
            (
                "reference",
                "asset: e, copy: k, on: 2026-02-01, result: failed",
                "asset: e, copy: k, on: 2026-02-01, result: failed, reference: x",
                Weaker,
                "+restore",
            ),
        ],
    );
    told(
        "Waiver",
        document::Waiver::KEYS,
        WAIVER,
        ("  - { ", " }"),
        &[
            (
                "control",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                "control: [retention, copies], assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                Weaker,
                "control",
            ),
            (
                "assets",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                "control: retention, assets: [e, f], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                Weaker,
                "assets",
            ),
            (
                "reason",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                "control: retention, assets: [e], reason: s, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                Different,
                "reason",
            ),
            (
                "approved_by",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                "control: retention, assets: [e], reason: r, approved_by: y, approved_on: 2026-01-01, expires: 2026-12-31",
                Different,
                "approved_by",
            ),
            (
                "approved_on",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2025-12-31, expires: 2026-12-31",
                Weaker,
                "approved_on",
            ),
            (
                "expires",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2027-12-31",
                Weaker,
                "expires",
            ),
            (
                "first_approved_on",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, first_approved_on: 2025-01-01, expires: 2026-12-31",
                "control: retention, assets: [e], reason: r, approved_by: x, approved_on: 2026-01-01, expires: 2026-12-31",
                Weaker,
                "first_approved_on",
            ),
        ],
    );
}

#[test]
fn what_comes_and_goes_in_each_list_of_the_policy_is_told() {
    let effects = |old: &str, new: &str| -> Vec<(Effect, Option<String>)> {
        changes(old, new).into_iter().map(|change| (change.effect, change.key)).collect()
    };
    let with = |line: &str, new: &str| {
        let head = POLICY.replacen(line, new, 1);
        assert_ne!(head, POLICY, "`{line}` is not in the policy");
        effects(POLICY, &head)
    };
    assert_eq!(with("owner: G\n", "owner: unknown\n"), [(Weaker, Some("owner".to_owned()))]);
    assert_eq!(with("review_every: 92d", "review_every: 1y"), [(Weaker, Some("review_every".to_owned()))]);
    assert_eq!(with(SYSTEM, &format!("{SYSTEM}\n  more: {{ kind: external }}")), [(Different, None)]);
    assert_eq!(with(OBJECTIVE, "  o: { rpo: 2d }"), [(Weaker, Some("rpo".to_owned()))]);
    assert_eq!(with(&format!("{ASSET}\n"), ""), [(Weaker, None)]);
    assert_eq!(with(EXCLUSION, &format!("{EXCLUSION}\n{}", EXCLUSION.replace("x-*", "*"))), [(Weaker, None)]);
    assert_eq!(with(RESTORE_TEST, "  []"), [(Weaker, None)]);
    assert_eq!(with(WAIVER, &format!("{WAIVER}\n{}", WAIVER.replace("retention", "copies"))), [(Weaker, None)]);
}
