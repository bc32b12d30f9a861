//! The name of the policy file as a URI reference (RFC 3986).
//!
//! Only spelling: what a reference is relative to is left to its reader.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All that is not `unreserved` (RFC 3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns the URI of a file: a relative reference for a relative name, and `file:` for an absolute one.
pub(super) fn uri(file: &str) -> String {
    let file = if cfg!(windows) { file.replace('\\', "/") } else { file.to_owned() };
    let drive = file.as_bytes().get(..3).is_some_and(|start| start[0].is_ascii_alphabetic() && start[1..] == *b":/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in file.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_some_and(|last| *last != "..") => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let encode = |(position, segment): (usize, &&str)| {
        // A drive's colon is part of its name.
        if position == 0 && drive { (*segment).to_owned() } else { self::segment(segment) }
    };
    let path = segments.iter().enumerate().map(encode).collect::<Vec<_>>().join("/");
    if drive || file.starts_with('/') { format!("file:///{path}") } else { path }
}

/// Returns text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_the_reference_that_a_reader_resolves_to_the_same_file() {
        for (file, expected) in [
            ("policies/zowe.yaml", "policies/zowe.yaml"),
            ("./a/../policies//my policy.yaml", "policies/my%20policy.yaml"),
            ("../shared/p.yaml", "../shared/p.yaml"),
            ("../../p.yaml", "../../p.yaml"),
            ("a#b?c%d.yaml", "a%23b%3Fc%25d.yaml"),
            ("c:d.yaml", "c%3Ad.yaml"),
            ("größe.yaml", "gr%C3%B6%C3%9Fe.yaml"),
            ("a\u{202e}\nb.yaml", "a%E2%80%AE%0Ab.yaml"),
            ("/etc/lastgood/p.yaml", "file:///etc/lastgood/p.yaml"),
            ("C:/backup/p.yaml", "file:///C:/backup/p.yaml"),
        ] {
            assert_eq!(uri(file), expected, "{file}");
        }
    }
}
