//! Faults of an Artifactory: whatever goes wrong, what was asked for is missed with the right reason, or the
//! list says that it lacks something; and no secret is repeated.
//!
//! What the door makes of each fault is in `http_door`.

use std::sync::Arc;
use std::time::Duration;

use lastgood::collect::artifactory::Artifactory;
use lastgood::collect::http::Settings;
use lastgood::evidence::Fact;
use lastgood::model::UnseenReason;

use crate::artifactory::{SEVEN, as_admin, backup, collector_of, estate, inventory, listed, points, replicated};
use crate::artifactory_backups::TARGET;
use crate::collecting::quick;
use crate::estate::{Estate, Fault, Wait, When};
use crate::faults::{hurried, impatient, limits, refusals};

const QUERY: &str = "/artifactory/api/search/aql";

/// Everything that can be asked for.
fn world() -> Estate {
    let more = "\nbackups: [{ key: backup-daily }]\n";
    let replication = r#"replications: [{ url: "https://dr.example/artifactory/libs", cron: "0 0 12 * * ?" }], replicated: { status: ok, at: 2026-11-25T00:00:00Z }"#;
    estate(&format!("{}{more}", SEVEN.replace("key: libs,", &format!("key: libs, {replication},"))))
}

/// Puts every question, and returns the reasons for which each was missed. Nothing may be whole.
async fn all_missed(artifactory: &Arc<Artifactory>, context: &str) -> Vec<UnseenReason> {
    let mut reasons = Vec::new();
    let listing = artifactory.inventory().await;
    assert!(inventory(&listing).is_none_or(|found| !found.complete || found.public_only), "{context}: {listing:?}");
    reasons.extend(listing.misses.iter().map(|miss| miss.reason));
    let (list, _) = listed(artifactory, "libs", "").await;
    let miss = match list {
        Ok(list) => list.lacks.unwrap_or_else(|| panic!("{context}: a list was taken for whole")),
        Err(miss) => miss,
    };
    assert!(!miss.what.contains("admin-token"), "{context}: {miss}");
    reasons.push(miss.reason);
    for (question, told) in [
        ("artifacts", points(artifactory, "by: artifacts, repository: libs", None).await),
        ("backup", backup(artifactory, "backup-daily", None).await),
        ("replication", replicated(artifactory, "libs", TARGET).await),
        ("settings", Ok(artifactory.settings("libs").await)),
    ] {
        match told {
            Err(miss) => {
                assert!(!format!("{miss:?}").contains("admin-token"), "{context}: {miss:?}");
                reasons.push(miss.reason);
            }
            Ok(told) => {
                let whole =
                    told.iter().find(|told| !matches!(&told.fact, Fact::Unseen(_)) && told.fact.answers().is_some());
                assert!(whole.is_none(), "{context}, {question}: {whole:?}");
                let missed = told
                    .iter()
                    .filter_map(|told| if let Fact::Unseen(miss) = &told.fact { Some(miss.reason) } else { None });
                reasons.extend(missed);
            }
        }
    }
    assert!(reasons.len() >= 6, "{context}: {reasons:?}");
    reasons
}

/// Asserts that a fault of every answer makes every question missed, for that reason.
async fn missed(fault: Fault, reason: UnseenReason, settings: Settings) {
    // From the beginning, and once it was found out that an Artifactory answers.
    for after in ["*", "/artifactory/api/[!s]*", QUERY] {
        let estate = world();
        let artifactory = collector_of(&estate.artifactory_url(), "token: { env: ADMIN }", settings.clone());
        if after != "*" {
            artifactory.identity().await.expect("root");
        }
        estate.fault(after, When::Always, fault.clone());
        if after == QUERY {
            let list = listed(&artifactory, "libs", "").await.0;
            let miss = list.expect_err("a miss");
            assert_eq!(miss.reason, reason, "{fault:?} of queries: {miss}");
            continue;
        }
        if after == "*" {
            let reasons = all_missed(&artifactory, &format!("{fault:?}")).await;
            assert!(reasons.iter().all(|is| *is == reason), "{fault:?}: {reasons:?}");
        } else {
            let listing = artifactory.inventory().await;
            assert!(inventory(&listing).is_none() && listing.misses[0].reason == reason, "{fault:?}: {listing:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_missed_with_its_reason() {
    for (fault, reason) in refusals() {
        missed(fault, reason, quick()).await;
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_believed_is_missed() {
    for (fault, reason) in [
        (Fault::Html, UnseenReason::Unreadable),
        (Fault::NoJson, UnseenReason::Unreadable),
        (Fault::Redirect("https://elsewhere.invalid/".to_owned()), UnseenReason::Unreadable),
        (Fault::Redirect("https://landing.jfrog.com/reactivate-server/x".to_owned()), UnseenReason::Unreadable),
        (Fault::RedirectLoop, UnseenReason::Unreadable),
        (Fault::GzipBomb(80), UnseenReason::Unreadable),
        (Fault::Huge { bytes: 1 << 30, told: true }, UnseenReason::Unreadable),
    ] {
        missed(fault, reason, quick()).await;
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_missed() {
    missed(Fault::HangUp, UnseenReason::Unreachable, quick()).await;
    missed(Fault::Silence, UnseenReason::Unreachable, impatient(quick())).await;
}

#[tokio::test]
async fn a_limit_that_lasts_longer_than_the_deadline_is_missed_as_one() {
    for fault in limits().into_iter().chain([Fault::Limit(503, Wait::Seconds(3_600))]) {
        missed(fault, UnseenReason::RateLimited, hurried(quick())).await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_missed_as_one() {
    for (fault, reason) in [
        (Fault::Cut, UnseenReason::Truncated),
        (Fault::CutGzip, UnseenReason::Truncated),
        (Fault::HalfJson, UnseenReason::Truncated),
        (Fault::ContentType("text/plain"), UnseenReason::Unreadable),
        (Fault::Drip(Duration::from_millis(20)), UnseenReason::Unreachable),
    ] {
        let estate = world();
        let artifactory = collector_of(&estate.artifactory_url(), "token: { env: ADMIN }", impatient(quick()));
        artifactory.identity().await.expect("root");
        estate.fault("*", When::Always, fault.clone());
        let reasons = all_missed(&artifactory, &format!("{fault:?}")).await;
        assert!(reasons.iter().all(|is| *is == reason), "{fault:?}: {reasons:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_missed() {
    let mut estate = world();
    let url = estate.artifactory_url();
    estate.close();
    for url in [url.clone(), url.replace("http://", "https://"), "https://nowhere.invalid/artifactory".to_owned()] {
        let artifactory = collector_of(&url, "token: { env: ADMIN }", quick());
        let reasons = all_missed(&artifactory, &url).await;
        assert!(reasons.iter().all(|is| *is == UnseenReason::Unreachable), "{url}: {reasons:?}");
    }
}

#[tokio::test]
async fn a_fault_of_any_later_page_leaves_the_list_open() {
    for (fault, reason) in [
        (Fault::Status(401), UnseenReason::NotAuthorized),
        (Fault::Status(403), UnseenReason::NotAuthorized),
        (Fault::Status(500), UnseenReason::Unreachable),
        (Fault::Status(408), UnseenReason::Unreachable),
        (Fault::HalfJson, UnseenReason::Truncated),
        (Fault::Cut, UnseenReason::Truncated),
        (Fault::Html, UnseenReason::Unreadable),
        (Fault::HangUp, UnseenReason::Unreachable),
    ] {
        // Four pages, what follows the last one, and the last row of all.
        let estate = world();
        let new =
            || collector_of(&estate.artifactory_url(), "token: { env: ADMIN }", Settings { retries: 0, ..quick() });
        let mut artifactory = new();
        for query in 2..=6 {
            if reason == UnseenReason::NotAuthorized {
                // A credential that was refused is not tried again.
                artifactory = new();
            }
            estate.heal();
            estate.fault(QUERY, When::From(query), fault.clone());
            let (list, rows) = listed(&artifactory, "libs", "").await;
            let lacks = list.expect("a list").lacks.unwrap_or_else(|| panic!("{fault:?} of query {query}"));
            assert_eq!(lacks.reason, reason, "{fault:?} of query {query}: {lacks}");
            assert!((3..=7).contains(&rows.len()), "what was seen before is kept");
        }
    }
}

#[tokio::test]
async fn a_token_that_expires_half_way_is_not_tried_again() {
    let estate = world();
    let artifactory = as_admin(&estate);
    estate.fault(QUERY, When::From(3), Fault::Status(401));
    let (list, rows) = listed(&artifactory, "libs", "").await;
    assert_eq!(list.expect("a list").lacks.expect("a reason").reason, UnseenReason::NotAuthorized);
    assert_eq!(rows.len(), 5);
    let so_far = estate.requests().len();
    assert_eq!(artifactory.inventory().await.misses[0].reason, UnseenReason::NotAuthorized);
    assert!(points(&artifactory, "by: artifacts, repository: libs", None).await.is_err());
    assert_eq!(estate.requests().len(), so_far);
}

#[tokio::test]
async fn rows_without_what_makes_them_rows_leave_the_list_open() {
    for name in ["name", "path", "repo", "size", "results", "range", "total", "start_pos"] {
        for fault in [Fault::Missing(name), Fault::Null(name)] {
            let estate = world();
            let artifactory = as_admin(&estate);
            artifactory.identity().await.expect("root");
            estate.fault(QUERY, When::Always, fault.clone());
            let whole = match listed(&artifactory, "libs", "").await.0 {
                Ok(list) => list.lacks.is_none(),
                Err(_) => false,
            };
            assert!(!whole, "{fault:?}");
        }
    }
    // Without a time a file is there all the same, and is no recovery point.
    let estate = world();
    estate.fault(QUERY, When::Always, Fault::Missing("created"));
    let artifactory = as_admin(&estate);
    let (list, rows) = listed(&artifactory, "libs", "").await;
    assert!(list.expect("a list").lacks.is_none() && rows.iter().all(|row| row.arrived_at.is_none()));
    let told = points(&artifactory, "by: artifacts, repository: libs", None).await.expect("points");
    assert!(told.iter().all(|told| told.fact.answers().is_none()), "{told:?}");
}

#[tokio::test]
async fn the_same_page_again_and_again_is_no_list() {
    for limit in [3, 7, 100] {
        let estate = world();
        estate.artifactory().change(|truth| (truth.stuck, truth.query_limit) = (true, limit));
        let (list, rows) = listed(&as_admin(&estate), "libs", "").await;
        assert!(list.is_ok_and(|list| list.lacks.is_some()), "{limit}");
        assert_eq!(rows.len(), usize::try_from(limit.min(7)).expect("few"), "no file comes twice");
        assert!(estate.requests_to(QUERY).len() <= 4);
    }
}

#[tokio::test]
async fn a_list_that_does_not_end_ends_with_the_deadline() {
    let estate = estate("query_limit: 3\nrepositories: [{ key: libs, many: { prefix: 'p/', count: 20000 } }]");
    let deadline = tokio::time::Instant::now().checked_add(Duration::from_secs(2));
    let settings = Settings { deadline, ..quick() };
    let artifactory = collector_of(&estate.artifactory_url(), "token: { env: ADMIN }", settings);
    let (list, rows) = listed(&artifactory, "libs", "").await;
    let lacks = match list {
        Ok(list) => list.lacks.expect("a reason"),
        Err(miss) => miss,
    };
    assert_eq!(lacks.reason, UnseenReason::Unreachable, "{lacks}");
    assert!(rows.len() < 20_000);
}

#[tokio::test]
async fn a_fault_that_passes_is_none() {
    let estate = world();
    for path in ["/artifactory/api/system/ping", QUERY] {
        estate.fault(path, When::First(1), Fault::Status(502));
    }
    estate.fault(QUERY, When::Nth(3), Fault::Limit(429, Wait::Seconds(0)));
    let artifactory = as_admin(&estate);
    let (list, rows) = listed(&artifactory, "libs", "").await;
    assert!(list.expect("a list").lacks.is_none() && rows.len() == 7);
}

#[tokio::test]
async fn a_server_that_repeats_the_credential_finds_it_nowhere() {
    for fault in [Fault::Echo(200), Fault::Echo(401), Fault::Echo(403), Fault::Echo(500), Fault::EchoRedirect] {
        let estate = world();
        estate.fault("*", When::Always, fault.clone());
        all_missed(&as_admin(&estate), &format!("{fault:?}")).await;
        let later = world();
        let artifactory = as_admin(&later);
        artifactory.identity().await.expect("root");
        later.fault("*", When::Always, fault.clone());
        all_missed(&artifactory, &format!("{fault:?}, later")).await;
    }
}

#[tokio::test]
async fn a_part_of_an_answer_is_not_the_answer() {
    let estate = world();
    let artifactory = as_admin(&estate);
    artifactory.identity().await.expect("root");
    estate.fault("/artifactory/api/repositories", When::Always, Fault::Partial);
    let listing = artifactory.inventory().await;
    assert!(inventory(&listing).is_none() && listing.misses[0].reason == UnseenReason::Truncated, "{listing:?}");
    for name in ["key", "type"] {
        for fault in [Fault::Missing(name), Fault::Null(name)] {
            let estate = world();
            estate.fault("/artifactory/api/repositories", When::Always, fault);
            let listing = as_admin(&estate).inventory().await;
            assert!(inventory(&listing).is_some_and(|found| !found.complete), "{name}");
        }
    }
}

#[tokio::test]
async fn of_a_summary_that_cannot_be_read_the_list_may_be_one_of_public_things() {
    for fault in [
        Fault::Status(500),
        Fault::Html,
        Fault::HalfJson,
        Fault::Missing("repoKey"),
        Fault::Null("repositoriesSummaryList"),
    ] {
        let estate = world();
        estate.fault("/artifactory/api/storageinfo", When::Always, fault.clone());
        let listing = as_admin(&estate).inventory().await;
        assert!(inventory(&listing).is_some_and(|found| found.public_only), "{fault:?}");
        assert_eq!(listing.misses.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_read_is_no_replication() {
    for fault in
        [Fault::Status(404), Fault::Missing("status"), Fault::Missing("lastCompleted"), Fault::HalfJson, Fault::Html]
    {
        let estate = world();
        estate.fault("/artifactory/api/replication/libs", When::Always, fault.clone());
        let told = replicated(&as_admin(&estate), "libs", TARGET).await.expect("its configuration");
        assert!(!told.iter().any(|told| matches!(told.fact, Fact::RecoveryPoints(_))), "{fault:?}");
        assert!(told.iter().any(|told| matches!(told.fact, Fact::Unseen(_))), "{fault:?}");
    }
    for name in ["enabled"] {
        let estate = world();
        estate.fault("/artifactory/api/replications/libs", When::Always, Fault::Missing(name));
        assert!(replicated(&as_admin(&estate), "libs", TARGET).await.is_err(), "{name}");
    }
}
