//! Mirrors over ssh, read from a real `sshd` on loopback.
//!
//! Skipped, and said so, where there is none. Everything else of git is tested in `git`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lastgood::collect::git::{Remote, mirror};
use lastgood::model::UnseenReason;

use crate::estate::git::Repo;
use crate::git::{anonymous, compared, way};

/// Where the server lies on the systems that have one.
const SSHD: &str = "/usr/sbin/sshd";

/// An ssh server of this test's own, with its own keys.
struct Server {
    folder: tempfile::TempDir,
    child: Child,
    port: u16,
    user: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let (Ok(()) | Err(_)) = self.child.kill();
        let (Ok(_) | Err(_)) = self.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "a test that did not run has to say so")]
fn skipped(why: &str) -> Option<Server> {
    eprintln!("skipped: {why}");
    None
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

impl Server {
    /// Starts a server; `None`, and said so, where that is not possible.
    fn start() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            return skipped("no sshd on this machine");
        }
        let user = run("id", &["-un"]);
        // Made by whatever starts the server elsewhere; a server run by root does not do without.
        if user == "root" && std::fs::create_dir_all("/run/sshd").is_err() {
            return skipped("sshd cannot have its /run/sshd");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        for key in ["host", "mine"] {
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]);
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nAcceptEnv GIT_PROTOCOL\n\
             SetEnv PATH=/usr/local/bin:/usr/bin:/bin\n",
            path("host"),
            path("mine.pub"),
        );
        std::fs::write(folder.path().join("sshd_config"), config).expect("a file");
        let child = Command::new(SSHD)
            .args(["-D", "-e", "-f", &path("sshd_config")])
            .stderr(Stdio::null())
            .spawn()
            .expect("sshd runs");
        let server = Self { folder, child, port, user };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("sshd does not answer");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a configuration of ssh that knows this host key and offers this key of the user's.
    fn config(&self, known: Option<&str>, key: &str) -> PathBuf {
        let hosts = self.path("known_hosts");
        let line = known.map(|key| {
            let public = std::fs::read_to_string(self.path(&format!("{key}.pub"))).expect("a key");
            format!("[127.0.0.1]:{} {public}", self.port)
        });
        std::fs::write(&hosts, line.unwrap_or_default()).expect("a file");
        let text = format!(
            "UserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\nIdentityFile {}\nIdentitiesOnly yes\nIdentityAgent none\n",
            hosts.display(),
            self.path(key).display()
        );
        let file = self.path("ssh_config");
        std::fs::write(&file, text).expect("a file");
        file
    }

    fn url(&self, repo: &Repo) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repo.path().display())
    }
}

#[tokio::test]
async fn a_mirror_is_read_over_ssh_where_the_hosts_key_is_known_and_only_there() {
    let Some(server) = Server::start() else { return };
    let app = Repo::create(&server.path("it's app.git"), &[]);
    app.commit("main");
    app.annotate("v1", "main");
    let copy = Repo::create(&server.path("copy.git"), &[]);
    app.mirror_to(&copy);
    app.commit("main");
    let trusting = || way().with_ssh_config(server.config(Some("host"), "mine"));

    let git = trusting();
    let told = mirror(&git, &anonymous(app.file_url()), &anonymous(server.url(&copy)), None).await.unwrap();
    assert_eq!((compared(&told).equal, compared(&told).different), (1, 1));
    let map = git.refs(&anonymous(server.url(&copy))).await.unwrap();
    assert_eq!(map.head.as_deref(), Some("refs/heads/main"));
    assert_eq!(map.source.identity.as_deref(), Some(server.user.as_str()));
    let spaced = trusting().refs(&anonymous(server.url(&app).replace(' ', "%20"))).await.unwrap();
    assert_eq!(spaced.refs.len(), 2, "a quote and a space reach git as they are");
    let named = Remote {
        url: format!("ssh://127.0.0.1:{}{}", server.port, copy.path().display()),
        credential: Some((server.user.clone(), secrecy::SecretString::from("never sent"))),
    };
    assert_eq!(trusting().refs(&named).await.unwrap().refs, map.refs);
    let empty = Repo::create(&server.path("empty.git"), &[]);
    assert_eq!(trusting().refs(&anonymous(server.url(&empty))).await.unwrap().refs.len(), 0);

    let gone = server.url(&copy).replace("copy.git", "gone.git");
    let miss = trusting().refs(&anonymous(gone)).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::NotFound, "{miss}");

    // Its key is not known, or is known to be another.
    for known in [None, Some("mine")] {
        let git = way().with_ssh_config(server.config(known, "mine"));
        let miss = git.refs(&anonymous(server.url(&copy))).await.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::NotAuthorized, "{miss}");
        assert!(miss.what.contains("known_hosts"), "{miss}");
    }
    // The user's key is not one that opens.
    let git = way().with_ssh_config(server.config(Some("host"), "host"));
    let miss = git.refs(&anonymous(server.url(&copy))).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::NotAuthorized, "{miss}");

    let closed = format!("ssh://127.0.0.1:9{}", copy.path().display());
    let miss = trusting().refs(&anonymous(closed)).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreachable, "{miss}");
}
