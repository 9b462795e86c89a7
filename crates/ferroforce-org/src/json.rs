//! JSON answers: a value whose objects keep the order in which they were built.

use std::borrow::Cow;
use std::{fmt, io};

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::Formatter;

/// The content type of every JSON answer, written as Salesforce writes it.
pub(crate) const JSON_CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/json;charset=UTF-8");

/// A JSON value to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Cow<'static, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Json {
    /// An object with these members in this order.
    pub(crate) fn object<K: Into<Cow<'static, str>>, V: Into<Self>>(
        members: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Double(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, JavaNumbers);
        self.serialize(&mut serializer).map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Writes doubles as Java does: `300.0`, and from ten million on `5.6E9`.
struct JavaNumbers;

impl Formatter for JavaNumbers {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
            return write!(writer, "{value:?}");
        }
        let text = format!("{value:E}");
        match text.split_once('E') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                write!(writer, "{mantissa}.0E{exponent}")
            }
            _ => writer.write_all(text.as_bytes()),
        }
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<&String> for Json {
    fn from(value: &String) -> Self {
        Self::String(value.clone().into())
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned().into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, JSON_CONTENT_TYPE)], self.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let json = Json::object([("b", Json::Null), ("a", Json::from(true)), ("c", 1.into())]);
        assert_eq!(json.to_string(), r#"{"b":null,"a":true,"c":1}"#);
    }

    #[test]
    fn doubles_are_javas() {
        for (value, text) in [
            (0.0, "0.0"),
            (300.0, "300.0"),
            (-0.25, "-0.25"),
            (0.001, "0.001"),
            (0.000_1, "1.0E-4"),
            (9_999_999.5, "9999999.5"),
            (1e7, "1.0E7"),
            (5.6e9, "5.6E9"),
            (-123_456_789.25, "-1.2345678925E8"),
        ] {
            assert_eq!(Json::Double(value).to_string(), text);
        }
    }
}
