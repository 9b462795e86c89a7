use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::{AuthError, AuthErrorKind};
use crate::client::{ApiVersion, OrgUrl, Salesforce, SalesforceBuilder};
use crate::error::Result;
use crate::events::{Event, Subscription};
use crate::op::Response;
use crate::pipeline::{Pipeline, SignIn};
use crate::transport::{Body, TransportError};

/// What a sign-in may use: the client's transport, retries and events, and
/// nothing that would need a token.
///
/// A flow is given one. For a sign-in that a user takes part in, and that comes
/// before there is a client, make one: with [`new`](Self::new), or with the
/// settings of a client by [`builder`](Self::builder):
///
/// ```
/// use ferroforce::auth::AuthContext;
///
/// # fn main() -> ferroforce::Result<()> {
/// let cx = AuthContext::builder()
///     .header("x-our-gateway", "key")
///     .auth_context()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AuthContext {
    pipeline: Arc<Pipeline>,
    org_url: Option<OrgUrl>,
    version: ApiVersion,
    /// Kept for as long as there is no client to keep them.
    _observers: Arc<[Subscription]>,
}

/// What of a sign-in request may be sent again when an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Repeat {
    /// It can be repeated at will, as an assertion signed anew can.
    Always,
    /// It holds a password: again only if it was not looked at.
    UnlessProcessed,
    /// It holds a code or a refresh token that works once: again only if it is
    /// certain that nothing was sent.
    NeverSent,
}

impl AuthContext {
    /// A context of its own, with the default settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the feature
    /// `reqwest` is off: then there is no transport unless one is
    /// [set](SalesforceBuilder::transport).
    pub fn new() -> Result<Self> {
        Self::builder().auth_context()
    }

    /// Begins a context of its own: the settings are those of a client, and
    /// [`auth_context`](SalesforceBuilder::auth_context) ends it.
    pub fn builder() -> SalesforceBuilder {
        Salesforce::builder(super::session::NoFlow)
    }

    pub(crate) fn of_client(
        pipeline: Arc<Pipeline>,
        org_url: Option<OrgUrl>,
        version: ApiVersion,
    ) -> Self {
        Self {
            pipeline,
            org_url,
            version,
            _observers: Arc::new([]),
        }
    }

    pub(crate) fn with_observers(self, observers: Vec<Subscription>) -> Self {
        Self {
            _observers: observers.into(),
            ..self
        }
    }

    /// The URL that the client was built with, if any.
    pub fn org_url(&self) -> Option<&OrgUrl> {
        self.org_url.as_ref()
    }

    /// The API version of the client.
    pub fn api_version(&self) -> ApiVersion {
        self.version
    }

    /// The time, as the client sees it.
    pub fn now(&self) -> SystemTime {
        self.pipeline.clock.wall()
    }

    /// Sends a request to Salesforce without a token, with the client's retry
    /// policy and events. `build` makes each attempt anew. `path_template` names
    /// the request in events and errors.
    ///
    /// Answers of Salesforce's own (a success, an OAuth error, a SOAP fault) are
    /// returned whatever their status, and are never asked for twice.
    ///
    /// # Errors
    /// [`AuthErrorKind::Unavailable`] and [`AuthErrorKind::Unclear`] for what the
    /// network did; [`AuthErrorKind::Misconfigured`] for an address that
    /// credentials must not be sent to.
    pub async fn send(
        &self,
        path_template: &'static str,
        repeat: Repeat,
        build: impl FnMut() -> Result<http::Request<Bytes>, AuthError> + Send,
    ) -> Result<Response, AuthError> {
        let sign_in = SignIn {
            path_template,
            repeat,
            verdict: super::oauth::is_verdict,
        };
        self.pipeline.sign_in(sign_in, build).await
    }

    /// Plain HTTP to other services: the client's transport, nothing added.
    pub fn http(&self) -> Http<'_> {
        Http(&self.pipeline)
    }

    pub(super) fn emit(&self, event: impl FnOnce() -> Event) {
        self.pipeline.hub.emit(event);
    }

    pub(super) fn clock(&self) -> crate::clock::Clock {
        self.pipeline.clock
    }
}

/// The client's transport, bare. See [`AuthContext::http`].
#[derive(Debug)]
pub struct Http<'a>(&'a Pipeline);

impl Http<'_> {
    /// Sends `request` once and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`AuthErrorKind::Unavailable`] if no connection could be made,
    /// [`AuthErrorKind::Unclear`] if it broke or took longer than the client's
    /// timeout.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, AuthError> {
        let exchange = async {
            let answer = self.0.transport.call(request.map(Body::from)).await?;
            let (parts, body) = answer.into_parts();
            let body = body.collect(self.0.max_response_bytes).await?;
            Ok(http::Response::from_parts(parts, body))
        };
        match tokio::time::timeout(self.0.attempt_timeout, exchange).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(network(error)),
            Err(_) => Err(AuthError::new(
                AuthErrorKind::Unclear,
                format!("no answer within {:?}", self.0.attempt_timeout),
            )),
        }
    }
}

fn network(error: TransportError) -> AuthError {
    let kind = if error.never_sent() {
        AuthErrorKind::Unavailable
    } else {
        AuthErrorKind::Unclear
    };
    AuthError::new(kind, error.to_string()).with_source(error)
}
