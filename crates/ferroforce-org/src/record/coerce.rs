//! From a JSON value to a stored one, by the type of the field.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::Value;

use super::document::{Scalar, Token};
use crate::error::ApiError;
use crate::schema::{Field, FieldType};
use crate::value::time::{parse_date, parse_datetime, parse_time};

/// Reads what a client sent for a field. What no value of that type can look like is an error
/// of the whole request; whether the value is allowed is for the validation to say.
pub(super) fn coerce(field: &Field, token: Token<'_>) -> Result<Value, ApiError> {
    value(field, token.scalar()).ok_or_else(|| token.not_a(field.field_type.name()))
}

/// Reads a value that is written as text: in a path, or as the default of a schema file.
pub(crate) fn coerce_text(field: &Field, text: &str) -> Option<Value> {
    value(field, Scalar::String(text.to_owned()))
}

fn value(field: &Field, scalar: Scalar<'_>) -> Option<Value> {
    match field.field_type {
        FieldType::Boolean => match scalar {
            Scalar::Bool(value) => Some(Value::Integer(value.into())),
            Scalar::String(text) if text == "true" => Some(Value::Integer(1)),
            Scalar::String(text) if text == "false" => Some(Value::Integer(0)),
            _ => None,
        },
        FieldType::Int | FieldType::Long => number(&scalar, |text| {
            let whole = text.parse::<f64>().ok().filter(|n| n.fract() == 0.0)?;
            let value = text
                .parse::<i64>()
                .ok()
                .or_else(|| format!("{whole:.0}").parse().ok())?;
            Some(Value::Integer(value))
        }),
        FieldType::Double | FieldType::Currency | FieldType::Percent => number(&scalar, |text| {
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
            Some(Value::Real(rounded(value, field.scale)))
        }),
        FieldType::Date => text(&scalar, |text| parse_date(text).map(Value::Integer)),
        FieldType::Time => text(&scalar, |text| parse_time(text).map(Value::Integer)),
        // Kept to the second.
        FieldType::Datetime => text(&scalar, |text| {
            parse_datetime(text).map(|millis| Value::Integer(millis - millis.rem_euclid(1000)))
        }),
        FieldType::Base64 => text(&scalar, |text| STANDARD.decode(text).ok().map(Value::Blob)),
        FieldType::Email => words(scalar).map(|value| match value {
            Value::Text(text) => Value::Text(text.to_lowercase()),
            other => other,
        }),
        FieldType::Multipicklist => words(scalar).map(|value| match value {
            Value::Text(text) => multiple(&text),
            other => other,
        }),
        FieldType::Address | FieldType::Location | FieldType::ComplexValue => None,
        _ => words(scalar),
    }
}

fn number(scalar: &Scalar<'_>, read: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    match scalar {
        Scalar::Null => Some(Value::Null),
        Scalar::Int(text) | Scalar::Float(text) => read(text),
        Scalar::String(text) if text.trim().is_empty() => Some(Value::Null),
        Scalar::String(text) => read(text.trim()),
        _ => None,
    }
}

fn text(scalar: &Scalar<'_>, read: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    match scalar {
        Scalar::Null => Some(Value::Null),
        Scalar::String(text) if text.is_empty() => Some(Value::Null),
        Scalar::String(text) => read(text.trim()),
        _ => None,
    }
}

/// Texts lose the white space around them, and empty ones are null.
fn words(scalar: Scalar<'_>) -> Option<Value> {
    let text = match scalar {
        Scalar::Null => return Some(Value::Null),
        Scalar::String(text) => text,
        Scalar::Int(text) | Scalar::Float(text) => text.to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Object | Scalar::Array => return None,
    };
    let text = text.trim();
    Some(if text.is_empty() {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    })
}

/// The choices of a multi-select picklist, each once.
fn multiple(text: &str) -> Value {
    let mut choices: Vec<&str> = Vec::new();
    for choice in text.split(';').map(str::trim) {
        if !choice.is_empty() && !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    if choices.is_empty() {
        Value::Null
    } else {
        Value::Text(choices.join(";"))
    }
}

/// Rounds half away from zero to so many digits behind the point.
fn rounded(value: f64, scale: u32) -> f64 {
    let factor = 10_f64.powi(i32::try_from(scale).unwrap_or(0));
    let scaled = value * factor;
    if scaled.abs() < 9e15 {
        scaled.round() / factor
    } else {
        value
    }
}
