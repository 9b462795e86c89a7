use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};

use super::Salesforce;
use crate::error::{Error, Result};
use crate::op::Op;
use crate::pipeline::{CallSettings, Outgoing};
use crate::retry::RetryPolicy;

/// A request that is ready to go: `.await` sends it.
///
/// It owns what it needs and borrows nothing, so it can be stored, moved to
/// another task, or sent later. Input that was refused shows up when it is
/// awaited, before anything is sent.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<R> {
    client: Salesforce,
    op: Result<Op<R>>,
    settings: CallSettings,
}

impl<R> Call<R> {
    pub(crate) fn new(client: Salesforce, op: Result<Op<R>>) -> Self {
        Self {
            client,
            op,
            settings: CallSettings::default(),
        }
    }

    /// How long one attempt may take, instead of the client's setting.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// When to repeat this call, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(policy);
        self
    }

    /// Adds a header, or replaces one. A name or value that no header can have
    /// becomes the call's error.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match header(name, value) {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => self.op = self.op.and(Err(error)),
        }
        self
    }

    /// The request as a value.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where the
    /// input was refused.
    pub fn into_op(self) -> Result<Op<R>> {
        self.op
    }
}

pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed = HeaderName::try_from(name).map_err(|error| {
        Error::invalid_input(format!("{name:?} is no header name")).with_source(error)
    })?;
    if [AUTHORIZATION, HOST].contains(&parsed) {
        return Err(Error::invalid_input(format!(
            "the header {parsed} comes from the session and cannot be given"
        )));
    }
    // The value may be a secret, so it is not shown.
    let mut value = HeaderValue::try_from(value).map_err(|error| {
        Error::invalid_input(format!(
            "the value of header {name} holds characters that no header can"
        ))
        .with_source(error)
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

impl<R: Send + 'static> IntoFuture for Call<R> {
    type Output = Result<R>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<R>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            client,
            op,
            settings,
        } = self;
        // Before the future, which would otherwise hold each of them twice.
        let ready = op.and_then(|op| {
            let decode = op.decode;
            Ok((
                Outgoing::from_op(op, client.api_version(), settings)?,
                decode,
            ))
        });
        Box::pin(async move {
            match &ready {
                Ok((outgoing, decode)) => client.send(outgoing, *decode).await,
                Err(error) => Err(error.clone()),
            }
        })
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("op", &self.op)
            .finish_non_exhaustive()
    }
}
