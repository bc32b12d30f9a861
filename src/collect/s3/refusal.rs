//! Refusals: what the errors of S3 mean.
//!
//! Keyed on the error's `Code`, as Amazon S3's "Error responses" lists them
//! (`docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html`): the same status stands for different
//! things. Answers to HEAD have no body, so there the status has to do. Nothing of an error is repeated
//! besides its code and its message: others hold the text that was signed.

use chrono::TimeDelta;

use super::xml;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How many characters of a server's own words a message repeats.
const WORDS_SHOWN: usize = 200;

/// An error as S3 words it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// The error's code, letters and digits; empty where there is none.
    pub code: String,
    /// The error's message, shortened; empty where there is none.
    pub message: String,
    /// The region that is the right one, where the error says so.
    pub region: Option<String>,
}

/// Reads the error of an answer; `None` where it holds none, as answers to HEAD and pages for people.
pub fn read(answer: &Answer) -> Option<Refusal> {
    let mut refusal = Refusal::default();
    let read = xml::walk(&answer.body, &["Error"], &mut |path, text| {
        match path {
            "Code" => refusal.code = code(text),
            "Message" => refusal.message = text.trim().chars().take(WORDS_SHOWN).collect(),
            "Region" => refusal.region = Some(text.trim().to_owned()),
            _ => {}
        }
        Ok(())
    });
    (read.is_ok() && !refusal.code.is_empty()).then_some(refusal)
}

/// Returns a code as it may be repeated; nothing where it is none.
fn code(text: &str) -> String {
    let text = text.trim();
    let is_code = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    if is_code { text.to_owned() } else { String::new() }
}

/// Returns the answer where its status says that it is what was asked for.
///
/// # Errors
///
/// For any other status, with the reason that its error stands for.
pub fn ok(answer: Answer) -> Result<Answer, Miss> {
    match answer.status.as_u16() {
        200 | 203 => Ok(answer),
        _ => Err(refused(&answer)),
    }
}

/// Returns what an answer that is an error says.
pub fn refused(answer: &Answer) -> Miss {
    let status = answer.status;
    let Some(refusal) = read(answer) else {
        let hint = match status.as_u16() {
            301 | 307 => ": the bucket is in another region, which could not be found out",
            403 if answer.body.is_empty() => ": access is denied, or it is not there and may not be listed",
            200 => " with an error that cannot be read",
            _ => "",
        };
        let reason = by_status(status.as_u16());
        return answer.miss(reason, format!("{} answered {status}{hint}", answer.request()));
    };
    let reason = by_code(&refusal.code).unwrap_or_else(|| by_status(status.as_u16()));
    let words = match refusal.code.as_str() {
        "RequestTimeTooSkewed" => format!(": {}", skew(answer)),
        // The message says nothing more, and beside it stands what was signed.
        "SignatureDoesNotMatch" => ": the secret access key is not the right one, or a proxy changes requests".into(),
        _ if refusal.message.is_empty() => String::new(),
        _ => format!(": {}", refusal.message),
    };
    answer.miss(reason, format!("{} answered {} {}{words}", answer.request(), status.as_u16(), refusal.code))
}

fn by_code(code: &str) -> Option<UnseenReason> {
    Some(match code {
        "AccessDenied"
        | "AccountProblem"
        | "AllAccessDisabled"
        | "ExpiredToken"
        | "InvalidAccessKeyId"
        | "InvalidPayer"
        | "InvalidSecurity"
        | "InvalidToken"
        | "NotSignedUp"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "TokenRefreshRequired"
        | "UnauthorizedAccess" => UnseenReason::NotAuthorized,
        "NoSuchBucket" | "NoSuchKey" | "NoSuchUpload" | "NoSuchVersion" => UnseenReason::NotFound,
        "RequestLimitExceeded" | "SlowDown" | "Throttling" | "ThrottlingException" | "TooManyRequests" => {
            UnseenReason::RateLimited
        }
        "InternalError" | "RequestTimeout" | "ServiceUnavailable" => UnseenReason::Unreachable,
        _ => return None,
    })
}

fn by_status(status: u16) -> UnseenReason {
    match status {
        206 => UnseenReason::Truncated,
        401 | 403 | 407 | 451 => UnseenReason::NotAuthorized,
        404 | 410 => UnseenReason::NotFound,
        429 => UnseenReason::RateLimited,
        // 501 is an answer: the server cannot do it.
        501 => UnseenReason::Unreadable,
        408 | 500..=599 => UnseenReason::Unreachable,
        _ => UnseenReason::Unreadable,
    }
}

/// Says how far the clocks are apart.
fn skew(answer: &Answer) -> String {
    let Some(server) = answer.source.server_date else {
        return "the clocks of the server and of this machine are more than 15 min apart".to_owned();
    };
    let ahead = answer.asked_at - server;
    let (far, way) = if ahead < TimeDelta::zero() { (-ahead, "behind") } else { (ahead, "ahead of") };
    format!("the clock of this machine is {} s {way} the server's, which allows 15 min", far.num_seconds())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{answer, answer_with};
    use super::*;

    fn error(status: u16, code: &str) -> Miss {
        let body = format!(
            "<Error><Code>{code}</Code><Message>words</Message><StringToSign>AWS4-HMAC-SHA256 hidden</StringToSign></Error>"
        );
        ok(answer(status, &body)).unwrap_err()
    }

    #[test]
    fn each_code_has_its_reason_whatever_the_status() {
        for (status, code, reason) in [
            (403, "AccessDenied", UnseenReason::NotAuthorized),
            (400, "ExpiredToken", UnseenReason::NotAuthorized),
            (404, "NoSuchBucket", UnseenReason::NotFound),
            (503, "SlowDown", UnseenReason::RateLimited),
            (503, "ServiceUnavailable", UnseenReason::Unreachable),
            (500, "InternalError", UnseenReason::Unreachable),
            (400, "RequestTimeout", UnseenReason::Unreachable),
            (501, "NotImplemented", UnseenReason::Unreadable),
            (405, "MethodNotAllowed", UnseenReason::Unreadable),
            (403, "SomethingNew", UnseenReason::NotAuthorized),
        ] {
            let miss = error(status, code);
            assert_eq!(miss.reason, reason, "{code}");
            assert!(miss.what.contains(code), "{}", miss.what);
        }
    }

    #[test]
    fn what_was_signed_is_not_repeated() {
        let miss = error(403, "SignatureDoesNotMatch");
        assert!(!miss.what.contains("hidden") && !miss.what.contains("words"), "{}", miss.what);
        let long = format!("<Error><Code>AccessDenied</Code><Message>{}</Message></Error>", "x".repeat(9_999));
        assert!(ok(answer(403, &long)).unwrap_err().what.len() < 400);
        assert_eq!(read(&answer(403, "<Error><Code>a b\u{1b}</Code></Error>")), None);
    }

    #[test]
    fn clocks_that_are_apart_are_named() {
        let body = "<Error><Code>RequestTimeTooSkewed</Code><Message>x</Message></Error>";
        let miss = ok(answer_with(403, &[("date", "Wed, 25 Nov 2026 00:20:00 GMT")], body)).unwrap_err();
        assert!(miss.what.contains("1200 s behind the server's"), "{}", miss.what);
        let miss = ok(answer_with(403, &[("date", "Tue, 24 Nov 2026 23:00:00 GMT")], body)).unwrap_err();
        assert!(miss.what.contains("3600 s ahead of the server's"), "{}", miss.what);
        assert!(ok(answer(403, body)).unwrap_err().what.contains("more than 15 min apart"));
    }

    #[test]
    fn without_a_body_the_status_has_to_do() {
        let reason = |status| ok(answer(status, "")).unwrap_err().reason;
        assert_eq!(reason(403), UnseenReason::NotAuthorized);
        assert_eq!(reason(404), UnseenReason::NotFound);
        assert_eq!(reason(503), UnseenReason::Unreachable);
        assert_eq!(reason(400), UnseenReason::Unreadable);
        assert_eq!(reason(206), UnseenReason::Truncated);
        assert_eq!(reason(204), UnseenReason::Unreadable, "nothing is no answer to any question that is put");
    }
}
