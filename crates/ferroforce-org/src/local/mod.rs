//! The handle to a running org.

mod error;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

pub use error::StartError;

use crate::org::Org;
use crate::settings::Settings;
use crate::{admin, http, tls};

/// An org that runs in this process until it is dropped.
#[derive(Debug)]
pub struct LocalOrg {
    org: Arc<Org>,
    address: SocketAddr,
    tls: Option<Tls>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// Where and by which certificate the org answers over TLS.
#[derive(Clone, Debug)]
struct Tls {
    address: SocketAddr,
    certificate: PathBuf,
}

/// What an org is to be like, before it starts.
#[derive(Debug, Default)]
pub struct LocalOrgBuilder {
    settings: Settings,
}

impl LocalOrgBuilder {
    /// Answers over TLS too, on this port; 0 takes any free one. Default: no TLS.
    #[must_use]
    pub fn tls_port(mut self, port: u16) -> Self {
        self.settings.tls_port = Some(port);
        self
    }

    /// The folder for the files that other programs need to connect: the TLS certificate and the
    /// private key for JWTs. It is made if it is missing, and stays. Default: a fresh temporary
    /// folder that is gone when the org is dropped.
    #[must_use]
    pub fn key_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.key_folder = Some(folder.into());
        self
    }

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
        let (org, address, tls) = start.await.map_err(|_| StartError::ended())??;
        Ok(LocalOrg {
            org,
            address,
            tls,
            stop: Some(stop),
            server: Some(server),
        })
    }
}

type Started = Result<(Arc<Org>, SocketAddr, Option<Tls>), StartError>;

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
            Ok(Open {
                org,
                listener,
                address,
                tls,
            }) => {
                let service = http::Service::new(http::app(&org));
                let known = tls.as_ref().map(|(_, _, tls)| tls.clone());
                if started.send(Ok((org, address, known))).is_ok() {
                    let secure = accept_tls(tls, service.clone());
                    tokio::select! {
                        () = http::accept(listener, service) => {}
                        () = secure => {}
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

/// An org and what it listens on.
struct Open {
    org: Arc<Org>,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<(TcpListener, TlsAcceptor, Tls)>,
}

async fn open(settings: Settings) -> Result<Open, StartError> {
    let (listener, address) = listen(settings.address, settings.port).await?;
    let tls = match settings.tls_port {
        Some(port) => Some((listen(settings.address, port).await?, tls::Identity::new()?)),
        None => None,
    };
    let org = Org::new(settings)?;
    admin::remember_start(&org).await.map_err(StartError::new)?;
    let tls = match tls {
        Some(((listener, address), identity)) => {
            let written = org
                .files
                .write("tls-certificate.pem", &identity.certificate_pem);
            let certificate = written.map_err(|error| {
                StartError::new(format_args!(
                    "the org's certificate can't be written: {error}"
                ))
            })?;
            Some((
                listener,
                identity.acceptor,
                Tls {
                    address,
                    certificate,
                },
            ))
        }
        None => None,
    };
    Ok(Open {
        org,
        listener,
        address,
        tls,
    })
}

async fn listen(address: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let at = SocketAddr::new(address, port);
    let listener = TcpListener::bind(at)
        .await
        .map_err(|error| StartError::bind(at, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::bind(at, &error))?;
    Ok((listener, address))
}

/// Never ends without TLS.
async fn accept_tls(tls: Option<(TcpListener, TlsAcceptor, Tls)>, service: http::Service) {
    match tls {
        Some((listener, acceptor, _)) => tls::accept(listener, acceptor, service).await,
        None => std::future::pending().await,
    }
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
