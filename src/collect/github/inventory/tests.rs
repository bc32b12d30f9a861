//! Unit tests of listings: when a list is whole, and when private repositories may be missing.
//!
//! Against a GitHub of one function; whole organisations are left to the integration tests.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::collect::github::fake::{Asked, Fake, Reply, system, system_of};
use crate::model::Facet;

/// What a listing came to.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    count: u64,
    complete: bool,
    public_only: bool,
    reasons: Vec<UnseenReason>,
}

fn seen(listing: &Listing) -> Seen {
    let Some(Fact::Inventory(inventory)) = listing.told.last().map(|told| &told.fact) else {
        panic!("it ends without an inventory: {listing:?}");
    };
    assert_eq!(inventory.count, listing.told.len() as u64 - 1);
    Seen {
        count: inventory.count,
        complete: inventory.complete,
        public_only: inventory.public_only,
        reasons: listing.misses.iter().map(|miss| miss.reason).collect(),
    }
}

fn expected(count: u64, complete: bool, public_only: bool, reasons: &[UnseenReason]) -> Seen {
    Seen { count, complete, public_only, reasons: reasons.to_vec() }
}

fn ok(body: impl Into<String>) -> Reply {
    (200, vec![], body.into())
}

/// A repository as REST tells of it.
fn rest(id: u64, name: &str, private: bool) -> String {
    format!(
        r#"{{"id":{id},"name":"{name}","owner":{{"login":"o"}},"private":{private},"archived":true,"pushed_at":"2026-11-01T00:00:00Z","has_wiki":false}}"#
    )
}

/// A repository as GraphQL tells of it.
fn node(id: u64, private: bool) -> String {
    format!(r#"{{"databaseId":{id},"name":"r{id}","isPrivate":{private},"isEmpty":false,"attributes":null}}"#)
}

/// A page of GraphQL.
fn page(nodes: &[String], total: u64, next: Option<&str>) -> String {
    let cursor = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
    format!(
        r#"{{"data":{{"owner":{{"repositories":{{"totalCount":{total},"pageInfo":{{"hasNextPage":{},"endCursor":{cursor}}},"nodes":[{}]}}}}}}}}"#,
        next.is_some(),
        nodes.join(",")
    )
}

async fn anonymous(list: impl Fn(&Asked) -> Reply + Send + Sync + 'static, account: &'static str) -> Listing {
    let fake = Fake::start(move |asked| match asked.path.as_str() {
        "/api/v3/orgs/o" => ok(account),
        _ => list(asked),
    })
    .await;
    fake.github(&system("")).inventory().await
}

#[tokio::test]
async fn without_a_token_rest_lists_what_is_public() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        "/api/v3/orgs/o" => ok(r#"{"public_repos":2}"#),
        "/api/v3/orgs/o/repos?type=all&sort=full_name&per_page=100" => {
            let next = "</api/v3/organizations/7/repos?page=2>; rel=\"next\"".to_owned();
            (200, vec![("link", next)], format!("[{}]", rest(1, "a", false)))
        }
        // Between the pages the first repository moved to the second one.
        _ => ok(format!("[{},{}]", rest(1, "a", false), rest(2, "b", false))),
    })
    .await;
    let listing = fake.github(&system("")).inventory().await;
    assert_eq!(seen(&listing), expected(2, true, true, &[]));
    let Fact::Item(item) = &listing.told[0].fact else { panic!("no item") };
    assert_eq!((&*item.name, item.id.as_deref(), item.archived), ("a", Some("1"), Some(true)));
    assert!(!item.facets.as_ref().unwrap().contains(&Facet::Wiki));
    let (name, told) = &listing.changes[1];
    let Fact::Changes(changes) = &told.fact else { panic!("no changes") };
    assert!(&**name == "b" && !changes.exact && changes.at.len() == 1);
    assert_eq!(told.source.identity.as_deref(), Some("anonymous"));
    assert!(told.source.request.as_deref().unwrap().ends_with("/organizations/7/repos?page=2"));
}

#[tokio::test]
async fn a_user_has_a_list_of_its_own() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        "/api/v3/users/u" => ok(r#"{"public_repos":1}"#),
        "/api/v3/users/u/repos?type=owner&sort=full_name&per_page=100" => ok(format!("[{}]", rest(1, "a", false))),
        path => (500, vec![], path.to_owned()),
    })
    .await;
    let listing = fake.github(&system_of("user: u", "")).inventory().await;
    assert_eq!(seen(&listing), expected(1, true, true, &[]));
}

#[tokio::test]
async fn a_list_that_is_not_whole_says_so() {
    use UnseenReason::{NotAuthorized, Truncated, Unreachable, Unreadable};
    let one = |_: &Asked| ok(format!("[{}]", rest(1, "a", false)));
    assert_eq!(seen(&anonymous(one, r#"{"public_repos":2}"#).await), expected(1, false, true, &[Truncated]));
    let odd = |_: &Asked| ok(format!("[{}, null, {{\"id\":3}}]", rest(1, "a", false)));
    assert_eq!(seen(&anonymous(odd, "{}").await), expected(1, false, true, &[Unreadable]));
    let filtered = |_: &Asked| {
        let sso = ("x-github-sso", "partial-results; organizations=7".to_owned());
        (200, vec![sso], format!("[{}]", rest(1, "a", false)))
    };
    assert_eq!(seen(&anonymous(filtered, "{}").await), expected(1, false, true, &[NotAuthorized]));
    let broken = |asked: &Asked| {
        if asked.path.ends_with("page=2") {
            return (502, vec![], "<html>".to_owned());
        }
        let next = "</api/v3/organizations/7/repos?page=2>; rel=\"next\"".to_owned();
        (200, vec![("link", next)], format!("[{}]", rest(1, "a", false)))
    };
    assert_eq!(seen(&anonymous(broken, "{}").await), expected(1, false, true, &[Unreachable]));
    let endless = |asked: &Asked| {
        let next = format!("<{}0>; rel=\"next\"", asked.path);
        (200, vec![("link", next)], format!("[{}]", rest(1, "a", false)))
    };
    assert_eq!(seen(&anonymous(endless, "{}").await), expected(1, false, true, &[Truncated]));
}

#[tokio::test]
async fn without_a_first_page_there_is_no_inventory_at_all() {
    for (status, body) in [(404, r#"{"message":"Not Found"}"#), (200, "<html>"), (451, "{}"), (200, r#"{"a":1}"#)] {
        let listing = anonymous(move |_| (status, vec![], body.to_owned()), "{}").await;
        assert!(listing.told.is_empty() && listing.misses.len() == 1, "{body}: {listing:?}");
    }
}

/// Lists with a token of the login `me`.
async fn by_token(
    account: &'static str,
    reply: impl Fn(&Asked, u64, Option<&str>) -> Reply + Send + Sync + 'static,
) -> (Listing, usize) {
    let fake = Fake::start(move |asked| {
        if asked.path != "/api/graphql" {
            return ok(account);
        }
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
        match body.get("variables") {
            None => ok(r#"{"data":{"viewer":{"login":"me"}}}"#),
            Some(variables) => {
                assert_eq!(variables["login"], "o");
                assert!(body["query"].as_str().unwrap().contains("organization(login: $login)"));
                reply(asked, variables["first"].as_u64().unwrap(), variables["after"].as_str())
            }
        }
    })
    .await;
    let listing = fake.github(&system("token: { env: TOKEN }")).inventory().await;
    (listing, fake.asked().len())
}

const ACCOUNT: &str = r#"{"public_repos":1,"total_private_repos":1,"owned_private_repos":1}"#;

#[tokio::test]
async fn with_a_token_graphql_lists_and_the_account_tells_whether_that_was_all() {
    let both = |_: &Asked, _, after: Option<&str>| match after {
        None => ok(page(&[node(1, false)], 2, Some("x"))),
        Some(_) => ok(page(&[node(1, false), node(2, true)], 2, None)),
    };
    let (listing, asked) = by_token(ACCOUNT, both).await;
    assert_eq!((seen(&listing), asked), (expected(2, true, false, &[]), 4));
    let two = |_: &Asked, _, _: Option<&str>| ok(page(&[node(1, false)], 1, None));
    let one_hidden = by_token(ACCOUNT, two).await.0;
    assert_eq!(seen(&one_hidden), expected(1, true, true, &[]), "a private one may be missing");
    let silent = by_token(r#"{"public_repos":1}"#, two).await.0;
    assert_eq!(seen(&silent), expected(1, true, true, &[]), "it does not say how many are private");
}

#[tokio::test]
async fn what_graphql_keeps_back_makes_the_list_less_than_whole() {
    use UnseenReason::{NotAuthorized, Truncated, Unreadable};
    let refused = |_: &Asked, _, _: Option<&str>| {
        let body = page(&[node(1, false), "null".to_owned()], 2, None);
        let errors = r#","errors":[{"type":"FORBIDDEN","path":["owner","repositories","nodes",1],"message":"Resource protected by organization SAML enforcement."}]}"#;
        ok(format!("{}{errors}", &body[..body.len() - 1]))
    };
    assert_eq!(seen(&by_token("{}", refused).await.0), expected(1, false, true, &[NotAuthorized, Unreadable]));
    let fields = |_: &Asked, _, _: Option<&str>| {
        let body = page(&[node(1, false)], 1, None);
        let errors = r#","errors":[{"type":"FORBIDDEN","path":["owner","repositories","nodes",0,"releases"],"message":"Resource not accessible by integration"}]}"#;
        ok(format!("{}{errors}", &body[..body.len() - 1]))
    };
    assert_eq!(
        seen(&by_token("{}", fields).await.0),
        expected(1, true, true, &[NotAuthorized]),
        "the repository is there"
    );
    let fewer = |_: &Asked, _, _: Option<&str>| ok(page(&[node(1, false)], 3, None));
    assert_eq!(seen(&by_token("{}", fewer).await.0), expected(1, false, true, &[Truncated]));
}

#[tokio::test]
async fn cursors_that_lead_nowhere_end_the_list() {
    let counter = AtomicUsize::new(0);
    let circle = move |_: &Asked, _, _: Option<&str>| {
        let id = counter.fetch_add(1, Ordering::Relaxed) as u64;
        ok(page(&[node(id, false)], 900, Some("same")))
    };
    assert_eq!(seen(&by_token("{}", circle).await.0), expected(2, false, true, &[UnseenReason::Truncated]));
    let counter = AtomicUsize::new(0);
    let nothing_new = move |_: &Asked, _, _: Option<&str>| {
        ok(page(&[node(1, false)], 900, Some(&counter.fetch_add(1, Ordering::Relaxed).to_string())))
    };
    assert_eq!(seen(&by_token("{}", nothing_new).await.0), expected(1, false, true, &[UnseenReason::Truncated]));
}

#[tokio::test]
async fn pages_become_smaller_where_the_server_has_no_time() {
    let small = |_: &Asked, first, _: Option<&str>| {
        if first > 25 { (502, vec![], "<html>".to_owned()) } else { ok(page(&[node(1, false)], 1, None)) }
    };
    let (listing, asked) = by_token("{}", small).await;
    assert_eq!((seen(&listing), asked), (expected(1, true, true, &[]), 5));
    let never = |_: &Asked, _, _: Option<&str>| (504, vec![], String::new());
    let (listing, asked) = by_token("{}", never).await;
    assert!(listing.told.is_empty());
    assert_eq!(asked, 6, "100, 50, 25, 12, 10 and whose token it is");
}

#[tokio::test]
async fn a_used_up_limit_is_waited_for() {
    let counter = AtomicUsize::new(0);
    let limited = move |_: &Asked, _, _: Option<&str>| {
        if counter.fetch_add(1, Ordering::Relaxed) == 0 {
            // A second after the time of the tests.
            return (
                200,
                vec![("x-ratelimit-reset", "1795608001".to_owned())],
                r#"{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#.to_owned(),
            );
        }
        ok(page(&[node(1, false)], 1, None))
    };
    assert_eq!(seen(&by_token("{}", limited).await.0), expected(1, true, true, &[]));
}
