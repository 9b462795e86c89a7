//! Bulk API 2.0: any number of records, in and out, in constant memory.
//!
//! [`Salesforce::bulk`] is the entry. What is loaded is cut into jobs, each of which
//! Salesforce works on by itself; [`Bulk`] also has the single steps of a job, for
//! those who want to take them one by one.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/bulk_api_2_0.htm>

mod csv;
mod extract;
mod job;
mod journal;
mod query;
mod spool;

use crate::client::{Call, Salesforce};

pub use csv::{CsvReader, Delimiter, LineEnding};
pub use extract::{Extract, ExtractCursor, ExtractedRecords, ExtractedRows, Road};
pub use job::{
    Job, JobFilter, JobId, JobInfo, JobKind, JobList, JobOperation, JobState, NewJob, Poll,
};
pub use query::{
    BulkCsv, BulkQuery, BulkRecords, BulkRows, Paging, QueryHandle, QueryJob, ResultCursor,
};

/// Bulk operations of one org. Made by [`Salesforce::bulk`].
#[derive(Debug, Clone)]
pub struct Bulk {
    client: Salesforce,
}

impl Bulk {
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
