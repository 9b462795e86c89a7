//! Fields and functions of fields, as SQL with a type.

use super::names::quoted;
use crate::schema::{Field, FieldType};
use crate::store::table::{has_folded_key, key_column};

/// How a value is stored, compared and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Compared without case, through a column of folded keys.
    Text,
    /// Compared with case.
    ExactText,
    /// Values joined by semicolons; compared as text.
    Multipicklist,
    /// 18 characters, compared with case.
    Id,
    Boolean,
    Integer,
    Double,
    /// Days since 1970.
    Date,
    /// Milliseconds since 1970.
    DateTime,
    /// Milliseconds since midnight.
    Time,
    /// Made of other fields.
    Address,
    /// Made of two other fields.
    Location,
    /// Not stored in a column.
    Blob,
}

impl Kind {
    pub(super) fn of(field: &Field) -> Self {
        match field.field_type {
            FieldType::Id | FieldType::Reference => Self::Id,
            FieldType::Boolean => Self::Boolean,
            FieldType::Int | FieldType::Long => Self::Integer,
            FieldType::Double | FieldType::Currency | FieldType::Percent => Self::Double,
            FieldType::Date => Self::Date,
            FieldType::Datetime => Self::DateTime,
            FieldType::Time => Self::Time,
            FieldType::Multipicklist => Self::Multipicklist,
            _ if !has_folded_key(field) && field.field_type.is_text() => Self::ExactText,
            FieldType::Address => Self::Address,
            FieldType::Location => Self::Location,
            FieldType::Base64 => Self::Blob,
            _ => Self::Text,
        }
    }

    /// The type's name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text | Self::ExactText | Self::Multipicklist | Self::Blob => "string",
            Self::Id => "id",
            Self::Boolean => "boolean",
            Self::Integer => "int",
            Self::Double => "double",
            Self::Date => "date",
            Self::DateTime => "dateTime",
            Self::Time => "time",
            Self::Address => "address",
            Self::Location => "location",
        }
    }
}

/// Something that can be selected, compared or sorted by.
#[derive(Clone, Debug)]
pub(super) struct Operand<'a> {
    /// The table that it comes from.
    pub(super) table: usize,
    /// Its name in answers and messages, in the schema's case.
    pub(super) name: String,
    /// SQL for the value to be answered.
    pub(super) value: String,
    /// SQL for the value to be compared and sorted by.
    pub(super) key: String,
    pub(super) kind: Kind,
    /// The field behind it, if there is exactly one.
    pub(super) field: Option<&'a Field>,
}

impl<'a> Operand<'a> {
    pub(super) fn of_field(table: usize, alias: &str, field: &'a Field) -> Self {
        Self {
            table,
            name: field.name.clone(),
            value: format!("{alias}.{}", quoted(&field.name)),
            key: format!("{alias}.{}", key_column(field)),
            kind: Kind::of(field),
            field: Some(field),
        }
    }
}
