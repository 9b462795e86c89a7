//! `POST /composite/batch`: up to 25 requests that know nothing of each other. Each counts as a
//! call of the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};

use super::input::{Input, missing};
use super::outcome::Outcome;
use super::subrequest::{self, Target, below_data};
use crate::error::{ApiError, excerpt};
use crate::http::{MAX_BODY, too_long};
use crate::json::Json;
use crate::record::document::{Document, Token};
use crate::rest::{ApiRequest, Context, Endpoint, Reply, UploadParts, limits};
use crate::store::blobs::Blob;

const MOST_SUBREQUESTS: usize = 25;

/// The oldest version of the API that subrequests may speak.
const OLDEST_VERSION: u16 = 34;

/// A request of the batch.
struct Part {
    method: Method,
    target: Target,
    body: Option<String>,
}

pub(super) fn answer(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let body = UploadParts::of(request)?;
    let mut input = Input::new(Document::parse(body.json)?);
    let halt_on_error = input.flag("haltOnError")?;
    let parts = input.list("batchRequests")?;
    input.end()?;
    if parts.len() > MOST_SUBREQUESTS {
        return Err(super::too_much(
            "The batch can\u{2019}t contain more than 25 requests.",
        ));
    }
    let parts = parts
        .into_iter()
        .map(|part| read(context, body, part))
        .collect::<Result<Vec<_>, _>>()?;
    let mut calls = 0;
    let mut has_errors = false;
    let mut outcomes = Vec::with_capacity(parts.len());
    for part in parts {
        if has_errors && halt_on_error {
            outcomes.push(halted());
            continue;
        }
        calls += 1;
        // The first is the call that brought the batch.
        let admitted = match calls {
            1 => Ok(()),
            _ => count(context),
        };
        let outcome = match admitted {
            Ok(()) => run(context, request, part),
            Err(error) => Outcome::failure(&error),
        };
        has_errors |= outcome.failed;
        outcomes.push(outcome);
    }
    let mut reply = Reply::json_text(written(has_errors, &outcomes));
    reply.calls = calls.max(1);
    Ok(reply)
}

/// Counts a request of the batch, and refuses it if it is one too many.
fn count(context: &Context<'_>) -> Result<(), ApiError> {
    let usage = &context.org.usage;
    if let Some(app) = &context.user.app {
        usage.count_of_app(app);
    }
    limits::admit(context.org, usage.count())
}

/// Reads a request of the batch. A mistake in any is one of the whole batch.
fn read(context: &Context<'_>, body: UploadParts<'_>, token: Token<'_>) -> Result<Part, ApiError> {
    let mut input = Input::new(token.document()?);
    let method = subrequest::method(&mut input)?;
    let url = input.text("url")?.ok_or_else(|| missing("url"))?;
    let token = input.take("richInput").filter(|t| t.text() != "null");
    let part_name = input.text("binaryPartName")?;
    let field = input.text("binaryPartNameAlias")?;
    input.end()?;
    let body = match (part_name, field) {
        (None, None) => token.map(|token| token.text().to_owned()),
        (Some(name), Some(field)) => Some(with_blob(token, &field, body.blob(&name)?)?),
        (Some(_), None) => return Err(missing("binaryPartNameAlias")),
        (None, Some(_)) => return Err(missing("binaryPartName")),
    };
    let below = below_data(&url).unwrap_or_else(|| url.trim_start_matches('/'));
    let target = Target::below(below, context).map_err(|_| invalid_url(&url))?;
    if target.version > context.version || target.version.number() < OLDEST_VERSION {
        return Err(invalid_url(&url));
    }
    Ok(Part {
        method,
        target,
        body,
    })
}

/// A record with a blob in one of its fields, which has to be small enough for that.
fn with_blob(record: Option<Token<'_>>, field: &str, blob: &Blob) -> Result<String, ApiError> {
    let blob = blob
        .read(MAX_BODY)
        .map_err(|_| ApiError::internal("a blob can't be read"))?
        .ok_or_else(too_long)?;
    let mut members = record
        .map(|record| record.document())
        .transpose()?
        .map_or_else(Vec::new, |record| record.members);
    members.retain(|(name, _)| name != field);
    let mut text = String::from("{");
    for (name, token) in members {
        text += &format!("{}:{},", Json::from(name), token.text());
    }
    text += &format!("{}:\"{}\"}}", Json::from(field), STANDARD.encode(blob));
    Ok(text)
}

/// The version in the URL of a subrequest is from 34.0 to that of the batch.
fn invalid_url(url: &str) -> ApiError {
    let url = excerpt(url);
    ApiError::bad_request("INVALID_INPUT", format!("Invalid url in the batch: {url}"))
}

fn run(context: &Context<'_>, request: &ApiRequest, part: Part) -> Outcome {
    let body = part.body.map(Bytes::from);
    // Subrequests have no headers of their own: they have those of the batch.
    let mut headers = request.headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let request = part
        .target
        .request(request, part.method, headers, body.unwrap_or_default());
    subrequest::run(context, &request, is_allowed)
}

/// Where subrequests may go: about everywhere but to other requests of many parts.
fn is_allowed(endpoint: Endpoint<'_>, _: &ApiRequest) -> bool {
    !matches!(endpoint, Endpoint::Composite(_) | Endpoint::Resources)
}

/// The outcome of what comes after a failure, if the client wants it so.
fn halted() -> Outcome {
    Outcome::failure(&ApiError::new(
        StatusCode::PRECONDITION_FAILED,
        "BATCH_PROCESSING_HALTED",
        "Batch processing halted per request, since an earlier request of the batch failed.",
    ))
}

/// `{"hasErrors":…,"results":[{"statusCode":…,"result":…}]}`
fn written(has_errors: bool, outcomes: &[Outcome]) -> Vec<u8> {
    let mut text = format!("{{\"hasErrors\":{has_errors},\"results\":[").into_bytes();
    for (at, outcome) in outcomes.iter().enumerate() {
        let separator = if at > 0 { "," } else { "" };
        let status = outcome.status.as_u16();
        text.extend_from_slice(
            format!("{separator}{{\"statusCode\":{status},\"result\":").as_bytes(),
        );
        text.extend_from_slice(outcome.body_or_null());
        text.push(b'}');
    }
    text.extend_from_slice(b"]}");
    text
}
