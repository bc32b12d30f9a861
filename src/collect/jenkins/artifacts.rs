//! Artifacts: which of the files that a build kept hold the copy, and how large they are.
//!
//! Jenkins tells the names of all, and the size of each to whoever asks for its head. What the sizes mean
//! is left to the judge.

use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::CONTENT_LENGTH;

use super::builds::Build;
use super::{Jenkins, refusal};
use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::{Count, UnseenReason};
use crate::policy::values::Pattern;

/// Of how many builds sizes are asked for: the newest, and the five that it is compared with.
pub const SIZED: usize = 6;

/// How many files of one build are asked for their size.
const MOST_HEADS: usize = 20;

/// What a build kept of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// How many files; `None` where that is not known.
    pub items: Option<Count>,
    /// How large they are together; `None` where that is not known.
    pub bytes: Option<Count>,
}

/// Returns which files of a build hold the copy; `None` where its files are not known.
pub fn matching<'b>(build: &'b Build, pattern: &Pattern) -> Option<Vec<&'b str>> {
    let files = build.files.as_ref()?;
    Some(files.iter().map(|file| &**file).filter(|file| pattern.0.is_match(file)).collect())
}

/// Reads the size of a file from the head of its answer.
///
/// # Errors
///
/// `unreadable` where it tells none.
pub fn size(answer: &Answer) -> Result<u64, Miss> {
    let told = answer.header(CONTENT_LENGTH.as_str()).and_then(|length| length.trim().parse().ok());
    told.ok_or_else(|| answer.miss(UnseenReason::Unreadable, format!("{} answered without a size", answer.request())))
}

impl Jenkins {
    /// Returns what a build kept of the copy, with its size where `sized`; and why the size is not known.
    pub(super) async fn kept(
        &self,
        names: &[&str],
        build: &Build,
        pattern: &Pattern,
        sized: bool,
    ) -> (Kept, Option<Miss>) {
        let Some(files) = matching(build, pattern) else { return (Kept::default(), None) };
        let items = Count::new(files.len() as u64);
        if files.is_empty() || !sized || files.len() > MOST_HEADS {
            return (Kept { items, bytes: None }, None);
        }
        let heads = files.into_iter().map(|file| async move {
            let answer = self.head(self.base.artifact(names, build.number, file)?).await?;
            // Some controllers keep files elsewhere and lead there. It is not asked, and tells no size.
            if answer.status.is_redirection() {
                return Ok(None);
            }
            size(&refusal::ok(answer)?).map(Some)
        });
        let mut heads = std::pin::pin!(stream::iter(heads).buffered(super::AT_ONCE));
        let mut sum = 0_u64;
        while let Some(size) = heads.next().await {
            match size {
                Ok(Some(size)) => sum = sum.saturating_add(size),
                Ok(None) => return (Kept { items, bytes: None }, None),
                Err(miss) => return (Kept { items, bytes: None }, Some(miss)),
            }
        }
        (Kept { items, bytes: Count::new(sum) }, None)
    }
}
