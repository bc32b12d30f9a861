//! `lastgood audit` and `lastgood evaluate`: the main job, from fresh or from earlier evidence.
//!
//! Puts the stages together; each stage's work is left to it.

use std::io;
use std::path::Path;

use super::{AuditArgs, EvaluateArgs, Failure, OutputArgs, WhenArgs, exit, files, input, network, output, templates};
use crate::collect::clock::Clock;
use crate::evidence::{Observation, bundle};
use crate::judge;
use crate::model::time::rfc3339;
use crate::policy::Policy;
use crate::render::{Format, Look, Templates, register_csv};
use crate::report::{self, Report, baseline};

/// The look of what goes to files.
const PLAIN: Look = Look { width: 100, styled: false };

/// Collects, judges and renders.
pub(super) fn audit(args: &AuditArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let baseline = args.output.baseline()?;
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
    let observations = network::gather(&policy, folder, &options, &around)?;
    // What was seen must not be later than the audit, which is made only now.
    let as_of = if args.offline { Some(around.clock.now()) } else { args.when.as_of };
    let when = WhenArgs { as_of, period: args.when.period };
    finish(&policy, observations, &when, baseline, &args.output, &templates)
}

/// Judges and renders evidence that was collected before.
pub(super) fn evaluate(args: &EvaluateArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let baseline = args.output.baseline()?;
    let templates = templates::load(args.output.template_dir.as_deref())?;
    let observations = input::evidence(&policy, &args.evidence)?;
    finish(&policy, observations, &args.when, baseline, &args.output, &templates)
}

/// An earlier report, and the file that it was read from.
type Earlier<'a> = (&'a Path, baseline::Baseline);

impl OutputArgs {
    /// Reads the earlier report, before any work that would be in vain without it.
    fn baseline(&self) -> Result<Option<Earlier<'_>>, Failure> {
        self.baseline.as_deref().map(|path| Ok((path, input::baseline(path)?))).transpose()
    }
}

fn finish(
    policy: &Policy,
    observations: Vec<Observation>,
    when: &WhenArgs,
    baseline: Option<Earlier<'_>>,
    args: &OutputArgs,
    templates: &Templates,
) -> Result<u8, Failure> {
    let evidence = bundle::merge(observations);
    let audit = judge::judge(policy, &evidence, input::when(when, policy));
    let mut report = report::build(audit, &evidence, &args.only);
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
    if let Some(baseline) = baseline {
        compare(&mut report, baseline, args)?;
    }
    if let Some(folder) = &args.out {
        let render = |name: &str, format: Format, out: &mut dyn io::Write| {
            format.write(&report, PLAIN, templates, out).map_err(|error| Failure::tool(name, &error))
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
    if let Some(caution) = args.format.renderer().caution(&report) {
        output::note(&format!("warning: {caution}"));
    }
    match &args.output {
        Some(file) => {
            files::write_one(file, &|out| output::render(&report, args.format, PLAIN, templates, out))?;
            output::note(&format!("wrote {}", file.display()));
        }
        None => output::print_report(&report, args.format, templates)?,
    }
    Ok(exit::code(&report, args.fail_on))
}

/// Compares with an earlier report, and says how many findings are new.
fn compare(report: &mut Report, (path, baseline): Earlier<'_>, args: &OutputArgs) -> Result<(), Failure> {
    let name = path.display();
    baseline::compare(report, baseline, &args.only)
        .map_err(|error| Failure::Usage { message: format!("cannot compare with {name}: {error}"), hint: None })?;
    let Some(compared) = &report.baseline else { return Ok(()) };
    if compared.title != report.policy.title {
        output::note(&format!(
            "warning: {name} is the report of a policy called {:?}, and this one is called {:?}",
            compared.title, report.policy.title
        ));
    }
    output::note(&format!("since {} ({name}): {compared}", rfc3339(compared.as_of)));
    Ok(())
}
