//! What a controller tells: its jobs and builds as JSON, definitions as XML.
//!
//! Who may hear it is left to the file above.

use chrono::TimeDelta;
use lastgood::model::Instant;
use serde_json::{Map, Value, json};

use super::tree::Wanted;
use super::truth::{Build, Job, Kind};

/// Where it believes to be: somewhere else.
const ELSEWHERE: &str = "http://believes.invalid:9999/other/";

/// How a job is told.
#[derive(Debug, Clone, Copy)]
pub struct Teller {
    /// When it is.
    pub now: Instant,
    /// Whether classes are told.
    pub classes: bool,
    /// Whether what is hidden is told.
    pub hidden: bool,
}

impl Teller {
    fn object(self, class: &str) -> Map<String, Value> {
        let mut object = Map::new();
        if self.classes {
            object.insert("_class".to_owned(), class.into());
        }
        object
    }

    /// Tells of the controller itself.
    pub fn root(self, jobs: &[Job], wanted: &[Wanted]) -> Value {
        let mut object = self.object("hudson.model.Hudson");
        for part in wanted {
            if part.name == "jobs" {
                object.insert("jobs".to_owned(), self.jobs(jobs, part));
            }
        }
        Value::Object(object)
    }

    fn jobs(self, jobs: &[Job], wanted: &Wanted) -> Value {
        let shown: Vec<&Job> = jobs.iter().filter(|job| self.hidden || !job.hidden).collect();
        wanted.cut(&shown).iter().map(|job| self.job(job, &wanted.inside)).collect()
    }

    /// Tells of a job.
    pub fn job(self, job: &Job, wanted: &[Wanted]) -> Value {
        let mut object = self.object(class(job.kind));
        for part in wanted {
            if let Some(value) = self.part(job, part) {
                object.insert(part.name.clone(), value);
            }
        }
        Value::Object(object)
    }

    fn part(self, job: &Job, part: &Wanted) -> Option<Value> {
        let runs = !job.is_holder();
        Some(match part.name.as_str() {
            "name" => job.name.as_str().into(),
            "url" => format!("{ELSEWHERE}job/{}/", job.name).into(),
            "jobs" if job.is_holder() => self.jobs(&job.jobs, part),
            "disabled" if self.classes && job.kind != Kind::Folder => job.disabled.into(),
            "buildable" if runs => (!job.disabled).into(),
            "nextBuildNumber" if runs => (job.rotated + job.all_builds(self.now).len() as u64 + 1).into(),
            "upstreamProjects" if job.kind == Kind::Freestyle => json!([]),
            "lastStableBuild" if runs => {
                let builds = job.all_builds(self.now);
                let stable = builds.into_iter().find(|(.., build)| build.result.as_deref() == Some("SUCCESS"));
                stable.map_or(Value::Null, |build| self.build(&build, &part.inside))
            }
            "allBuilds" if runs => {
                let builds = job.all_builds(self.now);
                part.cut(&builds).iter().map(|build| self.build(build, &part.inside)).collect()
            }
            _ => return None,
        })
    }

    fn build(self, (number, at, build): &(u64, Instant, Build), wanted: &[Wanted]) -> Value {
        let mut object = self.object("hudson.model.FreeStyleBuild");
        for part in wanted {
            let value = match part.name.as_str() {
                "number" => (*number).into(),
                "timestamp" => at.timestamp_millis().into(),
                "duration" if build.result.is_none() => 0.into(),
                "duration" => TimeDelta::seconds(build.seconds).num_milliseconds().into(),
                "result" => build.result.clone().into(),
                "building" => build.result.is_none().into(),
                "actions" => json!([
                    { "_class": "hudson.model.CauseAction", "causes": [{ "_class": "hudson.triggers.TimerTrigger$TimerTriggerCause" }] },
                    {}
                ]),
                "artifacts" => {
                    let files: Vec<&String> = build.artifacts.keys().collect();
                    part.cut(&files).iter().map(|file| json!({ "relativePath": file })).collect()
                }
                _ => continue,
            };
            object.insert(part.name.clone(), value);
        }
        Value::Object(object)
    }
}

const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Freestyle => "hudson.model.FreeStyleProject",
        Kind::Pipeline | Kind::ScmPipeline => "org.jenkinsci.plugins.workflow.job.WorkflowJob",
        Kind::Folder => "com.cloudbees.hudson.plugins.folder.Folder",
        Kind::Multibranch => "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
        Kind::Organization => "jenkins.branch.OrganizationFolder",
    }
}

/// Returns the definition of a job.
pub fn definition(job: &Job) -> String {
    let description = if job.generated { "Made&lt;!-- Managed by Jenkins Job Builder --&gt;" } else { "" };
    let timer = job.cron.as_deref().map_or_else(String::new, |spec| {
        format!("<hudson.triggers.TimerTrigger><spec>{spec}</spec></hudson.triggers.TimerTrigger>")
    });
    let common = format!("<description>{description}</description><disabled>{}</disabled>", job.disabled);
    let pipeline = |class: &str, inner: &str| {
        format!(
            "<flow-definition plugin=\"workflow-job@1348.v32a_a_f150910e\">{common}<properties><org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty><triggers>{timer}</triggers></org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty></properties><definition class=\"org.jenkinsci.plugins.workflow.cps.{class}\">{inner}</definition><triggers/></flow-definition>"
        )
    };
    let body = match job.kind {
        Kind::Freestyle => format!("<project>{common}<triggers>{timer}</triggers><builders/></project>"),
        Kind::Pipeline => pipeline("CpsFlowDefinition", "<script>echo &apos;&#x1b;[32mhello&apos;</script>"),
        Kind::ScmPipeline => pipeline("CpsScmFlowDefinition", "<scriptPath>Jenkinsfile</scriptPath>"),
        Kind::Folder => {
            format!("<com.cloudbees.hudson.plugins.folder.Folder>{common}</com.cloudbees.hudson.plugins.folder.Folder>")
        }
        Kind::Multibranch => format!(
            "<org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject>{common}<factory class=\"org.jenkinsci.plugins.workflow.multibranch.WorkflowBranchProjectFactory\"/></org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject>"
        ),
        Kind::Organization => format!(
            "<jenkins.branch.OrganizationFolder>{common}<projectFactories><org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory/></projectFactories></jenkins.branch.OrganizationFolder>"
        ),
    };
    format!("<?xml version='1.1' encoding='UTF-8'?>\n{body}")
}
