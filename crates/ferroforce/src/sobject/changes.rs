//! Which records were deleted or changed in a span of time.

use http::Method;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::op::{Op, Path, decode_json};
use crate::types::{DateTime, RecordId};

/// The records that were deleted in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeletedRecords {
    /// The records.
    #[serde(rename = "deletedRecords")]
    pub records: Vec<DeletedRecord>,
    /// How far back this org can tell.
    #[serde(rename = "earliestDateAvailable")]
    pub earliest_available: DateTime,
    /// Up to here the answer is complete. Deletes of transactions that are still
    /// under way come later: ask from here the next time.
    #[serde(rename = "latestDateCovered")]
    pub latest_covered: DateTime,
}

/// A record that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DeletedRecord {
    /// Its id.
    pub id: RecordId,
    /// When it was deleted.
    #[serde(rename = "deletedDate")]
    pub deleted: DateTime,
}

/// The records that were created or changed in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UpdatedRecords {
    /// Their ids.
    pub ids: Vec<RecordId>,
    /// Up to here the answer is complete: ask from here the next time.
    #[serde(rename = "latestDateCovered")]
    pub latest_covered: DateTime,
}

pub(super) fn deleted<S, E>(sobject: &str, start: S, end: E) -> Result<Op<DeletedRecords>>
where
    S: TryInto<DateTime, Error: Into<Error>>,
    E: TryInto<DateTime, Error: Into<Error>>,
{
    let path = Path::fill("/sobjects/{sobject}/deleted/", &[sobject])?;
    between(Op::new(Method::GET, path, decode_json), start, end)
}

pub(super) fn updated<S, E>(sobject: &str, start: S, end: E) -> Result<Op<UpdatedRecords>>
where
    S: TryInto<DateTime, Error: Into<Error>>,
    E: TryInto<DateTime, Error: Into<Error>>,
{
    let path = Path::fill("/sobjects/{sobject}/updated/", &[sobject])?;
    between(Op::new(Method::GET, path, decode_json), start, end)
}

fn between<R, S, E>(op: Op<R>, start: S, end: E) -> Result<Op<R>>
where
    S: TryInto<DateTime, Error: Into<Error>>,
    E: TryInto<DateTime, Error: Into<Error>>,
{
    let start: DateTime = start.try_into().map_err(Into::into)?;
    let end: DateTime = end.try_into().map_err(Into::into)?;
    if start >= end {
        return Err(Error::invalid_input(format!(
            "the span of time begins at {start} and ends at {end}, which is not after it"
        )));
    }
    let text = |time: DateTime| format!("{}T{}", time.date_utc(), whole_seconds(time));
    Ok(op.query("start", text(start)).query("end", text(end)))
}

/// Salesforce looks at minutes only, and some of its versions stumble over
/// fractions.
fn whole_seconds(time: DateTime) -> String {
    let time = time.time_utc();
    format!(
        "{:02}:{:02}:{:02}+00:00",
        time.hour(),
        time.minute(),
        time.second()
    )
}
