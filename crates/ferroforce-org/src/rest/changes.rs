//! What was deleted, and what was changed, in a span of time.

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::json::Json;
use crate::schema::Object;
use crate::store::{deletions, table};
use crate::value::time::{datetime_text, parse_datetime};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// How far back changes are told, in days.
const UPDATED_DAYS: i64 = 30;

/// How many ids an answer may hold.
const MOST_IDS: usize = 600_000;

/// `GET /sobjects/X/deleted`.
pub(super) fn deleted(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
) -> Result<Reply, ApiError> {
    let span = Span::of(context, request, object, deletions::KEPT / DAY)?;
    let found = deletions::between(context.db, &object.name, span.start, span.end, MOST_IDS + 1)?;
    not_too_many(found.len())?;
    let records = found.into_iter().map(|(id, at)| {
        Json::object([
            ("id", Json::from(&id)),
            ("deletedDate", datetime_text(at).into()),
        ])
    });
    let earliest = minute(context.now - deletions::KEPT);
    Ok(Reply::ok(Json::object([
        ("deletedRecords", records.collect()),
        ("earliestDateAvailable", datetime_text(earliest).into()),
        ("latestDateCovered", span.covered(context)),
    ])))
}

/// `GET /sobjects/X/updated`: created ones count too, deleted ones do not.
pub(super) fn updated(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
) -> Result<Reply, ApiError> {
    let span = Span::of(context, request, object, UPDATED_DAYS)?;
    let stamp = ["SystemModstamp", "LastModifiedDate", "CreatedDate"]
        .into_iter()
        .find(|name| object.field(name).is_some())
        .ok_or_else(|| not_replicated(object))?;
    let mut select = context.db.prepare_cached(&format!(
        "SELECT \"Id\" FROM \"{}\" WHERE \"{stamp}\" >= ?1 AND \"{stamp}\" < ?2{}
        ORDER BY \"{stamp}\", \"Id\" LIMIT {}",
        object.name,
        table::and_not_deleted(object),
        MOST_IDS + 1,
    ))?;
    let ids = select.query_map([span.start, span.end], |row| row.get::<_, String>(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    not_too_many(ids.len())?;
    Ok(Reply::ok(Json::object([
        ("ids", ids.iter().map(Json::from).collect()),
        ("latestDateCovered", span.covered(context)),
    ])))
}

/// From a moment on and before another, in milliseconds since 1970, in whole minutes.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: i64,
    end: i64,
}

impl Span {
    fn of(
        context: &Context<'_>,
        request: &ApiRequest,
        object: &Object,
        days: i64,
    ) -> Result<Self, ApiError> {
        if !object.replicateable {
            return Err(not_replicated(object));
        }
        let moment = |name: &'static str| {
            request
                .parameter(name)
                .and_then(parse_datetime)
                .map(minute)
                .ok_or_else(|| out_of_range(format!("{name} must be a date and time in ISO 8601")))
        };
        let (start, end) = (moment("start")?, moment("end")?);
        if start >= end {
            return Err(out_of_range(
                "endDate must be at least one minute greater than startDate".to_owned(),
            ));
        }
        if start < minute(context.now - days * DAY) {
            return Err(out_of_range(format!(
                "startDate cannot be more than {days} days ago"
            )));
        }
        Ok(Self { start, end })
    }

    /// Up to when nothing can be missing from the answer.
    fn covered(self, context: &Context<'_>) -> Json {
        datetime_text(self.end.min(minute(context.now))).into()
    }
}

/// Seconds do not count.
fn minute(millis: i64) -> i64 {
    millis - millis.rem_euclid(MINUTE)
}

fn not_too_many(found: usize) -> Result<(), ApiError> {
    if found <= MOST_IDS {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "EXCEEDED_ID_LIMIT",
        format!("more than {MOST_IDS} ids were found; ask for a shorter span of time"),
    ))
}

fn out_of_range(message: String) -> ApiError {
    ApiError::bad_request("INVALID_REPLICATION_DATE", message)
}

fn not_replicated(object: &Object) -> ApiError {
    ApiError::bad_request(
        "INVALID_TYPE_FOR_OPERATION",
        format!("entity type {} does not support replication", object.name),
    )
}
