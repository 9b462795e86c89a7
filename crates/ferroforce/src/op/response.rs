use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{CallContext, Error, Result};

/// The whole answer to a request: status, headers and body.
///
/// `Debug` shows the body's size only.
#[derive(Clone)]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) repeated: bool,
    /// The call that this ended, where the answer's parts have errors of their own.
    pub(crate) context: Option<Arc<CallContext>>,
}

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// An earlier attempt of this call failed in a way that leaves open whether
    /// it was carried out, so this answer may be the second one.
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), with the path to the
    /// value that did not fit, or with what came instead of JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        // The plain reader is the fast one; the path is worth its cost only
        // where something is wrong.
        serde_json::from_slice(&self.body).map_err(|error| self.explain::<T>(error))
    }

    #[cold]
    pub(crate) fn explain<T: DeserializeOwned>(&self, error: serde_json::Error) -> Error {
        let content_type = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("no content type");
        let message = if self.body.is_empty() {
            "the answer has no body where JSON was expected".to_owned()
        } else if !content_type.contains("json") {
            format!(
                "the answer is {content_type} where JSON was expected; a page like this comes \
                 from a proxy, or from a host that is not the org's API host"
            )
        } else {
            let mut reader = serde_json::Deserializer::from_slice(&self.body);
            match serde_path_to_error::deserialize::<_, T>(&mut reader) {
                Err(traced) if error.is_data() => {
                    format!("at {}: {}", traced.path(), traced.inner())
                }
                _ => format!("the JSON is broken: {error}"),
            }
        };
        Error::decode(message)
            .with_status(self.status)
            .with_source(error)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
