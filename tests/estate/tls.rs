//! Certificates for the estate: a good one, and those that no client may accept.
//!
//! Signed by an authority that nobody knows unless told. Accepting connections is left to `listener`.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What the certificate is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Good for whoever trusts the authority.
    Good,
    /// For another host.
    OfAnotherHost,
    /// No longer valid.
    Expired,
}

/// What is needed to speak TLS.
pub struct Server {
    /// Takes connections.
    pub acceptor: TlsAcceptor,
    /// The certificate of the authority, as PEM.
    pub ca: String,
}

impl Server {
    /// Makes an authority and a certificate.
    pub fn new(kind: Certificate) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");

        let names = match kind {
            Certificate::OfAnotherHost => vec!["elsewhere.invalid".to_owned()],
            Certificate::Good | Certificate::Expired => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut own = CertificateParams::new(names).expect("names");
        if kind == Certificate::Expired {
            own.not_before = date_time_ymd(2019, 1, 1);
            own.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let own = own.signed_by(&key, &authority).expect("a certificate");

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)
            .expect("a certificate and its key");
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca: authority.pem() }
    }
}
