//! Functions of fields in select lists, conditions, groups and sort keys.

use ferroforce_soql::ast::{Field, Name};

use super::Compiler;
use super::operand::{Kind, Operand};
use crate::error::ApiError;

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
            // The labels of picklist values are the values themselves unless the schema says else.
            "TOLABEL" if has_plain_labels(&operand) => Ok(operand),
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

/// Whether every picklist value of the field is its own label.
fn has_plain_labels(operand: &Operand<'_>) -> bool {
    operand.field.is_none_or(|field| {
        field
            .picklist_values
            .iter()
            .all(|choice| choice.label == choice.value)
    })
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
