//! Methods of proof (`by:`), kinds of system and kinds of item, with what is possible in which.
//!
//! The fields of each method are left to the policy; asking a system is left to the collectors.

use super::Grade;
use super::word::words;

words! {
    /// The kind of a system: what software answers there.
    pub enum SystemKind {
        /// A GitHub organisation or user, on github.com or an Enterprise Server.
        Github = "github",
        /// An Artifactory instance.
        Artifactory = "artifactory",
        /// An S3 bucket, on AWS or a compatible server.
        S3 = "s3",
        /// A Jenkins controller.
        Jenkins = "jenkins",
        /// A git host that speaks only git.
        Git = "git",
        /// A vendor, an operator, a place that no collector can ask.
        External = "external",
    }
}

words! {
    /// What one entry of a policy may expand to (`each:`).
    pub enum ItemKind {
        /// A repository of a GitHub organisation or of an Artifactory.
        Repository = "repository",
        /// A job of a Jenkins controller.
        Job = "job",
        /// A first-level prefix of an S3 bucket.
        Prefix = "prefix",
    }
}

words! {
    /// How a copy is proven.
    pub enum Method {
        /// Both full ref maps are read and compared.
        GitMirror = "git-mirror",
        /// Each commit that touched a path is a recovery point.
        Commits = "commits",
        /// Each successful run of a workflow is a recovery point.
        Workflow = "workflow",
        /// Each exported GitHub migration with git data is a recovery point.
        Migrations = "migrations",
        /// Each release asset is a recovery point.
        Releases = "releases",
        /// Each object, or group of objects, is a recovery point.
        Objects = "objects",
        /// Every primary artifact is looked for in a bucket, by checksum.
        ObjectMirror = "object-mirror",
        /// Each artifact is a recovery point.
        Artifacts = "artifacts",
        /// Every primary artifact is looked for in an Artifactory, by checksum.
        ArtifactMirror = "artifact-mirror",
        /// The backup configuration of a self-hosted Artifactory, or the backup plugin of a Jenkins controller.
        BackupConfig = "backup-config",
        /// The replication of an Artifactory repository.
        Replication = "replication",
        /// Each stable build of a backup job is a recovery point.
        Build = "build",
        /// A time found at a URL.
        Http = "http",
        /// Observations that another tool made.
        Import = "import",
        /// What a person or a vendor says.
        Attestation = "attestation",
        /// The asset travels inside another asset's copies.
        Included = "included",
        /// The asset can be derived from other assets.
        Rebuild = "rebuild",
    }
}

impl SystemKind {
    /// Returns what an inventory of such a system lists; `None` for systems without one.
    pub const fn lists(self) -> Option<ItemKind> {
        match self {
            Self::Github | Self::Artifactory => Some(ItemKind::Repository),
            Self::Jenkins => Some(ItemKind::Job),
            Self::S3 => Some(ItemKind::Prefix),
            Self::Git | Self::External => None,
        }
    }

    /// Returns whether everything that such a system shows has to be declared or excluded.
    pub const fn must_be_declared(self) -> bool {
        matches!(self, Self::Github | Self::Artifactory | Self::Jenkins)
    }
}

impl Method {
    /// Returns the kinds of system in which the method is possible; `None` for any kind, the empty
    /// list for methods that name no system.
    pub const fn systems(self) -> Option<&'static [SystemKind]> {
        match self {
            Self::GitMirror => Some(&[SystemKind::Git, SystemKind::Github]),
            Self::Commits | Self::Workflow | Self::Migrations | Self::Releases => Some(&[SystemKind::Github]),
            Self::Objects | Self::ObjectMirror => Some(&[SystemKind::S3]),
            Self::Artifacts | Self::ArtifactMirror | Self::Replication => Some(&[SystemKind::Artifactory]),
            Self::BackupConfig => Some(&[SystemKind::Artifactory, SystemKind::Jenkins]),
            Self::Build => Some(&[SystemKind::Jenkins]),
            Self::Http | Self::Import | Self::Attestation => None,
            Self::Included | Self::Rebuild => Some(&[]),
        }
    }

    /// Returns the best grade that the method alone can earn; a passed restore test lifts any copy.
    pub const fn best_grade(self) -> Grade {
        match self {
            Self::GitMirror | Self::ObjectMirror | Self::ArtifactMirror | Self::Included => Grade::Verified,
            Self::Commits | Self::Releases | Self::Objects | Self::Artifacts | Self::Http | Self::Import => {
                Grade::Observed
            }
            Self::Workflow | Self::Migrations | Self::Replication | Self::Build => Grade::Reported,
            Self::BackupConfig => Grade::Configured,
            Self::Attestation | Self::Rebuild => Grade::Attested,
        }
    }

    /// Returns whether the copy is compared with its primary, item by item.
    pub const fn compares(self) -> bool {
        matches!(self, Self::GitMirror | Self::ObjectMirror | Self::ArtifactMirror)
    }

    /// Returns whether the copy follows its primary and so keeps only the latest state, unless the
    /// place that holds it keeps versions.
    pub const fn mirrors(self) -> bool {
        self.compares() || matches!(self, Self::Replication)
    }

    /// Returns whether a job with a schedule makes the copy.
    pub const fn is_scheduled(self) -> bool {
        matches!(self, Self::Workflow | Self::Build | Self::BackupConfig | Self::Replication)
    }

    /// Returns whether recovery points of this method come with a size.
    pub const fn has_sizes(self) -> bool {
        matches!(self, Self::Releases | Self::Objects | Self::Artifacts | Self::Import)
    }

    /// Returns whether the copy rests on other assets of the policy instead of a place of its own.
    pub const fn is_derived(self) -> bool {
        matches!(self, Self::Included | Self::Rebuild)
    }
}
