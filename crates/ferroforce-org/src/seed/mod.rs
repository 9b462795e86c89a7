//! What is in an org when it starts: the rows that every org has, its users, and the records
//! of a seed file.

mod builtin;
mod file;
mod records;
#[cfg(test)]
mod tests;

pub(crate) use file::SeedFile;

use rusqlite::Connection;
use serde_json::Value as JsonValue;

use crate::auth::CurrentUser;
use crate::error::ApiError;
use crate::org::Org;
use crate::rest::{ApiVersion, Context};
use crate::search::index;
use crate::store::table;

/// Makes the tables, and fills them if they are new.
pub(crate) fn plant(org: &Org, db: &Connection, records: &[JsonValue]) -> Result<(), ApiError> {
    let user = CurrentUser {
        id: org.auth.directory.members()[0].id,
        app: None,
        profile_id: None,
    };
    let context = Context::new(org, db, &user, ApiVersion::NEWEST);
    context.atomically(|| {
        table::create(db, &org.schema)?;
        table::create(db, &org.tooling)?;
        index::create(db, &org.schema)?;
        let new = builtin::plant(&context)?;
        if new {
            records::plant(&context, records)?;
        }
        Ok(())
    })
}
