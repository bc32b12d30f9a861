//! Facets: the parts of an asset that are copied separately.
//!
//! Which facets an asset has is said by the policy; whether they are covered is left to the judge.

use super::word::words;

words! {
    /// A part of an asset that a copy may hold or miss.
    pub enum Facet {
        /// Commits, branches and tags.
        Git = "git",
        /// The wiki, which is a repository of its own.
        Wiki = "wiki",
        /// Issues and their comments.
        Issues = "issues",
        /// Pull requests and their discussion.
        PullRequests = "pull-requests",
        /// Releases and the files uploaded to them.
        Releases = "releases",
        /// Large files behind LFS pointers.
        Lfs = "lfs",
        /// Settings: rules, hooks, teams, permissions.
        Settings = "settings",
        /// Secrets and the keys that unlock them.
        Secrets = "secrets",
        /// Build records and their artifacts.
        Builds = "builds",
        /// Configuration, such as a job's or a controller's.
        Config = "config",
    }
}
