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
    value(field, token.scalar()?).ok_or_else(|| token.not_a(field.field_type.name()))
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
pub(super) fn rounded(value: f64, scale: u32) -> f64 {
    let factor = 10_f64.powi(i32::try_from(scale).unwrap_or(0));
    let scaled = value * factor;
    if scaled.abs() < 9e15 {
        scaled.round() / factor
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::document::Document;

    fn read(field_type: FieldType, json: &str) -> Option<Value> {
        let body = format!("{{\"x\":{json}}}");
        let document = Document::parse(body.as_bytes()).unwrap();
        let field = Field {
            field_type,
            scale: 2,
            ..Field::default()
        };
        coerce(&field, document.get("x").unwrap()).ok()
    }

    fn text(text: &str) -> Option<Value> {
        Some(Value::Text(text.to_owned()))
    }

    #[test]
    fn values_are_read_by_the_type_of_their_field() {
        use FieldType::{
            Base64, Boolean, Currency, Date, Datetime, Double, Int, Multipicklist, Percent, String,
            Time,
        };
        for (field_type, json, expected) in [
            (String, r#""  a b ""#, text("a b")),
            (String, r#""  ""#, Some(Value::Null)),
            (String, "null", Some(Value::Null)),
            (String, "1.50", text("1.50")),
            (String, "true", text("true")),
            (String, "{}", None),
            (Multipicklist, r#""b; a;;b""#, text("b;a")),
            (Multipicklist, r#"";""#, Some(Value::Null)),
            (Boolean, "true", Some(Value::Integer(1))),
            (Boolean, r#""false""#, Some(Value::Integer(0))),
            (Boolean, r#""FALSE""#, None),
            (Boolean, "null", None),
            (Boolean, "1", None),
            (Int, "7", Some(Value::Integer(7))),
            (Int, "7.0", Some(Value::Integer(7))),
            (Int, r#"" 7 ""#, Some(Value::Integer(7))),
            (Int, "7.5", None),
            (Int, "1e400", None),
            (Double, "1.005", Some(Value::Real(1.0))),
            (Currency, r#""2.345""#, Some(Value::Real(2.35))),
            (Currency, "-2.345", Some(Value::Real(-2.35))),
            (Percent, r#""NaN""#, None),
            (Percent, r#""""#, Some(Value::Null)),
            (Date, r#""1970-01-02""#, Some(Value::Integer(1))),
            (Date, "5", None),
            (
                Datetime,
                r#""1970-01-01T00:00:01.999Z""#,
                Some(Value::Integer(1000)),
            ),
            (
                Datetime,
                r#""1969-12-31T23:59:59.999Z""#,
                Some(Value::Integer(-1000)),
            ),
            (Time, r#""00:00:01.500Z""#, Some(Value::Integer(1500))),
            (Base64, r#""SGk=""#, Some(Value::Blob(b"Hi".to_vec()))),
            (Base64, r#""?""#, None),
            (FieldType::Address, "{}", None),
        ] {
            assert_eq!(read(field_type, json), expected, "{field_type:?} {json}");
        }
    }
}
