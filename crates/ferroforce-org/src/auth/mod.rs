//! Users, connected apps, sessions, and the ways to sign in.

use std::sync::Arc;

use axum::Router;
use http::request::Parts;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::org::Org;

/// Users, apps and live sessions.
#[derive(Debug, Default)]
pub(crate) struct AuthState {}

/// Whom a request's token belongs to.
#[derive(Debug, Clone)]
pub(crate) struct CurrentUser {
    pub(crate) id: RecordId,
}

/// The routes that sign in, and those about tokens and identity.
pub(crate) fn routes() -> Router<Arc<Org>> {
    Router::new()
}

/// Finds the user of a request by its `Authorization` header.
pub(crate) fn authenticate(_org: &Org, _request: &Parts) -> Result<CurrentUser, ApiError> {
    Err(ApiError::invalid_session())
}
