//! Cases of doubt end to end: what must not read as green, and what must not wait for ever.
//!
//! Each was once taken for more than was seen. Faults of servers are in `collecting_faults`.

use std::process::Command;
use std::time::{Duration, Instant};

use lastgood::collect::plan::{self, Holdings};
use lastgood::evidence::{Fact, Item};
use lastgood::model::{ItemKind, UnseenReason};

use crate::collecting::{audited, mirrored, options};
use crate::estate::git::GitHost;
use crate::estate::{self, Estate, Fault, Truth, When};
use crate::support::{policy, stderr, verdict};

const HEAD: &str =
    "version: 1\ntitle: T\nobjectives:\n  o: { rpo: 1d, evidence: verified }\n  w: { rpo: 1d, evidence: observed }\n";

fn questions(text: &str, names: &[&str]) -> Vec<String> {
    let items = names.iter().map(|name| Item::named(ItemKind::Repository, name)).collect();
    let holdings = Holdings::from([("gh".to_owned(), items)]);
    plan::jobs(&policy(text), &holdings, &[], None, estate::now()).iter().map(plan::Job::name).collect()
}

#[test]
fn what_differs_in_anything_that_is_asked_is_another_question() {
    let paths = format!(
        "{HEAD}systems:\n  here: {{ kind: git, url: \"https://one.example\" }}\n  there: {{ kind: git, url: \"https://two.example\" }}\nassets:\n  - {{ id: a, lives_in: here, path: a.git, objective: o, copies: [{{ id: m, in: there, by: git-mirror, url: \"https://two.example/backup.git\" }}] }}\n  - {{ id: b, lives_in: here, path: b.git, objective: o, copies: [{{ id: m, in: there, by: git-mirror, url: \"https://two.example/backup.git\" }}] }}\n"
    );
    assert_eq!(questions(&paths, &[]), ["a: m", "b: m"], "one copy of two originals");
    let workflows = format!(
        "{HEAD}systems:\n  gh: {{ kind: github, org: x }}\nassets:\n  - {{ id: src, lives_in: gh, each: repository, objective: w, copies: [{{ id: w, in: gh, by: workflow, repository: ops, workflow: \"backup-{{name}}.yml\" }}] }}\n"
    );
    assert_eq!(questions(&workflows, &["alpha", "beta"]), ["src/alpha: w", "src/beta: w"]);
    let files = |copy: &str, homes: [&str; 2]| {
        let systems = "  r: { kind: artifactory, url: \"https://r.example\" }\n  q: { kind: artifactory, url: \"https://q.example\" }\n  one: { kind: s3, bucket: one }\n  two: { kind: s3, bucket: two }\n  three: { kind: s3, bucket: three }\n  p: { kind: artifactory, url: \"https://p.example\" }\n  out: { kind: external }\n";
        let asset = |id: &str, home: &str| {
            format!("  - {{ id: {id}, lives_in: {home}, name: libs, objective: w, copies: [{{ id: m, {copy} }}] }}\n")
        };
        let text = format!("{HEAD}systems:\n{systems}assets:\n{}{}", asset("a", homes[0]), asset("b", homes[1]));
        questions(&text, &[]).len()
    };
    // Whose repository is replicated, and whether what lies there is the original, is another question for each.
    assert_eq!(files("in: q, runs_in: r, by: replication, repository: libs", ["r", "out"]), 2);
    assert_eq!(files("in: one, by: objects, prefix: libs/", ["two", "three"]), 2);
    assert_eq!(files("in: q, by: artifacts, repository: libs", ["r", "p"]), 2);
    assert_eq!(files("in: one, by: objects, prefix: libs/", ["r", "out"]), 1, "no original lies near");
}

/// Returns a policy of one original and one mirror at a git host.
fn pair(host: &GitHost, original: &str, copy: &str, more: &str) -> String {
    let root = host.url("x").replace("/x.git", "");
    format!(
        "{HEAD}systems:\n  here: {{ kind: git, url: \"{root}\" }}\n  there: {{ kind: git, url: \"{root}\" , domains: {{ provider: Other }} }}\nassets:\n  - {{ id: a, lives_in: here, path: {original}, objective: o, copies: [{{ id: m, in: there, by: git-mirror, url: \"{copy}\"{more} }}] }}\n"
    )
}

#[test]
fn the_original_under_a_former_name_is_no_copy_however_well_the_host_is_known() {
    let host = GitHost::start();
    let app = host.create("app");
    app.commit("main");
    app.mirror_to(&host.create("copy"));
    let real = pair(&host, "app.git", &host.url("copy"), "");
    let (report, _) = audited(&real, "", &options());
    assert_eq!(verdict(&report, "copies:a"), "met");
    let alias = pair(&host, "app.git", &host.odd_url("alias", "app"), "");
    let (report, _) = audited(&alias, "", &options());
    assert_eq!(verdict(&report, "copies:a"), "unknown");
    assert!(report.unseen.iter().any(|entry| entry.what.contains("the original itself")), "{:?}", report.unseen);
    let local = pair(&host, "app.git", &host.url("app").replace("127.0.0.1", "localhost"), "");
    assert_ne!(verdict(&audited(&local, "", &options()).0, "copies:a"), "met", "one machine has several names");
}

#[test]
fn a_wiki_is_compared_with_the_wiki() {
    let host = GitHost::start();
    let (app, wiki) = (host.create("app"), host.create("app.wiki"));
    app.commit("main");
    wiki.commit("main");
    wiki.commit("main");
    app.mirror_to(&host.create("code"));
    wiki.mirror_to(&host.create("pages"));
    let covers = ", covers: [wiki]";
    let (report, _) = audited(&pair(&host, "app.git", &host.url("pages"), covers), "", &options());
    assert_eq!(verdict(&report, "copy-complete:a:m"), "met");
    let (report, _) = audited(&pair(&host, "app.git", &host.url("code"), covers), "", &options());
    assert_eq!(verdict(&report, "copy-complete:a:m"), "gap", "the code is no copy of the wiki");
}

#[test]
fn a_login_page_tells_nothing_of_a_copy() {
    let estate = Estate::example();
    let text = |header: &str| {
        format!(
            "{HEAD}systems:\n  web: {{ kind: external }}\n  vault: {{ kind: external }}\nassets:\n  - {{ id: a, lives_in: web, objective: w, copies: [{{ id: h, in: vault, by: http, url: \"{}/zen\", header: {header} }}] }}\n",
            estate.url()
        )
    };
    estate.fault("/zen", When::Always, Fault::Redirect("/login".to_owned()));
    let (report, _) = audited(&text("Last-Modified"), "", &options());
    assert_eq!(verdict(&report, "copies:a"), "unknown");
    assert!(report.unseen.iter().any(|entry| entry.reason == UnseenReason::Unreadable), "{:?}", report.unseen);
    assert_eq!(estate.requests_to("/login").len(), 0);
    for header in ["Date", "expires"] {
        let refused = lastgood::policy::Policy::parse("p.yaml", text(header).as_bytes());
        assert!(refused.is_err_and(|rejection| rejection.to_string().contains("tells of the answer")), "{header}");
    }
}

#[test]
fn issues_move_without_a_push() {
    let estate = Estate::example();
    let whole = mirrored(&estate);
    let told = |text: &str| {
        let (_, observations) = audited(text, estate::ALL, &options());
        observations.iter().filter(|observation| matches!(observation.fact, Fact::Changes(_))).count()
    };
    assert!(told(&whole) > 10, "git alone");
    assert_eq!(told(&whole.replace("facets: [git]", "facets: [git, issues]")), 0);
    assert_eq!(told(&whole.replace("    facets: [git]\n", "")), 0, "all that there is");
}

#[test]
fn what_one_question_is_refused_is_not_refused_to_the_others() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let text = estate.policy().replace(", token: { env: ESTATE_TOKEN }", "");
    let (report, _) = audited(&text, "", &options());
    assert_eq!(verdict(&report, "copies:binaries"), "met", "releases are public, exports are not");
    assert!(report.unseen.iter().any(|entry| entry.what.contains("migrations")), "{:?}", report.unseen);
}

fn run(folder: &std::path::Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastgood"));
    command.args(args).current_dir(folder).env_clear().envs(estate::ENVIRONMENT).output().expect("it runs")
}

#[test]
fn a_login_that_takes_long_holds_up_no_deadline() {
    let estate = Estate::example();
    estate.fault("/graphql", When::Always, Fault::Silence);
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "{HEAD}systems:\n  gh: {{ kind: github, org: estate, base_url: \"{url}\", token: {{ env: ESTATE_TOKEN }} }}\n  web: {{ kind: external }}\nassets:\n  - {{ id: conf, lives_in: web, objective: w, copies: [{{ id: h, in: gh, by: http, url: \"{url}/zen\", header: Last-Modified }}, {{ id: c, in: gh, by: commits, repository: configs }}] }}\n",
        url = estate.url()
    );
    std::fs::write(folder.path().join("p.yaml"), text).expect("written");
    let began = Instant::now();
    let output = run(folder.path(), &["audit", "p.yaml", "--only", "conf", "--timeout", "10s", "--deadline", "2s"]);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(matches!(output.status.code(), Some(10 | 11)), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_folder_that_never_answers_holds_up_no_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.git");
    for part in ["objects", "refs"] {
        std::fs::create_dir_all(copy.join(part)).expect("a folder");
    }
    let made = Command::new("mkfifo").arg(copy.join("HEAD")).status().expect("mkfifo runs");
    assert!(made.success());
    let host = GitHost::start();
    host.create("app").commit("main");
    let text = pair(&host, "app.git", &format!("file://{}", copy.display()), "");
    std::fs::write(folder.path().join("p.yaml"), text).expect("written");
    let began = Instant::now();
    let output = run(folder.path(), &["audit", "p.yaml", "--timeout", "1s", "--deadline", "3s", "--out", "out"]);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(folder.path().join("out/report.md").exists(), "{}", stderr(&output));
}

#[test]
fn numbers_that_cannot_be_meant_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for wrong in [
        ["--timeout", "18446744073709551615s"],
        ["--timeout", "0s"],
        ["--deadline", "9999y"],
        ["--jobs", "0"],
        ["--jobs", "9999999999999999999"],
    ] {
        let output = run(folder.path(), &["audit", "p.yaml", wrong[0], wrong[1]]);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{wrong:?}");
    }
}

#[test]
fn what_nobody_may_see_is_said_by_collect_and_discover_too() {
    let estate = Estate::of(Truth::example()).with_repositories().start();
    let folder = tempfile::tempdir().expect("a folder");
    let text = mirrored(&estate)
        .replace(", token: { env: ESTATE_TOKEN }", "")
        .replace("each: repository", "each: repository\n    select: { name: [api-layer] }");
    std::fs::write(folder.path().join("p.yaml"), &text).expect("written");
    let output = run(folder.path(), &["collect", "p.yaml", "-o", "e.jsonl"]);
    assert_eq!(output.status.code(), Some(11));
    assert!(stderr(&output).contains("may not see all that is private"), "{}", stderr(&output));
    let excluded = format!(
        "{text}exclude:\n  - {{ in: github, name: \"*\", private: true, reason: r, owner: o, review_by: 2099-01-01 }}\n"
    );
    std::fs::write(folder.path().join("p.yaml"), excluded).expect("written");
    let output = run(folder.path(), &["collect", "p.yaml", "-o", "e.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let nothing = run(folder.path(), &["collect", "p.yaml", "--only", "nothing*", "-o", "n.jsonl"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", stderr(&nothing));
    assert!(!folder.path().join("n.jsonl").exists());
    let bad = run(folder.path(), &["discover", "github:estate", "--base-url", "ftp://x"]);
    assert_eq!(bad.status.code(), Some(2));
}
