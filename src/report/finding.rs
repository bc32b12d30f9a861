//! A finding of the report: one answer to one question, and its shape in JSON.
//!
//! What is asked and answered is left to `judge`; which finding weighs most, to `rank`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Place, baseline};
use crate::evidence::Digest;
use crate::judge::controls;
use crate::model::time::Instant;
use crate::model::{ControlId, Severity, Verdict};

/// One answer to one question. Its id is put together when it is asked for: there may be a million.
#[derive(Debug)]
pub struct Finding {
    /// The question.
    pub control: ControlId,
    /// What it speaks of.
    pub about: About,
    /// The answer.
    pub verdict: Verdict,
    /// How much it would hurt.
    pub severity: Severity,
    /// Why.
    pub because: Box<str>,
    /// The observations it rests on.
    pub evidence: Arc<[Digest]>,
    /// The place in the policy that demands it.
    pub policy: Place,
    /// The position in `waivers` of the waiver under which it is accepted.
    pub waiver: Option<u32>,
    /// Since when it is known to be so; `None` where neither the evidence nor a baseline tells.
    pub since: Option<Instant>,
    /// Where it stands beside the baseline; `None` without one, and where it is neither open nor accepted.
    pub change: Option<baseline::Change>,
}

/// What a finding speaks of, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An asset.
    Asset(Arc<str>),
    /// A copy of an asset: the asset, then the copy.
    Copy(Arc<str>, Arc<str>),
    /// A system.
    System(Box<str>),
    /// The pattern of a waiver that names no asset.
    Pattern(Box<str>),
}

impl Finding {
    /// Returns the asset; `None` for findings about a system or a waiver.
    pub fn asset(&self) -> Option<&str> {
        match &self.about {
            About::Asset(asset) | About::Copy(asset, _) => Some(asset),
            About::System(_) | About::Pattern(_) => None,
        }
    }

    /// Returns the copy; `None` for findings about the asset itself, a system or a waiver.
    pub fn copy(&self) -> Option<&str> {
        match &self.about {
            About::Copy(_, copy) => Some(copy),
            About::Asset(_) | About::System(_) | About::Pattern(_) => None,
        }
    }

    /// Returns the system; `None` for findings about an asset or a waiver.
    pub fn system(&self) -> Option<&str> {
        match &self.about {
            About::System(system) => Some(system),
            About::Asset(_) | About::Copy(..) | About::Pattern(_) => None,
        }
    }

    /// Returns what to do about a gap.
    pub fn remedy(&self) -> &'static str {
        controls::find(self.control).map_or("", |control| control.about().remedy)
    }

    /// Returns its id, stable for ever: `control:asset[:copy]`, or `control:@system`.
    pub fn id(&self) -> String {
        let control = self.control;
        match &self.about {
            About::Asset(asset) => format!("{control}:{asset}"),
            About::Copy(asset, copy) => format!("{control}:{asset}:{copy}"),
            About::System(system) => format!("{control}:@{system}"),
            About::Pattern(pattern) => format!("{control}:{pattern}"),
        }
    }
}

/// A finding as JSON holds it.
#[derive(Serialize, JsonSchema)]
struct FindingView<'f> {
    /// `control:asset[:copy]`, or `control:@system`; stable for ever.
    id: String,
    /// The question.
    control: ControlId,
    /// The asset; null for findings about a system or a waiver.
    asset: Option<&'f str>,
    /// The copy; null for findings about the asset itself.
    copy: Option<&'f str>,
    /// The system; null for findings about an asset.
    system: Option<&'f str>,
    /// The answer.
    verdict: Verdict,
    /// How much it would hurt.
    severity: Severity,
    /// Why.
    because: &'f str,
    /// What to do about a gap.
    remedy: &'static str,
    /// The observations it rests on.
    evidence: &'f [Digest],
    /// The place in the policy that demands it.
    policy: Place,
    /// The position in `waivers` of the waiver under which it is accepted.
    waiver: Option<u32>,
    /// Since when it is known to be so; null where neither the evidence nor a baseline tells.
    #[schemars(with = "Option<String>")]
    since: Option<Instant>,
    /// Where it stands beside the baseline; absent without one, and where it is neither open nor accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<baseline::Change>,
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = FindingView {
            id: self.id(),
            control: self.control,
            asset: self.asset(),
            copy: self.copy(),
            system: self.system(),
            verdict: self.verdict,
            severity: self.severity,
            because: &self.because,
            remedy: self.remedy(),
            evidence: &self.evidence,
            policy: self.policy,
            waiver: self.waiver,
            since: self.since,
            change: self.change,
        };
        view.serialize(serializer)
    }
}

impl JsonSchema for Finding {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Finding".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        FindingView::json_schema(generator)
    }
}
