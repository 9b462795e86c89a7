//! Creating and updating records.

use http::StatusCode;
use rusqlite::types::Value;

use super::coerce::coerce_text;
use super::derive::{carry_on, derive};
use super::incoming::Incoming;
use super::row::Row;
use super::{duplicates, lock, recent, rules, validate};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::{Field, FieldType, Object};
use crate::store::ids;

/// Who writes a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A client, who may write only what the object's describe says.
    Client,
    /// The seed, which may write anything, the id included, and whose references are checked
    /// when all of it is there.
    Seed,
}

/// Creates a record and returns its id.
pub(crate) fn create(
    context: &Context<'_>,
    object: &Object,
    incoming: &Incoming<'_>,
    origin: Origin,
) -> Result<RecordId, ApiError> {
    if origin == Origin::Client {
        permitted(context, object, "create", |object| object.createable)?;
        validate::writable(&incoming.fields, |field| field.createable)?;
    }
    validate::values(&incoming.fields)?;
    let object = whole(context, object);
    let mut row = new_row(context, object);
    fill(&mut row, incoming);
    let id = match row.id() {
        Some(id) => id,
        None => ids::next(context.db, object)?,
    };
    row.set("Id", id.to_string());
    derive(context, &mut row, None, incoming)?;
    validate::required(row.iter().filter(|(field, _)| !field.defaulted_on_create))?;
    if origin == Origin::Client {
        check_references(context, incoming)?;
    }
    rules::check(context, &row, None, incoming)?;
    validate::unique(context, &row)?;
    if origin == Origin::Client {
        lock::check(context, object, None, Some(incoming))?;
        duplicates::check(context, &row, None)?;
        recent::note(context, object, id)?;
    }
    row.insert(context.db)?;
    carry_on(context, &row)?;
    Ok(id)
}

/// Updates a record that is there.
pub(crate) fn update(
    context: &Context<'_>,
    object: &Object,
    id: RecordId,
    incoming: &Incoming<'_>,
) -> Result<(), ApiError> {
    permitted(context, object, "update", |object| object.updateable)?;
    let object = whole(context, object);
    let before = existing(context, object, id)?;
    validate::writable(&incoming.fields, |field| field.updateable)?;
    validate::values(&incoming.fields)?;
    validate::required(incoming.fields.iter().map(|(field, value)| (*field, value)))?;
    let mut row = before.clone();
    fill(&mut row, incoming);
    stamp_change(context, &mut row);
    derive(context, &mut row, Some(&before), incoming)?;
    check_references(context, incoming)?;
    rules::check(context, &row, Some(&before), incoming)?;
    validate::unique(context, &row)?;
    lock::check(context, object, Some(id), Some(incoming))?;
    duplicates::check(context, &row, Some(&before))?;
    recent::note(context, object, id)?;
    row.replace(context.db)?;
    carry_on(context, &row)
}

/// The row of a record that is there and not deleted.
pub(crate) fn existing<'s>(
    context: &Context<'_>,
    object: &'s Object,
    id: RecordId,
) -> Result<Row<'s>, ApiError> {
    let row = Row::load(context.db, object, id)?.ok_or_else(ApiError::not_found)?;
    if row.flag("IsDeleted") {
        return Err(ApiError::entity_is_deleted());
    }
    Ok(row)
}

/// The row of a record to be read. One that was deleted is told like one that never was.
pub(crate) fn readable<'s>(
    context: &Context<'_>,
    object: &'s Object,
    id: RecordId,
) -> Result<Row<'s>, ApiError> {
    let row = Row::load(context.db, object, id)?.filter(|row| !row.flag("IsDeleted"));
    row.ok_or_else(ApiError::not_found)
}

/// Refuses what the records of an object do not take from this user, or from nobody.
pub(super) fn permitted(
    context: &Context<'_>,
    object: &Object,
    call: &str,
    allows: impl Fn(&Object) -> bool,
) -> Result<(), ApiError> {
    if !allows(whole(context, object)) {
        return Err(ApiError::bad_request(
            "INVALID_TYPE_FOR_OPERATION",
            format!("entity type {} does not support {call}", object.name),
        ));
    }
    match context.schema.object(&object.name) {
        Some(seen) if allows(seen) => Ok(()),
        Some(_) => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        )
        .with_fields::<String>([])),
        None => Err(ApiError::not_found()),
    }
}

/// An object with all its fields, of which a user may see only some.
pub(super) fn whole<'s>(context: &Context<'s>, object: &'s Object) -> &'s Object {
    let whole = context.whole_schema().object(&object.name);
    whole.map_or(object, |whole| whole)
}

/// What a field holds when nobody says.
fn default_value(field: &Field) -> Option<Value> {
    match &field.default_value {
        Some(value) => coerce_text(field, value),
        None if field.field_type == FieldType::Boolean => Some(Value::Integer(0)),
        // Counts and sums that the org keeps begin at zero.
        None if !field.nillable && !field.createable && is_number(field) => coerce_text(field, "0"),
        None => {
            let default = field
                .picklist_values
                .iter()
                .find(|choice| choice.default_value)?;
            Some(Value::Text(default.value.clone()))
        }
    }
}

fn is_number(field: &Field) -> bool {
    field.field_type == FieldType::Int || field.field_type.is_decimal()
}

fn fill(row: &mut Row<'_>, incoming: &Incoming<'_>) {
    for (field, value) in &incoming.fields {
        let value = match value {
            // An id of 15 characters is stored with 18.
            Value::Text(text) if is_id(field) => match text.parse::<RecordId>() {
                Ok(id) => Value::Text(id.to_string()),
                Err(_) => value.clone(),
            },
            Value::Text(text) if field.field_type == FieldType::Email => {
                Value::Text(text.to_lowercase())
            }
            _ => value.clone(),
        };
        row.set(&field.name, value);
    }
}

fn is_id(field: &Field) -> bool {
    matches!(field.field_type, FieldType::Id | FieldType::Reference)
}

/// A row with the values that new records of an object have.
pub(crate) fn new_row<'s>(context: &Context<'_>, object: &'s Object) -> Row<'s> {
    let mut row = Row::empty(object);
    for field in &object.fields {
        if let Some(value) = default_value(field) {
            row.set(&field.name, value);
        }
    }
    let user = context.user.id.to_string();
    row.set("CreatedDate", context.now);
    row.set("CreatedById", user.clone());
    row.set("OwnerId", user);
    stamp_change(context, &mut row);
    row
}

/// Refuses references to what is not there.
pub(crate) fn check_references(
    context: &Context<'_>,
    incoming: &Incoming<'_>,
) -> Result<(), ApiError> {
    validate::references(context, &incoming.fields)
}

/// Notes who changed a row, and when.
pub(super) fn stamp_change(context: &Context<'_>, row: &mut Row<'_>) {
    row.set("LastModifiedDate", context.now);
    row.set("LastModifiedById", context.user.id.to_string());
    row.set("SystemModstamp", context.now);
}
