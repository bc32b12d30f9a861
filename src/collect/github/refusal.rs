//! Refusals: what GitHub's statuses other than success mean, in words that help.
//!
//! Waiting for limits is left to the HTTP door; statuses that one method alone takes for an answer, to
//! that method.

use serde::Deserialize;

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// Returns what an answer other than a success says.
///
/// Of 404 GitHub's documentation says that it also stands for what exists and may not be seen
/// (docs.github.com, "Troubleshooting the REST API").
pub fn of(answer: &Answer) -> Miss {
    let mut miss = answer.refusal();
    match answer.status.as_u16() {
        403 | 451 if block(answer).is_some() => {
            let why = block(answer).unwrap_or_default();
            miss.what.push_str(&format!(" (blocked by GitHub: {why})"));
        }
        403 | 429 if is_limit(answer) => miss.reason = UnseenReason::RateLimited,
        403 if wants_sign_on(answer) => {
            miss.what.push_str(" (the organisation asks for single sign-on: authorise the token for it)");
        }
        403 => {
            if let Some(needs) = answer.header("x-accepted-github-permissions").filter(|needs| !needs.is_empty()) {
                let needs: String = needs.chars().take(80).collect();
                miss.what.push_str(&format!(" (it needs {needs})"));
            }
        }
        404 => miss.what.push_str(" (or this credential may not see it)"),
        _ => {}
    }
    miss
}

/// Returns the answer where it is a success.
///
/// # Errors
///
/// As `of` says.
pub fn ok(answer: Answer) -> Result<Answer, Miss> {
    let is_whole = answer.status.is_success() && answer.status != http::StatusCode::PARTIAL_CONTENT;
    if is_whole { Ok(answer) } else { Err(of(&answer)) }
}

/// Returns whether GitHub refused the credential itself, so that every further question would be
/// refused too, and might lock the account.
pub fn is_of_login(answer: &Answer) -> bool {
    let says = |start: &str| answer.words().is_some_and(|words| words.starts_with(start));
    match answer.status.as_u16() {
        // What one endpoint asks for says nothing of the others.
        401 => !says("Requires authentication"),
        403 => says("Max number of login attempts"),
        _ => false,
    }
}

/// Returns whether a repository has no commits; GitHub answers 409 then.
pub fn is_empty_repository(answer: &Answer) -> bool {
    let words = answer.words().unwrap_or_default().to_lowercase();
    answer.status.as_u16() == 409 && words.contains("empty")
}

/// Returns whether a list was filtered because the token is not authorised for the single sign-on of
/// some organisation.
pub fn is_filtered(answer: &Answer) -> bool {
    answer.header("x-github-sso").is_some_and(|value| value.starts_with("partial-results"))
}

fn wants_sign_on(answer: &Answer) -> bool {
    answer.header("x-github-sso").is_some_and(|value| value.starts_with("required"))
}

fn is_limit(answer: &Answer) -> bool {
    let words = answer.words().unwrap_or_default().to_lowercase();
    answer.header("x-ratelimit-remaining") == Some("0")
        || words.contains("rate limit")
        || words.contains("abuse detection")
}

/// Why GitHub blocks a repository, such as `dmca`; `None` where it does not say.
fn block(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Blocked {
        block: Block,
    }
    #[derive(Deserialize)]
    struct Block {
        reason: String,
    }
    let blocked: Blocked = serde_json::from_slice(&answer.body).ok()?;
    Some(blocked.block.reason.chars().take(40).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::answer;

    fn refused(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (UnseenReason, String) {
        let miss = ok(answer(status, headers, body)).unwrap_err();
        (miss.reason, miss.what)
    }

    #[test]
    fn each_refusal_says_what_it_means_and_what_helps() {
        let dmca =
            r#"{"message":"Repository access blocked","block":{"reason":"dmca","created_at":"x","html_url":"y"}}"#;
        let (reason, what) = refused(451, &[], dmca);
        assert!(reason == UnseenReason::NotAuthorized && what.ends_with("(blocked by GitHub: dmca)"), "{what}");
        let (reason, what) = refused(403, &[], &dmca.replace("dmca", "tos"));
        assert!(reason == UnseenReason::NotAuthorized && what.ends_with("(blocked by GitHub: tos)"), "{what}");
        let (reason, what) = refused(404, &[], r#"{"message":"Not Found","status":"404"}"#);
        assert!(reason == UnseenReason::NotFound && what.ends_with("(or this credential may not see it)"), "{what}");
        let sso = [("x-github-sso", "required; url=https://github.com/orgs/x/sso?authorization_request=AAAA")];
        let (reason, what) =
            refused(403, &sso, r#"{"message":"Resource protected by organization SAML enforcement."}"#);
        assert!(reason == UnseenReason::NotAuthorized && what.contains("single sign-on"), "{what}");
        assert!(!what.contains("AAAA"), "the address is a way in for one time: {what}");
        let needs = [("x-accepted-github-permissions", "contents=read")];
        let (_, what) = refused(403, &needs, r#"{"message":"Resource not accessible by integration"}"#);
        assert!(what.ends_with("(it needs contents=read)"), "{what}");
        let none = [("x-ratelimit-remaining", "0")];
        assert_eq!(refused(403, &none, r#"{"message":"API rate limit exceeded"}"#).0, UnseenReason::RateLimited);
        assert_eq!(refused(502, &[], "<html>").0, UnseenReason::Unreachable);
    }

    #[test]
    fn a_refused_login_is_told_from_a_refused_question() {
        assert!(is_of_login(&answer(401, &[], r#"{"message":"Bad credentials"}"#)));
        let locked = r#"{"message":"Max number of login attempts exceeded. Please try again later."}"#;
        assert!(is_of_login(&answer(403, &[], locked)));
        assert!(!is_of_login(&answer(403, &[], r#"{"message":"Must have admin rights"}"#)));
        assert!(!is_of_login(&answer(404, &[], r#"{"message":"Not Found"}"#)));
    }

    #[test]
    fn an_empty_repository_is_told_from_other_conflicts() {
        assert!(is_empty_repository(&answer(409, &[], r#"{"message":"Git Repository is empty.","status":"409"}"#)));
        assert!(!is_empty_repository(&answer(409, &[], r#"{"message":"Conflict"}"#)));
        assert!(!is_empty_repository(&answer(404, &[], r#"{"message":"This repository is empty."}"#)));
    }
}
