//! Jobs: what a folder, or the controller itself, is asked for, and how its answer is read.
//!
//! One question reaches several levels of folders: `jobs[…]` inside `jobs[…]`, each with a range, and never
//! `depth`, which would compute every build of every job
//! (<https://www.jenkins.io/doc/book/using/remote-access-api/>). What has `jobs` is a folder of some kind,
//! whatever its class. Walking on where a range was too short is left to `inventory`.

use serde::{Deserialize, Deserializer};

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// How many levels of folders one question reaches.
pub const LEVELS: usize = 4;

/// How many jobs of the folder that is asked are asked for at once.
pub const PAGE: usize = 500;

/// How many jobs of each folder inside are asked for with it.
pub const INNER_PAGE: usize = 250;

/// What is asked of a job. Its colour is not: it would load the last build from disk.
const FIELDS: &str = "name,disabled,buildable";

/// Returns the `tree` for the jobs from position `first` on, and those of `levels` - 1 levels of folders
/// inside; of the folders on the last level only whether they hold anything.
pub fn tree(first: usize, levels: usize) -> String {
    let mut inner = "jobs[name]{0,1}".to_owned();
    for _ in 1..levels {
        inner = format!("jobs[{FIELDS},{inner}]{{0,{INNER_PAGE}}}");
    }
    format!("jobs[{FIELDS},{inner}]{{{first},{}}}", first + PAGE)
}

/// The jobs of a folder, or of the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jobs {
    /// Its class; `None` where none is told, as before Jenkins 2.
    pub class: Option<Box<str>>,
    /// Those that could be read, in the order in which they came.
    pub jobs: Vec<Job>,
    /// How many there were, read or not.
    pub count: usize,
    /// How many entries, here and in the folders inside, are no jobs that can be read.
    pub unread: usize,
}

/// One job, or one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name in its folder. That of a branch is escaped, as in `feature%2Fx`.
    pub name: Box<str>,
    /// Its class; `None` where none is told.
    pub class: Option<Box<str>>,
    /// Whether it is disabled; `None` where that is not told, as of folders.
    pub disabled: Option<bool>,
    /// What is inside; `None` where it is no folder of any kind.
    pub inside: Option<Vec<Job>>,
}

/// What kind of thing holds other jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A folder, which is no job itself.
    Folder,
    /// A job that makes others of what it finds in repositories: branches, or whole projects.
    Generator,
}

impl Job {
    /// Returns what kind of holder it is; `None` for a job without any inside.
    pub fn holder(&self) -> Option<Holder> {
        self.inside.as_ref()?;
        Some(match self.class.as_deref() {
            Some(class) if class.ends_with("Folder") && !class.ends_with("OrganizationFolder") => Holder::Folder,
            None => Holder::Folder,
            Some(_) => Holder::Generator,
        })
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "_class")]
    class: Option<Box<str>>,
    name: Option<Box<str>>,
    disabled: Option<bool>,
    buildable: Option<bool>,
    #[serde(default = "Told::absent")]
    jobs: Told<Vec<Self>>,
}

/// A field; one that is null is told from one that is absent.
enum Told<T> {
    Absent,
    Null,
    Is(T),
}

impl<T> Told<T> {
    const fn absent() -> Self {
        Self::Absent
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Is))
    }
}

/// Reads what a question by `tree` for so many `levels` answers. Of the folders on the last one it tells only
/// whether they hold anything: what they hold then has no name.
///
/// # Errors
///
/// `unreadable` or `truncated` where it is no folder and no controller.
pub fn page(answer: &Answer, levels: usize) -> Result<Jobs, Miss> {
    let raw: Raw = answer.json()?;
    let Told::Is(jobs) = raw.jobs else {
        let what = format!("{} answered without a list of jobs", answer.request());
        return Err(answer.miss(UnseenReason::Unreadable, what));
    };
    let (count, mut unread) = (jobs.len(), 0);
    let jobs = read(jobs, levels, &mut unread);
    Ok(Jobs { class: raw.class, jobs, count, unread })
}

fn read(raw: Vec<Raw>, levels: usize, unread: &mut usize) -> Vec<Job> {
    if levels == 0 {
        let something = |_| Job { name: Box::default(), class: None, disabled: None, inside: None };
        return raw.into_iter().map(something).collect();
    }
    let mut jobs = Vec::with_capacity(raw.len());
    for job in raw {
        let looks_like_folder = job
            .class
            .as_deref()
            .is_some_and(|class| class.ends_with("Folder") || class.ends_with("MultiBranchProject"));
        let inside = match job.jobs {
            Told::Is(inside) => Some(read(inside, levels - 1, unread)),
            // A folder that does not show what it holds is not an empty one.
            Told::Null => None,
            Told::Absent if looks_like_folder => None,
            Told::Absent => {
                match job.name.filter(|name| is_name(name)) {
                    Some(name) => {
                        let disabled = job.disabled.or(job.buildable.map(|buildable| !buildable));
                        jobs.push(Job { name, class: job.class, disabled, inside: None });
                    }
                    None => *unread += 1,
                }
                continue;
            }
        };
        match (inside, job.name.filter(|name| is_name(name))) {
            (Some(inside), Some(name)) => {
                jobs.push(Job { name, class: job.class, disabled: job.disabled, inside: Some(inside) });
            }
            _ => *unread += 1,
        }
    }
    jobs
}

/// Returns whether a text can be the name of a job: Jenkins takes none with a slash in it.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 1_000 && !text.contains('/') && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::jenkins::fake::answer;

    #[test]
    fn one_question_reaches_several_levels_and_never_asks_for_depth() {
        assert_eq!(tree(0, 1), "jobs[name,disabled,buildable,jobs[name]{0,1}]{0,500}");
        assert_eq!(
            tree(499, 2),
            "jobs[name,disabled,buildable,jobs[name,disabled,buildable,jobs[name]{0,1}]{0,250}]{499,999}"
        );
    }

    #[test]
    fn what_has_jobs_is_a_folder_whatever_its_class() {
        let body = r#"{"_class":"hudson.model.Hudson","jobs":[
            {"name":"old","jobs":[{"name":"a","buildable":false}]},
            {"_class":"com.example.TeamFolder","name":"team","jobs":[]},
            {"_class":"jenkins.branch.OrganizationFolder","name":"org","jobs":[]},
            {"_class":"hudson.model.FreeStyleProject","name":"job","disabled":false,"buildable":true}]}"#;
        let page = page(&answer(200, &[], body), LEVELS).unwrap();
        assert_eq!((page.count, page.unread), (4, 0));
        let holders: Vec<Option<Holder>> = page.jobs.iter().map(Job::holder).collect();
        assert_eq!(holders, [Some(Holder::Folder), Some(Holder::Folder), Some(Holder::Generator), None]);
        assert_eq!(page.jobs[0].inside.as_ref().unwrap()[0].disabled, Some(true), "before `disabled` was told");
    }

    #[test]
    fn of_the_last_folders_it_is_only_told_whether_they_hold_anything() {
        let folder = "\"_class\":\"com.cloudbees.hudson.plugins.folder.Folder\",\"name\":\"f\"";
        let body = format!("{{\"jobs\":[{{{folder},\"jobs\":[{{{folder}}}]}}]}}");
        let page = page(&answer(200, &[], &body), 1).unwrap();
        assert_eq!((page.unread, page.jobs[0].inside.as_ref().map(Vec::len)), (0, Some(1)));
        assert_eq!(super::page(&answer(200, &[], &body), 2).unwrap().unread, 1, "here it should have told more");
    }

    #[test]
    fn a_folder_that_shows_nothing_of_what_it_holds_is_not_empty() {
        for odd in [
            r#"{"_class":"com.cloudbees.hudson.plugins.folder.Folder","name":"f"}"#,
            r#"{"name":"f","jobs":null}"#,
            r#"{"name":null}"#,
            r#"{"name":"a/b"}"#,
            r"{}",
        ] {
            let page = page(&answer(200, &[], &format!("{{\"jobs\":[{odd}]}}")), LEVELS).unwrap();
            assert_eq!((page.jobs.len(), page.count, page.unread), (0, 1, 1), "{odd}");
        }
        for wrong in ["{}", "[]", "{\"jobs\":null}", "{\"jobs\":[null]}", "{\"jobs\":{}}", "{\"jobs\":[{\"name\":5}]}"]
        {
            assert!(page(&answer(200, &[], wrong), LEVELS).is_err(), "{wrong}");
        }
    }
}
