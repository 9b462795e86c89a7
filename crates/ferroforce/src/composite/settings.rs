use std::time::Duration;

use crate::client::Salesforce;
use crate::error::Result;
use crate::op::Op;
use crate::retry::RetryPolicy;

/// What can be set on a request that holds others.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) long: bool,
    pub(super) headers: Vec<(String, String)>,
}

impl Settings {
    /// Sends `op` with these settings.
    pub(super) async fn send<R: Send + 'static>(
        &self,
        client: &Salesforce,
        op: Result<Op<R>>,
    ) -> Result<R> {
        let mut call = client.call(op);
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        if let Some(policy) = &self.retry {
            call = call.retry(policy.clone());
        }
        if self.long {
            call = call.long();
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        call.await
    }
}

/// The methods that set them.
macro_rules! settings {
    () => {
        /// How long one attempt may take, instead of the client's setting.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings.timeout = Some(timeout);
            self
        }

        /// When to repeat it, instead of the client's policy.
        pub fn retry(mut self, policy: crate::retry::RetryPolicy) -> Self {
            self.settings.retry = Some(policy);
            self
        }

        /// It may take twenty seconds or more, and so is one of those requests of which
        /// an org has only so many at once: a
        /// [`Governor`](crate::governor::Governor) counts it.
        pub fn long(mut self) -> Self {
            self.settings.long = true;
            self
        }

        /// Adds a header to the request as a whole, or replaces one.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            let header = (name.to_owned(), value.to_owned());
            self.settings.headers.push(header);
            self
        }
    };
}

pub(super) use settings;
