//! Apex REST. The org runs no Apex; one class is there that answers what it was sent, so that a
//! client can try its calls.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::{Method, StatusCode};

use super::request::{Reply, parameters};
use super::{counted, read_body};
use crate::error::ApiError;
use crate::json::Json;
use crate::org::Org;

/// The class's `urlMapping` is `/echo/*`.
pub(super) fn routes() -> Router<Arc<Org>> {
    Router::new()
        .route("/services/apexrest/echo", any(echo))
        .route("/services/apexrest/echo/{*path}", any(echo))
        .route("/services/apexrest/{*path}", any(unmapped))
}

/// Answers the method, path, parameters and body of the request.
async fn echo(State(org): State<Arc<Org>>, request: Request) -> Response {
    counted(&org, request, async |_, parts, body| {
        let known = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        if !known.contains(&parts.method) {
            return Err(ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                format!("HTTP Method '{}' not allowed", parts.method),
            ));
        }
        let body = read_body(body).await?;
        let path = parts.uri.path();
        let path = path.strip_prefix("/services/apexrest").unwrap_or(path);
        let parameters = parameters(parts.uri.query());
        Ok(Reply::ok(Json::object([
            ("method", Json::from(parts.method.as_str())),
            ("path", path.into()),
            ("parameters", Json::object(parameters)),
            ("body", String::from_utf8_lossy(&body).into_owned().into()),
        ])))
    })
    .await
}

/// No other class is there.
async fn unmapped(State(org): State<Arc<Org>>, request: Request) -> Response {
    counted(&org, request, async |_, _, _| {
        Err::<Reply, _>(ApiError::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "Could not find a match for URL",
        ))
    })
    .await
}
