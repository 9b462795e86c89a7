//! The endpoints of OAuth 2.0.

mod about;
mod answer;
mod device;
mod error;
mod form;
mod grant;
mod token_exchange;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::StatusCode;

pub(super) use self::error::OAuthError;
pub(super) use self::form::Form;
use super::origin::Origin;
use super::visit::Visit;
use crate::org::Org;

/// The OAuth and identity routes.
pub(crate) fn routes() -> Router<Arc<Org>> {
    let mut router = Router::new()
        .route("/services/oauth2/token", any(token))
        .route("/services/oauth2/introspect", any(introspect))
        .route("/services/oauth2/revoke", any(revoke))
        .route("/services/oauth2/userinfo", any(about::user_info))
        .route("/id/{organization}/{user}", any(about::identity))
        .route("/.well-known/openid-configuration", any(about::discovery))
        .route("/id/keys", any(about::keys));
    for endpoint in ["device", "register", "singleaccess"] {
        router = router.route(&format!("/services/oauth2/{endpoint}"), any(unsupported));
    }
    router
}

async fn token(State(org): State<Arc<Org>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != http::Method::POST {
        return OAuthError::must_post().into_response();
    }
    let form = match Form::read(&parts, body).await {
        Ok(form) => form,
        Err(error) => return error.into_response(),
    };
    let refreshed = (form.get("grant_type") == Some("refresh_token"))
        .then(|| form.get("refresh_token"))
        .flatten();
    let Some(refreshed) = refreshed else {
        return grant::answer(&org, &Visit::of(&org, &parts), &form);
    };
    let Some(_under_way) = org.auth.refreshing.begin(refreshed) else {
        return OAuthError::already_processed().into_response();
    };
    let answer = grant::answer(&org, &Visit::of(&org, &parts), &form);
    // Whoever goes away meanwhile has had the token rotated, as with a real org.
    match org.auth.policies().refresh_milliseconds {
        0 => {}
        milliseconds => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
    }
    answer
}

async fn introspect(State(org): State<Arc<Org>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != http::Method::POST {
        return OAuthError::must_post().into_response();
    }
    match Form::read(&parts, body).await {
        Ok(form) => about::introspect(&org, &Origin::of(&parts), &form).into_response(),
        Err(error) => error.into_response(),
    }
}

/// Takes the token from a form or, as Salesforce does, from the query of a GET.
async fn revoke(State(org): State<Arc<Org>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != http::Method::POST && parts.method != http::Method::GET {
        return OAuthError::must_post().into_response();
    }
    let revoked = Form::read(&parts, body).await.and_then(|form| {
        let token = form.get("token").ok_or_else(OAuthError::no_such_token)?;
        match org.auth.revoke(token) {
            true => Ok(StatusCode::OK),
            false => Err(OAuthError::no_such_token()),
        }
    });
    revoked.into_response()
}

async fn unsupported(request: Request) -> Response {
    OAuthError::not_implemented(&format!("the endpoint {}", request.uri().path())).into_response()
}

/// An error of any kind, as these endpoints tell it.
pub(crate) fn error_response(status: StatusCode, error: String, description: String) -> Response {
    OAuthError::new(status, error, description).into_response()
}

#[cfg(test)]
pub(super) mod tests;
