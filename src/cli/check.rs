//! `lastgood check`: a policy's faults, all at once, and nothing else.
//!
//! Finding them is left to `policy`.

use super::{CheckArgs, exit, input, output};

/// Checks each policy; the exit code says whether any was rejected.
pub(super) fn run(args: &CheckArgs) -> u8 {
    let mut worst = exit::OK;
    for path in &args.policies {
        match input::policy(path) {
            Ok(policy) => {
                let document = policy.document();
                output::note(&format!(
                    "{}: no fault ({}, {}, {})",
                    path.display(),
                    counted(document.systems.0.len(), "system"),
                    counted(document.objectives.0.len(), "objective"),
                    counted(document.assets.len(), "asset")
                ));
            }
            Err(failure) => worst = worst.max(output::complain(&failure)),
        }
    }
    worst
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
