//! Functions of fields in select lists, conditions, groups and sort keys.

use std::fmt::Write;

use ferroforce_soql::ast::{Field, Name};

use super::Compiler;
use super::aggregate::AGGREGATES;
use super::fault::malformed;
use super::native::SEPARATOR;
use super::operand::{Kind, Operand};
use crate::error::ApiError;
use crate::schema::{Field as SchemaField, FieldType, PicklistValue};

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
        if field.function().is_some_and(|f| f.is("convertTimezone")) {
            let message = "convertTimezone() can be used only inside of a date function";
            return Err(self.source.at(field.span, "MALFORMED_QUERY", message));
        }
        let mut operand = self.operand(&field.path)?;
        for function in field.functions.iter().rev() {
            operand = self.apply(function, &operand)?;
        }
        Ok(operand)
    }

    fn apply(&self, function: &Name, operand: &Operand<'a>) -> Result<Operand<'a>, ApiError> {
        let name = function.text.to_ascii_uppercase();
        if AGGREGATES.contains(&name.as_str()) {
            return Err(malformed(
                "aggregate functions can be used in SELECT, HAVING and ORDER BY only",
            ));
        }
        let applied = match name.as_str() {
            "TOLABEL" => Some(labelled(operand.clone())),
            "FORMAT" => self.formatted(operand, operand.field)?,
            "CONVERTCURRENCY" => is_currency(operand.field).then(|| operand.clone()),
            "CONVERTTIMEZONE" => self.in_users_time(operand),
            _ => date_part(&name, operand).map(|(value, kind)| Operand {
                key: value.clone(),
                value,
                kind,
                field: None,
                ..operand.clone()
            }),
        };
        applied.ok_or_else(|| {
            ApiError::unsupported(format_args!(
                "the function {function}() of the field {}",
                operand.name
            ))
        })
    }

    /// FORMAT: a value as the user interface shows it; `None` for what it does not apply to. The
    /// field tells the digits behind the point.
    pub(super) fn formatted(
        &self,
        operand: &Operand<'a>,
        field: Option<&SchemaField>,
    ) -> Result<Option<Operand<'a>>, ApiError> {
        let digits = field.map_or(0, |field| field.scale);
        let number = match field.map(|field| field.field_type) {
            Some(FieldType::Currency) => "currency",
            Some(FieldType::Percent) => "percent",
            _ => "number",
        };
        let how = match operand.kind {
            Kind::Integer => "number:0".to_owned(),
            Kind::Double => format!("{number}:{digits}"),
            Kind::Date => "date".to_owned(),
            Kind::Time => "time".to_owned(),
            Kind::DateTime => format!("datetime:{}", self.zone()),
            _ => return Ok(None),
        };
        if self.scope.locale != "en_US" {
            return Err(ApiError::unsupported(format_args!(
                "FORMAT() in the locale {}",
                self.scope.locale
            )));
        }
        let value = format!("formatted({}, {})", operand.value, literal(&how));
        Ok(Some(Operand {
            key: value.clone(),
            value,
            kind: Kind::ExactText,
            field: None,
            ..operand.clone()
        }))
    }

    /// convertTimezone: a moment by the user's clock, to take parts of.
    fn in_users_time(&self, operand: &Operand<'a>) -> Option<Operand<'a>> {
        if operand.kind != Kind::DateTime {
            return None;
        }
        let value = format!("local_millis({}, {})", operand.value, literal(self.zone()));
        Some(Operand {
            key: value.clone(),
            value,
            field: None,
            ..operand.clone()
        })
    }

    fn zone(&self) -> &str {
        self.scope.time_zone.iana_name().unwrap_or("UTC")
    }
}

/// Whether a field holds an amount of money. Of currencies there is only the org's, so that
/// convertCurrency changes nothing.
pub(super) fn is_currency(field: Option<&SchemaField>) -> bool {
    field.is_some_and(|field| field.field_type == FieldType::Currency)
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
    if operand.kind == Kind::Multipicklist {
        return labelled_values(&operand, choices);
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

/// The labels of all values of a multi-select picklist.
fn labelled_values<'a>(operand: &Operand<'a>, choices: &[PicklistValue]) -> Operand<'a> {
    let list: Vec<String> = choices
        .iter()
        .flat_map(|choice| [choice.value.to_uppercase(), choice.label.clone()])
        .collect();
    let list = list.join(&SEPARATOR.to_string());
    Operand {
        value: format!("labels({}, {})", operand.value, literal(&list)),
        key: format!("labels({}, {})", operand.key, literal(&list.to_uppercase())),
        field: None,
        ..operand.clone()
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
