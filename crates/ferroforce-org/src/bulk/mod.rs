//! The Bulk APIs: jobs whose rows are written, or found, in the background.
//!
//! The work is done on the store's thread, a slice at a time; between two slices, requests have
//! their turn. Each slice is a transaction, which holds what was written, what is known of it,
//! and how far the job is: so it goes on where it was when the org is started again.

mod columns;
mod csv;
mod download;
mod expiry;
mod extract;
mod ingest;
mod job;
mod rows;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod v1;
pub(crate) mod v2;
mod work;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

pub(crate) use download::ShortPage;
pub(crate) use table::create;
pub(crate) use work::{attend, wake};

use crate::error::ApiError;
use crate::rest::Context;
use crate::schema::Object;

/// What is known about the jobs of an org without asking its database.
#[derive(Debug, Default)]
pub(crate) struct Bulk {
    /// Whether somebody works on them.
    working: AtomicBool,
    /// The moment from which on there may be something to do, in milliseconds since 1970.
    due: AtomicI64,
    /// The moment in which old jobs were looked for last.
    swept: AtomicI64,
}

impl Bulk {
    /// Lets the next request look for something to do.
    pub(crate) fn look_again(&self) {
        self.due.store(0, Ordering::Relaxed);
        self.swept.store(0, Ordering::Relaxed);
    }
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Operation {
    Insert,
    Update,
    Upsert,
    Delete,
    HardDelete,
    Query,
    QueryAll,
}

impl Operation {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::HardDelete => "hardDelete",
            Self::Query => "query",
            Self::QueryAll => "queryAll",
        }
    }

    /// The operation of this name.
    fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Insert,
            Self::Update,
            Self::Upsert,
            Self::Delete,
            Self::HardDelete,
            Self::Query,
            Self::QueryAll,
        ];
        all.into_iter().find(|known| known.name() == name)
    }

    const fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::HardDelete)
    }

    const fn is_query(self) -> bool {
        matches!(self, Self::Query | Self::QueryAll)
    }
}

/// The object whose records a job writes, and the field by which an upsert finds them. The
/// errors are those of a job that is made.
fn target<'s>(
    context: &Context<'s>,
    operation: Operation,
    object: &str,
    key: Option<&str>,
) -> Result<(&'s Object, Option<String>), JobError> {
    let unsupported = || {
        let name = crate::error::excerpt(object);
        JobError::new(
            "InvalidEntity",
            format!("Entity '{name}' is not supported by the Bulk API."),
        )
    };
    let object: &Object = context.schema.object(object).ok_or_else(unsupported)?;
    if object.is_event() {
        return Err(unsupported());
    }
    if operation == Operation::HardDelete && !context.may_hard_delete() {
        return Err(JobError::new(
            "FeatureNotEnabled",
            "hardDelete operation requires special user profile permission, please contact your \
             system administrator",
        ));
    }
    if operation != Operation::Upsert {
        return Ok((object, None));
    }
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return Err(JobError::new(
            "InvalidJob",
            format!(
                "External ID was blank for {}. An External ID must be specified for upsert.",
                object.name
            ),
        ));
    };
    let field = object
        .field(key)
        .filter(|field| field.external_id || field.id_lookup)
        .ok_or_else(|| {
            let key = crate::error::excerpt(key);
            JobError::new(
                "InvalidJob",
                format!(
                    "Field name provided, {key} is not an External ID or indexed field for {}",
                    object.name
                ),
            )
        })?;
    Ok((object, Some(field.name.clone())))
}

/// Why a job is not made, or not changed. Bulk API 1.0 writes the code as it is here, 2.0 in
/// capitals.
#[derive(Debug)]
struct JobError {
    code: &'static str,
    message: String,
}

impl JobError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        Self::bad_request(error.code.to_ascii_uppercase(), error.message)
    }
}
