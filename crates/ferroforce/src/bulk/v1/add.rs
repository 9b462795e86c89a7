//! Handing a batch over, once, whatever the network does.

use bytes::Bytes;

use super::super::JobId;
use super::batch::{V1Batch, V1BatchId};
use super::job::V1ContentType;
use super::ops;
use crate::client::{ApiVersion, Salesforce};
use crate::error::{Error, Result};

/// How often a batch is sent that did not arrive.
const MOST: u32 = 4;

/// Sends a batch to a job that nobody else adds to. `known` are the batches that it has:
/// if it is not clear whether this one arrived, there is one more or there is not.
pub(super) async fn add(
    client: &Salesforce,
    job: JobId,
    version: ApiVersion,
    content_type: V1ContentType,
    data: &Bytes,
    known: &[V1BatchId],
) -> Result<V1Batch> {
    let mut sent = 0;
    loop {
        sent += 1;
        let op = ops::add(job, version, content_type, data.clone());
        let error = match client.call(op).bulk_batches(1).await {
            Ok(batch) => return Ok(batch),
            Err(error) if error.may_have_been_processed() => error,
            Err(error) => return Err(error.with_job(job)),
        };
        let batches = client.call(ops::batches(job, version)).await;
        let batches = batches.map_err(|error| error.after_doubt().with_job(job))?;
        let mut new = batches
            .into_iter()
            .filter(|batch| !known.contains(&batch.id));
        match (new.next(), new.next()) {
            (Some(batch), None) => return Ok(batch),
            (Some(_), Some(_)) => {
                return Err(Error::decode(
                    "the job has batches that this load did not send; abort it",
                )
                .with_job(job));
            }
            (None, _) if sent >= MOST => return Err(error.with_job(job)),
            (None, _) => {
                let wait = client.backoff(sent);
                tracing::warn!(sent, "a batch did not arrive and is sent again");
                tokio::time::sleep(wait).await;
            }
        }
    }
}
