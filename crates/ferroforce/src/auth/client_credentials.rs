use std::time::Duration;

use super::login_url::LoginUrl;
use super::oauth::{Lifetime, request_token};
use super::{
    AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, FlowIdentity, Repeat, Secret,
};

/// The OAuth client credentials flow: an app signs in as itself and acts as the
/// user that its policies name.
///
/// It works only at the org's My Domain URL, so the client needs an
/// [`org_url`](crate::SalesforceBuilder::org_url).
///
/// ```
/// use std::time::Duration;
/// use ferroforce::Salesforce;
/// use ferroforce::auth::ClientCredentials;
///
/// # fn main() -> ferroforce::Result<()> {
/// let auth = ClientCredentials::new("client id", "client secret")
///     .timeout(Duration::from_secs(15 * 60));
/// let salesforce = Salesforce::builder(auth)
///     .org_url("https://acme.my.salesforce.com")
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm>
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    client_id: String,
    client_secret: Secret,
    lifetime: Lifetime,
    login_url: LoginUrl,
}

impl ClientCredentials {
    /// The app's consumer key and secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            lifetime: Lifetime::default(),
            login_url: LoginUrl::default(),
        }
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

    fn host(&self, cx: &AuthContext) -> Result<String, AuthError> {
        self.login_url.origin(cx.org_url(), || {
            Err(AuthError::new(
                AuthErrorKind::Misconfigured,
                "client credentials work only at the org's My Domain URL: give the client its \
                 org_url, https://acme.my.salesforce.com for example",
            ))
        })
    }
}

impl Auth for ClientCredentials {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        super::require("client id", &self.client_id)?;
        super::require("client secret", self.client_secret.expose())?;
        let host = self.host(cx)?;
        let token = request_token(cx, &host, Repeat::Always, || {
            Ok(vec![
                ("grant_type", "client_credentials".into()),
                ("client_id", self.client_id.as_str().into()),
                ("client_secret", self.client_secret.clone()),
            ])
        })
        .await?;
        Ok(self.lifetime.apply(token, cx.now()))
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        Ok(FlowIdentity::new("client-credentials", self.host(cx)?).client_id(&self.client_id))
    }
}
