//! Rows of the store, written as the records of an answer.

use std::collections::HashMap;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::operand::Kind;
use super::plan::GroupColumn;
use super::shape::{Item, Shape, TypeName};
use crate::error::ApiError;
use crate::json::Json;
use crate::rest::ApiVersion;
use crate::value::time;

/// JSON texts, one after the other, with commas between them.
#[derive(Debug, Default, Clone)]
pub(super) struct Texts {
    pub(super) json: Vec<u8>,
    pub(super) count: usize,
}

impl Texts {
    /// The records that are there, in order.
    pub(super) fn of(records: &[Option<Vec<u8>>]) -> Self {
        let mut texts = Self::default();
        for record in records.iter().flatten() {
            texts.next().extend_from_slice(record);
        }
        texts
    }

    /// Begins another text.
    pub(super) fn next(&mut self) -> &mut Vec<u8> {
        if self.count > 0 {
            self.json.push(b',');
        }
        self.count += 1;
        &mut self.json
    }
}

/// The answers of a subquery, by the id of the parent that they belong to.
pub(super) type Children = HashMap<String, Vec<u8>>;

/// What rows are written with.
pub(super) struct Renderer {
    /// What the paths of records begin with.
    data_path: String,
    /// The answers of each subquery.
    children: Vec<Children>,
}

impl Renderer {
    pub(super) fn new(version: ApiVersion, children: Vec<Children>) -> Self {
        Self {
            data_path: version.path(),
            children,
        }
    }

    /// Writes a record.
    pub(super) fn record(
        &self,
        row: &Row<'_>,
        shape: &Shape,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiError> {
        let id = text(row, shape.id)?;
        let type_name = match &shape.type_name {
            TypeName::Always(name) => name,
            TypeName::Column(column) => text(row, *column)?,
        };
        self.attributes(type_name, id, out);
        for item in &shape.items {
            out.push(b',');
            string(item.name(), out);
            out.push(b':');
            match item {
                Item::Column { kind, column, name } => {
                    let value = row.get_ref(*column)?;
                    if *kind == Kind::Blob {
                        self.blob(value, type_name, id, name, out);
                    } else {
                        scalar(value, *kind, out);
                    }
                }
                Item::Compound { parts, whole, .. } => compound(row, parts, *whole, out)?,
                Item::Parent { shape, .. } => {
                    self.parent(row, std::slice::from_ref(shape), out)?;
                }
                Item::OneOf { shapes, .. } => self.parent(row, shapes, out)?,
                Item::Children { subquery, .. } => {
                    match self.children.get(*subquery).and_then(|rows| rows.get(id)) {
                        None => out.extend_from_slice(b"null"),
                        Some(answer) => out.extend_from_slice(answer),
                    }
                }
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// Writes a parent in the first shape whose record is there.
    fn parent(&self, row: &Row<'_>, shapes: &[Shape], out: &mut Vec<u8>) -> Result<(), ApiError> {
        for shape in shapes {
            if !matches!(row.get_ref(shape.id)?, ValueRef::Null) {
                return self.record(row, shape, out);
            }
        }
        out.extend_from_slice(b"null");
        Ok(())
    }

    fn attributes(&self, type_name: &str, id: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"attributes\":{\"type\":");
        string(type_name, out);
        out.extend_from_slice(b",\"url\":");
        string(&self.path(type_name, id), out);
        out.push(b'}');
    }

    fn path(&self, type_name: &str, id: &str) -> String {
        format!("{}/sobjects/{type_name}/{id}", self.data_path)
    }

    /// Bytes are answered as the path that they can be fetched from.
    fn blob(
        &self,
        present: ValueRef<'_>,
        type_name: &str,
        id: &str,
        field: &str,
        out: &mut Vec<u8>,
    ) {
        if matches!(present, ValueRef::Integer(1)) {
            string(&format!("{}/{field}", self.path(type_name, id)), out);
        } else {
            out.extend_from_slice(b"null");
        }
    }
}

/// Writes a row that is no record but a group.
pub(super) fn group(
    row: &Row<'_>,
    columns: &[GroupColumn],
    out: &mut Vec<u8>,
) -> Result<(), ApiError> {
    out.extend_from_slice(b"{\"attributes\":{\"type\":\"AggregateResult\"}");
    for (index, column) in columns.iter().enumerate() {
        out.push(b',');
        string(&column.name, out);
        out.push(b':');
        scalar(row.get_ref(index)?, column.kind, out);
    }
    out.push(b'}');
    Ok(())
}

/// The answer to a query: some of its records, and where the next ones are.
///
/// That of the Tooling API has more members, which name the type of the records.
pub(super) fn result(
    total: usize,
    next: Option<&str>,
    rows: &Texts,
    tooling_type: Option<&str>,
) -> Vec<u8> {
    let done = next.is_none();
    let mut out = Vec::with_capacity(rows.json.len() + 128);
    out.push(b'{');
    if tooling_type.is_some() {
        out.extend_from_slice(format!("\"size\":{},", rows.count).as_bytes());
    }
    out.extend_from_slice(format!("\"totalSize\":{total},\"done\":{done},").as_bytes());
    if let Some(next) = next {
        out.extend_from_slice(b"\"nextRecordsUrl\":");
        string(next, &mut out);
        out.push(b',');
    }
    if let Some(type_name) = tooling_type {
        out.extend_from_slice(b"\"queryLocator\":null,\"entityTypeName\":");
        match rows.count {
            0 => out.extend_from_slice(b"null"),
            _ => string(type_name, &mut out),
        }
        out.push(b',');
    }
    out.extend_from_slice(b"\"records\":[");
    out.extend_from_slice(&rows.json);
    out.extend_from_slice(b"]}");
    out
}

fn compound(
    row: &Row<'_>,
    parts: &[(String, Kind, usize)],
    whole: bool,
    out: &mut Vec<u8>,
) -> Result<(), ApiError> {
    let mut missing = 0;
    for (.., column) in parts {
        missing += usize::from(matches!(row.get_ref(*column)?, ValueRef::Null));
    }
    if missing == parts.len() || (whole && missing > 0) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    for (index, (name, kind, column)) in parts.iter().enumerate() {
        out.push(if index == 0 { b'{' } else { b',' });
        string(name, out);
        out.push(b':');
        scalar(row.get_ref(*column)?, *kind, out);
    }
    out.push(b'}');
    Ok(())
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, ApiError> {
    row.get_ref(column)?
        .as_str()
        .map_err(|_| ApiError::internal("a column holds no text"))
}

fn scalar(value: ValueRef<'_>, kind: Kind, out: &mut Vec<u8>) {
    match (value, kind) {
        (ValueRef::Integer(value), Kind::Boolean) => {
            let word: &[u8] = if value == 0 { b"false" } else { b"true" };
            out.extend_from_slice(word);
        }
        (ValueRef::Integer(days), Kind::Date) => string(&time::date_text(days), out),
        (ValueRef::Integer(millis), Kind::DateTime) => string(&time::datetime_text(millis), out),
        (ValueRef::Integer(millis), Kind::Time) => string(&time::time_text(millis), out),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a whole number in a column of doubles was stored as a double"
        )]
        (ValueRef::Integer(value), Kind::Double) => double(value as f64, out),
        (ValueRef::Integer(value), _) => out.extend_from_slice(value.to_string().as_bytes()),
        (ValueRef::Real(value), _) => double(value, out),
        (ValueRef::Text(bytes), _) => string(&String::from_utf8_lossy(bytes), out),
        // A boolean is never null.
        (ValueRef::Null, Kind::Boolean) => out.extend_from_slice(b"false"),
        (ValueRef::Null | ValueRef::Blob(_), _) => out.extend_from_slice(b"null"),
    }
}

fn double(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(Json::Double(value).to_string().as_bytes());
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Writing to memory can't fail.
    let _ = serde_json::to_writer(out, text);
}
