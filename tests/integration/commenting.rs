//! `lastgood comment` against the synthetic GitHub: one comment, the token's own, whatever happens.
//!
//! What the comment says is in `comment_text`.

use std::process::{Command, Output};

use http::Method;
use lastgood::post::{How, Poster, Target};

use crate::estate::github::comments::{BOT, Comment, Instead};
use crate::estate::{self, Estate, Fault, Truth, Wait, When};
use crate::http_door::{Way, quick};
use crate::support::{project, stderr};

const WORKFLOW: &str = "ghs_workflow-0123456789";
const MARKER: &str = "<!-- lastgood comment key=policies/zowe%2D2020.yaml -->";

/// Returns a GitHub with the token of a workflow, whose comments are those of a bot.
fn github() -> Estate {
    let mut truth = Truth::example();
    let kind = estate::truth::Kind::Installation;
    let token = estate::truth::Token { secret: WORKFLOW.to_owned(), kind, ..truth.tokens[0].clone() };
    truth.tokens.push(token);
    Estate::of(truth).start()
}

fn comment_with(estate: &Estate, token: &str, more: &[&str]) -> Output {
    let args = ["comment", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22", "--repo", "estate/cli"];
    Command::new(env!("CARGO_BIN_EXE_lastgood"))
        .args(args)
        .args(["--pr", "7", "--api-url", &estate.url()])
        .args(more)
        .current_dir(project(""))
        .env_clear()
        .env("GITHUB_TOKEN", token)
        .output()
        .expect("the binary runs")
}

fn comment(estate: &Estate) -> Output {
    comment_with(estate, WORKFLOW, &[])
}

/// Asserts that the run ended as an audit with a gap does, and returns the comments.
#[track_caller]
fn written(estate: &Estate, output: &Output) -> Vec<Comment> {
    assert_eq!(output.status.code(), Some(10), "{}", stderr(output));
    estate.comments().all()
}

fn writes(estate: &Estate) -> Vec<Method> {
    let asked = estate.requests().into_iter().filter(|asked| !asked.path.ends_with("graphql"));
    asked.map(|asked| asked.method).filter(|method| *method != Method::GET).collect()
}

fn instead(method: Method, answer: Option<(u16, &'static str)>, done: bool) -> Instead {
    Instead { method, answer: answer.map(|(status, words)| (status, words, vec![])), done, before: None }
}

#[test]
fn the_first_run_makes_a_comment_and_every_other_changes_it() {
    let estate = github();
    estate.comments().add("jo", "Looks good.");
    let first = comment(&estate);
    let all = written(&estate, &first);
    assert!(all.len() == 2 && all[1].body.starts_with(&format!("{MARKER}\n## GAP: Zowe backups")), "{all:?}");
    assert!(
        stderr(&first).contains("gap: 13 assets")
            && stderr(&first).contains("wrote the comment https://github.example/pull/7#issuecomment-")
    );
    assert_eq!(writes(&estate), [Method::POST]);
    estate.forget();
    let again = comment(&estate);
    assert_eq!(written(&estate, &again), all);
    assert!(writes(&estate).is_empty() && stderr(&again).contains("says so already"), "{}", stderr(&again));
    let other = comment_with(&estate, WORKFLOW, &["--report-url", "https://ci.example.org/1"]);
    let all = written(&estate, &other);
    assert!(all.len() == 2 && all[1].body.contains("[The whole report](https://ci.example.org/1)"), "{all:?}");
    assert_eq!(writes(&estate), [Method::PATCH]);
}

#[test]
fn several_policies_of_a_repository_have_each_their_comment() {
    let estate = github();
    comment(&estate);
    comment_with(&estate, WORKFLOW, &["--key", "site --> b"]);
    let all = written(&estate, &comment_with(&estate, WORKFLOW, &["--key", "site --> b"]));
    assert_eq!(all.len(), 2);
    assert!(all[1].body.starts_with("<!-- lastgood comment key=site%20%2D%2D%3E%20b -->\n"), "{}", all[1].body);
}

#[test]
fn it_is_found_behind_hundreds_of_others() {
    let estate = github();
    let own = |estate: &Estate| estate.comments().add(BOT, &format!("{MARKER}\nold"));
    for number in 0..250 {
        estate.comments().add("jo", &format!("comment {number}"));
    }
    let id = own(&estate);
    estate.comments().add("jo", "the last word");
    let all = written(&estate, &comment(&estate));
    assert_eq!(all.len(), 252);
    let kept = all.iter().find(|comment| comment.id == id).expect("it");
    assert!(kept.body.contains("## GAP"));
}

#[test]
fn the_marker_in_a_comment_of_somebody_else_fools_nobody() {
    let estate = github();
    let theirs = estate.comments().add("mallory", &format!("{MARKER}\nAll is well."));
    let almost = estate.comments().add("github-actions", &format!("{MARKER}\nAll is well."));
    let quoting = estate.comments().add(BOT, &format!("Somebody wrote:\n{MARKER}\nAll is well."));
    let all = written(&estate, &comment(&estate));
    assert_eq!(all.len(), 4);
    for (id, comment) in [theirs, almost, quoting].iter().zip(&all) {
        assert!(comment.id == *id && comment.body.ends_with("All is well."), "{comment:?}");
    }
    let written_by_a_person = written(&estate, &comment_with(&estate, estate::ALL, &[]));
    assert_eq!(written_by_a_person.len(), 5, "a bot's comment is not the person's");
    assert_eq!(written_by_a_person[4].login.as_deref(), Some("auditor"));
}

#[test]
fn an_answer_that_was_lost_makes_no_second_comment() {
    for (done, answer) in [(true, None), (false, None), (true, Some((502, "Bad Gateway"))), (false, Some((500, "")))] {
        let estate = github();
        estate.comments().next(instead(Method::POST, answer, done));
        let output = comment(&estate);
        assert_eq!(written(&estate, &output).len(), 1, "{done} {answer:?}");
        let posts = if done { 1 } else { 2 };
        assert_eq!(writes(&estate), vec![Method::POST; posts], "{done} {answer:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("wrote the comment"), "{}", stderr(&output));
    }
    let estate = github();
    estate.comments().add(BOT, &format!("{MARKER}\nold"));
    estate.comments().next(instead(Method::PATCH, None, false));
    let all = written(&estate, &comment(&estate));
    assert!(all.len() == 1 && all[0].body.contains("## GAP"));
}

#[tokio::test]
async fn one_that_is_made_at_the_last_try_is_there() {
    let estate = github();
    for _ in 0..5 {
        estate.comments().next(instead(Method::POST, Some((500, "")), false));
    }
    let way = Way::open(quick());
    let target = Target::new(&estate.url(), "estate/cli".parse().expect("a repository"), 7).expect("a target");
    let posted = Poster::new(&way.door, way.token.clone(), target).publish("<!-- m -->", "<!-- m -->\ntext").await;
    let posted = posted.expect("it is there");
    assert!(posted.how == How::Created && estate.comments().all().len() == 1, "{posted:?}");
}

#[test]
fn white_space_at_the_end_is_no_reason_to_write_again() {
    let estate = github();
    let body = comment(&estate);
    let all = written(&estate, &body);
    let estate = github();
    estate.comments().add(BOT, all[0].body.trim_end());
    estate.forget();
    assert!(stderr(&comment(&estate)).contains("says so already") && writes(&estate).is_empty());
}

#[test]
fn a_run_that_judged_nothing_replaces_what_an_earlier_one_said() {
    let estate = github();
    assert!(
        written(&estate, &comment_with(&estate, WORKFLOW, &["--commit", "0123456789"]))[0]
            .body
            .contains(" at commit `0123456789`. ")
    );
    let output = Command::new(env!("CARGO_BIN_EXE_lastgood"))
        .args(["comment", "policies/zowe-2020.yaml", "--repo", "estate/cli", "--pr", "7", "--api-url", &estate.url()])
        .args(["--nothing-judged", "the <b>policy</b> has faults", "--commit", "abcdef0123456789"])
        .env_clear()
        .env("GITHUB_TOKEN", WORKFLOW)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(11), "{}", stderr(&output));
    let all = estate.comments().all();
    let told = format!(
        "{MARKER}\n## Nothing was judged\n\nNothing of commit `abcdef0123456789` was judged: the &lt;b&gt;policy&lt;/b&gt; has faults."
    );
    assert!(all.len() == 1 && all[0].body.starts_with(&told) && !all[0].body.contains("GAP"), "{all:?}");
}

#[test]
fn two_runs_at_once_leave_one_comment() {
    let estate = github();
    let other = Comment { id: 900, login: Some(BOT.to_owned()), body: format!("{MARKER}\nof the other run") };
    let theirs = Comment { id: 901, login: Some("mallory".to_owned()), body: format!("{MARKER}\nAll is well.") };
    estate.comments().next(Instead { before: Some(other), ..instead(Method::POST, Some((200, "")), true) });
    estate.comments().add("mallory", &theirs.body);
    let output = comment(&estate);
    let all = written(&estate, &output);
    assert_eq!(writes(&estate), [Method::POST, Method::PATCH, Method::DELETE]);
    assert_eq!(all.len(), 2, "{all:?}");
    let kept = all.iter().find(|comment| comment.id == 900).expect("the older one stays");
    assert!(kept.body.contains("## GAP"));
    assert!(stderr(&output).contains("removed a second one"), "{}", stderr(&output));
    // What an interrupted run left is removed by the next.
    estate.comments().add(BOT, &format!("{MARKER}\nleft"));
    assert_eq!(written(&estate, &comment(&estate)).len(), 2);
}

#[test]
fn one_that_is_removed_while_it_is_changed_is_made_anew() {
    let estate = github();
    estate.comments().add(BOT, &format!("{MARKER}\nold"));
    estate.comments().next(instead(Method::PATCH, Some((404, "Not Found")), false));
    let all = written(&estate, &comment(&estate));
    assert!(all.len() == 1 && all[0].body.contains("## GAP"));
}

#[test]
fn a_limit_is_waited_for_and_a_fault_that_passes_is_tried_again() {
    let estate = github();
    let limit = (403, "You have exceeded a secondary rate limit. Please wait.", vec![("retry-after", "1")]);
    let refused = Instead { method: Method::POST, answer: Some(limit), done: false, before: None };
    estate.comments().next(refused);
    estate.fault("*/issues/7/comments", When::First(1), Fault::Status(502));
    estate.fault("/graphql", When::First(1), Fault::Limit(429, Wait::Seconds(1)));
    let began = std::time::Instant::now();
    assert_eq!(written(&estate, &comment(&estate)).len(), 1);
    assert!(began.elapsed() >= std::time::Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_refusal_says_what_is_missing_and_still_tells_the_verdict() {
    let needs = vec![("x-accepted-github-permissions", "issues=write; pull_requests=write")];
    for (status, words, headers, told) in [
        (403, "Resource not accessible by integration", needs, "issues=write; pull_requests=write"),
        (403, "Resource not accessible by integration", vec![], "from a fork has a token that can only read"),
        (403, "Unable to create comment because issue is locked.", vec![], "the conversation is locked"),
        (404, "Not Found", vec![], "estate/cli#7 is not there, or the token may not see it"),
        (410, "Issues are disabled for this repo", vec![], "switched off"),
        (422, "Validation Failed", vec![], "does not take the comment"),
        (401, "Bad credentials", vec![], "has expired"),
        (301, "Moved Permanently", vec![("location", "https://elsewhere.invalid/")], "renamed or moved"),
    ] {
        let estate = github();
        let answer = Some((status, words, headers));
        estate.comments().next(Instead { method: Method::POST, answer, done: false, before: None });
        let output = comment(&estate);
        assert_eq!(output.status.code(), Some(1), "{status}");
        let said = stderr(&output);
        assert!(said.contains("gap: 13 assets") && said.contains(told), "{said}");
        assert!(estate.comments().all().is_empty() && writes(&estate) == [Method::POST], "{status}");
    }
}

#[test]
fn without_knowing_whose_token_it_is_nothing_is_written() {
    let estate = github();
    estate.fault("/graphql", When::Always, Fault::Status(403));
    let output = comment(&estate);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot tell whose token it is"), "{}", stderr(&output));
    assert!(writes(&estate).is_empty());
    let person = comment_with(&estate, estate::ALL, &[]);
    assert_eq!(written(&estate, &person)[0].login.as_deref(), Some("auditor"), "GET /user tells of a person");
}

#[test]
fn the_token_is_in_nothing_that_is_written() {
    for fault in [Fault::Echo(401), Fault::Echo(403), Fault::Echo(500), Fault::EchoRedirect, Fault::Echo(200)] {
        for path in ["*", "*/comments"] {
            let estate = github();
            estate.fault(path, When::From(2), fault.clone());
            let output = comment_with(&estate, WORKFLOW, &["--deadline", "5s"]);
            assert!(!stderr(&output).contains(WORKFLOW), "{fault:?}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_dry_run_asks_nobody_and_needs_no_token() {
    let estate = github();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("comment.md");
    let name = file.display().to_string();
    let output = comment_with(&estate, "", &["--dry-run", "--output", &name]);
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert!(estate.requests().is_empty());
    assert_eq!(std::fs::read(&file).expect("the file"), output.stdout);
    let refused = comment_with(&estate, "", &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("GITHUB_TOKEN is not set"), "{}", stderr(&refused));
}
