//! Publishing platform events.

use http::StatusCode;
use rusqlite::types::Value;

use super::Context;
use super::request::Reply;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::record::{self, Incoming, Origin};
use crate::schema::Object;
use crate::store::ids;

/// Publishes an event. The answer of a success names it in its errors, as Salesforce's does.
pub(super) fn publish<'s>(
    context: &Context<'s>,
    object: &'s Object,
    incoming: &Incoming<'s>,
) -> Result<Reply, ApiError> {
    let (id, enqueued) = context.atomically(|| enqueue(context, object, incoming))?;
    Ok(Reply::with_status(
        StatusCode::CREATED,
        Json::object([
            ("id", Json::from(id.as_str())),
            ("success", true.into()),
            ("errors", std::iter::once(enqueued).collect()),
        ]),
    ))
}

/// Keeps an event, and returns its id and what the errors of its answer say.
pub(crate) fn enqueue<'s>(
    context: &Context<'s>,
    object: &'s Object,
    incoming: &Incoming<'s>,
) -> Result<(RecordId, Json), ApiError> {
    let uuid = uuid(ids::count(context.db, "EventUuid")?);
    let id = record::create(context, object, incoming, Origin::Client)?;
    let mut row = record::existing(context, object, id)?;
    row.set("EventUuid", Value::Text(uuid.clone()));
    row.replace(context.db)?;
    let enqueued = Json::object([
        ("statusCode", Json::from("OPERATION_ENQUEUED")),
        ("message", uuid.into()),
        ("fields", Json::Array(Vec::new())),
    ]);
    Ok((id, enqueued))
}

/// The same in every run, as ids are.
fn uuid(n: i64) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}
