//! Requests that depend on when a record was last changed.

use http::header::{
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use http::{Method, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rusqlite::types::Value;

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::{self, row::Row};
use crate::schema::Object;

/// Answers a request whose condition a record does not meet: 304 or 412.
pub(super) fn unmet(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &Object,
    id: RecordId,
) -> Result<Option<Reply>, ApiError> {
    if [IF_MATCH, IF_NONE_MATCH]
        .iter()
        .any(|name| request.headers.contains_key(name))
    {
        return Err(ApiError::unsupported(
            "If-Match and If-None-Match on records",
        ));
    }
    let conditions = [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
    if !conditions
        .iter()
        .any(|name| request.headers.contains_key(name))
    {
        return Ok(None);
    }
    let Some(modified) = modified(&record::existing(context, object, id)?) else {
        return Ok(None);
    };
    let changed_since = |name: HeaderName| {
        let since = request.header(name.as_str())?;
        let since = rfc2822::DateTimeParser::new().parse_timestamp(since).ok()?;
        Some(modified.as_second() > since.as_second())
    };
    if changed_since(IF_UNMODIFIED_SINCE) == Some(true) {
        return Err(ApiError::new(
            StatusCode::PRECONDITION_FAILED,
            "PRECONDITION_FAILED",
            "The record has been changed since",
        ));
    }
    let read = request.method == Method::GET || request.method == Method::HEAD;
    let known = read && changed_since(IF_MODIFIED_SINCE) == Some(false);
    Ok(known.then(|| Reply::empty(StatusCode::NOT_MODIFIED)))
}

/// The header that tells when a record was last changed.
pub(super) fn last_modified(row: &Row<'_>) -> Option<(HeaderName, HeaderValue)> {
    let printer = rfc2822::DateTimePrinter::new();
    let date = printer.timestamp_to_rfc9110_string(&modified(row)?).ok()?;
    Some((LAST_MODIFIED, HeaderValue::try_from(date).ok()?))
}

fn modified(row: &Row<'_>) -> Option<Timestamp> {
    match row.get("LastModifiedDate") {
        Value::Integer(millis) => Timestamp::from_millisecond(*millis).ok(),
        _ => None,
    }
}
