//! What single objects ask of their records, beyond what the describe says.

use std::collections::HashSet;

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::incoming::Incoming;
use super::row::{Row, folded};
use super::validate::missing_fields;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::Context;
use crate::store::table;

/// Checks a row that is about to be written. `before` is what it replaces.
pub(super) fn check(
    context: &Context<'_>,
    row: &Row<'_>,
    before: Option<&Row<'_>>,
    given: &Incoming<'_>,
) -> Result<(), ApiError> {
    match (row.object.name.as_str(), before) {
        ("User", _) => one_username(context, row)?,
        ("ContentVersion", None) => content(row)?,
        ("PricebookEntry", None) => one_price(context, row)?,
        _ => {}
    }
    // Nothing is below a new record.
    if before.is_some() {
        no_ring(context, row, given)?;
    }
    Ok(())
}

/// No two users have the same name for signing in.
fn one_username(context: &Context<'_>, row: &Row<'_>) -> Result<(), ApiError> {
    let other: Option<i64> = context
        .db
        .prepare_cached("SELECT 1 FROM \"User\" WHERE \"Username$\" = ?1 AND \"Id\" <> ?2")?
        .query_row(
            [folded(row.get("Username")), row.get("Id").clone()],
            |found| found.get(0),
        )
        .optional()?;
    match other {
        Some(_) => Err(ApiError::bad_request(
            "DUPLICATE_USERNAME",
            "Duplicate Username.<br>The username already exists in this or another Salesforce \
             organization. Usernames must be unique across all Salesforce organizations. To \
             resolve, use a different username (it doesn't need to match the user's email \
             address). ",
        )
        .with_fields(["Username"])),
        None => Ok(()),
    }
}

/// A file has a name and bytes, a link has an address.
fn content(row: &Row<'_>) -> Result<(), ApiError> {
    if *row.get("ContentUrl") != Value::Null {
        return Ok(());
    }
    let missing = ["PathOnClient", "VersionData"];
    let missing = missing
        .into_iter()
        .filter(|field| *row.get(field) == Value::Null);
    let missing: Vec<&str> = missing.collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing_fields(missing))
    }
}

/// A product has one price in a price book.
fn one_price(context: &Context<'_>, row: &Row<'_>) -> Result<(), ApiError> {
    let other = format!(
        "SELECT 1 FROM \"PricebookEntry\" WHERE \"Pricebook2Id\" = ?1 AND \"Product2Id\" = ?2{}",
        table::and_not_deleted(row.object)
    );
    let key = ["Pricebook2Id", "Product2Id"].map(|field| row.get(field).clone());
    let other: Option<i64> = context
        .db
        .prepare_cached(&other)?
        .query_row(key, |found| found.get(0))
        .optional()?;
    match other {
        Some(_) => Err(ApiError::bad_request(
            "FIELD_INTEGRITY_EXCEPTION",
            "This price definition already exists in this price book",
        )
        .with_fields::<String>([])),
        None => Ok(()),
    }
}

/// Nobody is above themselves.
fn no_ring(context: &Context<'_>, row: &Row<'_>, given: &Incoming<'_>) -> Result<(), ApiError> {
    let object = row.object;
    for name in ["ParentId", "ReportsToId"] {
        let leads_home = object
            .field(name)
            .is_some_and(|field| field.reference_to.contains(&object.name));
        if !leads_home || !given.gives(name) {
            continue;
        }
        let above = |row: &Row<'_>| row.text(name)?.parse::<RecordId>().ok();
        let mut seen = HashSet::new();
        let mut next = above(row);
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            if row.id() == Some(id) {
                return Err(ApiError::bad_request(
                    "CIRCULAR_DEPENDENCY",
                    "attempt to violate hierarchy constraints",
                )
                .with_fields([name]));
            }
            next = Row::load(context.db, object, id)?.as_ref().and_then(above);
        }
    }
    Ok(())
}
