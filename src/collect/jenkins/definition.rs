//! Definitions: where a job is defined and what starts it, read from its `config.xml`.
//!
//! XML 1.1 as Jenkins writes it. Only what is asked for is read; asking is left to `definitions` and
//! `build`. A definition that was read without the right to change it has its secrets blanked out, and is
//! no backup of anything.

use http::header::CONTENT_TYPE;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::policy::values::DefinedIn;

/// How many bytes of a definition are read.
pub const MAX_BYTES: u64 = 8 << 20;

/// How deep elements may stand in each other.
const MAX_DEPTH: usize = 200;

/// How many characters of a text are kept: enough for a trigger or the end of a description.
const MAX_TEXT: usize = 64 << 10;

/// What Jenkins Job Builder writes at the end of a description (jenkins-job-builder, `xml_config.py`).
const JOB_BUILDER: &str = "<!-- Managed by Jenkins Job Builder -->";

/// What a definition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Where the job is defined.
    pub defined_in: DefinedIn,
    /// Whether it is disabled; `None` where it does not say.
    pub disabled: Option<bool>,
    /// What starts it.
    pub triggers: Triggers,
}

/// What starts a job, as its own definition tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Triggers {
    /// Its schedules, a line each, in Jenkins' dialect.
    pub schedules: Vec<Box<str>>,
    /// The classes of other triggers, such as polling or a push.
    pub others: Vec<Box<str>>,
}

/// Reads `GET …/config.xml`.
///
/// # Errors
///
/// `unreadable` where it is no definition, `truncated` where it is not there to its end.
pub fn read(answer: &Answer) -> Result<Definition, Miss> {
    let kind = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let wrong = |reason, why: &str| answer.miss(reason, format!("{} {why}", answer.request()));
    if !matches!(media.as_str(), "application/xml" | "text/xml") {
        let found = if media.is_empty() { "no content type" } else { &media };
        return Err(wrong(UnseenReason::Unreadable, &format!("answered with {found} instead of XML")));
    }
    of_bytes(&answer.body).map_err(|fault| match fault {
        Fault::Cut => wrong(UnseenReason::Truncated, "answered with a definition that is cut short"),
        Fault::NoXml => wrong(UnseenReason::Unreadable, "answered with a definition that cannot be read"),
    })
}

/// Why a text is no definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It ends before its end.
    Cut,
    /// It is no XML, or none that Jenkins writes.
    NoXml,
}

/// Reads a definition.
///
/// # Errors
///
/// Where it is none, or not all of one.
pub fn of_bytes(body: &[u8]) -> Result<Definition, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::NoXml)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => reading.starts(&tag)?,
            Ok(Event::End(_)) => reading.ends(),
            Ok(Event::Text(part)) => reading.text(&part)?,
            Ok(Event::CData(part)) => reading.text(&part)?,
            Ok(Event::GeneralRef(reference)) => match reference.resolve_char_ref() {
                Ok(Some(character)) => reading.text(character.encode_utf8(&mut [0; 4]))?,
                // Characters that no XML may name are in scripts all the same; nothing here rests on them.
                Err(_) => reading.text("\u{fffd}")?,
                Ok(None) => reading.text(resolve_xml_entity(&reference).ok_or(Fault::NoXml)?)?,
            },
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_)) => {}
            Ok(Event::Eof) => return reading.end(),
            Err(quick_xml::Error::Syntax(_)) => return Err(Fault::Cut),
            // Jenkins writes no document type, and what one declares would change what is read.
            Ok(Event::DocType(_)) | Err(_) => return Err(Fault::NoXml),
        }
    }
}

/// An element that is open.
#[derive(Debug)]
struct Open {
    name: Box<str>,
    text: String,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Reading {
    open: Vec<Open>,
    root: Option<Box<str>>,
    /// The class of `definition`, of a pipeline.
    pipeline: Option<Box<str>>,
    /// The classes of what makes jobs of branches or repositories.
    factories: Vec<Box<str>>,
    is_generator: bool,
    is_managed: bool,
    disabled: Option<bool>,
    triggers: Triggers,
}

impl Reading {
    fn starts(&mut self, tag: &BytesStart<'_>) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH || self.open.is_empty() && self.root.is_some() {
            return Err(Fault::NoXml);
        }
        let name: Box<str> = tag.name().as_ref().into();
        let class = class(tag)?;
        let depth = self.open.len();
        let parent = self.open.last().map(|open| &*open.name);
        if depth == 0 {
            self.root = Some(name.clone());
        } else if depth == 1 && &*name == "definition" {
            self.pipeline = Some(class.clone().unwrap_or_default());
        } else if depth == 1 && &*name == "factory" {
            self.is_generator = true;
            self.factories.push(class.clone().unwrap_or_default());
        } else if depth == 1 && &*name == "projectFactories" {
            self.is_generator = true;
        } else if depth == 2 && parent == Some("projectFactories") {
            self.factories.push(name.clone());
        } else if self.is_trigger() && !is_timer(&name) {
            self.triggers.others.push(name.rsplit('.').next().unwrap_or_default().into());
        }
        self.open.push(Open { name, text: String::new() });
        Ok(())
    }

    /// Returns whether the next element is a trigger of the job: of the old list, or of a pipeline's
    /// property. What tracks what a pipeline once declared is no trigger.
    fn is_trigger(&self) -> bool {
        let names: Vec<&str> = self.open.iter().map(|open| &*open.name).collect();
        match names[..] {
            [_, "triggers"] => true,
            [_, "properties", property, "triggers"] => property.ends_with("PipelineTriggersJobProperty"),
            _ => false,
        }
    }

    fn text(&mut self, part: &str) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(open) if open.text.len() + part.len() <= MAX_TEXT => open.text.push_str(part),
            // Of a long text the end is kept, where marks of tools stand.
            Some(open) => part.clone_into(&mut open.text),
            None if part.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty() => {}
            None => return Err(Fault::NoXml),
        }
        Ok(())
    }

    fn ends(&mut self) {
        let Some(Open { name, text }) = self.open.pop() else { return };
        match (self.open.len(), &*name) {
            (1, "disabled") => self.disabled = text.trim().parse().ok(),
            (1, "description") => self.is_managed = text.trim_end().ends_with(JOB_BUILDER),
            (_, "spec" | "parameterizedSpecification") => {
                let timer = self.open.pop();
                let is_schedule = timer.as_ref().is_some_and(|timer| is_timer(&timer.name)) && self.is_trigger();
                self.open.extend(timer);
                if is_schedule {
                    self.triggers.schedules.extend(schedules(&text));
                }
            }
            _ => {}
        }
    }

    fn end(self) -> Result<Definition, Fault> {
        let root = self.root.as_deref().ok_or(Fault::Cut)?;
        if !self.open.is_empty() {
            return Err(Fault::Cut);
        }
        if root.eq_ignore_ascii_case("html") {
            return Err(Fault::NoXml);
        }
        let defined_in = self.defined_in(root);
        Ok(Definition { defined_in, disabled: self.disabled, triggers: self.triggers })
    }

    fn defined_in(&self, root: &str) -> DefinedIn {
        let own = match root {
            "flow-definition" => match self.pipeline.as_deref() {
                Some("org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition") => DefinedIn::Jenkins,
                Some(
                    "org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition"
                    | "org.jenkinsci.plugins.workflow.multibranch.SCMBinder",
                ) => DefinedIn::Scm,
                _ => DefinedIn::Unknown,
            },
            "project"
            | "maven2-moduleset"
            | "matrix-project"
            | "hudson.model.ExternalJob"
            | "com.tikal.jenkins.plugins.multijob.MultiJobProject" => DefinedIn::Jenkins,
            _ if self.is_generator => self.of_factories(),
            _ => DefinedIn::Unknown,
        };
        // Where a tool made the job, the tool's own source is what has to survive.
        if own == DefinedIn::Jenkins && self.is_managed { DefinedIn::Generated } else { own }
    }

    fn of_factories(&self) -> DefinedIn {
        let each = self.factories.iter().map(|class| match class.rsplit('.').next().unwrap_or_default() {
            "WorkflowBranchProjectFactory" | "WorkflowMultiBranchProjectFactory" => DefinedIn::Scm,
            // The script of every branch comes from a file that Jenkins manages.
            "PipelineBranchDefaultsProjectFactory" | "PipelineMultiBranchDefaultsProjectFactory" => DefinedIn::Jenkins,
            _ => DefinedIn::Unknown,
        });
        each.reduce(|a, b| if a == b { a } else { DefinedIn::Unknown }).unwrap_or(DefinedIn::Unknown)
    }
}

fn is_timer(name: &str) -> bool {
    matches!(
        name,
        "hudson.triggers.TimerTrigger" | "org.jenkinsci.plugins.parameterizedscheduler.ParameterizedTimerTrigger"
    )
}

fn class(tag: &BytesStart<'_>) -> Result<Option<Box<str>>, Fault> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| Fault::NoXml)?;
        if attribute.key.as_ref() == "class" {
            return Ok(Some(attribute.value.as_ref().into()));
        }
    }
    Ok(None)
}

/// Returns the lines of a trigger that start something: without comments, without the time zone, which
/// shifts them all, and without the parameters of the build that they start.
/// (<https://www.jenkins.io/doc/book/pipeline/syntax/#cron-syntax>)
fn schedules(spec: &str) -> Vec<Box<str>> {
    let lines = spec.lines().map(|line| line.split('%').next().unwrap_or_default().trim());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("TZ="));
    lines.map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined_in(xml: &str) -> DefinedIn {
        of_bytes(xml.as_bytes()).unwrap().defined_in
    }

    fn triggers(inner: &str) -> Triggers {
        of_bytes(format!("<?xml version='1.1' encoding='UTF-8'?>\n<project>{inner}</project>").as_bytes())
            .unwrap()
            .triggers
    }

    #[test]
    fn pipelines_are_defined_where_their_script_is() {
        let inline = "<?xml version='1.1' encoding='UTF-8'?>\n<flow-definition plugin=\"workflow-job@2.41\"><definition class=\"org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition\"><script>echo '&#x1b;[31m' &amp;&amp; x</script></definition></flow-definition>";
        assert_eq!(defined_in(inline), DefinedIn::Jenkins);
        assert_eq!(defined_in(&inline.replace("CpsFlow", "CpsScmFlow")), DefinedIn::Scm);
        assert_eq!(defined_in(&inline.replace("CpsFlow", "OtherFlow")), DefinedIn::Unknown);
        assert_eq!(defined_in("<flow-definition/>"), DefinedIn::Unknown);
    }

    #[test]
    fn what_a_tool_made_is_generated_and_a_mention_of_the_tool_is_not() {
        let of =
            |description: &str| defined_in(&format!("<project><description>{description}</description></project>"));
        assert_eq!(of("Docs&lt;!-- Managed by Jenkins Job Builder --&gt;"), DefinedIn::Generated);
        assert_eq!(of("&lt;!-- Managed by Jenkins Job Builder --&gt; no more"), DefinedIn::Jenkins);
    }

    #[test]
    fn what_makes_jobs_of_branches_is_defined_where_their_scripts_are() {
        let of = |class: &str| {
            defined_in(&format!(
                "<a.WorkflowMultiBranchProject><factory class=\"{class}\"/></a.WorkflowMultiBranchProject>"
            ))
        };
        assert_eq!(of("org.jenkinsci.plugins.workflow.multibranch.WorkflowBranchProjectFactory"), DefinedIn::Scm);
        assert_eq!(
            of("org.jenkinsci.plugins.pipeline.multibranch.defaults.PipelineBranchDefaultsProjectFactory"),
            DefinedIn::Jenkins
        );
        assert_eq!(of("integration.harness.BasicBranchProjectFactory"), DefinedIn::Unknown);
        let organisation = "<jenkins.branch.OrganizationFolder><projectFactories><org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory/></projectFactories></jenkins.branch.OrganizationFolder>";
        assert_eq!(defined_in(organisation), DefinedIn::Scm);
    }

    #[test]
    fn schedules_come_a_line_each_without_comments_and_time_zones() {
        let spec = "TZ=Europe/Prague\r\n# each night\nH 2 * * *\n\n@weekly\n";
        let found = triggers(&format!(
            "<triggers><hudson.triggers.TimerTrigger><spec>{spec}</spec></hudson.triggers.TimerTrigger></triggers>"
        ));
        assert_eq!(found.schedules, [Box::<str>::from("H 2 * * *"), Box::<str>::from("@weekly")]);
        let property = "<properties><org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty><triggers><hudson.triggers.TimerTrigger><spec>@daily</spec></hudson.triggers.TimerTrigger></triggers></org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty></properties>";
        assert_eq!(triggers(property).schedules, [Box::<str>::from("@daily")]);
        let parameters = "<triggers><org.jenkinsci.plugins.parameterizedscheduler.ParameterizedTimerTrigger><parameterizedSpecification>H 4 * * * % full=true</parameterizedSpecification></org.jenkinsci.plugins.parameterizedscheduler.ParameterizedTimerTrigger></triggers>";
        assert_eq!(triggers(parameters).schedules, [Box::<str>::from("H 4 * * *")]);
    }

    #[test]
    fn polling_is_no_schedule_and_what_tracks_triggers_is_none() {
        let polling = triggers(
            "<triggers><hudson.triggers.SCMTrigger><spec>H/5 * * * *</spec></hudson.triggers.SCMTrigger></triggers>",
        );
        assert_eq!((polling.schedules.len(), polling.others), (0, vec!["SCMTrigger".into()]));
        let tracked = "<actions><x.DeclarativeJobPropertyTrackerAction><triggers><string>hudson.triggers.TimerTrigger</string></triggers></x.DeclarativeJobPropertyTrackerAction></actions>";
        assert_eq!(triggers(tracked), Triggers::default());
    }

    #[test]
    fn what_is_cut_short_or_no_xml_is_no_definition() {
        for cut in ["", "<project>", "<project><disabled>false</disab", "<?xml version='1.1'?>\n<project><a/>"] {
            assert_eq!(of_bytes(cut.as_bytes()), Err(Fault::Cut), "{cut}");
        }
        for wrong in [
            "not xml",
            "<html><body/></html>",
            "<!DOCTYPE project [<!ENTITY x 'y'>]><project>&x;</project>",
            "<project>&other;</project>",
            "<project/><project/>",
            "<a></b>",
        ] {
            assert_eq!(of_bytes(wrong.as_bytes()), Err(Fault::NoXml), "{wrong}");
        }
        assert_eq!(of_bytes("<a>".repeat(1_000).as_bytes()), Err(Fault::NoXml));
    }
}
