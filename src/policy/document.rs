//! The records of a policy file, as written: systems, objectives, assets, copies, waivers.
//!
//! Shapes and single values only; whether references resolve is left to `check`.

use super::decode::{At, Decode, Draft, Named, did_you_mean, record, word, wrong_type};
use super::fault::{Fault, Faults};
use super::node::{Node, Value};
use super::values::{
    Day, DefinedIn, Id, Keeps, Moment, NamePattern, OneOrMany, OrUnknown, Outcome, Owner, Pattern, Pointer, Prefix,
    SecretRef, Share, Url,
};
use crate::model::{ControlId, Facet, Grade, ItemKind, Method, Severity, SystemKind, Timespan};

record! {
    /// A policy: what an organisation would hate to lose, where it lives and how it is copied.
    "the policy" struct Document {
        /// The version of the policy language: 1.
        version: At<Version>,
        /// What the policy is about, as the report's title shall say it.
        title: At<String>,
        /// Who answers for the policy.
        owner: Option<At<OrUnknown<Owner>>>,
        /// The period of a report, unless `--period` says otherwise. Default 92d.
        review_every: Option<At<Timespan>>,
        /// The places that hold things, by id.
        #[schemars(default)]
        systems: Named<System>,
        /// What assets must satisfy, by id.
        #[schemars(default)]
        objectives: Named<Objective>,
        /// What must survive.
        #[schemars(default)]
        assets: Vec<Asset>,
        /// What is seen in a system and is deliberately not an asset.
        #[schemars(default)]
        exclude: Vec<Exclude>,
        /// Restore tests that were made.
        #[schemars(default)]
        restore_tests: Vec<RestoreTest>,
        /// Accepted risks.
        #[schemars(default)]
        waivers: Vec<Waiver>,
    }
}

/// The version of the policy language; only 1 exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Decode for Version {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if matches!(node.value, Value::Integer(1)) {
            return Some(Self);
        }
        faults.push(
            Fault::new(node.span.clone(), "this lastgood reads policies of version 1 only").help("write `version: 1`"),
        );
        None
    }
}

impl schemars::JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": 1 })
    }
}

/// The domains of a system: what is lost together with it, by free-form keys such as `provider`.
pub type Domains = OrUnknown<Named<OrUnknown<String>>>;

/// Declares one kind of system: the keys that all have, and its own.
macro_rules! system {
    ($(#[$meta:meta])* $what:literal struct $name:ident { $($(#[$fmeta:meta])* $field:ident : $ty:ty,)* }) => {
        record! {
            $(#[$meta])*
            $what struct $name {
                $($(#[$fmeta])* $field: $ty,)*
                /// What is lost together with this system: provider, account, region, site, operator …
                domains: Option<At<Domains>>,
                /// A name for people.
                title: Option<At<String>>,
            }
        }
    };
}

system! {
    /// A GitHub organisation or user.
    "a github system" struct GithubSystem {
        /// The organisation's login.
        org: Option<At<String>>,
        /// The user's login, where it is no organisation.
        user: Option<At<String>>,
        /// The REST base of an Enterprise Server. Default `https://api.github.com`.
        base_url: Option<At<Url>>,
        /// Default: `GITHUB_TOKEN`, then `GH_TOKEN`, else anonymous. Of an Enterprise Server:
        /// `GH_ENTERPRISE_TOKEN`, then `GITHUB_ENTERPRISE_TOKEN`.
        token: Option<At<SecretRef>>,
        /// The GitHub App that looks, in place of a token.
        app: Option<GithubApp>,
    }
}

record! {
    /// A GitHub App that is installed where it looks.
    "a GitHub App" struct GithubApp {
        /// Its number.
        id: At<u64>,
        /// The number of its installation. Default: the one in the system's organisation or account.
        installation: Option<At<u64>>,
        /// Its private key, as PEM.
        key: At<SecretRef>,
    }
}

system! {
    /// An Artifactory instance.
    "an artifactory system" struct ArtifactorySystem {
        /// Its base, up to and including `/artifactory`, or the Cloud address.
        url: At<Url>,
        /// User name for basic authentication.
        user: Option<At<SecretRef>>,
        /// Password or API key for basic authentication.
        password: Option<At<SecretRef>>,
        /// Access token. Default `JFROG_ACCESS_TOKEN`, else anonymous.
        token: Option<At<SecretRef>>,
    }
}

system! {
    /// An S3 bucket.
    "an s3 system" struct S3System {
        /// The bucket.
        bucket: At<String>,
        /// Its region; found out where it is left out.
        region: Option<At<String>>,
        /// The endpoint of a compatible server. Default: AWS.
        endpoint: Option<At<Url>>,
        /// Whether the bucket stands in the path of its URLs instead of the host. Default: with an `endpoint`.
        path_style: Option<At<bool>>,
        /// Whether it is looked at without a credential, as the public sees it.
        anonymous: Option<At<bool>>,
        /// The profile of AWS's own configuration files. Default: `AWS_PROFILE`, else `default`.
        profile: Option<At<String>>,
        /// The access key's id. Default: as AWS's own tools find it.
        access_key_id: Option<At<SecretRef>>,
        /// The secret of that access key.
        secret_access_key: Option<At<SecretRef>>,
        /// Whether whoever looks pays for it, without which some buckets do not answer.
        requester_pays: Option<At<bool>>,
    }
}

system! {
    /// A Jenkins controller.
    "a jenkins system" struct JenkinsSystem {
        /// Its address, with the context path where it has one.
        url: At<Url>,
        /// Default `JENKINS_USER`.
        user: Option<At<SecretRef>>,
        /// API token. Default `JENKINS_API_TOKEN`, else anonymous.
        token: Option<At<SecretRef>>,
    }
}

system! {
    /// A git host that speaks only git.
    "a git system" struct GitSystem {
        /// The address under which its repositories lie.
        url: At<Url>,
        /// User name for https.
        user: Option<At<SecretRef>>,
        /// Token or password for https.
        token: Option<At<SecretRef>>,
    }
}

system! {
    /// A place that no collector can ask: a vendor, an operator.
    "an external system" struct ExternalSystem {}
}

system! {
    /// What all systems have, for one whose kind is not known.
    "a system" struct AnySystem {}
}

/// A place that holds things.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(tag = "kind", rename_all = "kebab-case")]
pub enum System {
    /// A GitHub organisation or user.
    Github(GithubSystem),
    /// An Artifactory instance.
    Artifactory(ArtifactorySystem),
    /// An S3 bucket.
    S3(S3System),
    /// A Jenkins controller.
    Jenkins(JenkinsSystem),
    /// A git host.
    Git(GitSystem),
    /// A place that no collector can ask.
    External(ExternalSystem),
}

impl System {
    /// Returns its kind.
    pub const fn kind(&self) -> SystemKind {
        match self {
            Self::Github(_) => SystemKind::Github,
            Self::Artifactory(_) => SystemKind::Artifactory,
            Self::S3(_) => SystemKind::S3,
            Self::Jenkins(_) => SystemKind::Jenkins,
            Self::Git(_) => SystemKind::Git,
            Self::External(_) => SystemKind::External,
        }
    }

    /// Returns its domains as declared; `None` where the policy does not name them.
    pub fn named_domains(&self) -> Option<&Domains> {
        let domains = match self {
            Self::Github(system) => &system.domains,
            Self::Artifactory(system) => &system.domains,
            Self::S3(system) => &system.domains,
            Self::Jenkins(system) => &system.domains,
            Self::Git(system) => &system.domains,
            Self::External(system) => &system.domains,
        };
        domains.as_ref().map(|domains| &domains.value)
    }

    /// Returns its domains: key and value, the value `None` where it is unknown; `None` where the
    /// policy says nothing or `unknown`.
    pub fn domains(&self) -> Option<impl Iterator<Item = (&str, Option<&str>)>> {
        let named = self.named_domains()?.known()?;
        Some(named.0.iter().map(|(key, value)| (key.value.as_str(), value.known().map(String::as_str))))
    }

    /// Returns where it begins in the policy file, in bytes.
    pub fn at(&self) -> std::ops::Range<usize> {
        match self {
            Self::Github(system) => system.at.clone(),
            Self::Artifactory(system) => system.at.clone(),
            Self::S3(system) => system.at.clone(),
            Self::Jenkins(system) => system.at.clone(),
            Self::Git(system) => system.at.clone(),
            Self::External(system) => system.at.clone(),
        }
    }
}

impl Draft<'_, System> {
    /// Returns the kind; `None` where it has a fault.
    pub fn kind(&self) -> Option<SystemKind> {
        self.node.get("kind")?.text()?.parse().ok()
    }
}

impl Decode for System {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let known: Vec<&str> = SystemKind::ALL.iter().map(|kind| kind.word()).collect();
        let Value::Map(_) = node.value else {
            return wrong_type(node, "a system (a mapping)", faults);
        };
        let kind: Option<SystemKind> = if let Some(tag) = node.get("kind") {
            word(tag, "a kind of system", &known, faults)
        } else {
            let help = format!("say what answers there, one of: {}", known.join(", "));
            faults.push(Fault::new(node.head(), "a system has no `kind`").help(help));
            None
        };
        let Some(kind) = kind else {
            // Which keys it may have is not known; those that every kind has are read for their faults.
            let keys = SYSTEM_KEYS.iter().flat_map(|(_, keys)| keys.iter().copied());
            let keys: Vec<&str> = keys.chain(["kind"]).collect();
            AnySystem::decode_with(node, &keys, |_| None, faults);
            return None;
        };
        let more = &["kind"][..];
        let elsewhere = |key: &str| {
            let kinds: Vec<&str> =
                SYSTEM_KEYS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(kind, _)| kind.word()).collect();
            (!kinds.is_empty()).then(|| format!("`{key}` belongs to systems of kind {}", kinds.join(", ")))
        };
        match kind {
            SystemKind::Github => GithubSystem::decode_with(node, more, elsewhere, faults).map(Self::Github),
            SystemKind::Artifactory => {
                ArtifactorySystem::decode_with(node, more, elsewhere, faults).map(Self::Artifactory)
            }
            SystemKind::S3 => S3System::decode_with(node, more, elsewhere, faults).map(Self::S3),
            SystemKind::Jenkins => JenkinsSystem::decode_with(node, more, elsewhere, faults).map(Self::Jenkins),
            SystemKind::Git => GitSystem::decode_with(node, more, elsewhere, faults).map(Self::Git),
            SystemKind::External => ExternalSystem::decode_with(node, more, elsewhere, faults).map(Self::External),
        }
    }
}

/// Every kind of system with its keys, for the hint of a key that stands in the wrong kind.
const SYSTEM_KEYS: [(SystemKind, &[&str]); 5] = [
    (SystemKind::Github, GithubSystem::KEYS),
    (SystemKind::Artifactory, ArtifactorySystem::KEYS),
    (SystemKind::S3, S3System::KEYS),
    (SystemKind::Jenkins, JenkinsSystem::KEYS),
    (SystemKind::Git, GitSystem::KEYS),
];

record! {
    /// What an asset must satisfy. What is left out is not asked.
    "an objective" struct Objective {
        /// Recovery point objective: the most loss, as time, that is acceptable.
        rpo: At<OrUnknown<Timespan>>,
        /// Recovery time objective: the longest a restore may take.
        rto: Option<At<Timespan>>,
        /// The least share of the period in which the exposure is within the RPO.
        attainment: Option<At<Share>>,
        /// The weakest evidence that is good enough.
        evidence: Option<At<Grade>>,
        /// The least number of copies besides the primary. Default 1.
        copies: Option<At<u64>>,
        /// Domain keys in all of which some copy must differ from the primary.
        independent: Option<At<Vec<At<String>>>>,
        /// How far back recovery points must reach.
        retention: Option<At<Timespan>>,
        /// The longest time between passed restore tests.
        restore_test_every: Option<At<Timespan>>,
        /// Whether the copy must be beyond the reach of one identity or clean-up job.
        immutable: Option<At<bool>>,
        /// How much a gap would hurt. Default medium.
        severity: Option<At<Severity>>,
    }
}

record! {
    /// Something that must survive; one entry may expand to many.
    "an asset" struct Asset {
        /// Its id, stable for ever.
        id: At<Id>,
        /// The section of the register it stands in; `/` nests.
        section: Option<At<String>>,
        /// A name for people.
        title: Option<At<String>>,
        /// The system it lives in.
        lives_in: At<String>,
        /// The item's own name in its system, for one that is a single repository, job or prefix.
        name: Option<At<String>>,
        /// The path inside the system.
        path: Option<At<String>>,
        /// What the entry expands to.
        each: Option<At<ItemKind>>,
        /// Which of them it expands to.
        select: Option<At<Select>>,
        /// The parts that must be copied.
        #[schemars(default)]
        facets: Vec<At<Facet>>,
        /// The objective it must satisfy.
        objective: At<String>,
        /// Who answers for it.
        owner: Option<At<OrUnknown<Owner>>>,
        /// How long a newcomer may stay without copies.
        grace: Option<At<Timespan>>,
        /// Where its copies are claimed to be: a list, `[]` for none, or `unknown`.
        copies: At<OrUnknown<Vec<Copy>>>,
        /// Notes for the reader, as Markdown.
        notes: Option<At<String>>,
    }
}

record! {
    /// Which items an entry expands to; what is left out selects all.
    "a selection" struct Select {
        /// Globs over names; a leading `!` excludes.
        name: Option<At<OneOrMany<NamePattern>>>,
        /// Whether it is archived (github repositories).
        archived: Option<At<bool>>,
        /// Whether it is a fork (github repositories).
        fork: Option<At<bool>>,
        /// Whether it is private (github repositories).
        private: Option<At<bool>>,
        /// Whether it is a template (github repositories).
        template: Option<At<bool>>,
        /// Whether it holds no commit (github repositories).
        empty: Option<At<bool>>,
        /// Whether it is disabled (github repositories, jenkins jobs).
        disabled: Option<At<bool>>,
        /// Globs over the folder (jenkins jobs).
        folder: Option<At<OneOrMany<NamePattern>>>,
        /// Globs over the class, such as a pipeline's (jenkins jobs), or the package type (artifactory repositories).
        class: Option<At<OneOrMany<NamePattern>>>,
        /// Where it is defined (jenkins jobs).
        defined_in: Option<At<OneOrMany<DefinedIn>>>,
    }
}

record! {
    /// Something seen in a system that is deliberately not an asset.
    "an exclusion" struct Exclude {
        /// The system.
        r#in: At<String>,
        /// A glob over names.
        name: At<NamePattern>,
        /// Only what is private, or only what is public (github repositories). Default: both.
        private: Option<At<bool>>,
        /// Why it may be lost.
        reason: At<String>,
        /// Who decided.
        owner: At<String>,
        /// When the decision is looked at again; after that day it no longer counts.
        review_by: At<Day>,
    }
}

record! {
    /// A restore test that was made.
    "a restore test" struct RestoreTest {
        /// The asset: an id, or `id/item` for one item of an expanded entry.
        asset: At<String>,
        /// The copy it was restored from; left out where the test speaks for the asset as a whole.
        copy: Option<At<String>>,
        /// The day.
        on: At<Day>,
        /// How it ended.
        result: At<Outcome>,
        /// How long it took.
        took: Option<At<Timespan>>,
        /// Who made it.
        tested_by: Option<At<String>>,
        /// Who looked at the result.
        reviewed_by: Option<At<String>>,
        /// Where its record is.
        reference: Option<At<String>>,
    }
}

record! {
    /// An accepted risk.
    "a waiver" struct Waiver {
        /// The control or controls whose findings are accepted.
        control: At<OneOrMany<At<ControlId>>>,
        /// The assets: ids, `id/item`, or globs over them.
        assets: At<OneOrMany<At<NamePattern>>>,
        /// Why the risk is acceptable.
        reason: At<String>,
        /// Who accepted it.
        approved_by: At<String>,
        /// When.
        approved_on: At<Day>,
        /// When it was accepted for the first time, where this is a renewal. Default: `approved_on`.
        first_approved_on: Option<At<Day>>,
        /// The last day on which it counts.
        expires: At<Day>,
    }
}

/// Declares one method's copy: the keys that all copies have, and the method's own.
macro_rules! copy {
    ($(#[$meta:meta])* $what:literal struct $name:ident { $($(#[$fmeta:meta])* $field:ident : $ty:ty,)* }) => {
        record! {
            $(#[$meta])*
            $what struct $name {
                $($(#[$fmeta])* $field: $ty,)*
                /// Its id, unique within the asset and stable for ever.
                id: At<Id>,
                /// The facets it holds. Default: `[git]` for `git-mirror`, `[releases]` for `releases`, all of the asset's but `secrets` for a plugin of Jenkins, else all.
                covers: Option<At<Vec<Facet>>>,
                /// The sentence under audit, as somebody wrote it.
                claim: Option<At<String>>,
                /// Where it was said.
                said_in: Option<At<String>>,
                /// When it was said.
                said_on: Option<At<Day>>,
            }
        }
    };
}

copy! {
    /// A mirror of git repositories: both full ref maps are read and compared.
    "a git-mirror copy" struct GitMirror {
        /// The system that holds it.
        r#in: At<OrUnknown<String>>,
        /// The mirror's address; `{name}` stands for the item's name.
        url: At<Url>,
    }
}
copy! {
    /// Commits to a path of a repository; each is a recovery point.
    "a commits copy" struct Commits {
        /// The system that holds it.
        r#in: At<OrUnknown<String>>,
        /// The repository, `owner/name` or `name`.
        repository: At<String>,
        /// The path inside it. Default: all of it.
        path: Option<At<String>>,
        /// The branch. Default: the repository's default branch.
        branch: Option<At<String>>,
    }
}
copy! {
    /// Runs of a workflow; each successful one is a recovery point.
    "a workflow copy" struct Workflow {
        /// The system that holds the copy: where a job runs says nothing of where its copies lie.
        r#in: At<OrUnknown<String>>,
        /// The github system that runs it, where that is another one. Default: `in`.
        runs_in: Option<At<String>>,
        /// The repository, `owner/name` or `name`.
        repository: At<String>,
        /// The workflow's file name or id.
        workflow: At<String>,
        /// Only runs on this branch.
        branch: Option<At<String>>,
        /// Only runs of this event.
        event: Option<At<String>>,
        /// The step that must have succeeded too.
        step: Option<At<String>>,
    }
}
copy! {
    /// GitHub's own exports; the archive is gone after days, so alone they satisfy no `copies`.
    "a migrations copy" struct Migrations {
        /// The system that makes them.
        r#in: At<OrUnknown<String>>,
    }
}
copy! {
    /// Release assets; each is a recovery point.
    "a releases copy" struct Releases {
        /// The system that holds them.
        r#in: At<OrUnknown<String>>,
        /// The repository, `owner/name` or `name`.
        repository: At<String>,
        /// Only assets whose names match.
        pattern: Option<At<Pattern>>,
    }
}
copy! {
    /// Objects of a bucket; each, or each group, is a recovery point.
    "an objects copy" struct Objects {
        /// The system that holds them.
        r#in: At<OrUnknown<String>>,
        /// Only keys that begin so.
        prefix: Option<At<Prefix>>,
        /// Only keys that match; named groups `year`, `month`, `day`, `hour`, `minute`, `second` date the recovery point.
        pattern: Option<At<Pattern>>,
        /// Which part of the key makes one recovery point of many objects: a named group of `pattern`, or `match` for all that it matched.
        group: Option<At<String>>,
        /// The fewest bytes of a good recovery point.
        min_bytes: Option<At<u64>>,
        /// The fewest objects of a good recovery point.
        min_items: Option<At<u64>>,
    }
}
copy! {
    /// A copy in a bucket of what an Artifactory or another bucket holds, compared by checksum.
    "an object-mirror copy" struct ObjectMirror {
        /// The system that holds it.
        r#in: At<OrUnknown<String>>,
        /// The path in the primary of which it is a copy.
        of: Option<At<String>>,
        /// Only keys that begin so.
        prefix: Option<At<Prefix>>,
        /// Compare only this share; such a copy is never called complete.
        sample: Option<At<Share>>,
    }
}
copy! {
    /// Artifacts; each is a recovery point, dated by `created`.
    "an artifacts copy" struct Artifacts {
        /// The system that holds them.
        r#in: At<OrUnknown<String>>,
        /// The repository.
        repository: At<String>,
        /// The path inside it.
        path: Option<At<String>>,
        /// Only paths that match.
        pattern: Option<At<Pattern>>,
    }
}
copy! {
    /// A copy in an Artifactory of what a bucket or another Artifactory holds, compared by checksum.
    "an artifact-mirror copy" struct ArtifactMirror {
        /// The system that holds it.
        r#in: At<OrUnknown<String>>,
        /// The repository.
        repository: At<String>,
        /// The path inside it.
        path: Option<At<String>>,
        /// The path in the primary of which it is a copy.
        of: Option<At<String>>,
        /// Compare only this share; such a copy is never called complete.
        sample: Option<At<Share>>,
    }
}
copy! {
    /// The backup configuration of a self-hosted Artifactory, or the backup plugin of a Jenkins controller.
    "a backup-config copy" struct BackupConfig {
        /// The system that has it.
        r#in: At<OrUnknown<String>>,
        /// The backup's key; of a jenkins system the plugin, `thinBackup` or `periodicbackup`.
        key: At<String>,
    }
}
copy! {
    /// The replication of an Artifactory repository.
    "a replication copy" struct Replication {
        /// The system that holds the copy: where it is pushed from says nothing of where it lies.
        r#in: At<OrUnknown<String>>,
        /// The artifactory system that replicates, where that is another one. Default: `in`.
        runs_in: Option<At<String>>,
        /// The repository.
        repository: At<String>,
    }
}
copy! {
    /// Stable builds of a backup job; each is a recovery point.
    "a build copy" struct Build {
        /// The system that holds the copy: where a job runs says nothing of where its copies lie.
        r#in: At<OrUnknown<String>>,
        /// The jenkins system that runs it, where that is another one. Default: `in`.
        runs_in: Option<At<String>>,
        /// The job, with its folders: `folder/job`.
        job: At<String>,
        /// Which of a build's artifacts hold the copy; their sizes are the recovery point's. Default: none.
        artifact: Option<At<Pattern>>,
    }
}
copy! {
    /// A time found at a URL.
    "an http copy" struct Http {
        /// The system that holds the copy.
        r#in: At<OrUnknown<String>>,
        /// Where to look.
        url: At<Url>,
        /// The response header that holds the time.
        header: Option<At<String>>,
        /// The JSON Pointer (RFC 6901) to the time in the response's body.
        pointer: Option<At<Pointer>>,
    }
}
copy! {
    /// Observations that another tool made, as evidence lines.
    "an import copy" struct Import {
        /// The system that holds the copy.
        r#in: At<OrUnknown<String>>,
        /// The file, relative to the policy.
        file: At<String>,
    }
}
copy! {
    /// What a person or a vendor says; it counts until it expires.
    "an attestation copy" struct Attestation {
        /// The system that holds the copy.
        r#in: At<OrUnknown<String>>,
        /// What was said.
        statement: At<String>,
        /// The state of the source that the copy is said to hold.
        captured_at: Option<At<Moment>>,
        /// Who said it.
        attested_by: At<String>,
        /// When.
        attested_on: At<Day>,
        /// The last day on which it counts.
        expires: At<Day>,
        /// Where it is written.
        reference: Option<At<String>>,
        /// How much history is said to be kept: a number of recovery points, or a duration.
        keeps: Option<At<Keeps>>,
    }
}
copy! {
    /// The asset travels inside another asset's copies.
    "an included copy" struct Included {
        /// The asset it travels in: an id, or `id/item`.
        of: At<String>,
    }
}
copy! {
    /// The asset can be derived from others.
    "a rebuild copy" struct Rebuild {
        /// The assets it is derived from, all of which are needed.
        from: At<OneOrMany<At<String>>>,
        /// When it was last derived; without a date it proves nothing.
        rebuilt_on: Option<At<Day>>,
        /// Where the record of that is.
        reference: Option<At<String>>,
    }
}

copy! {
    /// What all copies have, for one whose method is not known.
    "a copy" struct AnyCopy {}
}

/// Lists every method once; its reader, accessors and key table follow from the list.
macro_rules! copies {
    ($($(#[$meta:meta])* $variant:ident,)+) => {
        /// A claim that an asset can be had back from elsewhere.
        #[derive(Debug, Clone, schemars::JsonSchema)]
        #[schemars(tag = "by", rename_all = "kebab-case")]
        pub enum Copy { $($(#[$meta])* $variant($variant),)+ }

        /// Every method with its keys, for the hint of a key that stands in the wrong method.
        const COPY_KEYS: &[(Method, &[&str])] = &[$((Method::$variant, $variant::KEYS)),+];

        impl Copy {
            /// Returns how it is proven.
            pub const fn method(&self) -> Method {
                match self { $(Self::$variant(_) => Method::$variant),+ }
            }
            /// Returns its id.
            pub fn id(&self) -> &str {
                match self { $(Self::$variant(copy) => &copy.id.value.0),+ }
            }
            /// Returns where it begins in the policy file, in bytes.
            pub fn at(&self) -> std::ops::Range<usize> {
                match self { $(Self::$variant(copy) => copy.id.span.clone()),+ }
            }
            /// Returns the facets it says it holds; `None` for its method's default.
            pub fn covers(&self) -> Option<&[Facet]> {
                match self { $(Self::$variant(copy) => copy.covers.as_ref().map(|covers| covers.value.as_slice())),+ }
            }
            /// Returns the sentence under audit; `None` where none is quoted.
            pub fn claim(&self) -> Option<&At<String>> {
                match self { $(Self::$variant(copy) => copy.claim.as_ref()),+ }
            }
            /// Returns where the sentence was said; `None` where the policy does not say.
            pub fn said_in(&self) -> Option<&str> {
                match self { $(Self::$variant(copy) => copy.said_in.as_ref().map(|said| said.value.as_str())),+ }
            }
            /// Returns when the sentence was said; `None` where the policy does not say.
            pub fn said_on(&self) -> Option<Day> {
                match self { $(Self::$variant(copy) => copy.said_on.as_ref().map(|said| said.value)),+ }
            }

            fn decode_as(method: Method, node: &Node, elsewhere: impl Fn(&str) -> Option<String>, faults: &mut Faults) -> Option<Self> {
                match method {
                    $(Method::$variant => $variant::decode_with(node, &["by"], elsewhere, faults).map(Self::$variant),)+
                }
            }
        }
    };
}
copies! {
    /// A mirror of git repositories.
    GitMirror,
    /// Commits to a path.
    Commits,
    /// Runs of a workflow.
    Workflow,
    /// GitHub's own exports.
    Migrations,
    /// Release assets.
    Releases,
    /// Objects of a bucket.
    Objects,
    /// A compared copy in a bucket.
    ObjectMirror,
    /// Artifacts.
    Artifacts,
    /// A compared copy in an Artifactory.
    ArtifactMirror,
    /// The backup configuration of an Artifactory, or the backup plugin of a Jenkins controller.
    BackupConfig,
    /// The replication of an Artifactory repository.
    Replication,
    /// Stable builds of a backup job.
    Build,
    /// A time found at a URL.
    Http,
    /// Observations of another tool.
    Import,
    /// What a person or a vendor says.
    Attestation,
    /// Inside another asset's copies.
    Included,
    /// Derivable from others.
    Rebuild,
}

impl Copy {
    /// Returns the system that holds it, or `unknown`; `None` for methods that rest on other assets.
    pub fn system(&self) -> Option<&At<OrUnknown<String>>> {
        Some(match self {
            Self::GitMirror(copy) => &copy.r#in,
            Self::Commits(copy) => &copy.r#in,
            Self::Workflow(copy) => &copy.r#in,
            Self::Migrations(copy) => &copy.r#in,
            Self::Releases(copy) => &copy.r#in,
            Self::Objects(copy) => &copy.r#in,
            Self::ObjectMirror(copy) => &copy.r#in,
            Self::Artifacts(copy) => &copy.r#in,
            Self::ArtifactMirror(copy) => &copy.r#in,
            Self::BackupConfig(copy) => &copy.r#in,
            Self::Replication(copy) => &copy.r#in,
            Self::Build(copy) => &copy.r#in,
            Self::Http(copy) => &copy.r#in,
            Self::Import(copy) => &copy.r#in,
            Self::Attestation(copy) => &copy.r#in,
            Self::Included(_) | Self::Rebuild(_) => return None,
        })
    }

    /// Returns the system that is asked for it: the one that runs its job, or that holds it. `None` where
    /// the policy says `unknown`, and for methods that rest on other assets.
    pub fn asked(&self) -> Option<&str> {
        match self {
            Self::Workflow(Workflow { runs_in: Some(system), .. })
            | Self::Replication(Replication { runs_in: Some(system), .. })
            | Self::Build(Build { runs_in: Some(system), .. }) => Some(system.value.as_str()),
            _ => self.system()?.known().map(String::as_str),
        }
    }
}

impl<'n> Draft<'n, Copy> {
    /// Returns the method; `None` where it has a fault.
    pub fn method(&self) -> Option<Method> {
        self.node.get("by")?.text()?.parse().ok()
    }

    /// Returns the id as it is written, and where; `None` where it is no text.
    pub fn id(&self) -> Option<(&'n str, std::ops::Range<usize>)> {
        let id = self.node.get("id")?;
        Some((id.text()?, id.span.clone()))
    }

    /// Returns the system that holds it; `None` where that has a fault or is not there.
    pub fn place(&self) -> Option<At<OrUnknown<String>>> {
        self.read("in")
    }

    /// Returns the system that runs the job which makes the copy, or holds it; `None` where it has a
    /// fault.
    pub fn asked(&self) -> Option<At<OrUnknown<String>>> {
        match self.read::<Option<At<String>>>("runs_in") {
            Some(Some(At { value, span })) => Some(At { value: OrUnknown::Known(value), span }),
            Some(None) => self.place(),
            None => None,
        }
    }
}

impl Decode for Copy {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let known: Vec<&str> = Method::ALL.iter().map(|method| method.word()).collect();
        let Value::Map(_) = node.value else {
            return wrong_type(node, "a copy (a mapping)", faults);
        };
        let method: Option<Method> = if let Some(tag) = node.get("by") {
            word(tag, "a method", &known, faults)
        } else {
            let help = format!("say how the copy is proven, one of: {}", known.join(", "));
            faults.push(Fault::new(node.head(), "a copy has no `by`").help(help));
            None
        };
        let Some(method) = method else {
            // Which keys it may have is not known; those that every method has are read for their faults.
            let keys: Vec<&str> = COPY_KEYS.iter().flat_map(|(_, keys)| keys.iter().copied()).chain(["by"]).collect();
            AnyCopy::decode_with(node, &keys, |_| None, faults);
            return None;
        };
        let own = COPY_KEYS.iter().find(|(name, _)| *name == method).map_or(&[][..], |(_, keys)| keys);
        let elsewhere = |key: &str| {
            let owners: Vec<&str> =
                COPY_KEYS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(name, _)| name.word()).collect();
            if owners.is_empty() {
                return Some(did_you_mean(key, own));
            }
            let owners = if owners.len() > 4 { &owners[..4] } else { &owners[..] };
            Some(format!("`{key}` belongs to `by: {}`", owners.join("`, `by: ")))
        };
        Self::decode_as(method, node, elsewhere, faults)
    }
}
