use std::time::Duration;

use super::login_url::{LoginUrl, PRODUCTION};
use super::oauth::{Lifetime, request_token};
use super::{
    AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, FlowIdentity, Renewal, Repeat, Secret,
};

/// The OAuth refresh token flow: goes on with what a user allowed an app before.
///
/// Salesforce rotates refresh tokens: each works once, comes back as a new one, and
/// using it again revokes everything that came of it. So a refresh token is sent
/// once, the session keeps the newest one, and only one refresh is under way,
/// however many clients share the session. To keep it beyond the program's end, or
/// to share it between programs, give the session a store and the flow a
/// [`user`](Self::user):
///
/// ```
/// use ferroforce::Salesforce;
/// use ferroforce::auth::{MemoryStore, RefreshToken, Session};
///
/// # fn main() -> ferroforce::Result<()> {
/// let auth = RefreshToken::new("client id", "refresh token").user("ada@acme.com");
/// let session = Session::builder(auth).store(MemoryStore::new()).build();
/// let salesforce = Salesforce::builder(session)
///     .org_url("https://acme.my.salesforce.com")
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// When the refresh token is dead, or its use ended in the dark, the error is
/// [`AuthErrorKind::SignInAgain`].
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_refresh_token_flow.htm>
#[derive(Debug, Clone)]
pub struct RefreshToken {
    client_id: String,
    client_secret: Option<Secret>,
    first: Option<Secret>,
    /// The token that the first refresh token came with, good until it ends.
    granted: Option<AccessToken>,
    user: Option<String>,
    lifetime: Lifetime,
    login_url: LoginUrl,
}

impl RefreshToken {
    /// The app's consumer key and a refresh token of it.
    pub fn new(client_id: impl Into<String>, refresh_token: impl Into<Secret>) -> Self {
        Self {
            first: Some(refresh_token.into()),
            ..Self::bare(client_id.into())
        }
    }

    /// Goes on with the token of another flow, a sign-in in the browser for one,
    /// that came with a refresh token. It is used until it ends, and then replaced.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if no refresh token came with it.
    pub fn from_grant(client_id: impl Into<String>, token: AccessToken) -> Result<Self, AuthError> {
        let first = token.refresh_token().cloned().ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "no refresh token came with the token: the app must have the scope \
                 refresh_token, and the sign-in must ask for it",
            )
        })?;
        Ok(Self {
            first: Some(first),
            granted: Some(token),
            ..Self::bare(client_id.into())
        })
    }

    /// Goes on with what the session's store has of this app and user.
    pub fn stored(client_id: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            user: Some(user.into()),
            ..Self::bare(client_id.into())
        }
    }

    fn bare(client_id: String) -> Self {
        Self {
            client_id,
            client_secret: None,
            first: None,
            granted: None,
            user: None,
            lifetime: Lifetime::default(),
            login_url: LoginUrl::default(),
        }
    }

    /// The app's consumer secret, for an app that requires it for the refresh
    /// token flow.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Whose refresh token it is: a name of your choice, under which a store keeps
    /// what comes of it.
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

    /// Where tokens are asked for. By default at the client's org URL, without one
    /// at the org that the last token was for, and at
    /// `https://login.salesforce.com` if there is none.
    #[must_use]
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.login_url = LoginUrl::new(url);
        self
    }

    async fn spend(
        &self,
        cx: &AuthContext,
        refresh_token: &Secret,
        issuer: Option<&AccessToken>,
    ) -> Result<AccessToken, AuthError> {
        super::require("client id", &self.client_id)?;
        super::require("refresh token", refresh_token.expose())?;
        let host = self.login_url.origin(cx.org_url(), || {
            Ok(issuer.map_or(PRODUCTION, AccessToken::origin).to_owned())
        })?;
        let token = request_token(cx, &host, Repeat::NeverSent, || {
            let mut form = vec![
                ("grant_type", "refresh_token".into()),
                ("client_id", self.client_id.as_str().into()),
                ("refresh_token", refresh_token.clone()),
            ];
            if let Some(secret) = &self.client_secret {
                form.push(("client_secret", secret.clone()));
            }
            Ok(form)
        })
        .await
        .map_err(final_refusal)?;
        let token = self.lifetime.apply(token, cx.now());
        Ok(match token.refresh_token() {
            Some(_) => token,
            // Without rotation it goes on being the one.
            None => token.with_refresh_token(refresh_token.clone()),
        })
    }
}

/// Salesforce's other ways to say that it is not ready are no reason to send a
/// refresh token again.
fn final_refusal(error: AuthError) -> AuthError {
    let passes = error.description().contains("already being processed");
    match error.code() {
        Some(code) if error.is_transient() && !passes => {
            AuthError::coded(AuthErrorKind::Refused, code, error.description(), None)
        }
        _ => error,
    }
}

impl Auth for RefreshToken {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        if let Some(token) = &self.granted {
            let token = self.lifetime.apply(token.clone(), cx.now());
            if !token.is_due(cx.now()) {
                return Ok(token);
            }
        }
        match &self.first {
            Some(first) => self.spend(cx, first, self.granted.as_ref()).await,
            None => Err(AuthError::new(
                AuthErrorKind::SignInAgain,
                "there is no refresh token of this app and user in the store",
            )),
        }
    }

    async fn refresh(
        &self,
        cx: &AuthContext,
        current: &AccessToken,
    ) -> Result<AccessToken, AuthError> {
        match current.refresh_token() {
            Some(refresh_token) => self.spend(cx, refresh_token, Some(current)).await,
            None => self.acquire(cx).await,
        }
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        let user = self.user.as_deref().ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::NoIdentity,
                "a refresh token does not tell whose it is: name its user with \
                 RefreshToken::user, so that a store can keep it",
            )
        })?;
        let host = self
            .login_url
            .origin(cx.org_url(), || Ok(PRODUCTION.to_owned()))?;
        Ok(FlowIdentity::new("refresh-token", host)
            .client_id(&self.client_id)
            .user(user))
    }

    fn renewal(&self) -> Renewal {
        Renewal::RefreshToken {
            first: self.first.clone(),
        }
    }
}
