//! A compiled query, ready to run.

use std::sync::Arc;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use super::Window;
use super::fault::malformed;
use super::found::{Found, ids};
use super::operand::Kind;
use super::page::{Mark, Reader, Rest};
use super::render::{Renderer, Texts, group};
use super::shape::Shape;
use crate::error::ApiError;
use crate::id::RecordId;

/// How many groups a query may answer, since they are not paged.
const MOST_GROUPS: usize = 2_000;

/// A compiled query. It holds no records.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Answers records.
    Rows(Arc<RowsPlan>),
    /// Answers groups.
    Groups(GroupsPlan),
    /// Answers only how many records there are.
    Count(Statement),
}

impl Plan {
    /// Runs the query and writes its answer, of which records may be left for later pages.
    ///
    /// Of those only the ids are kept: what they say is read when their page is fetched.
    pub(crate) fn run(&self, reader: &Reader<'_>) -> Result<Vec<u8>, ApiError> {
        let (type_name, (total, rows, next)) = match self {
            Self::Rows(plan) => (plan.shape.type_name.as_str(), plan.run(reader)?),
            Self::Groups(plan) => {
                let rows = plan.run(reader.db)?;
                ("AggregateResult", (rows.count, rows, None))
            }
            Self::Count(statement) => {
                let total: i64 = reader
                    .db
                    .prepare_cached(&statement.sql)?
                    .query_row(params_from_iter(&statement.params), |row| row.get(0))?;
                let total = usize::try_from(total).unwrap_or(0);
                ("", (total, Texts::default(), None))
            }
        };
        Ok(reader.answer(type_name, total, next.as_deref(), &rows))
    }
}

/// SQL and the values of its parameters.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(super) sql: String,
    pub(super) params: Vec<SqlValue>,
}

/// A query that answers groups.
#[derive(Debug)]
pub(crate) struct GroupsPlan {
    pub(super) statement: Statement,
    pub(super) columns: Vec<GroupColumn>,
}

/// A column of the answer to a query for groups.
#[derive(Debug)]
pub(super) struct GroupColumn {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether it is an aggregate, and not what rows are grouped by.
    pub(super) aggregate: bool,
}

impl GroupsPlan {
    fn run(&self, connection: &Connection) -> Result<Texts, ApiError> {
        let mut statement = connection.prepare_cached(&self.statement.sql)?;
        let mut found = statement.query(params_from_iter(&self.statement.params))?;
        let mut rows = Texts::default();
        while let Some(row) = found.next()? {
            if rows.count == MOST_GROUPS {
                return Err(malformed(
                    "Aggregate query does not support queryMore(), use LIMIT to restrict the \
                     results to a single batch",
                ));
            }
            group(row, &self.columns, rows.next())?;
        }
        Ok(rows)
    }
}

/// A query that answers records: the parts of its statement.
#[derive(Debug)]
pub(crate) struct RowsPlan {
    /// The select list, which begins with the record's id.
    pub(super) columns: String,
    /// How many columns the select list has.
    pub(super) width: usize,
    /// What follows FROM: the object's table with its joins.
    pub(super) tables: String,
    /// The column of the record's id.
    pub(super) id: String,
    /// WHERE; empty without it.
    pub(super) filter: String,
    /// The keys of ORDER BY.
    pub(super) order: String,
    pub(super) window: Window,
    pub(super) params: Vec<SqlValue>,
    pub(super) shape: Shape,
    pub(super) children: Vec<Child>,
    /// What is noted about the records that are answered.
    pub(super) mark: Option<Mark>,
}

/// A subquery.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) plan: Arc<RowsPlan>,
    /// The column that holds the parent's id.
    pub(super) link: String,
}

impl RowsPlan {
    /// How many records were found, those of the first page, and where the next one is.
    fn run(
        self: &Arc<Self>,
        reader: &Reader<'_>,
    ) -> Result<(usize, Texts, Option<String>), ApiError> {
        let (rows, shown, found) = if self.children.is_empty() && self.mark.is_none() {
            let (rows, rest) = self.stream(reader)?;
            let shown = rows.count;
            (rows, shown, Found::without_children(rest))
        } else {
            // What fits on the page is known only when the children are.
            let found = Found::of(self, reader.db, self.window_of_page(reader.batch))?;
            let shown = found.fitting(0..found.len(), reader.batch);
            let rows = reader.render(self, &found, 0..shown)?;
            (rows, shown, found.part(shown..found.len()))
        };
        // After OFFSET there is one page only.
        if found.is_empty() || self.window.offset > 0 {
            return Ok((shown, rows, None));
        }
        let total = shown + found.len();
        let rest = Rest {
            plan: Arc::clone(self),
            found,
            offset: shown,
            total,
        };
        Ok((total, rows, Some((reader.keep)(rest))))
    }

    /// LIMIT and OFFSET, given how many records a page has.
    fn window_of_page(&self, batch: usize) -> Window {
        let Window { limit, offset } = self.window;
        let batch = i64::try_from(batch).unwrap_or(i64::MAX);
        Window {
            limit: if offset > 0 {
                Some(limit.map_or(batch, |limit| limit.min(batch)))
            } else {
                limit
            },
            offset,
        }
    }

    /// The first page, and the ids of the records after it.
    fn stream(&self, reader: &Reader<'_>) -> Result<(Texts, Vec<RecordId>), ApiError> {
        let sql = self.sql(&self.columns, self.window_of_page(reader.batch));
        let mut statement = reader.db.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(&self.params))?;
        let renderer = Renderer::new(reader.version, Vec::new());
        let mut rows = Texts::default();
        while rows.count < reader.batch {
            let Some(row) = found.next()? else {
                return Ok((rows, Vec::new()));
            };
            renderer.record(row, &self.shape, rows.next())?;
        }
        Ok((rows, ids(&mut found, 0)?))
    }

    /// The whole statement, with these columns.
    pub(super) fn sql(&self, columns: &str, window: Window) -> String {
        let filter = match self.filter.as_str() {
            "" => String::new(),
            filter => format!(" WHERE {filter}"),
        };
        format!(
            "SELECT {columns} FROM {}{filter} ORDER BY {}{}",
            self.tables,
            self.order,
            window.sql(),
        )
    }
}
