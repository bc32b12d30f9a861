//! A git host: real repositories, served over smart HTTP by the real `git http-backend`.
//!
//! It runs on threads of its own on loopback, so tests may block. What is expected of the tool stands in
//! the tests.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{get, post};
use base64::Engine as _;
use chrono::{DateTime, TimeDelta};
use lastgood::model::Instant;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;

/// When the first commit of any repository was made: 2026-01-01T00:00:00Z.
const EPOCH: i64 = 1_767_225_600;

/// How a host answers for a repository; the first part of the path says which.
const WAYS: [&str; 6] = ["alias", "cut", "moved", "old", "page", "slow"];

/// A git host.
pub struct GitHost {
    folder: tempfile::TempDir,
    address: SocketAddr,
    served: Arc<Served>,
    runtime: Option<Runtime>,
}

/// What all requests share.
struct Served {
    folder: PathBuf,
    /// The header that is asked for, where one is.
    authorization: Option<String>,
    user: String,
    requests: AtomicUsize,
}

impl GitHost {
    /// Starts a host that everybody may read.
    pub fn start() -> Self {
        Self::serve(None)
    }

    /// Starts a host that only this user may read, with this password.
    pub fn start_for(user: &str, password: &str) -> Self {
        Self::serve(Some((user, password)))
    }

    fn serve(login: Option<(&str, &str)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let encoded = login
            .map(|(user, password)| base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")));
        let served = Arc::new(Served {
            folder: folder.path().to_path_buf(),
            authorization: encoded.map(|encoded| format!("Basic {encoded}")),
            user: login.map_or_else(String::new, |(user, _)| user.to_owned()),
            requests: AtomicUsize::new(0),
        });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on_elsewhere(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&served));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { folder, address, served, runtime: Some(runtime) }
    }

    /// Returns the address of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.address)
    }

    /// Returns an address under which a repository is answered for in another way: `cut` in the middle
    /// of every answer, `alias` by a redirect of the first question alone, `moved` by a redirect to the right address, `old` without protocol version 2, by
    /// a `page` for people, `slow` by some seconds.
    pub fn odd_url(&self, way: &str, name: &str) -> String {
        assert!(WAYS.contains(&way), "{way}");
        format!("http://{}/{way}/{name}.git", self.address)
    }

    /// Returns how many requests came.
    pub fn requests(&self) -> usize {
        self.served.requests.load(Ordering::Relaxed)
    }

    /// Makes an empty repository with the branch `main` to be.
    pub fn create(&self, name: &str) -> Repo {
        self.create_with(name, &[])
    }

    /// As `create`, with more arguments for `git init`.
    pub fn create_with(&self, name: &str, more: &[&str]) -> Repo {
        Repo::create(&self.folder.path().join(format!("{name}.git")), more)
    }
}

/// Returns the repositories `folder`/OWNER/NAME.git, to be mounted beside other things.
pub fn router(folder: &Path) -> Router {
    let served = Served {
        folder: folder.to_path_buf(),
        authorization: None,
        user: String::new(),
        requests: AtomicUsize::new(0),
    };
    Router::new()
        .route("/{owner}/{name}/info/refs", get(answer))
        .route("/{owner}/{name}/git-upload-pack", post(answer))
        .with_state(Arc::new(served))
}

impl Drop for GitHost {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waiting for a future from inside another runtime.
trait Elsewhere {
    fn block_on_elsewhere<T: Send + 'static>(
        &self,
        work: impl Future<Output = std::io::Result<T>> + Send + 'static,
    ) -> T;
}

impl Elsewhere for Runtime {
    fn block_on_elsewhere<T: Send + 'static>(
        &self,
        work: impl Future<Output = std::io::Result<T>> + Send + 'static,
    ) -> T {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.spawn(async move { sender.send(work.await) });
        receiver.recv().expect("an outcome").expect("success")
    }
}

/// A bare repository on this machine.
pub struct Repo {
    path: PathBuf,
    commits: AtomicUsize,
}

impl Repo {
    /// Makes an empty repository in a folder, with more arguments for `git init`.
    pub fn create(path: &Path, more: &[&str]) -> Self {
        std::fs::create_dir_all(path).expect("a folder");
        let repo = Self { path: path.to_path_buf(), commits: AtomicUsize::new(0) };
        repo.git(&[&["init", "--quiet", "--bare", "--initial-branch=main"], more, &["."]].concat());
        repo
    }

    /// Returns its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its `file://` address.
    pub fn file_url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Makes a commit on a branch, which begins with it where it is new, and returns its object id. Each
    /// commit is an hour younger than the one before.
    pub fn commit(&self, branch: &str) -> String {
        let number = self.commits.load(Ordering::Relaxed);
        let hours = TimeDelta::hours(i64::try_from(number).expect("few commits"));
        self.commit_at(branch, DateTime::from_timestamp(EPOCH, 0).expect("a time") + hours)
    }

    /// As `commit`, with that date.
    pub fn commit_at(&self, branch: &str, at: Instant) -> String {
        let number = self.commits.fetch_add(1, Ordering::Relaxed);
        let at = at.timestamp();
        let name = format!("refs/heads/{branch}");
        let parent = self.try_git(&["rev-parse", "--verify", "--quiet", &name]);
        let from = parent.map(|parent| format!("from {parent}\n")).unwrap_or_default();
        let text = format!("{branch} {number}\n");
        self.git_with(
            &["fast-import", "--quiet", "--force"],
            &format!(
                "commit {name}\ncommitter T <t@example.org> {at} +0000\ndata {length}\n{text}{from}M 100644 inline file\ndata {length}\n{text}\n",
                length = text.len()
            ),
        );
        self.git(&["rev-parse", &name])
    }

    /// Points a ref, by its full name, at something.
    pub fn put(&self, name: &str, at: &str) {
        let at = self.git(&["rev-parse", at]);
        self.git(&["update-ref", name, &at]);
    }

    /// Makes a branch.
    pub fn branch(&self, name: &str, at: &str) {
        self.put(&format!("refs/heads/{name}"), at);
    }

    /// Makes so many branches, `many/0` and so on.
    pub fn branches(&self, count: usize, at: &str) {
        let at = self.git(&["rev-parse", at]);
        let orders: Vec<String> = (0..count).map(|number| format!("create refs/heads/many/{number} {at}\n")).collect();
        self.git_with(&["update-ref", "--stdin"], &orders.concat());
    }

    /// Makes an annotated tag, or moves it.
    pub fn annotate(&self, name: &str, at: &str) {
        self.git(&["tag", "--annotate", "--force", "--message", name, name, at]);
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, name: &str) {
        self.git(&["update-ref", "-d", &format!("refs/heads/{name}")]);
    }

    /// Makes another repository a mirror of this one.
    pub fn mirror_to(&self, copy: &Self) {
        self.git(&["push", "--quiet", "--mirror", &copy.file_url()]);
    }

    /// Runs git in this repository and returns what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, "")
    }

    fn git_with(&self, arguments: &[&str], input: &str) -> String {
        let (succeeds, output) = self.run(arguments, input);
        assert!(succeeds, "git {arguments:?}: {output}");
        output
    }

    fn try_git(&self, arguments: &[&str]) -> Option<String> {
        let (succeeds, output) = self.run(arguments, "");
        succeeds.then_some(output)
    }

    fn run(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let mut child = git(&self.path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git runs");
        child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        let said = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8_lossy(&said).trim().to_owned())
    }
}

/// Returns a git that knows no configuration but the repository's.
fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_COMMITTER_NAME", "T")
        .env("GIT_COMMITTER_EMAIL", "t@example.org")
        .env_remove("GIT_DIR");
    git
}

/// Answers one request, as the first part of its path says.
async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response<Body> {
    served.requests.fetch_add(1, Ordering::Relaxed);
    let path = request.uri().path().to_owned();
    let (way, rest) = match path.trim_start_matches('/').split_once('/') {
        Some((way, rest)) if WAYS.contains(&way) => (way, format!("/{rest}")),
        _ => ("", path.clone()),
    };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if served.authorization.is_some() && given != served.authorization.as_deref() {
        return Response::builder()
            .status(StatusCode::UNAUTHORIZED)
            .header(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")
            .body(Body::from("who are you?"))
            .expect("a response");
    }
    match way {
        "page" => Response::builder()
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .body(Body::from("<!DOCTYPE html><title>Sign in</title>"))
            .expect("a response"),
        "moved" | "alias" if way == "moved" || rest.ends_with("/info/refs") => {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            Response::builder()
                .status(StatusCode::MOVED_PERMANENTLY)
                .header(header::LOCATION, format!("{rest}{query}"))
                .body(Body::empty())
                .expect("a response")
        }
        _ => {
            if way == "slow" {
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            }
            let (mut response, mut body) = backend(&served, request, &rest, way != "old").await;
            if way == "cut" {
                body.truncate(body.len() / 2);
            }
            *response.body_mut() = Body::from(body);
            response
        }
    }
}

/// Hands one request to `git http-backend`, as git-http-backend(1) says.
async fn backend(served: &Served, request: Request, path: &str, versions: bool) -> (Response<Body>, Vec<u8>) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.expect("a body");
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut command = tokio::process::Command::from(git(&served.folder));
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &served.folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REMOTE_USER", &served.user)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if versions {
        command.env("GIT_PROTOCOL", text("git-protocol"));
    } else {
        command.env_remove("GIT_PROTOCOL");
    }
    let mut child = command.spawn().expect("git http-backend runs");
    let mut stdin = child.stdin.take().expect("an input");
    // It does not read what it has no use for.
    let (Ok(()) | Err(_)) = stdin.write_all(&body).await;
    drop(stdin);
    let output = child.wait_with_output().await.expect("git http-backend ends").stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").expect("CGI headers");
    let mut response = Response::new(Body::empty());
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(':').expect("a header");
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse::<u16>().ok()).expect("a status");
            *response.status_mut() = StatusCode::from_u16(code).expect("a status");
        } else {
            let name = header::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            response.headers_mut().append(name, value.parse().expect("a value"));
        }
    }
    (response, output[end + 4..].to_vec())
}
