//! `lastgood` audits backups: it judges every claim a policy makes by the evidence for it.
//!
//! Data walks one way, and the modules show it: [`policy`] (what should be) → [`collect`] (what is
//! seen) → [`evidence`] (what was seen) → [`judge`] (pure: policy and evidence at one time make an
//! audit) → [`report`] (its frozen view) → [`render`] (one file a format). [`cli`] puts the stages
//! together and alone knows clock, terminal and output files; [`model`] holds the words they share. [`post`] alone
//! writes elsewhere: one comment under a pull request.
//!
//! Invariants, kept by tests: `collect`, `judge` and `render` never import each other; renderers see
//! the frozen view alone; the judge knows no clock, no files and no environment; **what was not seen
//! is never green**.

pub mod cli;
pub mod collect;
pub mod evidence;
pub mod judge;
pub mod model;
pub mod policy;
pub mod post;
pub mod render;
pub mod report;
