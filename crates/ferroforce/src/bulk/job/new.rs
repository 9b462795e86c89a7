use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::JobOperation;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::types::RecordId;

/// A job to be created, for records that go in.
///
/// ```
/// use ferroforce::bulk::{Delimiter, NewJob};
///
/// let job = NewJob::upsert("Contact", "External_Id__c").delimiter(Delimiter::Semicolon);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewJob {
    pub(crate) object: String,
    pub(crate) operation: JobOperation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id_field_name: Option<String>,
    content_type: Cow<'static, str>,
    pub(crate) line_ending: LineEnding,
    pub(crate) column_delimiter: Delimiter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assignment_rule_id: Option<RecordId>,
}

impl NewJob {
    fn new(operation: JobOperation, object: String) -> Self {
        Self {
            object,
            operation,
            external_id_field_name: None,
            content_type: Cow::Borrowed("CSV"),
            line_ending: LineEnding::default(),
            column_delimiter: Delimiter::default(),
            assignment_rule_id: None,
        }
    }

    /// Creates records.
    pub fn insert(object: impl Into<String>) -> Self {
        Self::new(JobOperation::Insert, object.into())
    }

    /// Writes fields of records, found by their `Id`.
    pub fn update(object: impl Into<String>) -> Self {
        Self::new(JobOperation::Update, object.into())
    }

    /// Creates or updates records, found by the external id `field`.
    pub fn upsert(object: impl Into<String>, field: impl Into<String>) -> Self {
        Self {
            external_id_field_name: Some(field.into()),
            ..Self::new(JobOperation::Upsert, object.into())
        }
    }

    /// Puts records into the recycle bin, found by their `Id`.
    pub fn delete(object: impl Into<String>) -> Self {
        Self::new(JobOperation::Delete, object.into())
    }

    /// Deletes records for good, found by their `Id`. The user needs the permission
    /// "Bulk API Hard Delete".
    pub fn hard_delete(object: impl Into<String>) -> Self {
        Self::new(JobOperation::HardDelete, object.into())
    }

    /// What stands between two cells of the data. Default comma.
    #[must_use]
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.column_delimiter = delimiter;
        self
    }

    /// What ends a row of the data. Default line feed.
    #[must_use]
    pub fn line_ending(mut self, ending: LineEnding) -> Self {
        self.line_ending = ending;
        self
    }

    /// The assignment rule that decides whose an account, case or lead will be. For
    /// API version 49.0 and later.
    #[must_use]
    pub fn assignment_rule(mut self, id: RecordId) -> Self {
        self.assignment_rule_id = Some(id);
        self
    }
}
