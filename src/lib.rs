//! `lastgood` audits backups: it judges every claim a policy makes by the evidence for it.

pub mod model;
pub mod policy;
