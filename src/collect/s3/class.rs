//! Storage classes: how long it takes until an object can be read at all.
//!
//! Objects in archive classes have to be restored first. Of the speeds on offer the standard one counts,
//! with the longest time that AWS states for it
//! (`docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html`): 5 hours from
//! S3 Glacier Flexible Retrieval, 12 hours from S3 Glacier Deep Archive. What that means for an objective is
//! left to the judge.

/// How long it takes until objects can be read, the worst of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Thaw {
    /// The longest time that is known, in hours.
    hours: u64,
    /// Whether some may take longer, which their class does not tell.
    unsure: bool,
}

impl Thaw {
    /// Returns what a storage class says; an empty one is the standard class.
    pub fn of(class: &str) -> Self {
        match class {
            "" | "STANDARD" | "REDUCED_REDUNDANCY" | "STANDARD_IA" | "ONEZONE_IA" | "GLACIER_IR"
            | "EXPRESS_ONEZONE" => Self { hours: 0, unsure: false },
            "GLACIER" => Self { hours: 5, unsure: false },
            "DEEP_ARCHIVE" => Self { hours: 12, unsure: false },
            // INTELLIGENT_TIERING may have moved an object to an archive tier, which no list tells; other
            // servers have classes of their own.
            _ => Self { hours: 0, unsure: true },
        }
    }

    /// Returns the worse of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { hours: self.hours.max(other.hours), unsure: self.unsure || other.unsure }
    }

    /// Returns the hours until all can be read; `None` where that is not known.
    pub const fn hours(self) -> Option<u64> {
        // What is told is the longest time, and of a class that may take longer it is not known.
        if self.unsure { None } else { Some(self.hours) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_object_counts_and_a_class_nobody_knows_is_not_fast() {
        let hours =
            |classes: &[&str]| classes.iter().map(|class| Thaw::of(class)).fold(Thaw::default(), Thaw::and).hours();
        assert_eq!(hours(&[]), Some(0));
        assert_eq!(hours(&["", "GLACIER_IR", "STANDARD_IA"]), Some(0));
        assert_eq!(hours(&["", "GLACIER"]), Some(5));
        assert_eq!(hours(&["DEEP_ARCHIVE", "GLACIER", ""]), Some(12));
        assert_eq!(hours(&["INTELLIGENT_TIERING", ""]), None);
        assert_eq!(hours(&["COLD_AS_ICE"]), None);
        assert_eq!(hours(&["INTELLIGENT_TIERING", "GLACIER"]), None, "some may take longer than five hours");
        assert_eq!(hours(&["DEEP_ARCHIVE", "COLD_AS_ICE"]), None);
    }
}
