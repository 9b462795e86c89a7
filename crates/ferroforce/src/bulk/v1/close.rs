//! Closing a job: from then on no batch can come to it.

use super::super::{JobId, JobInfo};
use super::ops;
use crate::client::{ApiVersion, Salesforce};
use crate::error::Result;

/// Closes a job, be it closed or aborted already. Batches that were on their way until then
/// are there or never will be.
pub(super) async fn close(client: &Salesforce, job: JobId, version: ApiVersion) -> Result<JobInfo> {
    match client.call(ops::change(job, version, "Closed")).await {
        Err(error)
            if error
                .code()
                .is_some_and(|code| code.as_str() == "InvalidJobState") =>
        {
            client.call(ops::get(job, version)).await
        }
        closed => closed,
    }
}
