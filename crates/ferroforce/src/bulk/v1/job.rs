use std::fmt;

use bytes::Bytes;
use http::header::HeaderValue;
use serde::{Deserialize, Serialize};

use super::super::{JobId, JobInfo, JobOperation};
use super::batch::{V1Batch, V1BatchId};
use super::chunking::PkChunking;
use super::ops;
use crate::client::{Call, Salesforce};
use crate::types::RecordId;

/// What batches of a job are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum V1ContentType {
    /// Rows of cells.
    #[default]
    Csv,
    /// A list of objects. Parents are nested.
    Json,
    /// Rows of cells and files, in a zip archive.
    #[serde(rename = "ZIP_CSV")]
    ZipCsv,
}

impl V1ContentType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::ZipCsv => "ZIP_CSV",
        }
    }

    pub(super) fn of_batches(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Csv => "text/csv; charset=UTF-8",
            Self::Json => "application/json; charset=UTF-8",
            Self::ZipCsv => "zip/csv",
        })
    }
}

/// A job of Bulk API 1.0 to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewV1Job {
    pub(super) object: String,
    pub(super) operation: JobOperation,
    pub(super) external_id: Option<String>,
    pub(super) assignment_rule: Option<String>,
    pub(super) serial: bool,
    pub(super) content_type: V1ContentType,
    /// Queries are not kept.
    #[serde(skip)]
    pub(super) chunking: Option<PkChunking>,
}

impl NewV1Job {
    pub(super) fn new(operation: JobOperation, object: String) -> Self {
        Self {
            object,
            operation,
            external_id: None,
            assignment_rule: None,
            serial: false,
            content_type: V1ContentType::default(),
            chunking: None,
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
            external_id: Some(field.into()),
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

    /// Works on one batch after the other, where batches side by side would lock each
    /// other's records. It is slower.
    #[must_use]
    pub fn serial(mut self) -> Self {
        self.serial = true;
        self
    }

    /// Sends rows as JSON instead of CSV. Then a field that is null becomes null in
    /// Salesforce, and one that is absent stays as it is.
    #[must_use]
    pub fn json(mut self) -> Self {
        self.content_type = V1ContentType::Json;
        self
    }

    /// The assignment rule that decides whose an account, case or lead will be.
    #[must_use]
    pub fn assignment_rule(mut self, id: RecordId) -> Self {
        self.assignment_rule = Some(id.to_string());
        self
    }
}

/// One job of Bulk API 1.0, step by step. Made by [`BulkV1::job`](super::BulkV1::job).
#[derive(Clone)]
pub struct V1Job {
    client: Salesforce,
    id: JobId,
}

impl V1Job {
    pub(super) fn new(client: Salesforce, id: JobId) -> Self {
        Self { client, id }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Where the job stands. It tells that it goes on as long as it was not aborted and
    /// did not fail: whether its batches are done is what [`batches`](Self::batches)
    /// tells.
    pub fn get(&self) -> Call<JobInfo> {
        self.client
            .call(ops::get(self.id, self.client.api_version()))
    }

    /// Hands over a batch: up to 10,000 rows and 10 MB. It is not repeated after an
    /// unclear end: see [`batches`](Self::batches) for whether it is there.
    pub fn add_batch(&self, content_type: V1ContentType, data: impl Into<Bytes>) -> Call<V1Batch> {
        let version = self.client.api_version();
        let op = ops::add(self.id, version, content_type, data.into());
        self.client.call(op).bulk_batches(1)
    }

    /// All batches, in no particular order.
    pub fn batches(&self) -> Call<Vec<V1Batch>> {
        self.client
            .call(ops::batches(self.id, self.client.api_version()))
    }

    /// One batch.
    pub fn batch(&self, id: V1BatchId) -> Call<V1Batch> {
        self.client
            .call(ops::batch(self.id, self.client.api_version(), id))
    }

    /// A batch as it was sent.
    pub fn batch_request(&self, id: V1BatchId) -> Call<Bytes> {
        self.client
            .call(ops::request(self.id, self.client.api_version(), id))
    }

    /// What became of the rows of a batch, in their order, as it came: CSV or JSON.
    pub fn batch_result(&self, id: V1BatchId) -> Call<Bytes> {
        self.client
            .call(ops::result(self.id, self.client.api_version(), id))
    }

    /// Says that there will be no more batches.
    pub fn close(&self) -> Call<JobInfo> {
        self.change("Closed")
    }

    /// Stops the job. Batches that are done stay done.
    pub fn abort(&self) -> Call<JobInfo> {
        self.change("Aborted")
    }

    fn change(&self, state: &str) -> Call<JobInfo> {
        self.client
            .call(ops::change(self.id, self.client.api_version(), state))
    }
}

impl fmt::Debug for V1Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("V1Job").field(&self.id).finish()
    }
}
