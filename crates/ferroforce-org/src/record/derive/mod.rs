//! Fields that the platform fills from others.

mod activity;
mod campaign;
mod file;
mod sales;

use rusqlite::types::Value;

use super::incoming::Incoming;
use super::row::Row;
use crate::auth;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::Context;
use crate::store::ids;

/// Fills what follows from the rest of a row that is about to be written. `before` is what it
/// replaces, `given` what the client sent: of fields that follow from each other, those win.
pub(crate) fn derive(
    context: &Context<'_>,
    row: &mut Row<'_>,
    before: Option<&Row<'_>>,
    given: &Incoming<'_>,
) -> Result<(), ApiError> {
    name_of_person(row);
    name_of_custom(row);
    if before.is_none() {
        number(context, row)?;
    }
    match (row.object.name.as_str(), before) {
        ("Opportunity", _) => sales::opportunity(context, row, before)?,
        ("OpportunityLineItem", _) => sales::line_item(context, row, before, given)?,
        ("PricebookEntry", None) => sales::price(context, row)?,
        ("Case", _) => activity::case(context, row),
        ("Task", _) => activity::task(context, row),
        ("Event", _) => activity::event(row, before, given)?,
        ("CampaignMember", _) => campaign::member(context, row)?,
        ("ContentVersion", None) => file::version(context, row)?,
        ("ContentVersion", Some(_)) => file::changed(context, row)?,
        ("Attachment" | "Document", _) => file::length(row),
        _ => {}
    }
    Ok(())
}

/// Carries on to other records what was written, or deleted, in a row.
pub(super) fn carry_on(context: &Context<'_>, row: &Row<'_>) -> Result<(), ApiError> {
    match row.object.name.as_str() {
        "OpportunityLineItem" => sales::line_changed(context, row),
        "User" => auth::records::note(context.db, row),
        _ => Ok(()),
    }
}

/// A number or a moment, if the field holds one.
fn integer(row: &Row<'_>, field: &str) -> Option<i64> {
    match row.get(field) {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

/// Values that are each fine, but not together.
fn at_odds<const N: usize>(message: &'static str, fields: [&str; N]) -> ApiError {
    ApiError::bad_request("FIELD_INTEGRITY_EXCEPTION", message).with_fields(fields)
}

/// The record that a reference leads to, if it is there.
fn parent<'s>(
    context: &Context<'s>,
    row: &Row<'_>,
    reference: &str,
) -> Result<Option<Row<'s>>, ApiError> {
    let Some(id) = row
        .text(reference)
        .and_then(|id| id.parse::<RecordId>().ok())
    else {
        return Ok(None);
    };
    match context.whole_schema().by_key_prefix(id.key_prefix()) {
        Some(object) => Row::load(context.db, object, id),
        None => Ok(None),
    }
}

/// Contacts, leads and users are called by the parts of their names.
fn name_of_person(row: &mut Row<'_>) {
    let parted = row
        .object
        .field("Name")
        .is_some_and(|name| !name.createable);
    if !parted || row.object.field("LastName").is_none() {
        return;
    }
    let parts = ["FirstName", "MiddleName", "LastName", "Suffix"];
    let name: Vec<&str> = parts.iter().filter_map(|part| row.text(part)).collect();
    let name = name.join(" ");
    row.set(
        "Name",
        if name.is_empty() {
            Value::Null
        } else {
            Value::Text(name)
        },
    );
}

/// Records of custom objects that nobody names are called by their ids.
fn name_of_custom(row: &mut Row<'_>) {
    let named = (row.object.field("Name")).is_some_and(|name| name.createable);
    if row.object.custom && named && *row.get("Name") == Value::Null {
        row.set("Name", row.get("Id").clone());
    }
}

/// Gives a new record its auto-numbers.
fn number(context: &Context<'_>, row: &mut Row<'_>) -> Result<(), ApiError> {
    let object = row.object;
    for field in object.fields.iter().filter(|field| field.auto_number) {
        if *row.get(&field.name) == Value::Null {
            let n = ids::count(context.db, &format!("{}.{}", object.name, field.name))?;
            row.set(&field.name, field.numbered(n));
        }
    }
    Ok(())
}
