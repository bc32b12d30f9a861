//! One place that is written in two ways: a copy that counts twice, and the original as its own copy.
//!
//! Each policy is without fault but for that; all other faults are left to `policy_faults`.

use lastgood::policy::Policy;

const SAME: &str = "this is the same copy as an earlier one, under another id";
const OVERLAP: &str = "this copy lies where an earlier one lies: what is listed twice is there once";
const PART: &str = "this is a copy of a part of the asset, and would count as one of all of it";
const COMPARED: &str = "the original compared with itself is no copy";
const ITSELF: &str = "the original is no copy of itself";

/// Returns the faults of a policy with one asset, which is written as `asset` and has `copies`.
fn faults(asset: &str, copies: &str) -> Vec<String> {
    let text = format!(
        "\
version: 1
title: Test
systems:
  office: {{ kind: external }}
  far: {{ kind: external }}
  vault: {{ kind: s3, bucket: vault }}
  vault-too: {{ kind: s3, bucket: vault, region: eu-west-1, endpoint: 'https://s3.eu-west-1.amazonaws.com' }}
  other-vault: {{ kind: s3, bucket: vault, endpoint: 'https://minio.example.org' }}
  hub: {{ kind: github, org: Org }}
  server: {{ kind: github, org: Org, base_url: 'https://ghe.example.org/api/v3' }}
  tenant: {{ kind: github, user: Jo, base_url: 'https://api.tenant.ghe.com' }}
  git: {{ kind: git, url: 'https://git.example.org/all/' }}
  art: {{ kind: artifactory, url: 'https://art.example.org/artifactory' }}
  art-too: {{ kind: artifactory, url: 'https://art.example.org' }}
objectives:
  o: {{ rpo: 1d, copies: 2 }}
assets:
  - {{ id: asset, {asset}, objective: o, owner: Squad, copies: [{copies}] }}
"
    );
    match Policy::parse("policy.yaml", text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(rejection) => {
            assert!(rejection.faults().iter().all(|fault| rejection.place(fault).is_some()), "{rejection}");
            rejection.faults().iter().map(|fault| fault.message.clone()).collect()
        }
    }
}

/// Asserts whether two copies of one asset are one.
#[track_caller]
fn are_one(one: &str, other: &str, expected: bool) {
    let expected = if expected { vec![SAME.to_owned()] } else { Vec::new() };
    for (one, other) in [(one, other), (other, one)] {
        let copies = format!("{{ id: one, {one} }}, {{ id: two, {other} }}");
        assert_eq!(faults("lives_in: office", &copies), expected, "{copies}");
    }
}

/// Asserts whether two copies of one asset share a place.
#[track_caller]
fn overlap(one: &str, other: &str, expected: bool) {
    let expected = if expected { vec![OVERLAP.to_owned()] } else { Vec::new() };
    for (one, other) in [(one, other), (other, one)] {
        let copies = format!("{{ id: one, {one} }}, {{ id: two, {other} }}");
        assert_eq!(faults("lives_in: office", &copies), expected, "{copies}");
    }
}

#[test]
fn one_file_is_one_copy_however_it_is_written() {
    let file = |system: &str, file: &str| format!("in: {system}, by: import, file: {file}");
    let plain = file("vault", "l.jsonl");
    for same in ["./l.jsonl", "a/../l.jsonl", ".//l.jsonl"] {
        are_one(&plain, &file("vault", same), true);
    }
    are_one(&plain, &file("far", "l.jsonl"), true);
    are_one(&plain, &file("unknown", "l.jsonl"), true);
    are_one(&plain, &file("vault", "a/l.jsonl"), false);
    are_one(&plain, &file("vault", "/l.jsonl"), false);
    are_one(&plain, &file("vault", "../l.jsonl"), false);
}

#[test]
fn a_key_left_out_says_the_same_as_its_default() {
    let objects = |more: &str| format!("in: vault, by: objects{more}");
    are_one(&objects(""), &objects(", prefix: ''"), true);
    are_one(&objects(""), &objects(", prefix: null, covers: [git], min_items: 3"), true);
    are_one(&objects(", prefix: a"), &objects(", prefix: a/"), true);
    overlap(&objects(""), &objects(", prefix: a"), true);
    overlap(&objects(", prefix: db-"), &objects(", prefix: d"), true);
    overlap(&objects(", prefix: db-"), &objects(", prefix: db/"), false);
    overlap(&objects(", prefix: a"), "in: vault, by: object-mirror", true);
    overlap(&objects(", pattern: a"), "in: vault, by: object-mirror", true);
    overlap(&objects(", pattern: a, prefix: x"), &objects(", pattern: b"), false);
    overlap(&objects(", prefix: a"), "in: vault-too, by: objects, prefix: a/b", true);
    overlap(&objects(", prefix: a"), "in: other-vault, by: objects, prefix: a/b", false);
    are_one(&objects(", pattern: a"), &objects(", pattern: b"), false);
    let mirror = |more: &str| format!("in: vault, by: object-mirror{more}");
    are_one(&mirror(""), &mirror(", prefix: '', sample: 10%"), true);
    are_one(&mirror(", of: a/"), &mirror(", of: a"), true);
    are_one(&mirror(", prefix: x, of: a"), &mirror(", prefix: x"), true);
    let artifacts = |more: &str| format!("in: art, by: artifacts, {more}");
    are_one(&artifacts("repository: libs, path: org/x/"), &artifacts("repository: libs, path: /org/x"), true);
    overlap(&artifacts("repository: libs"), &artifacts("repository: libs, path: org"), true);
    overlap(&artifacts("repository: libs, path: org"), &artifacts("repository: libs, path: org2"), false);
    overlap(&artifacts("repository: libs"), "in: art, by: artifact-mirror, repository: libs, path: a", true);
    let commits = |more: &str| format!("in: hub, by: commits, {more}");
    are_one(&commits("repository: backup"), &commits("repository: org/Backup, path: /"), true);
    are_one(&commits("repository: backup"), &commits("repository: backup, branch: old"), false);
}

#[test]
fn one_place_under_two_systems_is_one() {
    let objects = |system: &str| format!("in: {system}, by: objects, prefix: a");
    are_one(&objects("vault"), &objects("vault-too"), true);
    are_one(&objects("vault"), &objects("other-vault"), false);
    let mirror = |system: &str, url: &str| format!("in: {system}, by: git-mirror, url: '{url}'");
    let plain = mirror("git", "https://m.example.org/x.git");
    are_one(&plain, &mirror("hub", "ssh://git@M.example.org:2222/x"), true);
    are_one(&plain, &mirror("git", "https://m.example.org/y.git"), false);
    are_one(&plain, &mirror("git", "https://m.example.org:8443/x.git"), false);
    let page = |system: &str, url: &str| format!("in: {system}, by: http, url: '{url}', header: Last-Modified");
    are_one(&page("far", "https://x.example.org/"), &page("vault", "https://X.example.org"), true);
    are_one(&page("far", "https://x.example.org/a"), &page("far", "https://x.example.org/b"), false);
}

#[test]
fn what_two_people_say_of_one_place_in_the_same_words_is_one_copy() {
    let said = |system: &str, statement: &str, by: &str, on: &str| {
        format!(
            "in: {system}, by: attestation, statement: '{statement}', attested_by: {by}, attested_on: {on}, expires: 2026-12-01"
        )
    };
    let plain = said("far", "Copied nightly.", "Ann", "2026-01-02");
    are_one(&plain, &plain.clone(), true);
    are_one(&plain, &said("far", " copied  nightly.", "Bob", "2026-01-05"), true);
    are_one(&plain, &said("far", "Copied to tape.", "Ann", "2026-01-02"), false);
    are_one(&plain, &said("vault", "Copied nightly.", "Ann", "2026-01-02"), false);
    // Where nobody knows the place there may be two, unless one person says it twice.
    let unknown = said("unknown", "Copied nightly.", "Ann", "2026-01-02");
    are_one(&unknown, &unknown.clone(), true);
    are_one(&unknown, &said("unknown", "Copied nightly.", "Bob", "2026-01-02"), false);
}

#[test]
fn one_derivation_is_one_copy() {
    let rebuild = |from: &str| format!("by: rebuild, from: {from}");
    let assets = |one: &str, other: &str| {
        let copies = format!("{{ id: one, {one} }}, {{ id: two, {other} }}");
        faults(
            "lives_in: office",
            &format!(
                "{copies}] }}\n  - {{ id: a, lives_in: far, objective: o, copies: []}}\n  - {{ id: b, lives_in: far, objective: o, copies: ["
            ),
        )
    };
    assert_eq!(assets(&rebuild("[a, b]"), &rebuild("[b, a], rebuilt_on: 2026-01-01")), [SAME]);
    assert_eq!(assets(&rebuild("a"), &rebuild("b")), [""; 0]);
}

/// Asserts what is said of an asset with one copy.
#[track_caller]
fn original(asset: &str, copy: &str, expected: &[&str]) {
    assert_eq!(faults(asset, &format!("{{ id: copy, {copy} }}")), expected, "{asset}: {copy}");
}

#[test]
fn a_repository_is_no_mirror_of_itself() {
    let mirror = |url: &str| format!("in: hub, by: git-mirror, url: '{url}'");
    for own in [
        "https://github.com/org/z.git",
        "https://github.com/Org/z",
        "https://GitHub.com/ORG/Z.git/",
        "http://www.github.com/org//z",
        "https://github.com:443/org/z",
        "ssh://git@github.com/org/z.git",
        "ssh://git@ssh.github.com:443/org/z.git",
        "ssh://git@github.com:org/z.git",
        "git://github.com/org/z",
        "https://github.com/org/{name}.git",
        "https://github.com/org/z.wiki.git",
    ] {
        original("lives_in: hub, name: z", &mirror(own), &[COMPARED]);
        original("lives_in: hub, path: z", &mirror(&own.replace("{name}", "z")), &[COMPARED]);
        let each = own.replace("/z", "/{name}").replace("/Z", "/{name}");
        original("lives_in: hub, each: repository", &mirror(&each), &[COMPARED]);
    }
    for another in [
        "https://github.com/org/z-mirror.git",
        "https://github.com/mirrors/z.git",
        "https://mirror.example.org/org/z.git",
        "https://ghe.example.org/org/z.git",
    ] {
        original("lives_in: hub, name: z", &mirror(another), &[]);
    }
    original("lives_in: hub, each: repository", &mirror("https://github.com/org/{name}-mirror"), &[]);
    original("lives_in: office, name: z", &mirror("https://github.com/org/z"), &[]);
}

#[test]
fn a_repository_of_another_host_is_no_mirror_of_itself() {
    let mirror = |url: &str| format!("in: git, by: git-mirror, url: '{url}'");
    for own in [
        "https://ghe.example.org/Org/z.git",
        "ssh://git@ghe.example.org:122/org/z",
        "http://ghe.example.org/org/{name}",
    ] {
        original("lives_in: server, name: z", &mirror(own), &[COMPARED]);
    }
    original("lives_in: server, name: z", &mirror("https://github.com/org/z"), &[]);
    original("lives_in: tenant, name: z", &mirror("https://tenant.ghe.com/jo/z.git"), &[COMPARED]);
    for own in
        ["https://git.example.org/all/z.git", "ssh://git@git.example.org/all/Z/", "https://GIT.example.org/all/{name}"]
    {
        original("lives_in: git, name: z", &mirror(own), &[COMPARED]);
        original("lives_in: git, path: z", &mirror(&own.replace("{name}", "z")), &[COMPARED]);
    }
    original("lives_in: git", &mirror("https://git.example.org/all"), &[COMPARED]);
    original("lives_in: git, name: z", &mirror("https://git.example.org/mirrors/z"), &[]);
    original("lives_in: git, name: z", &mirror("https://git.example.org:8443/all/z"), &[]);
}

#[test]
fn a_place_in_a_bucket_is_no_mirror_of_itself() {
    let mirror = |more: &str| format!("in: vault, by: object-mirror{more}");
    original("lives_in: vault", &mirror(""), &[COMPARED]);
    original("lives_in: vault-too", &mirror(", prefix: ''"), &[COMPARED]);
    original("lives_in: vault, name: data", &mirror(", prefix: data/"), &[COMPARED]);
    original("lives_in: vault, path: data/", &mirror(", prefix: data"), &[COMPARED]);
    original("lives_in: vault, path: all, name: data", &mirror(", prefix: all/data"), &[COMPARED]);
    original("lives_in: vault, each: prefix", &mirror(", prefix: ''"), &[COMPARED]);
    original("lives_in: vault, path: all", &mirror(", of: all/data, prefix: all/data"), &[PART, COMPARED]);
    original("lives_in: vault, each: prefix", &mirror(", prefix: '{name}/'"), &[COMPARED]);
    original("lives_in: vault-too, each: prefix", "in: vault, by: objects, prefix: '{name}/'", &[ITSELF]);
    original("lives_in: vault-too, each: prefix", "in: vault, by: objects, prefix: 'old/{name}/'", &[]);
    // The original is among what the whole bucket holds, and would be found there.
    original("lives_in: vault, path: data", &mirror(""), &[COMPARED]);
    original("lives_in: vault, path: data", &mirror(", prefix: copies/data"), &[]);
    original("lives_in: vault, path: data", &mirror(", prefix: data/copies"), &[]);
    original("lives_in: other-vault, path: data", &mirror(", prefix: data"), &[]);
    original("lives_in: vault, path: data", "in: vault, by: objects, prefix: data", &[ITSELF]);
    // What lies in the original is lost with it, whatever a pattern chooses of it.
    original("lives_in: vault, path: data", "in: vault, by: objects, prefix: data, pattern: 'backup-.*'", &[ITSELF]);
    original("lives_in: vault", "in: vault, by: objects, pattern: '^backup/'", &[]);
}

#[test]
fn a_repository_of_artifacts_is_no_mirror_of_itself() {
    let mirror = |more: &str| format!("in: art, by: artifact-mirror, {more}");
    original("lives_in: art, name: libs", &mirror("repository: libs"), &[COMPARED]);
    original("lives_in: art, path: libs/org/x", &mirror("repository: libs, path: /org/x/"), &[COMPARED]);
    original("lives_in: art, path: libs/org/x", &mirror("repository: libs, of: libs/org/x"), &[COMPARED]);
    original("lives_in: art, name: libs, path: org", &mirror("repository: libs, path: org"), &[COMPARED]);
    original("lives_in: art, name: libs", &mirror("repository: libs-copy"), &[]);
    original("lives_in: art, name: libs", &mirror("repository: other, path: libs"), &[]);
    original("lives_in: art, path: libs/org/x", "in: art, by: artifacts, repository: libs, path: org/x", &[ITSELF]);
    let each = "lives_in: art-too, each: repository";
    original(each, &mirror("repository: '{name}'"), &[COMPARED]);
    original(each, "in: art, by: artifacts, repository: '{name}'", &[ITSELF]);
    original(each, &mirror("repository: 'copy-of-{name}'"), &[]);
}

#[test]
fn a_copy_of_a_part_is_none_of_the_whole() {
    let mirror = |more: &str| format!("in: vault, by: object-mirror, prefix: x/{more}");
    original("lives_in: art, name: libs", &mirror(", of: org"), &[PART]);
    original("lives_in: art, name: libs", &mirror(", of: libs/org"), &[PART]);
    original("lives_in: art, name: libs", &mirror(", of: libs"), &[]);
    original("lives_in: art, name: libs, path: org", &mirror(", of: libs/org/"), &[]);
    original(
        "lives_in: art, each: repository",
        "in: vault, by: object-mirror, prefix: 'x/{name}/', of: '{name}/org'",
        &[PART],
    );
    original("lives_in: art", &mirror(", of: libs/org"), &[]);
    let two = "{ id: a, in: vault, by: object-mirror, prefix: x/, of: libs }, { id: b, in: vault, by: object-mirror, prefix: y/, of: more }";
    assert_eq!(faults("lives_in: art", two), ["this copy is of another part of the asset than an earlier one"]);
}

#[test]
fn what_is_copied_for_each_item_is_looked_for_where_only_that_item_is() {
    const SAME: &str = "every item of this asset would have the same recovery points";
    const OPEN: &str = "the keys of every item whose name only begins so would count too";
    let each = "lives_in: art, each: repository";
    original(each, "in: vault, by: objects, pattern: '^db-'", &[SAME]);
    original(each, "in: vault, by: objects, prefix: 'dumps/{name}'", &[OPEN]);
    original(each, "in: vault, by: objects, prefix: 'dumps/{name}/'", &[]);
    original(each, "in: vault, by: object-mirror, prefix: '{name}-'", &[OPEN]);
    original(each, "in: art, by: artifacts, repository: backups", &[SAME]);
    original(
        "lives_in: art",
        "in: vault, by: objects, prefix: '{name}/'",
        &["`{name}` stands for an item's name, and this asset names none"],
    );
    original("lives_in: art, name: libs", "in: vault, by: objects, prefix: '{name}/'", &[]);
    original(
        "lives_in: art, name: libs",
        "in: vault, by: object-mirror, prefix: /org",
        &["keys of a bucket do not begin with a slash"],
    );
    original(
        "lives_in: office",
        "in: art, by: backup-config, key: daily",
        &["a system's backup configuration speaks of that system alone"],
    );
}
