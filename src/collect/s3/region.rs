//! Regions: in which one a bucket is.
//!
//! AWS tells it in a header of any answer to HEAD of a bucket, refusals too
//! (`docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html`), and in the errors of a question that went
//! to another one. Asking is left to `client`.

use super::place::is_region;
use super::refusal;
use crate::collect::http::Answer;

/// The region of buckets that name none, and the one that other servers accept.
pub const DEFAULT: &str = "us-east-1";

/// The header that names the region.
const HEADER: &str = "x-amz-bucket-region";

/// Returns the region that an answer names in its header; `None` where it names none.
pub fn told(answer: &Answer) -> Option<&str> {
    answer.header(HEADER).filter(|region| is_region(region))
}

/// Returns the region to ask instead, where an answer says that the question went to the wrong one:
/// `PermanentRedirect` (301, which has no `Location`), `TemporaryRedirect` (307) and
/// `AuthorizationHeaderMalformed` (400). `None` for all other answers, and where it names none or the same.
pub fn instead(answer: &Answer, asked: &str) -> Option<String> {
    if !matches!(answer.status.as_u16(), 301 | 307 | 400) {
        return None;
    }
    let told = told(answer).map(str::to_owned).or_else(|| {
        let refusal = refusal::read(answer)?;
        refusal.region.filter(|region| is_region(region))
    });
    told.filter(|region| region != asked)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{answer, answer_with};
    use super::*;

    #[test]
    fn the_right_region_is_found_in_header_or_error() {
        let moved = "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>";
        let found = answer_with(301, &[("x-amz-bucket-region", "eu-west-1")], moved);
        assert_eq!(instead(&found, "us-east-1").as_deref(), Some("eu-west-1"));
        assert_eq!(instead(&found, "eu-west-1"), None, "asking there again would not help");
        assert_eq!(instead(&answer(301, moved), "us-east-1"), None);
        let malformed = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>";
        assert_eq!(instead(&answer(400, malformed), "us-east-1").as_deref(), Some("eu-central-1"));
        assert_eq!(instead(&answer(403, malformed), "us-east-1"), None);
    }

    #[test]
    fn a_region_that_leads_elsewhere_is_none() {
        let hostile = answer_with(301, &[("x-amz-bucket-region", "x.evil.example")], "");
        assert_eq!(told(&hostile), None);
        assert_eq!(instead(&hostile, "us-east-1"), None);
        let hostile = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>evil.example/</Region></Error>";
        assert_eq!(instead(&answer(400, hostile), "us-east-1"), None);
    }
}
