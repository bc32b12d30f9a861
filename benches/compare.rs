//! How long comparing two lists of files takes, and how much memory: up to 10,000,000 rows a side, made
//! while they are listed.
//!
//! Prints figures and judges none. Each size runs in a process of its own, so that its peak memory is its
//! own. Servers, and what listing them costs, are left to the benchmark `s3`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "process/mod.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest of it")]
mod process;

use std::process::Command;
use std::sync::Arc;
use std::time::Instant as Clock;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lastgood::collect::clock;
use lastgood::collect::compare::{Kind, Listed, Row, Side, Sums, Ways, files};
use lastgood::collect::miss::Miss;
use lastgood::evidence::Source;
use lastgood::model::Instant;
use tokio::sync::mpsc;

/// How many rows a page has, as S3 has them.
const PAGE: u64 = 1_000;

/// A side of so many rows, of which it leaves out every so-manieth and changes another.
struct Made {
    rows: u64,
    kinds: &'static [Kind],
    leaves_out: Option<u64>,
    changes: Option<u64>,
}

impl Made {
    fn row(&self, number: u64) -> Option<Row> {
        // In an order that is not that of the other side's names, and that no table could profit from.
        let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % self.rows.next_power_of_two();
        if number >= self.rows || self.leaves_out.is_some_and(|every| number.is_multiple_of(every)) {
            return None;
        }
        let (group, version) = (number / 400, number % 400);
        let content = u64::from(self.changes.is_some_and(|every| number % every == 1)) ^ number;
        let mut md5 = [0; 16];
        md5[..8].copy_from_slice(&content.wrapping_mul(0xD6E8_FEB8_6659_FD93).to_be_bytes());
        let mut sha1 = [1; 20];
        sha1[..16].copy_from_slice(&md5);
        Some(Row {
            name: format!("org/example/component-{group}/1.{version}.0/component-{group}-1.{version}.0.jar").into(),
            bytes: 4_096 + number % 1_000_000,
            sums: Sums { md5: Some(md5), sha1: self.kinds.contains(&Kind::Sha1).then_some(sha1), ..Sums::default() },
            arrived_at: Some(Instant::UNIX_EPOCH),
            closer: false,
        })
    }
}

impl Side for Made {
    fn name(&self) -> String {
        format!("{} rows", self.rows)
    }

    fn kinds(&self) -> &'static [Kind] {
        self.kinds
    }

    fn list(&self, out: mpsc::Sender<Vec<Row>>) -> BoxFuture<'_, Result<Listed, Miss>> {
        async move {
            let end = self.rows.next_power_of_two();
            for first in (0..end.div_ceil(PAGE)).map(|page| page * PAGE) {
                let page = (first..(first + PAGE).min(end)).filter_map(|number| self.row(number)).collect();
                if out.send(page).await.is_err() {
                    break;
                }
            }
            Ok(Listed { began: Instant::UNIX_EPOCH, lacks: None, source: Source::default() })
        }
        .boxed()
    }

    fn closer<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Sums, Miss>> {
        async { Err(Miss::unreadable("nothing to see")) }.boxed()
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn measure(rows: u64, kinds: &'static [Kind], what: &str) -> Result<(), Box<dyn std::error::Error>> {
    let original = Arc::new(Made { rows, kinds, leaves_out: None, changes: None });
    let copy = Arc::new(Made { rows, kinds, leaves_out: Some(1_000), changes: Some(5_000) });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let began = Clock::now();
    let clock = clock::Clock::new(|| Instant::UNIX_EPOCH);
    let large = tokio::sync::Semaphore::new(1);
    let ways = Ways { sampled_ppm: None, large: &large };
    let found = runtime.block_on(files(original, copy, ways, &clock))?.comparison;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{rows:>9} rows a side by {what:<9} {:>9} equal {:>6} missing {:>5} different | {seconds:>6.2} s, {:>9.0} rows a second | peak {} MiB",
        found.equal,
        found.missing,
        found.different,
        2.0 * rows as f64 / seconds,
        process::peak_mib(None)
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    if let Some(rows) = arguments.next() {
        let rows: u64 = rows.parse()?;
        return match arguments.next().as_deref() {
            Some("sha1") => measure(rows, &[Kind::Sha1, Kind::Md5], "sha1, md5"),
            _ => measure(rows, &[Kind::Md5], "md5"),
        };
    }
    let this = std::env::current_exe()?;
    for rows in ["100000", "1000000", "10000000"] {
        Command::new(&this).arg(rows).status()?;
    }
    Command::new(&this).args(["10000000", "sha1"]).status()?;
    Ok(())
}
