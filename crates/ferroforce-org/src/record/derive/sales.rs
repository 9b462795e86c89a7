//! Opportunities, and the prices of what is sold.

use rusqlite::types::Value;

use super::{at_odds, parent};
use crate::error::ApiError;
use crate::record::coerce::rounded;
use crate::record::incoming::Incoming;
use crate::record::row::Row;
use crate::record::write::stamp_change;
use crate::rest::Context;
use crate::store::table;

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

pub(super) fn opportunity(
    context: &Context<'_>,
    row: &mut Row<'_>,
    before: Option<&Row<'_>>,
) -> Result<(), ApiError> {
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
    // With lines, the amount is their total, whatever is written.
    let lines = lines(context, row)?;
    row.set("HasOpportunityLineItem", lines.is_some());
    if let Some(total) = lines {
        row.set("Amount", rounded(total, CENTS));
    }
    if let (Value::Real(amount), Value::Real(probability)) =
        (row.get("Amount").clone(), row.get("Probability").clone())
    {
        row.set("ExpectedRevenue", amount * probability / 100.0);
    }
    Ok(())
}

/// The total of an opportunity's lines, if it has any.
fn lines(context: &Context<'_>, opportunity: &Row<'_>) -> Result<Option<f64>, ApiError> {
    let Some(object) = context.org.schema.object("OpportunityLineItem") else {
        return Ok(None);
    };
    let total = format!(
        "SELECT sum(ifnull(\"TotalPrice\", 0.0)) FROM \"OpportunityLineItem\" \
         WHERE \"OpportunityId\" = ?1{}",
        table::and_not_deleted(object)
    );
    let mut total = context.db.prepare_cached(&total)?;
    Ok(total.query_row([opportunity.text("Id")], |row| row.get(0))?)
}

/// Tells the opportunity of a line that was written or deleted.
pub(super) fn line_changed(context: &Context<'_>, line: &Row<'_>) -> Result<(), ApiError> {
    let Some(before) = parent(context, line, "OpportunityId")?.filter(|row| !row.flag("IsDeleted"))
    else {
        return Ok(());
    };
    let mut row = before.clone();
    opportunity(context, &mut row, Some(&before))?;
    stamp_change(context, &mut row);
    row.replace(context.db)
}

/// A line of an opportunity has its product and list price from its price book entry; its total
/// is quantity times price, less the discount, and whichever of the two was sent gives the other.
pub(super) fn line_item(
    context: &Context<'_>,
    row: &mut Row<'_>,
    before: Option<&Row<'_>>,
    given: &Incoming<'_>,
) -> Result<(), ApiError> {
    if before.is_none()
        && let Some(entry) = parent(context, row, "PricebookEntryId")?
    {
        for field in ["Product2Id", "ProductCode"] {
            row.set(field, entry.get(field).clone());
        }
        row.set("ListPrice", entry.get("UnitPrice").clone());
        if *row.get("UnitPrice") == Value::Null && *row.get("TotalPrice") == Value::Null {
            row.set("UnitPrice", entry.get("UnitPrice").clone());
        }
        let opportunity = parent(context, row, "OpportunityId")?;
        let opportunity = opportunity.as_ref().and_then(|row| row.text("Name"));
        let names: Vec<&str> = [opportunity, entry.text("Name")]
            .into_iter()
            .flatten()
            .collect();
        let name = names.join(" ");
        row.set("Name", name);
    }
    let number = |row: &Row<'_>, field| match row.get(field) {
        Value::Real(number) => Some(*number),
        _ => None,
    };
    let prices = ["UnitPrice", "TotalPrice"];
    let [price, total] = prices.map(|field| number(row, field).filter(|_| given.gives(field)));
    if price.is_some() && total.is_some() {
        return Err(at_odds(ONE_PRICE, prices));
    }
    let factors = ["Quantity", "Discount", "UnitPrice", "TotalPrice"];
    if before.is_some() && !factors.iter().any(|field| given.gives(field)) {
        return Ok(());
    }
    let Some(quantity) = number(row, "Quantity") else {
        return Ok(());
    };
    let kept = 1.0 - number(row, "Discount").unwrap_or(0.0) / 100.0;
    if let Some(total) = total {
        if quantity * kept == 0.0 {
            return Err(at_odds(
                "A total price needs a quantity and less than the full discount",
                ["TotalPrice"],
            ));
        }
        row.set("UnitPrice", rounded(total / (quantity * kept), CENTS));
        row.set("Subtotal", rounded(total / kept, CENTS));
    } else if let Some(price) = number(row, "UnitPrice") {
        row.set("Subtotal", rounded(quantity * price, CENTS));
        row.set("TotalPrice", rounded(quantity * price * kept, CENTS));
    }
    Ok(())
}

const ONE_PRICE: &str =
    "field integrity exception: unknown (only one of unit price or total price may be specified)";

/// Digits behind the point of a price.
const CENTS: u32 = 2;

/// A price book entry is called like its product.
pub(super) fn price(context: &Context<'_>, row: &mut Row<'_>) -> Result<(), ApiError> {
    if let Some(product) = parent(context, row, "Product2Id")? {
        for field in ["Name", "ProductCode"] {
            row.set(field, product.get(field).clone());
        }
    }
    Ok(())
}
