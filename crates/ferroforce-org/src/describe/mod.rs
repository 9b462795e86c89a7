//! Describes: what an object and its fields are, in the API's own JSON.
//!
//! Keys come in the order in which a real org writes them. Nothing is built in memory first:
//! the schema is written straight to the bytes of the answer.

mod compact;
mod condition;
mod field;
mod global;
mod layout;
mod object;
#[cfg(test)]
mod tests;
mod urls;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

pub(crate) use condition::Validators;
pub(crate) use urls::has_lists;

use crate::id::RecordId;
use crate::json::Json;
use crate::schema::{Object, Schema};

/// What the addresses in a describe begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The path of the API's version: `/services/data/v66.0`.
    pub(crate) data_path: &'a str,
    /// Where the org's pages are: `http://127.0.0.1:8080`.
    pub(crate) instance_url: &'a str,
}

/// `GET …/sobjects/X/describe`: the object, its fields and its children.
pub(crate) fn sobject(object: &Object, place: Place<'_>) -> serde_json::Result<Bytes> {
    to_bytes(&object::FullDescribe::of(object, place))
}

/// `GET …/sobjects/X`: the object without its fields, and the records of it that the user used
/// last.
pub(crate) fn basic(object: &Object, recent: Json, place: Place<'_>) -> serde_json::Result<Bytes> {
    to_bytes(&global::BasicInfo::of(object, recent, place))
}

/// `GET …/sobjects`: every object, without its fields.
pub(crate) fn global(schema: &Schema, place: Place<'_>) -> serde_json::Result<Bytes> {
    to_bytes(&global::GlobalDescribe::of(schema, place))
}

/// `GET …/sobjects/X/describe/layouts`: the layout of an object, which has this id, and the record
/// types that have it.
pub(crate) fn layouts(
    object: &Object,
    schema: &Schema,
    id: RecordId,
    place: Place<'_>,
) -> serde_json::Result<Bytes> {
    to_bytes(&layout::Layouts::of(object, schema, id, place))
}

/// `GET …/sobjects/X/describe/layouts/{record type}`: the layout alone.
pub(crate) fn layout(object: &Object, schema: &Schema, id: RecordId) -> serde_json::Result<Bytes> {
    to_bytes(&layout::Layout::of(object, schema, id))
}

/// `GET …/sobjects/X/describe/compactLayouts`: what cards of an object show.
pub(crate) fn compact_layouts(object: &Object, place: Place<'_>) -> serde_json::Result<Bytes> {
    to_bytes(&compact::CompactLayouts::of(object, place))
}

/// `GET …/compactLayouts`: the primary compact layouts of several objects, by their names.
pub(crate) fn primary_compact_layouts(objects: &[&Object]) -> serde_json::Result<Bytes> {
    let layouts = objects
        .iter()
        .map(|object| (object.name.as_str(), compact::CompactLayout::of(object)));
    to_bytes(&layouts.collect::<BTreeMap<_, _>>())
}

/// `GET …/sobjects/X/describe/compactLayouts/{record type}`: the compact layout alone.
pub(crate) fn compact_layout(object: &Object) -> serde_json::Result<Bytes> {
    to_bytes(&compact::CompactLayout::of(object))
}

fn to_bytes(describe: &impl Serialize) -> serde_json::Result<Bytes> {
    serde_json::to_vec(describe).map(Bytes::from)
}
