//! Where files lie: originals, and copies of them in a bucket or an Artifactory.
//!
//! Pure, from the policy alone. Listing what lies there is left to `files`.

use super::miss::Miss;
use super::plan::fill;
use crate::policy::{Asset, Copy, Location, Policy, System};

/// Where files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In an Artifactory: the system's id, the repository, the path below it, empty for all of it.
    Artifactory { system: String, repository: String, path: String },
    /// In a bucket: the system's id, and how keys begin.
    S3 { system: String, prefix: String },
}

impl Place {
    /// Returns where the original of an asset lies: what the asset names of its system, and of that what
    /// the copy says it is a copy `of`. `of` may repeat what the asset names.
    ///
    /// # Errors
    ///
    /// Where the policy does not say enough, or the system holds no files.
    pub(super) fn of(policy: &Policy, asset: &Asset, item: Option<&str>, of: Option<&str>) -> Result<Self, Miss> {
        let system = asset.lives_in.value.clone();
        let path = asset.path.as_deref().map(|path| fill(path, item));
        let of = of.map(|of| fill(of, item));
        let own = parts(&[item, path.as_deref()]);
        let of = parts(&[of.as_deref()]);
        let whole = if of.starts_with(&own) { of } else { [own, of].concat() };
        match policy.system(&system) {
            Some(System::Artifactory(_)) => {
                let [repository, path @ ..] = &whole[..] else {
                    let what =
                        format!("`{}` names no repository of `{system}`; give it a `name` or an `of`", asset.id.0);
                    return Err(Miss::unreadable(what));
                };
                Ok(Self::Artifactory { system, repository: (*repository).to_owned(), path: path.join("/") })
            }
            Some(System::S3(_)) => {
                let folder = whole.iter().map(|part| format!("{part}/"));
                Ok(Self::S3 { system, prefix: folder.collect() })
            }
            Some(System::Github(_) | System::Jenkins(_) | System::Git(_) | System::External(_)) | None => {
                let what = format!("the original lives in `{system}`, which shows no files to compare with");
                Err(Miss::unreadable(what))
            }
        }
    }

    /// Returns where the files of a copy lie in `system`; `None` for copies that are none of files.
    pub(super) fn of_copy(system: &str, copy: &Copy, item: Option<&str>) -> Option<Self> {
        let filled = |text: Option<&str>| text.map(|text| fill(text, item)).unwrap_or_default();
        let bucket = |prefix| Self::S3 { system: system.to_owned(), prefix };
        let artifactory = |repository: &str, path: Option<&str>| Self::Artifactory {
            system: system.to_owned(),
            repository: fill(repository, item),
            path: filled(path),
        };
        match copy {
            Copy::Objects(objects) => Some(bucket(filled(objects.prefix.as_ref().map(|prefix| prefix.0.as_str())))),
            Copy::ObjectMirror(mirror) => {
                let prefix = filled(mirror.prefix.as_ref().map(|prefix| prefix.0.as_str()));
                // A mirror is a folder: `libs` is not how `libs2/` begins.
                let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
                Some(bucket(prefix + slash))
            }
            Copy::Artifacts(artifacts) => {
                Some(artifactory(&artifacts.repository, artifacts.path.as_ref().map(|path| path.value.as_str())))
            }
            Copy::ArtifactMirror(mirror) => {
                Some(artifactory(&mirror.repository, mirror.path.as_ref().map(|path| path.value.as_str())))
            }
            _ => None,
        }
    }

    /// Returns whether one of two places lies inside the other, by whatever systems they are reached.
    pub(super) fn overlaps(&self, other: &Self, policy: &Policy) -> bool {
        let (one, other) = (self.located(policy), other.located(policy));
        one.zip(other).is_some_and(|((one, path), (other, other_path))| {
            one == other && (path.starts_with(&other_path) || other_path.starts_with(&path))
        })
    }

    /// Returns the name for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Artifactory { system, repository, path } if path.is_empty() => format!("`{system}/{repository}`"),
            Self::Artifactory { system, repository, path } => format!("`{system}/{repository}/{path}`"),
            Self::S3 { system, prefix } => format!("`{system}/{prefix}`"),
        }
    }

    /// Returns where its system is, and the path there; `None` for a system that is not known.
    fn located(&self, policy: &Policy) -> Option<(Location, String)> {
        match self {
            Self::Artifactory { system, repository, path } => {
                let Some(System::Artifactory(artifactory)) = policy.system(system) else { return None };
                let path = parts(&[Some(repository), Some(path)]);
                Some((Location::of_artifactory(&artifactory.url.0), path.join("/") + "/"))
            }
            Self::S3 { system, prefix } => {
                let Some(System::S3(s3)) = policy.system(system) else { return None };
                let endpoint = s3.endpoint.as_ref().map(|url| url.0.as_str());
                Some((Location::of_bucket(endpoint, &s3.bucket), prefix.clone()))
            }
        }
    }
}

/// Returns the parts of paths one after the other, without empty ones.
fn parts<'a>(paths: &[Option<&'a str>]) -> Vec<&'a str> {
    paths.iter().flatten().flat_map(|path| path.split('/')).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(asset: &str, item: Option<&str>, of: Option<&str>) -> Result<Place, Miss> {
        let text = format!(
            "version: 1\ntitle: t\nsystems:\n  arts: {{ kind: artifactory, url: \"https://a.example/artifactory\" }}\n  \
             store: {{ kind: s3, bucket: b }}\n  hub: {{ kind: github, org: o }}\n\
             objectives: {{ o: {{ rpo: 1d }} }}\nassets: [{{ id: a, objective: o, copies: [], {asset} }}]\n"
        );
        let policy = Policy::parse("test", text.as_bytes()).unwrap();
        Place::of(&policy, &policy.document().assets[0], item, of)
    }

    fn artifacts(repository: &str, path: &str) -> Place {
        Place::Artifactory { system: "arts".to_owned(), repository: repository.to_owned(), path: path.to_owned() }
    }

    fn objects(prefix: &str) -> Place {
        Place::S3 { system: "store".to_owned(), prefix: prefix.to_owned() }
    }

    #[test]
    fn the_original_is_what_the_asset_names_and_of_that_what_the_copy_is_of() {
        assert_eq!(place("lives_in: arts", None, Some("libs/org/zowe")).unwrap(), artifacts("libs", "org/zowe"));
        assert_eq!(place("lives_in: arts", Some("libs"), None).unwrap(), artifacts("libs", ""));
        assert_eq!(
            place("lives_in: arts, path: org", Some("libs"), Some("zowe/")).unwrap(),
            artifacts("libs", "org/zowe")
        );
        assert_eq!(place("lives_in: arts, path: /libs/org/", None, None).unwrap(), artifacts("libs", "org"));
        assert_eq!(place("lives_in: store", None, None).unwrap(), objects(""));
        assert_eq!(place("lives_in: store, path: releases", None, Some("v2")).unwrap(), objects("releases/v2/"));
    }

    #[test]
    fn what_the_asset_names_may_be_repeated() {
        let named = place("lives_in: arts, path: org", Some("libs"), Some("libs/org/zowe"));
        assert_eq!(named.unwrap(), artifacts("libs", "org/zowe"));
        assert_eq!(place("lives_in: arts", Some("libs"), Some("libs2")).unwrap(), artifacts("libs", "libs2"));
    }

    #[test]
    fn an_original_that_is_not_named_or_shows_no_files_is_not_guessed() {
        assert!(place("lives_in: arts", None, None).unwrap_err().what.contains("names no repository"));
        assert!(place("lives_in: hub", Some("r"), None).unwrap_err().what.contains("shows no files"));
    }

    #[test]
    fn places_inside_one_another_overlap_by_whatever_name_they_are_reached() {
        let text = "version: 1\ntitle: t\nsystems:\n  arts: { kind: artifactory, url: \"https://a.example/artifactory\" }\n  \
             arts-too: { kind: artifactory, url: \"https://A.example.:443/\" }\n  store: { kind: s3, bucket: b }\n  \
             store-too: { kind: s3, bucket: b, endpoint: \"https://s3.eu-west-1.amazonaws.com\" }\n  \
             other: { kind: s3, bucket: b, endpoint: \"https://minio.example\" }\n\
             objectives: { o: { rpo: 1d } }\nassets: [{ id: a, objective: o, copies: [], lives_in: store }]\n";
        let policy = Policy::parse("test", text.as_bytes()).unwrap();
        let overlap = |one: &Place, other: &Place| one.overlaps(other, &policy) && other.overlaps(one, &policy);
        let of = |system: &str, path: &str| Place::Artifactory {
            system: system.to_owned(),
            repository: "libs".to_owned(),
            path: path.to_owned(),
        };
        assert!(overlap(&of("arts", "org"), &of("arts-too", "org/zowe")));
        assert!(!overlap(&of("arts", "org"), &of("arts", "org2")));
        assert!(!overlap(&artifacts("libs", ""), &artifacts("libs2", "")));
        let at = |system: &str, prefix: &str| Place::S3 { system: system.to_owned(), prefix: prefix.to_owned() };
        assert!(overlap(&at("store", ""), &at("store-too", "a/")));
        assert!(!overlap(&at("store", "b/"), &at("store", "a/")));
        assert!(!overlap(&at("store", "a/"), &at("other", "a/")));
    }

    #[test]
    fn the_name_of_an_item_is_filled_in() {
        let named = place("lives_in: arts, path: \"{name}-old\"", Some("libs"), None);
        assert_eq!(named.unwrap(), artifacts("libs", "libs-old"));
        assert_eq!(place("lives_in: arts, name: libs", Some("libs"), Some("{name}")).unwrap(), artifacts("libs", ""));
    }
}
