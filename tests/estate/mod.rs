//! The synthetic organisation: systems to audit, in this process, on loopback, with a known truth.
//!
//! `truth` says what is there, `github`, `s3` and `artifactory` tell it as these do, `faults` spoils the answers, `log`
//! remembers the questions. Nothing here knows `lastgood`'s collectors, so that both can be wrong only
//! apart. An estate runs on threads of its own: tests may block, and may run the binary against it.

pub mod artifactory;
pub mod faults;
pub mod git;
pub mod github;
pub mod jenkins;
pub mod listener;
pub mod log;
pub mod many;
pub mod repositories;
pub mod s3;
pub mod tls;
pub mod truth;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lastgood::model::Instant;
use tokio::runtime::Runtime;

pub use faults::{Fault, Wait, When};
pub use tls::Certificate;
pub use truth::Truth;

use faults::Faults;
use listener::Listener;
use log::{Asked, Log};

/// A token of every truth that sees everything.
pub const ALL: &str = "estate-all-0123456789";

/// What the policy's references to secrets lead to, by the name of the variable.
pub const ENVIRONMENT: [(&str, &str); 5] = [
    ("ESTATE_TOKEN", ALL),
    ("ESTATE_KEY_ID", "AKIAESTATE"),
    ("ESTATE_SECRET", "estate-secret-1"),
    ("JENKINS_USER", "auditor"),
    ("JENKINS_API_TOKEN", "estate-jenkins-admin-01"),
];

/// An estate that is about to be started.
#[derive(Debug)]
pub struct Builder {
    truth: Truth,
    now: Instant,
    port: u16,
    limits: github::Limits,
    git: Option<PathBuf>,
    certificate: Option<Certificate>,
    others: Router,
    s3_port: u16,
    folder: Option<tempfile::TempDir>,
}

impl Builder {
    /// Sets when it is; the machine's clock says so otherwise.
    pub fn at(mut self, now: Instant) -> Self {
        self.now = now;
        self
    }

    /// Listens on that port; on any free one otherwise.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves S3 on that port; on any free one otherwise.
    pub fn s3_port(mut self, port: u16) -> Self {
        self.s3_port = port;
        self
    }

    /// Sets how many questions are answered in an hour.
    pub fn limits(mut self, anonymous: u64, with_token: u64) -> Self {
        self.limits = github::Limits { anonymous, with_token };
        self
    }

    /// Takes heads, commits and comparisons from the real repositories `folder`/OWNER/NAME.git.
    pub fn git(mut self, folder: impl Into<PathBuf>) -> Self {
        self.git = Some(folder.into());
        self
    }

    /// Makes real repositories and their mirrors, as the truth says, and serves them by git over HTTP.
    pub fn with_repositories(mut self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        repositories::make(&self.truth, folder.path(), self.now);
        self.others = self.others.merge(git::router(folder.path()));
        self.git = Some(folder.path().to_path_buf());
        self.folder = Some(folder);
        self
    }

    /// Speaks TLS with that certificate.
    pub fn tls(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Serves something else too on the same listener, with the same faults and the same log.
    pub fn mount(mut self, router: Router) -> Self {
        self.others = self.others.merge(router);
        self
    }

    /// Starts it.
    pub fn start(self) -> Estate {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("estate")
            .enable_all()
            .build()
            .expect("threads for the estate");
        let s3 = Arc::new(s3::S3::new(self.truth.s3.clone(), self.now));
        let artifactory = Arc::new(artifactory::Artifactory::new(self.truth.artifactory.clone(), self.now));
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let jenkins = jenkins::router(&self.truth.jenkins, self.now);
        let github = Arc::new(github::GitHub::new(self.truth, self.now, self.limits, self.git, scheme));
        let (faults, log) = (Arc::new(Faults::default()), Arc::new(Log::default()));
        let router = github::router(Arc::clone(&github)).merge(self.others);
        let router = router.merge(jenkins).merge(artifactory::router(Arc::clone(&artifactory)));
        let dressed = |router| log::layer(faults::layer(router, &faults), &log);
        let router = dressed(router);
        let tls = self.certificate.map(tls::Server::new);
        let acceptor = tls.as_ref().map(|server| server.acceptor.clone());
        // S3 wants all paths for itself, and so a port of its own.
        let s3_router = dressed(s3::router(Arc::clone(&s3)));
        let s3_listener = Listener::open(&runtime, self.s3_port, s3_router, acceptor.clone());
        let listener = Listener::open(&runtime, self.port, router, acceptor);
        let ca = tls.map(|server| server.ca);
        Estate {
            runtime: Some(runtime),
            github,
            s3,
            artifactory,
            faults,
            log,
            listener,
            s3_listener,
            ca,
            _folder: self.folder,
        }
    }
}

/// A running estate. It ends when it is dropped.
pub struct Estate {
    runtime: Option<Runtime>,
    artifactory: Arc<artifactory::Artifactory>,
    github: Arc<github::GitHub>,
    faults: Arc<Faults>,
    log: Arc<Log>,
    listener: Listener,
    s3: Arc<s3::S3>,
    s3_listener: Listener,
    ca: Option<String>,
    /// The repositories, where it has some of its own.
    _folder: Option<tempfile::TempDir>,
}

impl Estate {
    /// Returns an estate of which that is true, to be started.
    pub fn of(truth: Truth) -> Builder {
        let limits = github::Limits { anonymous: 1_000_000, with_token: 1_000_000 };
        let others = Router::new();
        Builder { truth, now: now(), port: 0, limits, git: None, certificate: None, others, s3_port: 0, folder: None }
    }

    /// Starts the estate of `example.yaml`.
    pub fn example() -> Self {
        Self::of(Truth::example()).start()
    }

    /// Returns the base of its URLs, without a slash at the end. It is the base of GitHub's REST too.
    pub fn url(&self) -> String {
        let scheme = if self.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// Returns the endpoint of its S3, without a slash at the end.
    pub fn s3_url(&self) -> String {
        let scheme = if self.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.s3_listener.address)
    }

    /// Returns its S3, to change what lies there.
    pub fn s3(&self) -> &s3::S3 {
        &self.s3
    }

    /// Returns the address of its Artifactory, without a slash at the end.
    pub fn artifactory_url(&self) -> String {
        format!("{}/artifactory", self.url())
    }

    /// Returns its Artifactory, to change what is true of it.
    pub fn artifactory(&self) -> &artifactory::Artifactory {
        &self.artifactory
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address
    }

    /// Returns the certificate that signs its own, as PEM; `None` where it speaks no TLS.
    pub fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// Returns the comments of its pull request, to add to them.
    pub fn comments(&self) -> &github::comments::Comments {
        &self.github.comments
    }

    /// Returns what is true of it.
    pub fn truth(&self) -> &Truth {
        &self.github.truth
    }

    /// Returns a policy that audits it. Its secrets are in the environment, as `ENVIRONMENT` says.
    pub fn policy(&self) -> String {
        let text = include_str!("policy.yaml").replace("ORGANIZATION", &self.truth().organization);
        text.replace("\"S3\"", &format!("\"{}\"", self.s3_url())).replace("URL", &self.url())
    }

    /// Returns when it was started: what its moments count from.
    pub fn now(&self) -> Instant {
        self.github.now
    }

    /// Spoils answers to paths that match `pattern` (`*` for any characters, slashes too).
    pub fn fault(&self, pattern: &str, when: When, fault: Fault) {
        self.faults.add(pattern, when, fault);
    }

    /// Adds to the time that every answer takes.
    pub fn latency(&self, latency: Duration) {
        self.fault("*", When::Always, Fault::Late(latency));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults.clear();
    }

    /// Stops listening and breaks every connection: from now on, connections are refused.
    pub fn close(&mut self) {
        self.listener.close();
        self.s3_listener.close();
    }

    /// Listens again on the same port.
    pub fn reopen(&mut self) {
        let runtime = self.runtime.as_ref().expect("it runs");
        self.listener.reopen(runtime);
        self.s3_listener.reopen(runtime);
    }

    /// Returns every question so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Asked> {
        self.log.all()
    }

    /// Returns the questions so far to that path.
    pub fn requests_to(&self, path: &str) -> Vec<Asked> {
        self.log.all().into_iter().filter(|asked| asked.path == path).collect()
    }

    /// Returns how many questions were open at once at most.
    pub fn most_at_once(&self) -> usize {
        self.log.most_at_once()
    }

    /// Forgets the questions so far.
    pub fn forget(&self) {
        self.log.clear();
    }
}

impl Drop for Estate {
    fn drop(&mut self) {
        self.close();
        if let Some(runtime) = self.runtime.take() {
            // Tests drop it inside a runtime of their own, where waiting is not allowed.
            runtime.shutdown_background();
        }
    }
}

/// Returns the present time, UTC.
#[expect(clippy::disallowed_methods, reason = "the estate is a system of its own, and has a clock")]
pub fn now() -> Instant {
    chrono::Utc::now()
}
