//! How long listing 100,000 objects takes, and how much memory, in one prefix and over 100: this tool, and
//! beside it `rclone lsjson` and the AWS command line, taking turns on one server. Then the same of comparing
//! two buckets of 20,000 objects, beside `rclone check`. The arguments `list` and `compare` choose one of both.
//!
//! The server is Ceph's gateway where `LASTGOOD_S3_SERVERS` names one (`tests/servers/up.sh` starts it), else
//! the S3 of the tests. Prints figures and judges none. Each tool is a process of its own, so that its peak
//! memory is its own; a tool that is not there is said to be missing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/estate/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
mod estate;
#[path = "process/mod.rs"]
#[expect(dead_code, reason = "other benchmarks use the rest of it")]
mod process;
#[path = "../tests/servers/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod servers;

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use estate::{Estate, Truth, s3};
use futures_util::{StreamExt as _, stream};
use lastgood::collect::clock;
use lastgood::collect::http::{Door, Settings};
use lastgood::collect::s3::Bucket;
use lastgood::collect::secrets::Keyring;
use lastgood::policy::{Policy, System};
use process::Took;
use secrecy::SecretString;
use servers::{Client, Server};
use tokio::sync::mpsc;

/// How often each is measured.
const RUNS: usize = 3;
/// How many objects there are.
const COUNT: usize = 100_000;
/// How many objects each side of a comparison has.
const SIDE: usize = 20_000;
/// The buckets that are compared.
const SIDES: [&str; 2] = ["bench-original", "bench-copy"];
/// The argument by which this program lists a bucket and ends.
const LIST: &str = "--list-a-bucket";

/// Where the objects lie.
#[derive(Debug, Clone, Copy)]
enum Shape {
    OnePrefix,
    HundredPrefixes,
}

impl Shape {
    const fn bucket(self) -> &'static str {
        match self {
            Self::OnePrefix => "bench-one",
            Self::HundredPrefixes => "bench-hundred",
        }
    }

    const fn prefixes(self) -> usize {
        match self {
            Self::OnePrefix => 1,
            Self::HundredPrefixes => 100,
        }
    }

    fn key(self, number: usize) -> String {
        format!("backups/p{:04}/db-{number:08}.tar.gz", number % self.prefixes())
    }
}

/// What a run of a tool took, and how many objects it listed, as far as it says so.
type Run = (Took, usize);

/// Runs a program to its end and returns what it took. Its output goes to a file, and `count` finds in it
/// how many objects there were.
fn run(mut command: Command, count: impl Fn(&str) -> usize) -> Result<Run, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("output");
    let took = process::run(command.stdout(File::create(&path)?))?;
    Ok((took, count(&std::fs::read_to_string(&path)?)))
}

/// Returns a program that lists a bucket, with the server's key in its environment.
fn tool(program: impl Into<OsString>, server: &Server) -> Command {
    let mut command = Command::new(program.into());
    command
        .env("AWS_ACCESS_KEY_ID", &server.id)
        .env("AWS_SECRET_ACCESS_KEY", &server.secret)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("RCLONE_CONFIG", "")
        // The remote `bench:` of `rclone`, which otherwise reads remotes from a file.
        .env("RCLONE_CONFIG_BENCH_TYPE", "s3")
        .env("RCLONE_CONFIG_BENCH_PROVIDER", "Ceph")
        .env("RCLONE_CONFIG_BENCH_ENV_AUTH", "true")
        .env("RCLONE_CONFIG_BENCH_ENDPOINT", &server.url);
    command
}

/// The tools that compare, by name.
const COMPARERS: [&str; 2] = ["lastgood collect", "rclone check"];

fn comparing(name: &str, server: &Server, folder: &Path) -> Result<Run, Box<dyn Error>> {
    let [original, copy] = SIDES;
    if name == "rclone check" {
        let mut command = tool("rclone", server);
        command.args(["check", "--fast-list", "--combined", "-"]);
        command.args([format!("bench:{original}"), format!("bench:{copy}")]);
        return run(command, |text| text.lines().filter(|line| line.starts_with("= ")).count());
    }
    let system =
        |bucket: &str| format!("{{ kind: s3, bucket: {bucket}, endpoint: '{}', region: us-east-1 }}", server.url);
    let path = folder.join("policy.yaml");
    let text = format!(
        "version: 1\ntitle: T\nsystems:\n  one: {}\n  two: {}\nobjectives:\n  o: {{ rpo: 1d }}\n\
         assets:\n  - {{ id: a, lives_in: one, objective: o, copies: [{{ id: c, in: two, by: object-mirror }}] }}\n",
        system(original),
        system(copy)
    );
    std::fs::write(&path, text)?;
    let mut command = tool(env!("CARGO_BIN_EXE_lastgood"), server);
    command.args(["collect", "--quiet"]).arg(&path);
    run(command, |text| {
        let equal = text.split_once("\"equal\":").map_or("", |(_, rest)| rest);
        equal.split(|c: char| !c.is_ascii_digit()).next().and_then(|count| count.parse().ok()).unwrap_or_default()
    })
}

/// Compares by each tool in turn, and prints what it took.
fn compare(server: &Server) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for _ in 0..RUNS {
        let mut ours: Option<Duration> = None;
        for name in COMPARERS {
            let (took, found) = match comparing(name, server, folder.path()) {
                Ok(run) => run,
                Err(error) => {
                    println!("two sides of {SIDE} objects: {name}: not measured: {error}");
                    continue;
                }
            };
            if name == COMPARERS[0] {
                ours = Some(took.time);
            }
            let ratio = ours.map_or(f64::NAN, |ours| took.time.as_secs_f64() / ours.as_secs_f64());
            println!(
                "two sides of {SIDE} objects: {name}: {:.2} s, {ratio:.1} times as long as lastgood, peak {} MiB, {found} equal",
                took.time.as_secs_f64(),
                took.peak_mib
            );
        }
    }
    Ok(())
}

/// Returns the key of an object of a side.
fn key_of_side(number: usize) -> String {
    format!("releases/r{:03}/app-{number:06}.tar.gz", number % 200)
}

/// The tools, by name.
const TOOLS: [&str; 4] = ["lastgood", "rclone lsjson", "aws s3api list-objects-v2", "aws s3 ls"];

fn listing(name: &str, server: &Server, bucket: &str) -> Result<Run, Box<dyn Error>> {
    let lines = |text: &str, with: &str| text.lines().filter(|line| line.contains(with)).count();
    match name {
        "lastgood" => {
            let mut command = tool(std::env::current_exe()?, server);
            command.args([LIST, &server.url, bucket]);
            run(command, |text| text.trim().parse().unwrap_or_default())
        }
        "rclone lsjson" => {
            let mut command = tool("rclone", server);
            // As little as the others do: no question for each object, no thousand folders one after another.
            command.args([
                "lsjson",
                "--recursive",
                "--files-only",
                "--fast-list",
                "--no-mimetype",
                "--use-server-modtime",
            ]);
            command.arg(format!(":s3,provider=Ceph,env_auth,endpoint='{}':{bucket}", server.url));
            run(command, move |text| lines(text, "\"Path\""))
        }
        "aws s3api list-objects-v2" => {
            let mut command = tool("aws", server);
            command.args([
                "s3api",
                "list-objects-v2",
                "--output",
                "json",
                "--endpoint-url",
                &server.url,
                "--bucket",
                bucket,
            ]);
            run(command, move |text| lines(text, "\"Key\""))
        }
        _ => {
            let mut command = tool("aws", server);
            command.args(["s3", "ls", "--recursive", "--endpoint-url", &server.url, &format!("s3://{bucket}")]);
            run(command, move |text| text.lines().count())
        }
    }
}

/// Lists a bucket, in this process, and prints how many objects it has.
async fn list(url: &str, bucket: &str) -> Result<(), Box<dyn Error>> {
    let text = format!(
        "version: 1\ntitle: T\nsystems:\n  s: {{ kind: s3, bucket: {bucket}, endpoint: '{url}', region: us-east-1 }}\n  x: {{ kind: external }}\n\
         objectives:\n  o: {{ rpo: 1d }}\nassets:\n  - {{ id: a, lives_in: x, objective: o, copies: unknown }}\n"
    );
    let policy = Policy::parse("policy.yaml", text.as_bytes()).map_err(|rejection| rejection.to_string())?;
    let Some(System::S3(system)) = policy.document().systems.get("s") else { return Err("no system".into()) };
    let keys = Keyring::new(Path::new("."), |name| {
        std::env::var_os(name).and_then(|value| value.into_string().ok()).map(SecretString::from)
    });
    let settings = Settings { per_second: NonZeroU32::MAX, ..Settings::default() };
    let door = Door::open(settings, clock::Clock::new(estate::now), keys.clone())?;
    let bucket = Arc::new(Bucket::new(door, keys, system)?);
    let side = bucket.side("");
    let (out, mut pages) = mpsc::channel::<Vec<lastgood::collect::compare::Row>>(4);
    let count = async {
        let mut count = 0;
        while let Some(page) = pages.recv().await {
            count += page.len();
        }
        count
    };
    let (count, listed) = tokio::join!(count, side.list(out));
    if let Some(lacks) = listed?.lacks {
        return Err(lacks.into());
    }
    println!("{count}");
    Ok(())
}

/// Fills a bucket, where it is not full already.
async fn fill(
    client: &Client,
    bucket: &'static str,
    count: usize,
    key: impl Fn(usize) -> String,
) -> Result<(), Box<dyn Error>> {
    let request = servers::Request { bucket, ..servers::Request::default() };
    if client.send(http::Method::HEAD, request).await.status.is_success() {
        return Ok(());
    }
    client.make(bucket, false).await;
    let writes = stream::iter(0..count).map(|number| {
        let (client, key) = (client.clone(), key(number));
        tokio::spawn(async move { client.put(bucket, &key, "x").await })
    });
    let mut writes = writes.buffer_unordered(64);
    while let Some(written) = writes.next().await {
        written?;
    }
    Ok(())
}

/// Starts the S3 of the tests.
fn own() -> Estate {
    let shapes = [Shape::OnePrefix, Shape::HundredPrefixes];
    let names = shapes.iter().map(|shape| shape.bucket()).chain(SIDES);
    let buckets: String = names.map(|name| format!("  - {{ name: {name} }}\n")).collect::<Vec<_>>().concat();
    let truth = format!("keys: [{{ id: AKIABENCH, secret: bench-secret }}]\nbuckets:\n{buckets}");
    let truth = Truth { s3: s3::Truth::parse(&truth), ..Truth::of_many(0) };
    let estate = Estate::of(truth).start();
    for shape in shapes {
        estate.s3().change(shape.bucket(), |objects| {
            objects.extend((0..COUNT).map(|number| {
                let key = shape.key(number);
                (key.clone(), s3::truth::Object::new(&key, 1))
            }));
        });
    }
    for side in SIDES {
        estate.s3().change(side, |objects| {
            objects.extend((0..SIDE).map(key_of_side).map(|key| (key.clone(), s3::truth::Object::new(&key, 1))));
        });
    }
    estate
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, how, url, bucket] = &arguments[..]
        && how == LIST
    {
        return runtime.block_on(list(url, bucket));
    }
    let ceph = Server::all().into_iter().find(|server| server.name == "ceph");
    let own = ceph.is_none().then(own);
    let server = ceph.unwrap_or_else(|| Server {
        name: "the S3 of the tests".to_owned(),
        url: own.as_ref().map(Estate::s3_url).unwrap_or_default(),
        id: "AKIABENCH".to_owned(),
        secret: "bench-secret".to_owned(),
    });
    println!("on {}", server.name);
    let chosen = |what: &str| {
        let named = |name: &str| arguments.iter().any(|argument| argument == name);
        named(what) || !(named("list") || named("compare"))
    };
    let client = own.is_none().then(|| Client::new(&server));
    if chosen("compare") {
        if let Some(client) = &client {
            for side in SIDES {
                runtime.block_on(fill(client, side, SIDE, key_of_side))?;
            }
        }
        compare(&server)?;
    }
    for shape in [Shape::OnePrefix, Shape::HundredPrefixes].into_iter().filter(|_| chosen("list")) {
        if let Some(client) = &client {
            runtime.block_on(fill(client, shape.bucket(), COUNT, |number| shape.key(number)))?;
        }
        for _ in 0..RUNS {
            let mut ours: Option<Duration> = None;
            for name in TOOLS {
                let (took, found) = match listing(name, &server, shape.bucket()) {
                    Ok(run) => run,
                    Err(error) => {
                        println!("{COUNT} objects over {} prefixes: {name}: not measured: {error}", shape.prefixes());
                        continue;
                    }
                };
                if name == TOOLS[0] {
                    ours = Some(took.time);
                }
                let ratio = ours.map_or(f64::NAN, |ours| took.time.as_secs_f64() / ours.as_secs_f64());
                println!(
                    "{COUNT} objects over {} prefixes: {name}: {:.2} s, {ratio:.1} times as long as lastgood, peak {} MiB, {found} found",
                    shape.prefixes(),
                    took.time.as_secs_f64(),
                    took.peak_mib
                );
            }
        }
    }
    Ok(())
}
