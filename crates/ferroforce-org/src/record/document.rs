//! JSON objects as clients send them: read one level deep, each value knowing where it stands,
//! since messages tell.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{ApiError, excerpt};

/// The members of a JSON object in the order in which they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    pub(crate) members: Vec<(String, Token<'a>)>,
}

/// A JSON value and the text that it is a part of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    raw: &'a str,
    source: &'a str,
}

/// What a token is, read as far as a field's value needs it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// A number without fraction and exponent, as written.
    Int(&'a str),
    /// Any other number, as written.
    Float(&'a str),
    String(String),
    Object,
    Array,
}

impl<'a> Document<'a> {
    /// Reads the body of a request.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        Token::parse(body)?.document()
    }

    /// The type that the record's `attributes` name, if they do.
    pub(crate) fn type_name(&self) -> Result<Option<String>, ApiError> {
        self.attribute("type")
    }

    /// One of the record's `attributes`, if it is there and a text.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<String>, ApiError> {
        let Some(attributes) = self.get("attributes").filter(|token| token.is_object()) else {
            return Ok(None);
        };
        match attributes.document()?.get(name).map(Token::scalar) {
            Some(Ok(Scalar::String(text))) => Ok(Some(text)),
            Some(Err(error)) => Err(error),
            _ => Ok(None),
        }
    }

    /// The member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<Token<'a>> {
        let member = self.members.iter().find(|(key, _)| key == name);
        member.map(|&(_, token)| token)
    }
}

impl<'a> Token<'a> {
    /// Reads any JSON value.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        let source = std::str::from_utf8(body)
            .map_err(|_| parser_error("Invalid UTF-8 in the body of the request"))?;
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        if source.trim().is_empty() {
            return Err(parser_error(
                "The HTTP entity body is required, but this request has no entity body.",
            ));
        }
        let raw: &RawValue =
            serde_json::from_str(source).map_err(|error| syntax_error(source, &error))?;
        Ok(Self {
            raw: raw.get(),
            source,
        })
    }

    /// The value as it was sent.
    pub(crate) fn text(self) -> &'a str {
        self.raw
    }

    /// The elements of this array.
    pub(crate) fn elements(self) -> Result<Vec<Self>, ApiError> {
        if !self.raw.starts_with('[') {
            return Err(self.not_a("list"));
        }
        let elements: Vec<&RawValue> =
            serde_json::from_str(self.raw).map_err(|error| syntax_error(self.raw, &error))?;
        let source = self.source;
        let elements = elements.into_iter().map(|raw| Self {
            raw: raw.get(),
            source,
        });
        Ok(elements.collect())
    }

    /// The error of a value under a name that the request does not have.
    pub(crate) fn unrecognized(self, name: &str) -> ApiError {
        let (name, at) = (excerpt(name), self.place());
        parser_error(format!("Unrecognized field \"{name}\" {at}"))
    }

    fn is_object(self) -> bool {
        self.raw.starts_with('{')
    }

    /// The members of this object.
    pub(crate) fn document(self) -> Result<Document<'a>, ApiError> {
        if !self.is_object() {
            return Err(self.not_a("sobject"));
        }
        let Members(members) =
            serde_json::from_str(self.raw).map_err(|error| syntax_error(self.raw, &error))?;
        let source = self.source;
        let members = members.into_iter().map(|(name, raw)| {
            (
                name,
                Token {
                    raw: raw.get(),
                    source,
                },
            )
        });
        Ok(Document {
            members: members.collect(),
        })
    }

    /// Reads the token, if it is a scalar. Escapes of half a character are text to nobody.
    pub(crate) fn scalar(self) -> Result<Scalar<'a>, ApiError> {
        Ok(match self.raw.as_bytes().first() {
            Some(b'n') => Scalar::Null,
            Some(b't') => Scalar::Bool(true),
            Some(b'f') => Scalar::Bool(false),
            Some(b'{') => Scalar::Object,
            Some(b'[') => Scalar::Array,
            Some(b'"') => Scalar::String(serde_json::from_str(self.raw).map_err(|_| {
                let at = self.place();
                parser_error(format!("Invalid escape sequence in the string {at}"))
            })?),
            _ if self.raw.contains(['.', 'e', 'E']) => Scalar::Float(self.raw),
            _ => Scalar::Int(self.raw),
        })
    }

    /// The error of a token that is not what a field of this type takes.
    pub(crate) fn not_a(self, type_name: &str) -> ApiError {
        let scalar = match self.scalar() {
            Ok(scalar) => scalar,
            Err(error) => return error,
        };
        let (kind, text): (_, Cow<'_, str>) = match scalar {
            Scalar::Null => ("VALUE_NULL", "null".into()),
            Scalar::Bool(true) => ("VALUE_TRUE", "true".into()),
            Scalar::Bool(false) => ("VALUE_FALSE", "false".into()),
            Scalar::Int(text) => ("VALUE_NUMBER_INT", text.into()),
            Scalar::Float(text) => ("VALUE_NUMBER_FLOAT", text.into()),
            Scalar::String(text) => ("VALUE_STRING", text.into()),
            Scalar::Object => ("START_OBJECT", "{".into()),
            Scalar::Array => ("START_ARRAY", "[".into()),
        };
        let (text, at) = (excerpt(&text), self.place());
        parser_error(format!(
            "Cannot deserialize instance of {type_name} from {kind} value {text} or request may \
             be missing a required field {at}"
        ))
    }

    /// Where the token stands, as messages tell it.
    fn place(self) -> String {
        let before = self.source.len() - self.source.trim_start().len();
        let offset = (self.raw.as_ptr().addr())
            .checked_sub(self.source.as_ptr().addr())
            .filter(|&offset| offset <= self.source.len())
            .unwrap_or(before);
        let (line, column) = position(self.source, offset);
        format!("at [line:{line}, column:{column}]")
    }
}

fn parser_error(message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::bad_request("JSON_PARSER_ERROR", message)
}

/// Line and column, both counted from 1, of an offset.
fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

/// A mistake in the JSON itself, told as Jackson tells it.
fn syntax_error(source: &str, error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let at = format!("at [line:{line}, column:{column}]");
    if error.is_eof() {
        return parser_error(format!("Unexpected end-of-input {at}"));
    }
    let found = source
        .lines()
        .nth(line.saturating_sub(1))
        .and_then(|text| text.as_bytes().get(column.saturating_sub(1)).copied());
    let Some(found) = found else {
        return parser_error(format!("Unexpected end-of-input {at}"));
    };
    let message = error.to_string();
    let expected = if message.starts_with("expected `:`") {
        "was expecting a colon to separate field name and value"
    } else if message.starts_with("expected `,` or `}`") {
        "was expecting comma to separate Object entries"
    } else if message.starts_with("expected `,` or `]`") {
        "was expecting comma to separate Array entries"
    } else if message.starts_with("key must be a string") || message.starts_with("trailing comma") {
        "was expecting double-quote to start field name"
    } else {
        "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"
    };
    let character = if found.is_ascii_graphic() {
        char::from(found)
    } else {
        '?'
    };
    parser_error(format!(
        "Unexpected character ('{character}' (code {found})): {expected} {at}"
    ))
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(error: &ApiError) -> &str {
        assert_eq!(error.items()[0].code, "JSON_PARSER_ERROR");
        &error.items()[0].message
    }

    #[test]
    fn members_come_in_order_and_know_where_they_stand() {
        let body = b"{\"b\" : 1,\n \"a\":\"x\\u0041\", \"c\":{\"d\":[1,{}]}}";
        let document = Document::parse(body).unwrap();
        let names: Vec<_> = document
            .members
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!(
            document.get("a").unwrap().scalar(),
            Ok(Scalar::String("xA".to_owned()))
        );
        assert_eq!(
            message(&document.get("a").unwrap().not_a("datetime")),
            "Cannot deserialize instance of datetime from VALUE_STRING value xA or request may be \
             missing a required field at [line:2, column:6]"
        );
        let inner = document.get("c").unwrap().document().unwrap();
        assert!(message(&inner.get("d").unwrap().not_a("string")).contains(
            "string from START_ARRAY value [ or request may be missing a required field at \
                 [line:2, column:26]"
        ));
    }

    #[test]
    fn mistakes_are_told_as_jackson_tells_them() {
        for (body, expected) in [
            (
                "",
                "The HTTP entity body is required, but this request has no entity body.",
            ),
            (
                r#"{"LastName": "x" j}"#,
                "Unexpected character ('j' (code 106)): was expecting comma to separate Object entries at [line:1, column:18]",
            ),
            (
                r#"{"LastName" j}"#,
                "Unexpected character ('j' (code 106)): was expecting a colon to separate field name and value at [line:1, column:13]",
            ),
            (
                "{\"a\":\n}",
                "Unexpected character ('}' (code 125)): expected a valid value (number, String, array, object, 'true', 'false' or 'null') at [line:2, column:1]",
            ),
            (r#"{"a":1"#, "Unexpected end-of-input at [line:1, column:6]"),
            (
                "[1]",
                "Cannot deserialize instance of sobject from START_ARRAY value [ or request may be missing a required field at [line:1, column:1]",
            ),
        ] {
            assert_eq!(
                message(&Document::parse(body.as_bytes()).unwrap_err()),
                expected,
                "{body}"
            );
        }
        assert!(Document::parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn depth_does_no_harm() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(500_000), "]".repeat(500_000));
        let document = Document::parse(deep.as_bytes()).unwrap();
        assert_eq!(document.get("a").unwrap().scalar(), Ok(Scalar::Array));
    }

    #[test]
    fn half_a_character_is_not_text() {
        for text in [
            r#""\ud800x""#,
            r#""\udc00""#,
            r#""x\ud83d""#,
            r#""\ud83d\ud83d""#,
        ] {
            let body = format!("{{\"a\": {text}}}");
            let document = Document::parse(body.as_bytes()).unwrap();
            let error = document.get("a").unwrap().scalar().unwrap_err();
            assert_eq!(
                message(&error),
                "Invalid escape sequence in the string at [line:1, column:7]"
            );
        }
        let document = Document::parse(br#"{"a": "\ud83d\ude00"}"#).unwrap();
        assert_eq!(
            document.get("a").unwrap().scalar(),
            Ok(Scalar::String("\u{1f600}".to_owned()))
        );
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_strange(body: Vec<u8>) {
            let _ = Document::parse(&body);
        }

        #[test]
        fn a_damaged_body_is_read_or_refused(at in 0_usize..64, byte: u8) {
            let mut body = br#"{"a": "\u00e4\ud83d", "b": [1.5e3, {"c": null}], "d": {"e": true}}"#.to_vec();
            let at = at % body.len();
            body[at] = byte;
            if let Ok(document) = Document::parse(&body) {
                for (_, token) in &document.members {
                    let _ = (token.scalar(), token.not_a("string"), token.document());
                }
            }
        }
    }
}
