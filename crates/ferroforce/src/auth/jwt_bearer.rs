use std::time::{Duration, UNIX_EPOCH};

use super::key::{Claims, PrivateKey};
use super::login_url::{LoginUrl, PRODUCTION, SANDBOX};
use super::oauth::{Lifetime, request_token};
use super::{AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, FlowIdentity, Repeat};
use crate::client::OrgUrl;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Salesforce takes assertions that expire within three minutes.
const VALID_FOR: Duration = Duration::from_secs(150);

/// The OAuth JWT bearer flow: an app signs in as a user with an RSA key, without
/// a password and without a browser.
///
/// ```no_run
/// use ferroforce::Salesforce;
/// use ferroforce::auth::{JwtBearer, PrivateKey};
///
/// # fn main() -> ferroforce::Result<()> {
/// let key = PrivateKey::from_pem_file("private-key.pem")?;
/// let auth = JwtBearer::new("client id", "user@acme.com", key);
/// let salesforce = Salesforce::builder(auth)
///     .org_url("https://acme.my.salesforce.com")
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm>
#[derive(Debug, Clone)]
pub struct JwtBearer {
    client_id: String,
    username: String,
    key: PrivateKey,
    audience: Option<String>,
    lifetime: Lifetime,
    login_url: LoginUrl,
}

impl JwtBearer {
    /// The app's consumer key, the user to act as, and the key whose certificate
    /// the app holds.
    pub fn new(client_id: impl Into<String>, username: impl Into<String>, key: PrivateKey) -> Self {
        Self {
            client_id: client_id.into(),
            username: username.into(),
            key,
            audience: None,
            lifetime: Lifetime::default(),
            login_url: LoginUrl::default(),
        }
    }

    /// Who the assertion is for. By default `https://test.salesforce.com` for
    /// sandboxes and scratch orgs and `https://login.salesforce.com` otherwise;
    /// where Salesforce does not accept it, the other is tried once. An
    /// Experience Cloud site is its own audience.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// How long a token may be idle before it expires: the session timeout of
    /// the app's policies. It is then renewed in time, which saves a request.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.lifetime = Lifetime(Some(timeout));
        self
    }

    /// Where tokens are asked for, if not at the client's org URL.
    #[must_use]
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.login_url = LoginUrl::new(url);
        self
    }

    fn audience_for<'a>(&'a self, org: Option<&'a OrgUrl>) -> &'a str {
        let default = org.map_or(PRODUCTION, OrgUrl::jwt_audience);
        self.audience.as_deref().unwrap_or(default)
    }

    fn host(&self, org: Option<&OrgUrl>) -> Result<String, AuthError> {
        self.login_url.origin(org, || {
            Ok(self.audience_for(org).trim_end_matches('/').to_owned())
        })
    }

    /// Signs in to this org, whatever the client was told of it.
    pub(super) async fn acquire_for(
        &self,
        cx: &AuthContext,
        org: Option<&OrgUrl>,
    ) -> Result<AccessToken, AuthError> {
        super::require("client id", &self.client_id)?;
        super::require("username", &self.username)?;
        let audience = self.audience_for(org);
        let host = self.host(org)?;
        let first = self.ask(cx, &host, audience).await;
        let token = match first {
            Err(error) if self.audience.is_none() && is_audience_error(&error) => {
                let other = if audience == SANDBOX {
                    PRODUCTION
                } else {
                    SANDBOX
                };
                self.ask(cx, &host, other)
                    .await
                    .map_err(|second| tried_both(&error, audience, &second, other))?
            }
            other => other?,
        };
        Ok(self.lifetime.apply(token, cx.now()))
    }

    async fn ask(
        &self,
        cx: &AuthContext,
        host: &str,
        audience: &str,
    ) -> Result<AccessToken, AuthError> {
        request_token(cx, host, Repeat::Always, || {
            let expires = cx.now() + VALID_FOR;
            let claims = Claims {
                iss: &self.client_id,
                sub: &self.username,
                aud: audience,
                exp: expires
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_secs(),
            };
            let assertion = self
                .key
                .assertion(&claims)
                .map_err(|error| AuthError::new(AuthErrorKind::Misconfigured, error.to_string()))?;
            Ok(vec![
                ("grant_type", GRANT.into()),
                ("assertion", assertion.into()),
            ])
        })
        .await
    }
}

impl Auth for JwtBearer {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        self.acquire_for(cx, cx.org_url()).await
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        Ok(FlowIdentity::new("jwt-bearer", self.host(cx.org_url())?)
            .client_id(&self.client_id)
            .user(&self.username))
    }
}

fn is_audience_error(error: &AuthError) -> bool {
    error
        .description()
        .to_ascii_lowercase()
        .contains("audience")
}

fn tried_both(first: &AuthError, audience: &str, second: &AuthError, other: &str) -> AuthError {
    AuthError::coded(
        second.kind(),
        second.code().unwrap_or("invalid_grant"),
        format!(
            "{} (audience {audience}); {} (audience {other})",
            first.description(),
            second.description()
        ),
        Some("Set the audience yourself: an Experience Cloud site, for example, is its own"),
    )
}
