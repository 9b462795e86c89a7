//! Picklists of which several values may be chosen.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The values of a multi-select picklist, which travel as one text with semicolons.
/// Without any value the field is null: an empty one is written as null, and null is
/// read as an empty one.
///
/// ```
/// use ferroforce::types::MultiPicklist;
///
/// let mut interests: MultiPicklist = serde_json::from_str(r#""Cars;Boats""#)?;
/// assert!(interests.contains("Boats"));
/// interests.0.push("Trains".to_owned());
/// assert_eq!(serde_json::to_string(&interests)?, r#""Cars;Boats;Trains""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A value that is empty or holds a semicolon cannot be written and is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct MultiPicklist(pub Vec<String>);

impl MultiPicklist {
    /// Whether this value is chosen.
    pub fn contains(&self, value: &str) -> bool {
        self.0.iter().any(|chosen| chosen == value)
    }
}

impl<S: Into<String>> FromIterator<S> for MultiPicklist {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for MultiPicklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(";"))
    }
}

impl Serialize for MultiPicklist {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return serializer.serialize_none();
        }
        if self
            .0
            .iter()
            .any(|value| value.is_empty() || value.contains(';'))
        {
            return Err(serde::ser::Error::custom(
                "a value of a multi-select picklist is empty or holds a semicolon",
            ));
        }
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MultiPicklist {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        let values = text.split(';').filter(|value| !value.is_empty());
        Ok(values.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_travel_as_one_text() {
        for (json, values) in [
            ("null", vec![]),
            (r#""Cars""#, vec!["Cars"]),
            (r#""Cars;Big Boats""#, vec!["Cars", "Big Boats"]),
        ] {
            let read: MultiPicklist = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, values);
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
        let empty: MultiPicklist = serde_json::from_str(r#""""#).unwrap();
        assert!(empty.0.is_empty() && !empty.contains(""));
    }

    #[test]
    fn a_value_that_would_become_two_is_refused() {
        for values in [vec!["a;b"], vec!["a", ""]] {
            let picked: MultiPicklist = values.into_iter().collect();
            assert!(serde_json::to_string(&picked).is_err());
        }
    }
}
