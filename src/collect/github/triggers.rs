//! Triggers: what starts a workflow, read from its file.
//!
//! The file alone; whether the workflow is enabled, and whether it ran, is left to `workflow`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// What starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Triggers {
    /// Its schedules, in cron's five fields, UTC.
    pub crons: Vec<Box<str>>,
    /// The other events that start it, by GitHub's names.
    pub events: Vec<Box<str>>,
    /// Whether some schedule is written in a way that cannot be read, such as in another time zone.
    pub is_odd: bool,
}

impl Triggers {
    /// Returns whether something other than a schedule or a person starts it.
    pub fn is_started_by_events(&self) -> bool {
        self.events.iter().any(|event| &**event != "workflow_dispatch")
    }
}

/// Reads the answer to `GET /repos/{owner}/{name}/contents/{path}` of a workflow's file.
///
/// # Errors
///
/// `unreadable` where it is no file, or the file is no workflow.
pub fn of_contents(answer: &Answer) -> Result<Triggers, Miss> {
    #[derive(Deserialize)]
    struct Contents {
        encoding: String,
        content: String,
    }
    let wrong = |why: &str| answer.miss(UnseenReason::Unreadable, format!("{}: {why}", answer.request()));
    let contents: Contents = answer.json()?;
    if contents.encoding != "base64" {
        return Err(wrong("the workflow's file came in an encoding that is not read"));
    }
    let text: String = contents.content.split_whitespace().collect();
    let bytes = STANDARD.decode(text).map_err(|_| wrong("the workflow's file is no Base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("the workflow's file is no text"))?;
    of_text(&text).ok_or_else(|| wrong("the workflow's file has no `on` that can be read"))
}

/// Reads a workflow's file; `None` where it is no workflow.
pub fn of_text(text: &str) -> Option<Triggers> {
    #[derive(Deserialize)]
    struct File {
        // In YAML 1.1 the plain word `on` is true.
        #[serde(alias = "true")]
        on: Value,
    }
    let file: File = serde_saphyr::from_str(text).ok()?;
    let mut triggers = Triggers::default();
    match file.on {
        Value::String(event) => triggers.event(&event),
        Value::Array(events) => {
            for event in &events {
                triggers.event(event.as_str()?);
            }
        }
        Value::Object(events) => {
            for (event, how) in &events {
                if event == "schedule" { triggers.schedules(how) } else { triggers.event(event) }
            }
        }
        _ => return None,
    }
    Some(triggers)
}

impl Triggers {
    fn event(&mut self, event: &str) {
        // Without times a schedule starts nothing.
        if event == "schedule" {
            self.is_odd = true;
        } else {
            self.events.push(event.into());
        }
    }

    fn schedules(&mut self, how: &Value) {
        let Some(entries) = how.as_array() else {
            self.is_odd = true;
            return;
        };
        for entry in entries {
            let zone = entry.get("timezone").map_or(Some("UTC"), Value::as_str);
            match entry.get("cron").and_then(Value::as_str) {
                Some(cron) if matches!(zone, Some("UTC" | "Etc/UTC")) => self.crons.push(cron.trim().into()),
                _ => self.is_odd = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::github::fake::answer;

    #[test]
    fn schedules_are_found_however_the_file_is_written() {
        let crons = |text: &str| of_text(text).unwrap().crons;
        let two = "name: Backup\non:\n  workflow_dispatch:\n  schedule:\n    - cron: '0 3 * * *'\n    - cron: \"30 15 * * 1-5\" # again\njobs: {}\n";
        assert_eq!(crons(two), [Box::from("0 3 * * *"), Box::from("30 15 * * 1-5")]);
        assert_eq!(crons(&two.replace("\non:", "\n\"on\":")).len(), 2);
        assert_eq!(crons(&two.replace("\non:", "\ntrue:")).len(), 2);
        assert_eq!(crons("on: { schedule: [{ cron: '0 3 * * *', timezone: UTC }] }"), [Box::from("0 3 * * *")]);
    }

    #[test]
    fn other_events_are_told_from_people() {
        let by = |text: &str| of_text(text).unwrap();
        assert!(by("on: push").is_started_by_events());
        assert!(by("on: [push, workflow_dispatch]").is_started_by_events());
        assert!(by("on: { release: { types: [published] } }").is_started_by_events());
        let person = by("on: workflow_dispatch");
        assert!(!person.is_started_by_events() && person.crons.is_empty() && !person.is_odd);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_no_schedule() {
        for odd in [
            "on: { schedule: }",
            "on: [schedule]",
            "on: { schedule: [{ cron: 5 }] }",
            "on: { schedule: [{ cron: '0 3 * * *', timezone: Europe/Prague }] }",
        ] {
            assert!(of_text(odd).unwrap().is_odd, "{odd}");
        }
        for wrong in ["", "name: x", "on:\njobs: {}", "on: [1]", "- a", "on: 5", "on: push\n  x: ["] {
            assert_eq!(of_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_file_comes_as_base64_in_lines() {
        let body = r#"{"type":"file","encoding":"base64","content":"b246IHB1\nc2gK\n"}"#;
        assert_eq!(of_contents(&answer(200, &[], body)).unwrap().events, [Box::from("push")]);
        for wrong in [body.replace("base64", "none"), body.replace("b246", "!!!!"), "[]".to_owned()] {
            assert!(of_contents(&answer(200, &[], &wrong)).is_err(), "{wrong}");
        }
    }
}
