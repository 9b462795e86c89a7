//! The records that users saved or read last.

use rusqlite::params;

use super::row::Row;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::Object;
use crate::store::ids;

/// The name of the counter that puts uses in order.
const COUNTER: &str = "_recent";

/// How many uses are remembered, whoever's and of whatever.
const REMEMBERED: i64 = 5_000;

/// Notes that the user of a request uses a record, unless the request says not to.
pub(crate) fn note(context: &Context<'_>, object: &Object, id: RecordId) -> Result<(), ApiError> {
    if !context.options.update_mru || !(object.mru_enabled || object.custom) {
        return Ok(());
    }
    let n = ids::count(context.db, COUNTER)?;
    context
        .db
        .prepare_cached(
            "INSERT INTO \"_recent\" VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (user, id) DO UPDATE SET n = excluded.n",
        )?
        .execute(params![
            context.user.id.as_str(),
            object.name,
            id.as_str(),
            n
        ])?;
    // Now and then is often enough.
    if n % 100 == 0 {
        context
            .db
            .prepare_cached("DELETE FROM \"_recent\" WHERE n <= ?1")?
            .execute([n - REMEMBERED])?;
    }
    Ok(())
}

/// The records of an object that the user used last, newest first, without those that are gone.
pub(crate) fn list<'s>(
    context: &Context<'_>,
    object: &'s Object,
    most: usize,
) -> Result<Vec<Row<'s>>, ApiError> {
    let mut select = context.db.prepare_cached(
        "SELECT id FROM \"_recent\" WHERE user = ?1 AND object = ?2 ORDER BY n DESC",
    )?;
    let ids = select.query_map(params![context.user.id.as_str(), object.name], |row| {
        row.get::<_, String>(0)
    })?;
    let mut rows = Vec::new();
    for id in ids {
        if rows.len() == most {
            break;
        }
        let Ok(id) = id?.parse() else { continue };
        let row = Row::load(context.db, object, id)?;
        rows.extend(row.filter(|row| !row.flag("IsDeleted")));
    }
    Ok(rows)
}
