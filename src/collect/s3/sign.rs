//! Signing: Signature Version 4 for S3 (`docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html`).
//!
//! A signature is good for 15 minutes of the server's clock, so that the door may send a question again as
//! it is. Whose key it is, is left to `credentials`.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Url;

use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::model::time::Instant;

/// Returns the headers that sign a question without a body, among them `headers`, which are signed too.
///
/// # Errors
///
/// `not-authorized` where the credential cannot sign.
pub(super) fn signed(
    credentials: &Credentials,
    region: &str,
    method: &Method,
    url: &Url,
    headers: &[(&'static str, &'static str)],
    at: Instant,
) -> Result<HeaderMap, Miss> {
    let refused =
        |what: String| Miss::new(UnseenReason::NotAuthorized, format!("the question cannot be signed: {what}"));
    let identity: Identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(at.into())
        .settings(settings)
        .build()
        .map_err(|error| refused(error.to_string()))?
        .into();
    let request = SignableRequest::new(method.as_str(), url.as_str(), headers.iter().copied(), SignableBody::empty())
        .map_err(|error| refused(error.to_string()))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| refused(error.to_string()))?.into_parts();
    let mut all = plain(headers);
    for header in instructions.into_parts().0 {
        let mut value = HeaderValue::from_str(header.value())
            .map_err(|_| refused("the credential holds characters that no header may".to_owned()))?;
        value.set_sensitive(matches!(header.name(), "authorization" | "x-amz-security-token"));
        all.insert(HeaderName::from_static(header.name()), value);
    }
    Ok(all)
}

/// Returns the signature that stands in an `Authorization`; `None` where it is another one.
pub(super) fn signature(authorization: &HeaderValue) -> Option<&str> {
    let (_, signature) = authorization.to_str().ok()?.rsplit_once("Signature=")?;
    (signature.len() == 64).then_some(signature)
}

/// Returns headers as they are sent where nothing is signed.
pub(super) fn plain(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_instant;

    fn example() -> Credentials {
        let (id, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        Credentials::new(id, secret, None, None, "test")
    }

    /// The examples of the page that the top of this file names.
    #[test]
    fn the_examples_of_amazon_s3_come_out_as_printed() {
        let at = parse_instant("2013-05-24T00:00:00Z").unwrap();
        for (url, signature) in [
            (
                "https://examplebucket.s3.amazonaws.com/?lifecycle=",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let headers = signed(&example(), "us-east-1", &Method::GET, &url.parse().unwrap(), &[], at).unwrap();
            let authorization = &headers["authorization"];
            assert!(authorization.to_str().unwrap().ends_with(signature), "{authorization:?}");
            assert!(authorization.is_sensitive());
        }
    }

    #[test]
    fn a_session_token_is_sent_and_does_not_show() {
        let credentials = Credentials::new("AKIA", "secret", Some("token0".into()), None, "test");
        let url = "https://b.s3.amazonaws.com/a%2Bb//c?x=y%20z".parse().unwrap();
        let more = [("x-amz-request-payer", "requester")];
        let headers = signed(&credentials, "eu-west-1", &Method::HEAD, &url, &more, Instant::UNIX_EPOCH).unwrap();
        assert_eq!(headers["x-amz-security-token"], "token0");
        assert_eq!(headers["x-amz-request-payer"], "requester");
        assert!(headers["authorization"].to_str().unwrap().contains("x-amz-request-payer"));
        assert!(!format!("{headers:?}").contains("token0"));
    }
}
