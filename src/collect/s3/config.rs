//! Configurations: what a bucket's own settings say.
//!
//! One reader for each of the questions that are put. Each believes only its own outermost elements: Ceph
//! answers a configuration that it does not know with a list of objects and status 200. moto, which tests
//! use, calls one of them otherwise. "Not configured" is a 404 with a code of its own. What follows for a
//! copy is left to `settings`.

use super::refusal;
use super::xml;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// It never did.
    Never,
    /// It did, and what was kept then is there still.
    Suspended,
    /// It does.
    Enabled,
}

/// Reads the answer to `?versioning`: whether replaced and deleted objects are kept as versions. Never set
/// and suspended are both no
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html`).
///
/// # Errors
///
/// Where it is refused, or not what was asked for.
pub fn versioning(answer: Answer) -> Result<bool, Miss> {
    versions(answer).map(|versions| versions == Versions::Enabled)
}

/// As `versioning`, with whether versions of earlier may be there.
///
/// # Errors
///
/// Where it is refused, or not what was asked for.
pub fn versions(answer: Answer) -> Result<Versions, Miss> {
    let answer = refusal::ok(answer)?;
    let mut status = None;
    let roots = ["VersioningConfiguration", "GetBucketVersioningResponse", "GetBucketVersioningOutput"];
    xml::elements(&answer, &roots, &mut |path, text| {
        if path == "Status" {
            status = Some(text.trim().to_owned());
        }
        Ok(())
    })?;
    match status.as_deref() {
        Some("Enabled") => Ok(Versions::Enabled),
        Some("Suspended") => Ok(Versions::Suspended),
        None => Ok(Versions::Never),
        Some(_) => Err(odd(&answer, "a status of versioning that is not known")),
    }
}

/// Reads the answer to `?object-lock`: for how many days nobody can delete what is written, whoever asks; 0
/// for not at all. Governance mode counts as not at all, because whoever has the right for it goes round it
/// (`docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html`).
///
/// # Errors
///
/// Where it is refused, or not what was asked for.
pub fn object_lock(answer: Answer) -> Result<u64, Miss> {
    if is_none(&answer, "ObjectLockConfigurationNotFoundError") {
        return Ok(0);
    }
    let answer = refusal::ok(answer)?;
    let (mut mode, mut days, mut has_rule) = (None, None, false);
    let roots = ["ObjectLockConfiguration", "GetObjectLockConfigurationOutput"];
    xml::elements(&answer, &roots, &mut |path, text| {
        match path {
            "Rule/DefaultRetention/Mode" => mode = Some(text.trim().to_owned()),
            "Rule/DefaultRetention/Days" => days = Some(text.trim().parse::<u32>().ok().map(u64::from)),
            "Rule/DefaultRetention/Years" => days = Some(text.trim().parse::<u32>().ok().map(|y| u64::from(y) * 365)),
            "Rule" => has_rule = true,
            _ => {}
        }
        Ok(())
    })?;
    match (has_rule, mode.as_deref(), days) {
        (false, None, None) | (true, Some("GOVERNANCE"), _) => Ok(0),
        (true, Some("COMPLIANCE"), Some(Some(days))) => Ok(days),
        _ => Err(odd(&answer, "an object lock that is not known")),
    }
}

/// Reads the answer to `?encryption`: whether the `ETag` of what is written is no MD5, because it is
/// encrypted by the key service
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html`).
///
/// # Errors
///
/// Where it is refused, or not what was asked for.
pub fn encryption_hides_md5(answer: Answer) -> Result<bool, Miss> {
    if is_none(&answer, "ServerSideEncryptionConfigurationNotFoundError") {
        return Ok(false);
    }
    let answer = refusal::ok(answer)?;
    let mut hides = None;
    let roots = ["ServerSideEncryptionConfiguration", "GetBucketEncryptionOutput"];
    xml::elements(&answer, &roots, &mut |path, text| {
        if path == "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm" {
            hides = Some(text.trim() != "AES256");
        }
        Ok(())
    })?;
    hides.ok_or_else(|| odd(&answer, "an encryption without an algorithm"))
}

/// What the lifecycle of a bucket does to what lies below a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifecycle {
    /// After how many days objects are deleted, or hidden where versions are kept; 0 for never.
    pub expires_days: u64,
    /// For how many days replaced and deleted versions are kept; 0 for ever.
    pub noncurrent_days: u64,
}

/// Reads the answer to `?lifecycle`
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html`). A rule counts where it
/// may touch anything below `prefix`: filters by tag and size are taken as if all had the tag and the size.
/// The shortest time counts. A rule with a date deletes everything that is there then, however new, and from
/// then on everything at once: it counts as one day. The newest versions that a rule keeps besides
/// (`NewerNoncurrentVersions`) do not count, for others go all the same.
///
/// # Errors
///
/// Where it is refused, or not what was asked for, or holds a rule that cannot be read, or one that is on, may
/// touch something below `prefix` and has an element that is not known: it may delete what others do not, as
/// `DelMarkerExpiration` and `ExpiredObjectAllVersions` of `MinIO` do
/// (`pkg.go.dev/github.com/minio/minio-go/v7/pkg/lifecycle`).
pub fn lifecycle(answer: Answer, prefix: &str) -> Result<Lifecycle, Miss> {
    if is_none(&answer, "NoSuchLifecycleConfiguration") {
        return Ok(Lifecycle::default());
    }
    let answer = refusal::ok(answer)?;
    let mut found = Lifecycle::default();
    let mut rule = Rule::default();
    let roots = ["LifecycleConfiguration", "GetBucketLifecycleConfigurationOutput"];
    xml::elements(&answer, &roots, &mut |path, text| {
        if path == "Rule" {
            return std::mem::take(&mut rule).add_to(&mut found, prefix);
        }
        rule.element(path, text)
    })?;
    Ok(found)
}

/// A rule of a lifecycle while its elements come.
#[derive(Debug, Default)]
struct Rule {
    status: String,
    /// `None` until one came.
    prefix: Option<String>,
    /// Whether an element came that is not known.
    odd: bool,
    expires: Option<u64>,
    expires_never: bool,
    noncurrent: Option<u64>,
}

impl Rule {
    fn element(&mut self, path: &str, text: &str) -> Result<(), String> {
        let number = || text.trim().parse::<u32>().map_err(|_| "with a lifecycle that cannot be read".to_owned());
        match path {
            "Rule/Status" => text.trim().clone_into(&mut self.status),
            // As it stands: white space is part of keys.
            "Rule/Prefix" | "Rule/Filter/Prefix" | "Rule/Filter/And/Prefix" => {
                // Of several, none leaves out what the others touch.
                self.prefix = Some(if self.prefix.is_some() { String::new() } else { text.to_owned() });
            }
            "Rule/Expiration/Days" => self.expires = Some(number()?.max(1).into()),
            "Rule/Expiration/Date" => self.expires = Some(1),
            "Rule/Expiration/ExpiredObjectDeleteMarker" => self.expires_never = true,
            "Rule/Expiration" if self.expires.is_none() && !self.expires_never => {
                return Err("with a lifecycle that does not say when it deletes".to_owned());
            }
            "Rule/NoncurrentVersionExpiration/NoncurrentDays" => self.noncurrent = Some(number()?.max(1).into()),
            "Rule/NoncurrentVersionExpiration" if self.noncurrent.is_none() => {
                return Err("with a lifecycle that does not say when it deletes versions".to_owned());
            }
            other => self.odd |= !is_harmless(other),
        }
        Ok(())
    }

    fn add_to(self, found: &mut Lifecycle, prefix: &str) -> Result<(), String> {
        let own = self.prefix.unwrap_or_default();
        let touches = own.starts_with(prefix) || prefix.starts_with(&own);
        match self.status.as_str() {
            "Disabled" => return Ok(()),
            "Enabled" => {}
            _ => return Err("with a lifecycle rule that is neither on nor off".to_owned()),
        }
        let shorter = |known: u64, days: Option<u64>| match days {
            Some(days) if known == 0 => days,
            Some(days) => known.min(days),
            None => known,
        };
        if touches && self.odd {
            return Err("with a lifecycle rule that has an element which is not known".to_owned());
        }
        if touches {
            found.expires_days = shorter(found.expires_days, self.expires);
            found.noncurrent_days = shorter(found.noncurrent_days, self.noncurrent);
        }
        Ok(())
    }
}

/// Returns whether an element of a lifecycle's rule is known to delete nothing of what is listed
/// (`docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html`).
fn is_harmless(path: &str) -> bool {
    let parts =
        ["Rule/Filter", "Rule/Transition", "Rule/NoncurrentVersionTransition", "Rule/AbortIncompleteMultipartUpload"];
    let within = |part: &str| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let known = [
        "Rule/ID",
        "Rule/Expiration",
        "Rule/NoncurrentVersionExpiration",
        "Rule/NoncurrentVersionExpiration/NewerNoncurrentVersions",
    ];
    known.contains(&path) || parts.into_iter().any(within) || !path.starts_with("Rule/")
}

/// Reads the answer to `?replication`: whether a rule that is on and leads to `bucket` repeats there that
/// objects are deleted; `None` where no rule leads there. A rule without `Filter` is of the first kind, which
/// repeats delete markers (`docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html`); one
/// with it does so where it says so. `DeleteReplication` is `MinIO`'s word for versions that are deleted
/// (`pkg.go.dev/github.com/minio/minio-go/v7/pkg/replication`).
///
/// # Errors
///
/// Where it is refused, or not what was asked for, or holds a rule that cannot be read.
pub fn replicates_deletes(answer: Answer, bucket: &str) -> Result<Option<bool>, Miss> {
    if is_none(&answer, "ReplicationConfigurationNotFoundError") {
        return Ok(None);
    }
    let answer = refusal::ok(answer)?;
    let mut found: Option<bool> = None;
    let mut rule = Replication::default();
    let roots = ["ReplicationConfiguration", "GetBucketReplicationOutput"];
    xml::elements(&answer, &roots, &mut |path, text| {
        match path {
            "Rule/Status" => text.trim().clone_into(&mut rule.status),
            "Rule/Destination/Bucket" => text.trim().clone_into(&mut rule.to),
            "Rule/Filter" => rule.is_second = true,
            "Rule/DeleteMarkerReplication/Status" | "Rule/DeleteReplication/Status" => match text.trim() {
                "Enabled" => rule.deletes = true,
                "Disabled" => {}
                _ => return Err("with a replication that neither repeats deletions nor does not".to_owned()),
            },
            "Rule" => found = found.max(std::mem::take(&mut rule).deletes(bucket)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

/// A rule of a replication while its elements come.
#[derive(Debug, Default)]
struct Replication {
    status: String,
    /// The ARN of the bucket that it leads to.
    to: String,
    /// Whether it is of the second kind, which has a filter.
    is_second: bool,
    deletes: bool,
}

impl Replication {
    fn deletes(self, bucket: &str) -> Result<Option<bool>, String> {
        match self.status.as_str() {
            "Disabled" => return Ok(None),
            "Enabled" => {}
            _ => return Err("with a replication rule that is neither on nor off".to_owned()),
        }
        let to = self.to.rsplit(':').next().unwrap_or_default();
        if to.is_empty() {
            return Err("with a replication rule that leads nowhere".to_owned());
        }
        Ok((to == bucket).then_some(self.deletes || !self.is_second))
    }
}

/// Returns whether an answer says that nothing is configured.
fn is_none(answer: &Answer, code: &str) -> bool {
    answer.status == http::StatusCode::NOT_FOUND && refusal::read(answer).is_some_and(|refusal| refusal.code == code)
}

fn odd(answer: &Answer, what: &str) -> Miss {
    answer.miss(UnseenReason::Unreadable, format!("{} answered with {what}", answer.request()))
}

#[cfg(test)]
mod tests {
    use super::super::samples::answer;
    use super::*;

    fn not_found(code: &str) -> Answer {
        answer(404, &format!("<Error><Code>{code}</Code><Message></Message></Error>"))
    }

    const LIST: &str = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

    #[test]
    fn versions_are_kept_only_where_that_is_on() {
        let read = |body: &str| versioning(answer(200, body));
        let status = |status: &str| {
            read(&format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"))
        };
        assert_eq!(status("Enabled"), Ok(true));
        assert_eq!(status("Suspended"), Ok(false));
        assert_eq!(read("<VersioningConfiguration xmlns='x'/>"), Ok(false));
        assert_eq!(
            read("<GetBucketVersioningResponse><Status>Enabled</Status></GetBucketVersioningResponse>"),
            Ok(true)
        );
        assert_eq!(
            versions(answer(200, "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>")),
            Ok(Versions::Suspended),
            "what was kept before is there still"
        );
        assert!(status("enabled").is_err());
        assert!(read(LIST).unwrap_err().what.contains("`ListBucketResult` instead of"));
        assert_eq!(versioning(not_found("NoSuchBucket")).unwrap_err().reason, UnseenReason::NotFound);
    }

    #[test]
    fn only_a_lock_that_nobody_can_open_is_one() {
        let lock = |rule: &str| {
            object_lock(answer(
                200,
                &format!(
                    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
                ),
            ))
        };
        let retention = |inner: &str| lock(&format!("<Rule><DefaultRetention>{inner}</DefaultRetention></Rule>"));
        assert_eq!(retention("<Mode>COMPLIANCE</Mode><Days>30</Days>"), Ok(30));
        assert_eq!(retention("<Years>2</Years><Mode>COMPLIANCE</Mode>"), Ok(730));
        assert_eq!(retention("<Mode>GOVERNANCE</Mode><Days>30</Days>"), Ok(0));
        assert_eq!(lock(""), Ok(0), "objects can be locked, and nothing locks them");
        assert_eq!(object_lock(not_found("ObjectLockConfigurationNotFoundError")), Ok(0));
        assert!(object_lock(not_found("NoSuchBucket")).is_err());
        for wrong in
            ["<Mode>COMPLIANCE</Mode>", "<Mode>COMPLIANCE</Mode><Days>x</Days>", "<Mode>NEW</Mode><Days>1</Days>", ""]
        {
            assert!(retention(wrong).is_err(), "{wrong}");
        }
        assert!(object_lock(answer(200, LIST)).is_err());
    }

    #[test]
    fn the_key_service_hides_the_md5() {
        let read = |algorithm: &str| {
            encryption_hides_md5(answer(
                200,
                &format!(
                    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
                ),
            ))
        };
        assert_eq!(read("AES256"), Ok(false));
        assert_eq!(read("aws:kms"), Ok(true));
        assert_eq!(read("aws:kms:dsse"), Ok(true));
        assert_eq!(encryption_hides_md5(not_found("ServerSideEncryptionConfigurationNotFoundError")), Ok(false));
        assert!(encryption_hides_md5(answer(200, LIST)).is_err());
        assert!(encryption_hides_md5(answer(200, "<ServerSideEncryptionConfiguration/>")).is_err());
    }

    fn rules(prefix: &str, rules: &[&str]) -> Result<(u64, u64), Miss> {
        let rules: Vec<String> =
            rules.iter().map(|rule| format!("<Rule><Status>Enabled</Status>{rule}</Rule>")).collect();
        let body = format!("<LifecycleConfiguration>{}</LifecycleConfiguration>", rules.concat());
        lifecycle(answer(200, &body), prefix).map(|found| (found.expires_days, found.noncurrent_days))
    }

    #[test]
    fn the_shortest_rule_that_may_touch_the_prefix_counts() {
        let days = |days: u64| format!("<Expiration><Days>{days}</Days></Expiration>");
        let at = |prefix: &str, more: &str| format!("<Filter><Prefix>{prefix}</Prefix></Filter>{more}");
        assert_eq!(rules("db/", &[&at("db/", &days(90)), &at("", &days(400)), &at("other/", &days(1))]), Ok((90, 0)));
        assert_eq!(rules("db/", &[&at("db/old/", &days(7))]), Ok((7, 0)), "a part of what lies below");
        assert_eq!(rules("", &[&at("x/", &days(7))]), Ok((7, 0)));
        assert_eq!(rules("db/", &[&format!("<Filter/>{}", days(3))]), Ok((3, 0)));
        assert_eq!(rules("db/", &[&format!("<Prefix>db</Prefix>{}", days(3))]), Ok((3, 0)), "as old rules have it");
        let tagged = format!(
            "<Filter><And><Prefix>db/</Prefix><Tag><Key>Prefix</Key><Value>x</Value></Tag></And></Filter>{}",
            days(5)
        );
        assert_eq!(rules("db/", &[&tagged]), Ok((5, 0)));
        assert_eq!(rules("x/", &[&tagged]), Ok((0, 0)));
        let versions = "<NoncurrentVersionExpiration><NewerNoncurrentVersions>3</NewerNoncurrentVersions><NoncurrentDays>14</NoncurrentDays></NoncurrentVersionExpiration>";
        assert_eq!(rules("x/", &[versions, &days(400)]), Ok((400, 14)));
    }

    #[test]
    fn a_date_deletes_everything_and_a_marker_nothing() {
        assert_eq!(rules("", &["<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>"]), Ok((1, 0)));
        let marker = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
        assert_eq!(
            rules(
                "",
                &[
                    marker,
                    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
                ]
            ),
            Ok((0, 0))
        );
    }

    #[test]
    fn a_rule_with_what_is_not_known_is_none_where_it_may_touch_the_prefix() {
        let all_versions =
            "<Expiration><Days>9</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>";
        let markers = "<DelMarkerExpiration><Days>9</Days></DelMarkerExpiration>";
        for odd in [
            all_versions,
            markers,
            "<Purge/>",
            "<NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays><All/></NoncurrentVersionExpiration>",
        ] {
            let miss = rules("db/", &[odd]).unwrap_err();
            assert!(miss.what.contains("not known"), "{}", miss.what);
            let elsewhere = format!("<Filter><Prefix>x/</Prefix></Filter>{odd}");
            assert_eq!(rules("db/", &[&elsewhere]), Ok((0, 0)), "{odd}");
            let off =
                format!("<LifecycleConfiguration><Rule><Status>Disabled</Status>{odd}</Rule></LifecycleConfiguration>");
            assert_eq!(lifecycle(answer(200, &off), "db/"), Ok(Lifecycle::default()), "{odd}");
        }
        let known = "<ID>i</ID><Filter><And><Prefix>db/</Prefix><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition><NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionTransition><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
        assert_eq!(rules("db/", &[known]), Ok((0, 0)));
        let two = "<Prefix>x/</Prefix><Filter><Prefix>y/</Prefix></Filter><Expiration><Days>3</Days></Expiration>";
        assert_eq!(rules("db/", &[two]), Ok((3, 0)), "which of two counts is not known");
    }

    #[test]
    fn a_replication_repeats_deletions_where_it_says_so_or_is_of_the_first_kind() {
        let read = |rules: &str| {
            let body = format!("<ReplicationConfiguration><Role>r</Role>{rules}</ReplicationConfiguration>");
            replicates_deletes(answer(200, &body), "copy")
        };
        let rule = |status: &str, to: &str, more: &str| {
            format!(
                "<Rule><Status>{status}</Status><Destination><Bucket>arn:aws:s3:::{to}</Bucket></Destination>{more}</Rule>"
            )
        };
        let markers = |status: &str| {
            format!(
                "<Filter><Prefix/></Filter><DeleteMarkerReplication><Status>{status}</Status></DeleteMarkerReplication>"
            )
        };
        assert_eq!(read(""), Ok(None), "as Ceph answers where there is none");
        assert_eq!(replicates_deletes(not_found("ReplicationConfigurationNotFoundError"), "copy"), Ok(None));
        assert_eq!(read(&rule("Enabled", "copy", &markers("Enabled"))), Ok(Some(true)));
        assert_eq!(read(&rule("Enabled", "copy", &markers("Disabled"))), Ok(Some(false)));
        assert_eq!(read(&rule("Enabled", "copy", "<Filter/>")), Ok(Some(false)));
        assert_eq!(read(&rule("Enabled", "copy", "<Prefix>db/</Prefix>")), Ok(Some(true)), "the first kind");
        assert_eq!(read(&rule("Enabled", "copy-2", &markers("Enabled"))), Ok(None), "it leads elsewhere");
        assert_eq!(read(&rule("Disabled", "copy", &markers("Enabled"))), Ok(None));
        let both = [rule("Enabled", "copy", &markers("Enabled")), rule("Enabled", "copy", &markers("Disabled"))];
        assert_eq!(read(&both.concat()), Ok(Some(true)), "one of them does");
        let versions = "<Filter/><DeleteReplication><Status>Enabled</Status></DeleteReplication>";
        assert_eq!(read(&rule("Enabled", "copy", versions)), Ok(Some(true)));
        for wrong in [
            rule("on", "copy", ""),
            rule("Enabled", "copy", &markers("x")),
            "<Rule><Status>Enabled</Status></Rule>".to_owned(),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
        assert!(replicates_deletes(answer(200, LIST), "copy").is_err());
        assert!(replicates_deletes(not_found("NoSuchBucket"), "copy").is_err());
    }

    #[test]
    fn no_rule_is_an_answer_and_a_rule_nobody_can_read_is_none() {
        assert_eq!(lifecycle(not_found("NoSuchLifecycleConfiguration"), "").unwrap(), Lifecycle::default());
        let off = "<LifecycleConfiguration><Rule><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
        assert_eq!(lifecycle(answer(200, off), "").unwrap(), Lifecycle::default());
        for wrong in ["<Expiration/>", "<Expiration><Days>soon</Days></Expiration>", "<NoncurrentVersionExpiration/>"] {
            assert!(rules("", &[wrong]).is_err(), "{wrong}");
        }
        assert!(lifecycle(answer(200, "<LifecycleConfiguration><Rule/></LifecycleConfiguration>"), "").is_err());
        assert!(lifecycle(answer(200, LIST), "").is_err());
        assert_eq!(lifecycle(not_found("AccessDenied"), "").unwrap_err().reason, UnseenReason::NotAuthorized);
    }
}
