//! What the token endpoint answers, key by key in the recorded order.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;

use crate::auth::app::{ConnectedApp, TokenFormat};
use crate::auth::origin::Origin;
use crate::auth::secret::Secret;

/// A session that was just granted.
pub(crate) struct Granted<'a> {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) issued_token_type: Option<&'static str>,
    pub(crate) scopes: Vec<String>,
    pub(crate) origin: &'a Origin,
    pub(crate) identity_url: String,
    pub(crate) app: &'a ConnectedApp,
    pub(crate) issued_at: Timestamp,
}

/// The answers of the grants differ in their keys and in their order.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum TokenAnswer {
    Password {
        access_token: String,
        instance_url: String,
        id: String,
        token_type: &'static str,
        issued_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    Assertion {
        access_token: String,
        scope: String,
        instance_url: String,
        id: String,
        token_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        api_instance_url: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token_format: Option<&'static str>,
    },
    Other {
        access_token: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        scope: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        id_token: Option<String>,
        instance_url: String,
        id: String,
        token_type: &'static str,
        issued_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        api_instance_url: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token_format: Option<&'static str>,
        /// Of token exchange.
        #[serde(skip_serializing_if = "Option::is_none")]
        issued_token_type: Option<&'static str>,
    },
}

const BEARER: &str = "Bearer";

impl Granted<'_> {
    pub(crate) fn by_password(self) -> TokenAnswer {
        TokenAnswer::Password {
            signature: self.signature(),
            issued_at: self.issued_at(),
            access_token: self.access_token.expose().to_owned(),
            instance_url: self.origin.instance_url(),
            id: self.identity_url,
            token_type: BEARER,
        }
    }

    pub(crate) fn by_assertion(self) -> TokenAnswer {
        TokenAnswer::Assertion {
            access_token: self.access_token.expose().to_owned(),
            api_instance_url: self.api_instance_url(),
            token_format: self.token_format(),
            scope: self.scopes.join(" "),
            instance_url: self.origin.instance_url(),
            id: self.identity_url,
            token_type: BEARER,
        }
    }

    pub(crate) fn otherwise(self) -> TokenAnswer {
        TokenAnswer::Other {
            signature: self.signature(),
            issued_at: self.issued_at(),
            access_token: self.access_token.expose().to_owned(),
            api_instance_url: self.api_instance_url(),
            token_format: self.token_format(),
            issued_token_type: self.issued_token_type,
            refresh_token: self.refresh_token.map(|token| token.expose().to_owned()),
            id_token: self.id_token.map(|token| token.expose().to_owned()),
            scope: self.scopes.join(" "),
            instance_url: self.origin.instance_url(),
            id: self.identity_url,
            token_type: BEARER,
        }
    }

    /// Told of tokens that say themselves what they are good for.
    fn token_format(&self) -> Option<&'static str> {
        (self.app.token_format == TokenFormat::Jwt).then_some("jwt")
    }

    /// Where such tokens are good.
    fn api_instance_url(&self) -> Option<String> {
        self.token_format().map(|_| self.origin.instance_url())
    }

    fn issued_at(&self) -> String {
        self.issued_at.as_millisecond().to_string()
    }

    /// By it an app that keeps a secret sees that nobody changed the identity URL on its way.
    fn signature(&self) -> Option<String> {
        let secret = self.app.client_secret.as_ref()?;
        let key =
            aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.expose().as_bytes());
        let message = format!("{}{}", self.identity_url, self.issued_at());
        Some(STANDARD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes())))
    }
}

impl IntoResponse for TokenAnswer {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self)
    }
}

/// A JSON answer with the headers of the token endpoint: nobody may keep it.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (
            header::CACHE_CONTROL,
            "no-cache,must-revalidate,max-age=0,no-store,private",
        ),
        (header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (header::HeaderName::from_static("x-readonlymode"), "false"),
    ];
    match serde_json::to_string(body) {
        Ok(body) => (status, headers, body).into_response(),
        // Only values that are no JSON by their type fail, and none is sent here.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
