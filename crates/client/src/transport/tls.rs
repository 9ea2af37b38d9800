//! TLS towards a gateway whose certificate leads to a given root.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};

/// Connects to one host.
#[derive(Clone)]
pub(super) struct Connector {
    tls: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    pub(super) async fn connect(self, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        self.tls.connect(self.name, stream).await.map_err(|error| error.to_string())
    }
}

pub(super) fn connector(roots: &[u8], host: &str) -> Result<Connector> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots) {
        let certificate = certificate.map_err(|_| Error::InvalidArgument("roots: not PEM"))?;
        store.add(certificate).map_err(|_| Error::InvalidArgument("roots: a certificate cannot be used"))?;
    }
    if store.is_empty() {
        return Err(Error::InvalidArgument("roots: wss needs at least one certificate to trust"));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::InvalidArgument("gateway: no host name"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::InvalidArgument("roots: no version of TLS is left"))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Connector { tls: TlsConnector::from(Arc::new(config)), name })
}
