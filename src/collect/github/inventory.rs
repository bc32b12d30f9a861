//! The inventory: every repository of an organisation or user, and whether that is all of them.
//!
//! Which of them are assets is left to the policy and the judge.

use std::collections::BTreeSet;

use super::graphql::{self, Trouble};
use super::rest::{self, Found, Page};
use super::visible::Holds;
use super::{Account, Github, refusal};
use crate::collect::http::Answer;
use crate::collect::listing::Listing;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::fact::{Changes, Inventory};
use crate::evidence::{Fact, Source};
use crate::model::time::Instant;
use crate::model::{ItemKind, UnseenReason};

/// How many repositories are asked for at once, and the fewest where that is too much.
const PAGE: u32 = 100;
const SMALLEST_PAGE: u32 = 10;

/// How many pages of one list are read: 100,000 repositories.
const MOST_PAGES: usize = 1_000;

/// How often one page is asked for again after a limit.
const MOST_WAITS: usize = 3;

/// A listing while it is read.
#[derive(Debug, Default)]
struct Reading {
    listing: Listing,
    seen: BTreeSet<String>,
    /// When the first page was asked for.
    from: Option<Instant>,
    /// Where the last good page came from.
    last: Option<(Instant, Source)>,
    public: u64,
    private: u64,
    unread: usize,
    /// Whether nothing speaks against the list being whole.
    cut: bool,
}

impl Reading {
    /// Adds a page and returns how many of its repositories are new.
    fn add(&mut self, page: Page, answer: &Answer) -> usize {
        self.from.get_or_insert(answer.asked_at);
        self.last = Some((answer.asked_at, answer.source.clone()));
        self.unread += page.unread;
        let before = self.seen.len();
        for found in page.found {
            let key = found.id.map_or_else(|| found.name.to_lowercase(), |id| id.to_string());
            if self.seen.insert(key) {
                self.keep(&found, answer);
            }
        }
        self.seen.len() - before
    }

    fn keep(&mut self, found: &Found, answer: &Answer) {
        match found.private {
            Some(true) => self.private += 1,
            Some(false) => self.public += 1,
            None => {}
        }
        self.listing.told.push(Told::by(Fact::Item(Box::new(found.item())), answer));
        if let Some(pushed) = found.pushed_at {
            let changes = Changes { at: vec![pushed], exact: false, from: None };
            self.listing.changes.push((found.name.clone(), Told::by(Fact::Changes(changes), answer)));
        }
    }

    /// Notes something that was not seen.
    fn miss(&mut self, miss: Miss) {
        // The same refusal on every page is one miss.
        if !self.listing.misses.iter().any(|known| known.reason == miss.reason && known.what == miss.what) {
            self.listing.misses.push(miss);
        }
    }

    /// Notes why the list is not whole.
    fn cut(&mut self, miss: Miss) {
        self.cut = true;
        self.miss(miss);
    }

    /// Notes that single sign-on filtered a page.
    fn look_for_filter(&mut self, answer: &Answer) {
        if refusal::is_filtered(answer) {
            let what = "the list leaves out what single sign-on protects: authorise the token for the organisation";
            self.cut(answer.miss(UnseenReason::NotAuthorized, what));
        }
    }

    /// Compares with a number that the system told.
    fn compare(&mut self, listed: u64, told: Option<u64>, what: &str) {
        if let Some(told) = told.filter(|told| listed < *told) {
            let what = format!("{listed} {what} were listed, and the system counts {told}");
            let miss = Miss::new(UnseenReason::Truncated, what);
            self.cut(match &self.last {
                Some((_, source)) => miss.from(source),
                None => miss,
            });
        }
    }

    /// Returns the listing with its `inventory`.
    fn end(mut self, public_only: bool) -> Listing {
        if self.unread > 0 {
            let what = format!("{} entries of the list of repositories could not be read", self.unread);
            self.cut(Miss::unreadable(what));
        }
        if let (Some(from), Some((at, source))) = (self.from, self.last) {
            let count = self.listing.told.len() as u64;
            let kind = ItemKind::Repository;
            let fact = Inventory { complete: !self.cut, count, from, kind, public_only };
            self.listing.told.push(Told { fact: Fact::Inventory(fact), observed_at: at, source });
        }
        self.listing
    }
}

impl Github {
    /// Lists every repository of the system. Faults end the list early; it says so and why.
    pub async fn inventory(&self) -> Listing {
        let mut reading = Reading::default();
        let session = match self.session().await {
            Ok(session) => session,
            Err(miss) => return Listing { misses: vec![miss], ..Listing::default() },
        };
        let mut sees_all = false;
        if session.is_app() {
            sees_all = self.by_installation(&mut reading).await;
        } else if session.is_anonymous() {
            self.by_rest(&mut reading).await;
        } else {
            self.by_graphql(&mut reading).await;
        }
        if reading.from.is_some() {
            let holds = self.holds(session).await.unwrap_or_else(|miss| {
                reading.miss(self.scrubbed(miss));
                Holds::default()
            });
            if !session.is_app() || sees_all {
                reading.compare(reading.public, holds.public, "public repositories");
            }
            let counted = holds.private.is_some_and(|private| reading.private >= private);
            sees_all |= counted && !session.is_anonymous();
        }
        let mut listing = reading.end(!sees_all);
        for miss in &mut listing.misses {
            miss.what = self.keys.scrub(&miss.what);
        }
        listing
    }

    /// Lists by REST what anyone may see.
    async fn by_rest(&self, reading: &mut Reading) {
        let (kind, login, of) = match &self.account {
            Account::Organisation(login) => ("orgs", login, "all"),
            Account::User(login) => ("users", login, "owner"),
        };
        // A list sorted by what may change while it is read would skip and repeat.
        let query = [("type", of), ("sort", "full_name"), ("per_page", "100")];
        let path = self.base.path(&[kind, login, "repos"], &query);
        self.pages(&path, reading, rest::repositories, |_| {}).await;
    }

    /// Lists what an App's installation may see, and returns whether that is all of the account.
    async fn by_installation(&self, reading: &mut Reading) -> bool {
        let path = self.base.path(&["installation", "repositories"], &[("per_page", "100")]);
        let (mut all, mut total) = (true, None);
        let mut strange = 0;
        let owner = self.account.login();
        self.pages(&path, reading, rest::installation_repositories, |page| {
            // Whoever does not say on every page that it is all of them has not said it.
            all = all && page.all == Some(true);
            total = page.total;
            let before = page.found.len();
            page.found.retain(|found| found.owner.as_deref().is_some_and(|login| login.eq_ignore_ascii_case(owner)));
            strange += before - page.found.len();
        })
        .await;
        if reading.from.is_none() {
            return false;
        }
        reading.compare(reading.seen.len() as u64 + strange as u64, total, "repositories of the App's installation");
        if strange > 0 {
            let what = format!("the App's installation lists {strange} repositories of another account than {owner}");
            reading.cut(Miss::unreadable(what));
        }
        if !all {
            let what = "the App is installed for selected repositories, and sees no others";
            reading.cut(Miss::new(UnseenReason::NotAuthorized, what));
        }
        !reading.cut
    }

    /// Reads the pages of a list by REST.
    async fn pages(
        &self,
        path: &str,
        reading: &mut Reading,
        read: fn(&Answer) -> Result<Page, Miss>,
        mut look: impl FnMut(&mut Page) + Send,
    ) {
        let first = match self.get(path).await {
            Ok(first) => first,
            Err(miss) => return reading.cut(miss),
        };
        let walked = self
            .walk(first, MOST_PAGES, |answer| {
                let mut page = read(answer)?;
                look(&mut page);
                reading.look_for_filter(answer);
                Ok(reading.add(page, answer))
            })
            .await;
        match walked {
            Ok(walk) => {
                if let Some(miss) = walk.cut {
                    reading.cut(miss);
                }
            }
            Err(miss) => reading.cut(miss),
        }
    }

    /// Lists by GraphQL, in pages that become smaller where the server has no time for large ones.
    async fn by_graphql(&self, reading: &mut Reading) {
        let (mut first, mut after, mut waits, mut total) = (PAGE, None::<String>, 0, None);
        let mut cursors = BTreeSet::new();
        for _ in 0..MOST_PAGES {
            let asked = self.query(&graphql::query(&self.account, first, after.as_deref())).await;
            let read = match &asked {
                Ok(answer) => graphql::page(answer),
                Err(miss) if matches!(miss.reason, UnseenReason::Unreachable | UnseenReason::Truncated) => {
                    Err(Trouble::TooMuch(miss.clone()))
                }
                Err(miss) => Err(Trouble::Refused(miss.clone())),
            };
            let (answer, read) = match (asked, read) {
                (Ok(answer), Ok(read)) => (answer, read),
                (_, Err(Trouble::TooMuch(_))) if first > SMALLEST_PAGE => {
                    first = (first / 2).max(SMALLEST_PAGE);
                    continue;
                }
                (_, Err(Trouble::Limited(until, _))) if waits < MOST_WAITS => {
                    waits += 1;
                    self.door.hold(self.base.graphql(), until);
                    continue;
                }
                (_, Err(trouble)) => return reading.cut(trouble.miss()),
                (Err(miss), _) => return reading.cut(miss),
            };
            waits = 0;
            total = read.page.total.or(total);
            reading.look_for_filter(&answer);
            if let Some(miss) = read.refused {
                if read.is_whole { reading.miss(miss) } else { reading.cut(miss) }
            }
            let unread = read.page.unread;
            let new = reading.add(read.page, &answer);
            let Some(next) = read.next else {
                let listed = reading.seen.len() as u64 + reading.unread as u64;
                return reading.compare(listed, total, "repositories");
            };
            let truncated = |why: &str| answer.miss(UnseenReason::Truncated, format!("{}: {why}", answer.request()));
            if new + unread == 0 {
                return reading.cut(truncated("a page of nothing new that is not the last"));
            }
            if !cursors.insert(next.clone()) {
                return reading.cut(truncated("its pages lead in a circle"));
            }
            after = Some(next);
        }
        reading.cut(Miss::new(UnseenReason::Truncated, format!("more than the {MOST_PAGES} pages that are read")));
    }
}

#[cfg(test)]
mod tests;
