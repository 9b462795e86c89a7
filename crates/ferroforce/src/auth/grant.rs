use std::fmt;

use super::app::App;
use super::oauth::TokenAnswer;
use super::{AccessToken, AuthError, RefreshToken, Secret, Session};

/// What a user's sign-in gave: an access token, and mostly a refresh token.
///
/// It comes from the flows that a user takes part in, [`WebServer`] and
/// [`DeviceFlow`], and is handed to a client as it is. To keep it, make a
/// [`refresh_flow`](Self::refresh_flow) of it and give that a store:
///
/// ```
/// use ferroforce::Salesforce;
/// use ferroforce::auth::{Grant, Session, TokenStore};
///
/// # fn keep(grant: Grant, store: impl TokenStore) -> ferroforce::Result<()> {
/// let flow = grant.refresh_flow()?.user("ada@acme.com");
/// let session = Session::builder(flow).store(store).build();
/// let salesforce = Salesforce::builder(session).build()?;
/// # Ok(())
/// # }
/// ```
///
/// [`WebServer`]: super::WebServer
/// [`DeviceFlow`]: super::DeviceFlow
#[derive(Clone)]
pub struct Grant {
    app: App,
    host: String,
    answer: TokenAnswer,
}

impl Grant {
    pub(super) fn new(app: App, host: String, answer: TokenAnswer) -> Self {
        Self { app, host, answer }
    }

    /// The access token, good now.
    pub fn access_token(&self) -> &AccessToken {
        &self.answer.token
    }

    /// The refresh token, if the app and the scopes allow one.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.answer.token.refresh_token()
    }

    /// The ID token of OpenID Connect, with the scope `openid`. Nothing has
    /// checked its signature; it came from Salesforce directly.
    pub fn id_token(&self) -> Option<&Secret> {
        self.answer.id_token.as_ref()
    }

    /// What the tokens may do: `api`, `refresh_token`, … Empty where the answer
    /// does not say.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.answer.scope.iter().flat_map(|text| text.split(' '))
    }

    /// Whether the tokens may do this.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }

    /// A flow that goes on with these tokens: the access token until it ends, and
    /// then what the refresh token gives. It asks where the user signed in, as the
    /// app that the user let in.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`](super::AuthErrorKind::Misconfigured) if there
    /// is no refresh token.
    pub fn refresh_flow(&self) -> Result<RefreshToken, AuthError> {
        let token = self.access_token().clone();
        let flow = RefreshToken::from_grant(self.app.client_id(), token)?.login_url(&self.host);
        Ok(match self.app.secret() {
            Some(secret) => flow.client_secret(secret.clone()),
            None => flow,
        })
    }

    /// The ids of the org and of the user who signed in.
    pub fn org_and_user(&self) -> Option<(&str, &str)> {
        self.answer.token.org_and_user()
    }
}

/// Goes on with the refresh token, or without one until the access token ends.
impl From<Grant> for Session {
    fn from(grant: Grant) -> Self {
        match grant.refresh_flow() {
            Ok(flow) => Self::new(flow),
            Err(_) => Self::new(grant.answer.token),
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("app", &self.app)
            .field("host", &self.host)
            .field("access_token", &self.answer.token)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
