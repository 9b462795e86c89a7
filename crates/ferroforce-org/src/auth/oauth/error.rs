//! Refusals in the words of the token endpoint.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::answer::json;
use crate::auth::code::CodeRefused;
use crate::auth::jwt;
use crate::auth::password::Refused;

/// `{"error":…,"error_description":…}` with its status.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OAuthError {
    #[serde(skip)]
    status: StatusCode,
    error: Cow<'static, str>,
    error_description: Cow<'static, str>,
}

impl OAuthError {
    /// An error of any kind.
    pub(crate) fn new(
        status: StatusCode,
        error: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            error: error.into(),
            error_description: description.into(),
        }
    }

    /// A refusal with 400.
    pub(crate) const fn fixed(error: &'static str, description: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: Cow::Borrowed(error),
            error_description: Cow::Borrowed(description),
        }
    }

    pub(crate) const fn invalid_grant(description: &'static str) -> Self {
        Self::fixed("invalid_grant", description)
    }

    pub(crate) const fn invalid_request(description: &'static str) -> Self {
        Self::fixed("invalid_request", description)
    }

    /// A browser sent a request for a web page that has no business here.
    pub(crate) fn foreign_page() -> Self {
        let description = "the local org does not serve web pages of other hosts";
        Self::new(StatusCode::FORBIDDEN, "invalid_request", description)
    }

    pub(crate) const fn wrong_redirect_uri() -> Self {
        Self::fixed(
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        )
    }

    /// A scope that the app does not have.
    pub(crate) const fn wrong_scope() -> Self {
        Self::fixed("invalid_scope", "the requested scope is not allowed")
    }

    pub(crate) const fn must_post() -> Self {
        Self::invalid_request("must use HTTP POST")
    }

    pub(crate) const fn unknown_client() -> Self {
        Self::fixed("invalid_client_id", "client identifier invalid")
    }

    pub(crate) const fn wrong_secret() -> Self {
        Self::fixed("invalid_client", "invalid client credentials")
    }

    /// Another request with the same refresh token is not yet answered.
    pub(crate) const fn already_processed() -> Self {
        Self::invalid_grant("token request is already being processed")
    }

    pub(crate) const fn unknown_response_type() -> Self {
        Self::fixed("unsupported_response_type", "response type not supported")
    }

    pub(crate) const fn denied() -> Self {
        Self::fixed("access_denied", "end-user denied authorization")
    }

    pub(crate) const fn unknown_grant_type() -> Self {
        Self::fixed("unsupported_grant_type", "grant type not supported")
    }

    pub(crate) const fn not_admin_approved() -> Self {
        Self::fixed(
            "invalid_app_access",
            "user is not admin approved to access this app",
        )
    }

    pub(crate) const fn no_such_token() -> Self {
        Self::fixed("unsupported_token_type", "this token type is not supported")
    }

    /// What a real org can do and this one cannot.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "unsupported_grant_type",
            format!("the local org does not support {what}"),
        )
    }
}

impl OAuthError {
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The code of the error and what it says.
    pub(crate) fn parts(&self) -> (&str, &str) {
        (&self.error, &self.error_description)
    }
}

impl From<CodeRefused> for OAuthError {
    fn from(refused: CodeRefused) -> Self {
        match refused {
            CodeRefused::Unknown => Self::invalid_grant("invalid authorization code"),
            CodeRefused::Spent => Self::invalid_grant("expired authorization code"),
            CodeRefused::RedirectUri => Self::wrong_redirect_uri(),
            CodeRefused::Verifier => Self::invalid_grant("invalid code verifier"),
        }
    }
}

impl From<jwt::Refused> for OAuthError {
    fn from(refused: jwt::Refused) -> Self {
        Self::invalid_grant(match refused {
            jwt::Refused::Invalid => "invalid assertion",
            jwt::Refused::Audience => "Audience validation failed",
            // An assertion out of its time is worded like a code out of its.
            jwt::Refused::Expired => "expired authorization code",
        })
    }
}

impl From<Refused> for OAuthError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid | Refused::SecurityTokenMissing | Refused::LockedOut => {
                Self::invalid_grant("authentication failure")
            }
            Refused::TooOften => Self::invalid_grant("login rate exceeded"),
            Refused::Inactive => Self::fixed("inactive_user", "user is inactive"),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        json(self.status, &self)
    }
}
