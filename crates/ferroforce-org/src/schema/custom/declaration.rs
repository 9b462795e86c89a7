//! What a user's schema file may say.

use serde::Deserialize;

use crate::schema::file::{AutoNumber, Choice, Entries, OnDelete, Scalar};

/// A whole file: objects by name.
pub(super) type File = Entries<CustomObject>;

/// A new object, or a standard one that gets more fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CustomObject {
    pub(super) label: Option<String>,
    pub(super) plural: Option<String>,
    pub(super) key_prefix: Option<String>,
    pub(super) name: Option<NameField>,
    pub(super) fields: Entries<CustomField>,
}

/// The field `Name` of a new object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NameField {
    pub(super) label: Option<String>,
    pub(super) auto_number: Option<AutoNumber>,
}

/// A new field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CustomField {
    #[serde(rename = "type")]
    pub(super) field_type: Option<String>,
    pub(super) label: Option<String>,
    pub(super) length: Option<u32>,
    pub(super) precision: Option<u32>,
    pub(super) scale: Option<u32>,
    pub(super) required: Option<bool>,
    pub(super) default: Option<Scalar>,
    pub(super) unique: Option<bool>,
    pub(super) external_id: Option<bool>,
    pub(super) case_sensitive: Option<bool>,
    pub(super) values: Vec<Choice>,
    pub(super) restricted: Option<bool>,
    pub(super) to: Option<String>,
    pub(super) relationship: Option<String>,
    pub(super) children: Option<String>,
    pub(super) on_delete: Option<OnDelete>,
    pub(super) master_detail: Option<bool>,
    pub(super) auto_number: Option<AutoNumber>,
    pub(super) formula: Option<String>,
}
