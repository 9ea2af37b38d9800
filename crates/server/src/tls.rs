//! Certificates: read from PEM files, or made for development.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use contract::{Failure, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub struct Pem {
    /// The certificate and its chain.
    pub certificate: String,
    /// The key.
    pub key: String,
}

/// Reads the two files of the configuration.
pub fn read(certificate: &Path, key: &Path) -> Result<Pem> {
    let read = |file: &Path| {
        std::fs::read_to_string(file)
            .map_err(|error| Failure::Unavailable(format!("certificate file {}: {error}", file.display())))
    };
    Ok(Pem { certificate: read(certificate)?, key: read(key)? })
}

/// What a listener needs.
pub fn server(pem: &Pem) -> Result<Arc<ServerConfig>> {
    let broken = |error: rustls_pki_types::pem::Error| Failure::internal(format!("certificate: {error}"));
    let chain =
        CertificateDer::pem_slice_iter(pem.certificate.as_bytes()).collect::<Result<Vec<_>, _>>().map_err(broken)?;
    if chain.is_empty() {
        return Err(Failure::Unavailable("the file of tls.certificate holds no certificate in PEM".into()).into());
    }
    let key = match PrivateKeyDer::from_pem_slice(pem.key.as_bytes()) {
        Err(rustls_pki_types::pem::Error::NoItemsFound) => {
            return Err(Failure::Unavailable("the file of tls.key holds no private key in PEM".into()).into());
        }
        key => key.map_err(broken)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| Failure::internal(format!("certificate: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The authorities that the system trusts, read from where Debian and its kin keep them. A file that is not there, or
/// an entry that is broken, is passed over: then vendors' certificates are refused, and the log says why.
pub fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        match CertificateDer::pem_file_iter(SYSTEM_ROOTS) {
            Ok(certificates) => drop(roots.add_parsable_certificates(certificates.flatten())),
            Err(error) => tracing::warn!(file = SYSTEM_ROOTS, %error, "no certificate authority is trusted"),
        }
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(read))
}

/// Debian's package `ca-certificates`.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Makes a certificate authority for development and a certificate of it for this machine's loopback names. Answers
/// the authority's certificate first.
pub fn for_development() -> Result<(String, Pem)> {
    let broken = |error: rcgen::Error| Failure::internal(format!("development certificate: {error}"));
    let ca_key = KeyPair::generate().map_err(broken)?;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "noroshi development");
    let ca_certificate = ca.self_signed(&ca_key).map_err(broken)?.pem();
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate().map_err(broken)?;
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let mut leaf = CertificateParams::new(names).map_err(broken)?;
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    let certificate = leaf.signed_by(&key, &issuer).map_err(broken)?.pem();
    Ok((ca_certificate, Pem { certificate, key: key.serialize_pem() }))
}
