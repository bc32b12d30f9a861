//! The estate's S3 answers as S3 does: asked by a client that shares nothing with the collector.
//!
//! What the collector makes of the answers is in `s3` and `s3_faults`.

use std::time::Duration;

use chrono::TimeDelta;
use http::{Method, StatusCode};

use crate::estate::s3::{self, Quirk};
use crate::estate::{Estate, Truth};
use crate::servers::{Answer, Client, Request, Server};

const KEYS: &str = "
keys:
  - { id: AKIAESTATE, secret: estate-secret-1 }
  - { id: ASIAESTATE, secret: estate-secret-2, token: estate-session-1 }
  - { id: ASIAEXPIRED, secret: estate-secret-3, token: estate-session-2, expires: 1h ago }
";

fn start(s3: &str) -> Estate {
    let truth = Truth {
        s3: s3::Truth::parse(&format!("{KEYS}{s3}")),
        ..Truth::parse("{ organization: estate, repositories: [] }")
    };
    Estate::of(truth).start()
}

fn client(estate: &Estate, id: &str, secret: &str) -> Client {
    let (name, url) = ("estate".to_owned(), estate.s3_url());
    Client::new(&Server { name, url, id: id.to_owned(), secret: secret.to_owned() })
}

fn good(estate: &Estate) -> Client {
    client(estate, "AKIAESTATE", "estate-secret-1")
}

async fn list(client: &Client, bucket: &str, more: &[(&str, &str)]) -> Answer {
    let query = [&[("list-type", "2"), ("encoding-type", "url")], more].concat();
    client.send(Method::GET, Request { bucket, query: &query, ..Request::default() }).await
}

/// Returns the text of every element of that name.
fn all(answer: &Answer, name: &str) -> Vec<String> {
    let element = regex::Regex::new(&format!("<{name}>([^<]*)</{name}>")).expect("a name");
    element.captures_iter(&answer.body).map(|found| found[1].to_owned()).collect()
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_says_which_way_it_is_wrong() {
    let estate = start("buckets: [{ name: b, objects: [{ key: k }] }]");
    assert_eq!(list(&good(&estate), "b", &[]).await.status, StatusCode::OK);

    let code = |answer: Answer| (answer.status.as_u16(), answer.element("Code").to_owned());
    let refused = async |client: Client| code(list(&client, "b", &[]).await);
    assert_eq!(refused(client(&estate, "AKIAESTATE", "wrong")).await, (403, "SignatureDoesNotMatch".into()));
    assert_eq!(refused(client(&estate, "AKIANOBODY", "x")).await, (403, "InvalidAccessKeyId".into()));
    let session = |id, secret, token: &str| Client { token: Some(token.into()), ..client(&estate, id, secret) };
    assert_eq!(
        refused(session("ASIAEXPIRED", "estate-secret-3", "estate-session-2")).await,
        (400, "ExpiredToken".into())
    );
    assert_eq!(refused(session("ASIAESTATE", "estate-secret-2", "wrong")).await, (400, "InvalidToken".into()));
    assert_eq!(refused(client(&estate, "ASIAESTATE", "estate-secret-2")).await, (400, "InvalidToken".into()));
    let whole = session("ASIAESTATE", "estate-secret-2", "estate-session-1");
    assert_eq!(list(&whole, "b", &[]).await.status, StatusCode::OK);
    let early = good(&estate);
    let at = std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(estate.now().timestamp()).unwrap() - 1_000);
    assert_eq!(refused(Client { at: Some(at), ..early }).await, (403, "RequestTimeTooSkewed".into()));
    estate.s3().ahead(TimeDelta::hours(1));
    assert_eq!(refused(good(&estate)).await, (403, "RequestTimeTooSkewed".into()));
}

#[tokio::test]
async fn who_says_nothing_sees_what_is_public() {
    let estate = start("buckets: [{ name: open, public: true, objects: [{ key: k }] }, { name: closed }]");
    let client = good(&estate);
    let request = |bucket| Request { bucket, query: &[("list-type", "2")], ..Request::default() };
    assert_eq!(client.send_unsigned(Method::GET, request("open")).await.element("KeyCount"), "1");
    let refused = client.send_unsigned(Method::GET, request("closed")).await;
    assert_eq!((refused.status.as_u16(), refused.element("Code")), (403, "AccessDenied"));
    assert_eq!(refused.header("x-amz-bucket-region"), "us-east-1");
    let settings = Request { bucket: "open", query: &[("versioning", "")], ..Request::default() };
    assert_eq!(client.send_unsigned(Method::GET, settings).await.status.as_u16(), 403);
}

#[tokio::test]
async fn another_region_is_refused_in_both_ways() {
    for (way, status, code) in
        [("redirect", 301, "PermanentRedirect"), ("malformed", 400, "AuthorizationHeaderMalformed")]
    {
        let estate = start(&format!("wrong_region: {way}\nbuckets: [{{ name: b, region: eu-west-1 }}]"));
        let refused = list(&good(&estate), "b", &[]).await;
        assert_eq!((refused.status.as_u16(), refused.element("Code")), (status, code));
        assert_eq!(refused.header("x-amz-bucket-region"), "eu-west-1");
        assert!(refused.headers.get("location").is_none());
        let right = Client { region: "eu-west-1".to_owned(), ..good(&estate) };
        assert_eq!(list(&right, "b", &[]).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn pages_hold_each_key_once_in_the_order_of_its_bytes() {
    let keys = ["a b", "a+b", "a\nb", "a/b", "ä", "日本", "\u{10ffff}", "~", "x&<y>"];
    for personality in ["aws", "ceph", "moto"] {
        let estate = start(&format!("personality: {personality}\npage: 2\nbuckets: [{{ name: b }}]"));
        estate.s3().change("b", |objects| {
            objects.extend(keys.map(|key| (key.to_owned(), s3::truth::Object::new(key, 1))));
        });
        let client = good(&estate);
        let (mut found, mut token) = (Vec::new(), String::new());
        for _ in 0..10 {
            let more = [("continuation-token", token.as_str())];
            let page = list(&client, "b", if token.is_empty() { &[] } else { &more }).await;
            found.extend(all(&page, "Key"));
            token = page.element("NextContinuationToken").to_owned();
            if page.element("IsTruncated") == "false" {
                break;
            }
        }
        let mut sorted = keys.map(str::as_bytes).to_vec();
        sorted.sort_unstable();
        let decoded: Vec<Vec<u8>> =
            found.iter().map(|key| percent_encoding::percent_decode_str(&key.replace('+', " ")).collect()).collect();
        assert_eq!(decoded, sorted, "{personality}: {found:?}");
        assert_eq!(found.contains(&"a+b".to_owned()), personality == "aws", "only AWS writes a space as a plus");
        assert_eq!(found.contains(&"a%2Fb".to_owned()), personality == "ceph", "only Ceph encodes a slash");
        for key in keys {
            let head = client.send(Method::HEAD, Request { bucket: "b", key, ..Request::default() }).await;
            assert_eq!((head.status, head.header("content-length")), (StatusCode::OK, "1"), "{key:?}");
        }
    }
}

#[tokio::test]
async fn a_delimiter_makes_prefixes_of_keys_and_none_comes_twice() {
    let estate = start(
        "page: 2\nbuckets: [{ name: b, many: [{ prefix: \"p{}/\", prefixes: 3, count: 100 }], objects: [{ key: p, size: 2 }, { key: z }] }]",
    );
    let client = good(&estate);
    let (mut keys, mut prefixes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let more = [("delimiter", "/"), ("continuation-token", token.as_str())];
        let page = list(&client, "b", if token.is_empty() { &more[..1] } else { &more }).await;
        let found = all(&page, "Prefix").into_iter().filter(|prefix| !prefix.is_empty()).collect::<Vec<_>>();
        assert_eq!(all(&page, "Key").len() + found.len(), page.element("KeyCount").parse::<usize>().unwrap());
        keys.extend(all(&page, "Key"));
        prefixes.extend(found);
        token = page.element("NextContinuationToken").to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(
        (keys, prefixes),
        (vec!["p".to_owned(), "z".into()], vec!["p0000/".into(), "p0001/".into(), "p0002/".into()])
    );
    let after = list(&client, "b", &[("prefix", "p0001/"), ("start-after", "p0001/00000098"), ("max-keys", "1")]).await;
    assert_eq!((all(&after, "Key"), after.element("IsTruncated")), (vec!["p0001/00000099".to_owned()], "false"));
    let wrong = list(&client, "b", &[("continuation-token", "nonsense")]).await;
    assert_eq!((wrong.status.as_u16(), wrong.element("Code")), (400, "InvalidArgument"));
}

#[tokio::test]
async fn a_subresource_that_a_server_does_not_know_is_answered_as_that_server_does() {
    for (personality, name, root) in [
        ("aws", "encryption", "<ServerSideEncryptionConfiguration"),
        ("ceph", "encryption", "<ListBucketResult"),
        ("moto", "versioning", "<GetBucketVersioningResponse"),
        ("ceph", "replication", "<ReplicationConfiguration"),
        ("aws", "replication", "<Code>ReplicationConfigurationNotFoundError"),
        ("aws", "lifecycle", "<Code>NoSuchLifecycleConfiguration"),
        ("aws", "object-lock", "<Code>ObjectLockConfigurationNotFoundError"),
        ("aws", "uploads", "<ListMultipartUploadsResult"),
        ("aws", "versions", "<ListVersionsResult"),
    ] {
        let estate = start(&format!("personality: {personality}\nbuckets: [{{ name: b }}]"));
        let request = Request { bucket: "b", query: &[(name, "")], ..Request::default() };
        let answer = good(&estate).send(Method::GET, request).await;
        assert!(answer.body.contains(root), "{personality} {name}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_lies_there_can_change_between_two_pages() {
    let estate = start("page: 10\nbuckets: [{ name: b, many: [{ prefix: k, count: 25 }] }]");
    estate.s3().change_before(2, "b", |objects| {
        objects.retain(|key, _| !key.ends_with('1'));
        objects.insert("late".to_owned(), s3::truth::Object::new("late", 1));
    });
    let client = good(&estate);
    let first = list(&client, "b", &[]).await;
    let second = list(&client, "b", &[("continuation-token", first.element("NextContinuationToken"))]).await;
    assert!(all(&first, "Key").contains(&"k00000001".to_owned()));
    assert!(!all(&second, "Key").contains(&"k00000011".to_owned()));
    estate.s3().quirk("b", Some(Quirk::NoToken));
    let cut = list(&client, "b", &[]).await;
    assert_eq!((cut.element("IsTruncated"), cut.element("NextContinuationToken")), ("true", ""));
}

#[tokio::test]
async fn the_example_has_a_dump_each_day() {
    let estate = Estate::example();
    let client = good(&estate);
    let day = (estate.now() - TimeDelta::days(3)).format("db-%Y-%m-%d/").to_string();
    let page = list(&client, "backups", &[("prefix", &day)]).await;
    assert_eq!(all(&page, "Key"), [format!("{day}data.gz"), format!("{day}schema.gz")]);
    assert_eq!(all(&list(&client, "backups", &[]).await, "Key").len(), 241);
}
