//! Real S3 servers, where there are any, and a small client that fills their buckets.
//!
//! `LASTGOOD_S3_SERVERS` names them, as `up.sh` beside this file writes it:
//! `ceph=http://KEY:SECRET@127.0.0.1:7480 moto=…`. The client writes, so it shares nothing with the collector,
//! which cannot.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in the address of an object.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// A server and a key that may do anything there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name: `ceph`, `moto`.
    pub name: String,
    /// Its endpoint, without a slash at the end.
    pub url: String,
    /// The access key's id.
    pub id: String,
    /// The access key's secret.
    pub secret: String,
}

impl Server {
    /// Returns the servers that there are; where there is none, that is said once.
    pub fn all() -> Vec<Self> {
        static SAID: std::sync::Once = std::sync::Once::new();
        let told = std::env::var_os("LASTGOOD_S3_SERVERS").unwrap_or_default();
        let servers: Vec<Self> = told.to_string_lossy().split_whitespace().map(Self::parse).collect();
        if servers.is_empty() {
            SAID.call_once(|| say("skipped: no real S3 server, LASTGOOD_S3_SERVERS is not set"));
        }
        servers
    }

    fn parse(text: &str) -> Self {
        let told = || format!("LASTGOOD_S3_SERVERS holds {text}, which is not name=http://key:secret@host:port");
        let (name, url) = text.split_once('=').unwrap_or_else(|| panic!("{}", told()));
        let (scheme, rest) = url.split_once("://").unwrap_or_else(|| panic!("{}", told()));
        let (keys, host) = rest.rsplit_once('@').unwrap_or_else(|| panic!("{}", told()));
        let (id, secret) = keys.split_once(':').unwrap_or_else(|| panic!("{}", told()));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Self {
            name: name.to_owned(),
            url: format!("{scheme}://{}", host.trim_end_matches('/')),
            id: decoded(id),
            secret: decoded(secret),
        }
    }
}

/// Says something that the test harness would keep back.
pub fn say(line: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{line}").expect("a terminal or a file");
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// The bucket; empty for the service itself.
    pub bucket: &'a str,
    /// The key; empty for the bucket itself.
    pub key: &'a str,
    /// The parameters.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers besides.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: Bytes,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as text.
    pub body: String,
}

impl Answer {
    /// Returns the text of the first element of that name; empty where there is none.
    pub fn element(&self, name: &str) -> &str {
        let begin = self.body.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        begin.and_then(|rest| rest.split_once("</")).map_or("", |(text, _)| text)
    }

    /// Returns a header as text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Signs requests and sends them.
#[derive(Debug, Clone)]
pub struct Client {
    /// Sends.
    pub http: reqwest::Client,
    /// The server and the key.
    pub server: Server,
    /// The region that requests are signed for.
    pub region: String,
    /// The session token.
    pub token: Option<String>,
    /// When requests say that they were made; now where absent.
    pub at: Option<SystemTime>,
}

impl Client {
    /// Returns a client of that server.
    pub fn new(server: &Server) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client");
        Self { http, server: server.clone(), region: "us-east-1".to_owned(), token: None, at: None }
    }

    /// Sends a request, signed.
    pub async fn send(&self, method: Method, request: Request<'_>) -> Answer {
        let url = self.url(&request);
        let id = Credentials::new(&self.server.id, &self.server.secret, self.token.clone(), None, "tests").into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = v4::SigningParams::builder()
            .identity(&id)
            .region(&self.region)
            .name("s3")
            .time(self.at.unwrap_or_else(now))
            .settings(settings)
            .build()
            .expect("all is set")
            .into();
        let body = SignableBody::Bytes(&request.body);
        let signable = SignableRequest::new(method.as_str(), &url, request.headers.iter().copied(), body);
        let signed = sign(signable.expect("a request"), &parameters).expect("it can be signed").into_parts().0;
        let (headers, _) = signed.into_parts();
        let has_length = matches!(method, Method::PUT | Method::POST) && request.body.is_empty();
        let mut asked = self.http.request(method, &url);
        if has_length {
            // Of a body without bytes too, which some servers insist on.
            asked = asked.header("content-length", "0");
        }
        for (name, value) in request.headers {
            asked = asked.header(*name, *value);
        }
        for header in &headers {
            asked = asked.header(header.name(), header.value());
        }
        answered(asked.body(request.body)).await
    }

    /// Sends a request as nobody.
    pub async fn send_unsigned(&self, method: Method, request: Request<'_>) -> Answer {
        let url = self.url(&request);
        answered(self.http.request(method, url).body(request.body)).await
    }

    fn url(&self, request: &Request<'_>) -> String {
        let key = utf8_percent_encode(request.key, PATH);
        let encoded = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        let query: Vec<String> =
            request.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        match (request.bucket, request.key) {
            ("", _) => format!("{}/{query}", self.server.url),
            (bucket, "") => format!("{}/{bucket}{query}", self.server.url),
            (bucket, _) => format!("{}/{bucket}/{key}{query}", self.server.url),
        }
    }

    async fn done(&self, method: Method, request: Request<'_>) -> Answer {
        let what = format!("{}: {method} {}/{} {:?}", self.server.name, request.bucket, request.key, request.query);
        let answer = self.send(method, request).await;
        assert!(answer.status.is_success(), "{what}: {} {}", answer.status, answer.body);
        answer
    }

    /// Makes a bucket, with object lock where that is wanted.
    pub async fn make(&self, bucket: &str, lock: bool) {
        let headers: &[_] = if lock { &[("x-amz-bucket-object-lock-enabled", "true")] } else { &[] };
        self.done(Method::PUT, Request { bucket, headers, ..Request::default() }).await;
    }

    /// Writes an object.
    pub async fn put(&self, bucket: &str, key: &str, body: impl Into<Bytes>) {
        let body = body.into();
        // A bucket with a lock takes nothing without.
        let sum = STANDARD.encode(Md5::digest(&body));
        let headers = &[("content-md5", sum.as_str())];
        self.done(Method::PUT, Request { bucket, key, headers, body, ..Request::default() }).await;
    }

    /// Deletes an object; with versioning that writes a delete marker.
    pub async fn delete(&self, bucket: &str, key: &str) {
        self.done(Method::DELETE, Request { bucket, key, ..Request::default() }).await;
    }

    /// Sets a subresource of a bucket to that XML.
    pub async fn set(&self, bucket: &str, subresource: &str, xml: &str) {
        let sum = STANDARD.encode(Md5::digest(xml.as_bytes()));
        let query = &[(subresource, "")];
        let headers = &[("content-md5", sum.as_str())];
        let body = Bytes::from(xml.to_owned());
        self.done(Method::PUT, Request { bucket, query, headers, body, ..Request::default() }).await;
    }

    /// Begins an upload in parts, and returns its id.
    pub async fn begin(&self, bucket: &str, key: &str) -> String {
        let request = Request { bucket, key, query: &[("uploads", "")], ..Request::default() };
        self.done(Method::POST, request).await.element("UploadId").to_owned()
    }

    /// Writes an object in parts. All but the last have to have 5 MiB at least.
    pub async fn put_in_parts(&self, bucket: &str, key: &str, parts: &[Bytes]) {
        let id = self.begin(bucket, key).await;
        let mut complete = String::new();
        for (number, body) in (1..).zip(parts) {
            let number = i32::to_string(&number);
            let query = &[("partNumber", number.as_str()), ("uploadId", &id)];
            let request = Request { bucket, key, query, body: body.clone(), ..Request::default() };
            let answer = self.done(Method::PUT, request).await;
            let tag = answer.header("etag").to_owned();
            complete.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"));
        }
        let body = Bytes::from(format!("<CompleteMultipartUpload>{complete}</CompleteMultipartUpload>"));
        let query = &[("uploadId", id.as_str())];
        self.done(Method::POST, Request { bucket, key, query, body, ..Request::default() }).await;
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("a body");
    Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
}

#[expect(clippy::disallowed_methods, reason = "a client of its own, and the servers look at the machine's clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
