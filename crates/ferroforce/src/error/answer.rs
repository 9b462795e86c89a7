use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};

use super::{ApiError, Error, ErrorKind, parse_error_body};
use crate::op::Response;

impl Error {
    /// The error that an answer is, which an operation has read itself.
    pub(crate) fn from_answer(response: &Response) -> Self {
        let errors = parse_error_body(response.body());
        Self::from_refusal(
            response.status(),
            response.headers(),
            errors,
            response.body(),
        )
    }

    /// The error that an answer is.
    pub(crate) fn from_refusal(
        status: StatusCode,
        headers: &HeaderMap,
        errors: Vec<ApiError>,
        body: &[u8],
    ) -> Self {
        if status == StatusCode::MULTIPLE_CHOICES {
            let matches = serde_json::from_slice(body).unwrap_or_default();
            return Self::from_matches(status, matches);
        }
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return redirect(status, headers);
        }
        let message = if errors.is_empty() {
            explain(status, headers, body)
        } else {
            String::new()
        };
        Self::from_api(status, errors, message)
    }
}

fn redirect(status: StatusCode, headers: &HeaderMap) -> Error {
    // Only the origin is told: the rest of the address may hold anything.
    let target = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| url::Url::parse(value).ok())
        .map(|url| url.origin().ascii_serialization());
    let message = match target {
        Some(origin) => format!(
            "the answer points to {origin}; if the org has moved there, give that as its URL"
        ),
        None => "the answer points elsewhere without naming a host".to_owned(),
    };
    Error::new(ErrorKind::Redirect, message).with_status(status)
}

/// For answers that are none of Salesforce's JSON: what they are, and how they begin.
fn explain(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> String {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN * 2)]);
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = &text[..text.floor_char_boundary(SHOWN)];
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| {
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .unwrap_or_default();
    let reason = status.canonical_reason().unwrap_or("unknown status");
    match (text.is_empty(), content_type.as_str()) {
        (true, "") => format!("{reason}, with no body"),
        (true, kind) => format!("{reason}, {kind}, with no body to show"),
        (false, "") => format!("{reason}: {text}"),
        (false, kind) => format!("{reason}, {kind}: {text}"),
    }
}
