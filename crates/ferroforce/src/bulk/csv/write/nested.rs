//! The fields of a parent, which are columns of their own: `Account.Key__c`.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct};

use super::cell::CellSerializer;
use super::json::{self, RAW};
use super::refusal::Refusal;
use super::sheet::Sheet;
use super::text::TextSerializer;

/// What tells of a record itself among its fields in JSON.
pub(super) const ATTRIBUTES: &str = "attributes";

/// Checks that `key` can be the name of a parent.
pub(super) fn check_parent(sheet: &Sheet, key: &str) -> Result<(), Refusal> {
    let parent = &sheet.row.parent;
    if !parent.is_empty() {
        return Err(Refusal::new(format!(
            "its field {parent}.{key} has fields itself, and a column reaches no further than the \
             fields of a parent"
        )));
    }
    if key.len() > 3 && key.as_bytes()[key.len() - 3..].eq_ignore_ascii_case(b"__c") {
        return Err(Refusal::new(format!(
            "its field {key} has fields itself: the parent that a custom field leads to is called \
             {}__r",
            &key[..key.len() - 3]
        )));
    }
    Ok(())
}

/// Writes the fields of a parent.
pub(super) struct ParentFields<'a> {
    sheet: &'a mut Sheet,
    kind: Kind,
}

enum Kind {
    Parent {
        key: String,
    },
    /// It tells of the record and is no field.
    Attributes,
    /// JSON, be it a value or a parent.
    Raw {
        column: String,
    },
}

impl<'a> ParentFields<'a> {
    pub(super) fn new(sheet: &'a mut Sheet, key: &str, name: &str) -> Result<Self, Refusal> {
        let kind = if name == RAW {
            Kind::Raw {
                column: key.to_owned(),
            }
        } else if key == ATTRIBUTES {
            Kind::Attributes
        } else {
            check_parent(sheet, key)?;
            sheet.row.parent.push_str(key);
            Kind::Parent { key: String::new() }
        };
        Ok(Self { sheet, kind })
    }

    fn finish(self) -> Result<(), Refusal> {
        if matches!(self.kind, Kind::Parent { .. }) {
            self.sheet.row.parent.clear();
        }
        Ok(())
    }
}

impl SerializeMap for ParentFields<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Refusal> {
        match &mut self.kind {
            Kind::Parent { key } => name.serialize(TextSerializer(key)),
            _ => Ok(()),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        match &self.kind {
            Kind::Parent { key } => value.serialize(CellSerializer::new(self.sheet, key)),
            _ => Ok(()),
        }
    }

    fn end(self) -> Result<(), Refusal> {
        self.finish()
    }
}

impl SerializeStruct for ParentFields<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        match &self.kind {
            Kind::Parent { .. } => value.serialize(CellSerializer::new(self.sheet, key)),
            Kind::Attributes => Ok(()),
            Kind::Raw { column } => {
                let mut text = String::new();
                value.serialize(TextSerializer(&mut text))?;
                json::cell(self.sheet, column, &text)
            }
        }
    }

    fn end(self) -> Result<(), Refusal> {
        self.finish()
    }
}
