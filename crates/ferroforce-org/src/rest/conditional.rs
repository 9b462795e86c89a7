//! Requests that depend on the state of a record: on when it was last changed, and, for accounts,
//! on its ETag.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ETAG, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
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
    let tags = Tags::of(request, object)?;
    let conditions = [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
    let dated = conditions
        .iter()
        .any(|name| request.headers.contains_key(name));
    if !dated && tags == Tags::default() {
        return Ok(None);
    }
    let read = request.method == Method::GET || request.method == Method::HEAD;
    let row = if read {
        record::readable(context, object, id)?
    } else {
        record::existing(context, object, id)?
    };
    let tag = etag(&row);
    if tags.wanted.is_some_and(|tags| !matches(tags, &tag)) {
        return Err(failed("The record does not match the ETag"));
    }
    match tags.unwanted.map(|tags| matches(tags, &tag)) {
        Some(true) if read => return Ok(Some(Reply::empty(StatusCode::NOT_MODIFIED))),
        Some(true) => return Err(failed("The record matches the ETag")),
        _ => {}
    }
    let Some(modified) = modified(&row) else {
        return Ok(None);
    };
    let changed_since = |name: HeaderName| {
        let since = request.header(name.as_str())?;
        let since = rfc2822::DateTimeParser::new().parse_timestamp(since).ok()?;
        Some(modified.as_second() > since.as_second())
    };
    if changed_since(IF_UNMODIFIED_SINCE) == Some(true) {
        return Err(failed("The record has been changed since"));
    }
    // A tag says more than a date, so the date counts only without one.
    let known = read && tags.unwanted.is_none() && changed_since(IF_MODIFIED_SINCE) == Some(false);
    Ok(known.then(|| Reply::empty(StatusCode::NOT_MODIFIED)))
}

/// As [`unmet`], where there is no record: no tag matches it.
pub(super) fn unmet_by_none(
    request: &ApiRequest,
    object: &Object,
) -> Result<Option<Reply>, ApiError> {
    match Tags::of(request, object)?.wanted {
        Some(_) => Err(failed("There is no record that could match the ETag")),
        None => Ok(None),
    }
}

/// The tags of a request's headers, as they are written there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tags<'r> {
    wanted: Option<&'r str>,
    unwanted: Option<&'r str>,
}

impl<'r> Tags<'r> {
    /// Accounts have tags, and only for reading and changing them; a tag must look like one.
    fn of(request: &'r ApiRequest, object: &Object) -> Result<Self, ApiError> {
        let tags = Self {
            wanted: request.header(IF_MATCH.as_str()),
            unwanted: request.header(IF_NONE_MATCH.as_str()),
        };
        if tags == Self::default() {
            return Ok(tags);
        }
        if object.name != "Account" || request.method == Method::DELETE {
            return Err(ApiError::unsupported(
                "If-Match and If-None-Match on other requests than reading and changing accounts",
            ));
        }
        let read = request.method == Method::GET || request.method == Method::HEAD;
        for given in [tags.wanted, tags.unwanted].into_iter().flatten() {
            if !read && !given.split(',').all(|tag| is_tag(tag.trim())) {
                return Err(ApiError::bad_request(
                    "INVALID_HEADER",
                    "If-Match and If-None-Match take * or ETags in double quotes",
                ));
            }
        }
        Ok(tags)
    }
}

fn is_tag(tag: &str) -> bool {
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = tag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    tag == "*" || inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('"'))
}

/// Whether a tag is among those of a header, weak or strong, with or without the encoding that
/// a compressed answer adds to it.
fn matches(tags: &str, own: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        tag == "*" || tag.strip_suffix("-gzip").unwrap_or(tag) == own
    })
}

/// A digest of all values of a record, without the quotes that it is sent in.
fn etag(row: &Row<'_>) -> String {
    let mut digest = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    for (field, value) in row.iter() {
        digest.update(format!("{}={value:?};", field.name).as_bytes());
    }
    STANDARD.encode(digest.finish())
}

fn failed(message: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::PRECONDITION_FAILED,
        "PRECONDITION_FAILED",
        message,
    )
}

/// The headers that tell the state of a record: when it was last changed, and an account's ETag.
pub(super) fn validators(row: &Row<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let printer = rfc2822::DateTimePrinter::new();
    let date = modified(row).and_then(|date| printer.timestamp_to_rfc9110_string(&date).ok());
    let tag = (row.object.name == "Account").then(|| format!("\"{}\"", etag(row)));
    [(LAST_MODIFIED, date), (ETAG, tag)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value?).ok()?)))
        .collect()
}

fn modified(row: &Row<'_>) -> Option<Timestamp> {
    match row.get("LastModifiedDate") {
        Value::Integer(millis) => Timestamp::from_millisecond(*millis).ok(),
        _ => None,
    }
}
