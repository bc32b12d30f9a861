//! `lastgood comment`: judges, and writes the result as one comment under a pull request.
//!
//! The only command that writes anywhere but on this machine. What is written is left to `render`; how,
//! to `post`.

use std::path::Path;

use secrecy::SecretString;

use super::network::NetworkArgs;
use super::{CommentArgs, Failure, WhenArgs, exit, files, input, output};
use crate::collect::clock::Clock;
use crate::collect::{self, Surroundings, http};
use crate::evidence::{Observation, bundle, stated};
use crate::judge;
use crate::policy::values::SecretRef;
use crate::policy::{Policy, changes};
use crate::post::{How, Posted, Poster, Target, marker};
use crate::render::comment::{Extras, text};
use crate::report::{self, Report};

/// Judges, compares and comments.
pub(super) fn run(args: &CommentArgs) -> Result<u8, Failure> {
    let policy = input::policy(&args.policy.policy)?;
    let base = args.base.as_deref().map(input::policy).transpose()?;
    // Whatever cannot be meant is said before anything is judged.
    let to = if args.dry_run { None } else { Some(destination(args)?) };
    let seen = if args.offline { None } else { Some(input::bundles(&args.evidence)?) };
    let when = input::when(&args.when, &policy);
    let judged = |policy: &Policy| {
        let times = WhenArgs { as_of: Some(when.as_of), period: args.when.period };
        judged(policy, args, seen.as_deref(), &times)
    };
    let head = judged(&policy)?;
    let changes = match &base {
        None => None,
        Some(base) => {
            let asks = changes::between(base, &policy, when.as_of);
            Some(report::changes::changes(&judged(base)?, &head, asks))
        }
    };
    let key = args.key.clone().unwrap_or_else(|| key_of(&args.policy.policy));
    let marker = marker(&key);
    let extras = Extras { marker: Some(&marker), changes: changes.as_ref(), report_url: args.report_url.as_deref() };
    let body = text(&head, &extras);
    if let Some(path) = &args.output {
        let name = path.display().to_string();
        files::write_one(path, &|out| out.write_all(body.as_bytes()).map_err(|error| Failure::tool(&name, &error)))?;
    }
    output::note(&verdict(&head));
    match to {
        None => output::print(|out| {
            out.write_all(body.as_bytes()).map_err(|error| Failure::tool("standard output", &error))
        })?,
        Some(to) => {
            let posted =
                post(to, &marker, &body).map_err(|error| Failure::tool("the comment was not written", &error))?;
            for complaint in &posted.complaints {
                output::note(&format!("warning: {complaint}"));
            }
            output::note(&told(&posted));
        }
    }
    Ok(exit::code(&head, args.fail_on))
}

/// Where the comment goes, and what it takes to bring it there.
struct Destination {
    target: Target,
    token: SecretString,
    settings: http::Settings,
    around: Surroundings,
}

fn destination(args: &CommentArgs) -> Result<Destination, Failure> {
    let usage = |message: String, hint: &str| Failure::Usage { message, hint: Some(hint.to_owned()) };
    let target = Target::new(&args.api_url, args.repo.clone(), args.pr)
        .map_err(|why| usage(why, "--api-url is the base of GitHub's REST, such as https://ghe.example.org/api/v3"))?;
    let settings = args.network.options(false, &[], None)?.door;
    let around = args.network.surroundings(Path::new(""), false)?;
    let token = around.keys.read(&SecretRef::Env(args.token_env.clone())).map_err(|miss| {
        usage(
            miss.what,
            "set it to a token with \"Pull requests: write\" for the repository and nothing else, or use --dry-run",
        )
    })?;
    Ok(Destination { target, token, settings, around })
}

fn post(to: Destination, marker: &str, body: &str) -> Result<Posted, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let settings = http::Settings { stop: to.around.stop, ..to.settings };
    runtime.block_on(async {
        let door = http::Door::open(settings, to.around.clock, to.around.keys.clone())?;
        let posted = Poster::new(&door, to.token, to.target).publish(marker, body).await;
        posted.map_err(|refused| to.around.keys.scrub(&refused.to_string()))
    })
}

/// Returns the report of one policy: by the evidence that all share, and by what the policy itself states.
fn judged(
    policy: &Policy,
    args: &CommentArgs,
    seen: Option<&[Observation]>,
    times: &WhenArgs,
) -> Result<Report, Failure> {
    let when = input::when(times, policy);
    let observations = match seen {
        Some(seen) => {
            let mut all = seen.to_vec();
            all.extend(stated::statements(policy).map_err(|error| Failure::tool("evidence", &error))?);
            all
        }
        None => offline(policy, &args.policy.policy, &args.network, when.as_of)?,
    };
    let evidence = bundle::merge(observations);
    Ok(report::build(judge::judge(policy, &evidence, when), &evidence, &[]))
}

/// Returns what the policy states and imports. Files lie beside the new policy for the old one too: so
/// both are judged by the same.
fn offline(
    policy: &Policy,
    path: &Path,
    network: &NetworkArgs,
    as_of: crate::model::time::Instant,
) -> Result<Vec<Observation>, Failure> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let options = network.options(true, &[], None)?;
    let mut around = network.surroundings(folder, true)?;
    around.clock = Clock::new(move || as_of);
    let gathered = collect::gather(policy, folder, &options, &around)
        .map_err(|error| Failure::tool("nothing was collected", &error))?;
    for complaint in &gathered.complaints {
        output::note(&format!("warning: {complaint}"));
    }
    Ok(gathered.observations)
}

/// Returns the key of a policy's comment where none is given: so several policies have each their own.
fn key_of(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, std::path::Component::CurDir));
    let key = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    key.replacen("//", "/", 1)
}

fn verdict(report: &Report) -> String {
    let counts = &report.summary.assets;
    format!(
        "{}: {} assets: {} met, {} gap, {} unknown, {} accepted, {} new",
        report.verdict, counts.total, counts.met, counts.gap, counts.unknown, counts.accepted, counts.new
    )
}

fn told(posted: &Posted) -> String {
    let how = match posted.how {
        How::Created => "wrote",
        How::Updated => "updated",
        How::Unchanged => "left as it was, for it says so already,",
    };
    let removed = match posted.removed {
        0 => String::new(),
        1 => "; removed a second one".to_owned(),
        more => format!("; removed {more} others"),
    };
    format!("{how} the comment {}{removed}", posted.url)
}
