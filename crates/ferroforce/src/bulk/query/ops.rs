//! The endpoints of query jobs.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderValue};
use serde::{Deserialize, Serialize};

use super::super::job::JobId;
use super::super::job::ops::CSV;
use super::super::{Delimiter, JobInfo, JobOperation, LineEnding};
use super::text::Written;
use crate::client::ApiVersion;
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, Response, decode_json, path};
use crate::soql::Soql;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The first version that has query jobs, and the first that lists their pages.
const QUERIES_SINCE: u16 = 47;
pub(super) const PAGES_SINCE: u16 = 58;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewQuery<'a> {
    operation: JobOperation,
    query: &'a str,
    content_type: &'static str,
    column_delimiter: Delimiter,
    line_ending: LineEnding,
}

/// A job of which nothing was heard again writes nothing and goes by itself, so this
/// may be sent twice.
pub(super) fn create(
    soql: &Soql,
    deleted_too: bool,
    column_delimiter: Delimiter,
    line_ending: LineEnding,
    version: ApiVersion,
) -> Result<Op<JobInfo>> {
    if version.number() < QUERIES_SINCE {
        return Err(Error::invalid_input(format!(
            "query jobs exist in API version {QUERIES_SINCE}.0 and later, and this client speaks \
             {version}"
        )));
    }
    let query = soql.render()?;
    let job = NewQuery {
        operation: if deleted_too {
            JobOperation::QueryAll
        } else {
            JobOperation::Query
        },
        query: &query,
        content_type: "CSV",
        column_delimiter,
        line_ending,
    };
    Op::new(Method::POST, Path::fill("/jobs/query", &[])?, decode_json)
        .repeatability(Repeatability::Idempotent)
        .json(&job)
}

/// Where a page of results is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PageAt {
    /// From here on, or from the beginning, as many rows as are asked for.
    Locator(Option<String>),
    /// A page that Salesforce has cut.
    Url(String),
}

/// A page. It must be asked for in the version that the job was created with.
pub(super) fn page(
    job: JobId,
    version: ApiVersion,
    at: &PageAt,
    rows: u32,
    written: Written,
) -> Result<Op<Bytes>> {
    let whole = |response: &Response| Ok(response.body().clone());
    let op = match at {
        PageAt::Locator(locator) => {
            let path = below(
                job,
                version,
                "/services/data/{version}/jobs/query/{job}/results",
            )?;
            let op = Op::new(Method::GET, path, whole).query("maxRecords", rows.to_string());
            match locator {
                Some(locator) => op.query("locator", locator.clone()),
                None => op,
            }
        }
        PageAt::Url(url) => {
            let label = if url.starts_with("/services/async/") {
                "/services/async/{version}/job/{job}/batch/{batch}/result/{result}"
            } else {
                "/jobs/query/{job}/results?locator={locator}"
            };
            Op::new(
                Method::GET,
                Path::verbatim(url.clone(), Some(label.into())),
                whole,
            )
        }
    };
    let accepted = match written {
        Written::Csv(_) => CSV,
        Written::Json => JSON,
    };
    Ok(op.header(ACCEPT, accepted))
}

fn below(job: JobId, version: ApiVersion, template: &'static str) -> Result<Path> {
    Path::fill(template, &[&format!("v{version}"), job.as_str()])
}

/// Some of a job's pages.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageList {
    /// Seen in answers in the place of `resultPages`, with `resultLink` in each.
    #[serde(alias = "resultChunks", default)]
    result_pages: Vec<PageLink>,
    #[serde(default)]
    next_records_url: Option<String>,
    #[serde(default)]
    done: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct PageLink {
    #[serde(rename = "resultUrl", alias = "resultLink")]
    url: String,
}

pub(super) fn pages(job: JobId, version: ApiVersion) -> Result<Op<PageList>> {
    let path = below(
        job,
        version,
        "/services/data/{version}/jobs/query/{job}/resultPages",
    )?;
    Ok(Op::new(Method::GET, path, decode_json))
}

impl PageList {
    /// The pages, and where more of them are.
    pub(super) fn read(self, job: JobId) -> Result<(Vec<String>, Option<Op<Self>>)> {
        let pages = self
            .result_pages
            .iter()
            .map(|link| of_job(&link.url, job))
            .collect::<Result<_>>()?;
        let next = match self.next_records_url {
            Some(url) if self.done != Some(true) => {
                let label = "/jobs/query/{job}/resultPages?locator={locator}";
                let path = Path::verbatim(of_job(&url, job)?, Some(label.into()));
                Some(Op::new(Method::GET, path, decode_json))
            }
            None if self.done == Some(false) => {
                return Err(Error::decode(
                    "the answer says that more pages follow and not where: rows would be lost",
                ));
            }
            _ => None,
        };
        Ok((pages, next))
    }
}

/// A path that an answer names, which must lead to the same job: the token goes with
/// the request.
fn of_job(url: &str, job: JobId) -> Result<String> {
    let url = format!("/{}", url.trim_start_matches('/'));
    let short = &job.as_str()[..15];
    let leads_there = url.starts_with("/services/data/")
        && !path::climbs(&url)
        && url
            .split_once("/jobs/query/")
            .is_some_and(|(_, rest)| rest.starts_with(short));
    if leads_there {
        Ok(url)
    } else {
        Err(Error::decode(
            "the answer names a page of results outside of the job's own address",
        ))
    }
}
