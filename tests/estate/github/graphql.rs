//! GraphQL: walks through whatever query is sent, with aliases, variables and fragments, and refuses what
//! GitHub would refuse.
//!
//! What the single fields of a repository say is left to `nodes`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use graphql_parser::query::{
    Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet, TypeCondition,
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::truth::Repository;
use super::nodes::Arguments;
use super::{GitHub, Question, failure, json_answer, time};

/// What a selection of fields can be made on.
enum Thing<'a> {
    /// Anything that is known in full.
    Known(Value),
    /// An organisation or a user.
    Owner { login: &'a str, kind: &'static str },
    /// One page of repositories.
    Repositories { all: Vec<&'a Repository>, from: usize, to: usize },
    /// One item of a list by cursors.
    Edge { repository: &'a Repository, place: usize },
    /// A repository.
    Repository(&'a Repository),
    /// Several things.
    List(Vec<Thing<'a>>),
}

/// One query on its way.
struct Walk<'a> {
    github: &'a GitHub,
    question: &'a Question<'a>,
    variables: Map<String, Value>,
    fragments: BTreeMap<&'a str, &'a FragmentDefinition<'a, String>>,
    /// Errors that stand beside the data.
    errors: RefCell<Vec<Value>>,
    /// Errors for which nothing is answered.
    invalid: RefCell<Vec<Value>>,
}

impl GitHub {
    /// `POST /graphql`.
    pub fn graphql(&self, question: &Question<'_>) -> Response {
        if question.viewer.token.is_none() {
            return failure(StatusCode::UNAUTHORIZED, "This endpoint requires you to be authenticated.");
        }
        let Ok(asked) = serde_json::from_slice::<Value>(question.body) else {
            return failure(StatusCode::BAD_REQUEST, "Problems parsing JSON");
        };
        let text = asked["query"].as_str().unwrap_or_default();
        let document: Document<'_, String> = match graphql_parser::parse_query(text) {
            Ok(document) => document,
            Err(error) => {
                let body = json!({ "errors": [{ "message": format!("Parse error: {error}") }] });
                return json_answer(StatusCode::OK, &body);
            }
        };
        let fragments = document.definitions.iter().filter_map(|definition| match definition {
            Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
            Definition::Operation(_) => None,
        });
        let set = document.definitions.iter().find_map(|definition| match definition {
            Definition::Operation(OperationDefinition::Query(query)) => Some(&query.selection_set),
            Definition::Operation(OperationDefinition::SelectionSet(set)) => Some(set),
            _ => None,
        });
        let Some(set) = set else {
            let body = json!({ "errors": [{ "message": "No query document was present" }] });
            return json_answer(StatusCode::OK, &body);
        };
        let walk = Walk {
            github: self,
            question,
            variables: asked["variables"].as_object().cloned().unwrap_or_default(),
            fragments: fragments.collect(),
            errors: RefCell::default(),
            invalid: RefCell::default(),
        };
        let data = walk.select("Query", None, set, &mut Vec::new());
        let (errors, invalid) = (walk.errors.into_inner(), walk.invalid.into_inner());
        let body = match (invalid.is_empty(), errors.is_empty()) {
            (false, _) => json!({ "errors": invalid }),
            (true, false) => json!({ "data": data, "errors": errors }),
            (true, true) => json!({ "data": data }),
        };
        json_answer(StatusCode::OK, &body)
    }
}

impl<'a> Walk<'a> {
    /// Returns the selected fields of a thing; of the root where there is none.
    fn select(
        &self,
        kind: &str,
        thing: Option<&Thing<'a>>,
        set: &SelectionSet<'_, String>,
        path: &mut Vec<Value>,
    ) -> Value {
        let mut selected = Map::new();
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    path.push(key.clone().into());
                    let value = self.field(kind, thing, field, path);
                    path.pop();
                    selected.insert(key.clone(), value);
                }
                Selection::InlineFragment(fragment) => {
                    if matches(fragment.type_condition.as_ref(), kind) {
                        merge(&mut selected, self.select(kind, thing, &fragment.selection_set, path));
                    }
                }
                Selection::FragmentSpread(spread) => match self.fragments.get(spread.fragment_name.as_str()) {
                    Some(fragment) if matches(Some(&fragment.type_condition), kind) => {
                        merge(&mut selected, self.select(kind, thing, &fragment.selection_set, path));
                    }
                    Some(_) => {}
                    None => self.refuse(&format!("Fragment {} was used, but not defined", spread.fragment_name)),
                },
            }
        }
        Value::Object(selected)
    }

    fn field(&self, kind: &str, thing: Option<&Thing<'a>>, field: &Field<'_, String>, path: &mut Vec<Value>) -> Value {
        if field.name == "__typename" {
            return kind.into();
        }
        let arguments: Arguments =
            field.arguments.iter().map(|(name, value)| (name.clone(), self.value(value))).collect();
        let found = match thing {
            None => self.of_query(field, &arguments, path),
            Some(Thing::Known(value)) => value.get(&field.name).cloned().map(Thing::Known),
            Some(Thing::Owner { login, kind }) => self.of_owner(login, kind, field, &arguments, path),
            Some(Thing::Repositories { all, from, to }) => of_page(all, *from, *to, &field.name),
            Some(Thing::Edge { repository, place }) => match field.name.as_str() {
                "cursor" => Some(Thing::Known(cursor(place + 1).into())),
                "node" => Some(Thing::Repository(repository)),
                _ => None,
            },
            Some(Thing::Repository(repository)) => {
                if repository.denied.contains(&field.name) {
                    self.error("FORBIDDEN", path, "Resource not accessible by integration", false);
                    return Value::Null;
                }
                self.github.repository_field(repository, &field.name, &arguments).map(Thing::Known)
            }
            Some(Thing::List(_)) => None,
        };
        let Some(found) = found else {
            self.refuse(&format!("Field '{}' doesn't exist on type '{kind}'", field.name));
            return Value::Null;
        };
        self.complete(&found, &field.selection_set, path)
    }

    /// Returns a thing with what is selected of it.
    fn complete(&self, thing: &Thing<'a>, set: &SelectionSet<'_, String>, path: &mut Vec<Value>) -> Value {
        let kind = match thing {
            Thing::Known(Value::Null) => return Value::Null,
            Thing::Known(Value::Array(items)) => {
                let items = items.iter().cloned().map(Thing::Known).collect();
                return self.complete(&Thing::List(items), set, path);
            }
            Thing::Known(value @ Value::Object(_)) => value["__typename"].as_str().unwrap_or_default().to_owned(),
            Thing::Known(leaf) => return leaf.clone(),
            Thing::List(things) => {
                let each = things.iter().enumerate().map(|(place, thing)| {
                    path.push(place.into());
                    let value = self.complete(thing, set, path);
                    path.pop();
                    value
                });
                return each.collect();
            }
            Thing::Repository(repository) if !self.question.viewer.sees(repository) => {
                let words = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.";
                self.error("FORBIDDEN", path, words, true);
                return Value::Null;
            }
            Thing::Owner { kind, .. } => (*kind).to_owned(),
            Thing::Repositories { .. } => "RepositoryConnection".to_owned(),
            Thing::Edge { .. } => "RepositoryEdge".to_owned(),
            Thing::Repository(_) => "Repository".to_owned(),
        };
        if set.items.is_empty() {
            self.refuse(&format!("Field must have selections (returns {kind} but has no selections)"));
        }
        self.select(&kind, Some(thing), set, path)
    }

    fn of_query(&self, field: &Field<'_, String>, arguments: &Arguments, path: &[Value]) -> Option<Thing<'a>> {
        let truth = &self.github.truth;
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let nothing = |kind: &str, words: String| {
            self.error(kind, path, &words, false);
            Some(Thing::Known(Value::Null))
        };
        let login = text("login");
        let is_organization = truth.organization.eq_ignore_ascii_case(login);
        let user = truth.users.iter().find(|user| user.eq_ignore_ascii_case(login));
        match field.name.as_str() {
            "viewer" => match &self.question.viewer.login {
                Some(login) => Some(Thing::Known(json!({ "__typename": "User", "login": login }))),
                None => nothing("FORBIDDEN", "Resource not accessible by integration".to_owned()),
            },
            "rateLimit" => Some(Thing::Known(json!({
                "__typename": "RateLimit", "cost": 1, "limit": 5_000, "remaining": 4_999, "used": 1, "nodeCount": 100,
                "resetAt": time(self.github.now + TimeDelta::hours(1)),
            }))),
            "organization" | "repositoryOwner" if is_organization => {
                Some(Thing::Owner { login: &truth.organization, kind: "Organization" })
            }
            "user" | "repositoryOwner" if user.is_some() => {
                user.map(|login| Thing::Owner { login: login.as_str(), kind: "User" })
            }
            "organization" => {
                nothing("NOT_FOUND", format!("Could not resolve to an Organization with the login of '{login}'."))
            }
            "user" => nothing("NOT_FOUND", format!("Could not resolve to a User with the login of '{login}'.")),
            "repositoryOwner" => Some(Thing::Known(Value::Null)),
            "repository" => {
                let (owner, name) = (text("owner"), text("name"));
                let found = self.github.find(owner, name).map(|(repository, _)| repository);
                match found.filter(|repository| self.question.viewer.sees(repository)) {
                    Some(repository) => Some(Thing::Repository(repository)),
                    None => nothing(
                        "NOT_FOUND",
                        format!("Could not resolve to a Repository with the name '{owner}/{name}'."),
                    ),
                }
            }
            "nodes" => {
                let ids = arguments.get("ids").and_then(Value::as_array).into_iter().flatten();
                let things = ids.filter_map(Value::as_str).map(|id| {
                    let repository = id.strip_prefix("R_").and_then(|id| self.github.find_id(id));
                    repository.map_or(Thing::Known(Value::Null), Thing::Repository)
                });
                Some(Thing::List(things.collect()))
            }
            _ => None,
        }
    }

    fn of_owner(
        &self,
        login: &'a str,
        kind: &str,
        field: &Field<'_, String>,
        arguments: &Arguments,
        path: &[Value],
    ) -> Option<Thing<'a>> {
        let truth = &self.github.truth;
        Some(Thing::Known(match field.name.as_str() {
            "login" => login.into(),
            "name" => Value::Null,
            "id" => format!("O_{login}").into(),
            "databaseId" if kind == "Organization" => truth.id.into(),
            "databaseId" => 10_000.into(),
            "url" => format!("https://github.com/{login}").into(),
            "repositories" => return Some(self.repositories(login, field, arguments, path)),
            _ => return None,
        }))
    }

    fn repositories(&self, login: &str, field: &Field<'_, String>, arguments: &Arguments, path: &[Value]) -> Thing<'a> {
        const KNOWN: [&str; 14] = [
            "first",
            "after",
            "last",
            "before",
            "orderBy",
            "privacy",
            "visibility",
            "affiliations",
            "ownerAffiliations",
            "isFork",
            "isArchived",
            "isLocked",
            "hasIssuesEnabled",
            "type",
        ];
        for name in arguments.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
            self.refuse(&format!("Field 'repositories' doesn't accept argument '{name}'"));
        }
        let github = self.github;
        let flag = |name: &str| arguments.get(name).and_then(Value::as_bool);
        let word = |name: &str| arguments.get(name).and_then(Value::as_str);
        let privacy = word("privacy").or(word("visibility"));
        let mut all: Vec<&'a Repository> = github
            .truth
            .repositories
            .iter()
            .filter(|repository| github.truth.owner(repository) == login)
            // Where single sign-on is wanted first, what is hidden stays in the list as a hole.
            .filter(|repository| self.question.viewer.sees(repository) || self.question.viewer.lacks_sso())
            .filter(|repository| flag("isFork").is_none_or(|fork| repository.fork == fork))
            .filter(|repository| flag("isArchived").is_none_or(|archived| repository.archived == archived))
            .filter(|repository| privacy.is_none_or(|privacy| (privacy == "PRIVATE") == repository.private))
            .collect();
        if let Some(order) = arguments.get("orderBy") {
            match order["field"].as_str() {
                Some("NAME") => all.sort_by_key(|repository| repository.name.to_lowercase()),
                Some("PUSHED_AT") => {
                    all.sort_by_key(|repository| repository.pushed.map(|pushed| pushed.seen_from(github.now)));
                }
                _ => all.sort_by_key(|repository| repository.created.seen_from(github.now)),
            }
            if order["direction"] == "DESC" {
                all.reverse();
            }
        }
        let first = arguments.get("first").and_then(Value::as_u64);
        let wants_nodes = field.selection_set.items.iter().any(|selection| {
            !matches!(selection, Selection::Field(field) if field.name == "totalCount" || field.name == "pageInfo")
        });
        let bounds = "You must provide a `first` or `last` value to properly paginate the `repositories` connection.";
        match first {
            None if wants_nodes => self.error("MISSING_PAGINATION_BOUNDARIES", path, bounds, false),
            Some(first) if first > 100 => {
                let words = format!(
                    "Requesting {first} records on the `repositories` connection exceeds the `first` limit of 100 records."
                );
                self.error("EXCESSIVE_PAGINATION", path, &words, false);
                return Thing::Known(Value::Null);
            }
            _ => {}
        }
        let from = match word("after") {
            None => 0,
            Some(text) => {
                let Some(place) = place(text) else {
                    let words = format!("`{text}` does not appear to be a valid cursor.");
                    self.error("INVALID_CURSOR_ARGUMENTS", path, &words, false);
                    return Thing::Known(Value::Null);
                };
                place.min(all.len())
            }
        };
        let size = usize::try_from(first.unwrap_or(0)).unwrap_or(0);
        let to = (from + size).min(all.len());
        Thing::Repositories { all, from, to }
    }

    /// Returns a value of the query with variables filled in.
    fn value(&self, value: &graphql_parser::query::Value<'_, String>) -> Value {
        use graphql_parser::query::Value as Written;
        match value {
            Written::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Written::Int(number) => number.as_i64().into(),
            Written::Float(number) => (*number).into(),
            Written::String(text) | Written::Enum(text) => text.clone().into(),
            Written::Boolean(flag) => (*flag).into(),
            Written::Null => Value::Null,
            Written::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Written::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.value(value))).collect::<Map<_, _>>().into()
            }
        }
    }

    fn error(&self, kind: &str, path: &[Value], words: &str, saml: bool) {
        let error = json!({ "type": kind, "path": path, "extensions": { "saml_failure": saml },
            "locations": [{ "line": 1, "column": 1 }], "message": words });
        self.errors.borrow_mut().push(error);
    }

    fn refuse(&self, words: &str) {
        let error = json!({ "message": words, "locations": [{ "line": 1, "column": 1 }] });
        self.invalid.borrow_mut().push(error);
    }
}

fn of_page<'a>(all: &[&'a Repository], from: usize, to: usize, field: &str) -> Option<Thing<'a>> {
    let page = all.get(from..to).unwrap_or_default();
    Some(match field {
        "totalCount" => Thing::Known(all.len().into()),
        "nodes" => Thing::List(page.iter().map(|repository| Thing::Repository(repository)).collect()),
        "edges" => {
            let edge = |(repository, place): (&&'a Repository, usize)| Thing::Edge { repository, place };
            Thing::List(page.iter().zip(from..).map(edge).collect())
        }
        "pageInfo" => Thing::Known(json!({
            "__typename": "PageInfo", "hasNextPage": to < all.len(), "hasPreviousPage": from > 0,
            "startCursor": (from < to).then(|| cursor(from + 1)), "endCursor": (from < to).then(|| cursor(to)),
        })),
        _ => return None,
    })
}

fn matches(condition: Option<&TypeCondition<'_, String>>, kind: &str) -> bool {
    const INTERFACES: [&str; 4] = ["Node", "RepositoryOwner", "GitObject", "Actor"];
    condition.is_none_or(|TypeCondition::On(name)| name == kind || INTERFACES.contains(&name.as_str()))
}

fn merge(into: &mut Map<String, Value>, from: Value) {
    if let Value::Object(fields) = from {
        into.extend(fields);
    }
}

fn cursor(place: usize) -> String {
    STANDARD.encode(format!("cursor:v2:{place}"))
}

fn place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("cursor:v2:")?.parse().ok()
}
