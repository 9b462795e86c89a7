//! The handle to a running org.

mod builder;
mod error;
mod server;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use builder::LocalOrgBuilder;
pub use error::StartError;

use crate::org::Org;

/// An org that runs in this process until it is dropped.
///
/// It has threads of its own: it needs nobody's runtime, and outlives the one that it was
/// started on.
#[derive(Debug)]
pub struct LocalOrg {
    org: Arc<Org>,
    address: SocketAddr,
    tls: Option<Tls>,
    stop: Option<oneshot::Sender<()>>,
    /// Closed when the server has ended.
    ended: oneshot::Receiver<()>,
    server: Option<JoinHandle<()>>,
}

/// Where and by which certificate the org answers over TLS.
#[derive(Clone, Debug)]
struct Tls {
    address: SocketAddr,
    certificate: PathBuf,
}

impl LocalOrg {
    /// Begins to describe an org.
    #[must_use]
    pub fn builder() -> LocalOrgBuilder {
        LocalOrgBuilder::default()
    }

    /// Starts an org with every default.
    ///
    /// # Errors
    ///
    /// As [`LocalOrgBuilder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Where the org answers, such as `http://127.0.0.1:34567`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the org answers over TLS, such as `https://127.0.0.1:34568`, if it does.
    #[must_use]
    pub fn tls_url(&self) -> Option<String> {
        Some(format!("https://{}", self.tls.as_ref()?.address))
    }

    /// The certificate (PEM) that clients over TLS must trust, if the org answers over TLS.
    #[must_use]
    pub fn tls_cert_file(&self) -> Option<&Path> {
        Some(&self.tls.as_ref()?.certificate)
    }

    /// Stops the org and waits until it is gone. Requests in flight are cut off. Dropping it does
    /// the same, but blocks meanwhile.
    pub async fn shutdown(mut self) {
        self.stop();
        // It is never sent anything: its sender goes with the server.
        let _ = (&mut self.ended).await;
    }

    fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails if the server has ended by itself.
            let _ = stop.send(());
        }
    }

    pub(crate) fn org(&self) -> &Org {
        &self.org
    }
}

impl Drop for LocalOrg {
    fn drop(&mut self) {
        self.stop();
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}
