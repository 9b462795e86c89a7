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

/// The records that the user used last, of one object or of all that the user sees: newest
/// first, without those that are gone.
pub(crate) fn list<'s>(
    context: &Context<'s>,
    object: Option<&'s Object>,
    most: usize,
) -> Result<Vec<Row<'s>>, ApiError> {
    let mut select = context.db.prepare_cached(
        "SELECT object, id FROM \"_recent\" WHERE user = ?1 AND object = ifnull(?2, object)
        ORDER BY n DESC",
    )?;
    let user = context.user.id.as_str();
    let mut used = select.query(params![user, object.map(|object| &object.name)])?;
    let mut rows = Vec::new();
    while rows.len() < most
        && let Some(use_of) = used.next()?
    {
        let (name, id): (String, String) = (use_of.get(0)?, use_of.get(1)?);
        let seen = object.or_else(|| context.schema.object(&name).map(AsRef::as_ref));
        let (Some(object), Ok(id)) = (seen, id.parse()) else {
            continue;
        };
        let row = Row::load(context.db, object, id)?;
        rows.extend(row.filter(|row| !row.flag("IsDeleted")));
    }
    Ok(rows)
}
