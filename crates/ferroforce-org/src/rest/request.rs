//! A request to the REST API, freed of HTTP, and the answer to it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::multipart::Upload;
use super::version::ApiVersion;
use crate::auth::Origin;
use crate::error::ApiError;
use crate::http::FileBody;
use crate::json::{JSON_CONTENT_TYPE, Json};

/// What a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    pub(crate) version: ApiVersion,
    /// Scheme and host, as the client sees the org.
    pub(crate) origin: Origin,
    /// The path behind the version, cut at its slashes and decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What came instead of a body that is one piece.
    pub(crate) upload: Option<Arc<Upload>>,
}

impl ApiRequest {
    /// The first parameter of the query string with this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the body is a record with a blob.
    pub(crate) fn is_multipart(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default();
        media_type
            .trim()
            .eq_ignore_ascii_case("multipart/form-data")
    }
}

/// Cuts a path at its slashes and decodes the pieces.
pub(crate) fn segments(path: &str) -> Result<Vec<String>, ApiError> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| ApiError::not_found())
        })
        .collect()
}

/// The parameters of a query string.
pub(crate) fn parameters(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReplyBody {
    Empty,
    Json(Json),
    /// JSON that is written already.
    JsonText(Bytes),
    /// A blob.
    Bytes(Vec<u8>),
    /// A blob in a file, and its length.
    File(PathBuf, u64),
}

/// In a response's extensions: as how many calls of the API it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiCalls(pub(crate) u32);

/// What a client is answered when nothing is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: ReplyBody,
    /// As how many calls of the API it counts.
    pub(crate) calls: u32,
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(body: Json) -> Self {
        Self::with_status(StatusCode::OK, body)
    }

    /// Any status with a body.
    pub(crate) fn with_status(status: StatusCode, body: Json) -> Self {
        Self::with_body(status, ReplyBody::Json(body))
    }

    /// 200 with JSON that is written already.
    pub(crate) fn json_text(text: impl Into<Bytes>) -> Self {
        Self::with_body(StatusCode::OK, ReplyBody::JsonText(text.into()))
    }

    /// 200 with a blob.
    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        Self::with_body(StatusCode::OK, ReplyBody::Bytes(bytes))
    }

    /// 200 with a blob that lies in a file.
    pub(crate) fn file(path: PathBuf, length: u64) -> Self {
        Self::with_body(StatusCode::OK, ReplyBody::File(path, length))
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// Any status without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::with_body(status, ReplyBody::Empty)
    }

    fn with_body(status: StatusCode, body: ReplyBody) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            calls: 1,
        }
    }

    /// The same reply with a `Location`.
    pub(crate) fn located(mut self, path: &str) -> Self {
        if let Ok(path) = HeaderValue::from_str(path) {
            self.headers.push((LOCATION, path));
        }
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            ReplyBody::Empty => ().into_response(),
            ReplyBody::Json(json) => json.into_response(),
            ReplyBody::JsonText(text) => {
                ([(CONTENT_TYPE, JSON_CONTENT_TYPE)], text).into_response()
            }
            ReplyBody::Bytes(bytes) => bytes.into_response(),
            ReplyBody::File(path, length) => match FileBody::open(&path, length) {
                Ok(body) => Body::new(body).into_response(),
                Err(error) => {
                    tracing::error!(%error, "a blob can't be read");
                    return ApiError::internal("a blob can't be read").into_response();
                }
            },
        };
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(ApiCalls(self.calls));
        response
    }
}
