//! The endpoints of jobs.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{JobFilter, JobId, JobInfo, JobKind, JobState, NewJob};
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, Response, decode_json, decode_nothing, path};

/// The type of data and results.
pub(crate) const CSV: HeaderValue = HeaderValue::from_static("text/csv");

fn of_job(kind: JobKind, id: &JobId) -> Result<Path> {
    let template = match kind {
        JobKind::Ingest => "/jobs/ingest/{job}",
        JobKind::Query => "/jobs/query/{job}",
    };
    Path::fill(template, &[id.as_str()])
}

/// A job that was created and never heard of again stays empty, so this may be sent
/// twice.
pub(crate) fn create(job: &NewJob) -> Result<Op<JobInfo>> {
    Op::new(Method::POST, Path::fill("/jobs/ingest", &[])?, decode_json)
        .repeatability(Repeatability::Idempotent)
        .json(job)
}

pub(crate) fn get(kind: JobKind, id: &JobId) -> Result<Op<JobInfo>> {
    Ok(Op::new(Method::GET, of_job(kind, id)?, decode_json))
}

/// Closes or aborts a job. Sent a second time it may meet what the first one did.
pub(crate) fn change(kind: JobKind, id: &JobId, state: &JobState) -> Result<Op<JobInfo>> {
    Op::new(Method::PATCH, of_job(kind, id)?, decode_json)
        .repeatability(Repeatability::Once)
        .json(&json!({ "state": state }))
}

pub(crate) fn delete(kind: JobKind, id: &JobId) -> Result<Op<()>> {
    Ok(Op::new(Method::DELETE, of_job(kind, id)?, deleted).accepts(&[StatusCode::NOT_FOUND]))
}

/// The second of two deletes finds nothing, which is what was wanted.
fn deleted(response: &Response) -> Result<()> {
    if response.status().is_success() {
        return Ok(());
    }
    let error = Error::from_answer(response);
    if response.is_repeated() && error.is_not_found() {
        Ok(())
    } else {
        Err(error)
    }
}

/// The data of a job, which takes it once. The body is put in by the sender.
pub(crate) fn upload(id: &JobId) -> Result<Op<()>> {
    let path = Path::fill("/jobs/ingest/{job}/batches", &[id.as_str()])?;
    Ok(Op::new(Method::PUT, path, decode_nothing)
        .repeatability(Repeatability::Once)
        .header(CONTENT_TYPE, CSV))
}

/// Which of a job's rows are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultKind {
    Successful,
    Failed,
    Unprocessed,
}

pub(crate) fn results(id: &JobId, kind: ResultKind) -> Result<Op<Bytes>> {
    let template = match kind {
        ResultKind::Successful => "/jobs/ingest/{job}/successfulResults",
        ResultKind::Failed => "/jobs/ingest/{job}/failedResults",
        ResultKind::Unprocessed => "/jobs/ingest/{job}/unprocessedrecords",
    };
    let whole = |response: &Response| Ok(response.body().clone());
    let path = Path::fill(template, &[id.as_str()])?;
    Ok(Op::new(Method::GET, path, whole).header(ACCEPT, CSV))
}

/// A page of a list of jobs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobPage {
    pub(crate) records: Vec<JobInfo>,
    #[serde(default)]
    pub(crate) next_records_url: Option<String>,
}

pub(crate) fn list(kind: JobKind, filter: &JobFilter) -> Result<Op<JobPage>> {
    let path = match kind {
        JobKind::Ingest => "/jobs/ingest",
        JobKind::Query => "/jobs/query",
    };
    let mut op = Op::new(Method::GET, Path::fill(path, &[])?, decode_json);
    op.query = filter.pairs();
    Ok(op)
}

pub(crate) fn next_page(url: &str) -> Result<Op<JobPage>> {
    let stays_here = url.starts_with("/services/data/") && !path::climbs(url);
    if !stays_here {
        return Err(Error::decode(
            "the answer names a next page outside of the org's own data address",
        ));
    }
    let path = Path::verbatim(url, Some("/jobs?queryLocator={locator}".into()));
    Ok(Op::new(Method::GET, path, decode_json))
}
