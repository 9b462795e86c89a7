//! The parameters of a request: a form, its query, and HTTP Basic.

use std::borrow::Cow;

use axum::body::{Body, to_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;

use super::error::OAuthError;
use crate::auth::origin::is_from_foreign_page;
use crate::auth::secret::Secret;

/// The largest form that is read, in bytes.
const SIZE_LIMIT: usize = 64 * 1024;

/// The parameters of a request.
pub(crate) struct Form {
    /// In order of precedence.
    parameters: Vec<(String, Secret)>,
}

impl Form {
    /// Reads client credentials from HTTP Basic, and parameters from the body, if it is a form,
    /// and from the query. A parameter in more than one of them is taken from the first.
    ///
    /// Forms that web pages elsewhere send are refused: they could try passwords.
    pub(crate) async fn read(request: &Parts, body: Body) -> Result<Self, OAuthError> {
        if is_from_foreign_page(request) {
            return Err(OAuthError::foreign_page());
        }
        let mut parameters = basic_credentials(request).unwrap_or_default();
        let body = to_bytes(body, SIZE_LIMIT)
            .await
            .map_err(|_| OAuthError::invalid_request("the request can't be read"))?;
        let pairs = |text| {
            form_urlencoded::parse(text).map(|(name, value): (Cow<'_, str>, Cow<'_, str>)| {
                (name.into_owned(), Secret::from(value))
            })
        };
        if is_form(request) {
            parameters.extend(pairs(&body));
        }
        parameters.extend(pairs(request.uri.query().unwrap_or_default().as_bytes()));
        Ok(Self { parameters })
    }

    /// A parameter that was given and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(given, _)| given == name)?;
        Some(value.expose()).filter(|value| !value.is_empty())
    }
}

fn is_form(request: &Parts) -> bool {
    match request.headers.get(CONTENT_TYPE) {
        Some(kind) => kind.to_str().is_ok_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }),
        None => true,
    }
}

fn basic_credentials(request: &Parts) -> Option<Vec<(String, Secret)>> {
    let header = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some(vec![
        ("client_id".to_owned(), Secret::from(id)),
        ("client_secret".to_owned(), Secret::from(secret)),
    ])
}
