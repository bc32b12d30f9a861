//! Refusals: what an answer that is none says, in the ways of Jenkins and of what stands before it.
//!
//! A refused anonymous look is 403 with a page for people, a wrong token 401, an item that may not be seen
//! 404 (<https://www.jenkins.io/doc/book/security/access-control/permissions/>). A controller that starts
//! answers 503 with a page of its own. Single sign-on answers 200. What follows is left to the collector.

use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How many bytes of a page for people are looked at.
const LOOKED_AT: usize = 16 << 10;

/// How many characters of a header are repeated.
const SHOWN: usize = 100;

/// Returns whether the credential itself was refused, so that it must not be tried again.
pub fn is_of_login(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
}

/// Returns the answer where its status says that it is what was asked for.
///
/// # Errors
///
/// Any other status, with the reason that it stands for; and a page that asks to log in, whatever its status.
pub fn ok(answer: Answer) -> Result<Answer, Miss> {
    if is_login_page(&answer) {
        let what = format!("{} answered with a page to log in", answer.request());
        return Err(answer.miss(UnseenReason::NotAuthorized, what));
    }
    match answer.status.as_u16() {
        403 => Err(forbidden(&answer)),
        404 => {
            let what = format!("{} answered 404: it is not there, or may not be seen", answer.request());
            Err(answer.miss(UnseenReason::NotFound, what))
        }
        503 if says(&answer, "getting ready to work") || says(&answer, "is starting") => {
            let what = format!("{} answered 503: Jenkins is starting", answer.request());
            Err(answer.miss(UnseenReason::Unreachable, what))
        }
        _ => answer.ok(),
    }
}

/// Returns the answer where it comes from Jenkins: it says so in a header, or its JSON names a class.
///
/// # Errors
///
/// `unreadable` where it may come from anything.
pub fn of_jenkins(answer: Answer) -> Result<Answer, Miss> {
    if answer.headers.contains_key("x-jenkins") || has_class(&answer) {
        return Ok(answer);
    }
    let what = format!("{} answered without a sign that it is Jenkins", answer.request());
    Err(answer.miss(UnseenReason::Unreadable, what))
}

fn has_class(answer: &Answer) -> bool {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(rename = "_class")]
        class: String,
    }
    answer.json::<Body>().is_ok_and(|body| !body.class.is_empty())
}

fn forbidden(answer: &Answer) -> Miss {
    let told = |name: &str| {
        let value = answer.header(name)?;
        Some(value.chars().filter(|c| !c.is_control()).take(SHOWN).collect::<String>())
    };
    // Plain refusals of limits keep their own reason.
    let refusal = answer.refusal();
    let mut what = format!("{} answered 403", answer.request());
    if let Some(permission) = told("x-required-permission") {
        what.push_str(&format!(": it needs the permission {permission}"));
    }
    if let Some(user) = told("x-you-are-authenticated-as") {
        what.push_str(&format!(", asked as {user}"));
    }
    answer.miss(refusal.reason, what)
}

/// Returns whether a page for people asks who one is.
fn is_login_page(answer: &Answer) -> bool {
    let path = answer.url.path();
    let is_page = answer.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with("text/html"));
    let by_path = path.ends_with("/login") || path.contains("/securityRealm/") || path.contains("/oauth2/");
    let by_words =
        || ["j_spring_security_check", "SAMLRequest", "j_acegi_security_check"].iter().any(|sign| says(answer, sign));
    answer.status.is_success() && is_page && (by_path || by_words())
}

fn says(answer: &Answer, words: &str) -> bool {
    let body = answer.body.get(..LOOKED_AT).unwrap_or(&answer.body);
    memchr::memmem::find(body, words.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::jenkins::fake::answer;

    #[test]
    fn a_refusal_says_which_permission_is_needed_and_as_whom_it_was_asked() {
        let headers =
            [("x-required-permission", "hudson.model.Hudson.Read"), ("x-you-are-authenticated-as", "anonymous")];
        let miss = ok(answer(403, &headers, "<html>")).unwrap_err();
        assert_eq!(miss.reason, UnseenReason::NotAuthorized);
        assert!(miss.what.ends_with("the permission hudson.model.Hudson.Read, asked as anonymous"), "{}", miss.what);
    }

    #[test]
    fn pages_for_people_are_told_apart() {
        let html = [("content-type", "text/html;charset=utf-8")];
        let starting = ok(answer(503, &html, "<h1>Please wait while Jenkins is getting ready to work ...</h1>"));
        assert!(starting.unwrap_err().what.ends_with("Jenkins is starting"));
        let login = ok(answer(200, &html, "<form action=\"j_spring_security_check\">"));
        assert_eq!(login.unwrap_err().reason, UnseenReason::NotAuthorized);
        assert_eq!(ok(answer(404, &html, "")).unwrap_err().reason, UnseenReason::NotFound);
        assert_eq!(ok(answer(401, &html, "")).unwrap_err().reason, UnseenReason::NotAuthorized);
        assert_eq!(ok(answer(206, &[], "{}")).unwrap_err().reason, UnseenReason::Truncated);
    }

    #[test]
    fn what_shows_no_sign_of_jenkins_is_not_believed() {
        assert!(of_jenkins(answer(200, &[], "{\"jobs\":[]}")).is_err());
        assert!(
            of_jenkins(answer(200, &[("x-jenkins", "1.480")], "{\"jobs\":[]}")).is_ok(),
            "before classes were told"
        );
        assert!(of_jenkins(answer(200, &[], "{\"_class\":\"hudson.model.Hudson\",\"jobs\":[]}")).is_ok());
    }
}
