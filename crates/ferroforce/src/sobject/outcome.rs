use serde::Deserialize;

use crate::types::RecordId;

/// A record was created.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Created {
    /// Its id.
    pub id: RecordId,
}

/// A record was created or updated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upserted {
    /// Its id. API versions before 46.0 do not tell it for an update.
    pub id: Option<RecordId>,
    /// Whether it was created.
    pub created: bool,
    /// The request had to be repeated after an attempt of which it is not known
    /// whether it was carried out. Then `created: false` may mean that the first
    /// attempt created the record.
    pub repeated: bool,
}
