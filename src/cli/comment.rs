//! `lastgood comment`: judges, and writes the result as one comment under a pull request.
//!
//! The only command that writes anywhere but on this machine. What is written is left to `render`; how,
//! to `post`.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use secrecy::SecretString;

use super::network::{self, NetworkArgs};
use super::{CommentArgs, Failure, WhenArgs, exit, files, input, output};
use crate::collect::clock::Clock;
use crate::collect::{Surroundings, http};
use crate::evidence::{Fact, Observation, bundle};
use crate::judge;
use crate::policy::changes::{self, Elsewhere};
use crate::policy::values::SecretRef;
use crate::policy::{Copy, Policy};
use crate::post::{How, Posted, Poster, Target, marker};
use crate::render::comment::{Extras, nothing_judged, text};
use crate::report::{self, Report};

/// Judges, compares and comments.
pub(super) fn run(args: &CommentArgs) -> Result<u8, Failure> {
    let marker = marker(&args.key.clone().unwrap_or_else(|| key_of(&args.policy.policy)));
    if let Some(why) = &args.nothing_judged {
        let to = destination(args)?;
        let extras = Extras { marker: Some(&marker), ..extras(args) };
        deliver(args, to, &marker, &nothing_judged(why, &extras), "nothing was judged")?;
        // Nothing that was judged is nothing that is known.
        return Ok(if args.fail_on == exit::FailOn::Unknown { exit::UNKNOWN } else { exit::OK });
    }
    let policy = input::policy(&args.policy.policy)?;
    let base = args.base.as_deref().map(input::policy).transpose()?;
    // Whatever cannot be meant is said before anything is judged.
    let to = destination(args)?;
    let seen = if args.offline { None } else { Some(input::bundles(&args.evidence)?) };
    let when = input::when(&args.when, &policy);
    let judged = |policy: &Policy, seen: Option<&[Observation]>| {
        let times = WhenArgs { as_of: Some(when.as_of), period: args.when.period };
        judged(policy, args, seen, &times)
    };
    let head = judged(&policy, seen.as_deref())?;
    let changes = match &base {
        None => None,
        Some(base) => {
            let asks = changes::between(base, &policy, when.as_of);
            let elsewhere = changes::elsewhere(base, &policy);
            // Without a network each policy's own files are read, wherever they are.
            let elsewhere = if args.offline { elsewhere.with_files_of_each() } else { elsewhere };
            let of_base = seen.as_ref().map(|seen| speaks_of_base(seen, &elsewhere));
            Some(report::changes::changes(&judged(base, of_base.as_deref())?, &head, asks, &elsewhere))
        }
    };
    let imports = args.changed.as_deref().map(|list| changed_imports(list, args, base.iter().chain([&policy])));
    let imports = imports.transpose()?.unwrap_or_default();
    let extras = Extras { marker: Some(&marker), changes: changes.as_ref(), changed_imports: &imports, ..extras(args) };
    deliver(args, to, &marker, &text(&head, &extras), &verdict(&head))?;
    Ok(exit::code(&head, args.fail_on))
}

/// Returns those files of a list that `policies` import, as the policies name them.
fn changed_imports<'p>(
    list: &Path,
    args: &CommentArgs,
    policies: impl Iterator<Item = &'p Policy>,
) -> Result<Vec<String>, Failure> {
    let text = std::fs::read(list).map_err(|error| Failure::Usage {
        message: format!("cannot read the list of changed files {}: {error}", list.display()),
        hint: None,
    })?;
    let text = String::from_utf8_lossy(&text);
    let changed: HashSet<PathBuf> = text.lines().map(|line| plain(Path::new(line))).collect();
    let folder = args.policy.policy.parent().unwrap_or_else(|| Path::new(""));
    let mut files: Vec<String> = Vec::new();
    for copy in policies.flat_map(|policy| &policy.document().assets).filter_map(|asset| asset.copies.known()).flatten()
    {
        let Copy::Import(import) = copy else { continue };
        let file = &import.file.value;
        if changed.contains(&plain(&folder.join(file))) && !files.contains(file) {
            files.push(file.clone());
        }
    }
    Ok(files)
}

/// Returns a path without `.` and, as far as it says so itself, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// Returns what the command line alone puts into the comment.
fn extras(args: &CommentArgs) -> Extras<'_> {
    Extras {
        not_compared: args.not_compared.as_deref(),
        commit: args.commit.as_deref(),
        report_url: args.report_url.as_deref(),
        ..Extras::default()
    }
}

/// Writes the comment where it is wanted; `verdict` is told before that, whatever becomes of it.
fn deliver(
    args: &CommentArgs,
    to: Option<Destination>,
    marker: &str,
    body: &str,
    verdict: &str,
) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        let name = path.display().to_string();
        files::write_one(path, &|out| out.write_all(body.as_bytes()).map_err(|error| Failure::tool(&name, &error)))?;
    }
    output::note(verdict);
    let Some(to) = to else {
        return output::print(|out| {
            out.write_all(body.as_bytes()).map_err(|error| Failure::tool("standard output", &error))
        });
    };
    let posted = post(to, marker, body).map_err(|error| Failure::tool("the comment was not written", &error))?;
    for complaint in &posted.complaints {
        output::note(&format!("warning: {complaint}"));
    }
    output::note(&told(&posted));
    Ok(())
}

/// Where the comment goes, and what it takes to bring it there.
struct Destination {
    target: Target,
    token: SecretString,
    settings: http::Settings,
    around: Surroundings,
}

/// Returns where the comment goes; `None` for a dry run.
fn destination(args: &CommentArgs) -> Result<Option<Destination>, Failure> {
    if args.dry_run {
        return Ok(None);
    }
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
    Ok(Some(Destination { target, token, settings, around }))
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

/// Returns what was seen by the new policy and is evidence of the old one too. Statements are the policies' own.
fn speaks_of_base(seen: &[Observation], elsewhere: &Elsewhere) -> Vec<Observation> {
    let speaks = |one: &&Observation| {
        !matches!(one.fact, Fact::Statement(_))
            && !elsewhere.drops(one.asset.as_deref(), one.copy.as_deref(), one.system.as_deref())
    };
    seen.iter().filter(speaks).cloned().collect()
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
        Some(seen) => input::with_statements(policy, seen.to_vec())?,
        None => offline(policy, &args.policy.policy, &args.network, when.as_of)?,
    };
    let evidence = bundle::merge(observations);
    Ok(report::build(judge::judge(policy, &evidence, when), &evidence, &args.only))
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
    network::gather(policy, folder, &options, &around)
}

/// Returns the key of a policy's comment where none is given: so several policies have each their own.
fn key_of(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
    let key = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    key.replacen("//", "/", 1)
}

fn verdict(report: &Report) -> String {
    format!("{}: {}", report.verdict, report.summary.assets)
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
