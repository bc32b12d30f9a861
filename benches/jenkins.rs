//! How long a controller's jobs take, and how much memory, against the estate with 50 ms added to every
//! answer, at 4 connections: 5,000 jobs in nested folders listed, and then with where each is defined.
//!
//! Prints figures and judges none. Collecting runs in a process of its own, so that its peak memory is its
//! own. The definitions are classified one question a job, so their rate is that of 4 questions in 50 ms.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/estate/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
mod estate;
#[path = "process/mod.rs"]
mod process;

use std::time::Duration;

use estate::jenkins::Controller;
use estate::{Estate, Truth};
use process::Took;

/// What is added to every answer.
const LATENCY: Duration = Duration::from_millis(50);
/// How often each is measured.
const RUNS: usize = 3;
/// Folders, as many folders in each, and jobs in each of those: shapes of 5,000 jobs.
const SHAPES: [(usize, usize); 2] = [(10, 50), (50, 2)];

fn policy(estate: &Estate, definitions: bool) -> String {
    let select = if definitions { ", select: { defined_in: jenkins }" } else { "" };
    format!(
        r#"
version: 1
title: Benchmark
systems:
  ci: {{ kind: jenkins, url: "{}/jenkins", domains: {{ provider: own }} }}
objectives:
  o: {{ rpo: 1d }}
assets:
  - {{ id: jobs, lives_in: ci, each: job{select}, objective: o, owner: Squad, copies: [] }}
"#,
        estate.url(),
    )
}

/// Collects in a process of its own, and returns what it took and how many items it wrote.
fn collect(text: &str) -> std::io::Result<(Took, usize)> {
    let folder = tempfile::tempdir()?;
    let evidence = folder.path().join("evidence.jsonl");
    let took = process::collect(text, &evidence, 4, "")?;
    let items = std::fs::read_to_string(evidence)?.lines().filter(|line| line.contains("\"item\"")).count();
    Ok((took, items))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (folders, jobs) in SHAPES {
        let mut truth = Truth::of_many(0);
        truth.jenkins = vec![Controller::of_many(folders, jobs)];
        let estate = Estate::of(truth).start();
        estate.latency(LATENCY);
        for _ in 0..RUNS {
            estate.forget();
            let (Took { time, peak_mib }, items) = collect(&policy(&estate, false))?;
            println!(
                "{items} jobs in {folders} x {folders} folders: {:.2} s, {} requests, {} at once, peak {peak_mib} MiB",
                time.as_secs_f64(),
                estate.requests().len(),
                estate.most_at_once()
            );
        }
        estate.forget();
        let (Took { time, peak_mib }, items) = collect(&policy(&estate, true))?;
        println!(
            "  with where each is defined: {:.2} s, {} requests, {} at once, {:.0} definitions a second, peak {peak_mib} MiB",
            time.as_secs_f64(),
            estate.requests().len(),
            estate.most_at_once(),
            f64::from(u32::try_from(items)?) / time.as_secs_f64()
        );
    }
    Ok(())
}
