//! `lastgood completions`: a completion script for a shell.
//!
//! Written by clap from the same arguments that are parsed.

use clap::CommandFactory;

use super::{Cli, CompletionsArgs, Failure, exit, output};

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs) -> Result<u8, Failure> {
    output::print(|out| {
        let mut script = Vec::new();
        clap_complete::generate(args.shell, &mut Cli::command(), "lastgood", &mut script);
        out.write_all(&script).map_err(|error| Failure::tool("completions", &error))
    })?;
    Ok(exit::OK)
}
