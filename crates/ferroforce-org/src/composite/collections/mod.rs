//! `/composite/sobjects`: up to 200 records created, updated, upserted or deleted, up to 2,000
//! read, each with its own result.

mod chunk;
mod delete;
mod result;
mod retrieve;
mod save;

use http::Method;

pub(super) use self::result::errors;
use self::result::{Saved, written};
use super::Resource;
use crate::error::ApiError;
use crate::rest::{ApiRequest, Context, Reply};

/// The most records that a request may write.
const MOST_RECORDS: usize = 200;

/// An answer, and whether any of its records failed: the status doesn't tell.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) reply: Reply,
    pub(super) failed: bool,
}

pub(super) fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    resource: Resource<'_>,
) -> Result<Collected, ApiError> {
    let results = match resource {
        Resource::Collections if request.method == Method::DELETE => {
            delete::delete(context, request)?
        }
        Resource::Collections if request.method == Method::PATCH => save::update(context, request)?,
        Resource::Collections => save::create(context, request)?,
        Resource::CollectionsByKey { object, field } => {
            save::upsert(context, request, object, field)?
        }
        Resource::CollectionsOf { object } => {
            let reply = retrieve::retrieve(context, request, object)?;
            return Ok(Collected {
                reply,
                failed: false,
            });
        }
        // The other resources are answered elsewhere.
        _ => return Err(ApiError::not_found()),
    };
    Ok(Collected {
        failed: results.iter().any(Saved::is_failure),
        reply: Reply::ok(written(&results)),
    })
}

/// More records than a request may have.
fn too_many_records(most: usize) -> ApiError {
    ApiError::bad_request(
        "EXCEEDED_ID_LIMIT",
        format!("record limit reached. cannot submit more than {most} records into this call"),
    )
}

/// Runs the writes of a request. If all or none of them are to be done, and any fails, all are
/// undone.
fn transaction(
    context: &Context<'_>,
    all_or_none: bool,
    work: impl FnOnce() -> Result<Vec<Saved>, ApiError>,
) -> Result<Vec<Saved>, ApiError> {
    let done = context.all_or_none(|| {
        let results = work()?;
        if all_or_none && results.iter().any(Saved::is_failure) {
            Err(Undone::Failed(results))
        } else {
            Ok(results)
        }
    });
    match done {
        Ok(results) => Ok(results),
        Err(Undone::Failed(results)) => {
            Ok(results.into_iter().map(Saved::into_rolled_back).collect())
        }
        Err(Undone::Refused(error)) => Err(error),
    }
}

/// Why the writes of a request were undone.
enum Undone {
    /// Some record failed.
    Failed(Vec<Saved>),
    /// The request as a whole was wrong.
    Refused(ApiError),
}

impl From<ApiError> for Undone {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Undone {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(error.into())
    }
}
