//! Places: the addresses of a bucket and of what lies in it.
//!
//! On AWS the bucket stands in the host (`docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html`),
//! unless its name has dots, which no certificate covers; on other servers in the path. Finding the region
//! is left to `region`, signing to `sign`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::collect::miss::Miss;
use crate::policy::document::S3System;

/// What is written with `%` in a query: all but the unreserved characters of RFC 3986, as `SigV4` has it.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in a path, where `/` stays.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// The longest name that a region may have; it becomes part of a host name.
const LONGEST_REGION: usize = 64;

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    bucket: String,
    /// The address of a server that is not AWS; its path ends with `/`.
    endpoint: Option<Url>,
    path_style: bool,
}

impl Place {
    /// Returns where the bucket of a system is.
    ///
    /// # Errors
    ///
    /// `unreadable` where the bucket is no name of one, or the endpoint no address of a server.
    pub fn new(system: &S3System) -> Result<Self, Miss> {
        let bucket = system.bucket.value.clone();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        let is_bucket = bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            && bucket.len() <= 255
            && bucket.chars().all(is_plain)
            && !bucket.contains("..");
        // Tenants before a colon are Ceph's; on AWS it would be the name of an access point.
        if !is_bucket || bucket.contains(':') && system.endpoint.is_none() {
            return Err(Miss::unreadable("`bucket` is no name of a bucket"));
        }
        let endpoint = system.endpoint.as_ref().map(|endpoint| address(&endpoint.value.0)).transpose()?;
        let is_host = !bucket.contains(['.', '_', ':']) && !bucket.contains(|c: char| c.is_ascii_uppercase());
        let path_style = match (&endpoint, system.path_style.as_ref().map(|style| style.value)) {
            (_, Some(style)) => style,
            (Some(_), None) => true,
            (None, None) => !is_host,
        };
        let place = Self { bucket, endpoint, path_style };
        // Whether they make an address does not depend on the region.
        place.root("us-east-1")?;
        Ok(place)
    }

    /// Returns the bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns whether the region is part of the address.
    pub const fn is_aws(&self) -> bool {
        self.endpoint.is_none()
    }

    /// Returns whether keys are listed in the order of their bytes: in directory buckets they are not
    /// (`docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html`).
    pub fn is_sorted(&self) -> bool {
        !self.bucket.ends_with("--x-s3")
    }

    /// Returns the host that is asked in a region.
    pub fn host(&self, region: &str) -> Option<String> {
        self.root(region).ok()?.host_str().map(str::to_owned)
    }

    /// Returns the address of the bucket, or of an object in it, with a query.
    ///
    /// # Errors
    ///
    /// `unreadable` where the key cannot be part of an address: those with `.` or `..` between slashes.
    pub fn url(&self, region: &str, key: Option<&str>, query: &[(&str, &str)]) -> Result<Url, Miss> {
        let mut url = self.root(region)?;
        if let Some(key) = key {
            if key.split('/').any(|part| part == "." || part == "..") {
                return Err(Miss::unreadable(
                    "an object has `.` or `..` in its key and cannot be asked for by address",
                ));
            }
            let root = url.path();
            let slash = if root.ends_with('/') { "" } else { "/" };
            let path = format!("{root}{slash}{}", utf8_percent_encode(key, PATH));
            url.set_path(&path);
        }
        if !query.is_empty() {
            let mut text = String::new();
            for (name, value) in query {
                if !text.is_empty() {
                    text.push('&');
                }
                text.extend(utf8_percent_encode(name, QUERY));
                text.push('=');
                text.extend(utf8_percent_encode(value, QUERY));
            }
            url.set_query(Some(&text));
        }
        Ok(url)
    }

    /// Returns the address of the bucket itself.
    fn root(&self, region: &str) -> Result<Url, Miss> {
        let unreadable = || Miss::unreadable("`bucket` and `endpoint` make no address");
        let bucket = utf8_percent_encode(&self.bucket, QUERY);
        if let Some(endpoint) = &self.endpoint {
            let mut url = endpoint.clone();
            if self.path_style {
                let path = format!("{}{bucket}", endpoint.path());
                url.set_path(&path);
            } else {
                let host = endpoint.host_str().ok_or_else(unreadable)?;
                url.set_host(Some(&format!("{}.{host}", self.bucket))).map_err(|_| unreadable())?;
            }
            return Ok(url);
        }
        // `docs.aws.amazon.com/general/latest/gr/s3.html`
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let url = if self.path_style {
            format!("https://s3.{region}.{domain}/{bucket}")
        } else {
            format!("https://{}.s3.{region}.{domain}/", self.bucket)
        };
        let url = Url::parse(&url).map_err(|_| unreadable())?;
        let is_there = url.host_str().is_some_and(|host| host.ends_with(domain)) && url.username().is_empty();
        if is_there { Ok(url) } else { Err(unreadable()) }
    }
}

/// Returns the address of a server.
fn address(endpoint: &str) -> Result<Url, Miss> {
    let unreadable = |what: &str| Miss::unreadable(format!("`endpoint` {what}"));
    let mut url = Url::parse(endpoint).map_err(|_| unreadable("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(unreadable("is no http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(unreadable("has more than scheme, host, port and path"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Returns whether a text may be the name of a region. Servers tell it, and it becomes part of a host
/// name: nothing may stand in it that leads elsewhere.
pub fn is_region(text: &str) -> bool {
    (1..=LONGEST_REGION).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::super::samples::system;
    use super::*;

    fn url(settings: &str, key: Option<&str>, query: &[(&str, &str)]) -> String {
        Place::new(&system(settings)).unwrap().url("eu-west-1", key, query).unwrap().into()
    }

    #[test]
    fn a_bucket_stands_in_the_host_on_aws_and_in_the_path_elsewhere() {
        assert_eq!(url("bucket: b-1", None, &[]), "https://b-1.s3.eu-west-1.amazonaws.com/");
        assert_eq!(url("bucket: a.b", None, &[]), "https://s3.eu-west-1.amazonaws.com/a.b");
        assert_eq!(url("bucket: b, path_style: true", None, &[]), "https://s3.eu-west-1.amazonaws.com/b");
        let minio = "bucket: b, endpoint: 'https://minio.example.org:9000'";
        assert_eq!(url(minio, None, &[]), "https://minio.example.org:9000/b");
        assert_eq!(url(minio, Some("k/l"), &[]), "https://minio.example.org:9000/b/k/l");
        let below = "bucket: b, endpoint: 'http://example.org/s3'";
        assert_eq!(url(below, Some("k"), &[("a", "")]), "http://example.org/s3/b/k?a=");
        let hosted = "bucket: b, endpoint: 'https://s3.example.org', path_style: false";
        assert_eq!(url(hosted, Some("k"), &[]), "https://b.s3.example.org/k");
        let china = Place::new(&system("bucket: b")).unwrap();
        assert_eq!(china.host("cn-north-1").as_deref(), Some("b.s3.cn-north-1.amazonaws.com.cn"));
    }

    #[test]
    fn keys_and_queries_are_written_so_that_nothing_in_them_leads_elsewhere() {
        let key = "a b+c/%41/ä?x#y//\n&=";
        assert_eq!(
            url("bucket: b", Some(key), &[("prefix", key)]),
            "https://b.s3.eu-west-1.amazonaws.com/a%20b%2Bc/%2541/%C3%A4%3Fx%23y//%0A%26%3D?prefix=a%20b%2Bc%2F%2541%2F%C3%A4%3Fx%23y%2F%2F%0A%26%3D"
        );
        let place = Place::new(&system("bucket: b")).unwrap();
        for key in ["a/../b", "..", "./a"] {
            assert!(place.url("eu-west-1", Some(key), &[]).is_err(), "{key}");
        }
    }

    #[test]
    fn what_is_no_bucket_or_no_server_is_not_asked() {
        for wrong in [
            "bucket: 'b/c'",
            "bucket: '..'",
            "bucket: 'b@evil.example'",
            "bucket: 'arn:aws:s3:eu-west-1:1:accesspoint/x'",
            "bucket: 'a:b'",
            "bucket: b, endpoint: 'https://example.org/?x=1'",
        ] {
            assert!(Place::new(&system(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(
            url("bucket: 't:b', endpoint: 'http://ceph.example.org'", None, &[]),
            "http://ceph.example.org/t%3Ab"
        );
    }

    #[test]
    fn a_region_cannot_lead_to_another_host() {
        assert!(is_region("eu-west-1") && is_region("auto") && is_region("default"));
        for hostile in ["", "evil.example/", "x.evil.example", "a b", "EU", "x#", "-", "é"] {
            assert!(!is_region(hostile), "{hostile}");
        }
    }
}
