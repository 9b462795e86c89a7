//! A flow of your own: takes tokens from another service, which answers
//! `{"access_token": "…", "instance_url": "…"}`.
//!
//! To try it without such a service, serve a file with a token that you have:
//!
//! ```sh
//! python3 -m http.server 9000 --bind 127.0.0.1 --directory folder-with-token.json &
//! TOKEN_SERVICE_URL=http://127.0.0.1:9000/token.json TOKEN_SERVICE_KEY=any \
//! cargo run -p ferroforce --example custom_auth_service
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use bytes::Bytes;
use ferroforce::Salesforce;
use ferroforce::auth::{AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, Secret};
use http::header::AUTHORIZATION;

/// Where tokens come from. `Debug` is safe to derive: a [`Secret`] does not show itself.
#[derive(Debug)]
struct TokenService {
    url: String,
    key: Secret,
}

#[derive(serde::Deserialize)]
struct Issued {
    access_token: String,
    instance_url: String,
}

impl Auth for TokenService {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        let request = http::Request::get(&self.url)
            .header(AUTHORIZATION, format!("Bearer {}", self.key.expose()))
            .body(Bytes::new())
            .map_err(|_| {
                AuthError::new(
                    AuthErrorKind::Misconfigured,
                    "the address of the token service makes no request",
                )
            })?;
        let answer = cx.http().send(request).await?;

        let status = answer.status();
        if !status.is_success() {
            // Callers may try again later only where that can help.
            let kind = if status.is_server_error() {
                AuthErrorKind::Unavailable
            } else {
                AuthErrorKind::Refused
            };
            return Err(AuthError::new(
                kind,
                format!("the token service answered {status}"),
            ));
        }
        // The parser's words could quote the token, so they are left out.
        let issued: Issued = serde_json::from_slice(answer.body()).map_err(|_| {
            AuthError::new(
                AuthErrorKind::Unclear,
                "the answer of the token service is not understood",
            )
        })?;
        AccessToken::new(issued.access_token, &issued.instance_url)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = TokenService {
        url: var("TOKEN_SERVICE_URL")?,
        key: var("TOKEN_SERVICE_KEY")?.into(),
    };
    // The token says which org it is for.
    let salesforce = Salesforce::builder(auth).build()?;

    let limits = salesforce.limits().await?;
    if let Some(daily) = limits.daily_api_requests() {
        println!("{} of {} calls are left today", daily.remaining, daily.max);
    }
    Ok(())
}
