//! Endpoints that ask who calls: TLS with a certificate on both sides.

use std::sync::Arc;

use contract::codes::Common;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use server::tls;
use store::apps::OnFailure;
use store::testing::TestEngine;

use super::receiver::Receiver;
use crate::harness::{Im, message};

const BEFORE: &str = "C2C.CallbackBeforeSendMsg";

/// An authority that signs the certificates of callers.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut own = CertificateParams::default();
        own.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = own.self_signed(&key).expect("a certificate").der().clone();
        Self { issuer: Issuer::new(own, key), certificate }
    }

    /// A caller's certificate with its key, as PEM.
    fn caller(&self) -> String {
        let key = KeyPair::generate().expect("a key");
        let mut own = CertificateParams::new(["noroshi".to_owned()]).expect("a name");
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = own.signed_by(&key, &self.issuer).expect("a certificate");
        format!("{}{}", certificate.pem(), key.serialize_pem())
    }
}

/// A receiver that lets in whom an authority has signed, with what it is trusted by.
async fn receiver(authority: &Authority) -> (Receiver, String) {
    let (ca_pem, own) = tls::for_development().expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let chain = CertificateDer::pem_slice_iter(own.certificate.as_bytes()).collect::<Result<_, _>>().expect("a chain");
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there are versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(chain, key)
        .expect("a certificate with its key");
    (Receiver::start_tls(Arc::new(config)).await, ca_pem)
}

#[tokio::test]
async fn an_endpoint_that_asks_for_a_certificate_is_shown_that_of_the_app() {
    let im = Im::start(TestEngine::Sqlite).await.expect("SQLite is always tested");
    im.import(&["alice", "bob"]).await;
    let authority = Authority::new();
    let (receiver, ca_pem) = receiver(&authority).await;
    let hook = async |client_pem: String| {
        let hook = receiver.hook(&[BEFORE], OnFailure::Refuse);
        let ca_pem = ca_pem.clone();
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.webhook.ca_pem.clone_from(&ca_pem);
            secrets.webhook_client_pem.clone_from(&client_pem);
        })
        .await;
    };
    // Without a certificate, or with one of somebody else, nobody is asked.
    for (random, client_pem) in [(1, String::new()), (2, Authority::new().caller())] {
        hook(client_pem).await;
        im.call("openim/sendmsg", message("alice", "bob", random, "x")).await.fails(Common::WebhookFailed);
        assert_eq!(receiver.count(), 0);
    }
    hook(authority.caller()).await;
    im.text("alice", "bob", 3, "hello").await;
    assert_eq!(receiver.seen()[0].text(), "hello");
    // A certificate that takes the place of another holds at once.
    hook(authority.caller()).await;
    im.text("alice", "bob", 4, "again").await;
    assert_eq!(receiver.seen()[1].text(), "again");
}
