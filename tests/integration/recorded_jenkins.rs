//! Recorded answers of Jenkins, read through the real parsing code.
//!
//! How they are found is left to `recorded`. What no recording holds is tested beside the code, with bodies
//! written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use lastgood::collect::http::Answer;
use lastgood::collect::jenkins::definition::{self, Definition};
use lastgood::collect::jenkins::jobs::{self, Holder, Jobs};
use lastgood::collect::jenkins::{builds, login, plugins, refusal};
use lastgood::evidence::RunOutcome;
use lastgood::model::UnseenReason;
use lastgood::model::time::{Instant, parse_instant};
use lastgood::policy::values::DefinedIn;

use crate::recorded::{self, Unsaid};

fn at(text: &str) -> Instant {
    parse_instant(text).expect("a time")
}

/// Returns the folder of Jenkins' answers; `None` where there is none.
fn folder() -> Option<PathBuf> {
    recorded::folder("jenkins")
}

/// Returns the recorded answer in `file`, with its status and headers where they were kept.
fn recorded(folder: &Path, file: &str) -> Answer {
    let body = std::fs::read(folder.join(file)).expect("a recording");
    let (stem, ending) = file.rsplit_once('.').expect("an ending");
    let media = match ending {
        "json" => "application/json;charset=utf-8",
        "xml" => "application/xml",
        _ => "text/html;charset=utf-8",
    };
    let base = "https://h.example/jenkins";
    recorded::answer(folder, stem, body, Unsaid { method: "GET", url: "/x", base, media: Some(media) })
}

/// Asserts that no reader takes the answer for something that it is not.
fn is_nothing(answer: &Answer) {
    assert!(jobs::page(answer, jobs::LEVELS).is_err(), "jobs");
    assert!(builds::page(answer).is_err(), "builds");
    assert!(plugins::list(answer).is_err(), "plugins");
    assert!(login::who_am_i(answer).is_err(), "whoever asks");
    assert!(definition::read(answer).is_err(), "a definition");
}

fn list(answer: &Answer, jobs: usize, unread: usize) -> Jobs {
    let page = jobs::page(answer, jobs::LEVELS).expect("a list of jobs");
    assert_eq!((page.jobs.len(), page.unread), (jobs, unread));
    assert!(plugins::list(answer).is_err() && definition::read(answer).is_err());
    page
}

/// Asserts which builds there are, newest first, by number and outcome.
fn runs(answer: &Answer, expected: &[(u64, RunOutcome)]) -> builds::Page {
    let page = builds::page(answer).expect("builds");
    let found: Vec<_> = page.builds.iter().flatten().map(|build| (build.number, build.outcome)).collect();
    assert_eq!((found.as_slice(), page.unread, page.count), (expected, 0, expected.len()));
    assert_eq!(page.next, None, "nobody asked how many there were");
    assert!(jobs::page(answer, jobs::LEVELS).is_err());
    page
}

fn defined(answer: &Answer, defined_in: DefinedIn) -> Definition {
    let read = definition::read(answer).expect("a definition");
    assert_eq!(read.defined_in, defined_in);
    assert!(read.triggers.schedules.is_empty() && read.triggers.others.is_empty());
    read
}

/// What lies on a controller's disk or in other formats, and is asked of no controller.
fn is_no_definition_of_a_job(answer: &Answer) {
    assert!(definition::read(answer).map_or(true, |read| read.defined_in == DefinedIn::Unknown));
    assert!(
        jobs::page(answer, jobs::LEVELS).is_err() && builds::page(answer).is_err() && plugins::list(answer).is_err()
    );
}

type Case = (&'static str, fn(Answer));

use RunOutcome::{Failure, Running, Success};

/// Every recorded answer with what it has to be read as.
const CASES: &[Case] = &[
    ("asynch-people.json", |answer| is_nothing(&answer)),
    ("build-apache-lucene.json", |answer| is_nothing(&answer)),
    ("build-full.json", |answer| is_nothing(&answer)),
    ("build-xml-on-disk.xml", |answer| is_no_definition_of_a_job(&answer)),
    ("computer.json", |answer| is_nothing(&answer)),
    ("config-folder-empty.xml", |answer| {
        assert!(!answer.headers.contains_key("x-jenkins"), "definitions show no sign of Jenkins");
        defined(&answer, DefinedIn::Unknown);
    }),
    ("config-folder-example.xml", |answer| {
        defined(&answer, DefinedIn::Unknown);
    }),
    ("config-freestyle-core.xml", |answer| {
        assert_eq!(defined(&answer, DefinedIn::Jenkins).disabled, Some(false));
    }),
    ("config-freestyle-minimal.xml", |answer| {
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("config-freestyle-with-builders.xml", |answer| {
        // What it builds is in a repository; how, is not.
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("config-multibranch.xml", |answer| {
        // Of a factory that nobody knows.
        defined(&answer, DefinedIn::Unknown);
    }),
    ("config-pipeline-cps-simple.xml", |answer| {
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("config-pipeline-inline-declarative.xml", |answer| {
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("config-pipeline-scm.xml", |answer| {
        defined(&answer, DefinedIn::Scm);
    }),
    ("config-pipeline-workflowjob.xml", |answer| {
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("crumb-issuer.json", |answer| is_nothing(&answer)),
    ("error-403-anonymous-contextpath.html", |answer| {
        is_nothing(&answer);
        assert!(!refusal::is_of_login(&answer), "nobody's credential was refused");
        let miss = refusal::ok(answer).expect_err("a refusal");
        assert_eq!(miss.reason, UnseenReason::NotAuthorized);
        assert!(miss.what.ends_with("it needs the permission hudson.model.Hudson.Read, asked as anonymous"), "{miss}");
    }),
    ("folder-job-allbuilds-1.json", |answer| {
        // Whether they still run was not asked, so none is taken for ended.
        runs(&answer, &[(31, Running), (21, Running), (11, Running)]);
    }),
    ("folder-job-allbuilds-2.json", |answer| {
        runs(&answer, &[(23, Running)]);
    }),
    ("folder-jobs-empty.json", |answer| {
        assert!(refusal::of_jenkins(answer.clone()).is_ok());
        list(&answer, 0, 0);
    }),
    ("folder-jobs-tree-page0.json", |answer| {
        let page = list(&answer, 2, 0);
        assert_eq!(page.jobs[1].name.as_ref(), "example-freestyle-project");
        assert_eq!(page.jobs[1].class.as_deref(), Some("hudson.model.FreeStyleProject"));
        assert_eq!((page.jobs[1].disabled, page.jobs[1].holder()), (None, None), "nobody asked");
    }),
    ("job-all-last-builds.json", |answer| is_nothing(&answer)),
    ("job-empty-health-null-lastbuild.json", |answer| {
        let page = list(&answer, 3, 0);
        assert!(page.jobs.iter().all(|job| job.class.is_none()), "before classes were told");
        let disabled: Vec<_> = page.jobs.iter().map(|job| job.disabled).collect();
        assert_eq!(disabled, [Some(false), Some(true), Some(false)]);
        assert!(refusal::of_jenkins(answer).is_err(), "it may come from anything");
    }),
    ("job-jenkins2-utf8.json", |answer| is_nothing(&answer)),
    ("job-last-failed-null.json", |answer| is_nothing(&answer)),
    ("job-no-builds.json", |answer| {
        // It had 107 builds, and the answer lists none of them.
        let page = builds::page(&answer).expect("a job");
        assert_eq!((page.builds, page.next, page.disabled), (None, Some(108), Some(false)));
    }),
    ("job-rss-all.xml", |answer| is_no_definition_of_a_job(&answer)),
    ("jr-build-info-git-commit.json", |answer| is_nothing(&answer)),
    ("jr-build-info.json", |answer| is_nothing(&answer)),
    ("jr-computer.json", |answer| is_nothing(&answer)),
    ("jr-folder-config.xml", |answer| {
        defined(&answer, DefinedIn::Unknown);
    }),
    ("jr-freestyle-project.xml", |answer| {
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("jr-job-info.json", |answer| {
        // Builds by number and address alone, as they come to whoever asks for no more.
        let page = builds::page(&answer).expect("a job");
        assert_eq!((page.count, page.unread, page.next), (7, 7, Some(8)));
        assert_eq!(page.stable, None);
    }),
    ("jr-jobs-in-jenkins-folder.json", |answer| {
        list(&answer, 1, 0);
    }),
    ("jr-jobs-in-root-folder.json", |answer| {
        // The folder and the multibranch job do not show what they hold: they are not taken for empty.
        let page = list(&answer, 4, 2);
        assert!(page.jobs.iter().any(|job| job.name.as_ref() == "Test Workflow Job"));
    }),
    ("jr-overall-load.json", |answer| is_nothing(&answer)),
    ("jr-pipeline.xml", |answer| {
        defined(&answer, DefinedIn::Jenkins);
    }),
    ("jr-plugins.json", |answer| {
        let found = plugins::list(&answer).expect("plugins");
        assert_eq!((found.len(), found[0].short_name.as_ref()), (1, "workflow-aggregator"));
        assert!(found[0].enabled && found[0].active);
    }),
    ("jr-queue.json", |answer| is_nothing(&answer)),
    ("jr-run-history.json", |answer| is_nothing(&answer)),
    ("jr-user.json", |answer| {
        assert_eq!(login::me(&answer).expect("a user").as_ref(), "admin");
        is_nothing(&answer);
    }),
    ("multibranch-allbuilds-1.json", |answer| {
        let page = runs(&answer, &[(4, Success), (3, Success), (2, Success), (1, Success)]);
        let builds = page.builds.expect("builds");
        assert_eq!(builds[0].started_at, at("2024-03-24T10:52:31.963Z"));
        assert_eq!(builds[0].ended_at, Some(at("2024-03-24T10:53:02.378Z")));
        assert_eq!(builds[0].causes, [Box::<str>::from("jenkins.branch.BranchEventCause")]);
    }),
    ("multibranch-allbuilds-2.json", |answer| {
        runs(&answer, &[(2, Success), (1, Failure)]);
    }),
    ("multibranch-allbuilds-3.json", |answer| {
        runs(&answer, &[(3, Success), (2, Success), (1, Success)]);
    }),
    ("multibranch-allbuilds-4.json", |answer| {
        let six = [(6, Failure), (5, Failure), (4, Failure), (3, Success), (2, Success), (1, Success)];
        runs(&answer, &six);
    }),
    ("multibranch-job-zowe.json", |answer| {
        let page = list(&answer, 1, 0);
        assert!(page.class.is_some_and(|class| class.ends_with("WorkflowMultiBranchProject")));
        assert!(builds::page(&answer).expect("a job of some kind").is_folder);
    }),
    ("periodicbackup-pbobj.xml", |answer| is_no_definition_of_a_job(&answer)),
    ("root-jobs-tree-page0.json", |answer| {
        assert_eq!(answer.header("x-jenkins"), Some("2.361.1"));
        // Folders of which nobody asked what they hold.
        list(&answer, 0, 2);
        let body = String::from_utf8(answer.body.to_vec()).expect("text").replace("\"url\"", "\"jobs\":[],\"url\"");
        let mut asked = answer.clone();
        asked.body = Bytes::from(body);
        assert!(list(&asked, 2, 0).jobs.iter().all(|job| job.holder() == Some(Holder::Folder)));
    }),
    ("scm-sync-configuration-xml.xml", |answer| is_no_definition_of_a_job(&answer)),
    ("thinbackup-jcasc.yaml", |answer| is_nothing(&answer)),
    ("thinbackup-xml.xml", |answer| {
        is_no_definition_of_a_job(&answer);
        let read = definition::read(&answer).expect("XML as Jenkins writes it");
        assert!(read.triggers.schedules.is_empty(), "a plugin's own schedule is no trigger of a job");
    }),
    ("view-classic.json", |answer| {
        // A view has jobs as a folder has; none is asked for.
        list(&answer, 4, 0);
    }),
    ("view-nested-cloudbees.json", |answer| is_nothing(&answer)),
    ("wfapi-stages.json", |answer| is_nothing(&answer)),
];

/// Headers without a body.
const HEADERS_ALONE: &str = "error-403-headers-2.176.headers.txt";

#[test]
fn every_recorded_answer_is_read_as_what_it_is() {
    let Some(folder) = folder() else { return };
    for (name, check) in CASES {
        // Most assertions are shared, so that they do not say which case failed.
        let outcome = std::panic::catch_unwind(|| check(recorded(&folder, name)));
        assert!(outcome.is_ok(), "{name}: see above");
    }
}

#[test]
fn a_refusal_of_which_only_the_headers_were_kept_says_what_it_needs() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join(HEADERS_ALONE)).expect("a recording");
    let mut headers = HeaderMap::new();
    for (name, value) in text.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        let name = HeaderName::try_from(name.to_lowercase()).expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    let url = "https://h.example/api/json".parse().expect("a URL");
    let answer = Answer::new(&Method::GET, url, StatusCode::FORBIDDEN, headers, Bytes::new(), at("2026-11-25"));
    let miss = refusal::ok(answer).expect_err("a refusal");
    assert!(miss.what.ends_with("it needs the permission hudson.model.Hudson.Read, asked as anonymous"), "{miss}");
}

#[test]
fn no_recorded_answer_is_forgotten() {
    let Some(folder) = folder() else { return };
    let mut named: BTreeSet<String> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    named.insert(HEADERS_ALONE.to_owned());
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    let names = files.map(|file| file.file_name().into_string().expect("a name"));
    let there: BTreeSet<String> = names.filter(|name| !name.ends_with(".headers.json")).collect();
    assert_eq!(named, there);
}

#[test]
fn every_recorded_answer_that_is_cut_short_is_nothing() {
    let Some(folder) = folder() else { return };
    for (name, _) in CASES {
        let answer = recorded(&folder, name);
        let mut half = answer.clone();
        half.body = answer.body.slice(..answer.body.len() / 2);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| is_nothing(&half)));
        assert!(outcome.is_ok(), "half of {name}: see above");
    }
}
