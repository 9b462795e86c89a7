use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::op::Response;
use crate::types::Record;

/// What a search has found: records of all the objects that were searched, in
/// Salesforce's order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchResults<T> {
    /// The records.
    pub records: Vec<T>,
    /// Labels of the objects and fields, where they were asked for
    /// (`WITH METADATA = 'LABELS'`).
    pub metadata: Option<Metadata>,
}

/// Labels of the objects that a search went through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Metadata {
    /// One entry for each object.
    #[serde(default)]
    pub entity_metadata: Vec<EntityMetadata>,
}

/// An object and the labels of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EntityMetadata {
    /// The object's name.
    pub entity_name: String,
    /// One entry for each field.
    #[serde(default)]
    pub field_metadata: Vec<FieldMetadata>,
}

/// A field and its label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldMetadata {
    /// The field's name.
    pub name: String,
    /// Its label in the user's language.
    pub label: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<T> {
    search_records: Vec<T>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl<T: DeserializeOwned> SearchResults<T> {
    /// Versions before 37.0 answer with the bare list.
    pub(super) fn decode(response: &Response) -> Result<Self> {
        let is_list = response.body().trim_ascii_start().first() == Some(&b'[');
        let wire: Wire<T> = if is_list {
            Wire {
                search_records: response.json()?,
                metadata: None,
            }
        } else {
            response.json()?
        };
        Ok(Self {
            records: wire.search_records,
            metadata: wire.metadata,
        })
    }
}

impl SearchResults<Record> {
    /// The records of one object.
    pub fn of<'a>(&'a self, object: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| {
            record
                .object()
                .is_some_and(|name| name.eq_ignore_ascii_case(object))
        })
    }
}

impl<T> IntoIterator for SearchResults<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}
