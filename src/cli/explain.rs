//! `lastgood explain`: why a control asks, or how a finding came about.
//!
//! Tells what the controls, the policy and the evidence say; nothing is judged anew but the finding.

use super::{ExplainArgs, Failure, exit, input, output};
use crate::evidence::{Evidence, Observation, bundle};
use crate::judge::{self, controls};
use crate::model::time::{human, rfc3339};
use crate::model::{ControlId, nearest};
use crate::policy::Policy;
use crate::render::escape::line;
use crate::report::{self, Finding, Report};

/// Explains a control, or a finding of a policy.
pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let text = if args.what == "all" {
        ControlId::ALL.iter().filter_map(|id| control(*id)).collect::<Vec<_>>().join("\n")
    } else if let Ok(id) = args.what.parse::<ControlId>() {
        control(id).unwrap_or_default()
    } else if args.what.contains(':') {
        finding(args)?
    } else {
        let known: Vec<&str> = ControlId::ALL.iter().map(|id| id.word()).collect();
        let hint = match nearest(&args.what, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("controls: {}", known.join(", ")),
        };
        return Err(Failure::Usage {
            message: format!("`{}` is neither a control nor a finding", args.what),
            hint: Some(hint),
        });
    };
    output::print(|out| out.write_all(text.as_bytes()).map_err(|error| Failure::tool("explain", &error)))?;
    Ok(exit::OK)
}

fn control(id: ControlId) -> Option<String> {
    let about = controls::find(id)?.about();
    Some(format!(
        "{}\n\n  {}\n\n  Why        {}\n  Asked      {}\n  Remedy     {}\n  Standards  {}\n",
        about.id,
        about.asks,
        about.why,
        about.asked,
        about.remedy,
        about.standards.join("; ")
    ))
}

fn finding(args: &ExplainArgs) -> Result<String, Failure> {
    // Copied from a Markdown report, or from its source, an id may hold the marks that keep it from
    // mentioning anybody and from being drawn as an icon.
    let what = args.what.replace('\u{200b}', "").replace("&#8203;", "");
    let policy = input::policy(&args.policy)?;
    let observations = input::evidence(&policy, &args.evidence)?;
    let evidence = bundle::merge(observations);
    let audit = judge::judge(&policy, &evidence, input::when(&args.when, &policy));
    let report = report::build(audit, &evidence, &[]);
    let Some(found) = report.findings.iter().find(|finding| finding.id() == what) else {
        let ids: Vec<String> = report.findings.iter().map(Finding::id).collect();
        let hint = match nearest(&what, ids.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`lastgood audit --format csv` lists every finding".to_owned(),
        };
        return Err(Failure::Usage { message: format!("there is no finding `{what}`"), hint: Some(hint) });
    };
    Ok(trail(&policy, &report, found, &evidence))
}

/// Returns the whole way from the policy's demand over the evidence to the verdict.
fn trail(policy: &Policy, report: &Report, finding: &Finding, evidence: &Evidence) -> String {
    let mut text = format!("{}\n\n", line(&finding.id()));
    let mut say = |name: &str, value: &str| {
        text.push_str(&format!("  {name:<10} {value}\n"));
    };
    let about = controls::find(finding.control).map(controls::Control::about);
    say("Verdict", &format!("{}, {}, as of {}", finding.verdict, finding.severity, human(report.as_of)));
    say("Because", &line(&finding.because));
    if let Some(since) = finding.since {
        say("Since", &human(since));
    }
    say("Asks", about.map_or("", |about| about.asks));
    let demand = policy.text().lines().nth(finding.policy.line.saturating_sub(1) as usize).unwrap_or_default();
    say("Demanded", &format!("{}:{}:{}", policy.name(), finding.policy.line, finding.policy.column));
    say("", &line(demand.trim()));
    if let Some(waiver) = finding.waiver.and_then(|waiver| report.waivers.get(waiver as usize)) {
        say(
            "Accepted",
            &line(&format!(
                "by {} on {}, until {}: {}",
                waiver.approved_by, waiver.approved_on, waiver.expires, waiver.reason
            )),
        );
    }
    let copies =
        report.assets.iter().find(|asset| Some(&*asset.id) == finding.asset()).and_then(|asset| asset.copies.as_ref());
    for copy in copies.into_iter().flatten().filter(|copy| finding.copy().is_none_or(|id| *id == *copy.id)) {
        say(
            "Copy",
            &line(&format!("{}, by {}: {}, {}; {}", copy.id, copy.by, copy.grade, copy.standing, copy.because)),
        );
    }
    if finding.evidence.is_empty() {
        say("Evidence", "the policy alone");
    }
    for digest in finding.evidence.iter() {
        say("Evidence", &digest.to_string());
        if let Some(observation) =
            evidence.observations().iter().find(|observation| observation.digest == Some(*digest))
        {
            say("", &line(&seen(observation)));
        }
    }
    say("Why", about.map_or("", |about| about.why));
    say("Remedy", finding.remedy());
    say("Standards", &about.map(|about| about.standards.join("; ")).unwrap_or_default());
    text
}

fn seen(observation: &Observation) -> String {
    let source = observation
        .source()
        .request
        .as_deref()
        .or(observation.source().tool.as_deref())
        .unwrap_or("source not recorded");
    let identity =
        observation.source().identity.as_deref().map(|identity| format!(" as {identity}")).unwrap_or_default();
    let fact = serde_json::to_string(&observation.fact).unwrap_or_default();
    format!("{} {source}{identity}: {fact}", rfc3339(observation.observed_at))
}
