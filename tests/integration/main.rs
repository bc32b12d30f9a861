//! Every integration test, in one binary so that it links once.
//!
//! One module a subject; unit tests stand beside the code they test.

mod boundaries;
mod cli;
mod doubt;
#[path = "../estate/mod.rs"]
mod estate;
mod fixtures;
mod git;
mod git_ssh;
mod hostile;
mod merging;
mod policy_faults;
mod properties;
mod readme;
mod schemas;
mod support;
mod tidy;
mod zowe_2020;
