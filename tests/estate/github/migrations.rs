//! Migrations: GitHub's own exports, listed for those who own the organisation.
//!
//! The archives themselves are not there: they are gone after some days anyway.

use axum::response::Response;
use chrono::FixedOffset;
use http::StatusCode;
use lastgood::model::Instant;
use serde_json::{Value, json};

use super::super::truth::{Kind, Migration, Repository, Scope, Sees};
use super::pages::page;
use super::{GitHub, Question, failure, success};

impl GitHub {
    /// `GET /orgs/{org}/migrations` and what is below it.
    pub fn migrations(&self, question: &Question<'_>, login: &str, rest: &[&str]) -> Response {
        let not_found = || failure(StatusCode::NOT_FOUND, "Not Found");
        if !login.eq_ignore_ascii_case(&self.truth.organization) {
            return not_found();
        }
        match &question.viewer.token {
            None => return failure(StatusCode::UNAUTHORIZED, "Requires authentication"),
            Some(token) if token.kind == Kind::Installation => {
                return failure(StatusCode::FORBIDDEN, "Resource not accessible by integration");
            }
            Some(token) if token.kind == Kind::FineGrained => {
                return failure(StatusCode::FORBIDDEN, "Resource not accessible by personal access token");
            }
            Some(token) if token.sees != Sees::Scope(Scope::All) => return not_found(),
            Some(_) => {}
        }
        let place = format!("/organizations/{}/migrations", self.truth.id);
        let find = |id: &str| self.truth.migrations.iter().find(|migration| migration.id.to_string() == id);
        match rest {
            [] => page(question, &place, &self.truth.migrations, None, |migration| self.migration(question, migration)),
            [id] => find(id).map_or_else(not_found, |migration| success(&self.migration(question, migration))),
            [id, "repositories"] => match find(id) {
                Some(migration) => {
                    let held = self.held(migration);
                    let place = format!("{place}/{id}/repositories");
                    page(question, &place, &held, None, |repository| self.shown(question, repository))
                }
                None => not_found(),
            },
            _ => not_found(),
        }
    }

    fn held(&self, migration: &Migration) -> Vec<&Repository> {
        migration.repositories.iter().map(|name| self.truth.repository(name)).collect()
    }

    fn migration(&self, question: &Question<'_>, migration: &Migration) -> Value {
        let url = format!("{}/orgs/{}/migrations/{}", question.base, self.truth.organization, migration.id);
        let created = migration.created.seen_from(self.now);
        let updated = migration.updated.map_or(created, |updated| updated.seen_from(self.now));
        let without = |name: &str| {
            question.query.get("exclude[]").or(question.query.get("exclude")).is_some_and(|left| left == name)
        };
        let mut shown = json!({
            "id": migration.id, "node_id": format!("M_{}", migration.id), "guid": format!("guid-{}", migration.id),
            "owner": self.owner(question, &self.truth.organization), "state": migration.state, "url": url,
            "lock_repositories": migration.lock_repositories, "exclude_metadata": migration.exclude_metadata,
            "exclude_git_data": migration.exclude_git_data, "exclude_attachments": false, "exclude_releases": false,
            "exclude_owner_projects": false, "org_metadata_only": migration.org_metadata_only,
            "created_at": zoned(created), "updated_at": zoned(updated),
        });
        let fields = shown.as_object_mut().expect("an object");
        if migration.state == "exported" {
            fields.insert("archive_url".to_owned(), format!("{url}/archive").into());
        }
        if !without("repositories") {
            let held: Vec<Value> = self.held(migration).iter().map(|held| self.shown(question, held)).collect();
            fields.insert("repositories".to_owned(), held.into());
        }
        shown
    }
}

/// Returns a time as migrations write it: in the zone of whoever asks.
fn zoned(at: Instant) -> String {
    let offset = FixedOffset::east_opt(5 * 3_600 + 1_800).expect("five hours and a half");
    at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}
