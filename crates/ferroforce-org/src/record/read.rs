//! Records as they are answered.

use rusqlite::types::Value;

use super::row::Row;
use crate::json::Json;
use crate::rest::ApiVersion;
use crate::schema::{Field, FieldType, Object};
use crate::value::render;

/// `attributes`, the first member of every record: its type and where it is.
pub(crate) fn attributes(object: &Object, id: &str, version: ApiVersion) -> Json {
    let url = format!("{}/sobjects/{}/{id}", version.path(), object.name);
    Json::object([("type", Json::from(&object.name)), ("url", url.into())])
}

/// A record with all its fields, in the order of the object's describe.
pub(crate) fn whole(row: &Row<'_>, version: ApiVersion) -> Json {
    let all: Vec<&Field> = row.object.fields.iter().collect();
    chosen(row, &all, version)
}

/// A record with some of its fields, in the order given.
pub(crate) fn chosen(row: &Row<'_>, fields: &[&Field], version: ApiVersion) -> Json {
    let id = row.text("Id").unwrap_or_default();
    let attributes = ("attributes".into(), attributes(row.object, id, version));
    let members = fields
        .iter()
        .map(|field| (field.name.clone().into(), member(row, field, version)));
    Json::Object(std::iter::once(attributes).chain(members).collect())
}

/// The value of one field.
fn member(row: &Row<'_>, field: &Field, version: ApiVersion) -> Json {
    match field.field_type {
        FieldType::Address | FieldType::Location => compound(row, field),
        FieldType::Base64 => blob_path(row, field, version),
        _ => render(field.field_type, row.get(&field.name)),
    }
}

/// The path of a blob, which is fetched on its own.
fn blob_path(row: &Row<'_>, field: &Field, version: ApiVersion) -> Json {
    let id = row.text("Id").unwrap_or_default();
    match row.get(&field.name) {
        Value::Null => Json::Null,
        _ => format!(
            "{}/sobjects/{}/{id}/{}",
            version.path(),
            row.object.name,
            field.name
        )
        .into(),
    }
}

/// An address or a location: its components by the ends of their names, sorted. Null if they
/// all are.
fn compound(row: &Row<'_>, field: &Field) -> Json {
    let mut members: Vec<(String, Json)> = row
        .iter()
        .filter(|(part, _)| part.compound_field_name.as_deref() == Some(field.name.as_str()))
        .map(|(part, value)| (component(field, part), render(part.field_type, value)))
        .collect();
    if members.iter().all(|(_, value)| *value == Json::Null) {
        return Json::Null;
    }
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Json::object(members)
}

/// What a component is called inside its compound: `MailingPostalCode` of `MailingAddress` is
/// `postalCode`, `Site__Latitude__s` of `Site__c` is `latitude`.
fn component(compound: &Field, part: &Field) -> String {
    let prefix = compound.name.strip_suffix("Address");
    let prefix = prefix
        .or_else(|| compound.name.strip_suffix('c'))
        .unwrap_or_default();
    let name = part.name.strip_prefix(prefix).unwrap_or(&part.name);
    let name = name.strip_suffix("__s").unwrap_or(name);
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
