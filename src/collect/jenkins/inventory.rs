//! The inventory: every job of a controller, through folders of all kinds, and whether that is all of them.
//!
//! Which of them are assets is left to the policy and the judge, where each is defined to `definitions`.
//!
//! Jenkins leaves out silently what somebody may not read, and no question tells how much. Only whoever
//! administers the controller sees all there is; the console for scripts is shown to nobody else, so its
//! head, which changes nothing, tells. Overall/SystemRead does not do: it shows settings and no job.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::jobs::{self, Holder, INNER_PAGE, Job, Jobs, LEVELS, PAGE};
use super::{AT_ONCE, Jenkins, Wanted, parts, refusal};
use crate::collect::http::Answer;
use crate::collect::listing::Listing;
use crate::collect::miss::Miss;
use crate::collect::told::Told;
use crate::evidence::fact::Inventory;
use crate::evidence::{Fact, Item, Source};
use crate::model::time::Instant;
use crate::model::{ItemKind, UnseenReason};

/// How many jobs of one controller are read.
const MOST_JOBS: usize = 200_000;

/// How many questions one list takes at most.
const MOST_QUESTIONS: usize = 5_000;

/// How deep folders may lie in each other.
const MOST_LEVELS: usize = 40;

/// A part of the list that is yet to be asked for.
#[derive(Debug, Clone)]
struct Part {
    /// The full name of the folder; empty for the controller itself.
    of: String,
    /// The job that makes what is in it, where it lies in one.
    made_by: Option<String>,
    /// From which position on.
    first: usize,
    /// The name that has to stand at that position, because it stood there before.
    after: Option<Box<str>>,
    /// How many levels of folders one question reaches.
    levels: usize,
}

/// A job that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// What is known of it.
    pub(super) item: Item,
    /// The job that made it, where it was made by one.
    pub(super) made_by: Option<String>,
    at: Instant,
    source: Source,
}

/// A list while it is read.
#[derive(Debug, Default)]
struct Reading {
    found: BTreeMap<String, Found>,
    /// Every folder and job that was seen, to notice one that comes twice.
    seen: BTreeSet<String>,
    open: VecDeque<Part>,
    /// When the first part was asked for.
    from: Option<Instant>,
    /// Where the last good part came from.
    last: Option<(Instant, Source)>,
    unread: usize,
    misses: Vec<Miss>,
    cut: bool,
}

impl Reading {
    /// Notes why the list is not whole.
    fn cut(&mut self, miss: Miss) {
        self.cut = true;
        if !self.misses.iter().any(|known| known.what == miss.what) {
            self.misses.push(miss);
        }
    }

    /// Adds a part of the list.
    fn add(&mut self, part: &Part, page: Jobs, answer: &Answer) {
        let from = self.from.get_or_insert(answer.asked_at);
        *from = (*from).min(answer.asked_at);
        self.last = Some((answer.asked_at, answer.source.clone()));
        self.unread += page.unread;
        let truncated = |why: &str| answer.miss(UnseenReason::Truncated, format!("{}: {why}", answer.request()));
        if page.count > PAGE {
            return self.cut(answer.miss(
                UnseenReason::Unreadable,
                format!("{} answered with more jobs than it was asked for", answer.request()),
            ));
        }
        let mut jobs = page.jobs;
        if let Some(after) = &part.after {
            if jobs.first().is_none_or(|job| job.name != *after) {
                return self.cut(truncated("the list changed while it was read"));
            }
            jobs.remove(0);
        }
        if page.count == PAGE {
            let after = jobs.last().map(|job| job.name.clone());
            self.go_on(part, part.first + PAGE - 1, after, &truncated);
        }
        self.keep(part, jobs, part.levels, answer);
    }

    /// Has the rest of a folder asked for, from its last job that is known on.
    fn go_on(&mut self, part: &Part, first: usize, after: Option<Box<str>>, truncated: &dyn Fn(&str) -> Miss) {
        match after {
            Some(after) => self.open.push_back(Part { first, after: Some(after), ..part.clone() }),
            None => self.cut(truncated("a page of nothing new that is not the last")),
        }
    }

    /// Keeps the jobs of one folder, and those of the folders inside.
    fn keep(&mut self, part: &Part, jobs: Vec<Job>, levels: usize, answer: &Answer) {
        let truncated = |why: &str| answer.miss(UnseenReason::Truncated, format!("{}: {why}", answer.request()));
        let unreadable = |why: &str| answer.miss(UnseenReason::Unreadable, format!("{}: {why}", answer.request()));
        if part.of.split('/').count() > MOST_LEVELS {
            return self.cut(truncated("folders lie too deep in each other"));
        }
        for job in jobs {
            let name = if part.of.is_empty() { job.name.to_string() } else { format!("{}/{}", part.of, job.name) };
            if self.seen.len() >= MOST_JOBS {
                return self.cut(truncated(&format!("more than the {MOST_JOBS} jobs that are read")));
            }
            if !self.seen.insert(name.clone()) {
                self.cut(unreadable("a job is listed twice"));
                continue;
            }
            let holder = job.holder();
            if holder != Some(Holder::Folder) {
                self.found.insert(name.clone(), found(part, &name, &job, answer));
            }
            let Some(inside) = job.inside else { continue };
            let made_by = if holder == Some(Holder::Generator) { Some(name.clone()) } else { part.made_by.clone() };
            let inner = Part { of: name, made_by, first: 0, after: None, levels: part.levels };
            if levels <= 1 {
                // Of this one it is only known whether it holds anything.
                if !inside.is_empty() {
                    self.open.push_back(inner);
                }
                continue;
            }
            if inside.len() > INNER_PAGE {
                self.cut(unreadable("a folder came with more jobs than it was asked for"));
                continue;
            }
            if inside.len() == INNER_PAGE {
                let after = inside.last().map(|job| job.name.clone());
                self.go_on(&inner, INNER_PAGE - 1, after, &truncated);
            }
            self.keep(&inner, inside, levels - 1, answer);
        }
    }
}

fn found(part: &Part, name: &str, job: &Job, answer: &Answer) -> Found {
    let mut item = Item::named(ItemKind::Job, name);
    item.class.clone_from(&job.class);
    item.disabled = job.disabled;
    item.folder = Some(part.of.as_str().into());
    Found { item, made_by: part.made_by.clone(), at: answer.asked_at, source: answer.source.clone() }
}

impl Jenkins {
    /// Lists every job. Faults end the list early; it says so and why.
    pub async fn inventory(&self, wanted: &Wanted<'_>) -> Listing {
        let mut reading = Reading::default();
        let whole = Part { of: String::new(), made_by: None, first: 0, after: None, levels: LEVELS };
        reading.open.push_back(whole);
        self.walk(&mut reading).await;
        if reading.unread > 0 {
            let what = format!("{} entries of the list of jobs could not be read", reading.unread);
            reading.cut(Miss::unreadable(what));
        }
        if wanted.definitions {
            let misses = self.definitions(&mut reading.found, wanted.progress).await;
            reading.misses.extend(misses);
        }
        let Reading { found, from, last, misses, cut, .. } = reading;
        let mut listing = Listing { misses, ..Listing::default() };
        if let (Some(from), Some((at, source))) = (from, last) {
            let public_only = !self.sees_all().await;
            let count = found.len() as u64;
            let item = |found: Found| Told {
                fact: Fact::Item(Box::new(found.item)),
                observed_at: found.at,
                source: found.source,
            };
            listing.told.extend(found.into_values().map(item));
            let fact = Inventory { complete: !cut, count, from, kind: ItemKind::Job, public_only };
            listing.told.push(Told { fact: Fact::Inventory(fact), observed_at: at, source });
        }
        for miss in &mut listing.misses {
            miss.what = self.keys.scrub(&miss.what);
        }
        listing
    }

    /// Asks for every part of the list, several at once.
    async fn walk(&self, reading: &mut Reading) {
        let mut under_way = FuturesUnordered::new();
        let mut asked = 0;
        loop {
            while under_way.len() < AT_ONCE
                && let Some(part) = reading.open.pop_front()
            {
                asked += 1;
                if asked > MOST_QUESTIONS {
                    let what = format!("more than the {MOST_QUESTIONS} questions that one list may take");
                    reading.cut(Miss::new(UnseenReason::Truncated, what));
                    reading.open.clear();
                    break;
                }
                under_way.push(async move {
                    let answer = self.part(&part).await;
                    (part, answer)
                });
            }
            let Some((part, answer)) = under_way.next().await else { return };
            match answer {
                Ok((page, answer)) => reading.add(&part, page, &answer),
                // What is too much for one answer may do in many.
                Err(miss) if part.levels > 1 && may_be_too_much(&miss) => {
                    reading.open.push_front(Part { levels: 1, ..part });
                }
                Err(miss) => reading.cut(miss),
            }
        }
    }

    async fn part(&self, part: &Part) -> Result<(Jobs, Answer), Miss> {
        let names = if part.of.is_empty() { Vec::new() } else { parts(&part.of) };
        let answer = self.json(&names, "api/json", &jobs::tree(part.first, part.levels)).await?;
        Ok((jobs::page(&answer, part.levels)?, answer))
    }

    /// Returns whether nothing that the controller holds is kept from whoever looks.
    async fn sees_all(&self) -> bool {
        let Ok(url) = self.base.of(&[], "script", None) else { return false };
        let shown = self.head(url).await.and_then(refusal::ok).and_then(refusal::of_jenkins);
        // A page to log in comes with a redirect, or without a sign of Jenkins.
        shown.is_ok()
    }
}

fn may_be_too_much(miss: &Miss) -> bool {
    matches!(miss.reason, UnseenReason::Unreachable | UnseenReason::Truncated)
        || miss.what.contains("bytes that are read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::jenkins::fake::{Fake, Reply, json};

    fn console(path: &str) -> Option<Reply> {
        path.ends_with("/script")
            .then(|| (200, vec![("content-type", "text/html"), ("x-jenkins", "2.426.1")], String::new()))
    }

    fn inventory(listing: &Listing) -> &Inventory {
        match listing.told.last().map(|told| &told.fact) {
            Some(Fact::Inventory(inventory)) => inventory,
            other => panic!("{other:?}"),
        }
    }

    fn named(names: impl Iterator<Item = usize>) -> String {
        names.map(|number| format!("{{\"name\":\"job-{number:04}\"}}")).collect::<Vec<_>>().join(",")
    }

    async fn list(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Listing, usize) {
        let fake = Fake::start(move |path| console(path).unwrap_or_else(|| reply(path))).await;
        let listing = fake.jenkins("", &[]).inventory(&Wanted::names()).await;
        (listing, fake.asked().len())
    }

    fn first(path: &str) -> usize {
        path.rsplit_once("%7B").and_then(|(_, range)| range.split(',').next()).unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn a_long_list_is_read_page_by_page_each_beginning_with_the_last_job_of_the_one_before() {
        let (listing, asked) = list(|path| {
            let first = first(path);
            json(&format!(
                "{{\"_class\":\"hudson.model.Hudson\",\"jobs\":[{}]}}",
                named(first..(first + 500).min(1_200))
            ))
        })
        .await;
        assert_eq!(inventory(&listing).count, 1_200);
        assert!(inventory(&listing).complete && !inventory(&listing).public_only);
        assert_eq!((asked, listing.misses), (4, vec![]), "three pages, and whether that is all");
    }

    #[tokio::test]
    async fn a_list_that_changes_while_it_is_read_is_not_whole() {
        let (listing, _) = list(|path| {
            let first = first(path);
            // One job less once the second page is asked for: all others move up.
            let shift = usize::from(first > 0);
            json(&format!("{{\"_class\":\"h\",\"jobs\":[{}]}}", named(first + shift..(first + shift + 500).min(700))))
        })
        .await;
        assert!(!inventory(&listing).complete);
        assert!(listing.misses[0].what.contains("changed while it was read"), "{:?}", listing.misses);
    }

    #[tokio::test]
    async fn pages_without_an_end_are_cut_short() {
        for body in [
            format!("{{\"_class\":\"h\",\"jobs\":[{}]}}", named(0..500)),
            format!("{{\"_class\":\"h\",\"jobs\":[{}]}}", named(0..501)),
            "{\"_class\":\"h\",\"jobs\":[{\"name\":\"a\"},{\"name\":\"a\"}]}".to_owned(),
        ] {
            let (listing, asked) = list(move |_| json(&body)).await;
            assert!(!inventory(&listing).complete, "{:?}", listing.misses);
            assert!(asked <= 3);
        }
        // A folder that always holds another one.
        let (listing, asked) = list(|_| {
            let inside = "{\"name\":\"f\",\"jobs\":[{\"name\":\"f\",\"jobs\":[{\"name\":\"f\",\"jobs\":[{\"name\":\"f\",\"jobs\":[{\"name\":\"f\"}]}]}]}]}";
            json(&format!("{{\"_class\":\"h\",\"jobs\":[{inside}]}}"))
        })
        .await;
        assert!(!inventory(&listing).complete && asked < 20, "{asked}");
    }

    #[tokio::test]
    async fn whoever_does_not_administer_may_not_see_all() {
        for status in [403, 404, 500] {
            let fake = Fake::start(move |path| {
                if path.ends_with("/script") {
                    return (status, vec![("content-type", "text/html")], String::new());
                }
                json("{\"_class\":\"h\",\"jobs\":[]}")
            })
            .await;
            let listing = fake.jenkins("", &[]).inventory(&Wanted::names()).await;
            assert!(inventory(&listing).complete && inventory(&listing).public_only, "{status}");
        }
    }

    #[tokio::test]
    async fn a_page_to_log_in_is_no_list_and_no_console() {
        let html = vec![("content-type", "text/html;charset=utf-8"), ("x-jenkins", "2.426.1")];
        let login = html.clone();
        let fake = Fake::start(move |path| match path {
            path if path.starts_with("/ci/login") => (200, login.clone(), "<form>Sign in</form>".to_owned()),
            _ => (302, vec![("location", "/ci/login?from=%2F")], String::new()),
        })
        .await;
        let listing = fake.jenkins("", &[]).inventory(&Wanted::names()).await;
        assert!(listing.told.is_empty());
        assert_eq!(listing.misses[0].reason, UnseenReason::NotAuthorized, "{:?}", listing.misses);
        // The list is shown to anybody, and the console leads to the page.
        let fake = Fake::start(move |path| match path {
            path if path.starts_with("/ci/login") => (200, html.clone(), "<form>Sign in</form>".to_owned()),
            path if path.ends_with("/script") => (302, vec![("location", "/ci/login?from=%2F")], String::new()),
            _ => json("{\"_class\":\"h\",\"jobs\":[]}"),
        })
        .await;
        let listing = fake.jenkins("", &[]).inventory(&Wanted::names()).await;
        assert!(inventory(&listing).complete && inventory(&listing).public_only);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_read_leaves_the_list_not_whole_and_hides_no_other_job() {
        let (listing, _) = list(|path| {
            if path.contains("/job/") {
                return (403, vec![("content-type", "text/html")], String::new());
            }
            let deep = "{\"name\":\"f\",\"jobs\":[{\"name\":\"f\",\"jobs\":[{\"name\":\"f\",\"jobs\":[{\"name\":\"f\",\"jobs\":[{\"name\":\"x\"}]}]}]}]}";
            json(&format!("{{\"_class\":\"h\",\"jobs\":[{deep},{{\"name\":\"plain\"}}]}}"))
        })
        .await;
        assert_eq!((inventory(&listing).count, inventory(&listing).complete), (1, false));
        assert_eq!(listing.misses[0].reason, UnseenReason::NotAuthorized);
    }
}
