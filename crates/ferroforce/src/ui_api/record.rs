use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::types::{Record, RecordId};

/// A record as the User Interface API shows it: each field has a value, and the
/// text in which users see it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UiRecord {
    /// Its id.
    pub id: RecordId,
    /// Its object.
    pub api_name: String,
    /// The fields as they came: each is an object with `value` and `displayValue`.
    pub fields: Record,
    /// The record type, where the object has any.
    #[serde(default)]
    pub record_type_id: Option<String>,
    /// When it was written last.
    #[serde(default)]
    pub last_modified_date: Option<String>,
    /// Changes with the record.
    #[serde(default, rename = "eTag")]
    pub etag: Option<String>,
}

impl UiRecord {
    /// The value of a field.
    ///
    /// # Errors
    /// When the record has no such field, since it was not asked for, or its value is
    /// not a `T`. A value may be null: then take an [`Option`].
    pub fn value<T: DeserializeOwned>(&self, field: &str) -> Result<T> {
        self.fields.get(&format!("{field}.value"))
    }

    /// The text in which users see the field, where it differs from the value.
    ///
    /// # Errors
    /// When the record has no such field.
    pub fn display_value(&self, field: &str) -> Result<Option<String>> {
        self.fields.get(&format!("{field}.displayValue"))
    }
}
