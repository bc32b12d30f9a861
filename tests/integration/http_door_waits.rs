//! The HTTP door waits: limits of servers, pace and turns at one host, deadlines; clocks; TLS.
//!
//! Faults of single answers are in `http_door`.

use std::process::Command;
use std::time::{Duration, Instant as Clock};

use chrono::TimeDelta;
use futures_util::future::join_all;
use lastgood::collect::http::{Ask, Settings};
use lastgood::model::UnseenReason;
use reqwest::Url;

use crate::estate::{Certificate, Estate, Fault, Truth, Wait, When};
use crate::http_door::{LIST, Way, quick};

fn within(time: Duration) -> Settings {
    Settings { deadline: Some(tokio::time::Instant::now() + time), ..quick() }
}

#[tokio::test]
async fn a_server_that_asks_for_a_second_is_given_it() {
    let limits = [
        Fault::Limit(429, Wait::Seconds(1)),
        Fault::Limit(503, Wait::Seconds(1)),
        Fault::Limit(429, Wait::Date(2)),
        Fault::SecondaryLimit(Wait::Seconds(1)),
        Fault::PrimaryLimit(Some(1)),
        // The time is over by this machine's clock, and not by the server's.
        Fault::PrimaryLimit(Some(-5)),
    ];
    let asked = limits.map(|fault| async move {
        let (way, estate) = (Way::open(within(Duration::from_secs(8))), Estate::example());
        estate.fault(LIST, When::First(1), fault.clone());
        let begun = Clock::now();
        let answer = way.ask(&(estate.url() + LIST)).await;
        assert!(answer.is_ok(), "{fault:?}: {answer:?}");
        assert_eq!(estate.requests().len(), 2, "{fault:?}");
        // Dates have whole seconds: the second of two may have begun already.
        assert!(begun.elapsed() > Duration::from_millis(900), "{fault:?}: {:?}", begun.elapsed());
    });
    join_all(asked).await;
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_rate_limited_at_once_and_says_until_when() {
    for fault in [
        Fault::Limit(429, Wait::Seconds(3_600)),
        Fault::Limit(503, Wait::Date(3_600)),
        Fault::Limit(403, Wait::Seconds(3_600)),
        Fault::PrimaryLimit(Some(3_600)),
        Fault::SecondaryLimit(Wait::Unsaid),
    ] {
        let (way, estate) = (Way::open(within(Duration::from_secs(20))), Estate::example());
        estate.fault(LIST, When::Always, fault.clone());
        let begun = Clock::now();
        let miss = way.ask(&(estate.url() + LIST)).await.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::RateLimited, "{fault:?}: {miss}");
        assert!(miss.what.contains("rate limited until 20"), "{miss}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{fault:?}");
        way.assert_clean(&miss);
        // Other questions to the host are not put in vain.
        let next = way.ask(&(estate.url() + "/orgs/estate")).await.unwrap_err();
        assert_eq!((next.reason, estate.requests().len()), (UnseenReason::RateLimited, 1), "{next}");
    }
}

#[tokio::test]
async fn a_limit_that_names_no_time_is_rate_limited() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    for (fault, asked) in [(Fault::Limit(429, Wait::Unsaid), 3), (Fault::PrimaryLimit(None), 1)] {
        estate.heal();
        estate.forget();
        estate.fault(LIST, When::Always, fault.clone());
        let miss = way.ask(&(estate.url() + LIST)).await.unwrap_err();
        assert_eq!((miss.reason, estate.requests().len()), (UnseenReason::RateLimited, asked), "{fault:?}: {miss}");
    }
}

#[tokio::test]
async fn a_server_that_never_has_enough_of_waiting_is_rate_limited() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    estate.fault(LIST, When::Always, Fault::Limit(429, Wait::Seconds(0)));
    let miss = way.ask(&(estate.url() + LIST)).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::RateLimited, "{miss}");
    assert!(estate.requests().len() <= 8, "{}", estate.requests().len());
}

#[tokio::test]
async fn the_estates_own_limit_is_a_primary_limit() {
    let way = Way::open(within(Duration::from_secs(20)));
    let estate = Estate::of(Truth::example()).limits(60, 3).start();
    for _ in 0..3 {
        assert!(way.ask(&(estate.url() + LIST)).await.is_ok());
    }
    let miss = way.ask(&(estate.url() + LIST)).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::RateLimited, "{miss}");
}

#[tokio::test]
async fn no_more_questions_than_allowed_are_open_at_one_host() {
    let way = Way::open(Settings { per_host: 4, ..quick() });
    let estate = Estate::example();
    estate.latency(Duration::from_millis(20));
    let urls: Vec<String> = (0..40).map(|number| format!("{}{LIST}?page={number}", estate.url())).collect();
    let answers = join_all(urls.iter().map(|url| way.ask(url))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((estate.requests().len(), estate.most_at_once()), (40, 4));
}

#[tokio::test]
async fn no_more_questions_than_allowed_are_put_to_one_host_in_a_second() {
    let way = Way::open(Settings { per_second: 10.try_into().unwrap(), ..quick() });
    let estate = Estate::example();
    let url = estate.url() + LIST;
    let begun = Clock::now();
    let answers = join_all((0..16).map(|_| way.ask(&url))).await;
    assert!(answers.iter().all(Result::is_ok));
    // Ten at once, and the other six a tenth of a second apart.
    assert!(begun.elapsed() > Duration::from_millis(550), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn one_host_that_is_slow_keeps_no_other_waiting() {
    let way = Way::open(Settings { per_host: 1, ..quick() });
    let (slow, fast) = (Estate::example(), Estate::example());
    slow.latency(Duration::from_millis(800));
    let (slow_url, fast_url) = (slow.url() + LIST, fast.url() + LIST);
    let begun = Clock::now();
    let timed = async |url: &str| {
        way.ask(url).await.unwrap();
        begun.elapsed()
    };
    let (slow_took, fast_took) = tokio::join!(timed(&slow_url), timed(&fast_url));
    assert!(fast_took < slow_took, "{fast_took:?} and {slow_took:?}");
}

#[tokio::test]
async fn the_deadline_ends_every_question() {
    let way = Way::open(Settings { per_host: 1, ..within(Duration::from_millis(600)) });
    let estate = Estate::example();
    estate.fault(LIST, When::Always, Fault::Silence);
    let url = estate.url() + LIST;
    let begun = Clock::now();
    // One hangs, the others never get their turn.
    for answer in join_all((0..3).map(|_| way.ask(&url))).await {
        let miss = answer.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::Unreachable, "{miss}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(estate.requests().len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_measured() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    let url = estate.url() + LIST;
    way.ask(&url).await.unwrap();
    let skew = |way: &Way| way.door.skews().values().next().copied().unwrap();
    assert_eq!(skew(&way), TimeDelta::zero());
    for minutes in [-10, 10] {
        let way = Way::open(quick());
        estate.heal();
        estate.fault(LIST, When::Always, Fault::WrongDate(TimeDelta::minutes(minutes)));
        way.ask(&url).await.unwrap();
        let off = (skew(&way) - TimeDelta::minutes(minutes)).abs();
        assert!(off <= TimeDelta::seconds(2), "{minutes}: {}", skew(&way));
    }
}

#[tokio::test]
async fn a_certificate_is_accepted_where_its_authority_was_named() {
    let estate = Estate::of(Truth::example()).tls(Certificate::Good).start();
    let trusting = Settings { ca: estate.ca().map(|pem| pem.as_bytes().to_vec()), ..quick() };
    let (answer, _) = Way::open(trusting).ask(&(estate.url() + LIST + "?per_page=5")).await.unwrap();
    assert_eq!(answer.next_page().unwrap().unwrap().scheme(), "https");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_is_unreachable_and_gets_no_credential() {
    for (certificate, knows) in
        [(Certificate::Good, false), (Certificate::OfAnotherHost, true), (Certificate::Expired, true)]
    {
        let estate = Estate::of(Truth::example()).tls(certificate).start();
        let ca = estate.ca().filter(|_| knows).map(|pem| pem.as_bytes().to_vec());
        let way = Way::open(Settings { ca, first_wait: Duration::from_secs(60), ..quick() });
        let begun = Clock::now();
        let miss = way.ask(&(estate.url() + LIST)).await.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::Unreachable, "{certificate:?}: {miss}");
        assert!(miss.what.contains("certificate"), "{certificate:?}: {miss}");
        assert!(begun.elapsed() < Duration::from_secs(10), "it is not tried again");
        assert_eq!(estate.requests().len(), 0);
        way.assert_clean(&miss);
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_unreachable() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    let miss = way.ask(&estate.url().replace("http:", "https:")).await.unwrap_err();
    assert_eq!(miss.reason, UnseenReason::Unreachable, "{miss}");
    assert_eq!(estate.requests().len(), 0);
}

#[test]
fn a_file_of_certificates_that_holds_none_is_refused() {
    use lastgood::collect::{clock::Clock, http::Door, secrets::Keyring};
    for ca in [&b""[..], b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let settings = Settings { ca: Some(ca.to_vec()), ..quick() };
        let keys = Keyring::new(std::path::Path::new("."), |_| None);
        assert!(Door::open(settings, Clock::new(crate::estate::now), keys).is_err(), "{ca:?}");
    }
}

/// Memory is measured in a process of its own, which runs the test below alone.
#[cfg(target_os = "linux")]
#[test]
fn memory_stays_bounded_whatever_a_server_sends() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "http_door_waits::peak_memory_of_this_process", "--ignored", "--test-threads=1"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn peak_memory_of_this_process() {
    let (way, estate) = (Way::open(quick()), Estate::example());
    let url = Url::parse(&(estate.url() + LIST)).unwrap();
    for fault in [Fault::GzipBomb(1_200), Fault::Huge { bytes: 1 << 30, told: false }] {
        estate.heal();
        estate.fault(LIST, When::Always, fault.clone());
        let miss = way.door.ask_ok(&Ask::get(url.clone()).at_most(4 << 20)).await.unwrap_err();
        assert_eq!(miss.reason, UnseenReason::Unreadable, "{miss}");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 100_000, "{kilobytes} kB");
}
