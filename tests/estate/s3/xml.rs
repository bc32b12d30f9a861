//! How S3 writes: XML, its errors, and keys encoded as in URLs.
//!
//! What is written is left to the files beside this one.

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::truth::Personality;

/// The name space of all its answers.
pub const SPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What AWS leaves as it is in listings.
const AWS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');
/// What Ceph leaves as it is.
const CEPH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What moto leaves as it is.
const MOTO: &AsciiSet = &CEPH.remove(b'/');

/// Returns bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Returns text as it stands in XML. What XML 1.0 has no way to write is written nevertheless, as AWS does.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, char| {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => out.push_str(&format!("&#x{:x};", u32::from(control))),
            other => out.push(other),
        }
        out
    })
}

/// Returns a key as it stands in a listing, encoded where that was asked for.
pub fn key(text: &str, encoded: bool, personality: Personality) -> String {
    if !encoded {
        return escaped(text);
    }
    match personality {
        Personality::Aws => utf8_percent_encode(text, AWS).to_string().replace(' ', "+"),
        Personality::Ceph => utf8_percent_encode(text, CEPH).to_string(),
        Personality::Moto => utf8_percent_encode(text, MOTO).to_string(),
    }
}

/// Returns `<name>text</name>`; the text is escaped.
pub fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// Returns a document as an answer.
pub fn document(root: &str, inside: &str) -> Response {
    answer(
        StatusCode::OK,
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{SPACE}\">{inside}</{root}>"),
    )
}

fn answer(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// Why a request is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The code.
    pub code: &'static str,
    message: String,
    /// Elements after the message, by name.
    more: Vec<(&'static str, String)>,
    /// Headers besides.
    headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// Returns a refusal.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), more: Vec::new(), headers: Vec::new() }
    }

    /// Adds an element.
    pub fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.more.push((name, text.into()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns the most common refusal.
    pub fn denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied")
    }

    /// Returns it as an answer. One to a HEAD has no body.
    pub fn answer(self, method: &Method, personality: Personality) -> Response {
        let status = StatusCode::from_u16(self.status).expect("a status");
        let message = if personality == Personality::Ceph { "" } else { &self.message };
        let more: String = self.more.iter().map(|(name, text)| element(name, text)).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code>{}{more}<RequestId>TX0123456789ABCD</RequestId><HostId>estate</HostId></Error>",
            self.code,
            element("Message", message),
        );
        let mut response = answer(status, if method == Method::HEAD { String::new() } else { body });
        for (name, value) in self.headers {
            response.headers_mut().insert(name, HeaderValue::try_from(value).expect("a header"));
        }
        response
    }
}
