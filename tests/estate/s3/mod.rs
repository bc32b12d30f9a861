//! S3: buckets, told as Amazon tells them or as a compatible server does.
//!
//! By path-style addresses alone. Every signature is checked. What is true stands in `truth`; the answers are
//! made in `listing`, `settings` and `object`, faults of HTTP in `super::faults`. Nothing can be written:
//! whoever tries is refused, and stands in the log.

pub mod listing;
mod object;
mod settings;
pub mod signature;
pub mod truth;
pub mod xml;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant as Tick;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::TimeDelta;
use http::header::{DATE, HeaderMap, HeaderValue};
use http::{Method, Uri};
use lastgood::model::Instant;
use percent_encoding::percent_decode_str;

pub use listing::{Objects, Quirk};
pub use truth::Truth;

use listing::Manner;
use signature::{Caller, Question};
use truth::{Bucket, Personality, WrongRegion};
use xml::Refusal;

use super::log::MAX_BODY;

/// The subresources of a bucket that AWS knows and that are settings.
const SETTINGS: [&str; 6] = ["versioning", "location", "object-lock", "lifecycle", "replication", "encryption"];

/// What is to be done to the objects of a bucket before its page of that number is answered.
type Change = (usize, Box<dyn FnOnce(&mut Objects) + Send>);

/// A bucket and what lies in it now.
struct Held {
    truth: Bucket,
    objects: Objects,
    /// How many pages of its list were answered.
    pages: usize,
    changes: Vec<Change>,
    quirk: Option<Quirk>,
}

/// The server.
pub struct S3 {
    truth: Truth,
    now: Instant,
    began: Tick,
    ahead: Mutex<TimeDelta>,
    buckets: Mutex<BTreeMap<String, Held>>,
}

impl S3 {
    /// Returns a server of which that is true, at `now`.
    pub fn new(mut truth: Truth, now: Instant) -> Self {
        let mut buckets = BTreeMap::new();
        for mut bucket in std::mem::take(&mut truth.buckets) {
            let listed = std::mem::take(&mut bucket.objects).into_iter();
            let many = bucket.many.iter().flat_map(truth::Many::objects);
            let every = bucket.every.iter().flat_map(|every| every.objects(now));
            let objects = listed.chain(many).chain(every).map(|object| (object.key.clone(), object)).collect();
            let held = Held { objects, pages: 0, changes: Vec::new(), quirk: None, truth: bucket };
            buckets.insert(held.truth.name.clone(), held);
        }
        Self { truth, now, began: Tick::now(), ahead: Mutex::default(), buckets: Mutex::new(buckets) }
    }

    fn held<T>(&self, bucket: &str, act: impl FnOnce(&mut Held) -> T) -> Option<T> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).get_mut(bucket).map(act)
    }

    /// Changes the objects of a bucket.
    pub fn change(&self, bucket: &str, change: impl FnOnce(&mut Objects)) {
        self.held(bucket, |held| change(&mut held.objects)).expect("the truth knows the bucket");
    }

    /// Changes the objects of a bucket when the page of its list of that number is asked for, before it is
    /// answered; the next one is number 1.
    pub fn change_before(&self, page: usize, bucket: &str, change: impl FnOnce(&mut Objects) + Send + 'static) {
        self.held(bucket, |held| held.changes.push((held.pages + page, Box::new(change))))
            .expect("the truth knows the bucket");
    }

    /// Changes what a bucket is set to.
    pub fn set(&self, bucket: &str, set: impl FnOnce(&mut Bucket)) {
        self.held(bucket, |held| set(&mut held.truth)).expect("the truth knows the bucket");
    }

    /// Makes the lists of a bucket wrong.
    pub fn quirk(&self, bucket: &str, quirk: Option<Quirk>) {
        self.held(bucket, |held| held.quirk = quirk).expect("the truth knows the bucket");
    }

    /// Sets the server's clock ahead by so much.
    pub fn ahead(&self, by: TimeDelta) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = by;
    }

    /// Returns what the server's clock says.
    fn time(&self) -> Instant {
        let passed = TimeDelta::from_std(self.began.elapsed()).unwrap_or_default();
        self.now + passed + *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
        let mut response = match self.answered(method, uri, headers, body) {
            Ok(response) => response,
            Err(refusal) => refusal.answer(method, self.truth.personality),
        };
        let date = self.time().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        response.headers_mut().insert(DATE, HeaderValue::try_from(date).expect("a date"));
        response.headers_mut().insert("x-amz-request-id", HeaderValue::from_static("TX0123456789ABCD"));
        response
    }

    fn answered(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let query = query(uri.query().unwrap_or_default());
        let question = Question { method, path: uri.path(), query: &query, headers, body };
        let caller = signature::caller(&self.truth, question, self.time(), self.now)?;
        let path = uri.path().strip_prefix('/').unwrap_or_default();
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
        if bucket.is_empty() {
            return self.buckets(&caller);
        }
        let ceph = self.truth.personality == Personality::Ceph;
        self.held(bucket, |held| {
            let with_region = |refusal: Refusal| {
                if ceph { refusal } else { refusal.header("x-amz-bucket-region", held.truth.region.as_str()) }
            };
            if let Caller::Key { region } = &caller
                && !ceph
                && *region != held.truth.region
            {
                return Err(self.wrong_region(&held.truth, region));
            }
            if !matches!(*method, Method::GET | Method::HEAD) {
                return Err(Refusal::new(405, "MethodNotAllowed", "Nothing can be written here."));
            }
            let call = call(method, &key, &query);
            allowed(&held.truth, &caller, call, headers).map_err(with_region)?;
            let mut response = self.call(call, held, method, &key, &query, headers)?;
            if !ceph && key.is_empty() {
                let region = HeaderValue::try_from(held.truth.region.as_str()).expect("a region");
                response.headers_mut().insert("x-amz-bucket-region", region);
            }
            Ok(response)
        })
        .unwrap_or_else(|| {
            Err(Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", bucket))
        })
    }

    fn call(
        &self,
        call: &str,
        held: &mut Held,
        method: &Method,
        key: &str,
        query: &[(String, String)],
        headers: &HeaderMap,
    ) -> Result<Response, Refusal> {
        let personality = self.truth.personality;
        if call == "list" {
            held.pages += 1;
            let (due, later) = std::mem::take(&mut held.changes).into_iter().partition(|(page, _)| *page <= held.pages);
            held.changes = later;
            for (_, change) in due {
                change(&mut held.objects);
            }
        }
        let page = self.truth.page.unwrap_or(usize::MAX);
        let manner = Manner { bucket: &held.truth.name, personality, page, now: self.now, quirk: held.quirk };
        match call {
            "head" => {
                let version = query.iter().find(|(name, _)| name == "versionId").map(|(_, id)| id.as_str());
                let object = held.objects.get(key).cloned().map(|object| object.version(version));
                object::answer(method, &held.truth, key, object.as_ref(), headers, personality, self.now)
            }
            "head-bucket" => Ok(Response::new(Body::empty())),
            "list" if query.iter().any(|(name, value)| name == "list-type" && value == "2") => {
                listing::objects(manner, &held.objects, query, held.pages)
            }
            "list" => listing::objects_v1(manner, &held.objects, query),
            "versions" => listing::versions(manner, &held.objects, query),
            "uploads" => listing::uploads(manner, &held.truth.uploads, query),
            name => match settings::answer(name, &held.truth, personality) {
                Some(answer) => answer,
                None if personality == Personality::Ceph => listing::objects_v1(manner, &held.objects, query),
                None => Err(Refusal::new(501, "NotImplemented", "A header or query implies what is not implemented")),
            },
        }
    }

    fn wrong_region(&self, bucket: &Bucket, asked: &str) -> Refusal {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
        match self.truth.wrong_region {
            WrongRegion::Mute => Refusal::new(301, "PermanentRedirect", message),
            WrongRegion::Redirect => Refusal::new(301, "PermanentRedirect", message)
                .with("Endpoint", format!("{}.s3.{}.amazonaws.com", bucket.name, bucket.region))
                .with("Bucket", bucket.name.as_str())
                .header("x-amz-bucket-region", bucket.region.as_str()),
            WrongRegion::Malformed => {
                let message = format!(
                    "The authorization header is malformed; the region '{asked}' is wrong; expecting '{}'",
                    bucket.region
                );
                Refusal::new(400, "AuthorizationHeaderMalformed", message)
                    .with("Region", bucket.region.as_str())
                    .header("x-amz-bucket-region", bucket.region.as_str())
            }
        }
    }

    fn buckets(&self, caller: &Caller) -> Result<Response, Refusal> {
        let anonymous = *caller == Caller::Anonymous;
        if anonymous && self.truth.personality != Personality::Ceph {
            return Err(Refusal::denied());
        }
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = String::new();
        for name in buckets.keys().filter(|_| !anonymous) {
            let name = xml::element("Name", name);
            names.push_str(&format!("<Bucket>{name}<CreationDate>2020-01-01T00:00:00.000Z</CreationDate></Bucket>"));
        }
        let owner = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>";
        Ok(xml::document("ListAllMyBucketsResult", &format!("{owner}<Buckets>{names}</Buckets>")))
    }
}

/// Returns whether that call may be made.
fn allowed(bucket: &Bucket, caller: &Caller, call: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let anonymous = *caller == Caller::Anonymous;
    if anonymous && !(bucket.public && matches!(call, "list" | "head" | "head-bucket" | "location")) {
        return Err(Refusal::denied());
    }
    let pays = headers.get("x-amz-request-payer").is_some_and(|who| who.as_bytes() == b"requester");
    if bucket.requester_pays && (anonymous || !pays) {
        return Err(Refusal::denied());
    }
    if bucket.denied.iter().any(|denied| denied == call) {
        return Err(Refusal::denied());
    }
    Ok(())
}

/// Returns the parameters, decoded.
fn query(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            pair.split_once('=').map_or_else(|| (decoded(pair), String::new()), |(n, v)| (decoded(n), decoded(v)))
        })
        .collect()
}

/// Returns which call it is: a subresource's name, or `list`, `head`, `head-bucket`.
fn call<'a>(method: &Method, key: &str, query: &'a [(String, String)]) -> &'a str {
    if !key.is_empty() {
        return "head";
    }
    if *method == Method::HEAD {
        return "head-bucket";
    }
    let known = |name: &&str| SETTINGS.contains(name) || matches!(*name, "versions" | "uploads");
    let other = |name: &&str| {
        matches!(*name, "policy" | "policyStatus" | "acl" | "tagging" | "inventory" | "publicAccessBlock" | "logging")
    };
    let names = || query.iter().map(|(name, _)| name.as_str());
    names().find(known).or_else(|| names().find(other)).unwrap_or("list")
}

/// Returns the router of the server.
pub fn router(s3: Arc<S3>) -> Router {
    Router::new().fallback(serve).with_state(s3)
}

async fn serve(State(s3): State<Arc<S3>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    s3.answer(&parts.method, &parts.uri, &parts.headers, &body)
}
