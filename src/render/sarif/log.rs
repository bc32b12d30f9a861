//! The parts of a SARIF 2.1.0 log that are written.
//!
//! Names and shapes are those of the standard, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>, cited by
//! section; what goes into them is left to `sarif`. They are typed here because the crate that offers them
//! brings a code generator for a schema of which this is a tenth.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// The whole file (§3.13).
#[derive(Serialize)]
pub(super) struct Log<'r> {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) runs: [Run<'r>; 1],
}

/// One run of the tool (§3.14).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'r> {
    pub(super) tool: Tool<'r>,
    pub(super) automation_details: AutomationDetails,
    pub(super) invocations: [Invocation; 1],
    pub(super) original_uri_base_ids: BTreeMap<&'static str, ArtifactLocation>,
    pub(super) artifacts: [Artifact<'r>; 1],
    pub(super) column_kind: &'static str,
    pub(super) results: Vec<Finding<'r>>,
    pub(super) properties: Value,
}

/// What the run is one of (§3.17).
#[derive(Serialize)]
pub(super) struct AutomationDetails {
    pub(super) id: String,
}

/// The tool (§3.18).
#[derive(Serialize)]
pub(super) struct Tool<'r> {
    pub(super) driver: Driver<'r>,
}

/// The program itself (§3.19).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver<'r> {
    pub(super) name: &'r str,
    pub(super) semantic_version: &'r str,
    pub(super) information_uri: &'static str,
    pub(super) rules: Vec<Rule>,
    pub(super) notifications: Vec<Descriptor>,
}

/// A rule, which is a control here (§3.49).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) short_description: Text<'static>,
    pub(super) full_description: Text<'static>,
    pub(super) help: Help,
    pub(super) properties: Tags,
}

/// A kind of notification (§3.49).
#[derive(Serialize)]
pub(super) struct Descriptor {
    pub(super) id: String,
}

/// Text in two forms (§3.12).
#[derive(Serialize)]
pub(super) struct Help {
    pub(super) text: String,
    pub(super) markdown: String,
}

/// Tags (§3.8.2).
#[derive(Serialize)]
pub(super) struct Tags {
    pub(super) tags: Vec<&'static str>,
}

/// A message (§3.11), or a string in several forms (§3.12).
#[derive(Clone, Serialize)]
pub(super) struct Text<'r> {
    pub(super) text: Cow<'r, str>,
}

/// How the tool ran (§3.20).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
    pub(super) tool_execution_notifications: Vec<Notification>,
}

/// What the run has to say of itself (§3.58).
#[derive(Serialize)]
pub(super) struct Notification {
    pub(super) descriptor: Descriptor,
    pub(super) level: Level,
    pub(super) message: Text<'static>,
}

/// A file (§3.24).
#[derive(Serialize)]
pub(super) struct Artifact<'r> {
    pub(super) location: ArtifactLocation,
    pub(super) roles: [&'static str; 1],
    pub(super) hashes: BTreeMap<&'static str, &'r str>,
}

/// Where a file is (§3.4).
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri_base_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Text<'static>>,
}

/// A result, which is a finding here (§3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding<'r> {
    pub(super) rule_id: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule_index: Option<usize>,
    pub(super) kind: Kind,
    pub(super) level: Level,
    pub(super) message: Text<'r>,
    pub(super) locations: [Location; 1],
    pub(super) partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_state: Option<BaselineState>,
    pub(super) suppressions: Vec<Suppression<'r>>,
    pub(super) properties: Value,
}

/// What a result says (§3.27.9).
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Fail,
    Pass,
    NotApplicable,
}

/// How bad it is (§3.27.10, §3.58.6).
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Level {
    None,
    Note,
    Warning,
    Error,
}

/// Where a result stands beside an earlier run (§3.27.24).
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum BaselineState {
    New,
    Unchanged,
    Updated,
    Absent,
}

/// A place (§3.28).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation>,
}

/// A place in a file (§3.29).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) region: Region,
}

/// A stretch of a file (§3.30).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: u32,
    pub(super) start_column: u32,
}

/// A thing that is no place in a file (§3.33).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) fully_qualified_name: String,
    pub(super) kind: &'static str,
}

/// Why a result is not to be acted on (§3.35).
#[derive(Serialize)]
pub(super) struct Suppression<'r> {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) justification: Cow<'r, str>,
    pub(super) properties: Value,
}
