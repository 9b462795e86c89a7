//! Describes of objects, which a client may have already.

use bytes::Bytes;
use http::StatusCode;

use super::Context;
use super::recent::item;
use super::request::{ApiRequest, Reply};
use crate::describe::{self, Place, Validators};
use crate::error::ApiError;
use crate::record::recent;
use crate::schema::Object;

/// How many records are told as recently used.
const MOST_RECENT: usize = 10;

/// Where the addresses of a describe begin.
pub(super) struct Addresses {
    data_path: String,
    instance_url: String,
}

impl Addresses {
    pub(super) fn borrowed(&self) -> Place<'_> {
        Place {
            data_path: &self.data_path,
            instance_url: &self.instance_url,
        }
    }
}

/// The addresses as the client knows them.
pub(super) fn place(context: &Context<'_>, request: &ApiRequest) -> Addresses {
    Addresses {
        data_path: context.version.path(),
        instance_url: request.origin.to_string(),
    }
}

/// `GET /sobjects`.
pub(super) fn global(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let place = place(context, request);
    let body = describe::global(context.schema, place.borrowed());
    conditionally(context, request, body)
}

/// `GET /sobjects/X`. It tells of records too, so that no client has it for good.
pub(super) fn basic(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
) -> Result<Reply, ApiError> {
    let recent = recent::list(context, Some(object), MOST_RECENT)?;
    let recent = recent.iter().map(|row| item(context, row)).collect();
    let place = place(context, request);
    let body = describe::basic(object, recent, place.borrowed());
    Ok(Reply::json_text(body.map_err(unwritable)?))
}

/// `GET /sobjects/X/describe`.
pub(super) fn full(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
) -> Result<Reply, ApiError> {
    let place = place(context, request);
    conditionally(
        context,
        request,
        describe::sobject(object, place.borrowed()),
    )
}

/// What users see is as it is since the org started, or since one of them got another profile:
/// 304 for a client that has seen it since, 412 for one that wants it older.
pub(super) fn conditionally(
    context: &Context<'_>,
    request: &ApiRequest,
    body: serde_json::Result<Bytes>,
) -> Result<Reply, ApiError> {
    let body = body.map_err(unwritable)?;
    let validators = Validators::new(&body, context.org.auth.profiles_since());
    if validators.are_too_new_for(&request.headers) {
        return Err(ApiError::new(
            StatusCode::PRECONDITION_FAILED,
            "PRECONDITION_FAILED",
            "The describe has been changed since",
        ));
    }
    let mut reply = if validators.are_known_to(&request.headers) {
        Reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        Reply::json_text(body)
    };
    reply.headers.extend(validators.headers());
    Ok(reply)
}

fn unwritable(_: serde_json::Error) -> ApiError {
    ApiError::internal("a describe can't be written")
}
