//! Which record is meant by one among many, and what is wrong if none is.

use rusqlite::types::Value;

use super::incoming::{Incoming, find_by_key};
use super::write::{Origin, create, update};
use crate::error::{ApiError, excerpt};
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::{Field, Object};

/// Updates the record with a key, or creates it. `given` is the key as it was sent, and as a
/// value; without one the record is new. Tells whether it was created.
pub(crate) fn upsert<'s>(
    context: &Context<'_>,
    object: &'s Object,
    key: &'s Field,
    given: Option<&(String, Value)>,
    mut incoming: Incoming<'s>,
) -> Result<(RecordId, bool), ApiError> {
    let found = match given {
        None => Vec::new(),
        Some((id, _)) if key.name == "Id" => vec![id_of(object, id)?],
        Some((_, value)) => find_by_key(context, object, key, value)?,
    };
    match found.as_slice() {
        [] => {
            if let Some((_, value)) = given {
                incoming.set(key, value.clone());
            }
            let id = create(context, object, &incoming, Origin::Client)?;
            Ok((id, true))
        }
        [id] => {
            update(context, object, *id, &incoming).map_err(without_path)?;
            Ok((*id, false))
        }
        several => Err(ambiguous(key, several)),
    }
}

/// An id of a record of this object.
pub(crate) fn id_of(object: &Object, id: &str) -> Result<RecordId, ApiError> {
    let parsed = id.parse::<RecordId>().ok();
    parsed
        .filter(|id| object.key_prefix.as_deref() == Some(id.key_prefix()))
        .ok_or_else(|| {
            let id = excerpt(id);
            let label = &object.label;
            let message = format!("{label} ID: id value of incorrect type: {id}");
            ApiError::bad_request("MALFORMED_ID", message).with_fields(["Id"])
        })
}

/// An error about a record that is not there, as it is told where the record has no path.
pub(crate) fn without_path(error: ApiError) -> ApiError {
    if error == ApiError::not_found() {
        return ApiError::bad_request("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            .with_fields::<String>([]);
    }
    error
}

/// A new record that comes with an id.
pub(crate) fn id_given() -> ApiError {
    ApiError::bad_request(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "cannot specify Id in an insert call",
    )
    .with_fields(["Id"])
}

/// A record without what tells which it is.
pub(crate) fn not_given(name: &str, call: &str) -> ApiError {
    ApiError::bad_request(
        "MISSING_ARGUMENT",
        format!("{name} not specified in {call}"),
    )
    .with_fields::<String>([])
}

/// Several records with the same key.
pub(crate) fn given_twice(key: &Field, value: &str) -> ApiError {
    let value = excerpt(value);
    let message = format!("Duplicate external id specified: {value}");
    ApiError::bad_request("DUPLICATE_VALUE", message).with_fields([&key.name])
}

/// A key that several records have.
fn ambiguous(key: &Field, found: &[RecordId]) -> ApiError {
    let ids: Vec<&str> = found.iter().map(RecordId::short).collect();
    let message = format!(
        "more than one record found for external id field: [{}]",
        ids.join(", ")
    );
    ApiError::bad_request("DUPLICATE_EXTERNAL_ID", message).with_fields([&key.name])
}
