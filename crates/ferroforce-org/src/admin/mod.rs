//! The admin API, the faults that it injects, and the log of requests.

pub(crate) mod policies;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::org::Org;

/// The faults to come and the requests that were.
#[derive(Debug, Default)]
pub(crate) struct AdminState {}

/// The routes of the admin API. They are outside of [`around`].
pub(crate) fn routes() -> Router<Arc<Org>> {
    Router::new()
}

/// Stands around every API and sign-in route, outside of compression: applies faults and
/// writes the log.
///
/// An answer that carries [`CutConnection`](crate::http::CutConnection) in its extensions is
/// not sent: the connection is closed instead.
pub(crate) async fn around(State(_org): State<Arc<Org>>, request: Request, next: Next) -> Response {
    next.run(request).await
}
