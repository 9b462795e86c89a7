//! A compiled query, ready to run.

use std::collections::HashMap;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};

use super::Window;
use super::fault::malformed;
use super::operand::Kind;
use super::render::{Children, Renderer, Texts, group, result};
use super::shape::Shape;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::ApiVersion;

/// How many groups a query may answer, since they are not paged.
const MOST_GROUPS: usize = 2_000;

/// How many ids are asked for in one statement.
const IDS_AT_ONCE: usize = 2_000;

/// A compiled query. It holds no records and can be kept for later pages.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Answers records.
    Rows(Box<RowsPlan>),
    /// Answers groups.
    Groups(GroupsPlan),
    /// Answers only how many records there are.
    Count(Statement),
}

/// A page of records.
#[derive(Debug)]
pub(crate) struct Page {
    rows: Texts,
    /// How many records the whole query found.
    pub(crate) total: usize,
    /// The ids of the records on later pages, in order.
    pub(crate) rest: Vec<RecordId>,
}

impl Page {
    /// How many records are on this page.
    pub(crate) fn count(&self) -> usize {
        self.rows.count
    }

    /// The answer's JSON, given what the whole query found, and the path of the next page if
    /// there is one.
    pub(crate) fn body(&self, total: usize, next: Option<&str>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.rows.json.len() + 128);
        result(total, next, &self.rows, &mut out);
        out
    }
}

impl Plan {
    /// Runs the query and renders the first `batch` records, with paths under this version of the
    /// API.
    ///
    /// Only the ids of the others are kept: what they say is read when their page is fetched.
    pub(crate) fn run(
        &self,
        connection: &Connection,
        batch: usize,
        version: ApiVersion,
    ) -> Result<Page, ApiError> {
        match self {
            Self::Rows(plan) => plan.run(connection, batch, version),
            Self::Groups(plan) => plan.run(connection),
            Self::Count(statement) => {
                let total: i64 = connection
                    .prepare_cached(&statement.sql)?
                    .query_row(params_from_iter(&statement.params), |row| row.get(0))?;
                Ok(Page {
                    rows: Texts::default(),
                    total: usize::try_from(total).unwrap_or(0),
                    rest: Vec::new(),
                })
            }
        }
    }

    /// Renders the records with these ids, in this order; those that are gone are left out.
    pub(crate) fn fetch(
        &self,
        connection: &Connection,
        ids: &[RecordId],
        version: ApiVersion,
    ) -> Result<Page, ApiError> {
        let rows = match self {
            Self::Rows(plan) => plan.fetch(connection, ids, version)?,
            Self::Groups(_) | Self::Count(_) => Texts::default(),
        };
        Ok(Page {
            total: rows.count,
            rows,
            rest: Vec::new(),
        })
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
    fn run(&self, connection: &Connection) -> Result<Page, ApiError> {
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
        Ok(Page {
            total: rows.count,
            rows,
            rest: Vec::new(),
        })
    }
}

/// A query that answers records: the parts of its statement.
#[derive(Debug)]
pub(crate) struct RowsPlan {
    /// The select list, which begins with the record's id.
    pub(super) columns: String,
    /// How many columns the select list has.
    pub(super) width: usize,
    /// FROM with its joins.
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
}

/// A subquery.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) plan: RowsPlan,
    /// The column that holds the parent's id.
    pub(super) link: String,
}

impl RowsPlan {
    fn run(
        &self,
        connection: &Connection,
        batch: usize,
        version: ApiVersion,
    ) -> Result<Page, ApiError> {
        // With children the ids must be known before the first record is written.
        let streamed = if self.children.is_empty() { batch } else { 0 };
        let columns = if streamed == 0 {
            &self.id
        } else {
            &self.columns
        };
        let filter = match self.filter.as_str() {
            "" => String::new(),
            filter => format!(" WHERE {filter}"),
        };
        let sql = format!(
            "SELECT {columns} {}{filter} ORDER BY {}{}",
            self.tables,
            self.order,
            self.window.sql(),
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(&self.params))?;
        let renderer = Renderer::new(version, Vec::new());
        let mut rows = Texts::default();
        let mut rest = Vec::new();
        while let Some(row) = found.next()? {
            if rows.count < streamed {
                renderer.record(row, &self.shape, rows.next())?;
            } else {
                rest.push(record_id(row.get_ref(0)?)?);
            }
        }
        let total = rows.count + rest.len();
        if streamed == 0 {
            let later = rest.split_off(batch.min(rest.len()));
            rows = self.fetch(connection, &rest, version)?;
            rest = later;
        }
        Ok(Page { rows, total, rest })
    }

    fn fetch(
        &self,
        connection: &Connection,
        ids: &[RecordId],
        version: ApiVersion,
    ) -> Result<Texts, ApiError> {
        let mut rows = Texts::default();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let renderer = Renderer::new(version, self.children_of(connection, ids, version)?);
            let wanted = self.one_of(&self.id, ids);
            let sql = format!("SELECT {} {} WHERE {wanted}", self.columns, self.tables);
            let mut statement = connection.prepare(&sql)?;
            let mut found = statement.query(params_from_iter(self.params_with(ids)))?;
            let mut records: HashMap<RecordId, Vec<u8>> = HashMap::with_capacity(ids.len());
            while let Some(row) = found.next()? {
                let mut record = Vec::new();
                renderer.record(row, &self.shape, &mut record)?;
                records.insert(record_id(row.get_ref(0)?)?, record);
            }
            for record in ids.iter().filter_map(|id| records.get(id)) {
                rows.next().extend_from_slice(record);
            }
        }
        Ok(rows)
    }

    /// The rows of every subquery that belong to these records.
    fn children_of(
        &self,
        connection: &Connection,
        ids: &[RecordId],
        version: ApiVersion,
    ) -> Result<Vec<Children>, ApiError> {
        self.children
            .iter()
            .map(|child| {
                let mut rows = Children::new();
                for ids in ids.chunks(IDS_AT_ONCE) {
                    child.fetch(connection, ids, version, &mut rows)?;
                }
                Ok(rows)
            })
            .collect()
    }

    /// The condition that a column holds one of these ids, which follow the other parameters.
    fn one_of(&self, column: &str, ids: &[RecordId]) -> String {
        let first = self.params.len() + 1;
        let names: Vec<String> = (first..first + ids.len())
            .map(|n| format!("?{n}"))
            .collect();
        format!("{column} IN ({})", names.join(","))
    }

    fn params_with(&self, ids: &[RecordId]) -> impl Iterator<Item = SqlValue> {
        let ids = ids.iter().map(|id| SqlValue::Text(id.as_str().to_owned()));
        self.params.iter().cloned().chain(ids)
    }
}

impl Child {
    /// Adds the rows that belong to these parents, each parent's in their order.
    fn fetch(
        &self,
        connection: &Connection,
        parents: &[RecordId],
        version: ApiVersion,
        rows: &mut Children,
    ) -> Result<(), ApiError> {
        let plan = &self.plan;
        let sql = self.sql(parents);
        let mut statement = connection.prepare(&sql)?;
        let mut grandchildren = Vec::new();
        if !plan.children.is_empty() {
            let mut ids = Vec::new();
            let mut found = statement.query(params_from_iter(plan.params_with(parents)))?;
            while let Some(row) = found.next()? {
                ids.push(record_id(row.get_ref(0)?)?);
            }
            grandchildren = plan.children_of(connection, &ids, version)?;
        }
        let renderer = Renderer::new(version, grandchildren);
        let mut found = statement.query(params_from_iter(plan.params_with(parents)))?;
        while let Some(row) = found.next()? {
            let parent: String = row.get(plan.width)?;
            let texts = rows.entry(parent).or_default();
            renderer.record(row, &plan.shape, texts.next())?;
        }
        Ok(())
    }

    fn sql(&self, parents: &[RecordId]) -> String {
        let plan = &self.plan;
        let link = &self.link;
        let mut filter = plan.one_of(link, parents);
        if !plan.filter.is_empty() {
            filter = format!("{filter} AND {}", plan.filter);
        }
        let Window { limit, offset } = plan.window;
        if limit.is_none() && offset == 0 {
            return format!(
                "SELECT {}, {link} {} WHERE {filter} ORDER BY {}",
                plan.columns, plan.tables, plan.order,
            );
        }
        let last = limit.map_or(String::new(), |limit| {
            format!(" AND \"nth\" <= {}", offset.saturating_add(limit))
        });
        format!(
            "SELECT * FROM (SELECT {}, {link}, row_number() OVER (PARTITION BY {link} \
             ORDER BY {order}) AS \"nth\" {} WHERE {filter}) WHERE \"nth\" > {offset}{last} \
             ORDER BY \"nth\"",
            plan.columns,
            plan.tables,
            order = plan.order,
        )
    }
}

fn record_id(value: rusqlite::types::ValueRef<'_>) -> Result<RecordId, ApiError> {
    value
        .as_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ApiError::internal("a record has no id"))
}
