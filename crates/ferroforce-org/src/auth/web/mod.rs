//! Sign-in in a browser: the pages that people see, and what leads from one to the next.

mod authorize;
mod browser;
mod connect;
mod login;
mod page;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};

pub(crate) use self::authorize::authorize_as;
use self::browser::Browser;
pub(super) use self::browser::Browsers;
pub(super) use self::connect::PATH as CONNECT_PATH;
use self::page::Page;
use super::oauth::{Form, OAuthError};
use crate::admin::guard::{check_host, check_name};
use crate::org::Org;

/// The routes of the pages.
pub(super) fn routes() -> Router<Arc<Org>> {
    Router::new()
        .route("/services/oauth2/authorize", any(authorize::answer))
        .route("/login", any(login::answer))
        .route(CONNECT_PATH, any(connect::answer))
}

/// What a page is asked for.
enum Asked {
    /// To be shown.
    Show(Parts, Browser),
    /// To do what its form says.
    Submit(Parts, Browser, Form),
}

/// Reads a request for a page. One that came by a host name of somebody else's, or a form that
/// was not on a page of this org's, is turned away.
async fn asked(org: &Org, request: Request) -> Result<Asked, Response> {
    let (parts, body) = request.into_parts();
    if check_name(&parts, org.settings.expose).is_err() {
        let page = Page::new("Not here").text(
            "These pages are for the machine that the org runs on, by the name localhost or 127.0.0.1.",
        );
        return Err(page.status(StatusCode::FORBIDDEN).into_response());
    }
    let browser = Browser::of(&parts);
    match parts.method {
        Method::GET | Method::HEAD => Ok(Asked::Show(parts, browser)),
        Method::POST => {
            let form = Form::read(&parts, body).await;
            let form = form.map_err(|error| Page::of_error(&error).into_response())?;
            let is_own = check_host(&parts, org.settings.expose).is_ok()
                && browser.sent(&org.auth, form.get(browser::FORM_TOKEN));
            if !is_own {
                let text = "This form is not from a page that this browser was given. Go back, \
                            load the page again, and see that cookies are allowed.";
                let page = Page::new("Try again").alert(text);
                return Err(page.status(StatusCode::FORBIDDEN).into_response());
            }
            Ok(Asked::Submit(parts, browser, form))
        }
        _ => Err((
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD, POST")],
        )
            .into_response()),
    }
}

/// A parameter in the query of a request; empty if there is none.
fn parameter(request: &Parts, name: &str) -> String {
    let query = request.uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(given, _)| given == name);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Sends a browser elsewhere.
fn redirect(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => {
            Page::of_error(&OAuthError::invalid_request("the URL can't be sent")).into_response()
        }
    }
}
