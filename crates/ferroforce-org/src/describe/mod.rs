//! Describes: what an object and its fields are, in the API's own JSON.
//!
//! Keys come in the order in which a real org writes them. Nothing is built in memory first:
//! the schema is written straight to the bytes of the answer.

mod condition;
mod field;
mod global;
mod object;
#[cfg(test)]
mod tests;
mod urls;

use bytes::Bytes;
use serde::Serialize;

pub(crate) use condition::Validators;

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

fn to_bytes(describe: &impl Serialize) -> serde_json::Result<Bytes> {
    serde_json::to_vec(describe).map(Bytes::from)
}
