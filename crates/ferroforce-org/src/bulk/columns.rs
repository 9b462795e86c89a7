//! What the columns of a file mean.

use std::borrow::Cow;

use rusqlite::types::Value;

use super::Operation;
use crate::error::{ApiError, excerpt};
use crate::record::{Incoming, coerce_text, parent_by_key};
use crate::rest::Context;
use crate::schema::{Field, FieldType, Object};

/// What stands in a cell for no value at all; an empty one says nothing.
const NULL: &str = "#N/A";

/// One column.
#[derive(Debug, Clone, Copy)]
enum Column<'s> {
    Field(&'s Field),
    /// `Account.Key__c`: the record that the reference is to be to, by one of its keys.
    Parent {
        field: &'s Field,
        target: &'s Object,
        key: &'s Field,
    },
}

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Columns<'s>(Vec<Column<'s>>);

/// What a row says: what tells which record it is about, and values for it.
#[derive(Debug)]
pub(super) struct Row<'s> {
    /// The `Id`, or the external id of an upsert, if it is given.
    pub(super) key: Option<String>,
    /// The values, or what is wrong with them.
    pub(super) incoming: Result<Incoming<'s>, ApiError>,
}

impl<'s> Columns<'s> {
    /// Finds what the cells of a header name. What cannot be found fails the whole file, in the
    /// words of the error.
    pub(super) fn find(
        context: &Context<'s>,
        object: &'s Object,
        operation: Operation,
        header: &[Cow<'_, str>],
    ) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(header.len());
        for (index, name) in header.iter().enumerate() {
            if header[..index]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
            {
                return Err(format!(
                    "InvalidBatch : Field name duplicated in header: {}",
                    excerpt(name)
                ));
            }
            let column = column(context, object, name).ok_or_else(|| {
                format!("InvalidBatch : Field name not found : {}", excerpt(name))
            })?;
            columns.push(column);
        }
        let only_id = matches!(columns.as_slice(), [Column::Field(field)] if field.name == "Id");
        if operation.deletes() && !only_id {
            return Err(format!(
                "InvalidBatch : The '{}' batch must contain only ids",
                operation.name()
            ));
        }
        Ok(Self(columns))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads the cells of a row. `key` is the field that tells which record is meant.
    pub(super) fn read(
        &self,
        context: &Context<'s>,
        key: Option<&Field>,
        cells: &[Cow<'_, str>],
    ) -> Row<'s> {
        let mut row = Row {
            key: None,
            incoming: Ok(Incoming::default()),
        };
        for (column, cell) in self.0.iter().zip(cells) {
            let field = match *column {
                Column::Field(field) | Column::Parent { field, .. } => field,
            };
            let is_key =
                matches!(column, Column::Field(_)) && key.is_some_and(|key| key.name == field.name);
            if is_key {
                let text = cell.trim();
                row.key = Some(text.to_owned()).filter(|text| !text.is_empty() && text != NULL);
            } else if let Ok(incoming) = &mut row.incoming
                && !cell.is_empty()
            {
                match column.value(context, cell) {
                    Ok(value) => incoming.set(field, value),
                    Err(error) => row.incoming = Err(error),
                }
            }
        }
        row
    }
}

/// The column of a name: `Name`, `Account.Key__c`, `Lead:Who.Email`.
fn column<'s>(context: &Context<'s>, object: &'s Object, name: &str) -> Option<Column<'s>> {
    let Some((relationship, key)) = name.split_once('.') else {
        return object
            .field(name)
            .filter(|field| field.is_stored())
            .map(Column::Field);
    };
    let (type_name, relationship) = match relationship.split_once(':') {
        Some((type_name, relationship)) => (Some(type_name), relationship),
        None => (None, relationship),
    };
    let field = object.parent(relationship)?;
    let target = match (type_name, field.reference_to.as_slice()) {
        (None, [only]) => only,
        // Which one must be said, and only then.
        (Some(name), several) if several.len() > 1 => several
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))?,
        _ => return None,
    };
    let target = context.schema.object(target)?;
    let key = target
        .field(key)
        .filter(|key| key.external_id || key.id_lookup)?;
    Some(Column::Parent { field, target, key })
}

impl Column<'_> {
    /// The value of a cell that is not empty.
    fn value(self, context: &Context<'_>, cell: &str) -> Result<Value, ApiError> {
        let read = |field: &Field| match cell {
            NULL => Ok(Value::Null),
            _ => value_of(field, cell).ok_or_else(|| not_of_type(field, cell)),
        };
        match self {
            Self::Field(field) => read(field),
            Self::Parent { target, key, .. } => match read(key)? {
                Value::Null => Ok(Value::Null),
                value => parent_by_key(context, target, key, &value, cell.trim()),
            },
        }
    }
}

/// A value as it is written in a file. Booleans may be written in more ways than in JSON.
pub(super) fn value_of(field: &Field, cell: &str) -> Option<Value> {
    if field.field_type == FieldType::Boolean {
        let truth = match cell.trim() {
            "1" => true,
            "0" => false,
            text if text.eq_ignore_ascii_case("true") => true,
            text if text.eq_ignore_ascii_case("false") => false,
            _ => return None,
        };
        return Some(Value::Integer(truth.into()));
    }
    coerce_text(field, cell)
}

fn not_of_type(field: &Field, cell: &str) -> ApiError {
    ApiError::bad_request(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        format!(
            "{}: value not of required type: {}",
            field.label,
            excerpt(cell)
        ),
    )
    .with_fields([&field.name])
}
