//! HTTPS, for clients that insist on it.

mod files;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::files::Files;
use crate::http::{Arrival, Service, connection};
use crate::local::StartError;

/// The names that the certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A client that has not shaken hands by then is hung up on.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// A certificate of the org's own making, and what serves with it.
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Identity {
    /// Makes a key and a certificate that is its own root and good for a year of the machine's
    /// time, which clients go by.
    pub(crate) fn new() -> Result<Self, StartError> {
        let failed = |error: &dyn std::fmt::Display| {
            StartError::new(format_args!(
                "the org's certificate could not be made: {error}"
            ))
        };
        let names = NAMES.map(str::to_owned).to_vec();
        let mut parameters = CertificateParams::new(names).map_err(|error| failed(&error))?;
        parameters
            .distinguished_name
            .push(DnType::CommonName, "ferroforce local org");
        let now = SystemTime::now();
        parameters.not_before = (now - DAY).into();
        parameters.not_after = (now + 365 * DAY).into();
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let certificate = parameters
            .self_signed(&key)
            .map_err(|error| failed(&error))?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .map_err(|error| failed(&error))?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

/// Takes connections until it is dropped.
pub(crate) async fn accept(listener: TcpListener, acceptor: TlsAcceptor, service: Service) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(local) = stream.local_addr() else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let arrival = Arrival {
            secure: true,
            local,
            peer: peer.ip(),
        };
        let (acceptor, service) = (acceptor.clone(), service.clone());
        tokio::spawn(async move {
            match timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => connection(stream, arrival, service).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        });
    }
}

#[cfg(test)]
mod tests;
