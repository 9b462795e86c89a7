//! Bodies of requests: bounded, and unpacked if they are compressed.

use std::error::Error;
use std::io::Read;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError};

use super::patience::TooSlow;
use crate::error::ApiError;

/// The longest body, packed and unpacked, in bytes.
pub(crate) const MAX_BODY: usize = 50 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
}

/// Reads a body to its end.
pub(crate) async fn read(body: Body) -> Result<Bytes, ApiError> {
    read_up_to(body, MAX_BODY).await
}

/// Reads on in a body; nothing is its end.
pub(crate) async fn read_on(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    while let Some(frame) = body.frame().await {
        // Trailers tell nothing.
        if let Ok(data) = frame.map_err(|error| unreadable(&error))?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn read_up_to(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    to_bytes(body, limit)
        .await
        .map_err(|error| unreadable(&error))
}

fn unreadable(error: &axum::Error) -> ApiError {
    if is_caused_by::<LengthLimitError>(error) {
        too_long()
    } else if is_caused_by::<TooSlow>(error) {
        too_slow()
    } else {
        broke_off()
    }
}

/// Stands around every API route: unpacks compressed bodies.
pub(super) async fn decode(request: Request, next: Next) -> Response {
    match unpacked(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn unpacked(request: Request) -> Result<Request, ApiError> {
    let Some(coding) = coding(request.headers())? else {
        return Ok(request);
    };
    let (mut parts, body) = request.into_parts();
    let packed = read(body).await?;
    let bytes = match coding {
        Coding::Gzip => bounded(MultiGzDecoder::new(packed.as_ref()))?,
        Coding::Deflate => bounded(ZlibDecoder::new(packed.as_ref()))?,
    };
    parts.headers.remove(CONTENT_ENCODING);
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn coding(headers: &HeaderMap) -> Result<Option<Coding>, ApiError> {
    match headers
        .get(CONTENT_ENCODING)
        .map(|value| value.as_bytes().to_ascii_lowercase())
    {
        None => Ok(None),
        Some(value) => match value.as_slice() {
            b"" | b"identity" => Ok(None),
            b"gzip" | b"x-gzip" => Ok(Some(Coding::Gzip)),
            b"deflate" => Ok(Some(Coding::Deflate)),
            _ => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "Content-Encoding is not supported: only gzip and deflate are",
            )),
        },
    }
}

fn bounded(packed: impl Read) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BODY)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    packed.take(limit).read_to_end(&mut bytes).map_err(|_| {
        ApiError::bad_request(
            "INVALID_CONTENT",
            "The compressed body of the request is damaged",
        )
    })?;
    if bytes.len() > MAX_BODY {
        return Err(too_long());
    }
    Ok(bytes)
}

pub(crate) fn too_long() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "REQUEST_ENTITY_TOO_LARGE",
        "The body of the request is too long",
    )
}

fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_slow() -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        "REQUEST_TIMEOUT",
        "The body of the request took too long",
    )
}

fn broke_off() -> ApiError {
    ApiError::bad_request("INVALID_CONTENT", "The body of the request broke off")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_unpacked_as_far_as_the_bound() {
        assert_eq!(
            bounded(MultiGzDecoder::new(zipped(b"abc").as_slice())).unwrap(),
            b"abc"
        );
        let bomb = zipped(&vec![0; MAX_BODY + 1]);
        assert!(bomb.len() < MAX_BODY / 100);
        let error = bounded(MultiGzDecoder::new(bomb.as_slice())).unwrap_err();
        assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_too_long() {
        struct Broken;
        impl http_body::Body for Broken {
            type Data = Bytes;
            type Error = std::io::Error;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
                let error = std::io::ErrorKind::UnexpectedEof.into();
                std::task::Poll::Ready(Some(Err(error)))
            }
        }
        let error = read(Body::new(Broken)).await.unwrap_err();
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        let error = read(Body::from(vec![0; MAX_BODY + 1])).await.unwrap_err();
        assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn a_damaged_body_is_refused() {
        let mut damaged = zipped(b"abcdefgh");
        damaged.truncate(12);
        let error = bounded(MultiGzDecoder::new(damaged.as_slice())).unwrap_err();
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    }
}
