//! Answers of Bulk API 1.0: XML, or JSON where the job is one of JSON.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::op::Response;
use crate::xml;

/// All records with this name in an answer.
pub(super) fn read<T: DeserializeOwned>(response: &Response, name: &str) -> Result<Vec<T>> {
    let unclear = || {
        Error::decode(format!("the answer has no {name} where one was expected"))
            .with_status(response.status())
    };
    let body = response.body();
    let records = match body.trim_ascii_start().first() {
        Some(b'{' | b'[') => {
            let json: Value = response.json()?;
            of_json(json, name)
        }
        _ => xml::records_of(body, name)
            .ok_or_else(unclear)?
            .into_iter()
            .map(of_xml)
            .collect(),
    };
    records
        .into_iter()
        .map(|record| serde_json::from_value(record).map_err(|error| unclear().with_source(error)))
        .collect()
}

/// The only one.
pub(super) fn read_one<T: DeserializeOwned>(response: &Response, name: &str) -> Result<T> {
    let mut all = read(response, name)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(
            Error::decode(format!("the answer has not exactly one {name}"))
                .with_status(response.status()),
        ),
    }
}

fn of_xml(fields: xml::Fields) -> Value {
    let map: Map<String, Value> = fields
        .into_iter()
        .map(|(name, text)| (name, Value::String(text)))
        .collect();
    Value::Object(map)
}

/// A list is an object with the records under their name.
fn of_json(json: Value, name: &str) -> Vec<Value> {
    match json {
        Value::Array(records) => records,
        Value::Object(mut object) => match object.remove(name) {
            Some(Value::Array(records)) => records,
            Some(one) => vec![one],
            None => vec![Value::Object(object)],
        },
        _ => Vec::new(),
    }
}

/// A number, which XML writes as a text.
pub(super) fn number<'de, D: serde::Deserializer<'de>>(value: D) -> Result<u64, D::Error> {
    let value: Value = serde::Deserialize::deserialize(value)?;
    let number = match &value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64(),
    };
    number.ok_or_else(|| serde::de::Error::custom("not a number"))
}
