//! Queries: what they may ask for, and what they found.

use super::Operation;
use super::ingest::Failure;
use super::job::Job;
use super::table::Part;
use crate::admin::Trouble;
use crate::error::ApiError;
use crate::query::{FlatPlan, NotFlat, Slice};
use crate::rest::{Context, scope_at};
use crate::usage::BulkCount;

/// The rows that were found.
pub(super) const RESULT: &str = "result";

/// The first version of the API that keeps the order of the columns.
const SELECTED_ORDER_SINCE: u16 = 50;

/// How many rows are looked for at once.
const CHUNK: i64 = 2_000;

/// Checks a query, and tells the object that it is about.
pub(super) fn check(
    context: &Context<'_>,
    soql: &str,
    operation: Operation,
) -> Result<String, ApiError> {
    let now = context.org.clock.now_millis();
    let plan = compile(context, soql, operation, now).map_err(refusal)?;
    Ok(plan.object().to_owned())
}

/// Compiles a query that was made at a moment, which is the present of its date literals.
pub(super) fn compile(
    context: &Context<'_>,
    soql: &str,
    operation: Operation,
    at: i64,
) -> Result<FlatPlan, NotFlat> {
    let scope = scope_at(context, operation == Operation::QueryAll, at);
    FlatPlan::compile(context.schema, soql, &scope)
}

/// What is told of a query that the Bulk API does not run.
pub(super) fn refusal(reason: NotFlat) -> ApiError {
    let message = match reason {
        NotFlat::Refused(error) => return error,
        NotFlat::Aggregate => "Aggregate queries are not supported in Bulk V2 Query",
        NotFlat::Subquery => {
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
        }
        NotFlat::Compound => "Selecting compound data not supported in Bulk Query",
        NotFlat::Blob => "Blob field not supported in Bulk V2 Query with CSV content type",
        NotFlat::Typeof => "TYPEOF is not supported in Bulk V2 Query",
        NotFlat::Offset => "OFFSET is not supported in Bulk V2 Query",
        NotFlat::AllFields => "FIELDS(ALL) and FIELDS(CUSTOM) are not supported in Bulk V2 Query",
        NotFlat::Marks => "FOR VIEW and FOR REFERENCE are not supported in Bulk V2 Query",
    };
    ApiError::bad_request("API_ERROR", message)
}

/// The columns as they stand in the result: as they were selected, or, before that version of the
/// API, by their names.
fn order(plan: &FlatPlan, version: u16) -> Vec<usize> {
    let names: Vec<String> = plan.header().map(str::to_lowercase).collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    if version < SELECTED_ORDER_SINCE {
        order.sort_by(|a, b| names[*a].cmp(&names[*b]));
    }
    order
}

/// Looks for some of the rows of a job.
pub(super) fn find_chunk(context: &Context<'_>, job: &mut Job) -> Result<(), Failure> {
    let soql = job.query.as_deref().unwrap_or_default();
    let plan = compile(context, soql, job.operation, job.created).map_err(refusal)?;
    let dialect = job.dialect;
    let order = order(&plan, job.version);
    let progress = &mut job.progress;
    if progress.header.is_none() {
        let mut line = Vec::new();
        let names: Vec<&str> = plan.header().collect();
        dialect.write(order.iter().map(|&column| names[column]), &mut line);
        progress.header = Some(String::from_utf8_lossy(&line).into_owned());
    }
    let left = |all: i64| (all - progress.processed).max(0);
    // What is sorted is found at once.
    let mut most = if plan.is_by_id() { CHUNK } else { i64::MAX };
    if let Some(limit) = plan.limit() {
        most = most.min(left(limit));
    }
    if let Some(Trouble::Fails { after, message }) = &progress.trouble {
        let rest = left(i64::try_from(*after).unwrap_or(i64::MAX));
        if rest == 0 {
            return Err(Failure::Job(message.clone()));
        }
        most = most.min(rest);
    }
    let part = Part {
        owner: &job.id,
        name: RESULT,
    };
    let (mut rows, mut bytes, mut found) = (0, Vec::new(), 0);
    let keep = |rows: &mut i64, bytes: &mut Vec<u8>| {
        if *rows > 0 {
            let length = u64::try_from(bytes.len()).unwrap_or(0);
            context.org.usage.count_of(BulkCount::QueryBytes, length);
            part.append(context.db, *rows, bytes)?;
        }
        *rows = 0;
        bytes.clear();
        Ok::<(), ApiError>(())
    };
    let slice = Slice {
        after: progress.last_id.as_deref(),
        to: None,
        most,
    };
    let last = plan.rows(context.db, slice, |row| {
        let cells = row.cells()?;
        dialect.write(order.iter().map(|&column| &cells[column]), &mut bytes);
        rows += 1;
        found += 1;
        if rows == CHUNK {
            keep(&mut rows, &mut bytes)?;
        }
        Ok(())
    })?;
    keep(&mut rows, &mut bytes)?;
    progress.processed += found;
    progress.done = found < most || plan.limit() == Some(progress.processed);
    if last.is_some() {
        progress.last_id = last;
    }
    Ok(())
}
