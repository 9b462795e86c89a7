use bytes::Bytes;

use super::ops::{self, ResultKind};
use super::{JobId, JobInfo, JobKind, JobState, Poll, until_ended};
use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::Op;

/// One job, step by step. Made by [`Bulk::job`](crate::bulk::Bulk::job) and
/// [`Bulk::query_job`](crate::bulk::Bulk::query_job).
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::bulk::{NewJob, Poll};
///
/// let bulk = salesforce.bulk();
/// let created = bulk.create_job(&NewJob::insert("Contact")).await?;
/// let job = bulk.job(created.id);
/// job.upload("LastName\nLovelace\n").await?;
/// job.close(1).await?;
/// let ended = job.wait(&Poll::default()).await?;
/// println!("{} failed", ended.number_records_failed.unwrap_or(0));
/// println!("{:?}", job.failed_results().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Job {
    client: Salesforce,
    kind: JobKind,
    id: JobId,
}

impl Job {
    pub(crate) fn new(client: Salesforce, kind: JobKind, id: JobId) -> Self {
        Self { client, kind, id }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Where the job stands.
    pub fn get(&self) -> Call<JobInfo> {
        self.client.call(ops::get(self.kind, &self.id))
    }

    /// Hands the job its data, which it takes once: a call that ended unclear is not
    /// repeated. [`abort`](Self::abort) the job then, and create another.
    pub fn upload(&self, data: impl Into<Bytes>) -> Call<()> {
        let data = data.into();
        let op = ops::upload(&self.id).map(|op| Op {
            body: Some(data),
            ..op
        });
        self.client.call(op)
    }

    /// Says that the data is complete, so that Salesforce begins. `rows` is how many
    /// there are, for [`Event::BulkBatches`](crate::events::Event::BulkBatches).
    ///
    /// It is not repeated after an unclear end: [`get`](Self::get) tells whether the job
    /// is still [`Open`](JobState::Open).
    pub fn close(&self, rows: u64) -> Call<JobInfo> {
        self.change(&JobState::UploadComplete)
            .bulk_batches(batches(rows))
    }

    /// Stops the job. What it wrote until then stays written.
    pub fn abort(&self) -> Call<JobInfo> {
        self.change(&JobState::Aborted)
    }

    fn change(&self, state: &JobState) -> Call<JobInfo> {
        self.client.call(ops::change(self.kind, &self.id, state))
    }

    /// Deletes a job that has its data or has ended, with its results.
    pub fn delete(&self) -> Call<()> {
        self.client.call(ops::delete(self.kind, &self.id))
    }

    /// Waits until the job has ended, however.
    ///
    /// # Errors
    /// As [`Poll`] says. The error names the job ([`Error::jobs`](crate::Error::jobs)),
    /// and the job goes on.
    pub async fn wait(&self, poll: &Poll) -> Result<JobInfo> {
        until_ended(&self.client, self.kind, self.id, poll, |_| {}).await
    }

    /// The rows that were written, as CSV in memory: the columns `sf__Id` and
    /// `sf__Created`, and those of the data. In no particular order.
    pub fn successful_results(&self) -> Call<Bytes> {
        self.client
            .call(ops::results(&self.id, ResultKind::Successful))
    }

    /// The rows that were refused, as CSV in memory: the columns `sf__Id` and
    /// `sf__Error`, and those of the data. In no particular order.
    pub fn failed_results(&self) -> Call<Bytes> {
        self.client.call(ops::results(&self.id, ResultKind::Failed))
    }

    /// The rows that nobody looked at, as CSV in memory, because the job failed or was
    /// aborted before it came to them.
    pub fn unprocessed_records(&self) -> Call<Bytes> {
        self.client
            .call(ops::results(&self.id, ResultKind::Unprocessed))
    }
}

/// How many batches of the org's daily allocation so many rows cost: Salesforce puts
/// 10,000 into one.
pub(crate) fn batches(rows: u64) -> u64 {
    const ROWS: u64 = 10_000;
    rows.div_ceil(ROWS)
}
