//! Everything but queries: repositories, the storage summary, the configuration, replications.
//!
//! Who asks is found by `mod`.

use axum::response::Response;
use chrono::SecondsFormat;
use lastgood::model::Instant;
use serde_json::{Value, json};

use super::truth::{Replication, Repository, Truth};
use super::{Viewer, refusal, told};

/// Answers a GET.
pub fn answer(truth: &Truth, now: Instant, viewer: Viewer<'_>, path: &str) -> Response {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let visible =
        |key: &str| truth.repositories.iter().find(|repository| repository.key == key && viewer.sees_repository(key));
    match parts.as_slice() {
        ["artifactory", "api", "system", "ping"] => told(200, "text/plain", "OK"),
        ["artifactory", "api", "system", "version"] => json_answer(
            &json!({ "version": "7.55.6", "revision": "75506900", "addons": ["aql", "replication"], "license": "0" }),
        ),
        ["access", "api", "v1", "tokens", "me"] => match viewer.login {
            super::Login::User(user) => {
                json_answer(&json!({ "token_id": "1", "subject": format!("jfac@01/users/{}", user.name) }))
            }
            super::Login::Anonymous => refusal(401, "Unauthorized"),
        },
        ["artifactory", "api", "repositories"] => repositories(truth, viewer),
        ["artifactory", "api", "repositories", key] => match visible(key) {
            Some(repository) => json_answer(&json!({
                "key": repository.key,
                "rclass": repository.r#type.to_lowercase(),
                "packageType": repository.package.to_lowercase(),
            })),
            None => refusal(404, "Not Found"),
        },
        ["artifactory", "api", "storageinfo"] if viewer.is_admin() => summary(truth, now),
        ["artifactory", "api", "system", "configuration"] if truth.cloud => refusal(404, "Not Found"),
        ["artifactory", "api", "system", "configuration"] if viewer.is_admin() => {
            told(200, "application/xml", configuration(truth))
        }
        ["artifactory", "api", "system", "replications"] if viewer.is_admin() => json_answer(&json!({
            "blockPullReplications": truth.blocks_pull, "blockPushReplications": truth.blocks_push,
        })),
        ["artifactory", "api", "replications", key] if viewer.is_admin() => match visible(key) {
            Some(repository) if !repository.replications.is_empty() => replications(repository),
            _ => refusal(404, &format!("Could not find replication for repository '{key}'")),
        },
        ["artifactory", "api", "replication", key] => match visible(key) {
            Some(repository) => status(repository, now),
            None => refusal(404, "Not Found"),
        },
        ["artifactory", "api", "storageinfo"]
        | ["artifactory", "api", "system", "configuration" | "replications"]
        | ["artifactory", "api", "replications", _] => {
            if truth.hides {
                refusal(404, "Not Found")
            } else {
                refusal(403, "Forbidden")
            }
        }
        _ => refusal(404, "Not Found"),
    }
}

fn json_answer(body: &Value) -> Response {
    told(200, "application/json", format!("{body:#}"))
}

fn repositories(truth: &Truth, viewer: Viewer<'_>) -> Response {
    let shown = truth.repositories.iter().filter(|repository| viewer.sees_repository(&repository.key));
    let list: Vec<Value> = shown
        .map(|repository| {
            let own = format!("https://estate.example/artifactory/{}", repository.key);
            let url = if repository.r#type == "REMOTE" { repository.upstream.clone() } else { Some(own) };
            let mut shown = json!({
                "key": repository.key, "type": repository.r#type, "packageType": repository.package,
            });
            if let Some(url) = url {
                shown["url"] = url.into();
            }
            shown
        })
        .collect();
    let kind = "application/vnd.org.jfrog.artifactory.repositories.RepositoryDetailsList+json";
    told(200, kind, format!("{:#}", Value::from(list)))
}

fn summary(truth: &Truth, now: Instant) -> Response {
    let number = |count: usize| {
        if !truth.commas {
            return Value::from(count);
        }
        let digits = count.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).expect("digits")).collect();
        Value::from(groups.join(","))
    };
    let files = truth.files(now);
    let row = |key: &str, kind: &str, count: usize| {
        json!({
            "repoKey": key, "repoType": kind, "foldersCount": number(0), "filesCount": number(count),
            "usedSpace": "1.05 GB", "itemsCount": number(count), "packageType": "Generic", "percentage": "0%",
        })
    };
    let mut rows: Vec<Value> = truth
        .repositories
        .iter()
        .map(|repository| {
            let count = files.iter().filter(|file| file.repo == repository.key).count();
            row(&repository.key, &repository.r#type, count)
        })
        .collect();
    rows.extend(truth.summary_knows.iter().map(|key| row(key, "LOCAL", 1_234)));
    rows.push(row("auto-trashcan", "NA", 150_423));
    rows.push(json!({
        "repoKey": "TOTAL", "repoType": "NA", "foldersCount": number(0), "filesCount": number(files.len()),
        "usedSpace": "1.05 GB", "itemsCount": number(files.len()),
    }));
    json_answer(&json!({
        "binariesSummary": { "binariesCount": "16,913,411", "binariesSize": "203.14 TB" },
        "fileStoreSummary": { "storageType": "filesystem", "storageDirectory": "/var/opt/jfrog" },
        "repositoriesSummaryList": rows,
    }))
}

fn configuration(truth: &Truth) -> String {
    let backups: Vec<String> = truth
        .backups
        .iter()
        .map(|backup| {
            let excluded: Vec<String> =
                backup.excluded.iter().map(|key| format!("<repositoryRef>{key}</repositoryRef>")).collect();
            let excluded = excluded.concat();
            let excluded = if excluded.is_empty() {
                "<excludedRepositories/>".to_owned()
            } else {
                format!("<excludedRepositories>{excluded}</excludedRepositories>")
            };
            format!(
                "<backup><key>{}</key><enabled>{}</enabled><cronExp>{}</cronExp><retentionPeriodHours>{}</retentionPeriodHours><createArchive>{}</createArchive>{excluded}<sendMailOnError>true</sendMailOnError><excludeNewRepositories>false</excludeNewRepositories></backup>\n",
                backup.key, backup.enabled, backup.cron, backup.retention, backup.archive
            )
        })
        .collect();
    let backups = backups.concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<config xmlns=\"http://artifactory.jfrog.org/xsd/3.1.29\">\n<offlineMode>false</offlineMode>\n<security><ldapSettings><managerPassword>estate-ldap-password</managerPassword></ldapSettings></security>\n<backups>\n{backups}</backups>\n</config>\n"
    )
}

fn one(repository: &Repository, replication: &Replication) -> Value {
    let mut one = json!({
        "repoKey": repository.key, "enabled": replication.enabled, "enableEventReplication": replication.by_event,
        "syncDeletes": replication.deletes, "syncProperties": true, "username": "admin", "password": "estate-replication-password",
    });
    if let Some(url) = &replication.url {
        one["url"] = Value::from(url.clone());
    }
    if let Some(cron) = &replication.cron {
        one["cronExp"] = Value::from(cron.clone());
    }
    one
}

fn replications(repository: &Repository) -> Response {
    let all: Vec<Value> = repository.replications.iter().map(|replication| one(repository, replication)).collect();
    match <[Value; 1]>::try_from(all) {
        Ok([alone]) => json_answer(&alone),
        Err(all) => json_answer(&Value::from(all)),
    }
}

fn status(repository: &Repository, now: Instant) -> Response {
    let (status, at) = match &repository.replicated {
        Some(last) => {
            (last.status.as_str(), Value::from(last.at.seen_from(now).to_rfc3339_opts(SecondsFormat::Millis, true)))
        }
        None => ("never_run", Value::Null),
    };
    json_answer(&json!({ "status": status, "lastCompleted": at }))
}
