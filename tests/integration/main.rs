//! Every integration test, in one binary so that it links once.
//!
//! One module a subject; unit tests stand beside the code they test.

mod boundaries;
mod cli;
mod doubt;
mod fault_pairs;
mod fixtures;
mod hostile;
mod merging;
mod policy_faults;
mod policy_places;
mod properties;
mod readme;
mod schemas;
mod support;
mod tidy;
mod zowe_2020;
