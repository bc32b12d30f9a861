//! AQL: the one query that is put, and how one page of its answer is read.
//!
//! The grammar is JFrog's ("Artifactory Query Language", jfrog.com/help). Which pages are asked for, and
//! whether they make a whole list, is left to `walk`.

use serde::Deserialize;

use super::rows::{File, Place, Written};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// What is asked of each file. Whoever is no administrator has to ask for `repo`, `path` and `name`.
const FIELDS: &str = r#""repo","path","name","type","size","created","actual_sha1","actual_md5","sha256""#;

/// One query: files of a repository in the order of their places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'q> {
    pub(super) repository: &'q str,
    /// Only what lies below this folder; empty for all.
    pub(super) folder: &'q str,
    /// Only from this place on, itself included.
    pub(super) from: Option<&'q Place>,
    /// Whether the last place comes first.
    pub(super) backwards: bool,
    pub(super) offset: u64,
    pub(super) limit: u64,
}

impl Query<'_> {
    /// Returns the query as it is sent.
    pub(super) fn text(&self) -> String {
        let mut conditions = Vec::new();
        if !self.folder.is_empty() {
            // A folder may hold `*` and `?`, which match more than it; what is too much is left out later.
            let (folder, below) = (quoted(self.folder), quoted(&format!("{}/*", self.folder)));
            conditions.push(format!(r#"{{"$or":[{{"path":{{"$eq":{folder}}}}},{{"path":{{"$match":{below}}}}}]}}"#));
        }
        if let Some(Place { path, name }) = self.from {
            let (path, name) = (quoted(path), quoted(name));
            conditions.push(format!(
                r#"{{"$or":[{{"path":{{"$gt":{path}}}}},{{"$and":[{{"path":{{"$eq":{path}}}}},{{"name":{{"$gte":{name}}}}}]}}]}}"#
            ));
        }
        let conditions =
            if conditions.is_empty() { String::new() } else { format!(r#","$and":[{}]"#, conditions.join(",")) };
        let order = if self.backwards { "$desc" } else { "$asc" };
        format!(
            r#"items.find({{"repo":{{"$eq":{}}},"type":"file"{conditions}}}).include({FIELDS}).sort({{"{order}":["repo","path","name"]}}).offset({}).limit({})"#,
            quoted(self.repository),
            self.offset,
            self.limit
        )
    }
}

/// Returns a value as AQL writes it: as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One page.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The files, in the order of the answer.
    pub files: Vec<File>,
    /// How many rows could not be read.
    pub unread: usize,
    /// How many rows the server looks at for one answer at most; `None` where it does not say.
    pub limit: Option<u64>,
    /// What the server says of a page that it cut; `None` where it says nothing.
    pub notice: Option<String>,
}

impl Page {
    /// Returns how many rows the answer had.
    pub fn rows(&self) -> usize {
        self.files.len() + self.unread
    }
}

/// Reads a page that was asked for from `offset` on. `repository` is whose files it should hold; `None` for
/// any.
///
/// # Errors
///
/// `truncated` where the body ends in the middle or holds fewer rows than it says, `unreadable` where it is
/// no answer to a query, or the one to another page.
pub fn page(answer: &Answer, repository: Option<&str>, offset: u64) -> Result<Page, Miss> {
    #[derive(Deserialize)]
    struct Body {
        results: Vec<Written>,
        range: Range,
    }
    #[derive(Deserialize)]
    struct Range {
        start_pos: u64,
        total: u64,
        limit: Option<u64>,
        notification: Option<String>,
    }
    let Body { results, range } = answer.json()?;
    let rows = results.len();
    if range.total != rows as u64 {
        let what = format!("{} answered with {rows} rows and calls them {}", answer.request(), range.total);
        return Err(answer.miss(UnseenReason::Truncated, what));
    }
    if range.start_pos != offset {
        let what =
            format!("{} answered from row {} on, and was asked from {offset} on", answer.request(), range.start_pos);
        return Err(answer.miss(UnseenReason::Unreadable, what));
    }
    let files: Vec<File> = results.into_iter().filter_map(|row| row.file(repository)).collect();
    let unread = rows - files.len();
    let notice = range.notification.map(|words| words.chars().filter(|c| !c.is_control()).take(200).collect());
    Ok(Page { files, unread, limit: range.limit, notice })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    const ALL: Query<'_> = Query { repository: "libs", folder: "", from: None, backwards: false, offset: 0, limit: 10 };

    fn answer(body: &str) -> Answer {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let url = "https://h.example/artifactory/api/search/aql".parse().unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        Answer::new(&Method::POST, url, StatusCode::OK, headers, body, crate::model::Instant::UNIX_EPOCH)
    }

    #[test]
    fn a_query_says_where_it_begins_in_which_order_and_how_much() {
        assert_eq!(
            ALL.text(),
            r#"items.find({"repo":{"$eq":"libs"},"type":"file"}).include("repo","path","name","type","size","created","actual_sha1","actual_md5","sha256").sort({"$asc":["repo","path","name"]}).offset(0).limit(10)"#
        );
        let place = Place { path: "a".into(), name: "b".into() };
        let text = Query { from: Some(&place), folder: "x", backwards: true, ..ALL }.text();
        assert!(text.contains(r#""$and":[{"$or":[{"path":{"$eq":"x"}},{"path":{"$match":"x/*"}}]},{"$or":[{"path":{"$gt":"a"}},{"$and":[{"path":{"$eq":"a"}},{"name":{"$gte":"b"}}]}]}]"#), "{text}");
        assert!(text.contains(r#".sort({"$desc":["#));
    }

    #[test]
    fn what_stands_in_a_name_stays_inside_its_quotes() {
        let place = Place { path: "a\\b".into(), name: "\"}).limit(1)\n".into() };
        let text = Query { repository: "r\"", from: Some(&place), ..ALL }.text();
        assert!(text.contains(r#"{"repo":{"$eq":"r\""}"#), "{text}");
        assert!(text.contains(r#"{"name":{"$gte":"\"}).limit(1)\n"}}"#) && text.contains(r#""a\\b""#), "{text}");
        assert!(!text.contains('\n'));
    }

    #[test]
    fn a_page_says_how_many_rows_it_has_and_where_it_begins() {
        let row = r#"{"repo":"libs","path":".","name":"a","size":1}"#;
        let body = |rows: &str, start: u64, total: u64| {
            format!(
                "\n{{\n\"results\" : [ {rows} ],\n\"range\" : {{\n  \"start_pos\" : {start},\n  \"end_pos\" : {total},\n  \"total\" : {total}\n}}\n}}\n"
            )
        };
        let read = |body: &str, offset| page(&answer(body), Some("libs"), offset).map_err(|miss| miss.reason);
        assert_eq!(read(&body(row, 0, 1), 0).unwrap().files.len(), 1);
        assert_eq!(read(&body("", 1_000, 0), 1_000).unwrap().rows(), 0);
        assert_eq!(read(&body(row, 0, 2), 0), Err(UnseenReason::Truncated));
        assert_eq!(read(&body(row, 0, 1), 5), Err(UnseenReason::Unreadable), "another page");
        let whole = body(row, 0, 1);
        for end in 2..whole.trim_end().len() {
            assert_eq!(read(&whole[..end], 0), Err(UnseenReason::Truncated), "cut at {end}");
        }
        assert_eq!(read(&body(r#"{"repo":"other","path":".","name":"a","size":1}"#, 0, 1), 0).unwrap().unread, 1);
    }
}
