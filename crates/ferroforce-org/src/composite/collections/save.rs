//! Creating, updating and upserting the records of a request.

use std::collections::HashMap;

use rusqlite::types::Value;

use super::chunk::{Body, Record};
use super::result::Saved;
use super::transaction;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::document::{Document, Scalar, Token};
use crate::record::{self, Incoming, Origin, target};
use crate::rest::{ApiRequest, Context, enqueue, key_field};
use crate::schema::{Field, Object};

/// A record that was read, or why it cannot be written.
type Prepared<T> = Result<T, ApiError>;

/// `POST /composite/sobjects`.
pub(super) fn create<'s>(
    context: &Context<'s>,
    request: &ApiRequest,
) -> Result<Vec<Saved>, ApiError> {
    let body = Body::read(context, request)?;
    let prepare = |record: &Record<'s, '_>| {
        let (document, id) = record.without("Id");
        let incoming = incoming(context, record, &document)?;
        Ok(incoming.and_then(|incoming| match id {
            Some(id) if id.scalar()? != Scalar::Null => Err(target::id_given()),
            _ => Ok(incoming),
        }))
    };
    in_chunks(context, &body, prepare, |object, incoming| {
        let (id, enqueued) = if object.is_event() {
            let (id, enqueued) = enqueue(context, object, &incoming)?;
            (id, Some(enqueued))
        } else {
            let id = record::create(context, object, &incoming, Origin::Client)?;
            (id, None)
        };
        Ok(Saved::Done {
            id,
            created: None,
            known: false,
            enqueued,
        })
    })
}

/// `PATCH /composite/sobjects`.
pub(super) fn update<'s>(
    context: &Context<'s>,
    request: &ApiRequest,
) -> Result<Vec<Saved>, ApiError> {
    let body = Body::read(context, request)?;
    let prepare = |record: &Record<'s, '_>| {
        let (document, id) = record.without("Id");
        let incoming = incoming(context, record, &document)?;
        Ok(incoming.and_then(|incoming| match id {
            Some(id) => Ok((id_of(record.object, id)?, incoming)),
            None => Err(target::not_given("Id", "an update call")),
        }))
    };
    in_chunks(context, &body, prepare, |object, (id, incoming)| {
        update_one(context, object, id, &incoming)?;
        Ok(Saved::Done {
            id,
            created: None,
            known: true,
            enqueued: None,
        })
    })
}

/// `PATCH /composite/sobjects/{object}/{key}`.
pub(super) fn upsert<'s>(
    context: &Context<'s>,
    request: &ApiRequest,
    object: &str,
    field: &str,
) -> Result<Vec<Saved>, ApiError> {
    let object: &'s Object = context
        .schema
        .object(object)
        .ok_or_else(ApiError::not_found)?;
    let key = key_field(object, field)?;
    let body = Body::read(context, request)?;
    if let Some(other) = body
        .records
        .iter()
        .find(|record| record.object.name != object.name)
    {
        return Err(record::of_another_type(object, &other.object.name));
    }
    let uses = uses_of_keys(&body, key);
    let prepare = |record: &Record<'s, '_>| {
        let (document, token) = record.without(&key.name);
        let incoming = incoming(context, record, &document)?;
        Ok(incoming.and_then(|incoming| {
            let Some(text) = text_of(token) else {
                return match key.name.as_str() {
                    "Id" => Ok((incoming, None)),
                    name => Err(target::not_given(name, "an upsert call")),
                };
            };
            if uses.get(&text.to_lowercase()).is_some_and(|&uses| uses > 1) {
                return Err(target::given_twice(key, &text));
            }
            let value = match (record::coerce_text(key, &text), token) {
                (Some(value), _) => value,
                (None, Some(token)) => return Err(token.not_a(key.field_type.name())),
                (None, None) => Value::Null,
            };
            Ok((incoming, Some((text, value))))
        }))
    };
    let mut results = in_chunks(context, &body, prepare, |object, (incoming, given)| {
        let (id, created) = target::upsert(context, object, key, given.as_ref(), incoming)?;
        Ok(Saved::Done {
            id,
            created: Some(created),
            known: !created,
            enqueued: None,
        })
    })?;
    // Those that were not written tell as well what they would have been.
    for (record, result) in body.records.iter().zip(&mut results) {
        if let Some(created) = result.created_if_written() {
            let (_, token) = record.without(&key.name);
            let value = text_of(token).and_then(|text| record::coerce_text(key, &text));
            if let Some(value) = value {
                // An id is only given for a record that is there.
                let is_new = key.name != "Id"
                    && record::find_by_key(context, object, key, &value)?.is_empty();
                *created = Some(is_new);
            }
        }
    }
    Ok(results)
}

/// Reads chunk by chunk, and writes each record of a chunk by itself. After a chunk with a
/// failure the others are not begun, if all or none are to be written.
fn in_chunks<'s, T>(
    context: &Context<'_>,
    body: &Body<'s, '_>,
    prepare: impl Fn(&Record<'s, '_>) -> Result<Prepared<T>, ApiError>,
    write: impl Fn(&'s Object, T) -> Result<Saved, ApiError>,
) -> Result<Vec<Saved>, ApiError> {
    transaction(context, body.all_or_none, || {
        let mut results: Vec<Saved> = Vec::with_capacity(body.records.len());
        for chunk in body.chunks() {
            if body.all_or_none && results.iter().any(Saved::is_failure) {
                results.extend(chunk.iter().map(|_| Saved::RolledBack {
                    id: None,
                    created: None,
                }));
                continue;
            }
            let prepared = chunk.iter().map(&prepare).collect::<Result<Vec<_>, _>>()?;
            for (record, prepared) in chunk.iter().zip(prepared) {
                let saved = prepared
                    .and_then(|prepared| context.atomically(|| write(record.object, prepared)));
                results.push(saved.unwrap_or_else(Saved::from));
            }
        }
        Ok(results)
    })
}

/// Reads the fields of a record. What makes no sense at all is a mistake of the request; what
/// is only not so, as a parent that is not there, one of the record.
fn incoming<'s>(
    context: &Context<'s>,
    record: &Record<'s, '_>,
    document: &Document<'_>,
) -> Result<Prepared<Incoming<'s>>, ApiError> {
    let mut incoming = match Incoming::read(context, record.object, document, None) {
        Ok(incoming) => incoming,
        Err(error) if error.items().iter().all(|item| item.fields.is_none()) => return Err(error),
        Err(error) => return Ok(Err(error)),
    };
    if let Some((field, blob)) = record.blob {
        incoming.set_blob(field, blob)?;
    }
    Ok(Ok(incoming))
}

fn update_one(
    context: &Context<'_>,
    object: &Object,
    id: RecordId,
    incoming: &Incoming<'_>,
) -> Result<(), ApiError> {
    record::update(context, object, id, incoming).map_err(target::without_path)
}

/// How often each key is given, regardless of letter case.
fn uses_of_keys(body: &Body<'_, '_>, key: &Field) -> HashMap<String, usize> {
    let mut uses = HashMap::new();
    for record in &body.records {
        if let Some(text) = text_of(record.without(&key.name).1) {
            *uses.entry(text.to_lowercase()).or_default() += 1;
        }
    }
    uses
}

/// The value of a key as a text; none for null and nothing.
fn text_of(token: Option<Token<'_>>) -> Option<String> {
    match token?.scalar().ok()? {
        Scalar::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Scalar::Int(text) | Scalar::Float(text) => Some(text.to_owned()),
        _ => None,
    }
}

fn id_of(object: &Object, token: Token<'_>) -> Result<RecordId, ApiError> {
    match text_of(Some(token)) {
        Some(id) => target::id_of(object, &id),
        None => Err(target::not_given("Id", "an update call")),
    }
}
