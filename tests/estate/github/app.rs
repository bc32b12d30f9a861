//! GitHub Apps: their installations, and the tokens that these get.
//!
//! A JSON web token is looked at but not verified: the estate has no key of the app.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::PoisonError;

use super::super::now;
use super::super::truth::{App, Kind, Scope, Sees, Token};
use super::{GitHub, Question, failure, json_answer, success, time};

/// Returns the number of the app that a JSON web token speaks for.
pub fn id_of(github: &GitHub, token: &str) -> Result<u64, Box<Response>> {
    let refused = |words: &str| Box::new(failure(StatusCode::UNAUTHORIZED, words));
    let part = |nth: usize| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(nth)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let undecodable = || refused("A JSON web token could not be decoded");
    let (head, claims) = (part(0).ok_or_else(undecodable)?, part(1).ok_or_else(undecodable)?);
    if head["alg"] != "RS256" || token.split('.').nth(2).is_none_or(|signature| signature.len() < 300) {
        return Err(undecodable());
    }
    let now = now().timestamp();
    let issued = claims["iat"].as_i64().filter(|issued| *issued <= now);
    issued.ok_or_else(|| {
        refused("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
    })?;
    let expires = claims["exp"].as_i64().filter(|expires| (now..=now + 600).contains(expires));
    expires.ok_or_else(|| {
        refused("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
    })?;
    // Newer apps name themselves by a client id; the estate's one has a number alone.
    let id = claims["iss"].as_u64().or_else(|| claims["iss"].as_str()?.parse().ok());
    let known = github.truth.app.as_ref().filter(|app| Some(app.id) == id);
    known.map(|app| app.id).ok_or_else(|| Box::new(failure(StatusCode::NOT_FOUND, "Integration not found")))
}

/// Returns how answers call what an installation may see, and the names; `None` for all.
pub fn selection(sees: &Sees) -> (&'static str, Option<&[String]>) {
    match sees {
        Sees::Selected(names) => ("selected", Some(names)),
        Sees::Scope(Scope::All) => ("all", None),
        Sees::Scope(_) => ("selected", Some(&[])),
    }
}

impl GitHub {
    fn app<'a>(&'a self, question: &Question<'_>) -> Result<&'a App, Box<Response>> {
        let app = self.truth.app.as_ref().filter(|app| Some(app.id) == question.viewer.app);
        app.ok_or_else(|| Box::new(failure(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded")))
    }

    fn installation_of(&self, question: &Question<'_>, app: &App) -> Value {
        let id = app.installation;
        json!({
            "id": id, "app_id": app.id, "app_slug": "estate-reader", "target_id": self.truth.id,
            "target_type": "Organization", "account": self.owner(question, &self.truth.organization),
            "repository_selection": selection(&app.sees).0, "permissions": { "contents": "read", "metadata": "read", "actions": "read" },
            "events": [], "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", question.base),
            "repositories_url": format!("{}/installation/repositories", question.base), "html_url": "",
            "created_at": "2020-09-30T13:41:32.000Z", "updated_at": "2020-09-30T13:42:39.000Z",
            "single_file_name": null, "suspended_by": null, "suspended_at": null,
        })
    }

    /// `GET /app/installations`.
    pub fn installations(&self, question: &Question<'_>) -> Response {
        match self.app(question) {
            Ok(app) => success(&json!([self.installation_of(question, app)])),
            Err(refused) => *refused,
        }
    }

    /// `GET /orgs/{org}/installation`.
    pub fn installation(&self, question: &Question<'_>, login: &str) -> Response {
        match self.app(question) {
            Ok(app) if login.eq_ignore_ascii_case(&self.truth.organization) => {
                success(&self.installation_of(question, app))
            }
            Ok(_) => failure(StatusCode::NOT_FOUND, "Not Found"),
            Err(refused) => *refused,
        }
    }

    /// `POST /app/installations/{id}/access_tokens`.
    pub fn make_token(&self, question: &Question<'_>, id: &str) -> Response {
        let app = match self.app(question) {
            Ok(app) if app.installation.to_string() == id => app,
            Ok(_) => return failure(StatusCode::NOT_FOUND, "Not Found"),
            Err(refused) => return *refused,
        };
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("ghs_estate_installation_{:04}", issued.len() + 1);
        issued.push(Token {
            secret: token.clone(),
            login: String::new(),
            kind: Kind::Installation,
            sees: app.sees.clone(),
            scopes: Vec::new(),
            expiration: None,
        });
        let expires = time(now() + TimeDelta::hours(1));
        let permissions = json!({ "contents": "read", "metadata": "read", "actions": "read" });
        let selection = selection(&app.sees).0;
        let body = json!({
            "token": token, "expires_at": expires, "permissions": permissions, "repository_selection": selection,
        });
        json_answer(StatusCode::CREATED, &body)
    }
}
