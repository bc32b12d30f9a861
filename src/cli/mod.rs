//! The command line: one file a command, and the only place that knows clock, files and terminal.
//!
//! Parses arguments and dispatches; what commands mean is left to the library.

mod audit;
mod check;
mod collect;
mod comment;
mod completions;
mod discover;
pub mod exit;
mod explain;
mod files;
mod input;
mod man;
mod network;
mod output;
mod progress;
mod schema;
mod starter;
mod templates;
mod whatif;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::model::Period;
use crate::model::time::{Instant, parse_instant};
use crate::policy::values::NamePattern;
use crate::render::Format;

/// Audits backups: judges every claim of a policy by evidence, and writes the gap report.
#[derive(Debug, Parser)]
#[command(name = "lastgood", version, max_term_width = 100, after_help = exit::HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect evidence, judge it, and render the report: the main job
    Audit(AuditArgs),
    /// Collect evidence and write it down, without judging it
    Collect(CollectArgs),
    /// Judge evidence that was collected before
    Evaluate(EvaluateArgs),
    /// Write the result as one comment under a pull request
    ///
    /// This is the only command that writes anywhere but on this machine. The comment is made, or the one that
    /// is there is changed: never a second. Only a comment of the token's own that begins with lastgood's hidden
    /// mark is ever touched. The token needs "Pull requests: write" for the one repository and nothing else; it
    /// is read from the environment and sent to --api-url alone.
    Comment(Box<CommentArgs>),
    /// List what a system holds and no policy names; write a first policy
    Discover(DiscoverArgs),
    /// Show what the loss of one domain would take
    Whatif(WhatifArgs),
    /// Check a policy and nothing else
    Check(CheckArgs),
    /// Say why a control asks, or how a finding came about
    Explain(ExplainArgs),
    /// Print the JSON Schema of a format
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// The policy to read.
#[derive(Debug, Args)]
struct PolicyArgs {
    /// The policy file
    #[arg(value_name = "POLICY", default_value = "lastgood.yaml")]
    policy: PathBuf,
}

/// When, and over which period.
#[derive(Debug, Args)]
struct WhenArgs {
    /// Judge as of this time: RFC 3339, or a date for its first instant in UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    as_of: Option<Instant>,
    /// Measure attainment over this period: 2026-Q3, 2026-07, 2026 or FROM..TO [default: the policy's `review_every` before the time of the audit]
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
}

/// What to show, where, and when to fail.
#[derive(Debug, Args)]
struct OutputArgs {
    /// The format on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write the report to this file instead of standard output, whole or not at all
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write report.html, report.md, report.json, register.csv and evidence.jsonl into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Use the templates of this folder in place of those of the same name: report.html, report.css, report.js, report.md
    #[arg(long, value_name = "DIR")]
    template_dir: Option<PathBuf>,
    /// Say what is new since this earlier report.json, and since when the rest is known
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
    /// Show only assets whose ids match; may be repeated, a leading ! excludes
    #[arg(long, value_name = "GLOB", value_parser = name_pattern)]
    only: Vec<NamePattern>,
    /// What makes the exit code say so: a gap, an unknown too, or nothing
    #[arg(long, value_enum, default_value_t = exit::FailOn::Unknown, value_name = "WHAT")]
    fail_on: exit::FailOn,
}

#[derive(Debug, Args)]
struct AuditArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Ask no system; judge by the policy's statements and by imported files
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    when: WhenArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    network: network::NetworkArgs,
}

#[derive(Debug, Args)]
struct CollectArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Write the evidence to this file [default: standard output]
    #[arg(long, short, value_name = "FILE", conflicts_with = "out")]
    output: Option<PathBuf>,
    /// Write evidence.jsonl into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Collect only what concerns assets whose ids match; may be repeated, a leading ! excludes
    #[arg(long, value_name = "GLOB", value_parser = name_pattern)]
    only: Vec<NamePattern>,
    /// Look back at least to the beginning of this period [default: as far as the policy's objectives ask]
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
    #[command(flatten)]
    network: network::NetworkArgs,
}

#[derive(Debug, Args)]
struct DiscoverArgs {
    /// What to list: github:ORG, github:user/NAME, s3:BUCKET, artifactory:URL, jenkins:URL, or the id of a system of --policy
    #[arg(value_name = "SYSTEM")]
    system: String,
    /// Say what of it this policy names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["init", "base_url"])]
    policy: Option<PathBuf>,
    /// Write a commented first policy instead of the list
    #[arg(long)]
    init: bool,
    /// Write the first policy to this file, which must not exist [default: standard output]
    #[arg(long, short, value_name = "FILE", requires = "init")]
    output: Option<PathBuf>,
    /// The REST base of a GitHub Enterprise Server, such as `https://ghe.example.org/api/v3`, or the endpoint of an S3 server
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The format on standard output: table or json
    #[arg(long, value_enum, default_value_t = discover::DiscoverFormat::Table)]
    format: discover::DiscoverFormat,
    #[command(flatten)]
    network: network::NetworkArgs,
}

#[derive(Debug, Args)]
struct EvaluateArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    /// An evidence bundle; may be repeated, and several are merged
    #[arg(long, value_name = "FILE", num_args = 1..)]
    evidence: Vec<PathBuf>,
    #[command(flatten)]
    when: WhenArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct CommentArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    /// The repository of the pull request
    #[arg(long, value_name = "OWNER/NAME")]
    repo: crate::post::Repository,
    /// The number of the pull request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pr: u64,
    /// The policy before the change: judge it by the same evidence, and say what the change does
    #[arg(long, value_name = "POLICY")]
    base: Option<PathBuf>,
    /// Say in the comment why the change is compared with nothing
    #[arg(long, value_name = "WHY", conflicts_with = "base", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    not_compared: Option<String>,
    /// The names of the files that the change touches, one a line, as `git diff --name-only` writes them: say which of them are imported as evidence
    #[arg(long, value_name = "FILE", requires = "base")]
    changed: Option<PathBuf>,
    /// Judge nothing and read no file: say in the comment that nothing was judged, and why, in place of what it says of an earlier commit
    #[arg(long, value_name = "WHY", conflicts_with_all = ["base", "not_compared", "evidence", "offline"], value_parser = clap::builder::NonEmptyStringValueParser::new())]
    nothing_judged: Option<String>,
    /// An evidence bundle; may be repeated, and several are merged
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present_any = ["offline", "nothing_judged"], conflicts_with = "offline")]
    evidence: Vec<PathBuf>,
    /// Judge by the policy's statements and by imported files alone
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    when: WhenArgs,
    /// Show only assets whose ids match, and say so; may be repeated, a leading ! excludes
    #[arg(long, value_name = "GLOB", value_parser = name_pattern)]
    only: Vec<NamePattern>,
    /// Tells this comment from others in the pull request [default: the path of POLICY]
    #[arg(long, value_name = "KEY", value_parser = comment_key)]
    key: Option<String>,
    /// The commit that is judged, to be named
    #[arg(long, value_name = "SHA", value_parser = commit)]
    commit: Option<String>,
    /// Where the whole report is, to be linked
    #[arg(long, value_name = "URL", value_parser = web_address)]
    report_url: Option<String>,
    /// Print the comment and write it nowhere; no token is needed
    #[arg(long)]
    dry_run: bool,
    /// Also write the comment's text to this file, such as one for the summary of a job
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The environment variable that holds the token
    #[arg(long, value_name = "NAME", default_value = "GITHUB_TOKEN")]
    token_env: String,
    /// The base of GitHub's REST API; of an Enterprise Server it ends in /api/v3
    #[arg(long, value_name = "URL", default_value = "https://api.github.com")]
    api_url: String,
    /// What makes the exit code say so: a gap, an unknown too, or nothing
    #[arg(long, value_enum, default_value_t = exit::FailOn::Unknown, value_name = "WHAT")]
    fail_on: exit::FailOn,
    #[command(flatten)]
    network: network::NetworkArgs,
}

#[derive(Debug, Args)]
struct WhatifArgs {
    #[command(flatten)]
    policy: PolicyArgs,
    /// The domain that is lost, such as provider=GitHub
    #[arg(long, value_name = "KEY=VALUE", required = true)]
    lose: String,
    /// An evidence bundle; may be repeated. Without one, the policy's statements count alone
    #[arg(long, value_name = "FILE", num_args = 1..)]
    evidence: Vec<PathBuf>,
    /// The format on standard output: table or json
    #[arg(long, value_enum, default_value_t = whatif::WhatifFormat::Table)]
    format: whatif::WhatifFormat,
    #[command(flatten)]
    when: WhenArgs,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The policy files
    #[arg(value_name = "POLICY", default_value = "lastgood.yaml")]
    policies: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// A control such as `retention`, or a finding such as `retention:zos-guests`; `all` lists every control
    #[arg(value_name = "CONTROL|FINDING-ID")]
    what: String,
    /// The policy, for a finding
    #[arg(long, value_name = "POLICY", default_value = "lastgood.yaml")]
    policy: PathBuf,
    /// An evidence bundle, for a finding; may be repeated. Without one, the policy's statements count alone
    #[arg(long, value_name = "FILE", num_args = 1..)]
    evidence: Vec<PathBuf>,
    #[command(flatten)]
    when: WhenArgs,
}

#[derive(Debug, Args)]
struct SchemaArgs {
    /// Which format
    #[arg(value_enum)]
    format: schema::SchemaOf,
}

#[derive(Debug, Args)]
struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

fn instant(text: &str) -> Result<Instant, String> {
    parse_instant(text).ok_or_else(|| "not a time: write 2026-05-01 or 2026-05-01T03:00:00Z".to_owned())
}

/// The longest address and the longest key that are taken, in bytes: a comment has to hold them.
const MAX_TEXT: usize = 2_000;

fn web_address(text: &str) -> Result<String, String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    if !is_web {
        return Err("not an address: it begins with https://".to_owned());
    }
    if text.len() > MAX_TEXT { Err(format!("longer than {MAX_TEXT} bytes")) } else { Ok(text.to_owned()) }
}

fn comment_key(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_TEXT {
        return Err(format!("a key has 1 to {MAX_TEXT} bytes"));
    }
    Ok(text.to_owned())
}

fn commit(text: &str) -> Result<String, String> {
    let is_id = (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(text.to_owned()) } else { Err("not a commit: 7 to 64 hexadecimal digits".to_owned()) }
}

fn name_pattern(text: &str) -> Result<NamePattern, String> {
    NamePattern::new(text).map_err(|why| format!("not a glob: {why}"))
}

/// Why a command could not do its work; each has its exit code.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The policy has faults; the text holds all of them.
    #[error("{0}")]
    Policy(String),
    /// What was asked for cannot be meant.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// The tool failed.
    #[error("{0}")]
    Tool(String),
}

impl Failure {
    fn tool(what: &str, error: &impl std::fmt::Display) -> Self {
        Self::Tool(format!("{what}: {error}"))
    }
}

/// Runs the command line and returns its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::OK };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(exit::FAILED) };
        }
    };
    // A fault of this program is a failure like any other, and never the exit code of a verdict.
    match std::panic::catch_unwind(|| run(cli.command)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => ExitCode::from(output::complain(&failure)),
        Err(_) => {
            output::note("error: this is a fault of lastgood itself; please report it with the message above");
            ExitCode::from(exit::FAILED)
        }
    }
}

fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Audit(args) => audit::audit(&args),
        Command::Collect(args) => collect::run(&args),
        Command::Comment(args) => comment::run(&args),
        Command::Discover(args) => discover::run(&args),
        Command::Evaluate(args) => audit::evaluate(&args),
        Command::Whatif(args) => whatif::run(&args),
        Command::Check(args) => Ok(check::run(&args)),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man => man::run(),
    }
}
