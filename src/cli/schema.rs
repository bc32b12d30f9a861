//! `lastgood schema`: the JSON Schema of a format, from the types that read and write it.
//!
//! The types are left to `policy`, `report` and `evidence`.

use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::Value;

use super::{Failure, SchemaArgs, exit, output};
use crate::evidence::Observation;
use crate::policy::Document;
use crate::render::json;
use crate::report::Report;

/// A format with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// Policy files.
    Policy,
    /// report.json.
    Report,
    /// One line of an evidence bundle.
    Evidence,
}

/// Says of a text without a form of its own that it must not be blank, as the parser does.
fn not_blank(schema: &mut schemars::Schema) {
    let is_text = match schema.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().any(|name| name == "string"),
        _ => false,
    };
    let has_form = ["pattern", "format", "enum", "const"].iter().any(|key| schema.get(*key).is_some());
    if is_text && !has_form {
        schema.insert("pattern".to_owned(), Value::from(r"\S"));
    }
}

/// Returns the schema of a format.
pub fn schema(of: SchemaOf) -> schemars::Schema {
    match of {
        SchemaOf::Policy => {
            let mut schema = schemars::schema_for!(Document);
            RecursiveTransform(not_blank).transform(&mut schema);
            schema
        }
        SchemaOf::Report => schemars::schema_for!(Report),
        SchemaOf::Evidence => schemars::schema_for!(Observation),
    }
}

/// Prints the schema.
pub(super) fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    output::print(|out| {
        json::write_readable(&schema(args.format), out).map_err(|error| Failure::tool("schema", &error))
    })?;
    Ok(exit::OK)
}
