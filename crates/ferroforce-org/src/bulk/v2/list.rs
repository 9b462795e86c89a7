//! The list of jobs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::bulk::job::{Detail, Job, JobKind};
use crate::bulk::table;
use crate::error::ApiError;
use crate::json::Json;
use crate::rest::{ApiRequest, Context, Reply};

/// How many jobs a page has.
const PAGE: usize = 1_000;

/// The jobs there are, of this kind or of the one that is asked for.
pub(super) fn list(
    context: &Context<'_>,
    request: &ApiRequest,
    kind: JobKind,
) -> Result<Reply, ApiError> {
    let kinds: &[JobKind] = match request.parameter("jobType") {
        Some("V2Ingest") => &[JobKind::Ingest],
        Some("V2Query") => &[JobKind::Query],
        Some("Classic") => &[JobKind::Classic],
        // There are no big objects.
        Some("BigObjectIngest") => &[],
        None if kind == JobKind::Query => &[JobKind::Query],
        None => &[JobKind::Ingest, JobKind::Classic],
        Some(_) => {
            return Err(ApiError::bad_request(
                "INVALIDJOB",
                "jobType must be BigObjectIngest, Classic, V2Ingest or V2Query",
            ));
        }
    };
    let invalid = || ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator");
    let after = match request.parameter("queryLocator") {
        None => 0,
        Some(locator) => place(locator).ok_or_else(invalid)?,
    };
    let chunked = flag(request, "isPkChunkingEnabled");
    let mode = request.parameter("concurrencyMode");
    let mut found: Vec<(i64, Job)> = Vec::new();
    for kind in kinds {
        found.extend(table::list::<Job>(
            context.db,
            kind.name(),
            after,
            PAGE + 1,
        )?);
    }
    found.sort_by_key(|(n, _)| *n);
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().map(|(n, _)| *n).filter(|_| more);
    let wanted = |job: &&Job| {
        chunked.is_none_or(|chunked| chunked == job.is_pk_chunked())
            && mode.is_none_or(|mode| mode.eq_ignore_ascii_case(job.mode()))
    };
    let now = context.org.clock.now_millis();
    let jobs = found.iter().map(|(_, job)| job).filter(wanted);
    let jobs: Json = jobs.map(|job| job.to_json(Detail::Listed, now)).collect();
    let next = next.map(|n| {
        let locator = STANDARD_NO_PAD.encode(n.to_string());
        let path = context.version.path();
        let under = match kind {
            JobKind::Query => "query",
            _ => "ingest",
        };
        format!("{path}/jobs/{under}?queryLocator={locator}")
    });
    Ok(Reply::ok(Json::object([
        ("done", Json::from(!more)),
        ("records", jobs),
        ("nextRecordsUrl", next.into()),
    ])))
}

/// The place that a locator names.
fn place(locator: &str) -> Option<i64> {
    let bytes = STANDARD_NO_PAD.decode(locator).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}

fn flag(request: &ApiRequest, name: &str) -> Option<bool> {
    request.parameter(name)?.to_ascii_lowercase().parse().ok()
}
