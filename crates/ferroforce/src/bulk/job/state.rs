use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which way a job's records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum JobKind {
    /// Records go in.
    Ingest,
    /// Records come out.
    Query,
}

/// Where a job stands. The set is open: what this crate has no name for is
/// [`JobState::Other`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// It waits for its data.
    Open,
    /// It has its data and waits for its turn.
    UploadComplete,
    /// Salesforce works on it.
    InProgress,
    /// It is done. Rows of it may have failed.
    JobComplete,
    /// It broke off; see [`JobInfo::error_message`](super::JobInfo::error_message).
    Failed,
    /// It was aborted. What was written until then stays written.
    Aborted,
    /// Any other state, as it came.
    Other(Box<str>),
}

impl JobState {
    /// As Salesforce writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
            Self::Other(state) => state,
        }
    }

    /// Whether the job stays in this state.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

impl From<&str> for JobState {
    fn from(text: &str) -> Self {
        let known = [
            Self::Open,
            Self::UploadComplete,
            Self::InProgress,
            Self::JobComplete,
            Self::Failed,
            Self::Aborted,
        ];
        known
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(text))
            .unwrap_or_else(|| Self::Other(text.into()))
    }
}

/// What a job does. The set is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobOperation {
    /// Creates records.
    Insert,
    /// Writes fields of records, found by their ids.
    Update,
    /// Creates or updates records, found by an external id.
    Upsert,
    /// Puts records into the recycle bin.
    Delete,
    /// Deletes records for good.
    HardDelete,
    /// Reads records.
    Query,
    /// Reads records, deleted ones too.
    QueryAll,
    /// Any other operation, as it came.
    Other(Box<str>),
}

impl JobOperation {
    /// As Salesforce writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::HardDelete => "hardDelete",
            Self::Query => "query",
            Self::QueryAll => "queryAll",
            Self::Other(operation) => operation,
        }
    }
}

impl From<&str> for JobOperation {
    fn from(text: &str) -> Self {
        let known = [
            Self::Insert,
            Self::Update,
            Self::Upsert,
            Self::Delete,
            Self::HardDelete,
            Self::Query,
            Self::QueryAll,
        ];
        known
            .into_iter()
            .find(|operation| operation.as_str().eq_ignore_ascii_case(text))
            .unwrap_or_else(|| Self::Other(text.into()))
    }
}

macro_rules! as_text {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Ok(Self::from(text.as_str()))
            }
        }
    };
}

as_text!(JobState);
as_text!(JobOperation);
