//! Answers: what came back, where it came from, and what makes an answer one that can be believed.
//!
//! A status of 200 proves nothing: content type and shape are looked at too. What an answer means is
//! left to the collectors.

use bytes::Bytes;
use chrono::DateTime;
use http::header::{CONTENT_TYPE, DATE, ETAG, HeaderName, LINK};
use http::{HeaderMap, Method, StatusCode};
use reqwest::Url;
use serde::de::DeserializeOwned;

use super::limits;
use crate::collect::miss::Miss;
use crate::collect::secrets::Keyring;
use crate::evidence::{Digest, Source};
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// How many characters of a server's own words a message repeats.
const WORDS_SHOWN: usize = 200;

/// Query parameters whose values are secrets.
const SECRET_PARAMETERS: [&str; 8] =
    ["access_token", "token", "private_token", "sig", "signature", "x-amz-signature", "x-amz-security-token", "apikey"];

/// One answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// When the question was sent, UTC: what the answer tells was so then or later.
    pub asked_at: Instant,
    /// Where it came from, after redirects.
    pub url: Url,
    /// Method, URL without secrets, status, `ETag` and digest, for the evidence.
    pub source: Source,
    /// Knows what must not be repeated; `None` for answers that were not asked for.
    keys: Option<Keyring>,
}

impl Answer {
    /// Returns an answer with its provenance. The door makes these; tests make them of recorded bodies.
    pub fn new(
        method: &Method,
        url: Url,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        asked_at: Instant,
    ) -> Self {
        let source = Source {
            request: Some(format!("{method} {}", shown(&url)).into()),
            status: Some(status.as_u16()),
            server_date: date(&headers),
            etag: headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(Into::into),
            body: (!body.is_empty()).then(|| Digest::of(&body).to_string().into()),
            ..Source::default()
        };
        Self { status, headers, body, asked_at, url, source, keys: None }
    }

    /// Returns the answer without the secrets of `keys` in its provenance and in all that will be said of
    /// it: a server may repeat what it was sent, in its words, its `ETag` or the target of a redirect.
    pub(super) fn guarded(mut self, keys: &Keyring) -> Self {
        for text in [&mut self.source.request, &mut self.source.etag].into_iter().flatten() {
            *text = keys.scrub(text).into();
        }
        self.keys = Some(keys.clone());
        self
    }

    fn scrubbed(&self, text: &str) -> String {
        self.keys.as_ref().map_or_else(|| text.to_owned(), |keys| keys.scrub(text))
    }

    /// Returns the answer where its status says that it is what was asked for.
    ///
    /// # Errors
    ///
    /// Any status outside 200 to 299, with the reason that it stands for; and 206, which nobody asked for
    /// and which is only part of an answer.
    pub fn ok(self) -> Result<Self, Miss> {
        let is_whole = self.status.is_success() && self.status != StatusCode::PARTIAL_CONTENT;
        if is_whole { Ok(self) } else { Err(self.refusal()) }
    }

    /// Returns what a status other than success says.
    pub fn refusal(&self) -> Miss {
        let status = self.status;
        let reason = match status.as_u16() {
            206 => UnseenReason::Truncated,
            403 if limits::is_limit(self) => UnseenReason::RateLimited,
            401 | 403 | 407 | 451 => UnseenReason::NotAuthorized,
            404 | 410 => UnseenReason::NotFound,
            429 => UnseenReason::RateLimited,
            408 | 500..=599 => UnseenReason::Unreachable,
            _ => UnseenReason::Unreadable,
        };
        let words = self.words().map(|words| format!(": {words}")).unwrap_or_default();
        self.miss(reason, format!("{} answered {status}{words}", self.request()))
    }

    /// Returns a miss that points at this answer.
    pub fn miss(&self, reason: UnseenReason, what: impl Into<String>) -> Miss {
        Miss::new(reason, self.scrubbed(&what.into())).from(&self.source)
    }

    /// Returns the request in words: method and URL without secrets.
    pub fn request(&self) -> &str {
        self.source.request.as_deref().unwrap_or_default()
    }

    /// Returns a header as text; `None` where it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns what the server says of a failure, shortened: the `message` of a JSON object. `None`
    /// where there is none, as in pages for people.
    pub fn words(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let words = body.get("message").or_else(|| body.get("errors")?.get(0)?.get("message"))?.as_str()?;
        // Scrubbed before it is cut: half a secret would not be found.
        Some(self.scrubbed(words).chars().take(WORDS_SHOWN).collect())
    }

    /// Reads the body as JSON of the type `T`.
    ///
    /// # Errors
    ///
    /// `unreadable` where the content type is not JSON, or the body is not what was expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Miss> {
        let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media != "application/json" && !media.ends_with("+json") {
            let found = if media.is_empty() { "no content type" } else { &media };
            return Err(self
                .miss(UnseenReason::Unreadable, format!("{} answered with {found} instead of JSON", self.request())));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let reason = if error.is_eof() { UnseenReason::Truncated } else { UnseenReason::Unreadable };
            self.miss(reason, format!("{} answered with JSON of another shape: {error}", self.request()))
        })
    }

    /// Returns the URL of the next page (`Link`, RFC 8288); `None` on the last one.
    ///
    /// # Errors
    ///
    /// `unreadable` where the link leads to another host: credentials must not go there.
    pub fn next_page(&self) -> Result<Option<Url>, Miss> {
        let unreadable = |what: String| self.miss(UnseenReason::Unreadable, what);
        let mut next = None;
        for value in self.headers.get_all(LINK) {
            // A list whose next page cannot be read is not at its end.
            let links = value.to_str().ok().and_then(links);
            let links = links.ok_or_else(|| unreadable(format!("{}: its links cannot be read", self.request())))?;
            next = next.or_else(|| links.into_iter().find_map(|(target, parameters)| next_link(target, parameters)));
        }
        let Some(next) = next else { return Ok(None) };
        let url = self
            .url
            .join(next)
            .map_err(|_| unreadable(format!("{}: its link to the next page is no URL", self.request())))?;
        if !same_place(&self.url, &url) {
            let host = url.host_str().unwrap_or_default();
            return Err(unreadable(format!(
                "{}: its next page is on another host ({host}), which is not asked",
                self.request()
            )));
        }
        Ok(Some(url))
    }
}

/// Splits a `Link` header into its targets, each with its parameters (RFC 8288, section 3); `None` where
/// it is none. Targets and quoted values may hold commas.
fn links(value: &str) -> Option<Vec<(&str, &str)>> {
    let mut links = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let (target, more) = rest.strip_prefix('<')?.split_once('>')?;
        let mut quoted = false;
        let end = more.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, next) = end.map_or((more, ""), |end| (&more[..end], &more[end + 1..]));
        links.push((target, parameters));
        rest = next.trim();
    }
    Some(links)
}

/// Returns the target of one link where its relation is `next`.
fn next_link<'l>(target: &'l str, parameters: &str) -> Option<&'l str> {
    let is_next = parameters.split(';').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel") && value.split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
    });
    is_next.then_some(target)
}

/// Returns whether both URLs are answered by one server, so that a credential for one may be sent to
/// the other: same host and port, and not from https to http.
pub(super) fn same_place(from: &Url, to: &Url) -> bool {
    let upgrade = from.scheme() == "http" && to.scheme() == "https" && from.port().is_none() && to.port().is_none();
    from.host_str() == to.host_str()
        && (from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default() || upgrade)
}

/// Returns the URL as it may be shown: without credentials, and without the values of query parameters
/// that are secrets.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only for URLs that can have no credentials.
    let (Ok(()) | Err(())) = url.set_username("");
    let (Ok(()) | Err(())) = url.set_password(None);
    url.set_fragment(None);
    let is_secret = |name: &str| SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { "[secret]".to_owned() } else { value.into_owned() };
                (name.into_owned(), value)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.into()
}

/// Returns what the server's clock said; `None` where it does not say.
pub(super) fn date(headers: &HeaderMap) -> Option<Instant> {
    let told = headers.get(DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(told).ok().map(|date| date.to_utc())
}

/// Returns the header of that name as a number; `None` where it is absent or none.
pub(super) fn number(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let url = Url::parse("https://api.example.org/orgs/x/repos?page=1").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        Answer::new(&Method::GET, url, status, map, Bytes::from_static(body.as_bytes()), Instant::UNIX_EPOCH)
    }

    #[test]
    fn the_next_page_is_found_among_other_relations_and_only_on_the_same_host() {
        let next = |links: &[(&'static str, &'static str)]| answer(200, links, "").next_page();
        let found = next(&[(
            "link",
            "<https://docs.example.org/x>; rel=\"deprecation\"; type=\"text/html\", <https://api.example.org/organizations/7/repos?page=2>; rel=\"next\", <https://api.example.org/last>; rel=\"last\"",
        )]);
        assert_eq!(found.unwrap().unwrap().path(), "/organizations/7/repos");
        assert_eq!(next(&[("link", "<https://api.example.org/1>; rel=\"prev\"")]), Ok(None));
        assert_eq!(next(&[]), Ok(None));
        let comma = next(&[("link", "<https://api.example.org/x?a=1,2&page=3>; title=\"a, b\"; rel=\"next\"")]);
        assert_eq!(comma.unwrap().unwrap().query(), Some("a=1,2&page=3"));
        assert_eq!(next(&[("link", "</x>; rel=\"next\", nonsense")]).unwrap_err().reason, UnseenReason::Unreadable);
        for elsewhere in ["https://evil.example/2", "http://api.example.org/2", "https://api.example.org:8443/2"] {
            let link: &'static str = format!("<{elsewhere}>; rel=next").leak();
            assert_eq!(next(&[("link", link)]).unwrap_err().reason, UnseenReason::Unreadable, "{elsewhere}");
        }
    }

    #[test]
    fn a_page_for_people_is_no_json_whatever_its_status_says() {
        let html = answer(200, &[("content-type", "text/html; charset=utf-8")], "<html>");
        assert!(html.json::<serde_json::Value>().unwrap_err().what.contains("text/html instead of JSON"));
        // HAProxy's own error page, as recorded.
        let proxy = answer(200, &[("content-type", "application/json")], "<html><body><h1>503</h1></body></html>");
        assert_eq!(proxy.json::<serde_json::Value>().unwrap_err().reason, UnseenReason::Unreadable);
        let cut = answer(200, &[("content-type", "application/vnd.x+json")], "[{\"id\": 1}, {\"id\"");
        assert_eq!(cut.json::<serde_json::Value>().unwrap_err().reason, UnseenReason::Truncated);
        let good = answer(200, &[("content-type", "application/vnd.github.v3+json; charset=utf-8")], "[1]");
        assert_eq!(good.json::<Vec<u8>>(), Ok(vec![1]));
    }

    #[test]
    fn each_status_has_its_reason() {
        let reason = |status| answer(status, &[], "").ok().unwrap_err().reason;
        assert_eq!(reason(401), UnseenReason::NotAuthorized);
        assert_eq!(reason(451), UnseenReason::NotAuthorized);
        assert_eq!(reason(404), UnseenReason::NotFound);
        assert_eq!(reason(429), UnseenReason::RateLimited);
        assert_eq!(reason(502), UnseenReason::Unreachable);
        assert_eq!(reason(409), UnseenReason::Unreadable);
        assert_eq!(reason(302), UnseenReason::Unreadable);
    }

    #[test]
    fn what_is_shown_of_a_url_holds_no_secret() {
        let url = Url::parse("https://me:pw@h.example/a?x=1&X-Amz-Signature=abc&token=t#f").unwrap();
        assert_eq!(shown(&url), "https://h.example/a?x=1&X-Amz-Signature=%5Bsecret%5D&token=%5Bsecret%5D");
    }
}
