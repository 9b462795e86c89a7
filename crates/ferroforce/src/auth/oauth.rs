//! The token endpoint: what its answers mean, for every flow that asks it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{AccessToken, AuthContext, AuthError, AuthErrorKind, Repeat, Secret};
use crate::op::Response;

pub(super) const TOKEN_PATH: &str = "/services/oauth2/token";

/// How long a token is good for, as far as a flow's user has said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lifetime(pub(super) Option<Duration>);

impl Lifetime {
    pub(super) fn apply(self, token: AccessToken, now: SystemTime) -> AccessToken {
        // What a token tells of its own end is more than a session's setting.
        match self.0 {
            Some(_) if token.expiry().is_some() => token,
            Some(limit) => token.expires_after_idle(limit, now),
            None => token,
        }
    }
}

/// What the token endpoint gave.
#[derive(Debug, Clone)]
pub(super) struct TokenAnswer {
    pub(super) token: AccessToken,
    pub(super) id_token: Option<Secret>,
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    instance_url: Option<String>,
    api_instance_url: Option<String>,
    id: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Asks `host` for a token. `form` makes the parameters of each attempt.
pub(super) async fn request_token(
    cx: &AuthContext,
    host: &str,
    repeat: Repeat,
    form: impl FnMut() -> Result<Vec<(&'static str, Secret)>, AuthError> + Send,
) -> Result<AccessToken, AuthError> {
    Ok(request_tokens(cx, host, repeat, form).await?.token)
}

/// As [`request_token`], with all that comes beside it.
pub(super) async fn request_tokens(
    cx: &AuthContext,
    host: &str,
    repeat: Repeat,
    form: impl FnMut() -> Result<Vec<(&'static str, Secret)>, AuthError> + Send,
) -> Result<TokenAnswer, AuthError> {
    let response = post(cx, host, TOKEN_PATH, repeat, form).await?;
    let granted: Granted = read(&response)?;
    let Some(instance) = granted.instance_url.or(granted.api_instance_url) else {
        return Err(AuthError::new(
            AuthErrorKind::Unclear,
            format!("{host} gave a token and did not say which org it is for"),
        ));
    };
    let token = AccessToken::new(granted.access_token, &instance)?.identity_url(granted.id);
    Ok(TokenAnswer {
        token: match granted.refresh_token {
            Some(refresh_token) => token.with_refresh_token(refresh_token),
            None => token,
        },
        id_token: granted.id_token.map(Secret::from),
        scope: granted.scope,
    })
}

/// Posts a form to one of the endpoints. What it refuses is an error.
pub(super) async fn post(
    cx: &AuthContext,
    host: &str,
    path: &'static str,
    repeat: Repeat,
    mut form: impl FnMut() -> Result<Vec<(&'static str, Secret)>, AuthError> + Send,
) -> Result<Response, AuthError> {
    let response = cx
        .send(path, repeat, || request(host, path, &form()?))
        .await?;
    match serde_json::from_slice::<Refused>(response.body()) {
        Ok(Refused {
            error,
            error_description,
        }) => Err(refusal(error, error_description.unwrap_or_default())),
        Err(_) => Ok(response),
    }
}

fn request(
    host: &str,
    path: &str,
    form: &[(&'static str, Secret)],
) -> Result<http::Request<Bytes>, AuthError> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form {
        body.append_pair(name, value.expose());
    }
    http::Request::post(format!("{host}{path}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(body.finish().into())
        .map_err(|error| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "the login host is no valid address",
            )
            .with_source(error)
        })
}

pub(super) fn read<T: DeserializeOwned>(response: &Response) -> Result<T, AuthError> {
    serde_json::from_slice(response.body()).map_err(|error| {
        // serde's words could quote a token, its place cannot.
        AuthError::new(
            AuthErrorKind::Unclear,
            format!(
                "the endpoint's answer (HTTP {}) was not understood at line {}, column {}",
                response.status().as_u16(),
                error.line(),
                error.column()
            ),
        )
    })
}

/// An answer that judges the sign-in: an OAuth error or a SOAP fault. Anything
/// else that is no success comes from something in between.
pub(super) fn is_verdict(body: &[u8]) -> bool {
    serde_json::from_slice::<Refused>(body).is_ok() || super::soap::is_fault(body)
}

/// Salesforce's refusal, with what usually helps.
pub(super) fn refusal(code: String, description: String) -> AuthError {
    let (kind, advice) = meaning(&code, &description);
    AuthError::coded(kind, code, description, advice)
}

/// What an OAuth error means, and what helps.
fn meaning(code: &str, description: &str) -> (AuthErrorKind, Option<&'static str>) {
    use AuthErrorKind::{Refused, SignInAgain, Unavailable};
    let text = description.to_ascii_lowercase();
    let says = |part: &str| text.contains(part);
    match code {
        "invalid_grant" if says("already being processed") => (Unavailable, None),
        "invalid_grant" if says("login rate exceeded") => (
            Refused,
            Some(
                "The user signed in more than 3,600 times within an hour; share one Session instead of \
             signing in for each piece of work",
            ),
        ),
        "invalid_grant" if says("audience") => (
            Refused,
            Some(
                "Set the audience to https://login.salesforce.com for production and developer orgs, to \
             https://test.salesforce.com for sandboxes and scratch orgs, or to the site's URL",
            ),
        ),
        "invalid_grant" | "invalid_app_access"
            if says("hasn't approved") || says("admin approved") =>
        {
            (
                Refused,
                Some(
                    "The user must be let in first: in the app's policies choose 'Admin approved users are \
             pre-authorized' and give the user's profile or a permission set access to the app",
                ),
            )
        }
        "invalid_grant" if says("no client credentials user") => (
            Refused,
            Some("Name a Run As user in the app's policies for the client credentials flow"),
        ),
        "invalid_grant" if says("client credentials flow not enabled") => (
            Refused,
            Some(
                "Enable the client credentials flow in the app's settings and again in its policies",
            ),
        ),
        "invalid_grant" if says("not supported on this domain") => (
            Refused,
            Some(
                "Client credentials work only at the org's My Domain URL, not at login.salesforce.com \
             or test.salesforce.com: give the client the org's URL",
            ),
        ),
        "invalid_grant" if says("ip restricted") => (
            Refused,
            Some(
                "The app, or the user's profile, allows only certain IP addresses: add this one, or \
             relax the app's IP policy",
            ),
        ),
        "invalid_grant" if says("expired access/refresh token") => (
            SignInAgain,
            Some("The refresh token was used, revoked or has expired: sign in again"),
        ),
        "invalid_grant" if says("authorization code") => (
            Refused,
            Some("A code is good for one use within 15 minutes: begin the sign-in anew"),
        ),
        "invalid_grant" if says("code verifier") => (
            Refused,
            Some("The code belongs to another sign-in than the verifier: begin the sign-in anew"),
        ),
        "redirect_uri_mismatch" => (
            Refused,
            Some(
                "The redirect URI must be one of the app's callback URLs, letter by letter, port and \
             final slash included",
            ),
        ),
        "access_denied" => (
            Refused,
            Some(
                "The user said no, or must be let in by an administrator in the app's policies first",
            ),
        ),
        "expired_token" => (
            Refused,
            Some("The code for the device was not entered in time: begin anew"),
        ),
        "invalid_grant" if says("assertion") => (
            Refused,
            Some(
                "The private key must belong to the certificate that the app holds, and this machine's \
             clock must be right",
            ),
        ),
        "invalid_grant" if says("authentication failure") => (
            Refused,
            Some(
                "Check user name, password and security token; the security token is appended to the \
             password outside of trusted IP ranges",
            ),
        ),
        "invalid_client_id" => (
            Refused,
            Some(
                "No app of this org has that client id. A new app needs up to ten minutes, and its \
             sandbox copy has another id",
            ),
        ),
        "invalid_client" if says("installed") => (
            Refused,
            Some("The app must be installed in the org before users may sign in with it"),
        ),
        "invalid_client" => (
            Refused,
            Some("The client secret is wrong, or the app wants none"),
        ),
        "OAUTH_EC_APP_NOT_FOUND" => (
            Refused,
            Some("The External Client App is not installed in this org, or is not enabled"),
        ),
        "unsupported_grant_type" => (
            Refused,
            Some("The flow is switched off for this org or app, or the request left by http"),
        ),
        "inactive_user" => (Refused, Some("The user is deactivated or frozen")),
        "inactive_org" => (Refused, Some("The org is closed, locked or suspended")),
        "server_error" | "temporarily_unavailable" | "rate_limit_exceeded" => (Unavailable, None),
        _ => (Refused, None),
    }
}

/// When a token in JWT format expires; other tokens do not tell.
pub(super) fn jwt_expiry(token: &str) -> Option<SystemTime> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(claims.exp))
}
