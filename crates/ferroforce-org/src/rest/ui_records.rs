//! `/ui-api/records`: records in the form of the user interface, with creates that can be
//! repeated safely.
//!
//! The errors of the User Interface API carry more than those of the REST API; here they have
//! the same form, and no `enhancedErrorType` and `output`.

use http::{Method, StatusCode};
use rusqlite::types::Value;

use super::request::{ApiRequest, Reply};
use super::{Context, idempotency, rows};
use crate::error::{ApiError, excerpt};
use crate::id::RecordId;
use crate::json::Json;
use crate::record::document::{Document, Scalar};
use crate::record::row::Row;
use crate::record::{self, Incoming, Origin};
use crate::schema::{Field, FieldType, Object};
use crate::value::{self, time};

/// `POST /ui-api/records`. A key given in `Idempotency-Key` makes a second request with it give
/// the first one's answer.
pub(super) fn create(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    idempotency::once(context, request, || {
        let body = Document::parse(&request.body)?;
        let Some(Ok(Scalar::String(name))) = body.get("apiName").map(|name| name.scalar()) else {
            return Err(invalid("apiName must name an object"));
        };
        let object = rows::object(context, &name)?;
        let incoming = fields(context, object, &body)?;
        let id =
            context.atomically(|| record::create(context, object, &incoming, Origin::Client))?;
        let row = record::existing(context, object, id)?;
        let given: Vec<&Field> = incoming.fields().collect();
        Ok(Reply::with_status(
            StatusCode::CREATED,
            written(&row, &given),
        ))
    })
}

/// `/ui-api/records/{id}`.
pub(super) fn by_id(
    context: &Context<'_>,
    request: &ApiRequest,
    id: &str,
) -> Result<Reply, ApiError> {
    let id: RecordId = id.parse().map_err(|_| invalid("the id is none"))?;
    let object = context
        .schema
        .by_key_prefix(id.key_prefix())
        .ok_or_else(ApiError::not_found)?;
    match request.method {
        Method::PATCH => {
            let body = Document::parse(&request.body)?;
            let incoming = fields(context, object, &body)?;
            context.atomically(|| record::update(context, object, id, &incoming))?;
            let row = record::existing(context, object, id)?;
            let given: Vec<&Field> = incoming.fields().collect();
            Ok(Reply::ok(written(&row, &given)))
        }
        Method::DELETE => {
            context.atomically(|| record::delete(context, object, id))?;
            Ok(Reply::no_content())
        }
        _ => {
            let chosen = chosen(request, object)?;
            let row = record::existing(context, object, id)?;
            Ok(Reply::ok(written(&row, &chosen)))
        }
    }
}

/// The fields of a body: `{"fields": {"Name": "Acme"}}`.
fn fields<'s>(
    context: &Context<'s>,
    object: &'s Object,
    body: &Document<'_>,
) -> Result<Incoming<'s>, ApiError> {
    let fields = body
        .get("fields")
        .ok_or_else(|| invalid("the body has no fields"))?;
    Incoming::read(context, object, &fields.document()?, None)
}

/// The fields that `fields=Account.Name,…` and `optionalFields=` name. Of the optional ones
/// those that are not there are left out.
fn chosen<'o>(request: &ApiRequest, object: &'o Object) -> Result<Vec<&'o Field>, ApiError> {
    if request.parameter("layoutTypes").is_some() {
        return Err(ApiError::unsupported("layouts"));
    }
    let mut chosen: Vec<&Field> = Vec::new();
    let mut asked = false;
    for (parameter, required) in [("fields", true), ("optionalFields", false)] {
        let names = request.parameter(parameter).unwrap_or_default();
        for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            asked = true;
            let (of, field) = name.split_once('.').unwrap_or(("", name));
            if field.contains('.') {
                return Err(ApiError::unsupported("fields of parents in /ui-api"));
            }
            let found = object
                .field(field)
                .filter(|_| of.eq_ignore_ascii_case(&object.name));
            match found {
                Some(field) if chosen.iter().any(|known| known.name == field.name) => {}
                Some(field) => chosen.push(field),
                None if required => {
                    return Err(ApiError::bad_request(
                        "INVALID_FIELD",
                        format!("{} is no field, written as Object.Field", excerpt(name)),
                    ));
                }
                None => {}
            }
        }
    }
    if asked {
        Ok(chosen)
    } else {
        Err(invalid(
            "One of the parameters fields and optionalFields must name fields",
        ))
    }
}

fn invalid(message: &'static str) -> ApiError {
    ApiError::bad_request("ILLEGAL_QUERY_PARAMETER_VALUE", message)
}

/// A record with some of its fields.
fn written(row: &Row<'_>, fields: &[&Field]) -> Json {
    let text = |name: &str| row.text(name).map(str::to_owned);
    let millis = |name: &str| match row.get(name) {
        Value::Integer(millis) => Some(*millis),
        _ => None,
    };
    let stamp = |name: &str| millis(name).map(utc);
    let changed = millis("SystemModstamp");
    let mut fields: Vec<&&Field> = fields.iter().collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    Json::object([
        ("apiName", Json::from(&row.object.name)),
        ("childRelationships", Json::Object(Vec::new())),
        (
            "fields",
            Json::object(fields.iter().map(|field| {
                let value = value::render(field.field_type, row.get(&field.name));
                (field.name.clone(), cell(field, value))
            })),
        ),
        ("id", text("Id").into()),
        ("lastModifiedById", text("LastModifiedById").into()),
        ("lastModifiedDate", stamp("LastModifiedDate").into()),
        ("recordTypeId", text("RecordTypeId").into()),
        ("recordTypeInfo", Json::Null),
        ("systemModstamp", stamp("SystemModstamp").into()),
        ("weakEtag", changed.into()),
    ])
}

/// A value, and how people read it where that differs.
fn cell(field: &Field, value: Json) -> Json {
    let shown = match (&value, field.field_type) {
        (Json::String(text), FieldType::Picklist) => Json::String(text.clone()),
        _ => Json::Null,
    };
    Json::object([("displayValue", shown), ("value", value)])
}

/// `2026-01-02T03:04:05.000Z`
fn utc(millis: i64) -> String {
    let text = time::datetime_text(millis);
    match text.strip_suffix("+0000") {
        Some(text) => format!("{text}Z"),
        None => text,
    }
}
