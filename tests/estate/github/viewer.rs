//! Who asks, and what may be seen by them.
//!
//! Counting their questions is left to the file above.

use std::sync::PoisonError;

use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::super::truth::{Kind, Repository, Scope, Sees, Token, Truth};
use super::{GitHub, app, failure};

/// Who asks.
#[derive(Debug, Clone, Default)]
pub struct Viewer {
    /// The login; `None` where there is none, as for installations.
    pub login: Option<String>,
    /// The token; `None` for anonymous and for apps themselves.
    pub token: Option<Token>,
    /// The number of the app that asks as itself.
    pub app: Option<u64>,
}

impl Viewer {
    /// Returns what a viewer's token makes every answer say.
    pub fn headers(&self, truth: &Truth) -> Vec<(&'static str, String)> {
        let Some(token) = &self.token else { return Vec::new() };
        let mut headers = Vec::new();
        if token.kind == Kind::Classic {
            headers.push(("x-oauth-scopes", token.scopes.join(", ")));
            headers.push(("x-accepted-oauth-scopes", String::new()));
        }
        if let Some(expiration) = &token.expiration {
            headers.push(("github-authentication-token-expiration", expiration.clone()));
        }
        if token.sees == Sees::Scope(Scope::Sso) {
            headers.push(("x-github-sso", format!("partial-results; organizations={}", truth.id)));
        }
        headers
    }

    /// Returns whether the viewer may see the repository.
    pub fn sees(&self, repository: &Repository) -> bool {
        if !repository.private {
            return true;
        }
        let Some(token) = &self.token else { return false };
        let is_own = self.login.as_deref() == repository.owner.as_deref() && repository.owner.is_some();
        match &token.sees {
            _ if is_own => true,
            // A member of the organisation sees nothing of what only a user has.
            Sees::Scope(Scope::All) => repository.owner.is_none(),
            Sees::Scope(Scope::Public | Scope::Sso) => false,
            Sees::Selected(names) => names.contains(&repository.name),
        }
    }

    /// Returns whether the viewer may see everything that the organisation has.
    pub fn sees_everything(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.sees == Sees::Scope(Scope::All))
    }

    /// Returns whether the viewer would be shown more after single sign-on.
    pub fn lacks_sso(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.sees == Sees::Scope(Scope::Sso))
    }
}

impl GitHub {
    /// Finds who asks.
    pub fn viewer(&self, headers: &HeaderMap) -> Result<Viewer, Box<Response>> {
        let Some(value) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return Ok(Viewer::default());
        };
        let bad = || Box::new(failure(StatusCode::UNAUTHORIZED, "Bad credentials"));
        let (scheme, secret) = value.split_once(' ').ok_or_else(bad)?;
        if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
            return Err(bad());
        }
        if secret.matches('.').count() == 2 {
            return app::id_of(self, secret).map(|app| Viewer { app: Some(app), ..Viewer::default() });
        }
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let token = self.truth.tokens.iter().chain(issued.iter()).find(|token| token.secret == secret);
        let token = token.ok_or_else(bad)?.clone();
        let login = (token.kind != Kind::Installation).then(|| token.login.clone());
        Ok(Viewer { login, token: Some(token), app: None })
    }
}
