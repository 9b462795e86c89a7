//! Bulk API 1.0, for what 2.0 cannot do.
//!
//! * A query in chunks of ids: [`BulkQuery::pk_chunking`](super::BulkQuery::pk_chunking).
//! * A query with its results in JSON: [`BulkQuery::json`](super::BulkQuery::json).
//! * Loads in serial mode, with results in the order of the rows, as CSV or JSON, and
//!   files in zipped batches: [`Bulk::v1`].
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/asynch_api_intro.htm>

mod batch;
mod chunking;
mod close;
mod cut;
#[cfg(feature = "zip")]
mod files;
mod handle;
mod job;
mod load;
mod ops;
pub(super) mod query;
mod results;
mod running;
mod send;
mod wait;
mod wire;

pub use batch::{V1Batch, V1BatchId, V1BatchState};
pub use chunking::PkChunking;
#[cfg(feature = "zip")]
pub use files::RowWithFiles;
pub use handle::V1Handle;
pub use job::{NewV1Job, V1ContentType, V1Job};
pub use load::V1Load;
pub use results::{V1Outcome, V1Outcomes};
pub use running::V1Running;

use super::{Bulk, JobId, JobInfo};
use crate::client::{Call, Salesforce};

impl Bulk {
    /// Bulk API 1.0.
    pub fn v1(&self) -> BulkV1 {
        BulkV1 {
            client: self.client.clone(),
        }
    }
}

/// Bulk API 1.0 of one org. Made by [`Bulk::v1`].
#[derive(Debug, Clone)]
pub struct BulkV1 {
    client: Salesforce,
}

impl BulkV1 {
    /// Loads records by a job: see [`V1Load`].
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::bulk::v1::NewV1Job;
    /// use serde_json::json;
    ///
    /// let contacts = [json!({"LastName": "Lovelace"}), json!({"LastName": "Hopper"})];
    /// let load = salesforce.bulk().v1().load(NewV1Job::insert("Contact").serial());
    /// let running = load.start(contacts).await?;
    /// let mut outcomes = running.wait().await?;
    /// while let Some(outcome) = outcomes.next().await {
    ///     let outcome = outcome?;
    ///     println!("row {}: {:?}", outcome.row, outcome.result);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn load(&self, job: NewV1Job) -> V1Load {
        V1Load::new(self.client.clone(), job)
    }

    /// Takes up a load whose rows this program or another has sent.
    pub fn resume(&self, handle: V1Handle) -> V1Running {
        V1Running::new(self.client.clone(), handle)
    }

    /// Creates a job, and nothing else.
    ///
    /// A job without data does no harm, so the call is repeated like one that reads.
    pub fn create_job(&self, job: &NewV1Job) -> Call<JobInfo> {
        self.client
            .call(ops::create(job, self.client.api_version()))
    }

    /// A job by its id.
    pub fn job(&self, id: JobId) -> V1Job {
        V1Job::new(self.client.clone(), id)
    }
}

#[cfg(test)]
mod tests;
