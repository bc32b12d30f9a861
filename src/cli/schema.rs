//! `lastgood schema`: the JSON Schema of a format, from the types that read and write it.
//!
//! The types are left to `policy`, `report` and `evidence`.

use super::{Failure, SchemaArgs, exit, output};
use crate::evidence::Observation;
use crate::policy::Document;
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

/// Returns the schema of a format.
pub fn schema(of: SchemaOf) -> schemars::Schema {
    match of {
        SchemaOf::Policy => schemars::schema_for!(Document),
        SchemaOf::Report => schemars::schema_for!(Report),
        SchemaOf::Evidence => schemars::schema_for!(Observation),
    }
}

/// Prints the schema.
pub(super) fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    output::print(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema(args.format))
            .map_err(|error| Failure::tool("schema", &error))?;
        writeln!(out).map_err(|error| Failure::tool("schema", &error))
    })?;
    Ok(exit::OK)
}
