use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Salesforce, salesforce_headers};
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, Response, decode_json, decode_raw, path};
use crate::pipeline::{CallSettings, Outgoing, OutgoingBody};
use crate::retry::RetryPolicy;
use crate::transport::Body;

/// A request of any endpoint; made by [`Salesforce::request`].
///
/// It takes the same road as every other: session, concurrency limit, retries,
/// events, errors. Whether it may be repeated follows from its method, but for
/// Apex, which may do anything by any method and is never repeated; say otherwise
/// with [`idempotent`](Self::idempotent) where you know better, or with
/// [`once`](Self::once) where a GET has effects.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    client: Salesforce,
    method: Method,
    path: String,
    label: Option<Cow<'static, str>>,
    query: Vec<(String, String)>,
    body: Option<Body>,
    repeatability: Repeatability,
    settings: CallSettings,
    refused: Option<Error>,
}

impl Request {
    pub(super) fn new(client: Salesforce, method: Method, path: String) -> Self {
        let refused = check_path(&path).err();
        Self {
            client,
            repeatability: repeatability(&method, &path),
            method,
            path,
            label: None,
            query: Vec::new(),
            body: None,
            settings: CallSettings::default(),
            refused,
        }
    }

    /// Adds a query parameter, which is encoded for you.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    salesforce_headers!();

    /// A body, written as JSON.
    pub fn json_body(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.body = Some(Body::from(bytes));
                self.content_type(HeaderValue::from_static("application/json"));
            }
            Err(error) => self.refuse(
                Error::invalid_input("the body cannot be written as JSON").with_source(error),
            ),
        }
        self
    }

    /// A body as it is. Give its `Content-Type` as a header. A stream is sent
    /// once and never repeated, not even after a session expired.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The request may be sent again when it is not known whether the first one
    /// was carried out.
    pub fn idempotent(mut self) -> Self {
        self.repeatability = Repeatability::Idempotent;
        self
    }

    /// The request is never sent again when it may have been carried out,
    /// whatever its method.
    pub fn once(mut self) -> Self {
        self.repeatability = Repeatability::Once;
        self
    }

    /// How events, spans and errors name the request. Without it they say
    /// `{path}`, since the path may hold ids and values.
    pub fn path_template(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(template.into());
        self
    }

    /// How long one attempt may take, instead of the client's setting.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// When to repeat this request, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(policy);
        self
    }

    /// The request may take twenty seconds or more, and so is one of those of which an
    /// org has only so many at once: a [`Governor`](crate::governor::Governor) counts it.
    pub fn long(mut self) -> Self {
        self.settings.long = true;
        self
    }

    /// The request hands data to the Bulk API that costs this many batches of
    /// the org's daily allocation; its success is reported as
    /// [`Event::BulkBatches`](crate::events::Event::BulkBatches).
    pub fn bulk_batches(mut self, count: u64) -> Self {
        self.settings.bulk_batches = Some(count);
        self
    }

    /// Sends it and gives back the answer as it came.
    ///
    /// # Errors
    /// Input that was refused, a failed sign-in, what the network did, and every
    /// answer that is no 2xx.
    pub async fn send(self) -> Result<Response> {
        self.finish(decode_raw).await
    }

    /// Sends it and reads the answer as JSON.
    ///
    /// # Errors
    /// As [`send`](Self::send), and
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer does not
    /// fit `T`.
    pub async fn json<T: DeserializeOwned>(mut self) -> Result<T> {
        if !self.settings.headers.contains_key(ACCEPT) {
            let json = HeaderValue::from_static("application/json");
            self.settings.headers.insert(ACCEPT, json);
        }
        self.finish(decode_json::<T>).await
    }

    async fn finish<R>(self, decode: fn(&Response) -> Result<R>) -> Result<R> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let path = Path::verbatim(self.path, self.label);
        let mut op = Op::new(self.method, path, decode).repeatability(self.repeatability);
        op.query = self.query;
        let mut outgoing = Outgoing::from_op(op, self.client.api_version(), self.settings)?;
        outgoing.body = self
            .body
            .map_or(OutgoingBody::Bytes(Bytes::new()), OutgoingBody::from);
        self.client.send(&outgoing, decode).await
    }

    fn content_type(&mut self, value: HeaderValue) {
        self.settings.headers.insert(CONTENT_TYPE, value);
    }

    fn put(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => self.refuse(error),
        }
    }

    pub(crate) fn refuse(&mut self, error: Error) {
        self.refused.get_or_insert(error);
    }
}

/// A path stays on the org's host: what could name another one is refused.
fn check_path(path: &str) -> Result<()> {
    let why = if path.is_empty() {
        "is empty"
    } else if path.contains("://") || path.starts_with("//") || path.contains('\\') {
        "names a host; give the part behind it"
    } else if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
        "holds blanks or control characters; encode them"
    } else if path::climbs(path) {
        "holds . or .. as a segment, which would lead elsewhere"
    } else {
        return Ok(());
    };
    Err(Error::invalid_input(format!("the path {why}")))
}

/// Apex may do anything by any method, and running Apex is a GET.
fn repeatability(method: &Method, path: &str) -> Repeatability {
    let path = path.to_ascii_lowercase();
    if path.contains("/apexrest/") || path.contains("executeanonymous") {
        Repeatability::Once
    } else {
        Repeatability::of_method(method)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path_template", &self.label)
            .field("repeatability", &self.repeatability)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
