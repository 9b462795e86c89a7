//! A JSON object of which one member changes and everything else stays as it was.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object in their order, with their values as they were written.
#[derive(Clone, Default)]
pub(super) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// The text of this name. A member that is no text counts as absent, and so does
    /// an empty one, as `sf` has it.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        // Of two with one name the last one counts.
        let (_, value) = self.0.iter().rfind(|(known, _)| known == name)?;
        let text: String = serde_json::from_str(value.get()).ok()?;
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        let found = self.0.iter().rfind(|(known, _)| known == name);
        found.is_some_and(|(_, value)| value.get() == "true")
    }

    /// The texts by name, in their order.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().filter_map(|(name, value)| {
            let text = serde_json::from_str(value.get()).ok()?;
            Some((name.as_str(), text))
        })
    }

    /// The object of this name.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        let (_, value) = self.0.iter().rfind(|(known, _)| known == name)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Replaces a text where it stands, or adds it at the end.
    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), serde_json::Error> {
        let value = serde_json::value::to_raw_value(text)?;
        match self.0.iter_mut().rfind(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// The object as `sf` writes it: indented by two.
    pub(super) fn write(&self) -> Result<String, serde_json::Error> {
        let mut json = String::from("{");
        for (at, (name, value)) in self.0.iter().enumerate() {
            json.push_str(if at == 0 { "\n  " } else { ",\n  " });
            json.push_str(&serde_json::to_string(name)?);
            json.push_str(": ");
            json.push_str(value.get());
        }
        json.push_str("\n}");
        Ok(json)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, Box<RawValue>)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_changes_and_the_others_stay_as_they_were() {
        let json = r#"{"z":1.50,"a":{"deep":[1, 2],"n":null},"token":"old","é":"\u00e9","b":true}"#;
        let mut members = Members::parse(json.as_bytes()).unwrap();
        members.set("token", "new \"one\"").unwrap();
        members.set("added", "x").unwrap();
        let expected = "{\n  \"z\": 1.50,\n  \"a\": {\"deep\":[1, 2],\"n\":null},\n  \
                        \"token\": \"new \\\"one\\\"\",\n  \"é\": \"\\u00e9\",\n  \
                        \"b\": true,\n  \"added\": \"x\"\n}";
        assert_eq!(members.write().unwrap(), expected);
        assert_eq!(Members::default().write().unwrap(), "{\n}");
    }

    #[test]
    fn texts_are_read_and_nothing_else_is_taken_for_one() {
        let json = r#"{"a":"x","b":"","c":7,"d":null,"a":"y","e":true,"o":{"p":"q"}}"#;
        let members = Members::parse(json.as_bytes()).unwrap();
        assert_eq!(members.text("a").unwrap(), "y");
        for absent in ["b", "c", "d", "o", "x"] {
            assert_eq!(members.text(absent), None, "{absent}");
        }
        assert!(members.is_true("e") && !members.is_true("a") && !members.is_true("x"));
        assert_eq!(members.object("o").unwrap().text("p").unwrap(), "q");
        assert!(members.object("a").is_none());
        assert_eq!(members.texts().count(), 3);
    }

    #[test]
    fn hostile_json_is_an_error_and_no_panic() {
        let deep = format!("{{\"a\":{}", "[".repeat(500_000));
        for json in ["", "[]", "{", "{\"a\"}", "null", "{\"a\":1}x", &deep] {
            assert!(Members::parse(json.as_bytes()).is_err());
        }
    }
}
