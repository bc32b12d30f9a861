//! `lastgood man`: the manual page, in roff.
//!
//! Written by clap from the same arguments that are parsed.

use clap::CommandFactory;

use super::{Cli, Failure, exit, output};

/// Prints the page, then one section for each command.
pub(super) fn run() -> Result<u8, Failure> {
    let failed = |error: std::io::Error| Failure::tool("man", &error);
    output::print(|out| {
        let mut command = Cli::command();
        command.build();
        clap_mangen::Man::new(command.clone()).render(out).map_err(failed)?;
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let page = clap_mangen::Man::new(sub.clone());
            page.render_synopsis_section(out).map_err(failed)?;
            page.render_description_section(out).map_err(failed)?;
            page.render_options_section(out).map_err(failed)?;
        }
        Ok(())
    })?;
    Ok(exit::OK)
}
