//! What came of a subrequest, and how answers tell.

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use crate::error::ApiError;
use crate::json::Json;
use crate::rest::{Reply, ReplyBody};

/// The answer to a subrequest.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// JSON; none where the answer has no body.
    pub(super) body: Option<Bytes>,
    /// Whether it counts as a failure: a collection may have failed records and status 200.
    pub(super) failed: bool,
}

impl Outcome {
    pub(super) fn of(answer: Result<Reply, ApiError>) -> Self {
        match answer {
            Ok(reply) => Self::success(reply),
            Err(error) => Self::failure(&error),
        }
    }

    fn success(reply: Reply) -> Self {
        let body = match reply.body {
            ReplyBody::Empty => None,
            ReplyBody::Json(json) => Some(json.to_string().into()),
            ReplyBody::JsonText(text) => Some(text),
            ReplyBody::Bytes(_) | ReplyBody::File(..) => return Self::failure(&no_blobs()),
        };
        // With several candidates for one key nothing was done.
        let failed = reply.status == StatusCode::MULTIPLE_CHOICES;
        Self {
            status: reply.status,
            headers: reply.headers,
            body,
            failed,
        }
    }

    pub(super) fn failure(error: &ApiError) -> Self {
        Self {
            status: error.status(),
            headers: Vec::new(),
            body: Some(error.to_json().to_string().into()),
            failed: true,
        }
    }

    /// Of a subrequest that did nothing, or whose work was undone, since another one failed.
    pub(super) fn rolled_back() -> Self {
        Self::failure(&ApiError::bad_request(
            "PROCESSING_HALTED",
            "The transaction was rolled back since another operation in the same transaction \
             failed.",
        ))
    }

    /// Writes `{"body":…,"httpHeaders":…,"httpStatusCode":…,"referenceId":…}`.
    fn write(&self, reference_id: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"body\":");
        out.extend_from_slice(self.body_or_null());
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((printed_name(name), Json::from(value)))
        });
        let rest = format!(
            ",\"httpHeaders\":{},\"httpStatusCode\":{},\"referenceId\":{}}}",
            Json::object(headers),
            self.status.as_u16(),
            Json::from(reference_id)
        );
        out.extend_from_slice(rest.as_bytes());
    }

    /// The body, or what stands for none.
    pub(super) fn body_or_null(&self) -> &[u8] {
        self.body.as_deref().unwrap_or(b"null")
    }
}

/// Writes `{"compositeResponse":[…]}`.
pub(super) fn write_all<'o>(
    outcomes: impl IntoIterator<Item = (Option<&'o str>, &'o Outcome)>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"compositeResponse\":[");
    for (at, (reference_id, outcome)) in outcomes.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        outcome.write(reference_id, out);
    }
    out.extend_from_slice(b"]}");
}

/// Answers carry JSON only.
fn no_blobs() -> ApiError {
    ApiError::bad_request(
        "INVALID_OPERATION",
        "A blob can't be retrieved by a subrequest: its answer would be no JSON",
    )
}

/// A header's name as HTTP/1.1 answers of the platform print it: `Last-Modified`, `ETag`.
fn printed_name(name: &HeaderName) -> String {
    if name == http::header::ETAG {
        return "ETag".to_owned();
    }
    let words = name.as_str().split('-').map(|word| {
        let (first, rest) = word.split_at(usize::from(!word.is_empty()));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_printed_as_the_platform_prints_them() {
        for (name, printed) in [
            ("location", "Location"),
            ("etag", "ETag"),
            ("last-modified", "Last-Modified"),
        ] {
            assert_eq!(printed_name(&HeaderName::from_static(name)), printed);
        }
    }
}
