//! Deleting records: they go to the recycle bin, with those that cannot be without them.

use rusqlite::types::Value;

use super::derive::carry_on;
use super::lock;
use super::row::Row;
use super::write::{existing, permitted, stamp_change, whole};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::Object;
use crate::store::{deletions, table};

/// Where a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bin {
    /// Into the recycle bin, if its object has one.
    Recycle,
    /// Away for good.
    Bypass,
}

/// Deletes a record and its dependents; clears the references of all others to it.
pub(crate) fn delete(context: &Context<'_>, object: &Object, id: RecordId) -> Result<(), ApiError> {
    delete_into(context, object, id, Bin::Recycle)
}

/// The same, with a choice of where they go.
pub(crate) fn delete_into(
    context: &Context<'_>,
    object: &Object,
    id: RecordId,
    bin: Bin,
) -> Result<(), ApiError> {
    permitted(context, object, "delete", |object| object.deletable)?;
    let object = whole(context, object);
    existing(context, object, id)?;
    // Dependents have dependents: a list of what is still to do, since they may form a ring.
    let mut doomed = vec![(object, id)];
    while let Some((object, id)) = doomed.pop() {
        let Some(mut row) = Row::load(context.db, object, id)? else {
            continue;
        };
        if row.flag("IsDeleted") {
            continue;
        }
        lock::check(context, object, Some(id), None)?;
        for relationship in &object.children {
            let Some(child) = context.whole_schema().object(&relationship.child_object) else {
                continue;
            };
            for dependent in dependents(context, child, &relationship.field, id)? {
                if relationship.cascade_delete {
                    doomed.push((child, dependent));
                } else if relationship.restricted_delete {
                    return Err(associated(&row, child));
                } else if let Some(mut row) = Row::load(context.db, child, dependent)? {
                    row.set(&relationship.field, Value::Null);
                    row.replace(context.db)?;
                }
            }
        }
        if object.field("IsDeleted").is_some() && bin == Bin::Recycle {
            row.set("IsDeleted", true);
            stamp_change(context, &mut row);
            row.replace(context.db)?;
        } else {
            row.remove(context.db)?;
        }
        deletions::note(context.db, &object.name, id.as_str(), context.now)?;
        carry_on(context, &row)?;
    }
    Ok(())
}

/// The records, not deleted, of an object that point to another record.
fn dependents(
    context: &Context<'_>,
    child: &Object,
    field: &str,
    id: RecordId,
) -> Result<Vec<RecordId>, ApiError> {
    let table = &child.name;
    let mut select = context.db.prepare_cached(&format!(
        "SELECT \"Id\" FROM \"{table}\" WHERE \"{field}\" = ?1{}",
        table::and_not_deleted(child)
    ))?;
    let ids = select.query_map([id.as_str()], |row| row.get::<_, String>(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

fn associated(row: &Row<'_>, child: &Object) -> ApiError {
    let name = row
        .object
        .name_field()
        .and_then(|field| row.text(&field.name));
    ApiError::bad_request(
        "DELETE_FAILED",
        format!(
            "Your attempt to delete {} could not be completed because it is associated with the \
             following {}.",
            name.unwrap_or_default(),
            child.label_plural.to_lowercase()
        ),
    )
    .with_fields::<String>([])
}
