//! The HTTP door: the one way from this program to any system that speaks HTTP.
//!
//! Verifies TLS always, waits its turn, tries again where that may help, follows redirects on one host
//! alone, reads no more than it must, and notes where each answer came from. What is asked and what the
//! answers mean is left to the collectors; credentials are found by `secrets`.

pub mod address;
pub mod answer;
pub mod ask;
mod fault;
mod host;
pub mod limits;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::{Bytes, BytesMut};
use chrono::TimeDelta;
use http::StatusCode;
use http::header::LOCATION;
use reqwest::Url;
use tokio::time::Instant as Tick;
use tokio_util::sync::CancellationToken;

pub use answer::Answer;
pub use ask::{Ask, ReadOnly};

use super::clock::Clock;
use super::miss::Miss;
use super::secrets::Keyring;
use crate::model::UnseenReason;
use crate::model::time::{Instant, human};
use answer::{same_place, shown};
use fault::Fault;
use host::Host;

/// How this program names itself to servers.
const USER_AGENT: &str = concat!("lastgood/", env!("CARGO_PKG_VERSION"));

/// How many redirects are followed.
const MAX_HOPS: usize = 5;

/// How often one question waits because it was asked to.
const MAX_WAITS: usize = 6;

/// How the door behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Certificates to trust besides the machine's own, as PEM.
    pub ca: Option<Vec<u8>>,
    /// The longest one question may take, waiting aside.
    pub timeout: Duration,
    /// When collecting ends; `None` for never.
    pub deadline: Option<Tick>,
    /// How many questions are put to one host at once.
    pub per_host: usize,
    /// How many questions are put to one host in a second.
    pub per_second: NonZeroU32,
    /// How often a question is put again after a fault that may pass.
    pub retries: usize,
    /// How long it waits before the first of these; each next wait is twice as long, with jitter.
    pub first_wait: Duration,
    /// Once it is cancelled, no question is put any more and none is waited for.
    pub stop: CancellationToken,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ca: None,
            timeout: Duration::from_secs(30),
            deadline: None,
            per_host: 16,
            per_second: NonZeroU32::MIN.saturating_add(99),
            retries: 3,
            first_wait: Duration::from_millis(500),
            stop: CancellationToken::new(),
        }
    }
}

/// The door.
#[derive(Debug, Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: reqwest::Client,
    settings: Settings,
    clock: Clock,
    keys: Keyring,
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
    /// By host: how far its clock is ahead of this machine's.
    skews: Mutex<BTreeMap<String, TimeDelta>>,
}

impl Door {
    /// Opens the door.
    ///
    /// # Errors
    ///
    /// Where the certificates of `settings` cannot be read, or TLS cannot be set up.
    pub fn open(settings: Settings, clock: Clock, keys: Keyring) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
            .pool_max_idle_per_host(settings.per_host);
        if let Some(pem) = &settings.ca {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| fault::words(&error))?;
            if certificates.is_empty() {
                return Err("the file of --ca-file holds no certificate".to_owned());
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| fault::words(&error))?;
        let inner = Inner { client, settings, clock, keys, hosts: Mutex::default(), skews: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns the clock by which answers are dated.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Returns the HTTP client, for libraries that ask on their own account for credentials, and for `post`.
    /// What is asked so is not paced, not tried again and has no provenance: no audited system is asked this
    /// way.
    pub fn client(&self) -> &reqwest::Client {
        &self.inner.client
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Returns, for each host that told its time, how far its clock is ahead of this machine's.
    pub fn skews(&self) -> BTreeMap<String, TimeDelta> {
        self.inner.skews.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps every question to the host of `url` waiting until `until`.
    pub fn hold(&self, url: &Url, until: Instant) {
        self.host(url).hold(until, self.inner.clock.now());
    }

    /// Puts one question and returns the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Where no answer came that can be trusted: no connection, no time, more bytes than allowed, cut
    /// short, a limit that lasts longer than the deadline, a redirect to another host.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer, Miss> {
        if let Some(credential) = ask.credential() {
            // As it is sent: a server that repeats it repeats it so.
            self.inner.keys.remember(&credential);
        }
        let mut url = ask.url.clone();
        for _ in 0..=MAX_HOPS {
            let answer = tokio::select! {
                biased;
                () = self.inner.settings.stop.cancelled() => Err(interrupted(ask)),
                outcome = self.exchange(ask, &url) => outcome,
            };
            let answer = answer.map_err(|miss| self.scrubbed(miss))?;
            let redirects = answer.status.is_redirection() && answer.status != StatusCode::NOT_MODIFIED;
            if !redirects || !ask.follows {
                return Ok(answer);
            }
            url = next_hop(ask, &answer)?;
        }
        Err(Miss::unreadable(format!("{} {} redirects without end", ask.method, shown(&ask.url))))
    }

    /// As `ask`, and the answer has to be a success.
    ///
    /// # Errors
    ///
    /// As `ask`, and for every status that is no success.
    pub async fn ask_ok(&self, ask: &Ask) -> Result<Answer, Miss> {
        self.ask(ask).await?.ok()
    }

    /// Returns the miss without secrets: a server may repeat in its answer what it was sent.
    pub fn scrubbed(&self, mut miss: Miss) -> Miss {
        miss.what = self.inner.keys.scrub(&miss.what);
        miss
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let name = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let mut hosts = self.inner.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = &self.inner.settings;
        let make = || Arc::new(Host::new(&name, settings.per_host, settings.per_second));
        Arc::clone(hosts.entry(name.clone()).or_insert_with(make))
    }

    /// Puts the question to one URL, again where a fault may pass or the server asks to wait.
    async fn exchange(&self, ask: &Ask, url: &Url) -> Result<Answer, Miss> {
        let settings = &self.inner.settings;
        let host = self.host(url);
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(settings.first_wait)
            .with_max_times(settings.retries)
            .with_jitter()
            .build();
        let mut waits = 0;
        loop {
            let turn = host.turn(settings.deadline).await?;
            let outcome = self.once(ask, url).await;
            drop(turn);
            let now = self.inner.clock.now();
            if let Ok(answer) = &outcome
                && let Some(until) = limits::wait_until(answer, now)
            {
                waits += 1;
                if waits > MAX_WAITS {
                    let what = format!("{} still asks to wait after {MAX_WAITS} waits", answer.request());
                    return Err(answer.miss(UnseenReason::RateLimited, what));
                }
                host.hold(until, now);
                self.in_time(until, now, answer)?;
                continue;
            }
            let may_pass = match &outcome {
                Ok(answer) => is_passing(answer.status),
                Err(fault) => fault.may_pass,
            };
            let pause = if may_pass { pauses.next() } else { None };
            let Some(pause) = pause else { return outcome.map_err(|fault| fault.miss) };
            match settings.deadline {
                Some(deadline) if Tick::now() + pause >= deadline => return outcome.map_err(|fault| fault.miss),
                _ => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Says so at once where a server asks to wait for longer than the deadline allows.
    fn in_time(&self, until: Instant, now: Instant, answer: &Answer) -> Result<(), Miss> {
        let wait = (until - now).to_std().unwrap_or(Duration::ZERO);
        match self.inner.settings.deadline {
            Some(deadline) if Tick::now() + wait >= deadline => {
                let words = answer.words().map(|words| format!(" ({words})")).unwrap_or_default();
                let what = format!("{}: rate limited until {}{words}", answer.request(), human(until));
                Err(answer.miss(UnseenReason::RateLimited, what))
            }
            _ => Ok(()),
        }
    }

    /// Puts the question once and reads the answer to its end.
    async fn once(&self, ask: &Ask, url: &Url) -> Result<Answer, Fault> {
        let settings = &self.inner.settings;
        let name = format!("{} {}", ask.method, shown(url));
        let limit = Tick::now() + settings.timeout;
        let limit = settings.deadline.map_or(limit, |deadline| deadline.min(limit));
        let asked_at = self.inner.clock.now();
        let work = async {
            let request = self.inner.client.request(ask.method.clone(), url.clone()).headers(ask.headers.clone());
            let request = if ask.body.is_empty() { request } else { request.body(ask.body.clone()) };
            let response = request.send().await.map_err(|error| Fault::of_connection(&name, &error))?;
            self.note_time(url, &response, asked_at);
            let (status, headers) = (response.status(), response.headers().clone());
            let body = body(&name, response, ask.max_bytes).await?;
            Ok((status, headers, body))
        };
        let (status, headers, body) = match tokio::time::timeout_at(limit, work).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(Fault::of_time(&name, settings.timeout)),
        };
        Ok(Answer::new(&ask.method, url.clone(), status, headers, body, asked_at).guarded(&self.inner.keys))
    }

    /// Compares the server's clock with this machine's: the difference lies between those at the
    /// question and at the answer, and the smallest seen is the truest.
    fn note_time(&self, url: &Url, response: &reqwest::Response, asked_at: Instant) {
        let Some(told) = answer::date(response.headers()) else { return };
        let now = self.inner.clock.now();
        let skew = if told < asked_at - TimeDelta::seconds(1) {
            told - asked_at
        } else if told > now {
            told - now
        } else {
            TimeDelta::zero()
        };
        let mut skews = self.inner.skews.lock().unwrap_or_else(PoisonError::into_inner);
        let host = url.host_str().unwrap_or_default().to_owned();
        let known = skews.entry(host).or_insert(skew);
        if skew.abs() < known.abs() {
            *known = skew;
        }
    }
}

fn interrupted(ask: &Ask) -> Miss {
    let what = format!("{} {}: the collection was interrupted", ask.method, shown(&ask.url));
    Miss::new(UnseenReason::Unreachable, what)
}

/// Returns whether a status may be another one a moment later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Returns where a redirect leads, if the question may be put there.
fn next_hop(ask: &Ask, answer: &Answer) -> Result<Url, Miss> {
    let unreadable = |what: String| answer.miss(UnseenReason::Unreadable, what);
    let target = answer.header(LOCATION.as_str()).and_then(|target| answer.url.join(target).ok());
    let Some(target) = target else {
        return Err(unreadable(format!("{} redirects to nowhere", answer.request())));
    };
    let host = target.host_str().unwrap_or_default();
    if !same_place(&answer.url, &target) {
        return Err(unreadable(format!(
            "{} redirects to another place ({host}), which is not asked",
            answer.request()
        )));
    }
    if !ask.method.is_safe() {
        return Err(unreadable(format!("{} redirects, and a POST is not sent twice", answer.request())));
    }
    Ok(target)
}

/// Reads a body, but no more than `max` bytes of it after decompression.
async fn body(name: &str, mut response: reqwest::Response, max: u64) -> Result<Bytes, Fault> {
    if response.content_length().is_some_and(|length| length > max) {
        return Err(Fault::of_size(name, max));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Fault::of_body(name, &error))? {
        if (body.len() + chunk.len()) as u64 > max {
            return Err(Fault::of_size(name, max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
