//! The handle to a running org.

mod error;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use error::StartError;

use crate::org::Org;
use crate::settings::Settings;
use crate::{admin, http};

/// An org that runs in this process until it is dropped.
#[derive(Debug)]
pub struct LocalOrg {
    org: Arc<Org>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// What an org is to be like, before it starts.
#[derive(Debug, Default)]
pub struct LocalOrgBuilder {
    settings: Settings,
}

impl LocalOrgBuilder {
    /// Starts the org.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or makes no sense, or the port is taken.
    pub async fn start(self) -> Result<LocalOrg, StartError> {
        let (started, start) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let settings = self.settings;
        let server = std::thread::Builder::new()
            .name("ferroforce-org".to_owned())
            .spawn(move || serve(settings, started, stopped))
            .map_err(|error| StartError::thread(&error))?;
        let (org, address) = start.await.map_err(|_| StartError::ended())??;
        Ok(LocalOrg {
            org,
            address,
            stop: Some(stop),
            server: Some(server),
        })
    }
}

type Started = Result<(Arc<Org>, SocketAddr), StartError>;

/// The server's thread, with a runtime of its own: the org neither needs its maker's runtime
/// nor dies with it.
fn serve(settings: Settings, started: oneshot::Sender<Started>, stopped: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(StartError::thread(&error)));
            return;
        }
    };
    runtime.block_on(async move {
        match open(settings).await {
            Ok((org, listener, address)) => {
                let service = http::Service::new(http::app(&org));
                if started.send(Ok((org, address))).is_ok() {
                    tokio::select! {
                        () = http::accept(listener, service) => {}
                        _ = stopped => {}
                    }
                }
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        }
    });
}

async fn open(settings: Settings) -> Result<(Arc<Org>, TcpListener, SocketAddr), StartError> {
    let at = SocketAddr::new(settings.address, settings.port);
    let listener = TcpListener::bind(at)
        .await
        .map_err(|error| StartError::bind(at, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::bind(at, &error))?;
    let org = Org::new(settings)?;
    admin::remember_start(&org).await.map_err(StartError::new)?;
    Ok((org, listener, address))
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

    pub(crate) fn org(&self) -> &Org {
        &self.org
    }
}

impl Drop for LocalOrg {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

#[cfg(test)]
mod tests;
