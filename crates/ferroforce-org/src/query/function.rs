//! Functions of fields in select lists, conditions, groups and sort keys.

use std::fmt::Write;

use ferroforce_soql::ast::{Field, Name};

use super::Compiler;
use super::operand::{Kind, Operand};
use crate::error::ApiError;
use crate::schema::PicklistValue;

const MILLIS_PER_DAY: &str = "86400000";

impl<'a> Compiler<'a> {
    /// A field, perhaps inside functions.
    pub(super) fn expression(&mut self, field: &Field) -> Result<Operand<'a>, ApiError> {
        match self.groups.take() {
            None => self.plain_expression(field),
            Some(groups) => {
                let operand = self.grouped(field, &groups);
                self.groups = Some(groups);
                operand
            }
        }
    }

    /// A field, perhaps inside functions that are no aggregates.
    pub(super) fn plain_expression(&mut self, field: &Field) -> Result<Operand<'a>, ApiError> {
        let mut operand = self.operand(&field.path)?;
        for function in field.functions.iter().rev() {
            operand = self.apply(function, operand)?;
        }
        Ok(operand)
    }

    fn apply(&self, function: &Name, operand: Operand<'a>) -> Result<Operand<'a>, ApiError> {
        let name = function.text.to_ascii_uppercase();
        match name.as_str() {
            "TOLABEL" => Ok(labelled(operand)),
            "CONVERTTIMEZONE" if operand.kind == Kind::DateTime && self.in_utc() => Ok(operand),
            _ => match date_part(&name, &operand) {
                Some((value, kind)) => Ok(Operand {
                    key: value.clone(),
                    value,
                    kind,
                    field: None,
                    ..operand
                }),
                None => Err(ApiError::unsupported(format_args!(
                    "the function {function}() of the field {}",
                    operand.name
                ))),
            },
        }
    }

    fn in_utc(&self) -> bool {
        self.scope.time_zone == jiff::tz::TimeZone::UTC
    }
}

/// The labels of a picklist's values in their place.
fn labelled(operand: Operand<'_>) -> Operand<'_> {
    let choices = operand
        .field
        .map_or(&[][..], |field| &field.picklist_values);
    let differs = |choice: &&PicklistValue| choice.label != choice.value;
    if choices.iter().find(differs).is_none() {
        return operand;
    }
    let mut value = format!("CASE {}", operand.key);
    let mut key = value.clone();
    for choice in choices.iter().filter(differs) {
        let wanted = literal(&choice.value.to_uppercase());
        let _ = write!(value, " WHEN {wanted} THEN {}", literal(&choice.label));
        let folded = literal(&choice.label.to_uppercase());
        let _ = write!(key, " WHEN {wanted} THEN {folded}");
    }
    Operand {
        value: format!("{value} ELSE {} END", operand.value),
        key: format!("{key} ELSE {} END", operand.key),
        field: None,
        ..operand
    }
}

/// A text as SQL writes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A date function's SQL, in UTC; `None` if there is no such function of the operand.
fn date_part(function: &str, operand: &Operand<'_>) -> Option<(String, Kind)> {
    let stored = &operand.value;
    let day = match operand.kind {
        Kind::Date => stored.clone(),
        // Rounded down, also before 1970.
        Kind::DateTime => format!(
            "(({stored} - (({stored} % {MILLIS_PER_DAY}) + {MILLIS_PER_DAY}) % {MILLIS_PER_DAY}) \
             / {MILLIS_PER_DAY})"
        ),
        _ => return None,
    };
    let part =
        |code: &str| format!("CAST(strftime('{code}', {day} * 86400, 'unixepoch') AS INTEGER)");
    let value = match function {
        "CALENDAR_YEAR" | "FISCAL_YEAR" => part("%Y"),
        "CALENDAR_QUARTER" | "FISCAL_QUARTER" => format!("(({} + 2) / 3)", part("%m")),
        "CALENDAR_MONTH" | "FISCAL_MONTH" => part("%m"),
        "DAY_IN_MONTH" => part("%d"),
        "DAY_IN_WEEK" => format!("({} + 1)", part("%w")),
        "DAY_IN_YEAR" => part("%j"),
        "WEEK_IN_MONTH" => format!("(({} + 6) / 7)", part("%d")),
        "WEEK_IN_YEAR" => format!("(({} + 6) / 7)", part("%j")),
        "DAY_ONLY" if operand.kind == Kind::DateTime => return Some((day, Kind::Date)),
        "HOUR_IN_DAY" if operand.kind == Kind::DateTime => format!(
            "((({stored} % {MILLIS_PER_DAY}) + {MILLIS_PER_DAY}) % {MILLIS_PER_DAY} / 3600000)"
        ),
        _ => return None,
    };
    Some((value, Kind::Integer))
}
