//! The server's thread.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::{StartError, Tls};
use crate::org::Org;
use crate::settings::Settings;
use crate::{admin, http, tls};

pub(super) type Started = Result<(Arc<Org>, SocketAddr, Option<Tls>), StartError>;

/// The server's thread, with a runtime of its own: the org neither needs its maker's runtime
/// nor dies with it.
pub(super) fn serve(
    settings: Settings,
    started: oneshot::Sender<Started>,
    stopped: oneshot::Receiver<()>,
) {
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
                let open = Arc::clone(&org);
                let known = tls.as_ref().map(|(_, _, tls)| tls.clone());
                if started.send(Ok((org, address, known))).is_ok() {
                    let secure = accept_tls(tls, service.clone());
                    tokio::select! {
                        () = http::accept(listener, service) => {}
                        () = secure => {}
                        _ = stopped => {}
                    }
                    // Whoever waits for the end may want to open the file again.
                    open.store.close();
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
    if !settings.address.is_loopback() && !settings.expose {
        return Err(StartError::exposed(settings.address));
    }
    let (listener, address) = listen(settings.address, settings.port).await?;
    let tls = match settings.tls_port {
        Some(port) => Some((listen(settings.address, port).await?, tls::Identity::new()?)),
        None => None,
    };
    let org = Org::new(settings)?;
    let tls_address = tls.as_ref().map(|((_, address), _)| *address);
    let addresses = [Some(address), tls_address];
    org.listens_on(addresses.iter().flatten().map(SocketAddr::port).collect());
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
