//! The synthetic Artifactory tells its truth as Artifactory would: who sees what, queries, limits.
//!
//! Asks it without `lastgood`'s door, so that a fault of the one does not hide a fault of the other.

use serde_json::Value;

use crate::estate::{self, Estate};

const READER: &str = "estate-reader-0123456789";

/// Asks, and returns status, content type and body.
async fn ask(estate: &Estate, token: &str, path: &str, query: Option<&str>) -> (u16, String, String) {
    let url = format!("{}{path}", estate.artifactory_url());
    let client = reqwest::Client::new();
    let request = match query {
        Some(query) => client.post(url).body(query.to_owned()),
        None => client.get(url),
    };
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let response = request.send().await.expect("an answer");
    let kind =
        response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    (response.status().as_u16(), kind, response.text().await.expect("text"))
}

/// Returns the names that a query finds, and the range.
async fn found(estate: &Estate, token: &str, query: &str) -> (Vec<String>, Value) {
    let (status, kind, body) = ask(estate, token, "/api/search/aql", Some(query)).await;
    assert_eq!((status, kind.as_str()), (200, "application/json"), "{body}");
    assert!(body.starts_with("\n{\n\"results\" : [ "), "written by hand, after an empty line: {body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let names =
        body["results"].as_array().expect("rows").iter().map(|row| row["name"].as_str().expect("a name").to_owned());
    (names.collect(), body["range"].clone())
}

#[tokio::test]
async fn queries_are_understood_however_they_are_written() {
    let estate = Estate::example();
    let all = |query| found(&estate, estate::ALL, query);
    let (names, range) = all(r#"items.find({"repo": "backups-local"}).sort({"$desc": ["name"]}).limit(2)"#).await;
    assert_eq!(names, ["wiki-3.tar.gz", "wiki-2.tar.gz"]);
    assert_eq!(range, serde_json::json!({ "start_pos": 0, "end_pos": 2, "total": 2, "limit": 2 }));
    let (names, _) =
        all(r#"items.find({"$or":[{"name":{"$match":"wiki-?.*"}},{"path":"."}],"size":{"$gt":11}})"#).await;
    assert_eq!(names, ["wiki-1.tar.gz", "wiki-2.tar.gz", "README.txt"]);
    let (names, _) =
        all(r#"items.find({"created":{"$lt":"2020-06-25T10:21:18.000+03:00"}}).include("name","repo","path")"#).await;
    assert_eq!(names, ["core-1.0.0.jar"]);
    let (names, range) = all(r#"items.find({"repo":"backups-local"}).offset(1000).limit(1000)"#).await;
    assert!(names.is_empty());
    assert_eq!(range, serde_json::json!({ "start_pos": 1000, "end_pos": 0, "total": 0, "limit": 1000 }), "as recorded");
}

#[tokio::test]
async fn rows_are_counted_before_it_is_looked_at_who_may_see_them() {
    let estate = Estate::example();
    let query = |offset: u32| {
        format!(
            r#"items.find({{"repo":"libs-release-local","path":{{"$match":"org/*"}}}}).include("repo","path","name").sort({{"$asc":["path","name"]}}).offset({offset}).limit(2)"#
        )
    };
    assert_eq!(found(&estate, estate::ALL, &query(0)).await.0.len(), 2);
    let (names, range) = found(&estate, READER, &query(0)).await;
    assert!(names.is_empty() && range["total"] == 0 && range["limit"] == 2, "a page of nothing, and more behind it");
    assert_eq!(found(&estate, READER, &query(2)).await.0.len(), 2);
    let (status, _, body) = ask(&estate, READER, "/api/search/aql", Some(r#"items.find({}).include("name")"#)).await;
    assert!(status == 400 && body.contains("For permissions reasons AQL demands"), "{body}");
}

#[tokio::test]
async fn what_only_administrators_see_is_refused_to_others() {
    let estate = Estate::example();
    for path in ["/api/storageinfo", "/api/system/configuration", "/api/replications/libs-release-local"] {
        assert_eq!(ask(&estate, estate::ALL, path, None).await.0, 200, "{path}");
        assert_eq!(ask(&estate, READER, path, None).await.0, 403, "{path}");
        assert_eq!(ask(&estate, "", path, None).await.0, 403, "{path}");
        assert_eq!(ask(&estate, "wrong", path, None).await.0, 401, "{path}");
    }
    let keys =
        |body: &str| -> usize { serde_json::from_str::<Value>(body).expect("JSON").as_array().expect("a list").len() };
    let (_, kind, body) = ask(&estate, estate::ALL, "/api/repositories", None).await;
    assert!(kind.ends_with("+json"), "{kind}");
    assert_eq!((keys(&body), keys(&ask(&estate, READER, "/api/repositories", None).await.2)), (6, 5));
    assert_eq!(ask(&estate, "", "/api/system/ping", None).await.2, "OK");
    let (status, _, body) = ask(&estate, estate::ALL, "/api/repositories/none", None).await;
    assert!(status == 404 && body.contains("\"errors\""), "{body}");
}
