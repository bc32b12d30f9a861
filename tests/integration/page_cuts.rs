//! What reports leave out, and say so: the worst stays where there is no room for all.
//!
//! What stands where on the page is in `html`.

use lastgood::evidence::fact::{Question, Unseen};
use lastgood::evidence::{Fact, Observation, Point, RecoveryPoints};
use lastgood::model::time::parse_instant;
use lastgood::model::{Grade, UnseenReason};
use lastgood::render::{Format, Look};
use lastgood::report::Report;

use crate::support::{lastgood, policy, report, stdout};

const HEAD: &str = "version: 1\ntitle: T\nsystems:\n  a: { kind: external, domains: { provider: A } }\nobjectives:\n  o: { rpo: 1d }\nassets:\n";

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    Format::Html.renderer().render(report, Look { width: 100, styled: false }, &mut out).expect("it renders");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn where_not_all_assets_have_room_the_gaps_have() {
    let mut text = HEAD.to_owned();
    for section in 0..40 {
        // The last five sections have gaps; of all others nobody can tell.
        let copies = if section < 35 { "unknown" } else { "[]" };
        for asset in 0..60 {
            text.push_str(&format!(
                "  - {{ id: s{section:02}-{asset:02}, section: S{section:02}, lives_in: a, objective: o, owner: Squad, copies: {copies} }}\n"
            ));
        }
    }
    let report = report(&policy(&text), Vec::new(), "2026-01-01");
    let page = page(&report);
    let register = page.split("id=\"register\"").nth(1).and_then(|rest| rest.split("</section>").next());
    let register = register.expect("a register");
    assert_eq!(register.matches("data-v=\"gap\"").count(), 5 * 60);
    assert!(register.contains("data-v=\"unknown\"") && register.contains("register.csv"));
    let matrix = page.split("<caption>Failure-domain matrix</caption>").nth(1).expect("a matrix");
    assert!(matrix.contains(">s35-00<") && !matrix.contains(">s00-00<"), "the worst first");
}

#[test]
fn what_never_had_a_copy_has_a_course() {
    let text = format!("{HEAD}  - {{ id: never, lives_in: a, objective: o, copies: [] }}\n");
    let report = report(&policy(&text), Vec::new(), "2026-01-01");
    let shown: Vec<&str> = report.courses.items.iter().map(|course| &*course.asset).collect();
    assert_eq!((shown, report.courses.left), (vec!["never"], 0));
}

#[test]
fn points_of_the_past_count_in_a_course_only_where_attainment_counts_them() {
    let text = format!(
        "{}  - {{ id: x, lives_in: a, objective: o, copies: [{{ id: c, in: a, by: import, file: f.jsonl }}] }}\n",
        HEAD.replace("rpo: 1d", "rpo: 1d, evidence: observed")
    );
    let at = |text: &str| parse_instant(text).expect("a time");
    let of_copy = |fact, seen: &str| {
        let mut observation = Observation::new(fact, at(seen));
        (observation.asset, observation.copy) = (Some("x".into()), Some("c".into()));
        observation
    };
    let list = |seen: &str, captured: &str| {
        let captured_at = at(captured);
        let point = Point { available_at: None, bytes: None, captured_at, digest: None, items: None, location: None };
        let points = vec![point];
        let listed = RecoveryPoints { complete: true, from: None, grade: Grade::Observed, kept_from: None, points };
        of_copy(Fact::RecoveryPoints(listed), seen)
    };
    let lists = vec![list("2025-12-10", "2025-12-09"), list("2025-12-20", "2025-12-19")];
    let hidden = Unseen { fact: Some(Question::RecoveryPoints), reason: UnseenReason::NotFound, what: "it".into() };
    let failed = of_copy(Fact::Unseen(hidden), "2025-12-31");
    let counted = |observations: Vec<Observation>| {
        let report = report(&policy(&text), observations, "2026-01-01");
        let points = &report.courses.items[0].points;
        (points.len(), points.iter().filter(|point| point.counts).count(), report.assets[0].rpo.attainment.is_some())
    };
    assert_eq!(counted(lists.clone()), (2, 2, true));
    let (points, counts, attained) = counted([lists, vec![failed]].concat());
    assert!(points > 0 && !attained, "what is in doubt attains nothing");
    assert_eq!(counts, 0, "so none of its points is shown as if it did");
}

#[test]
fn copies_that_rest_on_each_other_are_followed_once() {
    let names: Vec<String> = (0..12).map(|number| format!("x{number}")).collect();
    let mut text = HEAD.to_owned();
    for name in &names {
        let copies = names.iter().filter(|other| *other != name);
        let copies: Vec<String> =
            copies.map(|other| format!("{{ id: of-{other}, by: rebuild, from: [{other}] }}")).collect();
        text.push_str(&format!("  - {{ id: {name}, lives_in: a, objective: o, copies: [{}] }}\n", copies.join(", ")));
    }
    let report = report(&policy(&text), Vec::new(), "2026-01-01");
    assert!(page(&report).contains("as x1"));
}

#[test]
fn a_part_of_the_assets_is_said_to_be_one() {
    for format in ["table", "markdown", "html"] {
        let args = ["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22", "--format", format];
        let said = |more: &[&str]| {
            let text = stdout(&lastgood(&[&args[..], more].concat()));
            text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "")
        };
        let part = said(&["--only", "zos-*"]);
        assert!(part.contains("ids match zos-*: 12 other assets of the policy are neither"), "{format}: {part}");
        let rest = said(&["--only", "!zos-*"]);
        assert!(rest.contains("ids match !zos-*: 1 other asset of the policy is neither"), "{format}: {rest}");
        assert!(!said(&[]).contains("of the policy are neither"), "{format}");
    }
}

#[test]
fn a_comment_on_a_part_of_the_assets_says_so_whoever_writes_it() {
    let args = ["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22", "--format", "comment"];
    let text = stdout(&lastgood(&[&args[..], &["--only", "!zos-*"]].concat()));
    assert!(
        text.contains("**Not the whole policy**: only assets that match !zos-\\* are shown and counted."),
        "{text}"
    );
    assert!(!stdout(&lastgood(&args)).contains("Not the whole policy"));
}

#[test]
fn the_register_says_what_is_asked_of_a_restore_and_how_the_newest_test_of_one_went() {
    let text = format!(
        "{}  - {{ id: fast, lives_in: a, objective: o, copies: unknown }}\n  - {{ id: broken, lives_in: a, objective: o, copies: unknown }}\n  - {{ id: hoped, lives_in: a, objective: o, copies: unknown }}\n{}",
        HEAD.replace("rpo: 1d", "rpo: 1d, rto: 4h, retention: 90d"),
        "restore_tests:\n  - { asset: fast, on: 2025-11-01, result: failed }\n  - { asset: fast, on: 2025-12-01, result: passed, took: 2h }\n  - { asset: broken, on: 2025-12-01, result: passed, took: 2h }\n  - { asset: broken, on: 2025-12-02, result: failed }\n  - { asset: hoped, on: 2026-02-01, result: passed, took: 1h }\n"
    );
    let report = report(&policy(&text), Vec::new(), "2026-01-01");
    let told = |asset: &str| {
        let page = page(&report);
        let row =
            page.split(&format!("<b class=\"id\">{asset}</b>")).nth(1).and_then(|rest| rest.split("</tr>").next());
        let cell = row.and_then(|row| row.rsplit("<td>").next()).expect("a row").to_owned();
        cell.replace("<li>", "").replace("</li>", "; ").replace("<ul>", "").replace("; </ul></td>", "")
    };
    assert_eq!(told("fast"), "RTO 4 h; restore test of 2025-12-01: passed in 2 h; retention 90 d");
    assert_eq!(told("broken"), "RTO 4 h; restore test of 2025-12-02: failed, time not recorded; retention 90 d");
    // One that is made later than the audit says nothing yet.
    assert_eq!(told("hoped"), "RTO 4 h; no restore test recorded; retention 90 d");

    let mut csv = Vec::new();
    lastgood::render::register_csv::write(&report, &mut csv).expect("written");
    let csv = String::from_utf8(csv).expect("UTF-8");
    let wanted = ["7776000,14400,2025-12-01,passed,7200", "7776000,14400,2025-12-02,failed,,", "7776000,14400,,,,"];
    for (line, wanted) in csv.lines().skip(1).zip(wanted) {
        assert!(line.contains(wanted), "{line}");
    }
}
