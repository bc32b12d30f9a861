//! Credentials: as whom a bucket is looked at.
//!
//! In this order: what the policy says (`anonymous`, `access_key_id` and `secret_access_key`, `profile`);
//! the environment; AWS's configuration files, with roles, single sign-on and credential processes; web
//! identity; container and instance metadata; nobody
//! (`docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html`). What is found and broken is a
//! miss: it must not turn into a look as nobody. Signing is left to `sign`.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::{region, smithy};
use crate::collect::http::Door;
use crate::collect::miss::Miss;
use crate::collect::secrets::Keyring;
use crate::model::UnseenReason;
use crate::model::time::Instant;
use crate::policy::document::S3System;
use crate::policy::values::SecretRef;

/// How long before they expire credentials are asked for anew.
const BEFORE_EXPIRY: TimeDelta = TimeDelta::minutes(5);

/// How long a connection to instance metadata may take, and its first byte: it is next to the machine, and
/// most machines have none.
const METADATA_WAIT: Duration = Duration::from_millis(500);

/// The longest that all of instance metadata may take.
const METADATA_LONGEST: Duration = Duration::from_secs(2);

/// How many characters of an error's words are repeated.
const WORDS_SHOWN: usize = 300;

/// As whom it is looked, found out once and kept while it is valid.
#[derive(Debug)]
pub(super) struct Login {
    way: Way,
    state: Mutex<State>,
}

/// Where the credential comes from, as the policy says.
#[derive(Debug)]
enum Way {
    Anonymous,
    Keys { id: SecretRef, secret: SecretRef },
    HalfKeys,
    Profile(String),
    Chain,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    NotAsked,
    Fixed(Option<Credentials>),
    Expiring(Credentials, SharedCredentialsProvider),
    Broken(Miss),
}

impl Login {
    /// Returns how the policy wants a system to be looked at. Nothing is read yet.
    pub(super) fn new(system: &S3System) -> Self {
        let keys = (system.access_key_id.as_ref(), system.secret_access_key.as_ref());
        let anonymous = system.anonymous.as_ref().is_some_and(|anonymous| anonymous.value);
        let way = match (anonymous, keys, &system.profile) {
            (true, ..) => Way::Anonymous,
            (_, (Some(id), Some(secret)), _) => Way::Keys { id: id.value.clone(), secret: secret.value.clone() },
            (_, (Some(_), None) | (None, Some(_)), _) => Way::HalfKeys,
            (_, (None, None), Some(profile)) => Way::Profile(profile.value.clone()),
            (_, (None, None), None) => Way::Chain,
        };
        Self { way, state: Mutex::default() }
    }

    /// Returns whether the policy says that it is looked at as nobody.
    pub(super) const fn is_anonymous(&self) -> bool {
        matches!(self.way, Way::Anonymous)
    }

    /// Returns the credential; `None` where it is looked at as nobody.
    ///
    /// # Errors
    ///
    /// `not-authorized` where one is named and cannot be read, or found and broken.
    pub(super) async fn credentials(&self, door: &Door, keys: &Keyring) -> Result<Option<Credentials>, Miss> {
        let mut state = self.state.lock().await;
        if let State::NotAsked = *state {
            *state = self.find(door, keys).await.unwrap_or_else(State::Broken);
        }
        let now = door.clock().now();
        match &mut *state {
            State::NotAsked => Ok(None),
            State::Fixed(found) => Ok(found.clone()),
            State::Broken(miss) => Err(miss.clone()),
            State::Expiring(found, provider) => {
                if lasts(found, now + BEFORE_EXPIRY) {
                    return Ok(Some(found.clone()));
                }
                match provider.provide_credentials().await {
                    Ok(fresh) => {
                        *found = checked(fresh, keys)?;
                        Ok(Some(found.clone()))
                    }
                    // They are good for some minutes yet.
                    Err(_) if lasts(found, now) => Ok(Some(found.clone())),
                    Err(error) => Err(broken(&error, keys)),
                }
            }
        }
    }

    async fn find(&self, door: &Door, keys: &Keyring) -> Result<State, Miss> {
        match &self.way {
            Way::Anonymous => Ok(State::Fixed(None)),
            Way::Keys { id, secret } => {
                let (id, secret) = (keys.read_open(id)?, keys.read(secret)?);
                fixed(&id, &secret, None, keys)
            }
            Way::HalfKeys => {
                Err(refused("`access_key_id` and `secret_access_key` are of use together only; one is missing"))
            }
            Way::Profile(name) => {
                let provider = profile(&config(door, Some(name)).await, Some(name));
                asked(SharedCredentialsProvider::new(provider), keys)
                    .await?
                    .ok_or_else(|| refused(format!("AWS's configuration files hold no credential in profile `{name}`")))
            }
            Way::Chain => match environment(keys)? {
                Some(state) => Ok(state),
                None => Ok(asked(chain(door, keys).await, keys).await?.unwrap_or(State::Fixed(None))),
            },
        }
    }
}

/// Returns the credential that the environment holds; `None` where it holds none.
fn environment(keys: &Keyring) -> Result<Option<State>, Miss> {
    let id = keys.open("AWS_ACCESS_KEY_ID");
    let secret = keys.first(&["AWS_SECRET_ACCESS_KEY"]);
    match (id, secret) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => fixed(&id, &secret, keys.first(&["AWS_SESSION_TOKEN"]), keys).map(Some),
        (Some(_), None) => Err(refused("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")),
        (None, Some(_)) => Err(refused("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not")),
    }
}

fn fixed(id: &str, secret: &SecretString, token: Option<SecretString>, keys: &Keyring) -> Result<State, Miss> {
    let token = token.map(|token| token.expose_secret().to_owned());
    let found = Credentials::new(id, secret.expose_secret(), token, None, "lastgood");
    Ok(State::Fixed(Some(checked(found, keys)?)))
}

/// Returns the credential if it can be sent, its secrets noted.
fn checked(found: Credentials, keys: &Keyring) -> Result<Credentials, Miss> {
    let id = found.access_key_id();
    // It stands in a header and in reports.
    let is_id = (1..=256).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && !b"/,=".contains(&b));
    let token = found.session_token().unwrap_or_default();
    if !is_id || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refused("the access key's id or the session token holds characters that no such one has"));
    }
    keys.remember(&SecretString::from(found.secret_access_key()));
    if !token.is_empty() {
        keys.remember(&SecretString::from(token));
    }
    Ok(found)
}

/// Asks a provider; `None` where it knows of no credential.
async fn asked(provider: SharedCredentialsProvider, keys: &Keyring) -> Result<Option<State>, Miss> {
    match provider.provide_credentials().await {
        Ok(found) => {
            let found = checked(found, keys)?;
            Ok(Some(match found.expiry() {
                Some(_) => State::Expiring(found, provider),
                None => State::Fixed(Some(found)),
            }))
        }
        Err(CredentialsError::CredentialsNotLoaded(_)) => Ok(None),
        Err(error) => Err(broken(&error, keys)),
    }
}

/// Returns what AWS's library needs from outside.
async fn config(door: &Door, profile: Option<&str>) -> ProviderConfig {
    let client = smithy::Client(door.client().clone());
    let config = ProviderConfig::without_region()
        .with_http_client(client)
        .with_retry_config(RetryConfig::standard().with_max_attempts(2));
    let mut files = ProfileFileRegionProvider::builder().configure(&config);
    if let Some(name) = profile {
        files = files.profile_name(name);
    }
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(files.build())
        .or_else(Region::from_static(region::DEFAULT));
    config.with_region(region.region().await)
}

fn profile(config: &ProviderConfig, name: Option<&str>) -> ProfileFileCredentialsProvider {
    let builder = ProfileFileCredentialsProvider::builder().configure(config);
    match name {
        Some(name) => builder.profile_name(name).build(),
        None => builder.build(),
    }
}

/// Returns AWS's own order of places, from the configuration files on.
async fn chain(door: &Door, keys: &Keyring) -> SharedCredentialsProvider {
    let config = config(door, None).await;
    let chain = CredentialsProviderChain::first_try("Profile", profile(&config, None))
        .or_else("WebIdentityToken", WebIdentityTokenCredentialsProvider::builder().configure(&config).build())
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&config).build());
    // The library looks at the machine's own environment, and tests must not.
    if keys.open("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return SharedCredentialsProvider::new(chain);
    }
    let client = imds::Client::builder()
        .configure(&config)
        .max_attempts(2)
        .connect_timeout(METADATA_WAIT)
        .read_timeout(METADATA_WAIT)
        .operation_timeout(METADATA_LONGEST)
        .operation_attempt_timeout(METADATA_LONGEST)
        .build();
    let provider = ImdsCredentialsProvider::builder().configure(&config).imds_client(client.clone()).build();
    SharedCredentialsProvider::new(chain.or_else("Ec2InstanceMetadata", Metadata { client, provider }))
}

/// Instance metadata, where a machine has it. Other clouds, and networks that forbid it, answer at its
/// address too: an answer that names no role means that there is no credential, as AWS's tools have it.
#[derive(Debug)]
struct Metadata {
    client: imds::Client,
    provider: ImdsCredentialsProvider,
}

impl ProvideCredentials for Metadata {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let role = self.client.get("/latest/meta-data/iam/security-credentials/").await;
            match role {
                Ok(role) if !role.as_ref().is_empty() => self.provider.provide_credentials().await,
                Ok(_) => Err(CredentialsError::not_loaded("instance metadata names no role")),
                Err(error) => Err(CredentialsError::not_loaded(error)),
            }
        })
    }
}

fn lasts(found: &Credentials, until: Instant) -> bool {
    found.expiry().is_none_or(|expiry| expiry > SystemTime::from(until))
}

fn refused(what: impl Into<String>) -> Miss {
    Miss::new(UnseenReason::NotAuthorized, what)
}

/// Says what is wrong with a credential that was found.
fn broken(error: &CredentialsError, keys: &Keyring) -> Miss {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = inner.source();
    }
    let words: String = keys.scrub(&words).chars().take(WORDS_SHOWN).collect();
    refused(format!("the AWS credential that was found cannot be used: {words}"))
}
