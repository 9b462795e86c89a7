//! The REST API: everything under `/services/data`.

use std::sync::Arc;

use axum::Router;

use crate::org::Org;

/// The routes of the REST API.
pub(crate) fn routes() -> Router<Arc<Org>> {
    Router::new()
}
