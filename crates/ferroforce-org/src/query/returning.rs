//! RETURNING of a search: what it found of one object, selected, filtered and sorted as a query
//! does it.

use ferroforce_soql::ast::{IntegerValue, Path, ReturningFields, Using};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use super::fault::Source;
use super::found::{Found, ids};
use super::page::Reader;
use super::plan::RowsPlan;
use super::{Compiler, MOST_OFFSET, Scope, Window};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::ApiVersion;
use crate::schema::{Object, Schema};
use crate::search::index;

/// The object that RETURNING names.
pub(crate) fn returned_object<'s>(
    schema: &'s Schema,
    sosl: &str,
    name: &Path,
) -> Result<&'s Object, ApiError> {
    match schema.object(&name.text) {
        Some(object) if object.searchable => Ok(object),
        Some(object) => Err(ApiError::bad_request(
            "INVALID_TYPE_FOR_OPERATION",
            format!("entity type {} does not support search", object.name),
        )),
        None => Err(Source(sosl).no_object(name.span, &name.text)),
    }
}

/// Resolves what is asked of one object against the schema; only the id without `fields`.
///
/// `words` is the expression of the full-text index that its records match.
pub(crate) fn compile_returning(
    schema: &Schema,
    sosl: &str,
    scope: &Scope,
    object: &Object,
    fields: Option<&ReturningFields>,
    words: String,
) -> Result<Returned, ApiError> {
    let mut compiler = Compiler::new(schema, Source(sosl), scope);
    compiler.enter(object, &[])?;
    let mut filter = compiler.found(words);
    let Some(fields) = fields else {
        let selection = compiler.id_alone();
        let plan = compiler.plan(selection, filter, &[], Window::ALL)?;
        return Ok(Returned(plan));
    };
    check(fields)?;
    let window = window(fields)?;
    let mut selection = compiler.selection();
    for each in &fields.fields {
        compiler.field(&each.field, each.alias.as_ref(), window, &mut selection)?;
    }
    if let Some(condition) = &fields.filter {
        filter = format!("{filter} AND {}", compiler.filter(condition)?);
    }
    let plan = compiler.plan(selection, filter, &fields.order_by, window)?;
    Ok(Returned(plan))
}

/// How the records of one object are found and read.
#[derive(Debug)]
pub(crate) struct Returned(RowsPlan);

impl Returned {
    /// The ids of all that is found, in order.
    pub(crate) fn ids(&self, db: &Connection) -> Result<Vec<RecordId>, ApiError> {
        let Self(plan) = self;
        let mut statement = db.prepare_cached(&plan.sql(&plan.id, plan.window))?;
        ids(&mut statement.query(params_from_iter(&plan.params))?, 0)
    }

    /// The JSON of the records with these ids, with commas between them.
    pub(crate) fn records(
        &self,
        db: &Connection,
        version: ApiVersion,
        ids: &[RecordId],
    ) -> Result<Vec<u8>, ApiError> {
        let reader = Reader {
            db,
            version,
            batch: ids.len(),
            // There are no subqueries, and so nothing is left for later.
            keep: &|_| String::new(),
            note: &|_, _| Ok(()),
        };
        let found = Found::without_children(ids.to_vec());
        let rows = reader.render(&self.0, &found, 0..ids.len())?;
        Ok(rows.json)
    }
}

impl Compiler<'_> {
    /// The condition that a record matches the words and is not in the recycle bin.
    fn found(&mut self, words: String) -> String {
        let words = self.bind(SqlValue::Text(words));
        let mut all = vec![index::matches(&self.tables.get(0).id(), &words)];
        all.extend(self.deleted_filter());
        all.join(" AND ")
    }
}

/// Refuses the clauses that the engine does not know.
fn check(fields: &ReturningFields) -> Result<(), ApiError> {
    if fields.list_view.is_some() {
        return Err(ApiError::unsupported("USING LISTVIEW"));
    }
    match fields.using.first() {
        None => {}
        Some(Using::Scope(name)) => {
            return Err(ApiError::unsupported(format_args!("USING SCOPE {name}")));
        }
        Some(_) => return Err(ApiError::unsupported("USING LOOKUP")),
    }
    if fields.bind.is_empty() {
        Ok(())
    } else {
        Err(ApiError::unsupported("BIND"))
    }
}

/// The numbers after LIMIT and OFFSET.
fn window(fields: &ReturningFields) -> Result<Window, ApiError> {
    let limit = fields.limit.as_ref().map(number).transpose()?;
    let offset = fields.offset.as_ref().map(number).transpose()?.unwrap_or(0);
    if limit.is_some_and(|limit| limit < 0) {
        return Err(malformed("SOSL limit should be a positive number"));
    }
    if !(0..=MOST_OFFSET).contains(&offset) {
        return Err(ApiError::bad_request(
            "INVALID_SEARCH",
            format!("SOSL offset should be between 0 to {MOST_OFFSET}"),
        ));
    }
    Ok(Window { limit, offset })
}

fn number(value: &IntegerValue) -> Result<i64, ApiError> {
    match value {
        IntegerValue::Literal { value, .. } => Ok(*value),
        _ => Err(ApiError::unsupported("bind variables")),
    }
}

fn malformed(message: &'static str) -> ApiError {
    ApiError::bad_request("MALFORMED_SEARCH", message)
}
