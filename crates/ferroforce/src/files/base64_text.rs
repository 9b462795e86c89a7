use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use super::size;

/// The bytes of a small file as a field of a record, written as base64. It is the
/// way for records in a composite or a collection; otherwise
/// [`upload`](crate::sobject::SObject::upload) takes larger files and less memory.
///
/// Salesforce takes 37.5 MB in this way. More is refused when the record is
/// written, before anything is sent.
///
/// ```
/// use ferroforce::files::Base64;
///
/// let record = serde_json::json!({
///     "Name": "hello.txt",
///     "ParentId": "001Pc00000LuBMUIA3",
///     "Body": Base64::from(b"hello".as_slice()),
/// });
/// assert_eq!(record["Body"], "aGVsbG8=");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Base64(Bytes);

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for Base64 {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<Bytes> for Base64 {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        if length > size::BASE64 {
            return Err(S::Error::custom(size::too_large(size::BASE64)));
        }
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl std::fmt::Debug for Base64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}
