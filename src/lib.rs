//! `lastgood` audits backups: it judges every claim a policy makes by the evidence for it.

pub mod cli;
pub mod collect;
pub mod evidence;
pub mod judge;
pub mod model;
pub mod policy;
pub mod render;
pub mod report;
