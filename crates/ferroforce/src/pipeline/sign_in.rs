use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tracing::Instrument;

use super::Pipeline;
use super::outgoing::Facts;
use super::run::{Accepts, Run, Step};
use crate::auth::{AuthError, AuthErrorKind, Repeat};
use crate::error::{Error, ErrorKind, Result};
use crate::events::{Hub, RequestInfo};
use crate::op::{Repeatability, Response};
use crate::transport::Body;

/// A sign-in has a deadline of its own, within which a second attempt should fit.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(25);

/// What the pipeline must know of a sign-in request besides how to build it.
#[derive(Clone, Copy)]
pub(crate) struct SignIn {
    pub(crate) path_template: &'static str,
    pub(crate) repeat: Repeat,
    /// Whether a body that is no success is the service's verdict on the
    /// sign-in, which is never asked for twice.
    pub(crate) verdict: fn(&[u8]) -> bool,
}

impl Pipeline {
    /// Sends a request of a sign-in: no token, no permit, and each attempt built
    /// anew, since an assertion or a code cannot be sent twice.
    pub(crate) async fn sign_in(
        &self,
        sign_in: SignIn,
        mut build: impl FnMut() -> Result<http::Request<Bytes>, AuthError> + Send,
    ) -> Result<Response, AuthError> {
        let mut build = || {
            let request = build()?;
            require_safe_transport(request.uri())?;
            Ok::<_, AuthError>(request)
        };
        let mut request = build()?;
        let mut run = Run::start(self, self.facts(&sign_in, request.method().clone()));
        let span = run.span();
        async {
            let ended = loop {
                let accepts = Accepts {
                    statuses: &[],
                    verdict: sign_in.verdict,
                };
                for (name, value) in &self.headers {
                    if !request.headers().contains_key(name) {
                        request.headers_mut().insert(name, value.clone());
                    }
                }
                let sent = self.transport.call(request.map(Body::from));
                let exchange = run.exchange(sent, accepts).await;
                match run.settle(exchange, |_| Vec::new()).await {
                    Step::Done(response) => break Ok(response),
                    Step::Failed(error) => break Err(error),
                    Step::Again => {}
                }
                request = match build() {
                    Ok(request) => request,
                    Err(error) => break Err(Error::from(error)),
                };
            };
            run.end(ended, |response| Ok(response.clone()))
                .map_err(|error| refusal(error, sign_in.repeat))
        }
        .instrument(span)
        .await
    }

    fn facts(&self, sign_in: &SignIn, method: Method) -> Facts {
        let (repeatability, retry) = match sign_in.repeat {
            Repeat::Always => (Repeatability::Idempotent, self.retry.clone()),
            Repeat::UnlessProcessed => (Repeatability::Once, self.retry.for_passwords()),
            Repeat::NeverSent => (Repeatability::Once, self.retry.for_single_use()),
        };
        Facts {
            buffers: super::Buffers::default(),
            info: Arc::new(RequestInfo {
                id: Hub::next_request_id(),
                method,
                path_template: Cow::Borrowed(sign_in.path_template),
                sign_in: true,
            }),
            repeatability,
            replayable: true,
            keyed: false,
            api_calls: 0,
            has_parts: false,
            opens: false,
            pulse: None,
            timeout: Some(self.attempt_timeout.min(ATTEMPT_TIMEOUT)),
            retry: Some(retry),
        }
    }
}

/// Credentials travel encrypted, or not beyond this machine.
fn require_safe_transport(uri: &http::Uri) -> Result<(), AuthError> {
    let host = uri.host().unwrap_or_default();
    if uri.scheme_str() == Some("https") || crate::auth::is_loopback_host(host) {
        return Ok(());
    }
    Err(AuthError::new(
        AuthErrorKind::Misconfigured,
        format!("credentials are sent only over https, and {host} was to be reached over http"),
    ))
}

/// What it means that there was no verdict.
fn refusal(error: Error, repeat: Repeat) -> AuthError {
    if let Some(auth) = error.auth() {
        return auth.clone();
    }
    let kind = match error.kind() {
        ErrorKind::Connect => AuthErrorKind::Unavailable,
        // Where asking twice does no harm, it matters little if the first got through.
        ErrorKind::Timeout | ErrorKind::Interrupted if repeat == Repeat::Always => {
            AuthErrorKind::Unavailable
        }
        ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::TooLarge => AuthErrorKind::Unclear,
        // What is in between need not have been the end of it, and asking twice does harm.
        _ if repeat == Repeat::NeverSent
            && error
                .status()
                .is_some_and(|status| status.is_server_error()) =>
        {
            AuthErrorKind::Unclear
        }
        _ if error.is_retryable() => AuthErrorKind::Unavailable,
        // A page or a redirect: nobody there knows of sign-ins.
        _ => AuthErrorKind::Misconfigured,
    };
    AuthError::new(kind, error.to_string()).with_source(error)
}
