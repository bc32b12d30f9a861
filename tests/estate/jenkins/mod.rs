//! Jenkins: controllers below context paths, as whoever asks may see them.
//!
//! `truth` says what is there, `tree` which part is asked for, `tell` how it is told. This file knows who
//! may see what, and refuses as Jenkins does: anonymous with 403, a wrong token with 401, what may not be
//! seen with 404.

mod tell;
mod tree;
pub mod truth;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use lastgood::model::Instant;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

pub use truth::Controller;
use truth::{Job, Right};

/// A controller as it is served.
#[derive(Debug)]
struct Served {
    truth: Controller,
    now: Instant,
}

/// Returns the router of all controllers.
pub fn router(controllers: &[Controller], now: Instant) -> Router {
    controllers.iter().fold(Router::new(), |router, truth| {
        let served = Arc::new(Served { truth: truth.clone(), now });
        let path = format!("/{}/{{*rest}}", truth.context);
        router.merge(Router::new().route(&path, any(answer)).with_state(served))
    })
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let mut response = served.answer(&request);
    if !request.uri().path().ends_with("config.xml") && !request.uri().path().contains("/artifact/") {
        set(&mut response, HeaderName::from_static("x-jenkins"), &served.truth.version);
        set(&mut response, HeaderName::from_static("x-hudson"), "1.395");
    }
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    response.headers_mut().insert(name, HeaderValue::try_from(value).expect("a header"));
}

fn page(status: u16, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn in_json(body: &Value) -> Response {
    page(200, "application/json;charset=utf-8", body.to_string())
}

const HTML: &str = "text/html;charset=utf-8";

impl Served {
    fn answer(&self, request: &Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return page(403, HTML, "No valid crumb was included in the request");
        }
        let Ok((name, rights)) = self.whom(request) else {
            return page(401, HTML, "<html><body>Invalid password/token for user</body></html>");
        };
        let may = |right: Right| rights.contains(&right) || rights.contains(&Right::Administer);
        let denied = |permission: &str| {
            let body = format!(
                "<html><head><meta http-equiv='refresh' content='1;url=/{}/login?from=%2F'/></head><body>Authentication required</body></html>",
                self.truth.context
            );
            let mut response = page(403, HTML, body);
            set(&mut response, HeaderName::from_static("x-you-are-authenticated-as"), name);
            set(&mut response, HeaderName::from_static("x-required-permission"), permission);
            response
        };
        let path = request.uri().path();
        let below = path.strip_prefix(&format!("/{}/", self.truth.context)).unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        let wanted = query.strip_prefix("tree=").map(|tree| percent_decode_str(tree).decode_utf8_lossy().into_owned());
        let wanted = wanted.as_deref().map(tree::parse);
        if query.contains("depth=") || wanted == Some(None) {
            return page(500, HTML, "Oops!");
        }
        let wanted = wanted.flatten().unwrap_or_default();
        if below == "whoAmI/api/json" {
            let anonymous = name == "anonymous";
            return in_json(&json!({
                "_class": "hudson.security.WhoAmI", "name": name, "anonymous": anonymous, "authenticated": !anonymous
            }));
        }
        if !may(Right::Read) {
            return denied("hudson.model.Hudson.Read");
        }
        let hidden = may(Right::Administer);
        let teller = tell::Teller { now: self.now, classes: !self.truth.classless, hidden };
        match below {
            "api/json" => return in_json(&teller.root(&self.truth.jobs, &wanted)),
            "script" if may(Right::Administer) => return page(200, HTML, "<html>Script Console</html>"),
            "script" => return denied("hudson.model.Hudson.Administer"),
            "pluginManager/api/json" if may(Right::SystemRead) => {
                let plugin = |plugin: &truth::Plugin| json!({ "shortName": plugin.name, "version": plugin.version, "enabled": plugin.active, "active": plugin.active });
                let plugins: Vec<Value> = self.truth.plugins.iter().map(plugin).collect();
                return in_json(&json!({ "_class": "hudson.LocalPluginManager", "plugins": plugins }));
            }
            "pluginManager/api/json" => return denied("hudson.model.Hudson.SystemRead"),
            _ => {}
        }
        let Some((job, rest)) = self.job(below, hidden) else { return page(404, HTML, "<html>Not Found</html>") };
        match &rest[..] {
            [api, kind] if api == "api" && kind == "json" => in_json(&teller.job(job, &wanted)),
            [config] if config == "config.xml" => {
                if may(Right::ExtendedRead) {
                    page(200, "application/xml", tell::definition(job))
                } else {
                    denied("hudson.model.Item.ExtendedRead")
                }
            }
            [number, artifact, file @ ..] if artifact == "artifact" => {
                let builds = job.all_builds(self.now);
                let build = builds.iter().find(|(known, ..)| known.to_string() == *number);
                let Some(size) = build.and_then(|(.., build)| build.artifacts.get(&file.join("/"))) else {
                    return page(404, HTML, "<html>Not Found</html>");
                };
                let mut response = page(200, "application/octet-stream", Body::empty());
                set(&mut response, CONTENT_LENGTH, &size.to_string());
                response
            }
            _ => page(404, HTML, "<html>Not Found</html>"),
        }
    }

    /// Returns who asks, and what they may do.
    fn whom(&self, request: &Request) -> Result<(&str, &[Right]), ()> {
        let Some(sent) = request.headers().get(AUTHORIZATION) else {
            return Ok(("anonymous", &self.truth.anonymous));
        };
        let pair = sent.to_str().ok().and_then(|sent| STANDARD.decode(sent.strip_prefix("Basic ")?).ok());
        let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
        let known = self.truth.users.iter().find(|user| format!("{}:{}", user.name, user.token) == pair);
        known.map(|user| (user.name.as_str(), user.rights.as_slice())).ok_or(())
    }

    /// Returns the job to which a path leads, and the rest of the path.
    fn job(&self, below: &str, hidden: bool) -> Option<(&Job, Vec<String>)> {
        let mut parts: Vec<String> =
            below.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
        parts.reverse();
        let (mut jobs, mut found) = (&self.truth.jobs, None);
        while parts.last().is_some_and(|part| part == "job") {
            parts.pop();
            let name = parts.pop()?;
            let job = jobs.iter().find(|job| job.name == name && (hidden || !job.hidden))?;
            jobs = &job.jobs;
            found = Some(job);
        }
        parts.reverse();
        Some((found?, parts))
    }
}
