use http::Method;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::op::{Op, Path, decode_json};

/// How many records objects have, as Salesforce last counted them: a snapshot,
/// which can be some time old. A query with `COUNT()` is exact.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_record_count.htm>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordCounts {
    #[serde(rename = "sObjects")]
    counts: Vec<RecordCount>,
}

/// How many records an object has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RecordCount {
    /// The object.
    pub name: String,
    /// Its records, without those in the recycle bin.
    pub count: u64,
}

impl RecordCounts {
    /// The count of one object. Salesforce leaves out objects that it does not know
    /// or has not counted.
    pub fn get(&self, object: &str) -> Option<u64> {
        let same = |count: &&RecordCount| count.name.eq_ignore_ascii_case(object);
        Some(self.counts.iter().find(same)?.count)
    }

    /// All counts, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &RecordCount> {
        self.counts.iter()
    }
}

/// No names ask for all objects.
pub(super) fn op(objects: &[String]) -> Result<Op<RecordCounts>> {
    let op = Op::new(
        Method::GET,
        Path::fill("/limits/recordCount", &[])?,
        decode_json,
    );
    let is_name = |name: &String| {
        !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    if !objects.iter().all(is_name) {
        return Err(Error::invalid_input(
            "a name of an object has ASCII letters, digits and underscores only",
        ));
    }
    Ok(if objects.is_empty() {
        op
    } else {
        op.query("sObjects", objects.join(","))
    })
}

#[cfg(test)]
mod tests {
    use crate::script::{Counting, Reply, Script, client};

    #[tokio::test(start_paused = true)]
    async fn counts_by_object() {
        let body = r#"{"sObjects":[{"count":3,"name":"Account"},{"count":0,"name":"Contact"}]}"#;
        let script = Script::replies([Reply::json(200, body)]);
        let salesforce = client(Counting::tokens(), &script);
        let counts = salesforce.record_counts(["Account", "Contact", "X"]).await;
        let counts = counts.unwrap();
        assert_eq!(
            (
                counts.get("account"),
                counts.get("Contact"),
                counts.get("X")
            ),
            (Some(3), Some(0), None)
        );
        assert_eq!(counts.iter().count(), 2);
        let sent = &script.sent()[0].uri;
        assert_eq!(sent.query(), Some("sObjects=Account%2CContact%2CX"));
        for name in ["", "A,B", "A B"] {
            let refused = salesforce.record_counts([name]).await.unwrap_err();
            assert!(refused.is_before_send());
        }
    }
}
