//! How long an audit takes, and how much memory: 1,000, 10,000 and 100,000 assets with two copies of
//! 30 recovery points each; the start of the program; the sample policy.
//!
//! Prints figures and judges none. Each size runs in a process of its own, so that its peak memory is
//! its own.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[path = "process/mod.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest of it")]
mod process;

use std::hint::black_box;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant as Clock};

use chrono::TimeDelta;
use lastgood::evidence::bundle::{self, Digests};
use lastgood::evidence::{Fact, Inventory, Item, Observation, Point, RecoveryPoints};
use lastgood::judge::{self, When};
use lastgood::model::time::{Instant, parse_instant};
use lastgood::model::{Count, Grade, ItemKind, Period};
use lastgood::policy::Policy;
use lastgood::render::{Format, Look};
use lastgood::report;

const POLICY: &str = r#"
version: 1
title: Benchmark
systems:
  github: { kind: github, org: example, domains: { provider: GitHub, account: example } }
  near: { kind: s3, bucket: near, domains: { provider: AWS, account: example, region: eu } }
  far: { kind: s3, bucket: far, domains: { provider: Other, account: other, region: us } }
objectives:
  all: { rpo: 1d, attainment: 99%, evidence: observed, copies: 2, independent: [provider, account], retention: 28d, severity: high }
assets:
  - id: source
    section: Source
    lives_in: github
    each: repository
    objective: all
    owner: Release squad
    copies:
      - { id: near, in: near, by: objects, prefix: "{name}/" }
      - { id: far, in: far, by: objects, prefix: "{name}/" }
"#;

/// How often each size is measured. The first run may pay for memory that the machine has to fetch.
const RUNS: usize = 3;

fn now() -> Instant {
    parse_instant("2026-11-23T12:00:00Z").unwrap_or_default()
}

/// Returns observations of `assets` repositories with two copies of `points` recovery points each, one
/// after the other, so that this process holds no memory that the measured one needs.
fn observations(assets: usize, points: i64) -> impl Iterator<Item = Observation> {
    let system = |fact| {
        let mut observation = Observation::new(fact, now());
        observation.system = Some("github".into());
        observation
    };
    let inventory = system(Fact::Inventory(Inventory {
        complete: true,
        count: assets as u64,
        from: now() - TimeDelta::minutes(1),
        kind: ItemKind::Repository,
        public_only: false,
    }));
    std::iter::once(inventory).chain((0..assets).flat_map(move |index| {
        let name = format!("repository-{index:06}");
        let item = system(Fact::Item(Box::new(Item {
            archived: Some(false),
            created_at: Some(now() - TimeDelta::days(900)),
            ..Item::named(ItemKind::Repository, &name)
        })));
        let copies = ["near", "far"].map(|copy| listing(index, &name, copy, points));
        std::iter::once(item).chain(copies)
    }))
}

/// Returns the list of the recovery points of one copy.
fn listing(index: usize, name: &str, copy: &str, points: i64) -> Observation {
    // Every hundredth repository has been without a backup for three days.
    let gap = if index.is_multiple_of(100) { 3 } else { 0 };
    let listed = (gap..points + gap).rev().map(|day| Point {
        available_at: Some(now() - TimeDelta::days(day) - TimeDelta::hours(1)),
        bytes: Count::new(1_000_000 + index as u64),
        captured_at: now() - TimeDelta::days(day) - TimeDelta::hours(2),
        digest: None,
        items: None,
        location: None,
    });
    let mut observation = Observation::new(
        Fact::RecoveryPoints(RecoveryPoints {
            complete: true,
            from: None,
            kept_from: None,
            grade: Grade::Observed,
            points: listed.collect(),
        }),
        now(),
    );
    observation.asset = Some(format!("source/{name}").into());
    observation.copy = Some(copy.into());
    observation
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Clock::now();
    let result = work();
    (start.elapsed(), result)
}

fn engine(assets: usize) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("evidence.jsonl");
    {
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
        for observation in observations(assets, 30) {
            bundle::write(&[observation.seal()?], &mut file)?;
        }
        file.flush()?;
        // Writing it back to the disk takes time that belongs to nobody's work.
        file.get_ref().sync_all()?;
    }
    let size = std::fs::metadata(&path)?.len();
    drop(folder.keep());
    for _ in 0..RUNS {
        let child = Command::new(std::env::current_exe()?).args(["--child", &path.display().to_string()]).output()?;
        print!("{}", String::from_utf8_lossy(&child.stdout).replace("{size}", &format!("{} MB", size / 1_000_000)));
        eprint!("{}", String::from_utf8_lossy(&child.stderr));
    }
    std::fs::remove_file(&path)?;
    Ok(())
}

/// Reads, judges and renders one bundle in this process.
fn child(path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::parse("bench.yaml", POLICY.as_bytes())?;
    let (reading, evidence) = timed(|| -> Result<_, Box<dyn std::error::Error>> {
        let file = std::fs::File::open(path)?;
        let read = bundle::read(path, file, Digests::Required).map_err(|refused| refused[0].to_string())?;
        Ok(bundle::merge(read))
    });
    let evidence = evidence?;
    let when = When { as_of: now(), period: Period::ending(now(), policy.review_every()) };
    let (judging, audit) = timed(|| judge::judge(&policy, &evidence, when));
    let (building, report) = timed(|| report::build(audit, &evidence, &[]));
    let look = Look { width: 100, styled: false };
    let mut sink = Counting(0);
    let (json, done) = timed(|| Format::Json.renderer().render(&report, look, &mut sink));
    done?;
    let json_bytes = sink.0;
    let mut sink = Counting(0);
    let (markdown, done) = timed(|| Format::Markdown.renderer().render(&report, look, &mut sink));
    done?;
    // The page last and apart: its memory beside the peak of all before it.
    let before = process::peak_mib(None);
    let mut sink = Counting(0);
    let (html, done) = timed(|| Format::Html.renderer().render(&report, look, &mut sink));
    done?;
    let html_bytes = sink.0;
    let work = judging + building + json + markdown;
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand is exact")]
    let each = ms(work) * 1_000.0 / report.assets.len() as f64;
    println!(
        "{:>7} assets {:>8} findings | read {{size}} {:>6.0} ms | judge {:>6.0} ms, view {:>6.0} ms, json {:>4} MB {:>6.0} ms, markdown {:>4.0} ms | together {:>6.0} ms, {:>5.2} µs an asset | peak {} MiB | html {:.1} MB {:>5.0} ms, peak {} MiB",
        black_box(&report).assets.len(),
        report.findings.len(),
        ms(reading),
        ms(judging),
        ms(building),
        json_bytes / 1_000_000,
        ms(json),
        ms(markdown),
        ms(work),
        each,
        before,
        megabytes(html_bytes),
        ms(html),
        process::peak_mib(None)
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn ms(length: Duration) -> f64 {
    length.as_secs_f64() * 1_000.0
}

/// A writer that only counts, so that no disk is measured.
struct Counting(u64);

impl std::io::Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Prints the median time of a whole process.
fn process(name: &str, args: &[&str]) -> std::io::Result<()> {
    let mut times = Vec::new();
    for _ in 0..21 {
        let (time, output) = timed(|| Command::new(env!("CARGO_BIN_EXE_lastgood")).args(args).output());
        output?;
        times.push(time);
    }
    times.sort_unstable();
    println!("{name}: median {:.1} ms, from {:.1} to {:.1} ms", ms(times[10]), ms(times[0]), ms(times[20]));
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    if let Some(position) = args.iter().position(|arg| arg == "--child") {
        return child(args.get(position + 1).map_or("", String::as_str));
    }
    process("lastgood --version", &["--version"])?;
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/zowe-2020.yaml");
    process("lastgood audit zowe-2020", &["audit", policy, "--offline", "--as-of", "2020-07-22"])?;
    for assets in [1_000, 10_000, 100_000] {
        engine(assets)?;
    }
    Ok(())
}
