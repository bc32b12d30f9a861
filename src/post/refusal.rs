//! Refusals of a write, in words that say what to do.
//!
//! What each status means to the course of things is left to `write`.

use super::target::Target;
use crate::collect::http::Answer;

/// Returns what an answer that is no success says, and what to do about it. It may hold what the server
/// repeats: whoever prints it removes secrets first.
pub(super) fn words(answer: &Answer, target: &Target) -> String {
    let said = answer.words().map(|words| format!(" ({words})")).unwrap_or_default();
    let lower = said.to_lowercase();
    let status = answer.status;
    let what = match status.as_u16() {
        401 => "the token is not valid: it is wrong, has expired or was revoked. Put a valid one into the variable that --token-env names".to_owned(),
        403 if lower.contains("locked") => {
            "the conversation is locked, and this token may not write in it. Unlock it, or use --output FILE and keep the text elsewhere".to_owned()
        }
        403 if lower.contains("rate limit") || lower.contains("abuse") => {
            "GitHub asks to wait before more is written. Run it again later".to_owned()
        }
        403 if answer.header("x-github-sso").is_some_and(|value| value.starts_with("required")) => {
            "the organisation asks for single sign-on: authorise the token for it".to_owned()
        }
        403 => {
            let needs = answer.header("x-accepted-github-permissions").unwrap_or_default();
            let needs: String = needs.chars().take(80).collect();
            let needs = if needs.is_empty() { "pull_requests=write".to_owned() } else { needs };
            format!(
                "the token lacks the right to do this; it needs {needs}. In a workflow give the job `permissions: pull-requests: write`; a fine-grained token needs \"Pull requests: write\" for this repository. A pull request from a fork has a token that can only read, whatever the workflow says: use --dry-run or --output FILE there, and put the text into the job summary"
            )
        }
        404 => format!(
            "{target} is not there, or the token may not see it. Check --repo, --pr and --api-url, and that the token is for this repository"
        ),
        410 => "comments are switched off there, or it was deleted".to_owned(),
        422 => "GitHub does not take the comment as it is; this is a fault of lastgood, please report it".to_owned(),
        300..=399 => "it leads elsewhere, and a token is not sent after a redirect. If the repository was renamed or moved, name it by --repo as it is called now".to_owned(),
        500..=599 | 408 | 429 => "GitHub cannot do it now".to_owned(),
        _ => "GitHub refused it".to_owned(),
    };
    format!("{} answered {status}{said}: {what}", answer.request())
}
