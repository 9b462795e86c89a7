//! Page layouts, compact layouts and approval layouts.

use bytes::Bytes;

use super::describes::{conditionally, place};
use super::request::{ApiRequest, Reply};
use super::{Context, rows};
use crate::describe;
use crate::error::{ApiError, excerpt};
use crate::id::RecordId;
use crate::json::Json;
use crate::schema::Object;

/// What ids of layouts begin with.
const KEY_PREFIX: [u8; 3] = *b"00h";

/// How many objects may be asked for at once.
const MOST_OBJECTS: usize = 100;

/// `/sobjects/X/describe/layouts` and its neighbours.
pub(super) fn serve(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &str,
    below: &[String],
) -> Result<Reply, ApiError> {
    if object == "Global" {
        return Err(ApiError::unsupported("layouts of the global publisher"));
    }
    let object = rows::object(context, object)?;
    if context.version.is_tooling() || !object.layoutable {
        return Err(ApiError::not_found());
    }
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let known = |id: &str| {
        let id: Result<RecordId, _> = id.parse();
        let mut types = object.record_types.iter();
        id.is_ok_and(|id| types.any(|known| known.id.parse() == Ok(id)))
    };
    let written = |body: serde_json::Result<Bytes>| conditionally(context, request, body);
    match below.as_slice() {
        ["layouts"] => written(describe::layouts(
            object,
            context.schema,
            id(context, object),
            place(context, request).borrowed(),
        )),
        ["layouts", record_type] if known(record_type) => written(describe::layout(
            object,
            context.schema,
            id(context, object),
        )),
        ["compactLayouts"] => written(describe::compact_layouts(
            object,
            place(context, request).borrowed(),
        )),
        ["compactLayouts", "primary"] => written(describe::compact_layout(object)),
        ["compactLayouts", record_type] if known(record_type) => {
            written(describe::compact_layout(object))
        }
        // There are no approval processes, and no layouts beside those of the pages.
        ["approvalLayouts"] if describe::has_lists(object) => Ok(Reply::ok(Json::object([(
            "approvalLayouts",
            Json::Array(Vec::new()),
        )]))),
        _ => Err(ApiError::not_found()),
    }
}

/// `/compactLayouts?q=Account,Contact`.
pub(super) fn compact(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let names = request.parameter("q").unwrap_or_default().split(',');
    let names: Vec<&str> = names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() || names.len() > MOST_OBJECTS {
        return Err(ApiError::bad_request(
            "INVALID_QUERY_PARAMETER",
            format!("q must list 1 to {MOST_OBJECTS} objects"),
        ));
    }
    let objects: Result<Vec<&Object>, ApiError> = names
        .iter()
        .map(|name| match context.schema.object(name) {
            Some(object) if object.layoutable => Ok(&**object),
            _ => Err(ApiError::bad_request(
                "INVALID_TYPE",
                format!("sObject type '{}' is not supported.", excerpt(name)),
            )),
        })
        .collect();
    let body = describe::primary_compact_layouts(&objects?);
    conditionally(context, request, body)
}

/// The id of an object's layout: the same for all users, and in every org with the same objects.
fn id(context: &Context<'_>, object: &Object) -> RecordId {
    let mut objects = context.whole_schema().objects();
    let place = objects.position(|known| known.name == object.name);
    let number = place.and_then(|place| u64::try_from(place).ok());
    RecordId::nth(KEY_PREFIX, number.unwrap_or_default() + 1)
}
