//! Nearest names, for hints of the form "did you mean".
//!
//! When a hint is worth printing is left to the caller.

/// Returns the known name nearest to `given`; `None` when none is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given_lower = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given_lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(given.chars().count()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_name_that_was_meant_and_nothing_far_off() {
        let known = ["retention", "restore_test_every", "rpo"];
        assert_eq!(nearest("retenton", known), Some("retention"));
        assert_eq!(nearest("RPO", known), Some("rpo"));
        assert_eq!(nearest("restore_tests_every", known), Some("restore_test_every"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
