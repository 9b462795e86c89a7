//! Duplicate rules: one for each of the objects that Salesforce has a standard rule for.
//!
//! The standard rules compare fuzzily. These compare for equality, regardless of case: accounts by
//! name, contacts and leads by name and e-mail address.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::read;
use super::row::{Row, folded};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::rest::Context;
use crate::store::table;

/// A rule that raises an alert, and lets who insists save.
struct Rule {
    object: &'static str,
    name: &'static str,
    matching: &'static str,
    fields: &'static [&'static str],
}

const RULES: [Rule; 3] = [
    Rule {
        object: "Account",
        name: "Standard_Account_Duplicate_Rule",
        matching: "Standard_Account_Match_Rule_v1_0",
        fields: &["Name"],
    },
    Rule {
        object: "Contact",
        name: "Standard_Contact_Duplicate_Rule",
        matching: "Standard_Contact_Match_Rule_v1_1",
        fields: &["Name", "Email"],
    },
    Rule {
        object: "Lead",
        name: "Standard_Lead_Duplicate_Rule",
        matching: "Standard_Lead_Match_Rule_v1_0",
        fields: &["Name", "Email"],
    },
];

/// What the alert says.
const ALERT: &str = "Use one of these records?";

/// How many duplicates are told.
const MOST: u32 = 100;

/// Refuses a row that looks like another, if the org has duplicate rules and the client does not
/// insist. `before` is what it replaces.
pub(super) fn check(
    context: &Context<'_>,
    row: &Row<'_>,
    before: Option<&Row<'_>>,
) -> Result<(), ApiError> {
    let rule = RULES.iter().find(|rule| rule.object == row.object.name);
    let Some(rule) = rule.filter(|_| context.org.auth.policies().duplicate_rules) else {
        return Ok(());
    };
    let unchanged = |before: &Row<'_>| {
        let mut fields = rule.fields.iter();
        fields.all(|field| before.get(field) == row.get(field))
    };
    if context.options.allow_duplicates || before.is_some_and(unchanged) {
        return Ok(());
    }
    let found = matches(context, rule, row)?;
    if found.is_empty() {
        return Ok(());
    }
    let key = if context.version.number() < 52 {
        "duplicateResut"
    } else {
        "duplicateResult"
    };
    let result = result(context, rule, row, &found)?;
    Err(ApiError::bad_request("DUPLICATES_DETECTED", ALERT)
        .with_fields::<String>([])
        .with_detail(key, result))
}

/// The records that look like a row.
fn matches(context: &Context<'_>, rule: &Rule, row: &Row<'_>) -> Result<Vec<RecordId>, ApiError> {
    let fields: Vec<_> = rule
        .fields
        .iter()
        .filter_map(|name| row.object.field(name))
        .collect();
    let values: Vec<Value> = fields
        .iter()
        .map(|field| match row.get(&field.name) {
            value if table::has_folded_key(field) => folded(value),
            value => value.clone(),
        })
        .collect();
    // Nothing looks like nothing.
    if values.contains(&Value::Null) {
        return Ok(Vec::new());
    }
    let conditions: Vec<String> = fields
        .iter()
        .map(|field| format!("{} = ?", table::key_column(field)))
        .collect();
    let mut select = context.db.prepare_cached(&format!(
        "SELECT \"Id\" FROM \"{}\" WHERE {} AND \"Id\" <> ?{} ORDER BY \"Id\" LIMIT {MOST}",
        rule.object,
        conditions.join(" AND "),
        table::and_not_deleted(row.object),
    ))?;
    let own = Value::Text(row.text("Id").unwrap_or_default().to_owned());
    let ids = select.query_map(params_from_iter(values.into_iter().chain([own])), |found| {
        found.get::<_, String>(0)
    })?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// What was found, as the error of a single record tells it.
fn result(
    context: &Context<'_>,
    rule: &Rule,
    row: &Row<'_>,
    found: &[RecordId],
) -> Result<Json, ApiError> {
    let object = context.schema.object(rule.object).map_or(row.object, |o| o);
    let mut records = Vec::new();
    for id in found {
        let Some(other) = Row::load(context.db, object, *id)? else {
            continue;
        };
        let record = if context.options.include_duplicates {
            read::whole(&other, context.version)
        } else {
            let id: Vec<_> = object.field("Id").into_iter().collect();
            read::chosen(&other, &id, context.version)
        };
        records.push(Json::object([
            ("additionalInformation", Json::Array(Vec::new())),
            ("fieldDiffs", Json::Array(Vec::new())),
            ("matchConfidence", 100.into()),
            ("record", record),
        ]));
    }
    let size = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let matched = Json::object([
        ("entityType", Json::from(rule.object)),
        ("errors", Json::Array(Vec::new())),
        ("matchEngine", "ExactMatchEngine".into()),
        ("matchRecords", Json::Array(records)),
        ("rule", rule.matching.into()),
        ("size", size.into()),
        ("success", true.into()),
    ]);
    Ok(Json::object([
        ("allowSave", Json::Bool(true)),
        ("duplicateRule", rule.name.into()),
        ("duplicateRuleEntityType", rule.object.into()),
        ("errorMessage", ALERT.into()),
        ("matchResults", Json::Array(vec![matched])),
    ]))
}
