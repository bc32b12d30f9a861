//! AQL: a query read and answered as Artifactory does, for `items` alone.
//!
//! The grammar is read as a whole and not as any one client writes it. Who asks is left to `mod`.

use std::cmp::Ordering;
use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::response::Response;
use chrono::{FixedOffset, SecondsFormat};
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use lastgood::model::time::parse_instant;
use regex::Regex;
use serde_json::Value;

use super::truth::{Found, Queries, Truth};
use super::{Viewer, refusal};

/// The fields that are told where a query does not say which.
const DEFAULT: [&str; 10] =
    ["repo", "path", "name", "type", "size", "created", "created_by", "modified", "modified_by", "updated"];

/// A query that was read.
#[derive(Debug, PartialEq)]
struct Query {
    find: Value,
    include: Vec<String>,
    sort: Vec<String>,
    descending: bool,
    offset: u64,
    limit: Option<u64>,
}

fn read(text: &str) -> Option<Query> {
    let text = text.trim();
    let (find, mut rest) = argument(text.strip_prefix("items.find(")?)?;
    let mut query = Query { find, include: Vec::new(), sort: Vec::new(), descending: false, offset: 0, limit: None };
    while !rest.is_empty() {
        let (name, arguments) = rest.strip_prefix('.')?.split_once('(')?;
        match name {
            "include" => {
                let (inside, after) = arguments.split_once(')')?;
                query.include = serde_json::from_str(&format!("[{inside}]")).ok()?;
                rest = after.trim_start();
            }
            "sort" => {
                let (order, after) = argument(arguments)?;
                let (word, fields) = order.as_object()?.iter().next()?;
                query.descending = match word.as_str() {
                    "$asc" => false,
                    "$desc" => true,
                    _ => return None,
                };
                query.sort = serde_json::from_value(fields.clone()).ok()?;
                rest = after;
            }
            "offset" | "limit" => {
                let (number, after) = arguments.split_once(')')?;
                let number: u64 = number.trim().parse().ok()?;
                if name == "limit" {
                    query.limit = Some(number);
                } else {
                    query.offset = number;
                }
                rest = after.trim_start();
            }
            _ => return None,
        }
    }
    Some(query)
}

/// Reads one value and the parenthesis after it.
fn argument(text: &str) -> Option<(Value, &str)> {
    if let Some(rest) = text.trim_start().strip_prefix(')') {
        return Some((Value::Object(serde_json::Map::new()), rest.trim_start()));
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    let rest = text[values.byte_offset()..].trim_start().strip_prefix(')')?;
    Some((value, rest.trim_start()))
}

/// Returns whether conditions stand inside conditions.
fn is_nested(value: &Value) -> bool {
    let below = |value: &Value| value.to_string().contains("\"$or\"") || value.to_string().contains("\"$and\"");
    value.as_object().into_iter().flatten().any(|(name, inner)| name.starts_with('$') && below(inner))
}

fn holds(condition: &Value, file: &Found) -> bool {
    condition.as_object().into_iter().flatten().all(|(name, value)| match (name.as_str(), value) {
        ("$and", Value::Array(all)) => all.iter().all(|inner| holds(inner, file)),
        ("$or", Value::Array(any)) => any.iter().any(|inner| holds(inner, file)),
        (field, Value::Object(operators)) => {
            operators.iter().all(|(operator, wanted)| compares(field, operator, wanted, file))
        }
        (field, wanted) => compares(field, "$eq", wanted, file),
    })
}

fn compares(field: &str, operator: &str, wanted: &Value, file: &Found) -> bool {
    let text = |is: &str| -> Option<Ordering> { Some(is.cmp(wanted.as_str()?)) };
    let is = |is: &str| match operator {
        "$match" => matches(wanted.as_str().unwrap_or_default(), is),
        "$nmatch" => !matches(wanted.as_str().unwrap_or_default(), is),
        _ => ordered(operator, text(is)),
    };
    match field {
        "repo" => is(&file.repo),
        "path" => is(&file.path),
        "name" => is(&file.name),
        "type" => matches!(wanted.as_str(), Some("file" | "any")),
        "actual_sha1" => is(&file.sha1),
        "actual_md5" => is(&file.md5),
        "sha256" => is(&file.sha256),
        "size" => ordered(operator, wanted.as_u64().map(|wanted| file.size.cmp(&wanted))),
        "created" => ordered(operator, wanted.as_str().and_then(parse_instant).map(|wanted| file.created.cmp(&wanted))),
        _ => false,
    }
}

fn ordered(operator: &str, is: Option<Ordering>) -> bool {
    is.is_some_and(|is| match operator {
        "$eq" => is == Ordering::Equal,
        "$ne" => is != Ordering::Equal,
        "$gt" => is == Ordering::Greater,
        "$gte" => is != Ordering::Less,
        "$lt" => is == Ordering::Less,
        "$lte" => is != Ordering::Greater,
        _ => false,
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    let pattern = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    Regex::new(&format!("(?s)^{pattern}$")).is_ok_and(|pattern| pattern.is_match(text))
}

/// Answers a query.
pub fn answer(truth: &Truth, files: &[Found], viewer: &Viewer<'_>, text: &str) -> Response {
    let wrong = || refusal(400, &format!("Failed to parse query: {text}, it looks like there is syntax error"));
    let Some(query) = read(text) else { return wrong() };
    match truth.queries {
        Queries::Forbidden => return refusal(403, "This resource is available to authorized users only"),
        Queries::Unsorted if !query.sort.is_empty() => {
            return refusal(400, "Sorting is not supported by AQL in the open source version");
        }
        Queries::Flat if is_nested(&query.find) => return wrong(),
        Queries::All | Queries::Flat | Queries::Unsorted => {}
    }
    let asks = |field: &str| query.include.iter().any(|included| included == field || included == "*");
    if !viewer.is_admin() && !query.include.is_empty() && !["repo", "path", "name"].into_iter().all(asks) {
        return refusal(400, "For permissions reasons AQL demands the following fields: repo, path and name.");
    }
    let mut found: Vec<&Found> = files.iter().filter(|file| holds(&query.find, file)).collect();
    let is_in_order = query.sort == ["repo", "path", "name"] && !truth.sorts_without_case;
    if !is_in_order {
        let case = |text: &str| if truth.sorts_without_case { text.to_lowercase() } else { text.to_owned() };
        let field = |file: &Found, name: &str| match name {
            "repo" => case(&file.repo),
            "path" => case(&file.path),
            "name" => case(&file.name),
            "created" => file.created.to_rfc3339_opts(SecondsFormat::Millis, true),
            _ => String::new(),
        };
        found.sort_by_cached_key(|file| query.sort.iter().map(|name| field(file, name)).collect::<Vec<_>>());
    }
    if query.descending {
        found.reverse();
    }
    let limit = query.limit.unwrap_or(truth.query_limit).min(truth.query_limit);
    let from = usize::try_from(query.offset).unwrap_or(usize::MAX).min(found.len());
    let window = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_trimmed = query.limit.is_none_or(|asked| asked > limit) && found.len() - from > window;
    // Who may see a row is looked at afterwards.
    let rows: Vec<&Found> = found[from..].iter().take(window).copied().filter(|file| viewer.sees_file(file)).collect();
    let fields: Vec<&str> = match query.include.as_slice() {
        [] => DEFAULT.to_vec(),
        fields => fields.iter().map(String::as_str).collect(),
    };
    let shown: Vec<String> = rows.iter().map(|row| printed(row, &fields, truth.zone)).collect();
    let end = if rows.is_empty() { 0 } else { query.offset + rows.len() as u64 };
    let notice = if is_trimmed && truth.notifies {
        ",\n  \"notification\" : \"AQL query reached the search hard limit, results are trimmed.\""
    } else {
        ""
    };
    let range = format!(
        "\"range\" : {{\n  \"start_pos\" : {},\n  \"end_pos\" : {end},\n  \"total\" : {},\n  \"limit\" : {limit}{notice}\n}}\n}}\n",
        query.offset,
        rows.len()
    );
    streamed(format!("\n{{\n\"results\" : [ {} ],\n{range}", shown.join(",")))
}

/// Sends a body in pieces, as it is made.
fn streamed(body: String) -> Response {
    let body = Bytes::from(body);
    let pieces: Vec<Bytes> =
        (0..body.len()).step_by(16 << 10).map(|at| body.slice(at..body.len().min(at + (16 << 10)))).collect();
    let mut response = Response::new(Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>))));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Writes a row by hand, as Artifactory does.
fn printed(file: &Found, fields: &[&str], zone: Option<i32>) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let at = match zone {
        None => file.created.to_rfc3339_opts(SecondsFormat::Millis, true),
        Some(hours) => {
            let zone = FixedOffset::east_opt(hours * 3_600).expect("a zone");
            file.created.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, false)
        }
    };
    let mut row = String::from("{");
    let mut separator = "";
    for field in fields {
        let value = match *field {
            "repo" => quoted(&file.repo),
            "path" => quoted(&file.path),
            "name" => quoted(&file.name),
            "type" => quoted("file"),
            "size" => file.size.to_string(),
            "created" | "updated" => quoted(&at),
            // As whoever uploaded it said.
            "modified" => quoted("2001-02-03T04:05:06.789Z"),
            "created_by" | "modified_by" => quoted("ci"),
            "sha256" if !file.sha256.is_empty() => quoted(&file.sha256),
            "actual_sha1" if !file.sha1.is_empty() => quoted(&file.sha1),
            "actual_md5" if !file.md5.is_empty() => quoted(&file.md5),
            _ => continue,
        };
        write!(row, "{separator}\n  \"{field}\" : {value}").expect("memory");
        separator = ",";
    }
    row.push_str("\n}");
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_in_any_order_and_nothing_else_is() {
        let query = read(r#"items.find({"repo":"r"}).sort({"$desc":["name"]}).include("repo","a)").limit(5)"#);
        assert_eq!(query, None, "fields have no parentheses");
        let query =
            read(r#" items.find({"repo":")"}).sort({"$desc":["name"]}).include("repo","name").limit(5).offset(7) "#)
                .unwrap();
        assert_eq!(
            (query.find["repo"].as_str(), query.limit, query.offset, query.descending),
            (Some(")"), Some(5), 7, true)
        );
        for text in ["items.find({)", "builds.find({})", "items.find({}).delete()", "items.find({}) x", ""] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read("items.find()").is_some());
    }
}
