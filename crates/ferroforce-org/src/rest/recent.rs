//! `GET /recent`: the records that the user saved or read last, of all objects.

use rusqlite::types::Value;

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::json::Json;
use crate::record::row::Row;
use crate::record::{read, recent};

/// How many records are told at most, and by default.
const MOST: usize = 200;

pub(super) fn list(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let most = match request.parameter("limit") {
        Some(limit) => limit.parse().map_err(|_| {
            ApiError::bad_request(
                "INVALID_QUERY_PARAMETER",
                "The limit of recent records must be a number",
            )
        })?,
        None => MOST,
    };
    let rows = recent::list(context, None, most.min(MOST))?;
    let items = rows.iter().map(|row| item(context, row)).collect();
    Ok(Reply::ok(Json::Array(items)))
}

/// A record as it stands in a list of recently used ones.
pub(super) fn item(context: &Context<'_>, row: &Row<'_>) -> Json {
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
