//! ORDER BY as SQL.

use std::fmt;

use ferroforce_soql::ast::{Field, NullsOrder, OrderBy, OrderKey, SortDirection};

use super::Compiler;
use super::fault::malformed;
use super::function::literal;
use super::operand::{Kind, Operand};
use crate::error::ApiError;
use crate::schema::FieldType;

/// How many keys ORDER BY may have.
const MOST_KEYS: usize = 32;

/// One key of ORDER BY: what rows are sorted by, and which way.
pub(super) struct SortKey {
    pub(super) value: String,
    /// Direction and place of nulls; empty for what SQLite does without a word, where nulls come
    /// first upwards and last downwards.
    pub(super) direction: &'static str,
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.direction)
    }
}

impl<'a> Compiler<'a> {
    /// The keys of ORDER BY, without a tie-breaker.
    pub(super) fn order(&mut self, keys: &[OrderBy]) -> Result<Vec<SortKey>, ApiError> {
        if keys.len() > MOST_KEYS {
            return Err(malformed("ORDER BY can have at most 32 fields"));
        }
        keys.iter()
            .map(|key| {
                let operand = match &key.key {
                    OrderKey::Field(field) => self.sortable(field)?,
                    OrderKey::Distance(call) => self.distance(call)?,
                    _ => return Err(ApiError::unsupported("this key of ORDER BY")),
                };
                Ok(SortKey {
                    value: sort_value(&operand),
                    direction: self.direction(&operand, key),
                })
            })
            .collect()
    }

    /// Which way a key sorts, and where its nulls stand.
    fn direction(&self, operand: &Operand<'_>, key: &OrderBy) -> &'static str {
        // References keep their nulls on top whatever is asked for.
        let is_reference = operand.kind == Kind::Id && operand.name != "Id";
        let nulls = key
            .nulls
            .filter(|&nulls| nulls == NullsOrder::First || !is_reference);
        match (key.direction, nulls) {
            (Some(SortDirection::Descending), None)
                if self.scope.readings.nulls_first_descending =>
            {
                " DESC NULLS FIRST"
            }
            (Some(SortDirection::Descending), None) => " DESC",
            (Some(SortDirection::Descending), Some(NullsOrder::First)) => " DESC NULLS FIRST",
            (Some(SortDirection::Descending), Some(_)) => " DESC NULLS LAST",
            (_, None) => "",
            (_, Some(NullsOrder::First)) => " NULLS FIRST",
            (_, Some(_)) => " NULLS LAST",
        }
    }

    /// The field as an operand, unless it can't be sorted by.
    fn sortable(&mut self, field: &Field) -> Result<Operand<'a>, ApiError> {
        let source = self.source;
        if let Some(function) = field.function()
            && ["toLabel", "FORMAT", "convertCurrency"]
                .iter()
                .any(|name| function.is(name))
        {
            let message = format!("{function}() cannot be used in ORDER BY");
            return Err(source.at(field.span, "MALFORMED_QUERY", &message));
        }
        let operand = self.expression(field)?;
        let allowed = operand.field.is_none_or(|field| field.sortable);
        let ordered = !matches!(
            operand.kind,
            Kind::Multipicklist | Kind::Blob | Kind::Address | Kind::Location
        );
        if allowed && ordered {
            Ok(operand)
        } else {
            Err(source.not_allowed(field.span, &operand.name, "sorted"))
        }
    }
}

/// What to sort by: picklists go by the order in which their values were set up.
fn sort_value(operand: &Operand<'_>) -> String {
    let values = match operand.field {
        Some(field) if field.field_type == FieldType::Picklist => &field.picklist_values[..],
        _ => &[],
    };
    if values.is_empty() || operand.kind != Kind::Text {
        return operand.key.clone();
    }
    let places: String = values
        .iter()
        .enumerate()
        .map(|(place, choice)| {
            let value = literal(&choice.value.to_uppercase());
            format!(" WHEN {value} THEN {place}")
        })
        .collect();
    let key = &operand.key;
    format!(
        "CASE WHEN {key} IS NOT NULL THEN CASE {key}{places} ELSE {} END END",
        values.len()
    )
}
