//! Pages that never end: the first page again and again, by REST's links and by GraphQL's cursors.
//!
//! Everything else that goes wrong is in `spoil`.

use axum::body::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, LINK};
use http::{Request, Uri};
use serde_json::Value;

/// How far apart the numbers of the same thing on two pages are.
const APART: u64 = 1_000_000_000;

/// Where in the list the question wants to be.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The page, from 1.
    pub number: u64,
    /// The URL of the question without `page`, for links; `None` for GraphQL.
    pub url: Option<String>,
}

/// Returns which page the question asks for: by its query, or by a cursor of `without_end`.
pub fn place(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Place {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    if uri.path().ends_with("/graphql") {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut variables = asked.get("variables").and_then(Value::as_object).into_iter().flatten();
        let cursor = variables.find_map(|(_, value)| value.as_str()?.strip_prefix("page-")?.parse().ok());
        return Place { number: cursor.unwrap_or(0) + 1, url: None };
    }
    let query = uri.query().unwrap_or_default();
    let number = query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok()).unwrap_or(1);
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("page=") && !pair.is_empty()).collect();
    let separator = if rest.is_empty() { "" } else { "&" };
    let url = format!("http://{host}{}?{}{separator}page=", uri.path(), rest.join("&"));
    Place { number, url: Some(url) }
}

/// Returns the question for the first page instead of the one that was asked for.
pub fn first_page(request: Request<Bytes>) -> Request<Bytes> {
    let (mut parts, body) = request.into_parts();
    if let Some(query) = parts.uri.query() {
        let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("page=")).collect();
        let turned = format!("{}?{}", parts.uri.path(), rest.join("&"));
        parts.uri = turned.parse().expect("the same URI with less");
    }
    let Ok(mut asked) = serde_json::from_slice::<Value>(&body) else { return Request::from_parts(parts, body) };
    for (_, value) in asked.get_mut("variables").and_then(Value::as_object_mut).into_iter().flatten() {
        if value.as_str().is_some_and(|cursor| cursor.starts_with("page-")) {
            *value = Value::Null;
        }
    }
    parts.headers.remove(CONTENT_LENGTH);
    Request::from_parts(parts, Bytes::from(asked.to_string()))
}

/// Turns an answer into one of pages that never end: with things that were never seen, or the same ones.
pub fn without_end(headers: &mut HeaderMap, body: &mut Value, place: &Place, fresh: bool) {
    let next = if fresh { place.number + 1 } else { 1 };
    if let Some(url) = &place.url {
        let link = format!("<{url}{next}>; rel=\"next\"");
        headers.insert(LINK, HeaderValue::try_from(link).expect("a link"));
    }
    let cursor = if fresh { place.number } else { 1 };
    turn(body, &format!("page-{cursor}"), if fresh { place.number - 1 } else { 0 });
}

fn turn(value: &mut Value, cursor: &str, page: u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| turn(item, cursor, page)),
        Value::Object(fields) => {
            if let Some(info) = fields.get_mut("pageInfo").and_then(Value::as_object_mut) {
                info.insert("hasNextPage".to_owned(), true.into());
                info.insert("endCursor".to_owned(), cursor.into());
            }
            for name in ["id", "databaseId"] {
                if let Some(number) = fields.get(name).and_then(Value::as_u64) {
                    fields.insert(name.to_owned(), (number + page * APART).into());
                }
            }
            for name in ["name", "full_name", "nameWithOwner"] {
                let text = fields.get(name).and_then(Value::as_str).map(|text| format!("{text}-{page}"));
                if let (true, Some(text)) = (page > 0, text) {
                    fields.insert(name.to_owned(), text.into());
                }
            }
            fields.values_mut().for_each(|field| turn(field, cursor, page));
        }
        _ => {}
    }
}
