//! Fields of an update, of which null and nothing differ.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field that an update leaves alone, empties, or sets. In a record that was read it
/// tells a field that is null from one that did not come.
///
/// ```
/// use ferroforce::types::Patch;
/// use serde::Serialize;
///
/// #[derive(Default, Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Change {
///     #[serde(skip_serializing_if = "Patch::is_absent")]
///     email: Patch<String>,
///     #[serde(skip_serializing_if = "Patch::is_absent")]
///     phone: Patch<String>,
///     #[serde(skip_serializing_if = "Patch::is_absent")]
///     fax: Patch<String>,
/// }
///
/// let change = Change {
///     email: Patch::Value("ada@example.com".into()),
///     phone: Patch::Null,
///     ..Change::default()
/// };
/// assert_eq!(
///     serde_json::to_string(&change)?,
///     r#"{"Email":"ada@example.com","Phone":null}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// For reading, the field needs `#[serde(default)]`. Without `skip_serializing_if` an
/// absent field is an error, since it would be written as null and emptied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// The field is not there, and is left alone.
    #[default]
    Absent,
    /// The field is null, or becomes it.
    Null,
    /// The field has this value, or gets it.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the field is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, where there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

/// `None` is null.
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => Err(serde::ser::Error::custom(
                "a field that is absent cannot be written; give it \
                 #[serde(skip_serializing_if = \"Patch::is_absent\")]",
            )),
            Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Change {
        #[serde(default, skip_serializing_if = "Patch::is_absent")]
        a: Patch<u32>,
    }

    #[test]
    fn absent_null_and_value_are_three_things() {
        for (json, a) in [
            ("{}", Patch::Absent),
            (r#"{"a":null}"#, Patch::Null),
            (r#"{"a":1}"#, Patch::Value(1)),
        ] {
            let change = Change { a };
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
            assert_eq!(serde_json::from_str::<Change>(json).unwrap(), change);
        }
        assert_eq!(Patch::from(Some(1)).value(), Some(1));
        assert_eq!(Patch::from(None::<u32>), Patch::Null);
    }

    #[test]
    fn what_would_empty_a_field_by_accident_is_an_error() {
        assert!(serde_json::to_string(&Patch::<u32>::Absent).is_err());
    }
}
