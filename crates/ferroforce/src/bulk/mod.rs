//! Bulk API 2.0: any number of records, in and out, in constant memory.
//!
//! [`Salesforce::bulk`] is the entry. What is loaded is cut into jobs, each of which
//! Salesforce works on by itself; [`Bulk`] also has the single steps of a job, for
//! those who want to take them one by one.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/bulk_api_2_0.htm>

mod csv;
mod extract;
mod ingest;
mod job;
mod journal;
mod load;
mod query;
mod results;
mod spool;
pub mod v1;

use crate::client::{Call, Salesforce};

pub use csv::{CsvReader, CsvWriter, Delimiter, LineEnding};
pub use extract::{Extract, ExtractCursor, ExtractedRecords, ExtractedRows, Road};
pub use ingest::{
    CsvSource, Ingest, Joining, Load, LoadCounts, LoadHandle, LoadJoin, LoadProgress,
    LoadProgressStream, Loaded, Loading, NullCell, RetryRows, SavedResults,
};
pub use job::{
    Job, JobFilter, JobId, JobInfo, JobKind, JobList, JobOperation, JobState, NewJob, Poll,
};
pub use load::{ChoosingLoad, LoadReport, LoadWay, Loader};
pub use query::{
    BulkCsv, BulkQuery, BulkRecords, BulkRows, Paging, QueryHandle, QueryJob, ResultCursor,
};
pub use results::{FailedRow, JoinBy, JoinedRow, JoinedRows, ResultRows, RowOutcome, Succeeded};

/// Bulk operations of one org. Made by [`Salesforce::bulk`].
#[derive(Debug, Clone)]
pub struct Bulk {
    client: Salesforce,
}

impl Bulk {
    /// Creates records of an object.
    pub fn insert(&self, object: impl Into<String>) -> Ingest {
        Ingest::new(self.client.clone(), NewJob::insert(object))
    }

    /// Writes fields of records, found by their `Id`.
    pub fn update(&self, object: impl Into<String>) -> Ingest {
        Ingest::new(self.client.clone(), NewJob::update(object))
    }

    /// Creates or updates records, found by the external id `field`.
    pub fn upsert(&self, object: impl Into<String>, field: impl Into<String>) -> Ingest {
        Ingest::new(self.client.clone(), NewJob::upsert(object, field))
    }

    /// Puts records into the recycle bin, found by their `Id`, the only column.
    pub fn delete(&self, object: impl Into<String>) -> Ingest {
        Ingest::new(self.client.clone(), NewJob::delete(object))
    }

    /// Deletes records for good, found by their `Id`, the only column. The user needs the
    /// permission "Bulk API Hard Delete".
    pub fn hard_delete(&self, object: impl Into<String>) -> Ingest {
        Ingest::new(self.client.clone(), NewJob::hard_delete(object))
    }

    /// Waits for a load that was begun by another process and handed over as a whole.
    /// Where that is not so, give it its source: [`Load::resume`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn take_up(&self, handle: LoadHandle) -> Loading {
        Load::taken_up(self.client.clone(), handle).start()
    }

    /// Creates a job for data to come, and nothing else: upload the data by
    /// [`Job::upload`], then [`Job::close`] it.
    ///
    /// A job without data does no harm, so the call is repeated like one that reads.
    pub fn create_job(&self, job: &NewJob) -> Call<JobInfo> {
        self.client.call(job::ops::create(job))
    }

    /// A job that takes records in, by its id.
    pub fn job(&self, id: JobId) -> Job {
        Job::new(self.client.clone(), JobKind::Ingest, id)
    }

    /// A job that hands records out, by its id.
    pub fn query_job(&self, id: JobId) -> Job {
        Job::new(self.client.clone(), JobKind::Query, id)
    }

    /// The jobs of the org, in no particular order, as a stream.
    pub fn jobs(&self, kind: JobKind, filter: &JobFilter) -> JobList {
        JobList::new(self.client.clone(), kind, filter)
    }
}

impl Salesforce {
    /// Bulk operations: any number of records, in and out.
    pub fn bulk(&self) -> Bulk {
        Bulk {
            client: self.clone(),
        }
    }
}
