//! Closing and aborting jobs that may have ended already.

use super::super::{JobId, JobInfo};
use super::ops;
use crate::client::{ApiVersion, Salesforce};
use crate::error::Result;

/// Closes a job, be it closed or aborted already: batches that were on their way until then
/// are there or never will be.
pub(super) async fn close(client: &Salesforce, job: JobId, version: ApiVersion) -> Result<JobInfo> {
    change(client, job, version, "Closed").await
}

/// Aborts a job, be it aborted already.
pub(super) async fn abort(client: &Salesforce, job: JobId, version: ApiVersion) -> Result<JobInfo> {
    change(client, job, version, "Aborted").await
}

async fn change(
    client: &Salesforce,
    job: JobId,
    version: ApiVersion,
    state: &str,
) -> Result<JobInfo> {
    match client.call(ops::change(job, version, state)).await {
        Err(error)
            if error
                .code()
                .is_some_and(|code| code.as_str() == "InvalidJobState") =>
        {
            client.call(ops::get(job, version)).await
        }
        changed => changed,
    }
}
