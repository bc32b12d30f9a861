//! Walks: all files below a folder of a repository, page by page, and whether these are all.
//!
//! Pages follow each other by the place of the last row and not by its number: numbers shift when files come
//! and go, and servers stop counting at 500,000. Each page begins with the last row of the page before it,
//! which shows that both are in one order. A page that is not full is no end: a server counts the rows
//! that whoever looks may not see, and leaves them out afterwards. So after the last page two more questions
//! are put: what follows the rows that were shown, which are some if one before them was left out, and
//! what the very last row is, which is none if that one was left out.
//!
//! What is done with the files is left to whoever walks.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::Artifactory;
use super::aql::{self, Page, Query};
use super::client::refused;
use super::rows::{File, Place};
use crate::collect::http::{Answer, Ask, ReadOnly};
use crate::collect::miss::Miss;
use crate::evidence::{Digest, Source};
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// How many rows are asked for at once.
pub(super) const PAGE: u64 = 10_000;

/// How many bytes of one page are read: paths have at most 1,024 characters and names 255.
const PAGE_BYTES: u64 = 64 << 20;

/// How many pages are read: 200,000,000 files.
const MOST_PAGES: u64 = 20_000;

/// How the next page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// From the last place on.
    ByPlace,
    /// From the number of the last row on, where the server does not take the other.
    ByNumber,
}

/// Why a page was not read.
struct Trouble {
    miss: Miss,
    /// Whether the server says that the query is wrong.
    is_query: bool,
}

/// A walk on its way.
pub(super) struct Walk<'w> {
    artifactory: &'w Artifactory,
    repository: &'w str,
    folder: &'w str,
    mode: Mode,
    /// The last two places that were seen, the last one first.
    last: [Option<Place>; 2],
    /// How many rows were seen.
    seen: u64,
    pages: u64,
    began: Option<(Instant, Source)>,
    ended: Instant,
    bodies: Vec<Digest>,
    lacks: Option<Miss>,
    done: bool,
}

/// How a walk ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// When its first page was asked for, UTC.
    pub(super) began: Instant,
    /// When its last page was asked for, UTC.
    pub(super) last_asked: Instant,
    /// Why it is known to lack something, or not known to be whole; `None` where it is whole.
    pub(super) lacks: Option<Miss>,
    /// The first question, with a digest over all answers.
    pub(super) source: Source,
}

impl Artifactory {
    /// Begins a walk over what lies below `folder`, which is empty for all of the repository.
    pub(super) fn walk<'w>(&'w self, repository: &'w str, folder: &'w str) -> Walk<'w> {
        Walk {
            artifactory: self,
            repository,
            folder,
            mode: Mode::ByPlace,
            last: [None, None],
            seen: 0,
            pages: 0,
            began: None,
            ended: Instant::UNIX_EPOCH,
            bodies: Vec::new(),
            lacks: None,
            done: false,
        }
    }

    /// Returns whether a repository shows any file.
    pub(super) async fn shows_any(&self, repository: &str) -> Result<bool, Miss> {
        let query = Query { repository, folder: "", from: None, backwards: false, offset: 0, limit: 1 };
        let answer = self.query(query.text()).await?;
        if !answer.status.is_success() || answer.status == StatusCode::PARTIAL_CONTENT {
            return Err(refusal(&answer));
        }
        Ok(aql::page(&answer, Some(repository), 0)?.rows() > 0)
    }

    /// Puts one query.
    async fn query(&self, text: String) -> Result<Answer, Miss> {
        let url = self.session().await?.base.below(&["api", "search", "aql"]);
        let ask = Ask::post(ReadOnly::Aql, url, Bytes::from(text))
            .header(CONTENT_TYPE, HeaderValue::from_static("text/plain"))
            .accept("application/json")
            .at_most(PAGE_BYTES);
        // Closed by nobody.
        let _turn = self.queries.acquire().await.map_err(|_| Miss::unreadable("no more queries are put"))?;
        self.ask(ask).await
    }
}

impl Walk<'_> {
    /// Returns the next files; `None` at the end. No file comes twice.
    ///
    /// # Errors
    ///
    /// Where not even the first page came, or there is no such repository. Whatever goes wrong later ends
    /// the walk, which then lacks something.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<File>>, Miss> {
        if self.done {
            return Ok(None);
        }
        if self.pages >= MOST_PAGES {
            self.end(Miss::new(UnseenReason::Truncated, format!("more than the {MOST_PAGES} pages that are read")));
            return Ok(None);
        }
        let page = match self.page().await {
            Ok(page) => page,
            Err(miss) if self.pages == 0 => return Err(miss),
            Err(miss) => {
                self.end(miss);
                return Ok(None);
            }
        };
        self.pages += 1;
        self.note(&page);
        let page = match self.last[0].clone() {
            Some(last) if page.files.first().is_none_or(|file| file.place != last) => self.without_last(&last).await,
            _ => Some(page),
        };
        let Some(page) = page else {
            self.end(self.truncated("it changed between two of its pages, or is in another order than it says"));
            return Ok(None);
        };
        let (rows, window) = (page.rows() as u64, Self::window(&page));
        let is_full = page.notice.is_some() || rows >= window;
        if is_full && rows < window {
            // More follows, and rows are missing all the same.
            self.lack(self.hidden());
        }
        let from = self.last[0].clone();
        // The first row is the last one of the page before it.
        let mut files: Vec<File> = page.files.into_iter().skip(usize::from(from.is_some())).collect();
        self.advance(&files);
        if is_full {
            if files.is_empty() {
                self.end(self.truncated("a page brought nothing new, and is not the last one"));
            }
            return Ok(Some(self.below(files)));
        }
        self.done = true;
        if rows == 0 {
            if let Some(miss) = self.artifactory.vouch_for_nothing(self.repository, self.folder).await? {
                self.lack(miss);
            }
            return Ok(Some(Vec::new()));
        }
        files.extend(self.after_the_last_page(from, &files, rows, window).await);
        Ok(Some(self.below(files)))
    }

    /// Returns how the walk went.
    ///
    /// # Errors
    ///
    /// Where it never began.
    pub(super) fn ended(self) -> Result<Ended, Miss> {
        let (began, mut source) = self.began.ok_or_else(|| Miss::unreadable("nothing was listed"))?;
        if self.bodies.len() > 1 {
            source.body = Some(Digest::of_lines(self.bodies.into_iter()).to_string().into());
        }
        Ok(Ended { began, last_asked: self.ended, lacks: self.lacks, source })
    }

    /// Notes that whoever walks went no further.
    pub(super) fn left(&mut self, why: &str) {
        if !self.done {
            self.end(self.truncated(why));
        }
    }

    /// Reads the page after the last one; by number where the server does not understand places.
    async fn page(&mut self) -> Result<Page, Miss> {
        loop {
            let from = self.last[0].clone();
            let by_place = self.mode == Mode::ByPlace;
            let offset = if by_place { 0 } else { self.seen.saturating_sub(1) };
            match self.put(from.as_ref().filter(|_| by_place), false, offset, PAGE).await {
                Ok(page) => return Ok(page),
                Err(trouble) if trouble.is_query && by_place && self.pages == 1 => self.mode = Mode::ByNumber,
                Err(trouble) => return Err(trouble.miss),
            }
        }
    }

    async fn put(&mut self, from: Option<&Place>, backwards: bool, offset: u64, limit: u64) -> Result<Page, Trouble> {
        let query = Query { repository: self.repository, folder: self.folder, from, backwards, offset, limit };
        let lost = |miss| Trouble { miss, is_query: false };
        let answer = self.artifactory.query(query.text()).await.map_err(lost)?;
        if !answer.status.is_success() || answer.status == StatusCode::PARTIAL_CONTENT {
            return Err(Trouble { miss: refusal(&answer), is_query: answer.status == StatusCode::BAD_REQUEST });
        }
        let page = aql::page(&answer, Some(self.repository), offset).map_err(lost)?;
        self.began.get_or_insert_with(|| (answer.asked_at, answer.source.clone()));
        self.ended = answer.asked_at;
        self.bodies.push(Digest::of(&answer.body));
        Ok(page)
    }

    /// Returns at how many rows the server looked for one page.
    fn window(page: &Page) -> u64 {
        page.limit.map_or(PAGE, |limit| limit.clamp(1, PAGE))
    }

    fn note(&mut self, page: &Page) {
        if page.unread > 0 {
            let what = format!("{} rows of the list of {} could not be read", page.unread, self.repository);
            self.lack(Miss::unreadable(what));
        }
    }

    fn lack(&mut self, miss: Miss) {
        self.lacks.get_or_insert(miss);
    }

    fn end(&mut self, miss: Miss) {
        self.lack(miss);
        self.done = true;
    }

    fn truncated(&self, what: &str) -> Miss {
        let miss = Miss::new(UnseenReason::Truncated, format!("the list of {}: {what}", self.repository));
        match &self.began {
            Some((_, source)) => miss.from(source),
            None => miss,
        }
    }

    fn advance(&mut self, files: &[File]) {
        self.seen += files.len() as u64;
        for file in files.iter().skip(files.len().saturating_sub(2)) {
            let before = self.last[0].replace(file.place.clone());
            self.last[1] = before;
        }
    }

    /// Reads the page again from the row before the last one, in case the last one was deleted since. `None`
    /// where that does not explain it.
    async fn without_last(&mut self, last: &Place) -> Option<Page> {
        let before = self.last[1].clone().filter(|_| self.mode == Mode::ByPlace)?;
        let page = self.put(Some(&before), false, 0, PAGE).await.ok()?;
        self.note(&page);
        let explains = page.files.first().is_some_and(|file| file.place == before)
            && page.files.iter().all(|file| file.place != *last);
        self.last = [Some(before), None];
        explains.then_some(page)
    }

    /// Looks for what whoever looks may not see, after a page of `rows` rows from `from` on that was not full,
    /// for which the server looked at `window` rows at most. Returns the files that came to light.
    async fn after_the_last_page(&mut self, from: Option<Place>, files: &[File], rows: u64, window: u64) -> Vec<File> {
        let mut known: BTreeSet<Place> = files.iter().map(|file| file.place.clone()).chain(from.clone()).collect();
        let mut fresh = |page: Page| -> Vec<File> {
            page.files.into_iter().filter(|file| known.insert(file.place.clone())).collect()
        };
        let by_number = self.mode == Mode::ByNumber;
        let from = from.filter(|_| !by_number);
        let begin = if by_number { self.seen.saturating_sub(rows) } else { 0 };
        let Some(rest) = self.rest(from.as_ref(), begin + rows).await else { return Vec::new() };
        if rest.rows() == 0 && rest.notice.is_none() {
            self.look_at_the_last_row().await;
            return Vec::new();
        }
        self.lack(self.hidden());
        let mut found = fresh(rest);
        if found.is_empty() {
            // These were shown before. Others may follow the rows at which the server looked.
            let Some(rest) = self.rest(from.as_ref(), begin + window).await else { return found };
            found = fresh(rest);
        }
        self.advance(&found);
        // There is more behind it, as far as it is shown.
        self.done = found.is_empty() || by_number;
        found
    }

    /// Reads what follows from the row of that number on; `None` where that cannot be read.
    async fn rest(&mut self, from: Option<&Place>, offset: u64) -> Option<Page> {
        match self.put(from, false, offset, PAGE).await {
            Ok(page) => {
                self.note(&page);
                Some(page)
            }
            Err(trouble) => {
                self.lack(trouble.miss);
                None
            }
        }
    }

    /// Asks for the very last row. Where it is another one than the last that was seen, the list is not
    /// known to be whole.
    async fn look_at_the_last_row(&mut self) {
        let page = match self.put(None, true, 0, 1).await {
            Ok(page) => page,
            Err(trouble) => return self.lack(trouble.miss),
        };
        let last = page.files.first().map(|file| &file.place);
        if last.is_none() || last != self.last[0].as_ref() {
            let miss = match page.rows() {
                0 => self.hidden(),
                _ => self.truncated("it changed while it was read, or is in another order than it says"),
            };
            self.lack(miss);
        }
    }

    fn hidden(&self) -> Miss {
        let what = format!("the list of {}: some of it is not shown to whoever looks", self.repository);
        let miss = Miss::new(UnseenReason::NotAuthorized, what);
        match &self.began {
            Some((_, source)) => miss.from(source),
            None => miss,
        }
    }

    /// Leaves out what the pattern of the folder matched besides the folder.
    fn below(&self, mut files: Vec<File>) -> Vec<File> {
        files.retain(|file| file.place.below(self.folder).is_some());
        files
    }
}

/// Returns why a query was refused.
fn refusal(answer: &Answer) -> Miss {
    let mut miss = refused(answer);
    let words = answer.words().unwrap_or_default().to_lowercase();
    // The server may repeat the query, in which there is an order too.
    if words.contains("open source") || (words.contains("sort") && words.contains("support")) {
        miss.what.push_str(": a list in order is needed, which the open-source edition may not make");
    }
    miss
}
