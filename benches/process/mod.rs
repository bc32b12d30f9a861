//! Processes that are measured: how long each ran, and its peak memory.
//!
//! What is run, and what of it is printed, is left to the benchmarks.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant as Clock};

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From its start to its end.
    pub(crate) time: Duration,
    /// Its peak resident memory in MiB; zero where the system does not tell.
    pub(crate) peak_mib: u64,
}

/// Runs a program to its end and returns what it took.
///
/// # Errors
///
/// Where it does not start or does not end well. Its command is not repeated: the environment may hold keys.
pub(crate) fn run(command: &mut Command) -> std::io::Result<Took> {
    let began = Clock::now();
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
    // The kernel forgets the peak when the process ends, so it is read while it runs.
    let mut peak = 0;
    let status = loop {
        peak = peak_mib(Some(child.id())).max(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let time = began.elapsed();
    if !status.success() {
        return Err(std::io::Error::other(format!("it ended with {status}")));
    }
    Ok(Took { time, peak_mib: peak })
}

/// Runs `lastgood collect` of a policy into `evidence`, with so many questions at once.
///
/// # Errors
///
/// As `run`, and where the policy cannot be written beside the evidence.
pub(crate) fn collect(policy: &str, evidence: &Path, at_once: u8, token: &str) -> std::io::Result<Took> {
    let path = evidence.with_file_name("policy.yaml");
    std::fs::write(&path, policy)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastgood"));
    command.args(["collect", "--quiet", "--jobs", &at_once.to_string(), "-o"]).arg(evidence).arg(&path);
    run(command.env("ESTATE_TOKEN", token))
}

/// Returns the peak resident memory of a process, or of this one, in MiB; zero where the system does not tell.
pub(crate) fn peak_mib(id: Option<u32>) -> u64 {
    let process = id.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
