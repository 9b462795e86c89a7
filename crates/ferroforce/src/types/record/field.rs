//! The fields of a record.

use std::iter::FusedIterator;

use serde::Deserialize;

use super::{ATTRIBUTES, Record};
use crate::Error;
use crate::types::Excerpt;

/// A field of a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    name: &'a str,
    json: &'a str,
}

impl<'a> Field<'a> {
    /// The name, in the letter case that Salesforce gave it.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The value as the JSON text that was sent.
    #[must_use]
    pub fn json(&self) -> &'a str {
        self.json
    }

    /// Whether the value is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.json == "null"
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// When it is not a `T`.
    pub fn get<T: Deserialize<'a>>(&self) -> Result<T, Error> {
        decode(self.name, self.json)
    }
}

/// Reads a value; the error names the field.
pub(super) fn decode<'a, T: Deserialize<'a>>(path: &str, json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        let hint = if json == "null" {
            "; a field that may be null is an Option"
        } else {
            ""
        };
        Error::decode(format!(
            "the field {} cannot be decoded: {error}{hint}",
            Excerpt(path)
        ))
    })
}

/// The fields of a [`Record`] in their order, made by [`Record::fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    record: &'a Record,
    next: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(record: &'a Record) -> Self {
        Self { record, next: 0 }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let index = self.next;
            let name = self.record.shape.name(index)?;
            self.next += 1;
            if name != ATTRIBUTES {
                return Some(Field {
                    name,
                    json: self.record.cell(index),
                });
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.record.cells.len() - self.next;
        (left.saturating_sub(1), Some(left))
    }
}

impl FusedIterator for Fields<'_> {}
