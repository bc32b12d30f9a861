//! What a bucket is set to: each subresource as AWS answers it, and as the others do.
//!
//! Who may ask is left to `mod`, listings to `listing`.

use axum::response::Response;

use super::truth::{Bucket, Personality, Versioning};
use super::xml::{Refusal, document, element};

/// Returns the answer of a subresource; `None` where the server does not know it.
pub fn answer(name: &str, bucket: &Bucket, personality: Personality) -> Option<Result<Response, Refusal>> {
    let not_found = |code: &'static str, message: &str| {
        Err(Refusal::new(404, code, message).with("BucketName", bucket.name.as_str()))
    };
    let found = |root: &str, moto: &str, inside: &str| {
        Ok(document(if personality == Personality::Moto { moto } else { root }, inside))
    };
    let ceph = personality == Personality::Ceph;
    Some(match name {
        "versioning" => {
            let inside = match bucket.versioning {
                None => "",
                Some(Versioning::Enabled) if ceph => "<Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>",
                Some(Versioning::Enabled) => "<Status>Enabled</Status>",
                Some(Versioning::Suspended) => "<Status>Suspended</Status>",
            };
            found("VersioningConfiguration", "GetBucketVersioningResponse", inside)
        }
        "location" => {
            let region = if ceph {
                "default"
            } else if bucket.region == "us-east-1" {
                ""
            } else {
                &bucket.region
            };
            Ok(document("LocationConstraint", region))
        }
        "object-lock" => match &bucket.lock {
            None => not_found(
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket",
            ),
            Some(lock) => {
                let days = lock.days.map(|days| element("Days", &days.to_string()));
                let years = lock.years.map(|years| element("Years", &years.to_string()));
                let rule = lock.mode.as_ref().map(|mode| {
                    let length = days.or(years).unwrap_or_default();
                    format!("<Rule><DefaultRetention>{}{length}</DefaultRetention></Rule>", element("Mode", mode))
                });
                let inside = format!("<ObjectLockEnabled>Enabled</ObjectLockEnabled>{}", rule.unwrap_or_default());
                found("ObjectLockConfiguration", "ObjectLockConfiguration", &inside)
            }
        },
        "lifecycle" => match &bucket.lifecycle {
            None => not_found("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
            Some(rules) => found("LifecycleConfiguration", "LifecycleConfiguration", rules),
        },
        "replication" => match &bucket.replication {
            None if ceph => Ok(document("ReplicationConfiguration", "")),
            None => not_found("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
            Some(rules) => found("ReplicationConfiguration", "ReplicationConfiguration", rules),
        },
        // Ceph of version 16 does not know it, and lists the bucket.
        "encryption" if !ceph => {
            let algorithm = bucket.encryption.as_deref().unwrap_or("AES256");
            let inside = format!(
                "<Rule><ApplyServerSideEncryptionByDefault>{}</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>",
                element("SSEAlgorithm", algorithm),
            );
            found("ServerSideEncryptionConfiguration", "ServerSideEncryptionConfiguration", &inside)
        }
        _ => return None,
    })
}
