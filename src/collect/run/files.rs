//! Copies of files: what is asked of a bucket or an Artifactory that is said to hold one, and of the original.
//!
//! Where both lie is left to `original`, comparing to `compare`, listing to the collectors.

use std::sync::Arc;

use super::Run;
use crate::collect::artifactory::replication::Route;
use crate::collect::compare::{self, Side};
use crate::collect::miss::Miss;
use crate::collect::original::Place;
use crate::collect::plan::{Job, fill};
use crate::collect::told::Told;
use crate::evidence::{Fact, Question, Settings, Source};
use crate::model::UnseenReason;
use crate::policy::System;
use crate::policy::decode::At;
use crate::policy::document::Replication;
use crate::policy::values::Share;

/// Returns where the files of a copy lie.
fn place(job: &Job<'_>) -> Result<Place, Miss> {
    let place = Place::of_copy(job.system, job.copy, job.item.as_deref());
    place.ok_or_else(|| Miss::unreadable("it is no copy of files"))
}

impl<'p> Run<'p> {
    /// Says where a copy would be the original itself. Of all that a bucket holds, a pattern may choose what is
    /// no original.
    pub(super) fn apart(&self, job: &Job<'p>, is_chosen: bool) -> Result<(), Miss> {
        let Ok(own) = Place::of(self.policy, job.asset, job.item.as_deref(), None) else { return Ok(()) };
        let is_all = matches!(&own, Place::S3 { prefix, .. } if prefix.is_empty());
        if own.overlaps(&place(job)?, self.policy) && !(is_all && is_chosen) {
            return Err(Miss::unreadable("the original is no copy of itself"));
        }
        Ok(())
    }

    /// Looks at the replication of an asset's own repository, from where it lives to where the copy is said to
    /// lie: pushed by the one, or fetched by the other.
    pub(super) async fn replication(&self, job: &Job<'p>, replication: &Replication) -> Result<Vec<Told>, Miss> {
        let item = job.item.as_deref();
        let artifactory = self.systems.artifactory(job.system)?;
        let Place::Artifactory { system: lives_in, repository: own, .. } =
            Place::of(self.policy, job.asset, item, None)?
        else {
            let what = format!("the asset lives in no Artifactory, so `{}` replicates nothing of it", job.system);
            return Err(Miss::unreadable(what));
        };
        let address = |system: &str| match self.policy.system(system) {
            Some(System::Artifactory(artifactory)) => Ok(artifactory.url.0.as_str()),
            _ => Err(Miss::unreadable(format!(
                "`{system}` is no artifactory system, so whether a replication leads there is not known"
            ))),
        };
        let copy_in = replication.r#in.known().map_or("unknown", String::as_str);
        let route = if copy_in == job.system {
            // Whoever holds the copy tells of what it fetches, and not of what it sends on.
            Route::From { address: address(&lives_in)?, repository: &own }
        } else {
            let repository = fill(&replication.repository, item);
            if lives_in != job.system || own != repository {
                let what = format!("the replication of `{}/{repository}` is none of `{lives_in}/{own}`", job.system);
                return Err(Miss::unreadable(what));
            }
            Route::To(address(copy_in)?)
        };
        artifactory.replication(replication, item, route).await
    }

    /// Compares files with those that they are copies of, and reads the settings of their place.
    pub(super) async fn files(
        &self,
        job: &Job<'p>,
        of: Option<&String>,
        sample: Option<&At<Share>>,
    ) -> Result<Vec<Told>, Miss> {
        let place = place(job)?;
        let original = Place::of(self.policy, job.asset, job.item.as_deref(), of.map(String::as_str))?;
        if original.overlaps(&place, self.policy) {
            return Err(Miss::unreadable("the original compared with itself is no copy"));
        }
        let sides = (self.side(&original)?, self.side(&place)?);
        let Ok(_turn) = self.comparing.acquire().await else {
            return Err(Miss::unreadable("nothing is compared any more"));
        };
        let ways = compare::Ways { sampled_ppm: sample.map(|sample| sample.0), large: &self.comparing_large };
        let compared = compare::files(sides.0, sides.1, ways, &self.around.clock).await?;
        let is_empty = compared.comparison.total() == 0 && compared.lacks.is_empty();
        let nothing = is_empty.then(|| {
            let places = format!("of the original {} and the copy {}", original.shown(), place.shown());
            Miss::new(UnseenReason::NotFound, format!("nothing lies in the original, {places}"))
        });
        let at = compared.observed_at;
        let mut all: Vec<Told> = compared
            .lacks
            .into_iter()
            .chain(nothing)
            .map(|miss| Told::unseen(miss.from(&compared.source), Question::Comparison, at))
            .collect();
        let fact = Fact::Comparison(Box::new(compared.comparison));
        all.push(Told { fact, observed_at: at, source: compared.source });
        all.extend(match &place {
            Place::S3 { system, prefix } => self.systems.bucket(system)?.settings(prefix).await,
            Place::Artifactory { system, repository, .. } => {
                self.systems.artifactory(system)?.settings(repository).await
            }
        });
        all.extend(self.replicated(&original, &place).await);
        Ok(all)
    }

    /// Says whether one bucket repeats its deletions in the other, as its replication tells.
    async fn replicated(&self, original: &Place, copy: &Place) -> Option<Told> {
        let (Place::S3 { system: from, .. }, Place::S3 { system: to, .. }) = (original, copy) else { return None };
        let Some(System::S3(to)) = self.policy.system(to) else { return None };
        let observed_at = self.around.clock.now();
        match self.systems.bucket(from).ok()?.replicates_deletes(&to.bucket).await {
            Ok(repeats) => {
                let fact = Fact::Settings(Settings { sync_deletes: Some(repeats?), ..Settings::default() });
                Some(Told { fact, observed_at, source: Source::default() })
            }
            Err(miss) => {
                let what = format!("whether deletions are replicated to the copy: {}", miss.what);
                Some(Told::unseen(Miss { what, ..miss }, Question::Settings, observed_at))
            }
        }
    }

    /// Returns a place as a side of a comparison.
    fn side(&self, place: &Place) -> Result<Arc<dyn Side>, Miss> {
        Ok(Arc::from(match place {
            Place::S3 { system, prefix } => self.systems.bucket(system)?.side(prefix),
            Place::Artifactory { system, repository, path } => self.systems.artifactory(system)?.side(repository, path),
        }))
    }
}
