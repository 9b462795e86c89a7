//! Queries in chunks of ids.

use bytes::Bytes;

use super::super::job::{Next, Pace};
use super::super::{JobId, JobInfo, JobOperation, JobState, Poll};
use super::add::add;
use super::batch::{V1Batch, V1BatchId, V1BatchState};
use super::job::{NewV1Job, V1ContentType};
use super::{PkChunking, ops};
use crate::client::{ApiVersion, Salesforce};
use crate::error::{ApiError, Error, ErrorKind, Result};
use crate::op::Op;
use crate::soql::{Soql, words};

/// Starts the job, and gives back the batch that Salesforce divides.
pub(in crate::bulk) async fn start(
    client: &Salesforce,
    soql: &Soql,
    deleted_too: bool,
    chunking: PkChunking,
) -> Result<(JobId, V1BatchId)> {
    let version = client.api_version();
    let query = soql.render()?;
    let operation = if deleted_too {
        JobOperation::QueryAll
    } else {
        JobOperation::Query
    };
    let job = NewV1Job {
        chunking: Some(chunking),
        ..NewV1Job::new(operation, object_of(&query)?.to_owned())
    };
    let job = client.call(ops::create(&job, version)).await?.id;
    let data = Bytes::copy_from_slice(query.as_bytes());
    let batch = add(client, job, version, V1ContentType::Csv, &data, &[]).await?;
    Ok((job, batch.id))
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
        (None, _) => Err(Error::invalid_input("the query has no FROM")),
    }
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
    divided: V1BatchId,
    poll: &Poll,
) -> Result<Complete> {
    let batches = ended(client, job, version, poll, divided).await?;
    let failed = batches
        .iter()
        .find(|batch| batch.state == V1BatchState::Failed);
    if let Some(failed) = failed {
        // Chunks that are still queued would run for nothing.
        if let Err(error) = client.call(ops::change(job, version, "Aborted")).await {
            tracing::warn!(error = %error.redacted(), "the job could not be aborted");
        }
        return Err(failure(failed, divided).with_job(job));
    }
    let mut info = client.call(ops::change(job, version, "Closed")).await?;
    let mut pages = Vec::new();
    let mut rows = 0;
    for batch in &batches {
        // The one that was divided, and has no rows of its own.
        if batch.state == V1BatchState::NotProcessed {
            if batch.id == divided && batches.len() > 1 {
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

fn failure(batch: &V1Batch, divided: V1BatchId) -> Error {
    let what = if batch.id == divided {
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
    divided: V1BatchId,
) -> Result<Vec<V1Batch>> {
    let clock = client.clock();
    let began = clock.steady();
    let mut pace = Pace::new(poll);
    loop {
        let asked = client.call(ops::batches(job, version)).await;
        let elapsed = clock.steady().duration_since(began);
        let next = match asked {
            Ok(mut batches) => {
                let known = batches.iter().any(|batch| batch.id == divided);
                if known && batches.iter().all(|batch| batch.state.is_final()) {
                    // Ids of batches count up, and results come in their order.
                    batches.sort_by_key(|batch| batch.id);
                    return Ok(batches);
                }
                pace.goes_on(elapsed, client.random())
            }
            Err(error) => pace.failed(error, elapsed, client.random()),
        };
        match next {
            Next::Ask(pause) => tokio::time::sleep(pause).await,
            Next::GiveUp(error) => return Err(error.with_job(job)),
        }
    }
}

pub(in crate::bulk) fn get(job: JobId, version: ApiVersion) -> Result<Op<JobInfo>> {
    ops::get(job, version)
}

pub(in crate::bulk) fn abort(job: JobId, version: ApiVersion) -> Result<Op<JobInfo>> {
    ops::change(job, version, "Aborted")
}
