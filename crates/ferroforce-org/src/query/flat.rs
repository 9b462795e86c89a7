//! Records as the rows of a table, for files: every value in a column of its own.

use std::borrow::Cow;
use std::sync::Arc;

use ferroforce_soql::ast::{Query, Select, SelectItem};
use ferroforce_soql::parse;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use super::operand::Kind;
use super::plan::{Plan, RowsPlan};
use super::shape::{Item, Shape, TypeName};
use super::{Scope, compile};
use crate::error::ApiError;
use crate::json::Json;
use crate::rest::ApiVersion;
use crate::schema::Schema;
use crate::value::time;

/// A compiled query whose records can be written as rows.
#[derive(Debug)]
pub(crate) struct FlatPlan {
    plan: Arc<RowsPlan>,
    /// In the order of the select list.
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    column: usize,
    /// The column with the id of the record that the value is of.
    id: usize,
}

/// Why the records of a query cannot be written as rows.
#[derive(Debug)]
pub(crate) enum NotFlat {
    /// It is no query that the org can run.
    Refused(ApiError),
    /// It asks for groups or counts.
    Aggregate,
    /// It has subqueries.
    Subquery,
    /// It asks for addresses, locations or names as a whole.
    Compound,
    /// It asks for bytes.
    Blob,
    /// It has a TYPEOF.
    Typeof,
    /// It leaves records out at the beginning.
    Offset,
    /// It asks for fields by FIELDS(ALL) or FIELDS(CUSTOM).
    AllFields,
    /// It notes that records were seen.
    Marks,
}

impl From<ApiError> for NotFlat {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Which records a slice of a table has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice<'a> {
    /// Only those with greater ids.
    pub(crate) after: Option<&'a str>,
    /// Only those with this id or a smaller one.
    pub(crate) to: Option<&'a str>,
    /// At most so many.
    pub(crate) most: i64,
}

impl FlatPlan {
    /// Resolves a query against the schema.
    pub(crate) fn compile(schema: &Schema, soql: &str, scope: &Scope) -> Result<Self, NotFlat> {
        let plan = compile(schema, soql, scope)?;
        // It has been read before.
        let query = parse(soql).map_err(ApiError::internal)?;
        let Plan::Rows(plan) = plan else {
            return Err(NotFlat::Aggregate);
        };
        if query.offset.is_some() {
            return Err(NotFlat::Offset);
        }
        if plan.mark.is_some() {
            return Err(NotFlat::Marks);
        }
        let mut columns = Vec::new();
        flatten("", &plan.shape, &mut columns)?;
        let items = names(&query)?;
        columns.sort_by_key(|column| place(&items, &column.name));
        Ok(Self { plan, columns })
    }

    /// The name of the queried object.
    pub(crate) fn object(&self) -> &str {
        self.plan.shape.type_name.as_str()
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// How many records there are at most.
    pub(crate) fn limit(&self) -> Option<i64> {
        self.plan.window.limit
    }

    /// Whether the records come in the order of their ids, so that slices can be asked for.
    pub(crate) fn is_by_id(&self) -> bool {
        self.plan.order == self.plan.id
    }

    /// Whether the query asks for some ids, or leaves some out.
    pub(crate) fn is_about_ids(&self) -> bool {
        self.plan.filter.contains(&self.plan.id)
    }

    /// Writes the records of a slice, and returns the id of the last one. A query that sorts its
    /// records has one slice only.
    pub(crate) fn rows(
        &self,
        db: &Connection,
        slice: Slice<'_>,
        mut write: impl FnMut(&FlatRow<'_, '_>) -> Result<(), ApiError>,
    ) -> Result<Option<String>, ApiError> {
        let plan = &self.plan;
        let mut params = plan.params.clone();
        let mut conditions: Vec<String> = Vec::new();
        if !plan.filter.is_empty() {
            conditions.push(format!("({})", plan.filter));
        }
        for (bound, comparison) in [(slice.after, ">"), (slice.to, "<=")] {
            if let Some(id) = bound {
                params.push(SqlValue::Text(id.to_owned()));
                conditions.push(format!("{} {comparison} ?{}", plan.id, params.len()));
            }
        }
        let filter = match conditions.as_slice() {
            [] => String::new(),
            _ => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let sql = format!(
            "SELECT {} FROM {}{filter} ORDER BY {} LIMIT {}",
            plan.columns, plan.tables, plan.order, slice.most
        );
        let mut statement = db.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(params))?;
        let mut last = None;
        while let Some(row) = found.next()? {
            write(&FlatRow { plan: self, row })?;
            last = Some(row.get(plan.shape.id)?);
        }
        Ok(last)
    }
}

/// One of the records.
pub(crate) struct FlatRow<'p, 'r> {
    plan: &'p FlatPlan,
    row: &'p Row<'r>,
}

impl FlatRow<'_, '_> {
    /// The values, in the order of the columns.
    pub(crate) fn cells(&self) -> Result<Vec<Cow<'_, str>>, ApiError> {
        let columns = self.plan.columns.iter();
        columns.map(|column| cell(self.row, column)).collect()
    }

    /// The record; moments and days can be milliseconds since 1970.
    pub(crate) fn json(&self, version: ApiVersion, millis: bool) -> Result<Json, ApiError> {
        object(self.row, &self.plan.plan.shape, version, millis)
    }
}

fn object(
    row: &Row<'_>,
    shape: &Shape,
    version: ApiVersion,
    millis: bool,
) -> Result<Json, ApiError> {
    let id: String = row.get(shape.id)?;
    let type_name = match &shape.type_name {
        TypeName::Always(name) => name.clone(),
        TypeName::Column(column) => row.get(*column)?,
    };
    let url = format!("{}/sobjects/{type_name}/{id}", version.path());
    let attributes = Json::object([("type", type_name), ("url", url)]);
    let mut members = vec![("attributes".to_owned(), attributes)];
    for item in &shape.items {
        let value = match item {
            Item::Column { kind, column, .. } => value(row.get_ref(*column)?, *kind, millis),
            Item::Parent { shape, .. } => match row.get_ref(shape.id)? {
                ValueRef::Null => Json::Null,
                _ => object(row, shape, version, millis)?,
            },
            // Flat plans have no others.
            _ => Json::Null,
        };
        members.push((item.name().to_owned(), value));
    }
    Ok(Json::object(members))
}

fn value(value: ValueRef<'_>, kind: Kind, millis: bool) -> Json {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    match (value, kind) {
        (ValueRef::Text(bytes), _) => String::from_utf8_lossy(bytes).into_owned().into(),
        (ValueRef::Integer(value), Kind::Boolean) => Json::Bool(value != 0),
        (ValueRef::Null, Kind::Boolean) => Json::Bool(false),
        (ValueRef::Null | ValueRef::Blob(_), _) => Json::Null,
        (ValueRef::Integer(days), Kind::Date) if millis => Json::Int(days.saturating_mul(DAY)),
        (ValueRef::Integer(days), Kind::Date) => time::date_text(days).into(),
        (ValueRef::Integer(at), Kind::DateTime) if !millis => time::datetime_text_z(at).into(),
        (ValueRef::Integer(millis), Kind::Time) => time::time_text(millis).into(),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a whole number in a column of doubles was stored as a double"
        )]
        (ValueRef::Integer(value), Kind::Double) => Json::Double(value as f64),
        (ValueRef::Integer(value), _) => Json::Int(value),
        (ValueRef::Real(value), _) => Json::Double(value),
    }
}

/// Gathers the columns of a shape and of its parents.
fn flatten(prefix: &str, shape: &Shape, columns: &mut Vec<Column>) -> Result<(), NotFlat> {
    for item in &shape.items {
        match item {
            Item::Column {
                kind: Kind::Blob, ..
            } => return Err(NotFlat::Blob),
            Item::Column { name, kind, column } => columns.push(Column {
                name: format!("{prefix}{name}"),
                kind: *kind,
                column: *column,
                id: shape.id,
            }),
            Item::Compound { .. } => return Err(NotFlat::Compound),
            Item::Parent { name, shape } => {
                flatten(&format!("{prefix}{name}."), shape, columns)?;
            }
            Item::OneOf { .. } => return Err(NotFlat::Typeof),
            Item::Children { .. } => return Err(NotFlat::Subquery),
        }
    }
    Ok(())
}

/// What the items of the select list are called; nothing for those that stand for many.
fn names(query: &Query) -> Result<Vec<Option<&str>>, NotFlat> {
    match &query.select {
        Select::Items(items) => items.iter().map(name).collect(),
        _ => Err(NotFlat::Aggregate),
    }
}

fn name(item: &SelectItem) -> Result<Option<&str>, NotFlat> {
    let text = match item {
        SelectItem::Field { field, alias } => match field.function() {
            Some(function) if function.is("FIELDS") => {
                return match field.path.is("STANDARD") {
                    true => Ok(None),
                    false => Err(NotFlat::AllFields),
                };
            }
            _ => Some(alias.as_ref().map_or(&field.path.text, |alias| &alias.text)),
        },
        SelectItem::Distance { alias, .. } => alias.as_ref().map(|alias| &alias.text),
        _ => None,
    };
    Ok(text.map(String::as_str))
}

/// Which item a column belongs to. A path may begin with an alias of the object.
fn place(items: &[Option<&str>], column: &str) -> usize {
    let is_named = |item: &Option<&str>| {
        item.is_some_and(|item| {
            let start = item.len().checked_sub(column.len());
            let end = start.and_then(|start| item.get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(column))
                && start.is_none_or(|start| start == 0 || item[..start].ends_with('.'))
        })
    };
    let named = items.iter().position(is_named);
    named
        .or_else(|| items.iter().position(Option::is_none))
        .unwrap_or(items.len())
}

/// A value as files have it; nothing is an empty text.
fn cell<'r>(row: &'r Row<'_>, column: &Column) -> Result<Cow<'r, str>, ApiError> {
    let text = match (row.get_ref(column.column)?, column.kind) {
        (ValueRef::Text(bytes), _) => return Ok(String::from_utf8_lossy(bytes)),
        (ValueRef::Integer(value), Kind::Boolean) => {
            return Ok(Cow::Borrowed(if value == 0 { "false" } else { "true" }));
        }
        // A boolean is never null, unless there is no record.
        (ValueRef::Null, Kind::Boolean) if !matches!(row.get_ref(column.id)?, ValueRef::Null) => {
            return Ok(Cow::Borrowed("false"));
        }
        (ValueRef::Null | ValueRef::Blob(_), _) => return Ok(Cow::Borrowed("")),
        (ValueRef::Integer(days), Kind::Date) => time::date_text(days),
        (ValueRef::Integer(millis), Kind::DateTime) => time::datetime_text_z(millis),
        (ValueRef::Integer(millis), Kind::Time) => time::time_text(millis),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a whole number in a column of doubles was stored as a double"
        )]
        (ValueRef::Integer(value), Kind::Double) => Json::Double(value as f64).to_string(),
        (ValueRef::Integer(value), _) => value.to_string(),
        (ValueRef::Real(value), _) => Json::Double(value).to_string(),
    };
    Ok(Cow::Owned(text))
}
