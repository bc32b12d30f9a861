//! git over ssh: the machine's own `ssh` carries the questions, with its keys and its known hosts.
//!
//! Host keys are always checked and nothing is asked of a person. What the answers say is left to
//! `refs`; which keys are offered is left to ssh and its configuration.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::place::{Place, parse, shown};
use super::refs::{Advertisement, Listing, RefMap, advertisement, ls_refs, plain, reason};
use crate::collect::http::Door;
use crate::collect::miss::Miss;
use crate::evidence::{Digest, Source};
use crate::model::UnseenReason;

/// How many bytes of an answer are read, as over HTTP.
const MAX_BYTES: usize = 256 << 20;

/// How many bytes of what goes wrong are read.
const MAX_WORDS: u64 = 64 << 10;

/// How many connections are open at once. Servers refuse more than some ten that begin together
/// (`MaxStartups` of `sshd_config(5)`).
const CONNECTIONS: usize = 4;

/// How long to wait for a connection, at most.
const CONNECT: Duration = Duration::from_secs(10);

/// The flush packet, which ends an answer and a conversation.
const FLUSH: &[u8] = b"0000";

/// The way over ssh.
#[derive(Debug)]
pub(super) struct Ssh {
    /// A configuration that is read instead of the user's.
    pub(super) config: Option<PathBuf>,
    slots: Semaphore,
}

impl Ssh {
    pub(super) fn new() -> Self {
        Self { config: None, slots: Semaphore::new(CONNECTIONS) }
    }

    /// Reads the refs of the repository at `url`. `user` counts where the address names none.
    ///
    /// # Errors
    ///
    /// `unreachable` without connection, answer in time or `ssh` on this machine; `not-authorized`
    /// where host key or user are refused; `not-found`, `unreadable` and `truncated` by the answer.
    pub(super) async fn read(&self, door: &Door, url: &str, user: Option<&str>) -> Result<RefMap, Miss> {
        let name = shown(url);
        let told = |miss: Miss| door.scrubbed(Miss { what: format!("{name}: {}", miss.what), ..miss });
        let address = parse(url)?;
        let arguments = arguments(&address, user, self.config.as_deref(), door.settings().timeout).map_err(told)?;
        let _turn = super::turn(door, &self.slots, &name).await?;
        let limit = super::limit(door);
        let read_at = door.clock().now();
        let outcome = tokio::time::timeout_at(limit, run(&arguments)).await;
        let (listing, body) = outcome.map_err(|_| super::late(door, &name))?.map_err(told)?;
        let source = Source {
            request: Some(format!("git-upload-pack of {name}").into()),
            identity: address.user().or(user).map(Into::into),
            body: Some(body.to_string().into()),
            ..Source::default()
        };
        Ok(listing.read(Place::of(&address), read_at, source))
    }
}

/// Returns what `ssh` is started with.
///
/// # Errors
///
/// `unreadable` where a part of the address would be read as an option.
fn arguments(
    address: &gix::Url,
    user: Option<&str>,
    config: Option<&Path>,
    timeout: Duration,
) -> Result<Vec<OsString>, Miss> {
    let refused = |part: &str| Miss::unreadable(format!("its {part} is not one: it is missing or begins with `-`"));
    let host = address.host_argument_safe().ok_or_else(|| refused("host"))?;
    let path = std::str::from_utf8(&address.path).map_err(|_| refused("path"))?;
    // As git does: `/~name/app` is found from the home of that user.
    let path = if path.starts_with("/~") { path.trim_start_matches('/') } else { path };
    if path.is_empty() || path.trim_start_matches('/').starts_with('-') || path.contains('\0') {
        return Err(refused("path"));
    }
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(config) = config {
        arguments.extend(["-F".into(), config.into()]);
    }
    arguments.extend(["-T", "-a", "-x"].map(OsString::from));
    let seconds = timeout.min(CONNECT).as_secs().max(1);
    for option in [
        "BatchMode=yes".to_owned(),
        "StrictHostKeyChecking=yes".to_owned(),
        format!("ConnectTimeout={seconds}"),
        "SendEnv=GIT_PROTOCOL".to_owned(),
        "LogLevel=ERROR".to_owned(),
        "ControlMaster=no".to_owned(),
        "ClearAllForwardings=yes".to_owned(),
        "PermitLocalCommand=no".to_owned(),
    ] {
        arguments.extend(["-o".into(), option.into()]);
    }
    if let Some(port) = address.port {
        arguments.extend(["-p".into(), port.to_string().into()]);
    }
    if let Some(user) = address.user().or(user) {
        if user.is_empty() || user.starts_with('-') {
            return Err(refused("user"));
        }
        arguments.extend(["-l".into(), user.into()]);
    }
    arguments.extend(["--".into(), host.into(), format!("git-upload-pack {}", quoted(path)).into()]);
    Ok(arguments)
}

/// Returns `text` as one word for a shell, as git quotes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''").replace('!', r"'\!'"))
}

/// Starts `ssh` and reads the refs; returns the digest of the answer too.
async fn run(arguments: &[OsString]) -> Result<(Listing, Digest), Miss> {
    let mut child = Command::new("ssh")
        .args(arguments)
        .env("GIT_PROTOCOL", "version=2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Miss::new(UnseenReason::Unreachable, format!("`ssh` cannot be started: {error}")))?;
    let gone = || Miss::new(UnseenReason::Unreachable, "`ssh` cannot be spoken to");
    let (stdin, stdout) = (child.stdin.take().ok_or_else(gone)?, child.stdout.take().ok_or_else(gone)?);
    let mut stderr = child.stderr.take().ok_or_else(gone)?.take(MAX_WORDS);
    let words = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut words = Vec::new();
        // What was read before a fault is all that there is to tell.
        stderr.read_to_end(&mut words).await.map_or_else(|_| Vec::new(), |_| words)
    }));
    match converse(stdin, stdout).await {
        Err(miss) if miss.reason == UnseenReason::Truncated => {
            let status = ended(&mut child).await?;
            Err(explained(miss, status, &words.await.unwrap_or_default()))
        }
        outcome => outcome,
    }
}

async fn ended(child: &mut Child) -> Result<ExitStatus, Miss> {
    child.wait().await.map_err(|error| Miss::new(UnseenReason::Unreachable, format!("`ssh` was lost: {error}")))
}

/// Asks for the refs and reads them to their end.
async fn converse(mut stdin: ChildStdin, mut stdout: ChildStdout) -> Result<(Listing, Digest), Miss> {
    let first = section(&mut stdout).await?;
    let (listing, digest) = match advertisement(&first)? {
        Advertisement::Refs(listing) => (listing, Digest::of(&first)),
        Advertisement::V2(capabilities) => {
            stdin.write_all(&capabilities.question()).await.map_err(|error| cut(&error))?;
            let second = section(&mut stdout).await?;
            (ls_refs(&second, capabilities)?, Digest::of(&second))
        }
    };
    // Whoever listens may have gone already, and has said all by then.
    let (Ok(()) | Err(_)) = stdin.write_all(FLUSH).await;
    drop(stdin);
    let mut rest = Vec::new();
    (&mut stdout).take(1).read_to_end(&mut rest).await.map_err(|error| cut(&error))?;
    if rest.is_empty() { Ok((listing, digest)) } else { Err(Miss::unreadable("git's answer goes on after its end")) }
}

/// Reads packets up to the flush packet, or up to the end of what comes: whether that is all is left
/// to whoever reads them.
async fn section(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Miss> {
    let mut section = Vec::new();
    loop {
        let start = section.len();
        take(from, 4, &mut section).await?;
        let length = section.get(start..).and_then(|hex| std::str::from_utf8(hex).ok());
        let length = length.and_then(|hex| usize::from_str_radix(hex, 16).ok());
        // Where it is no length, what was read is enough to say so.
        match length {
            Some(length @ 5..) if section.len() == start + 4 => take(from, length - 4, &mut section).await?,
            _ => return Ok(section),
        }
        if section.len() > MAX_BYTES {
            let what = format!("the answer has more than the {MAX_BYTES} bytes that are read");
            return Err(Miss::unreadable(what));
        }
    }
}

/// Appends the next `count` bytes, or what there is.
async fn take(from: &mut (impl AsyncRead + Unpin), count: usize, to: &mut Vec<u8>) -> Result<(), Miss> {
    from.take(count as u64).read_to_end(to).await.map_err(|error| cut(&error))?;
    Ok(())
}

fn cut(error: &std::io::Error) -> Miss {
    Miss::new(UnseenReason::Truncated, format!("git's answer was cut short: {error}"))
}

/// Returns what an answer that broke off means, by what ssh and the server said of it.
fn explained(miss: Miss, status: ExitStatus, words: &[u8]) -> Miss {
    let text = String::from_utf8_lossy(words);
    // Some of what is said is drawn with signs alone.
    let Some(line) = text.lines().find(|line| line.chars().any(char::is_alphanumeric)) else { return miss };
    let line = plain(line.as_bytes());
    if text.contains("Host key verification failed") {
        let what = format!(
            "the host's key is not the one that is known ({line}); if it is right, add it to known_hosts of whoever runs this"
        );
        return Miss::new(UnseenReason::NotAuthorized, what);
    }
    // 255 is ssh's own, 127 the shell's where there is no such command, every other that of the command.
    let reason = match (reason(&text), status.code()) {
        (_, Some(127)) => UnseenReason::Unreadable,
        (UnseenReason::NotAuthorized, _) => UnseenReason::NotAuthorized,
        (_, Some(255)) => UnseenReason::Unreachable,
        (UnseenReason::NotFound, _) => UnseenReason::NotFound,
        _ => miss.reason,
    };
    Miss::new(reason, format!("ssh says: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started_with(url: &str) -> Result<String, Miss> {
        let arguments = arguments(&parse(url)?, None, None, Duration::from_secs(30))?;
        let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Ok(words.join(" "))
    }

    #[test]
    fn the_path_is_one_word_for_the_remote_shell() {
        let line = started_with("ssh://git@git.example.org:2222/srv/it's%20here!.git").unwrap();
        assert!(
            line.ends_with(r"-p 2222 -l git -- git.example.org git-upload-pack '/srv/it'\''s here'\!'.git'"),
            "{line}"
        );
        assert!(line.contains("StrictHostKeyChecking=yes") && line.contains("BatchMode=yes"), "{line}");
        let home = started_with("ssh://git.example.org/~me/app").unwrap();
        assert!(home.ends_with("-- git.example.org git-upload-pack '~me/app'"), "{home}");
    }

    #[test]
    fn no_part_of_an_address_becomes_an_option() {
        for url in ["ssh://-oProxyCommand=x/srv/app", "ssh://-l@git.example.org/app", "ssh://git.example.org/-app"] {
            assert_eq!(started_with(url).unwrap_err().reason, UnseenReason::Unreadable, "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_ssh_says_decides_why_there_is_no_answer() {
        use std::os::unix::process::ExitStatusExt as _;
        let why = |code: i32, words: &str| {
            let cut = Miss::new(UnseenReason::Truncated, "cut");
            explained(cut, ExitStatus::from_raw(code << 8), words.as_bytes()).reason
        };
        let changed = "@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n";
        assert_eq!(why(255, changed), UnseenReason::NotAuthorized);
        assert_eq!(why(255, "git@h: Permission denied (publickey).\n"), UnseenReason::NotAuthorized);
        assert_eq!(
            why(255, "ssh: Could not resolve hostname h: Name or service not known\n"),
            UnseenReason::Unreachable
        );
        assert_eq!(why(255, "ssh: connect to host h port 22: Connection refused\n"), UnseenReason::Unreachable);
        assert_eq!(why(1, "ERROR: Repository not found.\n"), UnseenReason::NotFound);
        let gone = "fatal: '/srv/app' does not appear to be a git repository\n";
        assert_eq!(why(128, gone), UnseenReason::NotFound);
        assert_eq!(why(127, "sh: 1: git-upload-pack: not found\n"), UnseenReason::Unreadable);
        assert_eq!(why(0, ""), UnseenReason::Truncated);
    }
}
