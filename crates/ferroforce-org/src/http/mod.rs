//! The HTTP shell around the routes.

mod body;
mod encode;
mod file_body;
mod intake;
mod packing;
mod patience;
mod pretty;
mod serve;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::{Router, middleware};
use http::Uri;

pub(crate) use body::{MAX_BODY, read as read_body, read_on, too_long};
use encode::RequestIds;
pub(crate) use file_body::FileBody;
pub(crate) use serve::{Service, accept, connection};

use crate::bulk::v1;
use crate::error::ApiError;
use crate::org::Org;
use crate::{admin, auth, rest};

/// In a response's extensions: send nothing and close the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CutConnection;

/// The way by which a request came, in the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) secure: bool,
    pub(crate) local: SocketAddr,
    /// Where it came from.
    pub(crate) peer: IpAddr,
}

/// Where other APIs of a real org answer.
const OTHER_APIS: [&str; 4] = ["/services/Soap", "/services/wsdl", "/cometd", "/secur"];

/// Answers a path that no route has.
async fn elsewhere(uri: Uri) -> ApiError {
    let is_at = |api: &&&str| {
        let below = uri.path().strip_prefix(**api);
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    match OTHER_APIS.iter().find(is_at) {
        Some(api) => ApiError::unsupported(api),
        None => ApiError::not_found(),
    }
}

/// All routes of the org.
pub(crate) fn app(org: &Arc<Org>) -> Router {
    let api = Router::new()
        .merge(auth::routes())
        .merge(rest::routes())
        .merge(v1::routes())
        .fallback(elsewhere)
        .layer(middleware::from_fn(body::decode))
        .layer(middleware::from_fn_with_state(
            Arc::new(RequestIds::default()),
            encode::encode,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(org),
            admin::around,
        ));
    Router::new()
        .merge(admin::routes(org))
        .merge(api)
        .with_state(Arc::clone(org))
}
