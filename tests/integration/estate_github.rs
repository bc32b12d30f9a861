//! The synthetic organisation tells its truth as GitHub would: who sees what, pages, limits, GraphQL, apps.
//!
//! Asks it without `lastgood`'s door, so that a fault of the one does not hide a fault of the other.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use octocrab::models;
use serde_json::{Value, json};

use crate::estate::{self, ALL, Estate, Fault, Truth, When};

struct Client<'a> {
    estate: &'a Estate,
    client: reqwest::Client,
}

struct Got {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn names(&self) -> Vec<&str> {
        self.body.as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect()
    }

    fn read<T: serde::de::DeserializeOwned>(self) -> T {
        serde_json::from_value(self.body.clone()).unwrap_or_else(|error| panic!("{error}: {:#}", self.body))
    }
}

impl<'a> Client<'a> {
    fn new(estate: &'a Estate) -> Self {
        let builder = reqwest::Client::builder().user_agent("test").redirect(reqwest::redirect::Policy::none());
        Self { estate, client: builder.build().expect("a client") }
    }

    async fn send(request: reqwest::RequestBuilder) -> Got {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("a body");
        Got { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    async fn get(&self, token: &str, path: &str) -> Got {
        let request = self.client.get(self.estate.url() + path);
        Self::send(if token.is_empty() { request } else { request.bearer_auth(token) }).await
    }

    async fn graphql(&self, token: &str, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self.client.post(self.estate.url() + "/graphql").bearer_auth(token);
        Self::send(request.body(body.to_string())).await.body
    }
}

#[test]
fn the_policy_of_the_estate_passes_the_check() {
    let estate = Estate::example();
    let policy = crate::support::policy(&estate.policy());
    assert_eq!(policy.document().assets.len(), 9);
}

#[tokio::test]
async fn each_token_sees_what_the_truth_lets_it_see() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let list = "/orgs/estate/repos?per_page=100&sort=full_name";
    for (token, sees_configs, sees_vault) in [
        ("", false, false),
        (ALL, true, true),
        ("estate-public-0123456789", false, false),
        ("estate-selected-0123456789", true, false),
        ("estate-sso-0123456789", false, false),
    ] {
        let got = client.get(token, list).await;
        let names = got.names();
        assert!(names.contains(&"api-layer") && names.is_sorted());
        assert_eq!((names.contains(&"configs"), names.contains(&"vault")), (sees_configs, sees_vault), "{token}");
        assert_eq!(got.header("x-github-sso") == "partial-results; organizations=4242", token.contains("sso"));
        assert_eq!(got.headers.contains_key("x-oauth-scopes"), !token.is_empty() && !token.contains("selected"));
        let single = client.get(token, "/repos/estate/configs").await;
        assert_eq!(single.status, if sees_configs { 200 } else { 404 });
    }
    assert_eq!(client.get("nobody", list).await.body["message"], "Bad credentials");
    assert_eq!(client.get("", "/users/solo/repos").await.names(), ["dotfiles"]);
    let own = client.get("estate-solo-0123456789", "/user/repos?affiliation=owner").await;
    assert_eq!(own.names(), ["diary", "dotfiles"]);
}

#[tokio::test]
async fn pages_are_linked_as_github_links_them() {
    let estate = Estate::of(Truth::of_many(250)).start();
    let client = Client::new(&estate);
    let first = client.get(ALL, "/orgs/estate/repos?per_page=500&type=all").await;
    assert_eq!(first.names().len(), 100);
    let url = estate.url() + "/organizations/4242/repos?per_page=500&type=all&page=";
    assert_eq!(first.header("link"), format!("<{url}2>; rel=\"next\", <{url}3>; rel=\"last\""));
    let third = client.get(ALL, "/organizations/4242/repos?per_page=100&page=3").await;
    assert_eq!(third.names().len(), 50);
    assert!(third.header("link").contains("rel=\"prev\"") && third.header("link").ends_with("rel=\"first\""));
    assert_eq!(client.get(ALL, "/orgs/estate/repos").await.names().len(), 30);
    // An Enterprise Server has the same below another path.
    let link = client.get(ALL, "/api/v3/orgs/estate/repos").await.header("link").to_owned();
    assert!(link.starts_with(&format!("<{}/api/v3/organizations/4242/repos?page=2>", estate.url())), "{link}");
}

#[tokio::test]
async fn an_answer_that_did_not_change_is_not_sent_again_and_the_hours_limit_ends() {
    let estate = Estate::of(Truth::example()).limits(2, 100).start();
    let client = Client::new(&estate);
    let got = client.get("", "/orgs/estate").await;
    let again = client.client.get(estate.url() + "/orgs/estate").header("if-none-match", got.header("etag"));
    assert_eq!(Client::send(again).await.status, 304);
    let limited = client.get("", "/orgs/estate").await;
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (403, "0"));
    assert_eq!(client.get("", "/rate_limit").await.body["rate"]["limit"], 2);
    assert_eq!(client.get(ALL, "/orgs/estate").await.status, 200);
    let nameless = reqwest::Client::new().get(estate.url() + "/orgs/estate").send().await.unwrap();
    assert_eq!(nameless.status(), 403);
}

#[tokio::test]
async fn octocrab_reads_every_answer() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let get = async |path: &str| client.get(ALL, path).await;
    let repositories: Vec<models::Repository> = get("/orgs/estate/repos?per_page=100").await.read();
    assert_eq!(repositories.len(), 16);
    let moved = get("/repos/estate/start-up/commits?per_page=1").await;
    let target = format!("{}/repositories/1006/commits?per_page=1", estate.url());
    assert_eq!((moved.status, moved.header("location")), (301, &*target));
    let commits: Vec<models::repos::RepoCommit> = get("/repos/estate/configs/commits?path=jenkins").await.read();
    assert_eq!(commits.len(), 2);
    let releases: Vec<models::repos::Release> = get("/repos/estate/api-layer/releases").await.read();
    assert_eq!(releases.len(), 2, "the draft is for those who may push");
    let workflow: models::workflows::WorkFlow = get("/repos/estate/cli/actions/workflows/backup.yml").await.read();
    assert_eq!(workflow.state, "disabled_inactivity");
    let mut runs = get("/repos/estate/configs/actions/workflows/export.yml/runs?status=success").await;
    assert_eq!(runs.body["total_count"], 3);
    let runs: Vec<models::workflows::Run> = serde_json::from_value(runs.body["workflow_runs"].take()).unwrap();
    let jobs = get(&format!("/repos/estate/configs/actions/runs/{}/jobs", runs[0].id)).await;
    assert_eq!(jobs.body["jobs"][0]["steps"][0]["conclusion"], "skipped");
    assert!(jobs.body["jobs"][0]["steps"][0]["started_at"].as_str().unwrap().ends_with("+02:00"));
}

#[tokio::test]
async fn a_search_for_runs_shows_a_thousand_and_counts_all() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let runs = "/repos/estate/api-layer/actions/workflows/ci.yml/runs?per_page=100&page=";
    let tenth = client.get(ALL, &format!("{runs}10&status=success")).await;
    assert_eq!(tenth.body["total_count"], 1_200);
    assert!(!tenth.header("link").contains("rel=\"next\""));
    assert_eq!(client.get(ALL, &format!("{runs}11&status=success")).await.body["workflow_runs"], json!([]));
    assert!(client.get(ALL, &format!("{runs}10")).await.header("link").contains("rel=\"next\""));
    assert_eq!(client.get(ALL, "/repos/estate/api-layer/actions/workflows/none.yml/runs").await.status, 404);
}

#[tokio::test]
async fn what_is_empty_or_hidden_answers_as_github_does() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let empty = client.get(ALL, "/repos/estate/shelf/commits").await;
    assert_eq!((empty.status, empty.body["message"].as_str()), (409, Some("Git Repository is empty.")));
    let none = client.get(ALL, "/repos/estate/cli/commits?path=nowhere").await;
    assert_eq!((none.status, none.body), (200, json!([])));
    let attributes = client.get(ALL, "/repos/estate/media/contents/.gitattributes").await;
    assert_eq!(attributes.body["encoding"], "base64");
    assert_eq!(client.get(ALL, "/repos/estate/cli/contents/.gitattributes").await.status, 404);
    for (token, status) in
        [("", 401), (ALL, 200), ("estate-selected-0123456789", 403), ("estate-public-0123456789", 404)]
    {
        assert_eq!(client.get(token, "/orgs/estate/migrations").await.status, status, "{token}");
    }
    let lean = client.get(ALL, "/orgs/estate/migrations?exclude[]=repositories").await;
    assert!(lean.body[0].get("repositories").is_none());
    assert!(lean.body[0]["created_at"].as_str().unwrap().ends_with("+05:30"));
    assert_eq!(
        client.get(ALL, "/orgs/estate/migrations/97/repositories").await.names(),
        ["api-layer", "cli", "configs"]
    );
}

#[tokio::test]
async fn what_is_mounted_beside_github_shares_its_faults_and_its_log() {
    let host = axum::Router::new().route("/{owner}/{name}/info/refs", axum::routing::get(async || "refs"));
    let estate = Estate::of(Truth::example()).mount(host).start();
    let client = Client::new(&estate);
    estate.fault("/estate/*.git/*", When::Nth(2), Fault::Status(503));
    for status in [200, 503, 200] {
        assert_eq!(client.get("", "/estate/cli.git/info/refs?service=git-upload-pack").await.status, status);
    }
    let asked = estate.requests_to("/estate/cli.git/info/refs");
    assert_eq!((asked.len(), asked[0].query.as_str()), (3, "service=git-upload-pack"));
    assert_eq!(client.get("", "/orgs/estate").await.status, 200);
}

const PAGE: &str = r#"
    query ($org: String!, $after: String) {
      place: organization(login: $org) {
        repositories(first: 10, after: $after, orderBy: { field: NAME, direction: ASC }) {
          totalCount
          pageInfo { hasNextPage endCursor }
          nodes { ...all }
        }
      }
      rateLimit { cost remaining resetAt }
    }
    fragment all on Repository {
      number: databaseId name isEmpty isArchived pushedAt visibility issues { totalCount }
      defaultBranchRef { name target { oid ... on Commit { committedDate } } }
      attributes: object(expression: "HEAD:.gitattributes") { ... on Blob { text } }
    }"#;

#[tokio::test]
async fn graphql_walks_any_query_by_cursors() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let first = client.graphql(ALL, PAGE, json!({ "org": "estate" })).await;
    let list = &first["data"]["place"]["repositories"];
    assert_eq!((list["totalCount"].as_u64(), list["nodes"].as_array().unwrap().len()), (Some(16), 10));
    assert_eq!(list["nodes"][0]["name"], "api-layer");
    assert!(list["nodes"][0]["defaultBranchRef"]["target"]["committedDate"].is_string());
    let last = client.graphql(ALL, PAGE, json!({ "org": "estate", "after": list["pageInfo"]["endCursor"] })).await;
    let list = &last["data"]["place"]["repositories"];
    assert_eq!((list["pageInfo"]["hasNextPage"].as_bool(), list["nodes"].as_array().unwrap().len()), (Some(false), 6));
    // One field of one repository is refused: the rest comes, and an error beside it.
    assert_eq!(last["errors"][0]["type"], "FORBIDDEN");
    let path = last["errors"][0]["path"].clone();
    assert_eq!(path, json!(["place", "repositories", "nodes", path[3], "issues"]));
    assert_eq!(list["nodes"][usize::try_from(path[3].as_u64().unwrap()).unwrap()]["issues"], Value::Null);
}

#[tokio::test]
async fn graphql_refuses_what_github_refuses() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let words = async |query: &str| {
        let answer = client.graphql(ALL, query, json!({})).await;
        answer["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(words("{ viewer { login wishes } }").await, "Field 'wishes' doesn't exist on type 'User'");
    let unknown = words("{ organization(login: \"none\") { login } }").await;
    assert_eq!(unknown, "Could not resolve to an Organization with the login of 'none'.");
    let unbound = words("{ organization(login: \"estate\") { repositories { nodes { name } } } }").await;
    assert!(unbound.starts_with("You must provide a `first` or `last` value"), "{unbound}");
    let greedy = words("{ organization(login: \"estate\") { repositories(first: 101) { nodes { name } } } }").await;
    assert!(greedy.contains("exceeds the `first` limit of 100 records"), "{greedy}");
    assert!(words("{ viewer").await.starts_with("Parse error"));
    let sso = client.graphql("estate-sso-0123456789", PAGE, json!({ "org": "estate" })).await;
    assert_eq!(sso["errors"][0]["extensions"]["saml_failure"], true);
    let anonymous = client.client.post(estate.url() + "/graphql").body("{}");
    assert_eq!(Client::send(anonymous).await.status, 401);
}

#[tokio::test]
async fn pages_without_end_exist_by_cursors_too() {
    let estate = Estate::example();
    estate.fault("/graphql", When::Always, Fault::EndlessPages);
    let client = Client::new(&estate);
    let mut after = Value::Null;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = client.graphql(ALL, PAGE, json!({ "org": "estate", "after": after })).await;
        let list = &page["data"]["place"]["repositories"];
        assert_eq!(list["pageInfo"]["hasNextPage"], true);
        after = list["pageInfo"]["endCursor"].clone();
        seen.push((after.to_string(), list["nodes"][0]["name"].to_string()));
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn an_app_gets_a_token_for_what_its_installation_sees() {
    let estate = Estate::example();
    let client = Client::new(&estate);
    let now = estate::now().timestamp();
    let jwt = |claims: Value| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims), "s".repeat(342))
    };
    let app = jwt(json!({ "iat": now - 60, "exp": now + 540, "iss": "4711" }));
    let installation: models::Installation = client.get(&app, "/orgs/estate/installation").await.read();
    let url = format!("{}/app/installations/{}/access_tokens", estate.url(), installation.id);
    let made = Client::send(client.client.post(url).bearer_auth(&app)).await;
    assert_eq!((made.status, made.body["repository_selection"].as_str()), (201, Some("selected")));
    let token = made.body["token"].as_str().unwrap();
    let listed = client.get(token, "/installation/repositories").await;
    assert_eq!(listed.body["total_count"], 2);
    assert!(client.get(token, "/orgs/estate/repos?per_page=100").await.names().contains(&"configs"));
    assert_eq!(client.get(token, "/user").await.status, 403);
    assert_eq!(client.get(token, "/orgs/estate/migrations").await.status, 403);
    for wrong in [
        json!({ "iat": now - 60, "exp": now + 3_600, "iss": "4711" }),
        json!({ "iat": "now", "exp": now + 60, "iss": "4711" }),
        json!({ "iat": now, "exp": now - 1, "iss": "4711" }),
    ] {
        assert_eq!(client.get(&jwt(wrong), "/app/installations").await.status, 401);
    }
    assert_eq!(client.get(ALL, "/app/installations").await.status, 401);
}

#[tokio::test]
async fn commits_and_comparisons_come_from_a_real_repository_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("estate/cli.git");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in [("NAME", "Author"), ("EMAIL", "author@example.org"), ("DATE", "2026-01-02T03:04:05Z")] {
            command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
        }
        let output = command.output().expect("git");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let bare_text = bare.to_str().unwrap();
    git(&["init", "-q", "--bare", "-b", "main", bare_text]);
    let within = |arguments: &[&str]| git(&[&["--git-dir", bare_text], arguments].concat());
    let tree = within(&["write-tree"]);
    let first = within(&["commit-tree", "-m", "first", &tree]);
    let second = within(&["commit-tree", "-m", "second", "-p", &first, &tree]);
    let other = within(&["commit-tree", "-m", "other", "-p", &first, &tree]);
    within(&["update-ref", "refs/heads/main", &second]);
    within(&["update-ref", "refs/heads/other", &other]);

    let estate = Estate::of(Truth::example()).git(folder.path()).start();
    let client = Client::new(&estate);
    let commits = client.get(ALL, "/repos/estate/cli/commits").await;
    assert_eq!((commits.body[0]["sha"].as_str(), commits.body[1]["sha"].as_str()), (Some(&*second), Some(&*first)));
    let query = "{ repository(owner: \"estate\", name: \"cli\") { defaultBranchRef { target { oid } } } }";
    let head = client.graphql(ALL, query, json!({})).await;
    assert_eq!(head["data"]["repository"]["defaultBranchRef"]["target"]["oid"], *second);
    let compare = async |between: &str| client.get(ALL, &format!("/repos/estate/cli/compare/{between}")).await;
    let ahead = compare(&format!("{first}...main")).await.body;
    assert_eq!((ahead["status"].as_str(), ahead["commits"][0]["sha"].as_str()), (Some("ahead"), Some(&*second)));
    assert_eq!(compare("main...main").await.body["status"], "identical");
    let diverged = compare("main...other").await.body;
    assert_eq!(diverged["status"], "diverged");
    assert_eq!((diverged["ahead_by"].as_u64(), diverged["behind_by"].as_u64()), (Some(1), Some(1)));
    assert_eq!(diverged["merge_base_commit"]["sha"], *first);
    let gone = "0123456789012345678901234567890123456789";
    assert_eq!(compare(&format!("{gone}...main")).await.status, 404);
    assert_eq!(client.get(ALL, "/repos/estate/zss/compare/main...staging").await.status, 404, "no repository");
}
