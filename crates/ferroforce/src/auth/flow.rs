use std::fmt;
use std::future::Future;
use std::time::SystemTime;

use super::{AccessToken, AuthContext, AuthError, AuthErrorKind, FlowIdentity, Secret};
use crate::transport::BoxFuture;

/// A way to sign in.
///
/// Write it with plain `async fn`. It is called only when a token is needed,
/// never twice at a time for one org, and in a task of its own: a caller that
/// goes away does not cut it short. Errors it returns go to everybody who was
/// waiting.
///
/// ```
/// use ferroforce::auth::{AccessToken, Auth, AuthContext, AuthError};
///
/// /// Takes tokens from a service inside the company.
/// #[derive(Debug)]
/// struct Broker;
///
/// impl Auth for Broker {
///     async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
///         let request = http::Request::get("https://tokens.example.com/salesforce")
///             .body(bytes::Bytes::new())
///             .expect("a valid request");
///         let response = cx.http().send(request).await?;
///         let token = String::from_utf8_lossy(response.body()).into_owned();
///         AccessToken::new(token, "https://acme.my.salesforce.com")
///     }
/// }
/// ```
pub trait Auth: fmt::Debug + Send + Sync + 'static {
    /// Signs in.
    ///
    /// # Errors
    /// Whatever went wrong. Only [`AuthErrorKind::Unavailable`](super::AuthErrorKind::Unavailable)
    /// counts as transient.
    fn acquire(
        &self,
        cx: &AuthContext,
    ) -> impl Future<Output = Result<AccessToken, AuthError>> + Send;

    /// Replaces `current`, which has expired or was turned down. Signs in anew
    /// unless you do it better.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    fn refresh(
        &self,
        cx: &AuthContext,
        current: &AccessToken,
    ) -> impl Future<Output = Result<AccessToken, AuthError>> + Send {
        let _ = current;
        self.acquire(cx)
    }

    /// Whether `token` should be replaced before it is used at `now`. By default
    /// when it is about to expire, if it is known when that will be.
    fn expired(&self, token: &AccessToken, now: SystemTime) -> bool {
        token.is_due(now)
    }

    /// Whose token this flow gets, for a session that has a
    /// [store](super::SessionBuilder::store). A flow that does not say has none.
    ///
    /// # Errors
    /// [`AuthErrorKind::NoIdentity`], unless you do better; and what makes it
    /// impossible to tell, as a login URL that is none.
    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        let _ = cx;
        Err(AuthError::new(
            AuthErrorKind::NoIdentity,
            "the session has a token store, and its flow does not say whose tokens it gets; \
             implement Auth::identity, or leave out the store",
        ))
    }

    /// By what this flow gets its next token.
    fn renewal(&self) -> Renewal {
        Renewal::Credentials
    }
}

/// By what a flow gets its next token, which decides what a session does before
/// it asks for one, and when that fails.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Renewal {
    /// By credentials, which can be used as often as it takes.
    Credentials,
    /// By a refresh token, each of which may work only once. Such a flow takes it
    /// from the token that it is to [refresh](Auth::refresh), and gives the new one
    /// back with the new token ([`AccessToken::with_refresh_token`]). The session
    /// notes in its store, or in memory if it has none, that a refresh token is
    /// about to be used, and never has one used again whose use has no known end.
    RefreshToken {
        /// The refresh token that the flow was made with, used by
        /// [`acquire`](Auth::acquire), if it has any. Once the store has seen it, what
        /// the store has is newer.
        first: Option<Secret>,
    },
}

/// [`Auth`] without its type, so that a [`Session`](super::Session) can hold any.
pub(super) trait DynAuth: Send + Sync {
    fn acquire<'a>(&'a self, cx: &'a AuthContext) -> BoxFuture<'a, Result<AccessToken, AuthError>>;
    fn refresh<'a>(
        &'a self,
        cx: &'a AuthContext,
        current: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, AuthError>>;
    fn expired(&self, token: &AccessToken, now: SystemTime) -> bool;
    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError>;
    fn renewal(&self) -> Renewal;
}

impl<A: Auth> DynAuth for A {
    fn acquire<'a>(&'a self, cx: &'a AuthContext) -> BoxFuture<'a, Result<AccessToken, AuthError>> {
        Box::pin(Auth::acquire(self, cx))
    }

    fn refresh<'a>(
        &'a self,
        cx: &'a AuthContext,
        current: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, AuthError>> {
        Box::pin(Auth::refresh(self, cx, current))
    }

    fn expired(&self, token: &AccessToken, now: SystemTime) -> bool {
        Auth::expired(self, token, now)
    }

    fn identity(&self, cx: &AuthContext) -> Result<FlowIdentity, AuthError> {
        Auth::identity(self, cx)
    }

    fn renewal(&self) -> Renewal {
        Auth::renewal(self)
    }
}
