//! Queries in chunks of ids.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::{JobId, JobInfo, JobKind, JobOperation, JobState, Poll};
use super::batch::{V1Batch, V1BatchId, V1BatchState};
use super::close::close;
use super::job::{NewV1Job, V1ContentType};
use super::wait::Waiting;
use super::{PkChunking, ops};
use crate::client::{ApiVersion, Salesforce};
use crate::error::{ApiError, Error, ErrorKind, Result};
use crate::op::Op;
use crate::soql::words;

/// How a query was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bulk) struct Asked {
    /// The batch that holds the query.
    batch: V1BatchId,
    format: V1ContentType,
    /// Whether Salesforce divides it by ids.
    in_chunks: bool,
}

impl Asked {
    pub(in crate::bulk) fn is_json(&self) -> bool {
        self.format == V1ContentType::Json
    }
}

/// How often a query is asked of which it is not clear whether it arrived.
const MOST: u32 = 4;

/// Starts a job and gives it the query. Where it is not clear whether that arrived, it is
/// asked in another job: sent again to the same one, it might be there twice.
pub(in crate::bulk) async fn start(
    client: &Salesforce,
    query: &str,
    deleted_too: bool,
    chunking: Option<PkChunking>,
    format: V1ContentType,
) -> Result<(JobId, Asked)> {
    let version = client.api_version();
    let operation = if deleted_too {
        JobOperation::QueryAll
    } else {
        JobOperation::Query
    };
    let in_chunks = chunking.is_some();
    let object = if in_chunks {
        object_of(query)?
    } else {
        let mut words = words(query).skip_while(|word| !word.is("FROM")).skip(1);
        words.next().ok_or_else(without_from)?.text
    };
    let new = NewV1Job {
        chunking,
        content_type: format,
        ..NewV1Job::new(operation, object.to_owned())
    };
    let data = Bytes::copy_from_slice(query.as_bytes());
    let mut sent = 0;
    loop {
        sent += 1;
        let job = client.call(ops::create(&new, version)).await?.id;
        let op = ops::add(job, version, format, data.clone());
        let error = match client.call(op).bulk_batches(1).await {
            Ok(batch) => {
                let asked = Asked {
                    batch: batch.id,
                    format,
                    in_chunks,
                };
                return Ok((job, asked));
            }
            Err(error) => error,
        };
        // It would run for nothing.
        abort_for_nothing(client, job, version).await;
        if !error.may_have_been_processed() || sent >= MOST {
            return Err(error.with_job(job));
        }
        let wait = client.backoff(sent);
        tracing::warn!(
            sent,
            "a query may not have arrived and is asked in another job"
        );
        tokio::time::sleep(wait).await;
    }
}

/// Stops a job of which nobody wants the results.
async fn abort_for_nothing(client: &Salesforce, job: JobId, version: ApiVersion) {
    if let Err(error) = super::close::abort(client, job, version).await {
        tracing::warn!(error = %error.redacted(), "the job could not be aborted");
    }
}

/// The object behind the `FROM` of the query itself, which is the only clause that may
/// be followed by nothing but `WHERE`.
fn object_of(query: &str) -> Result<&str> {
    let mut all = words(query).skip_while(|word| !word.is("FROM")).skip(1);
    let object = all.next().map(|word| word.text);
    let next = all.next();
    match (object, next) {
        (Some(object), None) => Ok(object),
        (Some(object), Some(next)) if next.is("WHERE") => {
            let known = ["LIMIT", "ORDER", "GROUP", "OFFSET", "FOR", "WITH", "USING"];
            let other = all.find(|word| known.iter().any(|known| word.is(known)));
            match other {
                None => Ok(object),
                Some(other) => Err(refused(other.text)),
            }
        }
        (Some(_), Some(next)) => Err(refused(next.text)),
        (None, _) => Err(without_from()),
    }
}

fn without_from() -> Error {
    Error::invalid_input("the query has no FROM")
}

fn refused(clause: &str) -> Error {
    Error::invalid_input(format!(
        "a query in chunks of ids can have no {}: WHERE is the only clause that Salesforce divides",
        clause.to_ascii_uppercase()
    ))
}

/// A job that is complete: where its results are, in the order of their batches.
pub(in crate::bulk) struct Complete {
    pub(in crate::bulk) info: JobInfo,
    pub(in crate::bulk) pages: Vec<String>,
}

/// Waits until all chunks are done, closes the job and lists the results.
///
/// # Errors
/// As [`Poll`] says, and a chunk that failed, or the dividing itself: what the others
/// found would be a part of the rows only.
pub(in crate::bulk) async fn complete(
    client: &Salesforce,
    job: JobId,
    version: ApiVersion,
    asked: &Asked,
    poll: &Poll,
) -> Result<Complete> {
    let batches = ended(client, job, version, poll, asked).await?;
    let failed = batches
        .iter()
        .find(|batch| batch.state == V1BatchState::Failed);
    if let Some(failed) = failed {
        // Chunks that are still queued would run for nothing.
        abort_for_nothing(client, job, version).await;
        return Err(failure(failed, asked).with_job(job));
    }
    let mut info = close(client, job, version).await?;
    let mut pages = Vec::new();
    let mut rows = 0;
    for batch in &batches {
        // The one that was divided, and has no rows of its own.
        if batch.state == V1BatchState::NotProcessed {
            if asked.in_chunks && batch.id == asked.batch && batches.len() > 1 {
                continue;
            }
            return Err(Error::new(
                ErrorKind::JobFailed,
                "a part of the query was not processed: the job was aborted",
            )
            .with_job(job));
        }
        rows += batch.number_records_processed;
        for id in client.call(ops::result_ids(job, version, batch.id)).await? {
            pages.push(ops::result_path(job, version, batch.id, &id)?);
        }
    }
    info.state = JobState::JobComplete;
    info.number_records_processed = Some(rows);
    Ok(Complete { info, pages })
}

fn failure(batch: &V1Batch, asked: &Asked) -> Error {
    let what = if !asked.in_chunks {
        "the query failed"
    } else if batch.id == asked.batch {
        "dividing the query by ids failed; chunks that ran all the same are not all of its rows"
    } else {
        "a chunk of the query failed; what the others found is not all of its rows"
    };
    let error = Error::new(ErrorKind::JobFailed, what);
    let Some(words) = &batch.state_message else {
        return error;
    };
    match words.split_once(" : ") {
        Some((code, message)) if code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            error.with_api_errors(vec![ApiError::new(code, message)])
        }
        _ => error.with_hint(words),
    }
}

/// All batches, once all have ended. While the first one waits to be divided, more may
/// come.
async fn ended(
    client: &Salesforce,
    job: JobId,
    version: ApiVersion,
    poll: &Poll,
    asked: &Asked,
) -> Result<Vec<V1Batch>> {
    let waiting = Waiting {
        client,
        kind: JobKind::Query,
        job,
        version,
        divided: asked.in_chunks.then_some(asked.batch),
    };
    let known = |batches: &[V1Batch]| Ok(batches.iter().any(|batch| batch.id == asked.batch));
    let mut batches = waiting.until_ended(poll, known).await?;
    // Ids of batches count up, and results come in their order.
    batches.sort_by_key(|batch| batch.id);
    Ok(batches)
}

pub(in crate::bulk) fn get(job: JobId, version: ApiVersion) -> Result<Op<JobInfo>> {
    ops::get(job, version)
}

pub(in crate::bulk) fn abort(job: JobId, version: ApiVersion) -> Result<Op<JobInfo>> {
    ops::change(job, version, "Aborted")
}
