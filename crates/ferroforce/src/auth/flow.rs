use std::fmt;
use std::future::Future;
use std::time::SystemTime;

use super::{AccessToken, AuthContext, AuthError};
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

    /// Ends the session at Salesforce. `current` is the token at hand, if there is
    /// one. By default it is revoked; a flow with more to end does that.
    ///
    /// # Errors
    /// Whatever went wrong. That the token has ended already is no error.
    fn log_out(
        &self,
        cx: &AuthContext,
        current: Option<&AccessToken>,
    ) -> impl Future<Output = Result<(), AuthError>> + Send {
        async move {
            match current {
                Some(token) => cx.end(token.origin(), token.secret()).await,
                None => Ok(()),
            }
        }
    }

    /// Whether `token` should be replaced before it is used at `now`. By default
    /// when it is about to expire, if it is known when that will be.
    fn expired(&self, token: &AccessToken, now: SystemTime) -> bool {
        token.is_due(now)
    }
}

/// [`Auth`] without its type, so that a [`Session`](super::Session) can hold any.
pub(super) trait DynAuth: Send + Sync {
    fn acquire<'a>(&'a self, cx: &'a AuthContext) -> BoxFuture<'a, Result<AccessToken, AuthError>>;
    fn refresh<'a>(
        &'a self,
        cx: &'a AuthContext,
        current: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, AuthError>>;
    fn log_out<'a>(
        &'a self,
        cx: &'a AuthContext,
        current: Option<&'a AccessToken>,
    ) -> BoxFuture<'a, Result<(), AuthError>>;
    fn expired(&self, token: &AccessToken, now: SystemTime) -> bool;
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

    fn log_out<'a>(
        &'a self,
        cx: &'a AuthContext,
        current: Option<&'a AccessToken>,
    ) -> BoxFuture<'a, Result<(), AuthError>> {
        Box::pin(Auth::log_out(self, cx, current))
    }

    fn expired(&self, token: &AccessToken, now: SystemTime) -> bool {
        Auth::expired(self, token, now)
    }
}
