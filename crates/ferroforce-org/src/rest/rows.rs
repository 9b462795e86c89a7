//! Records by id and by external id: create, read, update, upsert, delete.

use http::{Method, StatusCode};
use rusqlite::types::Value;

use super::request::{ApiRequest, Reply};
use super::{ApiVersion, Context, conditional, events, related};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::record::document::Document;
use crate::record::row::Row;
use crate::record::{self, Incoming, Origin, read};
use crate::schema::{Field, FieldType, Object};

/// The object of a path.
pub(super) fn object<'s>(context: &Context<'s>, name: &str) -> Result<&'s Object, ApiError> {
    context
        .schema
        .object(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| {
            if context.version.is_tooling() {
                ApiError::unsupported("this object of the Tooling API")
            } else {
                ApiError::not_found()
            }
        })
}

/// `POST /sobjects/X`, and `POST /sobjects/X/Id`, whose answer says `created` as an upsert's.
pub(super) fn create(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    upsert: bool,
) -> Result<Reply, ApiError> {
    let incoming = sent(context, request, object, None)?;
    if object.is_event() {
        return events::publish(context, object, &incoming);
    }
    let id = context.atomically(|| record::create(context, object, &incoming, Origin::Client))?;
    Ok(created(context, object, id, upsert))
}

/// 201, the id, and where the record is; an upsert says `created` too.
fn created(context: &Context<'_>, object: &Object, id: RecordId, upsert: bool) -> Reply {
    let path = format!("{}/sobjects/{}/{id}", context.version.path(), object.name);
    let upsert = upsert.then_some(true);
    Reply::with_status(StatusCode::CREATED, saved(id, upsert)).located(&path)
}

/// The result of saving a record.
fn saved(id: RecordId, created: Option<bool>) -> Json {
    let mut members = vec![
        ("id", Json::from(id.as_str())),
        ("success", true.into()),
        ("errors", Json::Array(Vec::new())),
    ];
    members.extend(created.map(|created| ("created", created.into())));
    Json::object(members)
}

/// `/sobjects/X/{id}`.
pub(super) fn by_id(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    id: &str,
) -> Result<Reply, ApiError> {
    let id: RecordId = id.parse().map_err(|_| no_such_key(id))?;
    if let Some(reply) = conditional::unmet(context, request, object, id)? {
        return Ok(reply);
    }
    match request.method {
        Method::PATCH => {
            let incoming = sent(context, request, object, None)?;
            context.atomically(|| record::update(context, object, id, &incoming))?;
            Ok(Reply::no_content())
        }
        Method::DELETE => {
            context.atomically(|| record::delete(context, object, id))?;
            Ok(Reply::no_content())
        }
        _ => get(context, request, object, id),
    }
}

/// `/sobjects/X/{field}/{value}`.
pub(super) fn by_key(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    field: &str,
    value: &str,
) -> Result<Reply, ApiError> {
    if field.parse::<RecordId>().is_ok_and(|id| is_of(object, id)) {
        return related::follow(context, request, object, field, &[value]);
    }
    let key = key_field(object, field)?;
    // Texts are trimmed: what is blank is no value, which no record is found by.
    let value = record::coerce_text(key, value)
        .filter(|value| *value != Value::Null)
        .ok_or_else(ApiError::not_found)?;
    let found = record::find_by_key(context, object, key, &value)?;
    if found.len() > 1 {
        return Ok(choices(context.version, object, &found));
    }
    let found = found.first().copied();
    let unmet = match found {
        Some(id) => conditional::unmet(context, request, object, id)?,
        None => conditional::unmet_by_none(request, object)?,
    };
    if let Some(reply) = unmet {
        return Ok(reply);
    }
    match request.method {
        Method::PATCH => upsert(context, request, object, key, value, found),
        Method::DELETE => {
            let id = found.ok_or_else(ApiError::not_found)?;
            context.atomically(|| record::delete(context, object, id))?;
            Ok(Reply::no_content())
        }
        _ => get(
            context,
            request,
            object,
            found.ok_or_else(ApiError::not_found)?,
        ),
    }
}

/// The field by whose values records can be found.
pub(crate) fn key_field<'o>(object: &'o Object, name: &str) -> Result<&'o Field, ApiError> {
    object
        .field(name)
        .filter(|field| field.external_id || field.id_lookup)
        .ok_or_else(|| no_such_key(name))
}

fn is_of(object: &Object, id: RecordId) -> bool {
    object.key_prefix.as_deref() == Some(id.key_prefix())
}

/// Updates the record that was found, or creates it.
fn upsert(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    key: &Field,
    value: Value,
    found: Option<RecordId>,
) -> Result<Reply, ApiError> {
    // The key with the lifetime of the schema, so that it can be a field of the record.
    let object = self::object(context, &object.name)?;
    let mut incoming = sent(context, request, object, Some(key))?;
    if let Some(id) = found {
        context.atomically(|| record::update(context, object, id, &incoming))?;
        let answers = context.version.number() >= 46;
        return Ok(if answers {
            Reply::ok(saved(id, Some(false)))
        } else {
            Reply::no_content()
        });
    }
    let update_only = request
        .parameter("updateOnly")
        .is_some_and(|only| only == "true");
    if update_only || key.name == "Id" {
        return Err(ApiError::not_found());
    }
    if let Some(key) = object.field(&key.name) {
        incoming.set(key, value);
    }
    let id = context.atomically(|| record::create(context, object, &incoming, Origin::Client))?;
    Ok(created(context, object, id, context.version.number() >= 46))
}

/// 300: the paths of all records that it could be.
fn choices(version: ApiVersion, object: &Object, found: &[RecordId]) -> Reply {
    let path = version.path();
    let paths = found
        .iter()
        .map(|id| format!("{path}/sobjects/{}/{id}", object.name));
    Reply::with_status(StatusCode::MULTIPLE_CHOICES, paths.collect())
}

fn get(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    id: RecordId,
) -> Result<Reply, ApiError> {
    let row = record::readable(context, object, id)?;
    let record = match chosen_fields(request, object)? {
        Some(fields) => read::chosen(&row, &fields, context.version),
        None => read::whole(&row, context.version),
    };
    record::recent::note(context, object, id)?;
    Ok(found(&row, record))
}

/// The fields that a request asks for, each once, and the id behind them; none if it asks for
/// all.
pub(super) fn chosen_fields<'o>(
    request: &ApiRequest,
    object: &'o Object,
) -> Result<Option<Vec<&'o Field>>, ApiError> {
    let names = request.parameter("fields");
    names
        .map(|names| fields_named(object, names.split(',')))
        .transpose()
}

/// The fields with these names, each once, and the id behind them.
pub(crate) fn fields_named<'o, 'n>(
    object: &'o Object,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<Vec<&'o Field>, ApiError> {
    let mut fields: Vec<&Field> = Vec::new();
    let names = names.into_iter().map(str::trim);
    for name in names.filter(|name| !name.is_empty()) {
        let field = object
            .field(name)
            .ok_or_else(|| record::no_such_column(object, name))?;
        if !fields.iter().any(|known| known.name == field.name) {
            fields.push(field);
        }
    }
    if !fields.iter().any(|field| field.name == "Id") {
        fields.extend(object.field("Id"));
    }
    Ok(fields)
}

/// 200, and what tells this state of the record from others.
fn found(row: &Row<'_>, record: Json) -> Reply {
    let mut reply = Reply::ok(record);
    reply.headers.extend(conditional::validators(row));
    reply
}

/// The fields that a request sends: as JSON, or as JSON and a blob. `key` is the field that its
/// path gives a value to.
fn sent<'s>(
    context: &Context<'s>,
    request: &ApiRequest,
    object: &'s Object,
    key: Option<&Field>,
) -> Result<Incoming<'s>, ApiError> {
    let Some(upload) = &request.upload else {
        let document = Document::parse(json_body(request)?)?;
        return Incoming::read(context, object, &document, key);
    };
    let (name, blob) = upload.only_blob()?;
    let document = Document::parse(&upload.json)?;
    let mut incoming = Incoming::read(context, object, &document, key)?;
    let field = object
        .field(name)
        .filter(|field| field.field_type == FieldType::Base64)
        .ok_or_else(|| record::no_such_column(object, name))?;
    incoming.set_blob(field, blob)?;
    Ok(incoming)
}

/// The body of a request that must be JSON.
pub(crate) fn json_body(request: &ApiRequest) -> Result<&[u8], ApiError> {
    let content_type = request.header("content-type").unwrap_or("application/json");
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        Ok(&request.body)
    } else if media_type.ends_with("xml") {
        Err(ApiError::unsupported("bodies in XML"))
    } else {
        Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            format!("Content type {media_type} is not supported"),
        ))
    }
}

pub(super) fn no_such_key(name: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        format!("Provided external ID field does not exist or is not accessible: {name}"),
    )
}
