//! What single objects ask of their records, beyond what the describe says.

use std::collections::HashSet;

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::incoming::Incoming;
use super::row::Row;
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
        ("User", Some(before)) => same_to_sign_in(context, row, before)?,
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

/// What sign-in knows of a user, and learned when the org started.
const KNOWN_TO_SIGN_IN: [&str; 10] = [
    "Username",
    "FirstName",
    "LastName",
    "Email",
    "IsActive",
    "ProfileId",
    "UserRoleId",
    "LanguageLocaleKey",
    "LocaleSidKey",
    "TimeZoneSidKey",
];

/// A record must not tell of a user what is not so when they sign in.
fn same_to_sign_in(context: &Context<'_>, row: &Row<'_>, before: &Row<'_>) -> Result<(), ApiError> {
    let signs_in = row
        .id()
        .is_some_and(|id| context.org.auth.directory.by_id(id).is_some());
    let changed = KNOWN_TO_SIGN_IN
        .iter()
        .find(|field| row.get(field) != before.get(field));
    match changed {
        Some(field) if signs_in => Err(ApiError::unsupported(format_args!(
            "another {field} for a user who can sign in: these are set before the org starts"
        ))),
        _ => Ok(()),
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
