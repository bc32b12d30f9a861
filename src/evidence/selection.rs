//! Selection: which items of a system a policy entry or an exclusion speaks of.
//!
//! One rule for those who look and those who judge. Which items there are is left to the evidence.

use super::fact::Item;
use crate::model::time::Instant;
use crate::policy::document::{Exclude, Select};
use crate::policy::values::{DefinedIn, NamePattern};

/// Returns whether an exclusion that is not overdue leaves the item out. What is not known of an item
/// never leaves it out.
pub fn leaves_out(exclude: &Exclude, system: &str, item: &Item, as_of: Instant) -> bool {
    let private = exclude.private.as_ref().map(|private| private.value);
    exclude.r#in.value == system
        && exclude.name.matches(&item.name)
        && (private.is_none() || private == item.private)
        && !exclude.review_by.is_over_at(as_of)
}

/// Returns whether exclusions leave out everything private that the system may hold.
pub fn leaves_out_private(excludes: &[Exclude], system: &str, as_of: Instant) -> bool {
    excludes.iter().any(|exclude| {
        exclude.r#in.value == system
            && exclude.name.text == "*"
            && exclude.private.as_ref().is_none_or(|private| private.value)
            && !exclude.review_by.is_over_at(as_of)
    })
}

/// Returns whether `select` takes the item. What is not known of an item never leaves it out: an
/// asset too many is seen, an asset too few is not.
pub fn selects(select: &Select, item: &Item) -> bool {
    let flag = |wanted: Option<bool>, is: Option<bool>| wanted.is_none() || is.is_none() || wanted == is;
    let glob = |wanted: Option<&[NamePattern]>, is: Option<&str>| {
        wanted.is_none_or(|patterns| is.is_none_or(|is| NamePattern::select(patterns, is)))
    };
    glob(select.name.as_ref().map(|key| key.value.0.as_slice()), Some(&item.name))
        && flag(select.archived.as_ref().map(|key| key.value), item.archived)
        && flag(select.fork.as_ref().map(|key| key.value), item.fork)
        && flag(select.private.as_ref().map(|key| key.value), item.private)
        && flag(select.template.as_ref().map(|key| key.value), item.template)
        && flag(select.empty.as_ref().map(|key| key.value), item.empty)
        && flag(select.disabled.as_ref().map(|key| key.value), item.disabled)
        && glob(select.folder.as_ref().map(|key| key.value.0.as_slice()), item.folder.as_deref())
        && glob(select.class.as_ref().map(|key| key.value.0.as_slice()), item.class.as_deref())
        && select.defined_in.as_ref().is_none_or(|wanted| {
            item.defined_in.is_none_or(|is| is == DefinedIn::Unknown || wanted.value.0.contains(&is))
        })
}
