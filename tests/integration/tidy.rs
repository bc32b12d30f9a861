//! The shape of the sources: who may import whom, headers, sizes, no secrets in fixtures.
//!
//! Reads files as text; what they do is left to the other tests.

use std::path::{Path, PathBuf};

use crate::support::project;

fn files_under(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(String, String)> {
    let mut files = files_under(&project("src"), "rs");
    files.extend(files_under(&project("tests"), "rs"));
    files.extend(files_under(&project("benches"), "rs"));
    let root = project("");
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("inside the project").display().to_string();
            (name, std::fs::read_to_string(path).expect("text"))
        })
        .collect()
}

#[test]
fn every_file_opens_with_its_purpose_and_what_it_leaves_to_others() {
    for (name, text) in rust_files() {
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(!header.is_empty(), "{name} opens without `//!`");
        let is_source = name.starts_with("src") && !name.ends_with("main.rs");
        assert!(!is_source || header.len() >= 2, "{name}: its header does not say what it leaves to others");
    }
}

#[test]
fn stages_import_only_what_stands_before_them() {
    // Each stage with the modules of the crate that it may name.
    let allowed: &[(&str, &[&str])] = &[
        ("model", &["model"]),
        ("policy", &["policy", "model"]),
        ("evidence", &["evidence", "policy", "model"]),
        ("collect", &["collect", "evidence", "policy", "model"]),
        ("judge", &["judge", "evidence", "policy", "model"]),
        ("report", &["report", "judge", "evidence", "policy", "model"]),
        ("render", &["render", "report", "model"]),
        ("post", &["post", "collect", "model"]),
    ];
    for (name, text) in rust_files() {
        let Some(stage) = name.strip_prefix("src/").and_then(|rest| rest.split('/').next()) else { continue };
        let Some((_, may)) = allowed.iter().find(|(known, _)| *known == stage) else { continue };
        for (number, line) in text.lines().enumerate() {
            for named in line.split("crate::").skip(1) {
                let module: String = named.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                assert!(may.contains(&module.as_str()), "{name}:{}: `{stage}` names `{module}`", number + 1);
            }
        }
    }
}

#[test]
fn the_judge_and_the_report_touch_neither_clock_nor_files_nor_environment() {
    for (name, text) in rust_files() {
        let pure =
            ["src/judge/", "src/report/", "src/model/", "src/policy/"].iter().any(|stage| name.starts_with(stage));
        if !pure {
            continue;
        }
        for door in ["std::fs", "std::env", "std::net", "Utc::now", "SystemTime", "std::process"] {
            let body = text.replace("env!(\"CARGO_PKG_VERSION\")", "");
            assert!(!body.contains(door), "{name} names `{door}`");
        }
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    for (name, text) in rust_files() {
        let lines = text.lines().count();
        // The policy language is one list of records; it is long because the language is.
        let most = if name == "src/policy/document.rs" { 950 } else { 650 };
        assert!(lines <= most, "{name} has {lines} lines");
    }
}
