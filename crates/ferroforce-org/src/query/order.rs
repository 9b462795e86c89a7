//! ORDER BY as SQL.

use ferroforce_soql::ast::{NullsOrder, OrderBy, OrderKey, SortDirection};

use super::Compiler;
use super::fault::malformed;
use super::operand::{Kind, Operand};
use crate::error::ApiError;

/// How many keys ORDER BY may have.
const MOST_KEYS: usize = 32;

impl Compiler<'_> {
    /// The keys of ORDER BY, without a tie-breaker.
    pub(super) fn order(&mut self, keys: &[OrderBy]) -> Result<Vec<String>, ApiError> {
        if keys.len() > MOST_KEYS {
            return Err(malformed("ORDER BY can have at most 32 fields"));
        }
        keys.iter()
            .map(|key| {
                let OrderKey::Field(field) = &key.key else {
                    return Err(ApiError::unsupported("DISTANCE in ORDER BY"));
                };
                let operand = self.expression(field)?;
                let allowed = operand.field.is_none_or(|field| field.sortable);
                if !allowed || matches!(operand.kind, Kind::Multipicklist | Kind::Blob) {
                    return Err(self.source.not_allowed(field.span, &operand.name, "sorted"));
                }
                if matches!(operand.kind, Kind::Address | Kind::Location) {
                    return Err(self.source.not_allowed(field.span, &operand.name, "sorted"));
                }
                Ok(sort_key(&operand, key))
            })
            .collect()
    }
}

/// One key with its direction. Without a word nulls come first upwards and last downwards, as
/// they do in SQLite.
pub(super) fn sort_key(operand: &Operand<'_>, key: &OrderBy) -> String {
    let direction = match key.direction {
        Some(SortDirection::Descending) => " DESC",
        _ => "",
    };
    // References keep their nulls on top whatever is asked for.
    let is_reference = operand.kind == Kind::Id && operand.name != "Id";
    let nulls = match key.nulls {
        Some(NullsOrder::First) => " NULLS FIRST",
        Some(NullsOrder::Last) if !is_reference => " NULLS LAST",
        _ => "",
    };
    format!("{}{direction}{nulls}", operand.key)
}
