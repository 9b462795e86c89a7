//! What `explain=` asks for: how a query would be run, told by SQLite.

use ferroforce_soql::ast::{Path, SemiJoin};
use ferroforce_soql::{Visitor, parse};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use super::plan::Plan;
use super::{Scope, compile, unreadable};
use crate::error::ApiError;
use crate::json::Json;
use crate::schema::{Object, Schema};
use crate::store::table;

/// What the statement calls the queried object's table.
const ROOT: &str = "t1";

/// The first version of the API that notes what was left aside.
const NOTES_SINCE: u16 = 33;

const UNINDEXED: &str = "Not considering filter for optimization because unindexed";

/// The plans for a query, the one that is used first. Counts are true, not estimated.
pub(crate) fn explain(
    db: &Connection,
    schema: &Schema,
    soql: &str,
    scope: &Scope,
) -> Result<Json, ApiError> {
    let plan = compile(schema, soql, scope)?;
    let query = parse(soql).map_err(|error| unreadable(&error))?;
    let object = query
        .from
        .first()
        .and_then(|from| schema.object(&from.object.text))
        .ok_or_else(|| ApiError::internal("a query without an object"))?;
    let (sql, params) = plan.statement();
    let mut unindexed = Unindexed {
        object,
        fields: Vec::new(),
    };
    if let Some(condition) = &query.filter {
        unindexed.visit_condition(condition);
    }
    if object.field("IsDeleted").is_some() && !scope.all_rows {
        unindexed.note("IsDeleted");
    }
    let all = total(db, object, scope.all_rows)?;
    let found = match &plan {
        Plan::Count(_) => number(db, &sql, params)?,
        _ => number(db, &format!("SELECT count(*) FROM ({sql})"), params)?,
    };
    let table_scan = Json::object([
        ("cardinality", Json::from(found)),
        ("fields", Json::Array(Vec::new())),
        ("leadingOperationType", "TableScan".into()),
        ("relativeCost", cost(all, all, false).into()),
    ]);
    let mut plans = Vec::new();
    let indexed = indexed_fields(db, &sql, params)?;
    if !indexed.is_empty() {
        let custom = indexed
            .iter()
            .any(|name| object.field(name).is_some_and(|field| field.custom));
        plans.push(Json::object([
            ("cardinality", Json::from(found)),
            ("fields", indexed.iter().collect()),
            ("leadingOperationType", "Index".into()),
            ("relativeCost", cost(found, all, custom).into()),
        ]));
    }
    plans.push(table_scan);
    let notes = (scope.version.number() >= NOTES_SINCE).then(|| unindexed.notes());
    let plans: Vec<Json> = plans
        .into_iter()
        .map(|plan| completed(plan, notes.clone(), all, object))
        .collect();
    Ok(Json::object([
        ("plans", Json::Array(plans)),
        ("sourceQuery", soql.into()),
    ]))
}

/// A plan with the members that all plans share, in the order of their names.
fn completed(plan: Json, notes: Option<Json>, all: i64, object: &Object) -> Json {
    let Json::Object(mut members) = plan else {
        return plan;
    };
    members.extend(notes.map(|notes| ("notes".into(), notes)));
    members.push(("sobjectCardinality".into(), all.into()));
    members.push(("sobjectType".into(), Json::from(&object.name)));
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Json::Object(members)
}

impl Plan {
    /// The whole statement and the values of its parameters.
    fn statement(&self) -> (String, &[SqlValue]) {
        match self {
            Self::Rows(plan) => (plan.sql(&plan.id, plan.window), &plan.params),
            Self::Groups(plan) => (plan.statement.sql.clone(), &plan.statement.params),
            Self::Count(statement) => (statement.sql.clone(), &statement.params),
        }
    }
}

/// How many records of an object there are.
fn total(db: &Connection, object: &Object, deleted_too: bool) -> Result<i64, ApiError> {
    let kept = if deleted_too {
        ""
    } else {
        table::and_not_deleted(object)
    };
    let sql = format!("SELECT count(*) FROM \"{}\" WHERE 1{kept}", object.name);
    number(db, &sql, &[])
}

fn number(db: &Connection, sql: &str, params: &[SqlValue]) -> Result<i64, ApiError> {
    Ok(db
        .prepare_cached(sql)?
        .query_row(params_from_iter(params), |row| row.get(0))?)
}

/// The fields by whose indexes SQLite looks for the object's records; none if it looks at all of
/// them.
fn indexed_fields(
    db: &Connection,
    sql: &str,
    params: &[SqlValue],
) -> Result<Vec<String>, ApiError> {
    let mut steps = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut steps = steps.query(params_from_iter(params))?;
    let mut fields: Vec<String> = Vec::new();
    while let Some(step) = steps.next()? {
        let detail: String = step.get("detail")?;
        let mut words = detail.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("SCAN"), Some(ROOT), _) => return Ok(Vec::new()),
            (Some("SEARCH"), Some(ROOT), Some(how)) => {
                for field in compared_columns(how) {
                    if !fields.contains(&field) {
                        fields.push(field);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(fields)
}

/// The fields in the parentheses of `USING INDEX i (AccountId=? AND Name$>?)`.
fn compared_columns(how: &str) -> impl Iterator<Item = String> {
    let terms = how
        .rsplit_once('(')
        .map_or("", |(_, terms)| terms.trim_end_matches(')'));
    terms
        .split(" AND ")
        .filter_map(|term| term.split(['=', '<', '>']).next())
        .map(|column| column.trim().trim_end_matches('$').to_owned())
        .filter(|column| !column.is_empty())
}

/// How much is read, beside what a query may read and still count as selective: thirty percent of
/// the first million of records by a standard index, ten by a custom one, and half of that beyond.
fn cost(read: i64, all: i64, custom: bool) -> f64 {
    const MILLION: i64 = 1_000_000;
    let (percent, most) = if custom { (10, 333_333) } else { (30, MILLION) };
    let hundredths = all.min(MILLION) * percent + (all - MILLION).max(0) * percent / 2;
    let threshold = (hundredths / 100).clamp(1, most);
    #[expect(clippy::cast_precision_loss, reason = "a ratio is rounded anyway")]
    let ratio = read as f64 / threshold as f64;
    ratio
}

/// Fields of a condition that no index helps to find.
struct Unindexed<'a> {
    object: &'a Object,
    fields: Vec<String>,
}

impl Unindexed<'_> {
    fn note(&mut self, name: &str) {
        let field = self.object.field(name);
        let field = field.filter(|field| field.name != "Id" && !table::is_indexed(field));
        if let Some(field) = field
            && !self.fields.contains(&field.name)
        {
            self.fields.push(field.name.clone());
        }
    }

    fn notes(&self) -> Json {
        let note = |field: &String| {
            Json::object([
                ("description", Json::from(UNINDEXED)),
                ("fields", Json::Array(vec![Json::from(field)])),
                ("tableEnumOrId", Json::from(&self.object.name)),
            ])
        };
        self.fields.iter().map(note).collect()
    }
}

impl Visitor for Unindexed<'_> {
    fn visit_path(&mut self, path: &Path) {
        if path.segments().count() == 1 {
            self.note(&path.text);
        }
    }

    /// What is in it is of another object.
    fn visit_semi_join(&mut self, _: &SemiJoin) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_sqlites_words() {
        let columns = |how| compared_columns(how).collect::<Vec<_>>();
        assert_eq!(
            columns("USING INDEX sqlite_autoindex_Contact_1 (Id=?)"),
            ["Id"]
        );
        assert_eq!(
            columns("USING COVERING INDEX Contact.X (X__c$>? AND X__c$<?)"),
            ["X__c", "X__c"]
        );
        assert_eq!(columns("USING SOMETHING ELSE"), [""; 0]);
    }

    #[test]
    fn cost_is_one_where_selectivity_ends() {
        for (read, all, custom, expected) in [
            (300, 1_000, false, 1.0),
            (100, 1_000, true, 1.0),
            (1_000, 1_000, false, 1_000.0 / 300.0),
            (450_000, 2_000_000, false, 1.0),
            (333_333, 100_000_000, true, 1.0),
            (0, 0, false, 0.0),
        ] {
            let found = cost(read, all, custom);
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}
