use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::login_url::LoginUrl;
use super::oauth::{Lifetime, request_token};
use super::{
    AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, FlowIdentity, Repeat, Secret,
};
use crate::transport::BoxFuture;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

type Supply = dyn Fn() -> BoxFuture<'static, Result<Secret, AuthError>> + Send + Sync;

/// The OAuth token exchange flow: a token of the company's identity provider
/// becomes one of Salesforce's, by a handler that the org has written in Apex.
///
/// It works only at the org's My Domain URL, so the client needs an
/// [`org_url`](crate::SalesforceBuilder::org_url).
///
/// ```
/// use ferroforce::Salesforce;
/// use ferroforce::auth::{AuthError, Secret, SubjectTokenType, TokenExchange};
///
/// /// Asks the identity provider.
/// async fn id_token() -> Result<Secret, AuthError> {
/// #   unimplemented!()
/// }
///
/// # fn main() -> ferroforce::Result<()> {
/// let auth = TokenExchange::new("client id", SubjectTokenType::IdToken, id_token)
///     .client_secret("client secret");
/// let salesforce = Salesforce::builder(auth)
///     .org_url("https://acme.my.salesforce.com")
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_token_exchange_overview.htm>
#[derive(Clone)]
pub struct TokenExchange {
    app: App,
    token_type: SubjectTokenType,
    supply: Arc<Supply>,
    handler: Option<String>,
    scopes: Vec<String>,
    user: Option<String>,
    lifetime: Lifetime,
    login_url: LoginUrl,
}

/// What kind of token [`TokenExchange`] hands over.
///
/// <https://www.rfc-editor.org/rfc/rfc8693#section-3>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectTokenType {
    /// An OAuth access token.
    AccessToken,
    /// An OAuth refresh token.
    RefreshToken,
    /// An ID token of OpenID Connect.
    IdToken,
    /// A SAML 2.0 assertion, base64url.
    Saml2,
    /// Any other JWT.
    Jwt,
}

impl SubjectTokenType {
    fn urn(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
        }
    }
}

impl TokenExchange {
    /// The app's consumer key, and where tokens of the identity provider come
    /// from: it is called at every sign-in and renewal, since such tokens do not
    /// last.
    pub fn new<F, T>(client_id: impl Into<String>, token_type: SubjectTokenType, supply: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Secret, AuthError>> + Send + 'static,
    {
        Self {
            app: App::new(client_id),
            token_type,
            supply: Arc::new(move || Box::pin(supply())),
            handler: None,
            scopes: Vec::new(),
            user: None,
            lifetime: Lifetime::default(),
            login_url: LoginUrl::default(),
        }
    }

    /// The app's consumer secret, where the app requires it.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.app = self.app.with_secret(secret);
        self
    }

    /// The name of the org's token exchange handler; by default the one that the
    /// app has as its own.
    #[must_use]
    pub fn handler(mut self, name: impl Into<String>) -> Self {
        self.handler = Some(name.into());
        self
    }

    /// What the tokens are to be good for, of what the app allows; all of that by
    /// default.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Whose tokens come of it: a name of your choice, under which a store keeps
    /// them.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
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

    fn host(&self, cx: &AuthContext) -> Result<String, AuthError> {
        self.login_url.origin(cx.org_url(), || {
            Err(AuthError::new(
                AuthErrorKind::Misconfigured,
                "tokens are exchanged only at the org's My Domain URL: give the client its \
                 org_url, https://acme.my.salesforce.com for example",
            ))
        })
    }
}

impl Auth for TokenExchange {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        self.app.check()?;
        let host = self.host(cx)?;
        let subject = (self.supply)().await?;
        super::require("subject token", subject.expose())?;
        // The handler is a program of the org's, which may do anything.
        let token = request_token(cx, &host, Repeat::UnlessProcessed, || {
            let mut form = self.app.form([
                ("grant_type", GRANT.into()),
                ("subject_token_type", self.token_type.urn().into()),
                ("subject_token", subject.clone()),
            ]);
            if let Some(handler) = &self.handler {
                form.push(("token_handler", handler.as_str().into()));
            }
            if !self.scopes.is_empty() {
                form.push(("scope", self.scopes.join(" ").into()));
            }
            Ok(form)
        })
        .await?;
        Ok(self.lifetime.apply(token, cx.now()))
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        let user = self.user.as_deref().ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::NoIdentity,
                "the handler decides whose token comes of an exchange: name the user with \
                 TokenExchange::user, so that a store can keep it",
            )
        })?;
        Ok(FlowIdentity::new("token-exchange", self.host(cx)?)
            .client_id(self.app.client_id())
            .user(user))
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("app", &self.app)
            .field("token_type", &self.token_type)
            .field("handler", &self.handler)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
