//! One place of an Artifactory as a side of a comparison.
//!
//! Reading pages is left to `walk`, comparing to `compare`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::Artifactory;
use super::repositories::is_key;
use crate::collect::compare::{Kind, Listed, Row, Side, Sums};
use crate::collect::miss::Miss;

/// What lies below a folder of a repository.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) artifactory: Arc<Artifactory>,
    pub(super) repository: String,
    /// Without slashes at its ends; empty for all of the repository.
    pub(super) folder: String,
}

impl Side for Place {
    fn name(&self) -> String {
        let base = self.artifactory.base.shown();
        if self.folder.is_empty() {
            format!("{base}/{}", self.repository)
        } else {
            format!("{base}/{}/{}", self.repository, self.folder)
        }
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Sha256, Kind::Sha1, Kind::Md5]
    }

    fn list(&self, out: mpsc::Sender<Vec<Row>>) -> BoxFuture<'_, Result<Listed, Miss>> {
        Box::pin(async move { self.send(out).await.map_err(|miss| self.artifactory.door.scrubbed(miss)) })
    }

    fn server(&self) -> Option<(Box<str>, String)> {
        let session = self.artifactory.session.opened()?;
        let slash = if self.folder.is_empty() { "" } else { "/" };
        Some((session.instance.clone()?, format!("{}/{}{slash}", self.repository, self.folder)))
    }

    /// The list tells all that there is to know.
    fn closer<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Sums, Miss>> {
        Box::pin(async { Ok(Sums::default()) })
    }
}

impl Place {
    async fn send(&self, out: mpsc::Sender<Vec<Row>>) -> Result<Listed, Miss> {
        if !is_key(&self.repository) {
            return Err(Miss::unreadable(format!("`{}` is no key of a repository", self.repository)));
        }
        let mut walk = self.artifactory.walk(&self.repository, &self.folder);
        while let Some(files) = walk.next().await? {
            let rows: Vec<Row> = files.iter().filter_map(|file| file.row(&self.folder)).collect();
            if !rows.is_empty() && out.send(rows).await.is_err() {
                walk.left("nobody takes it any more");
            }
        }
        let ended = walk.ended()?;
        Ok(Listed { began: ended.began, lacks: ended.lacks, source: ended.source })
    }
}
