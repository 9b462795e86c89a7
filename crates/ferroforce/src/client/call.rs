use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};

use super::{Salesforce, salesforce_headers};
use crate::error::{Error, Result};
use crate::op::{Decode, Op};
use crate::pipeline::{Buffers, CallSettings, Outgoing};
use crate::retry::RetryPolicy;

/// A request that is ready to go: `.await` sends it.
///
/// It owns what it needs and borrows nothing, so it can be stored, moved to
/// another task, or sent later. Input that was refused shows up when it is
/// awaited, before anything is sent.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<R> {
    client: Salesforce,
    pub(super) op: Result<Op<R>>,
    settings: CallSettings,
}

impl<R> Call<R> {
    pub(crate) fn new(client: Salesforce, op: Result<Op<R>>) -> Self {
        Self::with_settings(client, op, CallSettings::default())
    }

    pub(crate) fn with_settings(
        client: Salesforce,
        op: Result<Op<R>>,
        settings: CallSettings,
    ) -> Self {
        Self {
            client,
            op,
            settings,
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

    /// The call may take twenty seconds or more, and so is one of those of which an org
    /// has only so many at once: a [`Governor`](crate::governor::Governor) counts it.
    pub fn long(mut self) -> Self {
        self.settings.long = true;
        self
    }

    salesforce_headers!();

    /// The request as a value, with the headers that were set. How long it may take
    /// and when it is repeated is up to whoever sends it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where the
    /// input was refused.
    pub fn into_op(self) -> Result<Op<R>> {
        let mut op = self.op?;
        for (name, value) in &self.settings.headers {
            op.headers.insert(name, value.clone());
        }
        Ok(op)
    }

    /// How many batches of the org's allocation its success costs.
    pub(crate) fn bulk_batches(mut self, count: u64) -> Self {
        self.settings.bulk_batches = Some(count);
        self
    }

    /// Memory for the answer.
    pub(crate) fn buffers(mut self, buffers: Buffers) -> Self {
        self.settings.buffers = buffers;
        self
    }

    pub(crate) fn put(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => {
                if self.op.is_ok() {
                    self.op = Err(error);
                }
            }
        }
    }

    pub(super) fn outgoing(self) -> Result<(Salesforce, Outgoing, Decode<R>)> {
        let op = self.op?;
        let decode = op.decode;
        let outgoing = Outgoing::from_op(op, self.client.api_version(), self.settings)?;
        Ok((self.client, outgoing, decode))
    }
}

pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed = HeaderName::try_from(name).map_err(|error| {
        Error::invalid_input(format!("{name:?} is no header name")).with_source(error)
    })?;
    if [AUTHORIZATION, HOST].contains(&parsed) || parsed == "x-sfdc-session" {
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
        // Before the future, which would otherwise hold each of them twice.
        let ready = self.outgoing();
        Box::pin(async move {
            match &ready {
                Ok((client, outgoing, decode)) => {
                    client
                        .send(outgoing, |response| decode.read(response))
                        .await
                }
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
