use serde::{Deserialize, Serialize};

use super::{JobId, JobOperation, JobState};
use crate::bulk::csv::read::Dialect;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::error::{ApiError, Error, ErrorKind};
use crate::types::{DateTime, RecordId};

/// A job, as Salesforce tells of it. What an answer leaves out is `None`: a job that
/// was just created has no counts, and a list tells less than
/// [`Job::get`](super::Job::get).
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/get_job_info.htm>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobInfo {
    /// The job's id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// What it does.
    pub operation: Option<JobOperation>,
    /// The object whose records it is about.
    pub object: Option<String>,
    /// The user who created it.
    pub created_by_id: Option<RecordId>,
    /// When it was created.
    pub created_date: Option<DateTime>,
    /// When it changed last.
    pub system_modstamp: Option<DateTime>,
    /// The field that an upsert finds records by.
    pub external_id_field_name: Option<String>,
    /// The assignment rule that it was given.
    pub assignment_rule_id: Option<RecordId>,
    /// `Parallel` or `Serial`.
    pub concurrency_mode: Option<String>,
    /// `CSV` for Bulk API 2.0.
    pub content_type: Option<String>,
    /// The API version that it was created with.
    pub api_version: Option<f64>,
    /// `V2Ingest`, `V2Query`, or `Classic` for Bulk API 1.0.
    pub job_type: Option<String>,
    /// Where its data goes, while it is open.
    pub content_url: Option<String>,
    /// What ends a row in its data and results.
    pub line_ending: Option<LineEnding>,
    /// What stands between two cells in its data and results.
    pub column_delimiter: Option<Delimiter>,
    /// Why it failed, in Salesforce's words.
    pub error_message: Option<String>,
    /// Rows that were worked on, those that failed among them.
    pub number_records_processed: Option<u64>,
    /// Rows that failed.
    pub number_records_failed: Option<u64>,
    /// How often Salesforce began anew with it.
    pub retries: Option<u32>,
    /// Milliseconds that it took in all.
    pub total_processing_time: Option<u64>,
    /// Milliseconds that it was worked on, triggers included.
    pub api_active_processing_time: Option<u64>,
    /// Milliseconds in triggers and other automation.
    pub apex_processing_time: Option<u64>,
    /// Whether Salesforce may divide the query by ids.
    pub is_pk_chunking_supported: Option<bool>,
}

impl JobInfo {
    /// Why it failed, where the words are a code and a message. Salesforce writes both
    /// into one text: `InvalidBatch : Field name not found : Foo__c`.
    #[must_use]
    pub fn api_error(&self) -> Option<ApiError> {
        let (code, message) = self.error_message.as_deref()?.split_once(" : ")?;
        let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_code.then(|| ApiError::new(code, message))
    }

    /// How its data and results are written.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::told(
            self.column_delimiter.unwrap_or_default(),
            self.line_ending.unwrap_or_default(),
        )
    }

    /// The job's end as an error, unless it is complete.
    pub(crate) fn failure(&self) -> Option<Error> {
        let what = match self.state {
            JobState::JobComplete => return None,
            JobState::Failed => "the job failed",
            JobState::Aborted => "the job was aborted; what it wrote until then stays written",
            _ => "the job has not ended",
        };
        let error = Error::new(ErrorKind::JobFailed, what).with_job(self.id);
        Some(match (self.api_error(), &self.error_message) {
            (Some(cause), _) => error.with_api_errors(vec![cause]),
            (None, Some(words)) => error.with_hint(words),
            (None, None) => error,
        })
    }
}
