//! What a schema file says, word for word.

use serde::Deserialize;

use super::Entries;

/// A whole file: objects by name.
pub(crate) type File = Entries<ObjectDeclaration>;

/// An object. What is not said is filled in by what is usual.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObjectDeclaration {
    pub(crate) api: Api,
    pub(crate) label: Option<String>,
    pub(crate) plural: Option<String>,
    pub(crate) key_prefix: Option<String>,
    pub(crate) createable: Option<bool>,
    pub(crate) updateable: Option<bool>,
    pub(crate) deletable: Option<bool>,
    pub(crate) undeletable: Option<bool>,
    pub(crate) mergeable: Option<bool>,
    pub(crate) searchable: Option<bool>,
    pub(crate) triggerable: Option<bool>,
    pub(crate) layoutable: Option<bool>,
    pub(crate) mru_enabled: Option<bool>,
    pub(crate) feed_enabled: Option<bool>,
    pub(crate) deep_cloneable: Option<bool>,
    pub(crate) fields: Entries<FieldDeclaration>,
}

/// By which API an object is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Api {
    #[default]
    Data,
    Tooling,
    Both,
}

/// A field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FieldDeclaration {
    #[serde(rename = "type")]
    pub(crate) field_type: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) length: Option<u32>,
    pub(crate) precision: Option<u32>,
    pub(crate) scale: Option<u32>,
    pub(crate) digits: Option<u32>,
    pub(crate) required: Option<bool>,
    pub(crate) access: Option<Access>,
    pub(crate) default: Option<Scalar>,
    pub(crate) defaulted: bool,
    pub(crate) unique: bool,
    pub(crate) external_id: bool,
    pub(crate) id_lookup: bool,
    pub(crate) case_sensitive: bool,
    pub(crate) values: Vec<Choice>,
    pub(crate) restricted: bool,
    pub(crate) to: Names,
    pub(crate) relationship: Option<String>,
    pub(crate) children: Option<String>,
    pub(crate) on_delete: Option<OnDelete>,
    pub(crate) master_detail: bool,
    pub(crate) auto_number: Option<AutoNumber>,
    pub(crate) name_field: bool,
    pub(crate) compound: Option<String>,
    pub(crate) filterable: Option<bool>,
    pub(crate) sortable: Option<bool>,
    pub(crate) groupable: Option<bool>,
}

/// When a field may be written, if not always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Access {
    /// Never.
    Read,
    /// When the record is made.
    Create,
    /// Once the record is there.
    Update,
}

/// What happens to a record whose parent is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnDelete {
    /// It loses its parent.
    Clear,
    /// It goes too.
    Cascade,
    /// The parent cannot go.
    Restrict,
}

/// Counting up: with or without a format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "true, or a format such as \"INV-{0000}\"")]
pub(crate) enum AutoNumber {
    Plain(bool),
    Format(String),
}

/// A default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
}

/// One name or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a name or a list of names")]
pub(crate) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Names {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// A choice of a picklist: its value, or more about it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or a table with `value`, `label`, `default` and `active`"
)]
pub(crate) enum Choice {
    Value(String),
    Full(FullChoice),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FullChoice {
    pub(crate) value: String,
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) default: bool,
    #[serde(default = "yes")]
    pub(crate) active: bool,
}

fn yes() -> bool {
    true
}

impl Scalar {
    /// As text, the way a field keeps its default.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }
}
