//! Addresses of systems, as policies write them.
//!
//! What lies below an address is left to the collectors.

use reqwest::Url;

/// Returns the address of a server: http or https, without a query, a fragment or credentials; `None` for any
/// other text.
pub fn plain(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let has_login = !url.username().is_empty() || url.password().is_some();
    let has_more = url.query().is_some() || url.fragment().is_some();
    let is_server = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    (is_server && !has_login && !has_more).then_some(url)
}

/// Returns whether what is sent there is seen by nobody on the way: it is encrypted, or never leaves this
/// machine.
pub fn is_confidential(url: &Url) -> bool {
    url.scheme() == "https" || matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}
