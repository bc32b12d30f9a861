//! Originals of files: where that lies of which a copy in a bucket or an Artifactory is a copy.
//!
//! Pure, from the policy alone. Listing what lies there is left to `run`.

use super::miss::Miss;
use crate::policy::{Asset, Policy, System};

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
        let own = parts(&[item, asset.path.as_deref().map(String::as_str)]);
        let of = parts(&[of]);
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

    /// Returns whether one of two places lies inside the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Artifactory { system, repository, path },
                Self::Artifactory { system: other_system, repository: other_repository, path: other_path },
            ) => {
                let (one, other) = (parts(&[Some(path)]), parts(&[Some(other_path)]));
                system == other_system
                    && repository == other_repository
                    && (one.starts_with(&other) || other.starts_with(&one))
            }
            (Self::S3 { system, prefix }, Self::S3 { system: other_system, prefix: other }) => {
                system == other_system && (prefix.starts_with(other) || other.starts_with(prefix))
            }
            _ => false,
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
    fn places_inside_one_another_overlap() {
        assert!(artifacts("libs", "org").overlaps(&artifacts("libs", "org/zowe")));
        assert!(!artifacts("libs", "org").overlaps(&artifacts("libs", "org2")));
        assert!(!artifacts("libs", "").overlaps(&artifacts("libs2", "")));
        assert!(objects("").overlaps(&objects("a/")));
        assert!(!objects("b/").overlaps(&objects("a/")));
    }
}
