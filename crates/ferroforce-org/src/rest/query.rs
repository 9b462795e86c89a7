//! `/query`, `/queryAll` and their later pages.

use jiff::tz::TimeZone;

use super::Context;
use super::cursors::Cursor;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::query::{Page, Scope, compile};

/// How many records a page has when the client does not say, and the most it may have.
const BATCH: usize = 2_000;

/// The fewest that a client may ask for.
const SMALLEST_BATCH: usize = 200;

/// Runs the query of a request.
pub(super) fn first_page(
    context: &Context<'_>,
    request: &ApiRequest,
    deleted_too: bool,
) -> Result<Reply, ApiError> {
    if request.parameter("explain").is_some() {
        return Err(ApiError::unsupported("query plans (explain)"));
    }
    let soql = request.parameter("q").ok_or_else(|| {
        ApiError::bad_request("MALFORMED_QUERY", "A query string has to be specified")
    })?;
    run(context, request, soql, deleted_too)
}

/// Runs a query and answers its first page.
pub(super) fn run(
    context: &Context<'_>,
    request: &ApiRequest,
    soql: &str,
    deleted_too: bool,
) -> Result<Reply, ApiError> {
    let scope = Scope {
        all_rows: deleted_too,
        now: context.org.clock.now(),
        time_zone: time_zone(context),
        user: context.user.id,
        version: context.version,
    };
    let plan = compile(&context.org.schema, soql, &scope)?;
    if request
        .parameter("columns")
        .is_some_and(|columns| columns == "true")
    {
        return Ok(Reply::ok(plan.columns()));
    }
    let batch = batch(request).unwrap_or(BATCH);
    let mut page = plan.run(context.db, batch, context.version)?;
    let rest = std::mem::take(&mut page.rest);
    if rest.is_empty() {
        return Ok(answer(&page, page.total, None));
    }
    let (total, first_page) = (page.total, page.count());
    let id = context.org.cursors.keep(Cursor {
        plan,
        user: context.user.id,
        created: context.now,
        total,
        first_page,
        batch,
        rest,
    });
    Ok(answer(&page, total, Some(&path(context, id, first_page))))
}

/// Answers a later page.
pub(super) fn next_page(
    context: &Context<'_>,
    request: &ApiRequest,
    locator: &str,
) -> Result<Reply, ApiError> {
    let invalid = || ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator");
    let (id, offset) = locator.split_once('-').ok_or_else(invalid)?;
    let id: RecordId = id.parse().map_err(|_| invalid())?;
    let offset: usize = offset.parse().map_err(|_| invalid())?;
    let cursor = context
        .org
        .cursors
        .find(id, context.user.id, context.now)
        .ok_or_else(invalid)?;
    let rest = offset
        .checked_sub(cursor.first_page)
        .and_then(|start| cursor.rest.get(start..))
        .filter(|rest| !rest.is_empty())
        .ok_or_else(invalid)?;
    let batch = batch(request).unwrap_or(cursor.batch).min(rest.len());
    let page = cursor
        .plan
        .fetch(context.db, &rest[..batch], context.version)?;
    let more = batch < rest.len();
    let next = more.then(|| path(context, id, offset + batch));
    Ok(answer(&page, cursor.total, next.as_deref()))
}

fn answer(page: &Page, total: usize, next: Option<&str>) -> Reply {
    Reply::json_text(page.body(total, next))
}

/// Where a later page is; under `query` for `queryAll` too.
fn path(context: &Context<'_>, id: RecordId, offset: usize) -> String {
    format!("{}/query/{id}-{offset}", context.version.path())
}

/// The size of a page that the client would like.
fn batch(request: &ApiRequest) -> Option<usize> {
    let options = request.header("sforce-query-options")?;
    options.split([',', ';']).find_map(|option| {
        let (name, value) = option.split_once('=')?;
        let wanted: usize = value.trim().parse().ok()?;
        name.trim()
            .eq_ignore_ascii_case("batchSize")
            .then(|| wanted.clamp(SMALLEST_BATCH, BATCH))
    })
}

/// The zone in which the user's days begin.
fn time_zone(context: &Context<'_>) -> TimeZone {
    let member = context.org.auth.directory.by_id(context.user.id);
    member
        .and_then(|member| TimeZone::get(&member.user.time_zone).ok())
        .unwrap_or(TimeZone::UTC)
}
