use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::wire::number;
use crate::error::Error;
use crate::types::RecordId;

/// The id of a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct V1BatchId(RecordId);

impl V1BatchId {
    /// The id: 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for V1BatchId {
    type Err = Error;

    /// Reads an id of 15 or 18 characters.
    ///
    /// # Errors
    /// When the text is no id of Salesforce's.
    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for V1BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for V1BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V1BatchId({self})")
    }
}

/// Where a batch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum V1BatchState {
    /// It waits for its turn.
    Queued,
    /// Salesforce works on it.
    InProgress,
    /// It is done. Rows of it may have failed.
    Completed,
    /// It broke off; see [`V1Batch::state_message`].
    Failed,
    /// It is not worked on: other batches do its work, or its job was aborted.
    NotProcessed,
    /// Any other state, as it came.
    Other(Box<str>),
}

impl V1BatchState {
    /// Whether the batch stays in this state.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::NotProcessed)
    }
}

impl<'de> Deserialize<'de> for V1BatchState {
    fn deserialize<D: Deserializer<'de>>(state: D) -> Result<Self, D::Error> {
        Ok(match &*String::deserialize(state)? {
            "Queued" => Self::Queued,
            "InProgress" => Self::InProgress,
            "Completed" => Self::Completed,
            "Failed" => Self::Failed,
            "NotProcessed" | "Not Processed" => Self::NotProcessed,
            other => Self::Other(other.into()),
        })
    }
}

/// A batch, as Salesforce tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct V1Batch {
    /// Its id.
    pub id: V1BatchId,
    /// Where it stands.
    pub state: V1BatchState,
    /// Why it failed, in Salesforce's words.
    #[serde(default)]
    pub state_message: Option<String>,
    /// Rows that were worked on, those that failed among them.
    #[serde(default, deserialize_with = "number")]
    pub number_records_processed: u64,
    /// Rows that failed.
    #[serde(default, deserialize_with = "number")]
    pub number_records_failed: u64,
}
