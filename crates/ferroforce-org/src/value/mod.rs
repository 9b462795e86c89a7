//! Values of fields: as stored, and as they are written in JSON.

pub(crate) mod time;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::Value;

use crate::json::Json;
use crate::schema::FieldType;

/// A stored value as JSON.
pub(crate) fn render(field_type: FieldType, value: &Value) -> Json {
    match (field_type, value) {
        // A boolean is never null.
        (FieldType::Boolean, Value::Null) => Json::Bool(false),
        (_, Value::Null) => Json::Null,
        // A blob that is too large to be a part of an answer.
        (FieldType::Base64, Value::Text(_)) => Json::Null,
        (FieldType::Boolean, Value::Integer(value)) => Json::Bool(*value != 0),
        (FieldType::Date, Value::Integer(days)) => time::date_text(*days).into(),
        (FieldType::Datetime, Value::Integer(millis)) => time::datetime_text(*millis).into(),
        (FieldType::Time, Value::Integer(millis)) => time::time_text(*millis).into(),
        (_, Value::Integer(value)) => Json::Int(*value),
        (_, Value::Real(value)) => Json::Double(*value),
        (_, Value::Text(text)) => text.as_str().into(),
        (_, Value::Blob(bytes)) => STANDARD.encode(bytes).into(),
    }
}
