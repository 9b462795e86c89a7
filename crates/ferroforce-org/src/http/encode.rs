//! What happens to every answer of the API: standard headers, pretty JSON, compression.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName,
    HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http_body::Body as _;

use super::packing::Packing;
use super::pretty::pretty;
use crate::error::ApiError;

/// Bodies shorter than this are not worth compressing.
const WORTH_COMPRESSING: usize = 512;

/// Bodies longer than this, in bytes, are not made as a whole.
const LONG: u64 = 8 * 1024 * 1024;

/// Numbers the answers, so that each has an id of its own, the same in every run.
#[derive(Debug, Default)]
pub(super) struct RequestIds(AtomicU64);

impl RequestIds {
    /// 32 hexadecimal digits.
    fn next(&self) -> String {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        // Two rounds of a mixing function, so that neighbours look nothing alike.
        let high = mixed(n);
        format!("{high:016x}{:016x}", mixed(high))
    }
}

/// SplitMix64: a bijection that scatters its input.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Stands around every API route.
pub(super) async fn encode(
    State(ids): State<Arc<RequestIds>>,
    request: Request,
    next: Next,
) -> Response {
    let pretty_print = header_is(request.headers(), "x-prettyprint", "1");
    let gzip = accepts_gzip(request.headers());
    let mut response = next.run(request).await;
    let id = ids.next();
    add_standard_headers(response.headers_mut(), &id);
    let pretty_print = pretty_print && is_json(response.headers());
    if (!pretty_print && !gzip) || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    if !pretty_print && is_long(&body) {
        parts
            .headers
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        parts.headers.remove(CONTENT_LENGTH);
        return Response::from_parts(parts, Body::new(Packing::new(body)));
    }
    let Ok(mut bytes) = to_bytes(body, usize::MAX).await else {
        // A blob whose file is not as it was.
        let mut refusal = ApiError::internal("The answer can't be read").into_response();
        add_standard_headers(refusal.headers_mut(), &id);
        return refusal;
    };
    if pretty_print {
        bytes = pretty(&bytes).into();
    }
    if gzip
        && bytes.len() >= WORTH_COMPRESSING
        && let Ok(compressed) = compressed(&bytes)
    {
        parts
            .headers
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        bytes = compressed;
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

/// Whether a body is better compressed while it is sent.
fn is_long(body: &Body) -> bool {
    body.size_hint().exact().is_none_or(|length| length > LONG)
}

fn compressed(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.into())
}

fn add_standard_headers(headers: &mut HeaderMap, request_id: &str) {
    let standard = [
        (
            CACHE_CONTROL,
            "no-cache,must-revalidate,max-age=0,no-store,private",
        ),
        (VARY, "Accept-Encoding"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "none"),
        (HeaderName::from_static("x-request-id"), request_id),
        (HeaderName::from_static("x-sfdc-request-id"), request_id),
    ];
    for (name, value) in standard {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    }
}

fn header_is(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers
        .get(name)
        .is_some_and(|found| found.as_bytes() == value.as_bytes())
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let refused = parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
            (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_ask() {
        for (accept, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accept.parse().unwrap());
            assert_eq!(accepts_gzip(&headers), expected, "{accept}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn request_ids_differ_and_repeat_from_run_to_run() {
        let ids = RequestIds::default();
        let first = ids.next();
        assert_eq!(first.len(), 32);
        assert_ne!(first, ids.next());
        assert_eq!(first, RequestIds::default().next());
    }
}
