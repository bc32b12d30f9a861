//! Pages of lists, with GitHub's links: 30 a page unless asked, 100 at most, and the path changes.
//!
//! What stands in the lists is left to others.

use axum::response::Response;
use http::header::{HeaderValue, LINK};
use serde_json::{Map, Value};

use super::{Question, success};

/// Returns the page of `items` that is asked for. `path` is where the other pages are.
pub fn page<T>(
    question: &Question<'_>,
    path: &str,
    items: &[T],
    wrap: Option<(&str, Map<String, Value>)>,
    mut show: impl FnMut(&T) -> Value,
) -> Response {
    let number = |name: &str| question.parameter(name).and_then(|value| value.parse::<usize>().ok());
    let size = number("per_page").filter(|size| *size > 0).unwrap_or(30).min(100);
    let page = number("page").filter(|page| *page > 0).unwrap_or(1);
    let last = items.len().div_ceil(size).max(1);
    let shown: Vec<Value> = items.iter().skip((page - 1) * size).take(size).map(&mut show).collect();
    let mut response = match wrap {
        None => success(&Value::Array(shown)),
        Some((name, mut fields)) => {
            fields.insert(name.to_owned(), Value::Array(shown));
            success(&Value::Object(fields))
        }
    };
    let link = |to: usize, relation: &str| {
        let mut url = reqwest::Url::parse(&format!("{}{path}", question.base)).expect("a URL");
        for (name, value) in question.query.iter().filter(|(name, _)| name.as_str() != "page") {
            url.query_pairs_mut().append_pair(name, value);
        }
        url.query_pairs_mut().append_pair("page", &to.to_string());
        format!("<{url}>; rel=\"{relation}\"")
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "prev"));
    }
    if page < last {
        links.push(link(page + 1, "next"));
        links.push(link(last, "last"));
    }
    if page > 1 {
        links.push(link(1, "first"));
    }
    if !links.is_empty() {
        response.headers_mut().insert(LINK, HeaderValue::try_from(links.join(", ")).expect("links"));
    }
    response
}

/// Returns the fields that stand beside a list.
pub fn beside<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
