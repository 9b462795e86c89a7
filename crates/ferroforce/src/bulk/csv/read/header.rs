//! The header of a file that is to be uploaded.

use super::columns::Columns;
use super::dialect::LONGEST_HEADER;
use crate::error::{Error, Result};
use crate::types::Excerpt;

/// Salesforce takes so many columns.
const MOST_COLUMNS: usize = 5_000;

impl Columns {
    /// Whether Salesforce can take these as the columns of an upload.
    ///
    /// # Errors
    /// A name that is none, or stands there twice; more than there may be.
    pub(crate) fn check_for_upload(&self) -> Result<()> {
        let names = self.names();
        if names.len() > MOST_COLUMNS {
            return Err(Error::invalid_input(format!(
                "the header has {} columns, and Salesforce takes {MOST_COLUMNS}",
                names.len()
            )));
        }
        let characters: usize = names.iter().map(|name| name.chars().count() + 1).sum();
        if characters > LONGEST_HEADER {
            return Err(Error::invalid_input(format!(
                "the header has {characters} characters, and Salesforce takes {LONGEST_HEADER}"
            )));
        }
        let mut known = std::collections::HashSet::new();
        for name in names {
            if !is_column(name) {
                return Err(Error::invalid_input(format!(
                    "the header has {}, which is no name of a field; a column is a field (Email), \
                     a field of a parent (Account.Key__c), or that of a parent of several types \
                     (Lead:Who.Email), without blanks. Does the file begin with a header?",
                    Excerpt(name)
                )));
            }
            if !known.insert(name.to_ascii_lowercase()) {
                return Err(Error::invalid_input(format!(
                    "the header has the column {} twice",
                    Excerpt(name)
                )));
            }
        }
        Ok(())
    }
}

fn is_column(name: &str) -> bool {
    let (sobject, path) = match name.split_once(':') {
        Some((sobject, path)) => (Some(sobject), path),
        None => (None, name),
    };
    sobject.is_none_or(is_name) && path.split('.').all(is_name) && path.split('.').count() <= 2
}

fn is_name(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic())
        && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}
