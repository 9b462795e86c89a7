//! Listeners and connections.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::patience::Patient;
use super::{Arrival, CutConnection, intake};

/// What answers the requests of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    router: Router,
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on purpose")]
struct Cut;

impl Service {
    pub(crate) fn new(router: Router) -> Self {
        Self { router }
    }

    async fn call(
        self,
        arrival: Arrival,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Cut> {
        let response = self
            .answer(arrival, request.map(|body| Body::new(Patient::new(body))))
            .await;
        if response.extensions().get::<CutConnection>().is_some() {
            return Err(Cut);
        }
        Ok(response)
    }
}

impl Service {
    /// Answers one request, whatever it comes by.
    pub(crate) async fn answer(self, arrival: Arrival, request: Request<Body>) -> Response<Body> {
        let mut request = match intake::take(request) {
            Ok(request) => request,
            Err(answer) => return *answer,
        };
        request.extensions_mut().insert(arrival);
        match self.router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Takes connections until it is dropped.
pub(crate) async fn accept(listener: TcpListener, service: Service) {
    let service = Arc::new(service);
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(local) = stream.local_addr() else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let arrival = Arrival {
            secure: false,
            local,
            peer: peer.ip(),
        };
        tokio::spawn(connection(stream, arrival, Service::clone(&service)));
    }
}

/// Serves one connection to its end.
pub(crate) async fn connection<S>(stream: S, arrival: Arrival, service: Service)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| service.clone().call(arrival, request)),
        )
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}
