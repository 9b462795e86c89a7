//! `/query`, `/queryAll` and their later pages.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value as JsonValue;

use super::cursors::Cursor;
use super::request::{ApiRequest, Reply};
use super::{Context, list_views, reports};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::query::{Mark, Note, Reader, Readings, Rest, Scope, compile, explain};
use crate::record::recent;

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
    if let Some(explained) = request.parameter("explain") {
        return plans(context, explained, deleted_too);
    }
    let soql = request.parameter("q").ok_or_else(|| {
        ApiError::bad_request("MALFORMED_QUERY", "A query string has to be specified")
    })?;
    run(context, request, soql, deleted_too)
}

/// Runs a query that the org knows by name.
pub(super) fn named(
    context: &Context<'_>,
    request: &ApiRequest,
    name: &str,
) -> Result<Reply, ApiError> {
    let value = |parameter: &str| request.parameter(parameter);
    let soql = context.org.named_queries.soql(name, value)?;
    run(context, request, &soql, false)
}

/// Runs a query and answers its first page.
pub(super) fn run(
    context: &Context<'_>,
    request: &ApiRequest,
    soql: &str,
    deleted_too: bool,
) -> Result<Reply, ApiError> {
    let scope = scope(context, deleted_too);
    let plan = compile(context.schema, soql, &scope)?;
    if request
        .parameter("columns")
        .is_some_and(|columns| columns == "true")
    {
        return Ok(Reply::ok(plan.columns()));
    }
    let batch = batch(request).unwrap_or(BATCH);
    let keep = |rest| keep(context, batch, rest);
    let note = |mark: &_, ids: &_| note(context, mark, ids);
    let body = plan.run(&reader(context, batch, &keep, &note))?;
    Ok(Reply::json_text(body))
}

/// What a query of the org's own found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) total_size: usize,
    #[serde(default)]
    pub(super) records: Vec<JsonValue>,
}

impl Found {
    /// The value at the end of a path such as `Account.Owner.Name`; null where it leads nowhere.
    pub(super) fn value<'r>(record: &'r JsonValue, path: &str) -> &'r JsonValue {
        path.split('.').fold(record, |value, name| &value[name])
    }
}

/// Runs a query of the org's own, which has no more records than a page, as the user.
pub(super) fn find(context: &Context<'_>, soql: &str) -> Result<Found, ApiError> {
    let plan = compile(context.schema, soql, &scope(context, false))?;
    let keep = |rest| keep(context, BATCH, rest);
    let note = |mark: &_, ids: &_| note(context, mark, ids);
    let body = plan.run(&reader(context, BATCH, &keep, &note))?;
    serde_json::from_slice(&body).map_err(|_| ApiError::internal("a query's answer can't be read"))
}

/// Tells how a query would be run, or that of a report or list view, by its id.
fn plans(context: &Context<'_>, explained: &str, deleted_too: bool) -> Result<Reply, ApiError> {
    let is_id = matches!(explained.len(), 15 | 18)
        && explained.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id {
        let soql = match list_views::soql(context, explained) {
            Some(soql) => soql,
            None => reports::soql(context, explained)?.ok_or_else(|| {
                ApiError::bad_request("INVALID_ID", "The id is not that of a report or list view")
            })?,
        };
        let plans = explain(context.db, context.schema, &soql, &scope(context, false))?;
        return Ok(Reply::ok(plans));
    }
    let scope = scope(context, deleted_too);
    let plans = explain(context.db, context.schema, explained, &scope)?;
    Ok(Reply::ok(plans))
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
    let batch = batch(request).unwrap_or(cursor.batch);
    let keep = |rest| keep(context, batch, rest);
    let note = |mark: &_, ids: &_| note(context, mark, ids);
    let reader = reader(context, batch, &keep, &note);
    let next = |offset| path(context, id, offset);
    let body = cursor.rest.page(offset, &reader, next)?;
    Ok(Reply::json_text(body.ok_or_else(invalid)?))
}

fn reader<'r>(
    context: &Context<'r>,
    batch: usize,
    keep: &'r dyn Fn(Rest) -> String,
    note: &'r Note<'r>,
) -> Reader<'r> {
    Reader {
        db: context.db,
        version: context.version,
        batch,
        keep,
        note,
    }
}

/// Notes that records were viewed or referred to, now and by this user.
fn note(context: &Context<'_>, mark: &Mark, ids: &[RecordId]) -> Result<(), ApiError> {
    let Some(object) = context.schema.object(&mark.object) else {
        return Ok(());
    };
    let viewed = if mark.viewed {
        "\"LastViewedDate\" = ?1, "
    } else {
        ""
    };
    let sql = format!(
        "UPDATE \"{}\" SET {viewed}\"LastReferencedDate\" = ?1 WHERE \"Id\" = ?2",
        object.name
    );
    context.atomically(|| {
        let mut update = context.db.prepare_cached(&sql)?;
        // The first record is the latest used.
        for &id in ids.iter().rev() {
            update.execute((context.now, id.as_str()))?;
            recent::note(context, object, id)?;
        }
        Ok(())
    })
}

/// Keeps what is left of a query and tells where its next page is.
fn keep(context: &Context<'_>, batch: usize, rest: Rest) -> String {
    let offset = rest.offset;
    let id = context.org.cursors.keep(Cursor {
        rest,
        user: context.user.id,
        created: context.now,
        batch,
    });
    path(context, id, offset)
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

/// Who asks, and when.
pub(super) fn scope(context: &Context<'_>, all_rows: bool) -> Scope {
    scope_at(context, all_rows, context.org.clock.now_millis())
}

/// Who asks, as if it were at another moment, in milliseconds since 1970.
pub(crate) fn scope_at(context: &Context<'_>, all_rows: bool, at: i64) -> Scope {
    let now = context.org.clock.now();
    Scope {
        all_rows,
        now: Timestamp::from_millisecond(at).unwrap_or(now),
        time_zone: time_zone(context),
        locale: locale(context),
        user: context.user.id,
        version: context.version,
        readings: Readings::of(&context.org.auth.policies()),
    }
}

/// The zone in which the user's days begin.
fn time_zone(context: &Context<'_>) -> TimeZone {
    let member = context.org.auth.directory.by_id(context.user.id);
    member
        .and_then(|member| TimeZone::get(&member.user.time_zone).ok())
        .unwrap_or(TimeZone::UTC)
}

/// How the user wants values shown.
fn locale(context: &Context<'_>) -> String {
    let member = context.org.auth.directory.by_id(context.user.id);
    member.map_or_else(|| "en_US".to_owned(), |member| member.user.locale.clone())
}
