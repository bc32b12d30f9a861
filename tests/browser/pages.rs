//! Writes policies and evidence for the pages that the browser tests open: an estate with history, hostile
//! text, 100,000 assets.
//!
//! `cargo run --example pages -- FOLDER`. `run.mjs` makes the pages of them and
//! says what is expected.

#![expect(clippy::print_stdout, reason = "it says what it wrote")]

use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use chrono::TimeDelta;
use lastgood::evidence::{Fact, Inventory, Item, Observation, Point, RecoveryPoints, bundle};
use lastgood::model::time::{Instant, parse_instant};
use lastgood::model::{Count, Grade, ItemKind};

/// Text that breaks out, runs, loads or reorders where it is not escaped.
const HOSTILE: &str = "</td></script></style></title><script>window.pwned=1</script><img src=x onerror=window.pwned=1> \"><svg onload=window.pwned=1> ' onmouseover='window.pwned=1' x=' \u{202e}drow\u{2066} javascript:window.pwned=1 {{ 7*7 }}";

/// Notes that would do the same as Markdown.
const HOSTILE_NOTES: &str = "# Forged\n\n<script>window.pwned=1</script>\n\n<img src=\"https://evil.example/pixel.png\" onerror=\"window.pwned=1\">\n\n![i](https://evil.example/pixel.png) [click](javascript:window.pwned=1) [data](data:text/html,x) [fine](https://example.org/) \u{202e}drow\n\n<style>body{display:none}</style>\n";

fn now() -> Instant {
    parse_instant("2026-11-23T12:00:00Z").unwrap_or_default()
}

fn policy(assets: &str) -> String {
    format!(
        r"
version: 1
title: Estate of the browser tests
owner: Steering committee
review_every: 92d
systems:
  github: {{ kind: github, org: example, domains: {{ provider: GitHub, account: example }} }}
  near: {{ kind: s3, bucket: near, domains: {{ provider: AWS, account: example, region: eu }} }}
  far: {{ kind: s3, bucket: far, domains: {{ provider: Other, account: other, region: us }} }}
objectives:
  all: {{ rpo: 2d, attainment: 95%, evidence: observed, copies: 2, independent: [provider, account], retention: 28d, severity: high }}
  tested: {{ rpo: 2d, evidence: observed, copies: 2, independent: [provider], retention: 28d, restore_test_every: 1y, severity: medium }}
{assets}
"
    )
}

/// Returns a policy with a section for each part of the organisation, each of as many repositories as match.
fn sections(names: &[&str]) -> String {
    let entries = names.iter().map(|name| {
        let objective = if *name == "sites" { "tested" } else { "all" };
        format!(
            r#"  - id: {name}
    section: Source code / {name}
    lives_in: github
    each: repository
    select: {{ name: ["{name}-*"] }}
    objective: {objective}
    owner: {name} squad
    copies:
      - {{ id: near, in: near, by: objects, prefix: "{{name}}/", claim: "Every repository of {name} is copied each night." }}
      - {{ id: far, in: far, by: objects, prefix: "{{name}}/" }}
"#
        )
    });
    format!("assets:\n{}", entries.collect::<String>())
}

/// Returns what was seen of `assets` repositories over three months, `points` recovery points each copy.
fn observations(names: &[&str], assets: usize, points: i64) -> Vec<Observation> {
    let system = |fact| {
        let mut observation = Observation::new(fact, now());
        observation.system = Some("github".into());
        observation
    };
    let mut all = vec![system(Fact::Inventory(Inventory {
        complete: true,
        count: assets as u64,
        from: now() - TimeDelta::minutes(1),
        kind: ItemKind::Repository,
        public_only: false,
    }))];
    for index in 0..assets {
        let part = names[index % names.len()];
        let name = format!("{part}-{index:06}");
        all.push(system(Fact::Item(Box::new(Item {
            archived: Some(false),
            created_at: Some(now() - TimeDelta::days(900)),
            ..Item::named(ItemKind::Repository, &name)
        }))));
        for copy in ["near", "far"] {
            // Every fifth repository stood still for a while, every ninth has stopped.
            let stopped = if index % 9 == 4 { 20 } else { 0 };
            let pause = |day: i64| index % 5 == 3 && (30..41).contains(&day);
            // Of every seventh the list begins late, so that nobody can tell of the time before.
            let points = if index % 7 == 2 { points.min(50) } else { points };
            let listed = (stopped..points).rev().filter(|day| !pause(*day)).map(|day| Point {
                available_at: Some(now() - TimeDelta::days(day) - TimeDelta::hours(1)),
                bytes: Count::new(1_000_000 + index as u64),
                captured_at: now() - TimeDelta::days(day) - TimeDelta::hours(3),
                digest: None,
                items: None,
                location: None,
            });
            let mut observation = Observation::new(
                Fact::RecoveryPoints(RecoveryPoints {
                    complete: true,
                    from: (index % 7 == 2).then(|| now() - TimeDelta::days(50)),
                    kept_from: None,
                    grade: Grade::Observed,
                    points: listed.collect(),
                }),
                now(),
            );
            observation.asset = Some(format!("{part}/{name}").into());
            observation.copy = Some(copy.into());
            all.push(observation);
        }
    }
    all
}

/// Writes what `lastgood evaluate` makes a page of.
fn write(folder: &Path, name: &str, policy: &str, observations: Vec<Observation>) -> Result<(), Box<dyn Error>> {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("policy.yaml"), policy)?;
    let sealed: Result<Vec<Observation>, _> = observations.into_iter().map(Observation::seal).collect();
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("seen.jsonl"))?);
    bundle::write(&sealed?, &mut file)?;
    file.flush()?;
    println!("{}", folder.display());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    let names = ["core", "tools", "sites"];
    write(folder, "estate", &policy(&sections(&names)), observations(&names, 60, 100))?;
    write(folder, "many", &policy(&sections(&names)), observations(&names, 100_000, 2))?;
    let text = serde_json::to_string(HOSTILE)?;
    let notes = serde_json::to_string(HOSTILE_NOTES)?;
    let hostile = format!(
        r"
version: 1
title: {text}
owner: {text}
systems:
  box: {{ kind: external, domains: {{ provider: {text}, {text}: x }} }}
objectives:
  all: {{ rpo: 1d, evidence: observed, independent: [provider], retention: 28d }}
assets:
  - {{ id: a, section: {text}, title: {text}, lives_in: box, objective: all, owner: {text}, notes: {notes}, copies: [{{ id: c, in: box, by: attestation, statement: {text}, attested_by: {text}, attested_on: 2026-11-01, expires: 2027-11-01, reference: {text}, claim: {text}, said_in: {text} }}] }}
restore_tests:
  - {{ asset: a, on: 2026-01-02, result: failed, tested_by: {text}, reviewed_by: {text}, reference: {text} }}
waivers:
  - {{ control: retention, assets: [a], reason: {text}, approved_by: {text}, approved_on: 2026-01-01, expires: 2027-03-01 }}
"
    );
    write(folder, "hostile", &hostile, Vec::new())
}
