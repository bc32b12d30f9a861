//! `owned`: the asset has an owner that is not one person.
//!
//! Judges the policy's own word; who may act on it is not asked here.

use super::{About, AssetContext, Control, Drafts};
use crate::model::{ControlId, Verdict};
use crate::policy::values::{OrUnknown, Owner};

/// The control.
pub(super) struct Owned;

static ABOUT: About = About {
    id: ControlId::Owned,
    asks: "The asset has an owner that is a group, or one person with a deputy.",
    why: "Documents and backups vanish with the person who kept them.",
    remedy: "Name the group that answers for the asset; for one person, name a deputy.",
    asked: "Of every asset. A single person is written `{ person: …, deputy: … }`.",
    standards: &["NIST SP 800-53 CP-2", "CIS v8 11.1", "ISO/IEC 27001:2022 A.5.9"],
};

impl Control for Owned {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn asset(&self, asset: &AssetContext<'_, '_>, out: &mut Drafts) {
        let entry = asset.subject.asset;
        let Some(owner) = &entry.owner else {
            out.asset(Verdict::Gap, "it names no owner", entry.id.span.clone());
            return;
        };
        let (verdict, because) = match &owner.value {
            OrUnknown::Unknown => (Verdict::Unknown, "the policy says that its owner is unknown".to_owned()),
            OrUnknown::Known(Owner::Person { person, deputy: None }) => {
                (Verdict::Gap, format!("{person} is one person, without a deputy"))
            }
            OrUnknown::Known(Owner::Group(name)) if name.starts_with('@') && !name.contains('/') => {
                (Verdict::Gap, format!("{name} is one account, without a deputy"))
            }
            OrUnknown::Known(known) => (Verdict::Met, format!("owned by {known}")),
        };
        out.asset(verdict, because, owner.span.clone());
    }
}
