//! Where each job of a list is defined: its definition is asked for, several at once.
//!
//! Reading one is left to `definition`. What a job makes of branches and repositories is not asked for: it
//! is defined where that job says.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::inventory::Found;
use super::{AT_ONCE, Jenkins, definition, parts};
use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::policy::values::DefinedIn;

/// After how many questions without an answer between them no more are put.
const GIVE_UP_AFTER: usize = 25;

/// Why definitions were not read: how many, and the first miss.
type Missed = BTreeMap<UnseenReason, (usize, Miss)>;

impl Jenkins {
    /// Says of each job where it is defined, and returns what could not be read: one miss a reason.
    pub(super) async fn definitions(
        &self,
        found: &mut BTreeMap<String, Found>,
        progress: &(dyn Fn(usize, usize) + Send + Sync),
    ) -> Vec<Miss> {
        let own: Vec<String> =
            found.iter().filter(|(_, found)| found.made_by.is_none()).map(|(name, _)| name.clone()).collect();
        let all = own.len();
        let mut known: BTreeMap<String, DefinedIn> = BTreeMap::new();
        let (mut missed, mut in_a_row, mut asked) = (Missed::new(), 0, 0);
        progress(0, all);
        let mut looks = stream::iter(own).map(|name| async {
            let read = match self.config(&parts(&name)).await {
                Ok(answer) => definition::read(&answer).map(|read| read.defined_in),
                Err(miss) => Err(miss),
            };
            (name, read)
        });
        let mut looks = looks.by_ref().buffer_unordered(AT_ONCE);
        while let Some((name, read)) = looks.next().await {
            asked += 1;
            progress(asked, all);
            match read {
                Ok(defined_in) => {
                    in_a_row = 0;
                    known.insert(name, defined_in);
                }
                Err(miss) => {
                    in_a_row += 1;
                    missed.entry(miss.reason).or_insert_with(|| (0, miss)).0 += 1;
                }
            }
            if in_a_row >= GIVE_UP_AFTER {
                break;
            }
        }
        for (name, job) in found.iter() {
            if job.made_by.is_none() {
                known.entry(name.clone()).or_insert(DefinedIn::Unknown);
            }
        }
        // Names come in the order of their text, so what makes a job stands before it.
        let made: Vec<(String, String)> =
            found.iter().filter_map(|(name, job)| Some((name.clone(), job.made_by.clone()?))).collect();
        for (name, maker) in made {
            let defined_in = match known.get(&maker) {
                Some(DefinedIn::Scm) => DefinedIn::Scm,
                Some(DefinedIn::Jenkins | DefinedIn::Generated) => DefinedIn::Generated,
                Some(DefinedIn::Unknown) | None => DefinedIn::Unknown,
            };
            known.insert(name, defined_in);
        }
        for (name, job) in found {
            job.item.defined_in = known.get(name).copied();
        }
        in_words(missed, all, all - asked)
    }
}

fn in_words(missed: Missed, all: usize, left: usize) -> Vec<Miss> {
    let mut misses: Vec<Miss> = Vec::new();
    for (reason, (count, first)) in missed {
        let rest =
            if left > 0 && misses.is_empty() { format!("; {left} more were not asked for") } else { String::new() };
        let needs = if reason == UnseenReason::NotAuthorized { "; it takes Job/ExtendedRead" } else { "" };
        let what =
            format!("where {count} of {all} jobs are defined is unknown{needs}{rest}; the first: {}", first.what);
        misses.push(Miss { what, ..first });
    }
    misses
}

#[cfg(test)]
mod tests {
    use crate::collect::jenkins::Wanted;
    use crate::collect::jenkins::fake::{Fake, Reply, json, xml};
    use crate::evidence::Fact;
    use crate::model::UnseenReason;
    use crate::policy::values::DefinedIn;

    const JOBS: &str = r#"{"_class":"hudson.model.Hudson","jobs":[
        {"_class":"hudson.model.FreeStyleProject","name":"own"},
        {"_class":"org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject","name":"site","jobs":[
            {"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","name":"main"},
            {"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","name":"users%2Fjack"}]}]}"#;

    async fn defined(
        config: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> (Vec<(String, DefinedIn)>, Vec<crate::collect::miss::Miss>, Vec<String>) {
        let fake = Fake::start(move |path| if path.ends_with("config.xml") { config(path) } else { json(JOBS) }).await;
        let listing = fake.jenkins("", &[]).inventory(&Wanted::definitions()).await;
        let of = |told: &crate::collect::told::Told| match &told.fact {
            Fact::Item(item) => Some((item.name.to_string(), item.defined_in.unwrap())),
            _ => None,
        };
        let asked =
            fake.asked().into_iter().map(|(path, _)| path).filter(|path| path.ends_with("config.xml")).collect();
        (listing.told.iter().filter_map(of).collect(), listing.misses, asked)
    }

    #[tokio::test]
    async fn branches_are_defined_where_the_job_that_makes_them_says_and_are_not_asked_for() {
        let (found, misses, asked) = defined(|path| match path {
            "/ci/job/own/config.xml" => xml("<project/>"),
            _ => xml("<a.WorkflowMultiBranchProject><factory class='x.WorkflowBranchProjectFactory'/></a.WorkflowMultiBranchProject>"),
        })
        .await;
        let names: Vec<(&str, DefinedIn)> = found.iter().map(|(name, is)| (name.as_str(), *is)).collect();
        assert_eq!(
            names,
            [
                ("own", DefinedIn::Jenkins),
                ("site", DefinedIn::Scm),
                ("site/main", DefinedIn::Scm),
                ("site/users%2Fjack", DefinedIn::Scm)
            ]
        );
        assert_eq!((misses.len(), asked.len()), (0, 2), "{asked:?}");
    }

    #[tokio::test]
    async fn without_the_right_to_read_definitions_all_is_unknown_and_said_once() {
        let (found, misses, _) = defined(|_| {
            (
                403,
                vec![("content-type", "text/html"), ("x-required-permission", "hudson.model.Item.ExtendedRead")],
                String::new(),
            )
        })
        .await;
        assert!(found.iter().all(|(_, is)| *is == DefinedIn::Unknown), "{found:?}");
        assert_eq!((misses.len(), misses[0].reason), (1, UnseenReason::NotAuthorized));
        assert!(
            misses[0].what.contains("2 of 2 jobs") && misses[0].what.contains("ExtendedRead"),
            "{}",
            misses[0].what
        );
    }

    #[tokio::test]
    async fn a_controller_that_refuses_one_after_the_other_is_not_asked_for_all() {
        let jobs: Vec<String> = (0..200).map(|number| format!("{{\"name\":\"job-{number}\"}}")).collect();
        let list = format!("{{\"_class\":\"h\",\"jobs\":[{}]}}", jobs.join(","));
        let fake = Fake::start(
            move |path| if path.ends_with("config.xml") { (403, vec![], String::new()) } else { json(&list) },
        )
        .await;
        let listing = fake.jenkins("", &[]).inventory(&Wanted::definitions()).await;
        assert!(fake.asked().len() < 40, "{}", fake.asked().len());
        assert!(listing.misses[0].what.contains("175 more were not asked for"), "{:?}", listing.misses);
        let unknown = listing
            .told
            .iter()
            .filter(|told| matches!(&told.fact, Fact::Item(item) if item.defined_in == Some(DefinedIn::Unknown)));
        assert_eq!(unknown.count(), 200);
    }
}
