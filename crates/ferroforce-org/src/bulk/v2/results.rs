//! What became of the rows of a job, and what a query found.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use rusqlite::Connection;

use super::create::wrong_state;
use crate::bulk::download::{Download, ShortPage, Span};
use crate::bulk::extract;
use crate::bulk::ingest::{self, result_header};
use crate::bulk::job::{Job, State};
use crate::bulk::table::Part;
use crate::error::ApiError;
use crate::json::Json;
use crate::rest::{ApiRequest, Context, Reply};

const CSV: &str = "text/csv; charset=UTF-8";

const LOCATOR: HeaderName = HeaderName::from_static("sforce-locator");
const NUMBER_OF_RECORDS: HeaderName = HeaderName::from_static("sforce-numberofrecords");

/// How many pages a list of them tells at once.
const MOST_PAGES: usize = 5;

/// The three files about the rows of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Successful,
    Failed,
    /// Those that were not processed before the job ended.
    Unprocessed,
}

impl Which {
    /// The file of this name, in whatever letter case.
    pub(super) fn of(name: &str) -> Option<Self> {
        [
            ("successfulResults", Self::Successful),
            ("failedResults", Self::Failed),
            ("unprocessedrecords", Self::Unprocessed),
        ]
        .into_iter()
        .find_map(|(known, which)| known.eq_ignore_ascii_case(name).then_some(which))
    }
}

/// A file about the rows of a job.
pub(super) fn file(
    db: &Connection,
    job: &Job,
    which: Which,
    short: Option<ShortPage>,
) -> Result<Download, ApiError> {
    if !job.state.is_final() {
        return Err(not_ready(job));
    }
    let name = match which {
        Which::Successful => ingest::SUCCESSFUL,
        Which::Failed => ingest::FAILED,
        Which::Unprocessed => ingest::UPLOAD,
    };
    let part = Part {
        owner: &job.id,
        name,
    };
    let header = job.progress.header.as_deref();
    let position = job.progress.position;
    let own = result_header(name, job.dialect, header);
    let (head, span) = match which {
        Which::Unprocessed => {
            // The first line has not been taken off.
            let is_first = position == 0;
            let end = match short {
                Some(ShortPage(records)) => after(db, job, part, records + usize::from(is_first))?,
                None => part.end(db)?.1,
            };
            let head = if is_first { Vec::new() } else { own };
            (head, Span::of_bytes(db, part, position, end)?)
        }
        _ => {
            let (_, records) = part.end(db)?;
            let sent = short.map_or(records, |ShortPage(most)| records.min(count(most)));
            (own, Span::of_records(db, part, job.dialect, 0, sent)?)
        }
    };
    Ok(Download {
        headers: Vec::new(),
        content_type: CSV.to_owned(),
        tail: &[],
        head,
        owner: job.id.clone(),
        name,
        span,
    })
}

/// The byte behind so many of the records that were not processed.
fn after(db: &Connection, job: &Job, part: Part<'_>, records: usize) -> Result<i64, ApiError> {
    let mut data = ingest::Records::from(db, part, job.dialect, job.progress.position)?;
    for _ in 0..records {
        // What cannot be read as records is sent whole.
        let Ok(Some(_)) = data.next() else {
            return Ok(part.end(db)?.1);
        };
    }
    Ok(data.position())
}

fn count(records: usize) -> i64 {
    i64::try_from(records).unwrap_or(i64::MAX)
}

fn not_ready(job: &Job) -> ApiError {
    let state = job.state.name();
    wrong_state(format!(
        "The results of a Job that is {state} are not available"
    ))
}

/// A page of what a query found.
pub(super) fn page(
    context: &Context<'_>,
    request: &ApiRequest,
    job: &Job,
    short: Option<ShortPage>,
) -> Result<Download, ApiError> {
    check(context, job)?;
    let from = start(request, job)?;
    let most = match request.parameter("maxRecords") {
        None => page_size(context),
        Some(most) => most.parse().ok().filter(|most| *most > 0).ok_or_else(|| {
            ApiError::bad_request("INVALIDJOB", "maxRecords must be a number above 0")
        })?,
    };
    let total = job.progress.processed;
    let to = total.min(from.saturating_add(most));
    let sent = match short {
        Some(ShortPage(records)) => to.min(from.saturating_add(count(records))),
        None => to,
    };
    let next = if to < total {
        locator(to)
    } else {
        "null".to_owned()
    };
    let part = Part {
        owner: &job.id,
        name: extract::RESULT,
    };
    let mut head = Vec::new();
    if let Some(header) = &job.progress.header {
        head.extend_from_slice(header.as_bytes());
    }
    let header = |name, value: String| {
        let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""));
        (name, value)
    };
    Ok(Download {
        headers: vec![
            header(LOCATOR, next),
            header(NUMBER_OF_RECORDS, (to - from).to_string()),
        ],
        content_type: CSV.to_owned(),
        tail: &[],
        head,
        owner: job.id.clone(),
        name: extract::RESULT,
        span: Span::of_records(context.db, part, job.dialect, from, sent)?,
    })
}

/// Where pages are that can be fetched in parallel.
pub(super) fn pages(
    context: &Context<'_>,
    request: &ApiRequest,
    job: &Job,
) -> Result<Reply, ApiError> {
    check(context, job)?;
    let mut from = start(request, job)?;
    let total = job.progress.processed;
    let path = format!("{}/jobs/query/{}", context.version.path(), job.id);
    let mut pages = Vec::new();
    // Even of nothing there is a page.
    while pages.len() < MOST_PAGES && (from < total || (total == 0 && pages.is_empty())) {
        let url = format!("{path}/results?locator={}", locator(from));
        pages.push(Json::object([("resultUrl", url)]));
        from = from.saturating_add(page_size(context));
    }
    let done = from >= total;
    let next = (!done).then(|| format!("{path}/resultPages?locator={}", locator(from)));
    let mut members = vec![("resultPages", Json::Array(pages))];
    members.extend(next.map(|next| ("nextRecordsUrl", next.into())));
    members.push(("done", done.into()));
    Ok(Reply::ok(Json::object(members)))
}

/// Refuses what is not there yet, and what another version of the API asks for.
fn check(context: &Context<'_>, job: &Job) -> Result<(), ApiError> {
    if job.version != context.version.number() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "API_ERROR",
            format!(
                "The results of the job must be asked for with version {}.0 of the API, as the job \
                 was made",
                job.version
            ),
        ));
    }
    if job.state != State::JobComplete {
        return Err(not_ready(job));
    }
    Ok(())
}

/// The number of the record that a request begins with.
fn start(request: &ApiRequest, job: &Job) -> Result<i64, ApiError> {
    let total = job.progress.processed;
    match request.parameter("locator") {
        None | Some("") => Ok(0),
        Some(locator) => place(locator)
            .filter(|place| *place == 0 || (0..total).contains(place))
            .ok_or_else(|| ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator")),
    }
}

fn page_size(context: &Context<'_>) -> i64 {
    i64::from(context.org.auth.policies().bulk_page_records).max(1)
}

/// Names a record, as the first of a page.
fn locator(record: i64) -> String {
    STANDARD_NO_PAD.encode(record.to_string())
}

/// The record that a locator names.
fn place(locator: &str) -> Option<i64> {
    let bytes = STANDARD_NO_PAD.decode(locator).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}
