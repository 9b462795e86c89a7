use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A parent, named by an external id in the record that belongs to it: no query for
/// the parent's id is needed.
///
/// It stands under the name of the *relationship*: `Account` for the field
/// `AccountId`, `Order__r` for the field `Order__c`.
///
/// ```
/// use ferroforce::sobject::ParentKey;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Contact<'a> {
///     last_name: &'a str,
///     account: ParentKey<&'a str>,
/// }
///
/// let ada = Contact {
///     last_name: "Lovelace",
///     account: ParentKey::new("External_Id__c", "A/1815"),
/// };
/// assert_eq!(
///     serde_json::to_string(&ada)?,
///     r#"{"LastName":"Lovelace","Account":{"External_Id__c":"A/1815"}}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentKey<V> {
    sobject: Option<String>,
    field: String,
    value: V,
}

impl<V> ParentKey<V> {
    /// The parent whose external id field holds `value`.
    pub fn new(field: impl Into<String>, value: V) -> Self {
        Self {
            sobject: None,
            field: field.into(),
            value,
        }
    }

    /// Which object the parent is of. Needed where it could be of several, as
    /// `What` of a task.
    #[must_use]
    pub fn of(mut self, sobject: impl Into<String>) -> Self {
        self.sobject = Some(sobject.into());
        self
    }
}

#[derive(Serialize)]
struct Attributes<'a> {
    r#type: &'a str,
}

impl<V: Serialize> Serialize for ParentKey<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(sobject) = &self.sobject {
            map.serialize_entry("attributes", &Attributes { r#type: sobject })?;
        }
        map.serialize_entry(&self.field, &self.value)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_of_one_object_of_several_says_which() {
        let what = ParentKey::new("Key__c", 7).of("Account");
        assert_eq!(
            serde_json::to_string(&what).unwrap(),
            r#"{"attributes":{"type":"Account"},"Key__c":7}"#
        );
    }
}
