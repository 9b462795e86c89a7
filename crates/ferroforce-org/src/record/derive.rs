//! Fields that the platform fills from others.

use rusqlite::types::Value;

use super::row::Row;
use crate::error::ApiError;
use crate::rest::Context;
use crate::store::ids;

/// Fills what follows from the rest of a row that is about to be written. `before` is what it
/// replaces.
pub(crate) fn derive(
    context: &Context<'_>,
    row: &mut Row<'_>,
    before: Option<&Row<'_>>,
) -> Result<(), ApiError> {
    name_of_person(row);
    if before.is_none() {
        number(context, row)?;
    }
    match row.object.name.as_str() {
        "Opportunity" => opportunity(row, before),
        "Case" => closed(context, row, "ClosedDate", |status| status == "Closed"),
        "Task" => closed(context, row, "CompletedDateTime", |status| {
            status == "Completed"
        }),
        "OpportunityLineItem" => line_item(row),
        _ => {}
    }
    Ok(())
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
    row.set("Name", name);
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

/// What a stage says about an opportunity: its probability, and the category of its forecast.
const STAGES: [(&str, f64, &str); 10] = [
    ("Prospecting", 10.0, "Pipeline"),
    ("Qualification", 10.0, "Pipeline"),
    ("Needs Analysis", 20.0, "Pipeline"),
    ("Value Proposition", 50.0, "Pipeline"),
    ("Id. Decision Makers", 60.0, "Pipeline"),
    ("Perception Analysis", 70.0, "Pipeline"),
    ("Proposal/Price Quote", 75.0, "Pipeline"),
    ("Negotiation/Review", 90.0, "Pipeline"),
    ("Closed Won", 100.0, "Closed"),
    ("Closed Lost", 0.0, "Omitted"),
];

fn opportunity(row: &mut Row<'_>, before: Option<&Row<'_>>) {
    let stage = row.text("StageName").unwrap_or_default().to_owned();
    let staged = before.and_then(|row| row.text("StageName")) != Some(stage.as_str());
    let known = STAGES.iter().find(|(name, ..)| *name == stage);
    let (probability, category) = known.map_or((0.0, "Pipeline"), |&(_, p, c)| (p, c));
    if staged {
        let given = before.map_or(&Value::Null, |row| row.get("Probability"));
        if row.get("Probability") == given {
            row.set("Probability", probability);
        }
        row.set("ForecastCategory", category.to_owned());
        row.set("ForecastCategoryName", category.to_owned());
        row.set("IsClosed", matches!(category, "Closed" | "Omitted"));
        row.set("IsWon", category == "Closed");
    }
    if let (Value::Real(amount), Value::Real(probability)) =
        (row.get("Amount").clone(), row.get("Probability").clone())
    {
        row.set("ExpectedRevenue", amount * probability / 100.0);
    }
}

/// A record with a status is closed by some of them; the moment is noted.
fn closed(context: &Context<'_>, row: &mut Row<'_>, moment: &str, closes: impl Fn(&str) -> bool) {
    let closed = row.text("Status").is_some_and(closes);
    row.set("IsClosed", closed);
    if !closed {
        row.set(moment, Value::Null);
    } else if *row.get(moment) == Value::Null {
        row.set(moment, context.now);
    }
}

fn line_item(row: &mut Row<'_>) {
    if let (Value::Real(quantity), Value::Real(price)) =
        (row.get("Quantity").clone(), row.get("UnitPrice").clone())
    {
        row.set("TotalPrice", quantity * price);
    }
}
