//! The endpoints.

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use quick_xml::escape::escape;
use serde::Deserialize;
use serde_json::json;

use super::super::{JobId, JobInfo, JobState};
use super::batch::{V1Batch, V1BatchId};
use super::job::{NewV1Job, V1ContentType};
use super::wire;
use crate::client::ApiVersion;
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, Response};

const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=UTF-8");
const CHUNKING: HeaderName = HeaderName::from_static("sforce-enable-pkchunking");

fn at(template: &'static str, version: ApiVersion, values: &[&str]) -> Result<Path> {
    let version = version.to_string();
    let mut all = vec![version.as_str()];
    all.extend(values);
    Path::fill(template, &all)
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

fn document(content: &str) -> Bytes {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">{content}</jobInfo>"
    )
    .into()
}

fn with_xml<R>(mut op: Op<R>, content: &str) -> Op<R> {
    op.body = Some(document(content));
    op.header(CONTENT_TYPE, XML)
}

/// A job, told in XML. The elements have their order.
pub(super) fn create(job: &NewV1Job, version: ApiVersion) -> Result<Op<JobInfo>> {
    let mut content = element("operation", job.operation.as_str());
    content += &element("object", &job.object);
    for (name, value) in [
        ("assignmentRuleId", &job.assignment_rule),
        ("externalIdFieldName", &job.external_id),
    ] {
        if let Some(value) = value {
            content += &element(name, value);
        }
    }
    content += &element(
        "concurrencyMode",
        if job.serial { "Serial" } else { "Parallel" },
    );
    content += &element("contentType", job.content_type.name());
    let path = at("/services/async/{version}/job", version, &[])?;
    let op = Op::new(Method::POST, path, job_info).repeatability(Repeatability::Idempotent);
    let op = with_xml(op, &content);
    let Some(chunking) = &job.chunking else {
        return Ok(op);
    };
    let value = HeaderValue::try_from(chunking.header()?)
        .map_err(|error| Error::invalid_input("the chunking makes no header").with_source(error))?;
    Ok(op.header(CHUNKING, value))
}

pub(super) fn get(job: JobId, version: ApiVersion) -> Result<Op<JobInfo>> {
    let path = at(
        "/services/async/{version}/job/{job}",
        version,
        &[job.as_str()],
    )?;
    Ok(Op::new(Method::GET, path, job_info))
}

/// Closes or aborts a job. A second time it does nothing more.
pub(super) fn change(job: JobId, version: ApiVersion, state: &str) -> Result<Op<JobInfo>> {
    let path = at(
        "/services/async/{version}/job/{job}",
        version,
        &[job.as_str()],
    )?;
    let op = Op::new(Method::POST, path, job_info).repeatability(Repeatability::Idempotent);
    Ok(with_xml(op, &element("state", state)))
}

/// Hands a batch over. Sent twice it would be there twice.
pub(super) fn add(
    job: JobId,
    version: ApiVersion,
    content_type: V1ContentType,
    data: Bytes,
) -> Result<Op<V1Batch>> {
    let path = at(
        "/services/async/{version}/job/{job}/batch",
        version,
        &[job.as_str()],
    )?;
    let one = |response: &Response| wire::read_one(response, "batchInfo");
    let mut op = Op::new(Method::POST, path, one).repeatability(Repeatability::Once);
    op.body = Some(data);
    Ok(op.header(CONTENT_TYPE, content_type.of_batches()))
}

pub(super) fn batches(job: JobId, version: ApiVersion) -> Result<Op<Vec<V1Batch>>> {
    let path = at(
        "/services/async/{version}/job/{job}/batch",
        version,
        &[job.as_str()],
    )?;
    let all = |response: &Response| wire::read(response, "batchInfo");
    Ok(Op::new(Method::GET, path, all))
}

pub(super) fn batch(job: JobId, version: ApiVersion, batch: V1BatchId) -> Result<Op<V1Batch>> {
    let path = at(
        "/services/async/{version}/job/{job}/batch/{batch}",
        version,
        &[job.as_str(), batch.as_str()],
    )?;
    let one = |response: &Response| wire::read_one(response, "batchInfo");
    Ok(Op::new(Method::GET, path, one))
}

/// What became of a batch: rows of a load, or ids of a query's results.
pub(super) fn result(job: JobId, version: ApiVersion, batch: V1BatchId) -> Result<Op<Bytes>> {
    let path = at(
        "/services/async/{version}/job/{job}/batch/{batch}/result",
        version,
        &[job.as_str(), batch.as_str()],
    )?;
    let whole = |response: &Response| Ok(response.body().clone());
    Ok(Op::new(Method::GET, path, whole))
}

/// A batch as it was sent.
pub(super) fn request(job: JobId, version: ApiVersion, batch: V1BatchId) -> Result<Op<Bytes>> {
    let path = at(
        "/services/async/{version}/job/{job}/batch/{batch}/request",
        version,
        &[job.as_str(), batch.as_str()],
    )?;
    let whole = |response: &Response| Ok(response.body().clone());
    Ok(Op::new(Method::GET, path, whole))
}

/// The ids of a query's results.
pub(super) fn result_ids(
    job: JobId,
    version: ApiVersion,
    batch: V1BatchId,
) -> Result<Op<Vec<String>>> {
    Ok(result(job, version, batch)?.read_as(|response| {
        let body = response.body();
        if body.trim_ascii_start().starts_with(b"[") {
            return response.json();
        }
        let lists = crate::xml::records_of(body, "result-list")
            .filter(|lists| lists.len() <= 1)
            .ok_or_else(|| Error::decode("the answer is no list of results"))?;
        let ids = lists.into_iter().flatten();
        Ok(ids
            .filter(|(name, _)| name == "result")
            .map(|(_, id)| id)
            .collect())
    }))
}

/// Where a result of a query is.
pub(super) fn result_path(
    job: JobId,
    version: ApiVersion,
    batch: V1BatchId,
    result: &str,
) -> Result<String> {
    let path = at(
        "/services/async/{version}/job/{job}/batch/{batch}/result/{result}",
        version,
        &[job.as_str(), batch.as_str(), result],
    )?;
    Ok(path.as_str().to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: JobId,
    state: String,
    operation: Option<String>,
    object: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    concurrency_mode: serde_json::Value,
    external_id_field_name: Option<String>,
    #[serde(default, deserialize_with = "wire::number")]
    number_records_processed: u64,
    #[serde(default, deserialize_with = "wire::number")]
    number_records_failed: u64,
}

/// A job as one of 2.0. While it is open its batches are worked on; it is closed when
/// there will be no more of them.
fn job_info(response: &Response) -> Result<JobInfo> {
    let wire: Wire = wire::read_one(response, "jobInfo")?;
    let state = match wire.state.as_str() {
        "Open" | "Closed" => JobState::InProgress,
        other => JobState::from(other),
    };
    let info = json!({
        "id": wire.id,
        "state": state,
        "operation": wire.operation,
        "object": wire.object,
        "contentType": wire.content_type,
        "concurrencyMode": wire.concurrency_mode.as_str(),
        "externalIdFieldName": wire.external_id_field_name,
        "numberRecordsProcessed": wire.number_records_processed,
        "numberRecordsFailed": wire.number_records_failed,
        "jobType": "Classic",
    });
    serde_json::from_value(info)
        .map_err(|error| Error::decode("the job cannot be read").with_source(error))
}
