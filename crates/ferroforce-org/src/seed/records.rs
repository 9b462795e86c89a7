//! The records of a seed file. They look as in a tree of records: `attributes` name the type
//! and a `referenceId`, by which other records, earlier or later ones, refer to it: `"@acme"`.

use std::collections::HashMap;

use serde_json::Value as JsonValue;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::document::Document;
use crate::record::{self, Incoming, Origin};
use crate::rest::Context;
use crate::schema::{FieldType, Object};
use crate::store::ids;

/// Adds the records of a seed file in their order.
pub(super) fn plant(context: &Context<'_>, records: &[JsonValue]) -> Result<(), ApiError> {
    let mut references = HashMap::new();
    let mut planned = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let named = |error: ApiError| in_record(at, &error);
        let attribute = |name| record.get("attributes")?.get(name)?.as_str();
        let object: &Object = attribute("type")
            .and_then(|name| context.org.schema.object(name))
            .ok_or_else(|| wrong("attributes.type names no object of the org"))
            .map_err(named)?;
        let id = match record.get("Id").and_then(JsonValue::as_str) {
            Some(id) => id
                .parse()
                .map_err(|_| named(wrong("the Id is malformed")))?,
            None => ids::next(context.db, object)?,
        };
        if let Some(reference) = attribute("referenceId") {
            references.insert(reference.to_owned(), id);
        }
        planned.push((at, object, id, record));
    }
    let mut written = Vec::new();
    for (at, object, id, record) in planned {
        let named = |error: ApiError| in_record(at, &error);
        let record = resolved(object, record, &references)
            .map_err(named)?
            .to_string();
        let document = Document::parse(record.as_bytes()).map_err(named)?;
        let mut incoming = Incoming::read(context, object, &document, None).map_err(named)?;
        if let Some(field) = object.field("Id") {
            incoming.set(field, rusqlite::types::Value::Text(id.to_string()));
        }
        record::create(context, object, &incoming, Origin::Seed).map_err(named)?;
        written.push((at, incoming));
    }
    for (at, incoming) in written {
        record::check_references(context, &incoming).map_err(|error| in_record(at, &error))?;
    }
    Ok(())
}

/// The record with ids in place of its references, and without its own.
fn resolved(
    object: &Object,
    record: &JsonValue,
    references: &HashMap<String, RecordId>,
) -> Result<JsonValue, ApiError> {
    let mut record = record.clone();
    let Some(members) = record.as_object_mut() else {
        return Err(wrong("it is not an object"));
    };
    members.remove("Id");
    for (name, value) in members {
        let field = object.field(name);
        let refers = field.is_some_and(|field| field.field_type == FieldType::Reference);
        let Some(reference) = value.as_str().and_then(|text| text.strip_prefix('@')) else {
            continue;
        };
        if refers {
            let id = references.get(reference).ok_or_else(|| {
                wrong(&format!(
                    "{name}: no record has the referenceId {reference}"
                ))
            })?;
            *value = id.as_str().into();
        }
    }
    Ok(record)
}

fn wrong(why: &str) -> ApiError {
    ApiError::bad_request("INVALID_SEED", why.to_owned())
}

/// The same mistake, saying which record has it.
fn in_record(at: usize, error: &ApiError) -> ApiError {
    let mistakes: Vec<&str> = error
        .items()
        .iter()
        .map(|item| item.message.as_ref())
        .collect();
    wrong(&format!(
        "record {} of the seed: {}",
        at + 1,
        mistakes.join("; ")
    ))
}
