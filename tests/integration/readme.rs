//! The documents: what they show is run, and what they promise is there.
//!
//! Keeps README, docs and examples true; what verdicts are right is asserted by the other tests.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lastgood::cli::exit;
use lastgood::evidence::Observation;
use lastgood::model::{ControlId, Facet, Grade, Method, Severity, SystemKind, UnseenReason, Verdict};
use serde_json::Value;

use crate::support::{lastgood, project, stderr, stdout};

const DOCUMENTS: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/policy.md",
    "docs/verdicts.md",
    "docs/evidence.md",
    "examples/restic/README.md",
];

fn document(path: &str) -> String {
    std::fs::read_to_string(project(path)).expect("the document")
}

/// Returns the content of every fenced block of this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(tag)) => open = Some((tag == language, String::new())),
            (Some((wanted, block)), Some(_)) => {
                if *wanted {
                    found.push(std::mem::take(block));
                }
                open = None;
            }
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// A command that a document shows.
#[derive(Debug)]
struct Shown {
    args: Vec<String>,
    exit: i32,
    output: Vec<String>,
}

/// Returns the arguments for `lastgood`; `None` for commands of other tools.
fn arguments(command: &str) -> Option<Vec<String>> {
    let rest = command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("lastgood "))?;
    // Single quotes are the only ones that the documents use.
    let parts = rest.split('\'').enumerate();
    let words = parts.flat_map(|(index, part)| {
        let quoted = index % 2 == 1;
        if quoted { vec![part.to_owned()] } else { part.split_whitespace().map(str::to_owned).collect() }
    });
    Some(words.collect())
}

/// Returns every `lastgood` command of the document's `sh` and `console` blocks.
fn shown(text: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    for line in blocks(text, "sh").iter().flat_map(|block| block.lines()) {
        let (command, exit) = line.split_once(" # exit ").unwrap_or((line, "0"));
        let exit = exit.trim().parse().expect("an exit code");
        if let Some(args) = arguments(command) {
            all.push(Shown { args, exit, output: Vec::new() });
        } else {
            assert_eq!(command, "cargo test", "nobody runs this command, so nobody knows whether it works");
        }
    }
    for block in blocks(text, "console") {
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").expect("a console block begins with a command");
            let mut output = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                output.push(line.to_owned());
            }
            if command == "echo $?" {
                let last: &mut Shown = all.last_mut().expect("a command before it");
                last.exit = output.concat().trim().parse().expect("an exit code");
            } else {
                let args = arguments(command).expect("a command of this tool");
                all.push(Shown { args, exit: 0, output });
            }
        }
    }
    all
}

/// Returns the words of a line, so that the layout of tables does not matter.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn write_policy(folder: &Path, text: &str) -> String {
    let path = folder.join("policy.yaml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

#[test]
fn what_the_readme_shows_is_what_its_commands_print() {
    let commands = shown(&document("README.md"));
    assert!(commands.len() >= 6, "{commands:#?}");
    assert!(commands.iter().filter(|command| !command.output.is_empty()).count() >= 3);
    for command in commands {
        let args: Vec<&str> = command.args.iter().map(String::as_str).collect();
        let output = lastgood(&args);
        assert_eq!(output.status.code(), Some(command.exit), "{args:?}: {}", stderr(&output));
        let printed = stdout(&output);
        let mut left = printed.lines();
        for line in command.output.iter().filter(|line| !line.trim().is_empty() && line.as_str() != "…") {
            let found = left.any(|printed| words(printed) == words(line));
            assert!(found, "{args:?} does not print, in this place:\n{line}\nbut:\n{printed}");
        }
    }
}

#[test]
fn the_readme_has_the_main_command_and_the_tests_for_a_newcomer() {
    let text = document("README.md");
    for command in [
        "cargo run --release -- audit policies/zowe-2020.yaml --offline --as-of 2020-07-22T00:00:00Z # exit 10\n",
        "cargo test\n",
    ] {
        assert!(blocks(&text, "sh").iter().any(|block| block == command), "{command}");
    }
}

#[test]
fn every_complete_policy_in_a_document_passes_check() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, least) in [("README.md", 1), ("docs/policy.md", 1)] {
        let policies = blocks(&document(name), "yaml");
        assert!(policies.len() >= least, "{name} shows no policy");
        for text in policies {
            assert!(text.starts_with("version: 1\n"), "{name}: not a whole policy:\n{text}");
            let output = lastgood(&["check", &write_policy(folder.path(), &text)]);
            assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        }
    }
}

#[test]
fn the_table_of_exit_codes_is_the_constants() {
    let text = document("README.md");
    let section = text.split("\n## Exit codes\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = section.expect("the section").lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let codes: Vec<u8> = rows.filter_map(|code| code.parse().ok()).collect();
    assert_eq!(codes, [exit::OK, exit::FAILED, exit::USAGE, exit::POLICY, exit::GAP, exit::UNKNOWN]);
    for code in codes {
        assert!(exit::HELP.split([' ', '\n']).any(|word| word == code.to_string()), "--help lacks {code}");
    }
}

#[test]
fn the_readme_names_every_command() {
    let help = stdout(&lastgood(&["--help"]));
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() >= 8, "{help}");
    let text = document("README.md");
    for command in commands {
        assert!(text.contains(&format!("| `lastgood {command}")), "the table of commands lacks `{command}`");
    }
}

#[test]
fn the_documents_know_every_word_of_the_language() {
    let names = |document: &str, words: Vec<&str>| {
        for word in words {
            assert!(document.contains(&format!("`{word}`")), "`{word}` is missing");
        }
    };
    let policy = document("docs/policy.md");
    names(&policy, Method::ALL.iter().map(|word| word.word()).collect());
    names(&policy, Facet::ALL.iter().map(|word| word.word()).collect());
    names(&policy, Grade::ALL.iter().map(|word| word.word()).collect());
    names(&policy, Severity::ALL.iter().map(|word| word.word()).collect());
    names(&policy, SystemKind::ALL.iter().map(|word| word.word()).collect());
    let verdicts = document("docs/verdicts.md");
    names(&verdicts, ControlId::ALL.iter().map(|word| word.word()).collect());
    names(&verdicts, Grade::ALL.iter().map(|word| word.word()).collect());
    let evidence = document("docs/evidence.md");
    names(&evidence, UnseenReason::ALL.iter().map(|word| word.word()).collect());
    let readme = document("README.md");
    names(&readme, Verdict::ALL.iter().map(|word| word.word()).collect());
    assert!(readme.contains(&format!("{} questions", ControlId::ALL.len())), "how many controls there are");
}

/// Adds the name of every property in a JSON Schema.
fn properties(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            if let Some(Value::Object(own)) = entries.get("properties") {
                names.extend(own.keys().cloned());
            }
            entries.values().for_each(|value| properties(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| properties(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_of_a_policy_and_every_field_of_evidence_is_described() {
    for (of, name) in [("policy", "docs/policy.md"), ("evidence", "docs/evidence.md")] {
        let schema: Value = serde_json::from_str(&stdout(&lastgood(&["schema", of]))).expect("a schema is JSON");
        let mut keys = BTreeSet::new();
        properties(&schema, &mut keys);
        assert!(keys.len() > 40, "{keys:?}");
        let text = document(name);
        for key in keys {
            // As a word of its own, or inside an example such as `{ env: NAME }`.
            let named = text.contains(&format!("`{key}`")) || text.contains(&format!("{key}: "));
            assert!(named, "{name} says nothing of `{key}`");
        }
    }
}

/// Returns the example lines of docs/evidence.md.
fn evidence_lines() -> Vec<String> {
    let text = document("docs/evidence.md");
    blocks(&text, "jsonl").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_example_of_evidence_is_an_observation_with_the_right_digest() {
    let mut sealed = 0;
    for line in evidence_lines() {
        let mut observation: Observation = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
        if let Some(claimed) = observation.digest {
            assert_eq!(observation.canonical_digest().expect("JSON"), claimed, "{line}");
            sealed += 1;
        }
    }
    assert!(sealed > 0, "no example shows a digest");
}

#[test]
fn every_fact_has_an_example() {
    let schema: Value = serde_json::from_str(&stdout(&lastgood(&["schema", "evidence"]))).expect("a schema is JSON");
    let facts = schema["$defs"]["Fact"]["oneOf"].as_array().expect("the facts");
    assert!(facts.len() >= 10);
    for fact in facts {
        let name = fact["required"][0].as_str().expect("a name");
        let shown = evidence_lines().iter().any(|line| line.contains(&format!("\"fact\":{{\"{name}\":")));
        assert!(shown, "docs/evidence.md shows no `{name}`");
    }
}

/// Runs a filter over `input`; `None`, after saying so, where the machine does not have it.
#[expect(clippy::print_stderr, reason = "a test that did not run has to say so")]
fn jq(args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let started = Command::new("jq").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        eprintln!("skipped: jq not found");
        return None;
    };
    child.stdin.take().expect("its input").write_all(input).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "jq failed");
    Some(output.stdout)
}

#[test]
fn the_recipe_for_a_digest_finds_it() {
    assert!(document("docs/evidence.md").contains("jq -cjS 'del(.digest)' line.json | sha256sum"));
    for line in evidence_lines() {
        let Some(canonical) = jq(&["-cjS", "del(.digest)"], line.as_bytes()) else { return };
        let mut observation: Observation = serde_json::from_str(&line).expect("an observation");
        let digest = observation.canonical_digest().expect("JSON");
        assert_eq!(lastgood::evidence::Digest::of(&canonical), digest, "{line}");
    }
}

#[test]
fn the_restic_example_ends_as_its_readme_says() {
    let text = document("examples/restic/README.md");
    let run =
        |as_of: &str| lastgood(&["audit", "examples/restic/policy.yaml", "--offline", "--as-of", as_of]).status.code();
    let command = "lastgood audit policy.yaml --offline --as-of 2026-05-03T06:00:00Z\n";
    assert!(blocks(&text, "sh").iter().any(|block| block.ends_with(command)));
    assert!(text.contains("The audit ends with exit code 0:"));
    assert_eq!(run("2026-05-03T06:00:00Z"), Some(0));
    let others = regex::Regex::new(r"With `--as-of (\S+)` it ends with (\d+):").expect("a pattern");
    let said: Vec<(&str, i32)> = others
        .captures_iter(&text)
        .map(|found| found.extract())
        .map(|(_, [as_of, exit])| (as_of, exit.parse().expect("an exit code")))
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    for (as_of, exit) in said {
        assert_eq!(run(as_of), Some(exit), "as of {as_of}");
    }
}

#[test]
fn the_restic_filter_makes_the_evidence_beside_it() {
    let file = |name: &str| document(&format!("examples/restic/{name}"));
    let filter = project("examples/restic/restic.jq").display().to_string();
    let readme = file("README.md");
    let asked = readme.split("--arg observed_at ").nth(1).and_then(|rest| rest.split(' ').next());
    let args = ["-c", "--arg", "observed_at", asked.expect("the time"), "-f", &filter];
    let Some(made) = jq(&args, file("snapshots.json").as_bytes()) else { return };
    assert_eq!(String::from_utf8(made).expect("text"), file("evidence.jsonl"));
    // A repository that was listed and is empty is a line; half a second and an offset are read.
    let empty = jq(&args, b"[]").expect("jq");
    assert!(String::from_utf8_lossy(&empty).contains("\"points\":[]"));
    let old = br#"[{"time":"2026-01-01T23:30:00.5-05:30","paths":["/"],"hostname":"h","id":"a1","short_id":"a1"}]"#;
    let made: Observation = serde_json::from_slice(&jq(&args, old).expect("jq")).expect("an observation");
    let lastgood::evidence::Fact::RecoveryPoints(listing) = made.fact else { panic!("another fact") };
    assert_eq!(lastgood::model::time::rfc3339(listing.points[0].captured_at), "2026-01-02T05:00:00Z");
    assert_eq!((listing.points[0].available_at, listing.points[0].bytes), (None, None));
}

#[test]
fn every_link_to_a_file_of_the_project_leads_there() {
    let link = regex::Regex::new(r"\]\(([^)#]+)[^)]*\)").expect("a pattern");
    for name in DOCUMENTS {
        let text = document(name);
        let folder = project(name).parent().expect("a folder").to_path_buf();
        for found in link.captures_iter(&text) {
            let target = &found[1];
            assert!(target.starts_with("https://") || folder.join(target).exists(), "{name}: {target}");
        }
    }
}
