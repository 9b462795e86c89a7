//! Values deeper in a record.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The value that `path` leads to from `json`: null if a parent on the way is null, nothing if
/// there is no such member.
pub(super) fn descend<'a>(json: &'a str, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(json, |json, name| match json {
        "null" => Some(json),
        _ => member(json, name),
    })
}

/// A member of an object: the one of that very name, or else the first whose name differs in
/// letter case only.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    serde_json::Deserializer::from_str(json)
        .deserialize_map(Find { name })
        .ok()?
}

struct Find<'a> {
    name: &'a str,
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut exact = None;
        let mut similar = None;
        while let Some(likeness) = map.next_key_seed(Compare { name: self.name })? {
            let found = match likeness {
                Likeness::Exact => &mut exact,
                Likeness::Similar => &mut similar,
                Likeness::None => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value = map.next_value::<&RawValue>()?.get();
            found.get_or_insert(value);
        }
        Ok(exact.or(similar))
    }
}

enum Likeness {
    Exact,
    Similar,
    None,
}

struct Compare<'a> {
    name: &'a str,
}

impl<'de> DeserializeSeed<'de> for Compare<'_> {
    type Value = Likeness;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Likeness, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Compare<'_> {
    type Value = Likeness;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Likeness, E> {
        Ok(if name == self.name {
            Likeness::Exact
        } else if name.eq_ignore_ascii_case(self.name) {
            Likeness::Similar
        } else {
            Likeness::None
        })
    }
}
