//! Starts the synthetic organisation of the tests, writes a policy for it, and says how to audit it.
//!
//! `cargo run --example estate [PORT] [POLICY]`; without them, port 8787 and `estate.yaml`. Serves until
//! it is interrupted. Nothing leaves this machine, and no credentials are needed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to whoever starts it")]

#[path = "../tests/estate/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
mod estate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use estate::{Estate, Truth};

/// How every policy of the estate begins; a file that begins otherwise is not replaced.
const BEGINS: &str = "# A policy for the synthetic organisation.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(8787), |port| port.parse());
    let policy = PathBuf::from(arguments.next().unwrap_or_else(|| "estate.yaml".to_owned()));
    let Ok(port) = port else {
        eprintln!("usage: estate [PORT] [POLICY]");
        return ExitCode::from(2);
    };
    let estate = Estate::of(Truth::example()).port(port).with_repositories().start();
    if let Err(error) = write(&policy, &estate.policy()) {
        eprintln!("{}: {error}", policy.display());
        return ExitCode::FAILURE;
    }
    println!("The synthetic organisation is at {}", estate.url());
    println!("Its policy is in {}. To audit it:", policy.display());
    println!();
    let of_jenkins = "JENKINS_USER=auditor JENKINS_API_TOKEN=estate-jenkins-admin-01";
    println!("  ESTATE_TOKEN={} {of_jenkins} cargo run -- audit {}", estate::ALL, policy.display());
    println!();
    println!("Ctrl-C ends it.");
    loop {
        std::thread::sleep(Duration::from_secs(3_600));
    }
}

/// Writes the policy, unless somebody else's file is there.
fn write(path: &Path, policy: &str) -> Result<(), String> {
    match std::fs::read_to_string(path) {
        Ok(there) if !there.starts_with(BEGINS) => return Err("this file is not the estate's; name another".to_owned()),
        _ => {}
    }
    std::fs::write(path, policy).map_err(|error| error.to_string())
}
