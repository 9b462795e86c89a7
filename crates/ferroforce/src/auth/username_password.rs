use std::time::Duration;

use super::app::App;
use super::login_url::{LoginUrl, PRODUCTION};
use super::oauth::{Lifetime, request_token};
use super::{AccessToken, Auth, AuthContext, AuthError, FlowIdentity, Repeat, Secret};

/// The OAuth username-password flow: an app hands a user's password over.
///
/// **It is going away.** New orgs have it switched off, and Salesforce advises
/// against it. Take [`ClientCredentials`](super::ClientCredentials) or
/// `JwtBearer` instead.
///
/// ```
/// use ferroforce::Salesforce;
/// use ferroforce::auth::UsernamePassword;
///
/// # fn main() -> ferroforce::Result<()> {
/// let auth = UsernamePassword::new("client id", "client secret", "ada@acme.com", "password")
///     .security_token("token");
/// let salesforce = Salesforce::builder(auth)
///     .org_url("https://acme.my.salesforce.com")
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_username_password_flow.htm>
#[derive(Debug, Clone)]
pub struct UsernamePassword {
    app: App,
    username: String,
    password: Secret,
    security_token: Secret,
    lifetime: Lifetime,
    login_url: LoginUrl,
}

impl UsernamePassword {
    /// The app's consumer key and secret, and the user's name and password.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        Self {
            app: App::new(client_id).with_secret(client_secret),
            username: username.into(),
            password: password.into(),
            security_token: Secret::new(""),
            lifetime: Lifetime::default(),
            login_url: LoginUrl::default(),
        }
    }

    /// The user's security token (Settings → My Personal Information → Reset My
    /// Security Token). Not needed from trusted IP ranges.
    #[must_use]
    pub fn security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = token.into();
        self
    }

    /// How long a token may be idle before it expires: the session timeout of
    /// the app's policies. It is then renewed in time, which saves a request.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.lifetime = Lifetime(Some(timeout));
        self
    }

    /// Where to sign in. By default the client's org URL, or
    /// `https://login.salesforce.com` without one.
    #[must_use]
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.login_url = LoginUrl::new(url);
        self
    }

    fn host(&self, cx: &AuthContext) -> Result<String, AuthError> {
        self.login_url
            .origin(cx.org_url(), || Ok(PRODUCTION.to_owned()))
    }
}

impl Auth for UsernamePassword {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        self.app.check()?;
        super::require("username", &self.username)?;
        super::require("password", self.password.expose())?;
        let host = self.host(cx)?;
        let token = request_token(cx, &host, Repeat::UnlessProcessed, || {
            let (password, token) = (self.password.expose(), self.security_token.expose());
            Ok(self.app.form([
                ("grant_type", "password".into()),
                ("username", self.username.as_str().into()),
                ("password", format!("{password}{token}").into()),
            ]))
        })
        .await?;
        Ok(self.lifetime.apply(token, cx.now()))
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        Ok(FlowIdentity::new("username-password", self.host(cx)?)
            .client_id(self.app.client_id())
            .user(&self.username))
    }
}

#[cfg(test)]
mod tests;
