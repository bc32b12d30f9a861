//! Walks: lists of many pages, read to their end or to where they stop making sense.
//!
//! What stands on a page is left to whoever walks.

use std::collections::BTreeSet;

use super::Github;
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::{Fact, Source};
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// How a walk went.
#[derive(Debug)]
pub(super) struct Walk {
    /// When the first page was asked for, UTC: the list was so then or later.
    pub(super) began: Instant,
    /// When the last page was asked for, UTC.
    pub(super) ended: Instant,
    /// The first page's provenance.
    pub(super) source: Source,
    /// Why the list is not whole; `None` where it was read to its end.
    pub(super) cut: Option<Miss>,
}

impl Walk {
    /// Returns whether the list was read to its end.
    pub(super) const fn is_whole(&self) -> bool {
        self.cut.is_none()
    }

    /// Returns a fact that the list told.
    pub(super) fn told(&self, fact: Fact) -> Told {
        Told { fact, observed_at: self.began, source: self.source.clone() }
    }
}

impl Github {
    /// Reads the first page and those that follow it, at most `most`. `read` takes each page and returns
    /// how much on it was new: a page of nothing new ends the walk, for such lists never end.
    ///
    /// # Errors
    ///
    /// Where the first page cannot be read. A later one ends the walk, which then says why.
    pub(super) async fn walk(
        &self,
        first: Answer,
        most: usize,
        mut read: impl FnMut(&Answer) -> Result<usize, Miss> + Send,
    ) -> Result<Walk, Miss> {
        read(&first)?;
        let mut walk = Walk { began: first.asked_at, ended: first.asked_at, source: first.source.clone(), cut: None };
        let mut visited = BTreeSet::new();
        let mut page = first;
        for _ in 1..=most {
            let next = match page.next_page() {
                Ok(None) => return Ok(walk),
                Ok(Some(url)) => self.base.below(&url).ok_or_else(|| {
                    page.miss(UnseenReason::Unreadable, format!("{}: its next page is not in the API", page.request()))
                }),
                Err(miss) => Err(miss),
            };
            let truncated = |why: &str| page.miss(UnseenReason::Truncated, format!("{}: {why}", page.request()));
            let next = match next {
                Ok(next) if visited.insert(next.clone()) => next,
                Ok(_) => {
                    walk.cut = Some(truncated("its pages lead in a circle"));
                    return Ok(walk);
                }
                Err(miss) => {
                    walk.cut = Some(miss);
                    return Ok(walk);
                }
            };
            if visited.len() >= most {
                walk.cut = Some(truncated(&format!("more than the {most} pages that are read")));
                return Ok(walk);
            }
            let read = self.get(&next).await.and_then(|answer| Ok((read(&answer)?, answer)));
            match read {
                Ok((0, answer)) if !matches!(answer.next_page(), Ok(None)) => {
                    let what = format!("{}: a page of nothing new that is not the last", answer.request());
                    walk.cut = Some(answer.miss(UnseenReason::Truncated, what));
                    return Ok(walk);
                }
                Ok((_, answer)) => {
                    walk.ended = answer.asked_at;
                    page = answer;
                }
                Err(miss) => {
                    walk.cut = Some(self.scrubbed(miss));
                    return Ok(walk);
                }
            }
        }
        Ok(walk)
    }
}

#[cfg(test)]
mod tests {
    use crate::collect::github::fake::{Fake, system};
    use crate::model::UnseenReason;

    /// Walks a list whose page N links to what `next` says.
    async fn walked(next: impl Fn(u64) -> Option<String> + Send + Sync + 'static) -> (usize, Option<UnseenReason>) {
        let fake = Fake::start(move |asked| {
            let number: u64 = asked.path.rsplit('=').next().unwrap().parse().unwrap();
            let link = next(number).map(|target| ("link", format!("<{target}>; rel=\"next\""))).into_iter().collect();
            (200, link, format!("[{number}]"))
        })
        .await;
        let github = fake.github(&system(""));
        let mut seen = std::collections::BTreeSet::new();
        let first = github.get("/x?page=1").await.unwrap();
        let walk = github.walk(first, 5, |answer| Ok(usize::from(seen.insert(answer.body.clone())))).await.unwrap();
        (seen.len(), walk.cut.map(|miss| miss.reason))
    }

    #[tokio::test]
    async fn pages_are_read_to_the_end_and_no_further() {
        assert_eq!(walked(|_| None).await, (1, None));
        let three = |page| (page < 3).then(|| format!("/api/v3/organizations/7/x?page={}", page + 1));
        assert_eq!(walked(three).await, (3, None));
        let five = |page| (page < 5).then(|| format!("/api/v3/x?page={}", page + 1));
        assert_eq!(walked(five).await, (5, None), "as many as are read");
    }

    #[tokio::test]
    async fn lists_without_an_end_are_cut_short_and_say_so() {
        let endless = |page: u64| Some(format!("/api/v3/x?page={}", page + 1));
        assert_eq!(walked(endless).await, (5, Some(UnseenReason::Truncated)));
        assert_eq!(walked(|_| Some("/api/v3/x?page=1".to_owned())).await, (1, Some(UnseenReason::Truncated)));
        assert_eq!(walked(|_| Some("https://evil.example/x".to_owned())).await, (1, Some(UnseenReason::Unreadable)));
        assert_eq!(walked(|_| Some("/login?page=2".to_owned())).await, (1, Some(UnseenReason::Unreadable)));
    }
}
