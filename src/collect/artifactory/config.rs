//! The configuration of a whole Artifactory, as far as backups go.
//!
//! Its XML has another namespace in each version, so elements are known by their local names. It holds
//! passwords: nothing of it is repeated but what is read here. What a backup's settings mean is left to
//! `backup`.

use http::header::CONTENT_TYPE;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::collect::http::Answer;
use crate::collect::miss::Miss;
use crate::model::UnseenReason;

/// The longest value of an element that is kept.
const LONGEST: usize = 4_096;

/// One configured backup, with the defaults of the schema where a value is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its key.
    pub key: String,
    /// Whether it runs.
    pub enabled: bool,
    /// When it runs, as Quartz writes it, in the server's own time zone.
    pub cron: String,
    /// For how many hours a backup is kept; 0 or less: for ever, or in place of the last one.
    pub retention_hours: i64,
    /// Whether each backup is one archive.
    pub archive: bool,
    /// The repositories that it leaves out.
    pub excluded: Vec<String>,
}

/// A backup while it is read.
#[derive(Debug, Default)]
struct Draft {
    key: Option<String>,
    enabled: Option<String>,
    cron: Option<String>,
    retention: Option<String>,
    archive: Option<String>,
    excluded: Vec<String>,
}

impl Draft {
    /// Returns the backup; `None` where it has no key or a value that cannot be read.
    fn backup(self) -> Option<Backup> {
        fn flag(text: Option<&str>, default: bool) -> Option<bool> {
            match text {
                None | Some("") => Some(default),
                Some("true" | "1") => Some(true),
                Some("false" | "0") => Some(false),
                Some(_) => None,
            }
        }
        let retention = self.retention.filter(|text| !text.is_empty());
        Some(Backup {
            key: self.key.filter(|key| !key.is_empty())?,
            enabled: flag(self.enabled.as_deref(), true)?,
            cron: self.cron.unwrap_or_default(),
            retention_hours: retention.map_or(Some(168), |text| text.parse().ok())?,
            archive: flag(self.archive.as_deref(), false)?,
            excluded: self.excluded,
        })
    }
}

/// Reads `GET /api/system/configuration`: every backup.
///
/// # Errors
///
/// `unreadable` where it is no such configuration, `truncated` where it ends in the middle.
pub fn backups(answer: &Answer) -> Result<Vec<Backup>, Miss> {
    let kind = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let miss = |reason, what: &str| answer.miss(reason, format!("{}: {what}", answer.request()));
    if !kind.contains("xml") {
        return Err(miss(UnseenReason::Unreadable, "it is not XML"));
    }
    let text = str::from_utf8(&answer.body).map_err(|_| miss(UnseenReason::Unreadable, "it is not UTF-8"))?;
    read(text).map_err(|reason| match reason {
        UnseenReason::Truncated => miss(reason, "the configuration ends in the middle"),
        _ => miss(reason, "it is no configuration of Artifactory"),
    })
}

/// What was wrong is not said in the parser's words: they may repeat a password.
fn read(text: &str) -> Result<Vec<Backup>, UnseenReason> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let (mut backups, mut draft, mut value) = (Vec::new(), Draft::default(), String::new());
    let (mut is_configuration, mut has_backups) = (false, false);
    loop {
        match reader.read_event().map_err(|_| fault(text, is_configuration))? {
            Event::Start(element) => {
                path.push(element.local_name().as_ref().to_owned());
                value.clear();
                is_configuration |= path.len() == 1 && path[0] == "config";
                if path.len() == 1 && !is_configuration {
                    return Err(UnseenReason::Unreadable);
                }
                has_backups |= is(&path, &["config", "backups"]);
                if is(&path, &["config", "backups", "backup"]) {
                    draft = Draft::default();
                }
            }
            Event::End(_) => {
                close(&path, &value, &mut draft);
                if is(&path, &["config", "backups", "backup"]) {
                    backups.push(std::mem::take(&mut draft).backup().ok_or(UnseenReason::Unreadable)?);
                }
                path.pop();
                value.clear();
            }
            Event::Text(part) => value.push_str(&part.xml10_content()),
            Event::CData(part) => value.push_str(&part.xml10_content()),
            Event::GeneralRef(part) => value.push_str(&meant(&part).ok_or(UnseenReason::Unreadable)?),
            Event::Empty(element) => {
                has_backups |= is(&path, &["config"]) && element.local_name().as_ref() == "backups"
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            // Other files of Artifactory have a root of the same name.
            Event::Eof if path.is_empty() && is_configuration && has_backups => return Ok(backups),
            Event::Eof => return Err(fault(text, is_configuration)),
        }
        if value.len() > LONGEST {
            // No key, flag or schedule is as long; what is, is not looked at.
            value.clear();
        }
    }
}

/// A text that ends without its last tag was cut, whatever the parser stumbled over.
fn fault(text: &str, is_configuration: bool) -> UnseenReason {
    if is_configuration && !text.trim_end().ends_with("config>") {
        UnseenReason::Truncated
    } else {
        UnseenReason::Unreadable
    }
}

fn meant(part: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = part.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(part).map(str::to_owned)
}

fn is(path: &[String], wanted: &[&str]) -> bool {
    path.len() == wanted.len() && path.iter().zip(wanted).all(|(part, wanted)| part == wanted)
}

/// Notes the value of an element that ends.
fn close(path: &[String], value: &str, draft: &mut Draft) {
    let Some((outer, inner)) = path.split_at_checked(3) else { return };
    if !is(outer, &["config", "backups", "backup"]) {
        return;
    }
    let value = || value.trim().to_owned();
    match inner.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["key"] => draft.key = Some(value()),
        ["enabled"] => draft.enabled = Some(value()),
        ["cronExp"] => draft.cron = Some(value()),
        ["retentionPeriodHours"] => draft.retention = Some(value()),
        ["createArchive"] => draft.archive = Some(value()),
        ["excludedRepositories", "repositoryRef"] => draft.excluded.push(value()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(backups: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><c:config xmlns:c=\"http://artifactory.jfrog.org/xsd/3.1.29\"><c:security><c:password>s3cret</c:password></c:security><c:backups>{}</c:backups></c:config>",
            backups.replace("</", "</c:").replace('<', "<c:").replace("<c:/c:", "</c:")
        )
    }

    #[test]
    fn defaults_are_those_of_the_schema_and_prefixes_do_not_matter() {
        let read = read(&config("<backup><key>nightly &amp; &#49;</key><cronExp>0 0 2 * * ?</cronExp></backup>"));
        let backup = read.unwrap().remove(0);
        assert_eq!((backup.key.as_str(), backup.enabled, backup.retention_hours), ("nightly & 1", true, 168));
        assert!(!backup.archive && backup.excluded.is_empty());
    }

    #[test]
    fn excluded_repositories_are_read_and_other_backups_values_are_not_mixed_in() {
        let text = config(
            "<backup><key>a</key><enabled>false</enabled><excludedRepositories><repositoryRef>x</repositoryRef><repositoryRef>y</repositoryRef></excludedRepositories></backup><backup><key>b</key></backup>",
        );
        let read = read(&text).unwrap();
        assert_eq!(read[0].excluded, ["x", "y"]);
        assert!(!read[0].enabled && read[1].enabled && read[1].excluded.is_empty());
    }

    #[test]
    fn what_is_no_configuration_or_is_cut_is_told_apart() {
        let whole = config("<backup><key>a</key></backup>");
        assert_eq!(read("<html><body>Sign in</body></html>"), Err(UnseenReason::Unreadable));
        assert_eq!(read(""), Err(UnseenReason::Unreadable));
        assert_eq!(
            read(&config("<backup><key>a</key><enabled>maybe</enabled></backup>")),
            Err(UnseenReason::Unreadable)
        );
        assert_eq!(read(&config("<backup><key>&bomb;</key></backup>")), Err(UnseenReason::Unreadable));
        let begins = whole.find("<c:security").unwrap();
        for end in begins..whole.len() {
            assert_eq!(read(&whole[..end]), Err(UnseenReason::Truncated), "cut at {end}");
        }
    }
}
