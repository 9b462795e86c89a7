//! The fields of a record as a client sends them.

use rusqlite::types::Value;

use super::coerce::coerce;
use super::document::{Document, Scalar, Token};
use super::row::folded;
use crate::error::{ApiError, excerpt};
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::{Field, Object};
use crate::store::blobs::Blob;
use crate::store::table;

/// Values for fields of one object, each field once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incoming<'s> {
    pub(super) fields: Vec<(&'s Field, Value)>,
}

impl<'s> Incoming<'s> {
    /// Reads the fields of a record. `key` is the field that the request's path gives a value
    /// to: it and the id have no place in the record.
    pub(crate) fn read(
        context: &Context<'s>,
        object: &'s Object,
        document: &Document<'_>,
        key: Option<&Field>,
    ) -> Result<Self, ApiError> {
        if let Some(name) = document.type_name()?
            && !name.eq_ignore_ascii_case(&object.name)
        {
            return Err(of_another_type(object, &name));
        }
        let mut incoming = Self::default();
        for (name, token) in &document.members {
            if name == "attributes" {
                continue;
            }
            if let Some(field) = object.field(name) {
                if field.name == "Id" || key.is_some_and(|key| key.name == field.name) {
                    return Err(misplaced(field));
                }
                incoming.take(field, || coerce(field, *token))?;
            } else if let Some(field) = object.parent(name) {
                incoming.take(field, || parent(context, field, name, *token))?;
            } else {
                return Err(no_such_column(object, name));
            }
        }
        Ok(incoming)
    }

    /// Takes a value that the client sent, for a field that it has not sent before.
    fn take(
        &mut self,
        field: &'s Field,
        value: impl FnOnce() -> Result<Value, ApiError>,
    ) -> Result<(), ApiError> {
        if self.gives(&field.name) {
            return Err(given_twice(field));
        }
        self.fields.push((field, value()?));
        Ok(())
    }

    /// The fields that have been given, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'s Field> {
        self.fields.iter().map(|(field, _)| *field)
    }

    /// Whether the client sent something for a field, be it null.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field.name == name)
    }

    /// Gives a field a value, in place of an earlier one.
    pub(crate) fn set(&mut self, field: &'s Field, value: Value) {
        match self
            .fields
            .iter_mut()
            .find(|(known, _)| known.name == field.name)
        {
            Some((_, slot)) => *slot = value,
            None => self.fields.push((field, value)),
        }
    }
}

impl<'s> Incoming<'s> {
    /// Gives a field a blob, which stays from now on.
    pub(crate) fn set_blob(&mut self, field: &'s Field, blob: &Blob) -> Result<(), ApiError> {
        let kept = blob.keep().map_err(|error| {
            tracing::error!(%error, "a blob can't be kept");
            ApiError::internal("a blob can't be kept")
        })?;
        self.set(field, kept);
        Ok(())
    }
}

/// A record that says that it is one of another object.
pub(crate) fn of_another_type(object: &Object, name: &str) -> ApiError {
    ApiError::bad_request(
        "INVALID_TYPE",
        format!(
            "The attributes name the type {}, but the request is about {}",
            excerpt(name),
            object.name
        ),
    )
}

/// A field that was given more than once: under its own name, in whatever letter case, or as a
/// parent.
fn given_twice(field: &Field) -> ApiError {
    let message = match &field.relationship_name {
        Some(parent) => format!(
            "Cannot specify {} more than once, nor both an external ID reference {parent} and a \
             salesforce id, {}",
            field.name, field.name
        ),
        None => format!("Cannot specify {} more than once", field.name),
    };
    ApiError::bad_request("INVALID_FIELD", message)
}

/// A field that the path speaks for already.
fn misplaced(field: &Field) -> ApiError {
    ApiError::bad_request(
        "INVALID_FIELD",
        format!(
            "The {} field should not be specified in the sobject data.",
            field.name
        ),
    )
}

/// A field that a written record does not have.
pub(crate) fn no_such_column(object: &Object, name: &str) -> ApiError {
    ApiError::bad_request(
        "INVALID_FIELD",
        format!(
            "No such column '{}' on sobject of type {}",
            excerpt(name),
            object.name
        ),
    )
}

/// The id of the parent that is named by an external id: `{"Account": {"Key__c": "A-1"}}`.
fn parent(
    context: &Context<'_>,
    field: &Field,
    relationship: &str,
    token: Token<'_>,
) -> Result<Value, ApiError> {
    if token.scalar()? == Scalar::Null {
        return Ok(Value::Null);
    }
    let document = token.document()?;
    let target = target(context, field, &document)?;
    let mut keys = document
        .members
        .iter()
        .filter(|(name, _)| name != "attributes");
    let (Some((name, token)), None) = (keys.next(), keys.next()) else {
        return Err(ApiError::bad_request(
            "INVALID_FIELD",
            format!(
                "More than 1 field provided in an external foreign key reference in entity: {relationship}"
            ),
        ));
    };
    let key = target
        .field(name)
        .ok_or_else(|| no_such_column(target, name))?;
    if !(key.external_id || key.id_lookup) {
        return Err(ApiError::bad_request(
            "INVALID_FIELD",
            format!(
                "Field name provided, {name} is not an External ID or indexed field for {}",
                target.name
            ),
        ));
    }
    let value = coerce(key, *token)?;
    let text = match token.scalar()? {
        Scalar::String(text) => text,
        Scalar::Int(text) | Scalar::Float(text) => text.to_owned(),
        _ => String::new(),
    };
    parent_by_key(context, target, key, &value, &text)
}

/// The id of the record that has a key, to be referred to. `text` is the key as it was sent.
pub(crate) fn parent_by_key(
    context: &Context<'_>,
    target: &Object,
    key: &Field,
    value: &Value,
    text: &str,
) -> Result<Value, ApiError> {
    let found = find_by_key(context, target, key, value)?;
    if let [id] = found.as_slice() {
        return Ok(Value::Text(id.to_string()));
    }
    let what = if found.is_empty() {
        "not found"
    } else {
        "matches more than one record"
    };
    let message = format!(
        "Foreign key external ID: {} {what} for field {} in entity {}",
        excerpt(text).to_lowercase(),
        key.name,
        target.name
    );
    Err(ApiError::bad_request("INVALID_FIELD", message).with_fields::<String>([]))
}

/// The object that a reference points to; the record has to say if it can be several.
fn target<'s>(
    context: &Context<'s>,
    field: &Field,
    document: &Document<'_>,
) -> Result<&'s Object, ApiError> {
    let named = document.type_name()?;
    let name = match (named.as_deref(), field.reference_to.as_slice()) {
        (Some(name), targets) if targets.iter().any(|to| to.eq_ignore_ascii_case(name)) => {
            Some(name)
        }
        (None, [only]) => Some(only.as_str()),
        _ => None,
    };
    name.and_then(|name| context.schema.object(name)).map(|o| &**o).ok_or_else(|| {
        ApiError::bad_request(
            "INVALID_FIELD",
            format!("A polymorphic foreign key reference must specify the type of {} in its attributes", field.name),
        )
    })
}

/// The records, not deleted, whose key field has a value.
pub(crate) fn find_by_key(
    context: &Context<'_>,
    object: &Object,
    key: &Field,
    value: &Value,
) -> Result<Vec<RecordId>, ApiError> {
    let value = match value {
        Value::Null => return Ok(Vec::new()),
        // Ids are given with 15 characters too.
        Value::Text(text) if key.name == "Id" => match text.parse::<RecordId>() {
            Ok(id) => Value::Text(id.to_string()),
            Err(_) => return Ok(Vec::new()),
        },
        value if table::has_folded_key(key) => folded(value),
        value => value.clone(),
    };
    let sql = format!(
        "SELECT \"Id\" FROM \"{}\" WHERE {} = ?1{} ORDER BY \"Id\" LIMIT 100",
        object.name,
        table::key_column(key),
        table::and_not_deleted(object)
    );
    let mut select = context.db.prepare_cached(&sql)?;
    let ids = select.query_map([value], |row| row.get::<_, String>(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}
