//! `lastgood whatif`: what the loss of one domain would take.
//!
//! Shows one row of the loss analysis; the analysis is left to the judge.

use super::{Failure, WhatifArgs, exit, input, output};
use crate::evidence::bundle;
use crate::judge::{self, loss};
use crate::model::nearest;
use crate::model::time::human_length;
use crate::render::escape::line;
use crate::render::json;
use crate::report::{self, Loss};

/// The formats of `whatif`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum WhatifFormat {
    /// Text for the terminal.
    Table,
    /// One entry of the report's `losses`.
    Json,
}

/// Shows what is gone, what is left and what nobody can tell.
pub(super) fn run(args: &WhatifArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let known: Vec<String> = loss::domains(&policy).iter().map(ToString::to_string).collect();
    if !known.contains(&args.lose) {
        let meant = nearest(&args.lose, known.iter().map(String::as_str));
        let hint = match meant {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known: {}", known.join(", ")),
        };
        return Err(Failure::Usage {
            message: format!("no system of the policy has the domain `{}`", args.lose),
            hint: Some(hint),
        });
    }
    let observations = input::evidence(&policy, &args.evidence)?;
    let evidence = bundle::merge(observations);
    let audit = judge::judge(&policy, &evidence, input::when(&args.when, &policy));
    let report = report::build(audit, &evidence, &[]);
    let Some(row) = report.losses.iter().find(|loss| loss.domain == args.lose) else {
        return Err(Failure::Tool(format!("the loss of `{}` was not analysed", args.lose)));
    };
    output::print(|out| match args.format {
        WhatifFormat::Table => out.write_all(text(row).as_bytes()).map_err(|error| Failure::tool("whatif", &error)),
        WhatifFormat::Json => json::write_readable(row, out).map_err(|error| Failure::tool("whatif", &error)),
    })?;
    Ok(exit::OK)
}

fn text(loss: &Loss) -> String {
    let mut text = format!("If {} were lost:\n", line(&loss.domain));
    let mut list = |title: &str, entries: Vec<String>| {
        text.push_str(&format!("\n{title} ({})\n", entries.len()));
        for entry in entries {
            text.push_str(&format!("  {entry}\n"));
        }
    };
    list("Gone", loss.lost.iter().map(|asset| line(asset).into_owned()).collect());
    list("Nobody can tell", loss.unknown.iter().map(|asset| line(asset).into_owned()).collect());
    let survivors = loss.survive.iter().map(|left| {
        let asset = line(&left.asset);
        match &left.copy {
            None => format!("{asset}: itself, which the policy has outside of it"),
            Some(copy) => {
                let length = left.exposure_seconds.and_then(chrono::TimeDelta::try_seconds).map(human_length);
                let age = length.map_or_else(
                    || "how much would be lost is unknown".to_owned(),
                    |age| format!("losing at most {age}"),
                );
                format!("{asset}: from copy {}, {age}", line(copy))
            }
        }
    });
    list("Left", survivors.collect());
    text
}
