//! The sandbox's certificate authority: its own server certificate and the client certificates that it issues.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName as RawName, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};

/// The password of every p12 that the sandbox issues; it guards nothing.
pub(crate) const P12_PASSWORD: &str = "sandbox";
/// Attribute type of a UID in a distinguished name (RFC 4519).
pub(crate) const OID_UID: &[u64] = &[0, 9, 2342, 19_200_300, 100, 1, 1];

/// A certificate authority that only the sandbox's clients trust.
#[derive(Debug, Clone)]
pub struct Authority {
    certificate_pem: String,
    certificate: CertificateDer<'static>,
    key_pem: String,
}

/// A client certificate to issue.
#[derive(Debug)]
pub(crate) struct ClientCertificate {
    /// The UID of its subject.
    pub(crate) uid: String,
    /// Object identifier and DER content.
    pub(crate) extensions: Vec<(Vec<u64>, Vec<u8>)>,
    /// The span of its validity in milliseconds since the Unix epoch.
    pub(crate) valid_ms: (i64, i64),
}

/// What a developer gets.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    pub(crate) p12: Vec<u8>,
}

impl Authority {
    /// Makes a new authority.
    pub fn generate() -> io::Result<Self> {
        let key = new_key()?;
        let certificate = authority_params()?.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key_pem: key.serialize_pem(),
        })
    }

    /// Takes an authority that an earlier sandbox made, so that clients need not be told of a new one.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> io::Result<Self> {
        KeyPair::from_pem(key_pem).map_err(io::Error::other)?;
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(io::Error::other)?;
        Ok(Self { certificate_pem: certificate_pem.to_owned(), certificate, key_pem: key_pem.to_owned() })
    }

    /// The certificate that clients must trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The key, to be kept beside the certificate for a later [`Authority::from_pem`].
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// TLS for a room on the loopback. Client certificates are taken as they come: the room judges them with its
    /// own words, where a failed handshake would only say "closed".
    pub(crate) fn server_config(&self, alpn: &[&[u8]]) -> io::Result<Arc<ServerConfig>> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()])
            .map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "noroshi sandbox");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = new_key()?;
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(io::Error::other)?;
        let provider = provider();
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(Arc::new(AnyClient(provider)))
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .map_err(io::Error::other)?;
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// Issues a client certificate.
    pub(crate) fn issue(&self, wanted: &ClientCertificate) -> io::Result<Issued> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::from_oid(OID_UID), wanted.uid.as_str());
        params.distinguished_name.push(DnType::CommonName, format!("Push Services: {}", wanted.uid));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let epoch = date_time_ymd(1970, 1, 1);
        let moment = |ms: i64| epoch + Duration::from_millis(ms.clamp(0, 250_000_000_000_000) as u64);
        params.not_before = moment(wanted.valid_ms.0);
        params.not_after = moment(wanted.valid_ms.1);
        for (oid, content) in &wanted.extensions {
            params.custom_extensions.push(CustomExtension::from_oid_content(oid, content.clone()));
        }
        let key = new_key()?;
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(io::Error::other)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            p12: p12(&key, certificate.der(), &self.certificate)?,
        })
    }

    /// Whether a client's chain ends here and is valid at this moment.
    pub(crate) fn is_issuer_of(&self, chain: &[CertificateDer<'static>], now: UnixTime) -> bool {
        let Some((leaf, rest)) = chain.split_first() else { return false };
        let mut roots = RootCertStore::empty();
        if roots.add(self.certificate.clone()).is_err() {
            return false;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        verifier.is_ok_and(|verifier| verifier.verify_client_cert(leaf, rest, now).is_ok())
    }

    fn issuer(&self) -> io::Result<Issuer<'static, KeyPair>> {
        let key = KeyPair::from_pem(&self.key_pem).map_err(io::Error::other)?;
        // The name is fixed and the key identifier follows from the key, so this matches the certificate we keep.
        Ok(Issuer::new(authority_params()?, key))
    }
}

/// A fresh P-256 key.
pub(crate) fn new_key() -> io::Result<KeyPair> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn authority_params() -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "noroshi sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn p12(key: &KeyPair, leaf: &CertificateDer<'_>, root: &CertificateDer<'_>) -> io::Result<Vec<u8>> {
    let certificates = [leaf, root]
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()
        .map_err(io::Error::other)?;
    let key = PrivateKey::from_der(key.serialized_der()).map_err(io::Error::other)?;
    let mut store = KeyStore::new();
    store.add_entry("push", KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new("push", key, certificates)));
    store.writer(P12_PASSWORD).write().map_err(io::Error::other)
}

/// Lets any client certificate through whose key really signed the handshake.
#[derive(Debug)]
struct AnyClient(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClient {
    fn root_hint_subjects(&self) -> &[RawName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _rest: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
