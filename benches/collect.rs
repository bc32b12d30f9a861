//! How long collecting takes, and how much memory, against the synthetic organisation with 50 ms added to
//! every answer: 5,000 repositories listed, 1,000 mirrors compared, and `git ls-remote` beside it.
//!
//! Prints figures and judges none. Collecting runs in a process of its own, so that its peak memory is
//! its own; the peer and the tool take turns.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/estate/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
mod estate;
#[path = "process/mod.rs"]
mod process;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant as Clock};

use estate::{Estate, Truth, many};
use process::Took;

/// What is added to every answer.
const LATENCY: Duration = Duration::from_millis(50);
/// How often each is measured.
const RUNS: usize = 3;
/// How many mirrors are compared.
const MIRRORS: u32 = 1_000;
/// How many of them the peer reads, which is much slower: it is measured on fewer, and said so.
const PEER_MIRRORS: u32 = 200;

fn policy(github: &Estate, git: &Estate, mirrors: bool) -> String {
    let copies = if mirrors {
        format!("[{{ id: mirror, in: mirror, by: git-mirror, url: \"{}/mirror/{{name}}.git\" }}]", git.url())
    } else {
        "[]".to_owned()
    };
    format!(
        r#"
version: 1
title: Benchmark
systems:
  github: {{ kind: github, org: estate, base_url: "{}", token: {{ env: ESTATE_TOKEN }}, domains: {{ provider: GitHub }} }}
  mirror: {{ kind: git, url: "{}/mirror", domains: {{ provider: Mirror }} }}
objectives:
  o: {{ rpo: 1d, evidence: verified }}
assets:
  - {{ id: source, lives_in: github, each: repository, facets: [git, wiki, issues, releases, lfs], objective: o, owner: Squad, copies: {copies} }}
"#,
        github.url(),
        git.url(),
    )
}

/// Starts a GitHub of so many repositories, and a git host for their refs and those of their mirrors.
fn start(count: u64) -> (Estate, Estate) {
    let mut truth = Truth::of_many(count);
    "estate".clone_into(&mut truth.organization);
    let github = Estate::of(truth).mount(many::router(many::Many { latency: Duration::ZERO })).start();
    let git = Estate::of(Truth::of_many(0)).mount(many::router(many::Many { latency: Duration::ZERO })).start();
    github.latency(LATENCY);
    git.latency(LATENCY);
    (github, git)
}

/// Collects in a process of its own, and returns what it took.
fn collect(text: &str) -> std::io::Result<Took> {
    let folder = tempfile::tempdir()?;
    process::collect(text, &folder.path().join("evidence.jsonl"), 16, estate::ALL)
}

/// Reads both sides of so many mirrors by `git ls-remote`, 16 at once, and returns how long it took.
fn peer(github: &Estate, git: &Estate, count: u32) -> std::io::Result<Duration> {
    let urls: Vec<String> = github
        .truth()
        .repositories
        .iter()
        .take(count as usize)
        .flat_map(|repository| {
            [
                format!("{}/estate/{}.git", github.url(), repository.name),
                format!("{}/mirror/{}.git", git.url(), repository.name),
            ]
        })
        .collect();
    let began = Clock::now();
    let mut child = Command::new("xargs")
        .args(["-P", "16", "-n", "1", "git", "ls-remote", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        std::io::Write::write_all(&mut input, urls.join("\n").as_bytes())?;
    }
    child.wait()?;
    Ok(began.elapsed())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (github, git) = start(5_000);
    for _ in 0..RUNS {
        github.forget();
        let Took { time, peak_mib } = collect(&policy(&github, &git, false))?;
        println!(
            "5,000 repositories listed with facets: {:.2} s, {} requests, peak {peak_mib} MiB",
            time.as_secs_f64(),
            github.requests().len()
        );
    }
    let (github, git) = start(MIRRORS.into());
    for _ in 0..RUNS {
        github.forget();
        git.forget();
        let Took { time, peak_mib } = collect(&policy(&github, &git, true))?;
        let requests = github.requests().len() + git.requests().len();
        let peer = peer(&github, &git, PEER_MIRRORS)?;
        let (each, peer_each) = (time.as_secs_f64() / f64::from(MIRRORS), peer.as_secs_f64() / f64::from(PEER_MIRRORS));
        println!(
            "{MIRRORS} mirrors compared: {:.2} s, {requests} requests, peak {peak_mib} MiB | git ls-remote of {PEER_MIRRORS}: {:.2} s | {:.1} and {:.1} ms a mirror, {:.1} times as fast",
            time.as_secs_f64(),
            peer.as_secs_f64(),
            each * 1_000.0,
            peer_each * 1_000.0,
            peer_each / each
        );
    }
    Ok(())
}
