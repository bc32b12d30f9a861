//! The client: puts questions to one bucket, in the right region, signed.
//!
//! A question that went to the wrong region is put once more to the right one. Waiting, trying again and
//! provenance are the door's; what answers mean is left to their readers.

use std::sync::OnceLock;

use http::Method;
use http::header::AUTHORIZATION;
use tokio::sync::Mutex;

use super::credentials::Login;
use super::place::{self, Place};
use super::{refusal, region, sign};
use crate::collect::http::{Answer, Ask, Door};
use crate::collect::miss::Miss;
use crate::collect::secrets::Keyring;
use crate::policy::document::S3System;

/// The largest answer that is read, in bytes: a page of 1,000 keys, each of 1,024 bytes and all of them
/// escaped, has four million.
const MAX_BYTES: u64 = 16 << 20;

/// The header without which buckets whose readers pay do not answer
/// (`docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html`).
const PAYER: (&str, &str) = ("x-amz-request-payer", "requester");

/// One question to a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    /// GET or HEAD.
    pub(super) head: bool,
    /// The object that it is about; `None` for the bucket.
    pub(super) key: Option<&'q str>,
    /// The query, not yet escaped.
    pub(super) query: &'q [(&'q str, &'q str)],
    /// Headers besides those of signing.
    pub(super) headers: &'q [(&'static str, &'static str)],
}

impl<'q> Question<'q> {
    /// Returns a GET of the bucket.
    pub(super) const fn get(query: &'q [(&'q str, &'q str)]) -> Self {
        Self { head: false, key: None, query, headers: &[] }
    }
}

/// Asks one bucket.
#[derive(Debug)]
pub(super) struct Client {
    door: Door,
    keys: Keyring,
    place: Place,
    login: Login,
    requester_pays: bool,
    /// The region that is asked; `None` where it is not known yet.
    region: Mutex<Option<String>>,
    /// The host that answered.
    host: OnceLock<String>,
}

impl Client {
    /// Returns a client of a system's bucket. Nothing is asked and no secret is read yet.
    ///
    /// # Errors
    ///
    /// `unreadable` where bucket, endpoint or region are none.
    pub(super) fn new(door: Door, keys: Keyring, system: &S3System) -> Result<Self, Miss> {
        let place = Place::new(system)?;
        let given = system.region.as_ref().map(|region| region.value.clone());
        if given.as_deref().is_some_and(|region| !place::is_region(region)) {
            return Err(Miss::unreadable("`region` is no name of a region"));
        }
        let host = OnceLock::new();
        if !place.is_aws()
            && let Some(known) = place.host(region::DEFAULT)
        {
            host.get_or_init(|| known);
        }
        Ok(Self {
            door,
            keys,
            login: Login::new(system),
            requester_pays: system.requester_pays.as_ref().is_some_and(|pays| pays.value),
            region: Mutex::new(given),
            place,
            host,
        })
    }

    /// Returns where the bucket is.
    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the door.
    pub(super) const fn door(&self) -> &Door {
        &self.door
    }

    /// Returns the host that is asked; `None` where it depends on a region that is not known yet.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.get().map(String::as_str)
    }

    /// Returns as whom it looks.
    pub(super) async fn identity(&self) -> Result<Box<str>, Miss> {
        let credentials = self.login.credentials(&self.door, &self.keys).await?;
        Ok(match credentials {
            Some(credentials) => format!("AWS access key {}", credentials.access_key_id()).into(),
            None => "anonymous".into(),
        })
    }

    /// Puts a question and returns the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Where no answer came that can be trusted, or the credential cannot be read.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, Miss> {
        let region = self.region().await?;
        let answer = self.once(question, &region).await?;
        let (answer, region) = match region::instead(&answer, &region) {
            Some(right) => {
                *self.region.lock().await = Some(right.clone());
                (self.once(question, &right).await?, right)
            }
            None => (answer, region),
        };
        if let Some(host) = self.place.host(&region) {
            self.host.get_or_init(|| host);
        }
        Ok(answer)
    }

    async fn once(&self, question: &Question<'_>, region: &str) -> Result<Answer, Miss> {
        let url = self.place.url(region, question.key, question.query)?;
        let method = if question.head { Method::HEAD } else { Method::GET };
        let mut headers = question.headers.to_vec();
        headers.extend(self.requester_pays.then_some(PAYER));
        let credentials = self.login.credentials(&self.door, &self.keys).await?;
        let headers = match &credentials {
            Some(credentials) => sign::signed(credentials, region, &method, &url, &headers, self.door.clock().now())?,
            None => sign::plain(&headers),
        };
        let ask = if question.head { Ask::head(url) } else { Ask::get(url) };
        let signature = headers.get(AUTHORIZATION).and_then(sign::signature).map(str::to_owned);
        // A redirect leads to another host, for which the signature is none.
        let answer = self.door.ask(&ask.headers(headers).at_most(MAX_BYTES).without_redirects()).await?;
        match signature {
            Some(signature) if repeats(&answer, &signature) => {
                let what = format!("{} answered with the signature that was sent", answer.request());
                Err(Miss::unreadable(what))
            }
            _ => Ok(answer),
        }
    }

    /// Returns the region that is asked, and finds it out where nobody said it.
    async fn region(&self) -> Result<String, Miss> {
        let mut known = self.region.lock().await;
        if let Some(region) = &*known {
            return Ok(region.clone());
        }
        // Where nothing is signed and the region is no part of the address, it is of no use.
        let matters = self.place.is_aws() || !self.login.is_anonymous();
        let region = if matters { self.discover().await? } else { region::DEFAULT.to_owned() };
        *known = Some(region.clone());
        Ok(region)
    }

    /// Asks which region the bucket is in. Refusals tell it too, so nothing is signed.
    async fn discover(&self) -> Result<String, Miss> {
        let url = self.place.url(region::DEFAULT, None, &[])?;
        let answer = self.door.ask(&Ask::head(url).without_redirects()).await?;
        Ok(region::told(&answer).unwrap_or(region::DEFAULT).to_owned())
    }
}

/// Returns whether an answer repeats a signature in what is written down of it: for some minutes it opens
/// what it was made for. Bodies repeat it, as the error of a wrong signature does, and are not written down.
fn repeats(answer: &Answer, signature: &str) -> bool {
    let is_in = |text: &[u8]| memchr::memmem::find(text, signature.as_bytes()).is_some();
    answer.headers.values().any(|value| is_in(value.as_bytes()))
        || refusal::read(answer).is_some_and(|refusal| is_in(refusal.message.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Asked, Fake, Reply};
    use super::*;
    use crate::model::UnseenReason;

    const SIGNED: &str = "access_key_id: { env: ID }, secret_access_key: { env: SECRET }";
    const KEYS: &[(&str, &str)] = &[("ID", "AKIAEXAMPLE"), ("SECRET", "verysecret")];

    const SESSION: &[(&str, &str)] = &[
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "verysecret"),
        ("AWS_SESSION_TOKEN", "session-token"),
    ];
    const BROKEN: &[(&str, &str)] = &[("AWS_ACCESS_KEY_ID", "A/B\u{1b}"), ("AWS_SECRET_ACCESS_KEY", "verysecret")];

    fn region_of(asked: &Asked) -> Option<String> {
        Some(asked.header("authorization")?.split('/').nth(2)?.to_owned())
    }

    /// Answers as AWS does where another region than `right` is asked.
    fn only_in(right: &'static str, named: bool, asked: &Asked) -> Reply {
        match region_of(asked) {
            None => (403, vec![], String::new()),
            Some(region) if region == right => (200, vec![], "yes".to_owned()),
            Some(_) if named => {
                let body = "<Error><Code>PermanentRedirect</Code><Endpoint>elsewhere</Endpoint></Error>";
                (301, vec![("x-amz-bucket-region", right.to_owned())], body.to_owned())
            }
            Some(_) => {
                let code = "<Code>AuthorizationHeaderMalformed</Code>";
                (400, vec![], format!("<Error>{code}<Region>{right}</Region></Error>"))
            }
        }
    }

    #[tokio::test]
    async fn the_wrong_region_is_corrected_once_and_remembered() {
        for named in [true, false] {
            let fake = Fake::start(move |asked| only_in("eu-west-1", named, asked)).await;
            let client = fake.client_with(&format!("{SIGNED}, region: us-west-2"), KEYS);
            for _ in 0..2 {
                let answer = client.ask(&Question::get(&[("versioning", "")])).await.unwrap();
                assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"yes"[..]));
            }
            let regions: Vec<_> = fake.asked().iter().filter_map(region_of).collect();
            assert_eq!(regions, ["us-west-2", "eu-west-1", "eu-west-1"]);
        }
    }

    #[tokio::test]
    async fn a_region_that_changes_each_time_is_not_followed_without_end() {
        let fake = Fake::start(|asked| {
            let other = if region_of(asked).as_deref() == Some("eu-west-1") { "eu-west-2" } else { "eu-west-1" };
            (301, vec![("x-amz-bucket-region", other.to_owned())], String::new())
        })
        .await;
        let client = fake.client_with(&format!("{SIGNED}, region: us-west-2"), KEYS);
        let answer = client.ask(&Question::get(&[])).await.unwrap();
        assert_eq!((answer.status.as_u16(), fake.asked().len()), (301, 2));
    }

    #[tokio::test]
    async fn the_region_is_asked_for_without_a_signature_where_nobody_gives_it() {
        let fake = Fake::start(|asked| match asked.method {
            Method::HEAD => (403, vec![("x-amz-bucket-region", "eu-north-1".to_owned())], String::new()),
            _ => only_in("eu-north-1", true, asked),
        })
        .await;
        let client = fake.client_with(SIGNED, KEYS);
        assert_eq!(client.ask(&Question::get(&[])).await.unwrap().status.as_u16(), 200);
        let asked = fake.asked();
        assert_eq!((asked.len(), asked[0].header("authorization")), (2, None));
        assert_eq!(asked[1].path, "/b");
    }

    #[tokio::test]
    async fn nobody_is_not_signed_and_who_pays_says_so() {
        let fake = Fake::start(|_| (200, vec![], String::new())).await;
        let client = fake.client("anonymous: true, requester_pays: true");
        client.ask(&Question::get(&[("list-type", "2")])).await.unwrap();
        let asked = fake.asked();
        assert_eq!(asked.len(), 1, "the region is of no use");
        assert_eq!(asked[0].header("authorization"), None);
        assert_eq!(asked[0].header("x-amz-request-payer"), Some("requester"));
        assert_eq!(client.identity().await.as_deref(), Ok("anonymous"));
        assert_eq!(client.host(), Some("127.0.0.1"));
    }

    #[tokio::test]
    async fn a_redirect_to_another_host_is_not_followed_with_the_signature() {
        let fake = Fake::start(|_| (307, vec![("location", "http://evil.example/".to_owned())], String::new())).await;
        let client = fake.client_with(&format!("{SIGNED}, region: us-east-1"), KEYS);
        assert_eq!(client.ask(&Question::get(&[])).await.unwrap().status.as_u16(), 307);
    }

    #[tokio::test]
    async fn the_identity_shows_the_id_of_the_key_and_never_its_secret() {
        let fake = Fake::start(|_| (200, vec![], String::new())).await;
        let client = fake.client_with(SIGNED, KEYS);
        assert_eq!(client.identity().await.as_deref(), Ok("AWS access key AKIAEXAMPLE"));
        assert!(client.keys.is_in(b"verysecret"), "it is known as a secret");
        assert!(!client.keys.is_in(b"AKIAEXAMPLE"), "the id may stand in reports");
        let half = fake.client_with("access_key_id: { env: ID }", KEYS);
        assert_eq!(half.identity().await.unwrap_err().reason, UnseenReason::NotAuthorized);
    }

    #[tokio::test]
    async fn the_environment_is_a_credential_whole_or_not_at_all() {
        let fake = Fake::start(|_| (200, vec![], String::new())).await;
        let client = fake.client_with("region: us-east-1", SESSION);
        client.ask(&Question::get(&[])).await.unwrap();
        assert_eq!(fake.asked()[0].header("x-amz-security-token"), Some("session-token"));
        assert!(client.keys.is_in(b"session-token"));
        for half in [&SESSION[..1], &SESSION[1..2]] {
            let miss = fake.client_with("region: us-east-1", half).ask(&Question::get(&[])).await.unwrap_err();
            assert_eq!(miss.reason, UnseenReason::NotAuthorized);
        }
        let profile = fake.client_with("region: us-east-1, profile: nobody-has-such-a-profile", SESSION);
        let miss = profile.identity().await.unwrap_err();
        assert!(miss.reason == UnseenReason::NotAuthorized && !miss.what.contains("verysecret"), "{miss}");
        assert!(fake.client_with("region: us-east-1", BROKEN).identity().await.is_err());
    }
}
