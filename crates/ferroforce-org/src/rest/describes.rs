//! Describes of objects, which a client may have already.

use bytes::Bytes;
use http::StatusCode;
use rusqlite::types::Value;

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::describe::{self, Place, Validators};
use crate::error::ApiError;
use crate::json::Json;
use crate::record::row::Row;
use crate::record::{read, recent};
use crate::schema::Object;

/// `GET /sobjects`.
pub(super) fn global(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    answer(context, request, |place| {
        describe::global(context.schema, place)
    })
}

/// How many records are told as recently used.
const MOST_RECENT: usize = 10;

/// `GET /sobjects/X`. It tells of records too, so that no client has it for good.
pub(super) fn basic(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
) -> Result<Reply, ApiError> {
    let recent = recent::list(context, object, MOST_RECENT)?;
    let recent = recent.iter().map(|row| recent_item(context, row)).collect();
    let place = Place {
        data_path: &context.version.path(),
        instance_url: &request.origin.to_string(),
    };
    let body = describe::basic(object, recent, place)
        .map_err(|_| ApiError::internal("a describe can't be written"))?;
    Ok(Reply::json_text(body))
}

/// A record as it stands in a list of recently used ones.
fn recent_item(context: &Context<'_>, row: &Row<'_>) -> Json {
    let id = row.text("Id").unwrap_or_default();
    let name = row.object.name_field().map(|field| row.get(&field.name));
    let name = match name {
        Some(Value::Text(name)) => name.into(),
        _ => Json::Null,
    };
    Json::object([
        (
            "attributes",
            read::attributes(row.object, id, context.version),
        ),
        ("Id", id.to_owned().into()),
        ("Name", name),
    ])
}

/// `GET /sobjects/X/describe`.
pub(super) fn full(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
) -> Result<Reply, ApiError> {
    answer(context, request, |place| describe::sobject(object, place))
}

/// The schema is as it is since the org started: 304 for a client that has seen it since,
/// 412 for one that wants it older.
fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    written: impl FnOnce(Place<'_>) -> serde_json::Result<Bytes>,
) -> Result<Reply, ApiError> {
    let place = Place {
        data_path: &context.version.path(),
        instance_url: &request.origin.to_string(),
    };
    let body = written(place).map_err(|_| ApiError::internal("a describe can't be written"))?;
    let validators = Validators::new(&body, context.org.auth.started_at());
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
