//! Requests as values.
//!
//! Every endpoint is an [`Op`]: what to send, whether it may be sent twice, and
//! how to read the answer. It is made without a client and without a network.

mod decode;
pub(crate) mod path;
mod response;

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use response::Response;

pub(crate) use decode::Decode;
pub(crate) use path::Path;

use crate::error::{ApiError, Error, Result};
use crate::limits::ApiUsage;

/// Names a request, so that sent again it is carried out once.
pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether a request may be sent again when it is not known if the first one
/// was carried out.
///
/// This is a property of the operation, not of its HTTP method: upserts by
/// external id are PATCH requests that may be repeated, and anonymous Apex runs
/// by GET and may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Repeatability {
    /// Once or twice, the outcome is the same.
    Idempotent,
    /// Sent twice it may do its work twice. It is repeated only where it is
    /// certain that the first one did nothing.
    Once,
}

impl Repeatability {
    /// What HTTP says of a method; the default of
    /// [`Salesforce::request`](crate::Salesforce::request).
    pub fn of_method(method: &Method) -> Self {
        if method.is_idempotent() {
            Self::Idempotent
        } else {
            Self::Once
        }
    }
}

/// One request and how to read its answer as an `R`.
///
/// Made by the methods of [`Salesforce`](crate::Salesforce) and its handles; a
/// [`Call`](crate::Call) is an `Op` with a client to send it.
pub struct Op<R> {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) repeatability: Repeatability,
    /// Statuses beyond the 2xx that `decode` knows how to read.
    pub(crate) accepts: &'static [StatusCode],
    /// Finds, in an answer that is a success, errors after which nothing stayed
    /// written: retry rules see them as they see those of a refusal.
    pub(crate) undone: fn(&Response) -> Vec<ApiError>,
    /// How many calls of the org's quota it costs.
    pub(crate) api_calls: u32,
    /// Finds what an answer states of the org's quota.
    pub(crate) usage: fn(&Response) -> Option<ApiUsage>,
    /// Whether its answer has parts with errors of their own, which are to tell
    /// of the call.
    pub(crate) has_parts: bool,
    pub(crate) decode: Decode<R>,
}

impl<R> Op<R> {
    pub(crate) fn new(method: Method, path: Path, decode: fn(&Response) -> Result<R>) -> Self {
        Self::with_decode(method, path, Decode::Whole(decode))
    }

    pub(crate) fn with_decode(method: Method, path: Path, decode: Decode<R>) -> Self {
        let repeatability = Repeatability::of_method(&method);
        Self {
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            repeatability,
            accepts: &[],
            undone: |_| Vec::new(),
            api_calls: 1,
            usage: |response| ApiUsage::from_headers(response.headers()),
            has_parts: matches!(decode, Decode::Rows(..)),
            decode,
        }
    }

    /// The same request, its answer read as something else.
    pub(crate) fn read_as<S>(self, decode: fn(&Response) -> Result<S>) -> Op<S> {
        Op {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: self.headers,
            body: self.body,
            repeatability: self.repeatability,
            accepts: self.accepts,
            undone: self.undone,
            api_calls: self.api_calls,
            usage: self.usage,
            has_parts: self.has_parts,
            decode: Decode::Whole(decode),
        }
    }

    pub(crate) fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn repeatability(mut self, repeatability: Repeatability) -> Self {
        self.repeatability = repeatability;
        self
    }

    pub(crate) fn accepts(mut self, statuses: &'static [StatusCode]) -> Self {
        self.accepts = statuses;
        self
    }

    pub(crate) fn undone(mut self, errors: fn(&Response) -> Vec<ApiError>) -> Self {
        self.undone = errors;
        self
    }

    pub(crate) fn api_calls(mut self, calls: u32) -> Self {
        self.api_calls = calls;
        self
    }

    pub(crate) fn usage(mut self, stated: fn(&Response) -> Option<ApiUsage>) -> Self {
        self.usage = stated;
        self
    }

    pub(crate) fn with_parts(mut self) -> Self {
        self.has_parts = true;
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn json(self, body: &(impl Serialize + ?Sized)) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Error::invalid_input("the body cannot be written as JSON").with_source(error)
        })?;
        Ok(self.json_bytes(body.into()))
    }

    pub(crate) fn json_bytes(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path below the version (`/sobjects/Contact`) or, where it begins
    /// with `/services/` or `/id/`, below the org's host. Encoded, without the
    /// query.
    pub fn path(&self) -> &str {
        self.path.as_str()
    }

    /// The path with placeholders instead of values, as events and errors show
    /// it.
    pub fn path_template(&self) -> &str {
        self.path.template()
    }

    /// The query parameters, not yet encoded.
    pub fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// The headers of this operation alone.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Whether it may be sent twice.
    pub fn is_repeatable(&self) -> bool {
        self.repeatability == Repeatability::Idempotent
    }
}

// Not derived, since that would ask it of `R`.
impl<R> Clone for Op<R> {
    fn clone(&self) -> Self {
        Self {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            decode: self.decode,
            ..*self
        }
    }
}

pub(crate) fn decode_json<R: DeserializeOwned>(response: &Response) -> Result<R> {
    response.json()
}

pub(crate) fn decode_nothing(_: &Response) -> Result<()> {
    Ok(())
}

pub(crate) fn decode_raw(response: &Response) -> Result<Response> {
    Ok(response.clone())
}

impl<R> fmt::Debug for Op<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values, headers and bodies are data of the org.
        f.debug_struct("Op")
            .field("method", &self.method)
            .field("path", &self.path.template())
            .field("repeatability", &self.repeatability)
            .field("body_bytes", &self.body.as_ref().map_or(0, Bytes::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
