//! WITH and the other clauses behind RETURNING.

use ferroforce_soql::Search;
use ferroforce_soql::ast::{SearchWith, WithValue};

use super::highlight;
use crate::error::ApiError;

/// The first version of the API that knows WITH SPELL_CORRECTION.
const SPELL_CORRECTION_SINCE: u16 = 40;

/// The first version of the API whose answer has a place for metadata.
pub(crate) const OBJECT_SINCE: u16 = 37;

/// What the clauses ask for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Clauses {
    /// `WITH HIGHLIGHT`
    pub(super) highlight: bool,
    /// `WITH METADATA = 'LABELS'`
    pub(super) labels: bool,
    /// `WITH SNIPPET`
    pub(super) snippets: bool,
}

impl Clauses {
    /// Reads the clauses of a search; those that the org does not know are refused.
    pub(super) fn of(search: &Search, version: u16) -> Result<Self, ApiError> {
        let mut clauses = Self::default();
        for with in &search.with {
            clauses.read(with, version)?;
        }
        if search.mode.is_some() {
            return Err(ApiError::unsupported("USING in a search"));
        }
        if search.offset.is_some() {
            return Err(ApiError::unsupported("OFFSET behind RETURNING"));
        }
        if !search.update.is_empty() {
            return Err(ApiError::unsupported("UPDATE TRACKING and VIEWSTAT"));
        }
        Ok(clauses)
    }

    fn read(&mut self, with: &SearchWith, version: u16) -> Result<(), ApiError> {
        match with {
            // Whoever asks may see everything.
            SearchWith::Keyword(name) if name.is("USER_MODE") || name.is("SYSTEM_MODE") => {}
            SearchWith::Keyword(name) if name.is("HIGHLIGHT") => {
                since(highlight::SINCE, version, "WITH HIGHLIGHT")?;
                self.highlight = true;
            }
            SearchWith::Keyword(name) | SearchWith::Call { name, .. } if name.is("SNIPPET") => {
                self.snippets = true;
            }
            // Nothing is corrected either way.
            SearchWith::Flag { name, .. } if name.is("SPELL_CORRECTION") => {
                since(SPELL_CORRECTION_SINCE, version, "WITH SPELL_CORRECTION")?;
            }
            SearchWith::Equals {
                name,
                value: WithValue::String(value),
            } if name.is("METADATA") && value.eq_ignore_ascii_case("LABELS") => {
                since(OBJECT_SINCE, version, "WITH METADATA")?;
                self.labels = true;
            }
            SearchWith::DataCategory(_) => {
                return Err(ApiError::unsupported("WITH DATA CATEGORY"));
            }
            SearchWith::Keyword(name)
            | SearchWith::Call { name, .. }
            | SearchWith::Flag { name, .. }
            | SearchWith::Equals { name, .. }
            | SearchWith::In { name, .. } => {
                return Err(ApiError::unsupported(format_args!("WITH {name}")));
            }
            _ => return Err(ApiError::unsupported("this WITH clause")),
        }
        Ok(())
    }
}

fn since(first: u16, version: u16, clause: &str) -> Result<(), ApiError> {
    if version < first {
        return Err(ApiError::unsupported(format_args!(
            "{clause} before API {first}.0"
        )));
    }
    Ok(())
}
