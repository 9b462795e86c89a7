//! The device flow at the token endpoint: codes first, then the question whether somebody has
//! entered one.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::answer::{TokenAnswer, json};
use super::error::OAuthError;
use super::grant::{Exchange, check_secret};
use crate::auth::app::ConnectedApp;
use crate::auth::device::NotYet;
use crate::auth::web::CONNECT_PATH;

/// What a device shows, and how often it may ask.
#[derive(Serialize)]
struct Codes {
    user_code: String,
    device_code: String,
    interval: u64,
    verification_uri: String,
}

impl<'a> Exchange<'a> {
    /// Gives a device its codes.
    pub(super) fn device_codes(&self) -> Result<Response, OAuthError> {
        let app = self.device_app()?;
        let scopes = app.granted_scopes(self.form.get("scope"));
        let scopes = scopes.ok_or(OAuthError::wrong_scope())?;
        let codes = self.auth.begin_device(app, scopes, self.visit.now);
        let answer = Codes {
            user_code: codes.user_code,
            device_code: codes.device_code.expose().to_owned(),
            interval: self.auth.policies().device_interval_seconds,
            verification_uri: format!("{}{CONNECT_PATH}", self.visit.origin.instance_url()),
        };
        Ok(json(StatusCode::OK, &answer))
    }

    /// Tells a device whether somebody has let it in.
    pub(super) fn device(&self) -> Result<TokenAnswer, OAuthError> {
        let app = self.device_app()?;
        if self.form.get("client_secret").is_some() {
            check_secret(self.form, app)?;
        }
        let code = self.form.get("code");
        let code = code.ok_or(OAuthError::invalid_request("code is required"))?;
        let issued = self.auth.ask_for_device(code, app, self.visit)?;
        Ok(self.with_id_token(app, issued, None).otherwise())
    }

    fn device_app(&self) -> Result<&'a ConnectedApp, OAuthError> {
        const OFF: OAuthError =
            OAuthError::invalid_request("device flow is not enabled for this app");
        let app = self.client()?;
        app.device_flow.then_some(app).ok_or(OFF)
    }
}

impl From<NotYet> for OAuthError {
    fn from(not_yet: NotYet) -> Self {
        match not_yet {
            NotYet::Pending => Self::fixed("authorization_pending", "end-user has not decided yet"),
            NotYet::TooFast => Self::fixed("slow_down", "the device asks too often"),
            NotYet::Denied => Self::denied(),
            NotYet::Expired => Self::invalid_grant("expired authorization code"),
            NotYet::Unknown => Self::invalid_grant("invalid authorization code"),
        }
    }
}
