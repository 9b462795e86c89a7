//! What is reached from a record: its parents, its children, and its blobs.

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use rusqlite::types::Value;

use super::request::{ApiRequest, Reply};
use super::{Context, query, rows};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::{self, row::Row};
use crate::schema::{ChildRelationship, Field, FieldType, Object};

/// How many relationships a path may follow upwards.
const MOST_LEVELS: usize = 5;

/// `/sobjects/X/{id}/{name}/{name}…`: follows relationships to parents. The last name may also
/// be that of a relationship to children, or of a blob.
pub(super) fn follow(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    id: &str,
    names: &[&str],
) -> Result<Reply, ApiError> {
    let id: RecordId = id.parse().map_err(|_| rows::no_such_key(id))?;
    let Some((last, parents)) = names.split_last() else {
        return Err(ApiError::not_found());
    };
    let mut row = record::existing(context, object, id)?;
    for name in parents {
        row = parent(context, &row, name)?;
    }
    let blob = row.object.field(last);
    if let Some(field) = blob.filter(|field| field.field_type == FieldType::Base64) {
        return blob_of(context, request, &row, field);
    }
    if let Some(relationship) = row.object.child(last) {
        return children(context, request, relationship, &row);
    }
    if names.len() > MOST_LEVELS {
        return Err(ApiError::not_found());
    }
    let parent = parent(context, &row, last)?;
    rows::by_id(
        context,
        request,
        parent.object,
        parent.text("Id").unwrap_or_default(),
    )
}

/// The record that a relationship leads up to.
fn parent<'s>(context: &Context<'s>, row: &Row<'_>, name: &str) -> Result<Row<'s>, ApiError> {
    let field = row.object.parent(name).ok_or_else(ApiError::not_found)?;
    let id = row
        .text(&field.name)
        .and_then(|id| id.parse::<RecordId>().ok())
        .ok_or_else(ApiError::not_found)?;
    let object = context.schema.by_key_prefix(id.key_prefix());
    record::existing(context, object.ok_or_else(ApiError::not_found)?, id)
}

/// The records that a relationship leads down to, as a query answers them.
fn children(
    context: &Context<'_>,
    request: &ApiRequest,
    relationship: &ChildRelationship,
    row: &Row<'_>,
) -> Result<Reply, ApiError> {
    only_read(request)?;
    let object = rows::object(context, &relationship.child_object)?;
    let fields = match rows::chosen_fields(request, object)? {
        Some(fields) => fields,
        None => object.fields.iter().collect(),
    };
    let fields: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let soql = format!(
        "SELECT {} FROM {} WHERE {} = '{}'",
        fields.join(", "),
        object.name,
        relationship.field,
        row.text("Id").unwrap_or_default(),
    );
    query::run(context, request, &soql, false)
}

/// The bytes of a blob.
fn blob_of(
    context: &Context<'_>,
    request: &ApiRequest,
    row: &Row<'_>,
    field: &Field,
) -> Result<Reply, ApiError> {
    only_read(request)?;
    let value = row.get(&field.name);
    let mut reply = match (value, context.org.blobs.find(value)) {
        (_, Some((path, length))) => Reply::file(path, length),
        (Value::Blob(bytes), None) => Reply::bytes(bytes.clone()),
        _ => return Err(ApiError::not_found()),
    };
    let content_type = row
        .text("ContentType")
        .and_then(|text| HeaderValue::try_from(text).ok())
        .unwrap_or(OCTETS);
    reply.headers.push((CONTENT_TYPE, content_type));
    Ok(reply)
}

/// The content type of bytes of which nobody said what they are, spelt as Salesforce spells it.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octetstream");

fn only_read(request: &ApiRequest) -> Result<(), ApiError> {
    if request.method == Method::GET || request.method == Method::HEAD {
        Ok(())
    } else {
        Err(ApiError::method_not_allowed(
            &request.method,
            &[Method::HEAD, Method::GET],
        ))
    }
}
