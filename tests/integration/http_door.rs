//! The HTTP door against every fault of the synthetic organisation: each ends with its reason, and no
//! secret is in what is said.
//!
//! Waiting, pace and TLS are in `http_door_waits`.

use std::path::Path;
use std::time::Duration;

use lastgood::collect::clock::Clock;
use lastgood::collect::http::{Answer, Ask, Door, ReadOnly, Settings};
use lastgood::collect::miss::Miss;
use lastgood::collect::secrets::Keyring;
use lastgood::model::UnseenReason;
use lastgood::policy::values::SecretRef;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;

use crate::estate::{self, Estate, Fault, Truth, Wait, When};

/// The list that most tests ask for.
pub(crate) const LIST: &str = "/orgs/estate/repos";

/// Settings that lose no time.
pub(crate) fn quick() -> Settings {
    let (timeout, first_wait) = (Duration::from_secs(5), Duration::from_millis(5));
    Settings { timeout, first_wait, retries: 2, ..Settings::default() }
}

/// A door with its keyring and a token.
pub(crate) struct Way {
    pub(crate) door: Door,
    pub(crate) keys: Keyring,
    pub(crate) token: SecretString,
}

impl Way {
    pub(crate) fn open(settings: Settings) -> Self {
        let keys = Keyring::new(Path::new("."), |name| (name == "TOKEN").then(|| estate::ALL.into()));
        let token = keys.read(&SecretRef::Env("TOKEN".to_owned())).expect("it is set");
        let door = Door::open(settings, Clock::new(estate::now), keys.clone()).expect("a door");
        Self { door, keys, token }
    }

    pub(crate) fn question(&self, url: &str) -> Ask {
        Ask::get(Url::parse(url).expect("a URL")).bearer(&self.token).expect("a token")
    }

    /// Asks as a collector does: the answer must be a success, and JSON.
    pub(crate) async fn ask(&self, url: &str) -> Result<(Answer, Value), Miss> {
        let answer = self.door.ask_ok(&self.question(url)).await?;
        let value = answer.json()?;
        Ok((answer, value))
    }

    /// Asserts that no secret is in a miss, wherever it was put.
    pub(crate) fn assert_clean(&self, miss: &Miss) {
        let all = format!("{miss} {miss:?}");
        assert!(!self.keys.is_in(all.as_bytes()), "{all}");
        assert!(!all.contains("estate-all-"), "{all}");
    }
}

/// What came of one question: why it stayed open, and how often it was put.
struct Missed {
    miss: Miss,
    asked: usize,
    way: Way,
    estate: Estate,
}

async fn missed_with(settings: Settings, fault: Fault) -> Missed {
    let (way, estate) = (Way::open(settings), Estate::example());
    estate.fault(LIST, When::Always, fault.clone());
    let miss = way.ask(&(estate.url() + LIST)).await.expect_err(&format!("{fault:?} is no answer"));
    way.assert_clean(&miss);
    Missed { miss, asked: estate.requests().len(), way, estate }
}

async fn missed(fault: Fault) -> Missed {
    missed_with(quick(), fault).await
}

/// Asserts the reason of a fault, and how often the question was put.
async fn assert_missed(fault: Fault, reason: UnseenReason, asked: usize) -> Miss {
    let missed = missed(fault.clone()).await;
    assert_eq!((missed.miss.reason, missed.asked), (reason, asked), "{fault:?}: {}", missed.miss);
    missed.miss
}

#[tokio::test]
async fn what_is_asked_is_answered_with_its_provenance() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    let (answer, list) = way.ask(&(estate.url() + LIST + "?per_page=100")).await.unwrap();
    assert_eq!(list.as_array().unwrap().len(), 16);
    assert_eq!(answer.source.status, Some(200));
    assert_eq!(answer.source.request.as_deref(), Some(&*format!("GET {}{LIST}?per_page=100", estate.url())));
    assert!(answer.source.etag.is_some() && answer.source.body.is_some());
    let asked = &estate.requests()[0];
    assert!(asked.header("user-agent").starts_with("lastgood/"));
    assert!(asked.has_credential());
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_not_asked_again() {
    let way = Way::open(quick());
    let miss = way.ask("http://name.invalid/").await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreachable);
    way.assert_clean(&miss);
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let (way, mut estate) = (Way::open(quick()), Estate::example());
    let url = estate.url() + LIST;
    assert!(way.ask(&url).await.is_ok());
    estate.close();
    let miss = way.ask(&url).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreachable, "{miss}");
    way.assert_clean(&miss);
    estate.reopen();
    assert!(way.ask(&url).await.is_ok(), "it is asked anew, and answers");
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_unreachable_and_tried_again() {
    assert_missed(Fault::HangUp, UnseenReason::Unreachable, 3).await;
}

#[tokio::test]
async fn no_answer_in_time_is_unreachable_and_tried_again() {
    let settings = Settings { timeout: Duration::from_millis(400), retries: 1, ..quick() };
    let missed = missed_with(settings, Fault::Silence).await;
    assert_eq!((missed.miss.reason, missed.asked), (UnseenReason::Unreachable, 2), "{}", missed.miss);
}

#[tokio::test]
async fn an_answer_that_drips_is_not_waited_for_longer_than_one_that_never_comes() {
    let settings = Settings { timeout: Duration::from_millis(400), retries: 1, ..quick() };
    let missed = missed_with(settings, Fault::Drip(Duration::from_millis(50))).await;
    assert_eq!((missed.miss.reason, missed.asked), (UnseenReason::Unreachable, 2), "{}", missed.miss);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_truncated() {
    assert_missed(Fault::Cut, UnseenReason::Truncated, 3).await;
}

#[tokio::test]
async fn a_body_that_ends_inside_its_compression_is_truncated() {
    assert_missed(Fault::CutGzip, UnseenReason::Truncated, 3).await;
}

#[tokio::test]
async fn part_of_an_answer_is_truncated_though_its_status_is_a_success() {
    assert_missed(Fault::Partial, UnseenReason::Truncated, 1).await;
}

#[tokio::test]
async fn json_under_another_content_type_is_unreadable() {
    let miss = assert_missed(Fault::ContentType("text/plain"), UnseenReason::Unreadable, 1).await;
    assert!(miss.what.contains("text/plain instead of JSON"), "{miss}");
}

#[tokio::test]
async fn a_login_page_with_status_200_is_unreadable() {
    assert_missed(Fault::Html, UnseenReason::Unreadable, 1).await;
}

#[tokio::test]
async fn what_calls_itself_json_and_is_none_is_unreadable() {
    assert_missed(Fault::NoJson, UnseenReason::Unreadable, 1).await;
}

#[tokio::test]
async fn json_that_ends_in_the_middle_is_truncated() {
    assert_missed(Fault::HalfJson, UnseenReason::Truncated, 1).await;
}

#[tokio::test]
async fn a_field_that_is_missing_or_null_is_unreadable() {
    #[derive(Debug, serde::Deserialize)]
    struct Named {
        #[serde(rename = "full_name")]
        _name: String,
    }
    for fault in [Fault::Missing("full_name"), Fault::Null("full_name")] {
        let (way, estate) = (Way::open(quick()), Estate::example());
        estate.fault(LIST, When::Always, fault.clone());
        let (answer, _) = way.ask(&(estate.url() + LIST)).await.unwrap();
        let miss = answer.json::<Vec<Named>>().unwrap_err();
        assert_eq!(miss.reason, UnseenReason::Unreadable, "{fault:?}: {miss}");
    }
}

#[tokio::test]
async fn pages_are_followed_under_another_path_to_the_last() {
    let (way, estate) = (Way::open(quick()), Estate::of(Truth::of_many(230)).start());
    let mut url = estate.url() + LIST + "?per_page=100&sort=full_name";
    let mut names = Vec::new();
    loop {
        let (answer, list) = way.ask(&url).await.unwrap();
        names.extend(list.as_array().unwrap().iter().map(|item| item["full_name"].as_str().unwrap().to_owned()));
        let Some(next) = answer.next_page().unwrap() else { break };
        assert_eq!(next.path(), "/organizations/4242/repos");
        url = next.into();
    }
    names.dedup();
    assert_eq!((names.len(), estate.requests().len()), (230, 3));
}

#[tokio::test]
async fn pages_without_end_always_lead_on() {
    // Whoever follows them has to count: the door gives one answer at a time.
    for (fault, same) in [(Fault::EndlessPages, false), (Fault::PageLoop, true)] {
        let (way, estate) = (Way::open(quick()), Estate::example());
        estate.fault(LIST, When::Always, fault);
        let (first, one) = way.ask(&(estate.url() + LIST)).await.unwrap();
        let (second, two) = way.ask(first.next_page().unwrap().unwrap().as_str()).await.unwrap();
        assert!(second.next_page().unwrap().is_some());
        assert_eq!(one[0]["id"] == two[0]["id"], same);
    }
}

#[tokio::test]
async fn each_refusal_has_its_reason_and_the_servers_words() {
    for (status, reason, words) in [
        (401, UnseenReason::NotAuthorized, "Bad credentials"),
        (403, UnseenReason::NotAuthorized, "Must have admin rights"),
        (404, UnseenReason::NotFound, "Not Found"),
        (409, UnseenReason::Unreadable, "Git Repository is empty"),
        (422, UnseenReason::Unreadable, "Validation Failed"),
        (451, UnseenReason::NotAuthorized, "Repository access blocked"),
    ] {
        let miss = assert_missed(Fault::Status(status), reason, 1).await;
        assert!(miss.what.contains(words), "{miss}");
        assert_eq!(miss.provenance.and_then(|source| source.status), Some(status));
    }
}

#[tokio::test]
async fn a_server_that_fails_for_ever_is_unreachable_after_the_last_try() {
    for status in [500, 502, 503, 504] {
        assert_missed(Fault::Status(status), UnseenReason::Unreachable, 3).await;
        assert_missed(Fault::Proxy(status), UnseenReason::Unreachable, 3).await;
    }
    assert_missed(Fault::Status(501), UnseenReason::Unreachable, 1).await;
}

#[tokio::test]
async fn a_fault_that_passes_leaves_no_trace() {
    for fault in [Fault::Status(502), Fault::HangUp, Fault::Cut, Fault::CutGzip, Fault::Limit(429, Wait::Unsaid)] {
        let (way, estate) = (Way::open(quick()), Estate::example());
        estate.fault(LIST, When::First(2), fault.clone());
        let answer = way.ask(&(estate.url() + LIST)).await;
        assert!(answer.is_ok(), "{fault:?}: {answer:?}");
        assert_eq!(estate.requests().len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_token_that_expires_half_way_is_refused_from_then_on() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    estate.fault(LIST, When::From(3), Fault::Status(401));
    let url = estate.url() + LIST;
    assert!(way.ask(&url).await.is_ok() && way.ask(&url).await.is_ok());
    for _ in 0..2 {
        assert_eq!(way.ask(&url).await.unwrap_err().reason, UnseenReason::NotAuthorized);
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let elsewhere = Estate::example();
    for target in [elsewhere.url() + LIST, "https://elsewhere.invalid/".to_owned()] {
        let missed = missed(Fault::Redirect(target)).await;
        assert_eq!((missed.miss.reason, missed.asked), (UnseenReason::Unreadable, 1), "{}", missed.miss);
        assert!(missed.miss.what.contains("another place"), "{}", missed.miss);
    }
    assert_eq!(elsewhere.requests().len(), 0, "nobody was asked there, with or without a credential");
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed_and_a_loop_is_left() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    let (answer, repository) = way.ask(&(estate.url() + "/repos/estate/zowe-launcher")).await.unwrap();
    assert_eq!((repository["name"].as_str(), answer.url.path()), (Some("launcher"), "/repositories/1006"));
    assert!(estate.requests().iter().all(estate::log::Asked::has_credential));
    assert_missed(Fault::RedirectLoop, UnseenReason::Unreadable, 6).await;
}

#[tokio::test]
async fn a_question_that_is_posted_is_not_sent_to_where_it_is_redirected() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    estate.fault("/graphql", When::Always, Fault::Redirect("/elsewhere".to_owned()));
    let url = Url::parse(&(estate.url() + "/graphql")).unwrap();
    let ask = Ask::post(ReadOnly::GraphQl, url, "{}".into()).bearer(&way.token).unwrap();
    assert_eq!(way.door.ask_ok(&ask).await.unwrap_err().reason, UnseenReason::Unreadable);
    assert_eq!(estate.requests().len(), 1);
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_left_at_the_cap() {
    for told in [true, false] {
        let missed = missed(Fault::Huge { bytes: 1 << 30, told }).await;
        assert_eq!((missed.miss.reason, missed.asked), (UnseenReason::Unreadable, 1), "{}", missed.miss);
        // The cap, and what lies in buffers on the way.
        let sent = missed.estate.requests()[0].sent();
        assert!(sent < (32 << 20) + (16 << 20), "{sent} bytes were taken");
    }
}

#[tokio::test]
async fn a_small_body_that_becomes_a_large_one_is_left_at_the_cap() {
    let missed = missed(Fault::GzipBomb(1_200)).await;
    assert_eq!((missed.miss.reason, missed.asked), (UnseenReason::Unreadable, 1), "{}", missed.miss);
    assert!(missed.miss.what.contains("more than the 33554432 bytes"), "{}", missed.miss);
    assert!(missed.estate.requests()[0].header("accept-encoding").contains("gzip"));
}

#[tokio::test]
async fn bytes_that_are_no_http_are_unreadable() {
    let way = Way::open(quick());
    let address = estate::listener::raw(b"220 mail.example.org ESMTP\r\n").await;
    let miss = way.ask(&format!("http://{address}/")).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreadable, "{miss}");
}

#[tokio::test]
async fn a_credential_that_a_server_repeats_is_repeated_nowhere() {
    for status in [200, 401, 403, 404, 409, 500] {
        let (way, estate) = (Way::open(quick()), Estate::example());
        estate.fault(LIST, When::Always, Fault::Echo(status));
        let url = estate.url() + LIST;
        let basic = Ask::get(Url::parse(&url).unwrap()).basic("auditor", &way.token).unwrap();
        for ask in [way.question(&url), basic] {
            // As a list of numbers: what was there instead is named by the reader of JSON.
            let outcome = match way.door.ask_ok(&ask).await {
                Err(miss) => Err(miss),
                Ok(answer) => {
                    assert!(!format!("{:?}", answer.source).contains("estate-all-"), "{:?}", answer.source);
                    answer.json::<std::collections::BTreeMap<String, u8>>()
                }
            };
            let miss = outcome.unwrap_err();
            way.assert_clean(&miss);
            // `auditor:` and the token, as basic authentication sends it.
            let encoded = "YXVkaXRvcjplc3RhdGUtYWxsLTAxMjM0NTY3ODk=";
            assert!(!format!("{miss:?}").contains(encoded), "{miss:?}");
        }
    }
}

#[tokio::test]
async fn a_credential_in_the_target_of_a_redirect_is_shown_nowhere() {
    let missed = missed(Fault::EchoRedirect).await;
    assert_eq!(missed.miss.reason, UnseenReason::NotFound, "{}", missed.miss);
    // The second answer redirects once more, off the host.
    let (way, estate) = (missed.way, missed.estate);
    estate.heal();
    estate.fault("*", When::Always, Fault::EchoRedirect);
    let miss = way.ask(&(estate.url() + LIST)).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreadable, "{miss}");
    way.assert_clean(&miss);
}
