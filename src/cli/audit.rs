//! `lastgood audit` and `lastgood evaluate`: the main job, from fresh or from earlier evidence.
//!
//! Puts the stages together; each stage's work is left to it.

use std::io;
use std::path::Path;

use super::{AuditArgs, EvaluateArgs, Failure, OutputArgs, WhenArgs, exit, files, input, output, templates};
use crate::collect;
use crate::collect::clock::Clock;
use crate::evidence::{Observation, bundle, stated};
use crate::judge;
use crate::policy::Policy;
use crate::render::{Format, Look, Templates, register_csv};
use crate::report;

/// Collects, judges and renders.
pub(super) fn audit(args: &AuditArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let templates = templates::load(args.output.template_dir.as_deref())?;
    let folder = args.policy.policy.parent().unwrap_or_else(|| Path::new(""));
    let from = args.when.period.map(|period| period.from);
    let options = args.network.options(args.offline, &args.output.only, from)?;
    let mut around = args.network.surroundings(folder, args.offline)?;
    if args.offline {
        // Nothing is looked at, so what is noted is true of any time that is asked for.
        let as_of = input::when(&args.when, &policy).as_of;
        around.clock = Clock::new(move || as_of);
    } else if args.when.as_of.is_some_and(|as_of| as_of < input::now()) {
        output::note(
            "warning: what is collected now is later than --as-of and does not count; use --offline or `evaluate`",
        );
    }
    let gathered = collect::gather(&policy, folder, &options, &around)
        .map_err(|error| Failure::tool("nothing was collected", &error))?;
    for complaint in &gathered.complaints {
        output::note(&format!("warning: {complaint}"));
    }
    // What was seen must not be later than the audit, which is made only now.
    let as_of = if args.offline { Some(around.clock.now()) } else { args.when.as_of };
    let when = WhenArgs { as_of, period: args.when.period };
    finish(&policy, gathered.observations, &when, &args.output, &templates)
}

/// Judges and renders evidence that was collected before.
pub(super) fn evaluate(args: &EvaluateArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let templates = templates::load(args.output.template_dir.as_deref())?;
    let mut observations = input::bundles(&args.evidence)?;
    observations.extend(stated::statements(&policy).map_err(|error| Failure::tool("evidence", &error))?);
    finish(&policy, observations, &args.when, &args.output, &templates)
}

fn finish(
    policy: &Policy,
    observations: Vec<Observation>,
    when: &WhenArgs,
    args: &OutputArgs,
    templates: &Templates,
) -> Result<u8, Failure> {
    let evidence = bundle::merge(observations);
    let audit = judge::judge(policy, &evidence, input::when(when, policy));
    let report = report::build(audit, &evidence, &args.only);
    if !args.only.is_empty() && report.assets.is_empty() {
        return Err(Failure::Usage {
            message: "--only matches no asset, so nothing would be judged".to_owned(),
            hint: Some(
                "it is a glob over ids, such as `source/*`; `lastgood audit --format csv` lists them".to_owned(),
            ),
        });
    }
    if report.evidence.unmatched > 0 {
        let count = report.evidence.unmatched;
        output::note(&format!("warning: {count} observations speak of assets that the policy does not have"));
    }
    if let Some(folder) = &args.out {
        let plain = Look { width: 100, styled: false };
        let render = |name: &str, format: Format, out: &mut dyn io::Write| {
            format.write(&report, plain, templates, out).map_err(|error| Failure::tool(name, &error))
        };
        // The reports last: they say which evidence they rest on, and not the other way round.
        files::write_set(
            folder,
            &[
                ("evidence.jsonl", &|out| {
                    bundle::write(evidence.observations(), out).map_err(|error| Failure::tool("evidence.jsonl", &error))
                }),
                ("register.csv", &|out| {
                    register_csv::write(&report, out).map_err(|error| Failure::tool("register.csv", &error))
                }),
                ("report.json", &|out| render("report.json", Format::Json, out)),
                ("report.md", &|out| render("report.md", Format::Markdown, out)),
                ("report.html", &|out| render("report.html", Format::Html, out)),
            ],
        )?;
        output::note(&format!(
            "wrote report.html, report.md, report.json, register.csv and evidence.jsonl to {}",
            folder.display()
        ));
    }
    output::print_report(&report, args.format, templates)?;
    Ok(exit::code(&report, args.fail_on))
}
