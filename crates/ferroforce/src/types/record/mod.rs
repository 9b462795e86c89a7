//! Records whose fields are not known when the program is compiled.

mod field;
mod path;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Excerpt, RecordId};
use crate::Error;

pub use field::{Field, Fields};
pub(crate) use shape::Shapes;
use shape::{Cells, Shape};

/// The member that tells what a record is, beside its fields.
const ATTRIBUTES: &str = "attributes";

/// A record with whatever fields it came with, in their order.
///
/// It holds the text that Salesforce sent, so that no digit of a number is lost, and reads a field
/// only when it is asked for. The records of a page share the page's memory, all of it, for as long
/// as one of them lives; [`into_owned`](Self::into_owned) parts from it.
///
/// Fields are found by their name or, through relationships, by a path. As everywhere in
/// Salesforce, names do not tell capitals from small letters.
///
/// ```
/// use ferroforce::Record;
///
/// let record: Record = serde_json::from_str(
///     r#"{
///         "attributes": {"type": "Contact", "url": "/services/data/v66.0/sobjects/Contact/003P000001avB5GIAU"},
///         "LastName": "Doe",
///         "Score__c": 1999.90,
///         "Account": {"attributes": {"type": "Account"}, "Name": "Acme"}
///     }"#,
/// )?;
/// assert_eq!(record.object(), Some("Contact"));
/// assert_eq!(record.get::<String>("LastName")?, "Doe");
/// assert_eq!(record.get::<Option<&str>>("Account.Name")?, Some("Acme"));
/// assert_eq!(record.json("Score__c"), Some("1999.90"));
///
/// for field in &record {
///     println!("{}: {}", field.name(), field.json());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is serialized to JSON as it came. It can be read from JSON by `serde_json` only.
#[derive(Clone)]
pub struct Record {
    /// A JSON object, checked.
    row: Bytes,
    shape: Arc<Shape>,
    cells: Cells,
}

impl Record {
    /// Reads a row: a JSON object, mostly a slice of a page. `shapes` is that of the row before.
    pub(crate) fn read(row: Bytes, shapes: &mut Shapes) -> Result<Self, Error> {
        let (shape, cells) = shapes
            .split(&row)
            .map_err(|why| Error::decode(format!("a record cannot be read: {why}")))?;
        Ok(Self { row, shape, cells })
    }

    /// The value of a field, or of a field of a parent: `get::<String>("Account.Name")`.
    ///
    /// Where a field may be null, read it as an [`Option`]; the fields of a parent that is null are
    /// null as well. Whatever `serde` reads is a type that a field can have.
    ///
    /// # Errors
    ///
    /// When the record has no such field, since it was not asked for, or its value is not a `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, path: &str) -> Result<T, Error> {
        let json = self.json(path).ok_or_else(|| {
            Error::decode(format!(
                "the record has no {}; it has {}",
                Excerpt(path),
                self.shape
            ))
        })?;
        field::decode(path, json)
    }

    /// The value of a field as the JSON text that was sent, or `None` where the record has no such
    /// field. Null is `Some("null")`.
    #[must_use]
    pub fn json(&self, path: &str) -> Option<&str> {
        let (name, rest) = path
            .split_once('.')
            .map_or((path, None), |(name, rest)| (name, Some(rest)));
        let cell = self.cell(self.shape.find(name)?);
        match rest {
            Some(rest) => path::descend(cell, rest),
            None => Some(cell),
        }
    }

    /// Whether the record has such a field, be it null.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.json(path).is_some()
    }

    /// The whole record as a type of yours.
    ///
    /// # Errors
    ///
    /// When the record is not a `T`.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        serde_json::from_slice(&self.row)
            .map_err(|error| Error::decode(format!("the record cannot be decoded: {error}")))
    }

    /// The fields in their order. What tells of the record itself (`attributes`) is left out.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(self)
    }

    /// The kind of object, such as `Contact`. `AggregateResult` for a row of a query with
    /// aggregates.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.get("attributes.type").ok()
    }

    /// The path under which the record is served, which tells the API version too.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.get("attributes.url").ok()
    }

    /// The id, from the field `Id` or, where that was not asked for, from the [`url`](Self::url).
    #[must_use]
    pub fn id(&self) -> Option<RecordId> {
        self.get("Id")
            .ok()
            .or_else(|| self.url()?.rsplit('/').next()?.parse().ok())
    }

    /// The same record in memory of its own, so that the page it came in can be let go.
    #[must_use]
    pub fn into_owned(self) -> Self {
        Self {
            row: Bytes::copy_from_slice(&self.row),
            ..self
        }
    }

    fn cell(&self, index: usize) -> &str {
        let cell = self.cells.get(index).and_then(|cell| {
            let range = usize::try_from(cell.start).ok()?..usize::try_from(cell.end).ok()?;
            std::str::from_utf8(self.row.get(range)?).ok()
        });
        cell.expect("the places and the text of cells are checked when the row is split")
    }
}

impl<'a> IntoIterator for &'a Record {
    type Item = Field<'a>;
    type IntoIter = Fields<'a>;

    fn into_iter(self) -> Fields<'a> {
        self.fields()
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row: &RawValue =
            serde_json::from_slice(&self.row).map_err(serde::ser::Error::custom)?;
        row.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row: Box<str> = Box::<RawValue>::deserialize(deserializer)?.into();
        Self::read(row.into_string().into(), &mut Shapes::default())
            .map_err(|error| D::Error::custom(error.message()))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for field in self {
            map.entry(
                &format_args!("{}", field.name()),
                &format_args!("{}", field.json()),
            );
        }
        map.finish()
    }
}
