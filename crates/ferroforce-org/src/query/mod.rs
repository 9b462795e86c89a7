//! The query engine: SOQL compiled to SQL over the store's tables, and its rows written as JSON.
//!
//! [`compile`] resolves a query's names against the schema and makes a [`Plan`], without touching
//! a record; [`Plan::run`] runs it. What the engine does not know answers 501.

mod aggregate;
mod columns;
mod date_range;
mod distance;
mod explain;
mod fault;
mod filter;
mod flat;
mod found;
mod function;
mod names;
mod native;
mod operand;
mod order;
mod page;
mod plan;
mod render;
mod returning;
mod select;
mod shape;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use ferroforce_soql::ast::{ForClause, From, IntegerValue, Path, Query, Select, Using, With};
use ferroforce_soql::{ParseError, parse};
use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::types::Value as SqlValue;

use crate::admin::Policies;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::ApiVersion;
use crate::schema::{Object, Schema};

use aggregate::Groups;
pub(crate) use explain::explain;
use fault::Source;
pub(crate) use flat::{FlatPlan, NotFlat, Slice};
use names::Tables;
pub(crate) use native::install;
pub(crate) use page::{Mark, Note, Reader, Rest};
pub(crate) use plan::Plan;
pub(crate) use returning::{Returned, compile_returning, returned_object};

/// How many characters a query may have.
const MOST_CHARACTERS: usize = 100_000;

/// How many values a query may hold; SQLite takes 32,766, of which some are held back for ids.
const MOST_PARAMETERS: usize = 30_000;

/// How far OFFSET reaches.
const MOST_OFFSET: i64 = 2_000;

/// Who asks, when, and over which version of the API.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Whether records in the recycle bin are found too.
    pub(crate) all_rows: bool,
    /// The present moment, for date literals.
    pub(crate) now: Timestamp,
    /// The time zone of the user, in which days begin and end.
    pub(crate) time_zone: TimeZone,
    /// How the user wants values shown, for `FORMAT()`.
    pub(crate) locale: String,
    /// The user, for `USING SCOPE mine`.
    pub(crate) user: RecordId,
    pub(crate) version: ApiVersion,
    pub(crate) readings: Readings,
}

/// How questions are decided that Salesforce's documentation leaves open. By default they are as
/// practice has them; [`Policies`] names them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Readings {
    pub(crate) nulls_first_descending: bool,
    pub(crate) negations_drop_nulls: bool,
    pub(crate) last_n_years_one_more: bool,
}

impl Readings {
    pub(crate) fn of(policies: &Policies) -> Self {
        Self {
            nulls_first_descending: policies.nulls_first_descending,
            negations_drop_nulls: policies.negations_drop_nulls,
            last_n_years_one_more: policies.last_n_years_one_more,
        }
    }
}

/// Resolves a query against the schema.
pub(crate) fn compile(schema: &Schema, soql: &str, scope: &Scope) -> Result<Plan, ApiError> {
    if soql.chars().nth(MOST_CHARACTERS).is_some() {
        return Err(fault::malformed(
            "SOQL statements cannot be longer than 100000 characters.",
        ));
    }
    let query = parse(soql).map_err(|error| unreadable(&error))?;
    let mut compiler = Compiler::new(schema, Source(soql), scope);
    let object = match query.from.first() {
        Some(from) => compiler.object(&from.object)?,
        None => return Err(ApiError::unsupported("a query without FROM")),
    };
    compiler.enter(object, &query.from)?;
    let plan = if query.group_by.is_some()
        || matches!(query.select, Select::Count)
        || aggregate::used(&query)
    {
        compiler.aggregate(&query)?
    } else {
        Plan::Rows(Arc::new(compiler.rows(&query)?))
    };
    Ok(plan)
}

fn unreadable(error: &ParseError) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        error.code().as_str(),
        error.to_string(),
    )
}

/// Turns one SELECT into one SQL statement.
struct Compiler<'a> {
    schema: &'a Schema,
    source: Source<'a>,
    scope: &'a Scope,
    tables: Tables<'a>,
    /// The values of `?1`, `?2`, ….
    params: Vec<SqlValue>,
    /// How many names were given to tables.
    aliases: usize,
    /// How many tables are joined.
    joined: usize,
    semi_joins: usize,
    /// How many subqueries this one stands in.
    depth: usize,
    /// The keys of GROUP BY, once they are known: from then on fields are looked up among them.
    groups: Option<Groups>,
    /// How many values were named `expr0`, `expr1`, ….
    unnamed: usize,
}

impl<'a> Compiler<'a> {
    fn new(schema: &'a Schema, source: Source<'a>, scope: &'a Scope) -> Self {
        Self {
            schema,
            source,
            scope,
            tables: Tables::default(),
            params: Vec::new(),
            aliases: 0,
            joined: 0,
            semi_joins: 0,
            depth: 0,
            groups: None,
            unnamed: 0,
        }
    }

    /// The object of FROM.
    fn object(&self, name: &Path) -> Result<&'a Object, ApiError> {
        match self.schema.object(&name.text) {
            Some(object) if object.queryable => Ok(object),
            Some(object) => Err(ApiError::bad_request(
                "INVALID_TYPE_FOR_OPERATION",
                format!("entity type {} does not support query", object.name),
            )),
            None if self.scope.version.is_tooling() => Err(ApiError::unsupported(format_args!(
                "the object {} of the Tooling API",
                name.text
            ))),
            None => Err(self.source.no_object(name.span, &name.text)),
        }
    }

    /// The values of the statement's parameters, unless there are too many for one statement.
    fn take_params(&mut self) -> Result<Vec<SqlValue>, ApiError> {
        if self.params.len() > MOST_PARAMETERS {
            return Err(ApiError::bad_request(
                "QUERY_TOO_COMPLICATED",
                "Query is too complicated: too many values.",
            ));
        }
        Ok(std::mem::take(&mut self.params))
    }

    /// Makes a value a parameter of the statement and returns its name.
    fn bind(&mut self, value: SqlValue) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }

    /// The name of the next value that has none.
    fn unnamed(&mut self) -> String {
        self.unnamed += 1;
        format!("expr{}", self.unnamed - 1)
    }

    /// The condition that leaves out the recycle bin, if it is left out.
    fn deleted_filter(&self) -> Option<String> {
        let root = self.tables.get(0);
        let deletable = self.tables.root().field("IsDeleted").is_some();
        (deletable && !self.scope.all_rows).then(|| format!("{}.\"IsDeleted\" = 0", root.alias))
    }

    /// Every condition of a SELECT, joined by AND; empty if there is none.
    fn conditions(&mut self, query: &Query) -> Result<String, ApiError> {
        let mut all: Vec<String> = self.deleted_filter().into_iter().collect();
        all.extend(self.using(&query.from)?);
        if let Some(condition) = &query.filter {
            all.push(self.filter(condition)?);
        }
        Ok(all.join(" AND "))
    }

    /// The condition that USING SCOPE stands for.
    fn using(&mut self, from: &[From]) -> Result<Option<String>, ApiError> {
        let mut condition = None;
        for using in from.iter().flat_map(|from| &from.using) {
            let Using::Scope(scope) = using else {
                return Err(ApiError::unsupported("USING LOOKUP"));
            };
            if scope.is("everything") {
                continue;
            }
            let unsupported =
                || ApiError::unsupported(format_args!("USING SCOPE {scope} of this object"));
            let object = self.tables.root();
            let owner = object.field("OwnerId").ok_or_else(unsupported)?;
            let queues = owner.reference_to.iter().any(|to| to == "Group");
            let column = format!("{}.\"OwnerId\"", self.tables.get(0).alias);
            let owned_by = |prefix| Some(format!("substr({column}, 1, 3) = '{prefix}'"));
            condition = if scope.is("mine") {
                let user = self.bind(SqlValue::Text(self.scope.user.as_str().to_owned()));
                Some(format!("{column} = {user}"))
            } else if scope.is("scopingRule") {
                // The org has no scoping rules.
                None
            } else if scope.is("user_owned") && queues {
                owned_by("005")
            } else if scope.is("queue_owned") && queues {
                owned_by("00G")
            } else {
                return Err(unsupported());
            };
        }
        Ok(condition)
    }

    /// Refuses the clauses that the engine does not know, wherever they stand.
    fn check_clauses(&self, query: &Query) -> Result<(), ApiError> {
        for with in &query.with {
            match with {
                // Whoever asks may see everything.
                With::Keyword(name) if name.is("USER_MODE") || name.is("SYSTEM_MODE") => {}
                With::Keyword(name) if name.is("SECURITY_ENFORCED") => {
                    let message = "WITH SECURITY_ENFORCED is only allowed in Apex code";
                    return Err(self.source.at(name.span, "MALFORMED_QUERY", message));
                }
                With::Keyword(name) | With::Equals { name, .. } | With::Call { name, .. } => {
                    return Err(ApiError::unsupported(format_args!("WITH {name}")));
                }
                _ => return Err(ApiError::unsupported("WITH DATA CATEGORY")),
            }
        }
        if !query.update.is_empty() {
            return Err(ApiError::unsupported("UPDATE TRACKING and VIEWSTAT"));
        }
        if !query.bind.is_empty() {
            return Err(ApiError::unsupported("BIND"));
        }
        Ok(())
    }

    /// What FOR VIEW and FOR REFERENCE note about the records.
    fn mark(&self, query: &Query) -> Result<Option<Mark>, ApiError> {
        let clause = query.for_clauses.first();
        let name = match clause {
            None => return Ok(None),
            Some(ForClause::View) => "FOR VIEW",
            Some(_) => "FOR REFERENCE",
        };
        let object = self.tables.root();
        let dated = |field| object.field(field).is_some();
        if self.depth > 0 || !dated("LastViewedDate") || !dated("LastReferencedDate") {
            return Err(ApiError::unsupported(format_args!("{name} of this object")));
        }
        Ok(Some(Mark {
            object: object.name.clone(),
            viewed: clause == Some(&ForClause::View),
        }))
    }

    /// The numbers after LIMIT and OFFSET.
    fn window(&self, query: &Query) -> Result<Window, ApiError> {
        let number = |value: &Option<IntegerValue>| match value {
            None => Ok(None),
            Some(IntegerValue::Literal { value, span }) if *value < 0 => {
                let message = "unexpected token: '-'";
                Err(self.source.at(*span, "MALFORMED_QUERY", message))
            }
            Some(IntegerValue::Literal { value, .. }) => Ok(Some(*value)),
            Some(_) => Err(ApiError::unsupported("bind variables")),
        };
        let offset = number(&query.offset)?.unwrap_or(0);
        if offset > MOST_OFFSET {
            let object = &self.tables.root().name;
            return Err(ApiError::bad_request(
                "NUMBER_OUTSIDE_VALID_RANGE",
                format!("Maximum SOQL offset allowed for apiName {object} is {MOST_OFFSET}"),
            ));
        }
        Ok(Window {
            limit: number(&query.limit)?,
            offset,
        })
    }
}

/// Which of the rows that were found are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    limit: Option<i64>,
    offset: i64,
}

impl Window {
    /// Every row.
    const ALL: Self = Self {
        limit: None,
        offset: 0,
    };

    /// LIMIT and OFFSET; empty if all rows are answered.
    fn sql(self) -> String {
        match (self.limit, self.offset) {
            (None, 0) => String::new(),
            (limit, offset) => format!(" LIMIT {} OFFSET {offset}", limit.unwrap_or(-1)),
        }
    }
}
